// A new epoch (I4): the store is lost and so is the log of what was sent, or a part of it.
// Consumers are told to discard what they know of the sources, and everything is announced anew
// from the records, once they were compared with the MIS.
//
// One transaction: a crash leaves the store as it was, or in an epoch of which consumers are told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/keeping/clinic_store.hpp"
#include "gateway/pipeline/meaning.hpp"

namespace mis::gateway {

struct NewEpoch {
    std::vector<std::string> sources;
    std::string who;  // for the audit
    std::int64_t now_us = 0;
    std::string why = "no log of sent events exists";  // for the audit
};

// The number of the epoch that begins.
std::uint32_t begin_new_epoch(ClinicStore& store, MeaningSettings settings, const NewEpoch& what);
std::uint32_t begin_new_epoch(
    sqlite::Transaction& transaction, ClinicStore& store, MeaningSettings settings,
    const NewEpoch& what
);

}  // namespace mis::gateway
