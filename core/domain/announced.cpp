#include "domain/announced.hpp"

#include <algorithm>

#include "domain/body_fields.hpp"

namespace mis::domain {
namespace {

bool starts_with(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

std::string id_in(const Json& data, const char* name) {  // "limit": "ID" or "plan": {"id": "ID"}
    const auto found = data.find(name);
    if (found == data.end()) return {};
    if (found->is_object()) return BodyFields(*found).text("id");
    return BodyFields(data).text(name);
}

std::string money_text(const Json& data, const char* name) {
    const auto sum = BodyFields(data).money(name);
    return sum ? sum->to_string() : data.value(name, Json()).dump();
}

void erase_prefix(std::map<std::string, Standing>& standing, const std::string& prefix) {
    auto at = standing.lower_bound(prefix);
    while (at != standing.end() && starts_with(at->first, prefix)) at = standing.erase(at);
}

void book(Announced& announced, const Event& event, const std::string& charge_id) {
    const BodyFields fields(event.data);
    const auto total = fields.money("total");
    if (!total) return;
    LedgerEntry entry;
    entry.charge_id = charge_id;
    entry.booked_on = fields.text("booked_on");
    entry.total = *total;
    entry.leaves = event.leaves;
    if (event.type == "billing.charge") {
        entry.order = fields.text("order");
        entry.limit = fields.text("limit");
        entry.payer = fields.text("payer");
    } else {
        const auto charged =
            std::find_if(announced.ledger.rbegin(), announced.ledger.rend(), [&](const auto& e) {
                return e.charge_id == charge_id && e.leaves == event.leaves;
            });
        if (charged == announced.ledger.rend()) return;  // a payment taken back
        entry.order = charged->order;
        entry.limit = charged->limit;
        entry.payer = charged->payer;
        entry.total = -entry.total;
    }
    announced.ledger.push_back(std::move(entry));
}

// Transfers and write-offs move no money in.
void book_receipt(Announced& announced, const Event& event) {
    const BodyFields fields(event.data);
    const auto amount = fields.money("amount");
    const std::string kind = fields.text("kind");
    if (!amount || (kind != "payment" && kind != "prepayment" && kind != "refund")) return;
    LedgerEntry entry;
    entry.charge_id = event.id;
    entry.booked_on = fields.text("booked_on");
    entry.payer = fields.text("payer");
    entry.patient = fields.text("patient");
    entry.total = kind == "refund" && amount->minor > 0 ? -*amount : *amount;
    entry.leaves = event.leaves;
    announced.receipts.push_back(std::move(entry));
}

void take_receipt_back(Announced& announced, const Event& event, const std::string& id) {
    const auto booked =
        std::find_if(announced.receipts.rbegin(), announced.receipts.rend(), [&](const auto& e) {
            return e.charge_id == id && e.leaves == event.leaves;
        });
    if (booked == announced.receipts.rend()) return;
    LedgerEntry entry = *booked;
    entry.booked_on = BodyFields(event.data).text("booked_on");
    entry.total = -entry.total;
    announced.receipts.push_back(std::move(entry));
}

void stand(Announced& announced, const Event& event, const std::string& key) {
    announced.standing[key] = Standing{event.id, event.type, event.leaves, event.data};
}

void reverse(Announced& announced, const Event& event) {
    const std::string charge_id = BodyFields(event.data).text("charge_id");
    for (auto at = announced.standing.begin(); at != announced.standing.end(); ++at) {
        const bool billed = starts_with(at->first, "charge/") || starts_with(at->first, "payment/");
        if (billed && at->second.event_id == charge_id && at->second.leaves == event.leaves) {
            announced.standing.erase(at);
            break;
        }
    }
    book(announced, event, charge_id);
    take_receipt_back(announced, event, charge_id);
}

void apply_to_plan(Announced& announced, const Event& event, const std::string& key) {
    Standing& plan = announced.standing[key];
    Json kept = plan.data.is_object() ? plan.data : Json::object();
    const bool was_closed = kept.value("closed", false);
    const bool closed = event.type == "plan.closed" ||
                        (event.type == "plan.changed" && was_closed);  // a merge reopens nothing
    if (event.data.contains("plan") && event.data["plan"].is_object() &&
        event.data["plan"].contains("items")) {
        if (event.data.value("part", 1) > 1 &&
            kept.contains("plan")) {  // a long plan comes in parts
            for (const Json& item : event.data["plan"]["items"])
                kept["plan"]["items"].push_back(item);
        } else {
            kept["plan"] = event.data["plan"];
        }
    }
    if (event.data.contains("patient")) kept["patient"] = event.data["patient"];
    kept["closed"] = closed;
    if (event.data.contains("reason")) kept["reason"] = event.data["reason"];
    if (event.type == "plan.opened") {
        const std::string order =
            event.data.contains("plan") ? event.data["plan"].value("order", "") : "";
        if (!order.empty()) announced.standing.erase("order_closed/" + order);
    }
    plan = Standing{event.id, event.type, event.leaves, std::move(kept)};
}

void apply_to_limit(Announced& announced, const Event& event, const std::string& key) {
    Standing& limit = announced.standing[key];
    const int revision = limit.data.is_object() ? limit.data.value("revision", 0) : 0;
    Json reasons =
        limit.data.is_object() ? limit.data.value("reasons", Json::array()) : Json::array();
    const bool was_closed = limit.data.is_object() && limit.data.value("closed", false);
    Json kept = limit.data.is_object() ? limit.data : Json::object();
    for (const auto& [name, value] : event.data.items()) kept[name] = value;
    kept["closed"] = event.type == "limit.closed" || (event.type == "limit.granted" && was_closed);
    kept["revision"] =
        event.type == "limit.closed" ? event.data.value("revision", revision) : revision;
    if (event.type != "limit.closed") kept["reasons"] = reasons;
    limit = Standing{event.id, event.type, event.leaves, std::move(kept)};
}

}  // namespace

const Standing* Announced::find(const std::string& key) const {
    const auto found = standing.find(key);
    return found == standing.end() ? nullptr : &found->second;
}

Money Announced::consumed(std::string_view limit) const {
    Money sum;
    const auto add = [&](const Json& entry) {
        const auto total = BodyFields(entry).money("total");
        if (!total || BodyFields(entry).text("limit") != limit) return;
        if (sum.is_zero()) sum.currency = total->currency;
        if (sum.currency == total->currency) sum += *total;
    };
    for (auto at = standing.lower_bound("charge/");
         at != standing.end() && starts_with(at->first, "charge/"); ++at) {
        add(at->second.data);
        if (const Json* overruns = BodyFields(at->second.data).find("overruns")) {
            for (const Json& part : *overruns) add(part);
        }
    }
    return sum;
}

std::string key_of(const Event& event) {
    const Json& data = event.data;
    const std::string& type = event.type;
    const BodyFields fields(data);
    if (starts_with(type, "appointment.")) return "appointment/" + id_in(data, "appointment");
    if (starts_with(type, "procedure.")) return "procedure/" + id_in(data, "procedure");
    if (type == "billing.charge") {
        return "charge/" + id_in(data, "procedure") + "/" + fields.text("payer") + "/" +
               fields.text("limit");
    }
    if (type == "billing.payment" || type == "billing.refund")
        return "payment/" + fields.text("payment");
    if (type == "billing.statement") {
        if (const std::string request = fields.text("request"); !request.empty()) {
            return "request/" + request + "/" + fields.text("payer");
        }
        const auto total = fields.money("total"
        );  // one statement per currency; of a divided one the last part has the total
        return "statement/" + fields.text("order") + "/" + fields.text("payer") + "/" +
               std::string(total ? total->currency.code() : "");
    }
    if (type == "plan.opened" || type == "plan.changed" || type == "plan.closed")
        return "plan/" + id_in(data, "plan");
    if (starts_with(type, "plan.item."))
        return "item/" + id_in(data, "plan") + "/" + id_in(data, "item");
    if (starts_with(type, "plan.stage."))
        return "stage/" + id_in(data, "plan") + "/" + fields.text("stage");
    if (starts_with(type, "plan.deviation.")) return "deviation/" + id_in(data, "procedure");
    if (type == "limit.opened" || type == "limit.granted" || type == "limit.closed") {
        return "limit/" + id_in(data, "limit");
    }
    if (type == "limit.mismatch") {
        return "mismatch/" + id_in(data, "limit") + "/" + fields.text("field") + "/" +
               money_text(data, "ours") + "/" + money_text(data, "theirs");
    }
    if (type == "limit.rule_violated") {
        const auto lines = fields.texts("lines");
        return "violation/" + (lines.empty() ? "" : lines.front()) + "/" + id_in(data, "limit") +
               "/" + fields.text("rule");
    }
    if (type == "order.linked" || type == "order.unlinked") return "order/" + fields.text("order");
    if (type == "order.waiting") return "waiting/" + fields.text("order");
    if (type == "order.closed") return "order_closed/" + fields.text("order");
    if (type == "patient.withdrawn") return "withdrawn/" + fields.text("patient");
    if (starts_with(type, "feedback.")) return type + "/" + fields.text("feedback");
    return {};
}

void apply(Announced& announced, const Event& event) {
    const std::string& type = event.type;
    if (type == "billing.reversal") return reverse(announced, event);
    const std::string key = key_of(event);
    if (key.empty()) return;
    if (type == "appointment.removed" || type == "plan.deviation.withdrawn" ||
        type == "plan.stage.withdrawn" || type == "order.unlinked") {
        announced.standing.erase(key);
    } else if (type == "procedure.reversed") {
        announced.standing.erase(key);
        erase_prefix(announced.standing, "violation/" + id_in(event.data, "procedure") + "/");
    } else if (type == "plan.opened" || type == "plan.changed" || type == "plan.closed") {
        apply_to_plan(announced, event, key);
    } else if (type == "limit.opened" || type == "limit.granted" || type == "limit.closed") {
        apply_to_limit(announced, event, key);
    } else {
        stand(announced, event, key);
        if (type == "order.linked")
            announced.standing.erase("waiting/" + id_in(event.data, "order"));
        if (type == "billing.charge") book(announced, event, event.id);
        if (type == "billing.payment" || type == "billing.refund") book_receipt(announced, event);
    }
}

Announced fold(std::span<const Event> events) {
    Announced announced;
    for (const Event& event : events) apply(announced, event);
    return announced;
}

Announced joined(std::vector<Announced> parts) {
    Announced all;
    for (Announced& part : parts) {
        all.standing.merge(part.standing);
        all.first_seen_us.merge(part.first_seen_us);
        all.rows.merge(part.rows);
        all.ledger.insert(all.ledger.end(), part.ledger.begin(), part.ledger.end());
        all.receipts.insert(all.receipts.end(), part.receipts.begin(), part.receipts.end());
    }
    return all;
}

Json Announced::to_json() const {
    Json document{
        {"standing", Json::object()}, {"ledger", Json::array()}, {"first_seen_us", Json::object()}};
    for (const auto& [key, one] : standing) {
        Json entry{{"type", one.type}, {"data", one.data}};
        if (!one.event_id.empty()) entry["id"] = one.event_id;
        if (one.leaves == Export::withheld) entry["withheld"] = true;
        document["standing"][key] = std::move(entry);
    }
    const auto write = [](const LedgerEntry& one) {
        Json entry{{"charge", one.charge_id}, {"on", one.booked_on},
                   {"order", one.order},      {"limit", one.limit},
                   {"payer", one.payer},      {"total", to_json_value(one.total)}};
        if (!one.patient.empty()) entry["patient"] = one.patient;
        if (one.leaves == Export::withheld) entry["withheld"] = true;
        return entry;
    };
    for (const LedgerEntry& one : ledger) document["ledger"].push_back(write(one));
    for (const LedgerEntry& one : receipts) document["receipts"].push_back(write(one));
    for (const auto& [key, seen] : first_seen_us) document["first_seen_us"][key] = seen;
    if (!rows.empty()) document["rows"] = rows;
    return document;
}

Result<Announced> Announced::from_json(const Json& document) {
    Announced announced;
    if (!document.is_object()) return fail(ErrorKind::malformed, "announced state: not an object");
    const auto withheld = [](const Json& entry) {
        return entry.value("withheld", false) ? Export::withheld : Export::leaves;
    };
    const Json standing = document.value("standing", Json::object());
    for (const auto& [key, entry] : standing.items()) {
        if (!entry.is_object() || !entry.contains("type")) {
            return fail(ErrorKind::malformed, "announced state: an entry without a type");
        }
        announced.standing[key] = Standing{
            entry.value("id", ""), entry.value("type", ""), withheld(entry),
            entry.value("data", Json())};
    }
    for (const auto& [name, entries] :
         {std::pair{"ledger", &announced.ledger}, std::pair{"receipts", &announced.receipts}}) {
        const Json told = document.value(name, Json::array());
        for (const Json& entry : told) {
            const auto total = BodyFields(entry).money("total");
            if (!total)
                return fail(
                    ErrorKind::malformed, "announced state: a ledger entry without a total"
                );
            entries->push_back(LedgerEntry{
                entry.value("charge", ""), entry.value("on", ""), entry.value("order", ""),
                entry.value("limit", ""), entry.value("payer", ""), *total, withheld(entry),
                entry.value("patient", "")});
        }
    }
    const Json first_seen = document.value("first_seen_us", Json::object());
    for (const auto& [key, seen] : first_seen.items()) {
        announced.first_seen_us[key] = seen.get<std::int64_t>();
    }
    const Json rows = document.value("rows", Json::object());
    for (const auto& [id, row] : rows.items()) announced.rows[id] = row.get<std::string>();
    return announced;
}

}  // namespace mis::domain
