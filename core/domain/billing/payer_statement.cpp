#include "domain/billing/payer_statement.hpp"

#include <algorithm>

#include "domain/body_fields.hpp"

namespace mis::domain {

PayerStatement::PayerStatement(PayerRequest request)
    : request_(std::move(request)), period_{{"from", request_.from}, {"to", request_.to}} {}

Statement& PayerStatement::statement_of(const Payer& payer) {
    Statement& said = statements_[payer];
    said.payer = payer;
    said.request = request_.id;
    said.period = period_;
    return said;
}

void PayerStatement::add(const Announced& group) {
    for_each_standing(group, "limit/", [&](std::string_view, const Standing& account) {
        const BodyFields fields(account.data);
        const auto granted = fields.money("granted");
        if (account.leaves != Export::leaves || !granted ||
            fields.text("payer_party") != request_.party)
            return;
        known_ = true;
        statement_of(Payer{"limit", granted->currency, request_.party});
    });
    const auto of_it = [&](const LedgerEntry& entry) { return entry.party == request_.party; };
    note_patients(group);
    for (const Payer& payer : Payers(group, of_it)) {
        known_ = true;
        add_booked(statement_of(payer), group, of_it);
    }
    // Whose a payment is that names no account is told by whoever else owes in the group.
    Payers all(group, [](const LedgerEntry& entry) { return !entry.party.empty(); });
    for (const LedgerEntry& entry : group.receipts) {
        const Standing* account = group.find("limit/" + entry.limit);
        if (account == nullptr || entry.leaves != Export::leaves || entry.payer == "patient")
            continue;
        if (account->data.find("payer_party").string() == request_.party)
            all.add(Payer{entry.payer, entry.total.currency, request_.party});
    }
    for (const Payer& payer : all) {
        if (payer.party != request_.party) continue;
        const Moved moved = booked_receipts(group, {}, all, payer, period_);
        Statement& said = statement_of(payer);
        said.moved.paid += moved.paid;
        said.moved.written_off += moved.written_off;
    }
}

// A reversed charge stands no more, but what it was booked under may tell whose it was.
void PayerStatement::note_patients(const Announced& group) {
    const auto named_in = [&](const std::string& key) {
        const Standing* told = group.find(key);
        return told == nullptr ? std::string() : told->data.find("patient").string();
    };
    for (const LedgerEntry& entry : group.ledger) {
        if (entry.party != request_.party || entry.leaves != Export::leaves) continue;
        std::string patient = entry.patient;
        if (patient.empty() && !entry.limit.empty()) patient = named_in("limit/" + entry.limit);
        if (patient.empty() && !entry.order.empty()) patient = named_in("order/" + entry.order);
        if (!patient.empty()) patient_of_charge_.insert_or_assign(entry.charge_id, patient);
    }
    for_each_standing(group, "charge/", [&](std::string_view, const Standing& charge) {
        if (charge.leaves != Export::leaves ||
            charge.data.find("payer_party").string() != request_.party)
            return;
        if (std::string patient = charge.data.find("patient").string(); !patient.empty())
            patient_of_charge_.insert_or_assign(charge.event_id, std::move(patient));
    });
}

std::vector<Event> PayerStatement::events(const Identity& identity, const Timestamp& now) const {
    std::vector<Event> events;
    auto statements = statements_;
    if (statements.empty()) {
        const Payer nobody{"organization", Currency{}, request_.party};
        Statement said;
        said.payer = nobody;
        said.request = request_.id;
        said.period = period_;
        statements.emplace(nobody, std::move(said));
    }
    const std::string subject =
        "payer/" + identity.public_id("exchange", "payer", request_.party);  // names stay in data
    for (auto& [payer, said] : statements) {
        auto& charges = said.charges.get_ref<Json::array_t&>();
        std::stable_sort(charges.begin(), charges.end(), [](const Json& a, const Json& b) {
            return a["booked_on"].get_ref<const std::string&>() <
                   b["booked_on"].get_ref<const std::string&>();
        });
        for (Json& data : parts_of(said)) {
            Json identity_of_it = data;
            identity_of_it.erase("period");
            Event& event = events.emplace_back();
            event.type = "billing.statement";
            event.entity_id = request_.id;
            event.identity = canonical_json(identity_of_it);
            event.subject = event.partition_key = subject;
            event.time = now;
            event.data = data;
            event.leaves = Export::leaves;
            event.ground = "request " + request_.id + ": what left already, added up";
            event.party = request_.party;
        }
    }
    return events;
}

}  // namespace mis::domain
