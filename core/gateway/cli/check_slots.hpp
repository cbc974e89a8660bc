// What `check` and `slots preview` say of a sink of free times.
#pragma once

#include <string>
#include <vector>

#include "gateway/cli/session.hpp"

namespace mis::gateway::cli {

struct SlotFinding {
    std::string text;
    bool is_problem = false;
};

// A MIS that may feed the aggregator itself, streams that are read too seldom, doctors without a
// line. A session without a store tells what it can.
std::vector<SlotFinding> slot_findings(
    const Session& session, const config::SlotSinkConfig& sink, const SlotSetup& setup
);

// The free times of the store as they would leave now.
disclosure::SlotDisclosure slots_now(const Session& session, const SlotSetup& setup);

}  // namespace mis::gateway::cli
