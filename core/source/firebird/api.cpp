#include "source/firebird/api.hpp"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <stdexcept>

#include "base/file_text.hpp"

namespace mis::source::firebird {
namespace {

template <typename Function>
void take(const platform::DynamicLibrary& library, Function& into, const char* name) {
    into = reinterpret_cast<Function>(library.symbol(name));
}

std::shared_ptr<const Api> open(const std::vector<std::string>& names) {
    auto api = std::make_shared<Api>(Api{
        {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {},
        {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, platform::DynamicLibrary::open(names),
    });
    const platform::DynamicLibrary& library = api->library;
    take(library, api->attach_database, "isc_attach_database");
    take(library, api->detach_database, "isc_detach_database");
    take(library, api->database_info, "isc_database_info");
    take(library, api->start_multiple, "isc_start_multiple");
    take(library, api->commit_transaction, "isc_commit_transaction");
    take(library, api->rollback_transaction, "isc_rollback_transaction");
    take(library, api->allocate_statement, "isc_dsql_allocate_statement");
    take(library, api->prepare, "isc_dsql_prepare");
    take(library, api->describe, "isc_dsql_describe");
    take(library, api->describe_bind, "isc_dsql_describe_bind");
    take(library, api->execute, "isc_dsql_execute");
    take(library, api->execute_immediate, "isc_dsql_execute_immediate");
    take(library, api->fetch, "isc_dsql_fetch");
    take(library, api->free_statement, "isc_dsql_free_statement");
    take(library, api->sql_info, "isc_dsql_sql_info");
    take(library, api->open_blob, "isc_open_blob2");
    take(library, api->get_segment, "isc_get_segment");
    take(library, api->close_blob, "isc_close_blob");
    take(library, api->sqlcode, "isc_sqlcode");
    take(library, api->interpret, "fb_interpret");
    take(library, api->cancel_operation, "fb_cancel_operation");
    return api;
}

void append_texts(std::string& text, const Api& api, const ISC_STATUS* rest) {
    char line[512];
    while (api.interpret(line, sizeof line, &rest) != 0) {
        text += ": ";
        text += escape_controls(line);  // names of the base come in UTF-8
        if (text.size() > 600) break;
    }
}

constexpr ISC_STATUS kLost[] = {
    isc_network_error,  isc_net_connect_err, isc_net_connect_listen_err, isc_net_event_connect_err,
    isc_net_read_err,   isc_net_write_err,   isc_net_event_listen_err,   isc_lost_db_connection,
    isc_shutdown,       isc_att_shutdown,    isc_bad_db_handle,          isc_unavailable,
    isc_connect_reject,
};
constexpr ISC_STATUS kValue[] = {
    isc_convert_error,        isc_arith_except,           isc_string_truncation,
    isc_malformed_string,     isc_transliteration_failed, isc_date_range_exceeded,
    isc_numeric_out_of_range,
};
// Of a row as well, once the statement runs; while it is prepared they are the statement's.
constexpr ISC_STATUS kRow[] = {
    isc_sing_select_err, isc_except, isc_except2, isc_expression_eval_err, isc_not_valid,
};
constexpr ISC_STATUS kOperator[] = {
    isc_login,
    isc_no_priv,
    isc_dsql_error,
    isc_bad_db_format,
    isc_wrong_ods,
    isc_db_corrupt,
    isc_charset_not_found,
    isc_read_only_trans,
    isc_charset_not_installed,
    isc_login_error,
    isc_miss_wirecrypt,
    isc_wirecrypt_incompatible,
};

// What the operator can do about it; the server's own texts never say.
struct Remedy {
    ISC_STATUS code;
    const char* text;
};
constexpr Remedy kRemedies[] = {
    {isc_login,
     "check firebird.user and the password in password_file, and that this login exists on that "
     "server"},
    {isc_miss_wirecrypt, "set firebird.wire_crypt: Disabled, or let the server encrypt"},
    {isc_wirecrypt_incompatible, "set firebird.wire_crypt as the server has it in firebird.conf"},
    {isc_login_error, "set firebird.auth to what the server's AuthServer names"},
    {isc_no_priv, "the login lacks a right: `mis-gateway check` prints the GRANTs that suffice"},
    {isc_bad_db_format, "that file is no Firebird base: check firebird.database"},
    {isc_wrong_ods,
     "the base was made by another version of Firebird: reach it over its own server (firebird."
     "host)"},
    {isc_db_corrupt, "the base is damaged: its administrator has to look, with gfix"},
    {isc_io_error,
     "check firebird.database: the path as the server sees it, or an alias; embedded (no host): a "
     "file that this user may read and write"},
    {isc_network_error,
     "check firebird.host and port, that the Firebird server runs there, and that no firewall "
     "stands between"},
    {isc_sys_request,
     "embedded, this user must be allowed into Firebird's lock folder (FIREBIRD_LOCK, else "
     "/tmp/firebird); or reach the base over its server (firebird.host)"},
    {isc_read_only_trans,
     "something that the fetch runs writes to the base, which the gateway never does: take a "
     "procedure or table that is only read"},
    {isc_dsql_error, "correct the fetch for this base; `mis-gateway discover` lists its columns"},
};

}  // namespace

Result<std::shared_ptr<const Api>> Api::load(const std::vector<std::string>& names) {
    static std::mutex mutex;
    // never destroyed: the client's own threads may still run when ours are gone
    static auto& loaded = *new std::map<std::vector<std::string>, std::shared_ptr<const Api>>();
    const std::lock_guard lock(mutex);
    if (const auto found = loaded.find(names); found != loaded.end()) return found->second;
    try {
        return loaded.emplace(names, open(names)).first->second;
    } catch (const std::runtime_error& error) {
        return fail(
            ErrorKind::misconfigured, fmt::format(
                                          "opening the Firebird client: {}: install the package "
                                          "libfbclient2 or name the file in client_library",
                                          error.what()
                                      )
        );
    }
}

bool Status::has(ISC_STATUS code) const {
    // pairs of (kind of argument, argument); a counted string takes three places
    for (int i = 0; i < ISC_STATUS_LENGTH - 1 && status_[i] != isc_arg_end;) {
        if (status_[i] == isc_arg_gds && status_[i + 1] == code) return true;
        i += status_[i] == isc_arg_cstring ? 3 : 2;
    }
    return false;
}

bool Status::lost_connection() const {
    for (const ISC_STATUS code : kLost)
        if (has(code)) return true;
    return false;
}

bool Status::cancelled() const { return has(isc_cancelled); }

// These texts quote the value: the same without it.
std::vector<ISC_STATUS> Status::without_values() const {
    std::vector<ISC_STATUS> bare;
    for (int i = 0; i < ISC_STATUS_LENGTH - 1 && status_[i] != isc_arg_end;) {
        const ISC_STATUS kind = status_[i];
        if (kind == isc_arg_gds) {
            bare.insert(bare.end(), {kind, status_[i + 1]});
        } else if (kind == isc_arg_string || kind == isc_arg_cstring) {
            static constexpr char kHidden[] = "...";
            bare.insert(bare.end(), {isc_arg_string, reinterpret_cast<ISC_STATUS>(kHidden)});
        } else if (kind == isc_arg_number) {
            bare.insert(bare.end(), {kind, 0});
        }
        i += kind == isc_arg_cstring ? 3 : 2;
    }
    bare.push_back(isc_arg_end);
    return bare;
}

Error Status::error(const Api& api, std::string_view doing) const {
    std::string text(doing);
    const auto of_a_row = [&](ISC_STATUS code, std::string_view what) {
        const std::vector<ISC_STATUS> bare = without_values();
        append_texts(text, api, bare.data());
        return Error{ErrorKind::malformed, fmt::format("{}: {} (gds {})", text, what, code)};
    };
    for (const ISC_STATUS code : kValue)
        if (has(code)) return of_a_row(code, "the server cannot convert a value");
    for (const ISC_STATUS code : kRow)
        if (has(code) && !has(isc_dsql_error))
            return of_a_row(code, "the server cannot compute a row");
    const ISC_STATUS* rest = status_;
    append_texts(text, api, rest);
    text += fmt::format(" (gds {})", status_[1]);
    if (has(isc_no_priv) && text.find("access to database") != std::string::npos) {
        text +=
            ": the file, not the login: let the user that runs this read and write it and its "
            "folder, as embedded access needs; or reach the base over its server (firebird.host)";
        return Error{ErrorKind::misconfigured, text};
    }
    for (const Remedy& remedy : kRemedies) {
        if (!has(remedy.code)) continue;
        text += fmt::format(": {}", remedy.text);
        break;
    }
    if (cancelled()) return Error{ErrorKind::cancelled, text};
    if (lost_connection()) return Error{ErrorKind::unavailable, text};
    for (const ISC_STATUS code : kOperator)
        if (has(code)) return Error{ErrorKind::misconfigured, text};
    return Error{ErrorKind::unavailable, text};
}

}  // namespace mis::source::firebird
