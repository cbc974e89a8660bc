// What a clinic's administrator meets: a configuration that is wrong in every usual way, and names that do not exist. Each text has to say what is wrong,
// where it stands (file and line where there is one) and what to do; the exit code is 2 for wrong usage or configuration, 1 where the check found a problem.
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic } from "./clinic.mjs";

const SECRET_TEXTS = ["hunter2", "masterkey", "whsec_"];

// A configuration as people write it; `change` is asked for each line.
function write(clinic, change = (line) => line) {
  const lines = [
    "clinic: {id: test-clinic, timezone: Europe/Moscow}",
    "store: {folder: store}",
    "export: {mode: all, legal_ground: invented data}",
    "sources:",
    "  - name: mis",
    "    connector: infoclinica",
    "    firebird: {database: ./clinic.fdb, user: SYSDBA}",
    "    site: {tooth_column: ZUB, limit_amount: amountrub}",
    "sinks:",
    "  - name: exchange",
    '    webhook: {url: "http://127.0.0.1:9/events", secret_files: [webhook.secret]}',
    'http: {listen: "127.0.0.1:0"}',
  ];
  writeFileSync(clinic.config_file, lines.map((line, index) => change(line, index + 1)).filter((line) => line !== null).join("\n") + "\n");
}
const swap = (from, to) => (line) => line.replace(from, to);

test("check says that a good configuration is good, where everything lies, and makes nothing", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 30 });
  write(clinic);
  const good = clinic.command("check"); // relative paths begin at the file's folder, not where the command runs
  assert.equal(good.code, 0, good.stderr + good.stdout);
  assert.match(good.stdout, /configuration .*gateway\.yaml: valid/);
  for (const what of ["connectors", "schemas   ", "groups    "]) assert.match(good.stdout, new RegExp(`^${what} /`, "m"));
  assert.match(good.stdout, /none yet: the first run makes it/);
  assert.match(good.stdout, /site: tooth_column = ZUB/);
  assert.doesNotMatch(good.stdout, /declared timestamp/, "an optional column that this base lacks is no wrong type");
  assert.match(good.stdout, /^WARNING source mis: this login can write: SYSDBA may do anything$/m);
  const warnings = good.stdout.match(/^WARNING /gm).length;
  assert.match(good.stdout, new RegExp(`check: 0 problems, ${warnings} warnings?; it can run`), "every warning is counted");
  assert.deepEqual(clinic.command("check", "--json").json.at(-1), { problems: 0, warnings });
  const again = clinic.command("check");
  assert.match(again.stdout, /none yet/, "and it made no store");
});

test("ten wrong configurations, each told with place and remedy", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 30 });
  const wrong = (name, change, code, ...patterns) =>
    t.test(name, () => {
      write(clinic, change);
      const said = clinic.command("check");
      assert.equal(said.code, code, said.stderr + said.stdout);
      for (const pattern of patterns) assert.match(said.stderr, pattern);
      for (const secret of SECRET_TEXTS.slice(0, 2)) assert.ok(!said.stderr.includes(secret), "no secret is repeated");
    });
  await wrong("zone", swap("Europe/Moscow", "Asia/Ekaterinburg"), 2, /gateway\.yaml:1: clinic\.timezone: is no time zone .*Asia\/Yekaterinburg/);
  await wrong("no address", swap(/url: "[^"]*", /, ""), 2, /gateway\.yaml:11: sinks\[0\]\.webhook\.url: missing: add it, for example url:/);
  await wrong("bad YAML", swap("    connector", "   connector"), 2, /gateway\.yaml:6: not valid YAML: .*indentation/);
  await wrong("tab", swap("    connector", "\tconnector"), 2, /gateway\.yaml:6: not valid YAML: .*spaces, never with tabs/);
  writeFileSync(join(clinic.folder, "bad.secret"), "hunter2\n", { mode: 0o600 });
  await wrong("wrong form of a secret", swap("webhook.secret", "bad.secret"), 1, /gateway\.yaml:11: sinks\[0\]\.webhook\.secret_files: .*bad\.secret: .*whsec_.*openssl rand/);
  await wrong("secret missing", swap("webhook.secret", "none.secret"), 1, /gateway\.yaml:11: .*none\.secret: No such file.*mode 0600/);
  await wrong("secret in the file", swap("user: SYSDBA", "user: SYSDBA, password: masterkey"), 2, /gateway\.yaml:7: sources\[0\]\.firebird\.password: secrets never stand in this file/);
  await wrong("unknown connector", swap("infoclinica", "infoklinika"), 1, /gateway\.yaml:6: sources\[0\]\.connector: no connector 'infoklinika' \(did you mean infoclinica\?\)/);
  await wrong("site's key", swap("tooth_column", "tooth_colum"), 1, /gateway\.yaml:8: sources\[0\]\.site\.tooth_colum: .*no effect: did you mean tooth_column\?/);
  await wrong("site's column", swap("ZUB", "ZUBB"), 1, /source mis, stream procedure: .*ZUBB/);
  await wrong("base missing", swap("clinic.fdb", "klinik.fdb"), 1, /gateway\.yaml:7: sources\[0\]\.firebird: .*klinik\.fdb as SYSDBA: .*No such file.*check firebird\.database/);
  await wrong("base offline", swap("{database", "{host: 127.0.0.1, port: 9, password_env: HOME, database"), 1, /gateway\.yaml:7: .*connecting to 127\.0\.0\.1\/9.*check firebird\.host and port/);
  await wrong("character set", swap("{database", "{charset: WIN1215, database"), 1, /gateway\.yaml:7: sources\[0\]\.firebird: charset: .*WIN1215/);
  await wrong("dialect", swap("{database", "{dialect: 1, database"), 1, /gateway\.yaml:7: sources\[0\]\.firebird\.dialect: the base has dialect 3, .*write dialect: 3/);
  await wrong("two sinks of one name", (line, at) => (at === 12 ? "  - {name: exchange, file: {folder: x}}" : line), 2, /gateway\.yaml:12: sinks\[1\]\.name: is there twice/);
  await wrong("all without a ground", swap(", legal_ground: invented data", ""), 2, /gateway\.yaml:3: export\.mode: `all` .*legal_ground, or take ordered/);
  await wrong("nobody to send to", (line, at) => (at >= 9 && at <= 11 ? null : line), 1, /gateway\.yaml:1: sinks: no sink: .*add one/);
  await wrong("extension of the groups missing", (line, at) => (at === 12 ? "nomenclature: {extend_file: none.yaml}" : line), 2, /gateway\.yaml:12: nomenclature\.extend_file: .*none\.yaml/);
  writeFileSync(join(clinic.folder, "file"), "");
  await wrong("store's folder", swap("folder: store", "folder: file/store"), 1, /gateway\.yaml:2: store\.folder: .*is a file, no folder/);
  await wrong("file sink's folder", (line, at) => (at === 12 ? "  - {name: log, file: {folder: file/events}}" : line), 1, /gateway\.yaml:12: sinks\[1\]\.file\.folder: .*cannot be written/);

  await t.test("port taken: check and run say so", async () => {
    const other = createServer();
    await new Promise((resolve) => other.listen(0, "127.0.0.1", resolve));
    t.after(() => other.close());
    write(clinic, swap("127.0.0.1:0", `127.0.0.1:${other.address().port}`));
    const pattern = /gateway\.yaml:12: http\.listen: .*in use: another program listens there.*take another port/;
    const said = clinic.command("check");
    assert.equal(said.code, 1);
    assert.match(said.stderr, pattern);
    const ran = clinic.command("run");
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, pattern);
  });
  await t.test("a secret that others may read is a warning", () => {
    write(clinic);
    chmodSync(clinic.secret_file, 0o644);
    const said = clinic.command("check");
    chmodSync(clinic.secret_file, 0o600);
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stdout, /WARNING .*gateway\.yaml:11: .*webhook\.secret may be read by others \(mode 644\): chmod 600/);
  });
  await t.test("run ends with 2 on a wrong configuration, so that systemd does not try it for ever", () => {
    write(clinic, swap("webhook.secret", "none.secret"));
    assert.equal(clinic.command("run").code, 2);
  });
});

test("names that do not exist are refused with the known ones; misspelt commands with the nearest", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 30 });
  clinic.write_config({ sinks: [clinic.file_sink()] });
  const synced = clinic.command("sync", "--once");
  assert.equal(synced.code, 0, synced.stderr);
  assert.match(synced.stdout, /unchanged +skipped +quarantined/);
  const refused = (words, pattern) => {
    const said = clinic.command(...words);
    assert.equal(said.code, 2, `${words.join(" ")}: ${said.stderr}`);
    assert.match(said.stderr, pattern);
  };
  refused(["dead-letters", "--sink", "nope"], /no sink 'nope'; there are: event-log/);
  refused(["replay", "--sink", "event-lok", "--from", "1", "--to", "2"], /did you mean event-log\?/);
  refused(["events", "--type", "billing.charg"], /no type 'billing\.charg' \(did you mean billing\.charge\?\)/);
  refused(["quarantine", "--source", "nope"], /no source 'nope'; there are: mis/);
  refused(["quarantine", "--stream", "patien"], /no stream 'patien' \(did you mean patient\?\)/);
  refused(["preview", "mis", "patien"], /did you mean patient\?/);
  refused(["preview", "mis", "branch", "--newest"], /neither a stamp nor a window/);
  refused(["hold", "release", "mis", "patien"], /did you mean patient\?/);
  refused(["map-code", "mis", "X-1", "tooth"], /no code of order 804n: write one like A16\.07\.002/);
  refused(["map-code", "mis", "X-1"], /three words/);
  refused(["chek"], /no command 'chek': did you mean check\?.*mis-gateway --help/);
  refused(["hold", "relase"], /did you mean release\?.*mis-gateway hold --help/);
  refused(["preview", "mis", "patient", "--limt", "3"], /no option --limt: did you mean --limit\?/);
  assert.equal(clinic.command("events", "--type", "mis.slots.changed.v1", "--limit", "1").code, 0);
  assert.equal(clinic.command("map-code", "mis", "X-1", "А16.07.002").code, 0, "with the Cyrillic letter too (I8)");
  assert.match(clinic.command("preview", "--help").stdout, /--limit .*=100/);

  const stamps = clinic.command("preview", "mis", "appointment", "--newest", "--limit", "3").json.map((record) => record.source_modified_at.slice(0, 10));
  assert.ok(stamps.length > 0);
  assert.deepEqual(stamps, [...stamps].sort().reverse(), "the newest first");
});
