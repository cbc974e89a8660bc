// SQL text cut into words, texts and signs, of whatever dialect: what the checks of form and the
// lints look at. Comments are left out. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mis::record {

struct SqlToken {
    enum class Kind { word, text, sign };  // text: in quotes of any kind; sign: one character
    Kind kind;
    std::string_view text;  // of a text: without its quotes
    std::size_t offset;
    int depth;  // of parentheses
};

inline bool is_sign(const SqlToken& token, std::string_view sign) {
    return token.kind == SqlToken::Kind::sign && token.text == sign;
}

std::vector<SqlToken> sql_tokens(std::string_view sql);

int line_of(std::string_view sql, std::size_t offset);

struct SelectItem {
    std::string name;  // the column that it gives, lower case; empty: an expression without a name
    std::vector<SqlToken> tokens;  // without the alias
    std::size_t offset = 0;
};

// The outermost select list, also behind a `with`; nullopt where there is none to be seen.
std::optional<std::vector<SelectItem>> select_list(const std::vector<SqlToken>& tokens);

// The line where that list makes a column (`… as NAME`); 0: not seen.
int line_of_column(std::string_view sql, std::string_view name);

}  // namespace mis::record
