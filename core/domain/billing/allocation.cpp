#include "domain/billing/allocation.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "domain/body_fields.hpp"

namespace mis::domain {
namespace {

struct Purse {                             // who pays with what
    std::string payer, patient, currency;  // patient: only where he pays himself
    friend auto operator<=>(const Purse&, const Purse&) = default;
};

struct Charge {
    std::string_view key;
    std::string party;
    std::size_t place = 0;  // of its line in D1's order
    std::int64_t open = 0;
    Covered covered;
};

struct Balance {
    std::vector<Charge> charges;
    std::map<std::string, Moved> money;  // by party; empty: no account was named
};

Purse purse_of(const BodyFields& fields, Currency currency) {
    std::string payer = fields.text("payer");
    std::string patient = payer == "patient" ? fields.text("patient") : std::string();
    return Purse{std::move(payer), std::move(patient), std::string(currency.code())};
}

// Covers the charges of the party, all where none is named, and returns nothing: what is left over
// is nobody's.
void cover(
    std::vector<Charge>& charges, const std::string& party, std::int64_t sum,
    std::int64_t Covered::*kind
) {
    for (Charge& charge : charges) {
        if (!party.empty() && charge.party != party) continue;
        const std::int64_t part = std::min(sum, charge.open);
        charge.covered.*kind += part;
        charge.open -= part;
        sum -= part;
        if (sum == 0) return;
    }
}

}  // namespace

Moved moved_by(std::string_view kind, const Money& amount) {
    if (kind == "payment" || kind == "prepayment") return {amount.minor, 0};
    if (kind == "refund") return {amount.minor > 0 ? -amount.minor : amount.minor, 0};
    if (kind == "write_off") return {0, amount.minor};
    return {};  // transfers move no money in
}

std::string party_of_account(
    const std::string& limit, const std::vector<Account>& accounts, const Announced& announced
) {
    if (limit.empty()) return {};
    for (const Account& account : accounts) {
        if (account.id == limit) return account.party();
        for (const LimitStatement& said : account.statements) {
            if (said.id == limit) return account.party();
        }
    }
    const Standing* told = announced.find("limit/" + limit);
    return told == nullptr ? std::string() : told->data.find("payer_party").string();
}

Allocation allocate_payments(const Change& change, const std::vector<Account>& accounts) {
    const Announced& after = change.drafts.after();
    std::unordered_map<std::string_view, std::size_t> places;
    for (const Line& line : change.typed.lines) places.emplace(line.id, places.size());
    std::map<Purse, Balance> purses;
    for_each_standing(after, "charge/", [&](std::string_view key, const Standing& charge) {
        const BodyFields fields(charge.data);
        const auto total = fields.money("total");
        if (!total) return;
        const auto place = places.find(key.substr(0, key.find('/')));
        purses[purse_of(fields, total->currency)].charges.push_back(
            {key,
             fields.text("payer_party"),
             place == places.end() ? places.size() : place->second,
             total->minor,
             {}}
        );
    });
    for_each_standing(after, "payment/", [&](std::string_view, const Standing& payment) {
        const BodyFields fields(payment.data);
        const auto amount = fields.money("amount");
        if (!amount) return;
        const auto purse = purses.find(purse_of(fields, amount->currency));
        if (purse == purses.end()) return;
        const std::string party = purse->first.patient.empty()
                                      ? party_of_account(fields.text("limit"), accounts, after)
                                      : std::string();
        const Moved moved = moved_by(fields.text("kind"), *amount);
        purse->second.money[party].paid += moved.paid;
        purse->second.money[party].written_off += moved.written_off;
    });
    Allocation allocation;
    for (auto& [purse, balance] : purses) {
        std::vector<Charge>& charges = balance.charges;
        std::stable_sort(charges.begin(), charges.end(), [](const Charge& a, const Charge& b) {
            return a.place < b.place;
        });
        for (const auto kind : {&Covered::paid, &Covered::written_off}) {
            const auto moved = kind == &Covered::paid ? &Moved::paid : &Moved::written_off;
            for (auto of = balance.money.rbegin(); of != balance.money.rend();
                 ++of)  // unnamed last
                cover(charges, of->first, of->second.*moved, kind);
        }
        for (Charge& charge : charges) allocation.emplace(charge.key, charge.covered);
    }
    return allocation;
}

}  // namespace mis::domain
