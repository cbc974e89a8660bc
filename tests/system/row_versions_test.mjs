// A stamp that is a row version, over the wire of SQL Server (tests/support/tds): slices end where open transactions begin, so nothing overlaps and nothing that commits late is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./clinic.mjs";
import { SqlClinic } from "./sql_clinic.mjs";

const TABLE = `
create table dbo.USLUGI (id int not null primary key, pat int not null, dt datetime not null, summa money not null, rv rowversion not null)
go
create index USLUGI_RV on dbo.USLUGI (rv)
`;
const STREAMS = {
  procedure: {
    yaml: "key: U.ID\ncolumns: {id: integer, pat: integer, dt: timestamp, summa: decimal}\nstamps: [{column: U.RV, token: true}]",
    fetch: "select U.ID, U.PAT, U.DT, U.SUMMA from USLUGI U where {slice}",
    map: "select id as source_id, pat as patient_source_id, local_ts(null, dt) as performed_at, 'T1' as service_code, 'Лечение' as service_name, 1 as quantity, money(summa) as total from rows",
  },
};
const row = (id) => `insert into uslugi (id, pat, dt, summa) values (${id}, ${100 + (id % 7)}, localtimestamp(0) - interval '90 days', ${id});`;

for (const snapshot of [false, true])
  test(`a row committed late under a lower row version is not lost, ${snapshot ? "in snapshots" : "read committed"}`, async (t) => {
    const clinic = await SqlClinic.make(t, { streams: STREAMS, standin: { snapshot } });
    await clinic.tds.sql(TABLE);
    clinic.postgres.sql(Array.from({ length: 40 }, (_, index) => row(index + 1)).join("\n"));
    const checked = await clinic.command("check");
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    assert.match(checked.stdout, /procedure +40 .*stamp 0 by index/, checked.stdout);
    let told = 0;
    const sync = async () => {
      const ran = await clinic.command("sync", "--once");
      assert.equal(ran.code, 0, ran.stdout + ran.stderr);
      const events = (await clinic.command("events", "--limit", "5000", "--json")).json.filter((event) => /procedure\./.test(event.type));
      const news = events.slice(told).map((event) => `${event.type.replace(/^.*procedure\.(\w+).*$/, "$1")} ${(event.data.procedure?.total?.minor ?? 0) / 100}`);
      told = events.length;
      return news;
    };
    assert.equal((await sync()).length, 40);

    const late = clinic.postgres_session(`begin; update uslugi set summa = 501 where id = 1; ${row(41)}`);
    await until("it has written", () => Number(clinic.postgres.sql("select count(*) from pg_locks where locktype = 'advisory' and classid = 7410")[0][0]) > 0);
    clinic.postgres.sql(`update uslugi set summa = 502 where id = 2; ${row(42)}`);
    assert.deepEqual(await sync(), [], "what is above the open transaction waits for it");
    clinic.postgres.sql("update uslugi set summa = 503 where id = 3;");
    late.stdin.end("commit;\n");
    await new Promise((resolve) => late.on("close", resolve));
    const news = await sync();
    const performed = news.filter((line) => line.startsWith("performed")).map((line) => Number(line.split(" ")[1]));
    assert.deepEqual(performed.sort((one, other) => one - other), [41, 42, 501, 502, 503], news.join(" · "));

    clinic.tds.seen.length = 0;
    assert.deepEqual(await sync(), []);
    const asked = clinic.tds.seen.map((record) => JSON.stringify(record, (_, value) => (typeof value === "bigint" ? String(value) : value))).filter((text) => /uslugi/i.test(text) && /binary\(8\)/i.test(text));
    assert.deepEqual(asked, [], "while nothing is written, no rows are asked for");

    // An older base put back: its counter is behind ours.
    clinic.postgres.sql("select setval('tds_server.rowversions', 2001); update uslugi set summa = 504 where id = 4;");
    assert.ok((await sync()).some((line) => line === "performed 504"), "everything is compared once");
    clinic.postgres.sql("update uslugi set summa = 505 where id = 5; delete from uslugi where id = 6;");
    assert.ok((await sync()).some((line) => line === "performed 505"), "and the new counter is followed");
    const compared = await clinic.command("reconcile");
    assert.match(compared.stdout, /mis +procedure +41 +0 +0 +1 .*mended now/, compared.stdout + compared.stderr); // the deletion
  });
