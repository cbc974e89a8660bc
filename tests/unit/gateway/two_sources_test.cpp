// Two sources of one clinic: equal ids have nothing to do with each other; what one has from before
// it counts is history (D5); patients of both are one where the clinic says so (P11).
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "disclosure/audit.hpp"
#include "domain_store/group_store.hpp"
#include "domain_store/patient_links.hpp"
#include "gateway/keeping/clinic_store.hpp"
#include "gateway/keeping/conservation.hpp"
#include "gateway/keeping/take_over.hpp"
#include "gateway/pipeline/meaning.hpp"
#include "outbox/outbox.hpp"
#include "record/mapper.hpp"
#include "support/temporary_folder.hpp"

namespace mis::gateway::two_sources_test {
namespace {

constexpr std::int64_t kNowUs = 1'777'000'000'000'000;  // 2026-04-24
const RecordKey kOld{"old", "patient", "77"}, kNew{"new", "patient", "77"};

struct Clinic {
    test::TemporaryFolder folder;
    std::unique_ptr<ClinicStore> store;
    std::unique_ptr<Meaning> meaning;
    std::int64_t now_us = kNowUs, read_to = 0;

    explicit Clinic(std::map<std::string, Date> counts_from = {})
        : store(ClinicStore::open(folder.path / "s", "clinic-1", ClinicStore::Opening::create)) {
        open(std::move(counts_from));
    }
    void open(std::map<std::string, Date> counts_from) {
        MeaningSettings settings{domain::Rules(*Zone::find("Europe/Moscow")), {}};
        settings.rules.export_mode = domain::ExportMode::all;
        settings.rules.export_ground = "invented data";
        settings.rules.counts_from = std::move(counts_from);
        meaning = std::make_unique<Meaning>(store->database(), store->identity(), 1, settings);
    }
    void put(const std::string& source, const std::string& kind, const std::string& body) {
        auto record = record::record_from_json(kind, body);
        REQUIRE_MESSAGE(record, record.error().text);
        sqlite::Transaction transaction(store->database());
        change::CaptureOptions options;
        options.mapping_version = "m1";
        options.now_us = now_us;
        change::RecordStore(store->database())
            .capture(
                transaction, {source, kind, kind}, std::span<const record::Record>(&*record, 1),
                options
            );
        transaction.commit();
    }
    void remove(const std::string& source, const std::string& kind, const std::string& id) {
        sqlite::Transaction transaction(store->database());
        const std::vector<std::string> keys{id};
        change::RecordStore(store->database())
            .remove(transaction, {source, kind, kind}, keys, now_us);
        transaction.commit();
    }
    void say(const std::string& message) {
        sqlite::Transaction transaction(store->database());
        const auto answer = meaning->accept(transaction, *parse_json(message), now_us);
        REQUIRE_MESSAGE(answer.verdict == inbox::Verdict::accepted, answer.reason);
        transaction.commit();
    }
    Result<void> link(const RecordKey& joins, const RecordKey& stays) {
        sqlite::Transaction transaction(store->database());
        auto linked = meaning->link_patients(transaction, {joins, stays}, {"operator", now_us});
        transaction.commit();
        return linked;
    }
    Result<void> unlink(const RecordKey& joins) {
        sqlite::Transaction transaction(store->database());
        auto undone = meaning->unlink_patient(transaction, joins, {"operator", now_us});
        transaction.commit();
        return undone;
    }
    std::optional<std::int64_t> group_of(const RecordKey& card) const {
        return domain_store::GroupStore(store->database())
            .group_of({domain_store::PartyKind::patient, card.source, card.source_id});
    }
    std::vector<outbox::OutboxEvent> events() {  // what is new
        meaning->work_off(now_us);
        now_us += 1'000'000;
        auto fresh = outbox::read_events(store->database(), read_to, 1000);
        if (!fresh.empty()) read_to = fresh.back().position;
        return fresh;
    }
    // I4: what is left is an older copy of the store, if any, and the log of what was sent.
    void keep_copy() {
        meaning.reset();
        store.reset();
        std::filesystem::copy(folder.path / "s", folder.path / "copy");
        store = ClinicStore::open(folder.path / "s", "clinic-1", ClinicStore::Opening::existing);
        open({});
    }
    void lose_store() {
        const auto log = folder.path / "events.jsonl", lost = folder.path / "s",
                   found = folder.path / "copy";
        {
            std::ofstream lines(log);
            for (const auto& event : outbox::read_events(store->database(), 0, 1000))
                lines << outbox::render_cloudevent(event, "clinic-1") << '\n';
        }
        meaning.reset();
        store.reset();
        const bool copied = std::filesystem::exists(found);
        if (!copied) {
            std::filesystem::create_directory(found);
            std::filesystem::copy_file(ClinicStore::key_file(lost), ClinicStore::key_file(found));
        }
        store = ClinicStore::open(
            found, "clinic-1",
            copied ? ClinicStore::Opening::existing : ClinicStore::Opening::rebuild
        );
        REQUIRE(take_over_sent_events(*store, {{log}, {}, "operator", now_us}));
        read_to = outbox::last_position(store->database());
        open({});
    }
    std::string pseudonym(const RecordKey& key) const { return store->identity().public_id(key); }
    void require_books() {
        const auto books = check_conservation(*store, *meaning, now_us);
        REQUIRE_MESSAGE(books.differences.empty(), books.differences.front());
    }
};

std::string patient(const std::string& phone) {
    return R"({"source_id": "77", "last_name": "Тестова", "birth_date": "1990-01-01", "phones": [")" +
           phone + R"("]})";
}

std::string line(const std::string& id, const std::string& day, int rubles) {
    return R"({"source_id": ")" + id + R"(", "patient_source_id": "77", "branch_source_id": "2",
               "performed_at": ")" +
           day + R"(T12:00:00+03:00", "service_code": "T-16", "teeth": ["16"], "quantity": "1",
               "total": {"currency": "RUB", "minor": )" +
           std::to_string(rubles * 100) + "}}";
}

std::string payment(const std::string& id, const std::string& day, int rubles) {
    return R"({"source_id": ")" + id + R"(", "patient_source_id": "77", "paid_at": ")" + day +
           R"(T12:00:00+03:00", "kind": "payment", "method": "card",
               "amount": {"currency": "RUB", "minor": )" +
           std::to_string(rubles * 100) + "}}";
}

std::int64_t count(const std::vector<outbox::OutboxEvent>& events, std::string_view type) {
    return std::count_if(events.begin(), events.end(), [&](const auto& event) {
        return event.type == type;
    });
}

}  // namespace

TEST_CASE("two sources with the same ids do not meet anywhere") {
    Clinic clinic;
    for (const std::string source : {"old", "new"}) {
        const bool old = source == "old";
        clinic.put(source, "patient", patient(old ? "89000000001" : "89000000002"));
        clinic.put(
            source, "branch",
            std::string(R"({"source_id": "2", "name": "Ветка", "timezone": ")") +
                (old ? "Europe/Moscow" : "Asia/Omsk") + R"("})"
        );
        clinic.put(
            source, "service",
            std::string(R"({"source_id": "s1", "code": "T-16", "name": "Работа",
                                               "nomenclature": ")") +
                (old ? "A16.07.002" : "A16.07.001") + R"("})"
        );
        clinic.put(source, "procedure", line("1", "2026-04-02", old ? 100 : 200));
        clinic.put(source, "payment", payment("1", "2026-04-02", old ? 100 : 200));
    }
    const auto said = clinic.events();
    CHECK(count(said, "procedure.performed") == 2);
    CHECK(count(said, "billing.charge") == 2);
    CHECK(count(said, "billing.payment") == 2);
    std::set<std::string> ids, keys;
    for (const auto& event : said) {
        ids.insert(event.id);
        keys.insert(event.partition_key);
        const bool old = event.partition_key == "patient/" + clinic.pseudonym(kOld);
        CHECK(event.source == (old ? "old" : "new"));
        if (event.type == "procedure.performed")
            CHECK(
                parse_json(event.data)->at("procedure").at("nomenclature") ==
                (old ? "A16.07.002" : "A16.07.001")
            );
    }
    CHECK(ids.size() == said.size());
    CHECK(keys.size() == 2);
    CHECK(clinic.meaning->zones_of("old").at("2").name() == "Europe/Moscow");
    CHECK(clinic.meaning->zones_of("new").at("2").name() == "Asia/Omsk");
    clinic.require_books();
}

TEST_CASE("D5: lines, payments and visits from before a source counts are history") {
    Clinic clinic({{"new", *Date::parse_iso("2026-04-10")}});
    clinic.put("new", "patient", patient("89000000002"));
    clinic.put("new", "procedure", line("1", "2026-04-09", 100));
    clinic.put("new", "procedure", line("2", "2026-04-10", 200));
    clinic.put("new", "payment", payment("1", "2026-04-09", 100));
    clinic.put("new", "payment", payment("2", "2026-04-10", 200));
    for (const char* day : {"2026-04-09", "2026-04-10"})
        clinic.put(
            "new", "appointment",
            std::string(R"({"source_id": "a)") + day +
                R"(", "patient_source_id": "77", "status": "completed",
                "comment": "Лимит 20.000", "starts_at": ")" +
                day + R"(T10:00:00+03:00", "ends_at": ")" + day + R"(T11:00:00+03:00"})"
        );
    const auto said = clinic.events();
    CHECK(count(said, "procedure.performed") == 1);
    CHECK(count(said, "billing.charge") == 1);
    CHECK(count(said, "billing.payment") == 1);
    CHECK(count(said, "appointment.completed") == 1);
    for (const auto& event : said) {
        CHECK(event.data.find("2026-04-09") == std::string::npos);
        if (event.type == "billing.charge") CHECK(event.data.find("20000") != std::string::npos);
    }
    CHECK(clinic.events().empty());
    clinic.require_books();
    // Another day is a correction: what counts no more is taken back, and once.
    clinic.open({{"new", *Date::parse_iso("2026-04-11")}});
    const auto corrected = clinic.events();
    CHECK(count(corrected, "procedure.reversed") == 1);
    CHECK(count(corrected, "billing.reversal") + count(corrected, "billing.payment_reversal") == 2);
    CHECK(clinic.events().empty());
    clinic.require_books();
}

TEST_CASE("P11: linked patients are one person for orders, accounts and statements") {
    Clinic clinic({{"new", *Date::parse_iso("2026-04-10")}});
    clinic.put("old", "patient", patient("89000000001"));
    clinic.put("new", "patient", patient("89000000001"));
    clinic.put("old", "procedure", line("1", "2026-04-02", 100));
    clinic.put("new", "procedure", line("1", "2026-04-02", 100));  // imported
    clinic.put("new", "procedure", line("2", "2026-04-12", 300));
    clinic.say(
        R"({"type": "order.placed", "id": "m1", "order": "O1", "placed_at": "2026-04-01T10:00:00+03:00",
        "patient": {"phone": "+7 900 000-00-01", "last_name": "Тестова"},
        "limit": {"amount": {"currency": "RUB", "minor": 1000000}, "payer": "ООО Ромашка", "kind": "barter"},
        "items": [{"id": "i1", "service_code": "T-16", "teeth": ["16"], "quantity": "2", "total": {"currency": "RUB", "minor": 60000}}]})"
    );
    const auto before = clinic.events();
    CHECK(count(before, "order.linked") == 0);
    CHECK(count(before, "order.waiting") == 1);
    CHECK(count(before, "billing.charge") == 2);

    REQUIRE(clinic.link(kNew, kOld));
    const auto said = clinic.events();
    CHECK(count(said, "order.linked") == 1);
    CHECK(count(said, "procedure.reversed") == 1);
    for (const auto& event : said) {
        if (event.type == "procedure.reversed") {
            CHECK(event.data.find("merged") != std::string::npos);
            CHECK(event.partition_key == "patient/" + clinic.pseudonym(kNew));
            CHECK(event.source == "new");
        }
        if (event.type == "procedure.performed") {
            CHECK(event.partition_key == "patient/" + clinic.pseudonym(kOld));
            CHECK(event.source == "new");
        }
    }
    clinic.say(
        R"({"type": "order.placed", "id": "m2", "order": "O2", "placed_at": "2026-04-01T10:00:00+03:00",
        "patient": {"phone": "+7 900 000-00-01", "last_name": "Тестова"},
        "items": [{"id": "i1", "service_code": "T-17", "teeth": ["17"], "quantity": "1", "total": {"currency": "RUB", "minor": 60000}}]})"
    );
    CHECK(count(clinic.events(), "order.linked") == 1);  // two candidates, one person
    CHECK(clinic.events().empty());
    clinic.require_books();
    const auto audit = disclosure::Audit::show(clinic.store->database(), 1, 100);
    CHECK(std::any_of(audit.begin(), audit.end(), [](const auto& entry) {
        return entry.action == "decided" && entry.who == "operator" &&
               entry.subject.find("patient_link") != std::string::npos;
    }));
    CHECK_FALSE(disclosure::Audit::verify(clinic.store->database()).broken_at);

    CHECK(clinic.group_of(kNew) == clinic.group_of(kOld));
    REQUIRE(clinic.unlink(kNew));  // each is himself again
    const auto undone = clinic.events();
    CHECK(count(undone, "procedure.performed") == 1);
    CHECK(clinic.group_of(kNew) != clinic.group_of(kOld));
    CHECK(clinic.events().empty());
    const domain_store::PatientLinks links(clinic.store->database());
    using Which = domain_store::PatientLinks::Which;
    CHECK(links.page(Which::standing, 0, 10).links.empty());
    const auto history = links.page(Which::all, 0, 10).links;
    REQUIRE(history.size() == 1);
    CHECK(history[0].joins == kNew);
    CHECK(history[0].linked_by == "operator");
    CHECK(history[0].unlinked_by == "operator");
    CHECK(history[0].unlinked_us.value_or(0) > history[0].linked_us);
    REQUIRE(clinic.link(kNew, kOld));  // and again
    CHECK(count(clinic.events(), "procedure.performed") == 1);
    CHECK(links.page(Which::all, 0, 10).links.size() == 2);
    clinic.require_books();
}

TEST_CASE("P11: links that make no sense are refused with the reason") {
    Clinic clinic;
    clinic.put("old", "patient", patient("89000000001"));
    clinic.put("new", "patient", patient("89000000002"));
    const auto refusal = [](const Result<void>& answer) {
        REQUIRE_FALSE(answer);
        CHECK(answer.error().kind == ErrorKind::rejected);
        return answer.error().text;
    };
    CHECK(
        refusal(clinic.link(kNew, {"new", "patient", "78"})).find("merge them there") !=
        std::string::npos
    );
    CHECK(
        refusal(clinic.link(kNew, {"old", "patient", "78"})).find("has no patient 78") !=
        std::string::npos
    );
    REQUIRE(clinic.link(kNew, kOld));
    CHECK(refusal(clinic.link(kNew, kOld)).find("are linked already") != std::string::npos);
    CHECK(refusal(clinic.link(kOld, kNew)).find("one person already") != std::string::npos);
    clinic.put("third", "patient", patient("89000000003"));
    CHECK(
        refusal(clinic.link(kNew, {"third", "patient", "77"})).find("patient unlink new/77") !=
        std::string::npos
    );
    CHECK(refusal(clinic.unlink(kOld)).find("linked to nobody") != std::string::npos);
    // A chain closes to no ring.
    REQUIRE(clinic.link(kOld, {"third", "patient", "77"}));
    CHECK(
        refusal(clinic.link({"third", "patient", "77"}, kNew)).find("known as third/77") !=
        std::string::npos
    );
    clinic.events();
    CHECK(clinic.group_of(kNew) == clinic.group_of({"third", "patient", "77"}));
}

TEST_CASE("P11: a link made before a restart has its meaning after it, and once") {
    Clinic clinic;
    clinic.put("old", "patient", patient("89000000001"));
    clinic.put("new", "patient", patient("89000000002"));
    clinic.put("new", "procedure", line("1", "2026-04-02", 100));
    clinic.events();
    REQUIRE(clinic.link(kNew, kOld));
    clinic.open({});  // nothing but the store is left of the process before
    const auto said = clinic.events();
    CHECK(count(said, "procedure.reversed") == 1);
    CHECK(count(said, "procedure.performed") == 1);
    CHECK(count(said, "billing.charge") == 1);
    clinic.open({});
    CHECK(clinic.events().empty());
    clinic.require_books();
}

TEST_CASE("I4, P11: what was linked and parted since the backup is read off the events") {
    Clinic clinic;
    const auto read_all = [&] {
        clinic.put("old", "patient", patient("89000000001"));
        clinic.put("new", "patient", patient("89000000002"));
        clinic.put("old", "procedure", line("1", "2026-04-02", 100));
        clinic.put("new", "procedure", line("1", "2026-04-02", 200));
        clinic.put("new", "payment", payment("1", "2026-04-02", 50));
    };
    const auto none_new = [&] {
        for (const auto& event : clinic.events())
            FAIL_CHECK("said anew: " << event.type << ' ' << event.data);
        clinic.require_books();
    };
    read_all();
    clinic.events();
    const domain_store::PatientLinks* links = nullptr;
    std::optional<domain_store::PatientLinks> after;
    const auto restore = [&] {
        clinic.lose_store();
        read_all();
        none_new();
        links = &after.emplace(clinic.store->database());
    };
    SUBCASE("linked, and there is no backup") {
        REQUIRE(clinic.link(kNew, kOld));
        clinic.events();
        restore();
        CHECK(links->of(kNew).has_value());
    }
    SUBCASE("linked after the backup") {
        clinic.keep_copy();
        REQUIRE(clinic.link(kNew, kOld));
        clinic.events();
        restore();
        const auto link = links->of(kNew);
        REQUIRE(link);
        CHECK(link->stays == kOld);
        CHECK(link->linked_by == "restore");
        REQUIRE(clinic.unlink(kNew));
        CHECK(count(clinic.events(), "procedure.performed") == 1);
        clinic.require_books();
    }
    SUBCASE("parted after the backup") {
        REQUIRE(clinic.link(kNew, kOld));
        clinic.events();
        clinic.keep_copy();
        REQUIRE(clinic.unlink(kNew));
        clinic.events();
        restore();
        CHECK_FALSE(links->of(kNew).has_value());
    }
}

TEST_CASE("D2, P11: a row that came in one source takes no place of one that went in another") {
    Clinic clinic;
    clinic.put("old", "patient", patient("89000000001"));
    clinic.put("new", "patient", patient("89000000002"));
    clinic.put("old", "procedure", line("1", "2026-04-02", 100));
    REQUIRE(clinic.link(kNew, kOld));
    clinic.events();
    const auto record_of = [&](const std::vector<outbox::OutboxEvent>& events) {
        for (const auto& event : events)
            if (event.type == "procedure.performed") return event.record_id;
        return std::string();
    };
    clinic.remove("old", "procedure", "1");
    clinic.put("new", "procedure", line("1", "2026-04-02", 100));
    auto said = clinic.events();
    CHECK(count(said, "procedure.reversed") == 1);
    CHECK(record_of(said) == clinic.store->identity().public_id("new", "procedure", "1"));
    clinic.remove("new", "procedure", "1");  // written anew under another id in its own source
    clinic.put("new", "procedure", line("2", "2026-04-02", 100));
    CHECK(clinic.events().empty());
    clinic.put("old", "procedure", line("2", "2026-04-01", 300));  // with that id, and earlier
    said = clinic.events();
    CHECK(count(said, "procedure.reversed") == 0);
    CHECK(record_of(said) == clinic.store->identity().public_id("old", "procedure", "2"));
    clinic.require_books();
}

TEST_CASE("P11: a card that vanishes from its MIS stays linked, and so does one that stays") {
    Clinic clinic;
    clinic.put("old", "patient", patient("89000000001"));
    clinic.put("old", "procedure", line("1", "2026-04-02", 100));
    clinic.put("new", "patient", patient("89000000002"));
    clinic.put("new", "procedure", line("1", "2026-04-03", 200));
    REQUIRE(clinic.link(kNew, kOld));
    clinic.events();
    clinic.remove(
        "old", "patient", "77"
    );  // the old MIS forgets her, the work is known by her all the same
    CHECK(clinic.events().empty());
    clinic.put("new", "procedure", line("2", "2026-04-04", 300));
    for (const auto& event : clinic.events())
        CHECK(event.partition_key == "patient/" + clinic.pseudonym(kOld));
    clinic.require_books();
}

TEST_CASE("a plan's item of one MIS is no work of another's price list with an equal code") {
    Clinic clinic;
    clinic.put("old", "patient", patient("89000000001"));
    clinic.put(
        "old", "plan",
        R"({"source_id": "1", "patient_source_id": "77", "created_on": "2026-04-01"})"
    );
    clinic.put(
        "old", "plan_item",
        R"({"source_id": "1", "plan_source_id": "1", "service_code": "T-16", "teeth": ["16"], "quantity": "1"})"
    );
    clinic.put("new", "patient", patient("89000000002"));
    clinic.put("new", "procedure", line("1", "2026-04-02", 100));
    REQUIRE(clinic.link(kNew, kOld));
    CHECK(count(clinic.events(), "plan.item.performed") == 0);
    clinic.put("old", "procedure", line("1", "2026-04-03", 100));
    const auto said = clinic.events();
    CHECK(count(said, "plan.item.performed") == 1);
    for (const auto& event : said)
        if (event.type.starts_with("plan.")) CHECK(event.source == "old");
    clinic.require_books();
}

}  // namespace mis::gateway::two_sources_test
