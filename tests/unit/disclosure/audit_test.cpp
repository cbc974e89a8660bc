#include "disclosure/audit.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "base/json_text.hpp"
#include "disclosure/decision.hpp"
#include "sqlite/migration.hpp"

using namespace mis;
using namespace mis::disclosure;

namespace {

sqlite::Database three_entries() {
    auto database = sqlite::Database::open(":memory:");
    sqlite::create_tables(database);
    sqlite::Transaction transaction(database);
    for (int i = 1; i <= 3; ++i) {
        AuditEntry entry;
        entry.at_us = i;
        entry.action = "delivered";
        entry.who = "sink exchange";
        entry.ground = "order O1";
        entry.ids = {
            "0123456789abcdef0123456789abcdef",
            "0123456789abcdef0123456789abcde" + std::to_string(i)};
        Audit::append(transaction, entry);
    }
    transaction.commit();
    return database;
}

}  // namespace

TEST_CASE("X2: the audit is a chain, numbered without gaps, and gives back what was written") {
    auto database = three_entries();
    const auto verdict = Audit::verify(database);
    CHECK(verdict.entries == 3);
    CHECK_FALSE(verdict.broken_at);
    const auto entries = Audit::show(database, 2, 1);
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].number == 2);
    CHECK(entries[0].ids[1] == "0123456789abcdef0123456789abcde2");
    CHECK(Audit::show(database, 3, 9).at(0).hash == verdict.head);
}

TEST_CASE("X2: verify names the first broken link") {
    for (const char* change :
         {"update audit set ground = 'order O2' where number = 2",
          "update audit set ids = x'00' || substr(ids, 2) where number = 2",
          "update audit set hash = (select hash from audit where number = 3) where number = 2"}) {
        CAPTURE(change);
        auto database = three_entries();
        database.execute(change);
        CHECK(Audit::verify(database).broken_at == 2);
        CHECK(Audit::verify(database).reason == "changed");
    }
    auto database = three_entries();
    database.execute("delete from audit where number = 2");
    CHECK(Audit::verify(database).broken_at == 2);
    CHECK(Audit::verify(database).reason == "missing");
}

namespace {

const std::string kPatientId(32, 'a');

// A look at a patient, a decision on him, one on another.
sqlite::Database with_a_patient() {
    auto database = three_entries();
    sqlite::Transaction transaction(database);
    AuditEntry look;
    look.at_us = 4;
    look.action = "looked";
    look.who = "anna";
    look.subject = "patient mis/17";
    Audit::append(transaction, look);
    record_decision(
        transaction, {"order_link", "order O1", {}, Json{{"patient", kPatientId}}}, "anna",
        "asked by phone", 5
    );
    record_decision(transaction, {"row_retry", "patient mis/177", {}, {}}, "boris", "", 6);
    transaction.commit();
    return database;
}

std::string exported(sqlite::Database& database) {
    std::string text = export_head("clinic-1", 9);
    AuditChain chain;
    for (const auto& entry : Audit::show(database, 1, 1000)) {
        chain.add(entry);
        text += export_line(entry);
    }
    return text + export_end(chain.verdict());
}

AuditVerdict verified(const std::string& text) {
    std::istringstream lines(text);
    const auto verdict = verify_export(lines);
    REQUIRE_MESSAGE(verdict, (verdict ? "" : verdict.error().text));
    return *verdict;
}

void erase_patient(sqlite::Database& database) {
    sqlite::Transaction transaction(database);
    CHECK(Audit::erase(transaction, {kPatientId, "mis/17"}, "anna", "court order 1", 7) == 2);
    transaction.commit();
}

}  // namespace

TEST_CASE("a decision is a row of the audit, and read back as it was") {
    auto database = with_a_patient();
    const auto entries = Audit::show(database, 5, 1);
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].action == kDecided);
    CHECK(entries[0].who == "anna");
    CHECK(entries[0].ground == "asked by phone");
    const auto decision = decision_of(entries[0]);
    REQUIRE(decision);
    CHECK(decision->what == "order_link");
    CHECK(decision->subject == "order O1");
    CHECK(decision->before.is_null());
    CHECK(decision->after["patient"] == kPatientId);
    CHECK_FALSE(decision_of(Audit::show(database, 4, 1).at(0)));
    CHECK_FALSE(Audit::verify(database).broken_at);
}

TEST_CASE("rows are found by the names in them, as whole words") {
    auto database = with_a_patient();
    CHECK(Audit::naming(database, {"mis/17"}).size() == 1);
    CHECK(Audit::naming(database, {kPatientId, "mis/17"}).size() == 2);
    CHECK(Audit::naming(database, {"mis/1"}).empty());
    CHECK(Audit::naming(database, {}).empty());
}

TEST_CASE("what is erased by order leaves the chain provable; what is erased otherwise breaks it") {
    auto database = with_a_patient();
    const auto before = Audit::show(database, 1, 100);
    erase_patient(database);
    const auto verdict = Audit::verify(database);
    CHECK_FALSE(verdict.broken_at);
    CHECK(verdict.entries == 7);
    CHECK(verdict.erased == 2);
    const auto after = Audit::show(database, 1, 100);
    CHECK(after[3].subject.empty());
    CHECK(after[4].subject.empty());
    CHECK(after[4].ground.empty());
    CHECK(after[4].who == "anna");
    CHECK(after[4].hash == before[4].hash);
    CHECK(after[5].subject == before[5].subject);
    CHECK(after[6].subject.find(kPatientId) == std::string::npos);
    CHECK(Audit::naming(database, {kPatientId, "mis/17"}).empty());

    database.execute("update audit set subject = '', erased = 7 where number = 6");
    CHECK(Audit::verify(database).broken_at == 6);
    CHECK(Audit::verify(database).reason == "erased without an order");
    database.execute("update audit set subject = 'another', erased = null where number = 4");
    CHECK(Audit::verify(database).broken_at == 4);
}

TEST_CASE("an exported copy is verified without the store, also after an erasure") {
    auto database = with_a_patient();
    erase_patient(database);
    const std::string copy = exported(database);
    const auto verdict = verified(copy);
    CHECK_FALSE(verdict.broken_at);
    CHECK(verdict.entries == 7);
    CHECK(verdict.erased == 2);
    CHECK(verdict.head == Audit::verify(database).head);

    const auto changed = [&](const std::string& from, const std::string& to) {
        std::string text = copy;
        const auto at = text.find(from);
        REQUIRE(at != std::string::npos);
        return text.replace(at, from.size(), to);
    };
    CHECK(verified(changed("sink exchange", "sink exchangf")).broken_at == 1);
    CHECK(verified(changed("court order 1", "court order 2")).broken_at == 7);
    CHECK(verified(changed("mis/177", "mis/178")).broken_at == 6);

    // a row, or all behind it, is cut out
    const auto line = [&](const std::string& of) {
        const auto at = copy.find(of);
        REQUIRE(at != std::string::npos);
        const auto begin = copy.rfind('\n', at) + 1;
        return std::pair(begin, copy.find('\n', at) + 1 - begin);
    };
    std::string text = copy;
    const auto [at, size] = line("boris");
    CHECK(verified(text.erase(at, size)).broken_at == 6);
    text = copy;
    const auto [last, last_size] = line("court order 1\",\"hash");
    CHECK(verified(text.erase(last, last_size)).broken_at.has_value());
    for (const std::string& broken :
         {std::string(), std::string("{}\n"), copy.substr(0, copy.rfind("{\"entries\"")),
          copy.substr(0, copy.size() / 2), std::string("garbage\n"),
          copy.substr(copy.find('\n') + 1)}) {
        std::istringstream lines(broken);
        CHECK_FALSE(verify_export(lines));
    }
}
