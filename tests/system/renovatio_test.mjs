// The connector `renovatio` through the real program, against a scripted service that speaks what is known of its protocol.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Renovatio } from "../support/renovatio.mjs";
import { RestClinic } from "./rest_clinic.mjs";
import { ANY_SERVICE, agrees, believed_visits, in_moscow, survives } from "./rest_owed.mjs";

const STATUS = { upcoming: "booked", completed: "completed", refused: "cancelled" };
const held = (service) => service.visits.map(({ start, status }) => `${start.slice(0, 16).replace(" ", "T")} ${STATUS[status]}`).sort();
const time = (days, hour, minute = 0) => ({ start: in_moscow(days, `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}:00`), end: in_moscow(days, `${String(hour).padStart(2, "0")}:${String(minute + 29).padStart(2, "0")}:00`) });

async function clinic_of(t, service, { visits = 4, ...http } = {}) {
  service.clinics.push({ id: 1, title: "Пробная клиника", is_deleted: false });
  service.users.push({ id: "5", name: "Пробный Врач", is_deleted: false, profession_titles: ["Терапевт"], default_clinic: "1", phone: "89000000001" }, { id: "6", name: "Пробный Хирург", is_deleted: true, profession_titles: [] });
  service.services.push({ service_id: 31, title: "Пломба пробная", is_deleted: false, code: "А16.07.002", category_title: "Терапия", price: 4500.5 });
  for (let id = 1; id <= visits; ++id) service.add_visit({ id, ...time(id % 60, 9 + (id % 10), id % 30) });
  return RestClinic.make(t, { url: service.url, connector: "renovatio", secret: service.key, http: { per_second: 1000, ...http } });
}

test("visits are booked, moved, take place, are refused and vanish; nobody's name is asked for", async (t) => {
  const service = await Renovatio.start(t);
  const clinic = await clinic_of(t, service, { visits: 6 });
  const first = await clinic.sync();
  assert.equal(first.code, 0, first.stdout + first.stderr);
  assert.deepEqual(await believed_visits(clinic), held(service));
  await agrees(clinic, { branch: 1, practitioner: 2, service: 1, appointment: 6 });
  const told = (await clinic.events()).length;
  await clinic.sync();
  assert.equal((await clinic.events()).length, told, "the same again tells nothing");
  const [one, two, three, four] = service.visits;
  one.status = "completed";
  Object.assign(two, time(150, 10)); // beyond the window: asked for by its id
  three.status = "refused";
  service.visits.splice(service.visits.indexOf(four), 1);
  service.add_visit({ id: 7, ...time(0, 22) });
  service.users[0].is_deleted = true;
  const second = await clinic.sync();
  assert.equal(second.code, 0, second.stdout + second.stderr);
  assert.deepEqual(await believed_visits(clinic), held(service), second.stdout);
  assert.ok(service.server.asked.every(({ path, query, body }) => /\/get\w+$/.test(path) && Object.keys(query).length === 0 && !body.includes("show_patient_data=1")), "reading only, and no key in an address");
});

test("visits whose end is not told, days without any, and the edges of thirty days", async (t) => {
  const service = await Renovatio.start(t, { tells_end: false });
  const clinic = await clinic_of(t, service, { visits: 0 });
  for (const [id, days] of [[1, -200], [2, -1], [3, 0], [4, 15], [5, 16], [6, 29], [7, 30], [8, 31], [9, 89]]) service.add_visit({ id, ...time(days, 12) });
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  assert.deepEqual(await believed_visits(clinic), held(service));
  await agrees(clinic, { appointment: 9 });
});

test("whichever way the service fails, no visit is invented, lost or moved by it", async (t) => {
  const service = await Renovatio.start(t);
  const clinic = await clinic_of(t, service, { visits: 60 });
  assert.equal((await clinic.sync()).code, 0);
  await survives({
    clinic, server: service.server, believed: () => believed_visits(clinic), truth: () => held(service), secrets: [service.key],
    hit: ({ path }) => path.endsWith("/getAppointments"),
    troubles: {
      ...ANY_SERVICE("data"),
      "failed \\(1001\\)": service.failure(1001),
      "says that it failed": { json: { error: 1, data: { code: "Тестова Анна", desc: "89000000001" } } },
      "it says that it failed \\(7\\)": { json: { error: 2, data: { code: 7 } } },
      "no list of rows": { json: { error: 0, data: null } },
      "the answer has no list of rows": { json: { error: 0, data: { 5: [] } } },
    },
    change: () => {
      service.visits[0].status = "refused";
      service.visits.splice(1, 1);
      Object.assign(service.visits[2], time(30, 7));
      service.add_visit({ id: 900, ...time(2, 6) });
    },
  });
});

test("a single visit that cannot be asked for loses none; a wrong key is said and not shown", async (t) => {
  const service = await Renovatio.start(t);
  const clinic = await clinic_of(t, service);
  await clinic.sync();
  const before = await believed_visits(clinic);
  service.visits.splice(0, 1);
  service.server.trouble = ({ path }) => (path.endsWith("/getAppointment") ? service.failure(404) : undefined);
  const failed = await clinic.sync();
  assert.match(failed.stdout + failed.stderr, /POST getAppointment of .*(failed \(404\)|check `by_id:`)/);
  assert.deepEqual(await believed_visits(clinic), before);
  service.server.trouble = () => undefined;
  await clinic.sync();
  assert.deepEqual(await believed_visits(clinic), held(service));
  service.key = "renovatio-key-2";
  const refused = await clinic.sync();
  assert.match(refused.stdout + refused.stderr, /failed \(403\)/);
  const shown = await clinic.command("preview", "mis", "appointment");
  for (const ran of [failed, refused, shown]) assert.doesNotMatch(ran.stdout + ran.stderr, /renovatio-key|Тестов|89000000001/);
  assert.deepEqual(await believed_visits(clinic), held(service));
});
