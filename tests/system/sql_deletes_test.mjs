// Deletions that a base notes (`deletes`): believed of no note, found outside of every window. And lines that a period's import deletes and writes anew under new ids.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SqlClinic, vendor_base } from "./sql_clinic.mjs";

// A stream of procedures, and what came since the last call: "performed 10", "reversed 10".
function follow(clinic) {
  let told = 0;
  return async () => {
    const ran = await clinic.command("sync", "--once");
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
    const events = (await clinic.command("events", "--limit", "5000", "--json")).json.filter((event) => /procedure\./.test(event.type));
    return events.splice(told, (told = events.length)).map((event) => `${event.type.replace(/^.*procedure\.(\w+).*$/, "$1")} ${event.data.procedure?.source_id ?? event.data.source_id ?? event.data.reverses?.source_id ?? ""}`.trim());
  };
}

const TABLES = `
create table dbo.USLUGI (id int not null primary key, pat int not null, dt datetime not null, summa money not null, changed datetime not null)
go
create index USLUGI_CHANGED on dbo.USLUGI (changed)
go
create table dbo.SLED (n int not null primary key, tab varchar(40) not null, kod varchar(20) null, kogda datetime not null)
go
create index SLED_KOGDA on dbo.SLED (kogda)
`;
const STREAMS = {
  procedure: {
    yaml: 'key: U.ID\ncolumns: {id: integer, pat: integer, dt: timestamp, summa: decimal}\nstamps: [U.CHANGED]\ndeletes: {key: "{site:noted:X:SLED|}", column: X.KOGDA}',
    fetch: "select U.ID, U.PAT, U.DT, U.SUMMA from USLUGI U where {slice}",
    map: "select id as source_id, pat as patient_source_id, local_ts(null, dt) as performed_at, 'T1' as service_code, 'Лечение' as service_name, 1 as quantity, money(summa) as total from rows",
    deletes: "select {site:noted:X:SLED|null} as ID from SLED X where X.TAB = 'USLUGI' and {slice}",
  },
};
const LONG_AGO = "date_trunc('second', localtimestamp) - interval '80 days'";

for (const as of ["sql_server", "postgresql"])
  test(`a noted deletion is asked for again, and what stands stays, as ${as}`, async (t) => {
    const clinic = await SqlClinic.make(t, { as, streams: STREAMS, site: "{noted: KOD}" });
    if (as === "sql_server") await clinic.tds.sql(TABLES);
    else clinic.postgres.sql(TABLES.replaceAll("\ngo\n", ";\n").replaceAll("dbo.", "").replaceAll("datetime", "timestamp").replaceAll("money", "numeric(19,4)"));
    clinic.postgres.sql(`insert into uslugi select n, 100 + n % 7, ${LONG_AGO}, n, ${LONG_AGO} from generate_series(1, 40) n`);
    const checked = await clinic.command("check");
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    assert.match(checked.stdout, /procedure +40 .*deletions are noted/, checked.stdout);
    const sync = follow(clinic);
    assert.equal((await sync()).length, 40);
    const noted = (n, key) => `insert into sled values (${n}, 'USLUGI', ${key}, date_trunc('second', localtimestamp));`;
    clinic.postgres.sql(`delete from uslugi where id in (2, 3); ${noted(1, "'2'")} ${noted(2, "'5'")} ${noted(3, "'777'")} ${noted(4, "null")} insert into sled values (5, 'DRUGIE', '6', date_trunc('second', localtimestamp))`);
    const news = await sync();
    assert.equal(news.length, 1, news.join(" · "));
    assert.match(news[0], /^reversed/);
    assert.deepEqual(await sync(), [], "the same notes again say nothing new");
    const compared = await clinic.command("reconcile");
    assert.match(compared.stdout, /mis +procedure +38 +0 +0 +1/, `only what nobody noted was left to the night: ${compared.stdout}${compared.stderr}`);
  });

test("who has not said where the base notes deletions, or may not read it, is not left without his rows unawares", async (t) => {
  const clinic = await SqlClinic.make(t, { streams: STREAMS, site: '{noted: ""}', standin: { logins: [{ user: "sa", password: "Passw0rd" }, { user: "mis_gateway", password: "Passw0rd" }] }, settings: { user: "mis_gateway" } });
  await clinic.tds.sql(TABLES);
  clinic.postgres.sql(`insert into uslugi select n, 100 + n % 7, ${LONG_AGO}, n, ${LONG_AGO} from generate_series(1, 40) n; create role mis_gateway; grant select on uslugi to mis_gateway`);
  const sync = follow(clinic);
  assert.equal((await sync()).length, 40, "nothing is asked of the notes");
  clinic.write_connector(STREAMS, "", "{noted: KOD}");
  const checked = await clinic.command("check");
  assert.notEqual(checked.code, 0);
  assert.match(checked.stdout + checked.stderr, /procedure: site value noted: this login sees no table SLED: grant select on it/);
  clinic.postgres.sql("grant select on sled to mis_gateway");
  assert.equal((await clinic.command("check")).code, 0);
});

const SITE = { delete_trace_record: "REC_ID", delete_trace_table: "TABLE_NAME" };
const bill = (id, days) => `insert into fm_bill (fm_bill_id, bill_date, patients_id, medecins1_id) values (${id}, date_trunc('second', localtimestamp) - interval '${days} days', 1001, 101);`;
const line = (id, of, price) =>
  `insert into fm_billdet (fm_billdet_id, fm_bill_id, patients_id, fm_serv_id, medecins_id, cnt, price, total_price, price_to_pay, done, cancel, krn_create_date) values (${id}, ${of}, 1001, 301, 101, 1, ${price}, ${price}, ${price}, 1, 0, date_trunc('second', localtimestamp));`;

for (const kept of [true, false])
  test(`medialog: a line deleted long after its day, the trace ${kept ? "kept" : "not kept"}`, async (t) => {
    const clinic = await SqlClinic.make(t, { as: "sql_server", connector: "medialog", base: vendor_base("medialog", "sql_server") });
    const source = clinic.source.bind(clinic);
    clinic.source = (settings) => ({ ...source(settings), site: kept ? SITE : {} });
    clinic.write_config();
    const sync = follow(clinic);
    assert.ok((await sync()).length > 3);
    clinic.postgres.sql("delete from fm_billdet where fm_billdet_id = 907; insert into krn_sys_delete_trace values (2, 'FM_BILLDET', 907, date_trunc('second', localtimestamp)), (3, 'FM_BILLDET', 908, date_trunc('second', localtimestamp))");
    const news = await sync();
    assert.deepEqual(news.map((text) => text.split(" ")[0]), kept ? ["reversed"] : [], news.join(" · "));
    const compared = await clinic.command("reconcile");
    assert.match(compared.stdout, kept ? /procedure +\d+ +0 +0 +0 / : /procedure +\d+ +0 +0 +1 /, compared.stdout + compared.stderr);
    assert.deepEqual((await sync()).length, kept ? 0 : 1);
  });

test("medialog: an import of coupons deletes a period and writes it anew: each line goes once and comes once, whatever is kept of it", async (t) => {
  const clinic = await SqlClinic.make(t, { as: "sql_server", connector: "medialog", base: vendor_base("medialog", "sql_server") });
  clinic.postgres.sql([bill(870, 20), ...[1, 2, 3, 4].map((n) => line(2000 + n, 870, 100 * n))].join("\n"));
  const sync = follow(clinic);
  const first = await sync();
  assert.ok(first.length >= 4);
  clinic.postgres.sql(`begin; delete from fm_billdet where fm_bill_id = 870; delete from fm_bill where fm_bill_id = 870; ${[bill(880, 20), ...[1, 2, 3, 4].map((n) => line(3000 + n, 880, 100 * n))].join("\n")} commit;`);
  const news = await sync();
  assert.deepEqual(news.map((text) => text.split(" ")[0]).sort(), ["performed", "performed", "performed", "performed", "reversed", "reversed", "reversed", "reversed"], news.join(" · "));
  assert.deepEqual(await sync(), []);
  const compared = await clinic.command("reconcile");
  assert.match(compared.stdout, /procedure +\d+ +0 +0 +0 /, compared.stdout + compared.stderr);
  assert.deepEqual(await sync(), []);
});
