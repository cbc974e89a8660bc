// Derivation: the pure part of a group's meaning. What its facts mean, what of that may leave, and
// what is announced from then on; no store, no clock, any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "disclosure/gate.hpp"
#include "domain/evaluate.hpp"
#include "domain/now.hpp"
#include "gateway/pipeline/concerned.hpp"
#include "outbox/trace.hpp"

namespace mis::gateway {

// Public id → name; empty unless they may leave (schemas/README.md section 2).
using PractitionerNames = std::map<std::string, std::string>;

// What the writer needs of an outcome, and no more: many of them wait at a time.
struct Derivation {
    // What is announced from then on: canonical JSON, or the same by domain_store::packed_state,
    // where that is shorter.
    std::string announced, packed;
    std::vector<disclosure::DisclosedEvent> leaving;
    std::int64_t withheld = 0;  // events that do not leave
    outbox::TraceNotes trace;   // whom the events concern
    domain::Now now;            // of what is announced from then on
    bool had_now = false;       // whether there was something of it before
    disclosure::GateCounts gate;
    std::vector<std::string> event_ids;  // that the outcome counts on
    std::vector<std::string> entities;  // public ids by which the exchange may name the group later
    std::optional<Timestamp> next_tick;
    std::vector<domain::Problem> problems;
    std::vector<domain::Waiting> waiting;
    // Public ids: accounts of others or not known yet, which its lines name; its own accounts.
    std::vector<std::string> awaited_limits, limits;
    std::vector<std::string> unmapped_codes;
    std::int64_t private_version = 0;  // of the private values that its texts were held against
};

// Among Announced::first_seen_us of a group that `restore` put together from what left: its texts
// are those that passed the canary (I3). The first derivation puts the whole ones back, where what
// stands means just what was said; else all of that would be said again.
inline constexpr const char* kRestoredMark = "restored";

Derivation derive(
    const domain::GroupFacts& facts, domain::Announced before, const domain::Rules& rules,
    const PractitionerNames& names, const Identity& identity,
    disclosure::PrivateIndex* everybody = nullptr  // I3; null: only the group's own private values
);

struct Disclosure {
    std::vector<disclosure::DisclosedEvent> leaving;
    std::int64_t withheld = 0;
    outbox::TraceNotes trace;
    disclosure::GateCounts gate;
};
Disclosure disclose(
    std::vector<domain::Event> events, const disclosure::Canary& canary,
    const PractitionerNames& names, const Concerned& concerned, const Identity* identity = nullptr
);

// Of a derivation. Throws sqlite::StoreError.
std::string announced_text(const Derivation& derivation);
// What several groups announced, once they are one. Throws sqlite::StoreError: a text is damaged.
domain::Announced parse_announced(const std::vector<std::string>& texts);

}  // namespace mis::gateway
