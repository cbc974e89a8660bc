#include "domain/limit_ledger/account.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "domain/body_fields.hpp"
#include "domain/limit_ledger/comment.hpp"

namespace mis::domain {
namespace {

std::vector<const InboxFact*> messages_of(const GroupFacts& facts, std::string_view type) {
    std::vector<const InboxFact*> found;
    for (const InboxFact& message : facts.messages) {
        if (message.type == type) found.push_back(&message);
    }
    std::sort(found.begin(), found.end(), [](const InboxFact* a, const InboxFact* b) {
        return std::tie(a->position, a->received_us, a->id) <
               std::tie(b->position, b->received_us, b->id);
    });
    return found;
}

LimitStatement statement_of(const LimitRecord& record, const Rules& rules) {
    LimitStatement said;
    said.strength = rules.register_sources.contains(record.key.source) ? Strength::partner_register
                                                                       : Strength::mis_policy;
    said.key = record.key;
    said.id = record.id;
    said.patient = record.patient;
    said.kind = record.kind;
    said.policy_number = record.policy_number;
    said.payer_name = record.payer_name;
    said.overrun_payer = record.overrun_payer;
    said.members = record.members;
    said.granted = record.granted;
    said.used = record.used;
    said.valid_from = record.valid_from;
    said.valid_to = record.valid_to;
    said.cancelled_at = record.cancelled_at;
    said.discounts_allowed = record.discounts_allowed;
    said.approval_required = record.approval_required;
    said.first_seen_us = record.first_seen_us;
    return said;
}

LimitStatement statement_of(const GrantTerms& terms, std::string id, std::string patient) {
    LimitStatement said;
    said.strength = Strength::exchange;
    said.id = std::move(id);
    said.patient = std::move(patient);
    said.kind = terms.kind.empty() ? "barter" : terms.kind;
    said.payer_name = terms.payer_name;
    said.overrun_payer = terms.overrun_payer;
    said.granted = terms.amount;
    said.valid_from = terms.valid_from;
    said.valid_to = terms.valid_to;
    said.discounts_allowed = terms.discounts_allowed;
    said.approval_required = terms.approval_required;
    return said;
}

// L8: one account per patient and kind from his comments; of different sums that of the latest
// appointment stands.
std::vector<LimitStatement> from_comments(
    const TypedFacts& typed, const GroupFacts& facts, const Identity& identity
) {
    std::map<RecordKey, std::int64_t> seen;  // asked of the few visits that state a sum
    const auto first_seen_us = [&](const RecordKey& key) {
        if (seen.empty()) {
            for (const RecordFact& record : facts.records) seen[record.key] = record.first_seen_us;
        }
        return seen[key];
    };
    std::map<std::pair<std::string, std::string>, LimitStatement> said;
    for (const Appointment& visit : typed.appointments) {  // in the order of their starts
        if (visit.comment.empty() || visit.patient.empty()) continue;
        const LimitComment comment = parse_limit_comment(visit.comment);
        if (!comment.limit) continue;
        const std::string kind = comment.kind.empty() ? "barter" : comment.kind;
        LimitStatement& one = said[{visit.patient, kind}];
        if (one.id.empty()) {
            one.strength = Strength::comment;
            one.id = identity.public_id("comment", "limit", visit.patient + "/" + kind);
            one.patient = visit.patient;
            one.kind = kind;
            one.counts_from = visit.day;
            one.first_seen_us = first_seen_us(visit.key);
        }
        one.granted = *comment.limit;
        one.first_seen_us = std::min(one.first_seen_us, first_seen_us(visit.key));
    }
    std::vector<LimitStatement> all;
    for (auto& [of, one] : said) all.push_back(std::move(one));
    return all;
}

bool numbers_differ(const LimitStatement& a, const LimitStatement& b) {
    return !a.policy_number.empty() && !b.policy_number.empty() &&
           a.policy_number != b.policy_number;
}

bool same_account(const LimitStatement& a, const LimitStatement& b) {  // L1
    if (a.patient != b.patient || a.kind != b.kind || a.patient.empty()) return false;
    if (!a.policy_number.empty() && !b.policy_number.empty()) return !numbers_differ(a, b);
    // Last year's policy and this year's are two, though neither has a number.
    const bool apart = (a.valid_to && b.valid_from && *a.valid_to < *b.valid_from) ||
                       (b.valid_to && a.valid_from && *b.valid_to < *a.valid_from);
    return !apart || a.strength != b.strength;
}

class Collector {
  public:
    Collector(
        const TypedFacts& typed, const Orders& orders, const GroupFacts& facts,
        const Announced& before, const Rules& rules, const Identity& identity
    )
        : typed_(typed),
          orders_(orders),
          facts_(facts),
          before_(before),
          rules_(rules),
          identity_(identity) {}

    std::vector<Account> collect() {
        std::vector<LimitStatement> said;
        for (const LimitRecord& record : typed_.limits)
            said.push_back(statement_of(record, rules_));
        for (const Order& order : orders_.all) {
            if (!order.limit || order.patient.empty()) continue;
            LimitStatement one =
                statement_of(*order.limit, limit_id_of_order(identity_, order.id), order.patient);
            one.order = order.id;
            one.first_seen_us = received_us(order.id);
            said.push_back(std::move(one));
        }
        for (LimitStatement& one : from_comments(typed_, facts_, identity_))
            said.push_back(std::move(one));
        std::stable_sort(
            said.begin(), said.end(),
            [](const LimitStatement& a, const LimitStatement& b) {
                return std::tie(a.strength, a.first_seen_us, a.key) <
                       std::tie(b.strength, b.first_seen_us, b.key);  // of orders the earliest
            }
        );
        for (LimitStatement& one : said) place(std::move(one));
        take_grants();
        for (Account& account : accounts_) settle_terms(account);
        name_accounts();
        take_closings();
        std::sort(accounts_.begin(), accounts_.end(), [](const Account& a, const Account& b) {
            return a.id < b.id;
        });
        return std::move(accounts_);
    }

  private:
    const TypedFacts& typed_;
    const Orders& orders_;
    const GroupFacts& facts_;
    const Announced& before_;
    const Rules& rules_;
    const Identity& identity_;
    std::vector<Account> accounts_;

    std::int64_t received_us(const std::string& order) const {
        for (const InboxFact& message : facts_.messages) {
            if (message.type == "order.placed" && BodyFields(message.body).text("order") == order) {
                return message.received_us;
            }
        }
        return 0;
    }

    Account& place(LimitStatement said) {
        for (Account& account : accounts_) {
            const auto& statements = account.statements;
            const bool same =
                std::any_of(statements.begin(), statements.end(), [&](const auto& other) {
                    return same_account(other, said);
                });
            // One without a number is at home with any policy, yet never makes two of them one.
            const bool other_policy =
                std::any_of(statements.begin(), statements.end(), [&](const auto& other) {
                    return numbers_differ(other, said);
                });
            if (!same || other_policy) continue;
            account.statements.push_back(std::move(said));
            return account;
        }
        Account account;
        account.statements.push_back(std::move(said));
        accounts_.push_back(std::move(account));
        return accounts_.back();
    }

    std::string pseudonym_of(const std::string& named) const {
        const auto known = typed_.patients.find(named);
        return known == typed_.patients.end() ? named : known->second.pseudonym;
    }

    Account* named_by(const BodyFields& fields, const std::string& kind) {
        const std::string limit = fields.text("limit");
        const Order* order = orders_.find(fields.text("order"));
        const std::string patient = fields.text("patient").empty() && order != nullptr
                                        ? order->patient
                                        : pseudonym_of(fields.text("patient"));
        for (Account& account : accounts_) {
            for (const LimitStatement& said : account.statements) {
                if (!limit.empty() && (said.id == limit || account.id == limit)) return &account;
                if (order != nullptr && said.order == order->id) return &account;
            }
        }
        if (!limit.empty() || patient.empty()) {
            const Standing* known = limit.empty() ? nullptr : before_.find("limit/" + limit);
            if (known == nullptr)
                return nullptr;  // announced under this id, now another source's: same patient and
                                 // kind
            for (Account& account : accounts_) {
                const LimitStatement& said = account.statements.front();
                if (said.kind == BodyFields(known->data).text("kind") &&
                    said.patient == pseudonym_of(BodyFields(known->data).text("patient"))) {
                    return &account;
                }
            }
            return nullptr;
        }
        for (Account& account : accounts_) {
            const LimitStatement& said = account.statements.front();
            if (said.patient == patient && (kind.empty() || said.kind == kind)) return &account;
        }
        return nullptr;
    }

    void take_grants(
    ) {  // L1: increases of what the exchange stated, which opens an account where there is none
        for (const InboxFact* message : messages_of(facts_, "limit.granted")) {
            const BodyFields fields(message->body);
            const auto terms = read_grant_terms(message->body.view());
            if (!terms) continue;
            Account* account = named_by(fields, terms->kind);
            const Order* order = orders_.find(fields.text("order"));
            if (account == nullptr) {
                const std::string patient =
                    order != nullptr ? order->patient : pseudonym_of(fields.text("patient"));
                if (patient.empty()) continue;
                const std::string id = order != nullptr
                                           ? limit_id_of_order(identity_, order->id)
                                           : identity_.public_id("exchange", "limit", message->id);
                LimitStatement said = statement_of(*terms, id, patient);
                if (order != nullptr) said.order = order->id;
                said.first_seen_us = message->received_us;
                said.message_id = message->id;
                place(std::move(said));
                continue;
            }
            const auto exchange = std::find_if(
                account->statements.begin(), account->statements.end(),
                [](const LimitStatement& said) { return said.strength == Strength::exchange; }
            );
            if (exchange != account->statements.end()) {
                if (exchange->granted.currency == terms->amount.currency)
                    exchange->granted += terms->amount;
                continue;
            }
            // Beside a policy of the MIS, which is stronger, the grant is what the exchange states;
            // L9 tells the difference.
            LimitStatement said = statement_of(
                *terms, account->statements.front().id, account->statements.front().patient
            );
            said.kind = account->statements.front().kind;
            if (account->weak()) said.granted += account->statements.front().granted;
            said.first_seen_us = message->received_us;
            account->statements.push_back(std::move(said));
        }
    }

    void settle_terms(Account& account) {
        auto& said = account.statements;
        std::stable_sort(
            said.begin(), said.end(),
            [](const LimitStatement& a, const LimitStatement& b) {
                if (a.strength != b.strength) return a.strength < b.strength;
                // Of equals the newest term stands, then the row entered last.
                return std::tie(b.valid_from, b.key) < std::tie(a.valid_from, a.key);
            }
        );
        const LimitStatement& strongest = said.front();
        account.granted = strongest.granted;
        // Whatever was taken back, nobody opened less than nothing (L2).
        account.granted.minor = std::max<std::int64_t>(0, account.granted.minor);
        account.patient = strongest.patient;
        account.kind = strongest.kind;
        account.source = strongest.key.source;
        account.valid_from = strongest.valid_from;
        account.valid_to = strongest.valid_to;
        account.cancelled_at = strongest.cancelled_at;
        account.counts_from =
            strongest.counts_from;  // a register counts always, whatever a comment says beside it
        account.consumed.currency = account.granted.currency;
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

    void name_accounts() {  // L1: under its first id
        std::set<std::string> stated;
        for (const Account& account : accounts_) {
            for (const LimitStatement& said : account.statements) stated.insert(said.id);
        }
        std::set<std::string> taken;
        for (Account& account : accounts_) {
            std::vector<const LimitStatement*> by_age;
            for (const LimitStatement& said : account.statements) by_age.push_back(&said);
            std::stable_sort(by_age.begin(), by_age.end(), [](const auto* a, const auto* b) {
                return a->first_seen_us < b->first_seen_us;
            });
            for (const auto* said : by_age) {
                if (taken.contains(said->id)) continue;
                const Standing* told = before_.find("limit/" + said->id);
                if (told == nullptr) continue;
                if (account.id.empty()) account.id = said->id;
                // Of two that became one, the other was closed as removed, and stays so.
                if (was_removed(*told)) continue;
                account.id = said->id;
                break;
            }
            if (account.id.empty()) account.id = orphan_of(account, stated, taken);
            if (account.id.empty()) account.id = by_age.front()->id;
            taken.insert(account.id);
        }
    }

    static bool was_removed(const Standing& told) {
        const BodyFields was(told.data);
        const auto reasons = was.texts("reasons");
        return was.flag("closed").value_or(false) &&
               std::find(reasons.begin(), reasons.end(), "removed") != reasons.end();
    }

    // An announced account whose every source is gone, and this one is of the same patient and
    // kind: the same, entered anew.
    std::string orphan_of(
        const Account& account, const std::set<std::string>& stated,
        const std::set<std::string>& taken
    ) const {
        for (auto at = before_.standing.lower_bound("limit/"); at != before_.standing.end(); ++at) {
            if (at->first.rfind("limit/", 0) != 0) break;
            const std::string id = at->first.substr(6);
            const BodyFields fields(at->second.data);
            if (stated.contains(id) || taken.contains(id) || fields.text("kind") != account.kind)
                continue;
            if (pseudonym_of(fields.text("patient")) == account.patient) return id;
        }
        return {};
    }

    void take_closings() {
        for (const InboxFact* message : messages_of(facts_, "limit.closed")) {
            if (Account* account = named_by(BodyFields(message->body), "")) {
                account->close_messages.push_back(message->id);
            }
        }
    }
};

}  // namespace

std::vector<Account> read_accounts(
    const TypedFacts& typed, const Orders& orders, const GroupFacts& facts, const Announced& before,
    const Rules& rules, const Identity& identity
) {
    return Collector(typed, orders, facts, before, rules, identity).collect();
}

}  // namespace mis::domain
