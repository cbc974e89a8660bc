// The local store fails. What it breaks: the disk under it, the file itself, its age, the clock, its loneliness. Which loss it looks for: a cursor ahead of
// what was kept, sequences given out a second time, a store begun anew by itself, two programs writing.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic, assert_agrees, fold, program, until } from "../system/clinic.mjs";

const faketime = ["/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1"].find(existsSync);

async function running_clinic(t, sections = {}, size = { patients: 10, procedures: 10 }) {
  const clinic = await Clinic.make(t, size);
  await clinic.receiver.start();
  clinic.write_config({ sinks: [clinic.webhook_sink(), clinic.file_sink()], ...sections });
  await clinic.gateway.start();
  await clinic.caught_up();
  return clinic;
}
const events_files = (clinic) => readdirSync(join(clinic.folder, "events")).sort().map((name) => join(clinic.folder, "events", name));
const store = (clinic, name = "") => join(clinic.folder, "store", name);

// A start that must fail, with its words.
async function refused(clinic, pattern) {
  const before = clinic.receiver.events.length;
  clinic.gateway.launch();
  await until("the gateway ends", () => clinic.gateway.exit !== undefined, 30);
  assert.notEqual(clinic.gateway.exit.code, 0);
  assert.match(clinic.gateway.new_log, pattern);
  assert.equal(clinic.receiver.events.length, before, "nothing was sent");
}

for (const [name, minimum] of [["really full", 0], ["nearly full: free_disk_bytes_min", 1_500_000]])
  test(`disk ${name}: reading stops and says so, what is there stays, it recovers by itself`, async (t) => {
    if (process.getuid() !== 0) return t.skip("needs root, to mount a small tmpfs");
    const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
    mkdirSync(store(clinic), { mode: 0o700 });
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=12m,mode=0700", "tmpfs", store(clinic)], { encoding: "utf8" });
    if (mounted.status !== 0) return t.skip(`no tmpfs could be mounted here: ${mounted.stderr}`);
    clinic.mounted = store(clinic);
    await clinic.receiver.start();
    clinic.write_config({ limits: { free_disk_bytes_min: minimum } });
    await clinic.gateway.start();
    await clinic.caught_up();

    const ballast = store(clinic, "ballast");
    const file = openSync(ballast, "w");
    const block = Buffer.alloc(4096);
    try {
      for (;;) writeSync(file, block);
    } catch (error) {
      assert.equal(error.code, "ENOSPC");
    }
    closeSync(file);
    await clinic.live({ actions: 40, rate: 20 });
    const said = await until(() => `health tells of it: ${clinic.gateway.new_log.slice(-1500)}`, async () => {
      const health = await clinic.gateway.health();
      return health.reasons.some((one) => one.severity === "alarm" && ["store", "reading"].includes(one.part)) ? health : undefined;
    });
    assert.ok(said.live, "a restart would not help");
    assert.equal((await clinic.gateway.http("/healthz")).status, 503);
    rmSync(ballast);
    await clinic.caught_up();
    assert_agrees(clinic);
    assert.equal((await clinic.gateway.http("/healthz")).status, 200, "healthy again without a restart");
    assert.equal(await clinic.gateway.stop(), 0);
    assert.equal(clinic.command("reconcile").code, 0);
  });

test("a truncated, an emptied and a deleted store are refused with the remedy, never begun anew", async (t) => {
  const clinic = await running_clinic(t);
  assert.equal(await clinic.gateway.stop(), 0);
  clinic.copy("store", "kept");
  const whole = statSync(store(clinic, "store.db")).size;
  for (const size of [Math.floor(whole / 2), 4096, 100, 0]) {
    rmSync(store(clinic), { recursive: true });
    clinic.copy("kept", "store");
    truncateSync(store(clinic, "store.db"), size);
    await refused(clinic, /restore/);
    if (size > 0) assert.equal(statSync(store(clinic, "store.db")).size, size, "what is left is left alone");
  }
  rmSync(store(clinic, "store.db"), { force: true });
  await refused(clinic, /restore/);
  rmSync(store(clinic), { recursive: true });
  clinic.copy("kept", "store");
  rmSync(store(clinic, "pseudonym.key"));
  await refused(clinic, /pseudonym\.key is missing/);
  rmSync(store(clinic), { recursive: true });
  clinic.copy("kept", "store");
  await clinic.gateway.start();
  await clinic.quiet();
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("I4: an older store, put back behind what the file sink took, is refused; restore from the log mends it", async (t) => {
  const clinic = await running_clinic(t);
  assert.equal(await clinic.gateway.stop(), 0);
  clinic.copy("store", "kept");
  await clinic.gateway.start();
  await clinic.live({ actions: 30, rate: 20 });
  await clinic.caught_up();
  assert.equal(await clinic.gateway.stop(), 0);
  rmSync(store(clinic), { recursive: true });
  clinic.copy("kept", "store");
  await refused(clinic, /ahead of this store.*restore/);

  const restored = clinic.command("restore", "--without-messages", ...events_files(clinic).flatMap((file) => ["--events", file]));
  assert.equal(restored.code, 0, restored.stderr);
  await clinic.live({ actions: 15, rate: 50, seed: 5 });
  await clinic.gateway.start();
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("I4: with webhooks only, an older store put back, alone or with its folder, is refused; what the receiver kept mends it", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  await clinic.receiver.start();
  clinic.write_config();
  await clinic.gateway.start();
  await clinic.caught_up();
  assert.equal(await clinic.gateway.stop(), 0);
  clinic.copy("store", "kept");
  await clinic.gateway.start();
  await clinic.live({ actions: 30, rate: 20 });
  await clinic.caught_up();
  await clinic.gateway.kill(); // the mark does not wait for an orderly end
  const put_back = (files) => {
    for (const name of files) rmSync(store(clinic, name), { force: true });
    for (const name of files) if (existsSync(join(clinic.folder, "kept", name))) clinic.copy(join("kept", name), join("store", name));
  };

  put_back(["store.db", "store.db-wal", "store.db-shm"]);
  await refused(clinic, /store\/store\.mark is ahead of this store.*older copy.*restore --events/);
  put_back(["store.db", "store.db-wal", "store.db-shm", "store.mark"]);
  await refused(clinic, /store\.mark is ahead of this store.*older copy.*restore --events/);
  const pushed = join(clinic.folder, "message.json");
  writeFileSync(pushed, JSON.stringify({ type: "order.placed", id: "m1", order: "O1", patient: { phone: "+7 900 999-99-99", last_name: "Несуществующая" },
    placed_at: "2026-03-02T10:00:00+03:00", items: [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: { minor: 400000, currency: "RUB" } }] }));
  assert.match(clinic.command("inbox", "push", pushed).stderr, /older copy/, "nor does a command append to it");

  const restored = clinic.command("restore", "--without-messages", "--events", clinic.receiver.events_file);
  assert.equal(restored.code, 0, restored.stderr);
  await clinic.live({ actions: 15, rate: 50, seed: 5 });
  await clinic.gateway.start();
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("the mark against older stores is not written while nothing is sent, and a store begun anew beside it is none of its business", async (t) => {
  const clinic = await running_clinic(t);
  const marks = () => [store(clinic, "store.mark"), `${join(clinic.folder, "store")}.mark`].map((file) => [statSync(file).ino, statSync(file).mtimeMs]);
  await until("both marks are there", () => existsSync(store(clinic, "store.mark")) && existsSync(`${join(clinic.folder, "store")}.mark`));
  assert.equal(statSync(store(clinic, "store.mark")).mode & 0o777, 0o600);
  await clinic.quiet();
  await until("the marks rest", async () => {
    const before = JSON.stringify(marks());
    await clinic.quiet();
    return JSON.stringify(marks()) === before;
  });
  const before = marks();
  await clinic.quiet(); // at least two passes
  assert.deepEqual(marks(), before);
  assert.equal(await clinic.gateway.stop(), 0);
  assert.deepEqual(marks(), before);
  for (const folder of [store(clinic), join(clinic.folder, "events")]) rmSync(folder, { recursive: true });
  await clinic.gateway.start();
  assert.equal(await clinic.gateway.stop(), 0);
});

test("I4: a lost store is rebuilt from what was sent; what the MIS deleted meanwhile is taken back", async (t) => {
  const clinic = await running_clinic(t, {}, { patients: 15, procedures: 25 });
  await clinic.live({ actions: 40, rate: 20 });
  await clinic.caught_up();
  assert.equal(await clinic.gateway.stop(), 0);
  rmSync(store(clinic, "store.db"));
  clinic.sql("delete from ORDERDET where ODETID = (select max(ODETID) from ORDERDET)");
  clinic.sql("update TREAT T set AMOUNTCL = 0, AMOUNTJP = 0, AMOUNTCL_DISC = 0, AMOUNTJP_DISC = 0 where not exists (select 1 from ORDERDET L where L.ORDERNO = T.ORDERNO)");
  clinic.sql("delete from SCHEDULE where SCHEDID = (select max(SCHEDID) from SCHEDULE where PCODE > 0 and WORKDATE > current_timestamp and TREATCODE is null)");
  await refused(clinic, /restore/);
  const words = ["--last-event", clinic.receiver.events.at(-1).id, "--without-messages"];
  const restored = clinic.command("restore", ...words, ...events_files(clinic).flatMap((file) => ["--events", file]));
  assert.equal(restored.code, 0, restored.stderr);
  const before = clinic.receiver.events.length;
  await clinic.gateway.start();
  await clinic.caught_up();
  const known = fold(clinic.receiver.events);
  assert.deepEqual(known.problems, []);
  assert_agrees(clinic, { sums: false });
  const after = clinic.receiver.events.slice(before);
  assert.ok(after.some((event) => event.type === "mis.procedure.reversed.v1"), "the deleted line is reversed");
  assert.ok(after.some((event) => event.type === "mis.appointment.removed.v1"));
  assert.equal(await clinic.gateway.stop(), 0);
});

test("backup and restore: store and key come back, what was sent since is read from the log", async (t) => {
  const clinic = await running_clinic(t);
  const phrase = join(clinic.folder, "phrase");
  writeFileSync(phrase, "invented passphrase\n", { mode: 0o600 });
  const backup = join(clinic.folder, "backup.mis");
  const made = clinic.command("backup", backup, "--passphrase-file", phrase);
  assert.equal(made.code, 0, made.stderr);
  await clinic.live({ actions: 20, rate: 20 });
  await clinic.caught_up();
  assert.equal(await clinic.gateway.stop(), 0);
  renameSync(store(clinic), join(clinic.folder, "lost"));
  const restored = clinic.command("restore", "--backup", backup, "--passphrase-file", phrase, "--without-messages", ...events_files(clinic).flatMap((file) => ["--events", file]));
  assert.equal(restored.code, 0, restored.stderr);
  await clinic.live({ actions: 10, rate: 50, seed: 7 });
  await clinic.gateway.start();
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("two processes on one store: the second is refused, the first goes on", async (t) => {
  const clinic = await running_clinic(t);
  const second = clinic.process("second");
  second.spawn(program("mis-gateway"), ["run", "--config", clinic.config_file]);
  await until("the second ends", () => second.exit !== undefined, 20);
  assert.notEqual(second.exit.code, 0);
  assert.match(second.log, /another mis-gateway runs on the store/);
  for (const words of [["sync", "--once"], ["reconcile"], ["backfill", "mis"]]) {
    const ran = clinic.command(...words);
    assert.notEqual(ran.code, 0, words.join(" "));
    assert.match(ran.stderr, /mis-gateway (runs on|holds) the store/);
  }
  await clinic.live({ actions: 10, rate: 20 });
  await clinic.caught_up();
  assert_agrees(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("the machine's clock jumps forward and back: nothing is lost, nothing comes twice", async (t) => {
  if (!faketime) return t.skip("libfaketime is not installed");
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  const offset = join(clinic.folder, "clock");
  const jump = (by) => {
    writeFileSync(`${offset}.new`, `${by}\n`);
    renameSync(`${offset}.new`, offset);
  };
  jump("+0");
  Object.assign(clinic.environment, { LD_PRELOAD: faketime, FAKETIME_TIMESTAMP_FILE: offset, FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" });
  await clinic.receiver.start();
  clinic.write_config();
  await clinic.gateway.start();
  await clinic.caught_up();
  let seed = 30;
  for (const by of ["+3h", "-3h", "+0", "+20m", "-20m"]) {
    jump(by);
    await clinic.live({ actions: 8, rate: 40, seed: seed++ });
    await clinic.caught_up();
    assert.deepEqual(fold(clinic.receiver.events).problems, []);
  }
  assert_agrees(clinic);
  assert.equal((await clinic.gateway.http("/livez")).status, 200);
  assert.equal(await clinic.gateway.stop(), 0);
});
