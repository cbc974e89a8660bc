// The connector `sqns` through the real program, against a scripted service that speaks what is known of its protocol.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Sqns } from "../support/sqns.mjs";
import { RestClinic } from "./rest_clinic.mjs";
import { ANY_SERVICE, agrees, believed_visits, in_moscow, survives } from "./rest_owed.mjs";

const STATUS = { "-1": "cancelled", 0: "booked", 1: "arrived", 2: "confirmed" };
const held = (sqns) => sqns.visits.filter(({ deleted }) => !deleted).map(({ datetime, attendance }) => `${datetime.slice(0, 16).replace(" ", "T")} ${STATUS[attendance]}`).sort();

async function clinic_of(t, sqns, { visits = 4, clients = 3, ...http } = {}) {
  sqns.resources.push({ id: "3", title: "Пробный Врач", description: "терапевт", image: "" });
  sqns.services.push({ id: "1", title: "Пломба пробная", description: null, category: "Терапия", durationSeconds: 3600, price: { currencyCode: "RUB", range: ["4500.50", "4500.50"] } });
  for (let id = 77; id < 77 + clients; ++id) sqns.add_client(id);
  for (let id = 1; id <= visits; ++id) sqns.add_visit({ id, datetime: in_moscow(id % 40, `${String(9 + (id % 10)).padStart(2, "0")}:${String(id % 60).padStart(2, "0")}:00`) });
  return RestClinic.make(t, { url: sqns.url, connector: "sqns", secret: sqns.password, site: { visit_minutes: "30" }, http: { user: sqns.email, per_second: 1000, per_minute: 60000, ...http } });
}

test("visits are booked, confirmed, moved, cancelled and deleted, softly and for good", async (t) => {
  const sqns = await Sqns.start(t);
  const clinic = await clinic_of(t, sqns, { visits: 6 });
  const first = await clinic.sync();
  assert.equal(first.code, 0, first.stdout + first.stderr);
  assert.deepEqual(await believed_visits(clinic), held(sqns));
  const told = (await clinic.events()).length;
  await clinic.sync();
  assert.equal((await clinic.events()).length, told, "the same again tells nothing");
  const [one, two, three, four, five, six] = sqns.visits;
  Object.assign(one, { attendance: 2, update_date: "2026-03-02 10:00:00" });
  Object.assign(two, { datetime: in_moscow(120, "10:00:00") }); // beyond the window: asked for by its id
  Object.assign(three, { attendance: -1 });
  Object.assign(four, { deleted: true });
  Object.assign(five, { datetime: `${in_moscow(3)}T10:00:00+05:00` });
  sqns.visits.splice(sqns.visits.indexOf(six), 1);
  sqns.add_visit({ id: 7, datetime: in_moscow(0, "23:45:00"), attendance: 1 });
  const second = await clinic.sync();
  assert.equal(second.code, 0, second.stdout + second.stderr);
  const expected = held(sqns).map((text) => text.replace(`${in_moscow(3)}T10:00`, `${in_moscow(3)}T08:00`)).sort();
  assert.deepEqual(await believed_visits(clinic), expected, second.stdout);
  assert.ok(sqns.server.asked.some(({ path }) => path === "/api/v2/visit/2"));
  assert.ok(sqns.server.asked.every(({ method, path }) => method === "GET" || path.endsWith("/auth")), "nothing is written");
  await agrees(clinic, { practitioner: 1, service: 1, patient: 3 });
});

test("pages: whatever the name of their size, the service's own maximum and their edge", async (t) => {
  for (const [settings, count] of [[{}, 100], [{}, 101], [{ most: 20 }, 60], [{ per_page: "peerPage" }, 99], [{ per_page: "unheard_of" }, 45], [{}, 0]]) {
    const sqns = await Sqns.start(t, settings);
    const clinic = await clinic_of(t, sqns, { visits: 0, clients: 0 });
    for (let id = 1; id <= count; ++id) sqns.add_visit({ id, datetime: in_moscow(1, `${String(8 + (id % 12)).padStart(2, "0")}:${String(id % 60).padStart(2, "0")}:00`) });
    for (let id = 1; id <= count; ++id) sqns.add_client(id);
    const synced = await clinic.sync();
    assert.equal(synced.code, 0, `${JSON.stringify(settings)} ${count}: ${synced.stdout}${synced.stderr}`);
    assert.deepEqual(await believed_visits(clinic), held(sqns), `${JSON.stringify(settings)} ${count}`);
    await agrees(clinic, { patient: count, appointment: count });
  }
});

test("whichever way the service fails, no visit is invented, lost or moved by it", async (t) => {
  const sqns = await Sqns.start(t);
  const clinic = await clinic_of(t, sqns, { visits: 130 });
  assert.equal((await clinic.sync()).code, 0);
  await survives({
    clinic, server: sqns.server, believed: () => believed_visits(clinic), truth: () => held(sqns), secrets: [sqns.password, "token-of-sqns"],
    hit: ({ path }) => path === "/api/v2/visit",
    troubles: {
      ...ANY_SERVICE("data"),
      "failed with HTTP 444": { status: 444, text: "" },
      "HTTP 401": { status: 401, json: { message: "User token deactivated" } },
      "does not understand": { status: 422, json: { message: "Тестова" } },
      "HTTP 400": { status: 400, json: { message: "No Bearer token" } },
      "failed \\(ServerError\\)": { json: { code: "ServerError", data: [] } },
      "no list of rows": { json: { data: null, meta: {} } },
    },
    change: () => {
      sqns.visits[0].attendance = -1;
      sqns.visits[1].deleted = true;
      sqns.visits[2].datetime = in_moscow(30, "07:07:00");
      sqns.add_visit({ id: 900, datetime: in_moscow(2, "06:00:00") });
    },
  });
});

test("a token that was forgotten is asked for anew; a revoked account and a wrong password are said, with no secret in it", async (t) => {
  const sqns = await Sqns.start(t);
  const clinic = await clinic_of(t, sqns);
  let forgotten = false;
  sqns.server.trouble = ({ path }) => {
    if (path === "/api/v2/visit" && !forgotten) (forgotten = true), (sqns.issued += 1);
    return undefined;
  };
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  assert.deepEqual(await believed_visits(clinic), held(sqns));
  const before = await believed_visits(clinic);
  sqns.revoked = true;
  const revoked = await clinic.sync();
  assert.match(revoked.stdout + revoked.stderr, /HTTP 401.*http\.secret_file/s);
  Object.assign(sqns, { revoked: false, password: "sqns-password-2" });
  const wrong = await clinic.sync();
  assert.match(wrong.stdout + wrong.stderr, /asking for a token/);
  for (const ran of [synced, revoked, wrong]) assert.doesNotMatch(ran.stdout + ran.stderr, /token-of-sqns|sqns-password|Тестов|89000000001/);
  assert.deepEqual(await believed_visits(clinic), before);
});

test("the service's limits of a second are kept", async (t) => {
  const sqns = await Sqns.start(t, { per_second: 15, most: 20 });
  const clinic = await clinic_of(t, sqns, { visits: 0, clients: 0 });
  for (let id = 1; id <= 260; ++id) sqns.add_client(id);
  clinic.http = { user: sqns.email }; // the connector's own pace
  clinic.write_config();
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  sqns.per_second = 0; // another program's requests of the same second are not this one's
  await agrees(clinic, { patient: 260 });
});
