#include "domain/limit_ledger/account.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.hpp"
#include "domain/body_fields.hpp"
#include "domain/limit_ledger/account_ids.hpp"
#include "domain/limit_ledger/statements.hpp"

namespace mis::domain {
namespace {

Date ends(const Account& account) { return account.statements.front().speaks_to(); }

bool overlap(const Account& account, const LimitStatement& said) {
    return std::any_of(
        account.statements.begin(), account.statements.end(),
        [&](const LimitStatement& other) {
            const Date from = std::max(other.speaks_from(), said.speaks_from());
            return from <= std::min({other.speaks_to(), said.speaks_to(), ends(account)});
        }
    );
}

bool speaks_of(const Account& account, Date day) {
    return day <= ends(account) && std::any_of(
                                       account.statements.begin(), account.statements.end(),
                                       [&](const LimitStatement& said) {
                                           return day >= said.speaks_from() &&
                                                  day <= said.speaks_to();
                                       }
                                   );
}

Date begins(const Account& account) {
    Date earliest = kForever;
    for (const LimitStatement& said : account.statements)
        earliest = std::min(earliest, said.speaks_from());
    return earliest;
}

bool both_and_unequal(const std::string& a, const std::string& b) {
    return !a.empty() && !b.empty() && mis::fold(a) != mis::fold(b);
}

class Collector {
  public:
    Collector(
        const TypedFacts& typed, const Orders& orders, const GroupFacts& facts,
        const Announced& before, Announced& after, const Rules& rules, const Identity& identity
    )
        : typed_(typed),
          orders_(orders),
          facts_(facts),
          before_(before),
          after_(after),
          rules_(rules),
          identity_(identity) {
        place_statements();
        take_grants();
    }

    std::vector<Account> finish() {
        for (Account& account : accounts_) settle_terms(account);
        name_accounts(accounts_, typed_, before_, after_, identity_);
        take_closings();
        std::sort(accounts_.begin(), accounts_.end(), [](const Account& a, const Account& b) {
            return a.id < b.id;
        });
        return std::move(accounts_);
    }

    std::optional<RefusedGrant> refuse(const BodyFields& fields, const GrantTerms& terms) {
        const std::string order_id = fields.text("order");
        const Account* account = target_of(fields, terms, facts_.now.unix_us);
        std::optional<Currency> kept_in;
        if (account != nullptr)
            kept_in = account->statements.front().granted.currency;
        else if (!order_id.empty())
            kept_in = currency_of_waiting(order_id);
        if (kept_in) {
            if (*kept_in == terms.amount.currency) return std::nullopt;
            return RefusedGrant{
                "other_currency", "amount: the account is kept in " + std::string(kept_in->code()) +
                                      ", and nothing is converted: grant in that currency"};
        }
        if (!fields.text("limit").empty())
            return RefusedGrant{
                "unknown_limit", "no account of this id stands here: send it again once it does"};
        std::string missing;
        for (const char* needed : {"kind", "payer"}) {
            if (fields.has(needed)) continue;
            missing += (missing.empty() ? "" : ", ") + std::string(needed);
        }
        if (!missing.empty())
            return RefusedGrant{
                "no_account",
                "there is no account to raise, and a grant that opens one says kind "
                "and payer; missing: " +
                    missing};
        if (terms.amount.minor < 0)
            return RefusedGrant{
                "no_account", "amount: there is no account to lower, and none is opened below 0"};
        return std::nullopt;
    }

  private:
    const TypedFacts& typed_;
    const Orders& orders_;
    const GroupFacts& facts_;
    const Announced& before_;
    Announced& after_;
    const Rules& rules_;
    const Identity& identity_;
    std::vector<Account> accounts_;
    std::map<std::string, std::uint64_t> last_grant_;  // position, by the exchange's statement

    void place_statements() {
        auto rows = statements_of_rows(typed_, before_, after_, rules_);
        const auto registers = std::find_if(rows.begin(), rows.end(), [](const auto& said) {
            return said.strength == Strength::partner_register;
        });
        for (auto row = rows.begin(); row != registers; ++row) open(std::move(*row));
        for (LimitStatement& said : statements_of_orders(orders_, facts_, rules_, identity_))
            place(std::move(said));
        for (auto row = registers; row != rows.end(); ++row) place(std::move(*row));
        place_comments();
    }

    Account& open(LimitStatement said) {
        Account account;
        account.statements.push_back(std::move(said));
        accounts_.push_back(std::move(account));
        return accounts_.back();
    }

    Account& place(LimitStatement said) {
        Account* home = home_of(said);
        if (home == nullptr) return open(std::move(said));
        home->statements.push_back(std::move(said));
        return *home;
    }

    // L8: the visits whose comments speak of one account are one statement, the latest sum stands.
    void place_comments() {
        std::map<std::pair<std::string, std::size_t>, LimitStatement> said_of;  // npos: of no other
        for (LimitStatement& one : statements_of_comments(typed_, identity_)) {
            const Account* home = home_of(one);
            const std::size_t at = home == nullptr
                                       ? std::string::npos
                                       : static_cast<std::size_t>(home - accounts_.data());
            const auto key = std::make_pair(one.patient + "/" + one.kind, at);
            const auto known = said_of.find(key);
            if (known == said_of.end()) {
                said_of.emplace(key, std::move(one));
                continue;
            }
            known->second.granted = one.granted;
            known->second.known_by.push_back(one.known_by.front());
        }
        for (auto& [of, said] : said_of) {
            if (of.second == std::string::npos)
                open(std::move(said));
            else
                accounts_[of.second].statements.push_back(std::move(said));
        }
    }

    // L1: same patient, kind and time, another source, nothing that tells them apart.
    static bool may_be_one(const Account& account, const LimitStatement& said) {
        const LimitStatement& front = account.statements.front();
        if (front.patient != said.patient || front.kind != said.kind || said.patient.empty())
            return false;
        if (front.granted.currency != said.granted.currency || !overlap(account, said))
            return false;
        return std::none_of(
            account.statements.begin(), account.statements.end(),
            [&](const LimitStatement& other) {
                return both_and_unequal(other.policy_number, said.policy_number) ||
                       both_and_unequal(other.payer_name, said.payer_name);
            }
        );
    }

    static bool has(const Account& account, Strength strength) {
        return std::any_of(
            account.statements.begin(), account.statements.end(),
            [&](const LimitStatement& other) { return other.strength == strength; }
        );
    }

    // L1: of several the one valid on the statement's first day, else the earliest after.
    template <typename Fits>
    Account* nearest(Date first_day, const Fits& fits) {
        Account* best = nullptr;
        const auto place_of = [&](const Account& account) {
            const bool valid = speaks_of(account, first_day);
            return std::make_tuple(!valid, valid ? ends(account) : begins(account));
        };
        for (Account& account : accounts_) {
            if (!fits(account)) continue;
            if (best == nullptr || place_of(account) < place_of(*best) ||
                (place_of(account) == place_of(*best) && id_before(account.row(), best->row())))
                best = &account;
        }
        return best;
    }

    Account* home_of(const LimitStatement& said) {
        const Date first_day = said.order.empty() ? said.speaks_from() : said.begins;
        return nearest(first_day, [&](const Account& account) {
            return !has(account, said.strength) && may_be_one(account, said);
        });
    }

    std::string pseudonym_of(const std::string& named) const {
        const auto known = typed_.patients.find(named);
        return known == typed_.patients.end() ? named : known->second.pseudonym;
    }

    Account* of_order(const std::string& order) {
        for (Account& account : accounts_) {
            for (const LimitStatement& said : account.statements)
                if (said.order == order) return &account;
        }
        return nullptr;
    }

    Account* of_id(const std::string& limit) {
        for (Account& account : accounts_) {
            for (const LimitStatement& said : account.statements)
                if (said.id == limit) return &account;
        }
        for (Account& account : accounts_) {  // told under this id once, whoever stated it then
            for (const LimitStatement& said : account.statements)
                if (remembered_id(said, before_) == limit) return &account;
        }
        return nullptr;
    }

    // The account that a grant or a closing names.
    Account* target_of(const BodyFields& fields, const GrantTerms& terms, std::int64_t at_us) {
        if (const std::string limit = fields.text("limit"); !limit.empty()) return of_id(limit);
        if (const std::string order = fields.text("order"); !order.empty()) return of_order(order);
        LimitStatement wanted;
        wanted.patient = pseudonym_of(fields.text("patient"));
        wanted.kind = terms.kind;
        wanted.payer_name = terms.payer_name;
        wanted.granted = terms.amount;
        wanted.valid_from = terms.valid_from;
        wanted.valid_to = terms.valid_to;
        wanted.begins = rules_.clinic_zone.at(at_us).local_date();
        return nearest(wanted.speaks_from(), [&](const Account& account) {
            LimitStatement said = wanted;
            const auto& front = account.statements.front();
            const auto& members = front.members;
            if (std::find(members.begin(), members.end(), wanted.patient) != members.end())
                said.patient = front.patient;
            said.granted.currency = front.granted.currency;  // another one is refused
            return may_be_one(account, said);
        });
    }

    std::optional<Currency> currency_of_waiting(const std::string& order) const {
        const Order* waiting = orders_.find(order);
        if (waiting != nullptr && waiting->limit) return waiting->limit->amount.currency;
        for (const InboxFact* message : messages_of(facts_, "limit.granted")) {
            if (BodyFields(message->body).text("order") != order) continue;
            if (const auto terms = read_grant_terms(message->body.view()))
                return terms->amount.currency;
        }
        return std::nullopt;
    }

    // L1: increases, of the first sum that the exchange stated, else of what stood when the first
    // of them came.
    void take_grants() {
        for (const InboxFact* message : messages_of(facts_, "limit.granted")) {
            const BodyFields fields(message->body);
            const auto terms = read_grant_terms(message->body.view());
            if (!terms) continue;
            Account* account = target_of(fields, *terms, message->received_us);
            if (account == nullptr) account = opened_by(*message, fields, *terms);
            if (account == nullptr) continue;
            LimitStatement& said = exchange_of(*account, *message, *terms);
            if (said.granted.currency != terms->amount.currency) continue;
            said.granted += terms->amount;
            last_grant_[said.id] = message->position;
            said.granted_by = message->id;
        }
    }

    // What a patient's grant opens; nullptr: it says too little, and its account is gone.
    Account* opened_by(
        const InboxFact& message, const BodyFields& fields, const GrantTerms& terms
    ) {
        const std::string patient = pseudonym_of(fields.text("patient"));
        if (patient.empty()) return nullptr;
        const std::string id = identity_.public_id("exchange", "limit", message.id);
        const bool told = before_.find("limit/" + id) != nullptr;
        if (!told && (!fields.has("payer") || !fields.has("kind"))) return nullptr;
        return &open(statement_of_grant(terms, message, id, patient, rules_));
    }

    LimitStatement& exchange_of(
        Account& account, const InboxFact& message, const GrantTerms& terms
    ) {
        const auto known = std::find_if(
            account.statements.begin(), account.statements.end(),
            [](const LimitStatement& said) { return said.strength == Strength::exchange; }
        );
        if (known != account.statements.end()) {
            if (known->opened_by_grant && !last_grant_.contains(known->id))
                known->granted = first_sum(account, *known);
            return *known;
        }
        const LimitStatement front = account.statements.front();
        LimitStatement said = statement_of_grant(
            terms, message, identity_.public_id("exchange", "limit", message.id), front.patient,
            rules_
        );
        said.kind = front.kind;  // it raises what is there, whatever else it says
        said.payer_name.clear();
        if (!said.valid_from) said.valid_from = front.valid_from;
        if (!said.valid_to) said.valid_to = front.valid_to;
        if (said.granted.currency == front.granted.currency)
            said.granted = first_sum(account, said);
        account.statements.push_back(std::move(said));
        return account.statements.back();
    }

    Money first_sum(Account& account, const LimitStatement& said) {
        Money sum{0, said.granted.currency};
        const auto known = before_.first_sums.find(said.id);
        if (known != before_.first_sums.end()) {
            sum.minor = known->second;
        } else if (const auto told = told_first_sum(account)) {
            sum = *told;
        } else {
            const LimitStatement* strongest = nullptr;
            for (const LimitStatement& other : account.statements) {
                if (other.strength == Strength::exchange) continue;
                if (strongest == nullptr || other.strength < strongest->strength)
                    strongest = &other;
            }
            if (strongest != nullptr) sum = strongest->granted;
        }
        after_.first_sums[said.id] = sum.minor;
        account.first_sum = sum;
        return sum;
    }

    // What a log of events alone has (I4).
    std::optional<Money> told_first_sum(const Account& account) const {
        for (const LimitStatement& said : account.statements) {
            const Standing* told = before_.find("limit/" + remembered_id(said, before_));
            if (told == nullptr) continue;
            if (const auto sum = told->data.find("first_sum").money()) return sum;
        }
        return std::nullopt;
    }

    static void settle_terms(Account& account) {
        auto& said = account.statements;
        std::stable_sort(
            said.begin(), said.end(),
            [](const LimitStatement& a, const LimitStatement& b) { return a.strength < b.strength; }
        );
        const LimitStatement& strongest = said.front();
        account.granted = strongest.granted;
        // Whatever was taken back, nobody opened less than nothing (L2).
        account.granted.minor = std::max<std::int64_t>(0, account.granted.minor);
        account.patient = strongest.patient;
        account.kind = strongest.kind;
        account.source = strongest.key.source;
        account.valid_to = strongest.valid_to;
        account.cancelled_at = strongest.cancelled_at;
        account.consumed.currency = account.granted.currency;
        settle_starts(account);
        std::optional<bool> discounts, approval;
        for (const LimitStatement& one : said) {
            account.patients.insert(one.patient);
            account.patients.insert(one.members.begin(), one.members.end());
            if (!one.order.empty()) account.orders.insert(one.order);
            if (account.payer_name.empty()) account.payer_name = one.payer_name;
            if (account.overrun_payer.empty()) account.overrun_payer = one.overrun_payer;
            if (!discounts) discounts = one.discounts_allowed;
            if (!approval) approval = one.approval_required;
        }
        const bool barter = account.kind == "barter", gift = account.kind == "gift";
        if (account.overrun_payer.empty())
            account.overrun_payer = barter ? "organization" : gift ? "clinic" : "patient";
        account.discounts_allowed = discounts.value_or(!barter && !gift);
        account.approval_required = approval.value_or(false);
    }

    static void settle_starts(Account& account) {
        const auto& said = account.statements;
        Date valid_from = said.size() == 1 ? said.front().valid_from.value_or(kAlways) : kForever;
        const LimitStatement* first_strong = nullptr;
        for (const LimitStatement& one : said) {
            if (said.size() > 1) valid_from = std::min(valid_from, one.speaks_from());
            Date& starts = one.is_strong() ? account.strong_from : account.weak_from;
            if (one.is_strong() && one.names_from() < starts) first_strong = &one;
            starts = std::min(starts, one.names_from());
        }
        if (valid_from != kAlways) account.valid_from = valid_from;
        const bool first_sight =
            first_strong != nullptr && !first_strong->valid_from && first_strong->since != kAlways;
        if (first_sight) account.since = first_strong->since;
    }

    void take_closings() {
        for (const InboxFact* message : messages_of(facts_, "limit.closed")) {
            Account* account = target_of(BodyFields(message->body), {}, message->received_us);
            if (account == nullptr) continue;
            account->close_messages.push_back(message->id);
            const bool raised_since = std::any_of(
                account->statements.begin(), account->statements.end(),
                [&](const LimitStatement& said) {
                    const auto grant = last_grant_.find(said.id);
                    return grant != last_grant_.end() && grant->second > message->position;
                }
            );
            if (!raised_since)
                account->closed_on = rules_.clinic_zone.at(message->received_us).local_date();
        }
    }
};

}  // namespace

bool Account::ended_before(Date day) const {
    if (cancelled_at && cancelled_at->local_date() < day) return true;
    return closed_on && *closed_on < day;
}

const std::string& Account::row() const {
    for (const LimitStatement& said : statements) {
        if (!said.key.source_id.empty()) return said.key.source_id;
    }
    for (const LimitStatement& said : statements) {
        if (!said.order.empty()) return said.order;
    }
    return id.empty() ? statements.front().id : id;
}

bool comes_first(const Account& a, const Account& b) {
    const Date a_ends = a.valid_to.value_or(kForever), b_ends = b.valid_to.value_or(kForever);
    if (a_ends != b_ends) return a_ends < b_ends;
    if (a.row() != b.row()) return id_before(a.row(), b.row());
    return a.id < b.id;
}

std::vector<Account> read_accounts(
    const TypedFacts& typed, const Orders& orders, const GroupFacts& facts, const Announced& before,
    Announced& after, const Rules& rules, const Identity& identity
) {
    return Collector(typed, orders, facts, before, after, rules, identity).finish();
}

std::optional<RefusedGrant> refuse_grant(
    JsonView grant, const GroupFacts& facts, const Announced& before, const Rules& rules,
    const Identity& identity
) {
    const auto terms = read_grant_terms(grant);
    if (!terms) return RefusedGrant{"malformed", "amount: missing"};
    const TypedFacts typed = read_facts(facts, rules, identity);
    const Orders orders = read_orders(facts, typed, rules, identity);
    Announced after = before;
    return Collector(typed, orders, facts, before, after, rules, identity)
        .refuse(BodyFields(grant), *terms);
}

}  // namespace mis::domain
