// Who is who, for Meaning: orders find their patient (P9), cards are one person's by the clinic's
// word (P11).
#include <algorithm>
#include <map>

#include "disclosure/decision.hpp"
#include "domain/persons.hpp"
#include "gateway/pipeline/meaning.hpp"

namespace mis::gateway {
namespace {

using domain_store::Party;
using domain_store::PartyKind;

constexpr int kWaitingPerPage = 500;
constexpr int kMergesMax = 20;

tl::unexpected<Error> unknown_order(const std::string& order) {
    return fail(ErrorKind::rejected, "no order " + order + ": see `mis-gateway order list`");
}

}  // namespace

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
    links_changed(transaction, link, "patient_link", by);
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
    links_changed(transaction, {link->joins, link->stays}, "patient_unlink", by);
    return {};
}

void Meaning::links_changed(
    sqlite::Transaction& transaction, const domain::PatientLink& link, const std::string& what,
    const Confirmed& by
) {
    const std::string joins = identity_.public_id(link.joins),
                      stays = identity_.public_id(link.stays);
    const bool linked = what == "patient_link";
    const Json apart{{"known_as", joins}}, together{{"known_as", stays}};
    disclosure::record_decision(
        transaction,
        {what, "patient " + joins, linked ? apart : together, linked ? together : apart}, by.who,
        by.ground, by.now_us
    );
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

}  // namespace mis::gateway
