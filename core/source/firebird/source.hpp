// Source over Firebird: keeps a connection, makes it anew when it died, and reads slices under
// the watchdog's eye. What is held of one attachment is in connection.hpp; what is said of the base
// as such in base_facts.cpp, probe() in
// probe.cpp and probe_rights.cpp, discover() in discover.cpp.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/duty_cycle.hpp"
#include "source/firebird/connection.hpp"
#include "source/firebird/settings.hpp"
#include "source/source.hpp"
#include "source/watchdog.hpp"

namespace mis::source::firebird {

using SteadyClock = std::chrono::steady_clock;
using Deadline = SteadyClock::time_point;

class FirebirdSource final : public Source {
  public:
    FirebirdSource(
        Connector connector, FirebirdSettings settings, const Clock& clock, SourceOptions options,
        std::shared_ptr<const Api> api
    );
    ~FirebirdSource() override;

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
    void cancel() override;
    void begin_pass() override;
    int end_pass() override;
    bool was_cut_off() override { return std::exchange(cut_off_, false); }
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
    enum class Freshness { kept, made_now };
    Result<Freshness> connect();
    void disconnect();
    Error explain(Error error, Watchdog::Verdict verdict) const;
    Deadline statement_deadline(int seconds_max = kSnapshotSecondsMax) const;

    const StreamDeclaration* find(const std::string& stream) const;
    std::optional<std::string> why_off(const StreamDeclaration& stream) const;
    struct Progress {       // of a read that failed
        bool took = false;  // something was handed over
        Watchdog::Verdict verdict = Watchdog::Verdict::untouched;
    };
    // snapshot.cpp
    Result<void> take_snapshot();  // that of the pass, anew where there is none or it is too old
    void release_snapshot();
    Result<ReadReport> read_slice(
        const StreamDeclaration& stream, const SliceForm& form, const Slice& slice,
        const std::function<Result<void>(RowBatch&&)>& take, Progress& progress
    );
    // A short query of our own in a connection and transaction of its own making, at most
    // kAskSecondsMax long.
    static constexpr int kAskSecondsMax = 5;
    Result<TextRows> ask(std::string_view sql, const std::vector<std::string>& parameters);
    struct BaseFacts {
        std::string created;
        int dialect = 0;
    };
    Result<BaseFacts> base_facts();

    Result<StreamProbe> probe_stream(
        const StreamDeclaration& stream, const std::string& source_now
    );
    // Also compares the columns of the fetch with their declarations, once per stream.
    Result<PlanProbe> probe_plan(
        const StreamDeclaration& stream, const SliceForm& form, StreamProbe& about
    );
    Result<void> probe_deletes(const StreamDeclaration& stream, StreamProbe& probe);
    // Prepares what a pass prepares and reads the first page; what it says of a row's content is
    // not kept.
    Result<void> try_out(const StreamDeclaration& stream);
    Result<void> probe_rights(ProbeReport& report);
    Result<std::vector<std::string>> grants_for(
        const ProbeReport& report, const std::string& reader
    );

    const Connector connector_;
    const FirebirdSettings settings_;
    const Clock& clock_;
    const SourceOptions options_;
    std::map<std::string, std::string> site_;
    std::map<std::string, std::vector<std::string>> column_names_;
    std::shared_ptr<const Api> api_;
    Watchdog watchdog_;
    DutyCycle polling_, backfill_;
    std::unique_ptr<Connection> connection_;
    struct Snapshot {  // of a pass; ends before the connection does
        Transaction transaction;
        std::string now;  // the source's clock just before
        std::chrono::steady_clock::time_point renew_at, end;
    };
    std::optional<Snapshot> snapshot_;
    bool in_pass_ = false;
    int snapshots_ = 0;         // of this pass
    bool learn_again_ = false;  // something was refused: the catalog is read anew for the next pass
    bool cut_off_ = false;
    void note_clock(const std::string& now, std::int64_t before_us);
    std::optional<double> clock_skew_seconds_;
};

}  // namespace mis::source::firebird
