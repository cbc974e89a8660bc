#include "gateway/keeping/sent_log.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <queue>
#include <set>
#include <utility>

#include "base/json.hpp"
#include "base/json_fields.hpp"
#include "base/text.hpp"

namespace mis::gateway {
namespace {

using outbox::OutboxEvent;

constexpr std::string_view kStub = "event.withheld";

std::uint64_t number_of(const Json& document, const char* name, std::uint64_t otherwise) {
    const auto found = document.find(name);
    return found != document.end() && found->is_number_unsigned() ? found->get<std::uint64_t>()
                                                                  : otherwise;
}

bool is_hex_id(const std::string& id) {
    return id.size() == 32 && std::all_of(id.begin(), id.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

bool read_sequence(const std::string& digits, OutboxEvent& event) {
    if (digits.size() != 20 ||
        !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
        return false;
    std::from_chars(digits.data(), digits.data() + 6, event.epoch);
    std::from_chars(digits.data() + 6, digits.data() + 20, event.sequence);
    return event.sequence > 0;
}

// "/clinics/C/sources/S" → S; of the exchange: empty
std::string source_of(const std::string& uri) {
    constexpr std::string_view kSources = "/sources/";
    const auto at = uri.find(kSources);
    std::string name;
    if (at == std::string::npos) return name;
    const std::string_view path = std::string_view(uri).substr(at + kSources.size());
    for (std::size_t i = 0; i < path.size(); ++i) {
        unsigned byte = 0;
        const bool escaped =
            path[i] == '%' && i + 2 < path.size() &&
            std::from_chars(path.data() + i + 1, path.data() + i + 3, byte, 16).ptr ==
                path.data() + i + 3;
        name.push_back(escaped ? static_cast<char>(byte) : path[i]);
        if (escaped) i += 2;
    }
    return name;
}

// A party's plan says one sum; everything else that a view has, it has whole.
bool says_it_all(const OutboxEvent& event, bool is_view) {
    return !is_view || (event.type != "plan.opened" && event.type != "plan.changed" &&
                        event.type != "plan.closed");
}

}  // namespace

Result<void> SentLog::read(const std::filesystem::path& file) {
    std::ifstream lines(file);
    if (!lines)
        return fail(
            ErrorKind::misconfigured,
            "reading " + file.string() + " is not possible: name a file of events already sent"
        );
    const std::size_t file_number = files_.size();
    files_.push_back(file.string());
    std::string line;
    for (std::size_t number = 1; std::getline(lines, line); ++number) {
        if (trim(line).empty()) continue;
        const auto refused = [&](ErrorKind kind, const std::string& why) {
            return fail(kind, file.string() + ":" + std::to_string(number) + ": " + why);
        };
        const auto document = parse_json(line);
        if (!document || !document->is_object()) {
            if (lines.peek() == std::ifstream::traits_type::eof())
                break;  // a torn last line was never acknowledged
            return refused(
                ErrorKind::malformed, "not an event: one JSON object a line is expected"
            );
        }
        if (text_in(*document, "clinicid") != clinic_id_)
            return refused(
                ErrorKind::misconfigured,
                "an event of clinic '" + text_in(*document, "clinicid") + "', not of " + clinic_id_
            );
        Line met;
        met.file = file_number;
        met.number = number;
        met.is_view = document->contains("previoussequence");
        OutboxEvent& event = met.event;
        event.id = text_in(*document, "id");
        event.type = text_in(*document, "type");
        event.subject = text_in(*document, "subject");
        event.partition_key = text_in(*document, "partitionkey");
        event.source = source_of(text_in(*document, "source"));
        event.record_id = text_in(*document, "recordid");
        event.change_set = text_in(*document, "changeset");
        const auto time = Timestamp::parse_rfc3339(text_in(*document, "time"));
        const auto data = document->find("data");
        if (!is_hex_id(event.id) || !event.type.starts_with("mis.") ||
            !event.type.ends_with(".v1") || event.partition_key.empty() ||
            !read_sequence(text_in(*document, "sequence"), event) || !time ||
            !is_hex_id(event.change_set) || data == document->end() || !data->is_object())
            return refused(ErrorKind::malformed, "not an event of this gateway");
        event.type = event.type.substr(4, event.type.size() - 7);
        event.time = *time;
        event.data = canonical_json(*data);
        event.change_set_index =
            static_cast<std::uint32_t>(number_of(*document, "changesetindex", 0));
        event.change_set_size =
            static_cast<std::uint32_t>(number_of(*document, "changesetsize", 1));
        take(std::move(met));
    }
    return {};
}

void SentLog::take(Line line) {
    epoch_ = std::max(epoch_, line.event.epoch);
    ++events_;
    if (const auto met = place_of_.find(line.event.id); met != place_of_.end()) {
        Line& before = lines_[met->second];
        if (!says_it_all(before.event, before.is_view) && says_it_all(line.event, line.is_view)) {
            before.event = std::move(line.event);
            before.is_view = line.is_view;
        }
        return;
    }
    if (knows_(line.event.id)) return;
    place_of_.emplace(line.event.id, lines_.size());
    lines_.push_back(std::move(line));
}

// Of the latest epoch, said whole; a stub only where no file has the event that it stands for.
std::vector<std::size_t> SentLog::usable() const {
    std::set<std::pair<std::string_view, std::uint64_t>> said;
    for (const Line& line : lines_)
        if (line.event.epoch == epoch_ && line.event.type != kStub)
            said.emplace(line.event.partition_key, line.event.sequence);
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        const Line& line = lines_[i];
        if (line.event.epoch != epoch_ || !says_it_all(line.event, line.is_view)) continue;
        if (line.event.type == kStub &&
            said.contains({line.event.partition_key, line.event.sequence}))
            continue;
        found.push_back(i);
    }
    return found;
}

SentLog::Gap SentLog::missing(
    const std::function<std::uint64_t(const std::string& partition_key)>& last
) const {
    std::map<std::string, std::set<std::uint64_t>> by_key;
    for (const std::size_t place : usable())
        by_key[lines_[place].event.partition_key].insert(lines_[place].event.sequence);
    // A view's plan tells at least that there was something.
    for (const Line& line : lines_)
        if (line.event.epoch == epoch_) by_key[line.event.partition_key];
    std::map<std::string, std::uint64_t> ends;
    for (const Line& line : lines_) {
        if (line.event.epoch != epoch_) continue;
        auto& end = ends[line.event.partition_key];
        end = std::max(end, line.event.sequence);
    }
    Gap gap;
    for (const auto& [key, sequences] : by_key) {
        const std::uint64_t from = last(key), to = ends[key];
        if (to <= from) continue;
        const auto there =
            static_cast<std::uint64_t>(std::distance(sequences.upper_bound(from), sequences.end()));
        if (there >= to - from) continue;
        if (gap.events == 0) {
            gap.partition_key = key;
            gap.after = from;
            while (sequences.contains(gap.after + 1)) ++gap.after;
        }
        gap.events += static_cast<std::int64_t>(to - from - there);
    }
    return gap;
}

// Rotated files of one sink follow each other in every key; where several sinks' files interleave,
// their names decide, which matters to nobody.
std::vector<std::size_t> SentLog::ranks_of_files(const std::vector<std::size_t>& usable) const {
    std::map<std::string, std::map<std::size_t, std::uint64_t>> first_of_key;
    for (const std::size_t place : usable) {
        const Line& line = lines_[place];
        auto [at, is_new] =
            first_of_key[line.event.partition_key].emplace(line.file, line.event.sequence);
        at->second = std::min(at->second, line.event.sequence);
    }
    std::vector<std::set<std::size_t>> follow(files_.size());
    std::vector<std::size_t> waits(files_.size(), 0);
    for (const auto& [key, firsts] : first_of_key) {
        std::vector<std::pair<std::uint64_t, std::size_t>> in_order;
        for (const auto& [file, sequence] : firsts) in_order.emplace_back(sequence, file);
        std::sort(in_order.begin(), in_order.end());
        for (std::size_t i = 1; i < in_order.size(); ++i)
            if (follow[in_order[i - 1].second].insert(in_order[i].second).second)
                ++waits[in_order[i].second];
    }
    std::set<std::pair<std::string, std::size_t>> left;
    for (std::size_t i = 0; i < files_.size(); ++i) left.emplace(files_[i], i);
    std::vector<std::size_t> ranks(files_.size(), 0);
    for (std::size_t rank = 0; !left.empty(); ++rank) {
        auto next = std::find_if(left.begin(), left.end(), [&](const auto& one) {
            return waits[one.second] == 0;
        });
        if (next == left.end()) next = left.begin();
        const std::size_t file = next->second;
        left.erase(next);
        ranks[file] = rank;
        for (const std::size_t after : follow[file])
            if (waits[after] > 0) --waits[after];
    }
    return ranks;
}

std::vector<OutboxEvent> SentLog::take_in_order() {
    const auto places = usable();
    const auto file_ranks = ranks_of_files(places);
    // Change sets, each with its events in order and the place where it was first met.
    struct ChangeSet {
        std::vector<std::size_t> places;
        std::pair<std::size_t, std::size_t> rank;
        std::set<std::size_t> follow;
        std::size_t waits = 0;
        bool done = false;
    };
    std::vector<ChangeSet> sets;
    std::unordered_map<std::string, std::size_t> set_of;
    std::map<std::string_view, std::vector<std::pair<std::uint64_t, std::size_t>>> by_key;
    for (const std::size_t place : places) {
        const Line& line = lines_[place];
        const std::pair rank{file_ranks[line.file], line.number};
        const auto [at, is_new] = set_of.emplace(line.event.change_set, sets.size());
        if (is_new) sets.push_back({{}, rank, {}, 0, false});
        ChangeSet& set = sets[at->second];
        set.places.push_back(place);
        set.rank = std::min(set.rank, rank);
        by_key[line.event.partition_key].emplace_back(line.event.sequence, at->second);
    }
    for (ChangeSet& set : sets)
        std::sort(set.places.begin(), set.places.end(), [&](std::size_t a, std::size_t b) {
            return lines_[a].event.change_set_index < lines_[b].event.change_set_index;
        });
    for (auto& [key, sequences] : by_key) {
        std::sort(sequences.begin(), sequences.end());
        for (std::size_t i = 1; i < sequences.size(); ++i) {
            const std::size_t before = sequences[i - 1].second, after = sequences[i].second;
            if (before != after && sets[before].follow.insert(after).second) ++sets[after].waits;
        }
    }
    using Ready = std::pair<std::pair<std::size_t, std::size_t>, std::size_t>;
    std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready;
    std::set<Ready> left;
    for (std::size_t i = 0; i < sets.size(); ++i) {
        left.emplace(sets[i].rank, i);
        if (sets[i].waits == 0) ready.emplace(sets[i].rank, i);
    }
    std::vector<OutboxEvent> ordered;
    ordered.reserve(places.size());
    while (!left.empty()) {
        if (ready.empty()) ready.push(*left.begin());  // sequences that were given out twice
        const Ready next = ready.top();
        ready.pop();
        ChangeSet& set = sets[next.second];
        if (std::exchange(set.done, true)) continue;
        left.erase(next);
        for (const std::size_t place : set.places)
            ordered.push_back(std::move(lines_[place].event));
        for (const std::size_t after : set.follow)
            if (sets[after].waits > 0 && --sets[after].waits == 0 && !sets[after].done)
                ready.emplace(sets[after].rank, after);
    }
    lines_.clear();
    place_of_.clear();
    return ordered;
}

}  // namespace mis::gateway
