#include "domain/appointments.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "domain/body_fields.hpp"
#include "domain/limit_ledger/closing.hpp"
#include "domain/replaced_rows.hpp"

namespace mis::domain {
namespace {

constexpr std::array<std::string_view, 4> kPlaceAndTime{
    "starts_at", "ends_at", "practitioner", "room"};

bool has_line(const TypedFacts& typed, const Appointment& visit) {
    return std::any_of(typed.lines.begin(), typed.lines.end(), [&](const Line& line) {
        if (line.appointment_source_id.empty())
            return line.patient == visit.patient && line.day == visit.day;
        return line.key.source == visit.key.source &&
               line.appointment_source_id == visit.key.source_id;
    });
}

std::string event_of(const std::string& status) {
    return "appointment." + (status == "in_progress" ? std::string("started") : status);
}

// Business time: what happened at the visit happened then; what was done to the book happened when
// it was written.
Timestamp time_of(const std::string& type, const Appointment& visit, const Timestamp& now) {
    if (type == "appointment.arrived" || type == "appointment.started") return visit.starts_at;
    if (type == "appointment.completed") return visit.ends_at;
    if (type == "appointment.no_show") return visit.zone.start_of_day(visit.day.plus_days(1));
    return visit.modified_at.value_or(now);
}

class AppointmentAnnouncer {
  public:
    AppointmentAnnouncer(
        Change& change, const Assigner& accounts, const Tracked& tracked,
        const std::map<std::string, Stop>& stops
    )
        : change_(change), accounts_(accounts), tracked_(tracked), stops_(stops) {}

    void announce_all() {
        for (const Appointment& visit : change_.typed.appointments) {
            present_.insert(visit.id);
            announce(visit);
        }
        for_each_standing(
            change_.before, "appointment/",
            [&](const std::string& id, const Standing& told) {
                if (!present_.contains(id)) remove(id, told);
            }
        );
    }

  private:
    Change& change_;
    const Assigner& accounts_;
    const Tracked& tracked_;
    const std::map<std::string, Stop>& stops_;
    std::set<std::string> present_;

    // L6: put against an account, and none covers the patient on that day that is open and not
    // exhausted. A visit that names no payer is put where the patient has an account by then.
    bool paid_up(const Appointment& visit) const {
        const auto valid = accounts_.accounts_of(visit.patient, visit.day);
        if (valid.empty()) return names_known_account(visit);
        const auto stop = stops_.find(visit.patient);
        const bool stopped = stop != stops_.end() && visit.starts_at >= stop->second.from;
        return std::none_of(valid.begin(), valid.end(), [&](const Account* account) {
            return !account->exhausted() && !account->ended_before(visit.day) &&
                   !(stopped && account->named_weakly_on(visit.day)) &&
                   is_open(*account, tracked_, change_);
        });
    }

    // An account that is not known yet may still cover the visit.
    bool names_known_account(const Appointment& visit) const {
        if (visit.limit_source_id.empty())
            return visit.payer == "limit" &&
                   !accounts_.accounts_of(visit.patient, std::nullopt).empty();
        return accounts_.find(visit.key.source, visit.limit_source_id) != nullptr ||
               accounts_.is_foreign(visit.key.source, visit.limit_source_id);
    }

    // The payer that the visit announces; empty: nobody said, and no account decides it.
    std::string payer_of(const Appointment& visit, const Standing* told) const {
        const std::string stated = visit.limit_source_id.empty() ? visit.payer : "limit";
        const std::string was = told == nullptr ? "" : BodyFields(told->data).text("payer");
        if (!stated.empty() && stated != "limit") return stated;
        const bool coming = visit.status == "booked" || visit.status == "confirmed";
        if (!coming || visit.starts_at <= change_.now()) {
            const bool unchanged =
                told != nullptr &&
                told->data.find("appointment").find("payer").string() == visit.payer;
            return unchanged ? was : stated;
        }
        if (paid_up(visit)) return "patient";
        if (stated.empty() && !was.empty())
            return "limit";  // a grant came: the account takes it again
        return stated;
    }

    void announce(const Appointment& visit) {
        const std::string key = "appointment/" + visit.id;
        const Permission permission = change_.gate.record(visit.patient, visit.starts_at);
        const Standing* told = change_.told(key, permission);
        if (told != nullptr && BodyFields(told->data).text("patient") != visit.patient) {
            remove(
                visit.id, *told
            );  // corrected or merged: gone from one patient, booked for another
            told = nullptr;
        }
        JsonText appointment = visit.exported;
        if (!visit.payer.empty()) appointment.set_string("payer", visit.payer);
        const std::string payer = payer_of(visit, told);
        JsonFields fields;
        fields.raw("appointment", appointment.text());
        fields.raw("payer", payer.empty() ? "null" : json_string(payer));
        const JsonText identity = fields.text();
        const auto add = [&](const std::string& type, JsonText content, int turn) {
            Draft& draft = change_.drafts.add(
                type, time_of(type, visit, change_.now()), std::move(content), identity
            );
            draft.entity(visit.id).at(visit.starts_at, visit.key.source_id).with(permission);
            draft.turn = turn;
            draft.event.source = visit.key.source;
            draft.event.record_id = visit.id;
            finish(draft, visit.patient, visit.key.source);
        };
        if (told == nullptr) return add(event_of(visit.status), identity, 2);

        const JsonView announced = told->data.find("appointment");
        const JsonMembers old(announced), now(appointment.view());
        JsonText previous;
        for (const std::string_view field : kPlaceAndTime) {
            const JsonView was = old.find(field), is = now.find(field);
            if (was.raw() == is.raw()) continue;
            if (field.ends_with("_at") &&
                Timestamp::parse_rfc3339(was.string()) == Timestamp::parse_rfc3339(is.string()))
                continue;
            previous.set(field, was.absent() ? "null" : was.raw());
        }
        const std::string was_paid_by = told->data.find("payer").string();
        const std::string status = old.find("status").string();
        const bool other_status =
            status != visit.status ||
            (visit.status == "cancelled" &&
             old.find("cancel_reason").string() != now.find("cancel_reason").string());
        if (!previous.empty()) {
            JsonText moved = identity;
            moved.set("previous", previous.text());
            if (other_status) {
                JsonText as_before = appointment;
                as_before.set_string("status", status.empty() ? visit.status : status);
                moved.set("appointment", as_before.text());
            }
            add("appointment.moved", std::move(moved), 1);
        }
        if (other_status) add(event_of(visit.status), identity, 2);
        if (payer != was_paid_by) add("appointment.payer_changed", identity, 3);
    }

    void remove(const std::string& id, const Standing& told) {
        const std::string patient = BodyFields(told.data).text("patient");
        JsonFields identity;
        identity.raw("appointment", std::string(told.data.find("appointment").raw()));
        Draft& draft =
            change_.drafts.add("appointment.removed", change_.now(), told.data, identity.text());
        draft.event.data.erase("previous");
        const auto starts =
            Timestamp::parse_rfc3339(told.data.find("appointment").find("starts_at").string());
        draft.entity(id).with(change_.gate.fallen(told.leaves, patient, starts));
        if (starts) draft.at(*starts, change_.row_of(id));
        draft.event.source = change_.source_of("appointment", id);
        draft.event.record_id = id;
        finish(draft, patient, draft.event.source);
    }

    static void finish(Draft& draft, const std::string& patient, const std::string& source) {
        draft.of_patient(patient);
        if (patient.empty()) draft.about("source/" + source);
    }
};

}  // namespace

std::optional<Timestamp> turn_into_no_shows(
    TypedFacts& typed, const Rules& rules, const Timestamp& now
) {
    std::optional<Timestamp> next;
    for (Appointment& visit : typed.appointments) {
        if (visit.status != "booked" && visit.status != "confirmed") continue;
        if (!rules.no_show_sources.contains(visit.key.source) || visit.patient.empty()) continue;
        if (has_line(typed, visit)) continue;
        const Timestamp ends = visit.zone.start_of_day(visit.day.plus_days(1));
        if (now >= ends) {
            visit.status = "no_show";
            visit.exported.set_string("status", "no_show");
        } else if (!next || ends < *next) {
            next = ends;
        }
    }
    return next;
}

void announce_appointments(
    Change& change, const Assigner& accounts, const Tracked& tracked,
    const std::map<std::string, Stop>& stops
) {
    AppointmentAnnouncer(change, accounts, tracked, stops).announce_all();
}

}  // namespace mis::domain
