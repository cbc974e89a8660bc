// The connector `dentist_plus` through the real program, against a scripted service that speaks what is known of its protocol.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DentistPlus } from "../support/dentist_plus.mjs";
import { RestClinic } from "./rest_clinic.mjs";
import { ANY_SERVICE, agrees, believed_visits, in_moscow, survives } from "./rest_owed.mjs";

const SITE = { branch_id: "1", booked_statuses: "1", confirmed_statuses: "2, 12", arrived_statuses: "3", completed_statuses: "5", no_show_statuses: "6" };
const STATUS = { 1: "booked", 2: "confirmed", 12: "confirmed", 3: "arrived", 5: "completed", 6: "no_show" };
const held = (service) =>
  service.visits.filter(({ deleted }) => !deleted).map(({ start, status_id, is_cancelled }) => `${start.slice(0, 16).replace(" ", "T")} ${is_cancelled ? "cancelled" : STATUS[status_id]}`).sort();

async function clinic_of(t, service, { visits = 4, patients = 3, site = {}, ...http } = {}) {
  service.doctors.push({ id: 5, fname: "Врач", lname: "Пробный", mname: "", specialization: "терапевт", updated_at: "2026-03-01 10:00:00" });
  for (let id = 77; id < 77 + patients; ++id) service.add_patient(id);
  for (let id = 1; id <= visits; ++id) service.add_visit({ id, ...time(id % 40, 9 + (id % 10), id % 30) });
  for (const days of [0, 1, 2]) service.shifts.push({ doctor_id: 5, chair_id: days ? 9 : null, branch_id: 1, day: in_moscow(days), time_from: "09:00", time_to: "21:00", minutes: 720 });
  return RestClinic.make(t, { url: service.url, connector: "dentist_plus", secret: service.pass, site: { ...SITE, ...site }, http: { user: service.login, per_minute: 60000, ...http } });
}
const time = (days, hour, minute = 0) => ({ start: in_moscow(days, `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}:00`), end: in_moscow(days, `${String(hour).padStart(2, "0")}:${String(minute + 29).padStart(2, "0")}:00`) });

test("visits are booked, moved, take place, are missed, cancelled and deleted; working time is read where a branch is named", async (t) => {
  const service = await DentistPlus.start(t);
  const clinic = await clinic_of(t, service, { visits: 7 });
  const first = await clinic.sync();
  assert.equal(first.code, 0, first.stdout + first.stderr);
  assert.deepEqual(await believed_visits(clinic), held(service));
  await agrees(clinic, { practitioner: 1, patient: 3, appointment: 7, shift: 3 });
  const told = (await clinic.events()).length;
  await clinic.sync();
  assert.equal((await clinic.events()).length, told, "the same again tells nothing");
  const [one, two, three, four, five, six] = service.visits;
  one.status_id = 12;
  Object.assign(two, time(150, 10)); // beyond the window: asked for by its id
  three.status_id = 5;
  four.status_id = 6;
  five.is_cancelled = true;
  six.deleted = true;
  service.visits.splice(6, 1);
  service.add_visit({ id: 8, ...time(0, 22) });
  service.add_patient(99);
  service.patients[0].deleted = true;
  const second = await clinic.sync();
  assert.equal(second.code, 0, second.stdout + second.stderr);
  assert.deepEqual(await believed_visits(clinic), held(service), second.stdout);
  assert.ok(service.server.asked.every(({ method, path }) => method === "GET" || path.endsWith("/auth")), "nothing is written");
  await agrees(clinic, { patient: 3, shift: 3 });
});

test("a status that nobody explained sets its visits aside and takes none away; without a branch no working time is read", async (t) => {
  const service = await DentistPlus.start(t);
  const clinic = await clinic_of(t, service, { site: { branch_id: "" } });
  await clinic.sync();
  const before = await believed_visits(clinic);
  service.visits[0].status_id = 21;
  service.add_visit({ id: 50, ...time(1, 8), status_id: 21 });
  await clinic.sync();
  assert.deepEqual(await believed_visits(clinic), before);
  assert.match((await clinic.command("quarantine")).stdout, /21/);
  assert.match((await clinic.command("check")).stdout, /shift.*not configured.*branch_id/s);
  assert.ok(service.server.asked.every(({ path }) => !path.includes("schedule")));
});

test("pages: their edge, and a service that gives fewer than asked for", async (t) => {
  for (const [most, count] of [[200, 200], [200, 201], [50, 120], [15, 45], [200, 0]]) {
    const service = await DentistPlus.start(t, { most });
    const clinic = await clinic_of(t, service, { visits: 0, patients: 0 });
    for (let id = 1; id <= count; ++id) service.add_patient(id), service.add_visit({ id, ...time(1, 8 + (id % 12), id % 30) });
    const synced = await clinic.sync();
    assert.equal(synced.code, 0, synced.stdout + synced.stderr);
    assert.deepEqual(await believed_visits(clinic), held(service), `${most} ${count}`);
    await agrees(clinic, { patient: count, appointment: count });
  }
});

test("whichever way the service fails, no visit is invented, lost or moved by it", async (t) => {
  const service = await DentistPlus.start(t);
  const clinic = await clinic_of(t, service, { visits: 60 });
  assert.equal((await clinic.sync()).code, 0);
  await survives({
    clinic, server: service.server, believed: () => believed_visits(clinic), truth: () => held(service), secrets: [service.pass, "token-of-dentist"],
    hit: ({ path }) => path === "/partner/visits",
    troubles: {
      ...ANY_SERVICE("data"),
      "HTTP 401": { status: 401, json: { message: "Unauthenticated." } },
      "does not understand": { status: 422, json: { message: "Тестова", errors: null } },
      "says that it failed with HTTP 422": { status: 422, json: { message: "Тестова", errors: { date_to: ["Тестова"] } } },
      "failed \\(forbidden\\)": { json: { error: "forbidden", data: [] } },
      "says that there are 999": { after: true, text: (whole) => whole.replace(/"total":\d+/, '"total":999') },
    },
    change: () => {
      service.visits[0].is_cancelled = true;
      service.visits[1].deleted = true;
      Object.assign(service.visits[2], time(30, 7));
      service.add_visit({ id: 900, ...time(2, 6) });
    },
  });
});

test("a token that ended is asked for anew; a wrong password is said, with no secret in it", async (t) => {
  const service = await DentistPlus.start(t);
  const clinic = await clinic_of(t, service);
  let ended = false;
  service.server.trouble = ({ path }) => {
    if (path === "/partner/visits" && !ended) (ended = true), (service.issued += 1);
    return undefined;
  };
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  assert.deepEqual(await believed_visits(clinic), held(service));
  service.pass = "dentist-password-2";
  const wrong = await clinic.sync();
  assert.match(wrong.stdout + wrong.stderr, /asking for a token: .*HTTP 401.*http\.secret_file/);
  for (const ran of [synced, wrong]) assert.doesNotMatch(ran.stdout + ran.stderr, /token-of-dentist|dentist-password|Тестов|89000000001/);
  assert.deepEqual(await believed_visits(clinic), held(service));
});
