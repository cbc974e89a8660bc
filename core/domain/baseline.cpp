#include "domain/baseline.hpp"

#include <algorithm>

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
                   other.total == -entry->total;
        });
        if (opposite == booked.end())
            booked.push_back(std::move(*entry));
        else
            booked.erase(opposite);
    }
    entries.erase(first, entries.end());
    std::move(booked.begin(), booked.end(), std::back_inserter(entries));
}

}  // namespace

Announced taken_as_announced(Announced now, const Announced& before) {
    SentAs sent_as;
    for (auto& [key, standing] : now.standing) {
        const Standing* was = before.find(key);
        if (was == nullptr || was->event_id == standing.event_id || was->leaves != standing.leaves)
            continue;
        sent_as.emplace(standing.event_id, was->event_id);
        standing.event_id = was->event_id;
        if (standing.data.contains("charge_id"))
            standing.data.set_string("charge_id", was->event_id);
    }
    book_as_sent(now.ledger, before.ledger.size(), sent_as);
    book_as_sent(now.receipts, before.receipts.size(), sent_as);
    return now;
}

}  // namespace mis::domain
