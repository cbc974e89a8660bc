// The exchange's messages (schemas/README.md section 4): what may stand in each, checked field by
// field before anything is stored.
//
// Read generously, stored strictly: numbers where text belongs (ids, phones, teeth, quantities of a
// YAML file) are taken as their text, teeth come out canonical and `[]` where they were left out,
// quantity defaults to "1", a validity or period given as a time becomes its local day. Fields that
// we do not know are not an error, since the exchange may add some before we know them; they are
// left out of what is stored and named to the caller, so that a misspelt one is seen. A refusal
// names every fault at once, by field and reason, with the schema's file, and never the content.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/timestamp.hpp"

namespace mis::inbox {

enum class ConsentRule {
    optional,  // export: all
    required,  // export: ordered (X1)
};

struct InboxMessage {
    std::string id;
    std::string type;  // "order.placed"
    Json body;         // known fields only, in stored form, `id` and `type` included
    // Whom it concerns; empty: not named by the message.
    std::string order, limit, plan, patient, feedback;
    std::string payer;                        // of a statement over all its accounts
    std::vector<std::string> ignored_fields;  // "/items/0/colour"
};

// malformed: "items/0/total: missing; placed_at: must be a time like …". Pure.
// `zone`: the clinic's, by which a time names a day; null: the time's own offset.
Result<InboxMessage> parse_message(
    const Json& message, ConsentRule consent, const Zone* zone = nullptr
);

// A file handed in: one message, a list of messages (JSON or YAML), or JSON Lines. malformed:
// unreadable.
Result<std::vector<Json>> read_messages(std::string_view text, const std::string& file);

// For schemas/inbox and its test: the types, and of each its fields with whether they are required.
struct FieldRule {
    std::string name;
    bool required = false;
};
std::vector<std::string> message_types();
std::vector<FieldRule> fields_of(std::string_view type);
// Alternatives of which exactly one must be there: {"order", "limit"}.
std::vector<std::string> alternatives_of(std::string_view type);

inline constexpr std::size_t kItemsMax = 500;
inline constexpr std::size_t kIdBytesMax = 128;
inline constexpr std::size_t kTextBytesMax = 16'384;

}  // namespace mis::inbox
