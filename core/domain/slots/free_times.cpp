#include "domain/slots/free_times.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "base/json_fields.hpp"

namespace mis::domain {
namespace {

struct Span {  // [from, to) in microseconds UTC
    std::int64_t from, to;
};
using Spans = std::vector<Span>;

struct Branch {
    Spans working;
    Spans occupied;  // said in this branch
};
struct Practitioner {
    Spans occupied;  // wherever
    std::map<std::string, Branch> branches;
};

void merge(Spans& spans) {
    std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
        return a.from < b.from;
    });
    Spans merged;
    for (const Span& span : spans) {
        if (!merged.empty() && span.from <= merged.back().to)
            merged.back().to = std::max(merged.back().to, span.to);
        else
            merged.push_back(span);
    }
    spans = std::move(merged);
}

// Both merged. What of `whole` is not in `taken`; and what of it is.
Spans without(const Spans& whole, const Spans& taken) {
    Spans left;
    std::size_t next = 0;
    for (Span span : whole) {
        while (next < taken.size() && taken[next].to <= span.from) ++next;
        for (std::size_t at = next; at < taken.size() && taken[at].from < span.to; ++at) {
            if (taken[at].from > span.from) left.push_back({span.from, taken[at].from});
            span.from = std::max(span.from, taken[at].to);
        }
        if (span.from < span.to) left.push_back(span);
    }
    return left;
}

Spans common(const Spans& a, const Spans& b) {
    Spans both;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        const Span overlap{std::max(a[i].from, b[j].from), std::min(a[i].to, b[j].to)};
        if (overlap.from < overlap.to) both.push_back(overlap);
        if (a[i].to < b[j].to)
            ++i;
        else
            ++j;
    }
    return both;
}

void take_fact(const RecordFact& fact, std::map<std::string, Practitioner>& practitioners) {
    const std::string& kind = fact.key.kind;
    if (kind != "shift" && kind != "busy" && kind != "slot" && kind != "appointment") return;
    const Json body = Json::parse(fact.body, nullptr, false);
    if (!body.is_object()) return;
    const std::string practitioner = text_in(body, "practitioner_source_id");
    const auto starts = Timestamp::parse_rfc3339(text_in(body, "starts_at"));
    const auto ends = Timestamp::parse_rfc3339(text_in(body, "ends_at"));
    if (practitioner.empty() || !starts || !ends || !(*starts < *ends)) return;
    const Span span{starts->unix_us, ends->unix_us};
    Practitioner& whose = practitioners[practitioner];
    Branch& where = whose.branches[text_in(body, "branch_source_id")];
    if (kind == "shift" || kind == "slot") where.working.push_back(span);
    if (kind == "shift") return;
    if (kind == "slot" && body.value("free", false)) return;
    if (kind == "appointment") {
        const std::string status = text_in(body, "status");
        if (status == "cancelled" || status == "no_show") return;
    }
    whose.occupied.push_back(span);
    where.occupied.push_back(span);
}

// One branch's intervals in order: free = working − occupied anywhere; busy = working ∩ occupied
// anywhere, and what was occupied here.
std::vector<std::pair<Span, IntervalState>> intervals_of(
    Branch branch, const Spans& occupied_anywhere
) {
    merge(branch.working);
    std::vector<std::pair<Span, IntervalState>> all;
    for (const Span& span : without(branch.working, occupied_anywhere))
        all.emplace_back(span, IntervalState::free);
    Spans busy = common(branch.working, occupied_anywhere);
    busy.insert(busy.end(), branch.occupied.begin(), branch.occupied.end());
    merge(busy);
    for (const Span& span : busy) all.emplace_back(span, IntervalState::busy);
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return a.first.from < b.first.from;
    });
    return all;
}

Json intervals_json(const std::vector<Interval>& intervals) {
    Json list = Json::array();
    for (const Interval& interval : intervals) {
        list.push_back(Json{
            {"starts_at", interval.starts_at.to_string()},
            {"ends_at", interval.ends_at.to_string()},
            {"free", interval.state == IntervalState::free},
        });
    }
    return list;
}

std::string hash_of(const Json& intervals) {
    return to_hex(sha256(canonical_json(intervals))).substr(0, 32);
}

Event changed(
    const std::string& source, const std::string& subject, const std::string& day, Json intervals,
    Timestamp now
) {
    // subject is "slot/{branch}/{practitioner}"
    const std::size_t slash = subject.find('/', 5);
    const std::string branch = subject.substr(5, slash - 5);
    const std::string practitioner = subject.substr(slash + 1);
    Event event;
    event.type = "slots.changed";
    event.entity_id = practitioner;
    event.identity =
        canonical_json(Json{{"branch", branch}, {"day", day}, {"intervals", intervals}});
    event.subject = subject;
    event.partition_key = subject;
    event.source = source;
    event.time = now;
    event.data = Json{
        {"branch", branch},
        {"practitioner", practitioner},
        {"day", day},
        {"intervals", std::move(intervals)}};
    event.ground = "no patient's data";
    return event;
}

}  // namespace

std::vector<DaySlots> free_times(
    std::span<const RecordFact> facts, const ZoneOfBranch& zone_of_branch, Date from, Date to
) {
    std::map<std::string, std::map<std::string, Practitioner>> sources;
    for (const RecordFact& fact : facts) take_fact(fact, sources[fact.key.source]);

    std::vector<DaySlots> days;
    for (auto& [source, practitioners] : sources) {
        for (auto& [practitioner, work] : practitioners) {
            merge(work.occupied);
            for (const auto& [branch, parts] : work.branches) {
                const Zone zone = zone_of_branch(source, branch);
                for (const auto& [span, state] : intervals_of(parts, work.occupied)) {
                    std::int64_t start = span.from;
                    while (start < span.to) {
                        const Date day = zone.at(start).local_date();
                        if (!(day < to)) break;
                        std::int64_t end =
                            std::min(span.to, zone.start_of_day(day.plus_days(1)).unix_us);
                        if (end <= start)
                            end =
                                span.to;  // a clock set back across midnight: that day comes twice
                        if (!(day < from)) {
                            const bool new_day =
                                days.empty() || days.back().day != day ||
                                days.back().branch_source_id != branch ||
                                days.back().practitioner_source_id != practitioner ||
                                days.back().source != source;
                            if (new_day)
                                days.push_back(DaySlots{source, branch, practitioner, day, {}});
                            days.back().intervals.push_back(Interval{
                                zone.at(start), zone.at(end), state});
                        }
                        start = end;
                    }
                }
            }
        }
    }
    std::sort(days.begin(), days.end(), [](const DaySlots& a, const DaySlots& b) {
        return std::tie(a.source, a.branch_source_id, a.practitioner_source_id, a.day) <
               std::tie(b.source, b.branch_source_id, b.practitioner_source_id, b.day);
    });
    return days;
}

SlotChanges diff_slots(
    const Json& announced, std::span<const DaySlots> current, const Identity& identity, Date from,
    Timestamp now
) {
    struct Day {
        Json intervals;
        std::string hash;
    };
    // subject → source and its days; a subject holds a public id, so it belongs to one source
    std::map<std::string, std::pair<std::string, std::map<std::string, Day>>> wanted;
    for (const DaySlots& slots : current) {
        const std::string branch =
            slots.branch_source_id.empty()
                ? "-"
                : identity.public_id(slots.source, "branch", slots.branch_source_id);
        const std::string practitioner =
            identity.public_id(slots.source, "practitioner", slots.practitioner_source_id);
        auto& [source, days] = wanted["slot/" + branch + "/" + practitioner];
        source = slots.source;
        Day day{intervals_json(slots.intervals), ""};
        day.hash = hash_of(day.intervals);
        days[slots.day.to_string()] = std::move(day);
    }
    if (announced.is_object()) {
        for (const auto& [subject, known] : announced.items()) {
            auto& [source, days] = wanted[subject];
            source = known.value("source", source);
            const Json known_days = known.value("days", Json::object());
            for (const auto& [day, hash] : known_days.items()) {
                const auto date = Date::parse_iso(day);
                if (date && !(*date < from)) days.try_emplace(day, Day{Json::array(), ""});
            }
        }
    }

    SlotChanges changes{{}, Json::object()};
    for (auto& [subject, found] : wanted) {
        auto& [source, days] = found;
        const Json known = announced.is_object() && announced.contains(subject)
                               ? announced[subject].value("days", Json::object())
                               : Json::object();
        Json kept = Json::object();
        for (auto& [day, now_there] : days) {
            if (known.value(day, std::string()) != now_there.hash)
                changes.events.push_back(
                    changed(source, subject, day, std::move(now_there.intervals), now)
                );
            if (!now_there.hash.empty()) kept[day] = now_there.hash;
        }
        if (!kept.empty())
            changes.announced[subject] = Json{{"source", source}, {"days", std::move(kept)}};
    }
    return changes;
}

void apply_slots(Json& announced, const Event& event) {
    const Json data = event.data.tree();
    const Json intervals = data.value("intervals", Json::array());
    const std::string day = data.value("day", std::string());
    if (!announced.is_object()) announced = Json::object();
    Json& known = announced[event.subject];
    if (!known.is_object()) known = Json{{"days", Json::object()}};
    known["source"] = event.source;
    if (intervals.empty())
        known["days"].erase(day);
    else
        known["days"][day] = hash_of(intervals);
    if (known["days"].empty()) announced.erase(event.subject);
}

}  // namespace mis::domain
