// Makes schemas/vectors from the real programs: what they hold is recorded, never written by hand. vectors_test.mjs compares, or writes with MIS_UPDATE_VECTORS=1.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { json_lines, program, root, until } from "../system/clinic.mjs";
import { ExportsClinic } from "../system/exports_clinic.mjs";

export const receiver_py = join(root, "tools/receiver/examples/receiver.py");
const lines = (values) => values.map((value) => `${JSON.stringify(value)}\n`).join("");
const pretty = (value) => `${JSON.stringify(value, null, 1)}\n`;
const bytes = (first, count) => Buffer.from(Array.from({ length: count }, (_, at) => (first + at) & 255));

// --- streams of events, each with what a consumer's books say after it

const MONEY = (minor) => ({ minor, currency: "RUB" });
const CLINIC = { clinic: { id: "clinic-1", timezone: "Europe/Moscow" }, export: "all" };
const at = (day, hour = 12) => `2026-03-${String(day).padStart(2, "0")}T${hour}:00:00+03:00`;
const person = { source_id: "77", last_name: "Тестова", birth_date: "1990-01-01", phones: ["89000000001"] };

// A visit moved there and back, and there again: said three times, so three ids.
const comes_back = () => {
  const visit = (hour) => ({ source_id: "v1", patient_source_id: "77", starts_at: at(20, hour), ends_at: at(20, hour + 1), status: "booked" });
  const steps = [10, 15, 10, 15, 10].map((hour, index) => ({ at: at(2 + index), upsert: { ...(index === 0 && { patient: [person] }), appointment: [visit(hour)] } }));
  return { ...CLINIC, steps };
};
// A plan too long for one event: it comes in parts.
const long_plan = () => {
  const items = Array.from({ length: 200 }, (_, at_) => ({
    id: `item-${String(at_ + 1).padStart(3, "0")}`, nomenclature: "A16.07.002", teeth: [String(11 + (at_ % 8))], quantity: "1", stage: 1 + Math.floor(at_ / 40), title: `Пункт ${at_ + 1}`,
    total: MONEY(100000 + at_),
  }));
  return {
    ...CLINIC, steps: [{ at: at(2), upsert: { patient: [person] }, inbox: [
      { type: "order.placed", id: "m1", order: "O1", patient: { phone: "+7 900 000-00-01", last_name: "Тестова" }, placed_at: at(2, 11), items }] }],
  };
};

// name → [scenario: of tests/scenarios, or made here, …arguments]
const PLAYED = {
  order: ["worked_example"],
  corrections: ["p6_corrections"],
  returns: ["p6_returns"],
  merged_cards: ["p6_merge"],
  withdrawal: ["x2_two_orders"],
  payments: ["b1_payment_corrected"],
  statement_corrected: ["b4_closed_order_corrected"],
  feedback: ["f1_feedback"],
  shared_limit: ["l1_shared"],
  party_view: ["x3_party", "--party", "СК Пример"],
  comes_back: [comes_back],
  long_plan: [long_plan],
};

function played(folder, scenario, ...words) {
  let file = join(root, `tests/scenarios/${scenario}.scenario.yaml`);
  if (typeof scenario === "function") writeFileSync((file = join(folder, "played.scenario.yaml")), JSON.stringify(scenario()));
  const ran = spawnSync(program("mis-gateway"), ["scenario", file, ...words], { encoding: "utf8", env: { ...process.env, MIS_GATEWAY_SHARE: root } });
  assert.ok(ran.stdout !== "", `${file}: ${ran.stderr}`);
  return ran.stdout;
}

export function books_of(folder, text) {
  const file = join(folder, "of.jsonl");
  writeFileSync(file, text);
  const ran = spawnSync("python3", [receiver_py, "take", file], { encoding: "utf8" });
  assert.equal(ran.status, 0, ran.stderr);
  return JSON.parse(ran.stdout);
}

// --- what only a running gateway does

const HEADS = {
  Пациенты: "Номер карты;ФИО;Дата рождения;Телефон", Прайс: "Код;Наименование;Код 804н;Цена", Врачи: "Код врача;Имя врача", Визиты: "Номер визита;Номер карты;Дата;Статус",
  Полисы: "Номер полиса;Номер карты;Страховая компания;Ограничение", Оплаты: "Номер оплаты;Номер карты;Дата;Сумма;Операция",
  Работы: "Номер строки;Номер карты;Дата;Код;Код 804н;Сумма;Зуб;Номер полиса;Плательщик",
};
const ROWS = {
  Пациенты: ["77;Тестова Анна Пробовна;01.01.1990;89000000001"], Прайс: ["T-16;Пломба;A16.07.002;4000"],
  Работы: ["1;77;02.03.2026;T-16;A16.07.002;4000;16;;", "2;77;03.03.2026;T-16;A16.07.002;4500;17;;", "3;77;04.03.2026;T-16;A16.07.002;4000;26;;"],
};
class Exports extends ExportsClinic {
  async save(rows) {
    for (const [name, head] of Object.entries(HEADS)) writeFileSync(join(this.exports, `${name}.csv`), `\uFEFF${[head, ...(rows[name] ?? [])].join("\r\n")}\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 1300));
  }
  // The pseudonym key of every vector, so that the same people have the same ids.
  fixed_key() {
    mkdirSync(join(this.folder, "store"), { recursive: true, mode: 0o700 });
    writeFileSync(join(this.folder, "store", "pseudonym.key.first"), `${"5".repeat(64)}\n`, { mode: 0o600 });
  }
  async done(...words) {
    const ran = await this.command(...words);
    assert.equal(ran.code, 0, `${words.join(" ")}: ${ran.stdout}${ran.stderr}`);
    return ran;
  }
  get log() {
    return json_lines(join(this.folder, "events", "events-000001.jsonl"));
  }
}
// Three lines; the second's charge is poison for the receiver: a stub stands in its place.
async function withheld(t) {
  const clinic = await Exports.make(t, { connector: "dent" });
  clinic.fixed_key();
  await clinic.save(ROWS);
  await clinic.done("sync", "--once");
  const charge = clinic.log.find((event) => event.type === "mis.billing.charge.v1" && event.data.total.minor === 450000);
  clinic.secret_file = join(clinic.folder, "webhook.secret"); // the receiver's, beside a service's
  writeFileSync(clinic.secret_file, `${clinic.secret}\n`, { mode: 0o600 });
  await clinic.receiver.start(["--poison", charge.id]);
  clinic.write_config({ sinks: [clinic.file_sink(), clinic.webhook_sink()] });
  await clinic.gateway.start();
  await until("the stub was sent", () => clinic.receiver.events.some((event) => event.type === "mis.event.withheld.v1"));
  await clinic.quiet_deliveries();
  const received = clinic.receiver.events;
  await clinic.gateway.stop();
  return received;
}
Exports.prototype.quiet_deliveries = async function () {
  await until("everything was delivered", async () => (await this.gateway.metrics())['mis_gateway_outbox_events{sink="exchange"}'] === 0);
};
// The store is lost and nobody has its log; one line was corrected meanwhile: a new epoch says everything anew.
async function epochs(t) {
  const clinic = await Exports.make(t, { connector: "dent" });
  clinic.fixed_key();
  await clinic.save(ROWS);
  await clinic.done("sync", "--once");
  const before = clinic.log;
  for (const name of ["store.db", "store.db-wal", "store.db-shm", "store.mark"]) rmSync(join(clinic.folder, "store", name), { force: true });
  rmSync(join(clinic.folder, "store.mark"), { force: true });
  rmSync(join(clinic.folder, "events"), { recursive: true });
  await clinic.save({ ...ROWS, Работы: ROWS.Работы.map((row) => row.replace("4500", "4700")) });
  await clinic.done("restore", "--new-epoch", "--without-messages");
  await clinic.done("sync", "--once");
  return [...before, ...clinic.log].map((event) => (event.type === "mis.source.rebuilt.v1" ? { ...event, time: at(5) } : event)); // the one time that is the run's own
}

// --- deliveries: a stream in overlapping batches, one sent twice, one again at the end, as a sender does whose answers get lost

function deliveries(text) {
  const count = text.trimEnd().split("\n").length;
  const range = (from, to) => Array.from({ length: Math.max(0, Math.min(to, count) - from) }, (_, index) => from + index);
  const batches = [];
  for (let from = 0; from < count; from += 5) {
    batches.push(range(from, from + 8));
    if (from % 3 === 1) batches.push(range(from, from + 8));
  }
  batches.push(range(0, 8));
  const sent = batches.reduce((sum, batch) => sum + batch.length, 0);
  return { of: "order.events.jsonl", about: "each delivery lists lines of the file, counted from 0", deliveries: batches, distinct: count, repeats: sent - count };
}

// --- signatures

function signatures(text) {
  const [now, id, old_secret, new_secret, foreign] = [1772438400, "msg_0123456789abcdef0123456789abcdef", ...[bytes(1, 32), bytes(101, 24), bytes(201, 32)].map((key) => `whsec_${key.toString("base64")}`)];
  const body = Buffer.from(`[${text.trimEnd().split("\n").slice(0, 1).join(",")}]`);
  const packed = gzipSync(body, { level: 9 });
  packed[9] = 255; // the system that packed it
  const sign = (secret, { stamp = now, told = id, over = body } = {}) =>
    `v1,${createHmac("sha256", Buffer.from(secret.slice("whsec_".length), "base64")).update(`${told}.${stamp}.`).update(over).digest("base64")}`;
  const cases = [];
  const add = (name, valid, { secrets = [old_secret], headers = {}, signature = sign(old_secret), over = body, stamp = now, told = id, without } = {}) => {
    const all = { "webhook-id": told, "webhook-timestamp": String(stamp), "webhook-signature": signature, ...headers };
    if (without) delete all[without];
    cases.push({ name, valid, secrets, now, headers: all, body_base64: over.toString("base64") });
  };
  const changed = Buffer.from(body);
  changed[body.indexOf("order") + 1] ^= 1;
  add("one secret", true);
  add("another secret", false, { secrets: [foreign] });
  add("a changed body", false, { over: changed });
  add("a byte more", false, { over: Buffer.concat([body, Buffer.from("\n")]) });
  add("another id", false, { told: "msg_ffffffffffffffffffffffffffffffff" });
  add("an old delivery under a new timestamp", false, { signature: sign(old_secret, { stamp: now - 3600 }) });
  add("five minutes old", true, { stamp: now - 300, signature: sign(old_secret, { stamp: now - 300 }) });
  add("older than five minutes", false, { stamp: now - 301, signature: sign(old_secret, { stamp: now - 301 }) });
  add("from more than five minutes ahead", false, { stamp: now + 301, signature: sign(old_secret, { stamp: now + 301 }) });
  add("rotation: signed with both, the new one is known", true, { secrets: [new_secret], signature: `${sign(old_secret)} ${sign(new_secret)}` });
  add("rotation: signed with both, the old one is known", true, { signature: `${sign(old_secret)} ${sign(new_secret)}` });
  add("rotation: signed with the old one, both are known", true, { secrets: [new_secret, old_secret] });
  add("rotation is over: signed with the old one, the new one is known", false, { secrets: [new_secret] });
  add("a signature of another version beside ours", true, { signature: `v1a,${Buffer.alloc(64).toString("base64")} ${sign(old_secret)}` });
  add("of another version only", false, { signature: sign(old_secret).replace("v1,", "v1a,") });
  add("without a version", false, { signature: sign(old_secret).slice(3) });
  add("the right one as part of another", false, { signature: `${sign(old_secret)}x` });
  add("packed as it travels, signed in both forms", true, { over: packed, headers: { "content-encoding": "gzip" }, signature: `${sign(old_secret)} ${sign(old_secret, { over: packed })}` });
  add("the same, unpacked by a framework before it is verified", true, { signature: `${sign(old_secret)} ${sign(old_secret, { over: packed })}` });
  add("no timestamp", false, { without: "webhook-timestamp" });
  add("no id", false, { without: "webhook-id" });
  add("no signature", false, { without: "webhook-signature" });
  add("a timestamp that is no number", false, { stamp: "now", signature: sign(old_secret, { stamp: "now" }) });
  return { about: "HMAC-SHA-256 over id.timestamp.body; now: the receiver's clock, seconds since 1970; a timestamp may be 300 seconds off", cases };
}

// --- the inbox: messages and what the gateway answers

const item = (id, more = {}) => ({ id, nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: MONEY(400000), ...more });
const order = (id, name, more = {}) => ({
  type: "order.placed", id, order: name, patient: { phone: "+7 900 000-00-01", last_name: "Тестова" }, placed_at: at(2, 10), consent: { given_at: at(2, 10), ground: "consent form" }, items: [item("i1")], ...more,
});
const MESSAGES = [
  ["an order", order("m1", "O1")],
  ["sent again: nothing happens twice", order("m1", "O1")],
  ["the same id with other content", order("m1", "O1", { items: [item("i1", { total: MONEY(500000) })] })],
  ["another message places the same order", order("m2", "O1")],
  ["a field that this version does not know is left out and named", order("m3", "O2", { colour: "blue", limit: { amount: MONEY(300000), payer: "ООО Пример", kind: "barter" } })],
  ["one identifier is too few", order("m4", "O3", { patient: { phone: "+7 900 000-00-01" } })],
  ["without consent, where the clinic exports ordered patients only", (({ consent, ...rest }) => rest)(order("m5", "O3"))],
  ["several faults at once", order("m6", "O3", { placed_at: "yesterday", items: [item("i1", { total: { minor: 4000.5, currency: "RUB" } }), item("i1", { teeth: ["19"] })] })],
  ["no items", order("m7", "O3", { items: [] })],
  ["a type that nobody knows", { type: "order.lost", id: "m8", order: "O1" }],
  ["no id", (({ id, ...rest }) => rest)(order("", "O3"))],
  ["an amendment", { type: "order.amended", id: "m10", order: "O1", items: [item("i1"), item("i2", { teeth: ["26"] })] }],
  ["of an order that did not come yet: send the order, then this again", { type: "order.amended", id: "m11", order: "O9", items: [item("i1")] }],
  ["a grant to the account of an order", { type: "limit.granted", id: "m12", order: "O2", amount: MONEY(500000) }],
  ["in another currency", { type: "limit.granted", id: "m13", order: "O2", amount: { minor: 500000, currency: "EUR" } }],
  ["to an order without an account, not saying which kind and whose", { type: "limit.granted", id: "m14", order: "O1", amount: MONEY(500000) }],
  ["to an account that nobody knows", { type: "limit.granted", id: "m15", limit: "f".repeat(32), amount: MONEY(500000) }],
  ["to a patient whom nobody knows", { type: "limit.granted", id: "m16", patient: "f".repeat(32), amount: MONEY(500000), payer: "ООО Пример", kind: "barter" }],
  ["names two where one is meant", { type: "limit.granted", id: "m17", order: "O2", limit: "f".repeat(32), amount: MONEY(500000) }],
  ["a complaint", { type: "feedback.received", id: "m18", feedback: "F1", order: "O1", text: "Пломба выпала", rating: 2 }],
  ["resolved, on the patient's word", { type: "feedback.resolved", id: "m19", feedback: "F1", satisfied: true }],
  ["of a complaint that nobody knows", { type: "feedback.resolved", id: "m20", feedback: "F9", satisfied: true }],
  ["an approval of a plan that nobody knows", { type: "plan.approved", id: "m21", plan: "f".repeat(32), works: ["A16.07.002"], by: "СК Пример" }],
  ["of an item that the order does not have", { type: "plan.approved", id: "m22", order: "O1", items: ["i9"], by: "СК Пример" }],
  ["a statement of an order", { type: "statement.requested", id: "m23", order: "O1", from: "2026-03-01", to: "2026-03-31" }],
  ["of an organization of which nothing was ever said", { type: "statement.requested", id: "m24", payer: "ООО Чужое", from: "2026-03-01", to: "2026-03-31" }],
  ["a cancellation", { type: "order.cancelled", id: "m25", order: "O2", reason: "patient_changed_mind" }],
  ["an amendment after it", { type: "order.amended", id: "m26", order: "O2", items: [item("i1")] }],
  ["consent withdrawn", { type: "consent.withdrawn", id: "m27", order: "O1" }],
  ["a statement after it", { type: "statement.requested", id: "m28", order: "O1", from: "2026-03-01", to: "2026-03-31" }],
];
function inbox(folder) {
  const home = mkdtempSync(join(folder, "inbox-"));
  writeFileSync(join(home, "gateway.yaml"), JSON.stringify({
    clinic: { id: "clinic-1", timezone: "Europe/Moscow" }, store: { folder: join(home, "store") }, export: { mode: "ordered" }, sources: [], sinks: [{ name: "log", file: { folder: join(home, "events") } }],
  }));
  return MESSAGES.map(([about, message]) => {
    const file = join(home, "message.json");
    writeFileSync(file, JSON.stringify(message));
    const ran = spawnSync(program("mis-gateway"), ["inbox", "push", file, "--json", "--config", join(home, "gateway.yaml")], { encoding: "utf8", env: { ...process.env, MIS_GATEWAY_SHARE: root } });
    const said = ran.stdout.split("\n").filter((line) => line.startsWith("{"));
    assert.equal(said.length, 1, `${about}: ${ran.stdout}${ran.stderr}`);
    return { about, message, answer: JSON.parse(said[0]) };
  });
}

// Everything: file name → text.
export async function make_vectors(t) {
  const folder = mkdtempSync(join(tmpdir(), "mis-vectors-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const made = {};
  for (const [name, words] of Object.entries(PLAYED)) made[`${name}.events.jsonl`] = played(folder, ...words);
  made["withheld.events.jsonl"] = lines(await withheld(t));
  made["epochs.events.jsonl"] = lines(await epochs(t));
  for (const name of Object.keys(made)) made[name.replace(".events.jsonl", ".books.json")] = pretty(books_of(folder, made[name]));
  made["order.deliveries.json"] = `${JSON.stringify(deliveries(made["order.events.jsonl"]))}\n`;
  made["signatures.json"] = pretty(signatures(made["order.events.jsonl"]));
  made["inbox.json"] = pretty(inbox(folder));
  return made;
}

export const vectors_folder = join(root, "schemas/vectors");
export const vector = (name) => readFileSync(join(vectors_folder, name), "utf8");
