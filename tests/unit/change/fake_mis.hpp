// FakeMis: a model of what a database shows to a reader: committed rows only, one snapshot per
// read, whatever order transactions commit in. It breaks what clinics' bases break: rows stamped
// before they commit, edits and deletions without a trace, keys used again. What it cannot do
// (`can`) it refuses.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "change/key.hpp"
#include "change/local_time.hpp"
#include "change/token.hpp"
#include "record/mapper.hpp"
#include "source/row_reader.hpp"

namespace mis::change::testing {

struct KeyOrder {  // as a database orders its primary key
    bool operator()(const std::string& a, const std::string& b) const {
        const auto left = integer_key(a), right = integer_key(b);
        if (left && right) return *left < *right;
        return a < b;
    }
};

struct FakeRow {
    std::int64_t stamp_us = 0;
    std::int64_t window_us = 0;
    std::string patient, value, parent;
    std::uint64_t version = 0;  // of the row, as a token
};

class FakeMis final : public source::RowReader {
  public:
    explicit FakeMis(const Clock& clock) : clock_(&clock) {}

    std::map<std::string, FakeRow, KeyOrder> rows;        // committed
    std::multimap<std::string, FakeRow, KeyOrder> twins;  // further rows of keys that have one
    std::set<std::string> uncomputable;         // keys at whose rows the server itself fails
    std::function<void()> before_read = [] {};  // others work while we read
    std::function<bool()> breaks = [] {
        return false;
    };  // asked per batch: the connection is cut off
    std::size_t rows_per_batch = 3;
    std::vector<std::string> names = {"id", "stamp", "day", "patient", "value", "parent"};
    std::vector<source::Slice> reads;
    std::optional<std::int64_t> oldest_open_us;  // nullopt: nobody may know
    // Below it every row version is committed; 0: it has none.
    std::function<std::uint64_t()> lowest_open_version = [] { return 0; };
    struct ListedKey {
        std::uint64_t version = 0;
        std::string key;
    };
    // What it tells of itself as written or deleted, and from where on; nullopt: it keeps no list.
    std::optional<std::vector<ListedKey>> listed;
    std::uint64_t listed_from = 0, version_now = 0;
    std::multimap<std::int64_t, std::string> noted_deletes;  // local time → key
    source::Capabilities can;
    std::int64_t skew_us = 0;  // of its clock against ours

    source::Capabilities capabilities(const std::string&) const override { return can; }
    std::int64_t now_us() const { return clock_->unix_us() + skew_us; }

    const std::vector<std::string>& columns(const std::string&) const override { return names; }

    Result<source::ReadReport> read(
        const std::string&, const source::Slice& slice,
        const std::function<Result<void>(source::RowBatch&&)>& take
    ) override {
        before_read();
        reads.push_back(slice);
        if (!can_answer(slice)) return fail(ErrorKind::misconfigured, "it has no such question");
        std::multimap<std::string, FakeRow, KeyOrder> ordered(rows.begin(), rows.end());
        ordered.insert(twins.begin(), twins.end());
        std::vector<std::pair<std::string, FakeRow>> snapshot(ordered.begin(), ordered.end());
        if (can.rows != source::Capabilities::Rows::by_pages)  // in no order of keys
            std::rotate(
                snapshot.begin(), snapshot.begin() + std::ssize(snapshot) / 3, snapshot.end()
            );
        source::ReadReport report;
        source::RowBatch batch(names.size());
        const auto hand_over = [&]() -> Result<void> {
            if (breaks()) return fail(ErrorKind::unavailable, "connection lost");
            auto taken = take(std::move(batch));
            batch = source::RowBatch(names.size());
            return taken;
        };
        for (const auto& [key, row] : snapshot) {
            if (!matches(slice, key, row)) continue;
            if (slice.by == source::Slice::By::key_walk && slice.limit > 0 &&
                report.rows == slice.limit)
                break;
            if (uncomputable.contains(key))
                return fail(ErrorKind::malformed, "fetching: divide by zero");
            ++report.rows;
            batch.add(key);
            batch.add(local_text(row.stamp_us));
            batch.add(local_text(row.window_us).substr(0, 10));
            batch.add(row.patient);
            batch.add(row.value);
            if (names.size() > 5) batch.add(row.parent);
            if (batch.rows() >= rows_per_batch)
                if (auto taken = hand_over(); !taken) return fail(taken.error());
        }
        if (auto taken = hand_over(); !taken) return fail(taken.error());
        return report;
    }
    Result<std::vector<std::string>> keys(
        const std::string&, const source::Slice& slice, std::size_t
    ) override {
        std::vector<std::string> found;
        if (slice.by == source::Slice::By::deletes) {
            for (const auto& [at_us, key] : noted_deletes)
                if (in(slice, at_us)) found.push_back(key);
            return found;
        }
        std::multimap<std::string, FakeRow, KeyOrder> snapshot(rows.begin(), rows.end());
        snapshot.insert(twins.begin(), twins.end());
        for (const auto& [key, row] : snapshot) {
            if (!matches(slice, key, row)) continue;
            if (slice.by == source::Slice::By::key_walk && std::ssize(found) == slice.limit) break;
            found.push_back(key);
        }
        return found;
    }
    Result<std::string> source_now() override {
        return local_text(can.own_clock ? now_us() : clock_->unix_us());
    }
    Result<std::optional<std::string>> token_bound(const std::string&, std::size_t) override {
        const std::uint64_t bound = lowest_open_version();
        return bound == 0 ? std::nullopt : std::optional(token_text(bound));
    }
    Result<std::optional<std::string>> told_bound(const std::string&) override {
        return listed ? std::optional(std::to_string(version_now)) : std::nullopt;
    }
    Result<source::ToldKeys> told_since(
        const std::string&, const std::string& bound, std::size_t most
    ) override {
        const std::uint64_t since = std::stoull(bound);
        source::ToldKeys told{since >= listed_from && since <= version_now, {}};
        for (const auto& [version, key] : *listed)
            if (version > since) told.keys.push_back(key);
        if (told.keys.size() > most) told.complete = false;
        return told;
    }
    Result<std::string> fingerprint() override { return std::string("fake 1"); }
    std::optional<std::string> oldest_open_transaction() override {
        if (!oldest_open_us) return std::nullopt;
        return local_text(*oldest_open_us);
    }
    void cancel() override {}

  private:
    bool can_answer(const source::Slice& slice) const {
        using Rows = source::Capabilities::Rows;
        if (slice.by == source::Slice::By::ids) return can.ids;
        if (slice.by != source::Slice::By::key_walk) return true;
        if (can.rows == Rows::at_once) return slice.limit == 0 && slice.after_id.empty();
        return can.rows == Rows::by_pages && slice.limit > 0;
    }
    static bool matches(const source::Slice& slice, const std::string& key, const FakeRow& row) {
        switch (slice.by) {
            case source::Slice::By::stamp:
                if (slice.from.starts_with("0x"))
                    return row.version >= *token_number(slice.from) &&
                           row.version < *token_number(slice.to);
                return in(slice, row.stamp_us);
            case source::Slice::By::window:
                return in(slice, row.window_us);
            case source::Slice::By::key_walk:
                return slice.after_id.empty() || KeyOrder{}(slice.after_id, key);
            case source::Slice::By::deletes:
                return false;
            case source::Slice::By::ids:
                return std::find(slice.ids.begin(), slice.ids.end(), key) != slice.ids.end();
        }
        return false;
    }
    static bool in(const source::Slice& slice, std::int64_t at_us) {
        return at_us >= *local_us(slice.from) && at_us < *local_us(slice.to);
    }
    const Clock* clock_;
};

// The row as it is; "bad" cannot be mapped, "skip" is left out, "unreadable" has no readable key.
class IdentityMapper final : public record::Mapper {
  public:
    explicit IdentityMapper(std::string prefix = "") : prefix_(std::move(prefix)) {}
    std::string suffix;  // of the value: another mapping

    record::MappedRow map(const source::RowBatch& batch, std::size_t row) override {
        record::MappedRow mapped;
        mapped.row_key = *batch.cell(row, 0);
        const std::string value(*batch.cell(row, 4));
        if (value == "bad" || value == "unreadable") {
            if (value == "unreadable") mapped.row_key.clear();
            mapped.issues.push_back({"visit", mapped.row_key, "value: cannot be read", "{}"});
        } else if (value == "skip") {
            mapped.skip_reason = "reserve";
        } else {
            record::Record record;
            record.kind = "procedure";
            record.source_id = prefix_ + mapped.row_key;
            record.patient_source_id = *batch.cell(row, 3);
            if (batch.columns() > 5) record.parent_key = *batch.cell(row, 5);
            record.body = canonical_json(
                {{"source_id", record.source_id},
                 {"patient_source_id", record.patient_source_id},
                 {"value", value + suffix}}
            );
            record.content_hash = sha256(record.body);
            mapped.records.push_back(std::move(record));
        }
        return mapped;
    }

    record::MapWork work() const override { return {}; }

  private:
    std::string prefix_;
};

inline source::StreamDeclaration declaration(bool with_stamps, bool with_window, bool with_parent) {
    source::StreamDeclaration stream;
    stream.name = "visit";
    stream.kind = "procedure";
    stream.key = "V.ID";
    stream.key_column = "id";
    stream.mapping_version = "m1";
    if (with_stamps) stream.stamps = {"V.STAMP"};
    if (with_window) stream.window = source::WindowDeclaration{"V.DAY", 3, 5};
    if (with_parent) stream.parent = "parent";
    return stream;
}

}  // namespace mis::change::testing
