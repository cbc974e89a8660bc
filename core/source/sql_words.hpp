// SQL seen as words, without understanding it: literals, quoted names and comments are stepped
// over. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mis::source {

bool is_identifier(std::string_view text);    // of at most 63 Latin letters, digits, _ and $
std::string to_upper(std::string_view text);  // Latin letters only, as catalogs keep names

// Length of the string literal, quoted name or comment that begins at `at`; 0: none begins there.
std::size_t opaque_length(std::string_view sql, std::size_t at);

// Words of the SQL that may name tables, upper case, in order of appearance; those the catalog
// knows are what the stream reads.
std::vector<std::string> identifiers_in(std::string_view sql);

// The same text with its outermost select list replaced ("max(T.MODIFYDATE)"); nullopt where there
// is none to be seen.
std::optional<std::string> with_select_list(std::string_view sql, std::string_view select_list);

}  // namespace mis::source
