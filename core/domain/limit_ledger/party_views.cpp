#include "domain/limit_ledger/party_views.hpp"

#include <algorithm>

#include "domain/body_fields.hpp"
#include "domain/limit_ledger/closing.hpp"

namespace mis::domain {
namespace {

using Accounts = std::vector<const Account*>;

// Parties in the order of their first account.
std::vector<Accounts> by_party(const Accounts& accounts) {
    std::vector<Accounts> parties;
    for (const Account* account : accounts) {
        const auto of_party = std::find_if(parties.begin(), parties.end(), [&](const auto& other) {
            return other.front()->party() == account->party();
        });
        if (of_party == parties.end())
            parties.push_back({account});
        else
            of_party->push_back(account);
    }
    return parties;
}

Money left_to_do(const Plan& plan, Currency currency) {
    Money sum{0, currency};
    for (const PlanItem& item : plan.items) {
        if (item.declined || !item.open() || !item.total || item.total->currency != currency)
            continue;
        sum += *item.total;
        if (!item.quantity.is_zero()) sum -= pro_rata(*item.total, item.settled, item.quantity);
    }
    return sum;
}

Money largest_sum(const Accounts& accounts, const Plan& plan) {
    const Currency currency = accounts.front()->granted.currency;
    const Money agreed = left_to_do(plan, currency);
    Money room{0, currency};
    for (const Account* account : accounts) {
        if (account->granted.currency != currency) continue;
        if (account->overrun_payer == "organization") return agreed;
        room += account->remaining();
    }
    return std::min(agreed, room);
}

class Teller {
  public:
    Teller(Change& change, const std::vector<Account>& accounts, const Tracked& tracked)
        : change_(change), accounts_(accounts), tracked_(tracked) {}

    void tell_of(Event& event) const {
        const BodyFields data(event.data);
        if (data.integer("part") != data.integer("parts")) return;  // the last says it all
        const std::string patient = data.text("patient");
        const BodyFields plan(data.find("plan"));
        const std::string id = plan.text("id"), reason = data.text("reason");
        const auto found =
            std::find_if(tracked_.plans.begin(), tracked_.plans.end(), [&](const Plan& candidate) {
                return candidate.id == id;
            });
        const bool over = event.type == "plan.closed" || found == tracked_.plans.end();
        for (const Accounts& of_party : by_party(over ? open_before(patient) : open_now(patient))) {
            const Money nothing{0, of_party.front()->granted.currency};
            JsonFields said, named;
            named.string("id", id).integer("version", plan.integer("version").value_or(1));
            said.string("patient", patient).string("reason", reason);
            said.raw("plan", named.text().text());
            said.money("amount_max", over ? nothing : largest_sum(of_party, *found));
            event.views.push_back(PartyView{of_party.front()->party(), said.text()});
        }
    }

  private:
    Change& change_;
    const std::vector<Account>& accounts_;
    const Tracked& tracked_;

    bool concerns(const Account& account, const std::string& patient) const {
        return !account.party().empty() && account.patients.contains(patient);
    }
    Accounts open_now(const std::string& patient) const {
        Accounts found;
        for (const Account& account : accounts_)
            if (concerns(account, patient) && is_open(account, tracked_, change_))
                found.push_back(&account);
        return found;
    }
    // An account that closes together with the plan was open as long as the plan.
    Accounts open_before(const std::string& patient) const {
        Accounts found;
        for (const Account& account : accounts_) {
            if (!concerns(account, patient)) continue;
            const Standing* told = change_.before.find("limit/" + account.id);
            const bool closed =
                told != nullptr && BodyFields(told->data).flag("closed").value_or(false);
            if (!closed) found.push_back(&account);
        }
        return found;
    }
};

}  // namespace

void tell_parties_of_plans(
    Change& change, const std::vector<Account>& accounts, const Tracked& tracked
) {
    const bool nobody = std::all_of(accounts.begin(), accounts.end(), [](const Account& account) {
        return account.party().empty();
    });
    if (nobody) return;
    const Teller teller(change, accounts, tracked);
    for (Draft& draft : change.drafts.pending()) {
        const std::string& type = draft.event.type;
        if (type == "plan.opened" || type == "plan.changed" || type == "plan.closed")
            teller.tell_of(draft.event);
    }
}

}  // namespace mis::domain
