#include "gateway/pipeline/slot_reader.hpp"

#include <algorithm>
#include <iterator>

#include "base/json_text.hpp"
#include "change/record_store.hpp"
#include "domain/branch.hpp"

namespace mis::gateway {
namespace {

// Whether a record's times may touch these days, by their dates as they are written: offsets differ
// by less than the day that is left on both sides.
bool may_touch(std::string_view body, const std::string& from, const std::string& to) {
    const JsonMembers members{JsonView(body)};
    const std::string starts = members.find("starts_at").string(),
                      ends = members.find("ends_at").string();
    return starts.substr(0, 10) <= to && ends.substr(0, 10) >= from;
}

}  // namespace

SlotReader::SlotReader(
    sqlite::Database& database, const Zone& clinic_zone,
    const std::map<std::string, Zone>& configured_branch_zones
)
    : database_(database), configured_(configured_branch_zones), rules_(clinic_zone) {}

domain::ZoneOfBranch SlotReader::zone_of_branch() const {
    return [rules = rules_](std::string_view source, std::string_view branch) {
        return rules.zone_of_branch(source, branch);
    };
}

std::vector<domain::DaySlots> SlotReader::days(std::int64_t now_us, int days) {
    const change::RecordStore records(database_);
    rules_.branch_zones.clear();
    records.by_kind("", "branch", [&](const change::StandingRecord& record) {
        const auto zone = Zone::find(JsonMembers(JsonView(record.body)).find("timezone").string());
        if (zone)
            rules_.branch_zones.insert_or_assign(
                domain::branch_of(record.key.source, record.key.source_id), *zone
            );
    });
    for (const auto& [branch, zone] : configured_)
        rules_.branch_zones.insert_or_assign(domain::branch_of("", branch), zone);

    const Date today = rules_.clinic_zone.at(now_us).local_date();
    const Date from = today.plus_days(-1), to = today.plus_days(days + 1);
    const std::string from_text = from.plus_days(-1).to_string(),
                      to_text = to.plus_days(1).to_string();
    std::set<std::pair<std::string, std::string>> practitioners;
    for (const char* kind : {"shift", "slot"})
        records.by_kind("", kind, [&](const change::StandingRecord& record) {
            if (!may_touch(record.body, from_text, to_text)) return;
            std::string id =
                JsonMembers(JsonView(record.body)).find("practitioner_source_id").string();
            if (!id.empty()) practitioners.emplace(record.key.source, std::move(id));
        });
    std::vector<domain::DaySlots> all;
    const auto zones = zone_of_branch();
    for (const auto& [source, practitioner] : practitioners) {
        std::vector<domain::RecordFact> facts;
        for (auto& record : records.standing_of_practitioner(source, practitioner))
            if (may_touch(record.body, from_text, to_text))
                facts.push_back(
                    {std::move(record.key), record.version, record.since_us, std::move(record.body)}
                );
        auto of_one = domain::free_times(facts, zones, from, to);
        std::move(of_one.begin(), of_one.end(), std::back_inserter(all));
    }
    return all;
}

SlotReader::Names SlotReader::names(std::string_view kind) const {
    Names names;
    change::RecordStore(database_).by_kind("", kind, [&](const change::StandingRecord& record) {
        names[{record.key.source, record.key.source_id}] =
            JsonMembers(JsonView(record.body)).find("name").string();
    });
    return names;
}

}  // namespace mis::gateway
