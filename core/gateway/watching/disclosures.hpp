// What left about a patient: the trace's entries with what the audit says of their arrival, and who
// looked or decided (X2). Of one person's cards together.
//
// Pure reading, over any connection; nothing is printed here. The audit is walked once for however
// many events are asked about.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"
#include "disclosure/audit.hpp"
#include "outbox/trace.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway {

struct Receipt {  // that an event left to a sink
    std::string sink;
    std::int64_t at_us = 0;
    enum class How {
        delivered,        // and was accepted
        maybe_delivered,  // nobody knows whether it arrived
        before_loss,      // by the log from which the store was brought back; no sink is known
    } how = How::delivered;
};

// By event id; those that left to nobody yet are not among them.
std::map<std::string, std::vector<Receipt>> receipts_of(
    sqlite::Database& database, const std::vector<std::string>& event_ids
);

struct Patient {                          // whose report is asked for
    std::vector<std::string> pseudonyms;  // the one asked for, then those of linked cards
    std::vector<std::string> names;       // these, and "source/id" of cards that are known
};

// By a pseudonym, or a card. Also of somebody who is not in the store any more, whose cards are
// unknown then.
Patient patient_of_pseudonym(
    sqlite::Database& database, const Identity& identity, const std::string& pseudonym
);
Patient patient_of_card(
    sqlite::Database& database, const Identity& identity, const RecordKey& card
);

struct Disclosed {
    outbox::TraceEntry entry;
    std::vector<Receipt> receipts;
};

struct Disclosures {
    std::optional<std::int64_t> since_us;  // before, nothing is known by patient
    std::vector<Disclosed> left;           // that was given to the outbox, oldest first
    std::vector<outbox::TraceEntry> withheld;
    std::vector<disclosure::AuditEntry> looks, decisions;
};

Disclosures disclosures_of(sqlite::Database& database, const Patient& patient);

}  // namespace mis::gateway
