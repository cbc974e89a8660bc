// tools/demo itself, to its end: that what a visitor sees first is true. Its story (orders, teeth, a barter limit, statements, a complaint) is told whole, and
// its numbers agree; it says so itself by its exit code, and here once more by its lines.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { build, root } from "./clinic.mjs";

test("the demo tells its story and its numbers agree", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "mis-demo-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const ran = spawnSync(join(root, "tools/demo"), ["--seconds", "1"], {
    encoding: "utf8", timeout: 600_000, maxBuffer: 1 << 28, env: { ...process.env, MIS_BUILD: build, MIS_DEMO_FOLDER: join(folder, "run"), MIS_GATEWAY_SHARE: root },
  });
  assert.equal(ran.status, 0, `${ran.stdout.slice(-3000)}${ran.stderr.slice(-2000)}`);
  for (const [, name, rows, held, delivered] of ran.stdout.matchAll(/^(appointments|procedures|payments) +(\d+) +(\d+) +(\d+)$/gm))
    assert.deepEqual([held, delivered], [rows, rows], name);
  const had = Object.fromEntries([...ran.stdout.matchAll(/^ {2}([a-z_.]+) +(\d+)$/gm)].map(([, type, count]) => [type, Number(count)]));
  assert.deepEqual([had["order.waiting"], had["order.linked"], had["order.closed"], had["feedback.answered"], had["feedback.resolved"]], [1, 2, 2, 1, 1]);
  assert.ok(had["plan.item.performed"] >= 6 && had["limit.exhausted"] >= 1 && had["billing.statement"] >= 5, JSON.stringify(had));
  assert.match(ran.stdout, /12520\.70 of 15000\.00 used, nothing beyond/);
  assert.match(ran.stdout, /Everything agrees/);
});
