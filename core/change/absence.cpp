#include "change/absence.hpp"

#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "change/all_rows.hpp"

namespace mis::change {
namespace {

// As the store keeps it (Hold::comparison).
std::string name_of(Comparison comparison) {
    switch (comparison) {
        case Comparison::window:
            return "window";
        case Comparison::told:
            return "told";
        case Comparison::everything:
            break;
    }
    return "everything";
}

bool loses_too_much(std::size_t missing, std::int64_t known, const PassOptions& options) {
    const auto count = static_cast<std::int64_t>(missing);
    return count > options.hold_count && count * 100 > known * options.hold_share_percent;
}

Result<void> read_by_ids(
    StreamReading& reading, std::span<const KnownRecord> missing, SeenKeys& seen
) {
    std::set<std::string> row_keys;
    for (const auto& record : missing) row_keys.insert(record.row_key);
    return read_keys(reading, row_keys, seen);
}

// The keys of those that reading their rows again did not bring back.
Result<std::vector<std::string>> confirm_gone(
    StreamReading& reading, std::span<const KnownRecord> missing
) {
    SeenKeys seen;
    auto done = reading.setup().can.ids ? read_by_ids(reading, missing, seen)
                                        : read_all_rows(reading, seen);
    if (!done) return fail(done.error());
    seen.sort();
    std::vector<std::string> gone;
    if (reading.met_unreadable_key()) return gone;
    for (const auto& record : missing)
        if (!seen.covers(record)) gone.push_back(record.key);
    return gone;
}

// Something of the stream waits for a human, whichever comparison found it: nobody removes
// anything.
bool waits_for_human(const PassSetup& setup) {
    for (const Comparison comparison :
         {Comparison::window, Comparison::everything, Comparison::told})
        if (const auto hold = removal_hold(*setup.database, setup.stream, name_of(comparison));
            hold && !hold->released)
            return true;
    return false;
}

void add_gone(CaptureBatch& batch, std::vector<std::string>&& gone) {
    std::move(gone.begin(), gone.end(), std::back_inserter(batch.gone));
}

}  // namespace

Result<void> read_keys(StreamReading& reading, const std::set<std::string>& keys, SeenKeys& seen) {
    source::Slice slice;
    slice.by = source::Slice::By::ids;
    for (auto key = keys.begin(); key != keys.end();) {
        slice.ids.clear();
        while (key != keys.end() && slice.ids.size() < source::kIdsPerReadMax)
            slice.ids.push_back(*key++);
        if (const auto rows = reading.read(slice, seen); !rows) return fail(rows.error());
        reading.report().reread += static_cast<std::int64_t>(slice.ids.size());
    }
    return {};
}

Result<void> check_siblings(StreamReading& reading, SeenKeys& seen) {
    seen.sort();
    const PassSetup& setup = reading.setup();
    const bool by_ids = setup.can.ids;
    if (!by_ids && setup.declaration.parent) return {};
    std::vector<KnownRecord> missing;
    const auto add_missing = [&](const std::vector<KnownRecord>& known) {
        for (const auto& record : known)
            if (!seen.covers(record)) missing.push_back(record);
    };
    for (const auto& row_key : seen.rows_to_check)
        add_missing(setup.records->known_of_row(setup.stream, row_key));
    if (by_ids)
        for (const auto& parent : seen.parents)
            add_missing(setup.records->known_of_parent(setup.stream, parent));
    if (missing.empty() || reading.met_unreadable_key()) return {};
    if (waits_for_human(setup)) {
        reading.report().removals_held = true;
        return {};
    }
    if (!by_ids) {
        for (const auto& record : missing) reading.batch().gone.push_back(record.key);
        return {};
    }
    auto gone = confirm_gone(reading, missing);
    if (!gone) return fail(gone.error());
    add_gone(reading.batch(), std::move(*gone));
    return {};
}

Result<void> remove_missing(
    StreamReading& reading, Comparison comparison, std::span<const KnownRecord> missing,
    std::int64_t known
) {
    const PassSetup& setup = reading.setup();
    if (comparison == Comparison::window && !setup.can.ids && !setup.can.window_tells_gone)
        return {};
    CaptureBatch& batch = reading.batch();
    const auto hold = removal_hold(*setup.database, setup.stream, name_of(comparison));
    const bool released = hold && hold->released;
    const auto end_hold = [&] {
        if (!hold) return;
        batch.hold_change = CaptureBatch::HoldChange::end;
        batch.hold = *hold;
    };
    if (missing.empty()) {
        end_hold();
        return {};
    }
    const bool held_elsewhere = !hold && waits_for_human(setup);
    if (reading.met_unreadable_key() || held_elsewhere ||
        (hold && !released && loses_too_much(missing.size(), known, setup.options))) {
        reading.report().removals_held = true;  // not even asked again
        return {};
    }
    auto gone = confirm_gone(reading, missing);
    if (!gone) return fail(gone.error());
    if (!released && loses_too_much(gone->size(), known, setup.options)) {
        reading.report().removals_held = true;
        batch.hold_change = CaptureBatch::HoldChange::begin;
        batch.hold = {
            setup.stream.source,
            setup.stream.stream,
            name_of(comparison),
            setup.clock->unix_us(),
            (comparison == Comparison::told
                 ? "what the base notes as deleted is "
                 : "the comparison of " + name_of(comparison) + " lost ") +
                std::to_string(gone->size()) + " of " + std::to_string(known) + " records at once",
            static_cast<std::int64_t>(gone->size()),
            known,
            false};
        return {};
    }
    end_hold();
    add_gone(batch, std::move(*gone));
    return {};
}

}  // namespace mis::change
