#include "domain/baseline.hpp"

#include <algorithm>
#include <set>

namespace mis::domain {
namespace {

using SentAs = std::map<std::string, std::string>;  // id that nobody was told → the known one

// Of the same sum it was neither taken back nor booked again; another sum is booked under the known
// id.
void book_as_sent(std::vector<LedgerEntry>& entries, std::size_t before, const SentAs& sent_as) {
    const auto first = entries.begin() + static_cast<std::ptrdiff_t>(before);
    std::vector<LedgerEntry> booked;
    for (auto entry = first; entry != entries.end(); ++entry) {
        if (const auto known = sent_as.find(entry->charge_id); known != sent_as.end())
            entry->charge_id = known->second;
        const auto opposite = std::find_if(booked.begin(), booked.end(), [&](const auto& other) {
            return other.charge_id == entry->charge_id && other.leaves == entry->leaves &&
                   other.total == -entry->total && other.payer == entry->payer &&
                   other.party == entry->party && other.limit == entry->limit;
        });
        if (opposite == booked.end())
            booked.push_back(std::move(*entry));
        else
            booked.erase(opposite);
    }
    entries.erase(first, entries.end());
    std::move(booked.begin(), booked.end(), std::back_inserter(entries));
}

void stand_as_sent(Standing& standing, const Standing& was, SentAs& sent_as) {
    sent_as.emplace(standing.event_id, was.event_id);
    standing.event_id = was.event_id;
    if (standing.data.contains("charge_id")) standing.data.set_string("charge_id", was.event_id);
}

bool is_charge(std::string_view key) { return key.starts_with("charge/"); }

// A line that another payer, party or account owes now: its charge stands under the id that
// consumers know of the one before it, best one of the same sum.
void take_over_charges(Announced& now, const Announced& before, SentAs& sent_as) {
    std::vector<const Standing*> fallen;
    for (const auto& [key, was] : before.standing)
        if (is_charge(key) && now.find(key) == nullptr) fallen.push_back(&was);
    std::set<std::string> taken;
    for (const bool same_sum : {true, false})
        for (auto& [key, standing] : now.standing) {
            if (fallen.empty()) return;
            if (!is_charge(key) || before.find(key) != nullptr || taken.contains(standing.event_id))
                continue;
            const auto part = [](const Standing& charge, std::string_view name) {
                return std::string(charge.data.find(name).raw());
            };
            const auto was = std::find_if(fallen.begin(), fallen.end(), [&](const Standing* one) {
                return one->leaves == standing.leaves &&
                       part(*one, "procedure") == part(standing, "procedure") &&
                       (!same_sum || part(*one, "total") == part(standing, "total"));
            });
            if (was == fallen.end()) continue;
            stand_as_sent(standing, **was, sent_as);
            taken.insert(standing.event_id);
            fallen.erase(was);
        }
}

}  // namespace

Announced taken_as_announced(Announced now, const Announced& before) {
    SentAs sent_as;
    for (auto& [key, standing] : now.standing) {
        const Standing* was = before.find(key);
        if (was == nullptr || was->event_id == standing.event_id || was->leaves != standing.leaves)
            continue;
        stand_as_sent(standing, *was, sent_as);
    }
    take_over_charges(now, before, sent_as);
    book_as_sent(now.ledger, before.ledger.size(), sent_as);
    book_as_sent(now.receipts, before.receipts.size(), sent_as);
    return now;
}

}  // namespace mis::domain
