// SQLite behind a thin layer: connection, statement, transaction. sqlite3.h is included only in
// core/sqlite.
//
// A local store that fails (disk full, corrupt) is an exception, sqlite::StoreError, caught in one
// place: the end of a pipeline cycle. One writer per store; a Database belongs to one thread at a
// time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace mis::sqlite {

struct StoreError : std::runtime_error {
    enum class Kind { full, corrupt, busy, other };
    StoreError(Kind error_kind, const std::string& text)
        : std::runtime_error(text), kind(error_kind) {}
    Kind kind;
};

class Statement {  // borrowed from its Database's cache; reset when destroyed
  public:
    Statement(sqlite3_stmt* handle, sqlite3* database) : handle_(handle), database_(database) {}
    Statement(Statement&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)), database_(other.database_) {}
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    // Parameters count from 1. Text and blobs are copied only where SQLite must keep them.
    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, std::string_view text);
    Statement& bind_blob(int index, std::string_view bytes);
    // Not copied: the bytes stay as they are until run(), reset() or another binding.
    Statement& bind_held(int index, std::string_view text);
    Statement& bind_blob_held(int index, std::string_view bytes);
    Statement& bind_null(int index);
    template <typename... Values>
    Statement& with(const Values&... values) {
        int index = 0;
        (bind_one(++index, values), ...);
        return *this;
    }

    bool step();  // true: a row is there
    void run();   // to the end, rows ignored; resets, so that it can be bound again
    void reset();

    // Columns count from 0.
    std::int64_t integer(int column) const;
    std::string_view text(int column) const;  // also blobs; valid until the next step
    bool is_null(int column) const;
    std::string string(int column) const { return std::string(text(column)); }

  private:
    void bind_one(int index, std::int64_t value) { bind(index, value); }
    void bind_one(int index, std::uint64_t value) { bind(index, static_cast<std::int64_t>(value)); }
    void bind_one(int index, int value) { bind(index, static_cast<std::int64_t>(value)); }
    void bind_one(int index, unsigned value) { bind(index, static_cast<std::int64_t>(value)); }
    void bind_one(int index, std::string_view value) { bind(index, value); }
    void bind_one(int index, const std::string& value) { bind(index, std::string_view(value)); }
    void bind_one(int index, const char* value) { bind(index, std::string_view(value)); }
    void bind_one(int index, std::nullopt_t) { bind_null(index); }
    template <typename T>
    void bind_one(int index, const std::optional<T>& value) {
        if (value)
            bind_one(index, *value);
        else
            bind_null(index);
    }
    sqlite3_stmt* handle_;
    sqlite3* database_;
};

enum class Access { read_write, read_only };

class Database {
  public:
    // Opens or creates (mode 0600): WAL, synchronous=FULL, foreign keys on, double-quoted strings
    // off. ":memory:" works. SQLite's temporary files lie in the folder of the store opened last.
    static Database open(const std::filesystem::path& path, Access access = Access::read_write);
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    void execute(std::string_view sql);       // one or several statements, no rows wanted
    Statement prepare(std::string_view sql);  // cached by text
    void give_back_cache();  // pages that were read, up to 2 MB; they are read again when needed
    std::int64_t last_insert_id() const;
    std::int64_t changes() const;
    // Rows written over this connection since it was opened, and a number that changes when another
    // one, of whatever process, commits: both as before, nobody wrote but who compares them.
    std::int64_t changes_ever() const;
    std::int64_t version_by_others();
    sqlite3* handle() const {
        return handle_;
    }  // for core/sqlite and core/record's function registration

  private:
    explicit Database(sqlite3* handle) : handle_(handle) {}
    sqlite3* handle_ = nullptr;
    std::unordered_map<std::string, sqlite3_stmt*> cache_;
};

// A write transaction (BEGIN IMMEDIATE); rolls back when destroyed uncommitted. Only
// gateway/pipeline begins and commits one; station stores take a Transaction& to say that they
// write inside it.
class Transaction {
  public:
    explicit Transaction(Database& database);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();
    void commit();  // returns after the fsync
    Database& database() { return database_; }
    Statement prepare(std::string_view sql) { return database_.prepare(sql); }

  private:
    Database& database_;
    bool open_ = true;
};

}  // namespace mis::sqlite
