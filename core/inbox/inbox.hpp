// Inbox: the exchange's messages, accepted once each, and which order belongs to which patient.
//
// Owned by the pipeline; holds no state but the connection. A message is stored whole or not at
// all, in the caller's transaction: acknowledge it to the exchange only after that committed. What
// holds after a crash: whatever was acknowledged is there; whatever comes again is known by its id.
//
//   known id, same content      acknowledged again, nothing is stored
//   known id, other content     refused `id_reused`
//   unknown order, limit, …     refused `unknown_order`, …; not remembered, so it may be repeated
//                               once the order has come
//   cancelled order, grant that cannot stand
//                               refused `order_cancelled`, `no_account`, `other_currency`
//   malformed                   refused with field and reason, and counted
//
// Private: an order's identifiers stand in the stored body until the order is linked, then they are
// erased from it (X4).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "domain/facts.hpp"
#include "inbox/message.hpp"
#include "inbox/order_match.hpp"
#include "sqlite/database.hpp"

namespace mis::inbox {

// What messages name by public id; orders and feedbacks the inbox knows itself. A payer goes by its
// name.
enum class EntityKind { patient, limit, plan, payer };

struct Refusal {
    std::string code;
    std::string reason;  // for people, without content
};

struct AcceptOptions {
    std::int64_t now_us = 0;
    ConsentRule consent = ConsentRule::required;
    std::optional<Zone> zone;  // the clinic's
    // Whether a public id was ever announced here; left empty: every id is taken.
    std::function<bool(EntityKind, std::string_view public_id)> knows;
    // Whether an announced plan has or had an item of this id; left empty: every one is taken.
    std::function<bool(std::string_view plan, std::string_view item)> knows_item = {};
    // Why a limit.granted cannot stand beside the books (L1); nullopt, or left empty: it can.
    std::function<std::optional<Refusal>(const InboxMessage&)> refuse_grant = {};
    // Why a statement can't be sent to anybody: "no_consent", "withdrawn"; empty, or no function:
    // it can (B4).
    std::function<std::string(const InboxMessage&)> missing_ground = {};
};

enum class Verdict { accepted, repeated, refused };

struct Acceptance {
    Verdict verdict = Verdict::refused;
    std::string code;    // refused: "malformed", "id_reused", "order_exists", "unknown_order",
                         // _limit, _plan, _patient, _feedback, _item, "order_cancelled",
                         // "no_account", "other_currency", "unknown_payer", "no_consent",
                         // "withdrawn"
    std::string reason;  // refused: for people, without content
    std::uint64_t position = 0;  // accepted, repeated: of the stored message
    // Accepted: whom it concerns; a message about a feedback also names its order.
    std::string order, limit, plan, patient, feedback, payer;
    std::string message;  // its id
    std::vector<std::string> ignored_fields;
};

struct WaitingOrder {
    std::string order;
    std::uint64_t position = 0;    // of its order.placed
    OrderIdentity identity;        // nothing in it: erased, only an operator can link
    std::uint32_t candidates = 0;  // what the last search found
};

struct FeedbackAnswer {
    std::string feedback;
    std::string text;
};

class Inbox {
  public:
    explicit Inbox(sqlite::Database& database) : database_(database) {}

    Acceptance accept(
        sqlite::Transaction& transaction, const Json& message, const AcceptOptions& options
    );
    // For bodies that are no JSON at all.
    void count_refusal(
        sqlite::Transaction& transaction, std::string_view code, std::int64_t now_us
    );

    // The clinic's answer to a feedback, a message of our own: type feedback.answered {id,
    // feedback, order, text}. nullopt: no such feedback.
    std::optional<domain::InboxFact> answer(
        sqlite::Transaction& transaction, const FeedbackAnswer& answer, std::int64_t now_us
    );

    // Messages, in the order of their acceptance.
    domain::InboxFact message(std::uint64_t position) const;  // asserts that it is there
    std::vector<domain::InboxFact> messages_of_order(std::string_view order) const;
    std::vector<domain::InboxFact> messages_of_feedback(std::string_view feedback) const;
    std::vector<std::string> feedbacks(int limit) const;  // newest first
    domain::FeedbackCounts feedback_counts() const;       // of the clinic (F1)

    // Orders and their patients (P9).
    bool knows_message(std::string_view id) const;
    bool knows_order(std::string_view order) const;
    bool is_cancelled(std::string_view order) const;
    std::optional<std::string> order_of_feedback(std::string_view feedback) const;
    std::optional<domain::OrderLink> link_of(std::string_view order) const;
    std::vector<domain::OrderLink> links(int limit) const;
    void link(
        sqlite::Transaction& transaction, const domain::OrderLink& link
    );  // erases the identifiers
    void unlink(
        sqlite::Transaction& transaction, std::string_view order
    );  // it waits again, for the operator
    std::vector<WaitingOrder> waiting_orders(std::string_view after_order = {}, int limit = 1000)
        const;  // by order id
    std::optional<WaitingOrder> waiting_order(std::string_view order) const;
    std::uint32_t candidates_of(std::string_view order) const;
    void set_candidates(
        sqlite::Transaction& transaction, std::string_view order, std::uint32_t candidates
    );

    struct Counts {
        std::map<std::string, std::int64_t> accepted;  // by type
        std::map<std::string, std::int64_t> refused;   // by code
    };
    Counts counts() const;

  private:
    std::vector<domain::InboxFact> messages_where(std::string_view column, std::string_view value)
        const;
    std::string unknown_entity(const InboxMessage& message, const AcceptOptions& options) const;
    std::optional<Refusal> refusal(const InboxMessage& message, const AcceptOptions& options) const;
    std::optional<std::string> unknown_item(
        const InboxMessage& message, const AcceptOptions& options
    ) const;
    std::uint64_t store(
        sqlite::Transaction& transaction, const InboxMessage& message,
        std::string_view content_hash, std::int64_t now_us
    );
    sqlite::Database& database_;
};

}  // namespace mis::inbox
