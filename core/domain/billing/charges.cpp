#include "domain/billing/charges.hpp"

#include <algorithm>
#include <unordered_set>

#include "domain/body_fields.hpp"
#include "domain/replaced_rows.hpp"

namespace mis::domain {
namespace {

bool is_code_like(const std::string& note
) {  // notes are the mapper's own words; anything else might be a clinic's text
    return note.size() <= 80 && std::all_of(note.begin(), note.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == ' ' ||
                      c == ':' || c == '.' || c == '-';
           });
}

// L5; without a stated discount a list total may be anything from the total on.
bool contradicts_list(const Line& line) {
    const Money& total = line.total;
    if (line.discount && line.discount->currency != total.currency) return true;
    if (!line.list_total) return false;
    const Money& list = *line.list_total;
    if (list.currency != total.currency) return true;
    if (line.discount) return list.minor - line.discount->minor != total.minor;
    return (list.minor < 0 && total.minor > 0) || (list.minor > 0 && total.minor < 0);
}

std::string remarks_of(const Line& line) {
    std::string remarks = "[";
    const auto add = [&](std::string_view remark) {
        if (remarks.size() > 1) remarks += ',';
        append_json_string(remarks, remark);
    };
    for (const std::string& note : line.remarks) {
        if (is_code_like(note)) add(note);
    }
    if (contradicts_list(line)) add("list_total_minus_discount_differs");
    return remarks += ']';
}

struct Booking {  // what a charge tells beside its identity
    std::string_view booked_on, item;
    std::string remarks;
};

// What gives a charge its identity (I2): all but the booking.
JsonText text_of(const LineCharge& charge, const std::string& order, const Booking* booking) {
    const Line& line = *charge.line;
    JsonFields data(600);
    if (booking != nullptr) {
        data.string("booked_on", booking->booked_on);
        if (!line.branch.empty()) data.string("branch", line.branch);
    }
    if (line.discount) data.money("discount", *line.discount);
    if (booking != nullptr && !booking->item.empty()) data.string("item", booking->item);
    if (booking != nullptr && !line.legal_entity.empty())
        data.string("legal_entity", line.legal_entity);
    if (!charge.limit.empty()) data.string("limit", charge.limit);
    data.money("line_total", line.total);
    if (line.list_total) data.money("list_total", *line.list_total);
    if (!order.empty()) data.string("order", order);
    if (!charge.overruns.empty()) {  // so that a log alone tells what an account consumed
        std::string overruns = "[";
        for (const auto& [account, part] : charge.overruns) {
            if (overruns.size() > 1) overruns += ',';
            JsonFields one;
            overruns += one.string("limit", account).money("total", part).text().text();
        }
        data.raw("overruns", overruns + "]");
    }
    if (booking != nullptr && !line.patient.empty()) data.string("patient", line.patient);
    data.string("payer", charge.payer);
    if (!charge.party.empty()) data.string("payer_party", charge.party);
    data.string("procedure", line.id).string("quantity", line.quantity.to_string());
    if (booking != nullptr) data.raw("remarks", booking->remarks);
    data.boolean("tax_deductible", charge.payer == "patient" && line.category != "goods");
    return std::move(data.money("total", charge.total)).text();
}

class ChargeAnnouncer {
  public:
    ChargeAnnouncer(
        Change& change, const Tracked& tracked, const std::vector<Account>& accounts,
        const ReversedLines& reversed
    )
        : change_(change),
          tracked_(tracked),
          accounts_(accounts),
          reversed_(reversed),
          today_(change.rules.clinic_zone.date_of(change.now()).to_string()) {}

    void announce(const LineCharge& charge) {
        const Line& line = *charge.line;
        std::string key = key_of_charge(line.id, charge.payer, charge.limit, charge.party);
        Permission permission = change_.gate.record(line.patient, line.performed_at);
        const Standing* told = change_.told(key, permission);
        if (const Standing* known = change_.before.find(key)) wanted_.insert(known);
        const std::string order = order_of(charge, tracked_, accounts_, change_.identity);
        std::string item_order;
        const PlanItem* item = tracked_.charged_item(line.id, &item_order);
        JsonText identity = text_of(charge, order, nullptr);
        const auto why = reversed_.find(line.id);
        if (told != nullptr && why == reversed_.end()) {
            const JsonView was = told->data.view(), is = identity.view();
            const bool same_sums = same_but(
                was, is,
                {"charge_id", "booked_on", "branch", "item", "legal_entity", "remarks", "patient",
                 "order"}
            );
            const bool same_place = was.find("order").string() == order &&
                                    was.find("item").string() == (item == nullptr ? "" : item->id);
            // A log that ends inside of a change set has a line moved and its charge not (I4).
            const std::string owner = was.find("patient").string();
            const bool same_owner = owner.empty() || owner == line.patient;
            if (same_sums && same_owner && (same_place || was_mapped_anew(line))) return;
            reverse(
                *told, !same_owner ? "corrected"
                       : same_sums ? "order_changed"
                                   : "split_changed"
            );
        } else if (told != nullptr) {
            reverse(*told, why->second);
        }
        const Booking booking{
            today_, item == nullptr ? std::string_view() : item->id, remarks_of(line)};
        Draft& draft = change_.drafts.add(
            "billing.charge", line.performed_at, text_of(charge, order, &booking),
            std::move(identity)
        );
        draft.entity(line.id)
            .at(line.performed_at, line.key.source_id)
            .with(std::move(permission))
            .stands_as(std::move(key));
        const Plan* plan = order.empty() ? nullptr : tracked_.plan_of_order(order);
        if (plan != nullptr) draft.about("plan/" + plan->id);
        draft.of_named_patient(line.patient);
        draft.payer = charge.payer;
        draft.event.source = line.key.source;
        draft.event.record_id = line.id;
        draft.event.party = charge.party;
    }

    void reverse_the_rest() {
        for_each_standing(change_.before, "charge/", [&](std::string_view, const Standing& told) {
            if (wanted_.contains(&told)) return;
            const auto why = reversed_.find(BodyFields(told.data).text("procedure"));
            reverse(told, why == reversed_.end() ? "split_changed" : why->second);
        });
    }

  private:
    Change& change_;
    const Tracked& tracked_;
    const std::vector<Account>& accounts_;
    const ReversedLines& reversed_;
    std::string today_;
    std::unordered_set<const Standing*> wanted_;  // of those announced before

    // I8: a new mapping re-matches plans and never reverses a charge.
    bool was_mapped_anew(const Line& line) const {
        const Standing* told = change_.before.find("procedure/" + line.id);
        if (told == nullptr || !line.work.mapped) return false;
        return told->data.find("procedure").find("nomenclature").string() != line.work.nomenclature;
    }

    void reverse(const Standing& told, const std::string& reason) {
        const BodyFields was(told.data);
        const std::string patient = was.text("patient");
        JsonFields fields;
        fields.string("charge_id", told.event_id).string("reason", reason);
        fields.raw("payer", std::string(was.find("payer").raw()));
        fields.raw("total", std::string(was.find("total").raw()));
        JsonText identity = fields.text();
        JsonText data = identity;
        data.set_string("booked_on", today_);
        if (const std::string limit = was.text("limit"); !limit.empty())
            data.set_string("limit", limit);
        Draft& draft = change_.drafts.add(
            "billing.reversal", change_.now(), std::move(data), std::move(identity)
        );
        const std::string id = was.text("procedure");
        const auto performed = change_.told_performed_at(id);
        const bool covered = change_.gate.fallen(told.leaves, patient, performed).allowed();
        draft.entity(id).with(change_.gate.reversed(told.leaves, patient, performed));
        const Plan* plan =
            was.text("order").empty() ? nullptr : tracked_.plan_of_order(was.text("order"));
        if (plan != nullptr && (covered || told.leaves == Export::withheld))
            draft.about("plan/" + plan->id);
        draft.of_patient(patient);
        draft.payer = was.text("payer");
        if (performed) draft.at(*performed, change_.row_of(id));
        draft.event.source = change_.source_of("procedure", id);
        draft.event.record_id = id;
        draft.event.party = was.text("payer_party");
    }
};

}  // namespace

std::string order_of(
    const LineCharge& charge, const Tracked& tracked, const std::vector<Account>& accounts,
    const Identity& identity
) {
    std::string order;
    if (tracked.charged_item(charge.line->id, &order) != nullptr) return order;
    const std::string limit = !charge.limit.empty()     ? charge.limit
                              : charge.overruns.empty() ? std::string()
                                                        : charge.overruns.begin()->first;
    for (const Account& account : accounts) {
        if (limit.empty() || account.id != limit || account.orders.empty()) continue;
        for (const std::string& opener : account.orders) {
            if (account.id == limit_id_of_order(identity, opener)) return opener;
        }
        return *account.orders.begin();
    }
    return {};
}

void announce_charges(
    Change& change, const Ledger& ledger, const Tracked& tracked,
    const std::vector<Account>& accounts, const ReversedLines& reversed
) {
    ChargeAnnouncer announcer(change, tracked, accounts, reversed);
    for (const LineCharge& charge : ledger.charges) announcer.announce(charge);
    announcer.reverse_the_rest();
}

}  // namespace mis::domain
