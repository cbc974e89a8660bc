// The clinic's server fails. What it breaks: the connection in the middle of a read, the server for a while, the base behind the name. Which loss it looks
// for: a pass that counts as complete and was not (rows taken for deleted), a source that never comes back, another clinic's rows under this one's ids.
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic, assert_agrees, fold, until } from "../system/clinic.mjs";
import { FirebirdServer, clinic_on, use } from "./firebird.mjs";

test("the server killed in mid-read, again and again: nothing is taken for deleted, everything arrives", async (t) => {
  const server = await FirebirdServer.make(t);
  const clinic = await clinic_on(server, t, { patients: 60, procedures: 300 });
  clinic.write_config({ sources: [clinic.source({ poll_seconds: 1 })] });
  await clinic.gateway.start();
  for (let round = 0; round < 6; ++round) {
    // a moment inside a pass, chosen by nobody: passes follow each other closely, the first one reads everything
    await new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 600));
    await server.kill();
    if (round >= 4) await clinic.gateway.said(new RegExp("degraded")); // it noticed, and said so
    await server.start();
    clinic.simulator("live", "--actions", "5", "--rate", "100", "--seed", String(round + 1));
  }
  await clinic.caught_up(90);
  assert_agrees(clinic);
  const types = clinic.receiver.events.map((event) => event.type);
  assert.ok(types.includes("mis.source.degraded.v1"), "the exchange was told");
  assert.ok(types.includes("mis.source.recovered.v1"));
  const deleted = clinic.committed.flatMap((transaction) => transaction.rows).filter((row) => row.op === "delete" && row.table === "SCHEDULE").length;
  const removed = types.filter((type) => type === "mis.appointment.removed.v1").length;
  assert.ok(removed <= deleted, `${removed} removals announced, the MIS deleted ${deleted}`); // one that came and went between two passes is nobody's

  assert.equal(await clinic.gateway.stop(), 0);
});

test("the server away for a while: one line in the log, health says why, the gateway stays live, and comes back by itself", async (t) => {
  const server = await FirebirdServer.make(t);
  const clinic = await clinic_on(server, t, { patients: 10, procedures: 10 });
  clinic.write_config();
  await clinic.gateway.start();
  await clinic.caught_up();
  await server.kill();
  await clinic.gateway.said(/degraded/);
  const health = await until("health knows", async () => {
    const said = await clinic.gateway.health();
    return said.reasons.some((one) => one.part.startsWith("source mis")) ? said : undefined;
  });
  assert.ok(health.live && health.ready);
  await until("several passes were tried", async () => (await clinic.gateway.metrics())['mis_gateway_source_lag_seconds{source="mis",stream="procedure"}'] > 8);
  assert.ok(clinic.gateway.new_log.split("\n").filter((line) => line.includes("source mis") && line.includes("degraded")).length <= 3, "said once, not every time");
  await server.start();
  await clinic.gateway.said(/source mis recovered/);
  await clinic.live({ actions: 10, rate: 20 });
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("another base under the same name is held, announces nothing, and takes nothing back", async (t) => {
  const server = await FirebirdServer.make(t);
  const clinic = await clinic_on(server, t, { patients: 15, procedures: 20 });
  clinic.write_config();
  await clinic.gateway.start();
  await clinic.caught_up();
  assert.equal(await clinic.gateway.stop(), 0);
  const before = fold(clinic.receiver.events);

  const right = clinic.firebird;
  use(clinic, server, "other.fdb");
  clinic.size.patients = 12;
  clinic.create_base();
  clinic.write_config();
  await clinic.gateway.start();
  await clinic.gateway.said(/another base/);
  await until("health says so", async () => (await clinic.gateway.health()).reasons.some((one) => /another base/.test(one.reason)));
  assert.ok(clinic.command("hold", "list", "--json").json.some((hold) => hold.source === "mis"));
  assert.equal(await clinic.gateway.stop(), 0);
  const after = fold(clinic.receiver.events);
  assert.equal(after.appointments.size, before.appointments.size);
  assert.equal(after.procedures.size, before.procedures.size);

  // the operator mends the connection: it goes on as if nothing had been
  use(clinic, server, "clinic.fdb");
  assert.deepEqual(clinic.firebird, right);
  clinic.write_config();
  await clinic.live({ actions: 10, rate: 20 });
  await clinic.gateway.start();
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("an older copy of the base, put back in its place, is held until the newer one is there again", async (t) => {
  const clinic = await Clinic.make(t, { patients: 20, procedures: 30 });
  await clinic.receiver.start();
  clinic.write_config();
  await clinic.gateway.start();
  await clinic.caught_up();
  assert.equal(await clinic.gateway.stop(), 0);
  const older = join(clinic.folder, "older.fdb");
  const newer = join(clinic.folder, "newer.fdb");
  copyFileSync(clinic.base, older);
  await clinic.live({ actions: 150, rate: 500 });
  await clinic.gateway.start();
  await clinic.caught_up();
  assert.equal(await clinic.gateway.stop(), 0);
  const before = clinic.receiver.events.length;

  copyFileSync(clinic.base, newer);
  copyFileSync(older, clinic.base);
  await clinic.gateway.start();
  await clinic.gateway.said(/another base/);
  await until("the hold says why", () => clinic.command("hold", "list").stdout.includes("older copy"));
  assert.equal(await clinic.gateway.stop(), 0);
  assert.equal(clinic.receiver.events.slice(before).filter((event) => event.type !== "mis.source.degraded.v1").length, 0, "nothing is taken back");

  copyFileSync(newer, clinic.base);
  await clinic.live({ actions: 10, rate: 50, seed: 9 });
  await clinic.gateway.start();
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.equal(clinic.command("hold", "list", "--json").json.length, 0);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("a base emptied of its appointments is held: a human decides whether they are gone", async (t) => {
  const clinic = await Clinic.make(t, { patients: 30, procedures: 20 });
  await clinic.receiver.start();
  clinic.write_config();
  await clinic.gateway.start();
  await clinic.caught_up();
  const before = fold(clinic.receiver.events).appointments.size;
  clinic.sql("delete from SCHEDULE where WORKDATE > current_timestamp");
  await until("the stream is held", () => clinic.command("hold", "list", "--json").json.some((hold) => hold.stream === "appointment"));
  assert.equal(fold(clinic.receiver.events).appointments.size, before, "nothing is taken back meanwhile");
  await until("health asks for a decision", async () => (await clinic.gateway.health()).reasons.some((one) => one.part === "holds"));
  const released = clinic.command("hold", "release", "mis", "appointment");
  assert.equal(released.code, 0, released.stderr);
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("check says what is wrong with the connection, and where", async (t) => {
  const server = await FirebirdServer.make(t);
  const clinic = await clinic_on(server, t, { patients: 10, procedures: 10 });
  clinic.write_config();
  const good = clinic.command("check");
  assert.equal(good.code, 0, good.stdout + good.stderr);
  assert.match(good.stdout, /WARNING source mis: this login can write: .*SYSDBA may do anything/, "SYSDBA can");
  assert.match(good.stdout, /GRANT SELECT ON/i);
  clinic.environment.MIS_TEST_PASSWORD = "не-тот-пароль";
  const refused = clinic.command("check");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /source mis/);
  assert.ok(!refused.stderr.includes("не-тот-пароль"), "no password in an error");
  await server.kill();
  assert.equal(clinic.command("check").code, 1);
});
