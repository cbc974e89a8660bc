#include "gateway/group_reader.hpp"

#include <set>

namespace mis::gateway {

using domain_store::Party;
using domain_store::PartyKind;

std::vector<Party> GroupReader::hanging_together(
    const std::string& source, const std::string& patient
) const {
    std::vector<Party> found{{PartyKind::patient, source, patient}};
    std::set<Party> seen(found.begin(), found.end());
    std::set<std::int64_t> groups;
    const auto add = [&](Party party) {
        if (party.kind == PartyKind::patient && seen.insert(party).second)
            found.push_back(std::move(party));
    };
    for (std::size_t i = 0; i < found.size(); ++i) {
        const Party at = found[i];
        for (const auto& other : records_.patients_joined_with(at.source, at.key))
            add({PartyKind::patient, at.source, other});
        const auto group = groups_.group_of(at);
        if (!group || !groups.insert(*group).second) continue;
        for (auto& party : groups_.parties(*group)) add(std::move(party));
    }
    return found;
}

domain::GroupFacts GroupReader::facts_of(const std::vector<Party>& parties, const Timestamp& now)
    const {
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
        for (auto& record : records_.standing_of_patient(party.source, party.key))
            if (parties.size() == 1 || seen.insert(record.key).second)
                facts.records.push_back(
                    {record.key, record.version, record.since_us, std::move(record.body)}
                );
    }
    return facts;
}

domain::GroupFacts GroupReader::facts_of(std::int64_t group, const Timestamp& now) const {
    auto facts = facts_of(groups_.parties(group), now);
    for (const auto position : groups_.messages(group))
        facts.messages.push_back(inbox_.message(static_cast<std::uint64_t>(position)));
    return facts;
}

std::optional<GroupReader::Preview> GroupReader::preview(
    const std::string& source, const std::string& patient, const Timestamp& now
) const {
    const auto parties = hanging_together(source, patient);
    const auto group = groups_.group_of(parties.front());
    if (!group) {
        if (parties.size() > 1) return std::nullopt;
        return Preview{facts_of(parties, now), {}};
    }
    for (const auto& party : parties)
        if (groups_.group_of(party) != group) return std::nullopt;
    Preview found{facts_of(*group, now), {}};
    if (auto text = groups_.announced(*group); !text.empty())
        found.announced.push_back(std::move(text));
    return found;
}

}  // namespace mis::gateway
