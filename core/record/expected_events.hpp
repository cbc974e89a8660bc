// expected.events.jsonl of a case against what its records mean.
//
// The list is whole and in order; of an event `type`, `subject` (and `step` of numbered cases) must
// be equal, and of `data` the fields that the expectation names: others may be there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mis::record {

struct EventDifference {
    int line = 0;  // of the expectation
    std::string
        what;  // "billing.charge of patient/77: data.total.minor: expected 450000, got 400000"
};

// `actual`: one canonical JSON object per event. Only the first difference of the lists, but of
// that event every field.
std::vector<EventDifference> compare_events(
    std::string_view expected_text, const std::vector<std::string>& actual
);

}  // namespace mis::record
