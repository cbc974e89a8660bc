#include "record/sql_tokens.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace mis::record {

namespace {

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_word(const SqlToken& token, std::string_view word) {
    return token.kind == SqlToken::Kind::word && to_lower(token.text) == word;
}

// `A.B as C`, `A.B C`, `A.B`, `B`: how an item says what its column is called.
SelectItem item_of(std::vector<SqlToken> tokens) {
    SelectItem item;
    item.offset = tokens.front().offset;
    const std::size_t count = tokens.size();
    const SqlToken& last = tokens.back();
    const bool named = last.kind != SqlToken::Kind::sign;
    if (count == 1 && (last.kind == SqlToken::Kind::word || is_sign(last, "*"))) {
        item.name = to_lower(last.text);
    } else if (count > 1 && named && is_word(tokens[count - 2], "as")) {
        item.name = to_lower(last.text);
        tokens.resize(count - 2);
    } else if (count > 1 && (named || is_sign(last, "*")) && is_sign(tokens[count - 2], ".")) {
        // `A.B`, or the end of a sum of such: only the plain column has a name
        if (count == 3) item.name = to_lower(last.text);
    } else if (count > 1 && last.kind == SqlToken::Kind::word && !is_word(last, "end") &&
               (tokens[count - 2].kind != SqlToken::Kind::sign ||
                is_sign(tokens[count - 2], ")"))) {
        item.name = to_lower(last.text);
        tokens.pop_back();
    }
    item.tokens = std::move(tokens);
    return item;
}

}  // namespace

std::vector<SqlToken> sql_tokens(std::string_view sql) {
    std::vector<SqlToken> tokens;
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
                {SqlToken::Kind::text, sql.substr(begin + 1, at - begin - 1), begin, depth}
            );
            if (at < sql.size()) ++at;
        } else if (is_word(c)) {
            while (at < sql.size() && is_word(sql[at])) ++at;
            tokens.push_back({SqlToken::Kind::word, sql.substr(begin, at - begin), begin, depth});
        } else {
            if (c == ')') --depth;
            if (static_cast<unsigned char>(c) > ' ')
                tokens.push_back({SqlToken::Kind::sign, sql.substr(at, 1), at, depth});
            if (c == '(') ++depth;
            ++at;
        }
    }
    return tokens;
}

int line_of(std::string_view sql, std::size_t offset) {
    const auto end = sql.begin() + static_cast<std::ptrdiff_t>(std::min(offset, sql.size()));
    return 1 + static_cast<int>(std::count(sql.begin(), end, '\n'));
}

std::optional<std::vector<SelectItem>> select_list(const std::vector<SqlToken>& tokens) {
    const auto outer = [](std::string_view word) {
        return [word](const SqlToken& token) { return token.depth == 0 && is_word(token, word); };
    };
    auto at = std::find_if(tokens.begin(), tokens.end(), outer("select"));
    if (at == tokens.end()) return std::nullopt;
    const auto end = std::find_if(at, tokens.end(), outer("from"));
    std::vector<SelectItem> items;
    std::vector<SqlToken> item;
    const auto close = [&] {
        if (!item.empty()) items.push_back(item_of(std::move(item)));
        item.clear();
    };
    for (++at; at != end; ++at) {
        if (at->depth == 0 && is_sign(*at, ","))
            close();
        else
            item.push_back(*at);
    }
    close();
    return items;
}

int line_of_column(std::string_view sql, std::string_view name) {
    const auto items = select_list(sql_tokens(sql));
    if (!items) return 0;
    for (const auto& item : *items)
        if (item.name == name) return line_of(sql, item.offset);
    return 0;
}

}  // namespace mis::record
