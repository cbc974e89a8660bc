#include "change/told_keys.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "base/timestamp.hpp"
#include "change/absence.hpp"
#include "change/local_time.hpp"

namespace mis::change {
namespace {

constexpr std::int64_t kFirstNotesUs = kUsPerDay;  // read back where no cursor is known
constexpr std::int64_t kNotesSliceUsMin = kUsPerSecond;

// Rows of the told keys, and which records of theirs they did not bring back.
Result<void> read_told(
    StreamReading& reading, const std::vector<std::string>& told, std::vector<KnownRecord>& missing
) {
    const PassSetup& setup = reading.setup();
    const std::set<std::string> keys(told.begin(), told.end());
    SeenKeys seen;
    if (auto done = read_keys(reading, keys, seen); !done) return done;
    seen.sort();
    // after all of them: a record may have come from one row and come from another now
    for (const std::string& key : keys)
        for (const KnownRecord& known : setup.records->known_of_row(setup.stream, key))
            if (!seen.covers(known)) missing.push_back(known);
    return {};
}

// Records that we hold of rows noted as deleted in [from, to).
Result<void> read_notes(
    StreamReading& reading, std::int64_t from_us, std::int64_t to_us,
    std::vector<KnownRecord>& missing
) {
    const PassSetup& setup = reading.setup();
    source::Slice slice;
    slice.by = source::Slice::By::deletes;
    std::set<std::string> noted;
    for (std::int64_t width_us = to_us - from_us; from_us < to_us;) {
        const std::int64_t end_us = std::min(from_us + width_us, to_us);
        slice.from = local_text(from_us);
        slice.to = local_text(end_us);
        const auto keys = setup.reader->keys(setup.stream.stream, slice, kToldKeysMax);
        if (!keys) {
            const bool too_many = keys.error().kind == ErrorKind::malformed;
            if (!too_many || width_us <= kNotesSliceUsMin) return fail(keys.error());
            width_us = std::max(width_us / 2, kNotesSliceUsMin);
            continue;
        }
        for (const std::string& key : *keys)
            if (noted.insert(key).second)
                for (KnownRecord& known : setup.records->known_of_row(setup.stream, key))
                    missing.push_back(std::move(known));
        from_us = end_us;
    }
    return {};
}

}  // namespace

Result<void> begin_told(StreamReading& reading) {
    const PassSetup& setup = reading.setup();
    StreamState& state = reading.state();
    state.deletes_cursor_us = reading.now_local_us();
    if (!setup.can.ids) return {};
    auto bound = setup.reader->told_bound(setup.stream.stream);
    if (!bound) return fail(bound.error());
    state.told_cursor = bound->value_or("");
    return {};
}

Result<std::optional<std::string>> poll_told(StreamReading& reading) {
    const PassSetup& setup = reading.setup();
    StreamState& state = reading.state();
    std::optional<std::string> anew;
    if (!setup.can.ids) return anew;
    const auto bound = setup.reader->told_bound(setup.stream.stream);
    if (!bound) return fail(bound.error());
    std::vector<KnownRecord> missing;
    bool has_news = false;
    auto save = CaptureBatch::Save::if_written;
    if (!*bound && !state.told_cursor.empty()) {
        state.told_cursor.clear();
        save = CaptureBatch::Save::always;  // what happens from now on is not told
    }
    if (*bound && state.told_cursor != **bound) {
        source::ToldKeys told;
        if (!state.told_cursor.empty()) {
            auto since =
                setup.reader->told_since(setup.stream.stream, state.told_cursor, kToldKeysMax);
            if (!since) return fail(since.error());
            told = *std::move(since);
        }
        has_news = told.complete;
        if (!told.complete)
            anew = **bound;
        else if (auto done = read_told(reading, told.keys, missing); !done)
            return fail(done.error());
    }
    const std::int64_t now_us = reading.now_local_us();
    if (setup.declaration.deletes) {
        const std::int64_t unsure_us = setup.can.own_clock ? 0 : kUsPerDay;
        const std::int64_t overlap_us = std::max(state.overlap_us, setup.options.overlap_us_min);
        const std::int64_t from_us =
            state.deletes_cursor_us == 0
                ? now_us - kFirstNotesUs
                : std::min(state.deletes_cursor_us, now_us) - overlap_us - unsure_us;
        if (auto done = read_notes(reading, from_us, now_us + kTickUs + unsure_us, missing); !done)
            return fail(done.error());
    }
    const auto known = missing.empty() ? 0 : setup.records->standing_count(setup.stream);
    if (auto done = remove_missing(reading, Comparison::told, missing, known); !done)
        return fail(done.error());
    // What is held for a human is asked for again until he has answered.
    if (!reading.report().removals_held) {
        if (has_news) state.told_cursor = **bound;
        state.deletes_cursor_us = now_us;
    }
    if (auto done = reading.flush(save); !done) return fail(done.error());
    return anew;
}

}  // namespace mis::change
