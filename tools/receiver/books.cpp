#include "books.hpp"

#include <algorithm>

#include "base/json_fields.hpp"

namespace mis::receiver {
namespace {

constexpr std::size_t kEpochDigits = 6;

std::string short_type(std::string type) {
    if (type.starts_with("mis.")) type.erase(0, 4);
    if (type.ends_with(".v1")) type.erase(type.size() - 3);
    return type;
}

// A thing's id, said alone or with the thing.
std::string identity(const Json& data, const char* name) {
    const auto found = data.find(name);
    if (found == data.end()) return {};
    if (found->is_object()) return text_in(*found, "id");
    return found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t number_in(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? 0 : whole_number(*found).value_or(0);
}

std::string last_word(const std::string& type) { return type.substr(type.rfind('.') + 1); }

void put(Json& into, const char* name, const std::string& text) {
    if (!text.empty()) into[name] = text;
}

}  // namespace

void Books::apply(const Json& event) {
    ++arrived_;
    const std::string type = short_type(text_in(event, "type"));
    note_place(event, type);
    const std::string epoch = text_in(event, "sequence").substr(0, kEpochDigits);
    Fold& of = clinics_[text_in(event, "clinicid")];
    if (epoch < of.epoch) return;
    if (epoch > of.epoch) of = Fold{};
    of.epoch = epoch;
    fold(of, event, type);
}

void Books::note_place(const Json& event, const std::string& type) {
    const std::string clinic = text_in(event, "clinicid");
    const std::string sequence = text_in(event, "sequence");
    const std::string before = text_in(event, "previoussequence");
    Key& key = keys_[{clinic, sequence.substr(0, kEpochDigits), text_in(event, "partitionkey")}];
    Place& place = key.places[std::stoull(sequence.substr(kEpochDigits))];
    (type == "event.withheld" ? place.stub : place.real) = true;
    place.filtered = !before.empty();
    if (before.size() > kEpochDigits)
        if (const auto number = std::stoull(before.substr(kEpochDigits)); number > 0)
            key.named_before.insert(number);
    ChangeSet& set = change_sets_[{clinic, text_in(event, "changeset")}];
    set.size = std::max(set.size, number_in(event, "changesetsize"));
    set.indexes.insert(number_in(event, "changesetindex"));
    set.filtered = set.filtered || !before.empty();
}

void Books::fold(Fold& into, const Json& event, const std::string& type) {
    const Json data = event.value("data", Json::object());
    const auto sum_in = [](const Json& object, const char* name) {
        const Json money = object.value(name, Json::object());
        return Sum{number_in(money, "minor"), text_in(money, "currency")};
    };
    const auto hear = [&](Topic& topic) {
        Heard& heard = topic[text_in(event, "partitionkey")];
        heard.arrived = arrived_;
        heard.said[std::stoull(text_in(event, "sequence").substr(kEpochDigits))] = {type, data};
    };
    if (type == "billing.charge") {
        Charge charge{text_in(data, "order"), text_in(data, "payer"), text_in(data, "payer_party"),
                      text_in(data, "limit"), sum_in(data, "total"),  {}};
        for (const auto& one : data.value("overruns", Json::array()))
            charge.overruns.emplace_back(text_in(one, "limit"), sum_in(one, "total"));
        into.charges[text_in(data, "charge_id")] = std::move(charge);
    } else if (type == "billing.reversal") {
        into.reversed.insert(text_in(data, "charge_id"));
    } else if (type == "billing.payment" || type == "billing.refund") {
        into.payments[text_in(event, "id")] = {text_in(data, "kind"), sum_in(data, "amount")};
    } else if (type == "billing.payment_reversal") {
        into.taken_back.insert(text_in(data, "payment_event"));
    } else if (type == "billing.statement" && data.contains("since_previous") && data.contains("order")) {
        hear(into.statements[{
            text_in(data, "order"), text_in(data, "payer"), text_in(data, "payer_party"),
            sum_in(data, "total").currency}]);
    } else if (type.starts_with("plan.")) {
        hear(into.plans[identity(data, "plan")]);
    } else if (type.starts_with("limit.") && data.contains("granted")) {
        hear(into.limits[identity(data, "limit")]);
    } else if (type.starts_with("order.")) {
        hear(into.orders[text_in(data, "order")]);
    } else if (type.starts_with("feedback.")) {
        hear(into.feedbacks[text_in(data, "feedback")]);
    }
}

std::vector<const Books::Heard*> Books::in_order(const Topic& topic) {
    std::vector<const Heard*> keys;
    for (const auto& [_, heard] : topic) keys.push_back(&heard);
    std::sort(keys.begin(), keys.end(), [](const Heard* a, const Heard* b) {
        return a->arrived < b->arrived;
    });
    return keys;
}

const std::pair<std::string, Json>& Books::newest(const Topic& topic) {
    return in_order(topic).back()->said.rbegin()->second;
}

Json Books::plan_of(const std::string& id, const Topic& topic) {
    Json plan{{"plan", id}, {"state", "open"}, {"items", Json::object()}};
    std::vector<std::string> stages;
    for (const Heard* heard : in_order(topic))
        for (const auto& [_, said] : heard->said) {
            const auto& [type, data] = said;
            if (type == "plan.opened" || type == "plan.changed" || type == "plan.closed") {
                plan["state"] = type == "plan.closed" ? "closed" : "open";
                const Json whole = data.value("plan", Json::object());
                for (const char* name : {"order", "version"})
                    if (whole.contains(name)) plan[name] = whole.at(name);
                // a long plan comes in parts
                for (const auto& item : whole.value("items", Json::array()))
                    if (const auto of = text_in(item, "id"); !plan["items"].contains(of))
                        plan["items"][of] = item.value("state", "planned");
            } else if (type.starts_with("plan.item.")) {
                plan["items"][identity(data, "item")] = data.value("after", last_word(type));
            } else if (type == "plan.stage.reached") {
                stages.push_back(text_in(data, "stage"));
            } else if (type == "plan.stage.withdrawn") {
                const auto reached =
                    std::find(stages.begin(), stages.end(), text_in(data, "stage"));
                if (reached != stages.end()) stages.erase(reached);
            }
        }
    std::sort(stages.begin(), stages.end());
    plan["stages"] = stages;
    return plan;
}

// Granted is what limit events say; consumed is what the charges add up to: shares of the account,
// and what of its lines went beyond it (L2).
Json Books::limit_of(const std::string& id, const Topic& topic, const Fold& fold) {
    const Json granted = newest(topic).second.at("granted");
    const std::string currency = text_in(granted, "currency");
    std::string state = "open";
    for (const Heard* heard : in_order(topic))
        for (const auto& [_, said] : heard->said)
            if (said.first == "limit.opened" || said.first == "limit.granted" ||
                said.first == "limit.closed")
                state = said.first == "limit.closed" ? "closed" : "open";
    std::int64_t inside = 0, beyond = 0;
    for (const auto& [charge_id, charge] : fold.charges) {
        if (fold.reversed.contains(charge_id)) continue;
        if (charge.limit == id && charge.payer == "limit" && charge.total.currency == currency)
            inside += charge.total.minor;
        for (const auto& [limit, sum] : charge.overruns)
            if (limit == id && sum.currency == currency) beyond += sum.minor;
    }
    const std::int64_t all = number_in(granted, "minor");
    const std::int64_t consumed = inside + beyond;
    return {
        {"limit", id},          {"state", state},
        {"currency", currency}, {"granted", all},
        {"consumed", consumed}, {"remaining", std::max<std::int64_t>(0, all - consumed)},
        {"overrun", beyond},
    };
}

// Names a charge that we do not have, or with another sum, or adds up to something else than it
// says.
bool Books::is_disputed(const Json& statement, const Fold& fold) {
    std::int64_t added = 0;
    for (const auto& one : statement.value("charges", Json::array())) {
        const std::int64_t minor = number_in(one.value("total", Json::object()), "minor");
        const auto known = fold.charges.find(text_in(one, "charge_id"));
        if (known == fold.charges.end() || known->second.total.minor != minor) return true;
        added += minor;
    }
    return added != number_in(statement.value("total", Json::object()), "minor");
}

Json Books::summary() const {
    Json charges = Json::array(), limits = Json::array(), plans = Json::array(),
         statements = Json::array(), payments = Json::array();
    Json orders = Json::object(), feedbacks = Json::object();
    std::int64_t disputed = 0, withheld = 0, missing = 0, open = 0;

    using Payers = std::tuple<std::string, std::string, std::string, std::string, std::string>;
    std::map<Payers, std::pair<std::int64_t, std::int64_t>> by_payer;  // sum, count
    std::map<std::pair<std::string, std::string>, std::pair<std::int64_t, std::int64_t>> by_kind;
    std::map<std::string, Json> limits_by_id, plans_by_id;
    for (const auto& [_, clinic] : clinics_) {
        for (const auto& [id, charge] : clinic.charges) {
            if (clinic.reversed.contains(id)) continue;
            auto& sum = by_payer[{
                charge.order, charge.payer, charge.party, charge.limit, charge.total.currency}];
            sum.first += charge.total.minor;
            ++sum.second;
        }
        for (const auto& [id, payment] : clinic.payments) {
            if (clinic.taken_back.contains(id)) continue;
            auto& sum = by_kind[{payment.kind, payment.amount.currency}];
            sum.first += payment.amount.minor;
            ++sum.second;
        }
        for (const auto& [id, topic] : clinic.limits)
            limits_by_id[id] = limit_of(id, topic, clinic);
        for (const auto& [id, topic] : clinic.plans) plans_by_id[id] = plan_of(id, topic);
        for (const auto& [id, topic] : clinic.orders) {
            const std::string word = last_word(newest(topic).first);
            orders[id] = word == "unlinked" ? "waiting" : word;
        }
        for (const auto& [id, topic] : clinic.feedbacks)
            feedbacks[id] = last_word(newest(topic).first);
        for (const auto& [of, topic] : clinic.statements) {
            const Json& said = newest(topic).second;
            if (!said.contains("total")) continue;  // a part of one whose last is still to come
            if (!said.contains("parts") && is_disputed(said, clinic)) ++disputed;
            Json one{
                {"payer", std::get<1>(of)},
                {"currency", std::get<3>(of)},
                {"total", number_in(said.at("total"), "minor")},
                {"due", number_in(said.value("due", Json::object()), "minor")},
            };
            put(one, "order", std::get<0>(of));
            put(one, "payer_party", std::get<2>(of));
            statements.push_back(std::move(one));
        }
    }
    for (const auto& [of, sum] : by_payer) {
        Json one{
            {"payer", std::get<1>(of)},
            {"currency", std::get<4>(of)},
            {"minor", sum.first},
            {"count", sum.second}};
        put(one, "order", std::get<0>(of));
        put(one, "payer_party", std::get<2>(of));
        put(one, "limit", std::get<3>(of));
        charges.push_back(std::move(one));
    }
    for (const auto& [of, sum] : by_kind)
        payments.push_back(
            {{"kind", of.first},
             {"currency", of.second},
             {"minor", sum.first},
             {"count", sum.second}}
        );
    for (auto& [_, one] : limits_by_id) limits.push_back(std::move(one));
    for (auto& [_, one] : plans_by_id) plans.push_back(std::move(one));

    for (const auto& [of, key] : keys_) {
        const auto clinic = clinics_.find(std::get<0>(of));
        const bool counts = clinic != clinics_.end() && clinic->second.epoch == std::get<1>(of);
        std::int64_t last = 0, there = 0;
        for (const auto& [sequence, place] : key.places) {
            if (counts && place.stub && !place.real) ++withheld;
            if (place.filtered) continue;
            last = static_cast<std::int64_t>(sequence);
            ++there;
        }
        missing += last - there;
        for (const auto before : key.named_before) missing += key.places.contains(before) ? 0 : 1;
    }
    for (const auto& [_, set] : change_sets_)
        if (!set.filtered && static_cast<std::int64_t>(set.indexes.size()) < set.size) ++open;
    return {
        {"charges", charges},   {"limits", limits},         {"plans", plans},
        {"orders", orders},     {"statements", statements}, {"disputed", disputed},
        {"payments", payments}, {"feedback", feedbacks},    {"events", arrived_},
        {"missing", missing},   {"open_change_sets", open}, {"withheld", withheld},
    };
}

}  // namespace mis::receiver
