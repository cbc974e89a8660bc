// What waits for a person, from the stores behind the commands `hold`, `order`, `quarantine`,
// `dead-letters`, `feedback`, `map-code`; and what cannot be answered here but must be seen
// (mismatches, the backup).
//
// A task is known by its kind and what it is about, hashed: ids are the same as long as it stands,
// and no order's or stream's name is in an address. Its version is the hash of what is shown, so a
// decision made on what has changed since is refused.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "base/json.hpp"
#include "base/timestamp.hpp"
#include "gateway/desk/account_list.hpp"
#include "gateway/watching/figures.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway {

struct TasksRead {
    sqlite::Database& database;
    const Identity& identity;
    const Zone& zone;
    const Figures& figures;
};

struct ListedTask {
    std::string id, kind;
    std::int64_t since_us = 0;  // 0: not known
    std::int64_t count = 1;
    Json params = Json::object();      // what the page words it with
    std::vector<std::string> answers;  // empty: it closes itself
    // What it is about, as its store names it; never shown as it is.
    std::string source, stream, key, reason;
    std::int64_t position = 0;
    std::vector<std::string> lines = {};  // of a mismatch: those that explain it
};

// Without mismatches. The kinds' order is that of urgency; within one, the oldest first.
std::vector<ListedTask> read_tasks(const TasksRead& read);
ListedTask mismatch_task(const AccountRow& row, const Json& mismatch);

std::string task_id(const std::string& kind, const std::vector<std::string>& about);
Json task_json(const ListedTask& task, const Zone& zone);
// By its kind; for an order, whom it could mean is asked of `candidates`.
using CandidatesOf = std::function<std::vector<RecordKey>(const std::string& order)>;
Json details_of(const TasksRead& read, const ListedTask& task, const CandidatesOf& candidates);

// The rows in quarantine of one stream and reason.
std::vector<std::int64_t> rows_of(sqlite::Database& database, const ListedTask& task);

}  // namespace mis::gateway
