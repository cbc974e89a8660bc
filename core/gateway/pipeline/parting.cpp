// Who belongs to a group: several become one, and one falls into parts (core/decisions/0003).
#include <algorithm>
#include <set>

#include "domain/body_fields.hpp"
#include "domain/division.hpp"
#include "gateway/pipeline/meaning.hpp"

namespace mis::gateway {
namespace {

using domain_store::Party;
using domain_store::PartyKind;
using Parties = GroupReader::Parties;

// Under these names groups whose lines wait for an account are found once it is read. Those beyond
// the last are worked out when next touched.
constexpr int kGroupsAwaitingMax = 16;
constexpr std::string_view kAwaits = "awaits/";
std::string awaited_account(const RecordKey& line, const std::string& limit, int place) {
    return std::string(kAwaits) + line.source + "/" + limit + "/" + std::to_string(place);
}

// The accounts that a line, visit or payment is put against.
std::vector<std::string> accounts_named_by(const domain::RecordFact& record) {
    std::vector<std::string> names;
    const domain::BodyFields body(JsonView(record.body));
    if (auto name = body.text("limit_source_id"); !name.empty()) names.push_back(std::move(name));
    for (const JsonView share : body.find("shares").elements())
        if (auto name = domain::BodyFields(share).text("limit_source_id"); !name.empty())
            names.push_back(std::move(name));
    return names;
}

// L0: lines of one part that name another's account keep the two together.
std::vector<std::size_t> joined_by_names(const std::vector<domain::GroupFacts>& parts) {
    std::vector<std::size_t> into(parts.size());
    std::map<std::pair<std::string, std::string>, std::size_t> owner;  // (source, limit)
    for (std::size_t i = 0; i < parts.size(); ++i) {
        into[i] = i;
        for (const auto& record : parts[i].records)
            if (record.key.kind == "limit")
                owner.emplace(std::pair(record.key.source, record.key.source_id), i);
    }
    const auto root = [&](std::size_t i) {
        while (into[i] != i) i = into[i];
        return i;
    };
    if (owner.empty()) return into;
    for (std::size_t i = 0; i < parts.size(); ++i)
        for (const auto& record : parts[i].records)
            for (auto& name : accounts_named_by(record))
                if (const auto found = owner.find({record.key.source, std::move(name)});
                    found != owner.end())
                    into[std::max(root(i), root(found->second))] =
                        std::min(root(i), root(found->second));
    for (std::size_t i = 0; i < parts.size(); ++i) into[i] = root(i);
    return into;
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

// L0: a line may name another patient's account. The two are one group from then on, whichever was
// read first.
bool Meaning::join_named_accounts(
    sqlite::Transaction& transaction, domain_store::Joined& whole, const domain::GroupFacts& facts,
    const std::vector<domain::Waiting>& lines
) {
    std::vector<std::int64_t> groups;
    const auto add = [&](std::optional<std::int64_t> group) {
        if (group && *group != whole.group) groups.push_back(*group);
    };
    for (const auto& record : facts.records) {
        if (record.key.kind != "limit") continue;
        for (int place = 0; place < kGroupsAwaitingMax; ++place) {
            const auto group =
                groups_.group_of_entity(awaited_account(record.key, record.key.source_id, place));
            if (!group) break;
            add(group);
        }
    }
    for (const auto& line : lines) {
        if (line.limit_source_id.empty()) continue;
        const auto limit = records_.find({line.key.source, "limit", line.limit_source_id});
        if (!limit) continue;
        const auto body = parse_json(limit->body);
        const std::string owner =
            body ? body->value("patient_source_id", std::string()) : std::string();
        if (!owner.empty())
            add(groups_.group_of(Party{PartyKind::patient, line.key.source, owner}));
    }
    if (groups.empty()) return false;
    const auto keep =
        [&] {  // they were joined just now, and only this transaction knows what they announced
            if (whole.announced.size() < 2) return;
            domain_store::GroupStore::State state;
            state.announced = merge_announced(whole.announced);
            groups_.save(transaction, whole.group, state);
        };
    keep();
    groups.push_back(whole.group);
    whole = groups_.join_groups(transaction, std::move(groups));
    for (const auto& party : groups_.parties(whole.group)) {  // and whom they bring along
        if (party.kind != PartyKind::patient) continue;
        keep();
        whole = groups_.join(transaction, reader_.hanging_together(party.source, party.key));
        break;
    }
    return true;
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
    return {group};
}

void Meaning::save(Writing& writing, std::int64_t group, const Derivation& derived) {
    domain_store::GroupStore::State state;
    state.announced = derived.announced;
    if (derived.next_tick) {
        MIS_ASSERT(derived.next_tick->unix_us > writing.now_us);  // else it would come due for ever
        state.next_tick_us = derived.next_tick->unix_us;
    }
    state.entities = derived.entities;
    for (const auto& line : derived.waiting) {
        if (line.limit_source_id.empty()) continue;
        for (int place = 0; place < kGroupsAwaitingMax; ++place) {
            auto name = awaited_account(line.key, line.limit_source_id, place);
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
    const auto read_parts = [&] {
        parts.clear();
        for (const auto& of : parties) parts.push_back(reader_.facts_of({of, {}}, facts.now));
    };
    read_parts();
    const auto into = joined_by_names(parts);
    for (std::size_t i = into.size(); i-- > 0;) {
        if (into[i] == i) continue;
        auto& one = parties[into[i]];
        one.insert(one.end(), parties[i].begin(), parties[i].end());
        parties.erase(parties.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (parties.size() < 2) return {};
    if (parties.size() < into.size()) read_parts();

    std::vector<domain::PartMembers> members;
    for (std::size_t i = 0; i < parts.size(); ++i)
        members.push_back(members_of(parties[i], parts[i]));
    const auto announced = parse_announced({whole.announced});
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
