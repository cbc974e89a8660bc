// The connector `macdent` through the real program, against a scripted service that speaks what is known of its protocol.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MacDent } from "../support/macdent.mjs";
import { RestClinic } from "./rest_clinic.mjs";
import { ANY_SERVICE, agrees, believed_free, believed_visits, in_moscow, survives } from "./rest_owed.mjs";

const STATUS = { 0: "booked", 2: "cancelled", DECLINED: "cancelled", CONFIRM: "confirmed", 3: "arrived", 4: "arrived", 5: "arrived", 6: "arrived" };
const held = (service) => service.records.map(({ start, status }) => `${start.slice(0, 16).replace(" ", "T")} ${STATUS[status]}`).sort();
const free = (service) => service.free.map(({ from, to }) => `${from.slice(0, 16).replace(" ", "T")} ${to.slice(11, 16)}`).sort();
const time = (days, hour, minute = 0) => ({ start: in_moscow(days, `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}:00`), end: in_moscow(days, `${String(hour).padStart(2, "0")}:${String(minute + 29).padStart(2, "0")}:00`) });

async function clinic_of(t, service, { records = 4, patients = 3, ...http } = {}) {
  service.doctors.push({ id: 5, name: "Пробный Врач", specialnosti: [{ id: "1", name: "терапевт" }], filials: [{ id: 200 }] });
  for (let id = 77; id < 77 + patients; ++id) service.add_patient(id);
  for (let id = 1; id <= records; ++id) service.add_record({ id, ...time(id % 40, 9 + (id % 10), id % 30) });
  for (const days of [1, 2]) service.free.push({ doctor: 5, from: in_moscow(days, "13:00:00"), to: in_moscow(days, "16:30:00"), filial: 200 });
  return RestClinic.make(t, { url: service.url, connector: "macdent", secret: service.token, http: { per_second: 1000, ...http } });
}

test("records are booked, confirmed, moved, declined, kept and removed; free time is told", async (t) => {
  const service = await MacDent.start(t);
  const clinic = await clinic_of(t, service, { records: 6 });
  const first = await clinic.sync();
  assert.equal(first.code, 0, first.stdout + first.stderr);
  assert.deepEqual(await believed_visits(clinic), held(service));
  assert.deepEqual(await believed_free(clinic), free(service));
  const told = (await clinic.events()).length;
  await clinic.sync();
  assert.equal((await clinic.events()).length, told, "the same again tells nothing");
  const [one, two, three, four, five] = service.records;
  one.status = "CONFIRM";
  Object.assign(two, time(200, 10));
  three.status = 2;
  four.status = 5;
  service.records.splice(service.records.indexOf(five), 1);
  service.add_record({ id: 7, ...time(0, 22) });
  service.free.pop();
  const second = await clinic.sync();
  assert.equal(second.code, 0, second.stdout + second.stderr);
  assert.deepEqual(await believed_free(clinic), free(service), "free time that was taken is told at once");
  assert.deepEqual(await believed_visits(clinic), [...held(service), `${five.start.slice(0, 16).replace(" ", "T")} booked`].sort(), "a removed record stands until all is compared");
  const compared = await clinic.command("reconcile");
  assert.match(compared.stdout, /mis +appointment +6 +0 +0 +1 .*mended/, compared.stdout);
  assert.deepEqual(await believed_visits(clinic), held(service));
  await agrees(clinic, { practitioner: 1, patient: 3, appointment: 6, slot: 1 });
  assert.ok(service.server.asked.every(({ path, query }) => /\/(find|get_free_time)$/.test(path) && Object.keys(query).length === 0), "nothing is written, and no token stands in an address");
});

test("pages' edges, however the service means a period", async (t) => {
  for (const [settings, count] of [[{}, 100], [{}, 101], [{ takes_period: false }, 250], [{ last_included: false }, 120], [{ page: 20 }, 45], [{}, 0]]) {
    const service = await MacDent.start(t, settings);
    const clinic = await clinic_of(t, service, { records: 0, patients: 0 });
    for (let id = 1; id <= count; ++id) service.add_patient(id), service.add_record({ id, ...time((id % 50) - 10, 8 + (id % 12), id % 30) });
    const synced = await clinic.sync();
    assert.equal(synced.code, 0, `${JSON.stringify(settings)} ${count}: ${synced.stdout}${synced.stderr}`);
    assert.deepEqual(await believed_visits(clinic), held(service), `${JSON.stringify(settings)} ${count}`);
    await agrees(clinic, { patient: count, appointment: count });
  }
});

test("whichever way the service fails, no visit is invented, lost or moved by it", async (t) => {
  const service = await MacDent.start(t);
  const clinic = await clinic_of(t, service, { records: 130 });
  assert.equal((await clinic.sync()).code, 0);
  await survives({
    clinic, server: service.server, believed: () => believed_visits(clinic), truth: () => held(service), secrets: [service.token],
    hit: ({ path }) => path === "/zapis/find",
    troubles: {
      ...ANY_SERVICE("zapisi"),
      "says that it failed": { json: { response: 0, error: "Нет прав на zapis.find: Тестова Анна 89000000001" } },
      "it says that it failed|failed": { json: { response: 0, error: "Нет прав", zapisi: [] } },
      "says that it failed|no list": { json: { isTokenNeedToBeUpdated: true, response: 0 } },
      "no list of rows": { json: { response: 1, zapis: [], count: "0" } },
      "says that there are 999": { after: true, text: (whole) => whole.replace(/"count":"\d+"/, '"count":"999"') },
    },
    change: () => {
      service.records[0].status = 2;
      Object.assign(service.records[2], time(30, 7));
      service.add_record({ id: 900, ...time(2, 6) });
    },
  });
});

test("a status that nobody explained sets its record aside; a wrong token is said and not shown", async (t) => {
  const service = await MacDent.start(t);
  const clinic = await clinic_of(t, service);
  await clinic.sync();
  const before = await believed_visits(clinic);
  service.records[0].status = 1;
  await clinic.sync();
  assert.deepEqual(await believed_visits(clinic), before);
  assert.match((await clinic.command("quarantine")).stdout, /status/);
  service.token = "1196:1:macdent-token-2";
  const refused = await clinic.sync();
  assert.match(refused.stdout + refused.stderr, /says that it failed/);
  const shown = await clinic.command("preview", "mis", "appointment");
  for (const ran of [refused, shown]) assert.doesNotMatch(ran.stdout + ran.stderr, /macdent-token|Тестов|89000000001/);
  assert.deepEqual(await believed_visits(clinic), before);
});
