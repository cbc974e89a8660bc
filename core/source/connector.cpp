#include "source/connector.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "source/files/declaration.hpp"
#include "source/http/declare.hpp"
#include "source/http/request.hpp"
#include "source/map_reader.hpp"
#include "source/push/declaration.hpp"
#include "source/questions_reader.hpp"
#include "source/sql_words.hpp"
#include "source/stream_files.hpp"

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

// Tables of which SQL Server may keep a list of changed keys: TABLE, or TABLE.COLUMN.
void read_tracked(MapReader& map, StreamDeclaration& stream) {
    for (const std::string& text : map.texts("tracked")) {
        const auto names = split_names(text, '.');
        if (names.empty() || names.size() > 2 || names.front().empty() || names.back().empty())
            return map.refuse(
                "tracked",
                "has to be a list of tables, the first with the stream's key as its primary key: "
                "[VISITS], or [VISITS, VISIT_LINES.VISIT_ID] where another one has it in a column"
            );
        stream.tracked.push_back(
            {catalog_name(names.front()), names.size() > 1 ? catalog_name(names.back()) : ""}
        );
    }
}

// A stream of its own: its column is the key, its stamp when the row was deleted.
void declare_deletes(MapReader* map, StreamDeclaration& stream) {
    StreamDeclaration deletes;
    if (map != nullptr) {
        map->only({"key", "column"});
        deletes.key = map->required_text("key");
        deletes.stamps = {map->required_text("column")};
    } else if (stream.deletes) {
        deletes = *stream.deletes;
    } else {
        return;
    }
    deletes.name = stream.name + ".deletes";
    deletes.kind = stream.kind;
    deletes.key_column = stream.key_column;
    deletes.columns.clear();
    for (const ColumnDeclaration& column : stream.columns)
        if (column.name == stream.key_column) deletes.columns = {column};
    stream.deletes = std::make_shared<const StreamDeclaration>(std::move(deletes));
}

// `shipped`: what holds where the map says nothing: of a new stream that of an empty declaration.
StreamDeclaration read_stream(
    MapReader& map, const std::string& name, const StreamDeclaration& shipped
) {
    map.only(
        {"kind", "key", "key_column", "stamps", "window", "tracked", "deletes", "poll_seconds",
         "optional", "requires_table", "parent", "columns", "absent", "request", "file", "push"}
    );
    StreamDeclaration stream = shipped;
    stream.name = name;
    stream.kind = map.text("kind", shipped.kind.empty() ? name : shipped.kind);
    stream.key = shipped.key.empty() ? map.required_text("key") : map.text("key", shipped.key);
    stream.key_column =
        map.text("key_column", map.has("key") ? declared_name(stream.key) : shipped.key_column);
    if (map.has("stamps")) {
        stream.stamps.clear();
        stream.tokens.clear();
        read_stamps(map, stream);
    }
    if (map.has("tracked")) {
        stream.tracked.clear();
        read_tracked(map, stream);
    }
    stream.poll_seconds = map.number("poll_seconds", shipped.poll_seconds, 1, 86'400);
    if (map.has("optional")) stream.optional = map.flag("optional");
    stream.requires_table =
        map.text("requires_table", stream.optional ? shipped.requires_table : "");
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
    if (map.has("columns")) {
        stream.columns.clear();
    } else if (stream.columns.empty()) {
        map.refuse("columns", "is missing: name and type every column that the fetch gives");
        return stream;
    }
    for (const std::string& column :
         map.has("columns") ? map.map("columns").keys() : std::vector<std::string>()) {
        MapReader columns = map.map("columns");
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
    if (map.has("deletes")) {
        MapReader noted = map.map("deletes");
        declare_deletes(&noted, stream);
    } else {
        declare_deletes(nullptr, stream);
    }
    if (stream.parent && !declares(*stream.parent))
        map.refuse("parent", "is no column of `columns:`: declare it");
    if (stream.window && !declares(declared_name(stream.window->column))) {
        const std::string what = fmt::format(
            "means column `{0}`, which `columns:` lacks: declare it (`{0}: timestamp` or `date`) "
            "and select it under that name",
            declared_name(stream.window->column)
        );
        if (map.has("window"))
            map.map("window").refuse("column", what);
        else
            map.refuse("columns", "lacks the window's column: it " + what);
    }
    if (map.has("absent")) {
        MapReader absent = map.map("absent");
        stream.absent.clear();
        for (const std::string& column : absent.keys())
            stream.absent[column] = absent.required_text(column);
    }
    return stream;
}

// overlay.yaml without its streams.
void read_overlay(MapReader& laid, Connector& connector) {
    laid.only({"connector", "site", "shipped", "streams"});
    if (const std::string name = laid.required_text("connector"); name != connector.name)
        laid.refuse(
            "connector",
            fmt::format(
                "is `{}`, but the folder is laid over {}: name the folder that was made for it",
                name, connector.name
            )
        );
    if (laid.has("site")) {
        MapReader site = laid.map("site");
        for (const std::string& key : site.keys()) connector.overlay.site[key] = site.text(key, "");
    }
    if (!laid.has("shipped")) return;
    MapReader shipped = laid.map("shipped");
    for (const std::string& file : shipped.keys())
        if (!std::filesystem::is_regular_file(connector.folder / file))
            shipped.refuse(file, "is no file of the connector: take the line out");
        else if (!std::filesystem::is_regular_file(connector.overlay.folder / file))
            shipped.refuse(file, "is replaced by no file beside overlay.yaml: take the line out");
}

}  // namespace

std::vector<const StreamDeclaration*> asked_of(const Connector& connector) {
    std::vector<const StreamDeclaration*> all;
    for (const StreamDeclaration& stream : connector.streams) {
        all.push_back(&stream);
        if (stream.deletes) all.push_back(stream.deletes.get());
    }
    return all;
}

Result<Connector> load_connector(
    const std::filesystem::path& folder, const std::filesystem::path& overlay_folder
) {
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
    std::optional<YamlDocument> overlay;
    if (!overlay_folder.empty()) {
        const auto overlay_file = overlay_folder / "overlay.yaml";
        if (!std::filesystem::is_regular_file(overlay_file))
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "{}: no such file: an overlay is a folder with overlay.yaml; `mis-gateway "
                    "discover SOURCE --write FOLDER` makes one",
                    overlay_file.string()
                )
            );
        auto read = config::load_yaml(overlay_file);
        if (!read) return fail(read.error());
        overlay.emplace(*std::move(read));
    }

    std::optional<Error> problem;
    MapReader top(*document, "", problem);
    top.only(
        {"title", "kind", "dialect", "no_show", "payers", "site", "recognise", "unknown",
         "calibrate", "streams", "format", "auth", "limits", "failures", "routes", "refusals",
         "feeds"}
    );
    Connector connector;
    connector.folder = folder;
    connector.name = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
    connector.title = top.required_text("title");
    connector.source_kind = top.one_of("kind", "sql", {"sql", "http", "files", "push"});
    const bool is_sql = connector.source_kind == "sql";
    const bool is_http = connector.source_kind == "http";
    const bool is_files = connector.source_kind == "files";
    const bool is_push = connector.source_kind == "push";
    for (const char* key : {"format", "auth"})
        if (!is_http && !is_push && top.has(key)) top.refuse(key, "belongs to kind: http or push");
    for (const char* key : {"limits", "failures"})
        if (!is_http && top.has(key)) top.refuse(key, "belongs to kind: http");
    for (const char* key : {"routes", "refusals"})
        if (!is_push && top.has(key)) top.refuse(key, "belongs to kind: push");
    if (!is_sql && top.has("dialect")) top.refuse("dialect", "belongs to kind: sql");
    if (is_http)
        connector.service = std::make_shared<http::ServiceDeclaration>(http::read_service(top));
    if (is_push) connector.push = std::make_shared<push::PushDeclaration>(push::read_push(top));
    if (is_sql)
        connector.dialect =
            top.one_of("dialect", "firebird", {"firebird", "sql_server", "postgresql", "mariadb"});
    if (top.one_of("payers", "told", {"told", "unknown"}) == "unknown")
        connector.payers = Connector::Payers::unknown;
    connector.no_show = top.one_of("no_show", "mis", {"end_of_day", "mis"});
    connector.feeds = top.texts("feeds");
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

    std::optional<MapReader> own_streams;
    if (overlay) {
        connector.overlay.folder = overlay_folder;
        MapReader own(*overlay, "", problem);
        if (problem) return fail(*problem);
        read_overlay(own, connector);
        if (own.has("streams")) own_streams.emplace(own.map("streams"));
        if (problem) return fail(*problem);
        auto own_codes = load_codes(overlay_folder / "codes.csv");
        if (!own_codes) return fail(own_codes.error());
        for (const auto& [list, values] : own_codes->lists)
            for (const auto& [code, canonical] : values)
                connector.codes.lists[list][code] = canonical;
    }

    StreamFiles files(connector, overlay ? &*overlay : nullptr);
    const auto add = [&](StreamDeclaration stream,
                         const YamlDocument& declared_in) -> Result<void> {
        if (auto read = files.read(stream, declared_in); !read) return read;
        connector.streams.push_back(std::move(stream));
        return {};
    };
    // What a map says of a stream, over what holds already.
    const auto declare = [&](MapReader& streams, const std::string& name,
                             const StreamDeclaration& shipped) -> Result<StreamDeclaration> {
        if (!is_lower_name(name))
            streams.refuse(name, "has to be a name in lower case, that of its files");
        if (problem) return fail(*problem);
        MapReader map = streams.map(name);
        if (problem) return fail(*problem);
        StreamDeclaration stream = read_stream(map, name, shipped);
        if (!stream.tokens.empty() && is_sql && connector.dialect != "sql_server")
            map.refuse(
                "stamps",
                "names a token, which only SQL Server's row versions are: leave it out, or write "
                "`dialect: sql_server`"
            );
        if (!stream.tracked.empty() && is_sql && connector.dialect != "sql_server")
            map.refuse(
                "tracked", "is only of SQL Server: leave it out, or write `dialect: sql_server`"
            );
        for (const char* key : {"tracked", "deletes"})
            if (!is_sql && map.has(key)) map.refuse(key, "belongs to kind: sql");
        if (is_sql)
            stream.fetch_file = folder / (name + ".fetch.sql");
        else if (is_http && (stream.request == nullptr || map.has("request")))
            http::declare_request(map, connector, stream);
        else if (is_push && (stream.pushed == nullptr || map.has("push")))
            push::declare_push(map, connector, stream);
        else if (is_files && (stream.file == nullptr || map.has("file")))
            files::declare_file(map, stream);
        if (!is_http && map.has("request")) map.refuse("request", "belongs to kind: http");
        if (!is_files && map.has("file")) map.refuse("file", "belongs to kind: files");
        if (!is_push && map.has("push")) map.refuse("push", "belongs to kind: push");
        if (problem) return fail(*problem);
        return stream;
    };
    MapReader streams = top.map("streams");
    for (const std::string& name : streams.keys()) {
        auto stream = declare(streams, name, {});
        if (!stream) return fail(stream.error());
        const bool is_own = own_streams && own_streams->has(name);
        if (is_own) {
            const bool own_columns = own_streams->map(name).has("columns");
            stream = declare(*own_streams, name, *stream);
            if (!stream) return fail(stream.error());
            stream->own.declaration = true;
            stream->own.columns = own_columns;
        }
        if (auto added = add(*std::move(stream), is_own ? *overlay : *document); !added)
            return fail(added.error());
    }
    for (const std::string& name : own_streams ? own_streams->keys() : std::vector<std::string>()) {
        if (streams.has(name)) continue;
        auto stream = declare(*own_streams, name, {});
        if (!stream) return fail(stream.error());
        stream->own.declaration = stream->own.columns = stream->own.stream = true;
        if (auto added = add(*std::move(stream), *overlay); !added) return fail(added.error());
    }
    if (connector.streams.empty()) {
        top.refuse("streams", "is empty: name at least one stream");
        return fail(*problem);
    }
    if (is_push) push::check_routes(top, connector);
    read_questions(top, connector);
    if (problem) return fail(*problem);
    if (overlay)
        if (auto known = files.no_stranger(); !known) return fail(known.error());
    return connector;
}

}  // namespace mis::source
