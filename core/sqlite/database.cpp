#include "sqlite/database.hpp"

#include <sqlite3.h>

#include "base/result.hpp"
#include "platform/private_file.hpp"
#include "sqlite/library.hpp"
#include "sqlite/store_fault.hpp"

namespace mis::sqlite {
namespace {

constexpr int kBusyMilliseconds = 10'000;
// Pages in the log before they go to their places (16 MB). Each time costs three fsyncs; a
// commit of a backfill is some 1,300 pages, so SQLite's 1,000 would be each time.
constexpr int kCheckpointPages = 4'000;

[[noreturn]] void throw_error(sqlite3* database, const std::string& doing) {
    const int code = database != nullptr ? sqlite3_extended_errcode(database) : SQLITE_NOMEM;
    const char* name = database != nullptr ? sqlite3_db_filename(database, "main") : nullptr;
    const std::filesystem::path file(name == nullptr ? "" : name);
    const char* text = database != nullptr ? sqlite3_errmsg(database) : "out of memory";
    throw StoreError(
        kind_of(code, file),
        doing + ": " + text + " (SQLite " + std::to_string(code) + ")" + remedy_for(code, file)
    );
}

// What SQLite sorts or keeps aside on disk may hold names: it belongs into the store's own folder,
// not into one that all programs share. One place per process: the folder of the store opened last;
// while it is gone, SQLite falls back to the system's.
void keep_temporary_files_in(const std::filesystem::path& folder) {
    sqlite3_initialize();
    sqlite3_mutex* const mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_VFS1);  // guards the name
    sqlite3_mutex_enter(mutex);
    sqlite3_free(sqlite3_temp_directory);
    sqlite3_temp_directory = sqlite3_mprintf("%s", std::filesystem::absolute(folder).c_str());
    sqlite3_mutex_leave(mutex);
}

std::string first_line(const std::string& sql) {
    const auto begin = sql.find_first_not_of(" \n");
    if (begin == std::string::npos) return "";
    const auto end = sql.find('\n', begin);
    return sql.substr(begin, end - begin) + (end == std::string::npos ? "" : " …");
}

}  // namespace

Statement::~Statement() {
    if (handle_ != nullptr) {
        sqlite3_reset(handle_);
        sqlite3_clear_bindings(handle_);
    }
}

Statement& Statement::bind(int index, std::int64_t value) {
    if (sqlite3_bind_int64(handle_, index, value) != SQLITE_OK) throw_error(database_, "binding");
    return *this;
}
Statement& Statement::bind(int index, std::string_view text) {
    // An empty view may have a null pointer, which SQLite would read as NULL.
    const char* bytes = text.empty() ? "" : text.data();
    if (sqlite3_bind_text64(handle_, index, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8) !=
        SQLITE_OK)
        throw_error(database_, "binding");
    return *this;
}
Statement& Statement::bind_blob(int index, std::string_view bytes) {
    const char* data = bytes.empty() ? "" : bytes.data();
    if (sqlite3_bind_blob64(handle_, index, data, bytes.size(), SQLITE_TRANSIENT) != SQLITE_OK)
        throw_error(database_, "binding");
    return *this;
}
Statement& Statement::bind_held(int index, std::string_view text) {
    const char* bytes = text.empty() ? "" : text.data();
    if (sqlite3_bind_text64(handle_, index, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8) !=
        SQLITE_OK)
        throw_error(database_, "binding");
    return *this;
}
Statement& Statement::bind_blob_held(int index, std::string_view bytes) {
    const char* data = bytes.empty() ? "" : bytes.data();
    if (sqlite3_bind_blob64(handle_, index, data, bytes.size(), SQLITE_STATIC) != SQLITE_OK)
        throw_error(database_, "binding");
    return *this;
}
Statement& Statement::bind_null(int index) {
    if (sqlite3_bind_null(handle_, index) != SQLITE_OK) throw_error(database_, "binding");
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    throw_error(database_, std::string("store: ") + sqlite3_sql(handle_));
}
void Statement::run() {
    while (step()) {
    }
    reset();
}
void Statement::reset() {
    sqlite3_reset(handle_);
    sqlite3_clear_bindings(handle_);
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }
std::string_view Statement::text(int column) const {
    const void* bytes = sqlite3_column_blob(handle_, column);
    if (bytes == nullptr) return {};
    return {
        static_cast<const char*>(bytes),
        static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}
bool Statement::is_null(int column) const {
    return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

Database Database::open(const std::filesystem::path& path, Access access) {
    set_up_library();
    const bool memory = path == ":memory:";
    if (!memory && access == Access::read_write) {
        platform::make_private_file(path);  // if it fails, SQLite's own error tells why
        keep_temporary_files_in(path.has_parent_path() ? path.parent_path() : ".");
    }
    sqlite3* handle = nullptr;
    const int flags = (access == Access::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                    : SQLITE_OPEN_READONLY) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    Database database(nullptr);
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    database.handle_ = handle;
    if (code != SQLITE_OK) throw_error(handle, "opening " + path.string());
    sqlite3_busy_timeout(handle, kBusyMilliseconds);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    if (access == Access::read_write) {
        if (!memory) {
            database.execute("pragma journal_mode = wal");
            sqlite3_wal_autocheckpoint(handle, kCheckpointPages);
        }
        database.execute(
            "pragma synchronous = full; pragma foreign_keys = on; pragma temp_store = memory"
        );
    }
    return database;
}

Database::Database(Database&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), cache_(std::move(other.cache_)) {}
Database& Database::operator=(Database&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(cache_, other.cache_);
    return *this;
}
Database::~Database() {
    for (const auto& [sql, statement] : cache_) sqlite3_finalize(statement);
    sqlite3_close_v2(handle_);
}

void Database::execute(std::string_view sql) {
    const std::string text(sql);
    if (sqlite3_exec(handle_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        throw_error(handle_, "store: " + first_line(text));
}

Statement Database::prepare(std::string_view sql) {
    const auto found = cache_.find(std::string(sql));
    if (found != cache_.end()) {
        MIS_ASSERT(
            sqlite3_stmt_busy(found->second) == 0
        );  // one user at a time: nest with another text
        return Statement(found->second, handle_);
    }
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(
        handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
        nullptr
    );
    if (code != SQLITE_OK) throw_error(handle_, "preparing " + std::string(sql));
    cache_.emplace(std::string(sql), statement);
    return Statement(statement, handle_);
}

void Database::give_back_cache() { sqlite3_db_release_memory(handle_); }

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_); }
std::int64_t Database::changes() const { return sqlite3_changes64(handle_); }
std::int64_t Database::changes_ever() const { return sqlite3_total_changes64(handle_); }
std::int64_t Database::version_by_others() {
    auto version = prepare("pragma data_version");
    version.step();
    return version.integer(0);
}

Transaction::Transaction(Database& database) : database_(database) {
    database.execute("begin immediate");
}
Transaction::~Transaction() {
    if (!open_) return;
    try {
        database_.execute("rollback");
    } catch (const StoreError&) {
        // SQLite has already rolled back by itself (disk full, I/O error): nothing is left open
    }
}
void Transaction::commit() {
    database_.execute("commit");
    open_ = false;
}

}  // namespace mis::sqlite
