// ConsoleDesk: what the console asks of this gateway (console/desk.hpp), answered from the daemon's
// figures, the store's readers and the derivation that bills; decisions go through Meaning, in the
// writer's transaction, as the commands' do.
//
// Called on the console's two threads and, for the history, on the main loop's. What is costly is
// kept for some seconds and shared by all who ask.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "console/desk.hpp"
#include "domain/nomenclature_groups.hpp"
#include "domain/rules.hpp"
#include "gateway/daemon.hpp"
#include "gateway/desk/account_list.hpp"
#include "gateway/desk/overview.hpp"
#include "gateway/desk/task_list.hpp"

namespace mis::gateway {

struct DeskSettings {
    Zone zone;
    bool backups_watched = false;
    int backup_age_hours_max = 48;
    const domain::NomenclatureGroups* groups = nullptr;  // outlives the desk
};

class ConsoleDesk final : public console::Desk {
  public:
    ConsoleDesk(Daemon& daemon, DeskSettings settings, const Clock& clock);

    std::string clinic_id() const override;
    std::string zone_name() const override { return std::string(settings_.zone.name()); }
    std::string version() const override;
    std::int64_t now_us() const override { return clock_.unix_us(); }
    std::string time_text(std::int64_t unix_us) const override;

    sqlite::Database reader() const override { return daemon_.store().reader(); }
    void write(const std::function<bool(sqlite::Transaction&)>& change) override;

    Json overview(sqlite::Database& database) override;
    Json limits(sqlite::Database& database, const console::LimitsAsked& asked) override;
    std::optional<Json> limit(sqlite::Database& database, const std::string& id) override;
    Json search(sqlite::Database& database, const console::PatientAsked& asked) override;
    std::optional<Json> patient(sqlite::Database& database, const std::string& id) override;
    std::optional<Json> timeline(
        sqlite::Database& database, const std::string& id, const console::PageAsked& page
    ) override;
    std::optional<Json> unmasked(sqlite::Database& database, const std::string& id) override;
    Json tasks(sqlite::Database& database, const console::TasksAsked& asked) override;
    std::optional<Task> task(sqlite::Database& database, const std::string& id) override;
    tl::expected<console::Decided, console::Undecided> decide(
        sqlite::Transaction& transaction, const console::TaskAnswer& answer
    ) override;

    // From the main loop: a point of the history every five minutes.
    void note();

  private:
    using Accounts = std::shared_ptr<const std::vector<AccountRow>>;
    Figures figures();
    Figures figures_seen();  // the last ones, however old: takes no lock of the store
    Accounts accounts(sqlite::Database& database);
    domain::Rules rules();
    std::vector<ListedTask> mismatches(sqlite::Database& database);
    std::vector<ListedTask> all_tasks(sqlite::Database& database);
    std::string version_of(const ListedTask& task) const;
    std::vector<RecordKey> candidates(sqlite::Database& database, const std::string& order);
    Json row_json(sqlite::Database& database, const AccountRow& row) const;

    Daemon& daemon_;
    const DeskSettings settings_;
    const Clock& clock_;
    std::mutex mutex_;
    std::deque<HistoryPoint> history_;  // guarded by mutex_, as all below
    std::chrono::nanoseconds noted_{-1'000'000'000'000'000};
    std::optional<Figures> figures_;
    std::chrono::nanoseconds figures_at_{0};
    Accounts accounts_;
    std::chrono::nanoseconds accounts_at_{0};
    std::optional<domain::Rules> rules_;
    std::chrono::nanoseconds rules_at_{0};
};

}  // namespace mis::gateway
