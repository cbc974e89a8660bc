// One list of a service, page after page, so that nothing is lost though it changes meanwhile.
//
// page, offset: pages overlap by a row at least, so a list that lost rows before the place reached
// is noticed and read again from further up (by page, where {limit} is asked for: the size of the
// pages is chosen so that one begins where wanted; where the service has a size of its own, pages
// cannot overlap). A list of several pages that cannot overlap, or
// whose total is not told or not reached, is read again until nothing new comes. Rows that were had
// already, to the letter, are left out. cursor, link, keyset: as the service leads.
//
// malformed: a page that repeats, a list that ends before its total · unavailable: it changes
// faster than it is read · what Caller::ask says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "source/http/caller.hpp"
#include "source/http/cells.hpp"

namespace mis::source::http {

inline constexpr int kReadingsMax = 5;
inline constexpr int kRequestsMax = 200'000;  // of one list

// each: the parent's value, for columns that ask for it. key: the column of the key.
struct ListOf {
    const Request* request = nullptr;
    std::size_t key = 0;
    std::optional<std::string> each;
    Validators* validators = nullptr;  // of a list that comes in one answer
    // Sees each row as it came; false: enough, the reading ends as cancelled.
    const std::function<bool(const std::vector<const Node*>& row)>* see = nullptr;
};

Result<void> read_list(
    Caller& caller, const ListOf& list, const Values& values, const TakeCells& take
);

}  // namespace mis::source::http
