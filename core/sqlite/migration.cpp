#include "sqlite/migration.hpp"

#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "platform/crash_point.hpp"
#include "platform/file.hpp"
#include "platform/private_file.hpp"
#include "sqlite/migrations/0001_stations.hpp"
#include "sqlite/migrations/0002_history.hpp"
#include "sqlite/migrations/0003_reconciliation.hpp"
#include "sqlite/migrations/0004_party_views.hpp"
#include "sqlite/migrations/0005_ties.hpp"
#include "sqlite/migrations/0006_private_values.hpp"
#include "sqlite/migrations/0007_quarantine.hpp"
#include "sqlite/migrations/0008_set_aside.hpp"
#include "sqlite/migrations/0009_patient_links.hpp"
#include "sqlite/migrations/0010_packed.hpp"
#include "sqlite/migrations/0011_operators.hpp"

namespace mis::sqlite {
namespace {

constexpr std::array kMigrations{
    Migration{1, "stations", steps::kStations},
    Migration{2, "history", steps::kHistory},
    Migration{3, "reconciliation", steps::kReconciliation},
    Migration{4, "party views", steps::kPartyViews},
    Migration{5, "ties", steps::kTies},
    Migration{6, "private values", steps::kPrivateValues, steps::fill_private_values},
    Migration{7, "quarantine", steps::kQuarantine},
    Migration{8, "set aside", steps::kSetAside},
    Migration{9, "patient links", steps::kPatientLinks},
    Migration{10, "packed", steps::kPacked},
    Migration{kTraceLayout, "operators", steps::kOperators},
};

// About a millisecond of SQLite's work: often enough for a heartbeat, too rare to be felt.
constexpr int kInstructionsBetweenLooks = 100'000;
constexpr int kFirstWithHistory = 2;

constexpr bool is_in_order() {
    int layout = 0;
    for (const auto& step : kMigrations)
        if (step.layout != ++layout) return false;
    return true;
}
static_assert(is_in_order(), "the steps are numbered 1, 2, 3 …");

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }
int newest_layout() { return kMigrations.back().layout; }

int layout_of(Database& database) {
    if (!database.prepare("select 1 from sqlite_schema where name = 'store_meta'").step()) return 0;
    auto row = database.prepare(
        "select cast(value as integer) from store_meta where key = 'layout_version'"
    );
    return row.step() ? static_cast<int>(row.integer(0)) : 0;
}

void migrate(Database& database, const Migration& step) {
    Transaction transaction(database);
    if (layout_of(database) >= step.layout) return;  // another process was there first
    database.execute(step.sql);
    if (step.then != nullptr) step.then(database);
    if (step.layout >= kFirstWithHistory)
        database.prepare("insert into store_migration (layout, name) values (?, ?)")
            .with(step.layout, step.name)
            .run();
    database.prepare("insert or replace into store_meta (key, value) values ('layout_version', ?)")
        .with(std::to_string(step.layout))
        .run();
    platform::crash_point("upgrade.before_step");
    transaction.commit();
    platform::crash_point("upgrade.after_step");
}

void create_tables(Database& database) {
    for (const auto& step : migrations().subspan(static_cast<std::size_t>(layout_of(database))))
        migrate(database, step);
}

void copy_store(Database& database, const std::filesystem::path& file) {
    // SQLite would make it readable for all; an empty file it takes as it is.
    if (!platform::make_private_file(file))
        throw std::system_error(errno, std::generic_category(), "writing " + file.string());
    database.prepare("vacuum into ?").with(file.string()).run();
    platform::sync_file(file);  // SQLite does not: it takes such a copy for a transient one
}

std::uint64_t store_bytes(Database& database) {
    auto row = database.prepare(
        "select page_count * page_size from pragma_page_count(), pragma_page_size()"
    );
    return row.step() ? static_cast<std::uint64_t>(row.integer(0)) : 0;
}

Heartbeat::Heartbeat(
    Database& database, std::chrono::milliseconds period, std::function<void()> beat
)
    : database_(database),
      period_(period),
      beat_(std::move(beat)),
      last_(std::chrono::steady_clock::now()) {
    sqlite3_progress_handler(database_.handle(), kInstructionsBetweenLooks, called, this);
}
Heartbeat::~Heartbeat() { sqlite3_progress_handler(database_.handle(), 0, nullptr, nullptr); }

int Heartbeat::called(void* self) {
    auto& heartbeat = *static_cast<Heartbeat*>(self);
    const auto now = std::chrono::steady_clock::now();
    if (now - heartbeat.last_ >= heartbeat.period_) {
        heartbeat.last_ = now;
        heartbeat.beat_();
    }
    return 0;
}

}  // namespace mis::sqlite
