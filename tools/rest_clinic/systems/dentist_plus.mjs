// Dentist Plus: statuses are the clinic's own, so the site says what they mean; working time of a branch, of which free times are what no visit takes.
import { DentistPlus } from "../../../tests/support/dentist_plus.mjs";
import { visits_of } from "../visits.mjs";

const STATUS = { 1: "booked", 2: "confirmed", 3: "arrived", 5: "completed" };
const visits = visits_of({
  list: "visits",
  start_of: (visit) => visit.start,
  end_of: (visit) => visit.end,
  add: (service, life, { id, day, begin, end }) => service.add_visit({ id, patient: life.one_of(service.patients).id, start: `${day} ${begin}`, end: `${day} ${end}`, updated_at: life.now() }),
  put: (visit, { day, begin, end }) => Object.assign(visit, { start: `${day} ${begin}`, end: `${day} ${end}` }),
  is_open: ({ status_id, is_cancelled, deleted }) => status_id <= 2 && !is_cancelled && !deleted,
  marks: {
    confirm: [2, (visit) => Object.assign(visit, { status_id: 2 })],
    cancel: [2, (visit) => Object.assign(visit, { is_cancelled: true })],
    complete: [1, (visit) => Object.assign(visit, { status_id: 5 })],
    put_away: [1, (visit) => Object.assign(visit, { deleted: true })],
  },
  status: ({ status_id, is_cancelled, deleted }) => (deleted ? undefined : is_cancelled ? "cancelled" : STATUS[status_id]),
});

export default {
  start: (t) => DentistPlus.start(t),
  settings: (service) => ({ url: service.url, user: service.login, secret: service.pass, site: { branch_id: "1", booked_statuses: "1", confirmed_statuses: "2", arrived_statuses: "3", completed_statuses: "5" } }),
  ...visits,
  kept: ["doctors", "patients", "shifts", ...visits.kept],
  furnish(service, life) {
    service.doctors.push({ id: 5, fname: "Врач", lname: "Пробный", mname: "", specialization: "терапевт", updated_at: "2026-03-01 10:00:00" });
    for (let id = 77; id < 137; ++id) service.add_patient(id);
    for (let days = 0; days < 20; ++days) service.shifts.push({ doctor_id: 5, chair_id: 9, branch_id: 1, day: life.day(days), time_from: "09:00", time_to: "18:00", minutes: 540 });
    visits.furnish(service, life);
  },
  standing: (service) => service.standing(STATUS),
  believed: undefined, // visits and free times
  held: (service) => ({ practitioner: service.doctors.length, patient: service.patients.length, appointment: visits.rows(service), shift: service.shifts.length }),
};
