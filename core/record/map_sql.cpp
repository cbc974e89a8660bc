#include "record/map_sql.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "record/sql_tokens.hpp"

namespace mis::record {

Result<void> check_map_form(std::string_view sql) {
    const auto tokens = sql_tokens(sql);
    const auto wrong = [&](const SqlToken& token, const std::string& text) {
        return fail(
            ErrorKind::misconfigured,
            "line " + std::to_string(line_of(sql, token.offset)) + ": " + text
        );
    };
    if (tokens.empty())
        return fail(ErrorKind::misconfigured, "is empty; write one select from rows");
    const std::string first = to_lower(tokens.front().text);
    if (first != "select" && first != "with")
        return wrong(tokens.front(), "must be one select from rows");
    static constexpr std::array<std::string_view, 9> kForbidden{
        "where", "group", "having", "order", "limit", "union", "except", "intersect", "window"};
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const SqlToken& token = tokens[i];
        if (token.depth != 0) continue;
        if (token.kind == SqlToken::Kind::sign && token.text == ";" && i + 1 < tokens.size())
            return wrong(tokens[i + 1], "a second statement; a map is a single select");
        if (token.kind != SqlToken::Kind::word) continue;
        const std::string word = to_lower(token.text);
        if (word == "distinct")
            return wrong(token, "'distinct' has no place in a map: it runs once per row");
        if (std::find(kForbidden.begin(), kForbidden.end(), word) != kForbidden.end())
            return wrong(
                token, "'" + word +
                           "' has no place in a map: it runs once per row; leave rows out with a "
                           "column skip_reason, choose them in the fetch"
            );
    }
    return {};
}

std::vector<LiteralCall> literal_calls(
    std::string_view sql, const std::vector<std::string_view>& functions
) {
    std::vector<LiteralCall> found;
    const auto tokens = sql_tokens(sql);
    for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
        if (tokens[i].kind != SqlToken::Kind::word || tokens[i + 1].text != "(" ||
            tokens[i + 2].kind != SqlToken::Kind::text)
            continue;
        const std::string name = to_lower(tokens[i].text);
        if (std::find(functions.begin(), functions.end(), name) != functions.end())
            found.push_back({name, std::string(tokens[i + 2].text), line_of(sql, tokens[i].offset)}
            );
    }
    return found;
}

}  // namespace mis::record
