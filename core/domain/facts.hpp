// What the domain is told: the facts of one group, complete, in no particular order (D1).
//
// A group is the smallest set of patients whose meaning hangs together: one patient, or those
// joined by a shared account or a merge, with the orders linked to them; an order that waits for
// its patient is a group of its own. The pipeline gathers a group's facts and calls evaluate();
// nothing in here reads a store, a network or a clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "base/json_text.hpp"
#include "base/timestamp.hpp"

namespace mis::domain {

struct RecordFact {  // the standing version of a record
    RecordKey key;
    std::uint64_t version = 1;       // 1 = as first seen
    std::int64_t first_seen_us = 0;  // of this version: the change set's time
    std::string body;  // canonical JSON of schemas/README.md section 1, private fields included
    bool payers_unknown = false;  // L0: its map tells no payers at all
    friend bool operator==(const RecordFact&, const RecordFact&) = default;
};

struct InboxFact {  // an accepted message of the exchange
    std::string id;
    std::string type;  // "order.placed", …
    std::int64_t received_us = 0;
    std::uint64_t position = 0;  // acceptance order
    JsonText body;
    friend bool operator==(const InboxFact&, const InboxFact&) = default;
};

struct OrderLink {  // P9: remembered once made
    std::string order;
    std::string source;
    std::string patient_source_id;
    std::int64_t linked_us = 0;
    std::string ground;  // "phone+last_name", "operator", … never the identifiers
    friend bool operator==(const OrderLink&, const OrderLink&) = default;
};

struct PatientLink {  // P11: the clinic says that two cards of two sources are one person's
    RecordKey joins;  // known from then on by
    RecordKey stays;
    friend bool operator==(const PatientLink&, const PatientLink&) = default;
};

struct OrderWait {  // P9: what the last search for an order's patient found
    std::string order;
    std::uint32_t candidates = 0;  // none or several
    friend bool operator==(const OrderWait&, const OrderWait&) = default;
};

// F1: of the whole clinic, whose counts are published; a group holds its own patients' only.
struct FeedbackCounts {
    std::int64_t received = 0, answered = 0, resolved = 0;
    friend bool operator==(const FeedbackCounts&, const FeedbackCounts&) = default;
};

struct GroupFacts {
    std::vector<RecordFact> records;
    std::vector<InboxFact> messages;
    std::vector<OrderLink> links;
    std::vector<PatientLink> patient_links = {};
    std::vector<OrderWait> waits;  // of orders without a link
    // Limits that lines of the group name and that are nobody's of the group (L0: not_a_member).
    std::vector<RecordKey> foreign_limits;
    std::optional<FeedbackCounts> feedback_of_clinic;  // where a message is about feedback;
                                                       // nullopt: these messages are all there are
    Timestamp now;  // the change set's time, with the clinic's offset: also the tick
    friend bool operator==(const GroupFacts&, const GroupFacts&) = default;
};

}  // namespace mis::domain
