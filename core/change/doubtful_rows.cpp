// StreamReading: which rows are in doubt, and what reading them again by their keys says (D4).
#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "change/stream_reading.hpp"
#include "record/quarantine.hpp"

namespace mis::change {
namespace {

constexpr std::size_t kRowsShown = 5;  // of one key, in quarantine

void add_to_list(std::string& list, std::string_view text) {
    if (!list.empty()) list += ", ";
    list += text;
}

}  // namespace

StreamReading::Reread StreamReading::map_reread(const source::RowBatch& rows, std::size_t row) {
    Reread reread{map_row(rows, row), record::row_json(setup_.layout.columns(), rows, row), {}};
    for (std::size_t column = 0; column < setup_.layout.columns().size(); ++column) {
        const auto cell = rows.cell(row, column);
        reread.cells.push_back(cell ? std::optional(std::string(*cell)) : std::nullopt);
    }
    return reread;
}

void StreamReading::doubt(const std::string& row_key, const std::string& group) {
    if (!row_key.empty()) doubts_.emplace(row_key, group);
}

void StreamReading::doubt_twice_met() {
    met_.compare();
    report_.repeated += met_.same();
    if (!met_.any_ambiguous()) return;
    for (const Arrival& arrival : batch_.arrivals)
        if (met_.is_ambiguous_row(arrival.row_key) ||
            met_.is_ambiguous_record(arrival.record.source_id))
            doubt(arrival.row_key, arrival.record.source_id);
    for (const auto& issue : batch_.issues)
        if (met_.is_ambiguous_row(issue.row_key)) doubt(issue.row_key, issue.row_key);
}

void StreamReading::doubt_changed() {
    for (std::size_t at = share_.arrivals; at < batch_.arrivals.size(); ++at) {
        const Arrival& arrival = batch_.arrivals[at];
        const std::string& id = arrival.record.source_id;
        if (is_quarantined(arrival.row_key)) {
            doubt(arrival.row_key, id);
            continue;
        }
        const auto standing = standing_.find(id);
        if (!standing) {
            if (sees_part_ || standing_.other_stream_of(id)) doubt(arrival.row_key, id);
        } else if (standing->key != arrival.row_key || (sees_part_ && standing->hash != arrival.row_hash)) {
            doubt(arrival.row_key, id);
            doubt(standing->key, id);  // both rows of the record, where there are two
        }
    }
    if (quarantined_.empty()) return;
    for (std::size_t at = share_.issues; at < batch_.issues.size(); ++at)
        if (const auto& row_key = batch_.issues[at].row_key;
            is_quarantined(row_key) && !bad_.contains(row_key))
            doubt(row_key, row_key);
}

Result<void> StreamReading::settle_doubts(Relatives relatives, SeenKeys& seen) {
    if (doubts_.empty()) return {};
    if (walk_) walk_->stop();
    // Rows that may make the same record are read together, at least as many as one read takes.
    std::vector<std::pair<std::string, std::string>> by_group;
    for (const auto& [row_key, group] : doubts_) by_group.emplace_back(group, row_key);
    doubts_.clear();
    std::sort(by_group.begin(), by_group.end());
    std::vector<std::string> row_keys;
    for (std::size_t at = 0; at < by_group.size(); ++at) {
        row_keys.push_back(by_group[at].second);
        const bool last = at + 1 == by_group.size();
        const bool full = row_keys.size() + 2 > source::kIdsPerReadMax &&
                          (last || by_group[at + 1].first != by_group[at].first);
        if (!last && !full && row_keys.size() < source::kIdsPerReadMax) continue;
        if (auto done = read_again(row_keys, relatives, seen); !done) return done;
        row_keys.clear();
        if (batch_.arrivals.size() >= batch_rows_max_)
            if (auto done = flush(CaptureBatch::Save::if_written); !done) return done;
    }
    return {};
}

Result<void> StreamReading::retry_quarantined(std::size_t from, std::size_t most, SeenKeys& seen) {
    if (!setup_.can.ids) return {};  // the slices that meet them tell, and a read of everything
    std::vector<std::string> row_keys;
    const auto read = [&]() -> Result<void> {
        if (row_keys.empty()) return {};
        standing_.refresh();
        auto done = read_again(row_keys, Relatives::note, seen);
        row_keys.clear();
        return done;
    };
    const std::size_t end = std::min(quarantined_.size(), from + most);
    for (std::size_t at = from; at < end; ++at) {
        if (read_again_.contains(quarantined_[at])) continue;
        row_keys.push_back(quarantined_[at]);
        if (row_keys.size() == source::kIdsPerReadMax)
            if (auto done = read(); !done) return done;
    }
    return read();
}

Result<void> StreamReading::read_again(
    std::span<const std::string> row_keys, Relatives relatives, SeenKeys& seen
) {
    report_.reread += static_cast<std::int64_t>(row_keys.size());
    read_again_.insert(row_keys.begin(), row_keys.end());
    std::vector<Reread> rows;
    auto done = read_keys(row_keys, [&](const source::RowBatch& batch) {
        for (std::size_t row = 0; row < batch.rows(); ++row) rows.push_back(map_reread(batch, row));
    });
    if (!done) return done;
    judge(row_keys, rows, relatives, seen);
    return {};
}

// All rows of these keys, side by side: those that are alone in their key and in their records are
// taken, the others set aside.
void StreamReading::judge(
    std::span<const std::string> row_keys, std::vector<Reread>& rows, Relatives relatives,
    SeenKeys& seen
) {
    const auto order = [](const Reread& row) {
        return std::tie(row.row.mapped.row_key, row.row.content, row.json);
    };
    std::sort(rows.begin(), rows.end(), [&](const Reread& a, const Reread& b) {
        return order(a) < order(b);
    });
    rows.erase(  // rows that repeat another to the letter are one
        std::unique(
            rows.begin(), rows.end(),
            [&](const Reread& a, const Reread& b) { return order(a) == order(b); }
        ),
        rows.end()
    );
    std::map<std::string, std::vector<const Reread*>> of_key;
    std::map<std::string, std::vector<const Reread*>> of_record;
    for (const Reread& row : rows) {
        of_key[row.row.mapped.row_key].push_back(&row);
        for (const auto& record : row.row.mapped.records)
            of_record[record.source_id].push_back(&row);
    }
    std::map<std::string, std::string> ambiguous;  // row key → why
    if (!setup_.declaration.parent)
        for (const auto& [row_key, same_key] : of_key) {
            if (same_key.size() < 2) continue;
            std::string columns;
            for (std::size_t column = 0; column < setup_.layout.columns().size(); ++column)
                if (std::any_of(same_key.begin(), same_key.end(), [&](const Reread* row) {
                        return row->cells[column] != same_key.front()->cells[column];
                    }))
                    add_to_list(columns, setup_.layout.columns()[column]);
            ambiguous[row_key] = std::string(record::kAmbiguous) + std::to_string(same_key.size()) +
                                 " rows have this key, with different " + columns;
        }
    for (const auto& [record_key, same_record] : of_record) {
        std::set<std::string> keys;
        for (const Reread* row : same_record) keys.insert(row->row.mapped.row_key);
        if (same_record.size() < 2) continue;
        std::string list;
        for (const auto& key : keys) {
            if (list.size() > 80) {
                list += " …";
                break;
            }
            add_to_list(list, '"' + key + '"');
        }
        for (const auto& key : keys)
            ambiguous.try_emplace(
                key, std::string(record::kAmbiguous) +
                         (keys.size() == 1 ? "several rows of this key make the same "
                                           : "the rows " + list + " make the same ") +
                         setup_.stream.kind + " " + record_key
            );
    }

    std::set<std::string> asked;
    for (const auto& row_key : row_keys) {
        if (bad_.contains(row_key)) seen.add_quarantined(row_key);
        if (of_key.contains(row_key) || is_quarantined(row_key)) asked.insert(row_key);
    }
    // What was read before is worth less. Of a key that is not found now the row stays as it was:
    // if it is gone, the comparisons will say so.
    std::erase_if(batch_.arrivals, [&](const Arrival& arrival) {
        return of_key.contains(arrival.row_key) && asked.contains(arrival.row_key);
    });
    std::erase_if(batch_.issues, [&](const record::RowIssue& issue) {
        return of_key.contains(issue.row_key) && asked.contains(issue.row_key);
    });
    for (const auto& row_key : asked) {
        const auto found = of_key.find(row_key);
        if (found == of_key.end()) {  // gone
            if (setup_.can.ids && !bad_.contains(row_key)) batch_.settled.push_back(row_key);
            continue;
        }
        const auto why = ambiguous.find(row_key);
        if (why == ambiguous.end()) continue;
        std::string raw;
        std::size_t shown = 0;
        for (const Reread* row : found->second) {
            for (const auto& record : row->row.mapped.records) seen.add_record(record.source_id);
            if (shown++ < kRowsShown) raw += (raw.empty() ? "[" : ",") + row->json;
        }
        seen.add_quarantined(row_key);
        batch_.issues.push_back({setup_.stream.stream, row_key, why->second, raw + "]"});
        ++report_.issues;
    }
    for (Reread& row : rows) {
        const std::string row_key = row.row.mapped.row_key;
        if (!asked.contains(row_key) || ambiguous.contains(row_key)) continue;
        for (const auto& record : row.row.mapped.records) {
            if (standing_.find(record.source_id)) continue;
            const auto other = standing_.other_stream_of(record.source_id);
            if (!other) continue;
            row.row.mapped.issues = {
                {setup_.stream.stream, row_key,
                 std::string(record::kAmbiguous) + setup_.stream.kind + " " + record.source_id +
                     " is stream " + *other +
                     "'s already: two streams of one kind need ids of their own, such as '" +
                     setup_.stream.stream + "-' before them",
                 row.json}};
            row.row.mapped.records.clear();
            break;
        }
        if (row.row.mapped.issues.empty() && is_quarantined(row_key))
            batch_.settled.push_back(row_key);
        add_row(std::move(row.row), relatives, seen);
    }
}

}  // namespace mis::change
