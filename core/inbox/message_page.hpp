// A page of the exchange's messages as it came over the wire, taken apart without judging what is
// in it: {"messages": [MESSAGE, …], "next": "CURSOR"}.
//
// Each message keeps its own text, so that one that makes no sense (a number with a point, broken
// UTF-8, a name twice) spoils none of its neighbours. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace mis::inbox {

struct MessagePage {
    std::vector<std::string> messages;  // the text of each, in order; of any kind
    std::string next;                   // the cursor behind the last of them
};

inline constexpr std::size_t kPageBytesMax = 4'000'000;
inline constexpr std::size_t kCursorBytesMax = 512;

// malformed: no object with both members, each once, brackets that do not close, or `next` no
// cursor.
Result<MessagePage> read_page(std::string_view text);

// Printable ASCII without blanks, 1 to kCursorBytesMax bytes.
bool is_cursor(std::string_view text);

}  // namespace mis::inbox
