// A prepared statement and its rows, fetched in arrays of columns; columns without a useful bound
// (nvarchar(max), text, xml) are read piece by piece, a row at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/connector.hpp"
#include "source/odbc/api.hpp"
#include "source/row.hpp"

namespace mis::source::odbc {

struct ColumnInfo {
    std::string name;  // as the server says it
    SQLSMALLINT type = 0;
    SQLULEN size = 0;
    SQLSMALLINT decimals = 0;
};

class Statement {
  public:
    static Result<std::unique_ptr<Statement>> prepare(
        std::shared_ptr<const Api> api, SQLHDBC connection, std::string_view sql
    );
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    SQLHSTMT handle() const { return handle_; }

    // Parameters as text, in the order of their `?`.
    Result<void> execute(const std::vector<std::string>& parameters);
    const std::vector<ColumnInfo>& columns() const { return columns_; }
    // Which column each declared one is, and how it is read. misconfigured: one is missing or of a
    // type that cannot be read.
    Result<void> read_as(const std::vector<ColumnDeclaration>& declared);
    // All columns as text, in the statement's order.
    Result<void> read_as_text();
    // Appends the next rows, at most an array of them; false: there are no more.
    Result<bool> fetch(RowBatch& rows);
    void close();  // the cursor; harmless where there is none

  private:
    struct Reader;
    Statement(std::shared_ptr<const Api> api, SQLHSTMT handle);
    Result<void> bind(std::vector<std::pair<std::size_t, ColumnDeclaration>> wanted);
    Error error(std::string_view doing) const;

    std::shared_ptr<const Api> api_;
    SQLHSTMT handle_;
    bool is_open_ = false;
    std::vector<ColumnInfo> columns_;
    std::vector<std::unique_ptr<Reader>> readers_;
    std::size_t array_rows_ = 1;
    SQLULEN fetched_ = 0;
    std::vector<SQLUSMALLINT> row_status_;
    std::vector<std::string> parameters_;  // live while the statement runs
    std::vector<SQLLEN> lengths_;
};

}  // namespace mis::source::odbc
