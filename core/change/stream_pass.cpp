#include "change/stream_pass.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/timestamp.hpp"
#include "change/absence.hpp"
#include "change/all_rows.hpp"
#include "change/full_comparison.hpp"
#include "change/key.hpp"
#include "change/local_time.hpp"
#include "change/token.hpp"
#include "change/told_keys.hpp"

namespace mis::change {
namespace {

using Rows = source::Capabilities::Rows;

constexpr std::int64_t kSliceUsMin = kUsPerSecond;
constexpr std::int64_t kStampSliceUsFirst = kUsPerDay;
constexpr std::int64_t kTokenSliceFirst = 10'000;
constexpr std::int64_t kClockUnsureUs = kUsPerDay;  // Capabilities::own_clock

}  // namespace

Result<StreamPass> StreamPass::create(
    std::string source, const source::StreamDeclaration& declaration, source::RowReader& reader,
    record::Mapper& mapper, RecordStore& records, sqlite::Database& database, const Clock& clock,
    PassOptions options
) {
    auto layout = RowLayout::create(declaration, reader.columns(declaration.name));
    if (!layout) return fail(layout.error());
    const source::Capabilities can = reader.capabilities(declaration.name);
    if (can.rows == Rows::by_period && !declaration.window)
        return fail(
            ErrorKind::misconfigured, "stream " + declaration.name +
                                          ": this source gives only the rows of a period: declare "
                                          "a window with a date of them"
        );
    const std::string& kind = declaration.kind.empty() ? declaration.name : declaration.kind;
    return StreamPass(PassSetup{
        {std::move(source), declaration.name, kind},
        declaration,
        std::move(options),
        std::move(*layout),
        can,
        &reader,
        &mapper,
        &records,
        &database,
        &clock});
}

Result<PassReport> StreamPass::run(PassMode mode, const DeliverBatch& deliver) {
    if (in_doubt_) load();
    in_doubt_ = true;
    StreamReading reading(setup_, state_, deliver);
    if (auto done = ladder(reading, mode); !done) {
        const std::string doing = "reading " + setup_.stream.stream;
        return fail(  // most readers say so themselves
            done.error().text.starts_with(doing) ? done.error() : done.error().within(doing)
        );
    }
    in_doubt_ = false;
    PassReport& report = reading.report();
    report.removals_held = report.removals_held || reading.met_unreadable_key();
    return report;
}

void StreamPass::load() {
    state_ = load_state(*setup_.database, setup_.stream);
    if (state_.hash_columns.empty()) state_.hash_columns = setup_.layout.column_list();
    setup_.layout.hash_columns(state_.hash_columns);
}

void StreamPass::failed(sqlite::Transaction& transaction, const Error& error) {
    StreamState known = load_state(transaction.database(), setup_.stream);
    in_doubt_ = true;
    if (known.error == error.text) return;
    if (known.error.empty()) known.failing_since_us = setup_.clock->unix_us();
    known.error = error.text;
    save_state(transaction, setup_.stream, known);
}

bool StreamPass::window_is_due() const {
    const std::int64_t since_us = setup_.clock->unix_us() - state_.window_compared_us;
    if (since_us >= 0 && since_us < setup_.options.window_every_us) return false;
    return setup_.clock->steady() - window_done_ >=
           window_took_ * 100 / setup_.options.window_duty_percent;
}

bool StreamPass::is_small(Stamps stamps) const {
    if (stamps == Stamps::sure || setup_.declaration.window) return false;
    if (setup_.can.rows == Rows::at_once) return true;  // it has no other answer
    const int rows_max = setup_.options.small_stream_rows;
    return setup_.records->standing_count(setup_.stream, rows_max + 1) <= rows_max;
}

bool StreamPass::mapping_changed() {
    const std::string& now = setup_.declaration.mapping_version;
    if (!state_.compared_mapping.empty()) return state_.compared_mapping != now;
    // a store that does not remember: asked of its records, once
    auto other = setup_.database->prepare(
        "select 1 from record r join change_stream s on s.id = r.stream join change_mapping m on "
        "m.id = r.mapping where s.source = ?1 and s.name = ?2 and r.pos is not null and m.version "
        "<> ?3 limit 1"
    );
    if (other.with(setup_.stream.source, setup_.stream.stream, now).step()) return true;
    state_.compared_mapping = now;
    return false;
}

Result<void> StreamPass::ladder(StreamReading& reading, PassMode mode) {
    const auto now = setup_.reader->source_now();
    if (!now) return fail(now.error());
    const auto now_local = local_us(*now);
    if (!now_local) return fail(ErrorKind::malformed, "the source's clock cannot be read");
    reading.begin(*now_local);
    const bool is_backfill = state_.backfill != Backfill::done;
    auto done = is_backfill ? backfill(reading) : poll(reading, mode);
    if (!done) return done;
    if (!is_backfill)
        if (done = retry_quarantined(reading, mode); !done) return done;
    if (state_.error.empty()) return {};
    state_.error.clear();
    state_.failing_since_us = 0;
    return reading.flush(CaptureBatch::Save::always);
}

Result<void> StreamPass::backfill(StreamReading& reading) {
    const std::int64_t now_local_us = reading.now_local_us();
    if (state_.backfill == Backfill::none) {
        state_.backfill = Backfill::running;
        state_.compared_mapping = setup_.declaration.mapping_version;
        // What changes meanwhile is the first poll's. By a clock that nobody can ask now may be any
        // time of a day.
        const std::int64_t unsure_us = setup_.can.own_clock ? 0 : kClockUnsureUs;
        state_.stamp_cursors_us.assign(setup_.declaration.stamps.size(), now_local_us - unsure_us);
        state_.late_from_us = oldest_late_stamp(now_local_us);
        for (const std::size_t token : setup_.declaration.tokens) {
            auto bound = setup_.reader->token_bound(setup_.stream.stream, token);
            if (!bound) return fail(bound.error());
            if (*bound) state_.token_cursors[token] = std::move(**bound);
        }
        if (auto done = begin_told(reading); !done) return done;
    }
    reading.take_own_snapshots();
    switch (setup_.can.rows) {
        case Rows::by_pages:
            return backfill_by_pages(reading);
        case Rows::at_once: {
            source::Slice all;
            all.by = source::Slice::By::key_walk;
            SeenKeys seen;
            if (const auto rows = reading.read(all, seen); !rows) return fail(rows.error());
            return end_backfill(reading);
        }
        case Rows::by_period:
            break;
    }
    Period history = declared_history(setup_, now_local_us);
    history.from_us = std::max(history.from_us, state_.history_read_us);
    auto done = read_period(reading, history, [&](const Period& piece, SeenKeys&) {
        state_.history_read_us = piece.to_us;
        return reading.flush(CaptureBatch::Save::always);
    });
    if (!done) return done;
    return end_backfill(reading);
}

Result<void> StreamPass::backfill_by_pages(StreamReading& reading) {
    reading.expect_whole_pages();
    reading.walk_ahead();
    for (bool last = false; !last;) {
        SeenKeys seen;
        std::string after = state_.walk_after;
        const auto page = reading.walk_page(after, seen);
        if (!page) return fail(page.error());
        last = *page;
        state_.walk_after = after;
        if (last) break;
        if (auto done = reading.flush(CaptureBatch::Save::always); !done) return done;
    }
    return end_backfill(reading);
}

Result<void> StreamPass::end_backfill(StreamReading& reading) {
    state_.backfill = Backfill::done;
    state_.reconciled_us = setup_.clock->unix_us();
    reading.report().backfilled = true;
    return reading.flush(CaptureBatch::Save::always);
}

// How long transactions of this MIS stay open is not known yet: what was stamped before the
// backfill began may be committed after it.
std::int64_t StreamPass::oldest_late_stamp(std::int64_t now_local_us) const {
    const PassOptions& options = setup_.options;
    if (!setup_.can.own_clock) return now_local_us - kClockUnsureUs - options.overlap_us_max;
    if (const auto told = setup_.reader->oldest_open_transaction())
        if (const auto oldest_us = local_us(*told))
            return std::max(
                std::min(*oldest_us, now_local_us) - options.overlap_us_min,
                now_local_us - options.late_us_max
            );
    return now_local_us - options.overlap_us_max;
}

// Where that is, for a while: then those transactions have ended, and what they taught is known.
std::optional<std::int64_t> StreamPass::late_from_us() {
    if (state_.late_from_us == 0) return std::nullopt;
    const std::int64_t now_us = setup_.clock->unix_us();
    if (state_.late_until_us == 0) state_.late_until_us = now_us + setup_.options.overlap_us_max;
    if (now_us < state_.late_until_us) return state_.late_from_us;
    state_.late_from_us = state_.late_until_us = 0;
    return std::nullopt;
}

Result<void> StreamPass::poll(StreamReading& reading, PassMode mode) {
    if (state_.first_poll_us == 0) state_.first_poll_us = setup_.clock->unix_us();
    const auto told_anew = poll_told(reading);
    if (!told_anew) return fail(told_anew.error());
    auto& cursor_us = reading.batch().options.cursor_us;
    if (!state_.stamp_cursors_us.empty() && !setup_.declaration.tokens.contains(0))
        cursor_us = state_.stamp_cursors_us.front();
    const auto tokens = poll_tokens(reading);
    if (!tokens) return fail(tokens.error());
    const Stamps stamps =
        setup_.layout.stamps_are_sure() || tokens->is_sure ? Stamps::sure : Stamps::unsure;
    if (auto done = poll_stamps(reading); !done) return done;
    if (stamps == Stamps::unsure && setup_.can.rows == Rows::by_pages && mode == PassMode::poll &&
        !is_small(stamps))
        if (auto done = poll_tail(reading); !done) return done;
    if (setup_.declaration.window && (window_is_due() || mode == PassMode::reconcile))
        if (auto done = compare_window(reading); !done) return done;
    cursor_us.reset();
    if (tokens->anew.empty() && !*told_anew) return compare_all(reading, mode, stamps);
    if (auto done = reconcile(reading, Reconciliation::from_the_start); !done) return done;
    if (*told_anew) state_.told_cursor = **told_anew;
    for (const auto& [index, bound] : tokens->anew) state_.token_cursors[index] = bound;
    return reading.flush(CaptureBatch::Save::always);
}

Result<void> StreamPass::compare_all(StreamReading& reading, PassMode mode, Stamps stamps) {
    if (mode == PassMode::reconcile) return reconcile(reading, Reconciliation::from_the_start);
    const std::string& mapping = setup_.declaration.mapping_version;
    const bool goes_on = !state_.reconcile_after.empty() &&
                         (state_.reconcile_mapping.empty() || state_.reconcile_mapping == mapping);
    if (goes_on) return reconcile(reading, Reconciliation::go_on);
    // What a changed map changes is one question to the operator, so it is asked of all rows, not
    // of those alone that polls happen to read.
    if (!state_.reconcile_after.empty() || mapping_changed())
        return reconcile(reading, Reconciliation::from_the_start);
    return is_small(stamps) ? compare_everything(reading) : Result<void>{};
}

// Gentle in polls: one read of the source, whatever is in quarantine.
Result<void> StreamPass::retry_quarantined(StreamReading& reading, PassMode mode) {
    const std::size_t there = reading.quarantined();
    const std::int64_t asked_us = retry_asked_us(*setup_.database, setup_.stream);
    const bool asked = asked_us > state_.retried_us;
    const bool all = !all_retried_ || asked || mode == PassMode::reconcile;
    const std::size_t most = all ? there : source::kIdsPerReadMax;
    if (all || retried_to_ >= there) retried_to_ = 0;
    SeenKeys seen;
    if (auto done = reading.retry_quarantined(retried_to_, most, seen); !done) return done;
    if (auto done = check_siblings(reading, seen); !done) return done;
    retried_to_ += most;
    all_retried_ = true;
    if (!asked) return reading.flush(CaptureBatch::Save::if_written);
    if (!setup_.can.ids && there > 0)  // it answers no questions by key
        if (auto done = compare_everything(reading); !done) return done;
    state_.retried_us = asked_us;
    return reading.flush(CaptureBatch::Save::always);
}

Result<StreamPass::Tokens> StreamPass::poll_tokens(StreamReading& reading) {
    Tokens tokens;
    for (const std::size_t index : setup_.declaration.tokens) {
        const auto bound = setup_.reader->token_bound(setup_.stream.stream, index);
        if (!bound) return fail(bound.error());
        if (!*bound) continue;
        const std::string& column = setup_.declaration.stamps[index];
        tokens.is_sure |= index == 0 && column.find('{') == std::string::npos;
        const auto cursor = state_.token_cursors.find(index);
        if (cursor == state_.token_cursors.end() || token_below(**bound, cursor->second))
            tokens.anew[index] = **bound;
        else if (auto done = poll_token(reading, index, **bound); !done)
            return fail(done.error());
    }
    return tokens;
}

Result<void> StreamPass::poll_token(
    StreamReading& reading, std::size_t index, const std::string& bound
) {
    std::string& cursor = state_.token_cursors[index];
    const auto end = token_number(bound);
    if (state_.token_slice == 0) state_.token_slice = kTokenSliceFirst;
    while (token_below(cursor, bound)) {
        const auto from = token_number(cursor);
        const auto width = static_cast<std::uint64_t>(state_.token_slice);
        const bool is_cut = from && end && *end - *from > width;
        source::Slice slice;
        slice.by = source::Slice::By::stamp;
        slice.stamp_index = index;
        slice.from = cursor;
        slice.to = is_cut ? token_text(*from + width) : bound;
        SeenKeys seen;
        const auto rows = reading.read(slice, seen);
        if (!rows) return fail(rows.error());
        if (auto done = check_siblings(reading, seen); !done) return done;
        if (is_cut || *rows > 2 * setup_.options.slice_rows)
            state_.token_slice =
                adapted_width(state_.token_slice, *rows, setup_.options.slice_rows, 1);
        cursor = slice.to;
        if (auto done = reading.flush(CaptureBatch::Save::if_written); !done) return done;
    }
    return {};
}

Result<void> StreamPass::poll_stamps(StreamReading& reading) {
    const PassOptions& options = setup_.options;
    const std::int64_t now_local_us = reading.now_local_us();
    const std::size_t stamps = setup_.declaration.stamps.size();
    state_.stamp_cursors_us.resize(stamps, now_local_us);
    const std::int64_t overlap_us = std::max(state_.overlap_us, options.overlap_us_min);
    const std::int64_t end_us = now_local_us + (setup_.can.own_clock ? kTickUs : kClockUnsureUs);
    const auto late_us = late_from_us();
    for (std::size_t i = 0; i < stamps; ++i) {
        if (setup_.declaration.tokens.contains(i)) continue;
        // A clock set back (or winter time) leaves the cursor in the future: begin again from now.
        std::int64_t from_us = std::min(state_.stamp_cursors_us[i], now_local_us) - overlap_us;
        if (late_us) from_us = std::min(from_us, *late_us);
        if (state_.stamp_slice_us == 0) state_.stamp_slice_us = kStampSliceUsFirst;
        while (from_us < end_us) {
            const std::int64_t to_us = std::min(from_us + state_.stamp_slice_us, end_us);
            source::Slice slice;
            slice.by = source::Slice::By::stamp;
            slice.stamp_index = i;
            slice.from = local_text(from_us);
            slice.to = local_text(to_us);
            SeenKeys seen;
            const auto rows = reading.read(slice, seen);
            if (!rows) return fail(rows.error());
            if (auto done = check_siblings(reading, seen); !done) return done;
            std::int64_t& cursor_us = state_.stamp_cursors_us[i];
            std::int64_t seen_us = to_us == end_us ? now_local_us : std::max(cursor_us, to_us);
            if (!setup_.can.own_clock)  // it follows what the rows themselves say
                seen_us = setup_.layout.tells_stamp(i)
                              ? std::max(cursor_us, reading.newest_stamp_us().value_or(cursor_us))
                              : std::max(cursor_us, now_local_us - kClockUnsureUs);
            cursor_us = std::min(seen_us, now_local_us);
            if (to_us - from_us >= state_.stamp_slice_us || *rows > 2 * options.slice_rows)
                state_.stamp_slice_us =
                    adapted_width(state_.stamp_slice_us, *rows, options.slice_rows, kSliceUsMin);
            if (auto done = reading.flush(CaptureBatch::Save::if_written); !done) return done;
            from_us = to_us;
        }
    }
    return {};
}

Result<void> StreamPass::poll_tail(StreamReading& reading) {
    std::string after = state_.walk_after;
    if (const auto number = integer_key(after))
        after = std::to_string(*number - setup_.options.tail_overlap_keys);
    for (bool last = false; !last;) {
        SeenKeys seen;
        const auto page = reading.walk_page(after, seen);
        if (!page) return fail(page.error());
        last = *page;
        if (auto done = check_siblings(reading, seen); !done) return done;
        const auto known = integer_key(state_.walk_after), reached = integer_key(after);
        if (!known || !reached || *reached > *known) state_.walk_after = after;
        if (auto done = reading.flush(CaptureBatch::Save::if_written); !done) return done;
    }
    return {};
}

Result<void> StreamPass::compare_window(StreamReading& reading) {
    const auto began = setup_.clock->steady();
    std::int64_t known_count = 0;
    std::vector<KnownRecord> missing;
    auto done = read_period(
        reading, declared_window(setup_, reading.now_local_us()),
        [&](const Period& piece, SeenKeys& seen) -> Result<void> {
            if (auto checked = check_siblings(reading, seen); !checked) return checked;
            const auto note_missing = [&](const KnownRecord& known) {
                ++known_count;
                if (!seen.covers(known)) missing.push_back(known);
            };
            setup_.records->known_in_window(
                setup_.stream, piece.from_us, piece.to_us, note_missing
            );
            return reading.flush(CaptureBatch::Save::if_written);
        }
    );
    if (!done) return done;
    if (done = remove_missing(reading, Comparison::window, missing, known_count); !done)
        return done;
    state_.window_compared_us = setup_.clock->unix_us();
    window_done_ = setup_.clock->steady();
    window_took_ = window_done_ - began;
    return reading.flush(CaptureBatch::Save::if_written);
}

}  // namespace mis::change
