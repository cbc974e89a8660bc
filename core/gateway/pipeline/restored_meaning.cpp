// What Meaning does differently in a store brought back by `restore` (restored.hpp): whom the
// events tell of is found among the records as they are read, and messages that were lost are
// waited for.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "gateway/pipeline/meaning.hpp"

namespace mis::gateway {
namespace {

using domain_store::Party;
using domain_store::PartyKind;

// Announced state of a visit, line or payment.
bool is_of_record(std::string_view key) {
    return key.starts_with("appointment/") || key.starts_with("procedure/") ||
           key.starts_with("payment/");
}

}  // namespace

void Meaning::adopt_restored(sqlite::Transaction& transaction, const std::vector<Party>& parties) {
    for (const auto& party : parties) {
        const std::string id = party.kind == PartyKind::order ? party.key
                               : party.kind == PartyKind::practitioner
                                   ? identity_.public_id(party.source, "practitioner", party.key)
                                   : identity_.pseudonym(party.source, party.key);
        if (const auto group = groups_.group_of_entity(id))
            groups_.adopt(transaction, party, *group);
    }
}

// Everybody of whom something is still to be worked out belongs where his pseudonym stands: what
// was told of him would be taken back where he is not asked.
void Meaning::adopt_pending(sqlite::Transaction& transaction) {
    constexpr int kPage = 500;
    for (std::int64_t after = 0;;) {
        const auto page = records_.pending(kPage, after);
        for (const auto& waiting : page) {
            after = waiting.id;
            if (waiting.group.kind == change::GroupKind::patient)
                adopt_restored(
                    transaction,
                    {{PartyKind::patient, waiting.group.source, waiting.group.source_id}}
                );
        }
        if (std::ssize(page) < kPage) return;
    }
}

// Visits, lines and payments as the restored groups have them announced: "procedure/ID" → group.
std::map<std::string, std::int64_t> Meaning::records_restored() const {
    std::map<std::string, std::int64_t> found;
    for (std::int64_t after = 0;;) {
        const auto page = groups_.groups_after(after, domain_store::GroupStore::kPerPage);
        if (page.empty()) return found;
        after = page.back();
        for (const auto group : page) {
            const std::string announced = groups_.announced(group);
            const JsonMembers state{JsonView(announced)};
            if (state.find("first_seen_us").find(kRestoredMark).absent()) continue;
            for (const JsonMember& member : JsonMembers(state.find("standing")))
                if (is_of_record(member.name)) found.emplace(member.name, group);
        }
    }
}

// An account, plan, visit, line or payment may belong to another patient than its events named, or
// to one who was read under another group: both are one group until it has its meaning, then it
// parts. So what went to another while the store was lost is one correction, and never stands
// twice.
void Meaning::join_owners(sqlite::Transaction& transaction) {
    adopt_pending(transaction);
    const auto restored = records_restored();
    for (const char* kind : {"limit", "plan", "appointment", "procedure", "payment"}) {
        const std::string prefix = std::string(kind) + "/";
        const bool named = kind == std::string_view("limit") || kind == std::string_view("plan");
        if (!named && restored.empty()) continue;
        std::vector<std::pair<Party, std::int64_t>> owners;  // and the group in which it stands
        records_.by_kind("", kind, [&](const change::StandingRecord& record) {
            const std::string id = identity_.public_id(record.key);
            std::optional<std::int64_t> group;
            if (named)
                group = groups_.group_of_entity(id);
            else if (const auto told = restored.find(prefix + id); told != restored.end())
                group = told->second;
            if (!group) return;
            std::string patient = JsonView(record.body).find("patient_source_id").string();
            owners.push_back({{PartyKind::patient, record.key.source, std::move(patient)}, *group});
        });
        for (const auto& [owner, group] : owners) join_owner(transaction, owner, group);
    }
}

void Meaning::join_owner(sqlite::Transaction& transaction, const Party& owner, std::int64_t group) {
    adopt_restored(transaction, {owner});
    const auto of_owner = groups_.group_of(owner);
    if (!of_owner) groups_.adopt(transaction, owner, group);
    if (!of_owner || *of_owner == group) return;
    const auto joined = groups_.join_groups(transaction, {*of_owner, group});
    domain_store::GroupStore::State state;
    state.announced = merge_announced(joined.announced);
    groups_.save(transaction, joined.group, state);
    groups_.make_due(transaction, joined.group);
}

// Who came after the backup and is gone from the MIS since, is no group's party: nothing calls what
// stands of him. It is taken back once everything was compared.
void Meaning::take_back_gone(std::int64_t now_us, MeaningReport& report) {
    if (!restored::gone_awaited(database_)) return;
    sqlite::Transaction transaction(database_);
    outbox::Outbox::Appender appender(outbox_, transaction);
    Writing writing{transaction, appender, now_us, report};
    bool waits = false;
    for (std::int64_t after = 0;;) {
        const auto page = groups_.groups_after(after, domain_store::GroupStore::kPerPage);
        if (page.empty()) break;
        after = page.back();
        for (const auto group : page) {
            if (!groups_.parties(group).empty()) continue;
            const std::string announced = groups_.announced(group);
            if (announced.empty() ||
                JsonView(announced).find("first_seen_us").find(kRestoredMark).absent())
                continue;
            if (held_.contains(group))
                waits = true;
            else
                work_out_patients(writing, {group, {announced}}, nullptr);
        }
    }
    appender.finish();
    if (!waits) restored::gone_taken_back(transaction);
    transaction.commit();
}

// Messages that came before anybody could know what they name. True: some found it now.
bool Meaning::find_subjects() {
    const auto awaited = restored::subjects_awaited(database_);
    if (awaited.empty() || !restored::sources_awaited(database_).empty()) return false;
    std::map<std::string, Party> owners;  // by the subject's public id
    for (const auto& [position, subject] : awaited) owners.emplace(subject, Party{});
    for (const char* kind : {"patient", "limit", "plan"})
        records_.by_kind("", kind, [&](const change::StandingRecord& record) {
            const auto subject = owners.find(identity_.public_id(record.key));
            if (subject == owners.end()) return;
            std::string patient = kind == std::string_view("patient")
                                      ? record.key.source_id
                                      : JsonView(record.body).find("patient_source_id").string();
            subject->second = {PartyKind::patient, record.key.source, std::move(patient)};
        });
    bool found = false;
    sqlite::Transaction transaction(database_);
    for (const auto& [position, subject] : awaited) {
        auto group = groups_.group_of_entity(subject);
        if (const Party& owner = owners[subject]; !group && !owner.key.empty()) {
            adopt_restored(transaction, {owner});
            group = groups_.join(transaction, std::vector<Party>{owner}).group;
        }
        if (!group) continue;
        groups_.attach_message(transaction, *group, position);
        groups_.make_due(transaction, *group);
        restored::subject_came(transaction, position);
        found = true;
    }
    transaction.commit();
    return found;
}

void Meaning::welcome_messages(std::int64_t now_us) {
    held_.clear();
    held_records_.clear();
    if (restored::owners_awaited(database_) && restored::sources_awaited(database_).empty()) {
        sqlite::Transaction transaction(database_);
        join_owners(transaction);
        restored::owners_joined(transaction);
        transaction.commit();
    }
    const auto orders = restored::orders_awaited(database_);
    const auto messages = restored::messages_awaited(database_);
    if (orders.empty() && messages.empty()) return;
    const bool sources_compared = restored::sources_awaited(database_).empty();
    sqlite::Transaction transaction(database_);
    const auto hold = [&](const std::string& id) {
        if (const auto group = groups_.group_of_entity(id)) held_.insert(*group);
    };
    for (const auto& [order, told] : orders) {
        if (inbox_.knows_order(order)) {
            // Cards may yet be read, or merged, and his group waits until then; after that the
            // identifiers decide.
            if (sources_compared) {
                link_as_told(transaction, order, told, now_us);
                restored::order_came(transaction, order);
                continue;
            }
        }
        hold(order);
        hold(told.patient);
    }
    for (const auto& [message, told] : messages) {
        if (inbox_.knows_message(message))
            restored::message_came(transaction, message);
        else
            for (const auto& name : told.names) hold(name);
    }
    transaction.commit();
    for (const auto group : held_) {
        const std::string announced = groups_.announced(group);
        for (const JsonMember& member : JsonMembers(JsonView(announced).find("standing")))
            if (is_of_record(member.name)) held_records_.emplace(member.name);
    }
}

// What the events said once holds: the identifiers are compared no second time. False: nobody is
// known under that pseudonym.
bool Meaning::link_as_told(
    sqlite::Transaction& transaction, const std::string& order, const restored::OrderTold& told,
    std::int64_t now_us
) {
    if (told.patient.empty()) return true;
    std::optional<RecordKey> patient, card;
    records_.by_kind("", "patient", [&](const change::StandingRecord& record) {
        const std::string id = identity_.public_id(record.key);
        if (id == told.patient) patient = record.key;
        if (id == told.card) card = record.key;
    });
    // Erased since; his order stays his.
    if (!patient)
        for (auto& key : records_.patients_named())
            if (identity_.public_id(key) == told.patient) patient = std::move(key);
    const auto stands_for = [&](const RecordKey& key) {
        const auto record = records_.find(key);
        const auto body = record ? parse_json(record->body) : Result<Json>(Json::object());
        return body && record &&
               identity_.public_id(merged_into(record->key, *body)) == told.patient;
    };
    if (const auto link = inbox_.link_of(order)) {
        const RecordKey linked{link->source, "patient", link->patient_source_id};
        if (identity_.public_id(linked) == told.patient || stands_for(linked)) return true;
        if (!patient) return false;
        inbox_.unlink(transaction, order);
    }
    const auto& found = card && stands_for(*card) ? card : patient;
    if (found)
        join_order(transaction, {order, found->source, found->source_id, now_us, told.ground});
    return found.has_value();
}

// Of cards, too, what the events said holds. Every source was read by now.
void Meaning::relink_cards(std::int64_t now_us) {
    const auto awaited = restored::cards_awaited(database_);
    if (awaited.empty()) return;
    std::map<std::string, RecordKey> patients;  // by pseudonym
    records_.by_kind("", "patient", [&](const change::StandingRecord& record) {
        patients.emplace(identity_.public_id(record.key), record.key);
    });
    std::set<std::pair<RecordKey, RecordKey>> links;  // what joins, what stays
    std::set<std::pair<std::string, std::string>> streams;
    for (const auto& [record, told] : awaited) streams.emplace(told.source, told.kind);
    for (const auto& [source, kind] : streams)
        records_.by_kind(source, kind, [&](const change::StandingRecord& record) {
            const auto told = awaited.find(identity_.public_id(record.key));
            if (told == awaited.end()) return;
            const auto stays = patients.find(told->second.patient);
            std::string card = JsonView(record.body).find("patient_source_id").string();
            if (stays != patients.end() && stays->second.source != record.key.source)
                links.emplace(
                    RecordKey{record.key.source, "patient", std::move(card)}, stays->second
                );
        });
    sqlite::Transaction transaction(database_);
    for (const auto& [joins, stays] : links)
        if (!links_.of(joins) && records_.find(joins) && person_of(joins) != person_of(stays))
            (void)link_patients(
                transaction, {joins, stays},
                {"restore", now_us, "as it was announced before the store was lost"}
            );
    restored::cards_came(transaction);
    transaction.commit();
}

bool Meaning::is_held(const change::GroupKey& who) const {
    if (held_.empty() || who.kind != change::GroupKind::patient) return false;
    const auto parties = reader_.hanging_together(who.source, who.source_id);
    // A line that came from one who waits would be charged to both.
    const auto has_of_held = [&](const Party& party) {
        if (held_records_.empty()) return false;
        const auto records = records_.standing_of_patient(party.source, party.key);
        return std::any_of(records.begin(), records.end(), [&](const auto& record) {
            return held_records_.contains(record.key.kind + "/" + identity_.public_id(record.key));
        });
    };
    return std::any_of(parties.begin(), parties.end(), [&](const Party& party) {
        auto group = groups_.group_of(party);
        if (!group) group = groups_.group_of_entity(identity_.pseudonym(party.source, party.key));
        return (group && held_.contains(*group)) || has_of_held(party);
    });
}

}  // namespace mis::gateway
