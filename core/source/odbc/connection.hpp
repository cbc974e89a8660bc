// One connection through an ODBC driver, the session made gentle and read-only, and what is known
// of the base. Dropped as a whole when it dies. One thread; cancel() alone may come from another.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/fetch_text.hpp"
#include "source/odbc/api.hpp"
#include "source/odbc/settings.hpp"
#include "source/odbc/statement.hpp"
#include "source/watchdog.hpp"

namespace mis::source::odbc {

using TextRows = std::vector<std::vector<std::optional<std::string>>>;

const SqlDialect& dialect_of(config::OdbcConfig::System system);

class Connection final : public Interruptible {
  public:
    static Result<std::unique_ptr<Connection>> open(
        std::shared_ptr<const Api> api, const OdbcSettings& settings
    );
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void cancel(Cancel how) override;

    // A statement of ours without rows.
    Result<void> run(std::string_view sql);
    // Rows of a short query of our own as text.
    Result<TextRows> query(std::string_view sql, std::size_t rows_max = 100'000);
    Result<std::unique_ptr<Statement>> statement_once(const std::string& sql);
    // Kept by its text and used again.
    Result<Statement*> statement(const std::string& sql);

    // One state of the base for what is read between the two, where the server gives one.
    bool gives_snapshots() const { return gives_snapshots_; }
    Result<void> begin();
    void end();

    // Of the tables that the connector's fetches name.
    struct Known {
        Catalog columns;
        Catalog versions;  // SQL Server's rowversion, which is no time: these columns alone
    };
    Result<Known> catalog_of(const Connector& connector);

  private:
    Connection(std::shared_ptr<const Api> api, const OdbcSettings& settings);
    Result<void> connect();
    Result<void> settle_session();

    std::shared_ptr<const Api> api_;
    const OdbcSettings& settings_;
    SQLHENV environment_ = SQL_NULL_HENV;
    SQLHDBC handle_ = SQL_NULL_HDBC;
    bool is_connected_ = false, gives_snapshots_ = false;
    int socket_ = -1;
    std::map<std::string, std::unique_ptr<Statement>> statements_;
    std::atomic<SQLHSTMT> running_{SQL_NULL_HSTMT};
    friend class Running;
};

// Around calls on a statement that cancel() may have to end.
class Running {
  public:
    Running(Connection& connection, Statement& statement) : connection_(connection) {
        connection_.running_ = statement.handle();
    }
    ~Running() { connection_.running_ = SQL_NULL_HSTMT; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

  private:
    Connection& connection_;
};

}  // namespace mis::source::odbc
