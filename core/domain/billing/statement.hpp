// What every statement has in common (B4): whose it is, what it adds up, how it becomes events.
#pragma once

#include <compare>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/billing/allocation.hpp"
#include "domain/change.hpp"

namespace mis::domain {

// Who gets a statement of his own: sums in different currencies are not added up (I5), and no
// organization sees what another owes (X3).
struct Payer {
    std::string name;
    Currency currency;
    std::string party;  // empty: none is named
    friend auto operator<=>(const Payer&, const Payer&) = default;
};

// Everyone who ever had a charge there (B4).
class Payers {
  public:
    template <typename OfIt>
    Payers(const Announced& announced, const OfIt& of_it) {
        for (const LedgerEntry& entry : announced.ledger) {
            if (of_it(entry) && entry.leaves == Export::leaves)
                all_.insert(Payer{entry.payer, entry.total.currency, entry.party});
        }
    }
    auto begin() const { return all_.begin(); }
    auto end() const { return all_.end(); }
    bool empty() const { return all_.empty(); }
    // The payer of this name and party, or the first of this name; there is one.
    const Payer& of(const std::string& name, Currency currency, const std::string& party) const;
    bool is_the_only_one(const Payer& payer) const;  // of this name and currency
    void add(Payer payer) { all_.insert(std::move(payer)); }

  private:
    std::set<Payer> all_;
};

struct Statement {  // sums in minor units of the payer's currency
    Payer payer;
    std::string order, limit, request;
    Json period;
    Json charges = Json::array();
    std::int64_t total = 0;
    Moved moved;
    std::optional<std::int64_t> previous;
};

// What was booked in the period of that payer's money, by booking day, so that a payment entered
// late leaves a closed month as it was. Where several organizations are one payer, the account that
// a payment names tells whose it is, else it is the first one's: none is lost or counted twice.
Moved booked_receipts(
    const Announced& announced, const std::string& patient, const Payers& payers,
    const Payer& payer, const Json& period
);

void add_entry(Statement& said, const LedgerEntry& entry);

// Adds what was booked in the statement's period to its payer and `of_it` accepts.
template <typename OfIt>
void add_booked(Statement& said, const Announced& announced, const OfIt& of_it) {
    for (const LedgerEntry& entry : announced.ledger) {
        if (entry.leaves == Export::withheld || !of_it(entry) ||
            Payer{entry.payer, entry.total.currency, entry.party} != said.payer ||
            entry.booked_on < said.period.value("from", "") ||
            entry.booked_on > said.period.value("to", ""))
            continue;
        add_entry(said, entry);
    }
}

// The data of its events; a long one comes in parts, the sums in the last.
std::vector<Json> parts_of(const Statement& said);

void announce_statement(
    Change& change, const Statement& said, const std::string& patient, const std::string& plan,
    const Permission& permission, int turn
);

}  // namespace mis::domain
