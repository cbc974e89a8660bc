// Every scenario file through the real command: the same bytes twice, nothing but events on standard output, the types and order that the
// bookkeeper's table expects, and no source id, name or phone in any of them.
import test from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, dirname } from "node:path";

const here = dirname(new URL(import.meta.url).pathname);
const root = join(here, "..", "..");
const program = join(process.env.MIS_BUILD ?? join(root, "build"), "mis-gateway");
const env = { ...process.env, MIS_GATEWAY_SHARE: root };
const play = (file) => spawnSync(program, ["scenario", file], { env, encoding: "utf8", maxBuffer: 64 << 20 });

const names = readdirSync(here).filter((name) => name.endsWith(".scenario.yaml")).map((name) => name.slice(0, -".scenario.yaml".length));
const folder = mkdtempSync(join(tmpdir(), "mis-scenarios-"));
test.after(() => rmSync(folder, { recursive: true }));

test("there are scenarios", () => assert.ok(names.length > 30, `${names.length} scenarios`));

for (const name of names)
    test(`scenario ${name}`, () => {
        const file = join(here, `${name}.scenario.yaml`);
        const first = play(file);
        assert.equal(first.status, 0, first.stderr);
        assert.equal(play(file).stdout, first.stdout, "the same file prints the same bytes");
        const lines = first.stdout.split("\n").filter((line) => line !== "");
        const types = lines.map((line) => JSON.parse(line).type.replace(/^mis\./, "").replace(/\.v1$/, ""));
        const expected = readFileSync(join(here, `${name}.expected.txt`), "utf8")
            .split("\n").filter((line) => line.startsWith("  ")).map((line) => line.trim().split(/\s+/))
            .filter((words) => words[1] !== "withheld" && !words.includes("(withheld)")).map((words) => words[0]);
        assert.deepEqual(types, expected);
        assert.ok(!/_source_id"/.test(first.stdout), "no source id leaves");
        assert.ok(!/Тестов|Пробов|9000000/.test(first.stdout), "no name or phone leaves");
        writeFileSync(join(folder, `${name}.jsonl`), first.stdout);
    });

test("X3: --party prints what that party's sinks get: its account, its charge, its statement, and of the plan the largest sum still possible", () => {
    const file = join(folder, "party.jsonl");
    const played = spawnSync(program, ["scenario", join(here, "x3_party.scenario.yaml"), "--party", "СК Пример"], { env, encoding: "utf8" });
    assert.equal(played.status, 0, played.stderr);
    writeFileSync(file, played.stdout);
    const events = played.stdout.trim().split("\n").map((line) => JSON.parse(line));
    const told = events.map(({ type, data }) => [type.slice("mis.".length, -".v1".length), (data.amount_max ?? data.total ?? data.granted).minor / 100]);
    assert.deepEqual(told, [["limit.opened", 6000], ["plan.opened", 6000], ["billing.charge", 4000], ["plan.changed", 2000], ["billing.statement", 4000], ["plan.closed", 0]]);
    for (const { type, data } of events)
        if (type.startsWith("mis.plan.")) assert.deepEqual(Object.keys(data).sort(), ["amount_max", "patient", "plan", "reason"]);
    for (let i = 0; i < events.length; ++i) assert.equal(events[i].previoussequence, i === 0 ? "00000100000000000000" : events[i - 1].sequence);
});

test("every printed event is valid by the schemas and by the CloudEvents SDK", () => {
    const logs = readdirSync(folder).filter((name) => name.endsWith(".jsonl")).map((name) => join(folder, name));
    const told = logs.filter((log) => readFileSync(log, "utf8") !== "");
    assert.ok(told.length > 30, `${told.length} logs`);
    const checked = spawnSync("node", [join(root, "tests/contract/validate_events.mjs"), "--complete", "--each", ...told], { encoding: "utf8" });
    assert.equal(checked.status, 0, checked.stderr);
});

// Not a pair of files: in the program the account's owner is a change set of his own, in unit_domain all patients are one.
test("L0, B2: a line names another patient's account while an order comes: the account opens once, each line is charged once", () => {
    const rub = (minor) => ({ minor, currency: "RUB" });
    const line = (source_id, patient_source_id, tooth) => ({ source_id, patient_source_id, performed_at: "2026-03-02T09:00:00+03:00", service_code: "X-002",
        nomenclature: "A16.07.002", quantity: "1", teeth: [tooth], total: rub(300000), limit_source_id: "L0" });
    const person = (source_id, last_name, phone) => ({ source_id, last_name, birth_date: "1990-01-01", phones: [phone] });
    const file = join(folder, "account_of_another.yaml");
    writeFileSync(file, JSON.stringify({ clinic: { id: "clinic-1", timezone: "Europe/Moscow" }, export: "all", steps: [{ at: "2026-03-20T10:00:00+03:00",
        upsert: { patient: [person("77", "Тестова", "89000000001"), person("78", "Другая", "89000000002")], procedure: [line("p1", "78", "26"), line("p2", "77", "16")],
            limit: [{ source_id: "L0", patient_source_id: "78", members: ["77"], kind: "barter", granted: rub(500000) }] },
        inbox: [{ type: "order.placed", id: "m1", order: "O1", placed_at: "2026-03-01T10:00:00+03:00", patient: { phone: "+7 900 000-00-01", last_name: "Тестова" },
            items: [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: rub(300000) }] }] }] }));
    const played = play(file);
    assert.equal(played.status, 0, played.stderr);
    const events = played.stdout.split("\n").filter((text) => text !== "").map((text) => JSON.parse(text));
    const of = (type) => events.filter((event) => event.type === `mis.${type}.v1`);
    assert.equal(of("limit.opened").length, 1);
    assert.equal(of("procedure.performed").length, 2);
    assert.deepEqual(of("billing.charge").map(({ data }) => [data.payer, data.total.minor]), [["limit", 300000], ["limit", 200000], ["organization", 100000]]);
    assert.equal(of("limit.overrun")[0].data.consumed.minor, 600000);
});

// The worked form of schemas/README.md section 7, once as the contract writes it and once as a bookkeeper does.
const written = (money, time, extra = "") => `clinic: {id: clinic-1, timezone: Europe/Moscow}
export: all
${extra}steps:
  - at: ${time("2026-03-02", "10:00")}
    inbox: [{type: order.placed, id: m1, order: O1, placed_at: "${time("2026-03-01", "09:00")}", patient: {phone: "+7 900 000-00-01", last_name: Тестова},
             items: [{id: i1, nomenclature: A16.07.002, teeth: ["16"], quantity: "1", total: ${money(4000)}}], limit: {amount: ${money(3000.5)}, payer: ООО Пример, kind: barter}}]
  - at: ${time("2026-03-03", "12:00")}
    upsert:
      patient: [{source_id: "77", last_name: Тестова, phones: ["89000000001"]}]
      procedure: [{source_id: p1, patient_source_id: "77", performed_at: "${time("2026-03-03", "11:30")}", service_code: T-16, nomenclature: A16.07.002, teeth: ["16"], quantity: "1", total: ${money(4500)},
                   shares: [{payer: limit, total: ${money(4000)}}, {payer: patient, total: ${money(500)}}]}]
      payment: [{source_id: y1, patient_source_id: "77", paid_at: "${time("2026-03-03", "11:45")}", kind: payment, amount: ${money(500)}}]
`;
const contract = written((sum) => `{minor: ${Math.round(sum * 100)}, currency: RUB}`, (day, clock) => `${day}T${clock}:00+03:00`);
const bookkeeper = written((sum) => `${sum.toFixed(2)} RUB`, (day, clock) => `${day} ${clock}`);
const scenario = (text, ...options) => {
    const file = join(folder, "written.yaml");
    writeFileSync(file, text);
    return spawnSync(program, ["scenario", file, ...options], { env, encoding: "utf8" });
};

test("sums as `4500.00 RUB` and the clinic's times without offset mean what the contract's forms mean", () => {
    const strict = scenario(contract), easy = scenario(bookkeeper);
    assert.equal(strict.status, 0, strict.stderr);
    assert.equal(easy.status, 0, easy.stderr);
    assert.ok(strict.stdout.includes("billing.charge"));
    assert.equal(easy.stdout, strict.stdout);
});

test("a local time of the hour that came twice takes the earlier offset; a branch has its own zone", () => {
    const text = (at, branch) => `clinic: {id: c, timezone: Europe/Berlin}
export: all
steps:
  - at: 2026-10-24 10:00
    upsert:
      branch: [{source_id: b, name: Филиал, timezone: Asia/Omsk}]
      patient: [{source_id: "77", last_name: Тестова}]
  - at: 2026-10-26 10:00
    upsert:
      procedure: [{source_id: p1, patient_source_id: "77", ${branch}performed_at: ${at}, service_code: F, quantity: "1", total: 10.00 EUR}]
`;
    const performed = (played) => played.stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line)).find((event) => event.type === "mis.procedure.performed.v1").data.procedure.performed_at;
    assert.equal(performed(scenario(text("2026-10-25 02:30", ""))), "2026-10-25T02:30:00+02:00");
    assert.equal(performed(scenario(text("2026-10-25 12:00", "branch_source_id: b, "))), "2026-10-25T12:00:00+06:00");
});

test("--table prints the bookkeeper's rows under the time of each step", () => {
    const played = scenario(bookkeeper, "--table");
    assert.equal(played.status, 0, played.stderr);
    const rows = played.stdout.trimEnd().split("\n");
    assert.equal(rows[0], "2026-03-02T10:00:00+03:00");
    assert.ok(rows.includes("2026-03-03T12:00:00+03:00"));
    // the account holds 3000.50 of the 4000 that are put against it; the partner owes the rest
    for (const charge of ["limit  3000.50  of 4500", "organization  party ООО Пример  999.50  of 4500", "patient  500  of 4500"])
        assert.ok(rows.some((row) => row.startsWith("  billing.charge") && row.includes(charge)), `${charge}\n${played.stdout}`);
});

test("the last line on standard error counts what was left aside, with ids and values; exit 1 unless the file expects it", () => {
    const last = (played) => played.stderr.trimEnd().split("\n").at(-1);
    assert.equal(last(scenario(bookkeeper)), "scenario: 0 rows quarantined; 0 messages refused");
    const wrong = bookkeeper.replace("amount: 500.00 RUB", "amount: 500.005 RUB").replace("order: O1, placed_at", "placed_at");
    const played = scenario(wrong);
    assert.equal(played.status, 1);
    assert.equal(last(played), 'scenario: 1 row quarantined: payment y1 (amount "500.005 RUB"); 1 message refused: m1 (malformed)');
    const expected = scenario(wrong.replace("export: all\n", "export: all\nexpect_quarantine: true\n"));
    assert.equal(expected.status, 0, expected.stderr);
    assert.match(last(expected), /\(expected\)$/);
    const none = scenario(bookkeeper.replace("export: all\n", "export: all\nexpect_quarantine: true\n"));
    assert.equal(none.status, 1);
    assert.match(last(none), /expect_quarantine: true, and none came/);
});

test("a file that is no scenario is refused with its line and a remedy, exit 2", () => {
    const file = join(folder, "wrong.yaml");
    for (const [text, wanted] of [
        ["clinic: {id: c}\nexport: all\nsteps:\n  - at: tomorrow\n", /wrong\.yaml:4: at: a time is expected/],
        ["clinic: {id: c, timezone: Mars/Base}\nsteps: []\n", /wrong\.yaml:1: no IANA time zone/],
        ["clinic: {id: c}\nsteps:\n  - at: 2026-03-02T10:00:00+03:00\n    upset: {}\n", /wrong\.yaml:4: unknown key 'upset'/],
        ["clinic: {id: c}\nsteps:\n  - {at: 2026-03-02T10:00:00+03:00}\n  - {at: 2026-03-01T10:00:00+03:00}\n", /lies before/],
        ["clinic: [", /wrong\.yaml/],
    ]) {
        writeFileSync(file, text);
        const played = play(file);
        assert.equal(played.status, 2, text);
        assert.match(played.stderr, wanted);
        assert.equal(played.stdout, "");
    }
    assert.equal(play(join(folder, "missing.yaml")).status, 2);
});

test("P6: a share of another sign than its line goes to quarantine: nobody is charged less than nothing, and a return's shares are all below zero", () => {
    const rub = (minor) => ({ minor, currency: "RUB" });
    const line = (source_id, quantity, total, shares, more = {}) => ({ source_id, patient_source_id: "77", performed_at: "2026-03-02T09:00:00+03:00", service_code: "F", quantity, total: rub(total),
        shares: Object.entries(shares).map(([payer, minor]) => ({ payer, total: rub(minor) })), ...more });
    const file = join(folder, "share_of_another_sign.yaml");
    writeFileSync(file, JSON.stringify({ clinic: { id: "clinic-1", timezone: "Europe/Moscow" }, export: "all", expect_quarantine: true, steps: [
        { at: "2026-03-02T10:00:00+03:00", upsert: { patient: [{ source_id: "77", last_name: "Тестова" }],
            procedure: [line("p1", "1", 50000, { patient: 60000, organization: -10000 }), line("p2", "1", 50000, { patient: 30000, organization: 20000 }), line("p4", "1", 0, { patient: 10000, organization: -10000 })] } },
        { at: "2026-03-03T10:00:00+03:00", upsert: { procedure: [line("p3", "-1", -50000, { patient: -30000, organization: -20000 }, { reverses_source_id: "p2" })] } }] }));
    const played = play(file);
    assert.equal(played.status, 0, played.stderr);
    assert.match(played.stderr, /2 rows quarantined: procedure p1 .*procedure p4 /);
    assert.match(played.stderr, /field shares: one of another sign than total/);
    const sums = played.stdout.split("\n").filter((text) => text !== "").map((text) => JSON.parse(text)).filter((event) => /billing/.test(event.type))
        .map(({ type, data }) => [type.slice("mis.billing.".length, -".v1".length), data.payer, data.total.minor]);
    assert.deepEqual(sums, [["charge", "organization", 20000], ["charge", "patient", 30000], ["reversal", "organization", 20000], ["reversal", "patient", 30000]]);
});

test("scenario: an id with a character that nobody sees stands escaped in the closing count", () => {
    const file = join(folder, "invisible.yaml");
    writeFileSync(file, JSON.stringify({ clinic: { id: "clinic-1", timezone: "Europe/Moscow" }, export: "all", expect_quarantine: true,
        steps: [{ at: "2026-03-02T10:00:00+03:00", upsert: { patient: [{ source_id: "7\u202e7\t", last_name: "Тестова" }] } }] }));
    const played = play(file);
    assert.match(played.stderr.trim().split("\n").at(-1), /1 row quarantined: patient 7\\u202e7/);
    assert.doesNotMatch(played.stderr, /\u202e/);
});
