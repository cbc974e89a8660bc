// MacDent: records with statuses, and free times that come and go in blocks. A record that is deleted is noticed at night, so none is here.
import { MacDent } from "../../../tests/support/macdent.mjs";
import { in_words } from "../life.mjs";
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

const in_block = ({ from }) => in_words(from.slice(0, 10), from.slice(11));
const hours = (hour) => `${String(hour).padStart(2, "0")}:00:00`;
function offer(service, life) {
  const [day, hour] = [life.day(life.dice(20)), 9 + 2 * life.dice(4)];
  const block = { doctor: 5, from: `${day} ${hours(hour)}`, to: `${day} ${hours(hour + 2)}`, filial: 200 };
  if (service.free.some(({ from }) => from === block.from)) return undefined;
  service.free.push(block);
  return `a free time, ${in_block(block)}`;
}
function close(service, life) {
  const block = life.one_of(service.free);
  if (!block) return undefined;
  service.free.splice(service.free.indexOf(block), 1);
  return `a free time, ${in_block(block)}`;
}

export default {
  start: (t) => MacDent.start(t),
  settings: (service) => ({ url: service.url, secret: service.token }),
  ...visits,
  kept: ["doctors", "patients", "free", ...visits.kept],
  furnish(service, life) {
    service.doctors.push({ id: 5, name: "Пробный Врач", specialnosti: [{ id: 1, name: "терапевт" }], filials: [1] });
    for (let id = 77; id < 137; ++id) service.add_patient(id);
    for (let tried = 0; tried < 60; ++tried) offer(service, life);
    visits.furnish(service, life);
  },
  actions: { ...visits.actions, offer: [3, offer], close: [2, close] },
  standing: (service) => service.standing(),
  believed: undefined, // visits and free times
  held: (service) => ({ practitioner: service.doctors.length, patient: service.patients.length, appointment: visits.rows(service), slot: service.free.length }),
};
