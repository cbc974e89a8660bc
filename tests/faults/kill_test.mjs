// kill -9, at every named commit point and at random. What it breaks: the process dies before or after any commit, or anywhere between. Which loss it looks
// for: an event that never comes, one that comes twice under two ids, a gap in a sequence, a cursor ahead of its store. The oracle is the base (asked of
// Firebird) and the receiver's file; the gateway's store is never looked into.
//
// The base lies on a server: the embedded engine shares locks in memory between processes, and one that dies with such a lock stops all others for good.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assert_agrees, json_lines, program, root, until } from "../system/clinic.mjs";
import { FirebirdServer, clinic_on } from "./firebird.mjs";

const kHits = 10;
// The points as the program knows them: a new one without a test is noticed.
const points = [...readFileSync(join(root, "core/platform/crash_point.hpp"), "utf8").matchAll(/"([a-z]+\.(?:before|after)_commit)"/g)].map((found) => found[1]);
const of_inbox = points.filter((point) => point.startsWith("inbox."));
// those of what a source is sent: tests/system/push_test.mjs
const of_daemon = points.filter((point) => !point.startsWith("inbox.") && !point.startsWith("intake."));

test("the commit points are known", () => {
  assert.ok(points.length >= 8, `found only ${points.join(", ")}`);
  assert.ok(of_inbox.length >= 2);
});

// The clinic goes on living while the gateway dies; every start must get to its point and die there by its own hand.
async function die_at(clinic, point, passing) {
  clinic.gateway.launch({ MIS_GATEWAY_CRASH_AT: `${point}:${passing}` });
  let seed = Math.floor(Math.random() * 1e9);
  await until(`${point} is passed for the ${passing}th time`, async () => {
    if (clinic.gateway.exit !== undefined) return true;
    await clinic.live({ actions: 1, rate: 1000, seed: seed++ }); // something to commit
    return false;
  }, 60);
  assert.deepEqual(clinic.gateway.exit, { code: null, signal: "SIGKILL" }, clinic.gateway.new_log);
}

for (const point of of_daemon) {
  test(`killed ${kHits} times at ${point}: every row is announced once, without a gap`, async (t) => {
    const clinic = await clinic_on(await FirebirdServer.make(t), t, { patients: 15, procedures: 20 });
    clinic.write_config({ sinks: [clinic.webhook_sink({ batch_events_max: 5 })] });
    let hits = 0;
    for (; hits < kHits; ++hits) await die_at(clinic, point, 1 + (hits % 3)); // the first ones fall into the backfill
    assert.equal(hits, kHits);
    await clinic.gateway.start();
    await clinic.caught_up();
    assert_agrees(clinic);
    assert.equal(await clinic.gateway.stop(), 0);
    const reconciled = clinic.command("reconcile");
    assert.equal(reconciled.code, 0, reconciled.stdout + reconciled.stderr);
  });
}

test(`killed ${kHits} times at each point of the inbox: a message repeated after the crash is applied once`, async (t) => {
  const clinic = await clinic_on(await FirebirdServer.make(t), t, { patients: 10, procedures: 10 });
  clinic.write_config();
  await clinic.gateway.start();
  await clinic.caught_up();
  assert.equal(await clinic.gateway.stop(), 0);
  const file = join(clinic.folder, "message.json");
  const push = (environment) =>
    spawnSync(program("mis-gateway"), ["inbox", "push", file, "--json", "--config", clinic.config_file], {
      env: { ...clinic.environment, ...environment }, encoding: "utf8",
    });
  const orders = [];
  for (const point of of_inbox)
    for (let hit = 0; hit < kHits; ++hit) {
      const order = `ORDER-${orders.length}`;
      orders.push(order);
      writeFileSync(file, JSON.stringify({
        type: "order.placed", id: `message-${order}`, order, patient: { phone: "+7 900 999-99-99", last_name: "Несуществующая" }, placed_at: "2026-03-02T10:00:00+03:00",
        items: [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: { minor: 400000, currency: "RUB" } }],
      }));
      assert.equal(push({ MIS_GATEWAY_CRASH_AT: point }).signal, "SIGKILL", `${point} was passed`);
      const again = push({});
      assert.equal(again.status, 0, again.stderr);
      assert.equal(JSON.parse(again.stdout.split("\n")[0]).answer, point.includes("before") ? "accepted" : "repeated");
    }
  await clinic.gateway.start();
  await until("every order is announced", () => orders.every((order) => clinic.receiver.events.some((event) => event.data.order === order)));
  await clinic.quiet();
  assert_agrees(clinic);
  const distinct = new Map(clinic.receiver.events.map((event) => [event.id, event]));
  for (const order of orders) {
    const waiting = [...distinct.values()].filter((event) => event.type === "mis.order.waiting.v1" && event.data.order === order);
    assert.equal(waiting.length, 1, `order.waiting of ${order}`);
  }
  assert.equal(await clinic.gateway.stop(), 0);
});

test("P11: killed between a link of two cards and its meaning: it is given once, by whoever comes next", async (t) => {
  const clinic = await clinic_on(await FirebirdServer.make(t), t, { patients: 10, procedures: 20 });
  clinic.write_config({ sinks: [clinic.file_sink()], sources: [clinic.source(), { ...clinic.source(), name: "other" }] }); // one base read twice: equal ids
  assert.equal(clinic.command("sync", "--once").code, 0);
  const told = () => readdirSync(join(clinic.folder, "events")).sort().flatMap((file) => json_lines(join(clinic.folder, "events", file)));
  const [[patient]] = clinic.sql("select first 1 P.PCODE from CLIENTS P where P.PCODE > 0 and exists (select 1 from TREAT T where T.PCODE = P.PCODE) order by P.PCODE");
  const killed = (point, ...args) =>
    spawnSync(program("mis-gateway"), ["patient", ...args, "--config", clinic.config_file], { env: { ...clinic.environment, MIS_GATEWAY_CRASH_AT: point }, encoding: "utf8" }).signal;
  for (const point of ["meaning.before_commit", "meaning.after_commit"])
    for (const [reason, ...words] of [["merged", "link", `other/${patient}`, `mis/${patient}`], ["corrected", "unlink", `other/${patient}`]]) {
      const before = told().length;
      assert.equal(killed(point, ...words), "SIGKILL", `${words[0]}: ${point} was passed`);
      assert.equal(clinic.command("sync", "--once").code, 0);
      const after = told().slice(before);
      const reversed = after.filter((event) => event.type === "mis.procedure.reversed.v1");
      assert.ok(reversed.length > 0 && reversed.every((event) => event.data.reason === reason), `${words[0]} at ${point}: ${JSON.stringify(reversed)}`);
      assert.equal(after.filter((event) => event.type === "mis.procedure.performed.v1").length, reversed.length);
      assert.equal(new Set(told().map((event) => event.id)).size, told().length);
      const reconciled = clinic.command("reconcile");
      assert.equal(reconciled.code, 0, reconciled.stdout + reconciled.stderr);
    }
});

test("killed at random under load: every row is announced once, without a gap", async (t) => {
  const clinic = await clinic_on(await FirebirdServer.make(t), t);
  clinic.write_config({ sinks: [clinic.webhook_sink({ batch_events_max: 10 }), clinic.file_sink()] });
  const life = clinic.start_life({ rate: 15, seed: 11 });
  for (let kill = 0; kill < 15; ++kill) {
    clinic.gateway.launch();
    const delay = 50 + Math.random() * 2500; // the fault itself: a moment nobody chose
    await new Promise((resolve) => setTimeout(resolve, delay));
    assert.ok(clinic.gateway.running, clinic.gateway.new_log);
    await clinic.gateway.kill();
  }
  life.signal("SIGINT");
  await life.ended;
  await clinic.gateway.start();
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
  const reconciled = clinic.command("reconcile");
  assert.equal(reconciled.code, 0, reconciled.stdout + reconciled.stderr);
});

test("the receiver killed under load: what it answered for is not lost, what it did not comes again under the same id", async (t) => {
  const clinic = await clinic_on(await FirebirdServer.make(t), t, { patients: 15, procedures: 20 });
  await clinic.receiver.stop();
  await clinic.receiver.start(["--fsync"]);
  clinic.write_config({ sinks: [clinic.webhook_sink({ batch_events_max: 3 })] });
  await clinic.gateway.start();
  const life = clinic.start_life({ rate: 20, seed: 12 });
  for (let kill = 0; kill < 8; ++kill) {
    const before = clinic.receiver.events.length;
    await until("more events arrive", () => clinic.receiver.events.length > before);
    await clinic.receiver.kill();
    await clinic.receiver.start(["--fsync"]);
  }
  life.signal("SIGINT");
  await life.ended;
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
});
