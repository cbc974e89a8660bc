#include "gateway/pipeline/foresight.hpp"

#include <doctest/doctest.h>

#include <random>

#include "gateway/keeping/clinic_store.hpp"
#include "gateway/pipeline/meaning.hpp"
#include "outbox/outbox.hpp"
#include "record/mapper.hpp"
#include "support/temporary_folder.hpp"

namespace mis::gateway::foresight_test {
namespace {

constexpr std::int64_t kNowUs = 1'772'440'000'000'000;
constexpr int kPatients = 450;  // more than two commits' worth

// A clinic of invented lines and accounts, written the same way into any number of stores.
class Clinic {
  public:
    explicit Clinic(bool foresees)
        : store_(ClinicStore::open(folder_.path, "clinic-1", ClinicStore::Opening::create)),
          meaning_(
              store_->database(), identity_, store_->meta().epoch, MeaningSettings{rules(), {}}
          ) {
        if (foresees) meaning_.foresee_with([this] { return store_->reader(); });
    }

    void capture(const std::string& kind, const std::vector<Json>& bodies) {
        capture(store_->database(), kind, bodies);
    }

    // As another process does.
    void capture_beside(const std::string& kind, const std::vector<Json>& bodies) {
        auto beside = sqlite::Database::open(store_->file());
        capture(beside, kind, bodies);
    }

    void capture(
        sqlite::Database& database, const std::string& kind, const std::vector<Json>& bodies
    ) {
        std::vector<record::Record> records;
        for (const Json& body : bodies) {
            auto record = record::record_from_json(kind, canonical_json(body));
            REQUIRE(record);
            records.push_back(std::move(*record));
        }
        sqlite::Transaction transaction(database);
        change::CaptureOptions options;
        options.mapping_version = "m1";
        options.now_us = kNowUs;
        change::RecordStore(database).capture(
            transaction, {"mis", kind, kind}, std::span<const record::Record>(records), options
        );
        transaction.commit();
    }

    MeaningReport work_off(std::int64_t now_us, const std::function<bool()>& between = {}) {
        return meaning_.work_off(now_us, {}, between);
    }

    // Every event as it stands in the outbox.
    std::string told() {
        std::string all;
        std::int64_t after = 0;
        for (;;) {
            const auto page = outbox::read_events(store_->database(), after, 1000);
            if (page.empty()) return all;
            for (const auto& event : page) {
                after = event.position;
                all += event.id + ' ' + event.type + ' ' + event.partition_key + ' ' +
                       std::to_string(event.sequence) + ' ' + event.change_set + ' ' + event.data +
                       '\n';
            }
        }
    }

  private:
    test::TemporaryFolder folder_;
    std::unique_ptr<ClinicStore> store_;
    Identity identity_{"clinic-1", std::string(32, 'k')};  // the same in every store
    Meaning meaning_;

    static domain::Rules rules() {
        domain::Rules rules(*Zone::find("Europe/Moscow"));
        rules.export_mode = domain::ExportMode::all;
        rules.export_ground = "invented data";
        return rules;
    }
};

Json line(int patient, int number, std::int64_t kopecks) {
    const std::string id = std::to_string(patient) + "-" + std::to_string(number);
    return Json{
        {"source_id", id},
        {"patient_source_id", std::to_string(patient)},
        {"performed_at", "2026-03-02T10:00:00+03:00"},
        {"service_code", "Т-16"},
        {"quantity", "1"},
        {"total", to_json_value(Money{kopecks, *Currency::parse("RUB")})}};
}

Json account(int owner, int member, std::int64_t kopecks) {
    return Json{
        {"source_id", "L" + std::to_string(owner)},
        {"patient_source_id", std::to_string(owner)},
        {"members", {std::to_string(member)}},
        {"kind", "barter"},
        {"granted", to_json_value(Money{kopecks, *Currency::parse("RUB")})}};
}

}  // namespace

TEST_CASE("what is worked out ahead is what would have been worked out: byte for byte") {
    Clinic with(true), without(false);
    std::mt19937 random(7);
    const auto below = [&](int bound) {
        return std::uniform_int_distribution<int>(0, bound - 1)(random);
    };
    std::int64_t foreseen = 0;
    for (int pass = 0; pass < 5; ++pass) {
        // Sums come back to what they were, so that the same content is said again (I2's n).
        std::vector<Json> lines, late, accounts;
        for (int patient = 1; patient <= kPatients; ++patient)
            for (int number = 0; number < 2; ++number)
                lines.push_back(line(patient, number, 100'000 + 100'000 * below(2)));
        for (int i = 0; i < 20; ++i)
            accounts.push_back(account(1 + below(kPatients), 1 + below(kPatients), 150'000));
        for (int i = 0; i < 40; ++i) late.push_back(line(1 + below(kPatients), 2, 50'000 * i));
        std::int64_t seen = 0;
        for (Clinic* clinic : {&with, &without}) {
            clinic->capture("procedure", lines);
            if (pass > 0) clinic->capture("limit", accounts);
            bool first = true;
            const auto report = clinic->work_off(kNowUs + pass, [&] {
                // between two commits the facts of groups already looked at change
                if (!std::exchange(first, false)) return true;
                if (pass % 2 == 0)
                    clinic->capture("procedure", late);
                else
                    clinic->capture_beside("procedure", late);
                return true;
            });
            if (clinic == &with) seen = report.foreseen;
            if (clinic == &without) CHECK(report.foreseen == 0);
        }
        foreseen += seen;
        REQUIRE(with.told() == without.told());
    }
    CHECK(foreseen > kPatients / 3);  // it was of use
    CHECK(with.told().find("billing.reversal") != std::string::npos);
}

}  // namespace mis::gateway::foresight_test
