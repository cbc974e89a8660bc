// The base behind ODBC fails, and the gateway dies. What it breaks: the server in the middle of a read, its tables under somebody's exclusive locks, its answers
// (SIGSTOP), the gateway by kill -9 at any moment, while the clinic goes on living, commits late, deletes without a trace and edits without a stamp. Which loss
// it looks for: a row that never comes, one taken for deleted, a sum that is off by a kopeck. The oracle is the base.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { until } from "../system/clinic.mjs";
import { SqlLife } from "../system/sql_life.mjs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const rounds = process.env.MIS_LONG ? 40 : 8;
const TABLES = {
  medialog: ["PLANNING", "FM_BILLDET", "FM_BILLDET_PAY", "FM_ACCOUNT_TRAN", "PATIENTS"],
  ident: ["Receptions", "OrderServiceRelation", "CurrentTimeTable", "simulator.payment", "Persons"],
};
const seed = () => Math.floor(Math.random() * 1e9);

for (const mis of ["medialog", "ident"]) {
  test(`${mis}: killed at random under load, ${rounds} times: what is believed is what stands`, async (t) => {
    const clinic = await SqlLife.make_living(t, mis);
    clinic.write_config({ sinks: [clinic.webhook_sink({ batch_events_max: 10 })] });
    const life = clinic.start_life({ rate: 12, seed: seed() });
    for (let kill = 0; kill < rounds; ++kill) {
      clinic.gateway.launch();
      await pause(50 + Math.random() * 2500); // the fault itself: a moment nobody chose
      assert.ok(clinic.gateway.running, clinic.gateway.new_log);
      await clinic.gateway.kill();
    }
    life.signal("SIGINT");
    await life.ended;
    assert.equal(life.exit.code, 0, life.log);
    await clinic.gateway.start();
    await clinic.agrees();
    assert.equal(await clinic.gateway.stop(), 0);
    await clinic.reconciled();
  });

  test(`${mis}: a server that stops answering, is locked, is killed: told, survived, and nothing is taken for deleted`, async (t) => {
    const clinic = await SqlLife.make_living(t, mis, { settings: { statement_seconds_max: 6, connect_seconds_max: 4 } });
    await clinic.gateway.start();
    await clinic.agrees();
    const degraded = () => (clinic.gateway.new_log.match(/source mis.*degraded/g) ?? []).length;
    const recovered = () => (clinic.gateway.new_log.match(/source mis.* recovered/g) ?? []).length;
    const passes = async (what, fault, remedy) => {
      const [before, after] = [degraded(), recovered()];
      await fault();
      await until(() => `${what} is told; said:\n${clinic.gateway.new_log.slice(-1500)}`, () => degraded() > before, 150);
      assert.ok((await clinic.gateway.health()).live, `${what}: the gateway answers`);
      await remedy();
      await until(() => `${what} is over; said:\n${clinic.gateway.new_log.slice(-1500)}`, () => recovered() > after, 150);
      await clinic.live({ actions: 12, rate: 200, seed: seed() });
      await clinic.agrees();
    };
    const processes = () => [clinic.postgres.child.pid, ...execFileSync("ps", ["-o", "pid=", "--ppid", String(clinic.postgres.child.pid)], { encoding: "utf8" }).split("\n").map(Number).filter(Boolean)];
    let stopped = [];
    await passes("silence", () => { for (const pid of (stopped = processes())) process.kill(pid, "SIGSTOP"); },
      () => { for (const pid of stopped) process.kill(pid, "SIGCONT"); });
    let holders = [];
    await passes("a lock storm", async () => {
      holders = TABLES[mis].map((table) => clinic.postgres_session(`begin; set search_path to public, tds; lock table ${table} in access exclusive mode;`));
    }, () => { for (const holder of holders) holder.kill(); });
    await passes("a killed server", () => clinic.postgres.kill(), () => clinic.postgres.start());
    const types = clinic.receiver.events.map((event) => event.type);
    assert.ok(types.includes("mis.source.degraded.v1") && types.includes("mis.source.recovered.v1"), "the exchange was told");
    assert.equal(await clinic.gateway.stop(), 0);
    await clinic.reconciled();
  });
}
