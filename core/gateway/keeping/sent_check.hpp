// I4: a store older than what a sink already took (a copy put back without `restore`) would give
// the same sequences out a second time. A file sink remembers what it took, so it is asked at every
// start, before anything is read or sent.
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "gateway/keeping/clinic_store.hpp"

namespace mis::gateway {

// Compares the last megabyte of the folder's newest events with the store. misconfigured, naming
// `restore`, when the store is behind them; a folder that does not exist, lines that are no events,
// and events of earlier epochs say nothing.
Result<void> check_not_behind_files(ClinicStore& store, const std::filesystem::path& folder);

}  // namespace mis::gateway
