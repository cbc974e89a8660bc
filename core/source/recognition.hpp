// Which MIS a base belongs to, and where it may keep what a connector does not know of it
// beforehand; from its catalog alone. Pure. Names of tables and columns are compared without regard
// to case.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/connector.hpp"
#include "source/probe.hpp"

namespace mis::source {

struct Recognised {
    bool is_it = false;
    std::vector<std::string> found, missing;  // of the tables that tell
    std::vector<std::string> versions;        // marks of versions that it has
};
Recognised recognise(const Connector& connector, const std::vector<TableDescription>& tables);

// What a fetch, or a key or stamp of connector.yaml, takes where the base has it: each once.
struct OptionalThing {
    std::string table, column;  // no column: the table itself
    bool present = false;
};
std::vector<OptionalThing> optional_things(
    const StreamDeclaration& stream, const std::vector<TableDescription>& tables
);

struct Candidate {
    const TableDescription* table = nullptr;
    const TableDescription::Column* column = nullptr;  // null: the question is of tables
    bool in_key = false, indexed = false;              // first column of a key or of an index
};
inline constexpr std::size_t kCandidatesMax = 40;
// In the order of the catalog, at most kCandidatesMax.
std::vector<Candidate> candidates(
    const Question& question, const std::vector<TableDescription>& tables
);

const TableDescription* find_table(
    const std::vector<TableDescription>& tables, std::string_view name
);

}  // namespace mis::source
