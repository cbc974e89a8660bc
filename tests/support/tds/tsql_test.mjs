// What the stand-in for SQL Server answers from PostgreSQL: T-SQL, transactions, rights and the catalog, asked through FreeTDS's ODBC driver.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PostgresServer } from "../postgres.mjs";
import { make_bench } from "./clients.mjs";

const bench = make_bench();

test("transactions, isolation and NULL counts are those of the base", async (t) => {
  const client = await bench.connect(t);
  const other = await bench.connect(t);
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
  assert.match((await bench.tsql("rollback")).output, /Msg 3903/);
  assert.match(
    (await bench.tsql("begin tran\nselect @@trancount as deep\nbegin tran\nselect @@trancount as deep\nrollback\nselect @@trancount as deep")).output,
    /\b1\n[^]*\b2\n[^]*\b0\n/,
  );
});

test("MIN_ACTIVE_ROWVERSION() stays below what an open transaction has taken", async (t) => {
  const writer = await bench.connect(t);
  const reader = await bench.connect(t);
  await writer.ask("direct", "create table Versions (id int not null primary key, note nvarchar(10), rv rowversion not null)");
  await writer.ask("direct", "insert into Versions (id) values (1)");
  const [[first, last]] = await reader.rows("select min_active_rowversion() as m, @@dbts as d");
  assert.equal(BigInt(`0x${first}`), BigInt(`0x${last}`) + 1n);
  await writer.ask("autocommit", false);
  await writer.ask("direct", "update Versions set note = N'a' where id = 1");
  await (await bench.connect(t)).ask("direct", "insert into Versions (id) values (2)");
  const [[held]] = await reader.rows("select min_active_rowversion() as m");
  const [[same, written]] = await reader.rows(
    "select case when convert(binary(8), convert(varchar(18), min_active_rowversion(), 1), 1) = min_active_rowversion() then 1 else 0 end as s, convert(varchar(18), min_active_rowversion(), 1) as w",
  );
  assert.equal(Number(same), 1);
  assert.match(written, /^0x[0-9A-F]{16}$/);
  const committed = await reader.rows("select id from Versions where rv < min_active_rowversion() order by id");
  assert.equal(held, first, "the open update holds it where it was");
  assert.deepEqual(committed, [["1"]]);
  await writer.ask("commit");
  assert.deepEqual(await reader.rows("select id from Versions where rv < min_active_rowversion() and rv >= cast(cast(0 as bigint) as binary(8)) order by rv"), [
    ["1"],
    ["2"],
  ]);
  const [[bound]] = await reader.rows("select convert(varchar(18), min_active_rowversion(), 1)");
  await reader.ask("prepare", "select id from Versions where rv >= convert(binary(8), ?, 1) and rv < convert(binary(8), ?, 1) order by id");
  await reader.ask("execute", written, bound);
  assert.deepEqual(await reader.ask("fetch"), [["1"], ["2"]], "from where it was held to where it is now");
  await reader.ask("execute", bound, bound);
  assert.deepEqual(await reader.ask("fetch"), []);
});

test("a login has the rights of the role of its name", async (t) => {
  bench.postgres.sql("create role reader; create table guarded (id int primary key, note text); grant select on guarded to reader");
  const own = await bench.start(t, { logins: [{ user: "reader", password: "r" }] });
  const client = await bench.connect(t, { UID: "reader", PWD: "r" }, { port: own.port });
  assert.deepEqual(await client.rows("select id from guarded"), []);
  assert.equal((await client.fails("direct", "update guarded set note = 'x'")).native, 229);
  const asked = ["SELECT", "INSERT", "UPDATE", "DELETE"].map((right) => `has_perms_by_name('dbo.guarded', 'OBJECT', '${right}')`);
  assert.deepEqual(await client.rows(`select ${asked.join(", ")}, is_srvrolemember('sysadmin'), has_perms_by_name(null, 'DATABASE', 'CREATE TABLE')`), [
    ["1", "0", "0", "0", "0", "0"],
  ]);
  assert.deepEqual(await client.rows("select permission_name from fn_my_permissions('dbo.guarded', 'OBJECT')"), [["SELECT"], ["VIEW DEFINITION"]]);
});

test("the catalog tells tables, columns and indexes", async (t) => {
  const client = await bench.connect(t);
  await client.ask(
    "direct",
    "create table dbo.Visits (VISIT_ID int identity(1,1) not null, NOM nvarchar(50) not null, SUM1 decimal(15,2), constraint PK_VISITS primary key clustered (VISIT_ID asc)) on [PRIMARY]",
  );
  await client.ask("direct", "create nonclustered index IX_NOM on dbo.Visits (NOM desc) include (SUM1)");
  await client.ask("columns_of", "Visits");
  assert.deepEqual(
    (await client.ask("fetch")).map((row) => [row[3], row[4], row[5]]),
    [
      ["VISIT_ID", "4", "int"],
      ["NOM", "-9", "nvarchar"],
      ["SUM1", "3", "decimal"],
    ],
  );
  await client.ask("tables");
  assert.ok((await client.ask("fetch")).some((row) => row[2] === "Visits"));
  assert.deepEqual(
    await client.rows(
      "select COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, IS_NULLABLE from INFORMATION_SCHEMA.COLUMNS where TABLE_NAME = 'VISITS' and COLUMN_NAME <> 'SUM1'",
    ),
    [
      ["VISIT_ID", "int", null, "10", "0", "NO"],
      ["NOM", "nvarchar", "50", null, null, "NO"],
    ],
  );
  assert.deepEqual(
    await client.rows(`select i.type_desc, i.is_primary_key, c.name, ic.key_ordinal, ic.is_descending_key, ic.is_included_column from sys.indexes i join sys.index_columns ic on ic.object_id = i.object_id and ic.index_id = i.index_id
      join sys.columns c on c.object_id = i.object_id and c.column_id = ic.column_id where i.object_id = object_id(N'dbo.[Visits]') order by i.index_id, ic.index_column_id`),
    [
      ["CLUSTERED", "1", "VISIT_ID", "1", "0", "0"],
      ["NONCLUSTERED", "0", "NOM", "1", "1", "0"],
      ["NONCLUSTERED", "0", "SUM1", "0", "0", "1"],
    ],
  );
});

// T-SQL, rows
const spoken = [
  ["select top (2) g as n from generate_series(1, 5) g order by n desc", [["5"], ["4"]]],
  ["select [n] = max(g), count(*) from generate_series(1, 5) as [g]", [["5", "5"]]],
  ["select x.n from (select top 1 g n from generate_series(1, 9) g order by g) x", [["1"]]],
  [
    "select isnull(null, N'нет'), len(N'abc  '), charindex('B', 'abc'), iif(1 > 2, 'a', 'b'), substring('abcdef', 2, 3), stuff('abcd', 2, 1, 'XX')",
    [["нет", "3", "2", "b", "bcd", "aXXcd"]],
  ],
  ["select 'a' + 'b' + cast(1 as nvarchar(5)) + N'ж'", [["ab1ж"]]],
  [
    "select convert(varchar(10), cast('20260302' as datetime), 104), convert(nvarchar(8), cast('2026-03-02' as date), 112), convert(date, '02.03.2026', 104)",
    [["02.03.2026", "20260302", "2026-03-02"]],
  ],
  [
    "select dateadd(minute, 90, cast('2026-03-02T10:00:00' as datetime)), datediff(day, '20260301 23:59', '20260302 00:01'), datepart(weekday, '20260302')",
    [["2026-03-02 11:30:00.000", "1", "2"]],
  ],
  [
    "select dateadd(day, datediff(day, 0, cast('2026-03-02T10:00:00' as datetime)), 0), cast(5 as bit), cast('false' as bit), convert(bit, 0)",
    [["2026-03-02 00:00:00.000", "1", "0", "0"]],
  ],
  [
    "select right('0' + cast(7 as varchar), 2), convert(varchar, cast('2026-03-02T10:00:00' as datetime), 126), convert(varchar(30), cast('2026-03-02T10:00:00.5' as datetime), 126)",
    [["07", "2026-03-02T10:00:00", "2026-03-02T10:00:00.500"]],
  ],
  [
    "select power(2, 5) | 1, power(cast(2 as bigint), 40), 6 ^ 3, cast('20260302' as datetime) + cast('19000101 10:30' as datetime), cast('20260302' as datetime) + 0.25",
    [["33", "1099511627776", "5", "2026-03-02 10:30:00.0000000", "2026-03-02 06:00:00.0000000"]],
  ],
  ["with Приём as (select 1 as Номер) select п.номер as Номер from приём п where [НОМЕР] = 1", [["1"]]],
  ["select case when col_length('dbo.nothing', 'x') is null then 'no' else 'yes' end, object_id('dbo.nothing')", [["no", null]]],
  ["declare @n int = 2; select top (@n) g from generate_series(1, 5) g order by g", [["1"], ["2"]]],
  ["select cast(2.9 as int), cast('7' as int), cast(0x0102 as bigint), try_cast('x' as int)", [["2", "7", "258", null]]],
  [
    "select a.n, b.m from (values (1), (2)) a(n) outer apply (select top (1) m from (values (2), (3)) v(m) where m > a.n order by m) b order by a.n",
    [
      ["1", "2"],
      ["2", "3"],
    ],
  ],
  [
    "with t as (select 1 as n union all select 2) select n, row_number() over (order by n desc) as r, count(*) over () as c from t order by n",
    [
      ["1", "2", "2"],
      ["2", "1", "2"],
    ],
  ],
  ["declare @a int = 3, @b nvarchar(10); set @b = N'б'; select @a = @a + 1; if @a > 3 select @b + cast(@a as nvarchar(2)) else select 'no'", [["б4"]]],
  ["select case when N'Иванов' like N'ив%' then 1 else 0 end", [["1"]]],
  ["exec sp_executesql N'select @p + 1', N'@p int', @p = 4", [["5"]]],
  ["set nocount on; set transaction isolation level read uncommitted; set lock_timeout 500; set deadlock_priority low; select @@lock_timeout", [["500"]]],
  ["select name, snapshot_isolation_state, is_read_committed_snapshot_on from sys.databases where name = 'CLINIC'", [["clinic", "0", "0"]]],
  ["select serverproperty('ProductVersion'), serverproperty('EngineEdition'), db_name(), @@trancount", [["15.0.4261.0", "2", "clinic", "0"]]],
];
test("T-SQL that a reader writes is understood", async (t) => {
  const client = await bench.connect(t);
  for (const [sql, rows] of spoken) {
    await client.ask("direct", sql);
    // statements before the select have answers of their own, without columns
    while ((await client.ask("columns")).length === 0) await client.ask("more");
    assert.deepEqual(await client.ask("fetch"), rows, sql);
  }
});

test("an expression keeps the type of the column it is made of", async (t) => {
  const client = await bench.connect(t);
  await client.ask("direct", "create table Sums (id int not null primary key, m money, d decimal(15,2), at datetime, n nvarchar(5), sm smallmoney)");
  await client.ask("direct", "insert into Sums values (1, 1.5, 0.1, '20260302 10:00:00.004', N'а', 2), (2, 2.25, 0.2, '20260303', N'б', 3)");
  await client.ask(
    "direct",
    `select sum(s.m) as a, max(at), isnull(sum(d), 0) as c, case when max(n) = N'б' then max(s.n) else N'' end, coalesce(min(d), 0), sum(id), sum(sm), max(n)
    from dbo.Sums s with (nolock) where id in (1, 2) having count(*) > 1 order by 1`,
  );
  assert.deepEqual(
    (await client.ask("columns")).map(([, type, size, digits]) => [type, size, digits]),
    [
      [3, 19, 4],
      [93, 23, 3],
      [2, 38, 2],
      [-9, 4000, 0],
      [2, 15, 2],
      [4, 10, 0],
      [3, 19, 4],
      [-9, 5, 0],
    ],
  );
  assert.deepEqual(await client.ask("fetch"), [["3.7500", "2026-03-03 00:00:00.000", "0.30", "б", "0.10", "3", "5.0000", "б"]]);
  assert.deepEqual(await client.rows("select isnull(m, 0) from Sums where id = 1"), [["1.5000"]]);
  await client.ask(
    "direct",
    "select null as nothing, coalesce((select max(x.m) from Sums x where x.id = s.id), 0) as m from (select id, null as y from Sums union all select 9, 1) s order by s.id",
  );
  assert.deepEqual(
    (await client.ask("columns")).map(([, type, size, digits]) => [type, size, digits]),
    [
      [4, 10, 0],
      [3, 19, 4],
    ],
  );
  assert.deepEqual(await client.ask("fetch"), [
    [null, "1.5000"],
    [null, "2.2500"],
    [null, "0.0000"],
  ]);
});

test("what an old server does not know is refused, and its version is told", async (t) => {
  const own = await bench.start(t, { year: "2008R2" });
  const client = await bench.connect(t, {}, { port: own.port });
  assert.match((await client.rows("select @@version"))[0][0], /2008 R2/);
  assert.deepEqual(await client.rows("select cast(null as int) as a, cast('2026-03-02' as date) as d"), [[null, "2026-03-02"]]);
  assert.equal((await client.fails("direct", "select g from generate_series(1, 3) g order by g offset 1 rows fetch next 1 rows only")).native, 102);
  assert.equal((await client.fails("direct", "select string_agg('a', ',')")).native, 195);
  assert.equal((await client.fails("direct", "select iif(1 = 1, 2, 3)")).native, 195);
});

test("SNAPSHOT is refused where the base does not allow it, and keeps its view where it does", async (t) => {
  const client = await bench.connect(t);
  await client.ask("direct", "create table Seen (n int)");
  await client.ask("direct", "set transaction isolation level snapshot");
  await client.ask("autocommit", false);
  assert.equal((await client.fails("direct", "select n from Seen")).native, 3952);
  const own = await bench.start(t, { snapshot: true });
  const reader = await bench.connect(t, {}, { port: own.port });
  await reader.ask("direct", "set transaction isolation level snapshot");
  await reader.ask("direct", "begin transaction");
  assert.deepEqual(await reader.rows("select count(*) from Seen"), [["0"]]);
  await (await bench.connect(t)).ask("direct", "insert into Seen values (1)");
  assert.deepEqual(await reader.rows("select count(*) from Seen"), [["0"]]);
  await reader.ask("direct", "commit");
  assert.deepEqual(await reader.rows("select count(*) from Seen"), [["1"]]);
});

test("a lock that is held too long, a deadlock's victim, hints that lock", async (t) => {
  const client = await bench.connect(t);
  const other = await bench.connect(t);
  await client.ask("direct", "create table Locked (id int not null primary key, n int)");
  await client.ask("direct", "insert into Locked values (1, 0), (2, 0)");
  for (const one of [client, other]) await one.ask("autocommit", false);
  await client.ask("direct", "update Locked set n = 1 where id = 1");
  await other.ask("direct", "set lock_timeout 200");
  assert.equal((await other.fails("direct", "update Locked set n = 2 where id = 1")).native, 1222);
  await other.ask("direct", "set lock_timeout -1");
  await other.ask("direct", "update Locked set n = 2 where id = 2");
  const both = await Promise.allSettled([
    client.ask("direct", "update Locked set n = 3 where id = 2"),
    other.ask("direct", "update Locked set n = 3 where id = 1"),
  ]);
  const victims = both.filter(({ status }) => status === "rejected");
  assert.deepEqual(
    victims.map(({ reason }) => reason.native),
    [1205],
  );
  const [lost, kept] = both[0].status === "rejected" ? [client, other] : [other, client];
  await kept.ask("rollback");
  assert.equal((await lost.fails("rollback")).native, 3903, "the victim's transaction is gone already");
  assert.deepEqual(await kept.rows("select n from Locked"), [["0"], ["0"]]);
  await client.rows("select n from Locked with (nolock, updlock) where id = 1");
  assert.deepEqual(bench.server.seen.findLast(({ hints }) => hints).hints, ["nolock", "updlock"]);
});

const change_tracking = [
  {
    match: "CHANGE_TRACKING_CURRENT_VERSION\\(\\)",
    columns: [
      ["current", "bigint"],
      ["least", "bigint"],
    ],
    rows: [[120, 100]],
  },
  { match: "CHANGETABLE\\(CHANGES .*, 90\\)", error: { number: 22105, class: 16, text: "The version is older than the least valid one." } },
  {
    match: "CHANGETABLE\\(CHANGES",
    columns: [
      ["SYS_CHANGE_VERSION", "bigint"],
      ["SYS_CHANGE_OPERATION", "nchar(1)"],
      ["id", "int", "not null"],
    ],
    rows: [
      [119, "D", 7],
      [120, "U", 8],
    ],
  },
];
test("Change Tracking tells the keys of what was committed, last change first, to whom it may", async (t) => {
  const base = await PostgresServer.make(t);
  const own = await bench.start(t, { postgres: base.url, logins: [{ user: "sa", password: "Passw0rd" }, { user: "reader", password: "r" }] });
  await own.sql("create table dbo.Visits (id int not null primary key, note varchar(20) null)");
  base.sql("create role reader; grant select on visits to reader");
  const client = await bench.connect(t, {}, { port: own.port });
  assert.deepEqual(await client.rows("select CHANGE_TRACKING_CURRENT_VERSION() as v, CHANGE_TRACKING_MIN_VALID_VERSION(object_id('dbo.Visits')) as m"), [[null, null]]);
  base.sql("insert into visits values (1, 'before')");
  base.sql("select tds_server.track_changes('Visits')");
  base.sql("insert into visits values (2, 'a'); update visits set note = 'b' where id = 2");
  base.sql("begin; delete from visits where id = 1; insert into visits values (3, 'c'); commit");
  base.sql("begin; delete from visits where id = 3; rollback");
  const changes = "select c.id, c.SYS_CHANGE_VERSION, c.SYS_CHANGE_OPERATION from CHANGETABLE(CHANGES dbo.Visits, 0) c order by c.id";
  assert.deepEqual(await client.rows(changes), [["1", "3", "D"], ["2", "2", "U"], ["3", "3", "I"]]);
  assert.deepEqual(await client.rows("select count(*) from CHANGETABLE(CHANGES Visits, 2) c where c.id <> 2"), [["2"]]);
  const reader = await bench.connect(t, { UID: "reader", PWD: "r" }, { port: own.port });
  const asked = "select CHANGE_TRACKING_CURRENT_VERSION() as v, CHANGE_TRACKING_MIN_VALID_VERSION(object_id('Visits')) as m, has_perms_by_name('Visits', 'OBJECT', 'VIEW CHANGE TRACKING') as p, (select count(*) from sys.change_tracking_tables where object_id = object_id('Visits')) as n";
  assert.deepEqual(await reader.rows(asked), [["3", null, "0", "1"]]);
  assert.equal((await reader.fails("direct", changes)).native, 229);
  base.sql("grant select on tds_server.changes_visits to reader; select tds_server.forget_changes('Visits')");
  assert.deepEqual(await reader.rows(asked), [["3", "3", "1", "1"]]);
  assert.deepEqual(await reader.rows(changes), []);
});
test("Change Tracking is scripted, beside the base", async (t) => {
  const own = await bench.start(t, { script: change_tracking });
  const client = await bench.connect(t, {}, { port: own.port });
  assert.deepEqual(await client.rows("select CHANGE_TRACKING_CURRENT_VERSION() as [current], CHANGE_TRACKING_MIN_VALID_VERSION(object_id('x')) as least"), [
    ["120", "100"],
  ]);
  await client.ask("prepare", "select c.* from CHANGETABLE(CHANGES dbo.Visits, 110) c where c.id > ?");
  await client.ask("execute", [1, 4, 0, 0, "1"]);
  assert.deepEqual(await client.ask("fetch"), [
    ["119", "D", "7"],
    ["120", "U", "8"],
  ]);
  assert.equal((await client.fails("direct", "select * from CHANGETABLE(CHANGES dbo.Visits, 90) c")).native, 22105);
  assert.deepEqual(await client.rows("select 1"), [["1"]], "the rest is the base's");
});

test("the base behind it dies: the connection ends, a new one is taken once the base is back", async (t) => {
  const base = await PostgresServer.make(t);
  const own = await bench.start(t, { postgres: base.url });
  const client = await bench.connect(t, {}, { port: own.port });
  assert.deepEqual(await client.rows("select 1"), [["1"]]);
  await base.kill();
  await client.fails("direct", "select 2");
  await base.start();
  assert.deepEqual(await (await bench.connect(t, {}, { port: own.port })).rows("select 3"), [["3"]]);
});

test("a vendor's own counter of rowversions is the one that is told", async (t) => {
  const base = await PostgresServer.make(t);
  const own = await bench.start(t, { postgres: base.url, logins: [{ user: "reader", password: "r" }] });
  base.sql("create sequence tds.dbts start 5001; create role reader; select nextval('tds.dbts')");
  const client = await bench.connect(t, { UID: "reader", PWD: "r" }, { port: own.port });
  assert.deepEqual(
    await client.rows(
      "select cast(@@dbts as bigint), cast(min_active_rowversion() as bigint), (select count(*) from sys.databases where create_date < getdate())",
    ),
    [["5001", "5002", "1"]],
  );
});

test("a table that changes past the server is seen as it is now", async (t) => {
  const client = await bench.connect(t);
  bench.postgres.sql('create domain tds."varchar(7)" as varchar(7); create table past (a int); insert into past values (1)');
  assert.deepEqual(await client.rows("select * from past"), [["1"]]);
  bench.postgres.sql('alter table past add column b tds."varchar(7)" default $$x$$; create role later; grant select on past to later');
  assert.deepEqual(await client.rows("select * from past"), [["1", "x"]]);
  assert.deepEqual((await client.ask("columns"))[1], ["b", 12, 7, 0, 1]);
  bench.postgres.sql('drop table past; create table past ("Mixed Case" tds.money not null); insert into past values (2)');
  assert.deepEqual(await client.rows("select [mixed case] from Past"), [["2.0000"]]);
  assert.equal((await client.ask("columns"))[0][0], "Mixed Case");
  bench.postgres.sql("set search_path = tds, public; create table beside_the_domains (id int); insert into beside_the_domains values (7)");
  assert.deepEqual(await client.rows("select ID from dbo.Beside_The_Domains"), [["7"]]);
});

test("what a driver prepares before it knows the parameters' types", async (t) => {
  const client = await bench.connect(t);
  await client.ask("direct", "create table Keyed (id int not null primary key, at datetime not null, rv rowversion not null, g uniqueidentifier, sum1 money)");
  await client.ask("direct", "insert into Keyed (id, at, sum1) values (1, '20260301', 5), (2, '20260302', 6), (3, '20260302', 7)");
  for (const [sql, parameters, rows] of [
    ["select top (?) id from Keyed order by id", [[1, 4, 0, 0, "2"]], [["1"], ["2"]]],
    [
      "select id from Keyed where at > ? or (at = ? and id > ?) order by at, id",
      [
        [1, 93, 23, 3, "2026-03-02 00:00:00.000"],
        [1, 93, 23, 3, "2026-03-02 00:00:00.000"],
        [1, 4, 0, 0, "2"],
      ],
      [["3"]],
    ],
    [
      "select id from Keyed where (? is null or id in (?, ?)) and sum1 between ? and ? order by id",
      [null, "1", "2", [1, 3, 19, 4, "5.5"], [1, 3, 19, 4, "6.5"]],
      [["2"]],
    ],
    [
      "select id from Keyed where rv > ? and at >= dateadd(day, ?, '20260303') order by id",
      [
        [-2, -2, 8, 0, "0000000000000000"],
        [1, 4, 0, 0, "-1"],
      ],
      [["2"], ["3"]],
    ],
  ]) {
    await client.ask("prepare", sql);
    assert.ok((await client.ask("columns")).length > 0, sql);
    await client.ask("execute", ...parameters);
    assert.deepEqual(await client.ask("fetch"), rows, sql);
  }
});
