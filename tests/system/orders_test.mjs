// What the operator sees of the exchange's orders (P9): which wait for their patient, since when and why, and that the command a text names is the one
// that helps. An id that nobody knows is told with what was looked for and how to list what there is.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic } from "./clinic.mjs";
import { order_of, push } from "./orders.mjs";

test("P9: an order that waits for its patient says since when, why, and the command that links it", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 30 });
  const [first, second] = clinic.sql("select first 2 PCODE from CLIENTS where PCODE > 0 order by PCODE").map(([key]) => key);
  clinic.sql(`update CLIENTS set LASTNAME = 'Двойникова', BDATE = '1990-01-01' where PCODE in (${first}, ${second})`);
  clinic.write_config({ sinks: [clinic.file_sink()] });
  assert.equal(clinic.command("sync", "--once").code, 0);
  push(
    clinic, order_of("TWO", { last_name: "Двойникова", birth_date: "1990-01-01" }),
    order_of("NONE", { last_name: "Несуществующая", birth_date: "1990-01-01" }),
    order_of("GONE", { last_name: "Несуществующая", birth_date: "1990-01-01" }), { type: "order.cancelled", id: "cancel-GONE", order: "GONE" },
  );
  const listed = () => Object.fromEntries(clinic.command("order", "list", "--json").json.map(({ order, ...rest }) => [order, rest]));
  const plan = (order) => {
    const said = clinic.command("plan", order);
    assert.equal(said.code, 0, said.stderr);
    return said.stdout;
  };

  await t.test("order list --json counts the candidates", () => {
    assert.deepEqual(listed(), {
      GONE: { state: "cancelled", candidates: null, patient: "", ground: "" },
      NONE: { state: "waiting", candidates: 0, patient: "", ground: "" },
      TWO: { state: "waiting", candidates: 2, patient: "", ground: "" },
    });
  });

  await t.test("several patients match: plan names them and the command", () => {
    const said = plan("TWO");
    assert.match(said, new RegExp(`^order TWO waits for its patient since 20\\S+: 2 patients match its last_name\\+birth_date: mis ${first} mis ${second}\n`));
    assert.match(said, /mis-gateway order link TWO SOURCE PATIENT/);
    assert.doesNotMatch(said, /Двойникова|1990/, "never the identifiers themselves");
    const [{ since, ...told }] = clinic.command("plan", "TWO", "--json").json;
    assert.ok(Math.abs(Date.parse(since) - Date.now()) < 600_000, since);
    assert.deepEqual(told, {
      order: "TWO", state: "waiting", ground: "last_name+birth_date", candidates: 2,
      matches: [first, second].map((patient) => ({ source: "mis", patient })), remedy: "mis-gateway order link TWO SOURCE PATIENT",
    });
  });

  await t.test("nobody matches: the card, or the same command; a cancelled order wants nothing", () => {
    assert.match(plan("NONE"), /no patient of the MIS matches its last_name\+birth_date\n.*card in the MIS.*mis-gateway order link NONE SOURCE PATIENT/);
    assert.match(plan("GONE"), /cancelled before it found its patient/);
  });

  await t.test("the command that was named helps, and its plan is there", () => {
    const linked = clinic.command("order", "link", "TWO", "mis", first);
    assert.equal(linked.code, 0, linked.stderr);
    assert.match(plan("TWO"), /TWO +open +i1 .*A16\.07\.002/);
    const { patient, ...rest } = listed().TWO;
    assert.deepEqual(rest, { state: "linked", candidates: null, ground: "operator" });
    assert.match(plan(patient), /TWO +open/);
    const [{ plan: id }] = clinic.command("plan", "TWO", "--json").json;
    assert.match(plan(id.slice(0, 12)), /TWO +open/, "as short as the table shows it");
  });

  await t.test("unlinked again it waits for the operator alone", () => {
    assert.equal(clinic.command("order", "unlink", "TWO").code, 0);
    assert.equal(listed().TWO.state, "unlinked");
    assert.match(clinic.command("order", "list").stdout, /TWO +waits for `order link`/);
    assert.match(plan("TWO"), /TWO +closed[^]*order TWO [^\n]*its link was undone and what named its patient is erased\n.*mis-gateway order link TWO/);
  });

  await t.test("an unknown id: what was looked for, and how to list", () => {
    const failed = (words, pattern) => {
      const said = clinic.command(...words);
      assert.equal(said.code, 1, `${words.join(" ")}: ${said.stdout}`);
      assert.match(said.stderr, pattern);
      assert.equal(said.stdout, "");
    };
    const plan_text = /nothing is known under NOPE: looked for a plan's id, an order's id and a patient's pseudonym; .*mis-gateway plan.*mis-gateway order list/;
    failed(["plan", "NOPE"], plan_text);
    failed(["plan", "NOPE", "--json"], plan_text);
    failed(["limit", "NOPE"], /nothing is known under NOPE: looked for an account's id and a patient's pseudonym; `mis-gateway limit`/);
    failed(["order", "link", "NOPE", "mis", first], /no order NOPE: see `mis-gateway order list`/);
    failed(["order", "unlink", "NOPE"], /no order NOPE: see `mis-gateway order list`/);
    failed(["order", "unlink", "NONE"], /order NONE is not linked/);
    failed(["order", "link", "NONE", "mis", "999999"], /has no patient with this id: .*`mis-gateway plan NONE`/);
    const elsewhere = clinic.command("order", "link", "NONE", "nope", first);
    assert.equal(elsewhere.code, 2, elsewhere.stderr);
    assert.match(elsewhere.stderr, /no source 'nope'; there are: mis/);
  });
});
