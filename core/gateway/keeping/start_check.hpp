// Whether a gateway may start on a store: what `run` and `sync` refuse, `check` tells beforehand.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gateway/keeping/clinic_store.hpp"

namespace mis::gateway {

struct ConfiguredSink {
    std::string name;
    std::filesystem::path folder;  // of a file sink; else empty
};

// Every reason, with its remedy: a sink or mark that is ahead of this store (an older copy was put
// back), a sink that is configured no more and has not had all. Writes nothing.
std::vector<std::string> reasons_not_to_start(
    ClinicStore& store, const std::vector<ConfiguredSink>& sinks
);
// The same of sinks that are no longer configured; `run --discard` forgets them.
std::vector<std::string> removed_sinks_with_events(
    ClinicStore& store, const std::vector<ConfiguredSink>& sinks
);

}  // namespace mis::gateway
