// The store's layout: which tables it has, as a number, and the steps from each layout to the next.
//
// A step is SQL in core/sqlite/migrations/NNNN_name.hpp, and a function where SQL cannot compute
// it, listed in migration.cpp. Released steps are never edited: a change is a new one at the end,
// and a dump of a store of the layout before goes to tests/fixtures/stores. The number is the row
// layout_version of store_meta (programs of layout 1 refuse a store by that row already);
// store_migration tells when each step ran.
//
// A step and its number are committed in one transaction: after a crash the store has the layout
// before or the one after. Copying the store first, and who may do this when, is
// gateway/store_upgrade.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

#include "sqlite/database.hpp"

namespace mis::sqlite {

struct Migration {
    int layout;  // that the step leads to; counted from 1
    std::string_view name;
    std::string_view sql;
    void (*then)(Database& database) = nullptr;  // what SQL cannot compute, after it
};

inline constexpr int kTraceLayout = 11;  // from which on outbox/trace knows what left about whom

std::span<const Migration> migrations();  // all steps this program knows, in order
int newest_layout();

// 0: an empty store, or one whose making was interrupted before it knew who it is.
int layout_of(Database& database);

// One step: it and the new layout in one transaction. Throws StoreError; then nothing has changed.
void migrate(Database& database, const Migration& step);

// Every step that is still missing, with no copy made: for new stores, scenarios and tests.
void create_tables(Database& database);

// A consistent copy of the whole store in `file`, which must not exist; compact, mode 0600, on disk
// when this returns. May run beside readers and a writer. Throws StoreError; a part of a file may
// be left behind.
void copy_store(Database& database, const std::filesystem::path& file);

std::uint64_t store_bytes(Database& database);  // what a copy needs at most

// While it lives, statements of this connection that take long call `beat` about every `period`.
class Heartbeat {
  public:
    Heartbeat(Database& database, std::chrono::milliseconds period, std::function<void()> beat);
    Heartbeat(const Heartbeat&) = delete;
    Heartbeat& operator=(const Heartbeat&) = delete;
    ~Heartbeat();

  private:
    static int called(void* self);
    Database& database_;
    const std::chrono::milliseconds period_;
    const std::function<void()> beat_;
    std::chrono::steady_clock::time_point last_;
};

}  // namespace mis::sqlite
