// Whether the keys of a base's streams name one row each (D4), asked of the base itself.
#pragma once

#include <string>
#include <vector>

#include "gateway/pipeline/source_worker.hpp"
#include "source/source.hpp"

namespace mis::gateway::cli {

struct KeyFinding {
    bool is_problem = false;  // rows that differ; else they are the same to the letter, or no row's
    std::string text;         // "procedure: …", with examples and the remedy
};

// The lowest source::kProbeRowsMax keys of each stream that is read and can be walked and asked by
// keys; what lies above is found by
// the passes, and stands in quarantine.
std::vector<KeyFinding> key_findings(
    const SourceSetup& setup, source::Source& source, const source::ProbeReport& report
);

}  // namespace mis::gateway::cli
