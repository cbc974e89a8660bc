// Decision: what a person decided, as a row of the audit: who, on what, what stood before and what
// stands since, why. One door for commands and the console; written in the transaction in which the
// decision is carried out, so that neither is there without the other.
//
// Subject, before and after hold public ids, pseudonyms, numbers and codes, never content: the
// audit's rows are read by others than the patient's doctor.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "disclosure/audit.hpp"

namespace mis::disclosure {

// Every kind there is, so that a test notices one that it never made.
inline constexpr std::array<std::string_view, 20> kDecisions{
    "audit_erase",
    "dead_letter_retry",
    "feedback_answer",
    "hold_release",
    "inbox_push",
    "map_code",
    "mapping_hold_baseline",
    "mapping_hold_send",
    "messages_given_up",
    "new_epoch",
    "order_link",
    "order_unlink",
    "patient_link",
    "patient_unlink",
    "replay",
    "row_dismiss",
    "row_retry",
    "sink_discard",
    "source_hold_release",
    "source_rename",
};

inline constexpr const char* kDecided = "decided";  // the row's action

struct Decision {
    std::string what;              // one of kDecisions
    std::string subject;           // "order O1", "sink exchange", "patient 0f…"
    Json before = {}, after = {};  // objects; null: nothing stood, nothing stands
};

// The number of its row. `who`: the login; `reason` may be empty.
std::int64_t record_decision(
    sqlite::Transaction& transaction, const Decision& decision, std::string_view who,
    std::string_view reason, std::int64_t now_us
);

// nullopt: the row is no decision, or its content was erased.
std::optional<Decision> decision_of(const AuditEntry& entry);

}  // namespace mis::disclosure
