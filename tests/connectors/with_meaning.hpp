// The harness as `mis-gateway connectors test` runs it: the gateway says what a case's records
// mean.
#pragma once

#include "gateway/scenario/case_events.hpp"
#include "record/conformance.hpp"

inline mis::record::ConformanceOptions with_meaning() {
    mis::record::ConformanceOptions options;
    options.events_of = mis::gateway::case_events;
    return options;
}
