#include "domain/billing/statement.hpp"

#include <algorithm>

#include "domain/body_fields.hpp"

namespace mis::domain {
namespace {

constexpr std::size_t kChargesInOneEvent = 80;  // an event stays under 20 kB

}  // namespace

const Payer& Payers::of(const std::string& name, Currency currency, const std::string& party)
    const {
    const auto named = all_.find(Payer{name, currency, party});
    return named != all_.end() ? *named : *all_.lower_bound(Payer{name, currency, {}});
}

bool Payers::is_the_only_one(const Payer& payer) const {
    return std::count_if(all_.begin(), all_.end(), [&](const Payer& other) {
               return other.name == payer.name && other.currency == payer.currency;
           }) == 1;
}

Moved booked_receipts(
    const Announced& announced, const std::string& patient, const Payers& payers,
    const Payer& payer, const Json& period
) {
    Moved sum;
    for (const LedgerEntry& entry : announced.receipts) {
        if (entry.payer != payer.name || entry.total.currency != payer.currency ||
            entry.leaves == Export::withheld || (!patient.empty() && entry.patient != patient) ||
            entry.booked_on < period.value("from", "") || entry.booked_on > period.value("to", ""))
            continue;
        const Standing* account = announced.find("limit/" + entry.limit);
        const std::string party =
            account == nullptr ? std::string() : account->data.find("payer_party").string();
        if (payers.of(payer.name, payer.currency, party) != payer) continue;
        (entry.written_off ? sum.written_off : sum.paid) += entry.total.minor;
    }
    return sum;
}

void add_entry(Statement& said, const LedgerEntry& entry) {
    Json line{
        {"charge_id", entry.charge_id},
        {"total", to_json_value(entry.total)},
        {"booked_on", entry.booked_on}};
    if (entry.total.minor < 0) line["reversed"] = true;
    said.charges.push_back(std::move(line));
    said.total += entry.total.minor;
}

std::vector<Json> parts_of(const Statement& said) {
    const std::size_t parts = std::max<std::size_t>(
        1, (said.charges.size() + kChargesInOneEvent - 1) / kChargesInOneEvent
    );
    const auto money = [&](std::int64_t minor) {
        return to_json_value(Money{minor, said.payer.currency});
    };
    std::vector<Json> all;
    for (std::size_t part = 0; part < parts; ++part) {
        Json data{{"payer", said.payer.name}, {"period", said.period}};
        if (!said.payer.party.empty()) data["payer_party"] = said.payer.party;
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
            data["total"] = money(said.total);
            data["paid"] = money(said.moved.paid);
            data["written_off"] = money(said.moved.written_off);
            data["due"] = money(said.total - said.moved.paid - said.moved.written_off);
            if (said.request.empty())
                data["since_previous"] = money(said.total - said.previous.value_or(0));
        }
        all.push_back(std::move(data));
    }
    return all;
}

void announce_statement(
    Change& change, const Statement& said, const std::string& patient, const std::string& plan,
    const Permission& permission, int turn
) {
    for (Json& data : parts_of(said)) {
        Json identity = data;
        identity.erase("period");
        const std::string entity = !said.order.empty() ? said.order : said.limit;
        Draft& draft =
            change.drafts.add("billing.statement", change.now(), std::move(data), identity);
        draft.entity(entity).with(permission);
        draft.source_id = entity;
        draft.payer = said.payer.name;
        draft.event.party = said.payer.party;
        draft.turn = turn++;
        if (!plan.empty()) draft.about("plan/" + plan);
        draft.of_patient(patient);
        if (patient.empty())
            draft.about(said.limit.empty() ? "order/" + said.order : "limit/" + said.limit);
        draft.event.source = said.request.empty() ? change.typed.mis_source : "";
    }
}

}  // namespace mis::domain
