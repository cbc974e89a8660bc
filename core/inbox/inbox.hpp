// Inbox: the exchange's messages (contract.md section 4), accepted once each, and the orders' links to patients.
//
// Acceptance is idempotent by `id`: the same content again is acknowledged again, other content is refused. A message is stored whole or not at all, in
// the caller's transaction; giving it meaning is the pipeline's next step. Orders' identifiers (phone, name, birth date) are private and are erased from
// the stored message once the order is linked (domain.md X4); a repeat of the message is still recognised, by a keyed hash of its content.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/facts.hpp"
#include "sqlite/database.hpp"

namespace mis::inbox {

enum class Answer {
    accepted,    // stored now
    repeated,    // known id, same content: acknowledged again, nothing stored
    id_reused,   // known id, other content
    malformed,   // not a message of section 4: reason names the field
    unknown,     // names an order, account, plan, patient or feedback that is not known (yet): may be repeated later
};
std::string_view to_string(Answer answer);

struct Acceptance {
    Answer answer = Answer::accepted;
    std::string reason;           // for people; never content of private fields
    std::uint64_t position = 0;   // of the stored message, from 1
    std::string id, type;
    bool accepted() const { return answer == Answer::accepted || answer == Answer::repeated; }
};

// What a message is about, beside its content: at most one of each; empty: not named.
struct About {
    std::string order, limit, plan, patient, feedback;
};

struct WaitingOrder {
    std::string order;
    std::uint64_t position = 0;     // of its order.placed
    Json patient;                   // the identifiers sent: phone, last_name, birth_date
    std::uint32_t candidates = 0;   // of the last search
};

struct InboxCounts {
    std::int64_t accepted = 0, repeated = 0, id_reused = 0, malformed = 0, unknown = 0;
};

// Checks a message against contract.md section 4: every field's type and form; fields not named there are ignored (additions are free).
Result<About> check_message(const Json& message);

class Inbox {
  public:
    explicit Inbox(sqlite::Database& database) : database_(database) {}
    static void migrate(sqlite::Database& database);

    // `known` answers whether an id that the message names is known to the pipeline (accounts, plans, patients); orders and feedback the inbox knows itself.
    Acceptance accept(
        sqlite::Transaction& transaction, const Json& message, std::int64_t now_us, const std::function<bool(std::string_view public_id)>& known
    );
    void count_refused(sqlite::Transaction& transaction, Answer answer);

    domain::InboxFact message(std::uint64_t position) const;  // identifiers already erased where the order is linked
    std::optional<std::uint64_t> position_of_order(std::string_view order) const;
    std::optional<std::string> order_of_feedback(std::string_view feedback) const;

    std::optional<domain::OrderLink> link_of(std::string_view order) const;
    std::vector<domain::OrderLink> links() const;
    void link(sqlite::Transaction& transaction, const domain::OrderLink& link);   // erases the identifiers (X4)
    void unlink(sqlite::Transaction& transaction, std::string_view order);        // the operator's; the order waits for a link by hand
    std::vector<WaitingOrder> waiting_orders() const;
    void set_candidates(sqlite::Transaction& transaction, std::string_view order, std::uint32_t candidates);
    std::uint32_t candidates_of(std::string_view order) const;

    InboxCounts counts() const;

  private:
    sqlite::Database& database_;
};

}  // namespace mis::inbox
