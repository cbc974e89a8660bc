// Gate: station 5. What the domain says → what may leave.
//
// An event whose ground is missing (Export::withheld) stays: it is counted and takes no sequence
// number (X1). Of the others only the fields of the allow-list (core/disclosure/allow_list.cpp,
// equal to schemas/event) pass; a field that is not on it, or has another shape, is dropped and
// counted; texts that people typed are held against the canary. Long lists are split into parts
// here, where their structure is still known. Pure: no store, no clock. One owner, one thread; the
// counters are totals since construction.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"
#include "disclosure/canary.hpp"
#include "disclosure/disclosed_event.hpp"
#include "domain/event.hpp"

namespace mis::disclosure {

struct Verdict {
    std::string
        withheld;  // why nothing leaves: "no_ground", "unknown_type", "too_long"; empty: it left
    std::uint32_t fields_withheld = 0;
    bool left() const { return withheld.empty(); }
};

struct GateCounts {
    std::uint64_t events = 0;                              // appended to `into`, parts counted
    std::uint64_t private_fields_withheld = 0;             // metric private_fields_withheld_total
    std::map<std::string, std::uint64_t> events_withheld;  // by reason
    GateCounts& operator+=(const GateCounts& other);
};

class Gate {
  public:
    // `identity`: for codes that must not leave as they are; it outlives the gate. Null: they are
    // dropped.
    explicit Gate(const Identity* identity = nullptr) : identity_(identity) {}

    // Appends the event, or its parts in order, to `into`; nothing when withheld.
    // Parts: a statement's `charges`, a plan's `items`, a day's `intervals`, a mismatch's `lines`;
    // `part` counts from 1, totals stand in the last.
    Verdict disclose(domain::Event event, const Canary& canary, std::vector<DisclosedEvent>& into);

    const GateCounts& counts() const { return counts_; }

  private:
    const Identity* identity_;
    GateCounts counts_;
};

}  // namespace mis::disclosure
