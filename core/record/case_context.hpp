// context.json of a case: the clinic that its rows come from.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "record/mapper.hpp"

namespace mis::record {

// `scene` of context.json, for the events of a case: when its steps are read, and what stands
// before them.
struct CaseScene {
    std::vector<std::string> at;   // one time for all steps, or one each; RFC 3339
    Json upsert = Json::object();  // kind → canonical records
    Json inbox = Json::array();    // messages of the exchange
    std::filesystem::path file;    // that says it; empty: none does
};

// Zones, site values and currency of cases/context.json, then <case>/context.json over it;
// Europe/Moscow and RUB by default; `scene`, if asked for, likewise. malformed with the file.
Result<MapContext> case_context(
    const source::Connector& connector, const std::filesystem::path& folder,
    CaseScene* scene = nullptr
);

}  // namespace mis::record
