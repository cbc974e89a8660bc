// Rows that are odd, and what becomes of them, told by a base made for each test and the real program over `sync --once` (D4). It looks for sums that
// vanish: a key that two rows have, a row that the server itself cannot compute, rows that stay in quarantine though they are mended or gone, a comparison
// that takes away what another one holds, records that name a patient whom nobody knows.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic } from "./clinic.mjs";

const INSTALLED = "/usr/lib/x86_64-linux-gnu/firebird/3.0";
const SETTINGS = "/etc/firebird/3.0";

// One connector of one's own, one embedded base.
class Odd extends Clinic {
  static at(t, tables) {
    const odd = new Odd(t);
    const root = odd.firebird_root;
    for (const folder of ["intl", "lock"]) mkdirSync(join(root, folder), { recursive: true });
    cpSync(join(INSTALLED, "intl/libfbintl.so"), join(root, "intl/libfbintl.so"), { dereference: true });
    for (const name of ["plugins.conf", "fbintl.conf"]) cpSync(join(SETTINGS, name), join(root, name), { dereference: true });
    cpSync(join(SETTINGS, "fbintl.conf"), join(root, "intl/fbintl.conf"), { dereference: true });
    cpSync(join(INSTALLED, "firebird.msg"), join(root, "firebird.msg"), { dereference: true });
    writeFileSync(join(root, "firebird.conf"), "ServerMode = Classic\n");
    odd.isql_login = [];
    odd.sql(`create database '${odd.base}' user 'SYSDBA' page_size 8192 default character set UTF8;\n${tables}`);
    odd.isql_login = undefined;
    odd.streams = {};
    mkdirSync(join(odd.folder, "c"));
    odd.codes("");
    odd.write_config({
      clinic: { id: "test-clinic", timezone: "Europe/Moscow" },
      sources: [{ name: "mis", connector: "./c", firebird: odd.firebird, duty_cycle_percent: 100, backfill_duty_cycle_percent: 100 }],
      sinks: [odd.file_sink()], http: { listen: "" },
    });
    return odd;
  }
  codes(lines) {
    writeFileSync(join(this.folder, "c/codes.csv"), `list,mis_code,canonical,comment\n${lines}`);
  }
  stream(name, declaration, fetch, map) {
    this.streams[name] = declaration;
    const head = { title: "odd", kind: "sql", dialect: "firebird", no_show: "mis", site: {}, streams: this.streams };
    writeFileSync(join(this.folder, "c/connector.yaml"), JSON.stringify(head));
    writeFileSync(join(this.folder, `c/${name}.fetch.sql`), fetch);
    writeFileSync(join(this.folder, `c/${name}.sql`), map);
  }
  // Payments of table S (ID, AMT, D …).
  payments(declaration = {}, { columns = {}, select = "S.ID, S.AMT, S.D", map = "", from = "S" } = {}) {
    this.stream(
      "payment",
      { key: "S.ID", columns: { id: "integer", amt: "decimal", d: "date", ...columns }, ...declaration },
      `select ${select} from ${from} where {slice}`,
      `select id as source_id, '18' as patient_source_id, local_ts(null, d) as paid_at, money(amt) as amount, 'payment' as kind ${map} from rows`,
    );
  }
  sync(code = 0) {
    const ran = this.command("sync", "--once", "--json");
    assert.equal(ran.code, code, ran.stderr + ran.stdout);
    return Object.fromEntries(ran.json.filter((line) => line.stream && line.state).map((line) => [line.stream, line]));
  }
  get events() {
    const folder = join(this.folder, "events");
    return readdirSync(folder).filter((name) => name.endsWith(".jsonl")).flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").filter(Boolean).map(JSON.parse));
  }
  types() {
    const count = {};
    for (const { type } of this.events) count[type.slice(4, -3)] = (count[type.slice(4, -3)] ?? 0) + 1;
    return count;
  }
  // How many payments were announced, and taken back.
  payments_told() {
    const types = this.types();
    const back = ["billing.reversal", "billing.payment_reversal"].reduce((sum, type) => sum + (types[type] ?? 0), 0);
    return [types["billing.payment"] ?? 0, back];
  }
  sums() {
    return this.events.filter((event) => event.type === "mis.billing.payment.v1").map((event) => event.data.amount.minor).sort((a, b) => a - b);
  }
  quarantine() {
    return Object.fromEntries(this.command("quarantine", "--json").json.map((row) => [row.row_key, row]));
  }
}

const S = "create table S (ID integer, AMT numeric(12,2), D date, TS timestamp, M varchar(5)); create index S_ID on S (ID); create index S_D on S (D); create index S_TS on S (TS);\ncommit;\n";

test("a key that several rows have: none of them counts, check is no friend of it, and it ends when the base is mended", (t) => {
  const odd = Odd.at(t, `${S}insert into S values (1, 100, current_date, null, null); insert into S values (1, 250, current_date, null, null); insert into S values (2, 50, current_date, null, null); insert into S values (3, 70, current_date, null, null); insert into S values (3, 70, current_date, null, null)`);
  odd.payments();
  const check = odd.command("check");
  assert.equal(check.code, 1);
  assert.match(check.stderr, /stream payment: the key S\.ID is not unique: 1 keys have rows that differ \(1\)/);
  assert.match(check.stdout, /WARNING .*payment: 1 keys have several rows that are the same to the letter \(3\)/);
  for (let i = 0; i < 2; ++i) assert.equal(odd.sync().payment.quarantined, 1);
  assert.deepEqual(odd.sums(), [5000, 7000], "identical rows are one row");
  assert.match(odd.quarantine()[1].reason, /not unique: 2 rows have this key, with different amt/);
  assert.equal(odd.command("reconcile", "mis").code, 1);
  odd.sql("delete from S where ID = 1 and AMT = 250");
  assert.equal(odd.sync().payment.quarantined, 0);
  assert.deepEqual(odd.sums(), [5000, 7000, 10000]);
  assert.equal(odd.command("reconcile", "mis").code, 0);
});

test("two rows of one key whose slices never meet: the last version that was alone stands", async (t) => {
  const rows = "insert into S values (1, 100, current_date, '2020-01-01', null); insert into S values (2, 50, current_date, '2020-01-01', null)";
  const other = {
    "another window slice": "insert into S values (1, 250, current_date - 20, '2020-01-01', null)",
    "a stamp slice": "insert into S values (1, 250, current_date - 400, current_timestamp, null)",
    "only the night sees it": "insert into S values (1, 250, current_date - 400, '2020-01-01', null)",
    "both are new": "update S set AMT = 110 where ID = 1; insert into S values (1, 250, current_date - 20, current_timestamp, null)",
  };
  for (const [name, sql] of Object.entries(other))
    await t.test(name, (t) => {
      const odd = Odd.at(t, S + rows);
      odd.payments({ stamps: ["S.TS"], window: { column: "S.D", past_days: 30 } }, { columns: { ts: "timestamp" }, select: "S.ID, S.AMT, S.D, S.TS" });
      odd.sync();
      odd.sql(sql);
      odd.sync();
      odd.command("reconcile", "mis");
      for (let i = 0; i < 2; ++i) assert.equal(odd.sync().payment.quarantined, 1);
      assert.deepEqual(odd.payments_told(), [2, 0], "nothing is taken back, nothing announced");
      assert.deepEqual(odd.sums(), [5000, 10000]);
      odd.sql("delete from S where ID = 1 and AMT <> 250");
      odd.sync();
      odd.command("reconcile", "mis");
      assert.equal(odd.sync().payment.quarantined, 0);
      assert.deepEqual(odd.payments_told(), [3, 1], "now it is an edit");
    });
});

test("keys that are one once their blanks are gone, filled up, or told apart by case", (t) => {
  const odd = Odd.at(t, "create table K (C char(6) not null primary key, NAME varchar(20)); commit;\ninsert into K values ('A1', 'plain'); insert into K values (' A1', 'blank before'); insert into K values ('b2', 'small'); insert into K values ('B2', 'large'); insert into K values ('007', 'zeros'); insert into K values ('7', 'seven')");
  odd.stream("kod", { kind: "service", key: "K.C", columns: { c: "text", name: "text" } }, "select K.C, K.NAME from K where {slice}", "select c as source_id, c as code, name from rows");
  assert.equal(odd.command("check").code, 1);
  for (let i = 0; i < 2; ++i) assert.equal(odd.sync().kod.quarantined, 2);
  const waiting = odd.quarantine();
  assert.deepEqual(Object.keys(waiting).sort(), [" A1", "A1"]);
  assert.match(waiting.A1.reason, /not unique: the rows " A1", "A1" make the same service A1/);
  assert.equal(odd.command("reconcile", "mis", "--json").json.find((line) => line.stream === "kod").held, 4, "b2, B2, 007 and 7 stand");
  odd.sql("delete from K where NAME = 'plain'");
  assert.equal(odd.sync().kod.quarantined, 0);
  assert.equal(odd.command("reconcile", "mis", "--json").json.find((line) => line.stream === "kod").held, 5);
});

test("two streams of one kind make the same record: the first one's stands", (t) => {
  const odd = Odd.at(t, `${S}create table T (ID integer not null primary key, AMT numeric(12,2), D date); commit;\ninsert into S values (1, 100, current_date, null, null); insert into T values (1, 250, current_date); insert into T values (2, 30, current_date)`);
  odd.payments();
  odd.stream("card", { kind: "payment", key: "T.ID", columns: { id: "integer", amt: "decimal", d: "date" } }, "select T.ID, T.AMT, T.D from T where {slice}", "select id as source_id, '18' as patient_source_id, local_ts(null, d) as paid_at, money(amt) as amount, 'payment' as kind from rows");
  odd.sync();
  const states = odd.sync();
  assert.deepEqual(odd.sums(), [3000, 10000]);
  assert.equal(states.payment.quarantined + states.card.quarantined, 1);
  assert.match(odd.quarantine()[1].reason, /is stream payment's already/);
});

test("a row that the server cannot compute costs that row; a statement that cannot run is the stream's", (t) => {
  const odd = Odd.at(t, `create table S (ID integer not null primary key, AMT numeric(12,2), Q integer, D date, CH timestamp, P computed by (AMT / Q)); create index S_CH on S (CH); create index S_D on S (D);
commit;
set term ^; execute block as declare i integer = 0; begin while (i < 300) do begin i = i + 1; insert into S (ID, AMT, Q, D, CH) values (:i, :i, iif(:i = 77, 0, 1), current_date, '2020-01-01'); end end^ set term ;^`);
  odd.payments({ stamps: ["S.CH"], window: { column: "S.D", past_days: 3 } }, { columns: { p: "decimal", ch: "timestamp" }, select: "S.ID, S.AMT, S.D, S.P, S.CH" });
  assert.equal(odd.sync().payment.state, "ok");
  assert.equal(odd.sums().length, 299);
  const bad = odd.quarantine();
  assert.deepEqual(Object.keys(bad), ["77"]);
  assert.match(bad[77].reason, /cannot read this row: .*divide by zero/i, "the server's own cause");
  odd.sql("update S set Q = 0 where ID = 1");
  const checked = odd.command("check");
  assert.equal(checked.code, 0, checked.stderr);
  assert.match(checked.stdout, /WARNING source mis: stream payment: not every row can be read: .*divide by zero.*: the rows concerned go to quarantine/i);
  assert.doesNotMatch(checked.stdout, /CANNOT BE READ/);
  odd.sql("update S set Q = 1 where ID = 1");
  odd.sql("insert into S (ID, AMT, Q, D, CH) values (400, 5, 0, current_date, current_timestamp); insert into S (ID, AMT, Q, D, CH) values (401, 7, 1, current_date, current_timestamp)");
  assert.equal(odd.sync().payment.quarantined, 2);
  assert.equal(odd.sums().length, 300, "the good one behind it is read");
  assert.match(odd.command("reconcile", "mis").stdout, /equal but for the rows in quarantine/);
  odd.sql("update S set Q = 1 where ID = 77; delete from S where ID = 400");
  assert.equal(odd.sync().payment.quarantined, 0);
  assert.equal(odd.sums().length, 301);
  odd.sql("update S set Q = 0");
  const none = odd.command("check");
  assert.equal(none.code, 1);
  assert.match(none.stdout, /payment +CANNOT BE READ/);
  assert.match(odd.sync(1).payment.state, /^degraded: .*divide by zero/i);
  assert.equal(odd.sync(1).payment.quarantined, 0);
  odd.sql("update S set Q = 1");
  odd.sync();
  const types = odd.types();
  assert.equal(types["source.degraded"], 1, "announced once");
  assert.equal(types["source.recovered"], 1, "and so is its end");
});

test("quarantine: a mended code is tried at the next pass wherever the row is; gone, left out and dismissed rows leave it", (t) => {
  const odd = Odd.at(t, `${S}insert into S values (1, 100, current_date - 400, '2020-01-01', 'N'); insert into S values (2, 100, current_date - 400, '2020-01-01', 'Q'); insert into S values (3, 100, current_date, '2020-01-01', 'K'); insert into S values (4, 100, current_date - 400, '2020-01-01', 'Z'); insert into S values (5, 100, current_date - 400, '2020-01-01', 'Y')`);
  odd.codes("meth,K,card,\n");
  odd.payments(
    { stamps: ["S.TS"], window: { column: "S.D", past_days: 30 } },
    { columns: { m: "text", ts: "timestamp" }, select: "S.ID, S.AMT, S.D, S.M, S.TS", map: ", code('meth', case when m = 'X' then null else m end) as method, case when m = 'X' then 'storno' end as skip_reason" },
  );
  assert.equal(odd.sync().payment.quarantined, 4);
  assert.match(odd.command("check").stdout, /WARNING source mis, stream payment: 4 rows in quarantine/);
  assert.match(odd.command("quarantine").stdout, /column m, value x: list 'meth' does not know 'N'; add it to codes\.csv \(for method\)/);
  odd.codes("meth,K,card,\nmeth,N,cash,\n");
  assert.equal(odd.sync().payment.quarantined, 3);
  assert.equal(odd.sums().length, 2, "outside the window, too");
  odd.sql("update S set M = 'X' where ID = 2; delete from S where ID = 4");
  assert.equal(odd.sync().payment.quarantined, 1);
  assert.equal(odd.command("quarantine", "dismiss", "mis", "payment", "5").code, 2, "not without a reason");
  assert.equal(odd.command("quarantine", "dismiss", "mis", "payment", "9", "--reason", "x").code, 1);
  const dismissed = odd.command("quarantine", "dismiss", "mis", "payment", "5", "--reason", "a test row");
  assert.equal(dismissed.code, 0, dismissed.stderr);
  assert.equal(odd.sync().payment.quarantined, 0);
  odd.command("reconcile", "mis");
  assert.deepEqual(odd.quarantine(), {}, "it stays off");
  const audit = odd.command("audit", "show", "--json").json.find((entry) => entry.action === "decided" && entry.subject.includes("row_dismiss"));
  assert.equal(audit.ground, "a test row");
  odd.sql("update S set M = 'W' where ID = 5");
  odd.command("reconcile", "mis");
  assert.deepEqual(Object.keys(odd.quarantine()), ["5"], "but for another content");
});

test("what the window's hold keeps, the nightly comparison keeps", (t) => {
  const odd = Odd.at(t, `${S}set term ^; execute block as declare i integer = 0; begin while (i < 200) do begin i = i + 1; insert into S values (:i, 100, iif(:i > 165, current_date, current_date - 400), null, null); end end^ set term ;^`);
  odd.payments({ window: { column: "S.D", past_days: 30 } });
  odd.sync();
  odd.sql("delete from S where ID between 166 and 190");
  odd.sync();
  const night = odd.command("reconcile", "mis");
  assert.equal(night.code, 1);
  assert.match(night.stdout, /held: the comparison of window lost 25 of 35/);
  assert.deepEqual(odd.payments_told(), [200, 0]);
  assert.equal(odd.command("hold", "release", "mis", "payment").code, 0);
  odd.sync();
  assert.deepEqual(odd.payments_told(), [200, 25]);
  assert.match(odd.command("hold", "list").stdout, /nothing is held/);
});

test("a changed map is held as a whole, once, with what stands before and after", (t) => {
  const odd = Odd.at(t, "create table S (ID varchar(10) not null primary key, AMT numeric(12,2), D date); create index S_D on S (D); commit;\ninsert into S values ('a', 100, current_date-400); insert into S values ('b', 100, current_date-400); insert into S values ('c', 100, current_date); insert into S values ('d', 100, current_date)");
  const columns = { id: "text" };
  const window = { window: { column: "S.D", past_days: 30 } };
  odd.payments(window, { columns });
  odd.sync();
  odd.stream("payment", { key: "S.ID", columns: { id: "text", amt: "decimal", d: "date" }, ...window }, "select S.ID, S.AMT, S.D from S where {slice}", "select id as source_id, '18' as patient_source_id, local_ts(null, d) as paid_at, money(times(amt, 2)) as amount, 'payment' as kind from rows");
  odd.sync();
  const held = odd.command("hold", "list", "--json").json;
  assert.equal(held.length, 1);
  assert.equal(held[0].held_by_mapping, 4);
  const change = held[0].changes.find((one) => one.type === "billing.payment");
  assert.deepEqual([change.before, change.after, change.changed], [4, 4, 4]);
  assert.deepEqual([change.total_before.minor, change.total_after.minor], [40000, 80000]);
  assert.match(odd.command("hold", "list").stdout, /billing\.payment: 4 \(400\.00 RUB in all\) -> 4 \(800\.00 RUB in all\), 4 differ/);
  assert.deepEqual(odd.payments_told(), [4, 0], "looking sends nothing");
  assert.equal(odd.command("hold", "release", "mis", "payment", "--send").code, 0);
  odd.sync();
  odd.command("reconcile", "mis");
  assert.match(odd.command("hold", "list").stdout, /nothing is held/);
  assert.deepEqual(odd.payments_told(), [8, 4]);
});

test("records that name a patient whom no record has are counted, with examples", (t) => {
  const odd = Odd.at(t, `${S}create table P (ID integer not null primary key, N varchar(40)); commit;\ninsert into P values (18, 'Тестова'); insert into S values (1, 100, current_date, null, null); insert into S values (2, 100, current_date, null, null)`);
  odd.payments();
  odd.stream("patient", { key: "P.ID", columns: { id: "integer", n: "text" } }, "select P.ID, P.N from P where {slice}", "select 'p-' || id as source_id, n as last_name from rows");
  const said = /2 of 2 records of payment name a patient that no record of this source has: 1, 2/;
  assert.match(odd.command("sync", "--once").stdout, said);
  assert.match(odd.command("reconcile", "mis").stdout, said);
  assert.match(odd.command("check").stdout, said);
  odd.stream("patient", { key: "P.ID", columns: { id: "integer", n: "text" } }, "select P.ID, P.N from P where {slice}", "select id as source_id, n as last_name from rows");
  odd.sync();
  assert.doesNotMatch(odd.command("check").stdout, /no record of this source/);
});
