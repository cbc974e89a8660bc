// A connector: the folder that says what one MIS looks like. connector.yaml, NAME.fetch.sql,
// NAME.sql, codes.csv, cases/, README.md.
//
// These structs are the parsed folder; load_connector() checks everything that can be checked
// without a connection and names file, line, key and remedy in each error. The format is documented
// for integrators in connectors/README.md; placeholders of fetches in fetch_text.hpp.
//
// connector.yaml: title, kind: sql, http, files, push, dialect (of sql): firebird | sql_server |
// postgresql | mariadb, no_show: end_of_day | mis (default mis), payers: told | unknown (default
// told; unknown becomes part of every line's mapping version), site: {NAME: default}, streams:
// {NAME: {kind, key, key_column, stamps (columns, or {column, token: true}), window: {column,
// past_days, future_days, history_days}, tracked (tables: TABLE or TABLE.COLUMN), deletes: {key,
// column}, poll_seconds, optional, requires_table, parent, columns: {name: type}, absent: {column:
// reason}, file (of files: files/declaration.hpp)}}. `key` and `columns` are required; `key_column`
// is `key` without its alias, in lower case, where it isn't given. Types: text integer decimal
// decimal(N) timestamp date boolean. recognise, unknown, calibrate: questions.hpp.
//
// A site's overlay is a folder of the same form over it: overlay.yaml (connector: NAME, site:
// {NAME: value}, shipped: {FILE: sha256}, streams: {NAME: keys over the connector's}),
// NAME.fetch.sql, NAME.sql, codes.csv, cases/. Its files and rows of codes win; `shipped` names the
// version of each connector's file that one of its own replaces. What it holds is part of the
// mapping versions.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "source/questions.hpp"

namespace mis::source::http {  // http/request.hpp
struct Request;
struct ServiceDeclaration;
}  // namespace mis::source::http

namespace mis::source::files {
struct FileDeclaration;  // files/declaration.hpp
}

namespace mis::source::push {  // push/declaration.hpp
struct PushDeclaration;
struct PushedRows;
}  // namespace mis::source::push

namespace mis::source {

enum class ColumnType { text, integer, decimal, timestamp, date, boolean };

struct ColumnDeclaration {
    std::string name;  // lower case, as NAME.sql says it
    ColumnType type = ColumnType::text;
    int decimals = 2;  // `decimal` is kopecks; `decimal(3)`: what a binary floating column of the
                       // source is rounded to
};

struct WindowDeclaration {  // a date by which rows fall into a sliding window: deletions and silent
                            // edits are found in it
    std::string column;     // as the fetch writes it: "S.WORKDATE"
    int past_days = 0;
    int future_days = 0;
    // Of sources that cannot give all their rows (Capabilities::Rows::by_period): how far back they
    // are read at first and nightly. At least past_days.
    int history_days = 0;
};

// A table whose changes the server itself may keep a list of.
struct TrackedTable {
    std::string table;   // as the catalog has it (catalog_name)
    std::string column;  // that holds the stream's key; empty: the table's primary key is it
};

struct StreamDeclaration {
    std::string name;        // the folder's file stem: "appointment"
    std::string kind;        // canonical kind it yields; default: name
    std::string key;         // key column as the fetch writes it: "S.SCHEDID"
    std::string key_column;  // the declared column that holds it: "schedid"
    std::vector<std::string>
        stamps;  // indexed "modified at" columns, each polled as slices of its own; may be empty
    std::set<std::size_t> tokens;  // which of them hold growing tokens (rowversion), not times
    std::optional<WindowDeclaration> window;
    std::vector<TrackedTable> tracked;
    // Where the base notes what was deleted, a stream of its own: NAME.deletes.sql, its only column
    // the key of the row that was deleted, its only stamp when. Null: nowhere.
    std::shared_ptr<const StreamDeclaration> deletes;
    int poll_seconds = 60;
    bool optional = false;       // its tables may be missing: then the stream is off, and says so
    std::string requires_table;  // with `optional`: the table whose presence switches it on
    std::optional<std::string>
        parent;  // a fanned-out row: name of the column that holds the parent's key
    std::vector<ColumnDeclaration> columns;
    std::map<std::string, std::string> absent;  // canonical column → why this MIS has none
    std::string fetch_sql;  // text of NAME.fetch.sql, placeholders not yet resolved
    std::map<std::string, std::string>
        fetch_twins;      // another dialect → text of NAME.fetch.DIALECT.sql
    std::string map_sql;  // text of NAME.sql
    std::string
        mapping_version;  // first 12 hex digits of sha256 over map_sql and codes.csv's rows for it
    std::filesystem::path fetch_file, map_file;
    std::shared_ptr<const http::Request> request;        // kind http: in the place of a fetch
    std::shared_ptr<const files::FileDeclaration> file;  // kind files: in the place of a fetch
    std::shared_ptr<const push::PushedRows> pushed;      // kind push: in the place of a fetch
    // What of it is the site's overlay's, and not the connector's.
    struct Own {
        bool fetch = false, map = false, columns = false, declaration = false, stream = false;
        bool any() const { return fetch || map || declaration; }
    } own;
};

// What a base is asked of the streams and their `deletes`.
struct Connector;
std::vector<const StreamDeclaration*> asked_of(const Connector& connector);

// codes.csv: stream-independent rows `list,mis_code,canonical,comment`, e.g.
// `status,1,arrived,patient came`.
struct CodeTable {
    std::map<std::string, std::map<std::string, std::string>>
        lists;  // list → MIS code → canonical value
};

struct Connector {
    std::string name;                                         // folder name
    std::string title;                                        // for people
    std::string source_kind;                                  // "sql", "http", "files", "push"
    std::shared_ptr<const http::ServiceDeclaration> service;  // kind http
    std::shared_ptr<const push::PushDeclaration> push;        // kind push
    std::string dialect;                                      // in which fetches are written
    std::string no_show;                                      // "end_of_day" or "mis" (A1)
    std::vector<std::string> feeds;  // aggregators that the system itself may send free times to
    enum class Payers { told, unknown } payers = Payers::told;  // whether the MIS tells any (L0)
    std::vector<StreamDeclaration> streams;  // in the file's order: the order of a pass
    CodeTable codes;
    std::map<std::string, std::string>
        site_defaults;  // values for {site:NAME} placeholders and site('NAME') in maps
    Recognition recognition;
    std::vector<Question> questions;
    std::vector<Calibration> calibrations;
    std::filesystem::path folder;

    struct Overlay {
        std::filesystem::path folder;  // empty: there is none
        std::map<std::string, std::string> site;
        // stream → why it must not run: the shipped file that the site's replaces is another now
        std::map<std::string, std::string> stopped;
    } overlay;
};

// Of which tables a site's key names a column, as fetches and keys say it (upper case where it is
// written without quotes); empty: of none.
std::vector<std::string> site_tables(const Connector& connector, const std::string& key);

// codes.csv; a file that is not there has no codes. misconfigured with file, line, remedy.
Result<CodeTable> load_codes(const std::filesystem::path& file);

// With a site's overlay over it, if one is named. misconfigured with file, line, key, remedy.
Result<Connector> load_connector(
    const std::filesystem::path& folder, const std::filesystem::path& overlay = {}
);

}  // namespace mis::source
