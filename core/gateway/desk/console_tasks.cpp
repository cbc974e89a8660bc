// The tasks' side of the desk: the list, one of them, and what its version is.
#include <algorithm>
#include <map>

#include "base/crypto.hpp"
#include "gateway/desk/account_page.hpp"
#include "gateway/desk/console_desk.hpp"
#include "gateway/desk/task_list.hpp"

namespace mis::gateway {
namespace {

constexpr std::size_t kMismatchesMax = 200;
constexpr int kHeldRecordsRead = 2'000;

}  // namespace

// What a decision rests on. How many events wait, or how often a code was met, is none of it: it
// changes by the minute.
std::string ConsoleDesk::version_of(const ListedTask& task) const {
    const bool counted = task.kind != "sink" && task.kind != "code" && task.kind != "backup";
    const std::string shown = counted ? canonical_json(task_json(task, settings_.zone)) : task.id;
    return to_hex(sha256(shown + task.reason)).substr(0, 32);
}

Figures ConsoleDesk::figures_seen() {
    const std::lock_guard lock(mutex_);
    return figures_.value_or(Figures{});
}

// L9: those that stand now, also where the announcement is older than the mending.
std::vector<ListedTask> ConsoleDesk::mismatches(sqlite::Database& database) {
    const auto all = accounts(database);
    const domain::Rules now = rules();
    const BooksAsked asked{database, daemon_.store().identity(), now, clock_.unix_us()};
    std::vector<ListedTask> found;
    for (const AccountRow& row : *all) {
        if (!row.told_mismatch) continue;
        if (found.size() >= kMismatchesMax) break;
        for (const Json& one : mismatches_of(asked, row.group, row.id))
            found.push_back(mismatch_task(row, one));
    }
    return found;
}

std::vector<ListedTask> ConsoleDesk::all_tasks(sqlite::Database& database) {
    const Figures taken = figures();
    auto tasks = read_tasks({database, daemon_.store().identity(), settings_.zone, taken});
    for (auto& task : mismatches(database)) tasks.push_back(std::move(task));
    return tasks;
}

Json ConsoleDesk::tasks(sqlite::Database& database, const console::TasksAsked& asked) {
    const auto all = all_tasks(database);
    std::vector<std::pair<std::string, std::int64_t>> counts;
    Json items = Json::array();
    // After the one with which the page before ended; it may have been decided meanwhile.
    bool begun = asked.page.after.empty();
    const bool known = std::any_of(all.begin(), all.end(), [&](const auto& task) {
        return task.id == asked.page.after;
    });
    if (!known) begun = true;
    std::string next;
    for (const ListedTask& task : all) {
        if (counts.empty() || counts.back().first != task.kind) {
            const auto counted = std::find_if(counts.begin(), counts.end(), [&](const auto& one) {
                return one.first == task.kind;
            });
            if (counted == counts.end())
                counts.emplace_back(task.kind, 0);
            else
                std::rotate(counted, counted + 1, counts.end());
        }
        ++counts.back().second;
        if (!asked.kind.empty() && task.kind != asked.kind) continue;
        if (!begun) {
            begun = task.id == asked.page.after;
            continue;
        }
        if (std::ssize(items) < asked.page.limit)
            items.push_back(task_json(task, settings_.zone));
        else if (next.empty())
            next = items.back()["id"].get<std::string>();
    }
    Json out{{"items", std::move(items)}, {"counts", Json::array()}};
    for (const auto& [kind, count] : counts)
        out["counts"].push_back({{"kind", kind}, {"count", count}});
    if (!next.empty()) out["next"] = next;
    return out;
}

std::vector<RecordKey> ConsoleDesk::candidates(
    sqlite::Database& database, const std::string& order
) {
    const auto waiting = inbox::Inbox(database).waiting_order(order);
    if (!waiting || waiting->identity.is_empty()) return {};
    const std::lock_guard lock(daemon_.store().mutex());
    return daemon_.meaning().candidates(waiting->identity);
}

std::optional<console::Desk::Task> ConsoleDesk::task(
    sqlite::Database& database, const std::string& id
) {
    const Figures taken = figures();
    const TasksRead read{database, daemon_.store().identity(), settings_.zone, taken};
    for (const ListedTask& task : all_tasks(database)) {
        if (task.id != id) continue;
        Task found;
        found.shown = task_json(task, settings_.zone);
        found.version = version_of(task);
        found.shown["details"] = details_of(read, task, [&](const std::string& order) {
            return candidates(database, order);
        });
        if (task.kind == "mapping_hold")
            write([&](sqlite::Transaction& transaction) {
                found.shown["details"]["changes"] =
                    changes_json(daemon_.meaning().preview_mapping_hold(
                        transaction, task.source, task.stream, clock_.unix_us(), kHeldRecordsRead
                    ));
                return false;  // only looked at
            });
        return found;
    }
    return std::nullopt;
}

}  // namespace mis::gateway
