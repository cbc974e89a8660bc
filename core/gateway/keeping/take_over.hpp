// What was sent since a store's backup, taken over into the store brought back (I4): the log's
// place in the outbox, what is announced, ids, sequences, epoch, free times, orders' links.
//
// Everything is one transaction: a crash in the middle leaves the store as it was. The same log
// twice is the same as once: what the books have, they know by its id. Memory: what the store did
// not know, and the announced state of the groups concerned.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "gateway/keeping/clinic_store.hpp"

namespace mis::gateway {

struct TakeOver {
    std::vector<std::filesystem::path> files;  // JSON Lines of CloudEvents, in any order
    std::vector<std::string> sources;          // to be compared whole before they get a meaning
    std::string who;                           // for the audit
    std::int64_t now_us = 0;
    // A log with events missing in the middle or at its end gives books that are wrong without
    // anybody noticing, and sequences that were given out before. Whoever accepts it begins a new
    // epoch (new_epoch.hpp) before anything is given a meaning.
    enum class Gaps { refuse, accept } gaps = Gaps::refuse;
    // The last event that each consumer has, by id: refused where neither the store nor the files
    // know one of them.
    std::vector<std::string> last_events = {};
    std::function<void(sqlite::Transaction&)> at_end = {};  // in the same transaction
};

struct TakeOverReport {
    std::int64_t events = 0;   // lines read
    std::int64_t applied = 0;  // that the store did not know yet
    std::int64_t groups = 0;
    std::int64_t missing = 0;  // accepted
    // Events tell of them, and what the exchange wrote is lost with the store. Their groups are
    // held until the message comes again (Meaning), else their plans and charges would be taken
    // back.
    std::vector<std::string> orders_without_message;
    // Likewise other messages, by their ids: amendments, grants, cancellations, withdrawals.
    std::vector<std::string> messages_lost;
    std::vector<std::string> sinks_known;  // whose progress the mark beside the store tells
};

// Whether the store has these events; misconfigured, with the remedy: it lacks one, so that more
// was sent than it knows of.
Result<void> check_last_events(ClinicStore& store, const std::vector<std::string>& last_events);

// misconfigured, malformed: the files are not what is needed; nothing was changed.
Result<TakeOverReport> take_over_sent_events(ClinicStore& store, const TakeOver& what);

}  // namespace mis::gateway
