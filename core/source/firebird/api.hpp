// The ISC API of libfbclient, opened at run time: the clinic's own client serves (2.5 has this API
// too), and who has no Firebird needs none.
//
// The library is opened once per name list and never closed: its own threads outlive our
// attachments. Its environment (FIREBIRD, FIREBIRD_LOCK) has to be set before that.
#pragma once

#include <ibase.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "platform/dynamic_library.hpp"

namespace mis::source::firebird {

struct Api {
    decltype(&::isc_attach_database) attach_database;
    decltype(&::isc_detach_database) detach_database;
    decltype(&::isc_database_info) database_info;
    decltype(&::isc_start_multiple) start_multiple;
    decltype(&::isc_commit_transaction) commit_transaction;
    decltype(&::isc_rollback_transaction) rollback_transaction;
    decltype(&::isc_dsql_allocate_statement) allocate_statement;
    decltype(&::isc_dsql_prepare) prepare;
    decltype(&::isc_dsql_describe) describe;
    decltype(&::isc_dsql_describe_bind) describe_bind;
    decltype(&::isc_dsql_execute) execute;
    decltype(&::isc_dsql_execute_immediate) execute_immediate;
    decltype(&::isc_dsql_fetch) fetch;
    decltype(&::isc_dsql_free_statement) free_statement;
    decltype(&::isc_dsql_sql_info) sql_info;
    decltype(&::isc_open_blob2) open_blob;
    decltype(&::isc_get_segment) get_segment;
    decltype(&::isc_close_blob) close_blob;
    decltype(&::isc_sqlcode) sqlcode;
    decltype(&::fb_interpret) interpret;
    decltype(&::fb_cancel_operation) cancel_operation;
    platform::DynamicLibrary library;

    // misconfigured: no such library, or a symbol is missing; names tried and the package are said.
    static Result<std::shared_ptr<const Api>> load(const std::vector<std::string>& names);
};

// What a status vector means. Texts of errors that may quote values (conversion of "…") are
// replaced by what kind of error it was.
class Status {
  public:
    ISC_STATUS* vector() { return status_; }
    bool failed() const { return status_[0] == 1 && status_[1] != 0; }
    bool has(ISC_STATUS code) const;
    bool lost_connection() const;  // the attachment is of no use any more
    bool cancelled() const;
    // unavailable: network, shutdown, locks, missing file (a restore may be under way) ·
    // misconfigured: login, rights, SQL, schema · malformed: a value that the server could not
    // convert · cancelled
    Error error(const Api& api, std::string_view doing) const;

  private:
    std::vector<ISC_STATUS> without_values() const;

    ISC_STATUS_ARRAY status_ = {};
};

}  // namespace mis::source::firebird
