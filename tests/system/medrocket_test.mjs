// The connector `medrocket` through the real program, against a scripted service that speaks what is public of MedFlex's interface of a clinic.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Medrocket } from "../support/medrocket.mjs";
import { believed, difference } from "../support/rest_belief.mjs";
import { RestClinic } from "./rest_clinic.mjs";

const day = (offset) => new Date(Date.now() + 3 * 3_600_000 + offset * 86_400_000).toISOString().slice(0, 10); // in Moscow
const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const types = (events) => events.map((event) => event.type.replace(/^mis\.|\.v\d+$/g, ""));
const PRIVATE = /Тестова|Тестов|89000000|79000000|medflex-token/;

function furnish(medrocket, { doctors = 4, days = 3, bookings = 3 } = {}) {
  medrocket.add_branch(101, "Пробная клиника на Первой", 3);
  medrocket.add_branch(102, "Пробная клиника на Второй", 5);
  for (let id = 5; id < 5 + doctors; ++id) {
    const lpu = id % 4 === 0 ? 102 : 101;
    medrocket.add_doctor(id, `Пробный Врач ${id}`, [lpu]);
    for (let offset = 1; offset <= days; ++offset)
      for (let from = 9 * 60; from < 12 * 60; from += 30) medrocket.add_cell(lpu, id, day(offset), clock(from), clock(from + 30));
  }
  for (const lpu of [101, 102]) medrocket.services.push({ lpu_id: lpu, id: "8038", category_id: 1, name: "Пломба пробная", duration: null, price: 4500.5, doctor_ids: [5] });
  for (let number = 1; number <= bookings; ++number)
    medrocket.add_booking({ number, date: day(1 + (number % 5)), begin: `${clock(14 * 60 + 30 * (number % 8))}:00`, end: `${clock(14 * 60 + 30 * (number % 8) + 30)}:00`,
      doctor: 5 + Math.floor(number / 40), phone: `7900000${String(number).padStart(4, "0")}` });
}
async function clinic_of(t, medrocket, { http = {}, site = {} } = {}) {
  const clinic = await RestClinic.make(t, { url: medrocket.url, connector: "medrocket", secret: medrocket.token, http: { per_second: 1000, per_minute: 60_000, ...http }, site });
  clinic.write_config({ clinic: { id: "test-clinic", timezone: "Europe/Moscow", branches: { 102: "Asia/Yekaterinburg" } } });
  return clinic;
}
async function agrees(clinic, medrocket, what = "") {
  const [service, receiver] = [medrocket.standing(), believed(await clinic.events())];
  for (const kind of ["appointments", "slots"]) assert.deepEqual(difference(service[kind], receiver[kind]), [], `${kind} ${what}`);
  assert.ok(service.appointments.length > 0 && service.slots.length > 0);
}

test("bookings and free times come, by each branch's clock, and go on as the service does", async (t) => {
  const medrocket = await Medrocket.start(t);
  furnish(medrocket);
  const clinic = await clinic_of(t, medrocket);
  const first = await clinic.sync();
  assert.equal(first.code, 0, first.stdout + first.stderr);
  await agrees(clinic, medrocket, "at first");
  const held = await clinic.command("reconcile", "--json");
  const by_stream = Object.fromEntries(held.json.filter((line) => line.stream && line.state !== "off").map((line) => [line.stream, line.held]));
  assert.deepEqual(by_stream, { branch: 2, practitioner: 4, service: 2, patient: 3, appointment: 3, slot: 72 }, held.stdout + held.stderr);
  assert.ok(medrocket.server.asked.every(({ method }) => method === "GET"), "nothing is asked for but reads");

  const [moved, cancelled, gone] = medrocket.bookings;
  Object.assign(moved, { date: day(6), time_start: "16:00:00", time_end: "16:30:00" });
  cancelled.canceled = true;
  medrocket.bookings.splice(medrocket.bookings.indexOf(gone), 1);
  const taken = medrocket.cells.shift();
  medrocket.add_booking({ number: 9, lpu: taken.lpu_id, doctor: taken.doctor_id, date: taken.dt_start.slice(0, 10), begin: taken.dt_start.slice(11), end: taken.dt_end.slice(11), phone: "79000000009" });
  const before = (await clinic.events()).length;
  const second = await clinic.sync();
  assert.equal(second.code, 0, second.stdout + second.stderr);
  await agrees(clinic, medrocket, "after a day's work");
  medrocket.cells.splice(10, 4); // taken by somebody whom the service does not tell of
  medrocket.add_cell(101, 5, day(2), "18:00", "18:30");
  assert.equal((await clinic.sync()).code, 0);
  await agrees(clinic, medrocket, "free times go and come");
  const news = types((await clinic.events()).slice(before)).filter((type) => type.startsWith("appointment"));
  assert.deepEqual(news.sort(), ["appointment.booked", "appointment.cancelled", "appointment.moved", "appointment.removed"]);
  assert.doesNotMatch(first.stdout + first.stderr + second.stdout + second.stderr, PRIVATE);
  assert.doesNotMatch(JSON.stringify(await clinic.events()), PRIVATE);
});

test("a booking that leaves the window is asked for by its uuid, and stands", async (t) => {
  const medrocket = await Medrocket.start(t);
  furnish(medrocket);
  const clinic = await clinic_of(t, medrocket);
  assert.equal((await clinic.sync()).code, 0);
  medrocket.bookings[0].date = day(90);
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  await agrees(clinic, medrocket);
  const asked = medrocket.server.asked.filter(({ query }) => query.uuid === medrocket.bookings[0].uuid);
  assert.ok(asked.length > 0, "by its uuid");
});

test("pages of every size and at every edge bring all, in groups and flat", async (t) => {
  for (const [schedule_size, size_max, bookings] of [[1, 50, 50], [3, 50, 51], [4, 7, 100], [50, 50, 101]])
    for (const site of [{}, { grouped_schedule: "", flat_schedule: "schedule", town_id: "1260" }]) {
      const medrocket = await Medrocket.start(t, { schedule_size, size_max });
      furnish(medrocket, { bookings });
      const clinic = await clinic_of(t, medrocket, { site });
      const synced = await clinic.sync();
      assert.equal(synced.code, 0, synced.stdout + synced.stderr);
      await agrees(clinic, medrocket, `pages of ${schedule_size} and ${size_max}`);
      assert.equal((await clinic.sync()).code, 0);
      await agrees(clinic, medrocket, `pages of ${schedule_size} and ${size_max}, again`);
    }
});

test("whatever way an answer fails, nothing wrong is stored, nobody is named, and the next one makes it good", async (t) => {
  const medrocket = await Medrocket.start(t, { schedule_size: 2 });
  furnish(medrocket, { bookings: 60 });
  const clinic = await clinic_of(t, medrocket);
  assert.equal((await clinic.sync()).code, 0);
  const [before, events] = [medrocket.standing(), (await clinic.events()).length];
  medrocket.bookings[0].canceled = true;
  medrocket.bookings.splice(3, 1);
  medrocket.cells.splice(0, 5);
  const hostile = (text) => ({ after: true, text });
  const troubles = {
    "HTTP 500": { status: 500, text: "<html>Тестова 79000000001</html>" },
    "HTTP 502": { status: 502, text: "" },
    "asked too often": { status: 429, headers: { "Retry-After": "7200" }, json: { detail: "Тестова" } },
    "HTTP 503": { status: 503, headers: { "Retry-After": new Date(Date.now() + 7_200_000).toUTCString() } },
    "HTTP 409": { status: 409, json: { detail: "Тестова" } },
    "HTTP 423": { status: 423, json: { detail: "Тестова" } },
    "take us for who": { status: 403, json: { detail: "Тестова" } },
    "no such place": { status: 404, json: { detail: "Не найдено." } },
    "does not understand": { status: 400, json: { detail: "lpu_ids Тестова" } },
    "sends us elsewhere": { status: 301, headers: { Location: "https://elsewhere.invalid/" } },
    "cut off|transfer closed|left intact|bytes remaining": { after: true, cut: 60 },
    "ends in the middle": hostile((whole) => whole.slice(0, -10)),
    "is no JSON": { text: "<html>Тестова</html>", type: "text/html" },
    "no list of rows": { json: { detail: "Тестова", count: 0, links: { next: null } } },
    "nested deeper": { text: `{"data": ${"[".repeat(300)}${"]".repeat(300)}}` },
    "longer than": { text: `{"data": ["${"x".repeat(9_000_000)}"]}` },
    "names a member of an object twice": hostile((whole) => whole.replaceAll('"lpu', '"doctor":{},"doctor":{},"lpu')),
  };
  for (const [expected, wrong] of Object.entries(troubles)) {
    medrocket.server.trouble = ({ path }) => (/schedule|history/.test(path) ? wrong : undefined);
    const failed = await clinic.sync();
    const said = failed.stdout + failed.stderr;
    assert.match(said, new RegExp(expected), `${expected}: ${said}`);
    assert.doesNotMatch(said, PRIVATE);
    assert.doesNotMatch(said, /elsewhere\.invalid/);
    const now = believed(await clinic.events());
    for (const kind of ["appointments", "slots"]) assert.deepEqual(difference(before[kind], now[kind]), [], `${expected}: ${kind}`);
  }
  assert.equal((await clinic.events()).length, events);
  medrocket.server.trouble = () => undefined;
  const healed = await clinic.sync();
  assert.equal(healed.code, 0, healed.stdout + healed.stderr);
  await agrees(clinic, medrocket, "healed");
});

test("a form of the answer that the connector does not know stores nothing", async (t) => {
  const medrocket = await Medrocket.start(t);
  furnish(medrocket);
  const clinic = await clinic_of(t, medrocket);
  assert.equal((await clinic.sync()).code, 0);
  const before = medrocket.standing();
  const json = (made) => ({ after: true, text: (whole) => JSON.stringify(made(JSON.parse(whole))) });
  const forms = {
    "a row has no list `schedule`": json((answer) => ({ ...answer, data: [{ doctor_id: 5, lpu_id: 101, specialities: [5], cells: [] }] })),
    "a row has no list `cells`": json((answer) => ({ ...answer, data: answer.data.map((group) => ({ ...group, schedule: [{ doctor_id: 5 }] })) })),
    "another address than": json((answer) => ({ ...answer, links: { next: "https://elsewhere.invalid/schedule/lpu/?page=2" } })),
    "same page again": json((answer) => ({ ...answer, links: { next: `${medrocket.url}/schedule/lpu/?lpu_ids=101&days=30&page=1` } })),
  };
  for (const [expected, wrong] of Object.entries(forms)) {
    medrocket.server.trouble = ({ path }) => (path.includes("schedule") ? wrong : undefined);
    const failed = await clinic.sync();
    assert.match(failed.stdout + failed.stderr, new RegExp(expected));
    assert.deepEqual(difference(before.slots, believed(await clinic.events()).slots), [], expected);
  }
});

test("429 with a short Retry-After is waited for within the pass", async (t) => {
  const medrocket = await Medrocket.start(t);
  furnish(medrocket);
  const refused = new Set();
  medrocket.server.trouble = ({ path }) => (refused.has(path) || !refused.add(path) ? undefined : { status: 429, headers: { "Retry-After": "1" }, json: { detail: "подождите" } });
  const clinic = await clinic_of(t, medrocket);
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  assert.ok(refused.size >= 5);
  await agrees(clinic, medrocket);
});

test("a token that is wrong or no longer taken is said with its remedy; what was known stands", async (t) => {
  const medrocket = await Medrocket.start(t);
  furnish(medrocket);
  const clinic = await clinic_of(t, medrocket);
  assert.equal((await clinic.sync()).code, 0);
  const before = medrocket.standing();
  medrocket.token = "medflex-token-2";
  medrocket.bookings.length = 0;
  medrocket.cells.length = 0;
  const failed = await clinic.sync();
  assert.match(failed.stdout + failed.stderr, /HTTP 401.*http\.secret_file/);
  assert.doesNotMatch(failed.stdout + failed.stderr, PRIVATE);
  assert.ok(medrocket.wrong_tokens > 0);
  const now = believed(await clinic.events());
  for (const kind of ["appointments", "slots"]) assert.deepEqual(difference(before[kind], now[kind]), [], kind);
});

test("a token that may not ask for bookings leaves the rest running, and the site can turn them off", async (t) => {
  const medrocket = await Medrocket.start(t);
  furnish(medrocket);
  medrocket.server.trouble = ({ path }) => (path.includes("history") ? { status: 404, json: { detail: "Не найдено." } } : undefined);
  const clinic = await clinic_of(t, medrocket);
  const refused = await clinic.sync();
  assert.match(refused.stdout + refused.stderr, /no such place/);
  assert.deepEqual(difference(medrocket.standing().slots, believed(await clinic.events()).slots), [], "free times come all the same");

  clinic.site_values = { history: "" };
  clinic.write_config({ clinic: { id: "test-clinic", timezone: "Europe/Moscow", branches: { 102: "Asia/Yekaterinburg" } } });
  medrocket.server.asked.length = 0;
  const without = await clinic.sync();
  assert.equal(without.code, 0, without.stdout + without.stderr);
  assert.ok(medrocket.server.asked.length > 0);
  assert.ok(medrocket.server.asked.every(({ path }) => !path.includes("direct_appointment")));
});

test("a list that shifts while its pages are read loses no booking", async (t) => {
  const medrocket = await Medrocket.start(t);
  furnish(medrocket, { bookings: 170 });
  const clinic = await clinic_of(t, medrocket);
  let pages = 0;
  medrocket.server.trouble = ({ path }) => {
    if (path.includes("history") && ++pages % 2 === 0 && pages < 12) medrocket.bookings.push(medrocket.bookings.shift()); // the first goes to the end
    return undefined;
  };
  assert.equal((await clinic.sync()).code, 0);
  assert.ok(pages >= 8, `${pages} pages`);
  await agrees(clinic, medrocket);
});
