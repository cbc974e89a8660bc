// The books, checked (B5): what was announced equals what the records as they stand mean,
// and what the event log alone adds up to.
#pragma once

#include <cstdint>
#include <functional>
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
    std::int64_t history = 0;  // D5: records of before their source counts, which mean nothing
    std::vector<std::string> differences;  // with public ids only
    // What the differences come to: per account, by what its sum differs once everything has left
    // that should have, and by what log and announcements differ; without sign and of whatever
    // currency. 0 with differences: the sums agree, of other charges.
    std::int64_t imbalance_minor = 0;
};

// Reads everything once; memory grows with the standing announcements. Nothing is written. The
// caller holds the store; `breather`, called between pages of groups, may let others have it for a
// moment, or end the check (false: what is counted so far is no verdict). Groups whose meaning is
// pending are left out then: they differ until it has been given; and the log is not added up.
Books check_conservation(
    ClinicStore& store, const Meaning& meaning, std::int64_t now_us,
    const std::function<bool()>& breather = {}
);

}  // namespace mis::gateway
