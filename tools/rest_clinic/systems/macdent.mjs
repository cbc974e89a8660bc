// MacDent: records with statuses; free times are blocks that somebody else keeps. A record that is deleted is noticed at night, so none is here.
import { MacDent } from "../../../tests/support/macdent.mjs";
import { visits_of } from "../visits.mjs";

const STATUS = { 0: "booked", 2: "cancelled", 3: "arrived", CONFIRM: "confirmed" };
const visits = visits_of({
  list: "records",
  deletes: false,
  start_of: (record) => record.start,
  end_of: (record) => record.end,
  add: (service, life, { id, day, begin, end }) => service.add_record({ id, patient: life.one_of(service.patients).id, start: `${day} ${begin}`, end: `${day} ${end}` }),
  put: (record, { day, begin, end }) => Object.assign(record, { start: `${day} ${begin}`, end: `${day} ${end}` }),
  is_open: ({ status }) => [0, "CONFIRM"].includes(status),
  marks: {
    confirm: [2, (record) => Object.assign(record, { status: "CONFIRM" })],
    cancel: [2, (record) => Object.assign(record, { status: 2 })],
    arrive: [1, (record) => Object.assign(record, { status: 3 })],
  },
  status: ({ status }) => STATUS[status],
});

export default {
  start: (t) => MacDent.start(t),
  settings: (service) => ({ url: service.url, secret: service.token }),
  ...visits,
  kept: ["doctors", "patients", "free", ...visits.kept],
  furnish(service, life) {
    service.doctors.push({ id: 5, name: "Пробный Врач", specialnosti: [{ id: 1, name: "терапевт" }], filials: [1] });
    for (let id = 77; id < 137; ++id) service.add_patient(id);
    visits.furnish(service, life);
  },
  held: (service) => ({ practitioner: service.doctors.length, patient: service.patients.length, appointment: visits.rows(service), slot: service.free.length }),
};
