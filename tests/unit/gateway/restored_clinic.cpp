#include "restored_clinic.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "gateway/pipeline/restored.hpp"
#include "record/mapper.hpp"
#include "sqlite/migration.hpp"

namespace mis::test {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr const char* kSource = "mis";

Json rubles(std::int64_t minor) { return Json{{"currency", "RUB"}, {"minor", minor}}; }

std::string hour_of(int day, int hour) {
    return "2026-04-" + std::string(day < 10 ? "0" : "") + std::to_string(day) + "T" +
           (hour < 10 ? "0" : "") + std::to_string(hour) + ":00:00+03:00";
}

}  // namespace

ClinicLife::ClinicLife(std::uint32_t seed)
    : dice_(seed), now_us_(Timestamp::parse_rfc3339("2026-04-20T08:00:00+03:00")->unix_us) {
    upsert("practitioner", Json{{"source_id", "d1"}, {"name", "Врачев"}});
    for (int i = 1; i <= 5; ++i)
        upsert(
            "patient",
            Json{
                {"source_id", std::to_string(i)},
                {"last_name", std::string("Тестова") + static_cast<char>('a' + i)},
                {"birth_date", "1990-01-0" + std::to_string(i)},
                {"phones", Json::array({"8900000000" + std::to_string(i)})}}
        );
    for (int i = 1; i <= 3; ++i)
        upsert(
            "shift",
            Json{
                {"source_id", "s" + std::to_string(i)},
                {"practitioner_source_id", "d1"},
                {"starts_at", hour_of(20 + i, 9)},
                {"ends_at", hour_of(20 + i, 18)}}
        );
}

void ClinicLife::upsert(const std::string& kind, Json record) {
    const std::string id = record["source_id"].get<std::string>();
    records_[{kind, id}] = std::move(record);
}

Json* ClinicLife::any(const std::string& kind) {
    std::vector<Json*> found;
    for (auto& [key, record] : records_)
        if (key.first == kind) found.push_back(&record);
    return found.empty() ? nullptr
                         : found[static_cast<std::size_t>(below(static_cast<int>(found.size())))];
}

void ClinicLife::line(Json* corrected) {
    Json made = corrected != nullptr
                    ? *corrected
                    : Json{
                          {"source_id", next_id()},
                          {"patient_source_id", patient()},
                          {"practitioner_source_id", "d1"},
                          {"performed_at", hour_of(1 + below(20), 9 + below(8))},
                          {"service_code", "T-" + std::to_string(below(4))},
                          {"nomenclature", below(3) == 0 ? "A16.07.001" : "A16.07.002"},
                          {"teeth", Json::array({std::to_string(11 + below(4))})},
                          {"quantity", "1"}};
    made["total"] = rubles(100'00 * (1 + below(40)));
    // The canary takes a name out of what leaves: what was said is less than what is known.
    made["service_name"] = below(4) == 0 ? "Пломба Тестоваb" : "Пломба";
    made.erase("limit_source_id");
    made.erase("payer");
    if (below(2) == 0)
        if (Json* limit = any("limit")) {
            made["payer"] = "limit";
            made["limit_source_id"] = (*limit)["source_id"];
        }
    upsert("procedure", std::move(made));
}

void ClinicLife::one_change() {
    switch (below(16)) {
        case 0:
        case 1:
        case 2:
            return line(nullptr);
        case 3:
        case 4: {  // a line corrected
            Json* old = any("procedure");
            if (old != nullptr) line(old);
            return;
        }
        case 5:
        case 6:  // moved to another patient, perhaps back again
            if (Json* old = any(below(3) == 0 ? "payment" : "procedure"))
                (*old)["patient_source_id"] = patient();
            return;
        case 7: {
            Json* old = any(below(2) == 0 ? "procedure" : "payment");
            if (old != nullptr)
                for (auto at = records_.begin(); at != records_.end(); ++at)
                    if (&at->second == old) {
                        records_.erase(at);
                        return;
                    }
            return;
        }
        case 8:
        case 9: {
            const int kind = below(4);
            return upsert(
                "payment",
                Json{
                    {"source_id", next_id()},
                    {"patient_source_id", patient()},
                    {"paid_at", hour_of(1 + below(20), 12)},
                    {"amount", rubles(100'00 * (1 + below(30)))},
                    {"kind", kind == 0   ? "refund"
                             : kind == 1 ? "prepayment"
                                         : "payment"},
                    {"method", "card"}}
            );
        }
        case 10: {  // an account, shared or not; or its sum raised and lowered
            Json* old = below(2) == 0 ? any("limit") : nullptr;
            if (old != nullptr) {
                (*old)["granted"] = rubles(1'000'00 * (1 + below(9)));
                if (below(4) == 0) (*old)["cancelled_at"] = hour_of(19, 10);
                return;
            }
            const std::string owner = patient();
            Json made{
                {"source_id", next_id()},
                {"patient_source_id", owner},
                {"kind", below(2) == 0 ? "barter" : "gift"},
                {"payer_name", "ООО Ромашка"},
                {"granted", rubles(1'000'00 * (1 + below(9)))},
                {"valid_from", "2026-01-01"},
                {"valid_to", "2026-12-" + std::to_string(10 + below(20))}};
            if (below(2) == 0) made["members"] = Json::array({patient()});
            return upsert("limit", std::move(made));
        }
        case 11: {  // a shared account ends, or begins to be shared
            if (Json* limit = any("limit")) {
                if (limit->contains("members"))
                    limit->erase("members");
                else
                    (*limit)["members"] = Json::array({patient()});
            }
            return;
        }
        case 12: {  // a merge, or its undoing
            Json& card = records_[{"patient", std::to_string(4 + below(2))}];
            if (card.contains("merged_into"))
                card.erase("merged_into");
            else
                card["merged_into"] = std::to_string(1 + below(3));
            return;
        }
        case 13: {
            const int day = 21 + below(3), hour = 9 + below(8);
            Json* old = below(2) == 0 ? any("appointment") : nullptr;
            return upsert(
                "appointment",
                Json{
                    {"source_id", old != nullptr ? (*old)["source_id"] : Json(next_id())},
                    {"patient_source_id", patient()},
                    {"practitioner_source_id", "d1"},
                    {"status", below(4) == 0 ? "cancelled" : "booked"},
                    {"starts_at", hour_of(day, hour)},
                    {"ends_at", hour_of(day, hour + 1)}}
            );
        }
        case 14: {
            const std::string order = "O" + next_id(), who = std::to_string(1 + below(3));
            messages_.push_back(Json{
                {"type", "order.placed"},
                {"id", "m" + order},
                {"order", order},
                {"placed_at", "2026-04-01T08:00:00+03:00"},
                {"patient",
                 {{"phone", "+7 900 000-00-0" + who}, {"birth_date", "1990-01-0" + who}}},
                {"items",
                 {{{"id", "i1"},
                   {"nomenclature", "A16.07.002"},
                   {"teeth", Json::array({std::to_string(11 + below(4))})},
                   {"total", rubles(2'000'00)}},
                  {{"id", "i2"},
                   {"nomenclature", "A16.07.001"},
                   {"teeth", Json::array({std::to_string(11 + below(4))})},
                   {"total", rubles(1'000'00)}}}}});
            return;
        }
        default: {
            if (messages_.empty()) return;
            const Json& placed =
                messages_[static_cast<std::size_t>(below(static_cast<int>(messages_.size())))];
            const std::string order = placed["order"].get<std::string>();
            if (below(3) == 0)
                messages_.push_back(Json{
                    {"type", "order.cancelled"}, {"id", "m" + next_id()}, {"order", order}});
            else
                messages_.push_back(Json{
                    {"type", "statement.requested"},
                    {"id", "m" + next_id()},
                    {"order", order},
                    {"from", "2026-04-01"},
                    {"to", "2026-04-30"}});
            return;
        }
    }
}

void ClinicLife::step() {
    now_us_ += kHourUs / 10;
    for (int changes = 1 + below(6); changes > 0; --changes) one_change();
}

ClinicCopy::ClinicCopy(const std::filesystem::path& folder, gateway::ClinicStore::Opening opening)
    : store(gateway::ClinicStore::open(folder, "clinic-1", opening)) {
    gateway::MeaningSettings settings{domain::Rules(*Zone::find("Europe/Moscow")), {}};
    settings.rules.export_mode = domain::ExportMode::all;
    settings.rules.export_ground = "invented data";
    meaning = std::make_unique<gateway::Meaning>(
        store->database(), store->identity(), store->meta().epoch, std::move(settings)
    );
}

void ClinicCopy::read(const ClinicLife& life) {
    {
        sqlite::Transaction transaction(store->database());
        for (; messages_taken < life.messages().size(); ++messages_taken)
            meaning->accept(transaction, life.messages()[messages_taken], life.now_us());
        change::RecordStore records(store->database());
        std::map<std::string, std::vector<record::Record>> now;
        for (const auto& [key, body] : life.records()) {
            auto made = record::record_from_json(key.first, body.dump());
            REQUIRE_MESSAGE(made, made.error().text);
            now[key.first].push_back(std::move(*made));
        }
        for (const char* kind :
             {"practitioner", "patient", "shift", "appointment", "limit", "procedure", "payment"}) {
            const change::StreamRef stream{kSource, kind, kind};
            change::CaptureOptions options;
            options.mapping_version = "m1";
            options.now_us = life.now_us();
            records.capture(transaction, stream, now[kind], options);
            std::vector<std::string> gone;
            records.by_kind(kSource, kind, [&](const change::StandingRecord& record) {
                if (!life.records().contains({kind, record.key.source_id}))
                    gone.push_back(record.key.source_id);
            });
            records.remove(transaction, stream, gone, life.now_us());
        }
        gateway::restored::source_was_compared(transaction, kSource);
        transaction.commit();
    }
    meaning->work_off(life.now_us());
}

std::vector<outbox::OutboxEvent> ClinicCopy::log() const {
    std::vector<outbox::OutboxEvent> all;
    for (;;) {
        auto page =
            outbox::read_events(store->database(), all.empty() ? 0 : all.back().position, 1000);
        if (page.empty()) return all;
        for (auto& event : page) all.push_back(std::move(event));
    }
}

void ClinicCopy::copy_to(const std::filesystem::path& folder) const {
    std::filesystem::create_directories(folder);
    sqlite::copy_store(store->database(), gateway::ClinicStore::store_file(folder));
    std::filesystem::copy_file(
        gateway::ClinicStore::key_file(store->folder()), gateway::ClinicStore::key_file(folder)
    );
}

void write_log(
    const std::filesystem::path& file, const std::vector<outbox::OutboxEvent>& events,
    std::size_t from, std::size_t to
) {
    std::ofstream lines(file, std::ios::app);
    for (std::size_t i = from; i < to; ++i)
        lines << outbox::render_cloudevent(events[i], "clinic-1") << '\n';
}

}  // namespace mis::test
