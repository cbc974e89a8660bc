#include "gateway/keeping/conservation.hpp"

#include <cstdlib>
#include <map>
#include <tuple>

#include "change/record_store.hpp"
#include "domain_store/group_store.hpp"
#include "outbox/outbox.hpp"

namespace mis::gateway {
namespace {

constexpr int kGroupsPerPage = 50;
constexpr std::size_t kEventsPerPage = 5'000;
constexpr std::size_t kDifferencesMax = 100;

// Charges are compared per order, account, payer, party and currency; payments per kind, account,
// payer and currency.
struct Account {
    std::string order, limit, payer, party, currency, paid;  // paid: kind of payment, else empty
    friend auto operator<=>(const Account&, const Account&) = default;
};

std::string text_of(const JsonMembers& data, std::string_view name) {
    const JsonView found = data.find(name);
    return found.is_object() ? found.find("id").string() : found.string();
}

// Standing charges and payments that left the clinic, added up; the charges' number is returned.
std::int64_t add_standing(
    const domain::Announced& announced, std::map<Account, std::int64_t>& sums
) {
    std::int64_t count = 0;
    for (const auto& [key, standing] : announced.standing) {
        const bool charge = key.starts_with("charge/"), payment = key.starts_with("payment/");
        if ((!charge && !payment) || standing.leaves != domain::Export::leaves) continue;
        const JsonMembers data(standing.data.view());
        const auto total = data.find(charge ? "total" : "amount").money();
        if (!total) continue;
        if (charge) ++count;
        sums[{
            text_of(data, "order"), text_of(data, "limit"), text_of(data, "payer"),
            charge ? text_of(data, "payer_party") : "", std::string(total->currency.code()),
            charge ? "" : text_of(data, "kind")}] += total->minor;
    }
    return count;
}

domain::Announced announced_of(const domain_store::GroupStore& groups, std::int64_t group) {
    const std::string text = groups.announced(group);
    if (text.empty()) return {};
    auto announced = domain::Announced::from_text(text);
    if (!announced)
        throw sqlite::StoreError(
            sqlite::StoreError::Kind::corrupt,
            "announced state of group " + std::to_string(group) + ": " + announced.error().text
        );
    return std::move(*announced);
}

std::map<Account, std::int64_t> sums_of_log(
    sqlite::Database& database, std::int64_t& events_folded
) {
    domain::Announced folded;
    std::int64_t after = 0;
    for (;;) {
        const auto page = outbox::read_events(database, after, kEventsPerPage);
        if (page.empty()) break;
        for (const auto& sent : page) {
            after = sent.position;
            ++events_folded;
            if (!sent.type.starts_with("billing.")) continue;
            domain::Event event;
            event.id = sent.id;
            event.type = sent.type;
            event.data = JsonText::of(sent.data);
            domain::apply(folded, event);
            folded.ledger.clear();  // only what stands is asked here
            folded.receipts.clear();
        }
    }
    std::map<Account, std::int64_t> sums;
    add_standing(folded, sums);
    return sums;
}

std::string describe(const Account& account, std::int64_t announced, std::int64_t log) {
    return "payer " + account.payer + (account.party.empty() ? "" : " (" + account.party + ")") +
           (account.paid.empty() ? "" : ", " + account.paid) +
           (account.limit.empty() ? "" : ", account " + account.limit) +
           (account.order.empty() ? "" : ", order " + account.order) + ": announced " +
           Money{announced, *Currency::parse(account.currency)}.to_string() +
           ", the event log adds up to " +
           Money{log, *Currency::parse(account.currency)}.to_string();
}

}  // namespace

namespace {

// Sums in events that have not left, without their signs.
std::int64_t sums_of(const std::vector<domain::Event>& events) {
    std::int64_t sum = 0;
    for (const auto& event : events) {
        if (!event.type.starts_with("billing.")) continue;
        const JsonMembers data(event.data.view());
        if (const auto total = data.find("total").money())
            sum += std::abs(total->minor);
        else if (const auto amount = data.find("amount").money())
            sum += std::abs(amount->minor);
    }
    return sum;
}

}  // namespace

Books check_conservation(
    ClinicStore& store, const Meaning& meaning, std::int64_t now_us,
    const std::function<bool()>& breather
) {
    Books books;
    const auto differ = [&](std::string text) {
        if (books.differences.size() < kDifferencesMax)
            books.differences.push_back(std::move(text));
    };
    const domain_store::GroupStore groups(store.database());
    auto rules = meaning.rules();
    rules.event_id_of = [](std::string_view, std::string_view, std::string_view, std::uint64_t) {
        return std::string(32, '0');
    };
    std::map<Account, std::int64_t> announced_sums;
    std::int64_t after = 0;
    for (;;) {
        const auto page = groups.groups_after(after, kGroupsPerPage);
        if (page.empty()) break;
        if (breather && !breather()) return books;
        for (const auto group : page) {
            after = group;
            const auto parties = groups.parties(group);
            if (parties.empty() || parties.front().kind == domain_store::PartyKind::practitioner)
                continue;
            ++books.groups;
            const auto announced = announced_of(groups, group);
            books.charges += add_standing(announced, announced_sums);
            const auto outcome = domain::evaluate(
                meaning.facts_of(group, now_us), announced, rules, store.identity()
            );
            if (!outcome.events.empty() && breather &&
                change::RecordStore(store.database()).pending_count() > 0)
                continue;
            books.imbalance_minor += sums_of(outcome.events);
            if (!outcome.events.empty())
                differ(
                    outcome.events.front().partition_key + ": the records mean " +
                    std::to_string(outcome.events.size()) +
                    " events that were not announced, the first " + outcome.events.front().type
                );
        }
    }
    // Of a store that others write to meanwhile, what was announced and what was logged are not of
    // one moment.
    if (breather || outbox::first_position(store.database()) > 1) return books;
    auto log_sums = sums_of_log(store.database(), books.events_folded);
    for (const auto& [account, sum] : announced_sums)
        if (const auto log = log_sums[account]; log != sum) {
            differ(describe(account, sum, log));
            books.imbalance_minor += std::abs(log - sum);
        }
    for (const auto& [account, sum] : log_sums)
        if (sum != 0 && !announced_sums.contains(account)) {
            differ(describe(account, 0, sum));
            books.imbalance_minor += std::abs(sum);
        }
    return books;
}

}  // namespace mis::gateway
