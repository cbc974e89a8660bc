#include "domain/feedback/feedback.hpp"

#include <algorithm>
#include <set>

#include "domain/body_fields.hpp"

namespace mis::domain {
namespace {

bool is_satisfied(const InboxFact& message) {
    return BodyFields(message.body).flag("satisfied").value_or(false);
}

}  // namespace

FeedbackCounts count_feedback(std::span<const InboxFact> messages) {
    std::set<std::string> received, answered, resolved;
    for (const InboxFact& message : messages) {
        const std::string id = BodyFields(message.body).text("feedback");
        if (message.type == "feedback.received") received.insert(id);
        if (message.type == "feedback.answered") answered.insert(id);
        if (message.type == "feedback.resolved" && is_satisfied(message)) resolved.insert(id);
    }
    return FeedbackCounts{
        static_cast<std::int64_t>(received.size()), static_cast<std::int64_t>(answered.size()),
        static_cast<std::int64_t>(resolved.size())};
}

void announce_feedback(Change& change) {
    const FeedbackCounts counts = count_feedback(change.facts.messages);
    std::map<std::string, std::string> orders;
    for (const InboxFact& message : change.facts.messages) {
        const BodyFields fields(message.body);
        if (message.type == "feedback.received")
            orders[fields.text("feedback")] = fields.text("order");
    }
    std::set<std::string> done;
    for (const InboxFact& message : change.facts.messages) {
        if (message.type.rfind("feedback.", 0) != 0) continue;
        const std::string id = BodyFields(message.body).text("feedback");
        const std::string order_id = orders[id];
        const Order* order = change.orders.find(order_id);
        Permission permission{Export::leaves, "feedback of the exchange"};
        if (order != nullptr) permission = change.gate.order(*order);
        if (change.told(message.type + "/" + id, permission) != nullptr) continue;
        if (!done.insert(message.type + "/" + id).second) continue;
        const Timestamp at = change.rules.clinic_zone.at(message.received_us);
        Json data{{"feedback", id}, {"at", at.to_string()}};
        if (!order_id.empty()) data["order"] = order_id;
        if (message.type == "feedback.resolved") data["satisfied"] = is_satisfied(message);
        const Json identity = data;
        data["counts"] = Json{
            {"received", counts.received},
            {"answered", counts.answered},
            {"resolved", counts.resolved}};
        Draft& draft = change.drafts.add(message.type, at, std::move(data), identity);
        draft.entity(id).about("feedback/" + id).at(at, id).with(permission);
        if (order != nullptr && !order->patient.empty()) draft.of_patient(order->patient);
    }
}

}  // namespace mis::domain
