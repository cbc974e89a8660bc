// config/prometheus and config/grafana: the rules are what Prometheus's own tool takes, and ask only for metrics and labels that a running gateway gives.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic, root } from "./clinic.mjs";

const rules = join(root, "config/prometheus/rules.yml");
const board = JSON.parse(readFileSync(join(root, "config/grafana/mis-gateway.json"), "utf8"));

const tool = (...args) => {
  const ran = spawnSync("promtool", args, { cwd: join(root, "config/prometheus"), encoding: "utf8" });
  assert.ifError(ran.error);
  assert.equal(ran.status, 0, ran.stdout + ran.stderr);
};

// Of one expression: metric → labels that it is asked by.
function asked(expression) {
  const found = new Map();
  for (const [, name, matchers = ""] of expression.matchAll(/\b(mis_gateway_\w+)(?:\{([^}]*)\})?/g)) {
    const labels = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label);
    found.set(name, new Set([...(found.get(name) ?? []), ...labels]));
  }
  return found;
}

function expressions() {
  const all = [...readFileSync(rules, "utf8").matchAll(/^\s*expr: (.*)$/gm)].map(([, text]) => text);
  for (const panel of board.panels) all.push(...panel.targets.map((target) => target.expr));
  for (const variable of board.templating.list) if (variable.definition) all.push(variable.definition.replace(/label_values\((.*), (\w+)\)/, "$1"));
  for (const note of board.annotations.list) all.push(note.expr);
  return all;
}

test("rules and their own tests satisfy promtool", () => {
  tool("check", "rules", "rules.yml");
  tool("test", "rules", "rules.test.yml");
});

test("what rules and dashboard ask for, a running gateway tells", async (t) => {
  const clinic = await Clinic.make(t);
  await clinic.receiver.start();
  clinic.write_config({ sinks: [clinic.webhook_sink()], backup: { folder: join(clinic.folder, "backups"), age_hours_max: 30 } });
  await clinic.gateway.start();
  await clinic.caught_up();
  const text = (await clinic.gateway.http("/metrics")).body;
  const told = new Map();  // metric → labels of its samples
  for (const [, name] of text.matchAll(/^# TYPE (\w+) /gm)) told.set(name, new Set());
  for (const [, name, labels = ""] of text.matchAll(/^(mis_gateway_\w+)(?:\{(.*?)\})? /gm))
    for (const [, label] of labels.matchAll(/(\w+)="/g)) told.set(name, (told.get(name) ?? new Set()).add(label));
  // told only where a MIS calls us; connectors of kind push are not this clinic's
  const source = readFileSync(join(root, "core/gateway/watching/metrics.cpp"), "utf8");
  const declared = (name) => new RegExp(`"${name.replace("mis_gateway_", "")}"`).test(source);
  let looked = 0;
  for (const expression of expressions())
    for (const [name, labels] of asked(expression)) {
      ++looked;
      if (name.startsWith("mis_gateway_intake_")) {
        assert.ok(declared(name), `${name} of ${expression}`);
        continue;
      }
      assert.ok(told.has(name), `${name} is told by no gateway: ${expression}`);
      const known = told.get(name);
      // without a sample yet (a counter of refusals) no label is known
      for (const label of labels) if (known.size && label !== "instance") assert.ok(known.has(label), `${name} has no label ${label}: ${expression}`);
    }
  assert.ok(looked > 40, `${looked} metrics looked at`);
});
