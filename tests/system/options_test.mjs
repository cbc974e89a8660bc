// Words and options of commands: each changes what is done or shown in the way that its help says, and what it cannot mean is refused with the remedy.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { program } from "./clinic.mjs";
import { Invented, LINES } from "./invented.mjs";

const done = (clinic, ...words) => {
  const said = clinic.command(...words);
  assert.equal(said.code, 0, `${words.join(" ")}: ${said.stdout}${said.stderr}`);
  return said;
};
const refused = (clinic, code, words, pattern) => {
  const said = clinic.command(...words);
  assert.equal(said.code, code, `${words.join(" ")}: ${said.stdout}${said.stderr}`);
  assert.match(said.stderr, pattern);
};
const LONG_AGO = "dateadd(-3 day to current_timestamp)"; // what changes under such a stamp is seen by no poll
const PAY = {
  base: `create table PAY (ID integer not null primary key, S numeric(12,2), CH timestamp);\ncreate index PAY_CH on PAY (CH);\ncommit;\ninsert into PAY values (1, 100, ${LONG_AGO});\n`,
  stream: {
    yaml: "key: P.ID\ncolumns: {id: integer, s: decimal, ch: timestamp}\nstamps: [P.CH]", fetch: "select P.ID, P.S, P.CH from PAY P where {slice}",
    map: "select id as source_id, '77' as patient_source_id, local_ts(null, '2026-03-02') as paid_at, money(s) as amount, 'payment' as kind from rows",
  },
};

// Two sources, each with a line of a bill, one that nobody can read, and a payment.
function two_sources(t) {
  const base = `${LINES.base}${PAY.base}update USL set CH = ${LONG_AGO};\ninsert into USL values (9, null, 'yesterday', 55, ${LONG_AGO});\n`;
  const clinic = Invented.make(t, { base, streams: { ...LINES.streams, payment: PAY.stream } });
  const second = join(clinic.folder, "second.fdb");
  clinic.make_base(second, base);
  clinic.both = (name) => [clinic.source({ name }), clinic.source({ name: "second", firebird: { database: second, user: "SYSDBA" } })];
  clinic.write_config({ sources: clinic.both("mis") });
  done(clinic, "sync", "--once");
  return clinic;
}

test("backfill and reconcile read the source and the stream that they name; events --after begins behind a position", (t) => {
  const clinic = two_sources(t);
  const before = done(clinic, "events").json;
  const told = () => done(clinic, "events", "--after", String(before.length)).json.map((event) => `${event.type.slice(4, -3)} ${(event.data.amount ?? event.data.procedure?.total ?? {}).minor ?? ""}`);
  assert.deepEqual(done(clinic, "events", "--after", "2").json, before.slice(2));
  assert.deepEqual(told(), []);
  refused(clinic, 2, ["events", "--after", "two"], /--after/);

  clinic.sql(`update PAY set S = 110`);
  clinic.sql(`update USL set SUMMA = 1100 where ID = 1`);
  done(clinic, "sync", "--once");
  assert.deepEqual(told(), [], "the polls do not see it");
  assert.match(done(clinic, "backfill", "mis", "payment").stdout, /^mis payment: 1 rows read, 1 new or changed\n$/);
  assert.deepEqual(told(), ["billing.payment_reversal 10000", "billing.payment 11000"]);
  assert.match(done(clinic, "backfill", "second").stdout, /^second procedure: 2 rows read, 0 new or changed\nsecond payment: 1 rows read, 0 new or changed\n$/);
  assert.equal(told().length, 2, "not the other source's");
  const streams = clinic.command("reconcile", "second", "--json").json.filter((line) => line.stream);
  assert.deepEqual(streams.map((line) => [line.source, line.stream, line.different]), [["second", "procedure", 0], ["second", "payment", 0]]);
  const all = clinic.command("reconcile", "--json").json.filter((line) => line.stream);
  assert.deepEqual(all.map((line) => [line.source, line.stream, line.different]), [["mis", "procedure", 1], ["mis", "payment", 0], ["second", "procedure", 0], ["second", "payment", 0]]);
  assert.ok(told().includes("procedure.performed 110000"));
  for (const command of ["backfill", "reconcile"]) refused(clinic, 2, [command, "secnd"], /no source 'secnd' \(did you mean second\?\); there are: mis second/);
  refused(clinic, 2, ["backfill", "mis", "paymnt"], /source mis: no stream 'paymnt' \(did you mean payment\?\)/);
});

test("quarantine dismiss takes the row of that source and stream; source rename keeps ids", (t) => {
  const clinic = two_sources(t);
  const waiting = () => done(clinic, "quarantine", "--json").json.map((row) => `${row.source} ${row.stream} ${row.row_key}`);
  const reason = ["--reason", "a test row"];
  assert.deepEqual(waiting(), ["mis procedure 9", "second procedure 9"]);
  refused(clinic, 2, ["quarantine", "dismiss", "third", "procedure", "9", ...reason], /no source 'third'; there are: mis second/);
  refused(clinic, 2, ["quarantine", "dismiss", "second", "procedur", "9", ...reason], /no stream 'procedur' \(did you mean procedure\?\)/);
  refused(clinic, 1, ["quarantine", "dismiss", "second", "payment", "9", ...reason], /no row 9 of second payment is in quarantine/);
  done(clinic, "quarantine", "dismiss", "second", "procedure", "9", ...reason);
  assert.deepEqual(waiting(), ["mis procedure 9"]);

  const before = done(clinic, "events").json;
  refused(clinic, 1, ["source", "rename", "mis", "clinic"], /gateway\.yaml still names the source 'mis': write 'clinic' there first/);
  clinic.write_config({ sources: clinic.both("clinic") });
  refused(clinic, 2, ["sync", "--once"], /source 'mis' of the store is configured no more, and 'clinic' is new: .*mis-gateway source rename mis clinic/);
  refused(clinic, 1, ["source", "rename", "nope", "clinic"], /the store knows no source 'nope'/);
  refused(clinic, 1, ["source", "rename", "mis", "second"], /the store knows a source 'second' already/);
  done(clinic, "source", "rename", "mis", "clinic");
  clinic.sql("update PAY set S = 120, CH = current_timestamp");
  done(clinic, "sync", "--once");
  const after = done(clinic, "events", "--after", String(before.length)).json;
  assert.deepEqual(after.map((event) => event.type), ["mis.billing.payment_reversal.v1", "mis.billing.payment.v1"], "nothing else is announced again");
  const paid = before.filter((event) => event.type === "mis.billing.payment.v1");
  assert.ok(paid.some((event) => event.id === after[0].data.payment_event && event.source === after[1].source && event.data.patient === after[1].data.patient));
  assert.deepEqual(done(clinic, "quarantine", "--source", "clinic", "--json").json.map((row) => row.row_key), ["9"], "by the new name");
});

test("hold release --baseline takes what a changed map makes as it is, and announces nothing of it", (t) => {
  const clinic = Invented.make(t, LINES);
  done(clinic, "sync", "--once");
  const before = done(clinic, "events").json.length;
  clinic.write_streams({ procedure: { ...LINES.streams.procedure, map: LINES.streams.procedure.map.replace("'T-1'", "'T-2'") } });
  done(clinic, "sync", "--once");
  assert.match(done(clinic, "hold", "list").stdout, /1 records differ by the mapping alone/);
  refused(clinic, 2, ["hold", "release", "mis", "procedure", "--baseline", "--send"], /--baseline excludes --send|--send excludes --baseline/);
  refused(clinic, 1, ["hold", "release", "mis", "procedure"], /add --send or --baseline/);
  refused(clinic, 2, ["hold", "release", "mis", "--baseline"], /answer for one stream: name it behind mis/);
  done(clinic, "hold", "release", "mis", "procedure", "--baseline");
  assert.match(done(clinic, "hold", "list").stdout, /nothing is held/);
  done(clinic, "sync", "--once");
  const reconciled = clinic.command("reconcile");
  assert.equal(reconciled.code, 0, reconciled.stdout + reconciled.stderr);
  assert.equal(done(clinic, "events").json.length, before, "not a word of the new code");
  for (const [before, after] of [[100000, 110000], [110000, 240000]]) {
    const told = done(clinic, "events").json;
    if (after === 240000) { // another map, which doubles
      clinic.write_streams({ procedure: { ...LINES.streams.procedure, map: LINES.streams.procedure.map.replace("'T-1'", "'T-2'").replace("money(summa)", "money(times(summa, 2))") } });
      done(clinic, "sync", "--once");
      done(clinic, "hold", "release", "mis", "procedure", "--baseline");
      assert.equal(done(clinic, "events").json.length, told.length);
    }
    clinic.sql(`update USL set SUMMA = SUMMA + 100, CH = current_timestamp`);
    done(clinic, "sync", "--once");
    const last = (type) => told.findLast((event) => event.type === `mis.${type}.v1`);
    const came = Object.fromEntries(done(clinic, "events", "--after", String(told.length)).json.map((event) => [event.type.slice(4, -3), event.data]));
    assert.equal(last("billing.charge").data.total.minor, before);
    assert.equal(came["billing.reversal"].charge_id, last("billing.charge").id, "it takes back what was sent");
    assert.equal(came["procedure.reversed"].performed_event, last("procedure.performed").id);
    assert.deepEqual([came["billing.charge"].total.minor, came["procedure.performed"].procedure.service_code], [after, "T-2"]);
    assert.equal(clinic.command("reconcile").code, 0);
  }
});

test("plan, limit, report, feedback: the one that is named, with the costs and the answer of a file", (t) => {
  const clinic = Invented.make(t, {
    base:
      `${LINES.base}create table P (ID integer not null primary key, N varchar(20), PHONE varchar(20), CH varchar(20));\n${PAY.base}commit;\n` +
      "insert into P values (77, 'Тестова', '+7 900 000-00-01', 'Google');\ninsert into P values (78, 'Пробова', '+7 900 000-00-02', 'Яндекс, карты');\n" +
      "insert into USL values (2, 78, 'yesterday', 700, 'now');\n",
    streams: {
      ...LINES.streams,
      payment: PAY.stream,
      patient: {
        yaml: "key: P.ID\ncolumns: {id: integer, n: text, phone: text, ch: text}", fetch: "select P.ID, P.N, P.PHONE, P.CH from P where {slice}",
        map: "select id as source_id, n as last_name, phones(phone) as phones, ch as channel from rows",
      },
    },
  });
  const order = (number, last_name) => ({
    type: "order.placed", id: `m${number}`, order: `O${number}`, patient: { phone: `+7 900 000-00-0${number}`, last_name }, placed_at: "2026-03-01T10:00:00+03:00",
    items: [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: { minor: 400000, currency: "RUB" } }], limit: { amount: { minor: 300000, currency: "RUB" }, payer: "ООО Пример", kind: "barter" },
  });
  const file = (name, text) => {
    writeFileSync(join(clinic.folder, name), text);
    return join(clinic.folder, name);
  };
  const feedback = { type: "feedback.received", id: "m3", feedback: "F1", order: "O1", text: "Пломба выпала", rating: 2 };
  done(clinic, "sync", "--once");
  done(clinic, "inbox", "push", file("messages.jsonl", [order(1, "Тестова"), order(2, "Пробова"), feedback].map((message) => `${JSON.stringify(message)}\n`).join("")));
  done(clinic, "sync", "--once");

  const accounts = done(clinic, "limit", "--json").json;
  assert.equal(accounts.length, 2);
  for (const { limit, patient } of accounts)
    for (const id of [limit, patient]) assert.deepEqual(done(clinic, "limit", id, "--json").json.map((account) => account.limit), [limit]);
  const plans = done(clinic, "plan", "--json").json;
  assert.deepEqual(plans.map((plan) => plan.order).sort(), ["O1", "O2"]);
  for (const { plan, order: of, patient } of plans)
    for (const id of [plan, plan.slice(0, 12), of, patient]) assert.deepEqual(done(clinic, "plan", id, "--json").json.map((one) => one.plan), [plan]);

  const report = (text) => Object.fromEntries(done(clinic, "report", "channels", "--costs", file("costs.csv", text), "--json").json.map(({ channel, ...row }) => [channel, row]));
  const plain = Object.fromEntries(done(clinic, "report", "channels", "--json").json.map(({ channel, ...row }) => [channel, row]));
  assert.deepEqual([plain.Google.income.minor, plain.Google.cost, plain.Google.roi_percent], [10000, undefined, undefined]);
  const costs = { minor: 8000, currency: "RUB" };
  for (const text of ["channel,cost\nGoogle,80.00\n", "\ufeffChannel;Cost\r\nGoogle;80,00\r\nЯндекс, карты;10\r\n"]) {
    const { Google: google } = report(text);
    assert.deepEqual([google.cost, google.roi_percent], [costs, "25"], text);
  }
  assert.deepEqual(report("Яндекс, карты;10,50\n")["Яндекс, карты"].cost, { minor: 1050, currency: "RUB" });
  refused(clinic, 2, ["report", "channels", "--costs", file("costs.csv", "channel,cost\nGoogle 80\n")], /costs\.csv:2: a line channel,cost is expected, such as Google,15000\.00/);
  refused(clinic, 2, ["report", "channels", "--costs", join(clinic.folder, "none.csv")], /--costs: .*none\.csv/);
  refused(clinic, 2, ["report", "chanels"], /chanels not in \{channels\}/);

  const state = () => done(clinic, "feedback", "list", "--json").json.map((one) => [one.feedback, one.order, one.state]);
  assert.deepEqual(state(), [["F1", "O1", "received"]]);
  refused(clinic, 1, ["feedback", "answer", "F9", file("answer.txt", "Приходите\n")], /no feedback F9: see `mis-gateway feedback list`/);
  refused(clinic, 1, ["feedback", "answer", "F1", file("answer.txt", " \n")], /the answer is empty/);
  refused(clinic, 2, ["feedback", "answer", "F1", join(clinic.folder, "none.txt")], /none\.txt/);
  done(clinic, "feedback", "answer", "F1", file("answer.txt", "Приходите завтра, переделаем\n"));
  assert.deepEqual(state(), [["F1", "O1", "answered"]]);
  const answers = done(clinic, "events", "--type", "feedback.answered").json;
  assert.deepEqual(answers.map((event) => event.data.feedback), ["F1"]);
});

test("connector new makes ./NAME or the folder that is named, in that name, and overwrites nothing", (t) => {
  const clinic = Invented.make(t, LINES);
  const run = (...words) => spawnSync(program("mis-gateway"), ["connector", ...words], { env: clinic.environment, cwd: clinic.folder, encoding: "utf8" });
  const folder = join(clinic.folder, "mine");
  for (const [words, made] of [[["klinika"], join(clinic.folder, "klinika")], [["klinika", folder], folder]]) {
    assert.ok(!existsSync(made));
    const said = run("new", ...words);
    assert.equal(said.status, 0, said.stderr);
    assert.match(readFileSync(join(made, "README.md"), "utf8"), /klinika/);
    assert.doesNotMatch(readFileSync(join(made, "README.md"), "utf8"), /_template/);
    const again = run("new", ...words);
    assert.deepEqual([again.status, /exists already; name another folder/.test(again.stderr)], [2, true], again.stderr);
  }
  const wrong = run("new", "Клиника");
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /connector name 'Клиника': use lower-case letters, digits and _/);
  assert.match(run("test", folder).stdout, /fill me in/, "what is still to be done is told");
});
