#include "change/stream_reading.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace mis::change {
namespace {

// A full page of a fan-out by rows may end in the middle of a key: the next page begins with that
// key again. nullopt: the walk ends here, or cannot go on by itself.
std::optional<source::Slice> next_page(
    const source::Slice& page, const source::SliceEnd& end, const source::StreamDeclaration& stream
) {
    if (end.rows < page.limit) return std::nullopt;
    source::Slice next = page;
    next.after_id = stream.parent ? end.key_before_last : end.last_key;
    if (next.after_id.empty() || next.after_id == page.after_id) return std::nullopt;
    return next;
}

}  // namespace

StreamReading::StreamReading(
    const PassSetup& setup, StreamState& state, const DeliverBatch& deliver
)
    : setup_(setup),
      state_(state),
      deliver_(deliver),
      batch_rows_max_(static_cast<std::size_t>(setup.options.batch_rows)) {}

void StreamReading::expect_whole_pages() {
    batch_rows_max_ = static_cast<std::size_t>(setup_.options.walk_rows) * 2;
}

void StreamReading::take_own_snapshots() {
    snapshot_ = source::Slice::Snapshot::own;
    report_.own_snapshots = true;
}

void StreamReading::walk_ahead() {
    walk_ = std::make_unique<source::ReadAhead>(
        *setup_.reader, setup_.stream.stream, setup_.layout.key_index(),
        [this](const source::Slice& page, const source::SliceEnd& end) {
            return next_page(page, end, setup_.declaration);
        }
    );
}

Result<std::int64_t> StreamReading::read(const source::Slice& asked, SeenKeys& seen) {
    end_ = {};
    source::Slice slice = asked;
    slice.snapshot = snapshot_;
    const auto relatives = slice.by != source::Slice::By::ids && state_.backfill == Backfill::done
                               ? Relatives::note
                               : Relatives::ignore;
    const auto take = [&](source::RowBatch&& rows) -> Result<void> {
        for (std::size_t row = 0; row < rows.rows(); ++row) {
            take_row(rows, row, relatives, seen);
            // The state of such a batch is that of before this slice: a slice counts when it is
            // complete.
            if (batch_.arrivals.size() >= batch_rows_max_)
                if (auto done = flush(CaptureBatch::Save::if_written); !done) return done;
        }
        return {};
    };
    const std::string& stream = setup_.stream.stream;
    const auto report = [&] {
        if (slice.by != source::Slice::By::key_walk)
            return setup_.reader->read(stream, slice, take);
        // A walk is many rows at once: the source fetches the next while these are mapped.
        if (walk_) return walk_->read(slice, take);
        return source::ReadAhead(*setup_.reader, stream, setup_.layout.key_index())
            .read(slice, take);
    }();
    if (!report) return fail(report.error());
    end_.rows = report->rows;
    report_.rows += report->rows;
    report_.source_us += report->source_us;
    return report->rows;
}

void StreamReading::take_row(
    const source::RowBatch& rows, std::size_t row, Relatives relatives, SeenKeys& seen
) {
    const RowLayout& layout = setup_.layout;
    end_.follow(layout.key(rows, row));
    record::MappedRow mapped = setup_.mapper->map(rows, row);
    ++batch_.rows;
    if (mapped.row_key.empty()) met_unreadable_key_ = true;
    if (!mapped.issues.empty()) seen.add_quarantined(mapped.row_key);
    if (!mapped.skip_reason.empty()) ++batch_.skipped[mapped.skip_reason];
    const bool note = relatives == Relatives::note;
    bool check = note && mapped.records.empty() && mapped.issues.empty();
    const auto window = layout.window_us(rows, row), stamp = layout.stamp_us(rows, row);
    const std::uint64_t hash = layout.hash(rows, row);
    for (auto& record : mapped.records) {
        seen.add_record(record.source_id);
        check = check || (note && record.source_id != mapped.row_key);
        if (note && !record.parent_key.empty() && record.parent_key != mapped.row_key)
            seen.parents.insert(record.parent_key);
        batch_.arrivals.push_back({std::move(record), mapped.row_key, window, stamp, hash});
    }
    if (check) seen.rows_to_check.insert(mapped.row_key);
    report_.issues += static_cast<std::int64_t>(mapped.issues.size());
    std::move(mapped.issues.begin(), mapped.issues.end(), std::back_inserter(batch_.issues));
}

Result<bool> StreamReading::walk_page(std::string& after, SeenKeys& seen) {
    source::Slice slice;
    slice.by = source::Slice::By::key_walk;
    slice.after_id = after;
    slice.limit = setup_.options.walk_rows;
    const auto rows = read(slice, seen);
    if (!rows) return fail(rows.error());
    const bool last = *rows < slice.limit;
    if (*rows == 0) return last;
    if (end_.last_key.empty())
        return fail(ErrorKind::malformed, "a key walk met a row without a key");
    if (end_.last_key == after)
        return fail(
            ErrorKind::malformed, "a key walk does not move on: the fetch must order by its key"
        );
    const std::string last_key = end_.last_key;
    if (const auto next = next_page(slice, end_, setup_.declaration)) {
        after = next->after_id;
        return last;
    }
    if (!last) {  // the whole page is one key
        source::Slice whole;
        whole.by = source::Slice::By::ids;
        whole.ids = {last_key};
        if (walk_) walk_->stop();
        if (const auto more = read(whole, seen); !more) return fail(more.error());
    }
    after = last_key;
    return last;
}

Result<void> StreamReading::flush(CaptureBatch::Save save) {
    const PassOptions& options = setup_.options;
    const std::int64_t now_us = setup_.clock->unix_us();
    if (now_us - state_.saved_us >= options.save_idle_every_us || now_us < state_.saved_us)
        save = CaptureBatch::Save::always;
    for (const auto& [reason, count] : batch_.skipped) report_.skipped += count;
    if (batch_.empty() && save == CaptureBatch::Save::if_written) return {};
    if (save == CaptureBatch::Save::always) state_.saved_us = now_us;
    batch_.stream = setup_.stream;
    batch_.options.mapping_version = setup_.declaration.mapping_version;
    batch_.options.mapping_change = options.mapping_change;
    batch_.options.exported = options.exported;
    batch_.state = state_;
    batch_.save = save;
    const auto cursor_us = batch_.options.cursor_us;
    auto counts = deliver_(std::exchange(batch_, {}));
    if (!counts) return fail(counts.error());
    batch_.options.cursor_us = cursor_us;
    report_.counts += *counts;
    // A row that committed later than the overlap reaches teaches a longer one; what is older than
    // any commit lag was entered with an old stamp.
    if (counts->lag_us_max > 0 && counts->lag_us_max <= options.overlap_us_max)
        state_.overlap_us =
            std::max(state_.overlap_us, std::min(2 * counts->lag_us_max, options.overlap_us_max));
    return {};
}

}  // namespace mis::change
