// The calls of an ODBC driver manager, opened at run time.
#pragma once

#include <sql.h>
#include <sqlext.h>

#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "platform/dynamic_library.hpp"

namespace mis::source::odbc {

struct Api {
    decltype(&::SQLAllocHandle) alloc_handle;
    decltype(&::SQLFreeHandle) free_handle;
    decltype(&::SQLSetEnvAttr) set_env_attr;
    decltype(&::SQLSetConnectAttr) set_connect_attr;
    decltype(&::SQLSetStmtAttr) set_stmt_attr;
    decltype(&::SQLDriverConnect) driver_connect;
    decltype(&::SQLDisconnect) disconnect;
    decltype(&::SQLPrepare) prepare;
    decltype(&::SQLExecute) execute;
    decltype(&::SQLExecDirect) exec_direct;
    decltype(&::SQLBindParameter) bind_parameter;
    decltype(&::SQLNumResultCols) num_result_cols;
    decltype(&::SQLDescribeCol) describe_col;
    decltype(&::SQLBindCol) bind_col;
    decltype(&::SQLFetch) fetch;
    decltype(&::SQLGetData) get_data;
    decltype(&::SQLFreeStmt) free_stmt;
    decltype(&::SQLCancel) cancel;
    decltype(&::SQLEndTran) end_tran;
    decltype(&::SQLGetDiagRec) get_diag_rec;
    platform::DynamicLibrary library;

    // Opened once. misconfigured: there is no driver manager; the package is named.
    static Result<std::shared_ptr<const Api>> load();

    // Whether a call that succeeded said beside it that the connection is lost.
    bool tells_of_loss(SQLHSTMT statement) const;
    // What the last call on a handle complained of. Texts that may quote values of rows are
    // replaced by what kind of error it was.
    // unavailable: network, locks, deadlocks, time-outs · misconfigured: login, rights, SQL,
    // schema · malformed: a value that could not be converted · cancelled
    Error error(SQLSMALLINT kind, SQLHANDLE handle, std::string_view doing) const;
};

}  // namespace mis::source::odbc
