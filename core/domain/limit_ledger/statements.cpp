#include "domain/limit_ledger/statements.hpp"

#include <algorithm>
#include <tuple>

#include "base/ascii.hpp"
#include "domain/body_fields.hpp"
#include "domain/limit_ledger/comment.hpp"

namespace mis::domain {
namespace {

// The digits at `at`, without leading zeros; `at` moves behind them.
std::string_view number_at(std::string_view text, std::size_t& at) {
    while (at < text.size() && text[at] == '0') ++at;
    const std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return text.substr(start, at - start);
}

// D1: the clinic day on which a strong statement without valid_from was first seen; what stood when
// its source was first read through was there always (L0).
Date first_seen(
    const LimitRecord& record, const Announced& before, Announced& after, const Rules& rules
) {
    const std::string key = "limit/" + record.id;
    const auto known = before.first_seen_us.find(key);
    std::int64_t seen_us = 0;
    if (known != before.first_seen_us.end()) {
        seen_us = known->second;
    } else if (const Standing* told = before.find(key)) {  // a log of events alone tells it (I4)
        if (const auto since = BodyFields(told->data).date("since"))
            seen_us = rules.clinic_zone.start_of_day(*since).unix_us;
    } else {
        const auto read = rules.first_read_us.find(record.key.source);
        const bool later = read != rules.first_read_us.end() && record.first_seen_us > read->second;
        if (later) seen_us = record.first_seen_us;
    }
    after.first_seen_us[key] = seen_us;
    return seen_us == 0 ? kAlways : rules.clinic_zone.at(seen_us).local_date();
}

void take_terms(LimitStatement& said, const GrantTerms& terms) {
    said.strength = Strength::exchange;
    said.kind = terms.kind.empty() ? "barter" : terms.kind;
    said.payer_name = terms.payer_name;
    said.overrun_payer = terms.overrun_payer;
    said.granted = terms.amount;
    said.valid_from = terms.valid_from;
    said.valid_to = terms.valid_to;
    said.discounts_allowed = terms.discounts_allowed;
    said.approval_required = terms.approval_required;
}

}  // namespace

bool id_before(std::string_view a, std::string_view b) {
    std::size_t i = 0, j = 0;
    while (i < a.size() && j < b.size()) {
        if (is_digit(a[i]) && is_digit(b[j])) {
            const std::string_view x = number_at(a, i), y = number_at(b, j);
            if (x.size() != y.size()) return x.size() < y.size();
            if (x != y) return x < y;
            continue;
        }
        if (a[i] != b[j])
            return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
        ++i;
        ++j;
    }
    if (i < a.size() || j < b.size()) return j < b.size();
    return a < b;  // 007 and 7
}

std::vector<const InboxFact*> messages_of(const GroupFacts& facts, std::string_view type) {
    std::vector<const InboxFact*> found;
    for (const InboxFact& message : facts.messages) {
        if (message.type == type) found.push_back(&message);
    }
    std::sort(found.begin(), found.end(), [](const InboxFact* a, const InboxFact* b) {
        return std::tie(a->position, a->received_us, a->id) <
               std::tie(b->position, b->received_us, b->id);
    });
    return found;
}

std::vector<LimitStatement> statements_of_rows(
    const TypedFacts& typed, const Announced& before, Announced& after, const Rules& rules
) {
    std::vector<LimitStatement> all;
    for (const LimitRecord& record : typed.limits) {
        LimitStatement said;
        const bool listed = rules.register_sources.contains(record.key.source);
        said.strength = listed ? Strength::partner_register : Strength::mis_policy;
        said.key = record.key;
        said.id = record.id;
        said.patient = record.patient;
        said.kind = record.kind;
        said.policy_number = record.policy_number;
        said.payer_name = record.payer_name;
        said.overrun_payer = record.overrun_payer;
        said.members = record.members;
        said.granted = record.granted;
        said.used = record.used;
        said.valid_from = record.valid_from;
        said.valid_to = record.valid_to;
        said.cancelled_at = record.cancelled_at;
        said.discounts_allowed = record.discounts_allowed;
        said.approval_required = record.approval_required;
        if (!listed && !record.valid_from) said.since = first_seen(record, before, after, rules);
        all.push_back(std::move(said));
    }
    std::sort(all.begin(), all.end(), [](const LimitStatement& a, const LimitStatement& b) {
        if (a.strength != b.strength) return a.strength < b.strength;
        if (a.speaks_from() != b.speaks_from()) return a.speaks_from() < b.speaks_from();
        if (a.key.source != b.key.source) return a.key.source < b.key.source;
        return id_before(a.key.source_id, b.key.source_id);
    });
    return all;
}

LimitStatement statement_of_grant(
    const GrantTerms& terms, const InboxFact& message, std::string id, std::string patient,
    const Rules& rules
) {
    LimitStatement said;
    take_terms(said, terms);
    said.id = std::move(id);
    said.patient = std::move(patient);
    said.granted.minor = 0;  // what it increases comes first (L1)
    said.opened_by_grant = true;
    said.since = said.begins = rules.clinic_zone.at(message.received_us).local_date();
    return said;
}

std::vector<LimitStatement> statements_of_orders(
    const Orders& orders, const GroupFacts& facts, const Rules& rules, const Identity& identity
) {
    std::vector<LimitStatement> all;
    if (orders.all.empty()) return all;
    const auto placed = messages_of(facts, "order.placed");
    const auto grants = messages_of(facts, "limit.granted");
    const auto names = [](const InboxFact* message, const Order& order) {
        return BodyFields(message->body).text("order") == order.id;
    };
    for (const Order& order : orders.all) {
        if (order.patient.empty()) continue;
        LimitStatement said;
        if (order.limit) {
            take_terms(said, *order.limit);
            said.id = limit_id_of_order(identity, order.id);
            said.patient = order.patient;
            const auto message = std::find_if(placed.begin(), placed.end(), [&](const auto* one) {
                return names(one, order);
            });
            if (message != placed.end())
                said.since = rules.clinic_zone.at((*message)->received_us).local_date();
        } else {
            const auto first = std::find_if(grants.begin(), grants.end(), [&](const auto* one) {
                return names(one, order);
            });
            if (first == grants.end()) continue;
            const auto terms = read_grant_terms((*first)->body.view());
            if (!terms) continue;
            said = statement_of_grant(
                *terms, **first, limit_id_of_order(identity, order.id), order.patient, rules
            );
        }
        said.order = order.id;
        said.begins = rules.clinic_zone.date_of(order.placed_at);
        all.push_back(std::move(said));
    }
    return all;
}

std::vector<LimitStatement> statements_of_comments(
    const TypedFacts& typed, const Identity& identity
) {
    std::vector<LimitStatement> all;
    for (const Appointment& visit : typed.appointments) {  // in the order of their starts
        if (visit.comment.empty() || visit.patient.empty()) continue;
        const LimitComment comment = parse_limit_comment(visit.comment);
        if (!comment.limit) continue;
        LimitStatement said;
        said.strength = Strength::comment;
        said.kind = comment.kind.empty() ? "barter" : comment.kind;
        said.id = identity.public_id("comment", "limit", visit.patient + "/" + said.kind);
        said.known_by.push_back(visit.id);
        said.patient = visit.patient;
        said.granted = *comment.limit;
        said.since = said.begins = visit.day;
        all.push_back(std::move(said));
    }
    return all;
}

}  // namespace mis::domain
