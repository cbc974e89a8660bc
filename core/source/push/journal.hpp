// Journal: what callers were told yes to, until the pipeline has it and after: the last snapshot of
// each route, and each row that changes have made. A private SQLite file (mode 0600) of its own,
// synchronous=FULL: what put_…() returned for is on the disk, whole, and survives kill -9.
//
// Written by one Intake, read by PushReader and by commands of other processes. One thread each.
// Every function throws sqlite::StoreError.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "source/push/body.hpp"
#include "sqlite/database.hpp"

namespace mis::source::push {

class Journal {
  public:
    // Makes it where there is none, and its folder (mode 0700).
    static Journal open_for_writing(const std::filesystem::path& file);
    // nullopt: there is none yet.
    static std::optional<Journal> open_for_reading(const std::filesystem::path& file);

    // Random, of this file: a journal that was lost is another one.
    std::string id();

    enum class Put { fresh, repeated };  // repeated: it says what is there already
    Put put_snapshot(const std::string& route, std::string_view body, std::int64_t now_us);
    // day: of the row, by which it is forgotten; "": never.
    Put put_change(
        const std::string& stream, const std::string& key, const Said& said, const std::string& day,
        std::int64_t now_us
    );

    struct Snapshot {
        std::string body;
        std::int64_t received_us = 0;  // when it, or one that says the same, came last
    };
    std::optional<Snapshot> snapshot(const std::string& route);
    std::optional<Said> change(const std::string& stream, const std::string& key);
    // Until `visit` is false.
    void each_change(
        const std::string& stream,
        const std::function<bool(const std::string& key, const Said&)>& visit
    );

    // Changes with every fresh put of that route or stream.
    std::int64_t state_of(const std::string& route_or_stream);
    std::int64_t last_received_us();  // of whatever kind; 0: nothing yet
    std::int64_t bytes();
    // Rows of days before that one.
    std::int64_t forget(const std::string& stream, const std::string& day);

  private:
    explicit Journal(sqlite::Database database) : database_(std::move(database)) {}
    void note(
        sqlite::Transaction& transaction, const std::string& place, std::int64_t now_us, Put put
    );

    sqlite::Database database_;
};

}  // namespace mis::source::push
