#include "domain/limit_ledger/recalled_accounts.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "domain/body_fields.hpp"
#include "domain/change.hpp"
#include "domain/limit_ledger/account_ids.hpp"
#include "domain/replaced_rows.hpp"
#include "domain/state.hpp"

namespace mis::domain {
namespace {

// An account that stands now, and one that was told of: how much speaks for their being one.
struct Pair {
    const Account* account = nullptr;
    std::string id;
    int likeness = 0;
    std::int64_t booked = 0;  // minor units of its lines that stand on the told one
};

// Its own id or what is remembered of it outweighs what lines alone say: lines move. Terms and
// lines together outweigh an id that another account took over once.
constexpr int kItsId = 4, kOrder = 3, kTerms = 3, kLines = 2, kDates = 1;
constexpr int kEnough = 3;

class Recalling {
  public:
    Recalling(Announced& told, const TypedFacts& typed, const std::vector<Account>& accounts)
        : told_(told), typed_(typed), accounts_(accounts) {
        std::set<std::string> named;
        bool opens = false;
        for (const Account& account : accounts) {
            named.insert(account.id);
            opens = opens || !stands(account.id);
        }
        bool closes = false;
        for_each_standing(told_, "limit/", [&](const std::string& id, const Standing&) {
            if (!stands(id)) return;
            ids_.push_back(id);
            closes = closes || !named.contains(id);
        });
        is_needed_ = opens && closes;
    }

    void recall() {
        if (!is_needed_) return;
        read_charges();
        std::vector<Pair> pairs;
        for (const Account& account : accounts_)
            for (const std::string& id : ids_)
                if (Pair pair = compare(account, id); pair.likeness >= kEnough)
                    pairs.push_back(std::move(pair));
        std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
            return std::tie(a.likeness, a.booked) > std::tie(b.likeness, b.booked);
        });
        std::set<const Account*> placed;
        std::set<std::string> taken;
        for (const Pair& pair : pairs) {
            if (placed.contains(pair.account) || !taken.insert(pair.id).second) continue;
            placed.insert(pair.account);
            if (pair.account->id != pair.id) remember(*pair.account, pair.id);
        }
    }

  private:
    Announced& told_;
    const TypedFacts& typed_;
    const std::vector<Account>& accounts_;
    std::vector<std::string> ids_;  // told of, and not closed as removed
    bool is_needed_ = false;        // an account would be opened, and another closed as removed
    std::map<std::pair<std::string, std::string>, std::int64_t> booked_;  // (line, account)

    bool stands(const std::string& id) const {
        const Standing* limit = told_.find("limit/" + id);
        return limit != nullptr && !was_removed(*limit);
    }

    void remember(const Account& account, const std::string& id) {
        for (const LimitStatement& said : account.statements) {
            if (said.known_by.empty()) told_.account_of[said.id] = id;
            for (const std::string& name : said.known_by) told_.account_of[name] = id;
        }
    }

    void read_charges() {
        const auto add = [&](const std::string& line, const JsonView charge) {
            const BodyFields fields(charge);
            const std::string limit = fields.text("limit");
            const auto total = fields.money("total");
            if (!limit.empty() && total)
                booked_[{line, limit}] += std::max<std::int64_t>(1, std::abs(total->minor));
        };
        for_each_standing(told_, "charge/", [&](const std::string&, const Standing& charge) {
            const std::string line = charge.data.find("procedure").string();
            add(line, charge.data.view());
            for (const JsonView part : charge.data.find("overruns").elements()) add(line, part);
        });
    }

    Pair compare(const Account& account, const std::string& id) const {
        Pair pair{&account, id};
        const BodyFields was(told_.find("limit/" + id)->data);
        const auto owner = typed_.patients.find(was.text("patient"));
        const std::string patient =
            owner == typed_.patients.end() ? was.text("patient") : owner->second.pseudonym;
        const bool may_be_one = was.text("kind") == account.kind &&
                                (patient.empty() || account.patients.contains(patient));
        if (account.id == id) pair.likeness += kItsId;
        if (!may_be_one) return pair;
        if (account.orders.contains(was.text("order"))) pair.likeness += kOrder;
        const std::string party = was.text("payer_party");  // who pays may come later, unsaid
        if (was.money("granted") == account.granted &&
            (party.empty() || account.party().empty() || party == account.party()))
            pair.likeness += kTerms;
        for (const Line* line : account.lines)
            if (const auto sum = booked_.find({line->id, id}); sum != booked_.end())
                pair.booked += sum->second;
        if (pair.booked > 0) pair.likeness += kLines;
        if (was.flag("shared").value_or(false) == account.shared() &&
            was.date("valid_from") == account.valid_from &&
            was.date("valid_to") == account.valid_to)
            pair.likeness += kDates;
        return pair;
    }
};

}  // namespace

void recall_accounts(
    Announced& told, const GroupFacts& facts, const Rules& rules, const Identity& identity
) {
    TypedFacts typed = read_facts(facts, rules, identity);
    keep_ids_of_replaced_rows(typed, told, identity);
    Announced after = told;
    State state = derive(typed, facts, told, after, rules, identity);
    Recalling(told, typed, state.accounts).recall();
}

}  // namespace mis::domain
