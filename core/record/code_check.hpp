// Tables of codes, the connector's codes.csv and a site's own, against the maps that use them.
#pragma once

#include <filesystem>
#include <vector>

#include "record/finding.hpp"
#include "source/connector.hpp"

namespace mis::record {

// A list that no map asks for; and where code('list', …) fills a field, in whichever branch of the
// map (case, iif, coalesce, ifnull, nullif, try, an inner select), each canonical value must be one
// of that field.
void check_codes(const source::Connector& connector, Findings& findings);

// The same of one file, whoever's it is; the findings name it by its path. What does not load has
// none: load_codes() says why.
std::vector<Finding> code_findings(
    const source::Connector& connector, const std::filesystem::path& file
);

}  // namespace mis::record
