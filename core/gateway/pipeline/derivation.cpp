#include "gateway/pipeline/derivation.hpp"

#include <set>

#include "domain/limit_ledger/recalled_accounts.hpp"
#include "domain_store/group_store.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway {
namespace {

// After the ids were made: a name is no part of what an event says, and a practitioner who marries
// re-announces nothing.
void name_practitioners(Json& data, const PractitionerNames& names) {
    for (auto& [name, value] : data.items())
        if (value.is_object()) name_practitioners(value, names);
    const auto practitioner = data.find("practitioner");
    if (practitioner == data.end() || !practitioner->is_string()) return;
    const auto known = names.find(practitioner->get<std::string>());
    if (known != names.end()) data["practitioner_name"] = known->second;
}

// Whether the record, whole, was told like this. What the canary takes out depends on who else was
// in the change set, which no log tells: a text that is absent is taken for withheld, a code that
// is an id for one (I3).
bool may_be_what_was_told(JsonView whole, JsonView told, const Identity& identity) {
    const JsonMembers said(told), is(whole);
    std::size_t met = 0;
    for (const JsonMember& member : is) {
        const JsonView was = said.find(member.name);
        if (!was.absent()) ++met;
        if (was.raw() == member.value.raw()) continue;
        const bool code = member.name == "service_code" || member.name == "nomenclature";
        const bool text = member.name == "service_name" || member.name == "room";
        if (text && was.absent()) continue;
        if (code && was.string() == identity.pseudonym("service_code", member.value.string()))
            continue;
        return false;
    }
    return met == said.size();
}

// The log of what was sent has neither the texts that the canary took out nor what stayed in the
// clinic: both are as the facts mean them now. Accounts are judged by what is known to have stood.
void recall_what_stayed(
    domain::Announced& before, const domain::GroupFacts& facts, const domain::Rules& rules,
    const Identity& identity
) {
    domain::recall_accounts(before, facts, rules, identity);
    domain::keep_figures(before);
    const auto stayed = [](const auto& one) { return one.leaves == domain::Export::withheld; };
    std::erase_if(before.standing, [&](const auto& entry) { return stayed(entry.second); });
    std::erase_if(before.ledger, stayed);
    std::erase_if(before.receipts, stayed);
    // What stays is booked on the same accounts, by the same ids, as what leaves (L1, L7).
    domain::Announced accounts;
    accounts.account_of = before.account_of;
    accounts.first_seen_us = before.first_seen_us;
    for (const auto& [key, standing] : before.standing)
        if (key.starts_with("limit/")) accounts.standing.emplace(key, standing);
    auto anew = domain::evaluate(facts, accounts, rules, identity);
    disclosure::Gate gate(&identity);
    for (domain::Event& event : anew.events) {
        const std::string key = domain::key_of(event);
        const auto told = before.standing.find(key);
        if (event.leaves == domain::Export::withheld) {
            if (told == before.standing.end()) domain::apply(before, event);
            continue;
        }
        const bool line = event.type == "procedure.performed";
        if (!line && !event.type.starts_with("appointment.")) continue;
        const char* body = line ? "procedure" : "appointment";
        if (told == before.standing.end()) continue;
        const std::string whole(event.data.find(body).raw());
        std::vector<disclosure::DisclosedEvent> left;
        if (!gate.disclose(std::move(event), {}, left).left() || left.size() != 1) continue;
        if (may_be_what_was_told(
                JsonView(left.front().data()).find(body), told->second.data.find(body), identity
            ))
            told->second.data.set(body, whole);
    }
}

std::vector<std::string> entities_of(const std::vector<domain::Event>& events) {
    std::set<std::string> ids;
    std::string_view last;  // most events name the one patient, twice
    for (const auto& event : events) {
        if (event.type == "limit.rule_violated") continue;  // perhaps of others' account
        for (const std::string* name : {&event.subject, &event.partition_key}) {
            if (*name == last) continue;
            last = *name;
            const auto slash = name->find('/');
            if (slash != std::string::npos && !name->starts_with("slot/") &&
                !name->starts_with("source/"))
                ids.insert(name->substr(slash + 1));
        }
    }
    return {ids.begin(), ids.end()};
}

std::vector<std::string> limits_named(
    const std::vector<domain::Waiting>& waiting, const std::vector<domain::Waiting>& strangers,
    const Identity& identity
) {
    std::set<std::string> ids;
    for (const auto* lines : {&waiting, &strangers})
        for (const auto& line : *lines)
            if (!line.limit_source_id.empty())
                ids.insert(identity.public_id(line.key.source, "limit", line.limit_source_id));
    return {ids.begin(), ids.end()};
}

// Those that stand, and those that stood before: lines elsewhere may name either.
std::vector<std::string> limits_of(
    const domain::GroupFacts& facts, const domain::Announced& before, const Identity& identity
) {
    std::set<std::string> ids;
    for (const auto& record : facts.records)
        if (record.key.kind == "limit") {
            ids.insert(identity.public_id(record.key));
            // As stores written by programs before this rule name it.
            ids.insert(record.key.source + "/" + record.key.source_id);
        }
    for (const auto& [of, id] : before.account_of) ids.insert(of);
    constexpr std::string_view kLimit = "limit/";
    for (auto at = before.standing.lower_bound(kLimit);
         at != before.standing.end() && at->first.starts_with(kLimit); ++at)
        ids.insert(at->first.substr(kLimit.size()));
    return {ids.begin(), ids.end()};
}

}  // namespace

namespace {

// What became of an event: its parts from `first` on leave, or it stays.
void note(
    Disclosure& disclosed, const std::vector<std::string>& patients,
    outbox::TraceNotes::Withheld stays, std::size_t first, const std::string& withheld
) {
    outbox::TraceNotes& trace = disclosed.trace;
    if (patients.empty()) return;
    if (!withheld.empty()) {
        const bool by_gate = stays.ground.empty() || withheld != "no_ground";
        if (by_gate) stays.ground = withheld;
        trace.withheld.push_back(std::move(stays));
    }
    for (const auto& patient : patients) {
        const auto place = trace.place_of(patient);
        if (!withheld.empty())
            trace.marks.push_back({place, -static_cast<std::int32_t>(trace.withheld.size())});
        for (std::size_t i = first; i < disclosed.leaving.size(); ++i)
            trace.marks.push_back({place, static_cast<std::int32_t>(i)});
    }
}

std::vector<std::string> everybody_in(const domain::GroupFacts& facts, const Identity& identity) {
    std::vector<std::string> patients;
    for (const auto& record : facts.records)
        if (record.key.kind == "patient") patients.push_back(identity.public_id(record.key));
    return patients;
}

}  // namespace

Disclosure disclose(
    std::vector<domain::Event> events, const disclosure::Canary& canary,
    const PractitionerNames& names, const Concerned& concerned, const Identity* identity
) {
    Disclosure disclosed;
    disclosure::Gate gate(identity);
    disclosed.leaving.reserve(events.size());
    for (auto& event : events) {
        if (!names.empty()) {
            Json data = event.data.tree();
            name_practitioners(data, names);
            event.data = data;
        }
        const auto patients = concerned.of(event);
        outbox::TraceNotes::Withheld stays;
        if (!patients.empty()) stays = {event.type, event.record_id, event.id, event.ground};
        const std::size_t first = disclosed.leaving.size();
        const auto verdict = gate.disclose(std::move(event), canary, disclosed.leaving);
        if (!verdict.left()) ++disclosed.withheld;
        note(disclosed, patients, std::move(stays), first, verdict.withheld);
    }
    disclosed.gate = gate.counts();
    return disclosed;
}

Derivation derive(
    const domain::GroupFacts& facts, domain::Announced before, const domain::Rules& rules,
    const PractitionerNames& names, const Identity& identity, disclosure::PrivateIndex* everybody
) {
    Derivation derived;
    disclosure::Canary canary;
    for (const auto& record : facts.records) canary.add_record(record.key.kind, record.body);
    if (everybody != nullptr) {
        everybody->look_again();
        canary.watch(everybody);
        derived.private_version = everybody->version();
    }
    if (before.first_seen_us.erase(kRestoredMark) > 0)
        recall_what_stayed(before, facts, rules, identity);
    domain::Outcome outcome = domain::evaluate(facts, before, rules, identity);
    domain::forget_figures(outcome.after);
    derived.announced = outcome.after.to_text();
    derived.now = domain::now_of(outcome.after);
    derived.had_now = domain::has_now(before);
    derived.packed = domain_store::packed_state(derived.announced);
    if (!derived.packed.empty()) derived.announced = {};
    derived.entities = entities_of(outcome.events);
    for (const domain::Event& event : outcome.events)
        if (!event.id.empty()) derived.event_ids.push_back(event.id);
    derived.next_tick = outcome.next_tick;
    derived.problems = std::move(outcome.problems);
    derived.waiting = std::move(outcome.waiting);
    derived.awaited_limits = limits_named(derived.waiting, outcome.strangers, identity);
    derived.limits = limits_of(facts, before, identity);
    derived.unmapped_codes = std::move(outcome.unmapped_codes);
    const Concerned concerned(outcome.shared_accounts, everybody_in(facts, identity));
    auto disclosed = disclose(std::move(outcome.events), canary, names, concerned, &identity);
    derived.leaving = std::move(disclosed.leaving);
    derived.trace = std::move(disclosed.trace);
    derived.withheld = disclosed.withheld;
    derived.gate = std::move(disclosed.gate);
    return derived;
}

std::string announced_text(const Derivation& derivation) {
    return derivation.packed.empty() ? derivation.announced
                                     : domain_store::unpacked_state(derivation.packed);
}

domain::Announced parse_announced(const std::vector<std::string>& texts) {
    std::vector<domain::Announced> parts;
    for (const auto& text : texts) {
        auto part = domain::Announced::from_text(text);
        if (!part)
            throw sqlite::StoreError(
                sqlite::StoreError::Kind::corrupt,
                "announced state of a group: " + part.error().text
            );
        parts.push_back(std::move(*part));
    }
    return domain::joined(std::move(parts));
}

}  // namespace mis::gateway
