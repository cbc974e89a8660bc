// Change Tracking of SQL Server, over its wire (tests/support/tds; nothing of it was seen on a real server): edits without a stamp and deletions outside any window
// are seen by the next poll, a list that broke off is replaced by a comparison, and who may not ask is told what to grant.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SqlClinic } from "./sql_clinic.mjs";

const TABLES = `
create table dbo.USLUGI (id int not null primary key, pat int not null, dt datetime not null, summa money not null, changed datetime not null)
go
create table dbo.CHASTI (id int not null primary key, usluga int not null, summa money not null)
go
create index USLUGI_CHANGED on dbo.USLUGI (changed)
`;
const STREAMS = {
  procedure: {
    yaml: `key: U.ID\ncolumns: {id: integer, pat: integer, dt: timestamp, summa: decimal}\nstamps: [U.CHANGED]\ntracked: [USLUGI, CHASTI.USLUGA]`,
    fetch: "select U.ID, U.PAT, U.DT, U.SUMMA + coalesce((select sum(C.SUMMA) from CHASTI C where C.USLUGA = U.ID), 0) as SUMMA from USLUGI U where {slice}",
    map: "select id as source_id, pat as patient_source_id, local_ts(null, dt) as performed_at, 'T1' as service_code, 'Лечение' as service_name, 1 as quantity, money(summa) as total from rows",
  },
};
const row = (id) => `insert into uslugi values (${id}, ${100 + (id % 7)}, current_date - interval '90 days', ${id}, localtimestamp(0) - interval '80 days');`;

async function made(t, standin = {}) {
  const clinic = await SqlClinic.make(t, { streams: STREAMS, standin: { ...standin, logins: [{ user: "sa", password: "Passw0rd" }, { user: "mis_gateway", password: "Passw0rd" }] }, settings: { user: "mis_gateway" } });
  await clinic.tds.sql(TABLES);
  clinic.postgres.sql(Array.from({ length: 40 }, (_, index) => row(index + 1)).join("\n"));
  clinic.postgres.sql("create role mis_gateway; grant select on uslugi, chasti to mis_gateway");
  let told = 0;
  clinic.sync = async () => {
    const ran = await clinic.command("sync", "--once");
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
    const events = (await clinic.command("events", "--limit", "5000", "--json")).json.filter((event) => /procedure\./.test(event.type));
    const news = events.slice(told).map((event) => `${event.type.replace(/^.*procedure\.(\w+).*$/, "$1")} ${(event.data.procedure?.total?.minor ?? event.data.total?.minor ?? 0) / 100}`);
    told = events.length;
    return news;
  };
  // Whether a list was asked for since this was called last.
  const text_of = (record) => JSON.stringify(record, (_, value) => (typeof value === "bigint" ? String(value) : value));
  clinic.any_list_asked = () => clinic.tds.seen.splice(0).some((record) => /changetable/i.test(text_of(record)));
  return clinic;
}

for (const snapshot of [true, false])
  test(`what the server lists as written or deleted is read again, ${snapshot ? "in snapshots" : "read committed"}`, async (t) => {
    const clinic = await made(t, { snapshot });
    clinic.postgres.sql("select tds_server.track_changes('uslugi'), tds_server.track_changes('chasti'); grant select on tds_server.changes_uslugi, tds_server.changes_chasti to mis_gateway");
    const checked = await clinic.command("check");
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    assert.match(checked.stdout, /procedure +40 .*stamp 0 by index.*changes of USLUGI, CHASTI are told/i, checked.stdout);
    assert.doesNotMatch(checked.stdout, /grant view change tracking/);
    assert.equal((await clinic.sync()).length, 40);

    clinic.any_list_asked();
    clinic.postgres.sql("update uslugi set summa = 501 where id = 1; delete from uslugi where id = 2; insert into chasti values (1, 3, 100)");
    const news = await clinic.sync();
    assert.deepEqual(news.filter((line) => line.startsWith("performed")).sort(), ["performed 103", "performed 501"], news.join(" · "));
    assert.equal(news.filter((line) => line.startsWith("reversed")).length, 3, `two for what stood before, one for the deleted: ${news.join(" · ")}`);
    assert.ok(clinic.any_list_asked());
    assert.deepEqual(await clinic.sync(), []);
    assert.equal(clinic.any_list_asked(), false, "while nothing is committed, nothing is asked");

    // deleted, and there again: nobody may think it gone
    clinic.postgres.sql(`delete from uslugi where id = 4; ${row(4)}`);
    assert.deepEqual(await clinic.sync(), []);
    const compared = await clinic.command("reconcile");
    assert.match(compared.stdout, /mis +procedure +39 +0 +0 +0/, compared.stdout + compared.stderr);
  });

test("a list that does not reach back far enough is replaced by one comparison of everything", async (t) => {
  const clinic = await made(t, { snapshot: true });
  clinic.postgres.sql("select tds_server.track_changes('uslugi'); grant select on tds_server.changes_uslugi to mis_gateway");
  assert.equal((await clinic.sync()).length, 40);
  clinic.postgres.sql("update uslugi set summa = 501 where id = 1; delete from uslugi where id = 2; select tds_server.forget_changes('uslugi')");
  const news = await clinic.sync();
  assert.ok(news.includes("performed 501"), news.join(" · "));
  assert.equal(news.filter((line) => line.startsWith("reversed")).length, 2, news.join(" · "));
  clinic.postgres.sql("delete from uslugi where id = 3");
  assert.equal((await clinic.sync()).length, 1, "and the list is followed again");

  // Switched off and on: what happened in between nobody told.
  clinic.postgres.sql("select tds_server.stop_tracking('uslugi')");
  clinic.postgres.sql("delete from uslugi where id = 4");
  assert.deepEqual(await clinic.sync(), [], "without a list the deletion waits for the night");
  clinic.postgres.sql("select tds_server.track_changes('uslugi'); grant select on tds_server.changes_uslugi to mis_gateway");
  assert.equal((await clinic.sync()).length, 1);
});

test("without the right, or without tracking, the other ways are gone, and check says what to grant", async (t) => {
  const clinic = await made(t, { snapshot: true });
  let checked = await clinic.command("check");
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  assert.doesNotMatch(checked.stdout, /change tracking|are told/i, "nobody has switched it on");
  clinic.postgres.sql("select tds_server.track_changes('uslugi')");
  checked = await clinic.command("check");
  assert.match(checked.stdout + checked.stderr, /stream procedure: Change Tracking of USLUGI is on, but this login may not ask.*grant view change tracking on USLUGI to mis_gateway/i);
  assert.equal((await clinic.sync()).length, 40);
  clinic.any_list_asked();
  clinic.postgres.sql("delete from uslugi where id = 2; update uslugi set summa = 501, changed = date_trunc('second', localtimestamp) where id = 1");
  assert.ok((await clinic.sync()).includes("performed 501"), "stamps go on");
  assert.equal(clinic.any_list_asked(), false);
  const compared = await clinic.command("reconcile");
  assert.match(compared.stdout, /mis +procedure +39 +0 +0 +1/, compared.stdout + compared.stderr);
});
