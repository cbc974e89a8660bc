#include "domain/announced.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "domain/body_fields.hpp"

namespace mis::domain {
namespace {

bool starts_with(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

std::string money_text(const BodyFields& fields, std::string_view name) {
    const auto sum = fields.money(name);
    return sum ? sum->to_string() : std::string(fields.find(name).raw());
}

std::string behind(std::string key, std::string_view party) {  // of several organizations that pay
    return party.empty() ? key : key.append("/").append(party);
}

void erase_prefix(
    std::map<std::string, Standing, std::less<>>& standing, const std::string& prefix
) {
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
        entry.party = fields.text("payer_party");
        // whose it is, where nothing else tells it (division.hpp)
        if (entry.order.empty() && entry.limit.empty()) entry.patient = fields.text("patient");
    } else {
        const auto charged =
            std::find_if(announced.ledger.rbegin(), announced.ledger.rend(), [&](const auto& e) {
                return e.charge_id == charge_id && e.leaves == event.leaves;
            });
        if (charged == announced.ledger.rend()) return;  // a payment taken back
        entry.order = charged->order;
        entry.limit = charged->limit;
        entry.payer = charged->payer;
        entry.party = charged->party;
        entry.patient = charged->patient;
        entry.total = -entry.total;
    }
    announced.ledger.push_back(std::move(entry));
}

// Transfers are no receipts.
void book_receipt(
    Announced& announced, const std::string& id, Export leaves, const BodyFields& fields
) {
    const auto amount = fields.money("amount");
    const std::string kind = fields.text("kind");
    const bool written_off = kind == "write_off";
    if (!amount || (kind != "payment" && kind != "prepayment" && kind != "refund" && !written_off))
        return;
    LedgerEntry entry;
    entry.charge_id = id;
    entry.written_off = written_off;
    entry.booked_on = fields.text("booked_on");
    entry.payer = fields.text("payer");
    entry.limit = fields.text("limit");
    entry.patient = fields.text("patient");
    entry.total = kind == "refund" && amount->minor > 0 ? -*amount : *amount;
    entry.leaves = leaves;
    announced.receipts.push_back(std::move(entry));
}

// Texts from before write-offs were booked (B4) hold the standing ones only.
void book_old_write_offs(Announced& announced) {
    for (auto at = announced.standing.lower_bound("payment/");
         at != announced.standing.end() && starts_with(at->first, "payment/"); ++at) {
        if (at->second.data.find("kind").string() != "write_off") continue;
        const bool booked = std::any_of(
            announced.receipts.begin(), announced.receipts.end(),
            [&](const LedgerEntry& entry) { return entry.charge_id == at->second.event_id; }
        );
        if (booked) continue;
        book_receipt(
            announced, at->second.event_id, at->second.leaves, BodyFields(at->second.data)
        );
    }
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

void stand(Announced& announced, const Event& event, std::string key) {
    Standing& standing = announced.standing[std::move(key)];
    standing.event_id = event.id;
    standing.type = event.type;
    standing.leaves = event.leaves;
    standing.data = event.data;
}

// Ends what stands under the prefix by the event's id. False: nothing did.
bool end_standing(
    Announced& announced, std::string_view prefix, const std::string& id, Export leaves
) {
    for (auto at = announced.standing.lower_bound(prefix);
         at != announced.standing.end() && starts_with(at->first, prefix); ++at) {
        if (at->second.event_id != id || at->second.leaves != leaves) continue;
        announced.standing.erase(at);
        return true;
    }
    return false;
}

void reverse(Announced& announced, const Event& event) {
    const std::string charge_id = BodyFields(event.data).text("charge_id");
    if (!end_standing(announced, "charge/", charge_id, event.leaves)) {
        // logs from before billing.payment_reversal took payments back in this way
        end_standing(announced, "payment/", charge_id, event.leaves);
        take_receipt_back(announced, event, charge_id);
    }
    book(announced, event, charge_id);
}

void reverse_payment(Announced& announced, const Event& event) {
    const std::string id = BodyFields(event.data).text("payment_event");
    end_standing(announced, "payment/", id, event.leaves);
    take_receipt_back(announced, event, id);
}

// A long plan comes in parts: what stands is all of them.
std::string with_more_items(JsonView plan, const std::vector<JsonView>& more) {
    std::string all(plan.find("items").raw());
    for (const JsonView item : more) {
        all.pop_back();
        if (all.size() > 1) all += ',';
        all += item.raw();
        all += ']';
    }
    JsonText longer = JsonText::of(plan);
    longer.set("items", all);
    return std::move(longer).take();
}

void apply_to_plan(Announced& announced, const Event& event, const std::string& key) {
    Standing& standing = announced.standing[key];
    const JsonText kept = std::move(standing.data);
    const BodyFields was(kept), said(event.data);
    const JsonMembers plan(said.find("plan"));
    const JsonView items = plan.find("items"), known = was.find("plan");
    // a merge reopens nothing
    const bool closed = event.type == "plan.closed" ||
                        (event.type == "plan.changed" && was.flag("closed").value_or(false));
    JsonFields now(event.data.text().size() + kept.text().size());
    now.boolean("closed", closed);
    const auto newest = [&](std::string_view name) {
        const JsonView value = said.has(name) ? said.find(name) : was.find(name);
        if (!value.absent()) now.raw(name, value.raw());
    };
    newest("patient");
    if (!items.is_array() && !known.absent())
        now.raw("plan", known.raw());
    else if (items.is_array() && said.integer("part").value_or(1) > 1 && !known.absent())
        now.raw("plan", with_more_items(known, items.elements()));
    else if (items.is_array())
        now.raw("plan", said.find("plan").raw());
    newest("reason");
    if (event.type == "plan.opened") {
        const std::string order = plan.find("order").string();
        if (!order.empty()) announced.standing.erase("order_closed/" + order);
    }
    standing = Standing{event.id, event.type, event.leaves, std::move(now).text()};
}

void apply_to_limit(Announced& announced, const Event& event, const std::string& key) {
    Standing& limit = announced.standing[key];
    JsonText kept = std::move(limit.data);
    const bool closes = event.type == "limit.closed";
    const std::string revision(kept.contains("revision") ? kept.find("revision").raw() : "0");
    const std::string reasons(kept.contains("reasons") ? kept.find("reasons").raw() : "[]");
    const bool was_closed = kept.find("closed").boolean().value_or(false);
    // It says all of an account; what it does not say, as whose a shared one is, holds no more.
    if (event.type == "limit.opened") kept = JsonText::of("{}");
    for (const JsonMember& member : JsonMembers(event.data.view()))
        kept.set(member.name, member.value.raw());
    const bool closed = closes || (event.type == "limit.granted" && was_closed);
    kept.set("closed", closed ? "true" : "false");
    if (!closes || !event.data.contains("revision")) kept.set("revision", revision);
    if (!closes) kept.set("reasons", reasons);
    limit = Standing{event.id, event.type, event.leaves, std::move(kept)};
}

}  // namespace

const Standing* Announced::find(std::string_view key) const {
    const auto found = standing.find(key);
    return found == standing.end() ? nullptr : &found->second;
}

Money Announced::consumed(std::string_view limit) const {
    Money sum;
    const auto add = [&](const BodyFields& entry) {
        const auto total = entry.money("total");
        if (!total || entry.text("limit") != limit) return;
        if (sum.is_zero()) sum.currency = total->currency;
        if (sum.currency == total->currency) sum += *total;
    };
    for (auto at = standing.lower_bound("charge/");
         at != standing.end() && starts_with(at->first, "charge/"); ++at) {
        const BodyFields charge(at->second.data);
        add(charge);
        for (const JsonView part : charge.find("overruns").elements()) add(BodyFields(part));
    }
    return sum;
}

namespace {

const std::string kFigure = "consumed/";  // in first_seen_us, while a restored group waits

}  // namespace

void tell_figures(Announced& announced, const Event& event) {
    const BodyFields fields(event.data);
    if (const auto consumed = fields.money("consumed"))
        announced.first_seen_us[kFigure + fields.id("limit")] = consumed->minor;
}

void tell_names(Announced& announced, const Event& event) {
    const BodyFields fields(event.data);
    for (const std::string& name : fields.texts("stated_by"))
        announced.account_of[name] = fields.id("limit");
    const auto limit = announced.standing.find("limit/" + fields.id("limit"));
    const JsonView first_sum = fields.find("first_sum");
    if (limit != announced.standing.end() && !first_sum.absent())
        limit->second.data.set("first_sum", std::string(first_sum.raw()));
}

void keep_figures(Announced& announced) {
    constexpr std::string_view kLimit = "limit/";
    for (auto at = announced.standing.lower_bound(kLimit);
         at != announced.standing.end() && starts_with(at->first, kLimit); ++at) {
        const std::string id = at->first.substr(kLimit.size());
        auto& figure = announced.first_seen_us.try_emplace(kFigure + id, 0).first->second;
        figure = std::max(figure, announced.consumed(id).minor);
    }
}

void forget_figures(Announced& announced) {
    auto at = announced.first_seen_us.lower_bound(kFigure);
    while (at != announced.first_seen_us.end() && starts_with(at->first, kFigure))
        at = announced.first_seen_us.erase(at);
}

Money consumed_when_told(const Announced& announced, std::string_view limit) {
    Money consumed = announced.consumed(limit);
    const auto figure = announced.first_seen_us.find(kFigure + std::string(limit));
    if (figure != announced.first_seen_us.end()) consumed.minor = figure->second;
    return consumed;
}

std::string key_of_charge(
    std::string_view line, std::string_view payer, std::string_view limit, std::string_view party
) {
    std::string key;
    key.reserve(10 + line.size() + payer.size() + limit.size() + party.size());
    key.append("charge/").append(line).append("/").append(payer).append("/").append(limit);
    return limit.empty() ? behind(std::move(key), party) : key;
}

std::string key_of_statement(
    std::string_view order, std::string_view payer, std::string_view currency,
    std::string_view party
) {
    std::string key("statement/");
    key.append(order).append("/").append(payer).append("/").append(currency);
    return behind(std::move(key), party);
}

std::string key_of(const Event& event) {
    const BodyFields data(event.data);
    const std::string& type = event.type;
    if (starts_with(type, "appointment.")) return "appointment/" + data.id("appointment");
    if (starts_with(type, "procedure.")) return "procedure/" + data.id("procedure");
    if (type == "billing.charge") {
        return key_of_charge(
            data.id("procedure"), data.text("payer"), data.text("limit"), data.text("payer_party")
        );
    }
    if (type == "billing.payment" || type == "billing.refund")
        return "payment/" + data.text("payment");
    if (type == "billing.statement") {
        if (const std::string request = data.text("request"); !request.empty()) {
            return behind(
                "request/" + request + "/" + data.text("payer"), data.text("payer_party")
            );
        }
        const auto total = data.money("total"
        );  // one statement per currency; of a divided one the last part has the total
        return key_of_statement(
            data.text("order"), data.text("payer"), total ? total->currency.code() : "",
            data.text("payer_party")
        );
    }
    if (type == "plan.opened" || type == "plan.changed" || type == "plan.closed")
        return "plan/" + data.id("plan");
    if (starts_with(type, "plan.item.")) return "item/" + data.id("plan") + "/" + data.id("item");
    if (starts_with(type, "plan.stage."))
        return "stage/" + data.id("plan") + "/" + data.text("stage");
    if (starts_with(type, "plan.deviation.")) return "deviation/" + data.id("procedure");
    if (type == "limit.opened" || type == "limit.granted" || type == "limit.closed") {
        return "limit/" + data.id("limit");
    }
    if (type == "limit.mismatch") {
        return "mismatch/" + data.id("limit") + "/" + data.text("field") + "/" +
               money_text(data, "ours") + "/" + money_text(data, "theirs");
    }
    if (type == "limit.rule_violated") {
        const auto lines = data.texts("lines");
        return "violation/" + (lines.empty() ? "" : lines.front()) + "/" + data.id("limit") + "/" +
               data.text("rule");
    }
    if (type == "order.linked" || type == "order.unlinked") return "order/" + data.text("order");
    if (type == "order.waiting") return "waiting/" + data.text("order");
    if (type == "order.closed") return "order_closed/" + data.text("order");
    if (type == "patient.withdrawn") return "withdrawn/" + data.text("patient");
    if (starts_with(type, "feedback.")) return type + "/" + data.text("feedback");
    return {};
}

void apply(Announced& announced, const Event& event) {
    if (event.type == "billing.reversal") return reverse(announced, event);
    if (event.type == "billing.payment_reversal") return reverse_payment(announced, event);
    std::string key = key_of(event);
    if (!key.empty()) apply_as(announced, event, std::move(key));
}

void apply_as(Announced& announced, const Event& event, std::string key) {
    const std::string& type = event.type;
    if (type == "plan.deviation.withdrawn" || type == "plan.stage.withdrawn" ||
        type == "order.unlinked") {
        announced.standing.erase(key);
    } else if (type == "appointment.removed") {
        // From this patient: the visit may stand for another by now.
        const auto stands = announced.standing.find(key);
        if (stands != announced.standing.end() &&
            stands->second.data.find("patient").raw() == event.data.find("patient").raw())
            announced.standing.erase(stands);
    } else if (type == "procedure.reversed") {
        // Of this performance and no other: the line may stand anew, under another patient.
        const auto stands = announced.standing.find(key);
        if (stands == announced.standing.end() ||
            stands->second.event_id != event.data.find("performed_event").string())
            return;
        announced.standing.erase(stands);
        erase_prefix(
            announced.standing, "violation/" + BodyFields(event.data).id("procedure") + "/"
        );
    } else if (type == "plan.opened" || type == "plan.changed" || type == "plan.closed") {
        apply_to_plan(announced, event, key);
    } else if (type == "limit.opened" || type == "limit.granted" || type == "limit.closed") {
        apply_to_limit(announced, event, key);
    } else {
        stand(announced, event, std::move(key));
        if (type == "order.linked")
            announced.standing.erase("waiting/" + event.data.find("order").string());
        if (type == "billing.charge") book(announced, event, event.id);
        if (type == "billing.payment" || type == "billing.refund")
            book_receipt(announced, event.id, event.leaves, BodyFields(event.data));
    }
}

Announced fold(std::span<const Event> events) {
    Announced announced;
    for (const Event& event : events) apply(announced, event);
    return announced;
}

namespace {

// Two groups that were one once may both remember an entry (division.hpp): a charge is booked once,
// and taken back once.
std::vector<LedgerEntry> joined_entries(
    std::vector<Announced>& parts, std::vector<LedgerEntry> Announced::*entries
) {
    std::size_t count = 0;
    for (Announced& part : parts) count += (part.*entries).size();
    if (parts.size() == 1) return std::move(parts.front().*entries);
    std::vector<LedgerEntry> all;
    all.reserve(count);  // the names below point into it
    using Name = std::tuple<std::string_view, std::string_view, std::int64_t, Export>;
    std::set<Name> known;
    for (Announced& part : parts) {
        const std::size_t first = all.size();
        for (LedgerEntry& entry : part.*entries) {
            const Name name(entry.charge_id, entry.booked_on, entry.total.minor, entry.leaves);
            if (!known.contains(name)) all.push_back(std::move(entry));
        }
        for (std::size_t i = first; i < all.size(); ++i)
            known.emplace(all[i].charge_id, all[i].booked_on, all[i].total.minor, all[i].leaves);
    }
    return all;
}

}  // namespace

Announced joined(std::vector<Announced> parts) {
    Announced all;
    all.ledger = joined_entries(parts, &Announced::ledger);
    all.receipts = joined_entries(parts, &Announced::receipts);
    std::size_t rows = 0;
    for (Announced& part : parts) {
        all.standing.merge(part.standing);
        all.first_seen_us.merge(part.first_seen_us);
        rows += part.rows.size();
        all.account_of.merge(part.account_of);
        all.first_sums.merge(part.first_sums);
    }
    if (parts.size() == 1) {
        all.rows = std::move(parts.front().rows);
        return all;
    }
    all.rows.reserve(rows);
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)  // of one id the first part's
        for (const auto& [id, row] : part->rows) all.rows.add(id, row);
    all.rows.settle();
    return all;
}

std::string Announced::to_text() const {
    std::string out;
    std::size_t bytes = 100;
    for (const auto& [key, one] : standing) bytes += key.size() + one.data.text().size() + 140;
    out.reserve(bytes + 200 * (ledger.size() + receipts.size()) + 120 * rows.size());
    bool first = true;
    const auto name = [&](std::string_view member) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, member);
        out += ':';
    };
    const auto text = [&](std::string_view member, std::string_view value) {
        name(member);
        append_json_string(out, value);
    };
    const auto open = [&](char bracket) {
        out += bracket;
        first = true;
    };
    const auto close = [&](char bracket) {
        out += bracket;
        first = false;
    };
    const auto entries = [&](std::string_view member, const std::vector<LedgerEntry>& all) {
        name(member);
        open('[');
        for (const LedgerEntry& one : all) {
            if (!first) out += ',';
            open('{');
            text("charge", one.charge_id);
            text("limit", one.limit);
            text("on", one.booked_on);
            text("order", one.order);
            if (!one.party.empty()) text("party", one.party);
            if (!one.patient.empty()) text("patient", one.patient);
            text("payer", one.payer);
            name("total");
            out += json_money(one.total);
            if (one.leaves == Export::withheld) {
                name("withheld");
                out += "true";
            }
            if (one.written_off) {
                name("written_off");
                out += "true";
            }
            close('}');
        }
        close(']');
    };
    open('{');
    if (!account_of.empty()) {
        name("account_of");
        open('{');
        for (const auto& [of, id] : account_of) text(of, id);
        close('}');
    }
    name("first_seen_us");
    open('{');
    for (const auto& [key, seen] : first_seen_us) {
        name(key);
        out += std::to_string(seen);
    }
    close('}');
    if (!first_sums.empty()) {
        name("first_sums");
        open('{');
        for (const auto& [of, minor] : first_sums) {
            name(of);
            out += std::to_string(minor);
        }
        close('}');
    }
    entries("ledger", ledger);
    if (!receipts.empty()) entries("receipts", receipts);
    if (!rows.empty()) {
        name("rows");
        open('{');
        for (const auto& [id, row] : rows) text(id, row);
        close('}');
    }
    name("standing");
    open('{');
    for (const auto& [key, one] : standing) {
        name(key);
        open('{');
        name("data");
        out += one.data.text();
        if (!one.event_id.empty()) text("id", one.event_id);
        text("type", one.type);
        if (one.leaves == Export::withheld) {
            name("withheld");
            out += "true";
        }
        close('}');
    }
    close('}');
    close('}');
    return out;
}

Result<Announced> Announced::from_text(std::string_view text) {
    Announced announced;
    const auto malformed = [](const char* what) {
        return fail(ErrorKind::malformed, std::string("announced state: ") + what);
    };
    const JsonMembers document{JsonView(text)};
    if (!document.well_formed()) return malformed("not an object");
    const auto name_of = [](const JsonMember& member) {  // keys hold what people named orders
        return JsonView(std::string_view(member.name.data() - 1, member.name.size() + 2)).string();
    };
    const auto leaves = [](const BodyFields& entry) {
        return entry.flag("withheld").value_or(false) ? Export::withheld : Export::leaves;
    };
    for (const JsonMember& member : JsonMembers(document.find("standing"))) {
        const BodyFields entry(member.value);
        if (!entry.has("type")) return malformed("an entry without a type");
        std::string key = name_of(member);
        // texts from before a charge's key named its party (B2)
        if (starts_with(key, "charge/") && key.ends_with('/'))
            key = behind(std::move(key), entry.find("data").find("payer_party").string());
        announced.standing.emplace_hint(
            announced.standing.end(), std::move(key),
            Standing{
                entry.text("id"), entry.text("type"), leaves(entry),
                entry.has("data") ? JsonText::of(entry.find("data")) : JsonText()}
        );
    }
    for (const auto& [name, entries] :
         {std::pair{"ledger", &announced.ledger}, std::pair{"receipts", &announced.receipts}}) {
        for (const JsonView one : document.find(name).elements()) {
            const BodyFields entry(one);
            const auto total = entry.money("total");
            if (!total) return malformed("a ledger entry without a total");
            entries->push_back(LedgerEntry{
                entry.text("charge"), entry.text("on"), entry.text("order"), entry.text("limit"),
                entry.text("payer"), *total, leaves(entry), entry.text("patient"),
                entry.text("party"), entry.flag("written_off").value_or(false)});
        }
    }
    for (const JsonMember& member : JsonMembers(document.find("first_seen_us")))
        announced.first_seen_us[name_of(member)] = member.value.integer().value_or(0);
    for (const JsonMember& member : JsonMembers(document.find("account_of")))
        announced.account_of[name_of(member)] = member.value.string();
    for (const JsonMember& member : JsonMembers(document.find("first_sums")))
        announced.first_sums[name_of(member)] = member.value.integer().value_or(0);
    const JsonMembers rows(document.find("rows"));
    for (const JsonMember& member : rows)
        announced.rows.add(name_of(member), member.value.string());
    announced.rows.settle();
    book_old_write_offs(announced);
    return announced;
}

}  // namespace mis::domain
