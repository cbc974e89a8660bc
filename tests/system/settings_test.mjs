// What a setting promises, seen in what leaves: one base, and a store and an event log of its own for every configuration that is tried on it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { json_lines, program, until } from "./clinic.mjs";
import { Invented, LINES } from "./invented.mjs";

// The events of one `sync --once` under these sections, into a store that is new for every `name`. `said` are messages of the exchange, handed in before.
function events_with(clinic, name, sections = {}, said = []) {
  const folder = join(clinic.folder, `events-${name}`);
  clinic.write_config({ store: { folder: join(clinic.folder, `store-${name}`) }, sinks: [{ name: "event-log", file: { folder } }], ...sections });
  if (said.length > 0) {
    const messages = join(clinic.folder, "messages.jsonl");
    writeFileSync(messages, said.map((message) => `${JSON.stringify(message)}\n`).join(""));
    const pushed = clinic.command("inbox", "push", messages);
    assert.equal(pushed.code, 0, pushed.stdout + pushed.stderr);
  }
  const synced = clinic.command("sync", "--once");
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  return json_lines(join(folder, "events-000001.jsonl"));
}
const of_type = (events, type) => events.filter((event) => event.type === `mis.${type}.v1`);

test("clinic.currency, meaning.low_threshold_percent, meaning.slot_days: sums, warnings and free times follow them", (t) => {
  const clinic = Invented.make(t, {
    base:
      `${LINES.base}create table LIM (ID integer not null primary key, PAT integer, S numeric(12,2));\ncreate table SH (ID integer not null primary key, B timestamp, E timestamp);\ncommit;\n` +
      "insert into LIM values (1, 77, 1400);\nset term ^;\nexecute block as declare I integer = 0; begin while (I < 45) do begin insert into SH values (:I, " +
      "dateadd(9 hour to cast(dateadd(:I day to current_date) as timestamp)), dateadd(10 hour to cast(dateadd(:I day to current_date) as timestamp))); I = I + 1; end end^\nset term ;^\n",
    streams: {
      procedure: { ...LINES.streams.procedure, map: LINES.streams.procedure.map.replace(" from rows", ", 'limit' as payer from rows") },
      limit: {
        yaml: "key: L.ID\ncolumns: {id: integer, pat: integer, s: decimal}", fetch: "select L.ID, L.PAT, L.S from LIM L where {slice}",
        map: "select id as source_id, pat as patient_source_id, 'barter' as kind, 'ООО Пример' as payer_name, money(s) as granted from rows",
      },
      shift: {
        yaml: "key: S.ID\ncolumns: {id: integer, b: timestamp, e: timestamp}", fetch: "select S.ID, S.B, S.E from SH S where {slice}",
        map: "select id as source_id, '5' as practitioner_source_id, local_ts(null, b) as starts_at, local_ts(null, e) as ends_at from rows",
      },
    },
  });
  const seen = (events) => ({
    charged: of_type(events, "billing.charge").map((event) => event.data.total),
    low: of_type(events, "limit.low").map((event) => [event.data.consumed.minor, event.data.granted.minor]),
    days: of_type(events, "slots.changed").length,
  });
  assert.deepEqual(seen(events_with(clinic, "shipped")), { charged: [{ minor: 100000, currency: "RUB" }], low: [], days: 28 }, "71 percent of 80");
  const clinic_section = { id: "test-clinic", timezone: "Europe/Moscow", currency: "KZT" };
  assert.deepEqual(seen(events_with(clinic, "other", { clinic: clinic_section, meaning: { low_threshold_percent: 71, slot_days: 5 } })), {
    charged: [{ minor: 100000, currency: "KZT" }], low: [[100000, 140000]], days: 5,
  });
});

test("export.days_before_receipt, nomenclature.groups_file: how far back an order reaches, what its work does to the plan", (t) => {
  const clinic = Invented.make(t, {
    base:
      `${LINES.base}create table P (ID integer not null primary key, N varchar(40), PHONE varchar(20));\ncommit;\ninsert into P values (77, 'Тестова', '+7 900 000-00-01');\n` +
      [["1", 3], ["2", 10], ["3", 40]].map(([id, days]) => `update or insert into USL values (${id}, 77, dateadd(-${days} day to current_timestamp), 1000, 'now');\n`).join(""),
    streams: {
      procedure: { ...LINES.streams.procedure, map: LINES.streams.procedure.map.replace("'T-1' as service_code", "'T-1' as service_code, 'A16.07.001' as nomenclature, teeth('16') as teeth") },
      patient: {
        yaml: "key: P.ID\ncolumns: {id: integer, n: text, phone: text}", fetch: "select P.ID, P.N, P.PHONE from P where {slice}",
        map: "select id as source_id, n as last_name, phones(phone) as phones from rows",
      },
    },
  });
  const long_ago = new Date(Date.now() - 60 * 86_400_000).toISOString();
  const order = {
    type: "order.placed", id: "m1", order: "O1", placed_at: long_ago, consent: { given_at: long_ago, ground: "contract" }, patient: { phone: "+7 900 000-00-01", last_name: "Тестова" },
    items: [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: { minor: 400000, currency: "RUB" } }],
  };
  const seen = (events) => ({
    lines: of_type(events, "procedure.performed").length,
    void: events.filter((event) => event.type.startsWith("mis.plan.") && event.data.after === "void").map((event) => event.data.reason),
  });
  const groups_file = join(clinic.folder, "groups.yaml");
  writeFileSync(groups_file, "codes:\n  A16.07.001: {group: surgery, name: Not as the shipped file has it}\n  CLINIC.1: {group: therapy, name: The clinic's own}\n");
  const ordered = (settings = {}) => ({ export: { mode: "ordered", ...settings } });
  assert.deepEqual(seen(events_with(clinic, "shipped", ordered(), [order])), { lines: 1, void: ["tooth_removed"] }, "a week");
  assert.equal(clinic.command("map-code", "mis", "T-2", "CLINIC.1").code, 2, "no code that the shipped file knows");
  assert.deepEqual(seen(events_with(clinic, "none", ordered({ days_before_receipt: 0 }), [order])).lines, 0);
  assert.deepEqual(seen(events_with(clinic, "month", { ...ordered({ days_before_receipt: 30 }), nomenclature: { groups_file } }, [order])), { lines: 2, void: [] });
  assert.equal(clinic.command("map-code", "mis", "T-2", "CLINIC.1").code, 0);
  clinic.write_config({ nomenclature: { groups_file: "none.yaml" } });
  assert.match(clinic.command("check").stderr, /gateway\.yaml:\d+: nomenclature\.groups_file: .*none\.yaml/);
});

test("firebird.role: a login whose rights are a role's reads with it, and not without", (t) => {
  const clinic = Invented.make(t, { ...LINES, base: `${LINES.base}create role READS;
grant select on USL to role READS;
grant READS to MIS_GATEWAY;
` });
  const reads_as = (login) => {
    clinic.write_config({ sources: [clinic.source({ firebird: { database: clinic.base, user: "MIS_GATEWAY", ...login } })] });
    return clinic.command("preview", "mis", "procedure");
  };
  const refused = reads_as({});
  assert.equal(refused.code, 2, refused.stdout);
  assert.match(refused.stderr, /no permission for (read\/select|SELECT) access to (TABLE )?USL/i);
  const read = reads_as({ role: "READS" });
  assert.equal(read.code, 0, read.stderr);
  assert.deepEqual(read.json.map((record) => record.source_id), ["1"]);
  assert.match(clinic.command("check").stdout, /MIS_GATEWAY in role READS/);
});

test("overrides: the site's file is used in the place of the shipped one it was made from; of another version it stops that stream alone", (t) => {
  const clinic = Invented.make(t, {
    ...LINES,
    streams: {
      ...LINES.streams,
      service: { yaml: "key: U.ID\ncolumns: {id: integer}", fetch: "select U.ID from USL U where {slice}", map: "select id as source_id, id as code, 'x' as name from rows" },
    },
  });
  const own = join(clinic.folder, "own.sql");
  writeFileSync(own, LINES.streams.procedure.map.replace("'T-1'", "'OWN-1'"));
  const shipped_sha256 = createHash("sha256").update(LINES.streams.procedure.map).digest("hex");
  const sources = (override) => ({ sources: [clinic.source({ overrides: [{ replaces: "procedure.sql", file: own, shipped_sha256, ...override }] })] });
  const codes = (events) => of_type(events, "procedure.performed").map((event) => event.data.procedure.service_code);
  assert.deepEqual(codes(events_with(clinic, "shipped")), ["T-1"]);
  assert.deepEqual(codes(events_with(clinic, "own", sources({}))), ["OWN-1"]);
  assert.match(clinic.command("check").stdout, /override: \S+own\.sql replaces procedure\.sql/);

  clinic.write_config({ store: { folder: join(clinic.folder, "store-old") }, ...sources({ shipped_sha256: "0".repeat(64) }) });
  const synced = clinic.command("sync", "--once", "--json");
  assert.equal(synced.code, 1);
  const states = Object.fromEntries(synced.json.filter((line) => line.stream && line.state).map((line) => [line.stream, line]));
  assert.match(states.procedure.state, new RegExp(`own\\.sql replaces procedure\\.sql of another version \\(sha256 ${shipped_sha256} now\\): compare the two.*shipped_sha256`));
  assert.deepEqual([states.procedure.rows, states.service.state], [0, "ok"]);

  const refused = (override, pattern) => {
    clinic.write_config(sources(override));
    const told = clinic.command("check");
    assert.notEqual(told.code, 0);
    assert.match(told.stderr, pattern);
  };
  refused({ replaces: "procedures.sql" }, /gateway\.yaml:\d+: .*overrides\[0\]\.replaces: .*no file procedures\.sql; there are: .*procedure\.sql/);
  refused({ file: "none.sql" }, /gateway\.yaml:\d+: .*overrides\[0\]\.file: .*none\.sql: No such file/);
});

test("limits.delivered_hours_kept, limits.quarantine_days_kept: what is older is erased, what is younger stays", (t) => {
  const clinic = Invented.make(t, {
    ...LINES, base: `${LINES.base}insert into USL values (2, null, 'yesterday', 55, 'now');
`,
  });
  const stands = () => {
    assert.equal(clinic.command("sync", "--once").code, 0);
    const [row] = clinic.command("quarantine", "--json").json;
    return { events: clinic.command("events").json.length, row: clinic.command("quarantine", "--show", String(row.number), "--json").json[0].row !== undefined };
  };
  clinic.write_config();
  const { events } = stands();
  assert.ok(events > 0);
  const hours = (count) => count * 3_600_000_000;
  clinic.alter_store(`update outbox_segment set at_us = at_us - ${hours(5)}; update quarantine set first_seen_us = first_seen_us - ${hours(24 * 5)}`);
  const limits = (settings) => clinic.write_config({ limits: { free_disk_bytes_min: 1_000_000, ...settings } });
  limits({ delivered_hours_kept: 6, quarantine_days_kept: 6 });
  assert.deepEqual(stands(), { events, row: true });
  limits({ delivered_hours_kept: 6, quarantine_days_kept: 4 });
  assert.deepEqual(stands(), { events, row: false }, "the row still waits, its content is gone");
  limits({ delivered_hours_kept: 4 });
  assert.deepEqual(stands(), { events: 0, row: false });
  const books = clinic.command("reconcile", "--json");
  assert.deepEqual(books.json.at(-1).differences, [], "what is no longer kept is no difference");
});

test("limits.trace_days_kept: what left about a patient is forgotten after it, and never without it", (t) => {
  const clinic = Invented.make(t, LINES);
  const known = (settings) => {
    clinic.write_config({ limits: { free_disk_bytes_min: 1_000_000, ...settings } });
    assert.equal(clinic.command("sync", "--once").code, 0);
    return clinic.command("events", "--json").json.map((event) => event.data.patient).filter((patient, at, all) => patient && all.indexOf(patient) === at)
      .flatMap((patient) => clinic.command("audit", "patient", patient, "--json").json).length;
  };
  const all = known({});
  assert.ok(all > 0);
  clinic.alter_store(`update trace set at_us = at_us - ${5 * 24 * 3_600_000_000}`);
  assert.equal(known({}), all);
  assert.equal(known({ trace_days_kept: 6 }), all);
  assert.equal(known({ trace_days_kept: 4 }), 0);
  assert.equal(clinic.command("audit", "verify").code, 0, "the audit's own rows stay");
});

test("limits.groups_per_commit: so many patients have their meaning in one transaction, the next in another", async (t) => {
  const clinic = Invented.make(t, { ...LINES, base: `${LINES.base}${[2, 3, 4, 5, 6].map((id) => `insert into USL values (${id}, ${100 + id}, 'yesterday', 10, 'now');\n`).join("")}` });
  const known_when_killed = async (groups_per_commit, commits) => {
    clinic.write_config({ store: { folder: join(clinic.folder, `store-${groups_per_commit}`) }, limits: { free_disk_bytes_min: 1_000_000, groups_per_commit } });
    const sync = clinic.process(`sync-${groups_per_commit}`);
    sync.spawn(program("mis-gateway"), ["sync", "--once", "--config", clinic.config_file], { MIS_GATEWAY_CRASH_AT: `meaning.after_commit:${commits}` });
    await sync.ended;
    assert.equal(sync.exit.signal, "SIGKILL", sync.log);
    return of_type(clinic.command("events").json, "procedure.performed").length;
  };
  assert.equal(await known_when_killed(2, 1), 2);
  assert.equal(await known_when_killed(4, 1), 4);
  assert.equal(await known_when_killed(5, 2), 6);
});

test("log.level: debug tells of every pass, info of changes, error of neither; a reload takes it over, a refused one does not", async (t) => {
  const clinic = Invented.make(t, LINES);
  const http = { listen: "127.0.0.1:0" };
  const level = (name, sections = {}) => clinic.write_config({ http, log: { level: name }, ...sections });
  const passes = async () => (await clinic.gateway.metrics())['mis_gateway_poll_last_success_timestamp_seconds{source="mis",stream="procedure"}'];
  const two_more = async () => {
    const begin = await passes();
    await until("two more passes", async () => (await passes()) > begin + 2);
  };
  const reload = async (...said) => {
    const begin = clinic.gateway.log.length;
    clinic.gateway.signal("SIGHUP");
    for (const pattern of said) await until(`the gateway says ${pattern}`, () => pattern.test(clinic.gateway.log.slice(begin)));
    const from = clinic.gateway.log.length;
    await two_more();
    return clinic.gateway.log.slice(from);
  };
  level("info");
  await clinic.gateway.start();
  await clinic.gateway.said(/ info +source mis: \d+ rows read, 1 new/);
  await two_more();
  assert.doesNotMatch(clinic.gateway.new_log, /nothing new/);
  level("debug");
  assert.match(await reload(/reload: log\.level: "info" -> "debug"/, /reload: done/), / debug source mis: \d+ rows read, nothing new/);
  level("info", { nomenclature: { groups_file: "none.yaml" } });
  assert.match(await reload(/reload refused.*none\.yaml/), /nothing new/, "the running one's level stays");
  level("error");
  assert.equal(await reload(/reload: log\.level: "debug" -> "error"/, /reload: done/), "");
  clinic.sql("insert into USL values (2, 77, 'yesterday', 700, dateadd(1 second to current_timestamp))");
  await until("it is read", async () => of_type(clinic.command("events").json, "procedure.performed").length === 2);
  assert.equal(await clinic.gateway.stop(), 0);
  assert.match(clinic.gateway.new_log, /reload: done\n$/, "and not a word more, also at the end");
});
