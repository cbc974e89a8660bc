// The canonical record: what every connector produces, whatever the MIS (schemas/README.md section
// 1).
//
// A record is its kind, its id in the source and a body in canonical JSON (keys sorted, absent
// fields left out, money and teeth in the contract's form, times RFC 3339 with offset). Bodies hold
// private fields: they live in the clinic's store only and never pass core/disclosure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/crypto.hpp"

namespace mis::record {

struct Record {
    std::string kind;
    std::string source_id;
    std::string body;  // canonical JSON, source_id and notes included
    // Whose record it is; empty for branches, practitioners, services, shifts. Kind patient:
    // itself. A plan_item names its plan instead.
    std::string patient_source_id;
    std::string plan_source_id;
    std::string
        practitioner_source_id;  // shift, busy, slot, appointment: whose free times it touches
    std::vector<std::string>
        related_patients;    // members of a shared limit; the patient a merged one went into
    std::string parent_key;  // fan-out maps: the row it came from
    Digest content_hash{};   // of the body without source_modified_at (I2)
};

struct RowIssue {  // a row, or its decoding, that makes no sense; the last good version stands
    std::string stream;
    std::string row_key;    // empty: the key itself is unreadable, so this pass removes nothing in
                            // that stream
    std::string reason;     // column and what is wrong, never the content
    std::string raw_row;    // JSON object of the row as read; private, kept at most 30 days (X4)
    std::string told = {};  // the same for the operator: the row's own column and the shape of its
                            // value; empty: the reason is plain enough
};

}  // namespace mis::record
