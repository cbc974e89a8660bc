// Where a map compares a column of its rows with a list of ids that the site configures:
// instr(',' || site('barter_agreement_types') || ',', ',' || agrtype || ',') > 0, or
// till = site('card_till').
#pragma once

#include <string>
#include <vector>

#include "source/connector.hpp"

namespace mis::record {

struct SiteUse {
    std::string key;     // of the site's values
    std::string column;  // of the stream's rows
    friend auto operator<=>(const SiteUse&, const SiteUse&) = default;
};

std::vector<SiteUse> site_uses(const source::StreamDeclaration& stream);

}  // namespace mis::record
