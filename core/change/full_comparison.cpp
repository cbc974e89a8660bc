#include "change/full_comparison.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "change/absence.hpp"
#include "change/all_rows.hpp"
#include "change/key.hpp"
#include "change/reconciliation.hpp"

namespace mis::change {
namespace {

// Every page in its turn. Those that were handed over stay counted as found missing when the walk
// is interrupted (StreamState::reconcile_after, reconciliation.hpp). `missing`: what pages before
// this walk missed; in the end, of all pages.
Result<void> walk_and_compare(
    StreamReading& reading, std::string after, std::vector<KnownRecord>& missing,
    const std::function<Drift()>& drift
) {
    const PassSetup& setup = reading.setup();
    StreamState& state = reading.state();
    const bool from_the_start = after.empty();
    reading.expect_whole_pages();
    reading.walk_ahead();
    SeenKeys seen;
    for (bool last = false; !last;) {
        const auto from = integer_key(after);
        SeenKeys page;
        const auto walked = reading.walk_page(after, page);
        if (!walked) return fail(walked.error());
        last = *walked;
        page.sort();
        const auto to = last ? std::nullopt : integer_key(after);
        auto& missing_here = reading.batch().missing;
        known_between(*setup.database, setup.stream, from, to, [&](const KnownRecord& known) {
            if (!page.covers(known)) missing_here.push_back(known);
        });
        seen.add(page);
        missing.insert(missing.end(), missing_here.begin(), missing_here.end());
        if (last) break;
        state.reconcile_after = after;
        state.reconcile_drift = drift();
        if (auto done = reading.flush(CaptureBatch::Save::always); !done) return done;
    }
    reading.batch().missing.clear();
    if (!state.reconcile_after.empty()) reading.batch().forget = CaptureBatch::Forget::missing;
    state.reconcile_after.clear();
    if (from_the_start) reading.met_every_row();
    if (!after.empty()) state.walk_after = after;
    // It may have come from another row since.
    seen.sort();
    std::erase_if(missing, [&](const KnownRecord& known) { return seen.covers(known); });
    return {};
}

}  // namespace

Result<void> compare_everything(StreamReading& reading) {
    const PassSetup& setup = reading.setup();
    SeenKeys seen;
    if (auto done = read_all_rows(reading, seen); !done) return done;
    reading.met_every_row();
    seen.rows_to_check.clear();  // everything is compared anyway
    seen.parents.clear();
    seen.sort();
    std::int64_t known_count = 0;
    std::vector<KnownRecord> missing;
    const auto note_missing = [&](const KnownRecord& known) {
        ++known_count;
        if (!seen.covers(known)) missing.push_back(known);
    };
    if (setup.can.rows == source::Capabilities::Rows::by_period) {
        const Period history = declared_history(setup, reading.now_local_us());
        setup.records->known_in_window(setup.stream, history.from_us, history.to_us, note_missing);
    } else {
        setup.records->known_in_stream(setup.stream, note_missing);
    }
    if (auto done = remove_missing(reading, Comparison::everything, missing, known_count); !done)
        return done;
    return reading.flush(CaptureBatch::Save::if_written);
}

Result<void> reconcile(StreamReading& reading, Reconciliation begin) {
    const PassSetup& setup = reading.setup();
    StreamState& state = reading.state();
    reading.take_own_snapshots();
    // What is missing from a page is asked for again in the end, long after.
    const bool by_pages = setup.layout.keys_are_integers() && setup.can.ids &&
                          setup.can.rows == source::Capabilities::Rows::by_pages;
    std::string after;
    std::vector<KnownRecord> missing;
    Drift drift_before;
    if (begin == Reconciliation::go_on && by_pages) {
        after = state.reconcile_after;
        missing = missing_so_far(*setup.database, setup.stream);
        drift_before = state.reconcile_drift;
    } else {
        reading.batch().forget = state.reconcile_after.empty() ? CaptureBatch::Forget::nothing
                                                               : CaptureBatch::Forget::missing;
        state.reconcile_after.clear();
        state.reconcile_mapping = setup.declaration.mapping_version;
    }
    const CaptureCounts before = reading.report().counts;
    const auto drift = [&] {
        const CaptureCounts& now = reading.report().counts;
        return Drift{
            drift_before.missing + now.created - before.created,
            drift_before.different + now.updated - before.updated,
            drift_before.extra + now.removed - before.removed};
    };
    if (by_pages) {
        if (auto done = walk_and_compare(reading, after, missing, drift); !done) return done;
        const auto known = setup.records->standing_count(setup.stream);
        if (auto done = remove_missing(reading, Comparison::everything, missing, known); !done)
            return done;
    } else if (auto done = compare_everything(reading); !done) {
        return done;
    }
    if (auto done = reading.flush(CaptureBatch::Save::always); !done) return done;
    state.drift = drift();
    state.reconcile_drift = {};
    if (!state.reconcile_mapping.empty()) state.compared_mapping = state.reconcile_mapping;
    state.reconciled_us = setup.clock->unix_us();
    return reading.flush(CaptureBatch::Save::always);
}

}  // namespace mis::change
