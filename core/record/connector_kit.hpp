// Making and listing connector folders.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace mis::record {

struct ListedConnector {
    std::string name, title, dialect;
    std::filesystem::path folder;
    std::vector<std::string> streams;
    std::string problem;  // why it does not load; empty: it does
};

// Folders of `connectors` with a connector.yaml, by name; those beginning with _ or . are none.
std::vector<ListedConnector> connector_list(const std::filesystem::path& connectors);

// Copies `connectors`/_template to `target`, with its name filled in. Its cases fail until someone
// has thought. misconfigured: the name is no lower-case word, the target exists, the template is
// missing.
Result<void> connector_new(
    const std::filesystem::path& connectors, const std::string& name,
    const std::filesystem::path& target
);

}  // namespace mis::record
