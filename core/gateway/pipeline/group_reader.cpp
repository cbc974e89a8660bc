#include "gateway/pipeline/group_reader.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace mis::gateway {

using domain_store::Party;
using domain_store::PartyKind;
using Ties = change::RecordStore::Ties;

std::vector<Party> GroupReader::hanging_together(
    const std::string& source, const std::string& patient
) const {
    std::vector<Party> found{{PartyKind::patient, source, patient}};
    std::set<Party> seen(found.begin(), found.end()), searched;
    std::set<std::int64_t> groups;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const Party at = found[i];
        // Whom the records join is known to the end of the chain at once: one search for all of
        // them, another only for those that a stored group adds.
        if (searched.insert(at).second) {
            for (const auto& other :
                 records_.patients_joined_with(at.source, at.key, Ties::passing)) {
                Party party{PartyKind::patient, at.source, other};
                searched.insert(party);
                if (seen.insert(party).second) found.push_back(std::move(party));
            }
        }
        for (auto& card : linked_with(at))
            if (seen.insert(card).second) found.push_back(std::move(card));
        const auto group = groups_.group_of(at);
        if (!group || !groups.insert(*group).second) continue;
        for (auto& party : groups_.parties(*group))
            if (party.kind == PartyKind::patient && seen.insert(party).second)
                found.push_back(std::move(party));
    }
    return found;
}

GroupReader::Parties GroupReader::linked_with(const Party& patient) const {
    Parties cards;
    for (const auto& link : links_.naming(patient.source, patient.key))
        for (const RecordKey* card : {&link.joins, &link.stays})
            cards.push_back({PartyKind::patient, card->source, card->source_id});
    return cards;
}

std::vector<GroupReader::Parties> GroupReader::parts_of(const Parties& parties) const {
    std::vector<Parties> parts;
    std::map<Party, std::size_t> part_of;
    for (const Party& party : parties) {
        if (party.kind != PartyKind::patient || part_of.contains(party)) continue;
        Parties together{party};
        part_of.emplace(party, parts.size());
        for (std::size_t i = 0; i < together.size(); ++i) {
            const Party at = together[i];
            Parties others = linked_with(at);
            if (i == 0 || at.source != party.source)  // one search finds all of a source's chain
                for (auto& other : records_.patients_joined_with(at.source, at.key, Ties::standing))
                    others.push_back({PartyKind::patient, at.source, std::move(other)});
            for (auto& other : others)
                if (part_of.emplace(other, parts.size()).second)
                    together.push_back(std::move(other));
        }
        parts.emplace_back();
    }
    for (const Party& party : parties) {
        auto known = part_of.find(party);
        if (party.kind == PartyKind::order)
            if (const auto link = inbox_.link_of(party.key))
                known = part_of.find({PartyKind::patient, link->source, link->patient_source_id});
        if (known != part_of.end())
            parts[known->second].push_back(party);
        else  // an order whose patient is not known any more
            parts.push_back({party});
    }
    return parts;
}

domain::GroupFacts GroupReader::facts_of(const Members& members, const Timestamp& now) const {
    const auto& parties = members.parties;
    domain::GroupFacts facts;
    facts.now = now;
    std::set<RecordKey> seen;
    for (const auto& party : parties) {
        if (party.kind == PartyKind::order) {
            if (auto link = inbox_.link_of(party.key))
                facts.links.push_back(std::move(*link));
            else
                facts.waits.push_back({party.key, inbox_.candidates_of(party.key)});
            continue;
        }
        if (auto link = links_.of({party.source, "patient", party.key}))
            facts.patient_links.push_back({std::move(link->joins), std::move(link->stays)});
        for (auto& record : records_.standing_of_patient(party.source, party.key))
            if (parties.size() == 1 || seen.insert(record.key).second)
                facts.records.push_back(
                    {std::move(record.key), record.version, record.since_us, std::move(record.body),
                     record.payers_unknown}
                );
    }
    facts.foreign_limits = foreign_limits(facts.records);
    for (const auto position : members.messages)
        facts.messages.push_back(inbox_.message(static_cast<std::uint64_t>(position)));
    const bool feedback =
        std::any_of(facts.messages.begin(), facts.messages.end(), [](const auto& message) {
            return message.type.starts_with("feedback.");
        });
    if (feedback) facts.feedback_of_clinic = inbox_.feedback_counts();
    return facts;
}

std::vector<RecordKey> GroupReader::foreign_limits(const std::vector<domain::RecordFact>& records
) const {
    constexpr std::string_view kNamed = R"("limit_source_id":)";
    std::set<RecordKey> own, named;
    for (const auto& record : records) {
        if (record.key.kind == "limit") own.insert(record.key);
        const bool may_name = record.key.kind == "procedure" || record.key.kind == "appointment";
        if (!may_name || record.body.find(kNamed) == std::string::npos) continue;
        const JsonView body(record.body);
        const auto add = [&](JsonView of) {
            std::string id = of.find("limit_source_id").string();
            if (!id.empty()) named.insert({record.key.source, "limit", std::move(id)});
        };
        add(body);
        for (const JsonView share : body.find("shares").elements()) add(share);
    }
    std::vector<RecordKey> foreign;
    for (const auto& key : named)
        if (!own.contains(key) && records_.find(key)) foreign.push_back(key);
    return foreign;
}

GroupReader::Members GroupReader::members_of(std::int64_t group) const {
    return {groups_.parties(group), groups_.messages(group)};
}

domain::GroupFacts GroupReader::facts_of(std::int64_t group, const Timestamp& now) const {
    return facts_of(members_of(group), now);
}

std::optional<GroupReader::Preview> GroupReader::preview(
    const std::vector<Party>& parties, const Timestamp& now
) const {
    const auto group = groups_.group_of(parties.front());
    if (!group && parties.size() > 1) return std::nullopt;
    Preview found;
    if (group) {
        for (const auto& party : parties)
            if (groups_.group_of(party) != group) return std::nullopt;
        found.members = members_of(*group);
        if (auto text = groups_.announced(*group); !text.empty())
            found.announced.push_back(std::move(text));
    } else {
        found.members.parties = parties;
    }
    found.facts = facts_of(found.members, now);
    return found;
}

}  // namespace mis::gateway
