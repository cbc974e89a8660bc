// I4, kind by kind: what may happen between a backup and the loss of the store. Each is a small
// history; the store is restored from the backup and the log, reads the MIS while the exchange is
// silent, and says nothing; then the exchange sends again, life goes on, and what the receiver
// believes is what he would believe had nothing been lost.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "change/record_store.hpp"
#include "gateway/keeping/conservation.hpp"
#include "gateway/keeping/take_over.hpp"
#include "gateway/pipeline/restored.hpp"
#include "restored_clinic.hpp"
#include "sqlite/migration.hpp"
#include "support/temporary_folder.hpp"

namespace mis::gateway::restore_kinds_test {
namespace {

using test::ClinicCopy;
using test::ClinicLife;
using test::Receiver;

constexpr std::int64_t kHourUs = 3'600'000'000, kDayUs = 24 * kHourUs;

Json rubles(std::int64_t minor) { return Json{{"currency", "RUB"}, {"minor", minor}}; }

Json line(const char* id, const char* patient, const char* tooth, std::int64_t minor) {
    return Json{
        {"source_id", id},
        {"patient_source_id", patient},
        {"practitioner_source_id", "d1"},
        {"performed_at", "2026-04-20T09:00:00+03:00"},
        {"service_code", "T-16"},
        {"nomenclature", "A16.07.002"},
        {"teeth", Json::array({tooth})},
        {"quantity", "1"},
        {"total", rubles(minor)}};
}

Json on_account(Json line, const char* limit = nullptr) {
    line["payer"] = "limit";
    if (limit != nullptr) line["limit_source_id"] = limit;
    return line;
}

Json account(const char* id, const char* owner, std::int64_t minor) {
    return Json{{"source_id", id},          {"patient_source_id", owner},
                {"kind", "barter"},         {"payer_name", "ООО Ромашка"},
                {"granted", rubles(minor)}, {"valid_from", "2026-01-01"}};
}

Json item(const char* id, const char* tooth, std::int64_t minor) {
    return Json{
        {"id", id},
        {"nomenclature", "A16.07.002"},
        {"teeth", Json::array({tooth})},
        {"total", rubles(minor)}};
}

Json visit(const char* id, const char* patient, const std::string& day, const char* hour) {
    return Json{
        {"source_id", id},
        {"patient_source_id", patient},
        {"practitioner_source_id", "d1"},
        {"status", "booked"},
        {"starts_at", day + "T" + hour + ":00:00+03:00"},
        {"ends_at", day + "T" + hour + ":30:00+03:00"}};
}

// Of patient 1.
Json order(const char* name) {
    return Json{
        {"type", "order.placed"},
        {"id", std::string("m") + name},
        {"order", name},
        {"patient", {{"phone", "+7 900 000-00-01"}, {"birth_date", "1990-01-01"}}},
        {"consent", {{"given_at", "2026-04-19T09:00:00+03:00"}, {"ground", "contract"}}},
        {"items", {item("i1", "16", 4'000'00), item("i2", "26", 4'000'00)}}};
}

Json about(const char* type, const char* id, const char* order_name) {
    return Json{{"type", type}, {"id", id}, {"order", order_name}};
}

struct Kind {
    const char* name;
    domain::ExportMode mode;
    std::function<void(ClinicLife&)> before, between;
    std::function<void(ClinicLife&)> later = [](ClinicLife&) {};  // in the MIS, the exchange silent
    std::function<void(ClinicLife&)> between_again = {};          // before the loss, a pass later
    bool untold = false;  // no event tells of the messages that are lost
};

const std::vector<Kind>& kinds() {
    using domain::ExportMode;
    static const std::vector<Kind> all{
        {"a patient is erased", ExportMode::all,
         [](ClinicLife& life) {
             life.say(order("O1"));
             life.upsert("procedure", line("p1", "1", "16", 4'000'00));
             life.upsert("procedure", line("p2", "2", "16", 3'000'00));
         },
         [](ClinicLife& life) {
             for (const char* patient : {"1", "2"}) life.remove("patient", patient);
             for (const char* row : {"p1", "p2"}) life.remove("procedure", row);
         },
         [](ClinicLife& life) { life.upsert("procedure", line("p3", "3", "16", 1'000'00)); }},
        {"a patient comes and is erased", ExportMode::all, [](ClinicLife&) {},
         [](ClinicLife& life) {
             Json card{{"source_id", "9"}, {"last_name", "Новая"}, {"phones", {"89000000009"}}};
             life.upsert("patient", std::move(card));
             life.upsert("procedure", line("p1", "9", "16", 4'000'00));
             life.pass(kHourUs);
         },
         [](ClinicLife& life) {
             life.remove("patient", "9");
             life.remove("procedure", "p1");
         }},
        {"a consent is withdrawn", ExportMode::ordered,
         [](ClinicLife& life) {
             life.say(order("O1"));
             life.upsert("procedure", line("p1", "1", "16", 4'000'00));
         },
         [](ClinicLife& life) { life.say(about("consent.withdrawn", "w1", "O1")); },
         [](ClinicLife& life) { life.upsert("procedure", line("p2", "1", "26", 4'000'00)); }},
        {"a consent is withdrawn where everybody's leave", ExportMode::all,
         [](ClinicLife& life) {
             life.say(order("O1"));
             life.upsert("procedure", line("p1", "1", "16", 4'000'00));
         },
         [](ClinicLife& life) {
             life.say(Json{
                 {"type", "consent.withdrawn"},
                 {"id", "w1"},
                 {"patient", ClinicCopy::pseudonym("1")}});
         },
         [](ClinicLife& life) { life.upsert("procedure", line("p2", "1", "26", 4'000'00)); }},
        {"an order is cancelled", ExportMode::all,
         [](ClinicLife& life) {
             life.say(order("O1"));
             life.upsert("procedure", line("p1", "1", "16", 4'000'00));
         },
         [](ClinicLife& life) { life.say(about("order.cancelled", "c1", "O1")); },
         [](ClinicLife& life) { life.upsert("procedure", line("p2", "1", "26", 4'000'00)); }},
        {"an order comes", ExportMode::ordered, [](ClinicLife&) {},
         [](ClinicLife& life) {
             life.say(order("O1"));
             life.upsert("procedure", line("p1", "1", "16", 4'000'00));
         },
         [](ClinicLife& life) { life.upsert("procedure", line("p2", "1", "26", 4'000'00)); }},
        {"an order is amended", ExportMode::all,
         [](ClinicLife& life) {
             life.say(order("O1"));
             life.upsert("procedure", line("p1", "1", "16", 4'500'00));
         },
         [](ClinicLife& life) {
             Json amended = about("order.amended", "a1", "O1");
             amended["items"] = {item("i1", "16", 4'500'00), item("i3", "36", 4'000'00)};
             life.say(std::move(amended));
         },
         [](ClinicLife& life) { life.upsert("procedure", line("p2", "1", "36", 4'000'00)); }},
        {"an account is raised and closed by the exchange", ExportMode::all,
         [](ClinicLife& life) {
             Json placed = order("O1");
             placed["limit"] = {
                 {"amount", rubles(3'000'00)}, {"payer", "ООО Ромашка"}, {"kind", "barter"}};
             life.say(std::move(placed));
             life.upsert("procedure", on_account(line("p1", "1", "16", 4'000'00)));
         },
         [](ClinicLife& life) {
             Json granted = about("limit.granted", "g1", "O1");
             granted["amount"] = rubles(2'000'00);
             life.say(std::move(granted));
             life.say(about("limit.closed", "k1", "O1"));
         },
         [](ClinicLife& life) {
             life.upsert("procedure", on_account(line("p2", "1", "26", 4'000'00)));
         }},
        {"an account is opened by a grant", ExportMode::all,
         [](ClinicLife& life) { life.upsert("procedure", line("p0", "1", "17", 1'000'00)); },
         [](ClinicLife& life) {
             life.say(Json{
                 {"type", "limit.granted"},
                 {"id", "g1"},
                 {"patient", ClinicCopy::pseudonym("1")},
                 {"amount", rubles(5'000'00)},
                 {"payer", "ООО Ромашка"},
                 {"kind", "barter"}});
             life.upsert("procedure", on_account(line("p1", "1", "16", 4'000'00)));
         },
         [](ClinicLife& life) {
             life.upsert("procedure", on_account(line("p2", "1", "26", 4'000'00)));
         }},
        {"a payer approves", ExportMode::all,
         [](ClinicLife& life) {
             life.say(order("O1"));
             Json asked = account("L1", "1", 9'000'00);
             asked["approval_required"] = true;
             life.upsert("limit", std::move(asked));
             life.upsert("procedure", on_account(line("p1", "1", "16", 4'000'00), "L1"));
         },
         [](ClinicLife& life) {
             Json approved = about("plan.approved", "y1", "O1");
             approved["items"] = {"i1"};
             approved["by"] = "insurer";
             life.say(std::move(approved));
         },
         [](ClinicLife& life) { life.upsert("procedure", line("p2", "2", "26", 4'000'00)); }},
        {"a group with accounts is split and raised", ExportMode::all,
         [](ClinicLife& life) {
             Json shared = account("L1", "1", 5'000'00);
             shared["members"] = {"2", "3"};
             life.upsert("limit", std::move(shared));
             life.upsert("procedure", on_account(line("p1", "1", "16", 3'000'00), "L1"));
             life.upsert("procedure", on_account(line("p2", "2", "16", 3'000'00), "L1"));
         },
         [](ClinicLife& life) {
             Json shared = account("L1", "1", 8'000'00);
             shared["members"] = {"3"};
             life.upsert("limit", std::move(shared));
             life.upsert("procedure", on_account(line("p3", "3", "17", 4'000'00), "L1"));
             life.upsert("limit", account("L2", "2", 2'000'00));
         },
         [](ClinicLife& life) {
             life.upsert("procedure", on_account(line("p2", "2", "16", 3'000'00), "L2"));
         }},
        {"a line goes to another patient and back", ExportMode::all,
         [](ClinicLife& life) { life.upsert("procedure", line("p1", "1", "16", 3'000'00)); },
         [](ClinicLife& life) { life.upsert("procedure", line("p1", "2", "16", 3'000'00)); },
         [](ClinicLife& life) { life.upsert("procedure", line("p1", "1", "16", 3'000'00)); }},
        {"a visit goes to another patient, to an earlier hour", ExportMode::all,
         [](ClinicLife& life) { life.upsert("appointment", visit("v1", "1", "2026-04-27", "15")); },
         [](ClinicLife& life) { life.upsert("appointment", visit("v1", "2", "2026-04-26", "10")); },
         [](ClinicLife& life) { life.upsert("procedure", line("p1", "2", "16", 3'000'00)); }},
        {"the line of a withdrawn patient goes to another", ExportMode::all,
         [](ClinicLife& life) {
             life.say(order("O1"));
             life.upsert("procedure", line("p1", "1", "16", 3'000'00));
         },
         [](ClinicLife& life) {
             life.say(Json{
                 {"type", "consent.withdrawn"},
                 {"id", "w1"},
                 {"patient", ClinicCopy::pseudonym("1")}});
         },
         [](ClinicLife& life) { life.upsert("procedure", line("p2", "2", "26", 3'000'00)); },
         [](ClinicLife& life) { life.upsert("procedure", line("p1", "2", "16", 3'000'00)); }},
        {"a policy whose account an order has part in is gone", ExportMode::all,
         [](ClinicLife& life) { life.upsert("procedure", line("p1", "1", "16", 1'000'00)); },
         [](ClinicLife& life) {
             life.upsert("limit", account("L1", "1", 3'000'00));
             Json placed = order("O1");
             placed["limit"] =
                 Json{{"amount", rubles(3'000'00)}, {"payer", "ООО Ромашка"}, {"kind", "barter"}};
             life.say(std::move(placed));
             life.upsert("procedure", on_account(line("p2", "1", "17", 1'000'00)));
         },
         [](ClinicLife& life) { life.upsert("procedure", line("p3", "1", "27", 1'000'00)); },
         [](ClinicLife& life) { life.remove("limit", "L1"); }},
        {"an account passes from the row that opened it to another", ExportMode::all,
         [](ClinicLife& life) { life.upsert("procedure", line("p1", "1", "16", 1'000'00)); },
         [](ClinicLife& life) {
             Json commented = visit("v1", "1", "2026-04-21", "10");
             commented["comment"] = "Бартер. Лимит 1 000";
             life.upsert("appointment", std::move(commented));
             life.upsert("procedure", on_account(line("p2", "1", "17", 2'000'00)));
         },
         [](ClinicLife& life) {
             life.upsert("procedure", on_account(line("p3", "1", "27", 1'000'00)));
         },
         [](ClinicLife& life) {
             Json policy = account("L1", "1", 1'500'00);
             policy["valid_to"] = "2026-12-20";
             life.upsert("limit", std::move(policy));
             life.remove("appointment", "v1");
         }},
        {"an account's id passes to the row that joined it, and its own goes on beside it",
         ExportMode::all,
         [](ClinicLife& life) {
             Json commented = visit("v1", "1", "2026-04-27", "10");
             commented["comment"] = "Бартер. Лимит 1 000";
             life.upsert("appointment", std::move(commented));
             life.upsert("procedure", on_account(line("p1", "1", "17", 500'00)));
         },
         [](ClinicLife& life) { life.upsert("limit", account("L1", "1", 1'500'00)); },
         [](ClinicLife& life) {
             life.upsert("procedure", on_account(line("p3", "1", "27", 200'00)));
         },
         [](ClinicLife& life) {
             Json present = account("L1", "1", 1'500'00);
             present["kind"] = "gift";
             life.upsert("limit", std::move(present));
         }},
        {"a grant changes nothing, and is told to differ", ExportMode::all,
         [](ClinicLife& life) { life.upsert("limit", account("L1", "1", 5'000'00)); },
         [](ClinicLife& life) {
             life.say(Json{
                 {"type", "limit.granted"},
                 {"id", "g1"},
                 {"patient", ClinicCopy::pseudonym("1")},
                 {"amount", rubles(1'000'00)},
                 {"payer", "ООО Ромашка"},
                 {"kind", "barter"}});
         },
         [](ClinicLife& life) { life.remove("limit", "L1"); }},
        {"one withdraws of whom nothing was told, beside others",
         ExportMode::ordered,
         [](ClinicLife& life) {
             life.say(order("O1"));
             life.upsert("procedure", line("p1", "2", "16", 4'000'00));
         },
         [](ClinicLife& life) {
             life.upsert("procedure", line("p1", "1", "16", 4'000'00));
             life.say(Json{
                 {"type", "consent.withdrawn"},
                 {"id", "w1"},
                 {"patient", ClinicCopy::pseudonym("2")}});
         },
         [](ClinicLife& life) { life.upsert("procedure", line("p2", "1", "26", 4'000'00)); },
         {},
         true},
        {"an order's patient is erased, and a card stays that was merged into his", ExportMode::all,
         [](ClinicLife& life) {
             Json card{{"source_id", "4"}, {"last_name", "Тестоваe"}, {"merged_into", "1"}};
             life.upsert("patient", std::move(card));
         },
         [](ClinicLife& life) { life.say(order("O1")); },
         [](ClinicLife& life) { life.upsert("procedure", line("p1", "2", "26", 4'000'00)); },
         [](ClinicLife& life) { life.remove("patient", "1"); }},
        {"a line leaves one who waits for his messages", ExportMode::all,
         [](ClinicLife& life) { life.upsert("procedure", line("p0", "2", "17", 1'000'00)); },
         [](ClinicLife& life) {
             life.say(order("O1"));
             life.upsert("procedure", line("p1", "1", "16", 4'000'00));
         },
         [](ClinicLife& life) { life.upsert("procedure", line("p1", "2", "16", 4'000'00)); }},
        {"a text was withheld while two hung together", ExportMode::all,
         [](ClinicLife& life) { life.upsert("procedure", line("p1", "1", "16", 1'000'00)); },
         [](ClinicLife& life) {
             Json shared = account("L1", "1", 5'000'00);
             shared["members"] = {"2"};
             life.upsert("limit", std::move(shared));
             Json named = line("p2", "2", "16", 3'000'00);
             named["service_name"] = "Пломба Тестоваb";  // patient 1
             life.upsert("procedure", std::move(named));
         },
         [](ClinicLife& life) { life.upsert("procedure", line("p3", "2", "27", 1'000'00)); },
         [](ClinicLife& life) { life.upsert("limit", account("L1", "1", 5'000'00)); }},
        {"a policy without a day is seen and raised", ExportMode::all,
         [](ClinicLife& life) { life.upsert("procedure", line("p1", "1", "16", 1'000'00)); },
         [](ClinicLife& life) {
             Json policy = account("L1", "1", 5'000'00);
             policy.erase("valid_from");
             life.upsert("limit", std::move(policy));
         },
         [](ClinicLife& life) {
             Json policy = account("L1", "1", 6'000'00);
             policy.erase("valid_from");
             life.upsert("limit", std::move(policy));
         }},
    };
    return all;
}

void back_up(const ClinicCopy& copy, const std::filesystem::path& to) {
    std::filesystem::create_directory(to);
    sqlite::copy_store(copy.store->database(), ClinicStore::store_file(to));
    std::filesystem::copy_file(
        ClinicStore::key_file(copy.store->folder()), ClinicStore::key_file(to)
    );
}

using Believed = std::map<std::string, std::string>;

void check_same(const Believed& one, const Believed& other) {
    for (const auto& [key, value] : other)
        CHECK_MESSAGE((one.contains(key) && one.at(key) == value), key, " is lacking: ", value);
    for (const auto& [key, value] : one)
        CHECK_MESSAGE((other.contains(key) && other.at(key) == value), key, " stands: ", value);
}

std::vector<std::string> said(const ClinicCopy& copy) {
    std::vector<std::string> all;
    for (const auto& event : copy.log())
        all.push_back(
            event.partition_key + " " + std::to_string(event.sequence) + " " + event.id + " " +
            event.type + " " + event.data
        );
    std::sort(all.begin(), all.end());
    return all;
}

}  // namespace

TEST_CASE("I4: what happens between a backup and the loss is neither taken back nor said twice") {
    for (const Kind& kind : kinds()) {
        CAPTURE(kind.name);
        const test::TemporaryFolder folder;
        ClinicLife life(1, kind.mode);
        ClinicCopy one(folder.path / "one", ClinicStore::Opening::create, kind.mode);
        kind.before(life);
        one.read(life);
        const auto messages_known = life.messages().size();
        back_up(one, folder.path / "two");
        const auto at_backup = one.log().size();
        life.pass(kHourUs);
        kind.between(life);
        one.read(life);
        if (kind.between_again) {
            life.pass(kHourUs);
            kind.between_again(life);
            one.read(life);
        }
        for (const auto& message : life.messages()) REQUIRE(message.accepted);
        const auto log = one.log();
        REQUIRE(log.size() > at_backup);

        test::write_log(folder.path / "log.jsonl", log, 0, log.size());
        ClinicCopy two(folder.path / "two", ClinicStore::Opening::existing, kind.mode);
        two.messages_taken = messages_known;
        const bool messages_lost = life.messages().size() > messages_known;
        life.pass(3 * kDayUs);
        TakeOver what{{folder.path / "log.jsonl"}, {"mis"}, "operator", life.now_us()};
        const auto taken = take_over_sent_events(*two.store, what);
        REQUIRE_MESSAGE(taken, taken.error().text);
        CHECK(
            (taken->messages_lost.size() + taken->orders_without_message.size() > 0) ==
            (messages_lost && !kind.untold)
        );
        Receiver receiver;
        receiver.take(log);
        const auto believed = receiver.believes();
        two.read_mis(life);
        receiver.take(two.log());
        check_same(receiver.believes(), believed);

        kind.later(life);
        two.read_mis(life);
        one.read(life);
        receiver.take(two.log());
        Receiver undisturbed;
        undisturbed.take(one.log());
        if (!messages_lost) CHECK(said(two) == said(one));
        two.read_again(life);
        receiver.take(two.log());
        check_same(receiver.believes(), undisturbed.believes());
        const auto books = check_conservation(*two.store, *two.meaning, life.now_us());
        for (const auto& difference : books.differences) CHECK(difference == "");
    }
}

// The order waits for its patient, so nobody is told that its consent was withdrawn; then he comes.
TEST_CASE("X2: of a restored store nothing leaves until the exchange has sent again what it sent") {
    for (const bool waits : {true, false}) {
        CAPTURE(waits);
        const test::TemporaryFolder folder;
        ClinicLife life(1, domain::ExportMode::ordered);
        ClinicCopy one(folder.path / "one", ClinicStore::Opening::create, life.mode());
        Json placed = order("O9");
        placed["patient"] = {{"phone", "+7 900 000-00-09"}, {"birth_date", "1990-01-09"}};
        life.say(std::move(placed));
        one.read(life);
        back_up(one, folder.path / "two");
        life.pass(kHourUs);
        life.say(about("consent.withdrawn", "w9", "O9"));
        one.read(life);
        const auto log = one.log();
        test::write_log(folder.path / "log.jsonl", log, 0, log.size());

        ClinicCopy two(folder.path / "two", ClinicStore::Opening::existing, life.mode());
        two.messages_taken = 1;
        TakeOver what{{folder.path / "log.jsonl"}, {"mis"}, "operator", life.now_us()};
        if (waits) what.at_end = restored::await_exchange;
        const auto taken = take_over_sent_events(*two.store, what);
        REQUIRE_MESSAGE(taken, taken.error().text);
        CHECK(taken->messages_lost.empty());
        Json card{{"source_id", "9"}, {"last_name", "Новая"}, {"birth_date", "1990-01-09"}};
        card["phones"] = {"89000000009"};
        life.upsert("patient", std::move(card));
        life.upsert("procedure", line("p9", "9", "16", 4'000'00));
        two.read_mis(life);
        CHECK((two.log().size() == log.size()) == waits);  // else his work leaves, unasked
        if (!waits) continue;
        two.read_again(life);
        CHECK(two.log().size() == log.size());
        sqlite::Transaction transaction(two.store->database());
        restored::exchange_sent_again(transaction);
        transaction.commit();
        life.upsert("procedure", line("p9", "9", "26", 4'000'00));
        two.read_mis(life);
        for (const auto& event : two.log()) CHECK(event.type != "procedure.performed");
        const auto books = check_conservation(*two.store, *two.meaning, life.now_us());
        for (const auto& difference : books.differences) CHECK(difference == "");
    }
}

TEST_CASE("I4: who came after the backup and was erased while the store was lost is taken back") {
    for (const bool has_backup : {true, false}) {
        CAPTURE(has_backup);
        const test::TemporaryFolder folder;
        ClinicLife life(1, domain::ExportMode::all);
        ClinicCopy one(folder.path / "one", ClinicStore::Opening::create);
        life.upsert("procedure", line("p1", "1", "16", 1'000'00));
        one.read(life);
        back_up(one, folder.path / "two");
        if (!has_backup) std::filesystem::remove(ClinicStore::store_file(folder.path / "two"));
        life.pass(kHourUs);
        Json card{{"source_id", "9"}, {"last_name", "Новая"}, {"phones", {"89000000009"}}};
        life.upsert("patient", std::move(card));
        life.upsert("limit", account("L9", "9", 3'000'00));
        life.upsert("procedure", on_account(line("p9", "9", "16", 4'000'00), "L9"));
        one.read(life);
        const auto log = one.log();
        test::write_log(folder.path / "log.jsonl", log, 0, log.size());

        ClinicCopy two(
            folder.path / "two",
            has_backup ? ClinicStore::Opening::existing : ClinicStore::Opening::rebuild
        );
        TakeOver what{{folder.path / "log.jsonl"}, {"mis"}, "operator", life.now_us()};
        REQUIRE(take_over_sent_events(*two.store, what));
        life.remove("patient", "9");
        life.remove("limit", "L9");
        life.remove("procedure", "p9");
        one.read(life);
        two.read_mis(life);
        const auto count = two.log().size();
        if (!has_backup) {  // the base may be a wrong one: it stands, and the books say so
            CHECK(count == log.size());
            CHECK_FALSE(
                check_conservation(*two.store, *two.meaning, life.now_us()).differences.empty()
            );
            continue;
        }
        CHECK(count > log.size());
        Receiver receiver, undisturbed;
        receiver.take(two.log());
        undisturbed.take(one.log());
        check_same(receiver.believes(), undisturbed.believes());
        two.read_mis(life);
        CHECK(two.log().size() == count);
        const auto books = check_conservation(*two.store, *two.meaning, life.now_us());
        for (const auto& difference : books.differences) CHECK(difference == "");
    }
}

// An account of which no event told yet is named by a message that comes before the account is
// read.
TEST_CASE("I4: a message that names what is not read yet is not lost") {
    const test::TemporaryFolder folder;
    ClinicLife life(1, domain::ExportMode::all);
    ClinicCopy one(folder.path / "one", ClinicStore::Opening::create);
    life.upsert("procedure", line("p1", "1", "16", 1'000'00));
    one.read(life);
    back_up(one, folder.path / "two");
    const auto log = one.log();  // of what came then nothing was told to anybody
    life.pass(kHourUs);
    life.upsert("limit", account("L1", "1", 5'000'00));
    life.upsert("procedure", on_account(line("p2", "1", "26", 6'000'00), "L1"));
    one.read(life);
    life.say(Json{
        {"type", "limit.granted"},
        {"id", "g1"},
        {"limit", one.store->identity().public_id("mis", "limit", "L1")},
        {"amount", rubles(2'000'00)}});
    one.read(life);
    REQUIRE(life.messages().back().accepted);

    ClinicCopy two(folder.path / "two", ClinicStore::Opening::existing);
    test::write_log(folder.path / "log.jsonl", log, 0, log.size());
    TakeOver what{{folder.path / "log.jsonl"}, {"mis"}, "operator", life.now_us()};
    what.at_end = [](sqlite::Transaction& transaction) {
        restored::await_source(transaction, "mis");
    };
    REQUIRE(take_over_sent_events(*two.store, what));
    two.read_again(life);
    CHECK(restored::subjects_awaited(two.store->database()).empty());
    Receiver receiver, undisturbed;
    receiver.take(two.log());
    undisturbed.take(one.log());
    check_same(receiver.believes(), undisturbed.believes());
}

TEST_CASE("X1: a shared account does not name the owner whose own it was, and who stays") {
    const test::TemporaryFolder folder;
    ClinicLife life(1, domain::ExportMode::ordered);
    ClinicCopy copy(folder.path / "one", ClinicStore::Opening::create, life.mode());
    life.say(order("O1"));
    life.upsert("limit", account("L1", "2", 5'000'00));
    copy.read(life);
    life.pass(kHourUs);
    Json shared = account("L1", "2", 5'000'00);
    shared["members"] = {"1"};
    life.upsert("limit", std::move(shared));
    copy.read(life);
    life.pass(kHourUs);
    life.remove("limit", "L1");
    copy.read(life);
    std::vector<std::string> types;
    for (const auto& event : copy.log()) {
        if (event.type.starts_with("limit.")) types.push_back(event.type);
        for (const std::string* text : {&event.data, &event.partition_key, &event.subject})
            CHECK(text->find(ClinicCopy::pseudonym("2")) == std::string::npos);
    }
    CHECK(types == std::vector<std::string>{"limit.opened", "limit.closed"});
}

TEST_CASE("I4: a backup taken in the middle of a backfill is a backup like any other") {
    constexpr int kPatients = 260;  // more than one commit of meanings
    const test::TemporaryFolder folder;
    ClinicLife life(1, domain::ExportMode::all);
    for (int i = 0; i < kPatients; ++i) {
        const std::string patient = std::to_string(1000 + i), row = "p" + patient;
        life.upsert("patient", Json{{"source_id", patient}, {"last_name", "Тестова"}});
        life.upsert("procedure", line(row.c_str(), patient.c_str(), "16", 1'000'00 + i));
    }
    ClinicCopy one(folder.path / "one", ClinicStore::Opening::create);
    auto& database = one.store->database();
    one.capture(life, 300, ClinicCopy::Pass::goes_on);
    CHECK(one.meaning->work_off(life.now_us()).events == 0);
    back_up(one, folder.path / "while rows are read");
    one.capture(life);
    const auto first = one.meaning->work_off(life.now_us(), {}, [] { return false; });
    CHECK(first.events > 0);
    CHECK(change::RecordStore(database).pending_count() > 0);
    back_up(one, folder.path / "while meanings are given");
    one.read(life);
    const auto log = one.log();
    CHECK(std::ssize(log) > first.events);
    test::write_log(folder.path / "log.jsonl", log, 0, log.size());

    for (const char* when : {"while rows are read", "while meanings are given"}) {
        CAPTURE(when);
        ClinicCopy two(folder.path / when, ClinicStore::Opening::existing);
        TakeOver what{{folder.path / "log.jsonl"}, {"mis"}, "operator", life.now_us()};
        const auto taken = take_over_sent_events(*two.store, what);
        REQUIRE_MESSAGE(taken, taken.error().text);
        CHECK(taken->applied > 0);
        two.read_again(life);
        CHECK(said(two) == said(one));
        const auto books = check_conservation(*two.store, *two.meaning, life.now_us());
        for (const auto& difference : books.differences) CHECK(difference == "");
    }
}

}  // namespace mis::gateway::restore_kinds_test
