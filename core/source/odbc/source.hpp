// Source over ODBC: keeps a connection, makes it anew when it died, and reads slices under the
// watchdog's eye. probe() in probe.cpp, discover() in discover.cpp.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/duty_cycle.hpp"
#include "source/odbc/connection.hpp"
#include "source/watchdog.hpp"

namespace mis::source::odbc {

using SteadyClock = std::chrono::steady_clock;

class OdbcSource final : public Source {
  public:
    OdbcSource(
        Connector connector, OdbcSettings settings, const Clock& clock, SourceOptions options,
        std::shared_ptr<const Api> api
    );
    ~OdbcSource() override;

    const std::vector<std::string>& columns(const std::string& stream) const override;
    Result<ReadReport> read(
        const std::string& stream, const Slice& slice,
        const std::function<Result<void>(RowBatch&&)>& take
    ) override;
    Result<std::vector<std::string>> keys(
        const std::string& stream, const Slice& slice, std::size_t most
    ) override;
    Result<std::string> source_now() override;
    Result<std::string> fingerprint() override;
    void cancel() override { watchdog_.cancel(); }
    void begin_pass() override;
    int end_pass() override;
    bool was_cut_off() override { return std::exchange(cut_off_, false); }
    Result<std::optional<std::string>> token_bound(
        const std::string& stream, std::size_t stamp_index
    ) override;
    // change_tracking.cpp
    Result<std::optional<std::string>> told_bound(const std::string& stream) override;
    Result<ToldKeys> told_since(
        const std::string& stream, const std::string& bound, std::size_t most
    ) override;
    std::optional<std::string> oldest_open_transaction() override;
    Result<ProbeReport> probe() override;
    std::optional<double> clock_skew_seconds() const override { return clock_skew_seconds_; }
    Result<std::map<std::string, std::string>> streams_off() override;
    Result<std::vector<TableDescription>> discover() override;
    std::string written(const std::string& name) const override;
    Result<TableSample> sample(const std::string& table, const std::vector<std::string>& columns)
        override;
    Result<std::optional<std::string>> first_value(const std::string& sql) override;
    Result<std::optional<std::vector<std::string>>> values_of(
        const std::string& stream, const std::string& column
    ) override;
    Result<std::string> fetch_text(const std::string& stream, const Slice& slice) override;

  private:
    static constexpr int kAskSecondsMax = 5;
    enum class Freshness { kept, made_now };

    Result<Freshness> connect();
    void disconnect();
    Error explain(Error error, Watchdog::Verdict verdict) const;
    SteadyClock::time_point deadline(int seconds_max = kSnapshotSecondsMax) const;
    const StreamDeclaration* find(const std::string& stream) const;
    std::optional<std::string> why_off(const StreamDeclaration& stream) const;
    // A short query of our own, at most kAskSecondsMax long.
    Result<TextRows> ask(const std::string& sql, std::size_t rows_max = 100'000);
    // A stamp's column. Empty: this base has no such stamp.
    Result<std::string> stamp_name(const StreamDeclaration& stream, std::size_t index) const;
    // The text of a slice in the dialect of the server. Empty: this base has no such stamp.
    Result<std::string> text_of(const StreamDeclaration& stream, const SliceForm& form, int limit);
    std::vector<std::string> parameters(const SliceForm& form, const Slice& slice) const;
    Result<void> take_snapshot();
    void release_snapshot();
    void pause_for_duty(DutyCycle& duty);
    struct Progress {  // of a read that failed
        bool took = false;
        Watchdog::Verdict verdict = Watchdog::Verdict::untouched;
    };
    Result<ReadReport> read_slice(
        const StreamDeclaration& stream, const SliceForm& form, const Slice& slice,
        const std::function<Result<void>(RowBatch&&)>& take, Progress& progress
    );
    // Values of one column, at most so many.
    enum class Reuse { statement, never };
    Result<std::vector<std::string>> keys_of(
        const std::string& sql, const std::vector<std::string>& values,
        const std::vector<ColumnDeclaration>& column, std::size_t most, Reuse reuse
    );
    struct Tracked {
        std::string before, behind;         // of the version since which its keys are selected
        std::optional<std::int64_t> least;  // the oldest version that it tells of
        std::string begun;                  // at which its list began
    };
    Result<void> learn_tracked_keys();
    // Of the stream's tables those that are tracked, as far as this login may know.
    Result<std::vector<Tracked>> tracked_of(const StreamDeclaration& stream);
    Result<void> probe_deletes(const StreamDeclaration& stream, StreamProbe& probe);
    // Names of them; what should be granted goes into the probe.
    std::string probe_tracking(const StreamDeclaration& stream, StreamProbe& probe);
    void note_clock(const std::string& now, std::int64_t before_us);
    Result<StreamProbe> probe_stream(
        const StreamDeclaration& stream, const std::vector<TableDescription>& tables
    );
    Result<void> probe_rights(ProbeReport& report);

    const Connector connector_;
    const OdbcSettings settings_;
    const SqlDialect& dialect_;
    const Clock& clock_;
    const SourceOptions options_;
    std::map<std::string, std::string> site_;
    std::map<std::string, std::vector<std::string>> column_names_;
    std::shared_ptr<const Api> api_;
    Watchdog watchdog_;
    DutyCycle polling_, backfill_;
    std::unique_ptr<Connection> connection_;
    Catalog catalog_, versions_;  // as the last connection learned them
    std::map<std::string, std::vector<std::string>> tracked_keys_;  // table → its primary key
    bool asks_tokens_ = false, asks_tracking_ = false;
    struct Snapshot {
        std::string now;                                           // the source's clock just before
        std::optional<std::string> token_bound, tracking_version;  // as they were then
        SteadyClock::time_point renew_at, end;
    };
    std::optional<Snapshot> snapshot_;
    bool in_pass_ = false;
    int snapshots_ = 0;  // of this pass
    bool learn_again_ = false, cut_off_ = false;
    std::optional<double> clock_skew_seconds_;
};

}  // namespace mis::source::odbc
