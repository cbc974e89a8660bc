// The stand-in for SQL Server on the wire, judged by clients that were not written here: FreeTDS's tsql, unixODBC's isql, and FreeTDS's ODBC driver
// through a bare client.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { make_bench } from "./clients.mjs";
import { connection_string, OdbcClient } from "./odbc.mjs";

const bench = make_bench();

test("tsql logs in and reads", async () => {
  const { code, output } = await bench.tsql("select 42 as answer, N'Привет' as greeting, @@version as version, db_name() as base");
  assert.equal(code, 0, output);
  assert.match(output, /answer\tgreeting\tversion\tbase/);
  assert.match(output, /42\tПривет\tMicrosoft SQL Server 2019 .*\tclinic/);
});

test("a wrong password and an unknown base are refused by number", async () => {
  assert.match(
    (await bench.tsql("select 1", { password: "wrong" })).output,
    /Msg 18456 \(severity 14, state 1\) from STANDIN Line 1:\s+"Login failed for user 'sa'\."/,
  );
  assert.match((await bench.tsql("select 1", { database: "nowhere" })).output, /Msg 4060 \(severity 11, state 1\)[^]*Cannot open database "nowhere"/);
});

test("an error tells number, state, class and server, and the connection goes on", async () => {
  const { output } = await bench.tsql("select 1/0\ngo\nselect * from nowhere\ngo\nraiserror(N'сорвалось', 16, 7)\ngo\nselect 'still here'");
  assert.match(output, /Msg 8134 \(severity 16, state 1\) from STANDIN/);
  assert.match(output, /Msg 208 [^]*Invalid object name 'nowhere'/);
  assert.match(output, /Msg 50000 \(severity 16, state 7\)[^]*сорвалось/);
  assert.match(output, /still here/);
});

test("isql prepares, runs and shows", async () => {
  const { output } = await bench.run("isql", ["-v", "-b", "-k", connection_string(bench.server.port)], {
    input: "select cast(12.5 as money) as m, cast('2026-03-02 10:00:00.007' as datetime) as d\n",
  });
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
  const client = await bench.connect(t);
  const names = types.map((_, index) => `c${index}`);
  await client.ask(
    "direct",
    `create table dbo.[Every Type] (id int not null primary key, ${types.map(([type], index) => `c${index} ${type} null`).join(", ")}, rv rowversion not null)`,
  );
  await client.ask("direct", `insert into [Every Type] (id, ${names.join(", ")}) values (1, ${types.map(([, literal]) => literal).join(", ")})`);
  await client.ask("direct", "insert into [Every Type] (id) values (2)");
  for (const null_bitmap of [true, false]) {
    bench.server.options.null_bitmap = null_bitmap;
    const reader = await bench.connect(t);
    const [full, empty] = await reader.rows("select * from [Every Type] order by id");
    const described = await reader.ask("columns");
    assert.deepEqual(
      full.slice(1, -1),
      types.map(([, , text]) => text),
    );
    assert.deepEqual(
      empty.slice(1, -1),
      types.map(() => null),
    );
    assert.deepEqual(
      described.slice(1, -1).map(([, type, size, digits]) => [type, size, digits]),
      types.map(([, , , type, size, digits]) => [type, size, digits]),
    );
    assert.deepEqual(described[0], ["id", 4, 10, 0, 0], "NOT NULL is told");
    assert.match(full.at(-1), /^[0-9a-f]{16}$/);
    assert.ok(empty.at(-1) > full.at(-1), "rowversion grows");
  }
});

test("every type is cast, and read in chunks whose whole length is not told", async (t) => {
  const own = await bench.start(t, { length_known: false, packet_size: 512, time_zone: "Europe/Moscow" });
  const client = await bench.connect(t, {}, { port: own.port });
  for (const [type, literal, text, ...described] of types) {
    assert.deepEqual(await client.rows(`select cast(${literal} as ${type}) as x, 7 as y`), [[text, "7"]], type);
    const [, ...told] = (await client.ask("columns"))[0];
    assert.deepEqual(told.slice(0, 3), described, type);
    assert.deepEqual(await client.rows(`select cast(null as ${type}) as x, 7 as y`), [[null, "7"]], type);
  }
});

// C type, ODBC type, size, digits, text in, text out
const parameters = [
  [1, 4, 0, 0, "-5", "-5"],
  [1, -5, 0, 0, "9007199254740993", "9007199254740993"],
  [1, -7, 0, 0, "1", "1"],
  [1, 8, 0, 0, "2.5", "2.5"],
  [1, 3, 38, 4, "-1234567890123456789012345678901234.5678", "-1234567890123456789012345678901234.5678"],
  [1, -9, 40, 0, "Щука 😀", "Щука 😀"],
  [1, 12, 40, 0, "Ёлка", "Ёлка"],
  [1, -10, 100000, 0, "ы".repeat(9000), "ы".repeat(9000)],
  [1, 93, 23, 3, "2026-03-02 10:11:12.007", "2026-03-02 10:11:12.007"],
  [1, 91, 10, 0, "2026-03-02", "2026-03-02"],
  [-2, -3, 10, 0, "00ff", "00ff"],
  [1, -11, 36, 0, "6F9619FF-8B86-D011-B42D-00C04FC964FF", "6F9619FF-8B86-D011-B42D-00C04FC964FF"],
];
test("parameters of every type come back, also as NULL; a prepared statement is run again by its handle", async (t) => {
  const client = await bench.connect(t);
  for (const [c_type, odbc_type, size, digits, given, back] of parameters) {
    await client.ask("prepare", "select ? as x");
    await client.ask("execute", [c_type, odbc_type, size, digits, given]);
    const [[found]] = await client.ask("fetch");
    assert.equal(odbc_type === 93 ? found.slice(0, 23) : found, back);
    await client.ask("execute", [c_type, odbc_type, size, digits, null]);
    assert.deepEqual(await client.ask("fetch"), [[null]]);
  }
  const called = bench.server.seen.filter(({ procedure }) => procedure).map(({ procedure }) => procedure);
  for (const name of ["sp_prepexec", "sp_execute", "sp_unprepare"]) assert.ok(called.includes(name), `FreeTDS called ${name}`);
});

test("columns are told before a statement has run, and its failure by the driver's prepare", async (t) => {
  const client = await bench.connect(t);
  await client.ask("direct", "create table Described (a int not null, b nvarchar(20), c money)");
  await client.ask("prepare", "select a, b, c from Described where a = ? and b like ?");
  assert.deepEqual(await client.ask("columns"), [
    ["a", 4, 10, 0, 0],
    ["b", -9, 20, 0, 1],
    ["c", 3, 19, 4, 1],
  ]);
  assert.deepEqual(await client.ask("execute", "1", "%"), 0);
  assert.deepEqual(await client.ask("fetch"), []);
  await client.ask("prepare", "select nothing from Described where a = ?");
  const failed = await client.fails("columns");
  assert.ok(failed.found.some(([, native]) => native === 207) && failed.found.some(([, native]) => native === 8180), failed.message);
});

test("a result far larger than a packet arrives whole, at every size of packet", async (t) => {
  for (const packet_size of [512, 4096, 32767]) {
    const own = await bench.start(t, { packet_size });
    const client = await bench.connect(t, { PacketSize: undefined }, { port: own.port, environment: packet_conf(packet_size) });
    const rows = await client.rows("select g as n, cast('row ' + cast(g as nvarchar(10)) as nvarchar(40)) as label from generate_series(1, 20000) g");
    assert.equal(rows.length, 20000);
    assert.deepEqual(
      [rows[0], rows.at(-1)],
      [
        ["1", "row 1"],
        ["20000", "row 20000"],
      ],
    );
    assert.equal(await client.ask("rows"), 20000);
  }
});
function packet_conf(size) {
  const file = join(bench.folder, `packets-${size}.conf`);
  writeFileSync(file, `[global]\n  initial block size = ${size}\n`);
  return { FREETDSCONF: file };
}

// which of the two a real server does when was not seen; FreeTDS has to take both
for (const attention of ["apart", "within"])
  test(`attention, acknowledged ${attention}, cancels the statement in PostgreSQL and the connection goes on`, async (t) => {
    const own = await bench.start(t, { attention });
    const client = await bench.connect(t, {}, { port: own.port });
    const running = () =>
      Number(
        bench.postgres.sql("select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(30)%' and pid <> pg_backend_pid()")[0][0],
      );
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
  const own = await bench.start(t, { tls: "on" });
  const how = async (encryption, port = own.port, environment = undefined) => {
    const client = await bench.connect(t, { Encryption: encryption }, { port, environment });
    assert.deepEqual(await client.rows("select cast(replicate('x', 100000) as nvarchar(max))").then(([[text]]) => text.length), 100000);
    return own.seen.filter(({ login }) => login).at(-1).encrypted;
  };
  assert.equal(await how("off"), false);
  assert.equal(await how("request"), true);
  assert.equal(await how("require"), true);
  assert.deepEqual(
    own.seen.filter(({ prelogin }) => prelogin).map(({ prelogin, answer }) => [prelogin.encryption, answer]),
    [
      [2, 2],
      [0, 0],
      [1, 1],
    ],
  );
  assert.equal(
    (await new OdbcClient(t).fails("connect", connection_string(bench.server.port, { Encryption: "require" }))).state,
    "08001",
    "a server without TLS is not taken",
  );

  const strict = await bench.start(t, { tls: "on", require_encryption: true });
  assert.ok(await new OdbcClient(t).fails("connect", connection_string(strict.port, { Encryption: "off" })));
  assert.deepEqual(await (await bench.connect(t, { Encryption: "request" }, { port: strict.port })).rows("select 1"), [["1"]]);

  const conf = (name, authority) => {
    const file = join(bench.folder, `${name}.conf`);
    writeFileSync(join(bench.folder, `${name}.pem`), authority);
    writeFileSync(
      file,
      `[standin]\n  host = 127.0.0.1\n  port = ${own.port}\n  tds version = 7.4\n  encryption = require\n  client charset = UTF-8\n  ca file = ${join(bench.folder, `${name}.pem`)}\n  check certificate hostname = no\n`,
    );
    return { FREETDSCONF: file };
  };
  const named = { Server: undefined, Port: undefined, Encryption: undefined, Servername: "standin" };
  const verified = await bench.connect(t, named, { environment: conf("right", own.certificate.cert) });
  assert.deepEqual(await verified.rows("select 1"), [["1"]]);
  assert.ok(await new OdbcClient(t, conf("wrong", strict.certificate.cert)).fails("connect", connection_string(0, named)), "another's certificate is refused");
});

test("a named instance is found through the Browser", async (t) => {
  const host = `127.${1 + Math.floor(Math.random() * 250)}.${Math.floor(Math.random() * 250)}.77`;
  const own = await bench.start(t, { host, instance: "MIS", browser: 1434 });
  const { output } = await bench.run("tsql", ["-S", `${host}\\mis`, "-U", "sa", "-P", "Passw0rd"], { input: "select @@servername as me\ngo\nexit\n" });
  assert.match(output, /STANDIN\\MIS/);
  const client = await bench.connect(t, { Server: `${host}\\MIS`, Port: undefined });
  assert.deepEqual(await client.rows("select @@servicename"), [["MIS"]]);
  assert.ok(own.seen.some(({ browser, answered }) => browser === 4 && answered));
});

test("the connection's intent is read", async (t) => {
  await bench.connect(t, { ApplicationIntent: "ReadOnly" });
  assert.equal(bench.server.seen.filter(({ login }) => login).at(-1).login.intent, "ReadOnly");
});

test("a result cut in the middle, a server that hangs, errors of a script", async (t) => {
  const own = await bench.start(t, {
    script: [
      { match: "cut_reset", base: true, after_rows: 450, cut: "reset" },
      { match: "cut_end", base: true, after_rows: 450, cut: "end" },
      { match: "hang_politely", base: true, after_rows: 5, hang: "attention" },
      { match: "deadlock", times: 1, base: true, after_rows: 1, error: { number: 1205, state: 51, class: 13, text: "Transaction was deadlocked" } },
      { match: "fatal", error: { number: 21, class: 20, text: "the end" } },
    ],
  });
  const client = () => bench.connect(t, {}, { port: own.port });
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
  const own = await bench.start(t, { script: [{ match: "stop", columns: [["n", "int"]], rows: [[1]], hang: "forever" }] });
  const client = await bench.connect(t, {}, { port: own.port });
  await client.ask("query_timeout", 1);
  await client.ask("direct", "select stop");
  assert.equal((await client.fails("fetch")).state, "HYT00");
  for (const moment of ["login", "prelogin"]) {
    own.silent = moment;
    assert.equal((await new OdbcClient(t).fails("connect", connection_string(own.port), 1)).state, "HYT00", moment);
  }
});

test("with a base of its own and a vendor's tables it is one process", async (t) => {
  const tables = join(bench.folder, "tables.sql");
  writeFileSync(tables, "create table dbo.[VISITS] (ID int not null primary key, SUMMA money)\ngo\ninsert into VISITS values (1, 10)\nGO\n");
  const child = spawn(process.execPath, [fileURLToPath(new URL("server.mjs", import.meta.url)), "--postgres", "own", "--sql", tables, "--until-eof"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const { port, postgres: url } = JSON.parse(await new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve)));
  assert.match(url, /^postgresql:/);
  assert.match((await bench.tsql("select * from visits", { port })).output, /ID\tSUMMA\n1\t10\.0000/);
  child.stdin.end();
  await new Promise((resolve) => child.on("exit", resolve));
});

test("as a process it tells its port and ends in order", async (t) => {
  const script = join(bench.folder, "rules.json");
  writeFileSync(script, JSON.stringify({ rules: [{ match: "^select 1$", columns: [["one", "int", "not null"]], rows: [[1]] }] }));
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("server.mjs", import.meta.url)), "--port", "0", "--script", script, "--login", "gate:secret", "--database", "mis"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  t.after(() => child.kill("SIGKILL"));
  const { port } = JSON.parse(await new Promise((resolve) => createInterface({ input: child.stdout }).once("line", resolve)));
  const login = { port, user: "gate", password: "secret", database: "mis" };
  assert.match((await bench.tsql("select 1", login)).output, /one\n1\n/);
  writeFileSync(script, JSON.stringify([{ match: "^select 1$", columns: [["two", "int"]], rows: [[2]] }]));
  assert.match((await bench.tsql("select 1", login)).output, /two\n2\n/, "a script that has changed is read anew");
  child.kill("SIGTERM");
  assert.deepEqual(await new Promise((resolve) => child.on("exit", (code, signal) => resolve([code, signal]))), [0, null]);
});
