// UsedIds: the set of event ids ever used, as 64-bit prefixes; kept for ever (I2). Private to
// core/outbox.
//
// Ids are hashes, so inserting them one by one into a sorted table would touch every page of it in
// each transaction. New ones are appended to a log (outbox_id_log) and kept in a small flat set in
// memory; when that is full it is merged, sorted, into outbox_id. A filter (about a byte per id, at
// most 4 MB) answers "never seen" without a read. Two ids that share a prefix (one pair in 10^8 ids
// at 0.03 %) only make an n skip a number.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sqlite/database.hpp"

namespace mis::outbox {

std::uint64_t id_prefix(std::string_view id_hex);  // the first 16 of 32 hex digits

class UsedIds {
  public:
    void load(sqlite::Database& database);  // forgets what it had
    bool contains(sqlite::Database& database, std::uint64_t prefix) const;
    void add(std::uint64_t prefix);
    void write(sqlite::Transaction& transaction);  // what was added since the last write

  private:
    bool in_recent(std::uint64_t prefix) const;
    void insert_recent(std::uint64_t prefix);
    void filter_add(std::uint64_t prefix);
    bool filter_maybe(std::uint64_t prefix) const;
    void load_filter(sqlite::Database& database);
    void merge(sqlite::Transaction& transaction);

    std::vector<std::uint64_t> recent_;  // open addressing, 0 = free; 0 itself is stored as 1
    std::size_t recent_count_ = 0;
    std::vector<std::uint64_t> filter_;
    std::size_t merged_count_ = 0;
    std::vector<std::uint64_t> unwritten_;
};

}  // namespace mis::outbox
