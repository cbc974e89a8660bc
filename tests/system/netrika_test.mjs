// The connector `netrika` through the real program, against a scripted hub that speaks what is public of HubService.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Netrika, fault } from "../support/netrika.mjs";
import { RestClinic } from "./rest_clinic.mjs";

const GUID = "11111111-2222-4333-8444-555555555555";
const day = (offset) => new Date(Date.now() + 3 * 3_600_000 + offset * 86_400_000).toISOString().slice(0, 10); // in Moscow
const time = (doctor, id, offset, hour) => ({ doctor, Address: null, IdAppointment: id, Num: 1, Room: "12", VisitEnd: `${day(offset)}T${hour}:30:00`, VisitStart: `${day(offset)}T${hour}:00:00` });
const told = (events, word) => events.filter((event) => event.type.includes(word));
const free_on = (events, offset) => told(events, "slots.changed").filter(({ data }) => data.day === day(offset)).at(-1).data.intervals.map(({ starts_at }) => starts_at.slice(11, 16));

async function hub_of(t) {
  const hub = await Netrika.start(t, { guid: GUID });
  hub.doctors.push({ id: "d-5", name: "Пробный Врач", specialty: "терапевт" }, { id: "d-5", name: "Пробный Врач", specialty: "ортопед" }, { id: "d-6", name: "Другой <Врач>", specialty: "ортопед" });
  hub.days.push({ doctor: "d-5", DenyCause: null, RecordableDay: "true", VisitEnd: `${day(1)}T15:00:00`, VisitStart: `${day(1)}T09:00:00` }, { doctor: "d-6", DenyCause: "Отпуск", RecordableDay: "false", VisitEnd: `${day(1)}T15:00:00`, VisitStart: `${day(1)}T09:00:00` });
  hub.times.push(time("d-5", "t-1", 1, "09"), time("d-5", "t-2", 1, "10"), time("d-5", "t-3", 20, "10"));
  return hub;
}
const clinic_of = (t, hub, site = {}) => RestClinic.make(t, { url: hub.url, connector: "netrika", secret: GUID, site: { lpu: "123", ...site }, http: { per_second: 1000 } });

test("doctors and free times; a time that was taken is free no more", async (t) => {
  const hub = await hub_of(t);
  const clinic = await clinic_of(t, hub);
  const first = await clinic.sync();
  assert.equal(first.code, 0, first.stdout + first.stderr);
  const doctors = (await clinic.command("preview", "mis", "practitioner", "--json")).stdout;
  assert.match(doctors, /d-5/);
  assert.match(doctors, /d-6/);
  const before = await clinic.events();
  assert.deepEqual(free_on(before, 1), ["09:00", "10:00"]);
  assert.deepEqual(free_on(before, 20), ["10:00"]);
  assert.ok(!hub.calls.some(({ action }) => action === "GetWorkingTime"), "off: a shift would be free as a whole");
  assert.equal((await clinic.command("quarantine", "--json")).json.length, 0, "a doctor of two specialties is one");
  assert.deepEqual([...new Set(hub.calls.filter(({ action }) => action === "GetAvaibleAppointments").map(({ given }) => given.idDoc))].sort(), ["d-5", "d-6"]);

  hub.times.splice(0, 1);
  const second = await clinic.sync();
  assert.equal(second.code, 0, second.stdout + second.stderr);
  const compared = await clinic.command("reconcile");
  assert.match(compared.stdout, /mis +slot +2 .*equal/, compared.stdout + compared.stderr);
  assert.equal((await clinic.sync()).code, 0);
  assert.deepEqual(free_on(await clinic.events(), 1), ["10:00"]);
  for (const { stdout, stderr } of [first, second]) assert.ok(!`${stdout}${stderr}`.includes(GUID));
});

test("working days are read where the site asks for them: open ones, and full ones by their words", async (t) => {
  const hub = await hub_of(t);
  hub.times.length = 0;
  hub.days.push({ doctor: "d-6", DenyCause: "Талоны закончились", RecordableDay: "false", VisitEnd: `${day(2)}T15:00:00`, VisitStart: `${day(2)}T09:00:00` });
  const clinic = await clinic_of(t, hub, { working_time: "yes", still_working: "талоны%" });
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  assert.deepEqual(told(await clinic.events(), "slots.changed").map(({ data }) => data.day).sort(), [day(1), day(2)]);
  assert.equal((await clinic.command("quarantine", "--json")).json.length, 0);
});

test("faults, ErrorList, foreign and cut answers store nothing and say what happened, without names", async (t) => {
  const hub = await hub_of(t);
  const clinic = await clinic_of(t, hub);
  assert.equal((await clinic.sync()).code, 0);
  const before = (await clinic.events()).length;
  const whole = (action) => hub.result(action, { Success: "true", ListDoctor: { Essence: [{ IdEssence: "s", ListEssence: "" }] } }).text;
  const troubles = {
    "failed \\(41\\)": (action) => hub.failed(action, 41),
    "failed \\(InternalServiceFault\\) with HTTP 500": () => fault("InternalServiceFault", "Тестова Анна 89000000001"),
    "HTTP 502": () => ({ status: 502, text: "<html>Тестова</html>", type: "text/html" }),
    "no list of rows|has no list": (action) => hub.result(action, { Success: "true" }),
    "document type": () => ({ type: "text/xml", text: '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><x>&c;</x>' }),
    "cut off": (action) => ({ type: "text/xml", text: whole(action).slice(0, -30) }),
    "nested deeper": () => ({ type: "text/xml", text: "<a>".repeat(5000) }),
    "longer than": () => ({ type: "text/xml", text: `<Envelope ${"x".repeat(3_000_000)}="1"/>` }),
    "too many ways": () => ({ type: "text/xml", text: `<Envelope>${Array.from({ length: 60_000 }, (_, index) => `<a${index}/>`).join("")}</Envelope>` }),
    "is no XML": () => ({ type: "application/json", text: '{"error": "Тестова"}' }),
  };
  for (const [expected, answer] of Object.entries(troubles)) {
    hub.wrong = ({ action }) => answer(action);
    const failed = await clinic.sync();
    assert.match(failed.stdout + failed.stderr, new RegExp(expected), `${expected}: ${failed.stdout}${failed.stderr}`);
    assert.doesNotMatch(failed.stdout + failed.stderr, /Тестова|89000000001/);
    assert.equal((await clinic.events()).length, before, expected);
  }
  hub.wrong = () => undefined;
  const healed = await clinic.sync();
  assert.equal(healed.code, 0, healed.stdout + healed.stderr);
  assert.equal((await clinic.events()).length, before, "nothing was taken for gone meanwhile");
});

test("without the clinic's number nothing is asked, a wrong key is told by its number", async (t) => {
  const hub = await hub_of(t);
  const clinic = await clinic_of(t, hub, { lpu: "" });
  const unsaid = await clinic.sync();
  assert.match(unsaid.stdout + unsaid.stderr, /site: lpu is not given/);
  assert.equal(hub.calls.length, 0);
  clinic.site_values = { lpu: "123" };
  hub.guid = "another";
  clinic.write_config();
  const refused = await clinic.sync();
  assert.match(refused.stdout + refused.stderr, /failed \(1\)/);
  assert.ok(!`${refused.stdout}${refused.stderr}`.includes(GUID));
});

test("visits are read once the site asks for them: today's, and the history of named patients", async (t) => {
  const hub = await hub_of(t);
  hub.visits.push({ ...time("d-5", "v-1", 0, "23"), patient: "p-77" }, { ...time("d-6", "v-2", 0, "22"), patient: "p-78" });
  hub.history.push({ patient: "p-79", doctor: "d-5", IdAppointment: "h-1", VisitStart: `${day(3)}T09:00:00`, DateCreatedAppointment: `${day(-1)}T18:15:00` });
  const clinic = await clinic_of(t, hub);
  assert.equal((await clinic.sync()).code, 0);
  assert.equal(told(await clinic.events(), "appointment").length, 0, "off");

  clinic.site_values = { lpu: "123", today: "yes" };
  clinic.write_config();
  const of_today = await clinic.sync();
  assert.equal(of_today.code, 0, of_today.stdout + of_today.stderr);
  const booked = told(await clinic.events(), "appointment.booked");
  assert.equal(booked.length, 2);
  assert.doesNotMatch(JSON.stringify(booked), /Тестова/);
  hub.visits.pop();
  assert.equal((await clinic.sync()).code, 0);
  assert.equal(told(await clinic.events(), "appointment.removed").length, 1);

  const by_history = await clinic_of(t, hub, { patients: "p-79, p-80", visit_minutes: "30" });
  const read = await by_history.sync();
  assert.equal(read.code, 0, read.stdout + read.stderr);
  const [visit, ...others] = told(await by_history.events(), "appointment.booked");
  assert.deepEqual(others, []);
  assert.match(JSON.stringify(visit.data), new RegExp(`${day(3)}T09:30:00`));
  assert.deepEqual([...new Set(hub.calls.filter(({ action }) => action === "GetPatientHistory").map(({ given }) => given.idPat))].sort(), ["p-79", "p-80"]);
});
