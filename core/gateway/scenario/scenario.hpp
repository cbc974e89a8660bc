// A scenario file played through the real stations 2–6 on a temporary store (schemas/README.md
// section 7): "what would you send if".
//
// Each step is one change set per patient at the step's time: its upserts, then removals, then
// inbox messages; a step without content lets time pass. The clock is the steps', the pseudonym key
// is fixed, so the same file always gives the same bytes. Sums and times may stand as a bookkeeper
// writes them (bookkeeper_form.hpp).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"
#include "base/result.hpp"
#include "base/timestamp.hpp"
#include "config/yaml.hpp"

namespace mis::gateway {

struct ScenarioOutput {
    std::function<void(std::string_view event_json)> event;  // in outbox order
    std::function<void(std::string_view remark)>
        remark;  // a record quarantined, a message refused: the run goes on
    std::function<void(std::size_t step, const Timestamp& at)> step_begins = {};  // from 0
    std::string party = {};  // X3: only what the sinks of this payer's party get; empty: everything
};

// What the file does not say.
struct ScenarioClinic {
    enum class NoShow { end_of_day, mis } no_show = NoShow::end_of_day;  // rule A1
    enum class Payers { told, unknown } payers = Payers::told;           // rule L0
    std::map<std::string, Zone> branch_zones = {};  // branch source_id → zone
};

// What a played file left aside, each told in a remark as well.
struct ScenarioAside {
    std::vector<std::string> rows;      // "procedure p1 (total \"12x\")"
    std::vector<std::string> messages;  // "m2 (malformed)"
    bool expected = false;              // the file says `expect_quarantine: true`
};

// misconfigured with FILE:LINE, what and remedy: the file is not of the contract's form.
Result<ScenarioAside> play_scenario(
    const std::filesystem::path& file, const ScenarioOutput& output
);
Result<ScenarioAside> play_scenario(
    const config::YamlDocument& document, const ScenarioOutput& output,
    const ScenarioClinic& clinic = {}
);

// Whose public ids and pseudonyms the events of a scenario carry; all its records come from the
// source kScenarioSource.
inline constexpr const char* kScenarioSource = "scenario";
Identity scenario_identity(const std::string& clinic_id);

}  // namespace mis::gateway
