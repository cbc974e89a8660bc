// The exchange's side of Meaning: what of its messages can be taken, and whose group each is for.
#include <algorithm>

#include "domain/billing/statements.hpp"
#include "domain/limit_ledger/account.hpp"
#include "gateway/pipeline/meaning.hpp"

namespace mis::gateway {
namespace {

using domain_store::Party;
using domain_store::PartyKind;

constexpr int kGroupsPerStep = 1000;

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
    if (restored::was_accepted(database_, message) || restored::exchange_awaited(database_) ||
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
        if (!id->empty()) {
            if (const auto group = groups_.group_of_entity(*id))
                groups.push_back(*group);
            else  // only after a restore, when what a message names was not asked for
                restored::await_subject(
                    transaction, static_cast<std::int64_t>(acceptance.position), *id
                );
        }
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
        const auto page = groups_.groups_after(after, kGroupsPerStep);
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
