#include "source/fetch_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "config/setting_check.hpp"
#include "source/sql_words.hpp"

namespace mis::source {
namespace {

constexpr int kDaysMax = 36'600;

bool is_name(std::string_view text) {
    return is_identifier(text) || (text.size() > 2 && text.front() == '"' && text.back() == '"');
}

// "T:TREAT.TOOTH" or "TREAT.TOOTH"; names may stand in double quotes
bool split_column(std::string_view text, FetchPiece& piece) {
    const auto parts = split_names(text, ':');
    if (parts.size() > 2) return false;
    const auto names = split_names(parts.back(), '.');
    if (names.size() != 2 || !is_name(names[0]) || !is_name(names[1])) return false;
    piece.table = catalog_name(names[0]);
    piece.column = catalog_name(names[1]);
    piece.alias = parts.size() == 2 ? std::string(parts[0]) : written_name(piece.table);
    return is_name(piece.alias);
}

// What stands between the braces. False: of no known form.
bool read_placeholder(std::string_view inside, FetchPiece& piece) {
    if (inside == "slice") {
        piece.kind = FetchPiece::Kind::slice;
        return true;
    }
    if (inside.starts_with("day:")) {
        piece.kind = FetchPiece::Kind::day;
        const char* const end = inside.data() + inside.size();
        const auto [read, error] = std::from_chars(inside.data() + 4, end, piece.days);
        return error == std::errc() && read == end && piece.days >= -kDaysMax &&
               piece.days <= kDaysMax;
    }
    const std::size_t bar = inside.find('|');
    const std::size_t colon = inside.find(':');
    if (bar == std::string_view::npos || colon == std::string_view::npos || colon > bar)
        return false;
    const std::string_view kind = inside.substr(0, colon);
    const std::string_view what = inside.substr(colon + 1, bar - colon - 1);
    piece.literal = std::string(inside.substr(bar + 1));
    if (kind == "column") {
        piece.kind = FetchPiece::Kind::column;
        return split_column(what, piece);
    }
    if (kind == "table") {
        piece.kind = FetchPiece::Kind::table;
        piece.table = catalog_name(what);
        return is_name(what);
    }
    if (kind == "site") {
        piece.kind = FetchPiece::Kind::site;
        const auto parts = split_names(what, ':');
        if (parts.size() < 2 || parts.size() > 3 || !is_name(parts.back()) ||
            !is_identifier(parts[0]))
            return false;
        piece.site_key = std::string(parts[0]);
        piece.table = catalog_name(parts.back());
        piece.alias = parts.size() == 3 ? std::string(parts[1]) : written_name(piece.table);
        return is_name(piece.alias);
    }
    return false;
}

// "did you mean ZUB? "
std::string nearest_column(
    const Catalog& catalog, const std::string& table, const std::string& column
) {
    const auto found = catalog.tables.find(table);
    if (found == catalog.tables.end()) return "";
    const std::string near = config::nearest(column, {found->second.begin(), found->second.end()});
    return near.empty() ? "" : fmt::format("did you mean {}? ", near);
}

Result<std::string> render_piece(
    const FetchPiece& piece, const Catalog& catalog, const std::map<std::string, std::string>& site,
    const SqlDialect& dialect, std::string_view slice
) {
    switch (piece.kind) {
        case FetchPiece::Kind::text:
            return piece.text;
        case FetchPiece::Kind::slice:
            return std::string(slice);
        case FetchPiece::Kind::day:
            return day_text(dialect, piece.days);
        case FetchPiece::Kind::table:
            return catalog.has_table(piece.table) ? catalog.written(piece.table) : piece.literal;
        case FetchPiece::Kind::column:
            return catalog.has_column(piece.table, piece.column)
                       ? piece.alias + "." + catalog.written(piece.column)
                       : piece.literal;
        case FetchPiece::Kind::site:
            break;
    }
    const auto configured = site.find(piece.site_key);
    if (configured == site.end() || configured->second.empty()) return piece.literal;
    // as SQL reads it, else as the catalog may have it: TOOTH for `tooth`, tooth where that is its
    // name
    std::string column = catalog_name(configured->second);
    if (!catalog.has_column(piece.table, column) &&
        catalog.has_column(piece.table, configured->second))
        column = configured->second;
    if (!catalog.has_table(piece.table))
        return fail(
            ErrorKind::misconfigured,
            fmt::format(
                "site value {}: this login sees no table {}: grant select on it, or leave the "
                "value empty",
                piece.site_key, piece.table
            )
        );
    if (!catalog.has_column(piece.table, column))
        return fail(
            ErrorKind::misconfigured,
            fmt::format(
                "site value {}: table {} has no column {}: {}correct it, or leave it empty",
                piece.site_key, piece.table, column, nearest_column(catalog, piece.table, column)
            )
        );
    return piece.alias + "." + catalog.written(column);
}

void strip_end(std::string& sql) {
    const std::size_t end = sql.find_last_not_of(" \t\r\n;");
    sql.erase(end == std::string::npos ? 0 : end + 1);
}

}  // namespace

std::string Catalog::folded(std::string_view name) const {
    return names == SqlDialect::Names::upper ? std::string(name) : to_upper(name);
}

void Catalog::add(const std::string& table, const std::string& column) {
    for (const std::string& name : {table, column})
        if (names != SqlDialect::Names::upper) spelled.emplace(folded(name), name);
    tables[folded(table)].insert(folded(column));
}

bool Catalog::has_table(std::string_view table) const { return tables.contains(folded(table)); }

bool Catalog::has_column(std::string_view table, std::string_view column) const {
    const auto found = tables.find(folded(table));
    return found != tables.end() && found->second.contains(folded(column));
}

std::string Catalog::written(const std::string& name) const {
    if (names == SqlDialect::Names::upper) return written_name(name);
    const auto known = spelled.find(folded(name));
    const std::string& spelling = known == spelled.end() ? name : known->second;
    const bool keeps_case = names == SqlDialect::Names::as_is || to_lower(spelling) == spelling;
    const bool plain = keeps_case && written_name(to_upper(spelling)) == to_upper(spelling);
    return plain ? spelling : quoted_name(spelling);
}

Result<std::vector<FetchPiece>> parse_fetch(std::string_view sql, std::string_view file) {
    std::vector<FetchPiece> pieces;
    std::string text;
    int line = 1;
    const auto problem = [&](std::string_view what) {
        return fail(ErrorKind::misconfigured, fmt::format("{}:{}: {}", file, line, what));
    };
    const auto flush = [&] {
        if (!text.empty())
            pieces.push_back({FetchPiece::Kind::text, std::move(text), {}, {}, {}, {}, {}, 0});
        text.clear();
    };
    for (std::size_t i = 0; i < sql.size();) {
        if (const std::size_t length = opaque_length(sql, i); length > 0) {
            const std::string_view opaque = sql.substr(i, length);
            line += static_cast<int>(std::count(opaque.begin(), opaque.end(), '\n'));
            text += opaque;
            i += length;
            continue;
        }
        const char c = sql[i];
        if (c == '\n') ++line;
        if (c == '?')
            return problem("a `?` of its own: parameters belong to {slice}; write a literal instead"
            );
        if (c == '}')
            return problem(
                "a } without {: placeholders are {slice}, {column:…|…}, {site:…|…}, {table:…|…}, "
                "{day:…}"
            );
        if (c != '{') {
            text.push_back(c);
            ++i;
            continue;
        }
        const std::size_t end = sql.find('}', i);
        if (end == std::string_view::npos) return problem("a { without }: close the placeholder");
        FetchPiece piece;
        const std::string_view inside = sql.substr(i + 1, end - i - 1);
        if (!read_placeholder(inside, piece))
            return problem(fmt::format(
                "placeholder {{{}}} is unknown: write {{slice}}, "
                "{{column:ALIAS:TABLE.COLUMN|literal}}, {{site:name:ALIAS:TABLE|literal}}, "
                "{{table:NAME|fallback}} or {{day:-7}} (days from today)",
                inside
            ));
        flush();
        pieces.push_back(std::move(piece));
        i = end + 1;
    }
    flush();
    return pieces;
}

Result<std::string> render_column(
    std::string_view column, const Catalog& catalog, const std::map<std::string, std::string>& site
) {
    auto pieces = parse_fetch(column, "connector.yaml");
    if (!pieces) return fail(pieces.error());
    std::string name;
    for (const FetchPiece& piece : *pieces) {
        auto rendered = render_piece(piece, catalog, site, kFirebird, "");
        if (!rendered) return rendered;
        name += *rendered;
    }
    return std::string(trim(name));
}

std::map<std::string, std::string> placeholders_of(
    const StreamDeclaration& stream, const Catalog& catalog,
    const std::map<std::string, std::string>& site
) {
    std::map<std::string, std::string> found;
    const auto pieces = parse_fetch(stream.fetch_sql, stream.fetch_file.string());
    if (!pieces) return found;
    for (const FetchPiece& piece : *pieces) {
        if (piece.kind == FetchPiece::Kind::column) {
            const bool there = catalog.has_column(piece.table, piece.column);
            found[piece.table + "." + piece.column] =
                there ? piece.alias + "." + piece.column : piece.literal;
        } else if (piece.kind == FetchPiece::Kind::table) {
            found[piece.table] = catalog.has_table(piece.table) ? piece.table : piece.literal;
        } else if (piece.kind == FetchPiece::Kind::site) {
            const auto value = site.find(piece.site_key);
            found["site " + piece.site_key] =
                value == site.end() || value->second.empty() ? piece.literal : value->second;
        }
    }
    return found;
}

namespace {

// SQL Server's row version is eight bytes, our parameter a text.
std::string_view bound_in(
    const StreamDeclaration& stream, const SliceForm& form, const SqlDialect& dialect
) {
    const bool is_token =
        form.kind == SliceForm::Kind::stamp && stream.tokens.contains(form.stamp_index);
    return is_token && dialect.name == kSqlServer.name ? "convert(binary(8), ?, 1)" : "?";
}

}  // namespace

Result<std::string> render_fetch(
    const StreamDeclaration& stream, const SliceForm& form, const Catalog& catalog,
    const std::map<std::string, std::string>& site, const SqlDialect& dialect, int limit
) {
    std::string name;
    if (form.kind == SliceForm::Kind::stamp)
        name = stream.stamps.at(form.stamp_index);
    else if (form.kind == SliceForm::Kind::window)
        name = stream.window->column;
    else
        name = stream.key;
    auto rendered_name = render_column(name, catalog, site);
    if (!rendered_name) return rendered_name;
    name = *rendered_name;
    if (name.empty() && form.kind == SliceForm::Kind::stamp) return std::string();

    std::string condition;
    switch (form.kind) {
        case SliceForm::Kind::stamp:
        case SliceForm::Kind::window:
            condition =
                fmt::format("({0} >= {1} and {0} < {1})", name, bound_in(stream, form, dialect));
            break;
        case SliceForm::Kind::key_walk:
            condition = fmt::format("({} > ?)", name);
            break;
        case SliceForm::Kind::key_walk_start:
        case SliceForm::Kind::all:
            condition = "(1 = 1)";
            break;
        case SliceForm::Kind::ids: {
            condition = fmt::format("({} in (?", name);
            for (std::size_t i = 1; i < form.id_count; ++i) condition += ", ?";
            condition += "))";
            break;
        }
    }
    auto pieces = parse_fetch(stream.fetch_sql, stream.fetch_file.string());
    if (!pieces) return fail(pieces.error());
    std::string sql;
    for (const FetchPiece& piece : *pieces) {
        auto rendered = render_piece(piece, catalog, site, dialect, condition);
        if (!rendered) return rendered;
        sql += *rendered;
    }
    strip_end(sql);
    if (form.kind != SliceForm::Kind::key_walk && form.kind != SliceForm::Kind::key_walk_start)
        return sql;
    switch (dialect.limit) {
        case SqlDialect::Limit::rows_behind:
            return sql + fmt::format("\norder by {} rows ?", name);
        case SqlDialect::Limit::limit_behind:
            return sql + fmt::format("\norder by {} limit {}", name, limit);
        case SqlDialect::Limit::top:
            break;
    }
    const auto topped = with_row_limit(sql, limit);
    if (!topped)
        return fail(
            ErrorKind::misconfigured,
            fmt::format(
                "{}: has to begin with `select`, so that its rows can be limited: move what stands "
                "before it into a derived table",
                stream.fetch_file.string()
            )
        );
    return *topped + fmt::format("\norder by {}", name);
}

}  // namespace mis::source
