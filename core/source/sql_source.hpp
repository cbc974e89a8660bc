// SqlSource: a MIS's own database, read by the connector's fetches. Firebird so far (native client,
// TCP or embedded).
//
// Owned by one source of the pipeline; read(), source_now(), fingerprint() and probe() from its one
// worker thread, cancel() from any. The attachment and the prepared statements are kept between
// reads (an idle poll costs five round trips), made anew after a lost connection, and dropped after
// anything unexpected. Nothing here survives a crash or has to: the source is only read.
//
// Gentle by construction: read-only snapshot transactions of at most kSnapshotSecondsMax, each call
// bounded by `statement_seconds_max` (watchdog: cancel, two seconds later abort), a duty cycle. A
// prepared statement holds the metadata of its tables: an MIS upgrade that DROPS one of them while
// we are attached is told "object in use"; stop the source for such an upgrade.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/timestamp.hpp"
#include "source/connector.hpp"
#include "source/fetch_text.hpp"
#include "source/row_reader.hpp"

namespace mis::source {

inline constexpr int kSnapshotSecondsMax = 60;
inline constexpr std::size_t kBatchRowsMax = 1000;
inline constexpr std::size_t kBatchBytesMax = 256 * 1024;
inline constexpr std::size_t kBlobBytesMax = 1024 * 1024;  // a longer one is an issue of its row

struct FirebirdSettings {
    std::string host;  // empty: embedded, `database` is a path on this machine
    int port = 3050;
    std::string database;  // path as the server knows it, or an alias
    std::string user, password, role;
    std::string
        charset;  // of columns without a set of their own (NONE); empty: the base's default set
    int dialect = 3;
    int connect_seconds_max = 10;
    int statement_seconds_max = 20;
    int duty_cycle_percent = 10;  // share of time the source may work for us; 100: no limit
    int backfill_duty_cycle_percent = 10;  // the same for key walks
    std::vector<std::string> client_library = {"libfbclient.so.2", "libfbclient.so"};
    std::string wire_crypt;  // "", "Disabled", "Enabled", "Required"; "Disabled" for servers
                             // before 3.0 (tried on 3.0, untested on 2.5)
    std::string auth;        // "", or the client's AuthClient list: "Legacy_Auth", "Srp256, Srp"
};

struct SqlSourceOptions {
    std::map<std::string, std::string> site;  // the site's values over the connector's defaults
    std::optional<Zone> zone;                 // the clinic's, for the clock skew
    // Waits (duty cycle); injectable. Default: sleeps, woken early by cancel().
    std::function<void(std::chrono::microseconds)> sleep;
};

struct StampProbe {
    std::string column;
    std::optional<std::string> newest;  // within the last 400 days, else absent
};

struct PlanProbe {
    std::string form;  // "stamp 0", "window", "key walk", "1 ids"
    std::string plan;  // the server's text
    enum class Reading { indexed, full_scan, sorts } reading = Reading::indexed;
    std::string remedy;  // empty: nothing to mend
};

struct StreamProbe {
    std::string name;
    bool on = false;
    std::string reason;                // why off, or why it cannot be read
    std::optional<std::int64_t> rows;  // counted up to kProbeRowsMax, which then means "at least"
    std::vector<StampProbe> stamps;
    std::vector<PlanProbe> plans;
    std::vector<std::string> tables;  // that its fetch reads, views among them
    std::vector<std::string> procedures, functions, packages;  // that it runs
    std::vector<std::string> remarks;  // what works and loses rows; what, why, remedy
    std::map<std::string, std::string> placeholders;  // "T:TREAT.TOOTH" → "T.TOOTH" or the literal
    // Declared columns whose type in this base is another one that matters: name, both types, what
    // it does, remedy.
    std::vector<std::string> column_remarks;
    std::vector<std::string> columns_without_charset;  // text of the set NONE, and none is said
};
inline constexpr std::int64_t kProbeRowsMax = 100'000;
inline constexpr std::size_t kProbeValuesMax = 1000;

struct ProbeReport {
    std::string server;    // version text, default charset, dialect
    int base_dialect = 0;  // of the base itself; settings name the one we speak
    std::string source_now;
    std::optional<double> clock_skew_seconds;  // source minus ours
    std::vector<StreamProbe> streams;
    std::string login;  // whom the base took us for
    std::vector<std::string>
        write_rights;  // why this login could write; empty: it cannot, as far as seen
    std::vector<std::string> sufficient_grants;  // statements that a restricted login needs
    Catalog catalog;                             // of the tables that the fetches name
};

struct TableDescription {
    std::string name;  // as the catalog has it
    enum class Kind { table, view, procedure } kind = Kind::table;
    struct Column {
        std::string name, type;  // "VARCHAR(40) of WIN1251", "NUMERIC(15,2)"
        bool required = false;
    };
    std::vector<Column> columns;   // in the table's order; of a procedure: what it returns
    std::vector<std::string> key;  // columns of the primary key
    struct Index {
        std::string name;
        std::vector<std::string> columns;  // empty: of an expression
        bool unique = false, descending = false, active = true;
    };
    std::vector<Index> indexes;  // that of the key is one of them
};

class SqlSource : public RowReader {
  public:
    // misconfigured: wrong dialect, unknown charset, the client library is missing. Does not
    // connect.
    static Result<std::unique_ptr<SqlSource>> create(
        const Connector& connector, const FirebirdSettings& settings, const Clock& clock,
        SqlSourceOptions options
    );

    virtual Result<ProbeReport> probe() = 0;

    // Its clock minus ours, in seconds, as the last source_now() told; nullopt: not asked yet, or
    // no zone to read it in.
    virtual std::optional<double> clock_skew_seconds() const = 0;

    // Streams that this base has not (optional, table missing) → why. Connects if need be.
    virtual Result<std::map<std::string, std::string>> streams_off() = 0;

    // Everything that the base has of its own and a fetch can read, by name, for `discover`.
    // Connects if need be.
    virtual Result<std::vector<TableDescription>> discover() = 0;

    // A catalog's name as a statement must write it: in quotes where it needs them.
    virtual std::string written(const std::string& name) const = 0;

    // What stands in a column of the stream's rows, each value once, for `check`; nullopt: there
    // are more than kProbeValuesMax, or the server takes too long to tell.
    virtual Result<std::optional<std::vector<std::string>>> values_of(
        const std::string& stream, const std::string& column
    ) = 0;

    // The text a read of that slice prepares, for `preview` and `check`. Connects if need be.
    virtual Result<std::string> fetch_text(const std::string& stream, const Slice& slice) = 0;
};

}  // namespace mis::source
