// What stands in the base now, counted by what the connector makes of it: rows a gateway must hold
// when it has caught up (Infoclinica: with the site's `limit_amount: amountrub`; with `none` it
// holds no limits).
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace mis::simulator {

struct Standing {
    std::map<std::string, std::int64_t> tables;   // every row
    std::map<std::string, std::int64_t> streams;  // by stream of the connector, what its maps skip
                                                  // left out
};
std::string to_json(const Standing& standing);  // one line

}  // namespace mis::simulator
