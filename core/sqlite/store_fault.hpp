// What an error of SQLite means for whoever runs the machine: which file, what is the matter with
// its folder, what to do. SQLite's own texts ("disk I/O error") say none of it.
#pragma once

#include <filesystem>
#include <string>

#include "sqlite/database.hpp"

namespace mis::sqlite {

// `code`: SQLite's extended result code. `file`: empty where there is none (:memory:).
StoreError::Kind kind_of(int code, const std::filesystem::path& file);
// ": FOLDER has 0 MB free: free some disk space"; empty: nothing that an operator could mend.
std::string remedy_for(int code, const std::filesystem::path& file);

}  // namespace mis::sqlite
