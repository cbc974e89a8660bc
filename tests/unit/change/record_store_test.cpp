#include "change/record_store.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <algorithm>

#include "base/json.hpp"
#include "sqlite/migration.hpp"

using namespace mis;
using namespace mis::change;

namespace {

record::Record a_record(
    const std::string& kind, const std::string& id, Json body = Json::object()
) {
    record::Record record;
    record.kind = kind;
    record.source_id = id;
    body["source_id"] = id;
    record.body = canonical_json(body);
    body.erase("source_modified_at");
    record.content_hash = sha256(canonical_json(body));
    if (body.contains("patient_source_id"))
        record.patient_source_id = body["patient_source_id"].get<std::string>();
    if (body.contains("plan_source_id"))
        record.plan_source_id = body["plan_source_id"].get<std::string>();
    if (body.contains("practitioner_source_id"))
        record.practitioner_source_id = body["practitioner_source_id"].get<std::string>();
    if (body.contains("members"))
        record.related_patients = body["members"].get<std::vector<std::string>>();
    if (body.contains("merged_into"))
        record.related_patients = {body["merged_into"].get<std::string>()};
    return record;
}

struct Store {
    sqlite::Database database = [] {
        auto opened = sqlite::Database::open(":memory:");
        sqlite::create_tables(opened);
        return opened;
    }();
    RecordStore records{database};

    CaptureCounts capture(
        const record::Record& record, std::int64_t now_us = 1, std::uint64_t row_hash = 0,
        const char* mapping = "m1"
    ) {
        sqlite::Transaction transaction(database);
        Arrival arrival;
        arrival.record = record;
        arrival.row_key = record.source_id;
        arrival.row_hash = row_hash;
        CaptureOptions options;
        options.mapping_version = mapping;
        options.now_us = now_us;
        const auto counts = records.capture(
            transaction, {"demo", record.kind, record.kind}, std::vector{arrival}, options
        );
        transaction.commit();
        return counts;
    }
    CaptureCounts remove(const std::string& kind, const std::string& key) {
        sqlite::Transaction transaction(database);
        const auto counts = records.remove(transaction, {"demo", kind, kind}, std::vector{key}, 5);
        transaction.commit();
        return counts;
    }
    // Pending groups as "patient 7", cleared.
    std::vector<std::string> take_pending() {
        std::vector<std::string> names;
        sqlite::Transaction transaction(database);
        for (const auto& waiting : records.pending(100)) {
            names.push_back(
                (waiting.group.kind == GroupKind::patient ? "patient " : "practitioner ") +
                waiting.group.source_id
            );
            records.clear_pending(transaction, waiting.group, waiting.mark);
        }
        transaction.commit();
        std::sort(names.begin(), names.end());
        return names;
    }
};

using Ties = RecordStore::Ties;
using Names = std::vector<std::string>;

std::vector<std::string> ids(const std::vector<StandingRecord>& records) {
    Names found;
    for (const auto& record : records)
        found.push_back(record.key.kind + " " + record.key.source_id);
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace

TEST_CASE(
    "a record is created, left alone, updated and removed, and a reused key continues its versions"
) {
    Store store;
    CHECK(
        store.capture(a_record("procedure", "1", {{"patient_source_id", "7"}, {"total", 100}})
        ).created == 1
    );
    CHECK(store.take_pending() == Names{"patient 7"});
    CHECK(
        store.capture(a_record("procedure", "1", {{"patient_source_id", "7"}, {"total", 100}})
        ).unchanged == 1
    );
    CHECK(store.take_pending().empty());
    CHECK(
        store.capture(a_record("procedure", "1", {{"patient_source_id", "7"}, {"total", 200}}), 2)
            .updated == 1
    );
    CHECK(store.records.find({"demo", "procedure", "1"})->version == 2);
    CHECK(store.records.find({"demo", "procedure", "1"})->since_us == 2);
    store.take_pending();
    CHECK(store.remove("procedure", "1").removed == 1);
    CHECK(store.remove("procedure", "1").removed == 0);
    CHECK(store.take_pending() == Names{"patient 7"});
    CHECK_FALSE(store.records.find({"demo", "procedure", "1"}).has_value());
    CHECK(
        store.capture(a_record("procedure", "1", {{"patient_source_id", "7"}, {"total", 200}})
        ).created == 1
    );
    CHECK(store.records.find({"demo", "procedure", "1"})->version == 3);
}

TEST_CASE("I2: source_modified_at is no content: it updates silently") {
    Store store;
    store.capture(a_record(
        "procedure", "1",
        {{"patient_source_id", "7"}, {"source_modified_at", "2026-03-02T10:00:00+03:00"}}
    ));
    store.take_pending();
    const auto later = a_record(
        "procedure", "1",
        {{"patient_source_id", "7"}, {"source_modified_at", "2026-03-02T11:00:00+03:00"}}
    );
    const auto counts = store.capture(later);
    CHECK(counts.silent == 1);
    CHECK(counts.updated == 0);
    CHECK(store.take_pending().empty());
    CHECK(store.records.find({"demo", "procedure", "1"})->body == later.body);
    CHECK(store.records.find({"demo", "procedure", "1"})->version == 1);
}

TEST_CASE("a record that changes its patient concerns both") {
    Store store;
    store.capture(
        a_record("appointment", "1", {{"patient_source_id", "7"}, {"practitioner_source_id", "70"}})
    );
    CHECK(store.take_pending() == Names{"patient 7", "practitioner 70"});
    store.capture(
        a_record("appointment", "1", {{"patient_source_id", "8"}, {"practitioner_source_id", "71"}})
    );
    CHECK(
        store.take_pending() ==
        Names{"patient 7", "patient 8", "practitioner 70", "practitioner 71"}
    );
    CHECK(store.records.standing_of_patient("demo", "7").empty());
    CHECK(ids(store.records.standing_of_patient("demo", "8")) == Names{"appointment 1"});
    CHECK(ids(store.records.standing_of_practitioner("demo", "71")) == Names{"appointment 1"});
}

TEST_CASE("a plan item is its plan's patient's, also when the plan comes later") {
    Store store;
    store.capture(a_record("plan_item", "11", {{"plan_source_id", "3"}}));
    CHECK(store.take_pending().empty());
    store.capture(a_record("plan", "3", {{"patient_source_id", "7"}}));
    CHECK(store.take_pending() == Names{"patient 7"});
    CHECK(ids(store.records.standing_of_patient("demo", "7")) == Names{"plan 3", "plan_item 11"});
    store.capture(a_record("plan_item", "11", {{"plan_source_id", "3"}, {"stage", 2}}));
    CHECK(store.take_pending() == Names{"patient 7"});
    store.capture(a_record("plan", "3", {{"patient_source_id", "8"}}));
    CHECK(store.take_pending() == Names{"patient 7", "patient 8"});
    CHECK(ids(store.records.standing_of_patient("demo", "8")) == Names{"plan 3", "plan_item 11"});
    store.remove("plan_item", "11");
    CHECK(store.take_pending() == Names{"patient 8"});
}

TEST_CASE("D1: shared accounts and merges join patients, both directions, to the end of the chain"
) {
    Store store;
    store.capture(a_record("limit", "5", {{"patient_source_id", "1"}, {"members", {"2", "3"}}}));
    CHECK(store.take_pending() == Names{"patient 1", "patient 2", "patient 3"});
    store.capture(a_record("patient", "4", {{"merged_into", "3"}}));
    CHECK(store.take_pending() == Names{"patient 3", "patient 4"});
    for (const char* who : {"1", "2", "3", "4"})
        for (const Ties ties : {Ties::standing, Ties::passing})
            CHECK(store.records.patients_joined_with("demo", who, ties).size() == 3);
    CHECK(ids(store.records.standing_of_patient("demo", "2")) == Names{"limit 5"});
    CHECK(ids(store.records.standing_of_patient("demo", "3")) == Names{"limit 5", "patient 4"});
}

TEST_CASE("P6: what joined patients and is gone joins them for one change set more") {
    Store store;
    const auto joined = [&](const char* who, Ties ties) {
        auto names = store.records.patients_joined_with("demo", who, ties);
        std::sort(names.begin(), names.end());
        return names;
    };
    const auto end_ties = [&](std::initializer_list<const char*> whose) {
        sqlite::Transaction transaction(store.database);
        for (const char* who : whose) store.records.end_passing_ties(transaction, "demo", who);
        transaction.commit();
    };
    SUBCASE("a member of an account, then the account itself") {
        store.capture(a_record("limit", "5", {{"patient_source_id", "1"}, {"members", {"2", "3"}}})
        );
        store.capture(a_record("limit", "5", {{"patient_source_id", "1"}, {"members", {"2"}}}));
        CHECK(store.take_pending() == Names{"patient 1", "patient 2", "patient 3"});
        CHECK(joined("1", Ties::standing) == Names{"2"});
        CHECK(joined("3", Ties::passing) == Names{"1", "2"});
        end_ties({"1", "2", "3"});
        CHECK(joined("3", Ties::passing).empty());
        store.remove("limit", "5");
        CHECK(joined("1", Ties::standing).empty());
        CHECK(joined("1", Ties::passing) == Names{"2"});
        end_ties({"2"});  // of either
        CHECK(joined("1", Ties::passing).empty());
    }
    SUBCASE("members of an account without an owner") {
        store.capture(a_record("limit", "5", {{"members", {"2", "3"}}}));
        CHECK(joined("2", Ties::standing) == Names{"3"});
        store.remove("limit", "5");
        CHECK(joined("2", Ties::passing) == Names{"3"});
    }
    SUBCASE("a merge that is undone") {
        store.capture(a_record("patient", "4", {{"merged_into", "3"}}));
        store.capture(a_record("patient", "4", {{"last_name", "Тестова"}}));
        CHECK(joined("4", Ties::standing).empty());
        CHECK(joined("4", Ties::passing) == Names{"3"});
    }
    SUBCASE("a record that went from one to the next, to the end of the chain") {
        store.capture(a_record("procedure", "1", {{"patient_source_id", "7"}}));
        store.capture(a_record("procedure", "1", {{"patient_source_id", "8"}}));
        store.capture(a_record("procedure", "1", {{"patient_source_id", "9"}}));
        CHECK(joined("7", Ties::standing).empty());
        CHECK(joined("7", Ties::passing) == Names{"8", "9"});
        CHECK(joined("9", Ties::passing) == Names{"7", "8"});
        end_ties({"7", "8", "9"});
        CHECK(joined("9", Ties::passing).empty());
    }
    SUBCASE("an account that only states another sum ends nothing") {
        const auto stated = [&](int sum) {
            return a_record(
                "limit", "5", {{"patient_source_id", "1"}, {"members", {"2"}}, {"granted", sum}}
            );
        };
        store.capture(stated(1));
        store.capture(stated(2));
        auto ties = store.database.prepare("select count(*) from passing_tie");
        REQUIRE(ties.step());
        CHECK(ties.integer(0) == 0);
        CHECK(joined("2", Ties::standing) == Names{"1"});
    }
}

TEST_CASE("P9: patients are found by the last ten digits and by folded name with birth date") {
    Store store;
    store.capture(a_record(
        "patient", "1",
        {{"last_name", "Королёва-Тестова"},
         {"birth_date", "1990-01-02"},
         {"phones", {"+7 900 000-00-01", "8 (900) 000-00-02"}}}
    ));
    REQUIRE(store.records.patients_by_phone("9000000002").size() == 1);
    CHECK(store.records.patients_by_phone("9000000002")[0].folded_last_name == "королева тестова");
    CHECK(store.records.patients_by_last_name("королева тестова", "1990-01-02").size() == 1);
    store.capture(
        a_record("patient", "1", {{"last_name", "Тестова"}, {"phones", {"+7 900 000-00-01"}}})
    );
    CHECK(store.records.patients_by_phone("9000000002").empty());
    CHECK(store.records.patients_by_phone("9000000001").size() == 1);
    store.remove("patient", "1");
    CHECK(store.records.patients_by_phone("9000000001").empty());
}

TEST_CASE("upgrades don't re-bill: what the mapping alone changed waits for the operator") {
    Store store;
    const auto before = a_record("procedure", "1", {{"patient_source_id", "7"}, {"total", 100}});
    const auto after = a_record("procedure", "1", {{"patient_source_id", "7"}, {"total", 90}});
    store.capture(before, 1, 42, "m1");
    store.take_pending();

    SUBCASE("an exported field: held, then sent") {
        CHECK(store.capture(after, 2, 42, "m2").held == 1);
        CHECK(store.capture(after, 3, 42, "m2").wrote() == false);  // the next poll writes nothing
        CHECK(store.take_pending().empty());
        CHECK(store.records.find({"demo", "procedure", "1"})->body == before.body);
        CHECK(store.records.counts().at(0).held_by_mapping == 1);
        sqlite::Transaction transaction(store.database);
        const auto answered = store.records.answer_mapping_hold(
            transaction, {"demo", "procedure", "procedure"}, RecordStore::Answer::send, 4, 100
        );
        transaction.commit();
        CHECK(answered.records == 1);
        CHECK(store.take_pending() == Names{"patient 7"});
        CHECK(store.records.find({"demo", "procedure", "1"})->body == after.body);
        CHECK(store.capture(after, 5, 42, "m2").unchanged == 1);
    }
    SUBCASE("baseline: nobody is told") {
        store.capture(after, 2, 42, "m2");
        sqlite::Transaction transaction(store.database);
        const auto answered = store.records.answer_mapping_hold(
            transaction, {"demo", "procedure", "procedure"}, RecordStore::Answer::baseline, 4, 100
        );
        transaction.commit();
        CHECK(answered.groups.size() == 1);
        CHECK(store.take_pending().empty());
        CHECK(store.records.find({"demo", "procedure", "1"})->body == after.body);
    }
    SUBCASE("a row that the MIS changed too is news") {
        store.capture(after, 2, 42, "m2");
        CHECK(store.capture(after, 3, 43, "m2").updated == 1);
        CHECK(store.records.counts().at(0).held_by_mapping == 0);
        CHECK(store.take_pending() == Names{"patient 7"});
    }
    SUBCASE("L0: whether the MIS tells payers: held, though not one field differs") {
        const auto unknown = [&] {
            return store.records.standing_of_patient("demo", "7").at(0).payers_unknown;
        };
        CHECK(store.capture(before, 2, 42, "m1/payers-unknown").held == 1);
        CHECK_FALSE(store.capture(before, 3, 42, "m1/payers-unknown").wrote());
        CHECK_FALSE(unknown());
        CHECK(store.take_pending().empty());
        sqlite::Transaction transaction(store.database);
        store.records.answer_mapping_hold(
            transaction, {"demo", "procedure", "procedure"}, RecordStore::Answer::send, 4, 100
        );
        transaction.commit();
        CHECK(unknown());
        CHECK(store.take_pending() == Names{"patient 7"});
        CHECK(store.capture(before, 5, 42, "m1/payers-unknown").unchanged == 1);
        CHECK(store.capture(before, 6, 42, "m1").held == 1);  // and back
    }
    SUBCASE("a field that does not leave updates silently") {
        auto noted = a_record(
            "procedure", "1", {{"patient_source_id", "7"}, {"total", 100}, {"notes", {"rounded"}}}
        );
        CHECK(store.capture(noted, 2, 42, "m2").silent == 1);
        CHECK(store.take_pending().empty());
        CHECK(store.records.find({"demo", "procedure", "1"})->version == 1);
    }
}

TEST_CASE("a group marked again while its meaning was worked out stays pending") {
    Store store;
    store.capture(a_record("procedure", "1", {{"patient_source_id", "7"}}));
    const auto waiting = store.records.pending(10).at(0);
    store.capture(a_record("procedure", "2", {{"patient_source_id", "7"}}));
    {
        sqlite::Transaction transaction(store.database);
        store.records.clear_pending(transaction, waiting.group, waiting.mark);
        transaction.commit();
    }
    CHECK(store.records.pending_count() == 1);
}

TEST_CASE("only the standing body is kept") {
    Store store;
    store.capture(a_record("procedure", "1", {{"total", 1}}));
    store.capture(a_record("procedure", "1", {{"total", 2}}));
    store.capture(a_record("procedure", "2", {{"total", 1}}));
    store.remove("procedure", "2");
    auto count = store.database.prepare("select count(*) from journal");
    REQUIRE(count.step());
    CHECK(count.integer(0) == 1);
}

TEST_CASE("keys are integers where their text is one, and come back as they were") {
    Store store;
    for (const char* key : {"42", "042", "0", "-7", "A-1", "999999999999999999999"}) {
        store.capture(a_record("service", key));
        CHECK(store.records.find({"demo", "service", key})->key.source_id == key);
    }
    CHECK(store.records.standing_count({"demo", "service", "service"}) == 6);
}

TEST_CASE("indexes come after the first backfill and change no answer") {
    Store store;
    store.capture(a_record("procedure", "1", {{"patient_source_id", "7"}}));
    for (int twice = 0; twice < 2; ++twice) {
        sqlite::Transaction transaction(store.database);
        RecordStore::create_indexes(transaction);
        transaction.commit();
    }
    CHECK(ids(store.records.standing_of_patient("demo", "7")) == Names{"procedure 1"});
}

TEST_CASE("the cost of a capture follows the change: no statement looks at every row of the store"
) {
    Store store;
    const auto patient = [](int i, const std::string& name) {
        return a_record(
            "patient", std::to_string(i),
            {{"last_name", name + "ова" + std::to_string(i)},
             {"birth_date", "1990-01-01"},
             {"phones", Json::array({std::to_string(89'000'000'000 + i)})}}
        );
    };
    constexpr int kPatients = 300;
    // Rows that statements looked at one after another, and count anew.
    const auto look = [&](auto&& tell) {
        for (sqlite3_stmt* statement = nullptr;
             (statement = sqlite3_next_stmt(store.database.handle(), statement)) != nullptr;)
            tell(
                std::string(sqlite3_sql(statement)),
                sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1)
            );
    };
    look([](const std::string&, int) {});  // the making of the tables
    for (int i = 0; i < kPatients; ++i) {
        store.capture(patient(i, "Тест"));
        store.capture(a_record(
            "limit", std::to_string(i),
            {{"patient_source_id", std::to_string(i)},
             {"number", "П-" + std::to_string(70'000 + i)}}
        ));
        store.capture(
            a_record("procedure", std::to_string(i), {{"patient_source_id", std::to_string(i)}})
        );
    }
    for (int i = 0; i < kPatients; i += 3) store.capture(patient(i, "Проб"));
    store.remove("procedure", "7");
    store.remove("patient", "9");
    int statements = 0;
    look([&](const std::string& sql, int rows) {
        CAPTURE(sql);
        CHECK(rows < kPatients);
        ++statements;
    });
    CHECK(statements > 20);
}
