// StreamReading: what a slice says where nothing can be asked by keys afterwards.
#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "change/stream_reading.hpp"

namespace mis::change {
namespace {

// More keys of one slice with several rows are no matter of rows.
constexpr std::size_t kDoubtsMax = 1'000;

}  // namespace

// Rows in quarantine come out of it by what the slice shows; those that are there as not unique
// only where it cannot have left out another row of their key.
void StreamReading::take_alone(SeenKeys& seen) {
    const auto behind = [](auto& all, std::size_t count) {
        return std::next(all.begin(), static_cast<std::ptrdiff_t>(std::min(count, all.size())));
    };
    const auto arrivals = behind(batch_.arrivals, share_.arrivals);
    batch_.arrivals.erase(
        std::remove_if(
            arrivals, batch_.arrivals.end(),
            [&](const Arrival& arrival) {
                const std::string& row_key = arrival.row_key;
                if (stays_aside(row_key)) {
                    seen.add_quarantined(row_key);
                    return true;
                }
                if (doubts_.contains(row_key)) return false;
                const std::string& id = arrival.record.source_id;
                if (!standing_.find(id) && standing_.other_stream_of(id))
                    doubt(row_key, id);
                else if (is_quarantined(row_key))
                    batch_.settled.push_back(row_key);
                return false;
            }
        ),
        batch_.arrivals.end()
    );
    const auto issues = behind(batch_.issues, share_.issues);
    batch_.issues.erase(
        std::remove_if(
            issues, batch_.issues.end(),
            [&](const record::RowIssue& issue) { return stays_aside(issue.row_key); }
        ),
        batch_.issues.end()
    );
    share_.arrivals = batch_.arrivals.size();
    share_.issues = batch_.issues.size();
}

Result<void> StreamReading::settle_by_slice(
    const source::Slice& slice, Relatives relatives, SeenKeys& seen
) {
    if (doubts_.empty()) return {};
    if (walk_) walk_->stop();
    if (doubts_.size() > kDoubtsMax)
        return fail(
            ErrorKind::malformed,
            "more than " + std::to_string(kDoubtsMax) +
                " keys of one answer have rows that differ: choose a key that names one row"
        );
    std::vector<std::string> row_keys;
    for (const auto& [row_key, group] : doubts_) row_keys.push_back(row_key);
    doubts_.clear();
    report_.reread += std::ssize(row_keys);
    const std::unordered_set<std::string> wanted(row_keys.begin(), row_keys.end());
    std::vector<Reread> rows;
    const auto take = [&](source::RowBatch&& batch) -> Result<void> {
        for (std::size_t row = 0; row < batch.rows(); ++row) {
            const auto cell = setup_.layout.key(batch, row);
            const auto key = cell.substr(0, cell.find_last_not_of(' ') + 1);
            if (wanted.contains(std::string(key))) rows.push_back(map_reread(batch, row));
        }
        return {};
    };
    const auto report = setup_.reader->read(setup_.stream.stream, slice, take);
    if (!report) return fail(report.error());
    report_.source_us += report->source_us;
    judge(row_keys, rows, relatives, seen);
    return {};
}

void StreamReading::met_every_row() {
    if (any_keyless_known_) batch_.keyless = keyless_;
    if (setup_.can.ids) return;
    const bool in_pieces = setup_.can.rows == source::Capabilities::Rows::by_period;
    for (const auto& key : quarantined_) {
        const auto met = met_quarantined_.find(key);
        const bool is_gone = met == met_quarantined_.end();
        // Its pieces left such a row alone, each for itself: the next read takes it.
        if (is_gone || (in_pieces && ambiguous_.contains(key) && met->second.size() == 1))
            batch_.settled.push_back(key);
    }
}

}  // namespace mis::change
