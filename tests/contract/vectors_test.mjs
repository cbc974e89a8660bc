// schemas/vectors: that they are what the programs say today, and that others' tools and two receivers come to the same.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CloudEvent } from "cloudevents";
import { Webhook } from "standardwebhooks";
import { program } from "../system/clinic.mjs";
import { make_vectors, receiver_py, vector, vectors_folder } from "./vectors.mjs";

const faketime = ["/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1"].find(existsSync);

const here = new URL(".", import.meta.url).pathname;
const names = () => readdirSync(vectors_folder).filter((name) => name !== "README.md").sort();
const events_of = (name) => vector(name).trimEnd().split("\n").map((line) => JSON.parse(line));
function scratch(t) {
  const folder = mkdtempSync(join(tmpdir(), "mis-vectors-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
const python = (...words) => {
  const ran = spawnSync("python3", [receiver_py, ...words], { encoding: "utf8" });
  assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  return ran.stdout;
};

test("the vectors are what the programs say today (else: MIS_UPDATE_VECTORS=1)", async (t) => {
  const made = await make_vectors(t);
  if (process.env.MIS_UPDATE_VECTORS) for (const [name, text] of Object.entries(made)) writeFileSync(join(vectors_folder, name), text);
  assert.deepEqual(names(), Object.keys(made).sort());
  for (const [name, text] of Object.entries(made)) assert.equal(vector(name), text, name);
});

test("signatures: the standardwebhooks SDK judges as the vectors say", (t) => {
  const real_now = Date.now;
  t.after(() => (Date.now = real_now));
  let judged = 0;
  for (const { name, valid, secrets, now, headers, body_base64 } of JSON.parse(vector("signatures.json")).cases) {
    if (headers["content-encoding"]) continue; // the SDK takes text; the unpacked body is a case of its own
    Date.now = () => now * 1000;
    const body = Buffer.from(body_base64, "base64").toString();
    const taken = secrets.some((secret) => {
      try {
        new Webhook(secret).verify(body, headers);
        return true;
      } catch {
        return false;
      }
    });
    assert.equal(taken, valid, name);
    ++judged;
  }
  assert.ok(judged > 20);
});

test("signatures: the receiver in Python's standard library judges the same", () => {
  assert.match(python("check", join(vectors_folder, "signatures.json")), /^(\d+) of \1 as they should be/);
});

test("signatures: the project's own verifier, in mis-receiver at the vectors' hour", { skip: !faketime && "libfaketime is not installed" }, async (t) => {
  const folder = scratch(t);
  const receivers = new Map();
  t.after(() => receivers.forEach(({ child }) => child.kill("SIGKILL")));
  const receiver_of = async (secrets) => {
    const name = secrets.join(" ");
    if (!receivers.has(name)) {
      const files = secrets.map((secret, index) => {
        const file = join(folder, `${receivers.size}-${index}.secret`);
        writeFileSync(file, secret, { mode: 0o600 });
        return ["--secret-file", file];
      });
      const child = spawn(program("mis-receiver"), ["--quiet", ...files.flat()], {
        env: { ...process.env, TZ: "UTC", LD_PRELOAD: faketime, FAKETIME: "2026-03-02 08:00:00", FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" },
      });
      const line = await new Promise((resolve) => child.stdout.once("data", (chunk) => resolve(chunk.toString())));
      receivers.set(name, { child, url: line.match(/http:\S+/)[0] });
    }
    return receivers.get(name).url;
  };
  for (const { name, valid, secrets, headers, body_base64 } of JSON.parse(vector("signatures.json")).cases) {
    const answer = await fetch(`${await receiver_of(secrets)}/`, { method: "POST", headers, body: Buffer.from(body_base64, "base64") });
    assert.equal(answer.status, valid ? 200 : 401, `${name}: ${await answer.text()}`);
  }
});

test("events: schemas, the CloudEvents SDK, sequences and change sets", () => {
  const files = names().filter((name) => name.endsWith(".events.jsonl"));
  for (const name of files) for (const event of events_of(name)) assert.ok(new CloudEvent(event).validate(), `${name}: ${event.id}`);
  const judged = spawnSync("node", [join(here, "validate_events.mjs"), "--complete", "--each", ...files.map((name) => join(vectors_folder, name))], { encoding: "utf8" });
  assert.equal(judged.status, 0, judged.stderr);
});

test("books: mis-receiver, which folds event by event, comes to what SQLite is asked in Python", (t) => {
  const folder = scratch(t);
  for (const name of names().filter((name) => name.endsWith(".events.jsonl"))) {
    const books = JSON.parse(vector(name.replace(".events.jsonl", ".books.json")));
    const take = (...words) => {
      const ran = spawnSync(program("mis-receiver"), words.flatMap((file) => ["--take", file]).concat("--database", join(folder, `${name}.db`)), { encoding: "utf8" });
      assert.equal(ran.status, 0, `${name}: ${ran.stderr}`);
      return JSON.parse(ran.stdout);
    };
    const file = join(vectors_folder, name);
    assert.deepEqual(take(file), books, name);
    assert.deepEqual(take(file, file), books, `${name}: again, in a base that has it`);
  }
});

test("deliveries with repeats lead to the same books, in whatever cut", (t) => {
  const folder = scratch(t);
  const { of, deliveries, distinct, repeats } = JSON.parse(vector("order.deliveries.json"));
  const events = vector(of).trimEnd().split("\n");
  const files = deliveries.map((batch, index) => {
    const file = join(folder, `${index}.jsonl`);
    writeFileSync(file, batch.map((at) => `${events[at]}\n`).join(""));
    return file;
  });
  assert.equal(events.length, distinct);
  assert.equal(deliveries.flat().length - distinct, repeats);
  assert.ok(repeats > 20);
  const database = join(folder, "books.db");
  const books = python("take", ...files, "--database", database);
  assert.deepEqual(JSON.parse(books), JSON.parse(vector("order.books.json")));
  assert.equal(python("take", join(vectors_folder, of), "--database", database), books, "all of it once more");
});

test("reversals before their charges, the last word first: the order of arrival changes no books", (t) => {
  const folder = scratch(t);
  for (const name of ["order", "corrections", "returns", "payments", "withheld", "epochs", "party_view"]) {
    const backwards = join(folder, `${name}.jsonl`);
    writeFileSync(backwards, vector(`${name}.events.jsonl`).trimEnd().split("\n").reverse().map((line) => `${line}\n`).join(""));
    const books = JSON.parse(vector(`${name}.books.json`));
    assert.deepEqual(JSON.parse(python("take", backwards)), books, `${name}: Python`);
    const ran = spawnSync(program("mis-receiver"), ["--take", backwards], { encoding: "utf8" });
    assert.deepEqual(JSON.parse(ran.stdout), books, `${name}: mis-receiver`);
  }
});

test("an id that comes with other content is refused, what is incomplete is told", (t) => {
  const folder = scratch(t);
  const [first, second, third] = events_of("order.events.jsonl");
  const file = join(folder, "events.jsonl");
  writeFileSync(file, [first, { ...first, data: { ...first.data, order: "O2" } }].map((event) => `${JSON.stringify(event)}\n`).join(""));
  const altered = spawnSync("python3", [receiver_py, "take", file], { encoding: "utf8" });
  assert.equal(altered.status, 1);
  assert.match(altered.stderr, /came before with other content/);
  writeFileSync(file, [first, third].map((event) => `${JSON.stringify(event)}\n`).join(""));
  const torn = JSON.parse(python("take", file));
  assert.deepEqual([torn.events, torn.missing, torn.open_change_sets], [2, 1, 1]);
  assert.ok(second.changeset === first.changeset);
});

// By hand, from the rules' worked example (core/domain/README.md) and the scenarios' tables: what the machine recorded must be that.
test("the books are the bookkeeper's", () => {
  const books = (name) => JSON.parse(vector(`${name}.books.json`));
  const sums = (name) => books(name).charges.map(({ payer, minor, count }) => [payer, minor, count]);
  const order = books("order");
  assert.deepEqual(sums("order"), [["limit", 1_200_000, 4]]);
  assert.deepEqual(order.limits.map(({ limit, ...rest }) => rest), [{ state: "closed", currency: "RUB", granted: 1_500_000, consumed: 1_200_000, remaining: 300_000, overrun: 0 }]);
  assert.deepEqual(order.plans[0].items, { consultation: "performed", "crown-48": "void", "extraction-48": "performed", "filling-16": "performed", "filling-26": "performed" });
  assert.deepEqual(order.plans[0].stages, ["completed", "consultation_done", "surgery_done", "therapy_done"]);
  assert.deepEqual(order.orders, { O1: "closed" });
  assert.deepEqual(order.statements.map(({ payer, total, due }) => [payer, total, due]), [["limit", 1_200_000, 1_200_000], ["organization", 0, 0]]);
  assert.deepEqual(sums("returns"), [["patient", 200_000, 1]]);
  assert.deepEqual(books("payments").payments.reduce((sum, { minor }) => sum + minor, 0), 220_000);
  assert.deepEqual(books("feedback").feedback, { F1: "resolved" });
  assert.deepEqual(books("party_view").limits.map(({ granted, consumed }) => [granted, consumed]), [[600_000, 400_000]]);
  assert.deepEqual(sums("withheld"), [["patient", 800_000, 2]], "4 500 stayed in the clinic, and the stub says so");
  assert.equal(books("withheld").withheld, 1);
  assert.deepEqual(sums("epochs"), [["patient", 1_270_000, 3]], "4 000 + 4 700 + 4 000 of the new epoch; nothing of the old one");
  for (const name of names().filter((name) => name.endsWith(".books.json"))) {
    const { missing, open_change_sets } = JSON.parse(vector(name));
    assert.deepEqual([missing, open_change_sets], [0, 0], name);
  }
});

test("what comes back has an id of its own, and the same scenario the same ids", () => {
  const told = events_of("comes_back.events.jsonl").map((event) => [event.type, event.data.appointment.starts_at.slice(11, 13), event.id]);
  assert.deepEqual(told.map(([type, hour]) => `${type.split(".")[2]} ${hour}`), ["booked 10", "moved 15", "moved 10", "moved 15", "moved 10"]);
  assert.equal(new Set(told.map(([, , id]) => id)).size, told.length);
});

test("a filtered view tells which sequence came before; a long plan comes in parts; a stub stands where an event was", () => {
  const view = events_of("party_view.events.jsonl");
  assert.deepEqual(view.map((event) => event.previoussequence), ["0".repeat(5) + "1" + "0".repeat(14), ...view.slice(0, -1).map((event) => event.sequence)]);
  assert.ok(view.some((event, index) => index > 0 && BigInt(event.sequence) > BigInt(view[index - 1].sequence) + 1n), "it has holes");
  const parts = events_of("long_plan.events.jsonl").filter((event) => event.type === "mis.plan.opened.v1");
  assert.deepEqual(parts.map(({ data }) => [data.part, data.parts]), parts.map((_, index) => [index + 1, parts.length]));
  assert.equal(parts.flatMap(({ data }) => data.plan.items).length, 200);
  const stub = events_of("withheld.events.jsonl").find((event) => event.type === "mis.event.withheld.v1");
  assert.deepEqual(stub.data, { reason: "refused by the receiver", type: "mis.billing.charge.v1" });
});

test("the inbox answers with every verdict there is", () => {
  const recorded = JSON.parse(vector("inbox.json"));
  const by_answer = Object.groupBy?.(recorded, ({ answer }) => answer.answer) ?? recorded.reduce((all, one) => ({ ...all, [one.answer.answer]: [...(all[one.answer.answer] ?? []), one] }), {});
  assert.deepEqual(Object.keys(by_answer).sort(), ["accepted", "refused", "repeated"]);
  const codes = new Set(by_answer.refused.map(({ answer }) => answer.code));
  for (const code of ["id_reused", "order_exists", "malformed", "unknown_order", "unknown_limit", "unknown_patient", "unknown_feedback", "unknown_plan", "unknown_item", "unknown_payer", "order_cancelled", "no_account", "other_currency"])
    assert.ok(codes.has(code), `${code} is not among ${[...codes].join(", ")}`);
  for (const { about, message, answer } of recorded) {
    assert.equal(answer.id, message.id ?? "(no id)", about);
    if (answer.answer === "refused") assert.ok(answer.reason.length > 10 && !/Тестова|900 000|выпала/.test(answer.reason), `${about}: a reason, without content`);
  }
  assert.ok(existsSync(join(vectors_folder, "README.md")));
});
