// The books, checked (B5): what was announced equals what the records as they stand mean,
// and what the event log alone adds up to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/keeping/clinic_store.hpp"
#include "gateway/pipeline/meaning.hpp"

namespace mis::gateway {

struct Books {
    std::int64_t groups = 0;
    std::int64_t charges = 0;  // standing
    std::int64_t events_folded =
        0;  // 0: the log's beginning was pruned, so the log alone cannot be folded
    std::vector<std::string> differences;  // with public ids only
};

// Reads everything once; memory grows with the standing announcements. Nothing is written. The
// caller holds the store.
Books check_conservation(ClinicStore& store, const Meaning& meaning, std::int64_t now_us);

}  // namespace mis::gateway
