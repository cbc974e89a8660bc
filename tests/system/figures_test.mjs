// Every figure and every reason that the running gateway shows is shown here by what it stands for: a row that cannot be read, an order without a patient …
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "./clinic.mjs";
import { Invented, LINES } from "./invented.mjs";

const http = { listen: "127.0.0.1:0" };
const metric = (name, labels = "") => `mis_gateway_${name}${labels && `{${labels}}`}`;
const stream = (name) => `source="mis",stream="${name}"`;
const wait_for = async (clinic, what, condition) => until(what, async () => condition(await clinic.gateway.metrics()));
const reason_of = async (clinic, part) => (await clinic.gateway.health()).reasons.find((one) => one.part === part)?.reason;

test("rows that cannot be read, a stream that cannot, codes, orders, messages, backups: metric and reason of each", async (t) => {
  const clinic = Invented.make(t, {
    base: `${LINES.base}create table PAY (ID integer not null primary key, DAY_AT varchar(20), S numeric(12,2));\ncommit;\ninsert into PAY values (1, '2026-03-02', 100);\ninsert into PAY values (2, 'yesterday', 50);\n`,
    streams: {
      ...LINES.streams,
      payment: {
        yaml: "key: P.ID\ncolumns: {id: integer, day_at: text, s: decimal}", fetch: "select P.ID, P.DAY_AT, P.S from PAY P where {slice}",
        map: "select id as source_id, '77' as patient_source_id, local_ts(null, day_at) as paid_at, money(s) as amount, 'payment' as kind from rows",
      },
      service: { yaml: "key: N.ID\ncolumns: {id: integer}", fetch: "select N.ID from NOWHERE N where {slice}", map: "select id as source_id, id as code, 'x' as name from rows" },
    },
  });
  const passphrase_file = join(clinic.folder, "passphrase");
  writeFileSync(passphrase_file, "correct horse battery staple\n", { mode: 0o600 });
  clinic.write_config({ http, backup: { folder: join(clinic.folder, "backups"), passphrase_file } });
  const message = join(clinic.folder, "messages.jsonl");
  const order = {
    type: "order.placed", id: "m1", order: "O1", consent: { given_at: "2026-03-01T10:00:00+03:00", ground: "invented" }, patient: { phone: "+7 900 000-00-01", last_name: "Тестова" },
    items: [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: { minor: 100, currency: "RUB" } }],
  };
  writeFileSync(message, `${JSON.stringify(order)}\n${JSON.stringify({ type: "order.placed", id: "m2" })}\n`);
  assert.equal(clinic.command("inbox", "push", message).code, 1, "one of the two is refused");

  await clinic.gateway.start();
  const values = await wait_for(clinic, "a pass is over, and its meaning", (all) =>
    all[metric("rows_total", `${stream("payment")},outcome="scanned"`)] > 0 && all[metric("unmapped_codes")] > 0 ? all : undefined);
  assert.equal(values[metric("quarantined_rows")], 1, "the payment of a day that is none");
  assert.equal(values[metric("stream_quarantined_rows", stream("payment"))], 1);
  assert.equal(values[metric("stream_degraded", stream("service"))], 1);
  assert.equal(values[metric("stream_degraded", stream("procedure"))], 0);
  assert.equal(values[metric("unmapped_codes")], 1, "T-1");
  assert.equal(values[metric("orders_waiting")], 1);
  assert.equal(values[metric("inbox_accepted_total", 'type="order.placed"')], 1);
  assert.equal(Object.entries(values).filter(([name]) => name.startsWith("mis_gateway_inbox_refused_total")).reduce((sum, [, value]) => sum + value, 0), 1);
  assert.equal(values[metric("store_working")], 1);
  assert.equal(values[metric("reading_paused")], 0);
  assert.equal(values[metric("backup_timestamp_seconds")], 0);
  assert.ok(Math.abs(values[metric("start_timestamp_seconds")] - Date.now() / 1000) < 120);
  await wait_for(clinic, "everything has its meaning", (all) => all[metric("groups_pending")] === 0);
  assert.match(await reason_of(clinic, "orders"), /1 wait for their patient: see `mis-gateway order list`/);
  assert.match(await reason_of(clinic, "codes"), /1 have no national code: see `mis-gateway map-code`/);
  assert.match(await reason_of(clinic, "backup"), /there is none: run `mis-gateway backup`/);
  assert.match(await reason_of(clinic, "source mis, stream service"), /NOWHERE/);

  const made = clinic.command("backup", join(clinic.folder, "copy.backup")); // by backup.passphrase_file
  assert.equal(made.code, 0, made.stderr);
  await wait_for(clinic, "the backup is seen", (all) => all[metric("backup_timestamp_seconds")] > 0);
  await until("and no longer missed", async () => (await reason_of(clinic, "backup")) === undefined);
  clinic.sql("update PAY set DAY_AT = '2026-03-03' where ID = 2");
  await wait_for(clinic, "the mended row leaves quarantine", (all) => all[metric("quarantined_rows")] === 0);
  assert.equal((await clinic.gateway.metrics())[metric("stream_quarantined_rows", stream("payment"))], 0, "told as 0, not left out");
  assert.equal(await clinic.gateway.stop(), 0);

  clinic.alter_store(`update store_meta set value = value - ${3 * 3_600_000_000} where key = 'last_backup_us'`);
  for (const [age_hours_max, reason] of [[2, "the newest is 3 h old: run `mis-gateway backup`"], [4, undefined]]) {
    clinic.write_config({ http, backup: { folder: join(clinic.folder, "backups"), passphrase_file, age_hours_max } });
    await clinic.gateway.start();
    assert.equal(await reason_of(clinic, "backup"), reason, `backup.age_hours_max: ${age_hours_max}`);
    assert.equal(await clinic.gateway.stop(), 0);
  }
});

test("rows that vanished are held for a human: hold_share_percent, hold_count_min, metric and reason", async (t) => {
  const clinic = Invented.make(t, {
    base: "create table D (ID integer not null primary key, N varchar(20));\ncommit;\ninsert into D values (1, 'a');\ninsert into D values (2, 'b');\ninsert into D values (3, 'c');\ninsert into D values (4, 'd');\n",
    streams: { practitioner: { yaml: "key: D.ID\ncolumns: {id: integer, n: text}", fetch: "select D.ID, D.N from D where {slice}", map: "select id as source_id, n as name from rows" } },
  });
  clinic.write_config({ http, sources: [clinic.source({ hold_share_percent: 40, hold_count_min: 1 })] });
  assert.equal(clinic.command("sync", "--once").code, 0);
  clinic.sql("delete from D where ID > 1");
  await clinic.gateway.start();
  await wait_for(clinic, "the stream is held", (all) => all[metric("held_streams")] === 1);
  assert.match(await reason_of(clinic, "holds"), /1 streams wait for a decision: see `mis-gateway hold list`/);
  assert.equal(await clinic.gateway.stop(), 0);
  assert.match(clinic.command("hold", "list").stdout, /practitioner/);
  clinic.write_config({ sources: [clinic.source({ hold_share_percent: 90, hold_count_min: 1 })] });
  assert.equal(clinic.command("hold", "release", "mis", "practitioner").code, 0);
  assert.equal(clinic.command("sync", "--once").code, 0);
  assert.doesNotMatch(clinic.command("hold", "list").stdout, /practitioner/);
});

test("what nobody takes stops the reading: limits.outbox_events_max, metric and reason", async (t) => {
  const clinic = Invented.make(t, {
    ...LINES,
    base:
      "create table USL (ID integer not null primary key, PAT integer, DT timestamp, SUMMA numeric(15,2), CH timestamp);\ncreate index USL_CH on USL (CH);\ncommit;\nset term ^;\n" +
      "execute block as declare I integer = 0; begin while (I < 1500) do begin I = I + 1; insert into USL values (:I, :I, 'yesterday', 100, 'now'); end end^\nset term ;^\n",
  });
  const sink = { name: "exchange", webhook: { url: "http://127.0.0.1:9/nobody", secret_files: [clinic.secret_file] } };
  clinic.write_config({ http, sinks: [sink], limits: { free_disk_bytes_min: 1_000_000, outbox_events_max: 1000 } });
  await clinic.gateway.start();
  await wait_for(clinic, "reading is paused", (all) => all[metric("reading_paused")] === 1);
  assert.match(await reason_of(clinic, "reading"), /paused: every sink has more than 1000 events waiting/);
  assert.equal(await clinic.gateway.stop(), 0);
});

const hour_of_clinic = () => Number(new Intl.DateTimeFormat("en-GB", { hour: "2-digit", hourCycle: "h23", timeZone: "Europe/Moscow" }).format(new Date()));

test("the nightly comparison: drift, books and names of nobody by metric and reason", async (t) => {
  const clinic = Invented.make(t, {
    base: `${LINES.base}create table P (ID integer not null primary key, N varchar(20));\ncommit;\ninsert into P values (77, 'Тестова');\ninsert into P values (78, 'Пробова');\n`,
    streams: {
      ...LINES.streams,
      patient: { yaml: "key: P.ID\ncolumns: {id: integer, n: text}", fetch: "select P.ID, P.N from P where {slice}", map: "select id as source_id, n as last_name from rows" },
    },
  });
  clinic.sql("insert into USL values (2, 78, 'yesterday', 700, dateadd(-1 second to current_timestamp))");
  clinic.sql("update USL set CH = dateadd(-3 day to current_timestamp) where ID = 1"); // older than what may commit late
  const start_at_night = () => {
    clinic.write_config({ http, sources: [clinic.source({ reconcile_hour: hour_of_clinic() })] });
    return clinic.gateway.start();
  };
  assert.equal(clinic.command("sync", "--once").code, 0);
  assert.equal(clinic.command("reconcile").code, 0); // a comparison before, by which it is seen that names of nobody have become more
  clinic.sql("update USL set SUMMA = 900 where ID = 1"); // its stamp stays: the polls do not see it
  clinic.sql("insert into USL values (3, 99, 'yesterday', 50, dateadd(-3 day to current_timestamp))");
  clinic.alter_store("update meaning_group set announced = replace(coalesce(unpacked(packed), announced), '70000', '69900'), packed = null");
  const names = metric("dangling_references", `${stream("procedure")},names="patient"`);
  await start_at_night();
  await wait_for(clinic, "the comparison has found it", (all) => all[metric("reconcile_drift", stream("procedure"))] === 2);
  assert.match(await reason_of(clinic, "source mis, stream procedure"), /the last nightly comparison found 2 differences/);
  const reasons = async () => (await clinic.gateway.health()).reasons.map((one) => `${one.severity} ${one.part}: ${one.reason}`);
  await wait_for(clinic, "the books were looked at", (all) => all[metric("ledger_imbalance")] > 0);
  assert.equal((await clinic.gateway.metrics())[metric("ledger_imbalance")], 100, "what was announced is a rouble less than the row: 699.00 to take back, 700.00 to make");
  assert.ok((await reasons()).includes("alarm ledger: the event log and the rows differ: run `mis-gateway reconcile`"));
  assert.equal((await clinic.gateway.metrics())[names], 1);
  assert.ok((await reasons()).some((one) =>
    /^notice source mis, stream procedure: 1 of 3 records of procedure name a patient that no record of this source has: 3: more than at the comparison before; look whether/.test(one)));
  assert.equal(await clinic.gateway.stop(), 0);

  clinic.sql("insert into P values (99, 'Третьякова')");
  clinic.alter_store("update meaning_group set announced = replace(coalesce(unpacked(packed), announced), '69900', '70000'), packed = null");
  await start_at_night();
  await wait_for(clinic, "nothing differs any more", (all) => all[metric("reconcile_drift", stream("procedure"))] === 0);
  const after = await clinic.gateway.metrics();
  assert.deepEqual([after[metric("ledger_imbalance")], after[names] ?? 0], [0, 0]);
  assert.deepEqual((await reasons()).filter((one) => / (ledger|stream procedure):/.test(one)), []);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("what disclosure keeps back is counted: a price-list code that is a patient's telephone number", async (t) => {
  const clinic = Invented.make(t, {
    base:
      `${LINES.base}alter table USL add CODE varchar(20);\ncreate table P (ID integer not null primary key, N varchar(20), PHONE varchar(20));\ncommit;\n` +
      "insert into P values (77, 'Тестова', '+7 900 123-45-67');\nupdate USL set CODE = 'T-1';\n",
    streams: {
      procedure: {
        yaml: LINES.streams.procedure.yaml.replace("ch: timestamp", "ch: timestamp, code: text"), fetch: LINES.streams.procedure.fetch.replace("U.CH from", "U.CH, U.CODE from"),
        map: LINES.streams.procedure.map.replace("'T-1'", "code"),
      },
      patient: {
        yaml: "key: P.ID\ncolumns: {id: integer, n: text, phone: text}", fetch: "select P.ID, P.N, P.PHONE from P where {slice}",
        map: "select id as source_id, n as last_name, phones(phone) as phones from rows",
      },
    },
  });
  clinic.write_config({ http });
  const told = () => clinic.command("events", "--type", "procedure.performed").json.map((event) => event.data.procedure.service_code);
  await clinic.gateway.start();
  await until("the first line is told", () => told().length === 1);
  assert.equal((await clinic.gateway.metrics())[metric("private_fields_withheld_total")], 0);
  clinic.sql("insert into USL values (2, 77, 'yesterday', 700, dateadd(1 second to current_timestamp), '89001234567')");
  await wait_for(clinic, "the number is kept back", (all) => all[metric("private_fields_withheld_total")] > 0);
  assert.equal((await clinic.gateway.metrics())[metric("private_fields_withheld_total")], 1);
  assert.match(told()[1], /^[0-9a-f]{32}$/, "an id in its place");
  assert.equal(await clinic.gateway.stop(), 0);
});
