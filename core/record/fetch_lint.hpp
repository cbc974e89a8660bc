// What can be said of a fetch without a base: clauses that the engine appends or forbids, and its
// select list against `columns:`. A real base says more (`mis-gateway check`).
#pragma once

#include <string>
#include <vector>

#include "source/connector.hpp"

namespace mis::record {

struct FetchRemark {
    int line = 0;             // of NAME.fetch.sql; 0: the declaration is meant
    std::string declaration;  // key of the stream in connector.yaml, where that is meant: "columns"
    std::string what;
    std::string remedy;
};

std::vector<FetchRemark> lint_fetch(const source::StreamDeclaration& stream);

}  // namespace mis::record
