// SeenKeys: which records a read of a source met. Eight bytes a key, so that a reconciliation of
// millions of rows stays small: two keys of one stream with the same 64 bits would hide one removal
// until one of them goes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "change/record_store.hpp"

namespace mis::change {

struct SeenKeys {
    std::set<std::string>
        rows_to_check;  // rows whose earlier records may be gone although the row is there
    std::set<std::string> parents;  // fan-out by rows: parents whose children were met

    void add_record(std::string_view key) { records.push_back(hash_of(key)); }
    // A row that could not be mapped counts as present, whatever it yielded before.
    void add_quarantined(std::string_view row_key) { quarantined.push_back(hash_of(row_key)); }

    void add(const SeenKeys& page) {
        records.insert(records.end(), page.records.begin(), page.records.end());
        quarantined.insert(quarantined.end(), page.quarantined.begin(), page.quarantined.end());
    }

    void sort() {  // before covers()
        std::sort(records.begin(), records.end());
        std::sort(quarantined.begin(), quarantined.end());
    }
    bool covers(const KnownRecord& known) const {
        return std::binary_search(records.begin(), records.end(), hash_of(known.key)) ||
               std::binary_search(quarantined.begin(), quarantined.end(), hash_of(known.row_key));
    }

  private:
    static std::uint64_t hash_of(std::string_view key) {
        return std::hash<std::string_view>{}(key);
    }
    std::vector<std::uint64_t> records, quarantined;
};

}  // namespace mis::change
