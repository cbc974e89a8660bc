#include "source/fetch_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace mis::source {
namespace {

bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_word_start(c) || (c >= '0' && c <= '9') || c == '$'; }
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

// Length of the string literal, quoted name or comment that begins at `at`; 0: none begins there.
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

// "T:TREAT.TOOTH" or "TREAT.TOOTH"
bool split_column(std::string_view text, FetchPiece& piece) {
    const auto parts = split(text, ':');
    if (parts.empty() || parts.size() > 2) return false;
    const auto names = split(parts.back(), '.');
    if (names.size() != 2 || !is_identifier(names[0]) || !is_identifier(names[1])) return false;
    piece.table = to_upper(names[0]);
    piece.column = to_upper(names[1]);
    piece.alias = parts.size() == 2 ? std::string(parts[0]) : piece.table;
    return is_identifier(piece.alias);
}

// What stands between the braces. False: of no known form.
bool read_placeholder(std::string_view inside, FetchPiece& piece) {
    if (inside == "slice") {
        piece.kind = FetchPiece::Kind::slice;
        return true;
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
        piece.table = to_upper(what);
        return is_identifier(what);
    }
    if (kind == "site") {
        piece.kind = FetchPiece::Kind::site;
        const auto parts = split(what, ':');
        if (parts.size() < 2 || parts.size() > 3 || !is_identifier(parts.back()) ||
            !is_identifier(parts[0]))
            return false;
        piece.site_key = std::string(parts[0]);
        piece.table = to_upper(parts.back());
        piece.alias = parts.size() == 3 ? std::string(parts[1]) : piece.table;
        return is_identifier(piece.alias);
    }
    return false;
}

Result<std::string> render_piece(
    const FetchPiece& piece, const Catalog& catalog, const std::map<std::string, std::string>& site,
    std::string_view slice
) {
    switch (piece.kind) {
        case FetchPiece::Kind::text:
            return piece.text;
        case FetchPiece::Kind::slice:
            return std::string(slice);
        case FetchPiece::Kind::table:
            return catalog.has_table(piece.table) ? piece.table : piece.literal;
        case FetchPiece::Kind::column:
            return catalog.has_column(piece.table, piece.column) ? piece.alias + "." + piece.column
                                                                 : piece.literal;
        case FetchPiece::Kind::site:
            break;
    }
    const auto configured = site.find(piece.site_key);
    if (configured == site.end() || configured->second.empty()) return piece.literal;
    const std::string column = to_upper(configured->second);
    if (!is_identifier(column) || !catalog.has_column(piece.table, column))
        return fail(
            ErrorKind::misconfigured,
            fmt::format(
                "site value {}: table {} has no column {}: correct it, or leave it empty",
                piece.site_key, piece.table, column
            )
        );
    return piece.alias + "." + column;
}

// A key, stamp or window column of connector.yaml.
Result<std::string> render_name(
    std::string_view text, const Catalog& catalog, const std::map<std::string, std::string>& site
) {
    auto pieces = parse_fetch(text, "connector.yaml");
    if (!pieces) return fail(pieces.error());
    std::string name;
    for (const FetchPiece& piece : *pieces) {
        auto rendered = render_piece(piece, catalog, site, "");
        if (!rendered) return rendered;
        name += *rendered;
    }
    return std::string(trim(name));
}

void strip_end(std::string& sql) {
    const std::size_t end = sql.find_last_not_of(" \t\r\n;");
    sql.erase(end == std::string::npos ? 0 : end + 1);
}

}  // namespace

bool Catalog::has_table(std::string_view table) const { return tables.contains(to_upper(table)); }

bool Catalog::has_column(std::string_view table, std::string_view column) const {
    const auto found = tables.find(to_upper(table));
    return found != tables.end() && found->second.contains(to_upper(column));
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
            pieces.push_back({FetchPiece::Kind::text, std::move(text), {}, {}, {}, {}, {}});
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
                "a } without {: placeholders are {slice}, {column:…|…}, {site:…|…}, {table:…|…}"
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
                "{{column:ALIAS:TABLE.COLUMN|literal}}, {{site:name:ALIAS:TABLE|literal}} or "
                "{{table:NAME|fallback}}",
                inside
            ));
        flush();
        pieces.push_back(std::move(piece));
        i = end + 1;
    }
    flush();
    return pieces;
}

Result<SliceForm> form_of(const StreamDeclaration& stream, const Slice& slice) {
    switch (slice.by) {
        case Slice::By::stamp:
            if (slice.stamp_index >= stream.stamps.size())
                return fail(
                    ErrorKind::misconfigured,
                    fmt::format("stream {} declares {} stamps", stream.name, stream.stamps.size())
                );
            return SliceForm{SliceForm::Kind::stamp, slice.stamp_index, 0};
        case Slice::By::window:
            if (!stream.window)
                return fail(
                    ErrorKind::misconfigured,
                    fmt::format("stream {} declares no window", stream.name)
                );
            return SliceForm{SliceForm::Kind::window, 0, 0};
        case Slice::By::key_walk:
            if (slice.limit <= 0) return fail(ErrorKind::misconfigured, "a key walk needs a limit");
            return SliceForm{
                slice.after_id.empty() ? SliceForm::Kind::key_walk_start
                                       : SliceForm::Kind::key_walk,
                0, 0};
        case Slice::By::ids:
            break;
    }
    for (const std::size_t count : kIdCounts)
        if (!slice.ids.empty() && slice.ids.size() <= count)
            return SliceForm{SliceForm::Kind::ids, 0, count};
    return fail(
        ErrorKind::misconfigured,
        fmt::format("1 to {} ids per read, not {}", kIdsPerReadMax, slice.ids.size())
    );
}

std::string describe(const SliceForm& form) {
    switch (form.kind) {
        case SliceForm::Kind::stamp:
            return fmt::format("stamp {}", form.stamp_index);
        case SliceForm::Kind::window:
            return "window";
        case SliceForm::Kind::key_walk_start:
            return "key walk from the start";
        case SliceForm::Kind::key_walk:
            return "key walk";
        case SliceForm::Kind::ids:
            return fmt::format("{} ids", form.id_count);
        case SliceForm::Kind::all:
            break;
    }
    return "all rows";
}

std::vector<std::string> parameters_of(const SliceForm& form, const Slice& slice) {
    switch (form.kind) {
        case SliceForm::Kind::stamp:
        case SliceForm::Kind::window:
            return {slice.from, slice.to};
        case SliceForm::Kind::key_walk_start:
            return {std::to_string(slice.limit)};
        case SliceForm::Kind::key_walk:
            return {slice.after_id, std::to_string(slice.limit)};
        case SliceForm::Kind::all:
            return {};
        case SliceForm::Kind::ids:
            break;
    }
    std::vector<std::string> ids = slice.ids;
    if (!ids.empty()) ids.resize(form.id_count, ids.back());
    return ids;
}

Result<std::string> render_fetch(
    const StreamDeclaration& stream, const SliceForm& form, const Catalog& catalog,
    const std::map<std::string, std::string>& site
) {
    std::string name;
    if (form.kind == SliceForm::Kind::stamp)
        name = stream.stamps.at(form.stamp_index);
    else if (form.kind == SliceForm::Kind::window)
        name = stream.window->column;
    else
        name = stream.key;
    auto rendered_name = render_name(name, catalog, site);
    if (!rendered_name) return rendered_name;
    name = *rendered_name;
    if (name.empty() && form.kind == SliceForm::Kind::stamp) return std::string();

    std::string condition;
    switch (form.kind) {
        case SliceForm::Kind::stamp:
        case SliceForm::Kind::window:
            condition = fmt::format("({0} >= ? and {0} < ?)", name);
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
        auto rendered = render_piece(piece, catalog, site, condition);
        if (!rendered) return rendered;
        sql += *rendered;
    }
    strip_end(sql);
    if (form.kind == SliceForm::Kind::key_walk || form.kind == SliceForm::Kind::key_walk_start)
        sql += fmt::format("\norder by {} rows ?", name);
    return sql;
}

Result<std::vector<FetchVariant>> all_fetch_variants(
    const StreamDeclaration& stream, const std::map<std::string, std::string>& site
) {
    auto pieces = parse_fetch(stream.fetch_sql, stream.fetch_file.string());
    if (!pieces) return fail(pieces.error());
    std::vector<std::string> names = stream.stamps;
    names.push_back(stream.key);
    if (stream.window) names.push_back(stream.window->column);
    for (const std::string& name : names) {
        auto more = parse_fetch(name, "connector.yaml");
        if (!more) return fail(more.error());
        pieces->insert(pieces->end(), more->begin(), more->end());
    }

    Catalog everything;
    std::set<std::pair<std::string, std::string>>
        optional_things;  // table, column; "" for the table itself
    for (const FetchPiece& piece : *pieces) {
        if (piece.kind == FetchPiece::Kind::column) {
            everything.tables[piece.table].insert(piece.column);
            optional_things.emplace(piece.table, piece.column);
        } else if (piece.kind == FetchPiece::Kind::table) {
            everything.tables[piece.table];
            optional_things.emplace(piece.table, "");
        } else if (piece.kind == FetchPiece::Kind::site) {
            if (const auto value = site.find(piece.site_key);
                value != site.end() && !value->second.empty())
                everything.tables[piece.table].insert(to_upper(value->second));
        }
    }
    const auto without = [](Catalog catalog, const std::pair<std::string, std::string>& thing) {
        if (thing.second.empty())
            catalog.tables.erase(thing.first);
        else
            catalog.tables[thing.first].erase(thing.second);
        return catalog;
    };
    const auto text_of = [](const std::pair<std::string, std::string>& thing) {
        return thing.second.empty() ? thing.first : thing.first + "." + thing.second;
    };
    // the optional tables last, so that taking a column out does not bring its table back
    const auto table_last = [](const auto& a, const auto& b) {
        return !a.second.empty() && b.second.empty();
    };
    std::vector<std::pair<std::string, std::string>> things(
        optional_things.begin(), optional_things.end()
    );
    std::stable_sort(things.begin(), things.end(), table_last);

    std::vector<std::pair<std::string, Catalog>> catalogs = {{"everything present", everything}};
    if (!things.empty()) {
        Catalog nothing = everything;
        for (const auto& thing : things) nothing = without(nothing, thing);
        catalogs.emplace_back("everything optional absent", nothing);
    }
    for (std::size_t alone = 0; things.size() > 1 && alone < things.size(); ++alone) {
        catalogs.emplace_back(
            text_of(things[alone]) + " absent", without(everything, things[alone])
        );
        Catalog one = everything;
        for (const auto& thing : things) {
            const bool is_its_table = thing.first == things[alone].first && thing.second.empty();
            if (thing != things[alone] && !is_its_table) one = without(one, thing);
        }
        catalogs.emplace_back("only " + text_of(things[alone]) + " present", one);
    }

    std::vector<SliceForm> forms = {
        {SliceForm::Kind::key_walk_start, 0, 0},
        {SliceForm::Kind::key_walk, 0, 0},
        {SliceForm::Kind::ids, 0, kIdCounts[0]}};
    if (stream.window) forms.push_back({SliceForm::Kind::window, 0, 0});
    for (std::size_t i = 0; i < stream.stamps.size(); ++i)
        forms.push_back({SliceForm::Kind::stamp, i, 0});

    std::vector<FetchVariant> variants;
    std::set<std::string> seen;
    for (const auto& [choices, catalog] : catalogs) {
        for (const SliceForm& form : forms) {
            auto sql = render_fetch(stream, form, catalog, site);
            if (!sql) return fail(sql.error());
            if (!sql->empty() && seen.insert(*sql).second)
                variants.push_back({form, choices, *sql});
        }
    }
    return variants;
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
