// CodeMap: the clinic's table price-list code → national nomenclature, and the list of codes that
// still wait for one (I8).
//
// An unmapped code flows all the same; it stands here, counted, until the clinic maps it. A new
// mapping re-matches plans: the caller makes the groups that used the code due again.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sqlite/database.hpp"

namespace mis::domain_store {

struct UnmappedCode {
    std::string code;
    std::int64_t first_seen_us = 0;
    std::int64_t times = 0;  // change sets that met it
};

class CodeMap {
  public:
    explicit CodeMap(sqlite::Database& database) : database_(database) {}

    std::map<std::string, std::string> all() const;  // folded code → nomenclature
    void set(
        sqlite::Transaction& transaction, std::string_view code, std::string_view nomenclature
    );
    void count_unmapped(
        sqlite::Transaction& transaction, std::span<const std::string> codes, std::int64_t now_us
    );
    std::vector<UnmappedCode> unmapped() const;  // the most frequent first

  private:
    sqlite::Database& database_;
};

}  // namespace mis::domain_store
