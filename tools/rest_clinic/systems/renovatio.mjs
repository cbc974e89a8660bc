// Renovatio: visits are upcoming, completed or refused.
import { Renovatio } from "../../../tests/support/renovatio.mjs";
import { visits_of } from "../visits.mjs";

const STATUS = { upcoming: "booked", completed: "completed", refused: "cancelled" };
const visits = visits_of({
  list: "visits",
  start_of: (visit) => visit.start,
  end_of: (visit) => visit.end,
  add: (service, life, { id, day, begin, end }) => service.add_visit({ id, patient: 77 + life.dice(60), start: `${day} ${begin}`, end: `${day} ${end}` }),
  put: (visit, { day, begin, end }) => Object.assign(visit, { start: `${day} ${begin}`, end: `${day} ${end}` }),
  is_open: ({ status }) => status === "upcoming",
  marks: {
    refuse: [2, (visit) => Object.assign(visit, { status: "refused" })],
    complete: [2, (visit) => Object.assign(visit, { status: "completed" })],
  },
  status: ({ status }) => STATUS[status],
});

export default {
  start: (t) => Renovatio.start(t),
  settings: (service) => ({ url: service.url, secret: service.key }),
  ...visits,
  kept: ["users", "services", "clinics", ...visits.kept],
  furnish(service, life) {
    service.clinics.push({ id: 1, title: "Пробная клиника", is_deleted: false });
    service.users.push({ id: "5", name: "Пробный Врач", is_deleted: false, profession_titles: ["Терапевт"], default_clinic: "1", phone: "89000000001" });
    for (let id = 1; id <= 30; ++id) service.services.push({ service_id: id, title: `Пробная работа ${id}`, is_deleted: false, code: "А16.07.002", category_title: "Терапия", price: 500 + id * 100.5 });
    visits.furnish(service, life);
  },
  held: (service) => ({ branch: service.clinics.length, practitioner: service.users.length, service: service.services.length, appointment: visits.rows(service) }),
};
