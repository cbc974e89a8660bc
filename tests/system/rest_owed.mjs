// What every connector of kind http owes, whatever it reads: a service that fails, in the ways that any service has and in those of its own, stores nothing wrong, says why without
// a name or a key, and all is made good by the next reading that succeeds.
import assert from "node:assert/strict";
import { fold } from "./clinic.mjs";

export const in_moscow = (days, time = "") => `${new Date(Date.now() + 3 * 3_600_000 + days * 86_400_000).toISOString().slice(0, 10)}${time && ` ${time}`}`;
export const dotted = (iso) => iso.replace(/^(\d{4})-(\d\d)-(\d\d)/, "$3.$2.$1");
export const minor = (sum) => Math.round(Number(sum) * 100);
export const short = (event) => event.type.replace(/^mis\.|\.v\d+$/g, "");

// expected words → what the service answers instead (RestServer). rows: where its list is, for a list within a list that is none
export const ANY_SERVICE = (rows) => ({
  "HTTP 500": { status: 500, text: "<html>Тестова Анна 89000000001</html>", type: "text/html" },
  "HTTP 502": { status: 502, text: "" },
  "asked too often": { status: 429, headers: { "Retry-After": "7200" }, json: {} },
  "HTTP 503": { status: 503, headers: { "Retry-After": new Date(Date.now() + 7_200_000).toUTCString() }, text: "" },
  "cut off|transfer closed|left intact|bytes remaining": { after: true, cut: 25 },
  "ends in the middle": { after: true, text: (whole) => whole.slice(0, -2) },
  "is no JSON|breaks off": { text: "<html>login</html>", type: "text/html" },
  "no list of rows|failed": { json: { something: "else" } },
  "nested deeper": { text: `{"${rows.split(".").join('":{"')}":${"[".repeat(200)}${"]".repeat(200)}${"}".repeat(rows.split(".").length)}` },
  "longer than": { text: `{"x":"${"x".repeat(9_000_000)}"}` },
  "sends us elsewhere": { status: 302, headers: { Location: "http://elsewhere.invalid/" }, text: "" },
  "take us for who": { status: 403, json: { message: "Тестова" } },
});

// clinic: that has read all once; hit: which requests fail; believed: of the clinic, something to compare; change: alters what the service holds; secrets: never said
export async function survives({ clinic, server, hit, troubles, believed, change, truth, secrets = [] }) {
  const before = await believed();
  await change();
  for (const [expected, wrong] of Object.entries(troubles)) {
    let met = 0;
    server.trouble = (request) => (hit(request) ? ((met += 1), typeof wrong === "function" ? wrong(request) : wrong) : undefined);
    const failed = await clinic.sync();
    const said = failed.stdout + failed.stderr;
    assert.ok(met > 0, `${expected}: nothing was asked for\n${said}`);
    assert.match(said, new RegExp(expected), `${expected}: ${said}`);
    assert.doesNotMatch(said, /Тестов|89000000001|9000000001|elsewhere\.invalid/, expected);
    for (const secret of secrets) assert.ok(!said.includes(secret), `${expected}: says a secret`);
    assert.deepEqual(await believed(), before, `${expected}: nothing came of it`);
  }
  server.trouble = () => undefined;
  const healed = await clinic.sync();
  assert.equal(healed.code, 0, healed.stdout + healed.stderr);
  assert.deepEqual(await believed(), await truth());
  return healed;
}

// Every record is what the service holds now, asked for anew.
export async function agrees(clinic, counts) {
  const compared = await clinic.command("reconcile");
  const said = compared.stdout + compared.stderr;
  for (const [stream, count] of Object.entries(counts)) assert.match(said, new RegExp(`mis +${stream} +${count} .*equal`), said);
}

// Of every visit that stands, when it begins and what is known of it; the stream of events has no flaw.
export async function believed_visits(clinic) {
  const events = await clinic.events();
  const known = fold(events);
  assert.deepEqual(known.problems, []);
  return [...known.appointments.values()].map((text) => JSON.parse(text)[1].appointment).map(({ starts_at, status }) => `${starts_at.slice(0, 16)} ${status}`).sort();
}

// The free times of which the exchange knows.
export async function believed_free(clinic) {
  const days = new Map();
  for (const event of await clinic.events()) if (short(event) === "slots.changed") days.set(`${event.data.practitioner} ${event.data.branch} ${event.data.day}`, event.data.intervals);
  return [...days.values()].flat().filter(({ free }) => free).map(({ starts_at, ends_at }) => `${starts_at.slice(0, 16)} ${ends_at.slice(11, 16)}`).sort();
}
