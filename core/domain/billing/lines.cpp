#include "domain/billing/lines.hpp"

#include <algorithm>

#include "domain/billing/allocation.hpp"
#include "domain/body_fields.hpp"
#include "domain/replaced_rows.hpp"

namespace mis::domain {
namespace {

JsonText identity_of(const Line& line) {
    JsonText identity = line.exported;
    if (line.work.mapped) identity.erase("nomenclature");  // configuration gives no identity (I2)
    return identity;
}

std::string reason_of(const Line& line, JsonView told) {
    const BodyFields was(told);
    if (was.text("patient") != line.patient) return line.patient_merged ? "merged" : "corrected";
    const auto total = was.money("total");
    return line.partly_returned && total && total->currency == line.total.currency &&
                   line.total < *total
               ? "returned"
               : "corrected";
}

void reverse(
    Change& change, const std::string& id, const Standing& told, const std::string& reason
) {
    const JsonView procedure = told.data.find("procedure");
    const BodyFields was(procedure);
    const std::string patient = was.text("patient");
    JsonFields fields;
    fields.raw("procedure", std::string(procedure.raw())).string("reason", reason);
    if (!told.event_id.empty()) fields.string("performed_event", told.event_id);
    const JsonText data = fields.text();
    Draft& draft = change.drafts.add("procedure.reversed", change.now(), data, data);
    const auto performed = was.time("performed_at");
    draft.entity(id).with(change.gate.fallen(told.leaves, patient, performed)).of_patient(patient);
    if (performed) draft.at(*performed, change.row_of(id));
    draft.event.source = change.source_of("procedure", id);
    draft.event.record_id = id;
}

}  // namespace

ReversedLines announce_lines(Change& change) {
    ReversedLines reversed;
    for (const Line& line : change.typed.lines) {
        std::string key = "procedure/" + line.id;
        Permission permission = change.gate.record(line.patient, line.performed_at);
        const Standing* told = change.told(key, permission);
        if (told != nullptr) {
            const JsonView announced = told->data.find("procedure");
            const Difference found =
                line.in_progress ? Difference::correction : difference(announced, line);
            if (found == Difference::none) continue;
            const std::string reason = reason_of(line, announced);
            if (found == Difference::correction) reversed[line.id] = reason;
            reverse(change, line.id, *told, reason);
        }
        if (line.in_progress) continue;  // it is announced when it is done
        JsonFields data(line.exported.text().size() + line.patient.size() + 40);
        if (!line.patient.empty()) data.string("patient", line.patient);
        data.raw("procedure", line.exported.text());
        Draft& draft = change.drafts.add(
            "procedure.performed", line.performed_at, std::move(data).text(), identity_of(line)
        );
        draft.entity(line.id)
            .at(line.performed_at, line.key.source_id)
            .with(std::move(permission))
            .of_named_patient(line.patient)
            .stands_as(std::move(key));
        draft.event.source = line.key.source;
        draft.event.record_id = line.id;
    }
    if (change.before.standing.empty()) return reversed;
    std::vector<std::string_view> present;
    present.reserve(change.typed.lines.size());
    for (const Line& line : change.typed.lines) present.push_back(line.id);
    std::sort(present.begin(), present.end());
    for_each_standing(
        change.before, "procedure/",
        [&](std::string_view gone, const Standing& told) {
            if (std::binary_search(present.begin(), present.end(), gone)) return;
            const std::string id(gone);
            const std::string reason = change.typed.returned.contains(id)  ? "returned"
                                       : change.typed.history.contains(id) ? "corrected"
                                                                           : "deleted";
            reversed[id] = reason;
            reverse(change, id, told, reason);
        }
    );
    return reversed;
}

void announce_payments(Change& change, const std::vector<Account>& accounts) {
    std::set<std::string> present;
    const std::string today = change.rules.clinic_zone.date_of(change.now()).to_string();
    // X3: whose account it names, where that payer pays and not the patient.
    const auto party_of = [&](const std::string& payer, const std::string& limit) {
        if (limit.empty() || payer == "patient" || payer == "clinic") return std::string();
        return party_of_account(limit, accounts, change.before);
    };
    const auto take_back = [&](const std::string& id, const Standing& told, const char* reason) {
        const BodyFields was(told.data);
        const std::string patient = was.text("patient"), payer = was.text("payer");
        JsonFields fields;
        fields.raw("amount", std::string(was.find("amount").raw()));
        fields.string("kind", was.text("kind")).string("payer", payer);
        fields.string("payment_event", told.event_id).string("reason", reason);
        const JsonText identity = fields.text();
        JsonText data = identity;
        data.set_string("booked_on", today);
        data.set_string("payment", id);
        if (was.has("limit")) data.set_string("limit", was.text("limit"));
        Draft& draft =
            change.drafts.add("billing.payment_reversal", change.now(), std::move(data), identity);
        const auto paid = was.time("paid_at");
        draft.entity(id).with(change.gate.reversed(told.leaves, patient, paid)).of_patient(patient);
        draft.payer = payer;
        draft.event.party = party_of(payer, was.text("limit"));
        if (paid) draft.at(*paid, change.row_of(id));
        draft.event.source = change.source_of("payment", id);
        draft.event.record_id = id;
    };
    for (const Payment& payment : change.typed.payments) {
        const std::string key = "payment/" + payment.id;
        const std::string payer = payment.payer.empty() ? "patient" : payment.payer;
        const Permission permission = change.gate.record(payment.patient, payment.paid_at);
        const Standing* told = change.told(key, permission);
        present.insert(payment.id);
        if (told != nullptr) {
            const BodyFields announced(told->data);
            const bool same = same_but(
                told->data.view(), payment.exported.view(), {"id", "payment", "payer", "booked_on"}
            );
            if (same && announced.text("payer") == payer) continue;
            const auto was = change.typed.patients.find(announced.text("patient"));
            const bool merged = was != change.typed.patients.end() && was->second.merged &&
                                was->second.pseudonym == payment.patient;
            take_back(payment.id, *told, merged ? "merged" : "corrected");
        }
        JsonText identity = payment.exported;
        identity.erase("id");
        identity.set_string("payment", payment.id);
        identity.set_string("payer", payer);
        JsonText data = identity;
        data.set_string("booked_on", today);
        Draft& draft = change.drafts.add(
            payment.kind == "refund" ? "billing.refund" : "billing.payment", payment.paid_at,
            std::move(data), std::move(identity)
        );
        draft.entity(payment.id)
            .at(payment.paid_at, payment.key.source_id)
            .with(permission)
            .of_patient(payment.patient);
        draft.payer = payer;
        draft.event.party = party_of(payer, draft.event.data.find("limit").string());
        draft.event.source = payment.key.source;
        draft.event.record_id = payment.id;
    }
    for_each_standing(change.before, "payment/", [&](const std::string& id, const Standing& told) {
        if (!present.contains(id))
            take_back(id, told, change.typed.history.contains(id) ? "corrected" : "deleted");
    });
}

}  // namespace mis::domain
