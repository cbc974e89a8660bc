// Statements on request (B4): one order or account, a period by booking day. An organization's over
// all its accounts is payer_statement's.
#include <algorithm>

#include "domain/billing/statement.hpp"
#include "domain/billing/statements.hpp"
#include "domain/body_fields.hpp"
#include "domain/limit_ledger/closing.hpp"
#include "domain/state.hpp"

namespace mis::domain {
namespace {

// Once, to those who owed by then: a payer who comes later asks for nothing of the past.
bool is_answered(const Change& change, const std::string& request, const Permission& permission) {
    bool found = change.before.first_seen_us.contains("request/" + request);
    for_each_standing(
        change.before, "request/" + request + "/",
        [&](const std::string&, const Standing& told) {
            const bool anew = told.leaves == Export::withheld && permission.allowed();
            if (told.data.find("request").string() == request && !anew) found = true;
        }
    );
    return found;
}

// Where nobody had a charge: who would owe first.
Payer payer_of_nothing(const Order* order, const Standing* account) {
    if (order == nullptr) {
        const BodyFields told(account->data);
        const auto granted = told.money("granted");
        return Payer{"limit", granted ? granted->currency : Currency{}, told.text("payer_party")};
    }
    for (const OrderItem& item : order->items) {
        if (item.total) return Payer{"patient", item.total->currency, {}};
    }
    return Payer{"patient", Currency{}, {}};
}

const Account* account_named(const std::vector<Account>& accounts, const std::string& id) {
    const auto found = std::find_if(accounts.begin(), accounts.end(), [&](const Account& account) {
        return account.id == id;
    });
    return found == accounts.end() ? nullptr : &*found;
}

}  // namespace

void answer_requests(Change& change, const std::vector<Account>& accounts) {
    const Announced& after = change.drafts.after();
    for (const InboxFact& message : change.facts.messages) {
        if (message.type != "statement.requested") continue;
        const BodyFields fields(message.body);
        const std::string order_id = fields.text("order"), limit = fields.text("limit");
        const Order* order = change.orders.find(order_id);
        const Standing* account = change.before.find("limit/" + limit);
        if (account == nullptr) account = after.find("limit/" + limit);
        if (order == nullptr && account == nullptr) continue;
        const std::string patient =
            order == nullptr ? BodyFields(account->data).text("patient") : order->patient;
        const Account* open = account_named(accounts, limit);
        const Permission permission = order != nullptr  ? change.gate.order(*order)
                                      : open != nullptr ? permission_of(change, *open)
                                                        : change.gate.patient(patient);
        if (is_answered(change, message.id, permission)) continue;
        if (permission.allowed())
            change.drafts.remember_seen("request/" + message.id, change.now());
        const auto of_it = [&](const LedgerEntry& entry) {
            return order != nullptr ? entry.order == order_id : entry.limit == limit;
        };
        Payers payers(after, of_it);
        if (payers.empty()) payers.add(payer_of_nothing(order, account));
        for (const Payer& payer : payers) {
            Statement said;
            said.payer = payer;
            said.order = order_id;
            said.limit = order == nullptr ? limit : "";
            said.request = message.id;
            said.period = Json{
                {"from", fields.text("from").substr(0, 10)},
                {"to", fields.text("to").substr(0, 10)}};
            add_booked(said, after, of_it);
            said.moved = booked_receipts(after, patient, payers, payer, said.period);
            announce_statement(
                change, said, patient, order == nullptr ? "" : order->plan_id, permission, 1000
            );
        }
    }
}

std::string missing_ground(
    const GroupFacts& facts, const Announced& before, const Rules& rules, const Identity& identity,
    const std::string& order, const std::string& limit
) {
    const TypedFacts typed = read_facts(facts, rules, identity);
    Announced scratch;
    const State state = derive(typed, facts, before, scratch, rules, identity);
    const ExportGate gate(state.orders, rules);
    std::set<std::string> patients;
    if (const Order* placed = state.orders.find(order)) {
        if (gate.order(*placed).allowed()) return {};
        patients.insert(placed->patient);
    } else if (const Account* open = account_named(state.accounts, limit)) {
        patients = open->patients;
    } else if (const Standing* told = before.find("limit/" + limit)) {
        patients.insert(told->data.find("patient").string());
    } else {
        return {};
    }
    const auto withdrew = [&](const std::string& patient) {
        return gate.withdrawn(patient) || state.orders.resumed.contains(patient);
    };
    for (const std::string& patient : patients) {
        if (order.empty() && gate.patient(patient).allowed()) return {};
    }
    return std::any_of(patients.begin(), patients.end(), withdrew) ? "withdrawn" : "no_consent";
}

}  // namespace mis::domain
