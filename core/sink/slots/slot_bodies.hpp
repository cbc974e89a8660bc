// The requests that a snapshot of free times becomes, by an aggregator's declaration. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "disclosure/free_slots.hpp"
#include "sink/slots/aggregator.hpp"

namespace mis::sink {

using SlotValues = std::map<std::string, std::string>;  // the site's, by name

struct SlotRequest {
    std::string body;  // JSON
    std::string of;    // whose it is, for people: "doctor 12 of branch 1"; empty: everybody's
};

// One for the snapshot or one for each doctor, in their order; none where there is no doctor: an
// empty snapshot would take back what others have sent. Every value asked for has to be in
// `values`.
std::vector<SlotRequest> slot_requests(
    const Aggregator& aggregator, const disclosure::FreeSlots& slots, const SlotValues& values
);

// A header's value: `token` stands for {token}.
std::string slot_header(
    const std::string& text, const std::string& token, const SlotValues& values
);

}  // namespace mis::sink
