// Bases behind ODBC, read by the real program through the real drivers: PostgreSQL as it is, SQL Server by a stand-in that speaks its protocol (tests/support/tds) and answers from PostgreSQL.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { self_signed } from "../support/tds/tls.mjs";
import { until } from "./clinic.mjs";
import { SqlClinic } from "./sql_clinic.mjs";

const DOMAINS = "create schema if not exists tds;";
// On the stand-in these types come as SQL Server's own; on PostgreSQL they are what they are made of.
const BASE = (tds) => `
${tds ? "" : `${DOMAINS} create domain tds.money as numeric(19,4); create domain tds.datetime as timestamp(3); create domain tds.bit as smallint; create domain tds.rowversion as bytea;`}
create table uslugi (id integer primary key, pat integer, dt tds.datetime, summa tds.money, kol numeric(9,3), name varchar(40), code char(8), done tds.bit, note text, ch tds.datetime);
create index uslugi_ch on uslugi (ch);
create index uslugi_dt on uslugi (dt);
insert into uslugi select n, 100 + n % 7, localtimestamp(0) - interval '2 hours', n * 10.55, 1.5, 'Лечение ' || n, 'A' || n, 1, repeat('ж', n % 3), localtimestamp - interval '1 hour' from generate_series(1, 1200) n;
`;
const STREAMS = {
  procedure: {
    yaml: "key: U.ID\ncolumns: {id: integer, pat: integer, dt: timestamp, summa: decimal, kol: decimal(3), name: text, code: text, done: boolean, note: text, ch: timestamp}\nstamps: [U.CH]\nwindow: {column: U.DT, past_days: 7, future_days: 1}",
    fetch: "select U.ID, U.PAT, U.DT, U.SUMMA, U.KOL, U.NAME, U.CODE, U.DONE, U.NOTE, U.CH from USLUGI U where {slice} and coalesce(U.DONE, 1) = 1",
    map: "select id as source_id, pat as patient_source_id, local_ts(null, dt) as performed_at, code as service_code, name as service_name, decimal(kol) as quantity, money(summa) as total from rows",
  },
};

for (const as of ["postgresql", "sql_server"])
  test(`${as}: check, preview, first reading, changes and deletions`, async (t) => {
    const clinic = await SqlClinic.make(t, { as, base: BASE(as === "sql_server"), streams: STREAMS });
    const checked = await clinic.command("check");
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    assert.match(checked.stdout, /procedure +1200 .*stamp 0 by index, window by index, key walk by index/, checked.stdout);
    const preview = await clinic.command("preview", "mis", "procedure", "--limit", "3", "--unmasked");
    assert.equal(preview.code, 0, preview.stderr);
    const found = await clinic.command("discover", "mis", "--like", "uslugi");
    assert.match(found.stdout, /key \(id\)/i, found.stdout + found.stderr);

    const first = await clinic.command("sync", "--once");
    assert.equal(first.code, 0, first.stdout + first.stderr);
    const all = (await clinic.command("events", "--limit", "5000", "--json")).json;
    const before = all.length;
    const lines = all.filter((event) => event.type.includes("procedure.performed"));
    assert.equal(lines.length, 1200);
    assert.equal(lines.reduce((sum, event) => sum + event.data.procedure.total.minor, 0), 760_233_000, "10.55 × (1 + … + 1200), to the kopeck");
    assert.equal(lines.find((event) => event.data.procedure.service_code === "A7").data.procedure.service_name, "Лечение 7");

    clinic.postgres.sql("update uslugi set summa = 77.77, ch = localtimestamp where id = 5; delete from uslugi where id = 6; insert into uslugi values (1201, 3, localtimestamp(0), 1.23, 1, 'Новое', 'A1', 1, null, localtimestamp);");
    const second = await clinic.command("sync", "--once");
    assert.equal(second.code, 0, second.stdout + second.stderr);
    const after = (await clinic.command("events", "--limit", "9000", "--json")).json.slice(before);
    const types = after.map((event) => event.type.replace(/^.*?(procedure\.\w+).*$/, "$1"));
    assert.ok(types.filter((type) => type === "procedure.performed").length >= 2, types.join(" "));
    assert.ok(types.includes("procedure.reversed"), types.join(" "));
    const compared = await clinic.command("reconcile");
    assert.match(compared.stdout, /mis +procedure +1200 +0 +0 +0 +0 +equal/, compared.stdout + compared.stderr);
  });

test("sql_server: every version from 2008 R2 on, with snapshots and without", async (t) => {
  for (const [year, snapshot] of [["2008R2", false], ["2012", true], ["2016", true], ["2022", false]]) {
    const clinic = await SqlClinic.make(t, { base: BASE(true), streams: STREAMS, standin: { year, snapshot } });
    const checked = await clinic.command("check");
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    assert.match(checked.stdout, snapshot ? /snapshot isolation/ : /read committed \(no snapshots\)/);
    assert.equal((await clinic.command("sync", "--once")).code, 0);
    const isolation = clinic.tds.seen.map((record) => record.isolation).filter(Boolean);
    assert.deepEqual([...new Set(isolation.map((level) => level.toLowerCase()))], [snapshot ? "snapshot" : "read committed"], `${year}: ${JSON.stringify(isolation)}`);
  }
});

test("sql_server: a result cut in the middle, a deadlock's victim, a server that hangs: never half a truth", async (t) => {
  const faults = [
    ["reset", { cut: "reset", base: true, after_rows: 400 }],
    ["end", { cut: "end", base: true, after_rows: 400 }],
    ["deadlock", { error: { number: 1205, state: 51, class: 13, text: "Transaction was deadlocked and has been chosen as the deadlock victim." } }],
    ["lock", { error: { number: 1222, state: 51, class: 16, text: "Lock request time out period exceeded." } }],
    ["hang", { hang: "attention", base: true, after_rows: 400 }],
    ["silence", { hang: "forever", base: true, after_rows: 400 }],
  ];
  const script = [];
  const clinic = await SqlClinic.make(t, { base: BASE(true), streams: STREAMS, standin: { script }, settings: { statement_seconds_max: 2 } });
  assert.equal((await clinic.command("sync", "--once")).code, 0);
  const events = async () => (await clinic.command("events", "--limit", "9000", "--json")).json.filter((event) => event.type.includes("procedure"));
  assert.equal((await events()).length, 1200);
  for (const [name, fault] of faults) {
    script.push({ match: "order by U.ID", times: 100, ...fault });
    const during = await clinic.command("reconcile");
    assert.equal(during.code, 1, `${name}: ${during.stdout}${during.stderr}`);
    assert.match(during.stdout, /degraded/, `${name}: ${during.stdout}`);
    assert.doesNotMatch(during.stdout, /misconfigured/, name);
    script.length = 0;
    const after = await clinic.command("reconcile");
    assert.equal(after.code, 0, `${name}: ${after.stdout}${after.stderr}`);
    assert.match(after.stdout, /procedure +1200 +0 +0 +0 +0 +equal/, `${name}: ${after.stdout}`);
    assert.equal((await events()).length, 1200, `${name}: nothing was taken back or said again`);
  }
});

test("a base that cannot be reached is told with its remedy, in seconds", async (t) => {
  const clinic = await SqlClinic.make(t, { base: BASE(true), streams: STREAMS });
  const wrong = async (settings, pattern) => {
    clinic.connection_settings = settings;
    clinic.write_config();
    const said = await clinic.command("check");
    assert.equal(said.code, 1, said.stdout);
    assert.match(said.stderr, pattern);
    assert.doesNotMatch(said.stderr + said.stdout, /Passw0rd|wr0ng/);
  };
  writeFileSync(join(clinic.folder, "wrong.password"), "wr0ng\n", { mode: 0o600 });
  await wrong({ password_file: join(clinic.folder, "wrong.password") }, /sources\[0\]\.sql_server: .*18456.*check user and password/s);
  await wrong({ database: "klinik" }, /sources\[0\]\.sql_server: .*4060.*check database/s);
  await wrong({ port: 9 }, /connecting to 127\.0\.0\.1:9/);
  await wrong({ driver: "NoSuchDriver" }, /install the ODBC driver \(Debian: tdsodbc\)/);
  await wrong({ user: "nobody" }, /18456.*check user and password/s);
  await wrong({ domain: "CLINIC" }, /sources\[0\]\.sql_server: /); // a login by NTLM, which the stand-in does not know
  await wrong({ host: "no-such-host.invalid" }, /connecting to no-such-host\.invalid/);
  await wrong({ instance: "SQLEXPRESS", port: 0 }, /SQL Server Browser \(UDP 1434\)/); // the driver waits 16 s for it
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  t.after(() => silent.close());
  await once(silent, "listening");
  const begin = Date.now();
  await wrong({ port: silent.address().port, connect_seconds_max: 2 }, /connecting to 127\.0\.0\.1/);
  assert.ok(Date.now() - begin < 9_000, `${Date.now() - begin} ms`);
  clinic.connection_settings = { password_file: "", password_env: "MIS_TEST_PASSWORD" };
  clinic.environment.MIS_TEST_PASSWORD = "Passw0rd";
  clinic.write_config();
  assert.equal((await clinic.command("check")).code, 0);
});

test("TLS: offered, required, verified", async (t) => {
  const { key, cert } = self_signed();
  const clinic = await SqlClinic.make(t, { base: BASE(true), streams: STREAMS, standin: { tls: { key, cert } } });
  const other = self_signed();
  const authority = join(clinic.folder, "authority.pem");
  const encrypted = () => clinic.tds.seen.filter((record) => record.login).at(-1).encrypted;
  const connects = async (settings, works) => {
    clinic.connection_settings = settings;
    clinic.write_config();
    const said = await clinic.command("check");
    assert.equal(said.code, works ? 0 : 1, said.stdout + said.stderr);
    return said;
  };
  await connects({ tls: "required" }, true);
  assert.ok(encrypted());
  writeFileSync(authority, cert);
  await connects({ tls: "verified", authority_file: authority, host: "localhost" }, true);
  assert.ok(encrypted());
  writeFileSync(authority, other.cert);
  await connects({ tls: "verified", authority_file: authority, host: "localhost" }, false);
  const missing = await connects({ tls: "verified", authority_file: join(clinic.folder, "none.pem") }, false);
  assert.match(missing.stderr, /authority_file: .*none\.pem: no such file/);
});

test("TLS that is required is never gone without", async (t) => {
  const clinic = await SqlClinic.make(t, { base: BASE(true), streams: STREAMS, settings: { tls: "required" } });
  const said = await clinic.command("check");
  assert.equal(said.code, 1, said.stdout);
  const open = clinic.tds.seen.filter((record) => record.login);
  assert.equal(open.length, 0, "no login went out in the clear");
});

test("odbc: what its settings say is what happens", async (t) => {
  const clinic = await SqlClinic.make(t, { as: "postgresql", base: BASE(false), streams: STREAMS });
  const wrong = async (settings, pattern) => {
    clinic.connection_settings = settings;
    clinic.write_config();
    const said = await clinic.command("check");
    assert.notEqual(said.code, 0, said.stdout);
    assert.match(said.stderr, pattern);
  };
  await wrong({ host: "no-such-host.invalid" }, /sources\[0\]\.odbc: .*connecting to no-such-host\.invalid/);
  await wrong({ port: 9 }, /connecting to 127\.0\.0\.1:9/);
  await wrong({ database: "klinik" }, /klinik/);
  await wrong({ user: "nobody" }, /nobody/);
  await wrong({ driver: "NoSuchDriver" }, /install the ODBC driver \(Debian: odbc-postgresql\)/);
  await wrong({ tls: "required" }, /sources\[0\]\.odbc: .*SSL/i);
  await wrong({ keywords: { ConnSettings: "set search_path to nowhere" } }, /uslugi/i);
  await wrong({ system: "mariadb" }, /written for sql_server, this base speaks mariadb/);
  await wrong({ authority_file: "none.pem" }, /sources\[0\]\.odbc\.authority_file: is only looked at under tls: verified/);
  await wrong({ password_env: "HOME" }, /sources\[0\]\.odbc\.password_env: password_file is given too/);
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  t.after(() => silent.close());
  await once(silent, "listening");
  const begin = Date.now();
  await wrong({ port: silent.address().port, connect_seconds_max: 2 }, /connecting to 127\.0\.0\.1/);
  assert.ok(Date.now() - begin < 9_000, `${Date.now() - begin} ms`);
});

test("sql_server: a statement that takes too long is ended, and the server told so", async (t) => {
  const clinic = await SqlClinic.make(t, { base: BASE(true), streams: STREAMS, settings: { statement_seconds_max: 2 } });
  await clinic.gateway.start();
  await until("the first reading is done", () => /1200 new/.test(clinic.gateway.new_log));
  const holder = clinic.postgres_session("begin; lock table uslugi in access exclusive mode;");
  await until("it is told", () => /degraded: .*(longer than 2 s|lock)/.test(clinic.gateway.new_log));
  holder.kill();
  await until("and over", () => /recovered/.test(clinic.gateway.new_log));
  assert.equal(await clinic.gateway.stop(), 0);
});

test("a locked table and a server that is killed: degraded, then read on", async (t) => {
  const clinic = await SqlClinic.make(t, { as: "postgresql", base: BASE(false), streams: STREAMS, settings: { statement_seconds_max: 2, connect_seconds_max: 3 } });
  await clinic.gateway.start();
  await until("the first reading is done", () => /1200 new/.test(clinic.gateway.new_log));
  const holder = clinic.postgres_session("begin; lock table uslugi in access exclusive mode;");
  await until("it is told that reading takes too long", () => /degraded: .*(longer than 2 s|lock)/.test(clinic.gateway.new_log));
  holder.kill();
  await until("and that it is over", () => /recovered/.test(clinic.gateway.new_log));
  const before = clinic.gateway.new_log.length;
  await clinic.postgres.kill();
  await until("the lost server is told", () => /degraded/.test(clinic.gateway.new_log.slice(before)));
  await clinic.postgres.start();
  clinic.postgres.sql("insert into uslugi values (2001, 3, localtimestamp(0), 1.23, 1, 'Новое', 'A1', 1, null, localtimestamp);");
  await until("it is read on", () => /1 new/.test(clinic.gateway.new_log.slice(before)));
  assert.equal(await clinic.gateway.stop(), 0);
});
