// mis-receiver as a small exchange: it places orders, grants and complaints by the inbox of a real gateway, keeps every event once in SQLite, and adds them up.
// Both are killed again and again; answers are lost. In the end each message was taken once and answered, and the books are those of the gateway's own log.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic, get, json_lines, program, root, until } from "./clinic.mjs";

const RUB = (minor) => ({ minor, currency: "RUB" });
const item = (id, tooth, minor) => ({ id, nomenclature: "A16.07.002", teeth: [tooth], quantity: "1", total: RUB(minor) });
const placed = (order, patient, more = {}) => ({ type: "order.placed", id: `place-${order}`, order, patient, items: [item("i16", "16", 400000), item("i26", "26", 400000)], ...more });

async function exchange(t, misbehaviour = []) {
  const clinic = await Clinic.make(t, { patients: 12, procedures: 30 });
  const [[key]] = clinic.sql("select first 1 c.PCODE from CLIENTS c where c.PCODE > 0 and not exists (select 1 from CLHISTNUM h where h.PCODE = c.PCODE) order by 1");
  clinic.sql(`update CLIENTS set PHONE1 = '+7 900 777-00-01', BDATE = '1990-01-01' where PCODE = ${key}`);
  const token = join(clinic.folder, "inbox.token");
  writeFileSync(token, "a-token-of-the-exchange\n", { mode: 0o600 });
  clinic.database = join(clinic.folder, "exchange.db");
  const start = clinic.receiver.start.bind(clinic.receiver);
  clinic.receiver.start = (more = misbehaviour) => start(["--database", clinic.database, "--inbox-token-file", token, ...more]);
  await clinic.receiver.start();
  const url = `http://127.0.0.1:${clinic.receiver.port}`;
  const headers = { authorization: "Bearer a-token-of-the-exchange" };
  clinic.write_config({
    sinks: [clinic.webhook_sink(), clinic.file_sink()],
    inbox: { http: { url: `${url}/inbox`, bearer_token_file: token, wait_seconds: 20, messages_max: 3, backoff_first_ms: 50, backoff_longest_ms: 400 } },
  });
  clinic.place = async (...messages) => {
    const answer = await fetch(`${url}/messages`, { method: "POST", headers, body: JSON.stringify(messages) });
    assert.equal(answer.status, 201);
    return (await answer.json()).positions;
  };
  clinic.placed = async () => (await (await fetch(`${url}/messages`, { headers })).json()).messages;
  clinic.books = async () => JSON.parse((await get(`${url}/books`)).body);
  clinic.exchange_url = url;
  return clinic;
}
const patient = { phone: "8 900 777 00 01", birth_date: "1990-01-01" };

test("orders, a grant, a complaint: sent by the inbox, answered, and folded from the events", async (t) => {
  const clinic = await exchange(t);
  await clinic.gateway.start();
  assert.deepEqual(
    await clinic.place(
      placed("O1", patient, { limit: { amount: RUB(1_000_000), payer: "ООО Пример", kind: "barter" } }), placed("O2", { ...patient, phone: "+7 900 777-00-02" }),
      { type: "order.amended", id: "amend", order: "nobody's", items: [item("i16", "16", 1)] },
    ), [1, 2, 3],
  );
  await until("the first order found its patient", async () => (await clinic.books()).orders.O1 === "linked");
  await clinic.place(
    { type: "limit.granted", id: "grant", order: "O1", amount: RUB(500_000) },
    { type: "feedback.received", id: "complain", feedback: "F1", order: "O1", text: "Пломба выпала", rating: 2 },
    placed("O1", patient, { limit: { amount: RUB(1_000_000), payer: "ООО Пример", kind: "barter" } }),
    { type: "statement.requested", id: "ask", order: "O1", from: "2026-01-01", to: "2026-12-31" },
  );
  await until("all are answered", async () => (await clinic.placed()).every(({ answer }) => answer));
  assert.deepEqual(
    (await clinic.placed()).map(({ answer: { id, answer, code } }) => [id, answer, code].filter(Boolean).join(" ")),
    ["place-O1 accepted", "place-O2 accepted", "amend refused unknown_order", "grant accepted", "complain accepted", "place-O1 repeated", "ask accepted"],
  );
  await until("the complaint is told", async () => (await clinic.books()).feedback.F1 === "received");
  await clinic.quiet();
  const books = await clinic.books();
  assert.deepEqual(books.orders, { O1: "linked", O2: "waiting" });
  const opened = books.limits.find(({ granted }) => granted === 1_500_000);
  assert.deepEqual([opened?.state, opened?.consumed, opened?.remaining], ["open", 0, 1_500_000]);
  assert.deepEqual(books.plans.filter(({ order }) => order).map(({ order, items }) => [order, items]), [["O1", { i16: "planned", i26: "planned" }]]);
  assert.deepEqual([books.missing, books.open_change_sets, books.withheld, books.disputed], [0, 0, 0, 0]);

  // the same from the gateway's own log, by this program and by Python
  const log = join(clinic.folder, "events", "events-000001.jsonl");
  for (const [name, ...words] of [[program("mis-receiver"), "--take", log], ["python3", join(root, "tools/receiver/examples/receiver.py"), "take", log]]) {
    const alone = spawnSync(name, words, { encoding: "utf8", maxBuffer: 1 << 28 });
    assert.equal(alone.status, 0, alone.stderr);
    assert.deepEqual(JSON.parse(alone.stdout), books);
  }
  // nobody else may ask or place
  for (const [path, method] of [["/inbox?limit=1&wait=0", "GET"], ["/inbox", "POST"], ["/messages", "POST"], ["/messages", "GET"]])
    assert.equal((await fetch(clinic.exchange_url + path, { method })).status, 401, `${method} ${path}`);
});

test("killed on both sides, answers lost: every message taken once, every event kept once", async (t) => {
  const lies = ["--lie-rate", "0.2", "--fail-rate", "0.1"];
  const clinic = await exchange(t, lies);
  await clinic.gateway.start();
  let number = 0;
  for (let round = 0; round < 4; ++round) {
    await clinic.place(...Array.from({ length: 5 }, () => placed(`O${++number}`, number % 3 === 0 ? patient : { ...patient, birth_date: "1991-01-01" })));
    if (round % 2 === 0) await clinic.receiver.kill();
    else await clinic.gateway.kill();
    if (round % 2 === 0) await clinic.receiver.start();
    else await clinic.gateway.start();
  }
  await until("all are answered", async () => (await clinic.placed()).every(({ answer }) => answer), 120);
  const sent = await clinic.placed();
  assert.equal(sent.length, number);
  for (const { message, answer } of sent) {
    assert.equal(answer.id, message.id);
    assert.ok(["accepted", "repeated"].includes(answer.answer), JSON.stringify(answer));
  }
  const expected = Object.fromEntries(sent.map(({ message: { order } }) => [order, Number(order.slice(1)) % 3 === 0 ? "linked" : "waiting"]));
  let told = {};
  await until(
    () => `every order is told of: ${JSON.stringify(told)}`,
    async () => {
      told = (await clinic.books()).orders;
      return Object.entries(expected).every(([order, state]) => told[order] === state);
    }, 120,
  );
  await clinic.caught_up(120);
  const books = await clinic.books();
  assert.deepEqual([books.missing, books.open_change_sets, books.withheld, books.disputed], [0, 0, 0, 0]);
  assert.deepEqual(books.orders, expected);
  assert.equal(await clinic.gateway.stop(), 0);
  const log = json_lines(join(clinic.folder, "events", "events-000001.jsonl"));
  assert.equal(books.events, new Set(log.map(({ id }) => id)).size);
  const alone = spawnSync(program("mis-receiver"), ["--take", join(clinic.folder, "events", "events-000001.jsonl")], { encoding: "utf8", maxBuffer: 1 << 28 });
  assert.deepEqual(JSON.parse(alone.stdout), books, "the log, taken in one go, adds up to the same");
});
