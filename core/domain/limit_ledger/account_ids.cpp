#include "domain/limit_ledger/account_ids.hpp"

#include <algorithm>
#include <set>

#include "domain/body_fields.hpp"
#include "domain/change.hpp"

namespace mis::domain {
namespace {

class Namer {
  public:
    Namer(
        std::vector<Account>& accounts, const TypedFacts& typed, const Announced& before,
        const Identity& identity
    )
        : typed_(typed), before_(before), identity_(identity) {
        for (Account& account : accounts) {
            waiting_.push_back(&account);
            for (const LimitStatement& said : account.statements) stated_.insert(said.id);
        }
    }

    void name_all() {
        // Of two that became one, the other was closed as removed, and stays so.
        name_where([&](const Account& account) {
            return first_of(account, [&](const LimitStatement& said) {
                const std::string& id = remembered_id(said, before_);
                const Standing* told = before_.find("limit/" + id);
                return told != nullptr && !was_removed(*told) ? id : std::string();
            });
        });
        name_where([&](const Account& account) { return entered_anew(account); });
        name_where([&](const Account& account) {
            return first_of(account, [&](const LimitStatement& said) {
                return before_.find("limit/" + said.id) != nullptr ? said.id : std::string();
            });
        });
        name_where([&](const Account& account) {
            return first_of(account, [](const LimitStatement& said) { return said.id; });
        });
        name_where([&](const Account& account) {  // each was taken by what it was one with before
            std::string id = account.statements.front().id;
            while (taken_.contains(id)) id = identity_.public_id("apart", "limit", id);
            return id;
        });
    }

  private:
    const TypedFacts& typed_;
    const Announced& before_;
    const Identity& identity_;
    std::vector<Account*> waiting_;
    std::set<std::string> stated_, taken_;

    template <typename Find>
    void name_where(const Find& id_for) {
        std::erase_if(waiting_, [&](Account* account) {
            std::string id = id_for(*account);
            if (id.empty()) return false;
            taken_.insert(id);
            account->id = std::move(id);
            return true;
        });
    }

    // Statements in the order in which they began to speak; of equals the stronger.
    template <typename Candidate>
    std::string first_of(const Account& account, const Candidate& candidate) const {
        std::vector<const LimitStatement*> by_age;
        for (const LimitStatement& said : account.statements) by_age.push_back(&said);
        std::stable_sort(by_age.begin(), by_age.end(), [](const auto* a, const auto* b) {
            return a->names_from() < b->names_from();
        });
        for (const LimitStatement* said : by_age) {
            std::string id = candidate(*said);
            if (!id.empty() && !taken_.contains(id)) return id;
        }
        return {};
    }

    // D2: a row that was deleted and inserted under another id in this change set.
    std::string entered_anew(const Account& account) const {
        std::string found;
        for_each_standing(before_, "limit/", [&](const std::string& id, const Standing& told) {
            const BodyFields was(told.data);
            if (!found.empty() || stated_.contains(id) || taken_.contains(id) || was_removed(told))
                return;
            const auto owner = typed_.patients.find(was.text("patient"));
            const bool same_owner =
                account.shared()
                    ? was.flag("shared").value_or(false)
                    : (owner == typed_.patients.end() ? was.text("patient")
                                                      : owner->second.pseudonym) == account.patient;
            if (same_owner && was.text("kind") == account.kind &&
                was.money("granted") == account.granted &&
                was.date("valid_from") == account.valid_from &&
                was.date("valid_to") == account.valid_to)
                found = id;
        });
        return found;
    }
};

}  // namespace

bool was_removed(const Standing& told) {
    const BodyFields was(told.data);
    const auto reasons = was.texts("reasons");
    return was.flag("closed").value_or(false) &&
           std::find(reasons.begin(), reasons.end(), "removed") != reasons.end();
}

const std::string& remembered_id(const LimitStatement& said, const Announced& before) {
    const auto own = before.account_of.find(said.id);
    if (own != before.account_of.end() && said.known_by.empty()) return own->second;
    for (const std::string& name : said.known_by) {
        const auto known = before.account_of.find(name);
        if (known != before.account_of.end()) return known->second;
    }
    return said.id;
}

void name_accounts(
    std::vector<Account>& accounts, const TypedFacts& typed, const Announced& before,
    Announced& after, const Identity& identity
) {
    Namer(accounts, typed, before, identity).name_all();
    for (const Account& account : accounts) {
        for (const LimitStatement& said : account.statements) {
            const bool elsewhere = said.id != account.id || after.account_of.contains(said.id);
            if (said.known_by.empty() && elsewhere) after.account_of[said.id] = account.id;
            for (const std::string& name : said.known_by) after.account_of[name] = account.id;
        }
    }
}

}  // namespace mis::domain
