#include "source/sql_words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mis::source {
namespace {

bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_word_start(c) || (c >= '0' && c <= '9') || c == '$'; }

}  // namespace

bool is_identifier(std::string_view text) {
    return !text.empty() && text.size() <= 63 && is_word_start(text[0]) &&
           std::all_of(text.begin(), text.end(), is_word);
}

std::string to_upper(std::string_view text) {
    std::string upper(text);
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return upper;
}

std::size_t opaque_length(std::string_view sql, std::size_t at) {
    const auto until = [&](std::string_view end) {
        const std::size_t found = sql.find(end, at + (end.size() == 1 ? 1 : 2));
        return found == std::string_view::npos ? sql.size() - at : found + end.size() - at;
    };
    if (sql[at] == '\'') return until("'");
    if (sql[at] == '"') return until("\"");
    if (sql.substr(at, 2) == "--") return until("\n");
    if (sql.substr(at, 2) == "/*") return until("*/");
    return 0;
}

std::vector<std::string> identifiers_in(std::string_view sql) {
    std::vector<std::string> found;
    const auto add = [&found](std::string name) {
        if (std::find(found.begin(), found.end(), name) == found.end())
            found.push_back(std::move(name));
    };
    for (std::size_t i = 0; i < sql.size();) {
        if (const std::size_t length = opaque_length(sql, i); length > 0) {
            if (sql[i] == '"' && length > 2) add(std::string(sql.substr(i + 1, length - 2)));
            i += length;
        } else if (is_word_start(sql[i])) {
            std::size_t end = i;
            while (end < sql.size() && is_word(sql[end])) ++end;
            add(to_upper(sql.substr(i, end - i)));
            i = end;
        } else if (is_word(sql[i])) {
            while (i < sql.size() && is_word(sql[i])) ++i;
        } else {
            ++i;
        }
    }
    return found;
}

std::optional<std::string> with_select_list(std::string_view sql, std::string_view select_list) {
    int depth = 0;
    std::optional<std::size_t> select_end, from_begin;
    for (std::size_t i = 0; i < sql.size();) {
        if (const std::size_t length = opaque_length(sql, i); length > 0) {
            i += length;
            continue;
        }
        if (sql[i] == '(') ++depth;
        if (sql[i] == ')') --depth;
        if (!is_word(sql[i])) {
            ++i;
            continue;
        }
        std::size_t end = i;
        while (end < sql.size() && is_word(sql[end])) ++end;
        const std::string word = to_upper(sql.substr(i, end - i));
        if (depth == 0) {
            if (!select_end) {
                if (word != "SELECT") return std::nullopt;
                select_end = end;
            } else if (word == "FROM" && !from_begin) {
                from_begin = i;
            } else if (word == "GROUP" || word == "UNION") {
                return std::nullopt;
            }
        }
        i = end;
    }
    if (!from_begin) return std::nullopt;
    return fmt::format(
        "{} {} {}", sql.substr(0, *select_end), select_list, sql.substr(*from_begin)
    );
}

}  // namespace mis::source
