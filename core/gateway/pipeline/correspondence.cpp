// The exchange's side of Meaning: messages find their group, orders find their patient
// (P9).
#include <algorithm>
#include <map>
#include <set>

#include "disclosure/audit.hpp"
#include "domain/billing/statements.hpp"
#include "domain/limit_ledger/account.hpp"
#include "domain/persons.hpp"
#include "gateway/pipeline/meaning.hpp"

namespace mis::gateway {
namespace {

using domain_store::Party;
using domain_store::PartyKind;

constexpr int kWaitingPerPage = 500;
constexpr int kAnsweredPerStep = 1000;
constexpr int kMergesMax = 20;

tl::unexpected<Error> unknown_order(const std::string& order) {
    return fail(ErrorKind::rejected, "no order " + order + ": see `mis-gateway order list`");
}

}  // namespace

inbox::Acceptance Meaning::accept(
    sqlite::Transaction& transaction, const Json& message, std::int64_t now_us
) {
    inbox::AcceptOptions options;
    options.now_us = restored::received_us(database_, message, now_us);
    options.zone = settings_.rules.clinic_zone;
    if (settings_.rules.export_mode == domain::ExportMode::all)
        options.consent = inbox::ConsentRule::optional;
    options.knows = [this](inbox::EntityKind kind, std::string_view id) { return knows(kind, id); };
    options.knows_item = [this](std::string_view plan, std::string_view item) {
        return knows_item(plan, item);
    };
    options.refuse_grant = [&](const inbox::InboxMessage& grant) {
        return refuse_grant(grant, now_us);
    };
    options.missing_ground = [&](const inbox::InboxMessage& request) {
        return missing_ground(request, now_us);
    };
    // What comes again after a restore was accepted once; what it names may not be read yet.
    if (restored::was_accepted(database_, message) ||
        !restored::sources_awaited(database_).empty()) {
        options.knows = {};
        options.knows_item = {};
        options.refuse_grant = {};
        options.missing_ground = {};
    }
    auto acceptance = inbox_.accept(transaction, message, options);
    if (acceptance.verdict != inbox::Verdict::accepted) return acceptance;
    attach(transaction, acceptance);
    return acceptance;
}

bool Meaning::knows(inbox::EntityKind kind, std::string_view id) const {
    if (kind == inbox::EntityKind::payer) {
        domain::PayerStatement books({"", std::string(id), "", ""});
        read_books(books);
        return books.knows_party();
    }
    const auto group = groups_.group_of_entity(id);
    if (!group || kind == inbox::EntityKind::patient) return group.has_value();
    const std::string announced = groups_.announced(*group);
    const std::string key =
        (kind == inbox::EntityKind::limit ? "limit/" : "plan/") + std::string(id);
    return !JsonView(announced).find("standing").find(key).absent();
}

bool Meaning::knows_item(std::string_view plan, std::string_view item) const {
    const auto group = groups_.group_of_entity(plan);
    if (!group) return false;
    const std::string announced = groups_.announced(*group);
    const JsonView standing = JsonView(announced).find("standing");
    const std::string id(plan);
    if (!standing.find("item/" + id + "/" + std::string(item)).absent()) return true;
    const auto items =
        standing.find("plan/" + id).find("data").find("plan").find("items").elements();
    return std::any_of(items.begin(), items.end(), [&](const JsonView one) {
        return one.find("id").string() == item;
    });
}

std::optional<inbox::Refusal> Meaning::refuse_grant(
    const inbox::InboxMessage& grant, std::int64_t now_us
) const {
    const auto group =
        !grant.order.empty()
            ? groups_.group_of({PartyKind::order, "", grant.order})
            : groups_.group_of_entity(grant.limit.empty() ? grant.patient : grant.limit);
    if (!group) return std::nullopt;
    std::vector<std::string> announced;
    if (auto text = groups_.announced(*group); !text.empty()) announced.push_back(std::move(text));
    const JsonText body(grant.body);
    auto refused = domain::refuse_grant(
        body.view(), facts_of(*group, now_us), parse_announced(announced), settings_.rules,
        identity_
    );
    if (!refused) return std::nullopt;
    return inbox::Refusal{std::move(refused->code), std::move(refused->reason)};
}

std::string Meaning::missing_ground(const inbox::InboxMessage& request, std::int64_t now_us) const {
    if (!request.payer.empty()) return {};  // what left is added up, nothing more
    const auto group = request.order.empty()
                           ? groups_.group_of_entity(request.limit)
                           : groups_.group_of({PartyKind::order, "", request.order});
    if (!group) return {};
    std::vector<std::string> announced;
    if (auto text = groups_.announced(*group); !text.empty()) announced.push_back(std::move(text));
    return domain::missing_ground(
        facts_of(*group, now_us), parse_announced(announced), settings_.rules, identity_,
        request.order, request.limit
    );
}

// Only groups that name the payer are taken apart: the others cost the reading of a text.
void Meaning::read_books(domain::PayerStatement& books) const {
    const std::string named = "\"payer_party\":" + json_string(books.party()),
                      booked = "\"party\":" + json_string(books.party());
    std::int64_t after = 0;
    for (;;) {
        const auto page = groups_.groups_after(after, domain_store::GroupStore::kPerPage);
        if (page.empty()) return;
        for (const auto group : page) {
            after = group;
            const std::string text = groups_.announced(group);
            if (text.find(named) == std::string::npos && text.find(booked) == std::string::npos)
                continue;
            books.add(parse_announced({text}));
        }
    }
}

// B4: answered once, also after a restore that lost what was answered but knows the events.
void Meaning::answer_payer_request(Writing& writing, std::int64_t group) {
    domain::Announced announced;
    if (const std::string text = groups_.announced(group); !text.empty())
        announced = parse_announced({text});
    for (const auto position : groups_.messages(group)) {
        const auto message = inbox_.message(static_cast<std::uint64_t>(position));
        if (!announced.first_seen_us.emplace("request/" + message.id, message.received_us).second)
            continue;
        const JsonMembers body(message.body.view());
        domain::PayerStatement books(
            {message.id, body.find("payer").string(), body.find("from").string(),
             body.find("to").string()}
        );
        read_books(books);
        const auto events = books.events(identity_, settings_.rules.clinic_zone.at(writing.now_us));
        const auto& first = events.front();
        const Concerned::Accounts none;
        Concerned concerned(none, {});
        concerned.patient_of_charge = books.patient_of_charge();
        if (writing.appender.next_n(first.entity_id, first.type, first.identity) == 0)
            append(writing, events, concerned);
    }
    domain_store::GroupStore::State state;
    state.announced = announced.to_text();
    groups_.save(writing.transaction, group, state);
    ++writing.report.groups;
}

void Meaning::attach(sqlite::Transaction& transaction, const inbox::Acceptance& acceptance) {
    const std::string& order = acceptance.order;
    std::vector<std::int64_t> groups;
    if (!order.empty()) {
        const std::vector<Party> party{{PartyKind::order, "", order}};
        adopt_restored(transaction, party);
        groups.push_back(groups_.join(transaction, party).group);
    }
    for (const std::string* id : {&acceptance.limit, &acceptance.plan, &acceptance.patient})
        if (!id->empty())
            if (const auto group = groups_.group_of_entity(*id)) groups.push_back(*group);
    if (!acceptance.payer.empty())
        groups.push_back(
            groups_
                .join(transaction, std::vector<Party>{{PartyKind::request, "", acceptance.message}})
                .group
        );
    for (const auto group : groups) {
        groups_.attach_message(transaction, group, static_cast<std::int64_t>(acceptance.position));
        groups_.make_due(transaction, group);
    }
}

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

void Meaning::join_owners(sqlite::Transaction& transaction) {
    // Everybody first: what was told of him would be taken back where he is not asked.
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
        if (std::ssize(page) < kPage) break;
    }
    for (const char* kind : {"limit", "plan"}) {
        std::vector<std::pair<Party, std::string>> owners;
        records_.by_kind("", kind, [&](const change::StandingRecord& record) {
            std::string patient = JsonView(record.body).find("patient_source_id").string();
            owners.push_back(
                {{PartyKind::patient, record.key.source, std::move(patient)},
                 identity_.public_id(record.key)}
            );
        });
        for (const auto& [owner, id] : owners) {
            const auto group = groups_.group_of_entity(id);
            if (!group) continue;
            adopt_restored(transaction, {owner});
            const auto of_owner = groups_.group_of(owner);
            if (!of_owner) groups_.adopt(transaction, owner, *group);
            if (!of_owner || *of_owner == *group) continue;
            const auto joined = groups_.join_groups(transaction, {*of_owner, *group});
            domain_store::GroupStore::State state;
            state.announced = merge_announced(joined.announced);
            groups_.save(transaction, joined.group, state);
            groups_.make_due(transaction, joined.group);
        }
    }
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
            for (const std::string_view kind : {"appointment/", "procedure/", "payment/"})
                if (member.name.starts_with(kind)) held_records_.emplace(member.name);
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

void Meaning::join_order(sqlite::Transaction& transaction, const domain::OrderLink& link) {
    inbox_.link(transaction, link);
    auto parties = reader_.hanging_together(link.source, link.patient_source_id);
    adopt_restored(transaction, parties);
    parties.push_back({PartyKind::order, "", link.order});
    const auto joined = groups_.join(transaction, parties);
    if (joined.announced.size() > 1) {  // two histories become one
        domain_store::GroupStore::State state;
        state.announced = merge_announced(joined.announced);
        groups_.save(transaction, joined.group, state);
    }
    groups_.make_due(transaction, joined.group);
}

void Meaning::link_waiting_orders(std::int64_t now_us) {
    std::string after;
    for (;;) {
        const auto page = inbox_.waiting_orders(after, kWaitingPerPage);
        for (const auto& waiting : page) {
            after = waiting.order;
            if (waiting.identity.is_empty()) continue;  // only an operator can link it
            const auto found = candidates(waiting.identity);
            if (found.size() == 1 && inbox_.is_cancelled(waiting.order))
                continue;  // its patient is nobody's business any more
            sqlite::Transaction transaction(database_);
            if (found.size() == 1) {
                join_order(
                    transaction, {waiting.order, found[0].source, found[0].source_id, now_us,
                                  waiting.identity.ground()}
                );
            } else if (found.size() != waiting.candidates) {
                inbox_.set_candidates(
                    transaction, waiting.order, static_cast<std::uint32_t>(found.size())
                );
                if (const auto group = groups_.group_of({PartyKind::order, "", waiting.order}))
                    groups_.make_due(transaction, *group);
            } else {
                continue;  // nothing new: nothing is written
            }
            transaction.commit();
        }
        if (std::ssize(page) < kWaitingPerPage) return;
    }
}

std::vector<RecordKey> Meaning::candidates(const inbox::OrderIdentity& identity) const {
    const auto by_index =
        identity.phone_last_ten
            ? records_.patients_by_phone(*identity.phone_last_ten)
            : records_.patients_by_last_name(
                  identity.folded_last_name.value_or(""), identity.birth_date.value_or("")
              );
    std::vector<RecordKey> found;
    for (const auto& match : by_index) {
        const auto record = records_.find({match.source, "patient", match.patient_source_id});
        if (!record) continue;
        const auto body = parse_json(record->body);
        if (!body || !inbox::matches(identity, *body)) continue;
        // Two cards of one patient are one candidate, in whatever sources.
        const RecordKey key = person_of(merged_into(record->key, *body));
        if (std::find(found.begin(), found.end(), key) == found.end()) found.push_back(key);
    }
    return found;
}

RecordKey Meaning::merged_into(const RecordKey& patient, const Json& body) const {
    RecordKey at = patient;
    Json card = body;
    for (int hop = 0; hop < kMergesMax; ++hop) {
        const std::string into = card.contains("merged_into") && card["merged_into"].is_string()
                                     ? card["merged_into"].get<std::string>()
                                     : "";
        if (into.empty()) return at;
        const auto next = records_.find({at.source, "patient", into});
        if (!next) return at;
        auto parsed = parse_json(next->body);
        if (!parsed) return at;
        at = next->key;
        card = std::move(*parsed);
    }
    return patient;  // merged in a circle: nobody was merged
}

// Told as the domain tells it, so that an order is linked to him whom his lines are told of.
RecordKey Meaning::person_of(const RecordKey& card) const {
    if (links_.count() == 0) return card;
    domain::Persons persons;
    std::vector<domain::Persons::Link> links;
    std::map<std::string, RecordKey> cards;  // by pseudonym
    const auto name = [&](const RecordKey& key) {
        return cards.emplace(identity_.public_id(key), key).first->first;
    };
    for (const Party& party : reader_.hanging_together(card.source, card.source_id)) {
        const RecordKey key{party.source, "patient", party.key};
        if (auto link = links_.of(key)) links.emplace_back(name(link->joins), name(link->stays));
        const auto record = records_.find(key);
        if (!record) continue;
        std::string into = JsonView(record->body).find("merged_into").string();
        if (!into.empty()) persons.merge(name(key), name({key.source, "patient", std::move(into)}));
    }
    persons.link(std::move(links));
    const auto person = cards.find(persons.of(identity_.public_id(card)));
    return person == cards.end() ? card : person->second;
}

Result<void> Meaning::link_patients(
    sqlite::Transaction& transaction, const domain::PatientLink& link, const Confirmed& by
) {
    const auto text = [](const RecordKey& key) { return key.source + "/" + key.source_id; };
    const auto refuse = [](std::string why) { return fail(ErrorKind::rejected, std::move(why)); };
    const std::string both = text(link.joins) + " and " + text(link.stays);
    if (link.joins.source == link.stays.source)
        return refuse(both + " are two cards of one source: merge them there, the gateway follows");
    for (const RecordKey* card : {&link.joins, &link.stays})
        if (!records_.find(*card))
            return refuse(
                "source " + card->source + " has no patient " + card->source_id +
                ": give the source's name and the patient's id in that MIS, as SOURCE/ID; a card "
                "that was entered just now is known after the next pass"
            );
    if (const auto known = links_.of(link.joins)) {
        if (known->stays == link.stays) return refuse(both + " are linked already");
        return refuse(
            text(link.joins) + " is linked to " + text(known->stays) +
            " already: if that was wrong, `mis-gateway patient unlink " + text(link.joins) +
            "` first"
        );
    }
    if (person_of(link.stays) == person_of(link.joins))
        return refuse(
            both + " are one person already, known as " + text(person_of(link.stays)) +
            ": see `mis-gateway patient list`"
        );
    links_.link(transaction, {link.joins, link.stays, by.now_us, by.who});
    links_changed(transaction, link, "patient_linked", by);
    return {};
}

Result<void> Meaning::unlink_patient(
    sqlite::Transaction& transaction, const RecordKey& joins, const Confirmed& by
) {
    const auto link = links_.of(joins);
    if (!link)
        return fail(
            ErrorKind::rejected,
            joins.source + "/" + joins.source_id +
                " is linked to nobody: name the card that joined, as `mis-gateway patient list` "
                "shows it"
        );
    links_.unlink(transaction, joins, by.now_us, by.who);
    links_changed(transaction, {link->joins, link->stays}, "patient_unlinked", by);
    return {};
}

void Meaning::links_changed(
    sqlite::Transaction& transaction, const domain::PatientLink& link, const std::string& action,
    const Confirmed& by
) {
    disclosure::AuditEntry entry;
    entry.at_us = by.now_us;
    entry.action = action;
    entry.who = by.who;
    entry.ground = by.ground;
    entry.subject = identity_.public_id(link.joins) + " " + identity_.public_id(link.stays);
    disclosure::Audit::append(transaction, entry);
    for (const RecordKey* card : {&link.joins, &link.stays})
        records_.mark_pending(
            transaction, {change::GroupKind::patient, card->source, card->source_id}
        );
}

Result<void> Meaning::link_order(sqlite::Transaction& transaction, const domain::OrderLink& link) {
    if (!inbox_.knows_order(link.order)) return unknown_order(link.order);
    if (!records_.find({link.source, "patient", link.patient_source_id}))
        return fail(
            ErrorKind::rejected, "source " + link.source +
                                     " has no patient with this id: give the patient's id in the "
                                     "MIS; `mis-gateway plan " +
                                     link.order + "` names those who match"
        );
    if (inbox_.link_of(link.order))
        return fail(
            ErrorKind::rejected, "order " + link.order + " is linked already: `order unlink` first"
        );
    join_order(transaction, link);
    return {};
}

Result<void> Meaning::unlink_order(sqlite::Transaction& transaction, const std::string& order) {
    if (!inbox_.knows_order(order)) return unknown_order(order);
    if (!inbox_.link_of(order))
        return fail(
            ErrorKind::rejected, "order " + order + " is not linked: see `mis-gateway order list`"
        );
    inbox_.unlink(transaction, order);
    if (const auto group = groups_.group_of({PartyKind::order, "", order}))
        groups_.make_due(transaction, *group);
    return {};
}

Result<void> Meaning::answer_mapping_hold(
    sqlite::Transaction& transaction, const std::string& source, const std::string& stream,
    change::RecordStore::Answer answer, std::int64_t now_us
) {
    const auto counts = records_.counts();
    const auto held = std::find_if(counts.begin(), counts.end(), [&](const auto& count) {
        return count.source == source && count.stream == stream && count.held_by_mapping > 0;
    });
    if (held == counts.end())
        return fail(
            ErrorKind::rejected,
            "no mapping change waits at " + source + " " + stream + ": see `mis-gateway hold list`"
        );
    outbox::Outbox::Appender appender(outbox_, transaction);
    MeaningReport report;
    Writing writing{transaction, appender, now_us, report};
    for (;;) {
        const auto answered = records_.answer_mapping_hold(
            transaction, {source, stream, held->kind}, answer, now_us, kAnsweredPerStep
        );
        if (answered.records == 0) break;
        if (answer == change::RecordStore::Answer::send) continue;  // their groups are pending now
        std::set<Party> covered;
        for (const auto& who : answered.groups) {
            if (who.kind != change::GroupKind::patient)
                continue;  // free times are announced as they are, they cost nobody anything
            if (covered.contains({PartyKind::patient, who.source, who.source_id})) continue;
            const auto parties = reader_.hanging_together(who.source, who.source_id);
            covered.insert(parties.begin(), parties.end());
            work_out_patients(writing, groups_.join(transaction, parties), &who, Sending::baseline);
        }
    }
    appender.finish();
    return {};
}

std::vector<Meaning::HeldChange> Meaning::preview_mapping_hold(
    sqlite::Transaction& transaction, const std::string& source, const std::string& stream,
    std::int64_t now_us, int records_max
) {
    std::map<std::string, HeldChange> changes;
    const auto add = [&](const domain::Standing& standing, std::int64_t HeldChange::*count,
                         std::optional<Money> HeldChange::*sum) {
        HeldChange& change = changes[standing.type];
        const bool is_first = change.*count == 0;
        ++(change.*count);
        auto total = standing.data.view().find("total").money();
        if (!total) total = standing.data.view().find("amount").money();
        if (is_first)
            change.*sum = total;
        else if (total && change.*sum && (change.*sum)->currency == total->currency)
            (change.*sum)->minor += total->minor;
        else
            (change.*sum).reset();
    };
    const auto counts = records_.counts();
    for (const auto& held : counts) {
        if (held.source != source || held.stream != stream || held.held_by_mapping == 0) continue;
        outbox::Outbox::Appender appender(outbox_, transaction);
        const auto answered = records_.answer_mapping_hold(
            transaction, {source, stream, held.kind}, change::RecordStore::Answer::baseline, now_us,
            records_max
        );
        MeaningReport report;
        Writing writing{transaction, appender, now_us, report};
        std::set<Party> covered;
        for (const auto& who : answered.groups) {
            if (who.kind != change::GroupKind::patient) continue;
            if (covered.contains({PartyKind::patient, who.source, who.source_id})) continue;
            const auto parties = reader_.hanging_together(who.source, who.source_id);
            covered.insert(parties.begin(), parties.end());
            const auto joined = groups_.join(transaction, parties);
            const domain::Announced before = parse_announced(joined.announced);
            std::vector<std::string> texts;
            for (const auto group : work_out_patients(writing, joined, &who, Sending::baseline))
                texts.push_back(groups_.announced(group));
            const domain::Announced after = parse_announced(texts);
            for (const auto& [key, standing] : before.standing) {
                if (standing.leaves != domain::Export::leaves) continue;
                add(standing, &HeldChange::before, &HeldChange::total_before);
                if (after.find(key) == nullptr) ++changes[standing.type].changed;
            }
            for (const auto& [key, standing] : after.standing) {
                if (standing.leaves != domain::Export::leaves) continue;
                add(standing, &HeldChange::after, &HeldChange::total_after);
                const auto* was = before.find(key);
                if (was == nullptr || was->data.text() != standing.data.text())
                    ++changes[standing.type].changed;
            }
        }
        appender.finish();
    }
    std::vector<HeldChange> list;
    for (auto& [type, change] : changes) {
        if (change.changed == 0) continue;
        change.type = type;
        list.push_back(change);
    }
    return list;
}

void Meaning::map_code(
    sqlite::Transaction& transaction, const std::string& service_code,
    const std::string& nomenclature
) {
    codes_.set(transaction, service_code, nomenclature);
    make_all_due(transaction);
}

void Meaning::make_all_due(sqlite::Transaction& transaction) {
    std::int64_t after =
        0;  // any group may use the code; an evaluation that changes nothing announces nothing
    for (;;) {
        const auto page = groups_.groups_after(after, kAnsweredPerStep);
        if (page.empty()) return;
        for (const auto group : page) groups_.make_due(transaction, group);
        after = page.back();
    }
}

Result<void> Meaning::answer_feedback(
    sqlite::Transaction& transaction, const std::string& feedback, const std::string& text,
    std::int64_t now_us
) {
    if (text.empty()) return fail(ErrorKind::rejected, "the answer is empty");
    const auto message = inbox_.answer(transaction, {feedback, text}, now_us);
    if (!message)
        return fail(
            ErrorKind::rejected, "no feedback " + feedback + ": see `mis-gateway feedback list`"
        );
    const std::string order = inbox_.order_of_feedback(feedback).value_or("");
    const auto joined =
        groups_.join(transaction, std::vector<Party>{{PartyKind::order, "", order}});
    groups_.attach_message(transaction, joined.group, static_cast<std::int64_t>(message->position));
    groups_.make_due(transaction, joined.group);
    return {};
}

}  // namespace mis::gateway
