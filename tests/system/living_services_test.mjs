// The clinics of tools/rest_clinic live between passes of the real program, and their services fail in between: in every pass nothing is believed that the service never held, and a pass
// without failures makes all agree. A run is told by its seed: MIS_SEED=… repeats it.
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { believed as of_visits, difference } from "../support/rest_belief.mjs";
import { Life } from "../../tools/rest_clinic/life.mjs";
import { root } from "./clinic.mjs";
import { RestClinic } from "./rest_clinic.mjs";

const ROUNDS = Number(process.env.MIS_ROUNDS ?? 3);
const seed = Number(process.env.MIS_SEED ?? Date.now() % 1_000_000) + 1;
const folder = join(root, "tools/rest_clinic");
const names = readdirSync(join(folder, "systems")).map((file) => file.replace(/\.mjs$/, ""));

const FAILURES = [
  { status: 500, text: "" },
  { status: 503, headers: { "Retry-After": "7200" } },
  { status: 429, headers: { "Retry-After": "1" }, json: {} },
  { status: 401, json: {} },
  { after: true, cut: 50 },
  { after: true, text: (whole) => whole.slice(0, -3) },
  { text: "<html>Тестова</html>", type: "text/html" },
  { json: {} },
];

for (const name of names)
  test(`${name}: a clinic that lives, and a service that fails (seed ${seed})`, async (t) => {
    const system = (await import(`${folder}/systems/${name}.mjs`)).default;
    const service = await system.start(t);
    const life = new Life(seed);
    system.furnish(service, life);
    const { url, user, secret, site = {}, branches = {}, register = false } = system.settings(service);
    const clinic = await RestClinic.make(t, { url, connector: name, secret, site, http: { user, per_second: 1000, per_minute: 60_000 } });
    clinic.write_config({ clinic: { id: "test-clinic", timezone: "Europe/Moscow", branches }, sources: [clinic.source({ register })] });
    const believed = system.believed ?? of_visits;
    const actions = Object.values(system.actions).flatMap(([weight, act]) => Array.from({ length: weight }, () => act));
    const first = await clinic.sync();
    assert.equal(first.code, 0, first.stdout + first.stderr);

    const ever = {}; // name → lines that the service held at some time, each as often as it did at most
    const note = () => {
      for (const [kind, lines] of Object.entries(system.standing(service))) {
        const counts = new Map();
        for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
        ever[kind] ??= new Map();
        for (const [line, count] of counts) ever[kind].set(line, Math.max(count, ever[kind].get(line) ?? 0));
      }
    };
    note();
    let done = 0;
    for (let round = 0; round < ROUNDS; ++round) {
      for (let action = 0; action < 12; ++action) {
        if (life.one_of(actions)(service, life)) ++done;
        note();
      }
      const failing = life.dice(3) !== 0;
      service.server.trouble = () => (failing && life.dice(3) === 0 ? life.one_of(FAILURES) : undefined);
      const synced = await clinic.sync();
      assert.doesNotMatch(synced.stdout + synced.stderr, /Тестова/);
      for (const [kind, lines] of Object.entries(believed(await clinic.events()))) {
        const counts = new Map();
        for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
        // a time of which the visit was read and the interval not yet, or the other way round, is no invention
        for (const [line, count] of counts) assert.ok(kind === "slots" || count <= (ever[kind].get(line) ?? 0) + 1, `round ${round}, ${kind}: ${line} is believed ${count} times`);
        for (const line of counts.keys()) assert.ok(ever[kind].has(line), `round ${round}, ${kind}: ${line} never stood`);
      }
    }
    assert.ok(done > ROUNDS * 6, `${done} actions`);
    service.server.trouble = () => undefined;
    const last = await clinic.sync();
    assert.equal(last.code, 0, last.stdout + last.stderr);
    const compared = await clinic.command("reconcile", "--json");
    const events = await clinic.events();
    for (const [kind, lines] of Object.entries(system.standing(service))) assert.deepEqual(difference(lines, believed(events)[kind]), [], `${kind} at the end`);
    const held = Object.fromEntries(compared.json.filter((line) => line.stream && line.state !== "off").map((line) => [line.stream, line.held]));
    assert.deepEqual(held, system.held(service), compared.stdout + compared.stderr);

    // the demo's comparison says the same, and notices what is missing
    const file = (name, text) => (writeFileSync(join(clinic.folder, name), text), join(clinic.folder, name));
    const compare = (lines) => spawnSync(process.execPath, [join(folder, "compare.mjs"), name, "--state", file("state.json", JSON.stringify({ data: Object.fromEntries(system.kept.map((member) => [member, service[member]])) })),
      "--held", file("held.jsonl", compared.stdout), "--events", file("events.jsonl", lines.map((event) => JSON.stringify(event)).join("\n"))], { encoding: "utf8" });
    const agrees = compare(events);
    assert.equal(agrees.status, 0, agrees.stdout + agrees.stderr);
    const differs = compare(events.slice(0, 3));
    assert.equal(differs.status, 1, differs.stdout + differs.stderr);
  });
