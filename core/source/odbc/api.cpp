#include "source/odbc/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <string>

#include "base/text.hpp"

namespace mis::source::odbc {
namespace {

// SQL Server's own numbers, where the state alone says too little.
constexpr SQLINTEGER kDeadlock = 1205, kLockTimeout = 1222, kNoSuchBase = 4060;
constexpr SQLINTEGER kConversions[] = {206, 220, 232,  241,  242,  244,  245,  248, 295,
                                       296, 517, 8114, 8115, 8134, 8152, 8169, 2628};
constexpr SQLINTEGER kRefusals[] = {102, 156, 207, 208,  229,   230,  297,
                                    300, 911, 916, 4060, 18452, 18456};
constexpr SQLINTEGER kSnapshotConflicts[] = {3952, 3960, 3961};

bool is_one_of(SQLINTEGER number, const auto& numbers) {
    return std::find(std::begin(numbers), std::end(numbers), number) != std::end(numbers);
}

ErrorKind kind_of(std::string_view state, SQLINTEGER native) {
    if (native == kDeadlock || native == kLockTimeout || is_one_of(native, kSnapshotConflicts))
        return ErrorKind::unavailable;
    if (is_one_of(native, kConversions)) return ErrorKind::malformed;
    if (is_one_of(native, kRefusals)) return ErrorKind::misconfigured;
    if (state == "HY008" || state == "57014") return ErrorKind::cancelled;
    if (state.starts_with("08") || state.starts_with("HYT") || state.starts_with("57") ||
        state.starts_with("40") || state.starts_with("53") || state.starts_with("55"))
        return ErrorKind::unavailable;
    if (state.starts_with("22")) return ErrorKind::malformed;
    // FreeTDS speaks so of a connection that was cut in the middle of a result: HY000 without a
    // number, or one of its own (20000 to 20999) under any state
    if ((state == "HY000" && native == 0) || (native >= 20'000 && native < 21'000))
        return ErrorKind::unavailable;
    return ErrorKind::misconfigured;
}

// "[FreeTDS][SQL Server]Invalid object name 'X'." → "Invalid object name 'X'"
std::string_view without_sender(std::string_view text) {
    while (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    text = trim(text);
    while (text.ends_with('.') || text.ends_with(';')) text.remove_suffix(1);
    return text;
}

}  // namespace

Result<std::shared_ptr<const Api>> Api::load() {
    static std::shared_ptr<const Api> loaded;
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    if (loaded) return loaded;
    try {
        auto library = platform::DynamicLibrary::open({"libodbc.so.2", "libodbc.so.1"});
        const auto get = [&library]<typename F>(F* /*type*/, const char* name) {
            return library.function<F>(name);
        };
        Api api{
            get(decltype (&::SQLAllocHandle)(nullptr), "SQLAllocHandle"),
            get(decltype (&::SQLFreeHandle)(nullptr), "SQLFreeHandle"),
            get(decltype (&::SQLSetEnvAttr)(nullptr), "SQLSetEnvAttr"),
            get(decltype (&::SQLSetConnectAttr)(nullptr), "SQLSetConnectAttr"),
            get(decltype (&::SQLSetStmtAttr)(nullptr), "SQLSetStmtAttr"),
            get(decltype (&::SQLDriverConnect)(nullptr), "SQLDriverConnect"),
            get(decltype (&::SQLDisconnect)(nullptr), "SQLDisconnect"),
            get(decltype (&::SQLPrepare)(nullptr), "SQLPrepare"),
            get(decltype (&::SQLExecute)(nullptr), "SQLExecute"),
            get(decltype (&::SQLExecDirect)(nullptr), "SQLExecDirect"),
            get(decltype (&::SQLBindParameter)(nullptr), "SQLBindParameter"),
            get(decltype (&::SQLNumResultCols)(nullptr), "SQLNumResultCols"),
            get(decltype (&::SQLDescribeCol)(nullptr), "SQLDescribeCol"),
            get(decltype (&::SQLBindCol)(nullptr), "SQLBindCol"),
            get(decltype (&::SQLFetch)(nullptr), "SQLFetch"),
            get(decltype (&::SQLGetData)(nullptr), "SQLGetData"),
            get(decltype (&::SQLFreeStmt)(nullptr), "SQLFreeStmt"),
            get(decltype (&::SQLCancel)(nullptr), "SQLCancel"),
            get(decltype (&::SQLEndTran)(nullptr), "SQLEndTran"),
            get(decltype (&::SQLGetDiagRec)(nullptr), "SQLGetDiagRec"),
            std::move(library)};
        loaded = std::make_shared<const Api>(std::move(api));
        return loaded;
    } catch (const std::runtime_error& error) {
        return fail(
            ErrorKind::misconfigured,
            fmt::format("{}: install the ODBC driver manager (Debian: unixodbc)", error.what())
        );
    }
}

Error Api::error(SQLSMALLINT kind, SQLHANDLE handle, std::string_view doing) const {
    std::string text;
    ErrorKind found = ErrorKind::unavailable;
    for (SQLSMALLINT record = 1; record <= 4; ++record) {
        SQLCHAR state[6] = {}, message[1024] = {};
        SQLINTEGER native = 0;
        SQLSMALLINT length = 0;
        const SQLRETURN answer =
            get_diag_rec(kind, handle, record, state, &native, message, sizeof message, &length);
        if (answer != SQL_SUCCESS && answer != SQL_SUCCESS_WITH_INFO) break;
        const std::string_view code(reinterpret_cast<const char*>(state), 5);
        // the first record names the cause; changes of base and language are no errors
        const bool is_remark = code.starts_with("01") && (native == 5701 || native == 5703);
        if (is_remark) continue;
        const ErrorKind one = kind_of(code, native);
        const std::string said =
            one == ErrorKind::malformed
                ? fmt::format("a value cannot be converted or computed ({}, {})", code, native)
                : fmt::format(
                      "{} ({}{})", without_sender(reinterpret_cast<const char*>(message)), code,
                      native == 0 ? "" : fmt::format(", {}", native)
                  );
        if (text.empty() || native == kNoSuchBase) {  // a refused login follows from it
            found = one;
            text = said;
        } else if (record == 2 && one != ErrorKind::malformed && found == ErrorKind::unavailable && text.find(said) == std::string::npos) {
            text += "; " + said;
            if (one == ErrorKind::misconfigured) found = one;
        }
    }
    if (text.empty()) text = "the driver gives no reason";
    return Error{found, doing.empty() ? text : fmt::format("{}: {}", doing, text)};
}

bool Api::tells_of_loss(SQLHSTMT statement) const {
    for (SQLSMALLINT record = 1;; ++record) {
        SQLCHAR state[6] = {};
        SQLINTEGER native = 0;
        SQLSMALLINT length = 0;
        const SQLRETURN answer =
            get_diag_rec(SQL_HANDLE_STMT, statement, record, state, &native, nullptr, 0, &length);
        if (!SQL_SUCCEEDED(answer)) return false;
        const std::string_view code(reinterpret_cast<const char*>(state), 5);
        if (kind_of(code, native) == ErrorKind::unavailable) return true;
    }
}

}  // namespace mis::source::odbc
