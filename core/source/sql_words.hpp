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
bool is_word_letter(char c);                  // of such
std::string to_upper(std::string_view text);  // Latin letters only, as catalogs keep names

// `"visits"` → visits, `Visits` → VISITS: the name as the catalog has it.
std::string catalog_name(std::string_view written);
// The other way: the catalog's name as a statement must write it. In quotes where it is no plain
// word in upper case, or a word that SQL keeps for itself: `"price list"`, `"ORDER"`.
std::string written_name(std::string_view name);
std::string quoted_name(std::string_view name);  // `"Order ""1"""`
// What a column of a fetch is called in `columns:`, where it is selected without another name:
// "V.DAY_AT" → day_at, `V."Day at"` → "day at"; of "{column:V:VISIT.DAY_AT|…}" the column that is
// meant.
std::string declared_name(std::string_view column);

// Cut at `separator`, but not inside double quotes.
std::vector<std::string_view> split_names(std::string_view text, char separator);

// Length of the string literal, quoted name or comment that begins at `at`; 0: none begins there.
std::size_t opaque_length(std::string_view sql, std::size_t at);

// Words of the SQL that may name tables, as the catalog would have them (upper case, or what stands
// in double quotes), in order of appearance; those the catalog knows are what the stream reads.
std::vector<std::string> identifiers_in(std::string_view sql);

// The same text with `top N` behind its outermost `select` or `select distinct`; nullopt: it does
// not begin with one.
std::optional<std::string> with_row_limit(std::string_view sql, int rows);

// The same text with its outermost select list replaced ("max(T.MODIFYDATE)"); nullopt where there
// is none to be seen.
std::optional<std::string> with_select_list(std::string_view sql, std::string_view select_list);

}  // namespace mis::source
