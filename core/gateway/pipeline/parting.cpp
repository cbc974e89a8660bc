// Who belongs to a group: several become one, and one falls into parts (core/decisions/0015).
#include <algorithm>
#include <map>
#include <set>

#include "domain/division.hpp"
#include "gateway/pipeline/meaning.hpp"

namespace mis::gateway {
namespace {

using domain_store::Party;
using domain_store::PartyKind;
using Parties = GroupReader::Parties;

// Under these names groups are found whose lines name an account that is not theirs, once it is
// read, changed or gone (L0). Those beyond the last are worked out when next touched.
constexpr int kGroupsAwaitingMax = 16;
constexpr std::string_view kAwaits = "awaits/";
std::string awaited_account(const std::string& limit, int place) {
    return std::string(kAwaits) + limit + "/" + std::to_string(place);
}

domain::PartMembers members_of(const Parties& parties, const domain::GroupFacts& facts) {
    domain::PartMembers members;
    for (const Party& party : parties) {
        if (party.kind == PartyKind::patient)
            members.patients.push_back({party.source, "patient", party.key});
        if (party.kind == PartyKind::order) members.orders.push_back(party.key);
    }
    for (const auto& record : facts.records)
        if (record.key.kind == "limit" || record.key.kind == "plan")
            members.records.push_back(record.key);
    return members;
}

}  // namespace

// L0: lines elsewhere that name these accounts are judged anew. They join no group.
void Meaning::wake_strangers(
    sqlite::Transaction& transaction, std::int64_t group, const std::vector<std::string>& limits
) {
    for (const auto& limit : limits) {
        for (int place = 0; place < kGroupsAwaitingMax; ++place) {
            const auto stranger = groups_.group_of_entity(awaited_account(limit, place));
            if (!stranger) break;
            if (*stranger != group) groups_.make_due(transaction, *stranger);
        }
    }
}

// What was worked out is announced: the group is saved, in parts where its patients do not hang
// together any more.
std::vector<std::int64_t> Meaning::settle(
    Writing& writing, std::int64_t group, const domain::GroupFacts& facts, const Derivation& derived
) {
    auto parties = groups_.parties(group);
    if (parties.size() > 1) {
        for (const Party& party : parties)
            if (party.kind == PartyKind::patient)
                records_.end_passing_ties(writing.transaction, party.source, party.key);
        auto parts = reader_.parts_of(parties);
        if (parts.size() > 1)
            if (auto made = divide(writing, group, facts, std::move(parts), derived); !made.empty())
                return made;
    }
    save(writing, group, derived);
    save_now(writing, group, derived);
    return {group};
}

void Meaning::save_now(Writing& writing, std::int64_t group, const Derivation& derived) {
    if (!derived.now.empty() || derived.had_now)
        now_.save(writing.transaction, group, derived.now, writing.now_us);
}

void Meaning::save(Writing& writing, std::int64_t group, const Derivation& derived) {
    domain_store::GroupStore::State state;
    state.announced = derived.announced;
    state.packed = derived.packed;
    if (derived.next_tick) {
        MIS_ASSERT(derived.next_tick->unix_us > writing.now_us);  // else it would come due for ever
        state.next_tick_us = derived.next_tick->unix_us;
    }
    state.entities = derived.entities;
    for (const auto& limit : derived.awaited_limits) {
        for (int place = 0; place < kGroupsAwaitingMax; ++place) {
            auto name = awaited_account(limit, place);
            const auto known = groups_.group_of_entity(name);
            if (!known) state.entities.push_back(std::move(name));
            if (!known || *known == group) break;
        }
    }
    groups_.save(writing.transaction, group, state);
}

// Each part must mean by itself what it meant among the others: derived alone, none has anything to
// say. Otherwise, and where something announced cannot be told whose it is, the group stays whole
// (nothing returned), which is never wrong.
std::vector<std::int64_t> Meaning::divide(
    Writing& writing, std::int64_t group, const domain::GroupFacts& facts,
    std::vector<Parties> parties, const Derivation& whole
) {
    std::vector<domain::GroupFacts> parts;
    for (const auto& of : parties) parts.push_back(reader_.facts_of({of, {}}, facts.now));
    std::vector<domain::PartMembers> members;
    for (std::size_t i = 0; i < parts.size(); ++i)
        members.push_back(members_of(parties[i], parts[i]));
    const auto announced = parse_announced({announced_text(whole)});
    std::vector<std::vector<std::int64_t>> messages;
    std::optional<std::vector<domain::Announced>> shares;
    std::optional<domain::Division> division;
    for (const bool with_former : {false, true}) {
        if (with_former)  // an account that is gone may have no other trace of its owner
            add_former_records(parties, members);
        division.emplace(announced, members, identity_);
        messages.assign(parts.size(), {});
        bool known = true;
        for (const auto& message : facts.messages) {
            const auto of = division->parts_of(message);
            known = known && !of.empty();
            for (const std::size_t part : of)
                messages[part].push_back(static_cast<std::int64_t>(message.position));
        }
        if (known) shares = division->divide();
        if (shares) break;
    }
    if (!shares) return {};
    std::vector<Derivation> derived;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (!messages[i].empty()) parts[i] = reader_.facts_of({parties[i], messages[i]}, facts.now);
        derived.push_back(derive_now(writing, parts[i], (*shares)[i]));
        parts[i] = {};
        (*shares)[i] = {};
        if (!derived.back().leaving.empty() || derived.back().withheld > 0) return {};
    }

    std::vector<std::vector<std::string>> names(parts.size());
    std::vector<std::string> awaits;
    const auto part_of = [&](const std::string& name) {
        return division->part_of(name).value_or(0);
    };
    for (auto& name : groups_.entities(group)) {
        if (name.starts_with(kAwaits))
            awaits.push_back(std::move(name));
        else
            names[part_of(name)].push_back(std::move(name));
    }
    for (const auto& name : whole.entities) derived[part_of(name)].entities.push_back(name);
    groups_.forget_entities(writing.transaction, awaits);  // save() gives each part its own
    std::vector<std::int64_t> made{group};
    for (std::size_t i = 1; i < parts.size(); ++i)
        made.push_back(groups_.part_off(
            writing.transaction, group, {parties[i], messages[i], std::move(names[i])}
        ));
    groups_.keep_messages(writing.transaction, group, messages.front());
    for (std::size_t i = 0; i < made.size(); ++i) save(writing, made[i], derived[i]);
    // The others take what is theirs of the first, which keeps the rest.
    derived.front().had_now = true;
    for (std::size_t i = made.size(); i-- > 0;) save_now(writing, made[i], derived[i]);
    return made;
}

void Meaning::add_former_records(
    const std::vector<Parties>& parties, std::vector<domain::PartMembers>& members
) const {
    std::map<Party, std::size_t> part_of;
    for (std::size_t i = 0; i < parties.size(); ++i)
        for (const Party& party : parties[i]) part_of.emplace(party, i);
    for (const char* kind : {"limit", "plan"})
        for (auto& [key, patient] : records_.former_records(kind))
            if (const auto part = part_of.find({PartyKind::patient, key.source, patient});
                part != part_of.end())
                members[part->second].records.push_back(std::move(key));
}

}  // namespace mis::gateway
