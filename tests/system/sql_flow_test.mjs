// The main job on the systems behind SQL Server, their tables on PostgreSQL: a clinic lives, the gateway reads it over ODBC, and the receiver believes exactly
// what stands in the base: to the row and the kopeck.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SqlLife } from "./sql_life.mjs";

for (const mis of ["medialog", "ident"])
  test(`${mis}: a clinic's day reaches the receiver as it stands in the base`, async (t) => {
    const clinic = await SqlLife.make_living(t, mis);
    await clinic.gateway.start();
    await clinic.agrees();
    const past = clinic.receiver.events.length;
    await clinic.live({ actions: 160, rate: 40 });
    await clinic.agrees();
    assert.ok(clinic.receiver.events.length > past + 50, "the clinic's day is seen while it happens");

    const came = new Set(clinic.receiver.events.map((event) => event.type.slice("mis.".length, -".v1".length)));
    const lasting = ["appointment.booked", "appointment.completed", "appointment.removed", "procedure.performed", "procedure.reversed", "billing.payment", "slots.changed", "plan.opened"];
    assert.deepEqual(lasting.filter((type) => !came.has(type)), [], "each kind of event came");
    const done = new Set(clinic.committed.map((transaction) => transaction.action));
    for (const action of ["move", "correct", "unbill", "cancel", "merge", "plan", "settle", mis === "medialog" ? "reimport" : "take back"]) assert.ok(done.has(action), `the day has ${action}`);
    const stats = await clinic.receiver.stats();
    assert.equal(stats.invalid_signatures + stats.out_of_order + stats.gaps, 0);
    assert.equal((await clinic.gateway.health()).status, "ok");
    assert.equal(await clinic.gateway.stop(), 0);
    const checked = await clinic.command("check");
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    assert.doesNotMatch(checked.stdout, /can write|CANNOT BE READ/);
    await clinic.reconciled();
  });
