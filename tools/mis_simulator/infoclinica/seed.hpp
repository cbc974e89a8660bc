// What a simulated base holds before it starts to live.
//
// Pure text: SQL statements in order, each safe to commit on its own. Big tables are filled by
// EXECUTE BLOCKs inside the server (tens of thousands of rows a second), in chunks, so that a
// person sees progress. The same options give the same base, but for "today".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema.hpp"

namespace mis::simulator {

struct SeedOptions {
    Dialect dialect = Dialect::three;
    Columns columns = Columns::as_reported;
    std::int64_t patients = 60;
    std::int64_t procedures = 200;  // ORDERDET lines; bills have one to three
    int history_days = 90;          // over which the bills are spread, ending yesterday
};

struct SeedStep {
    std::string title;  // "procedures 20000 of 1000000"
    std::string sql;
};

std::vector<SeedStep> seed_steps(const SeedOptions& options);

}  // namespace mis::simulator
