#include "source/sql_words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace mis::source {
namespace {

bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_word_start(c) || (c >= '0' && c <= '9') || c == '$'; }

// Reserved in some version of Firebird: as names they need quotes. Sorted.
constexpr std::string_view kReserved[] = {
    "ADD",
    "ADMIN",
    "ALL",
    "ALTER",
    "AND",
    "ANY",
    "AS",
    "AT",
    "AVG",
    "BEGIN",
    "BETWEEN",
    "BIGINT",
    "BINARY",
    "BIT_LENGTH",
    "BLOB",
    "BOOLEAN",
    "BOTH",
    "BY",
    "CASE",
    "CAST",
    "CHAR",
    "CHARACTER",
    "CHARACTER_LENGTH",
    "CHAR_LENGTH",
    "CHECK",
    "CLOSE",
    "COLLATE",
    "COLUMN",
    "COMMIT",
    "CONNECT",
    "CONSTRAINT",
    "CORR",
    "COUNT",
    "COVAR_POP",
    "COVAR_SAMP",
    "CREATE",
    "CROSS",
    "CURRENT",
    "CURRENT_CONNECTION",
    "CURRENT_DATE",
    "CURRENT_ROLE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "CURRENT_TRANSACTION",
    "CURRENT_USER",
    "CURSOR",
    "DATE",
    "DAY",
    "DEC",
    "DECFLOAT",
    "DECIMAL",
    "DECLARE",
    "DEFAULT",
    "DELETE",
    "DELETING",
    "DETERMINISTIC",
    "DISCONNECT",
    "DISTINCT",
    "DOUBLE",
    "DROP",
    "ELSE",
    "END",
    "ESCAPE",
    "EXECUTE",
    "EXISTS",
    "EXTERNAL",
    "EXTRACT",
    "FALSE",
    "FETCH",
    "FILTER",
    "FLOAT",
    "FOR",
    "FOREIGN",
    "FROM",
    "FULL",
    "FUNCTION",
    "GDSCODE",
    "GLOBAL",
    "GRANT",
    "GROUP",
    "HAVING",
    "HOUR",
    "IN",
    "INDEX",
    "INNER",
    "INSENSITIVE",
    "INSERT",
    "INSERTING",
    "INT",
    "INT128",
    "INTEGER",
    "INTO",
    "IS",
    "JOIN",
    "KEY",
    "LATERAL",
    "LEADING",
    "LEFT",
    "LIKE",
    "LOCAL",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "LONG",
    "LOWER",
    "MAX",
    "MAXIMUM_SEGMENT",
    "MERGE",
    "MIN",
    "MINUTE",
    "MONTH",
    "NATIONAL",
    "NATURAL",
    "NCHAR",
    "NO",
    "NOT",
    "NULL",
    "NUMERIC",
    "OCTET_LENGTH",
    "OF",
    "OFFSET",
    "ON",
    "ONLY",
    "OPEN",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARAMETER",
    "PASSWORD",
    "PLAN",
    "POSITION",
    "POST_EVENT",
    "PRECISION",
    "PRIMARY",
    "PROCEDURE",
    "PUBLICATION",
    "RDB$DB_KEY",
    "RDB$ERROR",
    "RDB$GET_CONTEXT",
    "RDB$GET_TRANSACTION_CN",
    "RDB$RECORD_VERSION",
    "RDB$ROLE_IN_USE",
    "RDB$SET_CONTEXT",
    "RDB$SYSTEM_PRIVILEGE",
    "REAL",
    "RECORD_VERSION",
    "RECREATE",
    "RECURSIVE",
    "REFERENCES",
    "REGR_AVGX",
    "REGR_AVGY",
    "REGR_COUNT",
    "REGR_INTERCEPT",
    "REGR_R2",
    "REGR_SLOPE",
    "REGR_SXX",
    "REGR_SXY",
    "REGR_SYY",
    "RELEASE",
    "RESETTING",
    "RETURN",
    "RETURNING_VALUES",
    "RETURNS",
    "REVOKE",
    "RIGHT",
    "ROLLBACK",
    "ROW",
    "ROWS",
    "ROW_COUNT",
    "SAVEPOINT",
    "SCROLL",
    "SECOND",
    "SELECT",
    "SENSITIVE",
    "SET",
    "SIMILAR",
    "SMALLINT",
    "SOME",
    "SQLCODE",
    "SQLSTATE",
    "START",
    "STDDEV_POP",
    "STDDEV_SAMP",
    "SUM",
    "TABLE",
    "THEN",
    "TIME",
    "TIMESTAMP",
    "TIMEZONE_HOUR",
    "TIMEZONE_MINUTE",
    "TO",
    "TRAILING",
    "TRIGGER",
    "TRIM",
    "TRUE",
    "UNBOUNDED",
    "UNION",
    "UNIQUE",
    "UNKNOWN",
    "UPDATE",
    "UPDATING",
    "UPPER",
    "USER",
    "USING",
    "VALUE",
    "VALUES",
    "VARBINARY",
    "VARCHAR",
    "VARIABLE",
    "VARYING",
    "VAR_POP",
    "VAR_SAMP",
    "VIEW",
    "WHEN",
    "WHERE",
    "WHILE",
    "WINDOW",
    "WITH",
    "WITHOUT",
    "YEAR",
};

bool is_quoted(std::string_view text) {
    return text.size() > 2 && text.front() == '"' && text.back() == '"';
}

}  // namespace

bool is_word_letter(char c) { return is_word(c); }

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

std::string catalog_name(std::string_view written) {
    if (!is_quoted(written)) return to_upper(written);
    std::string name;
    for (std::size_t i = 1; i + 1 < written.size(); ++i) {
        name.push_back(written[i]);
        if (written[i] == '"') ++i;  // doubled, it stands for itself
    }
    return name;
}

std::string written_name(std::string_view name) {
    const bool plain = is_identifier(name) && name[0] != '_' && to_upper(name) == name;
    if (plain && !std::binary_search(std::begin(kReserved), std::end(kReserved), name))
        return std::string(name);
    return quoted_name(name);
}

std::string quoted_name(std::string_view name) {
    std::string quoted = "\"";
    for (const char c : name) {
        quoted.push_back(c);
        if (c == '"') quoted.push_back(c);
    }
    return quoted + "\"";
}

std::vector<std::string_view> split_names(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    std::size_t begin = 0;
    bool in_quotes = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') in_quotes = !in_quotes;
        if (text[i] != separator || in_quotes) continue;
        parts.push_back(text.substr(begin, i - begin));
        begin = i + 1;
    }
    parts.push_back(text.substr(begin));
    return parts;
}

std::string declared_name(std::string_view column) {
    column = trim(column.substr(0, column.find('|')));
    const std::string_view last = trim(split_names(column, '.').back());
    return to_lower(catalog_name(last));
}

std::size_t opaque_length(std::string_view sql, std::size_t at) {
    const auto until = [&](std::string_view end) {
        const std::size_t found = sql.find(end, at + (end.size() == 1 ? 1 : 2));
        return found == std::string_view::npos ? sql.size() - at : found + end.size() - at;
    };
    if (sql[at] == '\'' || sql[at] == '"') {  // doubled, it stands for itself
        std::size_t end = at + 1;
        while (end < sql.size() &&
               (sql[end] != sql[at] || sql.substr(end + 1, 1) == sql.substr(at, 1)))
            end += sql[end] == sql[at] ? 2 : 1;
        return std::min(end + 1, sql.size()) - at;
    }
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
            if (sql[i] == '"' && length > 2) add(catalog_name(sql.substr(i, length)));
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

namespace {

// The first word at or behind `at`, comments and blanks stepped over; its end.
std::pair<std::string, std::size_t> word_at(std::string_view sql, std::size_t at) {
    while (at < sql.size()) {
        if (const std::size_t length = opaque_length(sql, at); length > 0)
            at += sql[at] == '-' || sql[at] == '/' ? length : sql.size();
        else if (sql[at] == ' ' || (sql[at] >= '\t' && sql[at] <= '\r'))
            ++at;
        else
            break;
    }
    std::size_t end = std::min(at, sql.size());
    while (end < sql.size() && is_word(sql[end])) ++end;
    return {to_upper(sql.substr(std::min(at, sql.size()), end - std::min(at, sql.size()))), end};
}

}  // namespace

std::optional<std::string> with_row_limit(std::string_view sql, int rows) {
    auto [first, end] = word_at(sql, 0);
    if (first != "SELECT") return std::nullopt;
    const auto [second, second_end] = word_at(sql, end);
    if (second == "DISTINCT") end = second_end;
    return fmt::format("{} top {}{}", sql.substr(0, end), rows, sql.substr(end));
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
