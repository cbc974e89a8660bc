#include "gateway/keeping/conservation.hpp"

#include <cstdlib>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "change/record_store.hpp"
#include "domain_store/group_store.hpp"
#include "gateway/pipeline/derivation.hpp"
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

std::string text_or_id(const JsonMembers& data, std::string_view name) {
    const JsonView found = data.find(name);
    return found.is_object() ? found.find("id").string() : found.string();
}

struct StandingEvent {  // one event that stands: a charge, a payment, a performed line
    std::string type;
    Account account;
    std::int64_t minor = 0;  // of a charge or payment
};
using Standing = std::unordered_map<std::string, StandingEvent>;  // by event id

std::optional<StandingEvent> charge_of(const JsonMembers& data) {
    const auto total = data.find("total").money();
    if (!total) return std::nullopt;
    return StandingEvent{
        "billing.charge",
        {text_or_id(data, "order"), text_or_id(data, "limit"), text_or_id(data, "payer"),
         text_or_id(data, "payer_party"), std::string(total->currency.code()), ""},
        total->minor};
}

std::optional<StandingEvent> payment_of(std::string type, const JsonMembers& data) {
    const auto amount = data.find("amount").money();
    if (!amount) return std::nullopt;
    return StandingEvent{
        std::move(type),
        {text_or_id(data, "order"), text_or_id(data, "limit"), text_or_id(data, "payer"), "",
         std::string(amount->currency.code()), text_or_id(data, "kind")},
        amount->minor};
}

// What stands of it and left the clinic; the number of charges is returned.
std::int64_t add_standing(const domain::Announced& announced, Standing& all) {
    std::int64_t charges = 0;
    for (const auto& [key, standing] : announced.standing) {
        if (standing.leaves != domain::Export::leaves) continue;
        const JsonMembers data(standing.data.view());
        std::optional<StandingEvent> told;
        if (key.starts_with("charge/"))
            told = charge_of(data);
        else if (key.starts_with("payment/"))
            told = payment_of(standing.type, data);
        else if (key.starts_with("procedure/"))
            told = StandingEvent{standing.type, {}, 0};
        if (!told) continue;
        if (key.starts_with("charge/")) ++charges;
        all.insert_or_assign(standing.event_id, std::move(*told));
    }
    return charges;
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

// The log alone, taken event by event. What was told in earlier epochs consumers have discarded.
Standing standing_of_log(sqlite::Database& database, std::int64_t& events_folded) {
    Standing standing;
    std::uint32_t epoch = 0;
    std::int64_t after = 0;
    for (;;) {
        const auto page = outbox::read_events(database, after, kEventsPerPage);
        if (page.empty()) return standing;
        for (const auto& sent : page) {
            after = sent.position;
            ++events_folded;
            if (sent.epoch > epoch) {
                epoch = sent.epoch;
                standing.clear();
            }
            const JsonMembers data{JsonView(sent.data)};
            if (sent.type == "billing.charge") {
                if (auto told = charge_of(data))
                    standing.insert_or_assign(sent.id, std::move(*told));
            } else if (sent.type == "billing.payment" || sent.type == "billing.refund") {
                if (auto told = payment_of(sent.type, data))
                    standing.insert_or_assign(sent.id, std::move(*told));
            } else if (sent.type == "procedure.performed") {
                standing.insert_or_assign(sent.id, StandingEvent{sent.type, {}, 0});
            } else if (sent.type == "billing.reversal") {
                standing.erase(data.find("charge_id").string());
            } else if (sent.type == "billing.payment_reversal") {
                standing.erase(data.find("payment_event").string());
            } else if (sent.type == "procedure.reversed") {
                standing.erase(data.find("performed_event").string());
            }
        }
    }
}

std::map<Account, std::int64_t> sums_of(const Standing& standing) {
    std::map<Account, std::int64_t> sums;
    for (const auto& [id, told] : standing)
        if (told.type.starts_with("billing.")) sums[told.account] += told.minor;
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

// Free times that were restored before their practitioner was read.
bool is_nobodys_slots(const std::string& announced) {
    return announced.empty() || announced == "{}" || announced.starts_with("{\"slot/");
}

// By what the accounts differ from what was announced, once these events have left: per account
// what is taken back and what comes, so that a line charged anew differs by the difference.
// `before` has what stands, by id.
std::int64_t differences_of(const std::vector<domain::Event>& events, const Standing& before) {
    std::map<Account, std::int64_t> sums;
    for (const auto& event : events) {
        const JsonMembers data(event.data.view());
        if (event.type == "billing.charge") {
            if (const auto told = charge_of(data)) sums[told->account] += told->minor;
        } else if (event.type == "billing.payment" || event.type == "billing.refund") {
            if (const auto told = payment_of(event.type, data)) sums[told->account] += told->minor;
        } else if (event.type == "billing.reversal" || event.type == "billing.payment_reversal") {
            const bool charge = event.type == "billing.reversal";
            const std::string id = data.find(charge ? "charge_id" : "payment_event").string();
            if (const auto standing = before.find(id); standing != before.end())
                sums[standing->second.account] -= standing->second.minor;
            else if (const auto sum = data.find(charge ? "total" : "amount").money())
                sums[Account{"", id, "", "", "", ""}] -= sum->minor;
        }
    }
    std::int64_t all = 0;
    for (const auto& [account, sum] : sums) all += std::abs(sum);
    return all;
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
    Standing announced_standing;
    std::int64_t after = 0;
    for (;;) {
        const auto page = groups.groups_after(after, kGroupsPerPage);
        if (page.empty()) break;
        if (breather && !breather()) return books;
        for (const auto group : page) {
            after = group;
            const auto parties = groups.parties(group);
            if (!parties.empty() && parties.front().kind == domain_store::PartyKind::practitioner)
                continue;
            if (parties.empty() && is_nobodys_slots(groups.announced(group))) continue;
            ++books.groups;
            const auto announced = announced_of(groups, group);
            books.charges += add_standing(announced, announced_standing);
            if (breather && announced.first_seen_us.contains(kRestoredMark)) continue;  // not yet
            const auto outcome = domain::evaluate(
                meaning.facts_of(group, now_us), announced, rules, store.identity()
            );
            books.history += outcome.history;
            if (!outcome.events.empty() && breather &&
                change::RecordStore(store.database()).pending_count() > 0)
                continue;
            books.imbalance_minor += differences_of(outcome.events, announced_standing);
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
    const auto log = standing_of_log(store.database(), books.events_folded);
    const auto announced_sums = sums_of(announced_standing);
    auto log_sums = sums_of(log);
    for (const auto& [account, sum] : announced_sums)
        if (const auto in_log = log_sums[account]; in_log != sum) {
            differ(describe(account, sum, in_log));
            books.imbalance_minor += std::abs(in_log - sum);
        }
    for (const auto& [account, sum] : log_sums)
        if (sum != 0 && !announced_sums.contains(account)) {
            differ(describe(account, 0, sum));
            books.imbalance_minor += std::abs(sum);
        }
    // Equal sums of other charges are no agreement.
    for (const auto& [id, told] : announced_standing)
        if (!log.contains(id))
            differ(told.type + " " + id + " stands, but is not in the event log");
    for (const auto& [id, told] : log)
        if (told.type == "billing.charge" && !announced_standing.contains(id))
            differ("billing.charge " + id + " of the event log stands no more");
    return books;
}

}  // namespace mis::gateway
