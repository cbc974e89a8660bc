// What stands in the base now, counted by what the connector makes of it: rows a gateway must hold
// when it has caught up (with the site's `limit_amount: amountrub`; with `none` it holds no
// limits).
#pragma once

#include <map>
#include <string>

#include "support/firebird_writer.hpp"

namespace mis::simulator {

struct Standing {
    std::map<std::string, std::int64_t> tables;  // every row
    std::map<std::string, std::int64_t>
        streams;  // by stream of connectors/infoclinica, what its maps skip left out
};
Standing count_standing(support::FirebirdWriter& base);
std::string to_json(const Standing& standing);  // one line

}  // namespace mis::simulator
