#include "gateway/cli/check_keys.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"

namespace mis::gateway::cli {
namespace {

constexpr std::size_t kLookedAt = 50;  // keys that came twice, whose rows are compared
constexpr std::size_t kExamples = 3;

std::string list_of(const std::vector<std::string>& keys) {
    std::string list;
    for (std::size_t i = 0; i < std::min(keys.size(), kExamples); ++i)
        list += (i > 0 ? ", " : "") + keys[i];
    return list + (keys.size() > kExamples ? " …" : "");
}

// Keys that several rows have once blanks around them are gone, as they were written.
std::map<std::string, std::vector<std::string>> repeated(const std::vector<std::string>& keys) {
    std::vector<std::pair<std::string, std::string>> sorted;
    for (const auto& key : keys)
        if (!trim(key).empty()) sorted.emplace_back(std::string(trim(key)), key);
    std::sort(sorted.begin(), sorted.end());
    std::map<std::string, std::vector<std::string>> found;
    for (std::size_t at = 1; at < sorted.size(); ++at) {
        if (sorted[at].first != sorted[at - 1].first) continue;
        auto& spellings = found[sorted[at].first];
        if (spellings.empty()) spellings.push_back(sorted[at - 1].second);
        spellings.push_back(sorted[at].second);
    }
    return found;
}

// Whether all rows of these keys are the same to the letter.
Result<bool> are_same(
    source::Source& source, const std::string& stream, const std::vector<std::string>& keys
) {
    source::Slice slice;
    slice.by = source::Slice::By::ids;
    slice.ids = keys;
    std::sort(slice.ids.begin(), slice.ids.end());
    slice.ids.erase(std::unique(slice.ids.begin(), slice.ids.end()), slice.ids.end());
    slice.ids.resize(std::min(slice.ids.size(), source::kIdsPerReadMax));
    std::set<std::vector<std::string>> rows;
    const auto take = [&](source::RowBatch&& batch) -> Result<void> {
        for (std::size_t row = 0; row < batch.rows(); ++row) {
            std::vector<std::string> cells;
            for (std::size_t column = 0; column < batch.columns(); ++column) {
                const auto cell = batch.cell(row, column);
                cells.push_back(cell ? "=" + std::string(*cell) : "");
            }
            rows.insert(std::move(cells));
        }
        return {};
    };
    const auto report = source.read(stream, slice, take);
    if (!report) return fail(report.error());
    return rows.size() < 2;
}

void look_at(
    const source::StreamDeclaration& stream, source::Source& source,
    std::vector<KeyFinding>& findings
) {
    source::Slice slice;
    slice.by = source::Slice::By::key_walk;
    slice.limit = static_cast<int>(source::kProbeRowsMax);
    const auto most = static_cast<std::size_t>(source::kProbeRowsMax);
    const auto keys = source.keys(stream.name, slice, most);
    if (!keys) {
        findings.push_back(
            {false,
             stream.name + ": whether its keys are unique could not be asked: " + keys.error().text}
        );
        return;
    }
    const auto without = std::count_if(keys->begin(), keys->end(), [](const std::string& key) {
        return trim(key).empty();
    });
    if (without > 0)
        findings.push_back(
            {false, stream.name + ": " + std::to_string(without) + " rows have no key (" +
                        stream.key +
                        "): they go to quarantine, and while they are there nothing of this stream "
                        "counts as deleted: leave them out of the fetch, or choose another key"}
        );
    std::vector<std::string> different, same;
    for (const auto& [key, spellings] : repeated(*keys)) {
        if (different.size() + same.size() == kLookedAt) break;
        const auto alike = are_same(source, stream.name, spellings);
        if (!alike) {
            findings.push_back({false, stream.name + ": " + alike.error().text});
            return;
        }
        (*alike ? same : different).push_back(key);
    }
    if (!different.empty())
        findings.push_back(
            {true, stream.name + ": the key " + stream.key + " is not unique: " +
                       (different.size() + same.size() == kLookedAt ? "at least " : "") +
                       std::to_string(different.size()) + " keys have rows that differ (" +
                       list_of(different) +
                       "), which go to quarantine: choose a key that names one row, or mend the "
                       "join that repeats it"}
        );
    if (!same.empty())
        findings.push_back(
            {false, stream.name + ": " + std::to_string(same.size()) +
                        " keys have several rows that are the same to the letter (" +
                        list_of(same) + "); each counts as one row"}
        );
}

}  // namespace

std::vector<KeyFinding> key_findings(
    const SourceSetup& setup, source::Source& source, const source::ProbeReport& report
) {
    std::vector<KeyFinding> findings;
    for (const auto& stream : setup.connector.streams) {
        const bool is_read =
            std::any_of(report.streams.begin(), report.streams.end(), [&](const auto& probe) {
                return probe.name == stream.name && probe.on && probe.reason.empty();
            });
        const auto can = source.capabilities(stream.name);
        if (can.rows != source::Capabilities::Rows::by_pages || !can.ids) continue;
        // Where rows share a parent they may share their key: their records are compared in passes.
        if (is_read && !stream.parent) look_at(stream, source, findings);
    }
    return findings;
}

}  // namespace mis::gateway::cli
