// The console's first page: whether everything was passed on, and if not, what is in the way.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/json.hpp"
#include "base/timestamp.hpp"
#include "gateway/watching/figures.hpp"

namespace mis::gateway {

struct HistoryPoint {
    std::int64_t at_us = 0;
    std::int64_t waiting = 0;  // events, at the sink that has most
    std::int64_t reasons = 0;
};
inline constexpr std::int64_t kHistoryStepSeconds = 300;
inline constexpr std::size_t kHistoryPoints = 288;  // a day

HistoryPoint history_point(const Figures& figures);
// Without clinic, version and tasks, which are not the figures'.
Json overview_json(
    const Figures& figures, const Zone& zone, const std::deque<HistoryPoint>& history
);

}  // namespace mis::gateway
