// The connector `archimed` through the real program, against a scripted service that speaks what is public of Archimed's protocol.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Archimed } from "../support/archimed.mjs";
import { RestClinic } from "./rest_clinic.mjs";

const day = (offset) => new Date(Date.now() + 3 * 3_600_000 + offset * 86_400_000).toISOString().slice(0, 10); // in Moscow
const types = (events) => events.map((event) => event.type.replace(/^mis\.|\.v\d+$/g, ""));

async function clinic_of(t, archimed, http = {}) {
  archimed.doctors.push({ id: 5, name: "Пробный", name1: "Врач", name2: "", type: "терапевт", branch_id: 0 });
  archimed.services.push({ id: 31, kind: 1, code: "T-16", name: "Пломба пробная", mz_code: "A16.07.002", group_name: "Терапия", base_cost: 4500.5 });
  for (let id = 77; id < 77 + 30; ++id) archimed.add_patient(id, `8900000${String(id).padStart(4, "0")}`);
  archimed.add_talon({ id: 101, date: day(1) });
  archimed.add_talon({ id: 102, patient: "78", date: day(2), begin: "12:00:00", end: "12:30:00" });
  archimed.add_talon({ id: 103, patient: 79, date: day(3), status: "1" });
  archimed.add_talon({ id: 104, patient: 0, date: day(3) });
  archimed.schedules.push({ doctor: 5, id: 901, build_id: 0, build_name: "", room: "Кабинет 1", address: "", kind: 1, date: day(1).split("-").reverse().join("."), start: "09:00", end: "11:00",
    intervals: [{ start: "09:00", end: "09:30", free: true }, { start: "09:30", end: "10:00", free: 0 }] });
  return RestClinic.make(t, { url: archimed.url, connector: "archimed", secret: archimed.secret, http: { user: archimed.id, per_second: 1000, ...http } });
}

test("visits come, move, are cancelled in both ways and vanish; refusals in between lose and invent nothing", async (t) => {
  const archimed = await Archimed.start(t);
  const clinic = await clinic_of(t, archimed);
  const first = await clinic.sync();
  assert.equal(first.code, 0, first.stdout + first.stderr);
  let events = await clinic.events();
  assert.deepEqual(types(events).filter((type) => type.startsWith("appointment")), ["appointment.booked", "appointment.booked", "appointment.booked"], "the talon without a patient is none");
  assert.ok(types(events).includes("slots.changed"), types(events).join(" "));

  const [moved, cancelled, gone] = archimed.talons;
  Object.assign(moved, { date: day(4).split("-").reverse().join("."), update_datetime: "02.03.2026 10:00:00" });
  Object.assign(cancelled, { deleted: 1, delete_reason_id: 2, delete_reason: "по просьбе" });
  archimed.talons.splice(archimed.talons.indexOf(gone), 1);
  const before = events.length;
  const troubles = [{ status: 500, text: "" }, { status: 401, json: {} }, { after: true, cut: 40 }, { json: { error: { code: "E1", text: "Тестова" } } }, { status: 429, headers: { "Retry-After": "3600" } }];
  for (const wrong of troubles) {
    archimed.server.trouble = ({ path }) => (path.startsWith("/api/v5/talons") ? wrong : undefined);
    const failed = await clinic.sync();
    assert.ok(!`${failed.stdout}${failed.stderr}`.includes("Тестова"));
    assert.equal((await clinic.events()).filter((event) => event.type.includes("appointment")).length, 3, `${JSON.stringify(wrong)}: ${failed.stdout}${failed.stderr}`);
  }
  archimed.server.trouble = () => undefined;
  const second = await clinic.sync();
  assert.equal(second.code, 0, second.stdout + second.stderr);
  events = (await clinic.events()).slice(before).filter((event) => event.type.includes("appointment"));
  assert.deepEqual(types(events).sort(), ["appointment.cancelled", "appointment.moved", "appointment.removed"]);
  for (const token of archimed.tokens) assert.ok(!`${first.stdout}${first.stderr}${second.stdout}${second.stderr}`.includes(token));
});

test("a wrong secret is said with its remedy, and stores nothing", async (t) => {
  const archimed = await Archimed.start(t);
  const clinic = await clinic_of(t, archimed, { user: "another-id" });
  const failed = await clinic.sync();
  assert.match(failed.stdout + failed.stderr, /HTTP 401.*http\.secret_file/);
  assert.equal((await clinic.events()).filter((event) => !event.type.includes("source.")).length, 0);
});

test("a list of more pages than a page has rows is read whole", async (t) => {
  const archimed = await Archimed.start(t, { limit_max: 12 });
  const clinic = await clinic_of(t, archimed);
  for (let id = 200; id < 500; ++id) archimed.add_patient(id, `8900000${String(id).padStart(4, "0")}`);
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  const compared = await clinic.command("reconcile");
  assert.match(compared.stdout, /mis +patient +330 .*equal/, compared.stdout + compared.stderr);
});
