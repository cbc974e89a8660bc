// codes.csv against the maps that use it.
#pragma once

#include "record/finding.hpp"
#include "source/connector.hpp"

namespace mis::record {

// A list that no map asks for; and where code('list', …) alone fills a field (also inside coalesce,
// ifnull, try), each canonical value must be one of that field.
void check_codes(const source::Connector& connector, Findings& findings);

}  // namespace mis::record
