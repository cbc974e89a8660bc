// Backups replace nothing but files, what cannot be printed is said, and a store brought back has the books it had.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic, json_lines, program } from "./clinic.mjs";

const events_files = (clinic) => readdirSync(join(clinic.folder, "events")).sort().map((file) => join(clinic.folder, "events", file));
const events_of = (clinic) => events_files(clinic).flatMap((file) => json_lines(file));
const with_phrase = (clinic) => {
  const phrase = join(clinic.folder, "phrase");
  writeFileSync(phrase, "invented passphrase\n", { mode: 0o600 });
  return ["--passphrase-file", phrase];
};

test("backup replaces regular files only, and none that the clinic lives by", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  clinic.write_config({ sinks: [clinic.file_sink()] });
  assert.equal(clinic.command("sync", "--once").code, 0);
  const phrase = with_phrase(clinic);
  const place = (name) => join(clinic.folder, name);
  writeFileSync(place("precious"), "precious\n");
  symlinkSync(place("precious"), place("latest"));
  symlinkSync(place("nowhere"), place("dangling"));
  symlinkSync("/proc/self/fd/1", place("stdout"));
  mkdirSync(place("folder"));
  assert.equal(spawnSync("mkfifo", [place("fifo")]).status, 0);
  const before = readdirSync(clinic.folder).sort();
  for (const [name, why] of [["latest", /symbolic link.*name the file itself/], ["dangling", /symbolic link/], ["stdout", /symbolic link/], ["fifo", /no regular file/], ["folder", /is a folder: name a file in it/],
    ["store/store.db", /store's own folder/], ["store/b", /store's own folder/], ["gateway.yaml", /in use by the configuration/], ["phrase", /in use/], ["store.mark", /in use/], ["/dev/null", /no regular file/]]) {
    const file = name.startsWith("/") ? name : place(name);
    const is = lstatSync(file, { throwIfNoEntry: false })?.mode;
    const refused = clinic.command("backup", file, ...phrase);
    assert.equal(refused.code, 2, name);
    assert.match(refused.stderr, why);
    assert.equal(lstatSync(file, { throwIfNoEntry: false })?.mode, is, `${name} is what it was`);
  }
  assert.equal(readFileSync(place("precious"), "utf8"), "precious\n");
  assert.deepEqual(readdirSync(clinic.folder).sort(), before, "nothing lies about");

  writeFileSync(place("monday.new"), "another's\n");
  writeFileSync(place("monday.store"), "another's\n");
  writeFileSync(place("monday"), "last week's\n", { mode: 0o644 });
  assert.equal(clinic.command("backup", place("monday"), ...phrase).code, 0);
  assert.equal(lstatSync(place("monday")).mode & 0o777, 0o600);
  for (const name of ["monday.new", "monday.store"]) assert.equal(readFileSync(place(name), "utf8"), "another's\n");
  assert.deepEqual(readdirSync(join(clinic.folder, "store")).filter((name) => /copy/.test(name)), []);

  const piped = spawnSync(program("mis-gateway"), ["backup", "-", ...phrase, "--config", clinic.config_file], { env: clinic.environment, maxBuffer: 1 << 28 });
  assert.equal(piped.status, 0, piped.stderr.toString());
  writeFileSync(place("tuesday"), piped.stdout);
  renameSync(join(clinic.folder, "store"), place("gone"));
  const restored = clinic.command("restore", "--backup", place("tuesday"), ...phrase);
  assert.equal(restored.code, 0, restored.stderr);
});

test("what a command prints and cannot write is an error; who stops reading hears nothing", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 20 });
  clinic.write_config({ sinks: [clinic.file_sink()] });
  assert.equal(clinic.command("sync", "--once").code, 0);
  const phrase = with_phrase(clinic);
  const run = (words, out) => spawnSync(program("mis-gateway"), words, { env: clinic.environment, encoding: "utf8", stdio: ["ignore", out, "pipe"] });
  const config = ["--config", clinic.config_file];
  const full = openSync("/dev/full", "w");
  for (const words of [["events", ...config], ["events", "--limit", "100000", ...config], ["audit", "show", ...config], ["order", "list", ...config], ["dead-letters", "--json", ...config], ["version"], ["--help"],
    ["plan", ...config], ["quarantine", ...config], ["connector", "list"], ["backup", "-", ...phrase, ...config]]) {
    const ran = run(words, full);
    if (words[0] === "dead-letters") continue; // prints nothing where there is none
    assert.equal(ran.status, 1, `${words.join(" ")}: ${ran.stderr}`);
    assert.match(ran.stderr, /standard output.*No space left on device/, words.join(" "));
  }
  const head = spawnSync("sh", ["-c", `"${program("mis-gateway")}" events --limit 100000 --config "${clinic.config_file}" | head -1`], { env: clinic.environment, encoding: "utf8" });
  assert.equal(head.status, 0);
  assert.equal(head.stderr, "");
});

test("I4: after a restore the books agree, the audit holds, and nothing goes out again under another id", async (t) => {
  const clinic = await Clinic.make(t, { patients: 25, procedures: 50 });
  clinic.write_config({ sinks: [clinic.file_sink()] });
  assert.equal(clinic.command("sync", "--once").code, 0);
  const phrase = with_phrase(clinic), backup = join(clinic.folder, "backup");
  assert.equal(clinic.command("backup", backup, ...phrase).code, 0);
  await clinic.live({ actions: 60, rate: 300, seed: 2 });
  const row = clinic.sql("select first 1 T.TREATCODE, T.PCODE from TREAT T order by T.TREATCODE desc");
  assert.equal(row.length, 1);
  assert.equal(clinic.command("sync", "--once").code, 0);
  assert.match(clinic.command("reconcile").stdout, /equal\n$/);
  const sent = events_of(clinic);
  renameSync(join(clinic.folder, "store"), join(clinic.folder, "gone"));
  rmSync(`${join(clinic.folder, "store")}.mark`, { force: true });
  const files = events_files(clinic).reverse();
  const whole = ["--last-event", sent.at(-1).id, "--without-messages"];
  const restored = clinic.command("restore", "--backup", backup, ...phrase, ...whole, "--events", ...files);
  assert.equal(restored.code, 0, restored.stderr);
  assert.equal(clinic.command("sync", "--once").code, 0);
  const after = events_of(clinic).slice(sent.length);
  const ids = new Set(sent.map((event) => event.id));
  assert.deepEqual(after.filter((event) => !ids.has(event.id)).map((event) => event.type), []);
  const reconciled = clinic.command("reconcile");
  assert.equal(reconciled.code, 0, reconciled.stdout + reconciled.stderr);
  assert.match(reconciled.stdout, /books: .* [1-9]\d* events folded: equal\n$/);
  assert.equal(clinic.command("audit", "verify").code, 0);
  assert.match(clinic.command("audit", "show", "--limit", "100000").stdout, /restored/);

  const [first] = files;
  const lines = readFileSync(first, "utf8").split("\n");
  // the hole is behind the backup, in a key that goes on
  const all = lines.filter((line) => line !== "").map((line) => JSON.parse(line));
  const later = all.map((event, index) => index).filter((index) => all.slice(index + 1).some((next) => next.partitionkey === all[index].partitionkey));
  const hole = later.at(-1);
  writeFileSync(join(clinic.folder, "holed.jsonl"), all.filter((_, index) => index !== hole).map((event) => `${JSON.stringify(event)}\n`).join(""));
  rmSync(join(clinic.folder, "store"), { recursive: true });
  rmSync(`${join(clinic.folder, "store")}.mark`, { force: true });
  const refused = clinic.command("restore", "--backup", backup, ...phrase, ...whole, "--events", ...files.slice(1), join(clinic.folder, "holed.jsonl"));
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /lack 1 events.*--incomplete/);
  assert.ok(!existsSync(join(clinic.folder, "store", "store.db")), "nothing half restored is left");
});
