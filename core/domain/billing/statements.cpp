#include "domain/billing/statements.hpp"

#include <algorithm>
#include <unordered_map>

#include "domain/billing/statement.hpp"
#include "domain/body_fields.hpp"

namespace mis::domain {
namespace {

Json entry_of(const Standing& charge) {
    Json entry{
        {"charge_id", charge.event_id},
        {"procedure", charge.data.find("procedure").string()},
        {"total", charge.data.find("total").tree()}};
    if (charge.data.contains("item")) entry["item"] = charge.data.find("item").string();
    return entry;
}

class OrderStatements {
  public:
    OrderStatements(Change& change, const std::vector<Account>& accounts)
        : change_(change), allocation_(allocate_payments(change, accounts)) {
        for (const Line& line : change.typed.lines) places_.emplace(line.id, places_.size());
    }

    void announce(const Order& order) {
        const Permission permission = change_.gate.order(order);
        for (const Statement& said : statements_of(order))
            announce_statement(change_, said, order.patient, order.plan_id, permission, 0);
    }

    // Whether what a payer paid is not what the last statements said of it.
    bool paid_otherwise(const Order& order) {
        const Payers payers = payers_of(order);
        const Permission permission = change_.gate.order(order);
        for (const Statement& said : statements_of(order)) {
            const Standing* told = told_of(order, payers, said.payer, permission);
            if (told == nullptr) continue;
            const BodyFields was(told->data);
            const Money paid = was.money("paid").value_or(Money{0, said.payer.currency});
            const Money off = was.money("written_off").value_or(Money{0, said.payer.currency});
            if (paid.minor != said.moved.paid || off.minor != said.moved.written_off) return true;
        }
        return false;
    }

  private:
    Change& change_;
    Allocation allocation_;
    std::unordered_map<std::string_view, std::size_t> places_;  // of lines, in D1's order

    Payers payers_of(const Order& order) const {
        return Payers(change_.drafts.after(), [&](const LedgerEntry& entry) {
            return entry.order == order.id;
        });
    }

    const Standing* told_of(
        const Order& order, const Payers& payers, const Payer& payer, const Permission& permission
    ) const {
        const auto told_for = [&](std::string_view party) {
            return change_.told(
                key_of_statement(order.id, payer.name, payer.currency.code(), party), permission
            );
        };
        const Standing* told = told_for(payer.party);
        // said before statements named their party
        if (told == nullptr && payers.is_the_only_one(payer)) told = told_for({});
        return told;
    }

    std::vector<Statement> statements_of(const Order& order) {
        const Payers payers = payers_of(order);
        const Permission permission = change_.gate.order(order);
        const Zone& zone = change_.rules.clinic_zone;
        std::vector<Statement> all;
        for (const Payer& payer : payers) {
            Statement& said = all.emplace_back();
            said.payer = payer;
            said.order = order.id;
            said.period = Json{
                {"from", zone.date_of(order.placed_at).to_string()},
                {"to", zone.date_of(change_.now()).to_string()}};
            add_charges(said);
            if (const Standing* told = told_of(order, payers, payer, permission)) {
                const auto total = BodyFields(told->data).money("total");
                if (total && total->currency == payer.currency) said.previous = total->minor;
            }
        }
        return all;
    }

    void add_charges(Statement& said) {
        // a bookkeeper reads them in D1's order
        std::map<std::size_t, std::vector<const Standing*>> by_line;
        const auto add = [&](std::string_view key, const Standing& charge) {
            const BodyFields fields(charge.data);
            const auto total = fields.money("total");
            if (fields.text("order") != said.order || fields.text("payer") != said.payer.name ||
                fields.text("payer_party") != said.payer.party)
                return;
            if (!total || total->currency != said.payer.currency ||
                charge.leaves == Export::withheld)
                return;
            said.total += total->minor;
            if (const auto covered = allocation_.find(key); covered != allocation_.end()) {
                said.moved.paid += covered->second.paid;
                said.moved.written_off += covered->second.written_off;
            }
            const auto place = places_.find(key.substr(0, key.find('/')));
            by_line[place == places_.end() ? places_.size() : place->second].push_back(&charge);
        };
        for_each_standing(change_.drafts.after(), "charge/", add);
        for (const auto& [place, charges] : by_line) {
            for (const Standing* charge : charges) said.charges.push_back(entry_of(*charge));
        }
    }
};

bool is_closed(const Change& change, const std::string& order) {
    const std::string key = "order_closed/" + order;
    return change.before.find(key) != nullptr && change.drafts.after().find(key) != nullptr;
}

// Closed orders on which something was booked in this change set.
std::set<std::string> corrected_orders(const Change& change) {
    std::set<std::string> corrected;
    const auto& ledger = change.drafts.after().ledger;
    for (std::size_t i = change.before.ledger.size(); i < ledger.size(); ++i) {
        if (!ledger[i].order.empty() && is_closed(change, ledger[i].order))
            corrected.insert(ledger[i].order);
    }
    return corrected;
}

bool took_payments_back(const Change& change) {
    bool found = false;
    for_each_standing(change.before, "payment/", [&](const std::string& id, const Standing& told) {
        const Standing* now = change.drafts.after().find("payment/" + id);
        found = found || now == nullptr || now->event_id != told.event_id;
    });
    return found;
}

}  // namespace

void state_orders(
    Change& change, const std::set<std::string>& orders, const std::vector<Account>& accounts
) {
    std::set<std::string> stated = corrected_orders(change);
    stated.insert(orders.begin(), orders.end());
    const bool paid_anew = took_payments_back(change);
    if (stated.empty() && !paid_anew) return;
    OrderStatements statements(change, accounts);
    for (const Order& order : change.orders.all) {
        // a payment corrected is a correction of the closed orders that it paid
        if (stated.contains(order.id) ||
            (paid_anew && is_closed(change, order.id) && statements.paid_otherwise(order)))
            statements.announce(order);
    }
}

}  // namespace mis::domain
