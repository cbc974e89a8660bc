// A clinic with two bases that have the very same rows and ids: as a chain with two of a kind, and as a clinic that moved and imported its history.
import assert from "node:assert/strict";
import { readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic, json_lines, until } from "./clinic.mjs";

const events_of = (clinic) => readdirSync(join(clinic.folder, "events")).sort().flatMap((file) => json_lines(join(clinic.folder, "events", file)));
const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

async function two_bases(t, second) {
  const clinic = await Clinic.make(t, { patients: 12, procedures: 30 });
  clinic.copy("clinic.fdb", "other.fdb");
  clinic.write_config({
    sinks: [clinic.file_sink()],
    sources: [clinic.source(), { ...clinic.source(), name: "other", firebird: { ...clinic.firebird, database: join(clinic.folder, "other.fdb") }, ...second }],
  });
  return clinic;
}
const of_source = (events, source, type) => events.filter((event) => event.source.endsWith(`/sources/${source}`) && (type === undefined || event.type === `mis.${type}.v1`));

test("two bases with equal ids: everything comes once from each, and nothing of one touches the other", async (t) => {
  const clinic = await two_bases(t, {});
  const ran = clinic.command("sync", "--once");
  assert.equal(ran.code, 0, ran.stderr);
  const events = events_of(clinic);
  for (const type of ["procedure.performed", "billing.charge", "billing.payment", "appointment.booked"])
    assert.equal(of_source(events, "other", type).length, of_source(events, "mis", type).length, type);
  assert.ok(of_source(events, "mis", "procedure.performed").length > 10);
  assert.equal(new Set(events.map((event) => event.id)).size, events.length);
  const keys = (source) => new Set(of_source(events, source).map((event) => event.partitionkey).filter((key) => key.startsWith("patient/")));
  assert.deepEqual([...keys("mis")].filter((key) => keys("other").has(key)), []);
  const reconciled = clinic.command("reconcile");
  assert.match(reconciled.stdout, /equal\n$/);

  await t.test("P11: a table links them, audited; what one had is known under the other, and the books agree", () => {
    const patients = clinic.sql("select first 3 P.PCODE from CLIENTS P where P.PCODE > 0 and exists (select 1 from TREAT T where T.PCODE = P.PCODE) order by P.PCODE").map(([key]) => key);
    const table = join(clinic.folder, "same.csv");
    writeFileSync(table, `\ufeffjoins;stays\r\n${patients.map((key) => `other/${key};mis/${key}\r\n`).join("")}`);
    const imported = clinic.command("patient", "import", table);
    assert.equal(imported.code, 0, imported.stderr);
    assert.match(imported.stdout, /^3 patients linked, 0 were linked already/);
    assert.match(clinic.command("patient", "import", table).stdout, /^0 patients linked, 3 were linked already/);
    assert.deepEqual(clinic.command("patient", "list", "--json").json.map(({ joins, stays }) => [joins, stays]), patients.map((key) => [`other/${key}`, `mis/${key}`]));
    assert.equal(clinic.command("sync", "--once").code, 0);
    const after = events_of(clinic).slice(events.length);
    assert.ok(after.some((event) => event.type === "mis.procedure.reversed.v1" && event.data.reason === "merged"));
    const moved = of_source(after, "other", "procedure.performed");
    assert.ok(moved.length > 0);
    for (const event of moved) assert.ok(keys("mis").has(event.partitionkey), "known by the card that stays");
    assert.match(clinic.command("reconcile").stdout, /equal\n$/);
    assert.equal(clinic.command("audit", "verify").code, 0);
    assert.equal(clinic.command("audit", "show").stdout.match(/patient_link"/g).length, 3);

    const undone = clinic.command("patient", "unlink", `other/${patients[0]}`);
    assert.equal(undone.code, 0, undone.stderr);
    assert.equal(clinic.command("patient", "list", "--json").json.length, 2);
    const history = clinic.command("patient", "list", "--history", "--json").json;
    assert.deepEqual(history.map((link) => link.unlinked !== undefined), [true, false, false]);
    assert.ok(history[0].by === history[0].unlinked_by && history[0].unlinked >= history[0].linked);
    assert.match(clinic.command("patient", "list", "--history").stdout, /^joins +stays +linked +by +unlinked +by/);
    assert.match(clinic.command("reconcile").stdout, /equal\n$/);
  });

  await t.test("what makes no sense is refused with the line and the reason, and nothing is linked", () => {
    const table = join(clinic.folder, "wrong.csv");
    writeFileSync(table, "joins,stays\nother/99999999,mis/1\nmis\nnosuch/1,mis/1\n");
    const refused = clinic.command("patient", "import", table);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /wrong\.csv:2: source other has no patient 99999999/);
    assert.match(refused.stderr, /wrong\.csv:3: two cells/);
    assert.match(refused.stderr, /wrong\.csv:4: .*nosuch/);
    assert.match(refused.stderr, /nothing was linked/);
    for (const [args, said] of [
      [["link", "mis/1", "mis/2"], /two cards of one source: merge them there/],
      [["link", "other/1"], /stays is required.*patient link --help/],
      [["link", "1", "mis/1"], /write SOURCE\/ID/],
      [["unlink", "mis/1"], /linked to nobody.*patient list/],
    ]) {
      const answer = clinic.command("patient", ...args);
      assert.notEqual(answer.code, 0);
      assert.match(answer.stderr, said);
    }
  });

  await t.test("what watches them tells the one from the other", async () => {
    await clinic.gateway.start();
    const metrics = await until("both sources were read", async () => {
      const now = await clinic.gateway.metrics();
      return ["mis", "other"].every((source) => now[`mis_gateway_poll_last_success_timestamp_seconds{source="${source}",stream="procedure"}`] > 0) && now;
    });
    const series = (source) => Object.keys(metrics).filter((name) => name.includes(`source="${source}"`)).map((name) => name.replace(`source="${source}"`, ""));
    assert.deepEqual(series("other"), series("mis"));
    assert.equal(await clinic.gateway.stop(), 0);
    renameSync(join(clinic.folder, "other.fdb"), join(clinic.folder, "gone.fdb"));
    await clinic.gateway.start();
    const told = await until("the lost base is told", async () => {
      const health = JSON.stringify(await clinic.gateway.health());
      return /other/.test(health) && health;
    });
    assert.doesNotMatch(told, /source mis\b/);
    const now = await until("the other is read all the same", async () => {
      const found = await clinic.gateway.metrics();
      return found['mis_gateway_poll_last_success_timestamp_seconds{source="mis",stream="procedure"}'] > 0 && found;
    });
    assert.ok(!(now['mis_gateway_poll_last_success_timestamp_seconds{source="other",stream="procedure"}'] > 0));
    assert.equal(await clinic.gateway.stop(), 0);
  });
});

test("D5: what a source has from before it counts is charged and told to nobody", async (t) => {
  const clinic = await two_bases(t, { counts_from: tomorrow() });
  const ran = clinic.command("sync", "--once");
  assert.equal(ran.code, 0, ran.stderr);
  const events = events_of(clinic);
  assert.ok(of_source(events, "mis", "billing.charge").length > 10);
  for (const type of ["procedure.performed", "billing.charge", "billing.payment", "plan.deviation.found"]) assert.deepEqual(of_source(events, "other", type), [], type);
  for (const event of of_source(events, "other", "appointment.booked")) assert.ok(event.data.appointment.starts_at >= tomorrow(), "visits to come count");
  assert.match(clinic.command("reconcile").stdout, /equal\n$/);
  const { history } = clinic.command("reconcile", "--json").json.at(-1);
  assert.ok(history > 10, "imported lines are counted");
  const told = events_of(clinic).length;
  assert.doesNotMatch(clinic.command("check").stdout, /counts_from/);
  const other = clinic.settings.sources.find((one) => one.counts_from);
  delete other.counts_from;
  clinic.write_config(clinic.settings); // looked at beforehand, and not meant
  assert.match(clinic.command("check").stdout, new RegExp(`WARNING source other: what was told counts from ${tomorrow()} on, and by counts_from it is to count of every day: ` +
    "at the next start [1-9]\\d* of its lines, payments and visits are told and charged for the first time"));
  other.counts_from = tomorrow();
  clinic.write_config({ ...clinic.settings, sources: [clinic.settings.sources[1]] }); // the old MIS is switched off: what it told stands
  assert.equal(clinic.command("sync", "--once").code, 0);
  assert.equal(events_of(clinic).length, told);
  clinic.settings.sources[0].counts_from = "tomorrow";
  clinic.write_config(clinic.settings);
  const wrong = clinic.command("check");
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /counts_from.*is no day/);
});
