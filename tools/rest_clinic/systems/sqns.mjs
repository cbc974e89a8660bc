// SQNS: visits by attendance; deleting is soft, some go for good.
import { Sqns } from "../../../tests/support/sqns.mjs";
import { visits_of } from "../visits.mjs";

const MINUTES = 30; // the service tells no end
const STATUS = { "-1": "cancelled", 0: "booked", 1: "arrived", 2: "confirmed" };
const later = (text) => new Date(Date.parse(`${text.replace(" ", "T")}Z`) + MINUTES * 60_000).toISOString().slice(0, 19).replace("T", " ");
const visits = visits_of({
  list: "visits",
  start_of: (visit) => visit.datetime,
  end_of: (visit) => later(visit.datetime),
  add: (sqns, life, { id, day, begin }) => sqns.add_visit({ id, client: life.one_of(sqns.clients).id, datetime: `${day} ${begin}`, update_date: life.now() }),
  put: (visit, { day, begin }) => Object.assign(visit, { datetime: `${day} ${begin}` }),
  is_open: ({ attendance, deleted }) => [0, 2].includes(attendance) && !deleted,
  marks: {
    confirm: [2, (visit) => Object.assign(visit, { attendance: 2 })],
    cancel: [2, (visit) => Object.assign(visit, { attendance: -1 })],
    arrive: [1, (visit) => Object.assign(visit, { attendance: 1 })],
    put_away: [1, (visit) => Object.assign(visit, { deleted: true })],
  },
  status: ({ attendance, deleted }) => (deleted ? undefined : STATUS[attendance]),
});

export default {
  start: (t) => Sqns.start(t),
  settings: (sqns) => ({ url: sqns.url, user: sqns.email, secret: sqns.password, site: { visit_minutes: String(MINUTES) } }),
  ...visits,
  kept: ["resources", "services", "clients", ...visits.kept],
  furnish(sqns, life) {
    sqns.resources.push({ id: "3", title: "Пробный Врач", description: "терапевт", image: "" });
    for (let id = 1; id <= 30; ++id) sqns.services.push({ id: String(id), title: `Пробная работа ${id}`, description: null, category: "Терапия", durationSeconds: 1800, price: { currencyCode: "RUB", range: ["4500.50", "4500.50"] } });
    for (let id = 77; id < 137; ++id) sqns.add_client(id, life.person(id).phone);
    visits.furnish(sqns, life);
  },
  held: (sqns) => ({ practitioner: sqns.resources.length, service: sqns.services.length, patient: sqns.clients.length, appointment: visits.rows(sqns) }),
};
