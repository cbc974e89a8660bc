// A store is lost; what was sent is read back, the MIS and the exchange say the same again: nothing
// is announced anew (I4).
#include <doctest/doctest.h>

#include <fstream>

#include "gateway/keeping/clinic_store.hpp"
#include "gateway/keeping/take_over.hpp"
#include "gateway/pipeline/meaning.hpp"
#include "outbox/outbox.hpp"
#include "record/mapper.hpp"
#include "support/temporary_folder.hpp"

namespace mis::gateway::restore_test {
namespace {

constexpr std::int64_t kNowUs = 1'775'000'000'000'000;
constexpr const char* kRecords[][2] = {
    {"practitioner", R"({"source_id": "d1", "name": "Врачев"})"},
    {"patient",
     R"({"source_id": "77", "last_name": "Тестова", "birth_date": "1990-01-01", "phones": ["89000000001"]})"},
    {"appointment",
     R"({"source_id": "a1", "patient_source_id": "77", "practitioner_source_id": "d1", "status": "booked",
         "starts_at": "2026-05-02T10:00:00+03:00", "ends_at": "2026-05-02T11:00:00+03:00"})"},
    {"plan",
     R"({"source_id": "m1", "patient_source_id": "77", "practitioner_source_id": "d1", "created_on": "2026-03-01"})"},
    {"plan_item",
     R"({"source_id": "i1", "plan_source_id": "m1", "service_code": "T-04", "teeth": ["46"]})"},
    {"procedure",
     R"({"source_id": "1", "patient_source_id": "77", "practitioner_source_id": "d1", "payer": "limit",
         "performed_at": "2026-03-02T10:00:00+03:00", "service_code": "T-16", "nomenclature": "A16.07.002",
         "teeth": ["16"], "quantity": "1", "total": {"currency": "RUB", "minor": 400000}})"}};
constexpr const char* kOrder =
    R"({"type": "order.placed", "id": "e1", "order": "O1", "placed_at": "2026-03-01T10:00:00+03:00",
        "patient": {"phone": "+7 900 000-00-01", "last_name": "Тестова"},
        "limit": {"amount": {"currency": "RUB", "minor": 300000}, "payer": "ООО Ромашка", "kind": "barter"},
        "items": [{"id": "f16", "nomenclature": "A16.07.002", "teeth": ["16"], "total": {"currency": "RUB", "minor": 350000}},
                  {"id": "f26", "nomenclature": "A16.07.002", "teeth": ["26"], "total": {"currency": "RUB", "minor": 350000}}]})";

std::unique_ptr<Meaning> meaning_of(ClinicStore& store) {
    MeaningSettings settings{domain::Rules(*Zone::find("Europe/Moscow")), {}};
    settings.rules.export_mode = domain::ExportMode::all;
    settings.rules.export_ground = "invented data";
    settings.practitioner_names = MeaningSettings::PractitionerNames::leave;
    return std::make_unique<Meaning>(
        store.database(), store.identity(), store.meta().epoch, std::move(settings)
    );
}

void say_everything(ClinicStore& store, Meaning& meaning) {
    sqlite::Transaction transaction(store.database());
    CHECK(
        meaning.accept(transaction, *parse_json(kOrder), kNowUs).verdict == inbox::Verdict::accepted
    );
    change::RecordStore records(store.database());
    for (const auto& [kind, body] : kRecords) {
        auto record = record::record_from_json(kind, body);
        REQUIRE(record);
        change::CaptureOptions options;
        options.mapping_version = "m1";
        options.now_us = kNowUs;
        records.capture(
            transaction, {"mis", kind, kind}, std::span<const record::Record>(&*record, 1), options
        );
    }
    transaction.commit();
}

}  // namespace

TEST_CASE("I4: what was sent, the MIS and the exchange's messages together announce nothing anew") {
    const test::TemporaryFolder folder;
    const auto log = folder.path / "events.jsonl", key = ClinicStore::key_file(folder.path / "new");
    {
        const auto store =
            ClinicStore::open(folder.path / "old", "clinic-1", ClinicStore::Opening::create);
        const auto meaning = meaning_of(*store);
        say_everything(*store, *meaning);
        CHECK(meaning->work_off(kNowUs).events > 10);
        std::ofstream lines(log);
        for (const auto& event : outbox::read_events(store->database(), 0, 1000))
            lines << outbox::render_cloudevent(event, "clinic-1") << '\n';
        std::filesystem::create_directory(folder.path / "new");
        std::filesystem::copy_file(ClinicStore::key_file(folder.path / "old"), key);
    }
    const auto store =
        ClinicStore::open(folder.path / "new", "clinic-1", ClinicStore::Opening::rebuild);
    const auto taken = take_over_sent_events(*store, {{log}, {}, "operator", kNowUs});
    REQUIRE(taken);
    CHECK(taken->orders_without_message == std::vector<std::string>{"O1"});

    const auto meaning = meaning_of(*store);
    say_everything(*store, *meaning);
    CHECK(meaning->work_off(kNowUs).events == 0);
    CHECK(outbox::last_position(store->database()) == taken->applied);
    for (const auto& event : outbox::read_events(store->database(), taken->applied, 1000))
        MESSAGE(outbox::render_cloudevent(event, "clinic-1"));
    const auto again = take_over_sent_events(*store, {{log}, {}, "operator", kNowUs});
    REQUIRE(again);
    CHECK(again->applied == 0);
    CHECK(again->orders_without_message.empty());
}

}  // namespace mis::gateway::restore_test
