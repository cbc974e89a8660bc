// The events that a connector's case would make: its records through the meaning of production, as
// a scenario.
//
// The scene of the case is the first step, each reading of its rows one more; only the latter's
// events count. Public ids of records that the case knows are written as their source ids, so that
// people can read and write the expectation: "patient/77".
#pragma once

#include "base/result.hpp"
#include "record/case_run.hpp"
#include "source/connector.hpp"

namespace mis::gateway {

// One canonical JSON object per event, in the outbox's order: step (numbered cases), subject, type
// ("billing.charge"), data without what only we could know (ids of events). malformed: the scene
// says no time, its records are none, or a record of the case was set aside.
Result<record::CaseLines> case_events(
    const source::Connector& connector, const record::CaseRun& run
);

}  // namespace mis::gateway
