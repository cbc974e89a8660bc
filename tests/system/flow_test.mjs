// The main job with the real programs: a base in real Firebird, the gateway, a receiver that verifies; then what an operator does to it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic, assert_agrees, canonical, fold, json_lines, program, root, until } from "./clinic.mjs";

const judge = (script, ...args) => {
  const ran = spawnSync(process.execPath, [join(root, "tests/contract", script), ...args], { encoding: "utf8" });
  assert.equal(ran.status, 0, ran.stderr.slice(0, 5000));
};

test("a clinic's rows reach the receiver once, in order and signed, and all three sides agree", async (t) => {
  const clinic = await Clinic.make(t);
  await clinic.receiver.start();
  clinic.write_config({ sinks: [clinic.webhook_sink(), clinic.file_sink()] });
  await clinic.gateway.start();
  await clinic.caught_up();
  const past = clinic.receiver.events.length;

  await clinic.live({ actions: 120, rate: 20 });
  await clinic.caught_up();
  assert.ok(clinic.receiver.events.length > past + 50, "the clinic's day is seen while it happens");
  const known = assert_agrees(clinic);

  const came = new Set(clinic.receiver.events.map((event) => event.type.slice("mis.".length, -".v1".length)));
  // states that last shorter than a pass need not be seen; what remains must be
  const lasting = ["appointment.booked", "appointment.completed", "procedure.performed", "procedure.reversed", "billing.payment", "slots.changed"];
  const caused = new Set(clinic.committed.flatMap((transaction) => transaction.expect));
  assert.deepEqual(lasting.filter((type) => !caused.has(type)), [], "the simulated clinic's day has all of them");
  assert.deepEqual(lasting.filter((type) => !came.has(type)), [], "and the receiver heard of each");

  const stats = await clinic.receiver.stats();
  assert.equal(stats.invalid_signatures, 0);
  assert.equal(stats.out_of_order, 0);
  assert.equal(stats.gaps, 0);

  await t.test("metrics satisfy promtool; livez, readyz and healthz say ok", async () => {
    const metrics = await clinic.gateway.http("/metrics");
    const lint = spawnSync("promtool", ["check", "metrics"], { input: metrics.body, encoding: "utf8" });
    if (lint.error) t.diagnostic("promtool is not installed: metrics were not judged");
    else assert.equal(lint.status, 0, lint.stdout + lint.stderr);
    for (const name of ["source_lag_seconds", "poll_duration_seconds", "poll_last_success_timestamp_seconds", "rows_total", "outbox_events", "outbox_oldest_age_seconds",
      "delivery_attempts_total", "end_to_end_seconds", "ledger_imbalance", "build_info"])
      assert.match(metrics.body, new RegExp(`^mis_gateway_${name}`, "m"), `metric ${name} of the contract`);
    for (const path of ["/livez", "/readyz", "/healthz"]) assert.equal((await clinic.gateway.http(path)).status, 200, path);
    assert.equal((await clinic.gateway.health()).status, "ok");
  });

  await t.test("SIGTERM drains and exits 0", async () => {
    assert.equal(await clinic.gateway.stop(), 0);
    assert.match(clinic.gateway.new_log, /stopped/);
  });

  await t.test("reconcile holds exactly the rows of the MIS and finds no difference", () => {
    const rows = clinic.count().streams;
    const reconciled = clinic.command("reconcile", "--json");
    assert.equal(reconciled.code, 0, reconciled.stderr + reconciled.stdout);
    const held = Object.fromEntries(reconciled.json.filter((line) => line.stream).map((line) => [line.stream, line]));
    for (const [stream, count] of Object.entries(rows)) {
      assert.equal(held[stream].held, count, `records held of ${stream}`);
      assert.equal(held[stream].missing + held[stream].different + held[stream].extra, 0, `drift of ${stream}`);
    }
    assert.equal(known.appointments.size, held.appointment.held);
    assert.equal(known.procedures.size, held.procedure.held);
  });

  await t.test("both sinks got the same events, valid for ajv and the CloudEvents SDK, without gaps", () => {
    judge("validate_events.mjs", "--complete", clinic.receiver.events_file);
    const filed = new Map(json_lines(join(clinic.folder, "events/events-000001.jsonl")).map((event) => [event.id, canonical(event)]));
    const posted = new Map(clinic.receiver.events.map((event) => [event.id, canonical(event)]));
    assert.equal(filed.size, posted.size);
    for (const [id, text] of posted) assert.equal(filed.get(id), text);
  });

  await t.test("records satisfy their schemas", () => {
    for (const [stream, kind] of [["patient", "patient"], ["appointment", "appointment"], ["procedure", "procedure"], ["payment", "payment"], ["limit", "limit"], ["shift", "shift"]]) {
      const shown = clinic.command("preview", "mis", stream, "--limit", "50", "--unmasked");
      assert.equal(shown.code, 0, shown.stderr);
      const records = shown.json.filter((line) => !line.skipped && !line.quarantined).map((record) => JSON.stringify({ kind, record }));
      assert.ok(records.length > 0, `records of ${stream}`);
      const file = join(clinic.folder, `${stream}.records`);
      writeFileSync(file, `${records.join("\n")}\n`);
      judge("validate_records.mjs", file);
    }
  });
});

test("signatures satisfy the standardwebhooks package, with both secrets while one is replaced", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  const second = join(clinic.folder, "next.secret");
  const next = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  writeFileSync(second, `${next}\n`, { mode: 0o600 });
  const requests = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      requests.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.end("{}");
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))));
  const url = `http://127.0.0.1:${server.address().port}/in`;
  clinic.write_config({ sinks: [clinic.webhook_sink({ url, secret_files: [clinic.secret_file, second], gzip_level: 0 })] });
  const synced = clinic.command.bind(clinic);
  // sync --once runs to its end while this process answers: not spawnSync
  const sync = clinic.process("sync");
  sync.spawn(program("mis-gateway"), ["sync", "--once", "--config", clinic.config_file]);
  await sync.ended;
  assert.equal(sync.exit.code, 0, sync.log);
  assert.ok(synced("audit", "verify").code === 0, "the audit log is intact");
  const file = join(clinic.folder, "requests.jsonl");
  writeFileSync(file, requests.map((one) => JSON.stringify(one)).join("\n"));
  assert.ok(requests.length > 0);
  for (const secret of [clinic.secret, next]) {
    const ran = spawnSync(process.execPath, [join(root, "tests/contract/verify_webhook.mjs"), file], { encoding: "utf8", env: { ...process.env, WEBHOOK_SECRET: secret } });
    assert.equal(ran.status, 0, ran.stderr);
  }
});

test("SIGHUP: a broken configuration is refused and the old one stays; a good one is swapped in", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  await clinic.receiver.start();
  clinic.write_config();
  await clinic.gateway.start();
  await clinic.caught_up();
  const good = readFileSync(clinic.config_file, "utf8");

  writeFileSync(clinic.config_file, good.replace('"timezone"', '"time_zone"'));
  clinic.gateway.signal("SIGHUP");
  await clinic.gateway.said(/reload refused.*time_zone/);
  clinic.simulator("live", "--actions", "5", "--rate", "20", "--seed", "3");
  await clinic.caught_up();

  writeFileSync(clinic.config_file, good.replace('"test-clinic"', '"other-clinic"'));
  clinic.gateway.signal("SIGHUP");
  await clinic.gateway.said(/reload refused: clinic\.id/);

  clinic.write_config({ sinks: [clinic.webhook_sink({ batch_events_max: 7 }), clinic.file_sink()] });
  clinic.gateway.signal("SIGHUP");
  await clinic.gateway.said(/reload: done/);
  assert.match(clinic.gateway.new_log, /reload: .*batch_events_max: 100 -> 7/, "the difference is shown");
  clinic.simulator("live", "--actions", "5", "--rate", "20", "--seed", "4");
  await clinic.caught_up();
  assert.equal((await clinic.gateway.http("/readyz")).status, 200, "health is answered after the swap");
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("removing a sink with pending events needs --discard", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  await clinic.receiver.start(["--status", "503", "--retry-after", "1"]);
  clinic.write_config({ sinks: [clinic.webhook_sink(), clinic.file_sink()] });
  await clinic.gateway.start();
  await until("events reach the file", () => json_lines(join(clinic.folder, "events/events-000001.jsonl")).length > 10);
  assert.equal(await clinic.gateway.stop(), 0);
  clinic.write_config({ sinks: [clinic.file_sink()] });
  clinic.gateway.launch();
  await clinic.gateway.ended;
  assert.notEqual(clinic.gateway.exit.code, 0);
  assert.match(clinic.gateway.new_log, /exchange.*--discard/);
  await clinic.gateway.start({}, ["--discard"]);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("X1: the default configuration (export: ordered) sends no patient's event", async (t) => {
  const clinic = await Clinic.make(t);
  await clinic.receiver.start();
  clinic.write_config();
  delete clinic.settings.export;
  writeFileSync(clinic.config_file, JSON.stringify(clinic.settings));
  await clinic.gateway.start();
  await clinic.live({ actions: 30, rate: 30 });
  await clinic.gateway.said(/[1-9]\d* withheld/);
  await clinic.quiet();
  const about_people = clinic.receiver.events.filter((event) => event.data.patient !== undefined || event.partitionkey.startsWith("patient/") || event.subject.startsWith("patient/"));
  assert.deepEqual(about_people, []);
  const { appointments, procedures, payments } = fold(clinic.receiver.events);
  assert.equal(appointments.size + procedures.size + payments.size, 0);
  assert.ok(clinic.receiver.events.every((event) => ["mis.slots.changed.v1", "mis.source.degraded.v1", "mis.source.recovered.v1"].includes(event.type)));
  assert.equal(await clinic.gateway.stop(), 0);
  const held = clinic.command("reconcile", "--json").json.find((line) => line.stream === "procedure");
  assert.equal(held.held, clinic.count().streams.procedure, "what is withheld is tracked all the same");
});
