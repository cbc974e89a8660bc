// Source: one system of the clinic, as the rest of the program sees it. What kind it is (a base, a
// service, files) is decided by who made it (kinds.hpp); nobody above names one.
//
// Owned by one source of the pipeline; everything from its one worker thread, cancel() from any.
// Nothing here survives a crash or has to: a source is only read. It connects when it is first
// asked, and anew after a lost connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/timestamp.hpp"
#include "source/connector.hpp"
#include "source/probe.hpp"
#include "source/row_reader.hpp"
#include "source/table_sample.hpp"

namespace mis::source {

inline constexpr int kSnapshotSecondsMax = 60;
inline constexpr std::size_t kBatchRowsMax = 1000;
inline constexpr std::size_t kBatchBytesMax = 256 * 1024;
inline constexpr std::size_t kLongValueBytesMax = 1024 * 1024;  // a longer one: issue of its row

// Share of time that a source may work for us, in percent; 100: no limit.
struct Effort {
    int polling_percent = 10;
    int backfill_percent = 10;  // of key walks
};

struct SourceOptions {
    std::map<std::string, std::string> site;  // the site's values over the connector's defaults
    std::optional<Zone> zone;                 // the clinic's, for the clock skew
    // Waits (duty cycle); injectable. Default: sleeps, woken early by cancel().
    std::function<void(std::chrono::microseconds)> sleep;
    // Where rows are staged that arrive whole, for the length of a pass (staged/stage.hpp); no such
    // folder: the system's /var/tmp.
    std::filesystem::path stage_folder;
    std::int64_t stage_bytes_max = 8'000'000'000, free_disk_bytes_min = 0;
    // Where a kind that is sent its rows keeps them (intake.hpp): a file of its own in a folder of
    // its own, both made when they are needed.
    std::filesystem::path intake_file;
};

class Source : public RowReader {
  public:
    virtual Result<ProbeReport> probe() = 0;

    // Whether a poll would find that stream as its last whole read in this process did; asked
    // because it costs little. false: nobody can say.
    virtual bool stands_as_read(const std::string& /*stream*/) { return false; }

    // Its clock minus ours, in seconds, as the last source_now() told; nullopt: not asked yet, or
    // no zone to read it in.
    virtual std::optional<double> clock_skew_seconds() const = 0;

    // Streams that this system has not (optional, table missing) → why.
    virtual Result<std::map<std::string, std::string>> streams_off() = 0;

    // Everything that the system has of its own and a fetch can read, by name, for `discover`.
    virtual Result<std::vector<TableDescription>> discover() = 0;

    // By what this system is known as the connector's, in words, where its kind has more to tell
    // than the names of tables; nullopt: it is not known.
    virtual Result<std::optional<std::string>> known_by() { return std::optional<std::string>(); }

    // What `discover` asks beside the connector's own questions.
    virtual std::vector<Question> questions() { return {}; }

    // A catalog's name as a fetch must write it: in quotes where it needs them.
    virtual std::string written(const std::string& name) const = 0;

    // Of some rows of one of its tables what the values look like, never a value. rejected: a kind
    // of source that has no tables.
    virtual Result<TableSample> sample(
        const std::string& table, const std::vector<std::string>& columns
    );

    // The first value of what a connector asks about its version; nullopt: no row, or NULL.
    virtual Result<std::optional<std::string>> first_value(const std::string& sql);

    // What stands in a column of the stream's rows, each value once, for `check`; nullopt: there
    // are more than kProbeValuesMax, or the system takes too long to tell.
    virtual Result<std::optional<std::vector<std::string>>> values_of(
        const std::string& stream, const std::string& column
    ) = 0;

    // The text a read of that slice sends, for `preview` and `check`.
    virtual Result<std::string> fetch_text(const std::string& stream, const Slice& slice) = 0;
};

inline Result<TableSample>
Source::sample(const std::string& table, const std::vector<std::string>&) {
    return fail(
        ErrorKind::rejected, "rows of " + table + " cannot be looked at in this kind of source"
    );
}

inline Result<std::optional<std::string>> Source::first_value(const std::string&) {
    return fail(ErrorKind::rejected, "this kind of source answers no select");
}

// Makes a source of a connector. misconfigured: the two do not fit, a client library is missing.
// Does not connect.
using Opener = std::function<Result<std::unique_ptr<Source>>(
    const Connector& connector, const SourceOptions& options, const Clock& clock
)>;

}  // namespace mis::source
