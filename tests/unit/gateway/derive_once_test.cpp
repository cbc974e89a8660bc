#include <doctest/doctest.h>

#include "gateway/keeping/clinic_store.hpp"
#include "gateway/pipeline/meaning.hpp"
#include "record/mapper.hpp"
#include "support/temporary_folder.hpp"

namespace mis::gateway::derive_once_test {
namespace {

constexpr std::int64_t kNowUs = 1'775'000'000'000'000;

record::Record line(int patient, int number) {
    const Json body{
        {"source_id", std::to_string(patient * 100 + number)},
        {"patient_source_id", std::to_string(patient)},
        {"performed_at", "2026-03-02T10:00:00+03:00"},
        {"state", "done"},
        {"service_code", "A16.07.002"},
        {"service_name", "Пломба"},
        {"quantity", "1"},
        {"total", {{"currency", "RUB"}, {"minor", 100'000}}},
        {"payer", "patient"}};
    auto record = record::record_from_json("procedure", canonical_json(body));
    REQUIRE(record);
    return std::move(*record);
}

}  // namespace

TEST_CASE(
    "D2: a pass derives each patient once, however many of his records changed and in however many "
    "batches"
) {
    constexpr int kPatients = 250, kLines = 6;  // more patients than share a commit
    const test::TemporaryFolder folder;
    const auto store = ClinicStore::open(folder.path, "clinic-1", ClinicStore::Opening::create);
    MeaningSettings settings{domain::Rules(*Zone::find("Europe/Moscow")), {}};
    settings.rules.export_mode = domain::ExportMode::all;
    settings.rules.export_ground = "invented data";
    Meaning meaning(store->database(), store->identity(), store->meta().epoch, settings);

    change::CaptureOptions options;
    options.mapping_version = "m1";
    options.now_us = kNowUs;
    for (int number = 0; number < kLines; ++number) {
        sqlite::Transaction transaction(store->database());
        change::RecordStore records(store->database());
        std::vector<record::Record> batch;
        for (int patient = 1; patient <= kPatients; ++patient)
            batch.push_back(line(patient, number));
        records.capture(
            transaction, {"mis", "procedure", "procedure"}, std::span<const record::Record>(batch),
            options
        );
        transaction.commit();
    }
    const auto report = meaning.work_off(kNowUs);
    CHECK(report.groups == kPatients);
    CHECK(report.events == 2 * kPatients * kLines);  // each performed and charged
    CHECK(meaning.work_off(kNowUs).groups == 0);
}

}  // namespace mis::gateway::derive_once_test
