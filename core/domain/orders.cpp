#include "domain/orders.hpp"

#include <algorithm>
#include <tuple>

#include "domain/body_fields.hpp"

namespace mis::domain {
namespace {

std::vector<const InboxFact*> in_acceptance_order(const std::vector<InboxFact>& messages) {
    std::vector<const InboxFact*> sorted;
    for (const InboxFact& message : messages) sorted.push_back(&message);
    std::sort(sorted.begin(), sorted.end(), [](const InboxFact* a, const InboxFact* b) {
        return std::tie(a->position, a->received_us, a->id) <
               std::tie(b->position, b->received_us, b->id);
    });
    return sorted;
}

std::vector<OrderItem> read_items(const BodyFields& body, const Rules& rules) {
    std::vector<OrderItem> items;
    int position = 0;
    for (const JsonView one : body.find("items").elements()) {
        const BodyFields fields(one);
        OrderItem item;
        item.id = fields.text("id");
        item.stage = fields.integer("stage").value_or(1);
        item.position = position++;
        item.work = read_work(fields.text("service_code"), fields.text("nomenclature"), rules);
        item.teeth = fields.texts("teeth");
        item.quantity = fields.decimal("quantity").value_or(Decimal(1, 0));
        item.total = fields.money("total");
        items.push_back(std::move(item));
    }
    return items;
}

void amend(Order& order, std::vector<OrderItem> items, Timestamp received) {
    std::vector<OrderItem> merged = std::move(items);
    for (OrderItem& old : order.items) {
        const bool kept = std::any_of(merged.begin(), merged.end(), [&](const auto& i) {
            return i.id == old.id;
        });
        if (kept) continue;
        if (!old.void_at) {
            old.void_at = received;
            old.void_reason = "declined";
        }
        merged.push_back(std::move(old));
    }
    order.items = std::move(merged);
}

void cancel(Order& order, const std::string& reason, Timestamp received) {
    if (order.cancelled_at) return;
    order.cancelled_at = received;
    order.cancel_reason = reason;
    for (OrderItem& item : order.items) {
        if (item.void_at) continue;
        item.void_at = received;
        item.void_reason = kVoidByCancellation;
    }
}

}  // namespace

const Order* Orders::find(std::string_view id) const {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Order& order) { return order.id == id; });
    return found == all.end() ? nullptr : &*found;
}

std::string plan_id_of_order(const Identity& identity, std::string_view order) {
    return identity.public_id("exchange", "plan", order);
}

std::string limit_id_of_order(const Identity& identity, std::string_view order) {
    return identity.public_id("exchange", "limit", order);
}

std::optional<GrantTerms> read_grant_terms(JsonView terms) {
    if (!terms.is_object()) return std::nullopt;
    const BodyFields fields(terms);
    const auto amount = fields.money("amount");
    if (!amount) return std::nullopt;
    GrantTerms grant;
    grant.amount = *amount;
    grant.payer_name = fields.text("payer");
    for (const char* role : {"patient", "limit", "organization", "insurer", "clinic"}) {
        if (grant.payer_name == role) grant.payer_name.clear();  // a role is no name
    }
    if (grant.payer_name.empty()) grant.payer_name = fields.text("payer_name");
    grant.kind = fields.text("kind");
    grant.overrun_payer = fields.text("overrun_payer");
    grant.discounts_allowed = fields.flag("discounts_allowed");
    grant.approval_required = fields.flag("approval_required");
    grant.valid_from = fields.date("valid_from");
    grant.valid_to = fields.date("valid_to");
    return grant;
}

Orders read_orders(
    const GroupFacts& facts, const TypedFacts& typed, const Rules& rules, const Identity& identity
) {
    Orders orders;
    std::map<std::string, std::uint64_t> consent_position;
    const auto find = [&](const std::string& id) {
        return std::find_if(orders.all.begin(), orders.all.end(), [&](const Order& o) {
            return o.id == id;
        });
    };
    for (const auto& [own, patient] : typed.patients)
        if (patient.merged) orders.merged.emplace(own, patient.pseudonym);
    const auto sorted = in_acceptance_order(facts.messages);
    for (const InboxFact* message : sorted) {
        const BodyFields fields(message->body);
        const std::string id = fields.text("order");
        const Timestamp received = rules.clinic_zone.at(message->received_us);
        if (message->type == "order.placed") {
            if (find(id) != orders.all.end()) continue;
            Order order;
            order.id = id;
            order.plan_id = plan_id_of_order(identity, id);
            order.placed_at = received;
            if (const auto placed = fields.time("placed_at"))
                order.placed_at = rules.clinic_zone.of(*placed);
            order.exports_from = rules.clinic_zone.date_of(order.placed_at);
            order.position = message->position;
            order.items = read_items(fields, rules);
            order.limit = read_grant_terms(fields.find("limit"));
            if (const JsonView consent = fields.find("consent"); consent.is_object()) {
                order.consented = true;
                if (const auto given = BodyFields(consent).time("given_at"))
                    order.exports_from =
                        std::max(order.exports_from, rules.clinic_zone.of(*given).local_date());
                order.ground = consent.find("ground").string();
            }
            order.exports_from = std::max(
                order.exports_from,
                received.local_date().plus_days(-rules.export_days_before_receipt)
            );
            orders.all.push_back(std::move(order));
            consent_position[id] = message->position;
        } else if (message->type == "order.amended" && find(id) != orders.all.end()) {
            if (find(id)->cancelled_at) continue;
            amend(*find(id), read_items(fields, rules), received);
            find(id)->amended_by = message->id;
        } else if (message->type == "order.cancelled" && find(id) != orders.all.end()) {
            const std::string reason = fields.text("reason");
            if (find(id)->cancelled_by.empty()) find(id)->cancelled_by = message->id;
            cancel(*find(id), reason.empty() ? "cancelled" : reason, received);
        }
    }
    for (const OrderLink& link : facts.links) {
        const auto order = find(link.order);
        if (order == orders.all.end()) continue;
        const std::string own = identity.pseudonym(link.source, link.patient_source_id);
        const auto patient = typed.patients.find(own);
        order->patient = patient == typed.patients.end() ? own : patient->second.pseudonym;
        order->link_ground = link.ground;
    }
    for (const OrderWait& wait : facts.waits) {
        const auto order = find(wait.order);
        if (order != orders.all.end()) order->candidates = wait.candidates;
    }
    for (const InboxFact* message : sorted) {
        if (message->type != "consent.withdrawn") continue;
        const BodyFields fields(message->body);
        const std::string named_order = fields.text("order");
        std::string patient = fields.text("patient");
        if (const auto known = typed.patients.find(patient); known != typed.patients.end()) {
            patient = known->second.pseudonym;
        }
        for (Order& order : orders.all) {
            const bool named =
                named_order.empty() ? order.patient == patient : order.id == named_order;
            if (!named || consent_position[order.id] > message->position) continue;
            order.consented = false;
            if (patient.empty()) patient = order.patient;
        }
        if (patient.empty()) continue;
        orders.withdrawn[patient] = Withdrawal{message->id, message->position};
        const bool goes_on =
            std::any_of(orders.all.begin(), orders.all.end(), [&](const Order& order) {
                return order.patient == patient && order.consented &&
                       consent_position[order.id] < message->position;
            });
        if (!goes_on) orders.resumed.insert(patient);  // if anything is exported ever again
    }
    for (auto at = orders.withdrawn.begin();
         at != orders.withdrawn.end();) {  // another order's own consent keeps it up (X2)
        const bool consented =
            std::any_of(orders.all.begin(), orders.all.end(), [&](const Order& order) {
                return order.patient == at->first && order.consented;
            });
        at = consented ? orders.withdrawn.erase(at) : std::next(at);
    }
    std::stable_sort(orders.all.begin(), orders.all.end(), [](const Order& a, const Order& b) {
        return std::tie(a.placed_at.unix_us, a.position) <
               std::tie(b.placed_at.unix_us, b.position);
    });
    return orders;
}

}  // namespace mis::domain
