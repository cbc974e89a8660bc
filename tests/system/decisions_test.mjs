// Who decided what: every decision of a person is a row of the audit, in the transaction that carries it out; what left about a patient is told to him, and
// erased where the law orders it, with a chain that still holds, here and in an exported copy.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root, until } from "./clinic.mjs";
import { Invented, LINES } from "./invented.mjs";

// What each command of the command line is. A new one is put into its place here: one that decides gets a row, and below an example that makes it.
const DECIDES = {
  "app_ run": ["sink_discard"], "quarantine dismiss": ["row_dismiss"], "quarantine retry": ["row_retry"], "app_ dead-letters": ["dead_letter_retry"],
  "order link": ["order_link"], "order unlink": ["order_unlink"], "patient link": ["patient_link"], "patient unlink": ["patient_unlink"], "patient import": ["patient_link"],
  "hold release": ["hold_release", "source_hold_release", "mapping_hold_send", "mapping_hold_baseline"], "app_ map-code": ["map_code"], "feedback answer": ["feedback_answer"],
  "inbox push": ["inbox_push"], "source rename": ["source_rename"], "app_ restore": ["new_epoch", "messages_given_up"], "app_ replay": ["replay"], "audit erase": ["audit_erase"],
};
const LOOKS = [
  "app_ sync", "app_ check", "app_ discover", "app_ calibrate", "app_ backfill", "app_ reconcile", "app_ preview", "app_ events", "app_ quarantine", "app_ plan", "app_ limit", "limit comments",
  "app_ report", "order list", "patient list", "hold list", "feedback list", "app_ backup", "audit show", "audit verify", "audit export", "audit patient", "app_ version", "app_ scenario",
  "connector list", "connector new", "connector test",
  "slots preview", "slots table", // the table counts only where a person confirmed its rows
  "pages code", // a code that ends by itself; who becomes a user by it is written when he does
];
const KINDS = [...readFileSync(join(root, "core/disclosure/decision.hpp"), "utf8").match(/kDecisions\{([^}]*)\}/)[1].matchAll(/"(\w+)"/g)].map((found) => found[1]);

const P = {
  base: "create table P (ID integer not null primary key, N varchar(20), PHONE varchar(20));\ncommit;\ninsert into P values (77, 'Тестова', '+7 900 000-00-01');\ninsert into P values (78, 'Пробова', '+7 900 000-00-02');\n",
  stream: {
    yaml: "key: P.ID\ncolumns: {id: integer, n: text, phone: text}", fetch: "select P.ID, P.N, P.PHONE from P where {slice}",
    map: "select id as source_id, n as last_name, phones(phone) as phones from rows",
  },
};
function two_sources(t) {
  const base = `${LINES.base}${P.base}insert into USL values (2, 78, 'yesterday', 500, 'now');\ninsert into USL values (8, null, 'yesterday', 55, 'now');\ninsert into USL values (9, null, 'yesterday', 55, 'now');\n`;
  const clinic = Invented.make(t, { base, streams: { ...LINES.streams, patient: P.stream } });
  clinic.make_base(join(clinic.folder, "second.fdb"), base);
  clinic.both = (name) => [clinic.source({ name: "mis" }), clinic.source({ name, firebird: { database: join(clinic.folder, "second.fdb"), user: "SYSDBA" } })];
  clinic.write_config({ sources: clinic.both("other") });
  return clinic;
}
const done = (clinic, ...words) => {
  const said = clinic.command(...words);
  assert.equal(said.code, 0, `${words.join(" ")}: ${said.stdout}${said.stderr}`);
  return said;
};
const rows = (clinic) => done(clinic, "audit", "show", "--limit", "100000", "--json").json;
const decisions = (clinic) => rows(clinic).filter((row) => row.action === "decided" && !row.erased).map((row) => ({ ...row, ...JSON.parse(row.subject) }));
const ORDER = {
  type: "order.placed", id: "m1", order: "O1", patient: { phone: "+7 900 000-00-99", last_name: "Никто" }, placed_at: "2026-03-01T10:00:00+03:00",
  items: [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: { minor: 400000, currency: "RUB" } }],
};

test("every command either looks or decides, and what decides is a kind of the audit", () => {
  const text = readFileSync(join(root, "core/gateway/main.cpp"), "utf8");
  const commands = [...text.matchAll(/\b(?:configured|command)\(\s*\*?(\w+),\s*"([\w-]+)"/g)].map(([, parent, name]) => `${parent} ${name}`);
  assert.ok(commands.length > 40);
  assert.deepEqual(commands.filter((command) => !(command in DECIDES) && !LOOKS.includes(command)), [], "put it into DECIDES, with its row, or into LOOKS");
  assert.deepEqual([...Object.keys(DECIDES), ...LOOKS].filter((command) => !commands.includes(command)), [], "there is no such command any more");
  assert.deepEqual([...new Set(Object.values(DECIDES).flat())].sort(), KINDS, "core/disclosure/decision.hpp");
});

test("every decision is a row: who, what, before, after; what was refused is none", async (t) => {
  const clinic = two_sources(t);
  const write = (name, text) => {
    writeFileSync(join(clinic.folder, name), text);
    return join(clinic.folder, name);
  };
  done(clinic, "sync", "--once");
  assert.deepEqual(decisions(clinic), []);
  for (const words of [
    ["order", "link", "O9", "mis", "77"], ["order", "unlink", "O9"], ["patient", "link", "other/77", "mis/4711"], ["patient", "unlink", "other/77"], ["hold", "release", "mis"], ["hold", "release", "mis", "procedure", "--send"],
    ["map-code", "mis", "T-1", "none"], ["quarantine", "dismiss", "mis", "procedure", "4711", "--reason", "x"], ["quarantine", "retry", "mis", "patient"], ["dead-letters", "--sink", "event-log", "--retry", "1"],
    ["feedback", "answer", "F9", write("text.txt", "x\n")], ["replay", "--sink", "event-log", "--from", "5", "--to", "1"], ["source", "rename", "nope", "third"], ["audit", "erase", "mis/77", "--reason", " "],
  ])
    assert.notEqual(clinic.command(...words).code, 0, words.join(" "));
  assert.deepEqual(decisions(clinic), [], "nothing was decided");

  done(clinic, "inbox", "push", write("messages.jsonl", [ORDER, { type: "feedback.received", id: "m2", feedback: "F1", order: "O1", text: "Пломба выпала", rating: 2 }].map((message) => `${JSON.stringify(message)}\n`).join("")));
  done(clinic, "order", "link", "O1", "mis", "77");
  done(clinic, "order", "unlink", "O1");
  done(clinic, "order", "link", "O1", "mis", "78");
  done(clinic, "patient", "link", "other/77", "mis/77");
  done(clinic, "patient", "unlink", "other/77");
  done(clinic, "patient", "import", write("same.csv", "joins,stays\nother/78,mis/78\n"));
  done(clinic, "map-code", "mis", "T-1", "A16.07.002");
  done(clinic, "map-code", "mis", "T-1", "A16.07.003");
  done(clinic, "feedback", "answer", "F1", write("answer.txt", "Приходите завтра\n"));
  done(clinic, "replay", "--sink", "event-log", "--from", "1", "--to", "2");
  done(clinic, "quarantine", "dismiss", "mis", "procedure", "9", "--reason", "a test row");

  // what was asked for is read at the next pass
  clinic.sql("update USL set PAT = 77 where ID = 8");
  const reads_again = () => {
    done(clinic, "quarantine", "retry", "mis", "procedure");
    done(clinic, "sync", "--once");
    return done(clinic, "quarantine", "--source", "mis", "--json").json;
  };
  assert.deepEqual(reads_again(), []);

  // both sources' map changes
  clinic.write_streams({ procedure: { ...LINES.streams.procedure, map: LINES.streams.procedure.map.replace("'T-1'", "'T-2'") }, patient: P.stream });
  done(clinic, "sync", "--once");
  done(clinic, "hold", "release", "mis", "procedure", "--send");
  done(clinic, "hold", "release", "other", "procedure", "--baseline");
  done(clinic, "sync", "--once");

  clinic.alter_store(`insert into removal_hold select id, 'window', 1, 'invented', 9, 10, 0 from change_stream where source = 'mis' and name = 'procedure';
    insert into source_state values ('other', 'held_since_us', '1'), ('other', 'fingerprint_held', (select value from source_state where source = 'other' and name = 'fingerprint'));
    insert into outbox_dead select 'event-log', 999999, 'dead', 1, 'invented', 1, 1, x'00'`);
  const held = done(clinic, "hold", "list", "--json").json;
  assert.deepEqual(held.map((hold) => hold.code).sort(), ["source_changed", "window_lost"]);
  done(clinic, "hold", "release", "mis", "procedure");
  done(clinic, "hold", "release", "other");
  done(clinic, "dead-letters", "--sink", "event-log", "--retry", "999999");
  clinic.alter_store("delete from outbox_dead where event = x'00'");

  clinic.write_config({ sources: clinic.both("third") });
  done(clinic, "source", "rename", "other", "third");
  clinic.alter_store("insert into outbox_sink (sink, low, settled, state, reason, delivered, failed, unknown, rejected) values ('gone', 1, x'', 'running', '', 0, 0, 0, 0)");
  clinic.gateway.launch({}, ["--discard"]);
  await until("the removed sink is given up", () => decisions(clinic).some((row) => row.what === "sink_discard"));
  assert.equal(await clinic.gateway.stop(), 0);
  done(clinic, "restore", "--without-messages");
  done(clinic, "restore", "--new-epoch");
  const before = decisions(clinic);
  done(clinic, "audit", "erase", "mis/77", "--reason", "order 1 of an invented court");
  const [erase] = decisions(clinic).filter((row) => row.what === "audit_erase");
  assert.ok(erase.before.audit >= 4 && erase.before.trace > 0, "the links of his orders and cards among them");
  const made = [...before, erase];
  assert.deepEqual([...new Set(made.map((row) => row.what))].sort(), KINDS);
  for (const row of made) {
    assert.ok(row.who.length > 0, row.what);
    assert.ok(row.subject.length > 0, row.what);
  }
  const of = (what) => made.filter((row) => row.what === what);
  const retried = of("row_retry")[0];
  assert.deepEqual(retried.before, { rows: 1 });
  assert.deepEqual(of("map_code").map((row) => [row.before?.nomenclature, row.after.nomenclature]), [[undefined, "A16.07.002"], ["A16.07.002", "A16.07.003"]]);
  assert.deepEqual([of("source_rename")[0].before, of("source_rename")[0].after], [{ name: "other" }, { name: "third" }]);
  assert.deepEqual([of("hold_release")[0].subject, of("hold_release")[0].before.holds], ["source mis stream procedure", [{ known: 10, missing: 9 }]]);
  assert.equal(of("row_dismiss")[0].ground, "a test row");
  assert.equal(of("new_epoch")[0].after.epoch, of("new_epoch")[0].before.epoch + 1);
  assert.ok(of("sink_discard")[0].before.pending > 0);
  assert.equal(of("order_link")[0].after.patient, of("order_unlink")[0].before.patient);
  assert.equal(rows(clinic).filter((row) => row.erased).length, erase.before.audit);
  assert.equal(done(clinic, "audit", "verify", "--json").json[0].intact, true);
  const everything = JSON.stringify(rows(clinic));
  for (const name of ["Тестова", "Пробова", "9000000001", "Приходите"]) assert.ok(!everything.includes(name), name);
});

test("what left about a patient, by whichever of his names; an exported copy is proved without the store; an erasure leaves the chain whole", (t) => {
  const clinic = two_sources(t);
  done(clinic, "sync", "--once");
  const events = done(clinic, "events").json;
  const told = done(clinic, "audit", "patient", "mis/77", "--json").json;
  const [pseudonym] = events.filter((event) => told.some((one) => one.id === event.id)).map((event) => event.data.patient);
  const his = events.filter((event) => event.data.patient === pseudonym).map((event) => event.id);
  assert.ok(his.length >= 2);
  assert.deepEqual(told.filter((one) => one.fate === "left").map((one) => one.id), his);
  for (const one of told) assert.deepEqual(one.receipts.map((receipt) => [receipt.sink, receipt.how]), [["event-log", "delivered"]]);
  assert.deepEqual(done(clinic, "audit", "patient", pseudonym, "--json").json, told, "by his pseudonym");
  const printed = done(clinic, "audit", "patient", "mis/77").stdout;
  for (const id of his) assert.ok(printed.includes(id));
  assert.match(printed, /event-log \d{4}-/);
  assert.match(done(clinic, "audit", "patient", "f".repeat(32)).stdout, /nothing left/);
  assert.match(clinic.command("audit", "patient", "77").stderr, /names no patient: write his pseudonym/);

  const copy = join(clinic.folder, "audit.jsonl");
  done(clinic, "audit", "export", copy);
  assert.equal(statSync(copy).mode & 0o777, 0o600);
  assert.notEqual(clinic.command("audit", "export", copy).code, 0, "nothing is written over");
  const head = (...words) => done(clinic, "audit", "verify", ...words, "--json").json[0];
  assert.deepEqual(head("--file", copy), head());
  const text = readFileSync(copy, "utf8");
  writeFileSync(copy, text.replace(his[0], "0".repeat(32)));
  assert.match(clinic.command("audit", "verify", "--file", copy).stderr, /broken at entry \d+ \(changed\)/);
  writeFileSync(copy, text.split("\n").slice(0, -2).join("\n"));
  assert.match(clinic.command("audit", "verify", "--file", copy).stderr, /cut off/);

  done(clinic, "audit", "erase", pseudonym, "--reason", "order 1 of an invented court");
  assert.deepEqual(done(clinic, "audit", "patient", "mis/77", "--json").json, []);
  assert.ok(done(clinic, "audit", "patient", "mis/78", "--json").json.length > 0, "nobody else's");
  assert.equal(head().intact, true);
  assert.ok(!JSON.stringify(rows(clinic)).includes(pseudonym));
  done(clinic, "audit", "export", `${copy}.2`);
  assert.deepEqual(head("--file", `${copy}.2`), head());
});

test("X1: what stays in the clinic is told too, and why", (t) => {
  const clinic = two_sources(t);
  clinic.write_config({ sources: clinic.both("other"), export: { mode: "ordered" } });
  done(clinic, "sync", "--once");
  const stayed = done(clinic, "audit", "patient", "mis/77", "--json").json;
  assert.ok(stayed.length >= 2);
  assert.deepEqual([...new Set(stayed.map((one) => `${one.fate} ${one.ground}`))], ["withheld no_consent"]);
  assert.match(done(clinic, "audit", "patient", "mis/77").stdout, /nothing left[\s\S]*withheld:[\s\S]*no_consent/);
});
