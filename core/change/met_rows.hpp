// MetRows: the keys that one read met, to find those that came twice with another content (D4). One
// read is one snapshot, so such rows are two rows and no edit in between.
//
// Sixteen bytes a row and as many a record, for the length of one slice.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace mis::change {

class MetRows {
  public:
    void add_row(std::string_view row_key, std::uint64_t content) {
        rows_.push_back({hash_of(row_key), content});
    }
    void add_record(std::string_view key, std::uint64_t content) {
        records_.push_back({hash_of(key), content});
    }
    void clear() {
        rows_.clear();
        records_.clear();
    }

    // After the read, before the questions below.
    void compare() {
        same_ = 0;
        keep_ambiguous(rows_, same_);
        std::int64_t records_same = 0;
        keep_ambiguous(records_, records_same);
    }
    bool any_ambiguous() const { return !rows_.empty() || !records_.empty(); }
    bool is_ambiguous_row(std::string_view row_key) const { return holds(rows_, row_key); }
    bool is_ambiguous_record(std::string_view key) const { return holds(records_, key); }
    std::int64_t same() const { return same_; }  // rows that repeated another to the letter

  private:
    struct Met {
        std::uint64_t key, content;
        friend auto operator<=>(const Met&, const Met&) = default;
    };
    static std::uint64_t hash_of(std::string_view key) {
        return std::hash<std::string_view>{}(key);
    }
    static void keep_ambiguous(std::vector<Met>& met, std::int64_t& same) {
        std::sort(met.begin(), met.end());
        std::size_t kept = 0;
        for (std::size_t begin = 0; begin < met.size();) {
            std::size_t end = begin + 1;
            for (; end < met.size() && met[end].key == met[begin].key; ++end)
                if (met[end].content == met[end - 1].content) ++same;
            const Met first = met[begin];
            if (met[end - 1].content != first.content) met[kept++] = first;
            begin = end;
        }
        met.resize(kept);
    }
    static bool holds(const std::vector<Met>& met, std::string_view key) {
        if (met.empty()) return false;
        const auto found = std::lower_bound(met.begin(), met.end(), Met{hash_of(key), 0});
        return found != met.end() && found->key == hash_of(key);
    }

    std::vector<Met> rows_, records_;
    std::int64_t same_ = 0;
};

}  // namespace mis::change
