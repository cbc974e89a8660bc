// I3: texts that name anybody of the clinic do not leave, whosever change set it is.
#include "disclosure/private_index.hpp"

#include <doctest/doctest.h>

#include "base/private_values.hpp"
#include "disclosure/gate.hpp"
#include "sqlite/migration.hpp"
#include "support/temporary_folder.hpp"

using namespace mis;
using namespace mis::disclosure;

namespace {

struct Clinic {
    test::TemporaryFolder folder;
    sqlite::Database database = sqlite::Database::open(folder.path / "store.db");
    PrivateIndex index{database};

    Clinic() {
        sqlite::create_tables(database);
        knows(
            1, "patient",
            R"({"email":"Own@Primer.example","first_name":"Анна","last_name":"Тестова-Пробова","middle_name":"Петровна","phones":["8 900 017-35-77","+74950000001"]})"
        );
        knows(2, "patient", R"({"first_name":"Lee","last_name":"O\u2019Example"})");
        knows(0, "limit", R"({"policy_number":"77-АВ 000123"})");
        knows(0, "limit", R"({"policy_number":"45 03 123456"})");
        knows(0, "limit", R"({"policy_number":"АВ 123-456/77"})");
        knows(0, "limit", R"({"policy_number":"3112.2026"})");
        knows(0, "limit", R"({"policy_number":"1234567"})");
        knows(0, "limit", R"({"policy_number":"ТТТ № 7000123"})");
        knows(-1, "practitioner", R"({"name":"Образцова Вера Львовна"})");
        knows(3, "patient", R"({"first_name":"Вера","last_name":"Образцова"})");
    }
    void knows(std::int64_t owner, const char* kind, const char* body) {
        for (const auto hash : private_hashes(kind, JsonView(body)))
            database.prepare("insert or ignore into private_value (hash, owner) values (?1, ?2)")
                .with(hash, owner)
                .run();
        database.execute("update change_counter set value = value + 1 where name = 'private'");
        index.look_again();
    }
};

}  // namespace

TEST_CASE("I3: phones, addresses, numbers and full names of anybody are found in a text") {
    Clinic clinic;
    for (const char* text :
         {"89000173577",
          "мама +7 (900) 017-35-77",
          "тел. 900 017 35 77 после 18",
          "8-495-000-00-01 доб. 5",
          "чек на own@primer.example.",
          "<OWN@PRIMER.EXAMPLE>",
          "полис 77-АВ 000123",
          "77AB000123",
          "паспорт 45 03 123456",
          "4503 123456",
          "(4503)123456",
          "Тестова Анна",
          "АННА ТЕСТОВА, каб. 3",
          "для Тестовой Анны Петровны",
          "Анна Петровна",
          "Анна  Пробова",
          "Tестова Анна",
          "o'example lee",
          "Тест\u00adова Анна",
          "Тестова, Анна",
          "Анна/Тестова",
          "Анна «Тестова»",
          "полис АВ 123-456/77",
          "AB123456/77.",
          "ab 123456 77",
          "AB.123456/77",
          "ТТТ№7000123",
          "ттт 7000123",
          "77‑АВ\u00a0000123",
          "４５０３ 123456",
          "8\u00a0900\u00a0017\u00a035\u00a077",
          "0079000173577",
          "own＠primer.example",
          "own @ primer.example",
          "чек на own@ primer.example",
          "45.03.123456",
          "4503.123456"})
        CHECK_MESSAGE(clinic.index.names_somebody(text), text);
    for (const char* text :
         {"", "Анна", "Тестова", "Кабинет 3", "Лечение кариеса", "8900017357", "1890001735779",
          "Тестова; Анна", "Тестова | Анна", "450312345", "000123", "A16.07.002.010",
          "Образцова Вера", "Прием Вера Образцова", "primer.example", "@", "до 31.12.2026",
          "1.234.567 руб."})
        CHECK_MESSAGE(!clinic.index.names_somebody(text), text);
}

TEST_CASE("I3: a text that was harmless is looked at anew once somebody is known") {
    Clinic clinic;
    CHECK_FALSE(clinic.index.names_somebody("Иванова Ольга"));
    clinic.knows(4, "patient", R"({"first_name":"Ольга","last_name":"Иванова"})");
    CHECK(clinic.index.names_somebody("Иванова Ольга"));
}

TEST_CASE(
    "I3: a code that is somebody's number leaves as an id, a text is left out, the event stays"
) {
    Clinic clinic;
    const Identity identity("c", "key");
    Gate gate(&identity);
    Canary canary;
    canary.watch(&clinic.index);
    const auto sent = [&](Json procedure) {
        procedure["id"] = std::string(32, 'a');
        domain::Event event;
        event.type = "procedure.performed";
        event.subject = event.partition_key = "patient/x";
        event.data = Json{{"procedure", std::move(procedure)}};
        std::vector<DisclosedEvent> out;
        REQUIRE(gate.disclose(event, canary, out).left());
        Json left = (*parse_json(out.at(0).data()))["procedure"];
        left.erase("id");
        return left;
    };
    CHECK(
        sent({{"service_code", "89000173577"}}) ==
        Json{{"service_code", identity.pseudonym("service_code", "89000173577")}}
    );
    CHECK(sent({{"service_code", "4600000000017"}}) == Json{{"service_code", "4600000000017"}});
    CHECK(sent({{"service_code", "A16.07.002"}}) == Json{{"service_code", "A16.07.002"}});
    CHECK(
        sent({{"category", "own@primer.example"}, {"service_name", "Тестова Анна"}}) ==
        Json::object()
    );
    // whosever they are
    CHECK(sent({{"service_name", "чек на pisma@primer.example"}}) == Json::object());
    CHECK(sent({{"service_name", "чек на pisma @ primer.example"}}) == Json::object());
    CHECK(
        sent({{"service_name", "пломба @ 2 поверхности"}}) ==
        Json{{"service_name", "пломба @ 2 поверхности"}}
    );
    CHECK(sent({{"service_name", "звонить 8 (999) 111-22-33"}}) == Json::object());
    CHECK(sent({{"service_name", "8\u00a0999\u00a0111\u00a022\u00a033"}}) == Json::object());
    CHECK(sent({{"service_name", "8–999–111–22–33"}}) == Json::object());
    CHECK(sent({{"service_name", "8 ９９９ 111 22 33"}}) == Json::object());
    CHECK(
        sent({{"service_name", "Пломба 16.07.002 №3 (2026)"}}) ==
        Json{{"service_name", "Пломба 16.07.002 №3 (2026)"}}
    );
    CHECK(gate.counts().private_fields_withheld == 9);
}
