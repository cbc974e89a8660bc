#include "change/stream_pass.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "change/key.hpp"
#include "change/local_time.hpp"
#include "change/reconciliation.hpp"
#include "change/seen.hpp"
#include "source/read_ahead.hpp"

namespace mis::change {
namespace {

constexpr std::int64_t kHourUs = 3'600 * kUsPerSecond;
constexpr std::int64_t kSliceUsMin = kUsPerSecond;
constexpr std::int64_t kStampSliceUsFirst = kUsPerDay;
constexpr std::int64_t kWindowSliceUsMin = kHourUs;
constexpr std::int64_t kWindowSliceUsFirst = 7 * kUsPerDay;
constexpr std::int64_t kSliceUsMax = 400 * kUsPerDay;

// FNV-1a: kept in the store, so it must never change.
class RowHash {
  public:
    void add(std::optional<std::string_view> cell) {
        add_byte(cell ? 1 : 0);
        if (!cell) return;
        for (const char c : *cell) add_byte(static_cast<unsigned char>(c));
    }
    std::uint64_t value() const { return hash_ == 0 ? 1 : hash_; }

  private:
    void add_byte(unsigned char byte) { hash_ = (hash_ ^ byte) * 1'099'511'628'211ULL; }
    std::uint64_t hash_ = 14'695'981'039'346'656'037ULL;
};

// "S.WORKDATE", "{column:T:TREAT.WORKDATE|…}" → "workdate": how the fetch names a column → how the
// rows do.
std::string bare_column(std::string_view column) {
    if (const auto bar = column.find('|'); bar != std::string_view::npos)
        column = column.substr(0, bar);
    if (const auto dot = column.rfind('.'); dot != std::string_view::npos)
        column.remove_prefix(dot + 1);
    return to_lower(trim(column));
}

std::optional<std::size_t> index_of(
    const std::vector<std::string>& columns, std::string_view name
) {
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found == columns.end()) return std::nullopt;
    return static_cast<std::size_t>(found - columns.begin());
}

std::int64_t adapted(
    std::int64_t width_us, std::int64_t rows, std::int64_t wanted, std::int64_t least_us
) {
    if (rows > 2 * wanted) return std::max(width_us / 2, least_us);
    if (rows < wanted / 2) return std::min(width_us * 2, kSliceUsMax);
    return width_us;
}

std::int64_t floor_day(std::int64_t local) { return local / kUsPerDay * kUsPerDay; }

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

bool loses_too_much(std::int64_t missing, std::int64_t known, const PassOptions& options) {
    return missing > options.hold_count && missing * 100 > known * options.hold_share_percent;
}

}  // namespace

struct StreamPass::Seen : SeenKeys {};

struct StreamPass::Run {
    const Deliver& deliver;
    CaptureBatch batch;
    PassReport report;
    std::int64_t now_local_us = 0;
    std::size_t batch_rows = 0;
    bool unreadable = false;
    source::SliceEnd end;                     // of the newest read
    std::unique_ptr<source::ReadAhead> walk;  // where nothing else is read between pages
};

CaptureCounts apply(
    sqlite::Transaction& transaction, RecordStore& records, CaptureBatch& batch, std::int64_t now_us
) {
    batch.options.now_us = now_us;
    CaptureCounts counts = records.capture(
        transaction, batch.stream, std::span<const Arrival>(batch.arrivals), batch.options
    );
    if (!batch.gone.empty())
        counts += records.remove(transaction, batch.stream, batch.gone, now_us);
    if (batch.forget == CaptureBatch::Forget::missing) forget_missing(transaction, batch.stream);
    if (!batch.missing.empty()) add_missing(transaction, batch.stream, batch.missing);
    if (batch.hold_change == CaptureBatch::HoldChange::begin)
        save_removal_hold(transaction, batch.stream, batch.hold);
    if (batch.hold_change == CaptureBatch::HoldChange::end)
        clear_removal_hold(transaction, batch.stream, batch.hold.comparison);
    if (counts.wrote() || batch.save == CaptureBatch::Save::always ||
        batch.forget == CaptureBatch::Forget::missing)
        save_state(transaction, batch.stream, batch.state);
    return counts;
}

Result<StreamPass> StreamPass::create(
    std::string source, const source::StreamDeclaration& declaration, source::RowReader& reader,
    record::Mapper& mapper, RecordStore& records, sqlite::Database& database, const Clock& clock,
    PassOptions options
) {
    const std::string kind = declaration.kind.empty() ? declaration.name : declaration.kind;
    StreamPass pass(
        {std::move(source), declaration.name, kind}, declaration, reader, mapper, records, database,
        clock, std::move(options)
    );
    const auto& columns = reader.columns(declaration.name);
    const std::string key =
        declaration.key_column.empty() ? bare_column(declaration.key) : declaration.key_column;
    const auto key_index = index_of(columns, key);
    if (!key_index)
        return fail(
            ErrorKind::misconfigured, "stream " + declaration.name +
                                          ": its rows have no key column " + key +
                                          ": add it to columns"
        );
    pass.key_index_ = *key_index;
    if (declaration.window) {
        const std::string window = bare_column(declaration.window->column);
        pass.window_index_ = index_of(columns, window);
        if (!pass.window_index_)
            return fail(
                ErrorKind::misconfigured,
                "stream " + declaration.name + ": its rows have no column " + window +
                    ": select the window column under that name and add it to columns"
            );
    }
    pass.stamps_are_sure_ =
        !declaration.stamps.empty() && declaration.stamps.front().find('{') == std::string::npos;
    for (const auto& stamp : declaration.stamps)
        if (const auto index = index_of(columns, bare_column(stamp)))
            pass.stamp_indexes_.push_back(*index);
    return pass;
}

StreamPass::StreamPass(
    StreamRef stream, const source::StreamDeclaration& declaration, source::RowReader& reader,
    record::Mapper& mapper, RecordStore& records, sqlite::Database& database, const Clock& clock,
    PassOptions options
)
    : stream_(std::move(stream)),
      declaration_(declaration),
      reader_(&reader),
      mapper_(&mapper),
      records_(&records),
      database_(&database),
      clock_(&clock),
      options_(std::move(options)) {}

Result<PassReport> StreamPass::run(PassMode mode, const Deliver& deliver) {
    if (in_doubt_) load();
    in_doubt_ = true;
    Run run{deliver, {}, {}, 0, static_cast<std::size_t>(options_.batch_rows), false, {}, {}};
    if (auto done = ladder(run, mode); !done) {
        const std::string doing = "reading " + stream_.stream;  // most readers say so themselves
        return fail(
            done.error().text.starts_with(doing) ? done.error() : done.error().within(doing)
        );
    }
    in_doubt_ = false;
    run.report.removals_held = run.report.removals_held || run.unreadable;
    return run.report;
}

void StreamPass::load() {
    state_ = load_state(*database_, stream_);
    const auto& columns = reader_->columns(stream_.stream);
    if (state_.hash_columns.empty())
        for (const auto& column : columns)
            state_.hash_columns += (state_.hash_columns.empty() ? "" : ",") + column;
    hash_indexes_.clear();
    for (const std::string_view column : split(state_.hash_columns, ','))
        if (const auto index = index_of(columns, column)) hash_indexes_.push_back(*index);
}

bool StreamPass::window_is_due() const {
    const std::int64_t since_us = clock_->unix_us() - state_.window_compared_us;
    if (since_us >= 0 && since_us < options_.window_every_us) return false;
    return clock_->steady() - window_done_ >= window_took_ * 100 / options_.window_duty_percent;
}

Result<void> StreamPass::ladder(Run& run, PassMode mode) {
    const auto now = reader_->source_now();
    if (!now) return fail(now.error());
    const auto now_local = local_us(*now);
    if (!now_local) return fail(ErrorKind::malformed, "the source's clock cannot be read");
    run.now_local_us = *now_local;

    if (state_.backfill != Backfill::done) {
        if (auto done = backfill(run); !done) return done;
    } else {
        if (!state_.stamp_cursors_us.empty())
            run.batch.options.cursor_us = state_.stamp_cursors_us.front();
        const bool small = !stamps_are_sure_ && !declaration_.window &&
                           records_->standing_count(stream_, options_.small_stream_rows + 1) <=
                               options_.small_stream_rows;
        if (auto done = poll_stamps(run); !done) return done;
        if (!stamps_are_sure_ && !small && mode == PassMode::poll)
            if (auto done = poll_tail(run); !done) return done;
        if (declaration_.window && (window_is_due() || mode == PassMode::reconcile))
            if (auto done = compare_window(run); !done) return done;
        run.batch.options.cursor_us.reset();
        if (mode == PassMode::reconcile || !state_.reconcile_after.empty()) {
            if (auto done = reconcile(run, mode); !done) return done;
        } else if (small) {
            if (auto done = compare_all(run); !done) return done;
        }
    }
    if (state_.error.empty()) return {};
    state_.error.clear();
    state_.failing_since_us = 0;
    return flush(run, CaptureBatch::Save::always);
}

void StreamPass::failed(sqlite::Transaction& transaction, const Error& error) {
    StreamState known = load_state(transaction.database(), stream_);
    in_doubt_ = true;
    if (known.error == error.text) return;
    if (known.error.empty()) known.failing_since_us = clock_->unix_us();
    known.error = error.text;
    save_state(transaction, stream_, known);
}

Result<void> StreamPass::backfill(Run& run) {
    if (state_.backfill == Backfill::none) {
        state_.backfill = Backfill::running;
        state_.stamp_cursors_us.assign(
            declaration_.stamps.size(), run.now_local_us
        );  // what changes meanwhile is the first poll's
    }
    run.batch_rows = static_cast<std::size_t>(options_.walk_rows) * 2;
    walk_ahead(run);
    for (bool last = false; !last;) {
        Seen seen;
        std::string after = state_.walk_after;
        const auto page = walk_page(run, after, seen);
        if (!page) return fail(page.error());
        last = *page;
        state_.walk_after = after;
        if (last) {
            state_.backfill = Backfill::done;
            state_.reconciled_us = clock_->unix_us();
            run.report.backfilled = true;
        }
        if (auto done = flush(run, CaptureBatch::Save::always); !done) return done;
    }
    return {};
}

Result<void> StreamPass::poll_stamps(Run& run) {
    state_.stamp_cursors_us.resize(declaration_.stamps.size(), run.now_local_us);
    const std::int64_t overlap_us = std::max(state_.overlap_us, options_.overlap_us_min);
    const std::int64_t end_us = run.now_local_us + kTickUs;
    for (std::size_t i = 0; i < declaration_.stamps.size(); ++i) {
        // A clock set back (or winter time) leaves the cursor in the future: begin again from now.
        std::int64_t from_us = std::min(state_.stamp_cursors_us[i], run.now_local_us) - overlap_us;
        if (state_.stamp_slice_us == 0) state_.stamp_slice_us = kStampSliceUsFirst;
        while (from_us < end_us) {
            const std::int64_t to_us = std::min(from_us + state_.stamp_slice_us, end_us);
            source::Slice slice;
            slice.by = source::Slice::By::stamp;
            slice.stamp_index = i;
            slice.from = local_text(from_us);
            slice.to = local_text(to_us);
            Seen seen;
            const auto rows = read(run, slice, seen);
            if (!rows) return fail(rows.error());
            if (auto done = check_siblings(run, seen); !done) return done;
            if (to_us == end_us)
                state_.stamp_cursors_us[i] = run.now_local_us;
            else
                state_.stamp_cursors_us[i] = std::max(state_.stamp_cursors_us[i], to_us);
            if (to_us - from_us >= state_.stamp_slice_us || *rows > 2 * options_.slice_rows)
                state_.stamp_slice_us =
                    adapted(state_.stamp_slice_us, *rows, options_.slice_rows, kSliceUsMin);
            if (auto done = flush(run, CaptureBatch::Save::if_written); !done) return done;
            from_us = to_us;
        }
    }
    return {};
}

Result<void> StreamPass::poll_tail(Run& run) {
    std::string after = state_.walk_after;
    if (const auto number = integer_key(after))
        after = std::to_string(*number - options_.tail_overlap_keys);
    for (bool last = false; !last;) {
        Seen seen;
        const auto page = walk_page(run, after, seen);
        if (!page) return fail(page.error());
        last = *page;
        if (auto done = check_siblings(run, seen); !done) return done;
        const auto known = integer_key(state_.walk_after), reached = integer_key(after);
        if (!known || !reached || *reached > *known) state_.walk_after = after;
        if (auto done = flush(run, CaptureBatch::Save::if_written); !done) return done;
    }
    return {};
}

Result<void> StreamPass::compare_window(Run& run) {
    const auto began = clock_->steady();
    const std::int64_t today_us = floor_day(run.now_local_us);
    const std::int64_t end_us = today_us + (declaration_.window->future_days + 1) * kUsPerDay;
    std::int64_t from_us = today_us - declaration_.window->past_days * kUsPerDay;
    std::int64_t known_count = 0;
    std::vector<KnownRecord> missing;
    if (state_.window_slice_us == 0) state_.window_slice_us = kWindowSliceUsFirst;
    while (from_us < end_us) {
        const std::int64_t to_us = std::min(from_us + state_.window_slice_us, end_us);
        source::Slice slice;
        slice.by = source::Slice::By::window;
        slice.from = local_text(from_us);
        slice.to = local_text(to_us);
        Seen seen;
        const auto rows = read(run, slice, seen);
        if (!rows) return fail(rows.error());
        if (auto done = check_siblings(run, seen); !done) return done;
        records_->known_in_window(stream_, from_us, to_us, [&](const KnownRecord& known) {
            ++known_count;
            if (!seen.covers(known)) missing.push_back(known);
        });
        if (to_us - from_us >= state_.window_slice_us || *rows > 2 * options_.slice_rows)
            state_.window_slice_us =
                adapted(state_.window_slice_us, *rows, options_.slice_rows, kWindowSliceUsMin);
        if (auto done = flush(run, CaptureBatch::Save::if_written); !done) return done;
        from_us = to_us;
    }
    if (auto done = remove_missing(run, "window", missing, known_count); !done) return done;
    state_.window_compared_us = clock_->unix_us();
    window_done_ = clock_->steady();
    window_took_ = window_done_ - began;
    return flush(run, CaptureBatch::Save::if_written);
}

Result<void> StreamPass::compare_all(Run& run) {
    run.batch_rows = static_cast<std::size_t>(options_.walk_rows) * 2;
    Seen seen;
    std::string after;
    for (bool last = false; !last;) {
        const auto page = walk_page(run, after, seen);
        if (!page) return fail(page.error());
        last = *page;
        if (auto done = flush(run, CaptureBatch::Save::if_written); !done) return done;
    }
    if (!after.empty()) state_.walk_after = after;
    seen.rows_to_check.clear();  // everything is compared anyway
    seen.parents.clear();
    seen.sort();
    std::int64_t known_count = 0;
    std::vector<KnownRecord> missing;
    records_->known_in_stream(stream_, [&](const KnownRecord& known) {
        ++known_count;
        if (!seen.covers(known)) missing.push_back(known);
    });
    if (auto done = remove_missing(run, "everything", missing, known_count); !done) return done;
    return flush(run, CaptureBatch::Save::if_written);
}

bool StreamPass::keys_are_integers() const {
    const auto& name = reader_->columns(stream_.stream)[key_index_];
    return std::any_of(
        declaration_.columns.begin(), declaration_.columns.end(),
        [&](const source::ColumnDeclaration& column) {
            return column.name == name && column.type == source::ColumnType::integer;
        }
    );
}

Result<void> StreamPass::reconcile(Run& run, PassMode mode) {
    const CaptureCounts before = run.report.counts;
    Drift drift_before = state_.reconcile_drift;
    const auto drift = [&] {
        const CaptureCounts& now = run.report.counts;
        return Drift{
            drift_before.missing + now.created - before.created,
            drift_before.different + now.updated - before.updated,
            drift_before.extra + now.removed - before.removed};
    };
    const auto finish = [&]() -> Result<void> {
        if (auto done = flush(run, CaptureBatch::Save::always); !done) return done;
        state_.drift = drift();
        state_.reconcile_drift = {};
        state_.reconciled_us = clock_->unix_us();
        return flush(run, CaptureBatch::Save::always);
    };
    std::string after;
    std::vector<KnownRecord> missing;
    if (mode == PassMode::reconcile || !keys_are_integers()) {
        drift_before = {};
        run.batch.forget = state_.reconcile_after.empty() ? CaptureBatch::Forget::nothing
                                                          : CaptureBatch::Forget::missing;
        state_.reconcile_after.clear();
    } else {
        after = state_.reconcile_after;
        missing = missing_so_far(*database_, stream_);
    }
    if (!keys_are_integers()) {
        if (auto done = compare_all(run); !done) return done;
        return finish();
    }
    run.batch_rows = static_cast<std::size_t>(options_.walk_rows) * 2;
    walk_ahead(run);
    Seen seen;
    for (bool last = false; !last;) {
        const auto from = integer_key(after);
        Seen page;
        const auto walked = walk_page(run, after, page);
        if (!walked) return fail(walked.error());
        last = *walked;
        page.sort();
        const auto to = last ? std::nullopt : integer_key(after);
        known_between(*database_, stream_, from, to, [&](const KnownRecord& known) {
            if (!page.covers(known)) run.batch.missing.push_back(known);
        });
        seen.add(page);
        missing.insert(missing.end(), run.batch.missing.begin(), run.batch.missing.end());
        if (last) break;
        state_.reconcile_after = after;
        state_.reconcile_drift = drift();
        if (auto done = flush(run, CaptureBatch::Save::always); !done) return done;
    }
    run.batch.missing.clear();
    if (!state_.reconcile_after.empty()) run.batch.forget = CaptureBatch::Forget::missing;
    state_.reconcile_after.clear();
    if (!after.empty()) state_.walk_after = after;
    // It may have come from another row since.
    seen.sort();
    std::erase_if(missing, [&](const KnownRecord& known) { return seen.covers(known); });
    const auto known = records_->standing_count(stream_);
    if (auto done = remove_missing(run, "everything", missing, known); !done) return done;
    return finish();
}

// From now on pages are read before they are asked for.
void StreamPass::walk_ahead(Run& run) {
    run.walk = std::make_unique<source::ReadAhead>(
        *reader_, stream_.stream, key_index_,
        [this](const source::Slice& page, const source::SliceEnd& end) {
            return next_page(page, end, declaration_);
        }
    );
}

Result<bool> StreamPass::walk_page(Run& run, std::string& after, Seen& seen) {
    source::Slice slice;
    slice.by = source::Slice::By::key_walk;
    slice.after_id = after;
    slice.limit = options_.walk_rows;
    const auto rows = read(run, slice, seen);
    if (!rows) return fail(rows.error());
    const bool last = *rows < options_.walk_rows;
    if (*rows == 0) return last;
    if (run.end.last_key.empty())
        return fail(ErrorKind::malformed, "a key walk met a row without a key");
    if (run.end.last_key == after)
        return fail(
            ErrorKind::malformed, "a key walk does not move on: the fetch must order by its key"
        );
    const std::string last_key = run.end.last_key;
    if (const auto next = next_page(slice, run.end, declaration_)) {
        after = next->after_id;
        return last;
    }
    if (!last) {  // the whole page is one key
        source::Slice whole;
        whole.by = source::Slice::By::ids;
        whole.ids = {last_key};
        if (run.walk) run.walk->stop();
        if (const auto more = read(run, whole, seen); !more) return fail(more.error());
    }
    after = last_key;
    return last;
}

Result<std::int64_t> StreamPass::read(Run& run, const source::Slice& slice, Seen& seen) {
    run.end = {};
    const bool siblings = slice.by != source::Slice::By::ids && state_.backfill == Backfill::done;
    const auto take = [&](source::RowBatch&& batch) -> Result<void> {
        for (std::size_t row = 0; row < batch.rows(); ++row) {
            RowHash hash;
            for (const std::size_t column : hash_indexes_) hash.add(batch.cell(row, column));
            const std::string_view key = batch.cell(row, key_index_).value_or("");
            run.end.follow(key);
            record::MappedRow mapped = mapper_->map(batch, row);
            ++run.batch.rows;
            if (mapped.row_key.empty()) run.unreadable = true;
            if (!mapped.issues.empty()) seen.add_quarantined(mapped.row_key);
            if (!mapped.skip_reason.empty()) ++run.batch.skipped[mapped.skip_reason];
            bool check = siblings && mapped.records.empty() && mapped.issues.empty();
            std::optional<std::int64_t> window, stamp;
            if (window_index_)
                if (const auto cell = batch.cell(row, *window_index_)) window = local_us(*cell);
            for (const std::size_t index : stamp_indexes_)
                if (const auto cell = batch.cell(row, index))
                    if (const auto time = local_us(*cell))
                        stamp = std::max(stamp.value_or(*time), *time);
            for (auto& record : mapped.records) {
                seen.add_record(record.source_id);
                check = check || (siblings && record.source_id != mapped.row_key);
                if (siblings && !record.parent_key.empty() && record.parent_key != mapped.row_key)
                    seen.parents.insert(record.parent_key);
                run.batch.arrivals.push_back(
                    {std::move(record), mapped.row_key, window, stamp, hash.value()}
                );
            }
            if (check) seen.rows_to_check.insert(mapped.row_key);
            run.report.issues += static_cast<std::int64_t>(mapped.issues.size());
            std::move(
                mapped.issues.begin(), mapped.issues.end(), std::back_inserter(run.batch.issues)
            );
            // The state of such a batch is that of before this slice: a slice counts when it is
            // complete.
            if (run.batch.arrivals.size() >= run.batch_rows)
                if (auto done = flush(run, CaptureBatch::Save::if_written); !done) return done;
        }
        return {};
    };
    const auto report = [&] {
        if (slice.by != source::Slice::By::key_walk)
            return reader_->read(stream_.stream, slice, take);
        // A walk is many rows at once: the source fetches the next while these are mapped.
        if (run.walk) return run.walk->read(slice, take);
        return source::ReadAhead(*reader_, stream_.stream, key_index_).read(slice, take);
    }();
    if (!report) return fail(report.error());
    run.end.rows = report->rows;
    run.report.rows += report->rows;
    run.report.source_us += report->source_us;
    return report->rows;
}

// Rows that yield nothing now, other records than before, or fewer children than their parent had.
Result<void> StreamPass::check_siblings(Run& run, Seen& seen) {
    seen.sort();
    std::vector<KnownRecord> missing;
    const auto add_missing = [&](const std::vector<KnownRecord>& known) {
        for (const auto& record : known)
            if (!seen.covers(record)) missing.push_back(record);
    };
    for (const auto& row_key : seen.rows_to_check)
        add_missing(records_->known_of_row(stream_, row_key));
    for (const auto& parent : seen.parents) add_missing(records_->known_of_parent(stream_, parent));
    if (missing.empty() || run.unreadable) return {};
    auto gone = confirm_gone(run, missing);
    if (!gone) return fail(gone.error());
    std::move(gone->begin(), gone->end(), std::back_inserter(run.batch.gone));
    return {};
}

// Reads the rows again by id: they may only have moved out of the window, or appeared since.
Result<std::vector<std::string>> StreamPass::confirm_gone(
    Run& run, const std::vector<KnownRecord>& missing
) {
    std::set<std::string> row_keys;
    for (const auto& record : missing) row_keys.insert(record.row_key);
    Seen seen;
    source::Slice slice;
    slice.by = source::Slice::By::ids;
    for (auto key = row_keys.begin(); key != row_keys.end();) {
        slice.ids.clear();
        while (key != row_keys.end() && slice.ids.size() < source::kIdsPerReadMax)
            slice.ids.push_back(*key++);
        if (const auto rows = read(run, slice, seen); !rows) return fail(rows.error());
        run.report.reread += static_cast<std::int64_t>(slice.ids.size());
    }
    seen.sort();
    std::vector<std::string> gone;
    if (run.unreadable) return gone;
    for (const auto& record : missing)
        if (!seen.covers(record)) gone.push_back(record.key);
    return gone;
}

Result<void> StreamPass::remove_missing(
    Run& run, const char* comparison, const std::vector<KnownRecord>& missing, std::int64_t known
) {
    const auto hold = removal_hold(*database_, stream_, comparison);
    const auto end_hold = [&] {
        if (!hold) return;
        run.batch.hold_change = CaptureBatch::HoldChange::end;
        run.batch.hold = *hold;
    };
    if (missing.empty()) {
        end_hold();
        return {};
    }
    const auto held = [&](std::size_t count) {
        return loses_too_much(static_cast<std::int64_t>(count), known, options_);
    };
    if (run.unreadable ||
        (hold && !hold->released && held(missing.size()))) {  // not even asked again
        run.report.removals_held = true;
        return {};
    }
    auto gone = confirm_gone(run, missing);
    if (!gone) return fail(gone.error());
    if (held(gone->size()) && !(hold && hold->released)) {
        run.report.removals_held = true;
        run.batch.hold_change = CaptureBatch::HoldChange::begin;
        run.batch.hold = {
            stream_.source,
            stream_.stream,
            comparison,
            clock_->unix_us(),
            "the comparison of " + std::string(comparison) + " lost " +
                std::to_string(gone->size()) + " of " + std::to_string(known) + " records at once",
            static_cast<std::int64_t>(gone->size()),
            known,
            false};
        return {};
    }
    end_hold();
    std::move(gone->begin(), gone->end(), std::back_inserter(run.batch.gone));
    return {};
}

Result<void> StreamPass::flush(Run& run, CaptureBatch::Save save) {
    const std::int64_t now_us = clock_->unix_us();
    if (now_us - state_.saved_us >= options_.save_idle_every_us || now_us < state_.saved_us)
        save = CaptureBatch::Save::always;
    CaptureBatch& batch = run.batch;
    for (const auto& [reason, count] : batch.skipped) run.report.skipped += count;
    const bool nothing = batch.arrivals.empty() && batch.gone.empty() && batch.issues.empty() &&
                         batch.skipped.empty() && batch.missing.empty() &&
                         batch.forget == CaptureBatch::Forget::nothing &&
                         batch.hold_change == CaptureBatch::HoldChange::none;
    if (nothing && save == CaptureBatch::Save::if_written) return {};
    if (save == CaptureBatch::Save::always) state_.saved_us = now_us;
    batch.stream = stream_;
    batch.options.mapping_version = declaration_.mapping_version;
    batch.options.mapping_change = options_.mapping_change;
    batch.options.exported = options_.exported;
    batch.state = state_;
    batch.save = save;
    const auto cursor_us = batch.options.cursor_us;
    auto counts = run.deliver(std::exchange(batch, {}));
    if (!counts) return fail(counts.error());
    batch.options.cursor_us = cursor_us;
    run.report.counts += *counts;
    // A row that committed later than the overlap reaches teaches a longer one; what is older than
    // any commit lag was entered with an old stamp.
    if (counts->lag_us_max > 0 && counts->lag_us_max <= options_.overlap_us_max)
        state_.overlap_us =
            std::max(state_.overlap_us, std::min(2 * counts->lag_us_max, options_.overlap_us_max));
    return {};
}

}  // namespace mis::change
