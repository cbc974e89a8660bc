// Whether a source's free times may be told now. Old ones invite two patients to one chair, so
// anything that makes them doubtful stops the telling (decisions/0023).
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "source/connector.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway {

// Streams of these kinds say when somebody is free or not.
bool tells_of_times(std::string_view kind);

struct SlotSource {  // what is known of one source
    std::string name;
    bool in_a_pass = false;         // being read now, or its last pass was cut
    bool awaited = false;           // to be compared after a restore
    std::vector<std::string> held;  // streams that wait for a human
    struct Stream {
        std::string name, error;   // error: why it is degraded
        std::int64_t read_us = 0;  // to its end; 0: not since start
        bool age_is_known = true;  // false: the caller cannot tell
    };
    std::vector<Stream> streams;    // that tell of times and are on
    std::int64_t received_us = -1;  // of one that is sent its rows: when; -1: it is asked
};

struct SlotDoubt {
    std::string why;        // empty: none
    bool is_brief = false;  // it ends by itself, with the pass that is under way
};

// received_us 0: nothing was sent to it yet.
SlotDoubt doubt_of(const SlotSource& source, std::int64_t now_us, std::chrono::minutes age_max);

// The part of it that the store knows: passes under way, holds, what restore awaits.
SlotSource slot_source_in_store(sqlite::Database& database, const std::string& source);

}  // namespace mis::gateway
