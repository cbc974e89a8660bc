// What the configuration decides about meaning. None of it is part of an event's id (I2),
// so changing it re-announces nothing by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/timestamp.hpp"
#include "domain/branch.hpp"
#include "domain/nomenclature_groups.hpp"

namespace mis::domain {

enum class ExportMode { ordered, all };  // X1

// The id of an event about to be announced (I2). `nth` counts the events of this evaluation, before
// it, with the same entity, type and identity; the owner adds how often the three occurred in
// earlier change sets. Called for events that leave, in their order, and for withheld charges with
// what their id would be. Pure for the length of one evaluation.
using EventIdOf = std::function<std::string(
    std::string_view entity_id, std::string_view type, std::string_view identity, std::uint64_t nth
)>;

struct Rules {
    ExportMode export_mode = ExportMode::ordered;
    int export_days_before_receipt = 7;  // X1: how far back an order may let records leave
    std::string export_ground;           // `all`: the legal ground that the config names
    Zone clinic_zone;
    std::map<std::string, Zone> branch_zones;  // by branch_of() (branch.hpp)
    // Of branches whose record names one: (source, branch source_id) → legal entity, for charges.
    std::map<std::pair<std::string, std::string>, std::string> legal_entities;
    std::map<std::string, Date> counts_from;  // D5: source → the day before which it is history
    std::set<std::string> no_show_sources;    // A1: sources that declare `no_show: end_of_day`
    std::set<std::string>
        register_sources;  // L1: sources that are partner registers, weaker than the exchange
    // L0: when each source was first read through; what was seen by then stood there always. Not
    // named: it still is.
    std::map<std::string, std::int64_t> first_read_us;
    std::map<std::string, std::string>
        nomenclature_of;  // I8: the clinic's table, folded price-list code → national code
    // What a source's own price list says, after the table: (folded code, source) → national code
    std::map<std::pair<std::string, std::string>, std::string> listed_nomenclature;
    const NomenclatureGroups* groups =
        nullptr;                     // outlives the evaluation; null: no code has a group
    int low_threshold_percent = 80;  // L4
    EventIdOf event_id_of;

    explicit Rules(Zone zone) : clinic_zone(zone) {}

    Zone zone_of_branch(std::string_view source, std::string_view branch) const {
        if (branch_zones.empty()) return clinic_zone;
        for (const std::string_view of : {std::string_view(), source})
            if (const auto zone = branch_zones.find(branch_of(of, branch));
                zone != branch_zones.end())
                return zone->second;
        return clinic_zone;
    }
    bool is_history(const std::string& source, const Date& day) const {
        if (counts_from.empty()) return false;
        const auto from = counts_from.find(source);
        return from != counts_from.end() && day < from->second;
    }
};

}  // namespace mis::domain
