// StreamReading: a slice that fails at one of its rows is read around that row. Errors of the whole
// statement, of the connection and of too many rows remain the stream's.
#include <algorithm>

#include "base/json.hpp"
#include "change/stream_reading.hpp"

namespace mis::change {
namespace {

constexpr std::size_t kKeysPerSliceMax = 100'000;
// Each costs a statement of its own, found for the first time some eight. More of them in one pass
// are no matter of rows.
constexpr std::size_t kBadRowsMax = 500;

}  // namespace

// All rows of these keys in one snapshot, or without the rows that cannot be read.
Result<void> StreamReading::read_keys(
    std::span<const std::string> row_keys, const TakeBatch& take
) {
    source::Slice slice;
    slice.by = source::Slice::By::ids;
    slice.ids.assign(row_keys.begin(), row_keys.end());
    slice.snapshot = snapshot_;
    std::vector<source::RowBatch> batches;  // taken only if none of them fails
    const auto keep = [&](source::RowBatch&& batch) -> Result<void> {
        batches.push_back(std::move(batch));
        return {};
    };
    const auto report = setup_.reader->read(setup_.stream.stream, slice, keep);
    if (report) {
        report_.source_us += report->source_us;
        for (const auto& batch : batches) take(batch);
        return {};
    }
    if (report.error().kind != ErrorKind::malformed) return fail(report.error());
    if (row_keys.size() == 1) return set_aside(row_keys.front(), report.error());
    // Those known to be bad alone, so that they cost one statement each and the others none.
    std::vector<std::string> known, others;
    for (const auto& key : row_keys)
        (bad_.contains(key) || is_quarantined(key) ? known : others).push_back(key);
    if (!known.empty() && !others.empty()) {
        if (auto done = read_keys(others, take); !done) return done;
        for (const auto& key : known)
            if (auto done = read_keys(std::span(&key, 1), take); !done) return done;
        return {};
    }
    const std::size_t half = row_keys.size() / 2;
    if (auto done = read_keys(row_keys.first(half), take); !done) return done;
    return read_keys(row_keys.subspan(half), take);
}

// Whether one of some rows that stand can be read; yes, where no other stands.
Result<bool> StreamReading::can_read_another(const std::string& row_key) {
    bool any = false;
    for (const auto& standing : standing_.some_row_keys()) {
        if (standing == row_key || bad_.contains(standing)) continue;
        any = true;
        source::Slice one;
        one.by = source::Slice::By::ids;
        one.ids = {standing};
        one.snapshot = snapshot_;
        const auto report = setup_.reader->read(
            setup_.stream.stream, one, [](source::RowBatch&&) -> Result<void> { return {}; }
        );
        if (report) return true;
        if (report.error().kind != ErrorKind::malformed) return fail(report.error());
    }
    return !any;
}

Result<void> StreamReading::set_aside(const std::string& row_key, const Error& why) {
    if (bad_.size() >= kBadRowsMax && !bad_.contains(row_key))
        return fail(why.within("more than " + std::to_string(kBadRowsMax) + " rows"));
    if (!statement_works_) {
        const auto works = can_read_another(row_key);
        if (!works) return fail(works.error());
        statement_works_ = *works;
    }
    if (!*statement_works_) return fail(why);
    read_again_.insert(row_key);
    if (!bad_.insert(row_key).second) return {};
    const std::string key_column = setup_.layout.columns()[setup_.layout.key_index()];
    batch_.issues.push_back(
        {setup_.stream.stream, row_key, "the source cannot read this row: " + why.text,
         canonical_json({{key_column, row_key}})}
    );
    ++report_.issues;
    return {};
}

// Instead of the slice: its keys, then the rows by their keys. Returns how many there were.
Result<std::int64_t> StreamReading::read_around(
    const source::Slice& slice, const Error& why, Relatives relatives, SeenKeys& seen
) {
    if (walk_) walk_->stop();
    std::vector<std::string> keys = slice.ids;
    if (slice.by != source::Slice::By::ids) {
        auto asked = setup_.reader->keys(setup_.stream.stream, slice, kKeysPerSliceMax);
        if (!asked) {
            const auto kind = asked.error().kind;
            const bool is_lost = kind == ErrorKind::unavailable || kind == ErrorKind::cancelled;
            return fail(is_lost ? asked.error() : why);
        }
        keys = std::move(*asked);
    }
    // The rows before the bad one were taken already.
    forget_slice();
    if (taking_ == Taking::rows) met_.clear();
    end_ = {};
    const auto rows = static_cast<std::int64_t>(keys.size());
    std::vector<std::string> once;
    for (const auto& key : keys)
        if (!key.empty() && (once.empty() || once.back() != key)) once.push_back(key);
    for (std::span<const std::string> left(once); !left.empty();) {
        const auto some = left.first(std::min(left.size(), source::kIdsPerReadMax));
        left = left.subspan(some.size());
        auto done = read_keys(some, [&](const source::RowBatch& batch) {
            for (std::size_t row = 0; row < batch.rows(); ++row)
                take_row(batch, row, relatives, seen);
        });
        if (!done) return fail(done.error());
        if (batch_.arrivals.size() >= batch_rows_max_)
            if (auto room = make_room(slice, seen); !room) return fail(room.error());
    }
    std::int64_t bad = 0;
    for (const auto& key : once) {
        if (!bad_.contains(key)) continue;
        ++bad;
        seen.add_quarantined(key);
    }
    if (bad > 1 && bad == std::ssize(once) && standing_.some_row_keys().empty())
        return fail(why);  // not one of them can be read, and none ever could
    end_ = {};
    for (const auto& key : keys) end_.follow(key);
    end_.rows = rows;
    return rows;
}

}  // namespace mis::change
