#include "change/stream_reading.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "record/quarantine.hpp"

namespace mis::change {
namespace {

// A full page may end in the middle of a key, whose other rows `key > …` would pass over: the next
// page begins with that key again. nullopt: the walk ends here, or cannot go on by itself.
std::optional<source::Slice> next_page(const source::Slice& page, const source::SliceEnd& end) {
    if (page.limit == 0 || end.rows < page.limit) return std::nullopt;
    source::Slice next = page;
    next.after_id = end.key_before_last;
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
      batch_rows_max_(static_cast<std::size_t>(setup.options.batch_rows)),
      standing_(*setup.database, setup.stream),
      quarantined_(
          record::Quarantine::open_keys(*setup.database, setup.stream.source, setup.stream.stream)
      ),
      known_quarantined_(quarantined_.begin(), quarantined_.end()),
      any_keyless_known_(
          record::Quarantine::any_keyless(*setup.database, setup.stream.source, setup.stream.stream)
      ) {
    if (setup.can.ids || quarantined_.empty()) return;
    for (auto& key : record::Quarantine::ambiguous_keys(
             *setup.database, setup.stream.source, setup.stream.stream
         ))
        ambiguous_.insert(std::move(key));
}

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
        [](const source::Slice& page, const source::SliceEnd& end) { return next_page(page, end); }
    );
}

Result<std::int64_t> StreamReading::read(const source::Slice& asked, SeenKeys& seen) {
    source::Slice slice = asked;
    slice.snapshot = snapshot_;
    met_.clear();
    standing_.refresh();
    taking_ = Taking::rows;
    asked_stamp_.reset();
    if (slice.by == source::Slice::By::stamp) asked_stamp_ = slice.stamp_index;
    sees_part_ = slice.by == source::Slice::By::stamp || slice.by == source::Slice::By::window;
    newest_stamp_us_.reset();
    share_ = {batch_.arrivals.size(), batch_.issues.size(),
              batch_.settled.size(),  batch_.rows,
              report_.issues,         {}};
    if (is_taken_whole(slice)) share_.skipped = batch_.skipped;
    const auto relatives = slice.by != source::Slice::By::ids && state_.backfill == Backfill::done
                               ? Relatives::note
                               : Relatives::ignore;
    auto rows = read_once(slice, relatives, seen);
    if (rows && taking_ == Taking::keys) {
        met_.compare();
        report_.repeated += met_.same();
        taking_ = Taking::sound_rows;
        rows = read_once(slice, relatives, seen);
    }
    if (!rows) return fail(rows.error());
    end_.rows = *rows;
    report_.rows += end_.rows;
    if (slice.by == source::Slice::By::key_walk && next_page(slice, end_)) leave_out_last_key();
    if (taking_ == Taking::rows) doubt_twice_met();
    if (setup_.can.ids)
        doubt_changed();
    else
        take_alone(seen);
    auto done =
        setup_.can.ids ? settle_doubts(relatives, seen) : settle_by_slice(slice, relatives, seen);
    if (!done) return fail(done.error());
    return end_.rows;
}

Result<std::int64_t> StreamReading::read_once(
    const source::Slice& slice, Relatives relatives, SeenKeys& seen
) {
    end_ = {};
    const auto take = [&](source::RowBatch&& rows) -> Result<void> {
        for (std::size_t row = 0; row < rows.rows(); ++row) {
            take_row(rows, row, relatives, seen);
            if (batch_.arrivals.size() >= batch_rows_max_)
                if (auto done = make_room(slice, seen); !done) return done;
        }
        return {};
    };
    const std::string& stream = setup_.stream.stream;
    auto report = [&] {
        if (slice.by != source::Slice::By::key_walk)
            return setup_.reader->read(stream, slice, take);
        // A walk is many rows at once: the source fetches the next while these are mapped.
        if (walk_) return walk_->read(slice, take);
        return source::ReadAhead(*setup_.reader, stream, setup_.layout.key_index())
            .read(slice, take);
    }();
    if (report) {
        report_.source_us += report->source_us;
        return report->rows;
    }
    if (report.error().kind != ErrorKind::malformed || !setup_.can.ids) return fail(report.error());
    return read_around(slice, report.error(), relatives, seen);
}

// What the slice under way has put into the batch so far.
void StreamReading::forget_slice() {
    batch_.arrivals.resize(share_.arrivals);
    batch_.issues.resize(share_.issues);
    batch_.rows = share_.rows;
    if (taking_ == Taking::rows) return;
    batch_.settled.resize(share_.settled);
    batch_.skipped = share_.skipped;
    report_.issues = share_.issues_told;
}

// The next page begins with it again, and with all its rows.
void StreamReading::leave_out_last_key() {
    const std::string_view cell = end_.last_key;
    const std::string_view last = cell.substr(0, cell.find_last_not_of(' ') + 1);
    std::erase_if(batch_.arrivals, [&](const Arrival& arrival) { return arrival.row_key == last; });
    std::erase_if(batch_.issues, [&](const record::RowIssue& issue) {
        return issue.row_key == last;
    });
    doubts_.erase(std::string(last));
}

// A batch is full in the middle of a slice: what is in no doubt is handed over, with the state of
// before this slice; the keys of the others are kept until the source is free.
Result<void> StreamReading::make_room(const source::Slice& slice, SeenKeys& seen) {
    // All rows of a key are compared before any of them is handed over.
    if (slice.by == source::Slice::By::ids && !setup_.declaration.parent) return {};
    if (taking_ == Taking::keys) return {};
    if (taking_ == Taking::rows && is_taken_whole(slice)) {
        taking_ = Taking::keys;
        forget_slice();
        return {};
    }
    if (setup_.can.ids)
        doubt_changed();
    else
        take_alone(seen);
    if (!doubts_.empty())
        std::erase_if(batch_.arrivals, [&](const Arrival& arrival) {
            return doubts_.contains(arrival.row_key);
        });
    share_.arrivals = batch_.arrivals.size();
    if (batch_.arrivals.size() < batch_rows_max_ / 2) return {};
    return flush(CaptureBatch::Save::if_written);
}

StreamReading::ReadRow StreamReading::map_row(const source::RowBatch& rows, std::size_t row) {
    const RowLayout& layout = setup_.layout;
    ReadRow read;
    read.mapped = setup_.mapper->map(rows, row);
    read.window_us = layout.window_us(rows, row);
    read.stamp_us = layout.stamp_us(rows, row);
    read.hash = layout.hash(rows, row);
    read.content = layout.content(rows, row, read.hash);
    return read;
}

void StreamReading::take_row(
    const source::RowBatch& rows, std::size_t row, Relatives relatives, SeenKeys& seen
) {
    end_.follow(setup_.layout.key(rows, row));
    ReadRow read = map_row(rows, row);
    const record::MappedRow& mapped = read.mapped;
    const bool is_first_read = taking_ != Taking::sound_rows;
    if (asked_stamp_)
        if (const auto at_us = setup_.layout.stamp_us(rows, row, *asked_stamp_))
            newest_stamp_us_ = std::max(newest_stamp_us_.value_or(*at_us), *at_us);
    if (mapped.row_key.empty()) {
        met_unreadable_key_ = true;
        if (!mapped.issues.empty()) keyless_.push_back(mapped.issues.front().raw_row);
    } else if (is_first_read) {
        if (!setup_.can.ids && is_quarantined(mapped.row_key))
            met_quarantined_[mapped.row_key].insert(read.content);
        // Where rows share a parent they may share their key: their records may not.
        if (!setup_.declaration.parent) met_.add_row(mapped.row_key, read.content);
        for (const auto& record : mapped.records) met_.add_record(record.source_id, read.content);
    } else if (met_.is_ambiguous_row(mapped.row_key)) {
        return doubt(mapped.row_key, mapped.row_key);
    } else {
        for (const auto& record : mapped.records)
            if (met_.is_ambiguous_record(record.source_id))
                return doubt(mapped.row_key, record.source_id);
    }
    if (taking_ == Taking::keys) return;
    ++batch_.rows;
    if (!mapped.skip_reason.empty()) ++batch_.skipped[mapped.skip_reason];
    if (!setup_.can.ids && mapped.records.empty() && mapped.issues.empty() &&
        is_quarantined(mapped.row_key) && !stays_aside(mapped.row_key))
        batch_.settled.push_back(mapped.row_key);
    add_row(std::move(read), relatives, seen);
}

void StreamReading::add_row(ReadRow&& row, Relatives relatives, SeenKeys& seen) {
    record::MappedRow& mapped = row.mapped;
    if (!mapped.issues.empty()) seen.add_quarantined(mapped.row_key);
    const bool note = relatives == Relatives::note;
    bool check = note && mapped.records.empty() && mapped.issues.empty();
    for (auto& record : mapped.records) {
        seen.add_record(record.source_id);
        check = check || (note && record.source_id != mapped.row_key);
        if (note && !record.parent_key.empty() && record.parent_key != mapped.row_key)
            seen.parents.insert(record.parent_key);
        batch_.arrivals.push_back(
            {std::move(record), mapped.row_key, row.window_us, row.stamp_us, row.hash}
        );
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
    if (const auto next = next_page(slice, end_)) {
        after = next->after_id;
        return last;
    }
    if (!last && !setup_.can.ids)
        return fail(
            ErrorKind::malformed, "a key walk met " + std::to_string(slice.limit) +
                                      " rows of one key: choose a key that names one row"
        );
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
    share_ = {};
    share_.issues_told = report_.issues;
    report_.counts += *counts;
    // A row that committed later than the overlap reaches teaches a longer one; what is older than
    // any commit lag was entered with an old stamp.
    if (counts->lag_us_max > 0 && counts->lag_us_max <= options.overlap_us_max)
        state_.overlap_us =
            std::max(state_.overlap_us, std::min(2 * counts->lag_us_max, options.overlap_us_max));
    return {};
}

}  // namespace mis::change
