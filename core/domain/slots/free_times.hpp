// Free and busy intervals per practitioner, branch and day (A3), and the event
// slots.changed when a day's intervals are no longer those that were announced. Pure: records in,
// intervals and events out.
//
// Working time is what shifts say, and free slots of sources that give free times themselves.
// Occupied is what busy times, occupied slots and visits say (cancelled and no_show visits occupy
// nothing). A practitioner is in one place at a time: what occupies him in one branch makes him
// busy in every branch where he has working time then; outside working time it is shown only in its
// own branch. Intervals are cut at local midnight of the branch; neighbours and overlaps of equal
// state are merged. Busy intervals carry no patient, no comment and no room.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.hpp"
#include "base/identity.hpp"
#include "base/json.hpp"
#include "base/timestamp.hpp"
#include "domain/event.hpp"
#include "domain/facts.hpp"

namespace mis::domain {

enum class IntervalState { free, busy };

struct Interval {  // half-open, never empty
    Timestamp starts_at, ends_at;
    IntervalState state = IntervalState::free;
    friend bool operator==(const Interval&, const Interval&) = default;
};

struct DaySlots {
    std::string source;
    std::string branch_source_id;  // empty: the source names no branch
    std::string practitioner_source_id;
    Date day;                         // in the branch's zone
    std::vector<Interval> intervals;  // in order, without overlap, never empty
};

using ZoneOfBranch =
    std::function<Zone(std::string_view source, std::string_view branch_source_id)>;

// Days from <= day < to, ordered by source, branch, practitioner, day. Facts of kinds shift, busy,
// slot and appointment count; others, those without a practitioner and those that do not parse
// (they never pass the schema check) are left out. All facts of a practitioner must be there.
std::vector<DaySlots> free_times(
    std::span<const RecordFact> facts, const ZoneOfBranch& zone_of_branch, Date from, Date to
);

struct SlotChanges {
    std::vector<Event> events;  // slots.changed, ordered by subject, day
    Json announced;             // to be kept: subject → day → hash of its intervals
};

// `announced` is what an earlier call returned, of the same practitioners as `current` ({} at
// first); days before `from` are forgotten silently, a day that lost its last interval is announced
// with none. Ids in events are public ids; the branch is "-" where there is none.
SlotChanges diff_slots(
    const Json& announced, std::span<const DaySlots> current, const Identity& identity, Date from,
    Timestamp now
);

// The fold of that (I4): what is announced once a slots.changed has been sent. Its type, source,
// subject and data are read; a divided one is to be put together first.
void apply_slots(Json& announced, const Event& event);

}  // namespace mis::domain
