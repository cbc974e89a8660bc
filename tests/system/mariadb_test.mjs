// A base of MariaDB, a real server read through its real ODBC driver with a login that may only read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./clinic.mjs";
import { PASSWORD, SqlClinic } from "./sql_clinic.mjs";

const BASE = `
create table Uslugi (id int primary key, pat int, dt datetime(3), summa decimal(19,4), kol decimal(9,3), \`name\` varchar(40), code char(8), done tinyint(1), note longtext, \`Day of\` date, big bigint unsigned, ch datetime);
create index uslugi_ch on Uslugi (ch);
create index uslugi_dt on Uslugi (dt);
create table sled (n int primary key, kod int, kogda datetime(3));
create index sled_kogda on sled (kogda);
insert into Uslugi with recursive s(n) as (select 1 union all select n + 1 from s where n < 990)
  select n, 100 + n % 7, now(3) - interval 2 hour, n * 10.55, 1.5, concat('Лечение ', n), concat('A', n), 1, repeat('ж', n % 3 * 3000), curdate(), 18446744073709551615, now() - interval 1 hour from s;
insert into Uslugi select 1100, 5, now() - interval 100 day, 10, 1, 'Старое', 'A1', 1, null, curdate(), 1, now() - interval 99 day;
create user mis_gateway@'127.0.0.1' identified by '${PASSWORD}';
grant select on clinic.* to mis_gateway@'127.0.0.1';
`;
const STREAMS = {
  procedure: {
    yaml: 'key: U.id\ncolumns: {id: integer, pat: integer, dt: timestamp, summa: decimal, kol: decimal(3), name: text, code: text, done: boolean, note: text, day_of: date, big: text, ch: timestamp}\nstamps: [U.ch]\nwindow: {column: U.dt, past_days: 7, future_days: 1}\ndeletes: {key: X.kod, column: X.kogda}',
    fetch: 'select U.id, U.pat, U.dt, U.summa, U.kol, U.name, U.code, U.done, U.note, U."Day of" as day_of, {column:U:Uslugi.big|null} as big, U.ch from Uslugi U where {slice} and coalesce(U.done, 1) = 1 and U.dt >= {day:-400}',
    map: "select id as source_id, pat as patient_source_id, local_ts(null, dt) as performed_at, code as service_code, name || ' ' || length(note) as service_name, decimal(kol) as quantity, money(summa) as total from rows",
    deletes: "select X.kod as id from sled X where {slice}",
  },
};

async function made(t, settings = {}) {
  const clinic = await SqlClinic.make(t, { as: "mariadb", base: BASE, streams: STREAMS, settings });
  clinic.sql = (text) => clinic.mariadb.sql(text);
  return clinic;
}
const procedures = async (clinic) => (await clinic.command("events", "--limit", "9000", "--json")).json.filter((event) => event.type.includes("procedure."));

test("check, preview, first reading, changes, deletions, comparison", async (t) => {
  const clinic = await made(t);
  const checked = await clinic.command("check");
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  assert.match(checked.stdout, /source mis: 10\.\d+.*MariaDB/, checked.stdout);
  assert.match(checked.stdout, /procedure +991 .*stamp 0 by index, window by index, key walk by index, deletions are noted/, checked.stdout);
  assert.doesNotMatch(checked.stdout, /can write/);
  const found = await clinic.command("discover", "mis", "--like", "uslugi");
  assert.match(found.stdout, /key \(id\)/i, found.stdout + found.stderr);

  const first = await clinic.command("sync", "--once");
  assert.equal(first.code, 0, first.stdout + first.stderr);
  const all = await procedures(clinic);
  assert.equal(all.length, 991);
  assert.equal(all.reduce((sum, event) => sum + event.data.procedure.total.minor, 0), (990 * 991 / 2) * 1055 + 1000, "to the kopeck");
  assert.equal(all.find((event) => event.data.procedure.service_code === "A8").data.procedure.service_name, "Лечение 8 6000", "long texts are whole");

  clinic.sql("update Uslugi set summa = 77.77, ch = now() where id = 5; delete from Uslugi where id = 6; insert into Uslugi select 1201, 3, now(3), 1.23, 1, 'Новое', 'A1', 1, null, curdate(), 1, now();");
  clinic.sql("delete from Uslugi where id = 1100; insert into sled values (1, 1100, now(3)), (2, 8, now(3))");
  const second = await clinic.command("sync", "--once");
  assert.equal(second.code, 0, second.stdout + second.stderr);
  const types = (await procedures(clinic)).slice(991).map((event) => event.type.replace(/^.*procedure\.(\w+).*$/, "$1"));
  assert.equal(types.filter((type) => type === "performed").length, 2, types.join(" "));
  assert.equal(types.filter((type) => type === "reversed").length, 3, types.join(" "));
  const compared = await clinic.command("reconcile");
  assert.match(compared.stdout, /mis +procedure +990 +0 +0 +0 +0 +equal/, compared.stdout + compared.stderr);
});

test("a login that may write is told; one that may not read is told what to grant", async (t) => {
  const clinic = await made(t);
  clinic.sql("grant insert, delete on clinic.* to mis_gateway@'127.0.0.1'");
  const writes = await clinic.command("check");
  assert.match(writes.stdout + writes.stderr, /can write: (INSERT|DELETE)/);
  clinic.sql("revoke all privileges, grant option from mis_gateway@'127.0.0.1'; grant select on clinic.sled to mis_gateway@'127.0.0.1'");
  const refused = await clinic.command("check");
  assert.equal(refused.code, 1, refused.stdout + refused.stderr);
  assert.match(refused.stdout + refused.stderr, /procedure: /);
  assert.doesNotMatch(refused.stdout + refused.stderr, new RegExp(PASSWORD));
});

test("the server stands still, dies and comes back: nothing is lost, nothing said twice", async (t) => {
  const clinic = await made(t, { statement_seconds_max: 2, connect_seconds_max: 2 });
  assert.equal((await clinic.command("sync", "--once")).code, 0);
  clinic.mariadb.signal("SIGSTOP");
  const began = Date.now();
  const hung = await clinic.command("reconcile");
  assert.equal(hung.code, 1, hung.stdout + hung.stderr);
  assert.ok(Date.now() - began < 60_000, `${Date.now() - began} ms`);
  clinic.mariadb.signal("SIGCONT");
  const locked = clinic.mariadb;
  await until("it answers again", () => locked.run("select 1", "").status === 0);
  await locked.kill();
  const dead = await clinic.command("reconcile");
  assert.equal(dead.code, 1, dead.stdout + dead.stderr);
  await locked.start();
  const after = await clinic.command("reconcile");
  assert.equal(after.code, 0, after.stdout + after.stderr);
  assert.match(after.stdout, /procedure +991 +0 +0 +0 +0 +equal/, after.stdout);
  assert.equal((await procedures(clinic)).length, 991);
});
