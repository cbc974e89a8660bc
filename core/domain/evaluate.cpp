#include "domain/evaluate.hpp"

#include <algorithm>

#include "domain/appointments.hpp"
#include "domain/billing/charges.hpp"
#include "domain/billing/lines.hpp"
#include "domain/billing/statements.hpp"
#include "domain/body_fields.hpp"
#include "domain/feedback/feedback.hpp"
#include "domain/limit_ledger/announce.hpp"
#include "domain/limit_ledger/party_views.hpp"
#include "domain/plan_tracker/announce.hpp"
#include "domain/state.hpp"

namespace mis::domain {
namespace {

// An order withdrawn while it waited names nobody: that its patient came later is no consumer's
// business.
bool was_told_of(
    const Change& change, const std::string& patient, const std::string& withdrawn_on
) {
    // What was booked for others, or since, says nothing of him.
    const auto is_another = [&](const std::string& named) {
        const auto card = change.typed.patients.find(named);
        return card != change.typed.patients.end() && card->second.pseudonym != patient;
    };
    const auto named_in = [&](const std::string& key) {
        const Standing* told = change.before.find(key);
        return told == nullptr ? std::string() : told->data.find("patient").string();
    };
    for (const auto& [key, standing] : change.before.standing) {
        if (standing.leaves == Export::leaves && standing.data.find("patient").string() == patient)
            return true;
    }
    return std::any_of(
        change.before.ledger.begin(), change.before.ledger.end(),
        [&](const LedgerEntry& entry) {
            return entry.leaves == Export::leaves && entry.booked_on <= withdrawn_on &&
                   !is_another(entry.patient) && !is_another(named_in("order/" + entry.order)) &&
                   !is_another(named_in("limit/" + entry.limit));
        }
    );
}

// X2. Said last, once per withdrawal, and only of a patient of whom something may have left.
void announce_withdrawals(Change& change) {
    for (const auto& [patient, withdrawal] : change.orders.withdrawn) {
        const Standing* told = change.before.find("withdrawn/" + patient);
        if (told != nullptr && told->data.find("request").string() == withdrawal.message_id)
            continue;
        const auto message = std::find_if(
            change.facts.messages.begin(), change.facts.messages.end(),
            [&](const InboxFact& fact) { return fact.id == withdrawal.message_id; }
        );
        const Date day = message == change.facts.messages.end()
                             ? change.now().local_date()
                             : change.rules.clinic_zone.at(message->received_us).local_date();
        if (!was_told_of(change, patient, day.to_string())) continue;
        Json data{{"patient", patient}, {"request", withdrawal.message_id}};
        Draft& draft = change.drafts.add("patient.withdrawn", change.now(), data, data);
        draft.entity(patient)
            .with(Permission{Export::leaves, "withdrawal " + withdrawal.message_id})
            .of_patient(patient);
    }
}

void remember_rows(const TypedFacts& typed, Announced& after) {
    RowNames rows;
    rows.reserve(typed.lines.size() + typed.payments.size() + typed.appointments.size());
    const bool several = typed.sources.size() > 1;
    const auto add = [&](const auto& record) {
        if (several)
            rows.add(record.id, name_of_row(record.key.source_id, record.key.source));
        else
            rows.add(record.id, record.key.source_id);
    };
    for (const Line& line : typed.lines) add(line);
    for (const Payment& payment : typed.payments) add(payment);
    for (const Appointment& visit : typed.appointments) add(visit);
    rows.settle();
    after.rows = std::move(rows);
}

}  // namespace

Outcome evaluate(
    const GroupFacts& facts, const Announced& before, const Rules& rules, const Identity& identity
) {
    SettledFacts settled = settle_facts(facts, before, rules, identity);
    TypedFacts& typed = settled.typed;
    Outcome outcome;
    outcome.after = before;
    State state = derive(typed, facts, before, outcome.after, rules, identity);
    auto& [orders, stops, accounts, tracked, ledger] = state;
    const Assigner assigner(accounts, stops, facts, identity);

    // The difference to what was announced (D2), in the order of D3.
    const ExportGate gate(orders, rules);
    Drafts drafts(rules, outcome.after);
    Change change{facts, typed, orders, before, rules, identity, gate, drafts};
    if (settled.next_no_show) change.tick_at(*settled.next_no_show);
    announce_appointments(change, assigner, tracked, stops);
    announce_orders(change, tracked);
    announce_feedback(change);
    announce_plans(change, tracked);
    tell_parties_of_plans(change, accounts, tracked);
    announce_deviations(change, tracked);
    announce_grants(change, accounts);
    const ReversedLines reversed = announce_lines(change);
    announce_charges(change, ledger, tracked, accounts, reversed);
    announce_payments(change, accounts);
    drafts.settle();
    announce_judgements(change, accounts, ledger, stops);
    drafts.settle();
    const auto stated = announce_conclusions(change, tracked);
    tell_parties_of_plans(change, accounts, tracked);
    state_orders(change, stated, accounts);
    answer_requests(change, accounts);
    announce_closings(change, accounts, tracked);
    announce_withdrawals(change);
    drafts.settle();

    remember_rows(typed, outcome.after);
    for (const Account& account : accounts)
        if (account.shared())
            outcome.shared_accounts[account.id].assign(
                account.patients.begin(), account.patients.end()
            );
    outcome.events = drafts.take();
    outcome.next_tick = change.next_tick;
    outcome.problems = std::move(typed.problems);
    outcome.history = std::ssize(typed.history);
    outcome.waiting = std::move(ledger.waiting);
    outcome.strangers = std::move(ledger.strangers);
    outcome.unmapped_codes.assign(typed.unmapped_codes.begin(), typed.unmapped_codes.end());
    return outcome;
}

}  // namespace mis::domain
