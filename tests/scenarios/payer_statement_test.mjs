// B4 beyond one patient: an organization's statement over all its accounts, and requests that nothing allows to answer. They need the whole program,
// so their steps stand here and not in a table. Expected sums are worked out by hand beside them.
import test from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const program = join(process.env.MIS_BUILD ?? join(root, "build"), "mis-gateway");

const money = (roubles, currency = "RUB") => ({ minor: Math.round(roubles * 100), currency });
const at = (day) => `2026-${day}T11:00:00+03:00`;
const patient = (id) => ({ source_id: id, last_name: "Тестова", birth_date: `1990-01-1${id.slice(1)}`, phones: [`890000000${id}`] });
const account = (id, owner, granted, name = "ООО Альфа") => ({ source_id: id, patient_source_id: owner, kind: "barter", payer_name: name, policy_number: id, granted: money(granted) });
const line = (id, owner, day, total, limit) => ({ source_id: id, patient_source_id: owner, performed_at: at(day), service_code: `S${id}`, quantity: "1", total: money(total), ...(limit && { limit_source_id: limit }) });
const ask = (id, of) => ({ type: "statement.requested", id, from: "2026-03-01", to: "2026-03-31", ...of });

function play(steps, mode = "all") {
  const folder = mkdtempSync(join(tmpdir(), "mis-payer-"));
  try {
    const file = join(folder, "steps.json");
    writeFileSync(file, JSON.stringify({ clinic: { id: "clinic-1", timezone: "Europe/Moscow" }, export: mode, steps: steps.map(([day, step]) => ({ at: `2026-${day}T20:00:00+03:00`, ...step })) }));
    const ran = spawnSync(program, ["scenario", file], { encoding: "utf8", maxBuffer: 1 << 26, env: { MIS_GATEWAY_SHARE: root, ...process.env } });
    return { events: ran.stdout.split("\n").filter(Boolean).map((text) => JSON.parse(text)), said: ran.stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
const statements = (played, request) =>
  Object.fromEntries(played.events.filter((e) => e.data.request === request).map(({ data: d }) =>
    [`${d.payer} ${d.total.currency}`, [d.charges.length, d.total.minor / 100, d.paid.minor / 100, d.written_off.minor / 100, d.due.minor / 100]]));

const march = [
  ["03-02", { upsert: {
    patient: [patient("71"), patient("72"), patient("73")],
    limit: [account("A1", "71", 1000), account("A2", "72", 1000), account("B1", "73", 1000, "ООО Бета")],
    procedure: [line("p1", "71", "03-02", 3000, "A1"), line("p2", "72", "03-02", 500, "A2"), line("p3", "73", "03-02", 4000, "B1")] } }],
  ["03-10", { upsert: {
    procedure: [line("p4", "72", "03-10", 1500, "A2")],
    payment: [
      { source_id: "y1", patient_source_id: "71", paid_at: at("03-10"), kind: "payment", payer: "organization", limit_source_id: "A1", amount: money(1200) },
      { source_id: "y2", patient_source_id: "72", paid_at: at("03-10"), kind: "write_off", payer: "organization", limit_source_id: "A2", amount: money(300) },
      { source_id: "y3", patient_source_id: "73", paid_at: at("03-10"), kind: "payment", payer: "organization", limit_source_id: "B1", amount: money(7) }] } }],
];

test("B4: one statement over all accounts of an organization, of every patient, by booking day", () => {
  const played = play([
    ...march,
    ["03-31", { inbox: [ask("s1", { payer: "ООО Альфа" })] }],
    ["04-02", { upsert: { procedure: [line("p2", "72", "03-02", 700, "A2")] }, inbox: [] }],  // corrected in April: March stays
    ["04-30", { inbox: [ask("s2", { payer: "ООО Альфа" }), { ...ask("s3", { payer: "ООО Альфа" }), from: "2026-04-01", to: "2026-04-30" }] }],
  ]);
  // Accounts: 1 000 + 500 + 500 = 2 000. Beyond them 2 000 of p1 and 1 000 of p4; 1 200 paid, 300 written off.
  const said = { "limit RUB": [3, 2000, 0, 0, 2000], "organization RUB": [2, 3000, 1200, 300, 1500] };
  assert.deepEqual(statements(played, "s1"), said);
  assert.deepEqual(statements(played, "s2"), said, "a closed month does not change");
  // April: p2 700 instead of 500, so p4 300 + 1 200 instead of 500 + 1 000.
  assert.deepEqual(statements(played, "s3"), { "limit RUB": [4, 0, 0, 0, 0], "organization RUB": [2, 200, 0, 0, 200] });
  for (const event of played.events.filter((e) => e.data.request)) {
    assert.match(event.subject, /^payer\/[0-9a-f]{32}$/);
    assert.equal(event.partitionkey, event.subject);
    assert.equal(event.data.payer_party, "ООО Альфа");
    assert.ok(!("patient" in event.data));
  }
});

test("B4: an organization's statement comes also at 0; a payer of whom nothing was said is refused", () => {
  const quiet = play([march[0], ["04-30", { inbox: [{ ...ask("s1", { payer: "ООО Альфа" }), from: "2026-04-01", to: "2026-04-30" }] }]]);
  assert.deepEqual(statements(quiet, "s1"), { "limit RUB": [0, 0, 0, 0, 0], "organization RUB": [0, 0, 0, 0, 0] });
  const unknown = play([march[0], ["03-31", { inbox: [ask("s1", { payer: "ООО Гамма" })] }]]);
  assert.deepEqual(statements(unknown, "s1"), {});
  assert.match(unknown.said, /unknown_payer/);
});

test("B4: under `ordered` an organization's statement holds what left, and no more", () => {
  const consent = { given_at: at("03-05"), ground: "treatment agreement" };
  const order = { type: "order.placed", id: "m1", order: "O1", placed_at: at("03-05"), consent, patient: { last_name: "Тестова", birth_date: "1990-01-12", phone: "89000000072" },
    items: [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: money(1500) }] };
  const played = play([march[0], ["03-05", { inbox: [order] }], march[1], ["03-31", { inbox: [ask("s1", { payer: "ООО Альфа" }), ask("s2", { payer: "ООО Бета" })] }]], "ordered");
  // Of 72 alone, from the order on: 500 of p4 within the account (500 of it went before), 1 000 beyond, 300 written off.
  assert.deepEqual(statements(played, "s1"), { "limit RUB": [1, 500, 0, 0, 500], "organization RUB": [1, 1000, 0, 300, 700] });
  assert.deepEqual(statements(played, "s2"), {}, "nothing of this payer ever left");
});

test("B4: a request that no consent covers, or a withdrawn one, is refused", () => {
  const consent = { given_at: at("03-01"), ground: "treatment agreement" };
  const order = { type: "order.placed", id: "m1", order: "O1", placed_at: at("03-01"), consent, patient: { last_name: "Тестова", birth_date: "1990-01-12", phone: "89000000072" },
    items: [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: money(1500) }] };
  const played = play([
    ["03-01", { upsert: { patient: [patient("72")] }, inbox: [order] }],
    ["03-02", { inbox: [ask("s1", { order: "O1" })] }],
    ["03-03", { inbox: [{ type: "consent.withdrawn", id: "w1", order: "O1" }] }],
    ["03-04", { inbox: [ask("s2", { order: "O1" })] }],
  ], "ordered");
  assert.deepEqual(statements(played, "s1"), { "patient RUB": [0, 0, 0, 0, 0] }, "answered, though nothing was done yet");
  assert.deepEqual(statements(played, "s2"), {});
  assert.match(played.said, /withdrawn/);
});
