#include "source/connector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/crypto.hpp"
#include "base/file_text.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "config/yaml.hpp"
#include "platform/file.hpp"
#include "source/fetch_text.hpp"
#include "source/files/declaration.hpp"
#include "source/http/declare.hpp"
#include "source/http/request.hpp"
#include "source/map_reader.hpp"
#include "source/sql_words.hpp"

namespace mis::source {
namespace {

using config::pointer_to;
using config::YamlDocument;

bool is_lower_name(std::string_view name) {  // of a stream and its files
    return !name.empty() && name.size() <= 63 && name[0] >= 'a' && name[0] <= 'z' &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
           });
}

std::optional<ColumnDeclaration> parse_type(std::string name, std::string_view type) {
    ColumnDeclaration column{std::move(name), ColumnType::text, 2};
    if (type == "text") return column;
    if (type == "integer")
        column.type = ColumnType::integer;
    else if (type == "decimal")
        column.type = ColumnType::decimal;
    else if (type == "timestamp")
        column.type = ColumnType::timestamp;
    else if (type == "date")
        column.type = ColumnType::date;
    else if (type == "boolean")
        column.type = ColumnType::boolean;
    else if (type.size() == 10 && type.starts_with("decimal(") && type[8] >= '0' && type[8] <= '9' && type[9] == ')') {
        column.type = ColumnType::decimal;
        column.decimals = type[8] - '0';
    } else
        return std::nullopt;
    return column;
}

// Letters of any script: a MIS may name its columns in Russian.
bool is_column_name(std::string_view name) {
    return !name.empty() && name.size() <= 63 && !(name[0] >= '0' && name[0] <= '9') &&
           is_valid_utf8(name) && to_lower(name) == name &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
                      static_cast<unsigned char>(c) >= 0x80;
           });
}

// What to write instead of a name that cannot be declared.
std::string column_name_remedy(std::string_view name) {
    std::string plain = declared_name(name);
    if (is_column_name(plain))
        return fmt::format("has to be a name in lower case, without quotes: `{}`", plain);
    for (char& c : plain)
        if (c == ' ' || c == '-' || c == '.') c = '_';
    return fmt::format(
        "has to be a name in lower case, of letters, digits and _: select it under such a name "
        "(… as {}) and declare that one",
        is_column_name(plain) ? plain : "some_name"
    );
}

std::optional<std::string> file_text(const std::filesystem::path& path) {
    if (!std::filesystem::is_regular_file(path)) return std::nullopt;
    std::string text = platform::read_file(path);
    if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
    return text;
}

// A time is its column; a token says so: {column: S.RV, token: true}.
void read_stamps(MapReader& map, StreamDeclaration& stream) {
    constexpr const char* kHowTo =
        "has to be a list of columns: [V.CHANGED_AT], or [{column: V.RV, token: true}] for a row "
        "version";
    const Json stamps = map.value("stamps");
    if (stamps.is_null()) return;
    if (!stamps.is_array()) return map.refuse("stamps", kHowTo);
    for (const Json& stamp : stamps) {
        const bool is_map = stamp.is_object();
        const Json column = is_map ? stamp.value("column", Json()) : stamp;
        const Json token = is_map ? stamp.value("token", Json(false)) : Json(false);
        if (!column.is_string() || column.get<std::string>().empty() || !token.is_boolean() ||
            (is_map && stamp.size() != 1 + stamp.count("token")))
            return map.refuse("stamps", kHowTo);
        if (token.get<bool>()) stream.tokens.insert(stream.stamps.size());
        stream.stamps.push_back(column.get<std::string>());
    }
}

StreamDeclaration read_stream(MapReader& map, const std::string& name) {
    map.only(
        {"kind", "key", "key_column", "stamps", "window", "poll_seconds", "optional",
         "requires_table", "parent", "columns", "absent", "request", "file"}
    );
    StreamDeclaration stream;
    stream.name = name;
    stream.kind = map.text("kind", name);
    stream.key = map.required_text("key");
    stream.key_column = map.text("key_column", declared_name(stream.key));
    read_stamps(map, stream);
    stream.poll_seconds = map.number("poll_seconds", 60, 1, 86'400);
    stream.optional = map.flag("optional");
    stream.requires_table = map.text("requires_table", "");
    if (map.has("parent")) stream.parent = map.text("parent", "");
    if (map.has("window")) {
        MapReader window = map.map("window");
        window.only({"column", "past_days", "future_days", "history_days"});
        const int past_days = window.number("past_days", 0, 0, 3660);
        stream.window = WindowDeclaration{
            window.required_text("column"), past_days, window.number("future_days", 0, 0, 3660),
            window.number("history_days", past_days, past_days, 36'600)};
    }
    if (!stream.requires_table.empty() && !stream.optional)
        map.refuse("requires_table", "needs `optional: true`");
    if (!map.has("columns")) {
        map.refuse("columns", "is missing: name and type every column that the fetch gives");
        return stream;
    }
    MapReader columns = map.map("columns");
    for (const std::string& column : columns.keys()) {
        auto declared = parse_type(column, columns.text(column, ""));
        if (!is_column_name(column)) columns.refuse(column, column_name_remedy(column));
        if (!declared)
            columns.refuse(
                column,
                "has no known type: text, integer, decimal, decimal(3), timestamp, date or boolean"
            );
        else
            stream.columns.push_back(*std::move(declared));
    }
    const auto declares = [&](const std::string& column) {
        return std::any_of(stream.columns.begin(), stream.columns.end(), [&](const auto& declared) {
            return declared.name == column;
        });
    };
    if (!declares(stream.key_column))
        map.refuse(
            "key", fmt::format(
                       "means column `{}`, which `columns:` lacks: declare it, or name another by "
                       "key_column",
                       stream.key_column
                   )
        );
    if (stream.parent && !declares(*stream.parent))
        map.refuse("parent", "is no column of `columns:`: declare it");
    if (stream.window && !declares(declared_name(stream.window->column)))
        map.map("window").refuse(
            "column",
            fmt::format(
                "means column `{0}`, which `columns:` lacks: declare it (`{0}: timestamp` or "
                "`date`) and select it under that name",
                declared_name(stream.window->column)
            )
        );
    if (map.has("absent")) {
        MapReader absent = map.map("absent");
        for (const std::string& column : absent.keys())
            stream.absent[column] = absent.required_text(column);
    }
    return stream;
}

bool names_column(const std::string& fetch_sql, std::string_view column) {
    const auto words = identifiers_in(fetch_sql);
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
        return to_lower(word) == column;
    });
}

Result<void> check_fetch(
    const StreamDeclaration& stream, const std::filesystem::path& yaml, const YamlDocument& document
) {
    auto pieces = parse_fetch(stream.fetch_sql, stream.fetch_file.string());
    if (!pieces) return fail(pieces.error());
    const auto slices = std::count_if(pieces->begin(), pieces->end(), [](const auto& piece) {
        return piece.kind == FetchPiece::Kind::slice;
    });
    if (slices != 1)
        return fail(
            ErrorKind::misconfigured, fmt::format(
                                          "{}:1: {{slice}} stands {} times: write it once, in the "
                                          "where clause: `where {{slice}}`",
                                          stream.fetch_file.string(), slices
                                      )
        );
    if (stream.window) {  // the rest of the columns the server tells when it prepares the fetch
        const std::string column = declared_name(stream.window->column);
        if (!names_column(stream.fetch_sql, column))
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "{}: streams.{}.window.column: {} selects no column {}: add `{}` to its "
                    "select list, without another name",
                    document.where("/streams/" + stream.name + "/window/column"), stream.name,
                    stream.fetch_file.filename().string(), column, stream.window->column
                )
            );
    }
    std::vector<std::string> names = stream.stamps;
    names.push_back(stream.key);
    if (stream.window) names.push_back(stream.window->column);
    for (const std::string& name : names) {
        auto name_pieces = parse_fetch(name, yaml.string());
        if (!name_pieces) return fail(name_pieces.error());
        for (const FetchPiece& piece : *name_pieces)
            if (piece.kind == FetchPiece::Kind::slice || piece.kind == FetchPiece::Kind::table)
                return fail(
                    ErrorKind::misconfigured,
                    fmt::format(
                        "{}: `{}` in stream {} has to be a column", yaml.string(), name, stream.name
                    )
                );
    }
    return {};
}

// RFC 4180 as far as codes need it: fields in double quotes may hold commas and doubled quotes.
// nullopt: an unclosed quote.
std::optional<std::vector<std::string>> csv_fields(std::string_view line) {
    std::vector<std::string> fields(1);
    bool in_quotes = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (in_quotes && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
            fields.back().push_back('"');
            ++i;
        } else if (c == '"')
            in_quotes = !in_quotes;
        else if (c == ',' && !in_quotes)
            fields.emplace_back();
        else
            fields.back().push_back(c);
    }
    if (in_quotes) return std::nullopt;
    return fields;
}

// ; or a tab where they, and no commas, separate what may be columns; 0: they do not.
char separator_of(std::string_view line) {
    for (const char separator : {';', '\t'})
        if (line.find(separator) != std::string_view::npos &&
            (line.find(',') == std::string_view::npos || line.starts_with("list")))
            return separator;
    return 0;
}

// A new version means that the same row may mean something else: the map's text, and the rows of
// the lists that it asks for.
std::string version_of(const StreamDeclaration& stream, const CodeTable& codes) {
    Sha256 hash;
    hash.update(stream.map_sql);
    for (const auto& [list, values] : codes.lists) {
        if (stream.map_sql.find("'" + list + "'") == std::string::npos) continue;
        for (const auto& [code, canonical] : values)
            hash.update(fmt::format("\n{}\t{}\t{}", list, code, canonical));
    }
    return to_hex(hash.finish()).substr(0, 12);
}

}  // namespace

Result<CodeTable> load_codes(const std::filesystem::path& file) {
    CodeTable codes;
    const auto text = file_text(file);
    if (!text) return codes;
    if (const auto fault = encoding_fault(*text))
        return fail(
            ErrorKind::misconfigured,
            fmt::format("{}:{}: {}", file.string(), fault->line, fault->text)
        );
    int number = 0;
    for (std::string_view line : split(*text, '\n')) {
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        const auto problem = [&](std::string_view what) {
            return fail(
                ErrorKind::misconfigured, fmt::format("{}:{}: {}", file.string(), number, what)
            );
        };
        if (number == 1) {
            // Excel writes a ; between the columns wherever the comma belongs to numbers
            if (const char separator = separator_of(line); separator != 0)
                return problem(fmt::format(
                    "its columns are separated by {}, not by commas, as Excel saves them: save it "
                    "as \"CSV UTF-8\" with a comma as list separator, or replace {} by , "
                    "everywhere (a text with a comma goes into double quotes)",
                    separator == ';' ? "semicolons" : "tabs", separator == ';' ? ";" : "the tabs"
                ));
            if (trim(line) != "list,mis_code,canonical,comment")
                return problem("the first line has to be `list,mis_code,canonical,comment`");
            continue;
        }
        if (line.find_first_not_of(" \t,") == std::string_view::npos) continue;
        const auto fields = csv_fields(line);
        if (fields && fields->size() == 1 && separator_of(line) != 0)
            return problem(
                "its columns are not separated by commas, as those of the first line: replace the "
                "other separator by , (a text with a comma goes into double quotes)"
            );
        if (!fields || fields->size() < 3 || fields->size() > 4)
            return problem(
                "a row has the four fields list,mis_code,canonical,comment: put a field with a "
                "comma in double quotes"
            );
        const std::string list((*fields)[0]), code((*fields)[1]), canonical((*fields)[2]);
        if (list.empty() || canonical.empty())
            return problem("list and canonical must not be empty");
        if (!codes.lists[list].emplace(code, canonical).second)
            return problem(
                fmt::format("code `{}` of list `{}` stands there twice: keep one", code, list)
            );
    }
    return codes;
}

Result<Connector> load_connector(const std::filesystem::path& folder) {
    const auto yaml_file = folder / "connector.yaml";
    if (!std::filesystem::is_regular_file(yaml_file))
        return fail(
            ErrorKind::misconfigured,
            fmt::format(
                "{}: no such file: a connector is a folder with connector.yaml", yaml_file.string()
            )
        );
    auto document = config::load_yaml(yaml_file);
    if (!document) return fail(document.error());

    std::optional<Error> problem;
    MapReader top(*document, "", problem);
    top.only(
        {"title", "kind", "dialect", "no_show", "payers", "site", "streams", "format", "auth",
         "limits", "failures"}
    );
    Connector connector;
    connector.folder = folder;
    connector.name = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
    connector.title = top.required_text("title");
    connector.source_kind = top.one_of("kind", "sql", {"sql", "http", "files"});
    const bool is_sql = connector.source_kind == "sql";
    const bool is_http = connector.source_kind == "http";
    for (const char* key : {"format", "auth", "limits", "failures"})
        if (!is_http && top.has(key)) top.refuse(key, "belongs to kind: http");
    if (!is_sql && top.has("dialect")) top.refuse("dialect", "belongs to kind: sql");
    if (is_http)
        connector.service = std::make_shared<http::ServiceDeclaration>(http::read_service(top));
    if (is_sql)
        connector.dialect =
            top.one_of("dialect", "firebird", {"firebird", "sql_server", "postgresql", "mariadb"});
    if (top.one_of("payers", "told", {"told", "unknown"}) == "unknown")
        connector.payers = Connector::Payers::unknown;
    connector.no_show = top.one_of("no_show", "mis", {"end_of_day", "mis"});
    if (top.has("site")) {
        MapReader site = top.map("site");
        for (const std::string& key : site.keys())
            connector.site_defaults[key] = site.text(key, "");
    }
    if (!top.has("streams")) top.refuse("streams", "is missing: name at least one stream");
    if (problem) return fail(*problem);

    auto codes = load_codes(folder / "codes.csv");
    if (!codes) return fail(codes.error());
    connector.codes = *std::move(codes);

    MapReader streams = top.map("streams");
    for (const std::string& name : streams.keys()) {
        if (!is_lower_name(name))
            streams.refuse(name, "has to be a name in lower case, that of its files");
        if (problem) return fail(*problem);
        MapReader map = streams.map(name);
        if (problem) return fail(*problem);
        StreamDeclaration stream = read_stream(map, name);
        if (!stream.tokens.empty() && is_sql && connector.dialect != "sql_server")
            map.refuse(
                "stamps",
                "names a token, which only SQL Server's row versions are: leave it out, or write "
                "`dialect: sql_server`"
            );
        if (is_sql)
            stream.fetch_file = folder / (name + ".fetch.sql");
        else if (is_http)
            http::declare_request(map, connector, stream);
        else
            files::declare_file(map, stream);
        if (!is_http && map.has("request")) map.refuse("request", "belongs to kind: http");
        if ((is_sql || is_http) && map.has("file")) map.refuse("file", "belongs to kind: files");
        if (problem) return fail(*problem);
        stream.map_file = folder / (name + ".sql");
        for (const auto& [file, into] :
             {std::pair(stream.fetch_file, &stream.fetch_sql),
              std::pair(stream.map_file, &stream.map_sql)}) {
            if (file.empty()) continue;
            auto text = file_text(file);
            if (text)
                if (const auto fault = encoding_fault(*text))
                    return fail(
                        ErrorKind::misconfigured,
                        fmt::format("{}:{}: {}", file.string(), fault->line, fault->text)
                    );
            if (!text || trim(*text).empty())
                return fail(
                    ErrorKind::misconfigured, fmt::format(
                                                  "{}: stream {} has no file {}: write it",
                                                  document->where(pointer_to("/streams", name)),
                                                  name, file.filename().string()
                                              )
                );
            *into = *std::move(text);
        }
        stream.mapping_version = version_of(stream, connector.codes);
        if (!is_sql) {
            connector.streams.push_back(std::move(stream));
            continue;
        }
        if (auto checked = check_fetch(stream, yaml_file, *document); !checked)
            return fail(checked.error());
        for (const char* dialect : {"firebird", "sql_server", "postgresql", "mariadb"}) {
            StreamDeclaration twin = stream;
            twin.fetch_file = folder / (name + ".fetch." + dialect + ".sql");
            auto text = file_text(twin.fetch_file);
            if (!text) continue;
            twin.fetch_sql = stream.fetch_twins[dialect] = *std::move(text);
            if (auto checked = check_fetch(twin, yaml_file, *document); !checked)
                return fail(checked.error());
        }
        connector.streams.push_back(std::move(stream));
    }
    if (connector.streams.empty()) {
        top.refuse("streams", "is empty: name at least one stream");
        return fail(*problem);
    }
    return connector;
}

}  // namespace mis::source
