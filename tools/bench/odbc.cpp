// bench_odbc: how fast a source over ODBC gives rows, beside the bare loop: the same texts on a
// connection of its own, rows in arrays of columns of the driver's sizes, values thrown away.
//
// A walk of a stream by its key, page by page, in turns: bare, ours, bare, ours … The ratio is of
// the medians, so it bears a machine that others use.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>

#include "base/clock.hpp"
#include "source/odbc/api.hpp"
#include "source/odbc/connection_text.hpp"
#include "source/odbc/settings.hpp"

using namespace mis;
using namespace mis::source;

namespace {

[[noreturn]] void die(const std::string& what) {
    fmt::print(stderr, "bench_odbc: {}\n", what);
    std::exit(1);
}

class Client {  // the driver and nothing else
  public:
    explicit Client(const odbc::OdbcSettings& settings) : api_(odbc::Api::load().value()) {
        auto text = odbc::connection_text(settings);
        if (!text) die(text.error().text);
        api_->alloc_handle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment_);
        api_->set_env_attr(
            environment_, SQL_ATTR_ODBC_VERSION,
            reinterpret_cast<SQLPOINTER>(static_cast<std::intptr_t>(SQL_OV_ODBC3)), 0
        );
        api_->alloc_handle(SQL_HANDLE_DBC, environment_, &connection_);
        const SQLRETURN connected = api_->driver_connect(
            connection_, nullptr, reinterpret_cast<SQLCHAR*>(text->data()),
            static_cast<SQLSMALLINT>(text->size()), nullptr, 0, nullptr, SQL_DRIVER_NOPROMPT
        );
        check(connected, SQL_HANDLE_DBC, connection_);
    }

    // Rows of one page; `last` becomes the last row's first column, the key.
    std::int64_t page(std::string sql, const std::vector<std::string>& values, std::string& last) {
        SQLHSTMT statement = SQL_NULL_HSTMT;
        api_->alloc_handle(SQL_HANDLE_STMT, connection_, &statement);
        check(
            api_->prepare(
                statement, reinterpret_cast<SQLCHAR*>(sql.data()),
                static_cast<SQLINTEGER>(sql.size())
            ),
            SQL_HANDLE_STMT, statement
        );
        std::vector<std::string> kept = values;
        std::vector<SQLLEN> sizes;
        for (const std::string& value : kept) sizes.push_back(static_cast<SQLLEN>(value.size()));
        for (std::size_t at = 0; at < kept.size(); ++at)
            api_->bind_parameter(
                statement, static_cast<SQLUSMALLINT>(at + 1), SQL_PARAM_INPUT, SQL_C_CHAR,
                SQL_VARCHAR, kept[at].size(), 0, kept[at].data(), sizes[at] + 1, &sizes[at]
            );
        check(api_->execute(statement), SQL_HANDLE_STMT, statement);
        SQLSMALLINT columns = 0;
        api_->num_result_cols(statement, &columns);
        struct Column {
            std::vector<char> values;
            std::vector<SQLLEN> lengths = std::vector<SQLLEN>(kArrayRows);
            std::size_t width = 64;
        };
        std::vector<Column> bound(static_cast<std::size_t>(columns));
        SQLULEN fetched = 0;
        api_->set_stmt_attr(
            statement, SQL_ATTR_ROW_ARRAY_SIZE, reinterpret_cast<SQLPOINTER>(kArrayRows), 0
        );
        api_->set_stmt_attr(statement, SQL_ATTR_ROWS_FETCHED_PTR, &fetched, 0);
        for (std::size_t at = 0; at < bound.size(); ++at) {
            SQLCHAR name[128];
            SQLSMALLINT length = 0, type = 0, decimals = 0, nullable = 0;
            SQLULEN size = 0;
            const auto number = static_cast<SQLUSMALLINT>(at + 1);
            api_->describe_col(
                statement, number, name, sizeof name, &length, &type, &size, &decimals, &nullable
            );
            const bool is_text = type == SQL_CHAR || type == SQL_WCHAR || type == SQL_VARCHAR ||
                                 type == SQL_WVARCHAR;
            const bool is_time = type == SQL_TYPE_TIMESTAMP;
            if (is_text) bound[at].width = size * 4 + 1;
            if (is_time) bound[at].width = sizeof(SQL_TIMESTAMP_STRUCT);
            bound[at].values.resize(bound[at].width * kArrayRows);
            api_->bind_col(
                statement, number, is_time ? SQL_C_TYPE_TIMESTAMP : SQL_C_CHAR,
                bound[at].values.data(), static_cast<SQLLEN>(bound[at].width),
                bound[at].lengths.data()
            );
        }
        std::int64_t rows = 0;
        while (SQL_SUCCEEDED(api_->fetch(statement)) && fetched > 0) {
            rows += static_cast<std::int64_t>(fetched);
            last = bound[0].values.data() + (fetched - 1) * bound[0].width;
        }
        api_->free_handle(SQL_HANDLE_STMT, statement);
        return rows;
    }

  private:
    static constexpr std::size_t kArrayRows = 500;
    void check(SQLRETURN answer, SQLSMALLINT kind, SQLHANDLE handle) {
        if (!SQL_SUCCEEDED(answer) && answer != SQL_NO_DATA)
            die(api_->error(kind, handle, "the bare loop").text);
    }
    std::shared_ptr<const odbc::Api> api_;
    SQLHENV environment_ = SQL_NULL_HENV;
    SQLHDBC connection_ = SQL_NULL_HDBC;
};

double seconds_of(const auto& work) {
    const auto began = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

double median(std::vector<double> all) {
    std::nth_element(all.begin(), all.begin() + std::ssize(all) / 2, all.end());
    return all[all.size() / 2];
}

std::int64_t memory_mb() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) / 1024;
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::string folder, stream = "procedure", system = "postgresql";
    odbc::OdbcSettings settings;
    settings.base.host = "127.0.0.1";
    settings.base.tls = config::OdbcConfig::Tls::off;
    settings.base.statement_seconds_max = 60;
    settings.effort = {100, 100};
    int page = 5'000, rounds = 15;
    CLI::App app{"A walk over ODBC, bare and ours, in turns."};
    app.add_option("--connector", folder)->required();
    app.add_option("--stream", stream);
    app.add_option("--system", system);
    app.add_option("--port", settings.base.port)->required();
    app.add_option("--database", settings.base.database)->required();
    app.add_option("--user", settings.base.user)->required();
    app.add_option("--password", settings.password);
    app.add_option("--page", page);
    app.add_option("--rounds", rounds);
    CLI11_PARSE(app, argc, argv);
    settings.base.system = system == "mariadb"      ? config::OdbcConfig::System::mariadb
                           : system == "sql_server" ? config::OdbcConfig::System::sql_server
                                                    : config::OdbcConfig::System::postgresql;

    const auto connector = load_connector(folder);
    if (!connector) die(connector.error().text);
    const SystemClock clock;
    auto ours = odbc::open(*connector, settings, clock, {});
    if (!ours) die(ours.error().text);
    Slice first, next;
    first.by = next.by = Slice::By::key_walk;
    first.limit = next.limit = page;
    next.after_id = "0";
    const auto first_text = (*ours)->fetch_text(stream, first);
    const auto next_text = (*ours)->fetch_text(stream, next);
    if (!first_text || !next_text) die((first_text ? next_text : first_text).error().text);

    std::int64_t rows = 0;
    Client client(settings);
    const auto walk_bare = [&] {
        std::string last;
        rows = client.page(*first_text, {}, last);
        for (std::int64_t got = rows; got == page; rows += got)
            got = client.page(*next_text, {last}, last);
    };
    const auto walk_ours = [&] {
        Slice slice = first;
        rows = 0;
        for (std::int64_t got = page; got == page;) {
            const auto report = (*ours)->read(stream, slice, [&](RowBatch&& batch) {
                slice.after_id = *batch.cell(batch.rows() - 1, 0);
                return Result<void>();
            });
            if (!report) die(report.error().text);
            got = report->rows;
            rows += got;
        }
    };
    std::vector<double> bare, own;
    walk_bare();  // warm
    for (int round = 0; round < rounds; ++round) {
        bare.push_back(seconds_of(walk_bare));
        own.push_back(seconds_of(walk_ours));
    }
    const auto best = [](const std::vector<double>& all) {
        return *std::min_element(all.begin(), all.end());
    };
    fmt::print(
        "{{\"system\":\"{}\",\"rows\":{},\"bare_rows_per_second\":{:.0f},\"rows_per_second\":{:.0f}"
        ","
        "\"ratio\":{:.2f},\"ratio_of_medians\":{:.2f},\"peak_mb\":{}}}\n",
        system, rows, static_cast<double>(rows) / best(bare), static_cast<double>(rows) / best(own),
        best(bare) / best(own), median(bare) / median(own), memory_mb()
    );
    return 0;
}
