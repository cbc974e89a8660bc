// SqlSource over Firebird: the attachment that is kept, statements by (stream, form of slice),
// reading. probe() is in probe.cpp.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "source/duty_cycle.hpp"
#include "source/firebird/decode.hpp"
#include "source/firebird/watchdog.hpp"
#include "source/sql_source.hpp"

namespace mis::source::firebird {

using Deadline = std::chrono::steady_clock::time_point;
using TextRows = std::vector<std::vector<std::optional<std::string>>>;

struct Prepared {
    std::unique_ptr<Statement> statement;
    std::vector<ColumnPlan> plan;
};

struct Connection {  // what is known and held of one attachment; dropped as a whole
    std::unique_ptr<Attachment> attachment;
    std::unique_ptr<Charsets> charsets;
    std::optional<TextDecoder> base_charset;  // the SQL text goes out in it
    std::string base_charset_name;
    Catalog catalog;
    std::map<std::pair<std::string, SliceForm>, Prepared>
        statements;  // before the attachment in destruction
};

class FirebirdSource final : public SqlSource {
  public:
    FirebirdSource(
        Connector connector, FirebirdSettings settings, const Clock& clock,
        SqlSourceOptions options, std::shared_ptr<const Api> api
    );
    ~FirebirdSource() override;

    const std::vector<std::string>& columns(const std::string& stream) const override;
    Result<ReadReport> read(
        const std::string& stream, const Slice& slice,
        const std::function<Result<void>(RowBatch&&)>& take
    ) override;
    Result<std::string> source_now() override;
    Result<std::string> fingerprint() override;
    void cancel() override;
    Result<ProbeReport> probe() override;
    Result<std::map<std::string, std::string>> streams_off() override;
    Result<Catalog> discover() override;
    Result<std::string> fetch_text(const std::string& stream, const Slice& slice) override;

  private:
    enum class Freshness { kept, made_now };
    Result<Freshness> connect();
    Result<void> learn(Connection& connection);
    void disconnect();
    Error explain(Error error, Watchdog::Verdict verdict) const;
    Deadline statement_deadline(int seconds_max = kSnapshotSecondsMax) const;

    const StreamDeclaration* find(const std::string& stream) const;
    std::optional<std::string> why_off(const StreamDeclaration& stream) const;
    struct Progress {       // of a read that failed
        bool took = false;  // something was handed over
        Watchdog::Verdict verdict = Watchdog::Verdict::untouched;
    };
    Result<ReadReport> read_slice(
        const StreamDeclaration& stream, const SliceForm& form, const Slice& slice,
        const std::function<Result<void>(RowBatch&&)>& take, Progress& progress
    );
    Result<Prepared*> prepared(
        Transaction& transaction, const StreamDeclaration& stream, const SliceForm& form
    );
    Statement::Encode encoder();
    // Rows of a short query of our own as text. At most rows_max.
    Result<TextRows> query(
        Connection& connection, Transaction& transaction, std::string_view sql,
        const std::vector<std::string>& parameters, std::size_t rows_max
    );
    // The same in a connection and transaction of its own making, at most kAskSecondsMax long.
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
    Result<void> probe_rights(ProbeReport& report);

    const Connector connector_;
    const FirebirdSettings settings_;
    const Clock& clock_;
    const SqlSourceOptions options_;
    std::map<std::string, std::string> site_;
    std::map<std::string, std::vector<std::string>> column_names_;
    std::shared_ptr<const Api> api_;
    Watchdog watchdog_;
    DutyCycle polling_, backfill_;
    std::unique_ptr<Connection> connection_;
};

}  // namespace mis::source::firebird
