// The stand-in for SQL Server, judged by clients that were not written here: FreeTDS's tsql, unixODBC's isql, and FreeTDS's ODBC driver through a bare client.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { before, after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { PostgresServer } from "../postgres.mjs";
import { connection_string, OdbcClient } from "./odbc.mjs";
import { TdsServer } from "./server.mjs";

let postgres;
let server;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "mis-tds-test-"));
  postgres = await PostgresServer.make();
  server = await TdsServer.start({ postgres: postgres.url, time_zone: "Europe/Moscow", log: () => {} });
});
after(async () => {
  await server?.stop();
  await postgres?.remove();
  rmSync(folder, { recursive: true, force: true });
});

// A server of the test's own on the same base.
async function start(t, options) {
  const own = await TdsServer.start({ postgres: postgres.url, log: () => {}, ...options });
  t.after(() => own.stop());
  return own;
}
async function connect(t, settings = {}, { port = server.port, environment } = {}) {
  const client = new OdbcClient(t, environment);
  await client.ask("connect", connection_string(port, settings));
  return client;
}
// tsql must not block this process: the server lives in it.
function run(command, args, { input = "", environment = {} } = {}) {
  const child = spawn(command, args, { env: { PATH: process.env.PATH, LC_ALL: "C.UTF-8", HOME: folder, TDSVER: "7.4", ...environment } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  child.stdin.end(input);
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  return new Promise((resolve) => child.on("close", (code) => (clearTimeout(timer), resolve({ code, output }))));
}
const tsql = (sql, { port = server.port, user = "sa", password = "Passw0rd", database = "clinic", environment } = {}) =>
  run("tsql", ["-H", "127.0.0.1", "-p", String(port), "-U", user, "-P", password, "-D", database], { input: `${sql}\ngo\nexit\n`, environment });

test("tsql logs in and reads", async () => {
  const { code, output } = await tsql("select 42 as answer, N'Привет' as greeting, @@version as version, db_name() as base");
  assert.equal(code, 0, output);
  assert.match(output, /answer\tgreeting\tversion\tbase/);
  assert.match(output, /42\tПривет\tMicrosoft SQL Server 2019 .*\tclinic/);
});

test("a wrong password and an unknown base are refused by number", async () => {
  assert.match((await tsql("select 1", { password: "wrong" })).output, /Msg 18456 \(severity 14, state 1\) from STANDIN Line 1:\s+"Login failed for user 'sa'\."/);
  assert.match((await tsql("select 1", { database: "nowhere" })).output, /Msg 4060 \(severity 11, state 1\)[^]*Cannot open database "nowhere"/);
});

test("an error tells number, state, class and server, and the connection goes on", async () => {
  const { output } = await tsql("select 1/0\ngo\nselect * from nowhere\ngo\nraiserror(N'сорвалось', 16, 7)\ngo\nselect 'still here'");
  assert.match(output, /Msg 8134 \(severity 16, state 1\) from STANDIN/);
  assert.match(output, /Msg 208 [^]*Invalid object name 'nowhere'/);
  assert.match(output, /Msg 50000 \(severity 16, state 7\)[^]*сорвалось/);
  assert.match(output, /still here/);
});

test("isql prepares, runs and shows", async () => {
  const { output } = await run("isql", ["-v", "-b", "-k", connection_string(server.port)], { input: "select cast(12.5 as money) as m, cast('2026-03-02 10:00:00.007' as datetime) as d\n" });
  assert.match(output, /\| m +\| d +\|/);
  assert.match(output, /\| 12\.5000 +\| 2026-03-02 10:00:00\.007\|/);
});

// type, literal, text that comes back through ODBC, ODBC's type, size, digits
const types = [
  ["tinyint", "255", "255", -6, 3, 0],
  ["smallint", "-32768", "-32768", 5, 5, 0],
  ["int", "-2147483648", "-2147483648", 4, 10, 0],
  ["bigint", "-9223372036854775808", "-9223372036854775808", -5, 19, 0],
  ["bit", "1", "1", -7, 1, 0],
  ["real", "1.5", "1.5", 7, 24, 0],
  ["float", "-1.25e300", "-1.2500000000000001e+300", 8, 53, 0],
  ["decimal(38,10)", "-1234567890123456789012345678.1234567891", "-1234567890123456789012345678.1234567891", 2, 38, 10],
  ["numeric(38,0)", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999", 2, 38, 0],
  ["decimal(9,2)", "-0.05", "-0.05", 2, 9, 2],
  ["money", "-922337203685477.5808", "-922337203685477.5808", 3, 19, 4],
  ["smallmoney", "214748.3647", "214748.3647", 3, 10, 4],
  ["datetime", "'2026-03-02 10:11:12.005'", "2026-03-02 10:11:12.007", 93, 23, 3],
  ["datetime", "'1753-01-01 00:00:00.000'", "1753-01-01 00:00:00.000", 93, 23, 3],
  ["datetime", "'9999-12-31 23:59:59.998'", "9999-12-31 23:59:59.997", 93, 23, 3],
  ["smalldatetime", "'2026-03-02 10:11:30'", "2026-03-02 10:12:00", 93, 16, 0],
  ["date", "'1234-05-06'", "1234-05-06", 91, 10, 0],
  ["time(7)", "'23:59:59.999999'", "23:59:59.9999990", -154, 16, 7],
  ["time(0)", "'07:08:09'", "07:08:09", -154, 8, 0],
  ["datetime2(7)", "'9999-12-31 23:59:59.999999'", "9999-12-31 23:59:59.9999990", 93, 27, 7],
  ["datetime2(3)", "'2026-03-02 10:11:12.345'", "2026-03-02 10:11:12.345", 93, 23, 3],
  ["datetimeoffset(7)", "'2026-03-02 10:00:00.123456+05:00'", "2026-03-02 08:00:00.1234560 +03:00", -155, 34, 7],
  ["char(10)", "N'Ж'", "Ж         ", 1, 10, 0],
  ["varchar(50)", "N'Ёжик — №1'", "Ёжик — №1", 12, 50, 0],
  ["nchar(5)", "N'Щ'", "Щ    ", -8, 5, 0],
  ["nvarchar(50)", "N'Привет 😀 ''кавычки'''", "Привет 😀 'кавычки'", -9, 50, 0],
  ["nvarchar(50)", "N''", "", -9, 50, 0],
  ["varchar(max)", "replicate(N'я', 70000)", "я".repeat(70000), 12, 0, 0],
  ["nvarchar(max)", "replicate(N'яz', 50000)", "яz".repeat(50000), -9, 0, 0],
  ["varbinary(max)", "0x00ff10", "00ff10", -3, 0, 0],
  ["text", "N'долгий'", "долгий", -1, 2147483647, 0],
  ["ntext", "N'долгий'", "долгий", -10, 1073741823, 0],
  ["image", "0x0102", "0102", -4, 2147483647, 0],
  ["uniqueidentifier", "'6f9619ff-8b86-d011-b42d-00c04fc964ff'", "6F9619FF-8B86-D011-B42D-00C04FC964FF", -11, 36, 0],
  ["binary(4)", "0x01", "01000000", -2, 4, 0],
  ["varbinary(10)", "0x0102", "0102", -3, 10, 0],
];

test("every type comes back from a table as it went in, with its type, and as NULL", async (t) => {
  const client = await connect(t);
  const names = types.map((_, index) => `c${index}`);
  await client.ask("direct", `create table dbo.[Every Type] (id int not null primary key, ${types.map(([type], index) => `c${index} ${type} null`).join(", ")}, rv rowversion not null)`);
  await client.ask("direct", `insert into [Every Type] (id, ${names.join(", ")}) values (1, ${types.map(([, literal]) => literal).join(", ")})`);
  await client.ask("direct", "insert into [Every Type] (id) values (2)");
  for (const null_bitmap of [true, false]) {
    server.options.null_bitmap = null_bitmap;
    const reader = await connect(t);
    const [full, empty] = await reader.rows("select * from [Every Type] order by id");
    const described = await reader.ask("columns");
    assert.deepEqual(full.slice(1, -1), types.map(([, , text]) => text));
    assert.deepEqual(empty.slice(1, -1), types.map(() => null));
    assert.deepEqual(described.slice(1, -1).map(([, type, size, digits]) => [type, size, digits]), types.map(([, , , type, size, digits]) => [type, size, digits]));
    assert.deepEqual(described[0], ["id", 4, 10, 0, 0], "NOT NULL is told");
    assert.match(full.at(-1), /^[0-9a-f]{16}$/);
    assert.ok(empty.at(-1) > full.at(-1), "rowversion grows");
  }
});

test("every type is cast, and read in chunks whose whole length is not told", async (t) => {
  const own = await start(t, { length_known: false, packet_size: 512, time_zone: "Europe/Moscow" });
  const client = await connect(t, {}, { port: own.port });
  for (const [type, literal, text, ...described] of types) {
    if (type === "datetime" || type === "smalldatetime") continue; // they round where they are stored
    assert.deepEqual(await client.rows(`select cast(${literal} as ${type}) as x, 7 as y`), [[text, "7"]], type);
    const [, ...told] = (await client.ask("columns"))[0];
    assert.deepEqual(told.slice(0, 3), described, type);
    assert.deepEqual(await client.rows(`select cast(null as ${type}) as x, 7 as y`), [[null, "7"]], type);
  }
});

// C type, ODBC type, size, digits, text in, text out
const parameters = [
  [1, 4, 0, 0, "-5", "-5"], [1, -5, 0, 0, "9007199254740993", "9007199254740993"], [1, -7, 0, 0, "1", "1"], [1, 8, 0, 0, "2.5", "2.5"], [1, 3, 38, 4, "-1234567890123456789012345678901234.5678", "-1234567890123456789012345678901234.5678"],
  [1, -9, 40, 0, "Щука 😀", "Щука 😀"], [1, 12, 40, 0, "Ёлка", "Ёлка"], [1, -10, 100000, 0, "ы".repeat(9000), "ы".repeat(9000)], [1, 93, 23, 3, "2026-03-02 10:11:12.007", "2026-03-02 10:11:12.007"], [1, 91, 10, 0, "2026-03-02", "2026-03-02"],
  [-2, -3, 10, 0, "00ff", "00ff"], [1, -11, 36, 0, "6F9619FF-8B86-D011-B42D-00C04FC964FF", "6F9619FF-8B86-D011-B42D-00C04FC964FF"],
];
test("parameters of every type come back, also as NULL; a prepared statement is run again by its handle", async (t) => {
  const client = await connect(t);
  for (const [c_type, odbc_type, size, digits, given, back] of parameters) {
    await client.ask("prepare", "select ? as x");
    await client.ask("execute", [c_type, odbc_type, size, digits, given]);
    const [[found]] = await client.ask("fetch");
    assert.equal(odbc_type === 93 ? found.slice(0, 23) : found, back);
    await client.ask("execute", [c_type, odbc_type, size, digits, null]);
    assert.deepEqual(await client.ask("fetch"), [[null]]);
  }
  const called = server.seen.filter(({ procedure }) => procedure).map(({ procedure }) => procedure);
  for (const name of ["sp_prepexec", "sp_execute", "sp_unprepare"]) assert.ok(called.includes(name), `FreeTDS called ${name}`);
});

test("columns are told before a statement has run, and its failure by the driver's prepare", async (t) => {
  const client = await connect(t);
  await client.ask("direct", "create table Described (a int not null, b nvarchar(20), c money)");
  await client.ask("prepare", "select a, b, c from Described where a = ? and b like ?");
  assert.deepEqual(await client.ask("columns"), [["a", 4, 10, 0, 0], ["b", -9, 20, 0, 1], ["c", 3, 19, 4, 1]]);
  assert.deepEqual((await client.ask("execute", "1", "%")), 0);
  assert.deepEqual(await client.ask("fetch"), []);
  await client.ask("prepare", "select nothing from Described where a = ?");
  const failed = await client.fails("columns");
  assert.ok(failed.found.some(([, native]) => native === 207) && failed.found.some(([, native]) => native === 8180), failed.message);
});

test("a result far larger than a packet arrives whole, at every size of packet", async (t) => {
  for (const packet_size of [512, 4096, 32767]) {
    const own = await start(t, { packet_size });
    const client = await connect(t, { PacketSize: undefined }, { port: own.port, environment: packet_conf(packet_size) });
    const rows = await client.rows("select g as n, cast('row ' + cast(g as nvarchar(10)) as nvarchar(40)) as label from generate_series(1, 20000) g");
    assert.equal(rows.length, 20000);
    assert.deepEqual([rows[0], rows.at(-1)], [["1", "row 1"], ["20000", "row 20000"]]);
    assert.equal(await client.ask("rows"), 20000);
  }
});
function packet_conf(size) {
  const file = join(folder, `packets-${size}.conf`);
  writeFileSync(file, `[global]\n  initial block size = ${size}\n`);
  return { FREETDSCONF: file };
}

test("transactions, isolation and NULL counts are those of the base", async (t) => {
  const client = await connect(t);
  const other = await connect(t);
  await client.ask("direct", "create table Moves (id int not null primary key, at datetime, rv rowversion not null)");
  await client.ask("autocommit", false);
  await client.ask("direct", "insert into Moves (id) values (1)");
  assert.equal(await client.ask("rows"), 1);
  assert.deepEqual(await other.rows("select count(*) from Moves"), [["0"]]);
  await client.ask("rollback");
  assert.deepEqual(await client.rows("select count(*) from Moves"), [["0"]]);
  await client.ask("direct", "insert into Moves (id) values (2)");
  assert.equal((await client.fails("direct", "insert into Moves (id) values (2)")).native, 2627);
  await client.ask("commit");
  assert.deepEqual(await other.rows("select id from Moves"), [["2"]], "a failed statement takes back itself, not its transaction");
  assert.match((await tsql("rollback")).output, /Msg 3903/);
  assert.match((await tsql("begin tran\nselect @@trancount as deep\nbegin tran\nselect @@trancount as deep\nrollback\nselect @@trancount as deep")).output, /\b1\n[^]*\b2\n[^]*\b0\n/);
});

test("MIN_ACTIVE_ROWVERSION() stays below what an open transaction has taken", async (t) => {
  const writer = await connect(t);
  const reader = await connect(t);
  await writer.ask("direct", "create table Versions (id int not null primary key, note nvarchar(10), rv rowversion not null)");
  await writer.ask("direct", "insert into Versions (id) values (1)");
  const [[first, last]] = await reader.rows("select min_active_rowversion() as m, @@dbts as d");
  assert.equal(BigInt(`0x${first}`), BigInt(`0x${last}`) + 1n);
  await writer.ask("autocommit", false);
  await writer.ask("direct", "update Versions set note = N'a' where id = 1");
  await (await connect(t)).ask("direct", "insert into Versions (id) values (2)");
  const [[held]] = await reader.rows("select min_active_rowversion() as m");
  const committed = await reader.rows("select id from Versions where rv < min_active_rowversion() order by id");
  assert.equal(held, first, "the open update holds it where it was");
  assert.deepEqual(committed, [["1"]]);
  await writer.ask("commit");
  assert.deepEqual(await reader.rows("select id from Versions where rv < min_active_rowversion() and rv >= cast(cast(0 as bigint) as binary(8)) order by rv"), [["1"], ["2"]]);
});

// which of the two a real server does when was not seen; FreeTDS has to take both
for (const attention of ["apart", "within"])
  test(`attention, acknowledged ${attention}, cancels the statement in PostgreSQL and the connection goes on`, async (t) => {
    const own = await start(t, { attention });
    const client = await connect(t, {}, { port: own.port });
    const running = () => Number(postgres.sql("select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(30)%' and pid <> pg_backend_pid()")[0][0]);
    await client.ask("query_timeout", 1);
    assert.equal((await client.fails("direct", "select pg_sleep(30)")).state, "HYT00");
    assert.equal(running(), 0, "PostgreSQL works on for nobody");
    await client.ask("query_timeout", 0);
    await client.ask("cancel_after", 0.3);
    assert.equal((await client.fails("direct", "waitfor delay '00:00:30'")).state, "HY008");
    assert.deepEqual(await client.rows("select 5"), [["5"]]);
    await client.ask("direct", "select g, replicate('x', 100) from generate_series(1, 1000000) g");
    assert.equal((await client.ask("fetch", 10)).length, 10);
    assert.deepEqual(await client.rows("select 6"), [["6"]], "a result that is left early is cancelled");
  });

test("encryption: off, asked for, required, and verified by its certificate", async (t) => {
  const own = await start(t, { tls: "on" });
  const how = async (encryption, port = own.port, environment = undefined) => {
    const client = await connect(t, { Encryption: encryption }, { port, environment });
    assert.deepEqual(await client.rows("select cast(replicate('x', 100000) as nvarchar(max))").then(([[text]]) => text.length), 100000);
    return own.seen.filter(({ login }) => login).at(-1).encrypted;
  };
  assert.equal(await how("off"), false);
  assert.equal(await how("request"), true);
  assert.equal(await how("require"), true);
  assert.deepEqual(own.seen.filter(({ prelogin }) => prelogin).map(({ prelogin, answer }) => [prelogin.encryption, answer]), [[2, 2], [0, 0], [1, 1]]);
  assert.equal((await new OdbcClient(t).fails("connect", connection_string(server.port, { Encryption: "require" }))).state, "08001", "a server without TLS is not taken");

  const strict = await start(t, { tls: "on", require_encryption: true });
  assert.ok(await new OdbcClient(t).fails("connect", connection_string(strict.port, { Encryption: "off" })));
  assert.deepEqual(await (await connect(t, { Encryption: "request" }, { port: strict.port })).rows("select 1"), [["1"]]);

  const conf = (name, authority) => {
    const file = join(folder, `${name}.conf`);
    writeFileSync(join(folder, `${name}.pem`), authority);
    writeFileSync(file, `[standin]\n  host = 127.0.0.1\n  port = ${own.port}\n  tds version = 7.4\n  encryption = require\n  client charset = UTF-8\n  ca file = ${join(folder, `${name}.pem`)}\n  check certificate hostname = no\n`);
    return { FREETDSCONF: file };
  };
  const named = { Server: undefined, Port: undefined, Encryption: undefined, Servername: "standin" };
  const verified = await connect(t, named, { environment: conf("right", own.certificate.cert) });
  assert.deepEqual(await verified.rows("select 1"), [["1"]]);
  assert.ok(await new OdbcClient(t, conf("wrong", strict.certificate.cert)).fails("connect", connection_string(0, named)), "another's certificate is refused");
});

test("a named instance is found through the Browser", async (t) => {
  const host = `127.${1 + Math.floor(Math.random() * 250)}.${Math.floor(Math.random() * 250)}.77`;
  const own = await start(t, { host, instance: "MIS", browser: 1434 });
  const { output } = await run("tsql", ["-S", `${host}\\mis`, "-U", "sa", "-P", "Passw0rd"], { input: "select @@servername as me\ngo\nexit\n" });
  assert.match(output, /STANDIN\\MIS/);
  const client = await connect(t, { Server: `${host}\\MIS`, Port: undefined });
  assert.deepEqual(await client.rows("select @@servicename"), [["MIS"]]);
  assert.ok(own.seen.some(({ browser, answered }) => browser === 4 && answered));
});

test("the connection's intent is read", async (t) => {
  await connect(t, { ApplicationIntent: "ReadOnly" });
  assert.equal(server.seen.filter(({ login }) => login).at(-1).login.intent, "ReadOnly");
});

test("a login has the rights of the role of its name", async (t) => {
  postgres.sql("create role reader; create table guarded (id int primary key, note text); grant select on guarded to reader");
  const own = await start(t, { logins: [{ user: "reader", password: "r" }] });
  const client = await connect(t, { UID: "reader", PWD: "r" }, { port: own.port });
  assert.deepEqual(await client.rows("select id from guarded"), []);
  assert.equal((await client.fails("direct", "update guarded set note = 'x'")).native, 229);
  const asked = ["SELECT", "INSERT", "UPDATE", "DELETE"].map((right) => `has_perms_by_name('dbo.guarded', 'OBJECT', '${right}')`);
  assert.deepEqual(await client.rows(`select ${asked.join(", ")}, is_srvrolemember('sysadmin'), has_perms_by_name(null, 'DATABASE', 'CREATE TABLE')`), [["1", "0", "0", "0", "0", "0"]]);
  assert.deepEqual(await client.rows("select permission_name from fn_my_permissions('dbo.guarded', 'OBJECT')"), [["SELECT"], ["VIEW DEFINITION"]]);
});

test("the catalog tells tables, columns and indexes", async (t) => {
  const client = await connect(t);
  await client.ask("direct", "create table dbo.Visits (VISIT_ID int identity(1,1) not null, NOM nvarchar(50) not null, SUM1 decimal(15,2), constraint PK_VISITS primary key clustered (VISIT_ID asc)) on [PRIMARY]");
  await client.ask("direct", "create nonclustered index IX_NOM on dbo.Visits (NOM desc) include (SUM1)");
  await client.ask("columns_of", "Visits");
  assert.deepEqual((await client.ask("fetch")).map((row) => [row[3], row[4], row[5]]), [["VISIT_ID", "4", "int"], ["NOM", "-9", "nvarchar"], ["SUM1", "3", "decimal"]]);
  await client.ask("tables");
  assert.ok((await client.ask("fetch")).some((row) => row[2] === "Visits"));
  assert.deepEqual(
    await client.rows("select COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, IS_NULLABLE from INFORMATION_SCHEMA.COLUMNS where TABLE_NAME = 'VISITS' and COLUMN_NAME <> 'SUM1'"),
    [["VISIT_ID", "int", null, "10", "0", "NO"], ["NOM", "nvarchar", "50", null, null, "NO"]],
  );
  assert.deepEqual(
    await client.rows(`select i.type_desc, i.is_primary_key, c.name, ic.key_ordinal, ic.is_descending_key, ic.is_included_column from sys.indexes i join sys.index_columns ic on ic.object_id = i.object_id and ic.index_id = i.index_id
      join sys.columns c on c.object_id = i.object_id and c.column_id = ic.column_id where i.object_id = object_id(N'dbo.[Visits]') order by i.index_id, ic.index_column_id`),
    [["CLUSTERED", "1", "VISIT_ID", "1", "0", "0"], ["NONCLUSTERED", "0", "NOM", "1", "1", "0"], ["NONCLUSTERED", "0", "SUM1", "0", "0", "1"]],
  );
});

// T-SQL, rows
const spoken = [
  ["select top (2) g as n from generate_series(1, 5) g order by n desc", [["5"], ["4"]]],
  ["select [n] = max(g), count(*) from generate_series(1, 5) as [g]", [["5", "5"]]],
  ["select x.n from (select top 1 g n from generate_series(1, 9) g order by g) x", [["1"]]],
  ["select isnull(null, N'нет'), len(N'abc  '), charindex('B', 'abc'), iif(1 > 2, 'a', 'b'), substring('abcdef', 2, 3), stuff('abcd', 2, 1, 'XX')", [["нет", "3", "2", "b", "bcd", "aXXcd"]]],
  ["select 'a' + 'b' + cast(1 as nvarchar(5)) + N'ж'", [["ab1ж"]]],
  ["select convert(varchar(10), cast('20260302' as datetime), 104), convert(nvarchar(8), cast('2026-03-02' as date), 112), convert(date, '02.03.2026', 104)", [["02.03.2026", "20260302", "2026-03-02"]]],
  ["select dateadd(minute, 90, cast('2026-03-02T10:00:00' as datetime)), datediff(day, '20260301 23:59', '20260302 00:01'), datepart(weekday, '20260302')", [["2026-03-02 11:30:00.000", "1", "2"]]],
  ["select cast(2.9 as int), cast('7' as int), cast(0x0102 as bigint), try_cast('x' as int)", [["2", "7", "258", null]]],
  ["select a.n, b.m from (values (1), (2)) a(n) outer apply (select top (1) m from (values (2), (3)) v(m) where m > a.n order by m) b order by a.n", [["1", "2"], ["2", "3"]]],
  ["with t as (select 1 as n union all select 2) select n, row_number() over (order by n desc) as r, count(*) over () as c from t order by n", [["1", "2", "2"], ["2", "1", "2"]]],
  ["declare @a int = 3, @b nvarchar(10); set @b = N'б'; select @a = @a + 1; if @a > 3 select @b + cast(@a as nvarchar(2)) else select 'no'", [["б4"]]],
  ["select case when N'Иванов' like N'ив%' then 1 else 0 end", [["1"]]],
  ["exec sp_executesql N'select @p + 1', N'@p int', @p = 4", [["5"]]],
  ["set nocount on; set transaction isolation level read uncommitted; set lock_timeout 500; set deadlock_priority low; select @@lock_timeout", [["500"]]],
  ["select name, snapshot_isolation_state, is_read_committed_snapshot_on from sys.databases where name = 'CLINIC'", [["clinic", "0", "0"]]],
  ["select serverproperty('ProductVersion'), serverproperty('EngineEdition'), db_name(), @@trancount", [["15.0.4261.0", "2", "clinic", "0"]]],
];
test("T-SQL that a reader writes is understood", async (t) => {
  const client = await connect(t);
  for (const [sql, rows] of spoken) {
    await client.ask("direct", sql);
    // statements before the select have answers of their own, without columns
    while ((await client.ask("columns")).length === 0) await client.ask("more");
    assert.deepEqual(await client.ask("fetch"), rows, sql);
  }
});

test("an expression keeps the type of the column it is made of", async (t) => {
  const client = await connect(t);
  await client.ask("direct", "create table Sums (id int not null primary key, m money, d decimal(15,2), at datetime, n nvarchar(5), sm smallmoney)");
  await client.ask("direct", "insert into Sums values (1, 1.5, 0.1, '20260302 10:00:00.004', N'а', 2), (2, 2.25, 0.2, '20260303', N'б', 3)");
  await client.ask("direct", `select sum(s.m) as a, max(at), isnull(sum(d), 0) as c, case when max(n) = N'б' then max(s.n) else N'' end, coalesce(min(d), 0), sum(id), sum(sm), max(n)
    from dbo.Sums s with (nolock) where id in (1, 2) having count(*) > 1 order by 1`);
  assert.deepEqual((await client.ask("columns")).map(([, type, size, digits]) => [type, size, digits]), [[3, 19, 4], [93, 23, 3], [2, 38, 2], [-9, 4000, 0], [2, 15, 2], [4, 10, 0], [3, 19, 4], [-9, 5, 0]]);
  assert.deepEqual(await client.ask("fetch"), [["3.7500", "2026-03-03 00:00:00.000", "0.30", "б", "0.10", "3", "5.0000", "б"]]);
  assert.deepEqual(await client.rows("select isnull(m, 0) from Sums where id = 1"), [["1.5000"]]);
});

test("what an old server does not know is refused, and its version is told", async (t) => {
  const own = await start(t, { year: "2008R2" });
  const client = await connect(t, {}, { port: own.port });
  assert.match((await client.rows("select @@version"))[0][0], /2008 R2/);
  assert.deepEqual(await client.rows("select cast(null as int) as a, cast('2026-03-02' as date) as d"), [[null, "2026-03-02"]]);
  assert.equal((await client.fails("direct", "select g from generate_series(1, 3) g order by g offset 1 rows fetch next 1 rows only")).native, 102);
  assert.equal((await client.fails("direct", "select string_agg('a', ',')")).native, 195);
  assert.equal((await client.fails("direct", "select iif(1 = 1, 2, 3)")).native, 195);
});

test("SNAPSHOT is refused where the base does not allow it, and keeps its view where it does", async (t) => {
  const client = await connect(t);
  await client.ask("direct", "create table Seen (n int)");
  await client.ask("direct", "set transaction isolation level snapshot");
  await client.ask("autocommit", false);
  assert.equal((await client.fails("direct", "select n from Seen")).native, 3952);
  const own = await start(t, { snapshot: true });
  const reader = await connect(t, {}, { port: own.port });
  await reader.ask("direct", "set transaction isolation level snapshot");
  await reader.ask("direct", "begin transaction");
  assert.deepEqual(await reader.rows("select count(*) from Seen"), [["0"]]);
  await (await connect(t)).ask("direct", "insert into Seen values (1)");
  assert.deepEqual(await reader.rows("select count(*) from Seen"), [["0"]]);
  await reader.ask("direct", "commit");
  assert.deepEqual(await reader.rows("select count(*) from Seen"), [["1"]]);
});

test("a lock that is held too long, a deadlock's victim, hints that lock", async (t) => {
  const client = await connect(t);
  const other = await connect(t);
  await client.ask("direct", "create table Locked (id int not null primary key, n int)");
  await client.ask("direct", "insert into Locked values (1, 0), (2, 0)");
  for (const one of [client, other]) await one.ask("autocommit", false);
  await client.ask("direct", "update Locked set n = 1 where id = 1");
  await other.ask("direct", "set lock_timeout 200");
  assert.equal((await other.fails("direct", "update Locked set n = 2 where id = 1")).native, 1222);
  await other.ask("direct", "set lock_timeout -1");
  await other.ask("direct", "update Locked set n = 2 where id = 2");
  const both = await Promise.allSettled([client.ask("direct", "update Locked set n = 3 where id = 2"), other.ask("direct", "update Locked set n = 3 where id = 1")]);
  const victims = both.filter(({ status }) => status === "rejected");
  assert.deepEqual(victims.map(({ reason }) => reason.native), [1205]);
  const [lost, kept] = both[0].status === "rejected" ? [client, other] : [other, client];
  await kept.ask("rollback");
  assert.equal((await lost.fails("rollback")).native, 3903, "the victim's transaction is gone already");
  assert.deepEqual(await kept.rows("select n from Locked"), [["0"], ["0"]]);
  await client.rows("select n from Locked with (nolock, updlock) where id = 1");
  assert.deepEqual(server.seen.findLast(({ hints }) => hints).hints, ["nolock", "updlock"]);
});

const change_tracking = [
  { match: "CHANGE_TRACKING_CURRENT_VERSION\\(\\)", columns: [["current", "bigint"], ["least", "bigint"]], rows: [[120, 100]] },
  { match: "CHANGETABLE\\(CHANGES .*, 90\\)", error: { number: 22105, class: 16, text: "The version is older than the least valid one." } },
  { match: "CHANGETABLE\\(CHANGES", columns: [["SYS_CHANGE_VERSION", "bigint"], ["SYS_CHANGE_OPERATION", "nchar(1)"], ["id", "int", "not null"]], rows: [[119, "D", 7], [120, "U", 8]] },
];
test("Change Tracking is scripted, beside the base", async (t) => {
  const own = await start(t, { script: change_tracking });
  const client = await connect(t, {}, { port: own.port });
  assert.deepEqual(await client.rows("select CHANGE_TRACKING_CURRENT_VERSION() as [current], CHANGE_TRACKING_MIN_VALID_VERSION(object_id('x')) as least"), [["120", "100"]]);
  await client.ask("prepare", "select c.* from CHANGETABLE(CHANGES dbo.Visits, 110) c where c.id > ?");
  await client.ask("execute", [1, 4, 0, 0, "1"]);
  assert.deepEqual(await client.ask("fetch"), [["119", "D", "7"], ["120", "U", "8"]]);
  assert.equal((await client.fails("direct", "select * from CHANGETABLE(CHANGES dbo.Visits, 90) c")).native, 22105);
  assert.deepEqual(await client.rows("select 1"), [["1"]], "the rest is the base's");
});

test("a result cut in the middle, a server that hangs, errors of a script", async (t) => {
  const own = await start(t, {
    script: [
      { match: "cut_reset", base: true, after_rows: 450, cut: "reset" },
      { match: "cut_end", base: true, after_rows: 450, cut: "end" },
      { match: "hang_politely", base: true, after_rows: 5, hang: "attention" },
      { match: "deadlock", times: 1, base: true, after_rows: 1, error: { number: 1205, state: 51, class: 13, text: "Transaction was deadlocked" } },
      { match: "fatal", error: { number: 21, class: 20, text: "the end" } },
    ],
  });
  const client = () => connect(t, {}, { port: own.port });
  const rows = (mark) => `select g as n, replicate('x', 200) as ${mark} from generate_series(1, 5000) g`;
  for (const mark of ["cut_reset", "cut_end"]) {
    const cut = await client();
    await cut.ask("direct", rows(mark));
    const failed = await cut.fails("fetch");
    // FreeTDS has no state of its own for a result that ends early; that the connection is lost it tells at the next statement
    assert.ok(["08S01", "HY000", "01000"].includes(failed.state), `${mark}: ${failed.message}`);
    assert.equal((await cut.fails("direct", "select 1")).state, "08S01");
  }
  const hung = await client();
  await hung.ask("query_timeout", 1);
  await hung.ask("direct", rows("hang_politely"));
  await hung.fails("fetch");
  assert.deepEqual(await hung.rows("select 1"), [["1"]], "attention ends a polite hang");
  const victim = await client();
  await victim.ask("direct", rows("deadlock"));
  assert.equal((await victim.fails("fetch")).native, 1205);
  assert.equal((await victim.rows(rows("deadlock"))).length, 5000, "the rule was for once");
  const dying = await client();
  await dying.fails("direct", "select 'fatal'");
  assert.equal((await dying.fails("direct", "select 1")).state, "08S01");
});

test("a server that no longer answers: while rows come, at the login, before it", async (t) => {
  const own = await start(t, { script: [{ match: "stop", columns: [["n", "int"]], rows: [[1]], hang: "forever" }] });
  const client = await connect(t, {}, { port: own.port });
  await client.ask("query_timeout", 1);
  await client.ask("direct", "select stop");
  assert.equal((await client.fails("fetch")).state, "HYT00");
  for (const moment of ["login", "prelogin"]) {
    own.silent = moment;
    assert.equal((await new OdbcClient(t).fails("connect", connection_string(own.port), 1)).state, "HYT00", moment);
  }
});

test("the base behind it dies: the connection ends, a new one is taken once the base is back", async (t) => {
  const base = await PostgresServer.make(t);
  const own = await start(t, { postgres: base.url });
  const client = await connect(t, {}, { port: own.port });
  assert.deepEqual(await client.rows("select 1"), [["1"]]);
  await base.kill();
  await client.fails("direct", "select 2");
  await base.start();
  assert.deepEqual(await (await connect(t, {}, { port: own.port })).rows("select 3"), [["3"]]);
});

test("a table that changes past the server is seen as it is now", async (t) => {
  const client = await connect(t);
  postgres.sql('create domain tds."varchar(7)" as varchar(7); create table past (a int); insert into past values (1)');
  assert.deepEqual(await client.rows("select * from past"), [["1"]]);
  postgres.sql('alter table past add column b tds."varchar(7)" default $$x$$; create role later; grant select on past to later');
  assert.deepEqual(await client.rows("select * from past"), [["1", "x"]]);
  assert.deepEqual((await client.ask("columns"))[1], ["b", 12, 7, 0, 1]);
  postgres.sql('drop table past; create table past ("Mixed Case" tds.money not null); insert into past values (2)');
  assert.deepEqual(await client.rows("select [mixed case] from Past"), [["2.0000"]]);
  assert.equal((await client.ask("columns"))[0][0], "Mixed Case");
});

test("with a base of its own and a vendor's tables it is one process", async (t) => {
  const tables = join(folder, "tables.sql");
  writeFileSync(tables, "create table dbo.[VISITS] (ID int not null primary key, SUMMA money)\ngo\ninsert into VISITS values (1, 10)\nGO\n");
  const child = spawn(process.execPath, [fileURLToPath(new URL("server.mjs", import.meta.url)), "--postgres", "own", "--sql", tables], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const { port, postgres: url } = JSON.parse(await new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve)));
  assert.match(url, /^postgresql:/);
  assert.match((await tsql("select * from visits", { port })).output, /ID\tSUMMA\n1\t10\.0000/);
  child.kill("SIGTERM");
  await new Promise((resolve) => child.on("exit", resolve));
});

test("as a process it tells its port and ends in order", async (t) => {
  const script = join(folder, "rules.json");
  writeFileSync(script, JSON.stringify({ rules: [{ match: "^select 1$", columns: [["one", "int", "not null"]], rows: [[1]] }] }));
  const child = spawn(process.execPath, [fileURLToPath(new URL("server.mjs", import.meta.url)), "--port", "0", "--script", script, "--login", "gate:secret", "--database", "mis"], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const { port } = JSON.parse(await new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve)));
  const login = { port, user: "gate", password: "secret", database: "mis" };
  assert.match((await tsql("select 1", login)).output, /one\n1\n/);
  writeFileSync(script, JSON.stringify([{ match: "^select 1$", columns: [["two", "int"]], rows: [[2]] }]));
  assert.match((await tsql("select 1", login)).output, /two\n2\n/, "a script that has changed is read anew");
  child.kill("SIGTERM");
  assert.deepEqual(await new Promise((resolve) => child.on("exit", (code, signal) => resolve([code, signal]))), [0, null]);
});

test("FreeTDS is there", () => assert.equal(spawnSync("tsql", ["-C"]).status, 0));
