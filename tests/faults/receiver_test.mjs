// A receiver that is dead, slow, lies, resets or poisons. What it breaks: the answer to a delivery, or the delivery itself. Which loss it looks for: an event
// that is given up, one that overtakes another of its key, a second id for the same content, a sink that holds up the reading.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic, assert_agrees, fold, program, sequence_problems, until } from "../system/clinic.mjs";

async function working_clinic(t, { misbehaviour = [], sink = {}, patients = 15, procedures = 20 } = {}) {
  const clinic = await Clinic.make(t, { patients, procedures });
  await clinic.receiver.start(misbehaviour);
  clinic.write_config({ sinks: [clinic.webhook_sink({ batch_events_max: 20, ...sink })] });
  return clinic;
}
const repeats = (clinic) => clinic.receiver.events.length - fold(clinic.receiver.events).distinct.size;
const attempts = (metrics, outcome) => metrics[`mis_gateway_delivery_attempts_total{sink="exchange",outcome="${outcome}"}`] ?? 0;

test("a dead receiver: events wait, reading goes on, all arrives when it is back", async (t) => {
  const clinic = await working_clinic(t);
  await clinic.receiver.stop(); // its port stays known
  await clinic.gateway.start();
  await clinic.live({ actions: 30, rate: 30 });
  await until("the backlog is counted", async () => (await clinic.gateway.metrics())['mis_gateway_outbox_events{sink="exchange"}'] > 100);
  const health = await until("health says why", async () => {
    const said = await clinic.gateway.health();
    return said.reasons.find((one) => one.part === "sink exchange") ? said : undefined;
  });
  assert.equal(health.live && health.ready, true, "a dead receiver is no reason to restart the gateway");
  await clinic.receiver.start();
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("a receiver that accepts and says 500 gets the same ids again, never another id, and in order", async (t) => {
  const clinic = await working_clinic(t, { misbehaviour: ["--lie-rate", "0.3"] });
  await clinic.gateway.start();
  await clinic.live({ actions: 40, rate: 20 });
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.ok(repeats(clinic) > 0, "it did lie");
  assert.ok(attempts(await clinic.gateway.metrics(), "failed") > 0);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("a receiver that resets in the middle of its answer: unknown is counted apart, and sent again with the same ids", async (t) => {
  const clinic = await working_clinic(t, { misbehaviour: ["--reset-rate", "0.3", "--fail-rate", "0.2"] });
  await clinic.gateway.start();
  await clinic.live({ actions: 40, rate: 20 });
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.ok(repeats(clinic) > 0, "it did reset after accepting");
  const metrics = await clinic.gateway.metrics();
  assert.ok(attempts(metrics, "unknown") > 0, JSON.stringify(metrics, null, 1).slice(0, 3000));
  assert.equal(await clinic.gateway.stop(), 0);
});

test("a slow receiver, slower than the deadline for an answer: nothing is lost, and the gateway still ends when told", async (t) => {
  const clinic = await working_clinic(t, { misbehaviour: ["--slow-ms", "400"], sink: { answer_timeout_ms: 200 } });
  await clinic.gateway.start();
  await until("deadlines pass", async () => attempts(await clinic.gateway.metrics(), "unknown") >= 3);
  assert.equal(await clinic.gateway.stop(30), 0);
  await clinic.receiver.stop();
  await clinic.receiver.start(["--slow-ms", "50"]);
  await clinic.gateway.start();
  await clinic.live({ actions: 20, rate: 20 });
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("`sync --once` killed while the MIS is silent: what was delivered meanwhile is recorded, and does not come again", async (t) => {
  const clinic = await working_clinic(t, { patients: 40, procedures: 60 });
  await clinic.receiver.stop();
  await clinic.gateway.start();
  const backlog = async () => (await clinic.gateway.metrics())['mis_gateway_outbox_events{sink="exchange"}'];
  await until("there is a backlog", async () => (await backlog()) > 200);
  assert.equal(await clinic.gateway.stop(), 0);

  const silent = createServer(() => {}); // takes the connection and says nothing
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
  t.after(() => silent.close());
  const password_file = join(clinic.folder, "silent.password");
  writeFileSync(password_file, "invented", { mode: 0o600 });
  const firebird = { host: "127.0.0.1", port: silent.address().port, database: "silent.fdb", user: "SYSDBA", password_file };
  await clinic.receiver.start(["--slow-ms", "50"]);
  const sinks = [clinic.webhook_sink({ batch_events_max: 2, parallel: 2 })];
  clinic.write_config({ sources: [clinic.source({ firebird })], sinks });
  const once = clinic.process("once");
  once.spawn(program("mis-gateway"), ["sync", "--once", "--config", clinic.config_file], { MIS_GATEWAY_CRASH_AT: "delivery.after_commit:6" });
  await until("the outcomes are recorded for the sixth time", () => once.exit !== undefined);
  assert.deepEqual(once.exit, { code: null, signal: "SIGKILL" }, once.new_log);
  assert.doesNotMatch(once.new_log, /degraded|unavailable/, "the pass still waited for the MIS");
  const taken = clinic.receiver.events.length;

  clinic.write_config({ sinks });
  await clinic.gateway.start();
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.ok(repeats(clinic) < taken / 2, `taken before the kill: ${taken}, of them again: ${repeats(clinic)}; only what the last of six commits came too early for`);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("Retry-After is obeyed", async (t) => {
  const clinic = await working_clinic(t, { misbehaviour: ["--status", "503", "--retry-after", "4"] });
  await clinic.gateway.start();
  await until("the first refusal", async () => (await clinic.receiver.stats()).refused >= 1);
  const first = await clinic.receiver.stats();
  const asked = Date.now();
  const second = await until("another try", async () => {
    const stats = await clinic.receiver.stats();
    return stats.requests > Math.max(first.requests, 4) ? stats : undefined; // up to `parallel` were under way together
  });
  assert.ok(Date.now() - asked > 2500, `tried again after ${Date.now() - asked} ms: ${JSON.stringify(second)}`);
  await clinic.receiver.stop();
  await clinic.receiver.start();
  await clinic.caught_up();
  assert_agrees(clinic);
});

test("410 stops the sink until a human acts, also across a restart", async (t) => {
  const clinic = await working_clinic(t, { misbehaviour: ["--gone"] });
  await clinic.gateway.start();
  const reason = () => clinic.gateway.health().then((health) => health.reasons.find((one) => one.part === "sink exchange")?.reason ?? "");
  const is_stopped = async () => (await clinic.gateway.metrics())['mis_gateway_sink_stopped{sink="exchange"}'];
  await until("the sink is stopped", async () => /^stopped \(410 Gone.*\): mend it and restart, [1-9]\d* events wait$/.test(await reason()));
  assert.equal(await is_stopped(), 1);
  assert.equal((await clinic.gateway.http("/healthz")).status, 503);
  assert.equal((await clinic.gateway.http("/livez")).status, 200);
  await clinic.receiver.stop();
  await clinic.receiver.start();
  const { requests } = await clinic.receiver.stats();
  await clinic.live({ actions: 10, rate: 20 });
  const passes = async () => (await clinic.gateway.metrics())['mis_gateway_poll_last_success_timestamp_seconds{source="mis",stream="procedure"}'];
  const before = await passes();
  await until("two more passes", async () => (await passes()) > before + 2);
  assert.equal((await clinic.receiver.stats()).requests, requests, "nothing was sent meanwhile");
  assert.equal(await clinic.gateway.stop(), 0);
  await clinic.gateway.start(); // the human has mended it: a restart is his word (the health's reason says so)
  await clinic.caught_up();
  assert.deepEqual([await is_stopped(), await reason()], [0, ""]);
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("a poison event is set aside alone: a stub takes its place, the rest flows, and a retry brings the original", async (t) => {
  const clinic = await working_clinic(t, { patients: 10, procedures: 10 });
  // the ids are the same for the same base, key and clinic: a first run tells which event to refuse
  await clinic.receiver.stop();
  clinic.settings.sinks = [clinic.file_sink()];
  clinic.write_config({ sinks: [clinic.file_sink()] });
  const synced = clinic.command("sync", "--once");
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  const events = clinic.command("events", "--type", "procedure.performed").json;
  assert.ok(events.length > 3);
  const poison = events[Math.floor(events.length / 2)];
  assert.ok(poison.id, JSON.stringify(poison));

  await clinic.receiver.start(["--poison", poison.id]);
  clinic.write_config({ sinks: [clinic.file_sink(), clinic.webhook_sink()] });
  await clinic.gateway.start();
  const dead = await until("the dead letter", () => clinic.command("dead-letters", "--json").json.find((letter) => letter.sink === "exchange"));
  assert.equal(dead.id, poison.id);
  const dead_letters = async () => {
    const told = (await clinic.gateway.health()).reasons.find((one) => one.part === "sink exchange")?.reason;
    return [(await clinic.gateway.metrics())['mis_gateway_dead_letters{sink="exchange"}'], told];
  };
  const all = () => clinic.receiver.events;
  const rows = clinic.count().streams;
  await until("the rest has flowed", () => fold(all()).procedures.size === rows.procedure - 1 && fold(all()).appointments.size === rows.appointment);
  await clinic.quiet();
  const stub = all().find((event) => event.type === "mis.event.withheld.v1");
  assert.ok(stub, "a stub stands in its place");
  assert.ok(!JSON.stringify(stub).includes(poison.id) || stub.id !== poison.id, "with an id of its own");
  assert.deepEqual(Object.keys(stub.data).sort(), ["reason", "type"]);
  assert.deepEqual(sequence_problems(all()), [], "no gap");
  assert.ok(!all().some((event) => event.id === poison.id));
  assert.deepEqual(await dead_letters(), [1, "1 dead letters: see `mis-gateway dead-letters`"]);

  await clinic.receiver.stop();
  await clinic.receiver.start();
  const retried = clinic.command("dead-letters", "--sink", "exchange", "--retry", String(dead.position));
  assert.equal(retried.code, 0, retried.stderr);
  const original = await until("the original arrives", () => all().find((event) => event.id === poison.id));
  assert.equal(original.sequence, stub.sequence, "the stub held its place");
  await clinic.quiet();
  assert.equal(fold(all()).procedures.size, rows.procedure);
  assert.deepEqual(clinic.command("dead-letters", "--json").json.filter((letter) => letter.state !== "delivered"), []);
  await until("and none is counted", async () => (await dead_letters())[0] === 0);
  assert.equal((await dead_letters())[1], undefined);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("a receiver that rejects single events of a batch by name gets a stub for them, and the rest", async (t) => {
  const clinic = await working_clinic(t, { patients: 10, procedures: 10 });
  await clinic.receiver.stop();
  clinic.write_config({ sinks: [clinic.file_sink()] });
  assert.equal(clinic.command("sync", "--once").code, 0);
  const refused = clinic.command("events", "--type", "appointment.booked").json.slice(1, 4).map((event) => event.id);
  await clinic.receiver.start(refused.flatMap((id) => ["--reject-id", id]));
  clinic.write_config({ sinks: [clinic.file_sink(), clinic.webhook_sink()] });
  await clinic.gateway.start();
  await until("the dead letters", () => clinic.command("dead-letters", "--json").json.length === refused.length);
  await clinic.quiet();
  assert.deepEqual(clinic.command("dead-letters", "--json").json.map((letter) => letter.id).sort(), [...refused].sort());
  assert.equal(clinic.receiver.events.filter((event) => event.type === "mis.event.withheld.v1").length, refused.length);
  assert.deepEqual(sequence_problems(clinic.receiver.events, { ordered: false }), [], "the rest was taken with the same answer, so the stubs come after it");
  assert.equal(await clinic.gateway.stop(), 0);
});

test("a dead sink does not hold up the others", async (t) => {
  const clinic = await working_clinic(t, { patients: 10, procedures: 10 });
  clinic.write_config({
    sinks: [clinic.webhook_sink(), { name: "dead", webhook: { url: "http://127.0.0.1:9/nobody", secret_files: [clinic.secret_file], backoff_longest_ms: 1000 } }],
  });
  await clinic.gateway.start();
  await clinic.live({ actions: 20, rate: 20 });
  const rows = clinic.count().streams;
  await until("the working sink has everything", () => {
    const known = fold(clinic.receiver.events);
    return known.appointments.size === rows.appointment && known.procedures.size === rows.procedure;
  });
  const metrics = await clinic.gateway.metrics();
  assert.ok(metrics['mis_gateway_outbox_events{sink="dead"}'] > 0);
  assert.equal(await clinic.gateway.stop(30), 0);
});
