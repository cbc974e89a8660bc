// The program is replaced by a newer one. What it breaks: the store is of an older layout, of a newer one, in somebody's hands, without room beside it; the
// upgrade is killed or fails in the middle. Which loss it looks for: a store that is neither old nor new, an event announced again or under another id, an
// upgrade without a copy to go back to.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createCipheriv, randomBytes, scryptSync } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic, canonical, fold, json_lines, root, sequence_problems, until } from "../system/clinic.mjs";

const fixture_of = (layout) => join(root, `tests/fixtures/stores/layout-${layout}`);
const sent_of = (layout) => json_lines(join(fixture_of(layout), "sent.jsonl"));
const points = [...readFileSync(join(root, "core/platform/crash_point.hpp"), "utf8").matchAll(/"(upgrade\.\w+)"/g)].map((found) => found[1]);

const store = (clinic, name = "") => join(clinic.folder, "store", name);
const copies = (clinic) => readdirSync(store(clinic)).filter((name) => name.startsWith("store.layout-"));
function ask(file, sql) {
  const ran = spawnSync("sqlite3", [file, sql], { encoding: "utf8" });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout.trim();
}
const layout_of = (file) => Number(ask(file, "select value from store_meta where key = 'layout_version'"));

// The clinic as the program of layout 1 left it: base, store, key, the file sink's log.
async function old_clinic(t, layout = 1) {
  const fixture = fixture_of(layout);
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 }); // its base is not used; it makes Firebird's folders
  clinic.sent = sent_of(layout);
  clinic.firebird = { database: join(clinic.folder, "fixture.fdb"), user: "SYSDBA" };
  const made = spawnSync("isql-fb", ["-q", "-b", "-ch", "UTF8"], {
    env: clinic.environment, encoding: "utf8",
    input: `create database '${clinic.firebird.database}' user 'SYSDBA' default character set UTF8;\n${readFileSync(join(fixture, "base.sql"), "utf8")}`,
  });
  assert.equal(made.status, 0, made.stderr);
  mkdirSync(store(clinic), { mode: 0o700 });
  const loaded = spawnSync("sqlite3", [store(clinic, "store.db")], { input: readFileSync(join(fixture, "store.sql")), encoding: "utf8" });
  assert.equal(loaded.status, 0, loaded.stderr);
  copyFileSync(join(fixture, "pseudonym.key"), store(clinic, "pseudonym.key"));
  for (const name of ["store.db", "pseudonym.key"]) chmodSync(store(clinic, name), 0o600);
  mkdirSync(join(clinic.folder, "events"), { mode: 0o700 });
  copyFileSync(join(fixture, "sent.jsonl"), join(clinic.folder, "events", "events-000001.jsonl"));
  await clinic.receiver.start();
  clinic.write_config({
    clinic: { id: "fixture-clinic", timezone: "Europe/Moscow" },
    sources: [{
      name: "mis", connector: join(fixture, "connector"), firebird: clinic.firebird, poll_seconds: 1, duty_cycle_percent: 100, backfill_duty_cycle_percent: 100,
      reconcile_hour: (new Date().getUTCHours() + 15) % 24,
    }],
    sinks: [clinic.file_sink(), clinic.webhook_sink()],
  });
  return clinic;
}

async function refused(clinic, pattern) {
  clinic.gateway.launch();
  await until("the gateway ends", () => clinic.gateway.exit !== undefined, 30);
  assert.notEqual(clinic.gateway.exit.code, 0);
  assert.match(clinic.gateway.new_log, pattern);
  assert.equal(clinic.receiver.events.length, 0, "nothing was sent");
}

async function goes_on(clinic) {
  const { sent } = clinic;
  await clinic.gateway.start();
  await until("what the old program had not delivered arrives", () => clinic.receiver.events.length >= sent.length);
  assert.deepEqual(clinic.receiver.events.slice(0, sent.length).map(canonical).sort(), sent.map(canonical).sort(), "with the ids and contents it had");
  // the base was made anew from its script, which the gateway notices by its creation date: the operator says that it is the same
  await until("the other base is noticed", () => clinic.command("hold", "list").stdout.includes("mis"));
  const released = clinic.command("hold", "release", "mis");
  assert.equal(released.code, 0, released.stdout + released.stderr);
  clinic.sql(`insert into MONEY_IN values (3, 1, '2024-03-06 10:00:00', 200, 'P', current_timestamp);
    update WORKS set TOTAL = 700, CHANGED_AT = current_timestamp where ID = 2;
    update VISITS set STATE = 'X', CHANGED_AT = current_timestamp where ID = 4`);
  const fresh = () => clinic.receiver.events.slice(sent.length);
  const types = () => fresh().map((event) => event.type);
  await until(() => `the changes arrive: ${types()}`, () =>
    ["appointment.cancelled", "procedure.reversed", "procedure.performed", "billing.payment"].every((type) => types().includes(`mis.${type}.v1`)));
  await clinic.quiet();
  assert.equal(types().filter((type) => type === "mis.billing.payment.v1").length, 1, "the old payments are not announced again");
  assert.equal(types().filter((type) => type === "mis.procedure.performed.v1").length, 1, "nor the old works");
  const old = new Set(sent.map((event) => event.id));
  assert.deepEqual(fresh().filter((event) => old.has(event.id)), [], "nothing comes twice");
  assert.deepEqual(fold(clinic.receiver.events).problems, []);
  assert.deepEqual(sequence_problems(clinic.receiver.events), []);
  assert.equal(await clinic.gateway.stop(), 0);
  const reconciled = clinic.command("reconcile");
  assert.equal(reconciled.code, 0, reconciled.stdout + reconciled.stderr);
}

for (const layout of [1, 10]) test(`a store of layout ${layout} is copied, upgraded, and goes on: everything comes once, with the id it had`, async (t) => {
  const clinic = await old_clinic(t, layout);
  await goes_on(clinic);
  assert.ok(layout_of(store(clinic, "store.db")) > layout);
  assert.ok(Number(ask(store(clinic, "store.db"), "select count(*) from trace")) > 0, "what left since is known by patient");
  const [copy, ...more] = copies(clinic);
  assert.deepEqual(more, []);
  assert.match(copy, new RegExp(`^store\\.layout-${layout}\\.\\d{8}T\\d{6}Z\\.db$`));
  assert.match(clinic.gateway.log, new RegExp(`the store as it was before lies at ${store(clinic, copy)}`));
  assert.equal(statSync(store(clinic, copy)).mode & 0o777, 0o600);
  assert.equal(layout_of(store(clinic, copy)), layout);
  assert.equal(ask(store(clinic, copy), "select count(*) from record"), "12");
  assert.match(clinic.command("check").stdout, new RegExp(copy));

  // back to the old program: its copy is put in place, but what was sent since is not forgotten (I4)
  for (const name of ["store.db", "store.db-wal", "store.db-shm"]) rmSync(store(clinic, name), { force: true });
  copyFileSync(store(clinic, copy), store(clinic, "store.db"));
  clinic.write_config({ ...clinic.settings, sinks: [clinic.webhook_sink()] });
  clinic.gateway.launch({}, ["--discard"]);
  await until("the gateway ends", () => clinic.gateway.exit !== undefined, 30);
  assert.match(clinic.gateway.new_log, /ahead of this store.*restore/);
});

test(`killed at each of ${points.join(", ")}: the store is old or new, and the next start goes on`, async (t) => {
  assert.ok(points.length >= 3);
  const clinic = await old_clinic(t);
  for (const point of points) {
    clinic.gateway.launch({ MIS_GATEWAY_CRASH_AT: point });
    await until(`${point} is passed`, () => clinic.gateway.exit !== undefined, 30);
    assert.deepEqual(clinic.gateway.exit, { code: null, signal: "SIGKILL" }, clinic.gateway.new_log);
    assert.equal(layout_of(store(clinic, "store.db")), point === "upgrade.after_step" ? 2 : 1, point);
    assert.equal(ask(store(clinic, "store.db"), "pragma integrity_check"), "ok");
    assert.equal(copies(clinic).length, 1, "one copy per layout, however often it was killed");
  }
  await goes_on(clinic);
});

// What `backup FILE` of the old program wrote: today's would upgrade the store first.
function old_backup(clinic, phrase) {
  const bytes = readFileSync(store(clinic, "store.db"));
  const header = JSON.stringify({ audit_head: "", clinic: "fixture-clinic", made_at: "2024-03-05T10:00:00Z", store_bytes: bytes.length });
  const plain = Buffer.concat([Buffer.from(`mis-gateway backup 1\n${header}\n${readFileSync(store(clinic, "pseudonym.key"), "utf8").trim()}\n`), bytes]);
  const magic = Buffer.from("misgwseal1"), salt = randomBytes(16), nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", scryptSync(phrase, salt, 32, { N: 1 << 15, r: 8, p: 1, maxmem: 64 << 20 }), nonce);
  cipher.setAAD(magic);
  return Buffer.concat([magic, salt, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

test("a backup of layout 1 is upgraded on its way back, and with the log of what was sent since it goes on", async (t) => {
  const clinic = await old_clinic(t);
  const { sent } = clinic;
  const backup = join(clinic.folder, "old.backup"), phrase_file = join(clinic.folder, "phrase"), log = join(clinic.folder, "log.jsonl");
  writeFileSync(phrase_file, "invented passphrase\n", { mode: 0o600 });
  writeFileSync(backup, old_backup(clinic, "invented passphrase"));
  await goes_on(clinic);
  writeFileSync(log, readdirSync(join(clinic.folder, "events")).sort().map((name) => readFileSync(join(clinic.folder, "events", name), "utf8")).join(""));
  const known = new Set(json_lines(log).map((event) => event.id));
  const whole = ["--last-event", json_lines(log).at(-1).id, "--without-messages"];
  rmSync(store(clinic), { recursive: true });
  rmSync(`${store(clinic)}.mark`, { force: true });
  rmSync(join(clinic.folder, "events"), { recursive: true });

  const lines = readFileSync(log, "utf8").split("\n").filter((line) => line !== "");
  const holed = join(clinic.folder, "holed.jsonl");
  const hole = lines.findIndex((line, index) => index >= sent.length && lines.slice(index + 1).some((next) => JSON.parse(next).partitionkey === JSON.parse(line).partitionkey));
  writeFileSync(holed, lines.filter((_, index) => index !== hole).map((line) => `${line}\n`).join(""));
  const refused = clinic.command("restore", "--backup", backup, "--passphrase-file", phrase_file, ...whole, "--events", holed);
  assert.equal(refused.code, 2, refused.stdout + refused.stderr);
  assert.match(refused.stderr, /lack 1 events/);
  assert.deepEqual(readdirSync(store(clinic)).filter((name) => /\.db|\.key/.test(name)), [], "nothing of it is left, the copy from before its upgrade neither");

  const restored = clinic.command("restore", "--backup", backup, "--passphrase-file", phrase_file, ...whole, "--events", log);
  assert.equal(restored.code, 0, restored.stdout + restored.stderr);
  assert.match(restored.stdout, new RegExp(`${known.size} events already sent read, ${known.size - sent.length} of them new to this store`));
  assert.ok(layout_of(store(clinic, "store.db")) > 1);
  await clinic.gateway.start();
  await until("the other base is noticed", () => clinic.command("hold", "list").stdout.includes("mis"));
  assert.equal(clinic.command("hold", "release", "mis").code, 0);
  await until("everything was compared", async () => (await clinic.gateway.metrics())['mis_gateway_poll_last_success_timestamp_seconds{source="mis",stream="patient"}'] > 0);
  await clinic.quiet();
  // its base is another one to the gateway once more: that the source waited for the operator is told, and is all that is new
  const fresh = clinic.receiver.events.filter((event) => !known.has(event.id));
  assert.deepEqual(fresh.map((event) => event.type), ["mis.source.degraded.v1", "mis.source.recovered.v1"], "nothing else that is new leaves");
  assert.deepEqual(fold(clinic.receiver.events).problems, []);
  assert.equal(await clinic.gateway.stop(), 0);
  const reconciled = clinic.command("reconcile");
  assert.equal(reconciled.code, 0, reconciled.stdout + reconciled.stderr);
});

test("a step that fails leaves the store as it was, and says how to go back", async (t) => {
  const clinic = await old_clinic(t);
  ask(store(clinic, "store.db"), "create table store_migration (in_the_way)");
  await refused(clinic, /upgrading the store to layout 2 \(history\) failed: .*stays at layout 1, nothing is lost.*rename store\.layout-1\.\w+\.db to store\.db/);
  assert.equal(layout_of(store(clinic, "store.db")), 1);
  ask(store(clinic, "store.db"), "drop table store_migration");
  await goes_on(clinic);
});

test("a store of a newer program is refused with the remedy and left alone", async (t) => {
  const clinic = await old_clinic(t);
  ask(store(clinic, "store.db"), "update store_meta set value = '99' where key = 'layout_version'");
  const before = ask(store(clinic, "store.db"), ".dump");
  await refused(clinic, /newer version \(layout 99, this program knows \d+\): run that version/);
  assert.equal(ask(store(clinic, "store.db"), ".dump"), before);
  assert.deepEqual(copies(clinic), []);
});

test("while another process has the store, nobody upgrades it", async (t) => {
  const clinic = await old_clinic(t);
  const holder = spawn("flock", [store(clinic, "lock"), "sh", "-c", "echo held; exec cat"], { stdio: ["pipe", "pipe", "inherit"] });
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  for (const words of [["run"], ["hold", "list"]]) {
    const ran = clinic.command(...words);
    assert.notEqual(ran.code, 0);
    assert.match(ran.stderr, /another mis-gateway runs on it/);
  }
  assert.equal(layout_of(store(clinic, "store.db")), 1);
  holder.stdin.end();
  await new Promise((resolve) => holder.once("exit", resolve));
  await goes_on(clinic);
});

test("without room for the copy nothing is touched", async (t) => {
  if (process.getuid() !== 0) return t.skip("needs root, to mount a small tmpfs");
  const clinic = await old_clinic(t);
  const kept = join(clinic.folder, "kept");
  clinic.copy("store", "kept");
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", store(clinic)], { encoding: "utf8" });
  if (mounted.status !== 0) return t.skip(`no tmpfs could be mounted here: ${mounted.stderr}`);
  clinic.mounted = store(clinic);
  for (const name of readdirSync(kept)) copyFileSync(join(kept, name), store(clinic, name));
  await refused(clinic, /copied before it is upgraded, but only \d+ MB are free.*free some disk space.*as it was/);
  assert.equal(layout_of(store(clinic, "store.db")), 1);
  assert.deepEqual(copies(clinic), []);
});
