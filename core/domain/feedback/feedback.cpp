#include "domain/feedback/feedback.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "domain/body_fields.hpp"

namespace mis::domain {
namespace {

bool is_satisfied(const InboxFact& message) {
    return BodyFields(message.body).flag("satisfied").value_or(false);
}

struct History {  // of one feedback: the first of each, and the patient's last word
    const InboxFact *received = nullptr, *answered = nullptr, *word = nullptr;
};

std::map<std::string, History> histories_of(std::span<const InboxFact> messages) {
    std::map<std::string, History> all;
    for (const InboxFact& message : messages) {
        if (!message.type.starts_with("feedback.")) continue;
        History& one = all[BodyFields(message.body).text("feedback")];
        const auto take = [&](const InboxFact*& kept, bool later) {
            if (kept == nullptr || (message.position < kept->position) != later) kept = &message;
        };
        if (message.type == "feedback.received") take(one.received, false);
        if (message.type == "feedback.answered") take(one.answered, false);
        if (message.type == "feedback.resolved") take(one.word, true);
    }
    return all;
}

class FeedbackAnnouncer {
  public:
    explicit FeedbackAnnouncer(Change& change)
        : change_(change),
          counts_(change.facts.feedback_of_clinic.value_or(count_feedback(change.facts.messages))) {
    }

    void announce(const std::string& id, const History& history) {
        order_id_ = history.received == nullptr ? std::string()
                                                : BodyFields(history.received->body).text("order");
        for (const InboxFact* message : {history.received, history.answered, history.word})
            if (message != nullptr) announce(id, history, *message);
    }

  private:
    Change& change_;
    FeedbackCounts counts_;
    std::string order_id_;

    std::string time_of(const InboxFact& message) const {
        return change_.rules.clinic_zone.at(message.received_us).to_string();
    }

    void announce(const std::string& id, const History& history, const InboxFact& message) {
        const Order* order = change_.orders.find(order_id_);
        Permission permission{Export::leaves, "feedback of the exchange"};
        if (order != nullptr) permission = change_.gate.order(*order);
        const bool word = &message == history.word;
        const Standing* told = change_.told(message.type + "/" + id, permission);
        if (told != nullptr &&
            (!word || BodyFields(told->data).flag("satisfied") == is_satisfied(message)))
            return;
        Json data{{"feedback", id}, {"at", time_of(message)}};
        if (!order_id_.empty()) data["order"] = order_id_;
        if (word) data["satisfied"] = is_satisfied(message);
        const Json identity = data;
        if (history.received != nullptr) data["received_at"] = time_of(*history.received);
        if (history.answered != nullptr) data["answered_at"] = time_of(*history.answered);
        if (history.word != nullptr && is_satisfied(*history.word))
            data["resolved_at"] = time_of(*history.word);
        data["counts"] = Json{
            {"received", counts_.received},
            {"answered", counts_.answered},
            {"resolved", counts_.resolved}};
        const Timestamp at = change_.rules.clinic_zone.at(message.received_us);
        Draft& draft = change_.drafts.add(message.type, at, std::move(data), identity);
        draft.entity(id).about("feedback/" + id).at(at, id).with(permission);
        if (order != nullptr && !order->patient.empty()) draft.of_patient(order->patient);
    }
};

}  // namespace

FeedbackCounts count_feedback(std::span<const InboxFact> messages) {
    FeedbackCounts counts;
    for (const auto& [id, history] : histories_of(messages)) {
        if (history.received != nullptr) ++counts.received;
        if (history.answered != nullptr) ++counts.answered;
        if (history.word != nullptr && is_satisfied(*history.word)) ++counts.resolved;
    }
    return counts;
}

void announce_feedback(Change& change) {
    const auto histories = histories_of(change.facts.messages);
    if (histories.empty()) return;
    FeedbackAnnouncer announcer(change);
    for (const auto& [id, history] : histories) announcer.announce(id, history);
}

}  // namespace mis::domain
