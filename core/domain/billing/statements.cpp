#include "domain/billing/statements.hpp"

#include <algorithm>
#include <compare>

#include "domain/body_fields.hpp"

namespace mis::domain {
namespace {

constexpr std::size_t kChargesInOneEvent = 80;  // an event stays under 20 kB

struct Statement {
    std::string payer, party, order, limit, request;
    Json period;
    Json charges = Json::array();
    Money total, paid;
    std::optional<Money> previous;
};

// Who gets a statement of his own: sums in different currencies are not added up (I5), and no
// organization sees what another owes (X3).
struct Payer {
    std::string name;
    Currency currency;
    std::string party;  // empty: none is named
    friend auto operator<=>(const Payer&, const Payer&) = default;
};

// Everyone who ever had a charge there (B4).
class Payers {
  public:
    template <typename OfIt>
    Payers(const Announced& announced, const OfIt& of_it) {
        for (const LedgerEntry& entry : announced.ledger) {
            if (of_it(entry) && entry.leaves == Export::leaves)
                all_.insert(Payer{entry.payer, entry.total.currency, entry.party});
        }
    }
    auto begin() const { return all_.begin(); }
    auto end() const { return all_.end(); }
    // The payer of this name and party, or the first of this name; there is one.
    const Payer& of(const std::string& name, Currency currency, const std::string& party) const {
        const auto named = all_.find(Payer{name, currency, party});
        return named != all_.end() ? *named : *all_.lower_bound(Payer{name, currency, {}});
    }
    bool is_the_only_one(const Payer& payer) const {  // of this name and currency
        return std::count_if(all_.begin(), all_.end(), [&](const Payer& other) {
                   return other.name == payer.name && other.currency == payer.currency;
               }) == 1;
    }

  private:
    std::set<Payer> all_;
};

// Whose money it is: where several organizations are one payer, the account that a payment names
// tells, else it is the first one's, so that none is lost or counted twice.
class Receipts {
  public:
    Receipts(const Announced& announced, const Payers& payers, const Payer& payer)
        : announced_(announced), payers_(payers), payer_(payer) {}

    bool count(std::string_view name, Currency currency, const std::string& limit) const {
        if (name != payer_.name || currency != payer_.currency) return false;
        const Standing* account = announced_.find("limit/" + limit);
        return payers_.of(
                   payer_.name, currency,
                   account == nullptr ? "" : account->data.find("payer_party").string()
               ) == payer_;
    }

  private:
    const Announced& announced_;
    const Payers& payers_;
    const Payer& payer_;
};

std::string day_of(const Change& change, const std::string& time) {
    const auto at = Timestamp::parse_rfc3339(time);
    return at ? change.rules.clinic_zone.date_of(*at).to_string() : std::string();
}

// B4: by booking day, so that a payment entered late leaves a closed month as it was.
Money booked_receipts(
    const Change& change, const std::string& patient, const Receipts& receipts, Currency currency,
    const Json& period
) {
    Money sum{0, currency};
    for (const LedgerEntry& entry : change.drafts.after().receipts) {
        if (!receipts.count(entry.payer, entry.total.currency, entry.limit) ||
            entry.leaves == Export::withheld)
            continue;
        if (!patient.empty() && entry.patient != patient) continue;
        if (entry.booked_on < period.value("from", "") || entry.booked_on > period.value("to", ""))
            continue;
        sum += entry.total;
    }
    return sum;
}

// Payments minus refunds of that payer on the days of the period; transfers and write-offs move no
// money in.
Money paid_by(
    const Change& change, const std::string& patient, const Receipts& receipts, Currency currency,
    const Json& period
) {
    Money sum{0, currency};
    for_each_standing(
        change.drafts.after(), "payment/",
        [&](const std::string&, const Standing& told) {
            const BodyFields fields(told.data);
            const std::string kind = fields.text("kind"),
                              day = day_of(change, fields.text("paid_at"));
            const auto amount = fields.money("amount");
            if (!amount || told.leaves == Export::withheld ||
                !receipts.count(fields.text("payer"), amount->currency, fields.text("limit")))
                return;
            if (!patient.empty() && fields.text("patient") != patient) return;
            if (day < period.value("from", "") || day > period.value("to", "")) return;
            if (kind == "payment" || kind == "prepayment") sum += *amount;
            if (kind == "refund") sum += amount->minor > 0 ? -*amount : *amount;
        }
    );
    return sum;
}

void announce(
    Change& change, const Statement& said, const std::string& patient, const std::string& plan,
    const Permission& permission, int turn
) {
    const std::size_t parts = std::max<std::size_t>(
        1, (said.charges.size() + kChargesInOneEvent - 1) / kChargesInOneEvent
    );
    for (std::size_t part = 0; part < parts; ++part) {
        Json data{{"payer", said.payer}, {"period", said.period}};
        if (!said.party.empty()) data["payer_party"] = said.party;
        if (!said.order.empty()) data["order"] = said.order;
        if (!said.limit.empty()) data["limit"] = said.limit;
        if (!said.request.empty()) data["request"] = said.request;
        const auto from = static_cast<std::ptrdiff_t>(part * kChargesInOneEvent);
        const auto to = static_cast<std::ptrdiff_t>(
            std::min(said.charges.size(), (part + 1) * kChargesInOneEvent)
        );
        data["charges"] =
            Json(Json::array_t(said.charges.begin() + from, said.charges.begin() + to));
        if (parts > 1) {
            data["part"] = part + 1;
            data["parts"] = parts;
        }
        if (part + 1 == parts) {
            Money due = said.total;
            if (said.paid.currency == due.currency) due -= said.paid;
            data["total"] = to_json_value(said.total);
            data["paid"] = to_json_value(said.paid);
            data["due"] = to_json_value(due);
            if (said.request.empty()) {
                Money since = said.total;
                if (said.previous && said.previous->currency == since.currency)
                    since -= *said.previous;
                data["since_previous"] = to_json_value(since);
            }
        }
        Json identity = data;
        identity.erase("period");
        const std::string entity = !said.order.empty() ? said.order : said.limit;
        Draft& draft =
            change.drafts.add("billing.statement", change.now(), std::move(data), identity);
        draft.entity(entity).with(permission);
        draft.source_id = entity;
        draft.payer = said.payer;
        draft.event.party = said.party;
        draft.turn = turn + static_cast<int>(part);
        if (!plan.empty()) draft.about("plan/" + plan);
        draft.of_patient(patient);
        if (patient.empty()) draft.about("limit/" + said.limit);
        draft.event.source = said.request.empty() ? change.typed.mis_source : "";
    }
}

Json entry_of(const Standing& charge) {
    Json entry{
        {"charge_id", charge.event_id},
        {"procedure", charge.data.find("procedure").string()},
        {"total", charge.data.find("total").tree()}};
    if (charge.data.contains("item")) entry["item"] = charge.data.find("item").string();
    return entry;
}

}  // namespace

void state_orders(Change& change, const std::set<std::string>& orders) {
    if (orders.empty()) return;
    const Announced& after = change.drafts.after();
    std::map<std::string, std::size_t> places;
    for (const Line& line : change.typed.lines) places.emplace(line.id, places.size());
    for (const std::string& id : orders) {
        const Order* order = change.orders.find(id);
        if (order == nullptr) continue;
        const Payers payers(after, [&](const LedgerEntry& entry) { return entry.order == id; });
        const Json period{
            {"from", change.rules.clinic_zone.date_of(order->placed_at).to_string()},
            {"to", change.rules.clinic_zone.date_of(change.now()).to_string()}};
        for (const Payer& payer : payers) {
            Statement said;
            said.payer = payer.name;
            said.party = payer.party;
            said.total = Money{0, payer.currency};
            said.order = id;
            said.period = period;
            std::map<std::size_t, std::vector<const Standing*>>
                by_line;  // a bookkeeper reads them in D1's order
            for_each_standing(after, "charge/", [&](const std::string&, const Standing& charge) {
                const BodyFields fields(charge.data);
                const auto total = fields.money("total");
                if (fields.text("order") != id || fields.text("payer") != said.payer ||
                    fields.text("payer_party") != said.party)
                    return;
                if (!total || total->currency != said.total.currency ||
                    charge.leaves == Export::withheld)
                    return;
                said.total += *total;
                const auto place = places.find(fields.text("procedure"));
                by_line[place == places.end() ? places.size() : place->second].push_back(&charge);
            });
            for (const auto& [place, charges] : by_line) {
                for (const Standing* charge : charges) said.charges.push_back(entry_of(*charge));
            }
            const Receipts receipts(after, payers, payer);
            said.paid = paid_by(change, order->patient, receipts, payer.currency, period);
            const Permission permission = change.gate.order(*order);
            const auto told_for = [&](std::string_view party) {
                return change.told(
                    key_of_statement(id, payer.name, payer.currency.code(), party), permission
                );
            };
            const Standing* told = told_for(payer.party);
            if (told == nullptr && payers.is_the_only_one(payer))
                told = told_for({});  // said before statements named their party
            if (told != nullptr) said.previous = BodyFields(told->data).money("total");
            announce(change, said, order->patient, order->plan_id, permission, 0);
        }
    }
}

void answer_requests(Change& change) {
    // Once, to those who owed by then: a payer who comes later asks for nothing of the past (B4).
    const auto answered = [&](const std::string& request, const Permission& permission) {
        bool found = change.before.first_seen_us.contains("request/" + request);
        for_each_standing(
            change.before, "request/" + request + "/",
            [&](const std::string&, const Standing& told) {
                const bool anew = told.leaves == Export::withheld && permission.allowed();
                if (told.data.find("request").string() == request && !anew) found = true;
            }
        );
        return found;
    };
    const Announced& after = change.drafts.after();
    for (const InboxFact& message : change.facts.messages) {
        if (message.type != "statement.requested") continue;
        const BodyFields fields(message.body);
        const std::string order_id = fields.text("order"), limit = fields.text("limit");
        const Order* order = change.orders.find(order_id);
        const Standing* account = change.before.find("limit/" + limit);
        if (account == nullptr) account = after.find("limit/" + limit);
        if (order == nullptr && account == nullptr) continue;
        std::string patient =
            order == nullptr ? BodyFields(account->data).text("patient") : order->patient;
        const Permission permission =
            order != nullptr ? change.gate.order(*order) : change.gate.patient(patient);
        if (answered(message.id, permission)) continue;
        if (permission.allowed() && (order == nullptr || !order->patient.empty()))
            change.drafts.remember_seen("request/" + message.id, change.now());
        const std::string from = fields.text("from").substr(0, 10),
                          to = fields.text("to").substr(0, 10);
        const auto of_it = [&](const LedgerEntry& entry) {
            return order != nullptr ? entry.order == order_id : entry.limit == limit;
        };
        const Payers payers(after, of_it);
        for (const Payer& payer : payers) {
            Statement said;
            said.payer = payer.name;
            said.party = payer.party;
            said.total = Money{0, payer.currency};
            said.order = order_id;
            said.limit = order == nullptr ? limit : "";
            said.request = message.id;
            said.period = Json{{"from", from}, {"to", to}};
            for (const LedgerEntry& entry : after.ledger) {
                if (!of_it(entry) || entry.leaves == Export::withheld ||
                    Payer{entry.payer, entry.total.currency, entry.party} != payer)
                    continue;
                if (entry.booked_on < from || entry.booked_on > to) continue;
                Json line{
                    {"charge_id", entry.charge_id},
                    {"total", to_json_value(entry.total)},
                    {"booked_on", entry.booked_on}};
                if (entry.total.minor < 0) line["reversed"] = true;
                said.charges.push_back(std::move(line));
                said.total += entry.total;
            }
            const Receipts receipts(after, payers, payer);
            said.paid = booked_receipts(change, patient, receipts, payer.currency, said.period);
            announce(
                change, said, patient, order == nullptr ? "" : order->plan_id, permission, 1000
            );
        }
    }
}

}  // namespace mis::domain
