// What the running gateway says of itself: metrics and health reasons that only a real one shows.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { get, until } from "./clinic.mjs";
import { Invented, LINES } from "./invented.mjs";

const http = { listen: "127.0.0.1:0" };

test("a base whose clock is three hours off is told by metric and by health", async (t) => {
  const clinic = Invented.make(t, LINES);
  clinic.write_config({ http });
  await clinic.gateway.start({ TZ: "UTC" }); // the base's clock runs in this process
  const skew = await until("the skew is measured", async () => (await clinic.gateway.metrics())['mis_gateway_clock_skew_seconds{source="mis"}']);
  assert.ok(Math.abs(skew + 10_800) < 60, `skew ${skew}`);
  const health = await clinic.gateway.health();
  assert.equal(health.status, "failing");
  assert.match(health.reasons.find((one) => one.part === "source mis").reason, /its clock and this machine's differ by -108\d\d s: set the clocks, and clinic\.timezone/);
  assert.equal(await clinic.gateway.stop(), 0);

  await clinic.gateway.start();
  await until("a pass is over", async () => "mis_gateway_clock_skew_seconds{source=\"mis\"}" in (await clinic.gateway.metrics()));
  assert.ok(Math.abs((await clinic.gateway.metrics())['mis_gateway_clock_skew_seconds{source="mis"}']) < 60);
  assert.deepEqual((await clinic.gateway.health()).reasons.filter((one) => one.part === "source mis"), []);
});

test("/livez waits for nobody, also while another process holds the store", async (t) => {
  const clinic = Invented.make(t, LINES);
  clinic.write_config({ http });
  await clinic.gateway.start();
  await until("the first pass is over", async () => (await clinic.gateway.metrics())['mis_gateway_poll_last_success_timestamp_seconds{source="mis",stream="procedure"}'] > 0);
  const holder = spawn("python3", ["-c",
    `import sqlite3,sys\nc=sqlite3.connect("${clinic.settings.store.folder}/store.db",isolation_level=None)\nc.execute("begin immediate")\nprint("held",flush=True)\nsys.stdin.read()`]);
  t.after(() => holder.kill());
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  clinic.sql("insert into USL values (3, 77, 'yesterday', 700, dateadd(1 second to current_timestamp))"); // so that a pass writes, and waits
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const base = clinic.gateway.new_log.match(/health and metrics on (http:\/\/127\.0\.0\.1:\d+)/)[1];
  const slow = get(`${base}/metrics`).catch(() => undefined); // asked before, and waiting
  for (let i = 0; i < 5; ++i) {
    const begin = Date.now();
    const answer = await get(`${base}/livez`);
    assert.equal(answer.status, 200);
    assert.ok(Date.now() - begin < 1000, `/livez took ${Date.now() - begin} ms`);
  }
  holder.stdin.end();
  await slow;
  await until("the store works again", async () => (await clinic.gateway.http("/readyz")).status === 200);
});

test("each stream is read as often as its connector says; poll_seconds of the source overrides", async (t) => {
  const often = { ...LINES.streams.procedure, yaml: `${LINES.streams.procedure.yaml}\npoll_seconds: 1` };
  const rarely = {
    yaml: "kind: service\nkey: U.ID\npoll_seconds: 3600\ncolumns: {id: integer}",
    fetch: "select U.ID from USL U where {slice}",
    map: "select id as source_id, id as code, 'x' as name from rows",
  };
  const clinic = Invented.make(t, { base: LINES.base, streams: { procedure: often, price: rarely } });
  const read_at = async (stream) => (await clinic.gateway.metrics())[`mis_gateway_poll_last_success_timestamp_seconds{source="mis",stream="${stream}"}`];
  const both_read_again = async () => {
    await until("both streams were read", async () => (await read_at("procedure")) > 0 && (await read_at("price")) > 0);
    const first = await read_at("price");
    const begin = await read_at("procedure");
    await until("the frequent one is read three times more", async () => (await read_at("procedure")) > begin + 3);
    return (await read_at("price")) > first;
  };
  clinic.write_config({ http, sources: [clinic.source({ poll_seconds: 0 })] });
  await clinic.gateway.start();
  assert.equal(await both_read_again(), false, "once an hour is not every second");
  assert.equal(await clinic.gateway.stop(), 0);
  clinic.write_config({ http, sources: [clinic.source({ poll_seconds: 1 })] });
  await clinic.gateway.start();
  assert.equal(await both_read_again(), true, "the source's own pause is every stream's");
});

test("a start on a full disk says which folder, how much is free and what to do", { skip: process.getuid() !== 0 && "mounting wants root" }, async (t) => {
  const clinic = Invented.make(t, LINES);
  const { spawnSync } = await import("node:child_process");
  const { mkdirSync } = await import("node:fs");
  const { join } = await import("node:path");
  const small = join(clinic.folder, "small");
  mkdirSync(small);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", small]).status !== 0) return t.skip("this machine mounts nothing");
  clinic.mounted = small;
  clinic.write_config({ store: { folder: join(small, "store") } });
  const first = clinic.command("sync", "--once");
  assert.equal(first.code, 0, first.stderr);
  spawnSync("dd", ["if=/dev/zero", `of=${small}/filler`, "bs=1k", "count=4000"]);
  const full = clinic.command("sync", "--once");
  assert.notEqual(full.code, 0);
  assert.match(full.stderr, new RegExp(`${small}/store is full, \\d+ kB are free: free some disk space there`));
});
