// What an operator may say to `restore` beside naming the files: that there is no log, that its middle is gone, that lost messages will not come again.
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { json_lines, until } from "./clinic.mjs";
import { Invented, LINES } from "./invented.mjs";

const BASE = `${LINES.base}create table P (ID integer not null primary key, N varchar(20), PHONE varchar(20));\ncommit;\ninsert into P values (77, 'Тестова', '+7 900 000-00-01');\n`;
const PATIENT = {
  yaml: "key: P.ID\ncolumns: {id: integer, n: text, phone: text}", fetch: "select P.ID, P.N, P.PHONE from P where {slice}",
  map: "select id as source_id, n as last_name, phones(phone) as phones from rows",
};
const ORDER = {
  type: "order.placed", id: "m1", order: "O1", patient: { phone: "+7 900 000-00-01", last_name: "Тестова" }, placed_at: "2026-03-01T10:00:00+03:00",
  items: [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: { minor: 400000, currency: "RUB" } }],
};
const log_of = (clinic) => join(clinic.folder, "events", "events-000001.jsonl");
const done = (clinic, ...words) => {
  const said = clinic.command(...words);
  assert.equal(said.code, 0, `${words.join(" ")}: ${said.stdout}${said.stderr}`);
  return said;
};

// Rows and an order's message were read and sent; then the store is lost, but for its key. What was sent is in `sent.jsonl`, and a sink that is new gets what comes.
function lost_store(t) {
  const clinic = Invented.make(t, { base: BASE, streams: { ...LINES.streams, patient: PATIENT } });
  done(clinic, "sync", "--once");
  const messages = join(clinic.folder, "messages.json");
  writeFileSync(messages, JSON.stringify(ORDER));
  done(clinic, "inbox", "push", messages);
  done(clinic, "sync", "--once");
  clinic.sent_file = join(clinic.folder, "sent.jsonl");
  writeFileSync(clinic.sent_file, readFileSync(log_of(clinic)));
  clinic.sent = json_lines(clinic.sent_file);
  clinic.lose = () => {
    for (const name of ["store.db", "store.db-wal", "store.db-shm", "store.mark"]) rmSync(join(clinic.folder, "store", name), { force: true });
    rmSync(`${join(clinic.folder, "store")}.mark`, { force: true });
    rmSync(join(clinic.folder, "events"), { recursive: true, force: true });
  };
  clinic.lose();
  return clinic;
}
const whole = (clinic) => ["--last-event", clinic.sent.at(-1).id];
const json_lines_of = (clinic) => clinic.command("events", "--limit", "100000", "--json").stdout.split("\n").filter((line) => line !== "");
const anew = (clinic) => {
  const ids = new Set(clinic.sent.map((event) => event.id));
  return json_lines(log_of(clinic)).filter((event) => !ids.has(event.id));
};

test("I4: a restore asks where what was sent ends, and refuses where a consumer has more; nothing is left of one that was refused", (t) => {
  const clinic = lost_store(t);
  clinic.write_config();
  const untold = clinic.command("restore", "--events", clinic.sent_file);
  assert.equal(untold.code, 2, untold.stdout);
  assert.match(untold.stderr, /nothing tells where what was sent ends: no mark of this store is left.*--last-event ID.*--new-epoch/);
  const cut = join(clinic.folder, "cut.jsonl");
  writeFileSync(cut, clinic.sent.slice(0, -1).map((event) => `${JSON.stringify(event)}\n`).join(""));
  const behind = clinic.command("restore", "--events", cut, "--last-event", clinic.sent.at(-1).id);
  assert.equal(behind.code, 2, behind.stdout);
  assert.match(behind.stderr, new RegExp(`a consumer has the event ${clinic.sent.at(-1).id}, which neither this store nor the files have: .*--incomplete --new-epoch`));
  assert.equal(json_lines_of(clinic).length, 0, "nothing was taken over");
  done(clinic, "restore", "--events", clinic.sent_file, ...whole(clinic));
  assert.equal(json_lines_of(clinic).length, clinic.sent.length);
});

test("X2: until the exchange has sent again, or has nothing to send, nothing new leaves of a restored store", (t) => {
  const clinic = lost_store(t);
  clinic.write_config();
  const restored = done(clinic, "restore", "--events", clinic.sent_file, ...whole(clinic));
  assert.match(restored.stdout, /Nothing new leaves until the exchange has sent again what it sent since the backup: .*restore --messages FILE.*restore --without-messages/);
  clinic.sql("insert into USL values (2, 77, 'today', 2500, 'now')");
  done(clinic, "sync", "--once");
  assert.deepEqual(anew(clinic), [], "what the MIS has that is new waits");
  const messages = join(clinic.folder, "messages.json"), wrong = join(clinic.folder, "wrong.json");
  writeFileSync(wrong, JSON.stringify([ORDER, { type: "order.cancelled", id: "c1", order: "O2" }]));
  const refused = clinic.command("restore", "--messages", wrong);
  assert.equal(refused.code, 1, refused.stdout);
  assert.match(refused.stderr, /1 messages were refused: mend the file and name it again/);
  done(clinic, "sync", "--once");
  assert.deepEqual(anew(clinic), [], "it still waits");
  assert.match(done(clinic, "restore", "--messages", messages).stdout, /m1: repeated/);
  done(clinic, "sync", "--once");
  assert.deepEqual([...new Set(anew(clinic).map((event) => event.type))].filter((type) => /performed|charge/.test(type)).sort(), ["mis.billing.charge.v1", "mis.procedure.performed.v1"]);
});

test("restore --without-messages gives up orders whose message is lost; until then health asks for it, and it is not needed once the message comes", async (t) => {
  const clinic = lost_store(t);
  clinic.write_config({ http: { listen: "127.0.0.1:0" } });
  const messages = join(clinic.folder, "messages.json");
  const told = (said) => /tell of 1 orders and 0 other messages \(first: order O1\) that this store does not have: .*restore --messages FILE.*restore --without-messages/.test(said.stderr);
  const restored = done(clinic, "restore", "--events", clinic.sent_file, ...whole(clinic), "--messages", messages);
  assert.ok(told(restored), restored.stderr);
  assert.doesNotMatch(restored.stdout, /Nothing new leaves/);
  done(clinic, "sync", "--once");
  assert.deepEqual(anew(clinic), [], "it says what it said");

  clinic.lose();
  done(clinic, "restore", "--events", clinic.sent_file, ...whole(clinic));
  await clinic.gateway.start();
  const asked = async () => (await clinic.gateway.health()).reasons.filter((one) => one.part === "restore");
  const [waits, lost] = await asked();
  assert.equal(waits.severity, "alarm");
  assert.match(waits.reason, /^nothing new leaves until the exchange has sent again what it sent since the backup/);
  assert.equal(lost.severity, "alarm");
  assert.match(lost.reason, /^1 messages of the exchange are lost with the store, and the patients whom they concern wait for them: let the exchange send again \(`mis-gateway restore --messages FILE`\), or give them up/);
  await until("everything was compared", async () => (await clinic.gateway.metrics())['mis_gateway_poll_last_success_timestamp_seconds{source="mis",stream="patient"}'] > 0);
  assert.equal(await clinic.gateway.stop(), 0);
  assert.deepEqual(anew(clinic), [], "its patient waits");
  done(clinic, "restore", "--without-messages");
  done(clinic, "sync", "--once");
  const said = anew(clinic).map((event) => `${event.type.slice(4, -3)} ${event.data.order ?? event.data.reason ?? ""}`);
  assert.ok(said.includes("order.unlinked O1") && said.includes("plan.closed unlinked"), said.join(", "));
  await clinic.gateway.start();
  assert.deepEqual(await asked(), []);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("restore --incomplete takes a log with a hole into a new epoch only, which announces everything anew and gives no sequence out twice", (t) => {
  const clinic = lost_store(t);
  clinic.write_config();
  const { sent } = clinic;
  const hole = sent.findIndex((event) => event.type === "mis.procedure.performed.v1");
  assert.ok(sent.slice(hole + 1).some((event) => event.partitionkey === sent[hole].partitionkey), "its key goes on behind it");
  writeFileSync(clinic.sent_file, sent.filter((_, index) => index !== hole).map((event) => `${JSON.stringify(event)}\n`).join(""));
  const refused = clinic.command("restore", "--events", clinic.sent_file, ...whole(clinic));
  assert.equal(refused.code, 2, refused.stderr);
  assert.match(refused.stderr, /lack 1 events .*--incomplete --new-epoch/);
  const alone = clinic.command("restore", "--events", clinic.sent_file, "--incomplete");
  assert.equal(alone.code, 2, alone.stderr);
  assert.match(alone.stderr, /--incomplete needs --new-epoch: .*given out a second time/);
  const restored = done(clinic, "restore", "--events", clinic.sent_file, "--incomplete", "--new-epoch", "--messages", join(clinic.folder, "messages.json"));
  assert.match(restored.stderr, /1 events are missing in the files/);
  assert.match(restored.stdout, /epoch 2 begins/);
  done(clinic, "sync", "--once");
  const said = anew(clinic);
  assert.equal(said[0].type, "mis.source.rebuilt.v1");
  assert.ok(said.every((event) => event.sequence.startsWith("000002")), JSON.stringify(said[0]));
  const told = (type) => said.filter((event) => event.type === type);
  assert.ok(told("mis.procedure.performed.v1").some((event) => event.data.procedure.id === sent[hole].data.procedure.id));
  assert.deepEqual(told("mis.order.linked.v1").map((event) => event.data.order), ["O1"], "the order is his again");
  const places = json_lines(log_of(clinic)).map((event) => `${event.partitionkey} ${event.sequence}`);
  assert.equal(new Set(places).size, places.length);
  assert.match(done(clinic, "audit", "show").stdout, /epoch .*the log of sent events is incomplete +epoch 2/);
  done(clinic, "reconcile", "mis"); // the books count the new epoch alone
});

test("restore --new-epoch: consumers are told to discard what they know, and everything comes in the next epoch", (t) => {
  const clinic = lost_store(t);
  clinic.write_config();
  const nothing = clinic.command("restore");
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /give --backup FILE, --events FILE…, or, when neither exists, --new-epoch/);
  assert.match(done(clinic, "restore", "--new-epoch", "--messages", join(clinic.folder, "messages.json")).stdout, /epoch 2 begins: consumers are told to discard what they know of these sources/);
  done(clinic, "sync", "--once");
  const events = json_lines(log_of(clinic));
  assert.deepEqual([events[0].type, events[0].data], ["mis.source.rebuilt.v1", { source: "mis", epoch: 2 }]);
  assert.ok(events.every((event) => event.sequence.startsWith("000002")), "of the new epoch, all");
  assert.ok(clinic.sent.every((event) => event.sequence.startsWith("000001")));
  const types = (list) => list.map((event) => event.type).filter((type) => type !== "mis.source.rebuilt.v1").sort();
  assert.deepEqual(types(events).filter((type) => type.startsWith("mis.billing") || type.startsWith("mis.procedure")), types(clinic.sent).filter((type) => type.startsWith("mis.billing") || type.startsWith("mis.procedure")));
  assert.match(done(clinic, "audit", "show").stdout, /epoch .*no log of sent events exists +epoch 2/);
});
