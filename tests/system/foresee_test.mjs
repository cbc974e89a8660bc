// What `check` foresees: everything that `run` and `sync` would refuse, ids that somebody configured and the base does not have, codes that no field knows.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { program } from "./clinic.mjs";
import { Invented, LINES } from "./invented.mjs";

const refused_by_both = (clinic, pattern) => {
  const told = clinic.command("check");
  assert.equal(told.code, 1, told.stdout + told.stderr);
  assert.match(told.stderr, pattern);
  const synced = clinic.command("sync", "--once");
  assert.notEqual(synced.code, 0, synced.stdout);
  return synced;
};

test("an older store put back, a sink taken out, another base: check says what sync refuses", async (t) => {
  const clinic = Invented.make(t, LINES);
  assert.equal(clinic.command("sync", "--once").code, 0);
  clinic.copy("store", "older");
  clinic.sql("insert into USL values (2, 77, 'yesterday', 700, dateadd(1 second to current_timestamp))");
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(clinic.command("sync", "--once").code, 0);
  assert.equal(clinic.command("check").code, 0, "the newest copy is fine");

  clinic.copy("store", "newest");
  rmSync(join(clinic.folder, "store"), { recursive: true });
  clinic.copy("older", "store");
  refused_by_both(clinic, /sink event-log: .*the sink is ahead of this store/);
  rmSync(join(clinic.folder, "store"), { recursive: true });
  clinic.copy("newest", "store");

  clinic.write_config({ clinic: { id: "other-clinic", timezone: "Europe/Moscow" } });
  refused_by_both(clinic, /clinic/);
  clinic.write_config();

  const own = clinic.base;
  renameSync(own, `${own}.own`);
  clinic.make_base(own, LINES.base);
  refused_by_both(clinic, /gateway\.yaml:\d+: sources\[0\]\.firebird\.database: source mis: this is another base than the one read so far/);
  const held = clinic.command("check");
  assert.match(held.stderr, /source mis: held: /, "the hold that the pass has made is a problem, not a remark");
  rmSync(own);
  renameSync(`${own}.own`, own);
  clinic.command("sync", "--once");
  assert.equal(clinic.command("check").code, 0, "the right base again");
});

test("configured ids are compared with the base: branches and the lists of a site", async (t) => {
  const clinic = Invented.make(t, {
    base:
      "create table FIL (ID integer not null primary key, N varchar(20));\ncreate table ZAP (ID integer not null primary key, FIL integer, DT timestamp, AGR integer);\ncommit;\n" +
      "insert into FIL values (1, 'Первый');\ninsert into FIL values (2, 'Второй');\ninsert into ZAP values (1, 2, '2026-12-01 10:00', 7);\n",
    site: '{barter_types: ""}',
    streams: {
      branch: { yaml: "key: F.ID\ncolumns: {id: integer, n: text}", fetch: "select F.ID, F.N from FIL F where {slice}", map: "select id as source_id, n as name from rows" },
      appointment: {
        yaml: "key: Z.ID\ncolumns: {id: integer, fil: integer, dt: timestamp, agr: integer}",
        fetch: "select Z.ID, Z.FIL, Z.DT, Z.AGR from ZAP Z where {slice}",
        map:
          "select id as source_id, fil as branch_source_id, local_ts(fil, dt) as starts_at, local_ts(fil, dt) as ends_at, 'booked' as status, " +
          "case when instr(',' || site('barter_types') || ',', ',' || agr || ',') > 0 then 'barter' end as room from rows",
      },
    },
  });
  const branches = { "02": "Asia/Yekaterinburg", 1: "Europe/Moscow" };
  const sources = [clinic.source({ site: { barter_types: "7,77" } })];
  clinic.write_config({ clinic: { id: "test-clinic", timezone: "Europe/Moscow", branches }, sources });
  const told = clinic.command("check");
  assert.equal(told.code, 0, told.stderr);
  assert.match(told.stdout, /WARNING .*gateway\.yaml:\d+: clinic\.branches.*: no branch of the MIS has the id '02', so its zone has no effect: did you mean '2'\?/);
  assert.doesNotMatch(told.stdout, /the id '1'/);
  assert.match(told.stdout, /WARNING .*site\.barter_types: no row has '77' in appointment\.agr, so it has no effect: did you mean '7'\?/);
  assert.doesNotMatch(told.stdout, /no row has '7' /);
});

test("codes are checked in every branch of a map, the site's as the connector's", async (t) => {
  const clinic = Invented.make(t, {
    base: "create table S (ID integer not null primary key, AMT numeric(12,2), D date, M varchar(5));\ncommit;\ninsert into S values (1, 1, current_date, 'Z');\n",
    codes: "meth,K,card,\nkind,Z,paymnet,typo behind a case\ndeep,A,crad,behind three\n",
    streams: {
      payment: {
        yaml: "key: S.ID\ncolumns: {id: integer, amt: decimal, d: date, m: text}",
        fetch: "select S.ID, S.AMT, S.D, S.M from S where {slice}",
        map:
          "select id as source_id, '18' as patient_source_id, local_ts(null, d) as paid_at, money(amt) as amount, case when amt < 0 then 'refund' else code('kind', m) end as kind, " +
          "coalesce(case when m = 'A' then iif(amt > 5, 'cash', (code('deep', m))) end, code('meth', m)) as method from rows",
      },
    },
  });
  const site_codes = join(clinic.folder, "site.csv");
  writeFileSync(site_codes, "list,mis_code,canonical,comment\nmeth,Z,cahs,typo\nmethh,Y,cash,no such list\n");
  clinic.write_config({ sources: [clinic.source({ codes_file: site_codes })] });
  const tested = spawnSync(program("mis-gateway"), ["connector", "test", clinic.connector], { env: clinic.environment, encoding: "utf8" });
  const test_output = tested.stdout + tested.stderr;
  const told = clinic.command("check");
  assert.equal(told.code, 1, told.stdout);
  for (const [where, text] of [
    [/codes\.csv:3/, "paymnet"],
    [/codes\.csv:4/, "crad"],
  ]) {
    assert.match(told.stderr, where);
    assert.ok(told.stderr.includes(`'${text}'`), told.stderr);
    assert.ok(test_output.includes(text), test_output);
  }
  assert.match(told.stderr, /site\.csv:2: 'cahs' \(code 'Z' of list 'meth'\) is no method of payment: write one of .*cash/);
  assert.match(told.stderr, /site\.csv:3: list 'methh' is asked for by no map: did you mean 'meth'\?/);
  appendFileSync(site_codes, "meth,Z,card,twice\n");
  assert.match(clinic.command("check").stderr, /site\.csv:4: code `Z` of list `meth` stands there twice/);
});

test("discover lists types, keys and indexes, names as they must be written", async (t) => {
  const clinic = Invented.make(t, { ...LINES, base: `${LINES.base}create table "price list" ("id" integer not null primary key, "Имя" varchar(20));\n` });
  const text = clinic.command("discover", "mis").stdout;
  assert.match(text, /^USL\n.*\n {2}ID +INTEGER +key\n/m);
  assert.match(text, /SUMMA +NUMERIC\(15,2\)/);
  assert.match(text, / {2}index USL_CH \(CH\)/);
  assert.match(text, /^"price list"\n.*\n {2}"id" +INTEGER +key\n {2}"Имя" +VARCHAR\(20\) of UTF8\n {2}key \("id"\)/m);
  const [found] = clinic.command("discover", "mis", "--like", "имя", "--json").json;
  assert.equal(found.written, '"price list"');
  assert.deepEqual(found.columns.map((column) => [column.written, column.type]), [['"Имя"', "VARCHAR(20) of UTF8"]]);
  assert.deepEqual(found.key, ["id"]);
});
