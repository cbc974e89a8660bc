#include "gateway/watching/disclosures.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/crypto.hpp"
#include "disclosure/decision.hpp"
#include "domain_store/group_store.hpp"
#include "domain_store/patient_links.hpp"

namespace mis::gateway {
namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::string_view kSink = "sink ";

std::optional<Receipt::How> how_of(std::string_view action) {
    if (action == "delivered") return Receipt::How::delivered;
    if (action == "maybe_delivered") return Receipt::How::maybe_delivered;
    if (action == "restored") return Receipt::How::before_loss;
    return std::nullopt;
}

void add_card(Patient& patient, const Identity& identity, const RecordKey& card) {
    std::string pseudonym = identity.pseudonym(card.source, card.source_id);
    if (std::find(patient.pseudonyms.begin(), patient.pseudonyms.end(), pseudonym) ==
        patient.pseudonyms.end())
        patient.pseudonyms.push_back(std::move(pseudonym));
    patient.names.push_back(card.source + "/" + card.source_id);
}

// His other cards, as the clinic linked them (P11), to the end of the chain.
void add_linked(
    Patient& patient, sqlite::Database& database, const Identity& identity, const RecordKey& card
) {
    const domain_store::PatientLinks links(database);
    std::vector<RecordKey> cards{card};
    for (std::size_t i = 0; i < cards.size(); ++i) {
        add_card(patient, identity, cards[i]);
        for (const auto& link : links.naming(cards[i].source, cards[i].source_id))
            for (const RecordKey* other : {&link.joins, &link.stays})
                if (std::find(cards.begin(), cards.end(), *other) == cards.end())
                    cards.push_back(*other);
    }
}

Patient with_pseudonyms_named(Patient patient) {
    patient.names.insert(
        patient.names.begin(), patient.pseudonyms.begin(), patient.pseudonyms.end()
    );
    return patient;
}

}  // namespace

std::map<std::string, std::vector<Receipt>> receipts_of(
    sqlite::Database& database, const std::vector<std::string>& event_ids
) {
    std::map<std::string, std::vector<Receipt>> receipts;
    std::unordered_map<std::string, const std::string*> asked;  // 16 bytes → hex
    for (const auto& id : event_ids)
        if (auto bytes = from_hex(id)) asked.emplace(std::move(*bytes), &id);
    if (asked.empty()) return receipts;
    auto query = database.prepare("select at_us, action, who, ids from audit order by number");
    std::string id;
    while (query.step()) {
        const auto how = how_of(query.text(1));
        if (!how) continue;
        const std::string_view ids = query.text(3), who = query.text(2);
        for (std::size_t at = 0; at + kIdBytes <= ids.size(); at += kIdBytes) {
            id.assign(ids.substr(at, kIdBytes));
            const auto found = asked.find(id);
            if (found == asked.end()) continue;
            const bool by_sink = who.starts_with(kSink);
            receipts[*found->second].push_back(
                {std::string(by_sink ? who.substr(kSink.size()) : std::string_view()),
                 query.integer(0), *how}
            );
        }
    }
    return receipts;
}

Patient patient_of_card(
    sqlite::Database& database, const Identity& identity, const RecordKey& card
) {
    Patient patient;
    add_linked(patient, database, identity, card);
    return with_pseudonyms_named(std::move(patient));
}

Patient patient_of_pseudonym(
    sqlite::Database& database, const Identity& identity, const std::string& pseudonym
) {
    Patient patient;
    patient.pseudonyms.push_back(pseudonym);
    const domain_store::GroupStore groups(database);
    if (const auto group = groups.group_of_entity(pseudonym))
        for (const auto& party : groups.parties(*group))
            if (party.kind == domain_store::PartyKind::patient &&
                identity.pseudonym(party.source, party.key) == pseudonym)
                add_linked(patient, database, identity, {party.source, "patient", party.key});
    return with_pseudonyms_named(std::move(patient));
}

Disclosures disclosures_of(sqlite::Database& database, const Patient& patient) {
    Disclosures found;
    found.since_us = outbox::trace_since(database);
    std::vector<std::string> ids;
    for (const auto& pseudonym : patient.pseudonyms)
        for (std::int64_t after = 0;;) {
            auto page = outbox::trace_of(database, pseudonym, after);
            for (auto& entry : page.entries) {
                if (entry.fate == outbox::Fate::withheld) {
                    found.withheld.push_back(std::move(entry));
                    continue;
                }
                ids.push_back(entry.id);
                found.left.push_back({std::move(entry), {}});
            }
            after = page.next;
            if (after == 0) break;
        }
    const auto in_order = [](const outbox::TraceEntry& a, const outbox::TraceEntry& b) {
        return a.number < b.number;
    };
    std::stable_sort(found.left.begin(), found.left.end(), [&](const auto& a, const auto& b) {
        return in_order(a.entry, b.entry);
    });
    std::stable_sort(found.withheld.begin(), found.withheld.end(), in_order);
    const auto receipts = receipts_of(database, ids);
    for (auto& one : found.left)
        if (const auto of = receipts.find(one.entry.id); of != receipts.end())
            one.receipts = of->second;
    for (auto& entry : disclosure::Audit::naming(database, patient.names))
        (entry.action == disclosure::kDecided ? found.decisions : found.looks)
            .push_back(std::move(entry));
    return found;
}

}  // namespace mis::gateway
