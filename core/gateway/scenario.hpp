// A scenario file played through the real stations 2–6 on a temporary store (contract.md section
// 7): "what would you send if".
//
// Each step is one change set per patient at the step's time: its upserts, then removals, then
// inbox messages; a step without content lets time pass. The clock is the steps', the pseudonym key
// is fixed, so the same file always gives the same bytes.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mis::gateway {

struct ScenarioOutput {
    std::function<void(std::string_view event_json)> event;  // in outbox order
    std::function<void(std::string_view remark)>
        remark;  // a record quarantined, a message refused: the run goes on
};

// misconfigured with FILE:LINE, what and remedy: the file is not of the contract's form.
Result<void> play_scenario(const std::filesystem::path& file, const ScenarioOutput& output);

}  // namespace mis::gateway
