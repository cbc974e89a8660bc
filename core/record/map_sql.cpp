#include "record/map_sql.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace mis::record {

namespace {

struct Token {
    enum class Kind { word, text, sign };
    Kind kind;
    std::string_view text;  // of a text: without its quotes
    std::size_t offset;
    int depth;  // of parentheses
};

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

std::vector<Token> tokens_of(std::string_view sql) {
    std::vector<Token> tokens;
    int depth = 0;
    for (std::size_t at = 0; at < sql.size();) {
        const char c = sql[at];
        const std::size_t begin = at;
        if (sql.substr(at, 2) == "--") {
            at = std::min(sql.find('\n', at), sql.size());
        } else if (sql.substr(at, 2) == "/*") {
            const std::size_t end = sql.find("*/", at + 2);
            at = end == std::string_view::npos ? sql.size() : end + 2;
        } else if (c == '\'' || c == '"' || c == '`') {
            at = std::min(sql.find(c, at + 1), sql.size());
            tokens.push_back(
                {Token::Kind::text, sql.substr(begin + 1, at - begin - 1), begin, depth}
            );
            if (at < sql.size()) ++at;
        } else if (is_word(c)) {
            while (at < sql.size() && is_word(sql[at])) ++at;
            tokens.push_back({Token::Kind::word, sql.substr(begin, at - begin), begin, depth});
        } else {
            if (c == ')') --depth;
            if (static_cast<unsigned char>(c) > ' ')
                tokens.push_back({Token::Kind::sign, sql.substr(at, 1), at, depth});
            if (c == '(') ++depth;
            ++at;
        }
    }
    return tokens;
}

}  // namespace

int line_of(std::string_view sql, std::size_t offset) {
    const auto end = sql.begin() + static_cast<std::ptrdiff_t>(std::min(offset, sql.size()));
    return 1 + static_cast<int>(std::count(sql.begin(), end, '\n'));
}

Result<void> check_map_form(std::string_view sql) {
    const auto tokens = tokens_of(sql);
    const auto wrong = [&](const Token& token, const std::string& text) {
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
        const Token& token = tokens[i];
        if (token.depth != 0) continue;
        if (token.kind == Token::Kind::sign && token.text == ";" && i + 1 < tokens.size())
            return wrong(tokens[i + 1], "a second statement; a map is a single select");
        if (token.kind != Token::Kind::word) continue;
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
    const auto tokens = tokens_of(sql);
    for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
        if (tokens[i].kind != Token::Kind::word || tokens[i + 1].text != "(" ||
            tokens[i + 2].kind != Token::Kind::text)
            continue;
        const std::string name = to_lower(tokens[i].text);
        if (std::find(functions.begin(), functions.end(), name) != functions.end())
            found.push_back({name, std::string(tokens[i + 2].text), line_of(sql, tokens[i].offset)}
            );
    }
    return found;
}

}  // namespace mis::record
