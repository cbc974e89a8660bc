// What a clerk and an exchange are told of accounts: comments that nobody could read (L8), and grants, amendments and approvals that cannot stand
// (L1, schemas/README.md section 4).
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic } from "./clinic.mjs";

const rub = (minor) => ({ minor, currency: "RUB" });

test("L8: limit comments lists for the clerk what was not read, masked unless asked", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 30 });
  const visits = clinic.sql("select first 4 SCHEDID from SCHEDULE where PCODE > 0 order by SCHEDID").map(([key]) => key);
  assert.equal(visits.length, 4);
  const texts = ["БАРТЕР. Остаток лимита 5000", "БАРТЕР. Лимит 20.000", "лимит 300 евро", "перенести на вечер"];
  visits.forEach((visit, i) => clinic.sql(`update SCHEDULE set "COMMENT" = '${texts[i]}' where SCHEDID = ${visit}`));
  clinic.write_config({ sinks: [clinic.file_sink()] });
  assert.equal(clinic.command("sync", "--once").code, 0);
  const of = (said) => said.json.filter((row) => visits.includes(row.appointment)).map((row) => [row.appointment, row.comment]).sort();
  const masked = clinic.command("limit", "comments", "--json");
  assert.equal(masked.code, 0, masked.stderr);
  assert.deepEqual(of(masked), [[visits[0], "xxxxxx. xxxxxxx xxxxxx 0000"], [visits[2], "xxxxx 000 xxxx"]].sort());
  for (const row of masked.json) {
    assert.match(row.patient, /^[0-9a-f]{32}/, "the patient's public id");
    assert.match(row.starts_at, /^20\d\d-/);
  }
  assert.doesNotMatch(masked.stdout, /Остаток|евро/);
  const looks = () => clinic.command("audit", "show", "--json").stdout.split("limit comments").length - 1;
  assert.equal(looks(), 0);
  const plain = clinic.command("limit", "comments", "--unmasked", "--json");
  assert.deepEqual(of(plain), [[visits[0], texts[0]], [visits[2], texts[2]]].sort());
  assert.equal(looks(), 1, "asking is audited");
  const table = clinic.command("limit", "comments", "--limit", "1");
  assert.match(table.stdout, /^source +visit +starts +patient +comment\n/);
  assert.match(table.stdout, /\d+ more: --limit \d+ shows all/);
  assert.equal(clinic.command("limit", "--json").code, 0, "limit itself is as before");
});

test("L1, P10: the inbox refuses what cannot stand, and names what is missing", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 30 });
  clinic.write_config({ sinks: [clinic.file_sink()] });
  assert.equal(clinic.command("sync", "--once").code, 0);
  const push = (message) => {
    const file = join(clinic.folder, "message.json");
    writeFileSync(file, JSON.stringify(message));
    return clinic.command("inbox", "push", file);
  };
  const refused = (message, why) => {
    const said = push(message);
    assert.equal(said.code, 1, said.stdout + said.stderr);
    assert.match(said.stdout + said.stderr, why);
  };
  const items = [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: rub(400000) }];
  const patient = { last_name: "Несуществующая", birth_date: "1990-01-01" };
  assert.equal(push({ type: "order.placed", id: "m1", order: "O1", patient, items }).code, 0);
  refused({ type: "limit.granted", id: "g1", order: "O1", amount: rub(100000) }, /no_account.*missing: kind, payer/);
  refused({ type: "limit.granted", id: "g1", order: "O1", amount: rub(100000), kind: "barter" }, /missing: payer/);
  assert.equal(push({ type: "limit.granted", id: "g1", order: "O1", amount: rub(100000), kind: "barter", payer: "ООО Пример" }).code, 0);
  refused({ type: "limit.granted", id: "g2", order: "O1", amount: { minor: 100, currency: "EUR" } }, /other_currency.*RUB/);
  assert.equal(push({ type: "limit.granted", id: "g2", order: "O1", amount: rub(100) }).code, 0, "the same id again, after a refusal");
  refused({ type: "plan.approved", id: "a1", order: "O1", items: ["i1", "i9"], by: "страховая" }, /unknown_item.*items\/1/);
  refused({ type: "plan.refused", id: "a1", order: "O9", items: ["i1"], by: "страховая" }, /unknown_order/);
  refused({ type: "plan.refused", id: "a1", plan: "0".repeat(32), works: ["A16"], by: "страховая" }, /unknown_plan/);
  assert.equal(push({ type: "plan.approved", id: "a1", order: "O1", works: ["A16.07.099"], by: "страховая" }).code, 0);
  assert.equal(push({ type: "order.cancelled", id: "c1", order: "O1" }).code, 0);
  refused({ type: "order.amended", id: "m2", order: "O1", items }, /order_cancelled/);
});
