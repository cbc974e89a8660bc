// The profile `dent_base` through the real program: an invented base of unknown make whose administrator made the views, on PostgreSQL over ODBC, on the stand-in for SQL Server,
// and on Firebird. What the exchange believes is what the base holds, before and after corrections, deletions and a policy that is raised.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Clinic, fold, until } from "./clinic.mjs";
import { SqlClinic } from "./sql_clinic.mjs";

const day = (offset) => new Date(Date.now() + 3 * 3_600_000 + offset * 86_400_000).toISOString().slice(0, 10); // in Moscow
const TABLES = [
  "create table karta (n integer primary key, f varchar(60), i varchar(60), o varchar(60), dr date, tel varchar(40), cvet varchar(20), izm timestamp)",
  "create table polis (n integer primary key, karta integer, nomer varchar(40), komu varchar(80), ogran numeric(15,2), ispol numeric(15,2))",
  "create table priem (n integer primary key, karta integer, vrach integer, nach timestamp, kon timestamp, sost varchar(40), prim varchar(200))",
  "create table rabota (n integer primary key, priem integer, karta integer, vrach integer, kogda timestamp, kod varchar(20), kol numeric(9,3), cena numeric(15,2), skidka numeric(15,2), zub varchar(20), polis integer)",
  "create table kassa (n integer primary key, karta integer, kogda timestamp, summa numeric(15,2), vid varchar(20), sposob varchar(20))",
  "create table vrachi (n integer primary key, fio varchar(80), spec varchar(40), uvolen smallint)",
];
const VIEWS = [
  "create view gateway_doctors (doctor_id, full_name, specialty, dismissed) as select n, fio, spec, uvolen from vrachi",
  "create view gateway_patients (card_id, last_name, first_name, middle_name, birth_date, phone, phone2, email, mark, channel, changed_at) as select n, f, i, o, dr, tel, cast(null as varchar(40)), cast(null as varchar(40)), cvet, cast(null as varchar(40)), izm from karta",
  "create view gateway_policies (policy_id, card_id, policy_number, payer_name, granted, used_sum, valid_from, valid_to, cancelled_at) as select n, karta, nomer, komu, ogran, ispol, cast(null as date), cast(null as date), cast(null as timestamp) from polis",
  "create view gateway_visits (visit_id, card_id, doctor_id, room, starts_at, ends_at, state, is_first, policy_id, remark, changed_at) as select n, karta, vrach, cast(null as varchar(20)), nach, kon, sost, cast(null as smallint), cast(null as integer), prim, cast(null as timestamp) from priem",
  "create view gateway_works (line_id, card_id, visit_id, doctor_id, done_at, service_code, service_name, nomenclature, quantity, list_total, total, teeth, surfaces, policy_id, payer_name, item_id, changed_at) as select n, karta, priem, vrach, kogda, kod, cast(null as varchar(20)), cast(null as varchar(20)), kol, cast(cena * kol as numeric(15,2)), cast(cena * kol - skidka as numeric(15,2)), zub, cast(null as varchar(10)), polis, cast(null as varchar(20)), cast(null as integer), cast(null as timestamp) from rabota",
  "create view gateway_payments (payment_id, card_id, paid_at, amount, operation, means, payer_name, changed_at) as select n, karta, kogda, summa, vid, sposob, cast(null as varchar(20)), cast(null as timestamp) from kassa",
];
const ROWS = [
  "insert into vrachi values (5, 'Пробный Врач', 'терапевт', 0)",
  "insert into karta values (77, 'Тестова', 'Анна', 'Пробовна', '1990-02-01', '8 900 000-00-01', 'розовый', null)",
  "insert into karta values (78, 'Пробов', 'Пётр', null, null, '89000000002', null, null)",
  "insert into polis values (1, 77, 'ЯБ-1', 'яБартер', 20000.00, 4500.50)",
  `insert into priem values (101, 77, 5, '${day(-1)} 10:00:00', '${day(-1)} 11:00:00', 'Принят', null)`,
  `insert into priem values (102, 78, 5, '${day(2)} 12:00:00', '${day(2)} 12:30:00', 'Записан', 'БАРТЕР. Лимит 15.000')`,
  `insert into priem values (103, 78, 5, '${day(3)} 12:00:00', '${day(3)} 12:30:00', 'Записан', null)`,
  `insert into rabota values (1, 101, 77, 5, '${day(-1)} 10:15:00', 'T-16', 1, 4500.50, 0, '1.6', 1)`,
  `insert into rabota values (2, 101, 77, 5, '${day(-1)} 10:40:00', 'T-17', 2, 1000.05, 200.10, '17', null)`,
  `insert into rabota values (3, null, 78, 5, '${day(-2)} 12:00:00', 'T-18', 1.5, 0.33, 0, null, null)`,
  `insert into kassa values (501, 77, '${day(-1)} 11:00:00', 1800.00, 'Оплата', 'Наличные')`,
  `insert into kassa values (502, 78, '${day(-2)} 12:30:00', -0.49, null, 'Карта')`,
];
const LATER = [
  "update rabota set cena = 5000 where n = 1", "delete from rabota where n = 3", "update kassa set summa = 1799.99 where n = 501", "delete from kassa where n = 502",
  `update priem set nach = '${day(4)} 09:00:00', kon = '${day(4)} 09:30:00' where n = 103`, "update polis set ogran = 25000, ispol = 4999.99 where n = 1",
  `insert into rabota values (4, 101, 77, 5, '${day(-1)} 10:50:00', 'T-16', 1, 0.07, 0, '2.1', null)`,
];

class FirebirdBase extends Clinic {
  static async make(t) {
    const clinic = new FirebirdBase(t, { patients: 10, procedures: 10 });
    clinic.create_base();
    return clinic;
  }
  source(settings = {}) {
    return { ...super.source(settings), connector: "dent_base", site: {} };
  }
  write_config() {
    super.write_config({ clinic: { id: "test-clinic", timezone: "Europe/Moscow" }, sinks: [this.file_sink()] });
  }
  async run(statements) {
    this.sql(statements.join(";\n"));
  }
}
async function base_on(t, system) {
  if (system === "firebird") {
    const clinic = await FirebirdBase.make(t);
    for (const part of [TABLES, VIEWS, ROWS]) await clinic.run(part);
    clinic.write_config();
    return clinic;
  }
  const clinic = await SqlClinic.make(t, { as: system, base: [...TABLES, ...VIEWS, ...ROWS].join(";\n"), connector: "dent_base" });
  clinic.run = async (statements) => clinic.postgres.sql(statements.join(";\n"));
  return clinic;
}
async function believed(clinic) {
  const { json } = await clinic.command("events", "--limit", "5000", "--json");
  const events = json.filter((event) => !event.type.includes("source."));
  const known = fold(events);
  assert.deepEqual(known.problems, []);
  return {
    events,
    lines: [...known.procedures.values()].map(({ service_code, quantity, total, teeth = [] }) => `${service_code} ${quantity} ${total.minor} ${teeth.join(",")}`).sort(),
    payments: [...known.payments.values()].map(({ kind, amount, method }) => `${kind} ${amount.minor} ${method}`).sort(),
    visits: [...known.appointments.values()].map((text) => JSON.parse(text)[1].appointment).map(({ status, starts_at }) => `${status} ${starts_at.slice(0, 16)}`).sort(),
  };
}

for (const system of ["postgresql", "sql_server", "firebird"])
  test(`${system}: the views of an unknown base are read to the kopeck, corrections and deletions too`, async (t) => {
    const clinic = await base_on(t, system);
    const checked = await clinic.command("check");
    assert.match(checked.stdout, /service .*off: .*GATEWAY_PRICES/i, checked.stdout + checked.stderr);
    assert.doesNotMatch(checked.stdout, /(procedure|payment|limit|appointment|patient) .*off:/);
    const first = await clinic.command("sync", "--once");
    assert.equal(first.code, 0, first.stdout + first.stderr);
    const before = await believed(clinic);
    assert.deepEqual(before.lines, ["T-16 1 450050 16", "T-17 2 180000 17", "T-18 1.5 50 "]);
    assert.deepEqual(before.payments, ["payment 180000 cash", "refund 49 card"]);
    assert.deepEqual(before.visits, [`booked ${day(2)}T12:00`, `booked ${day(3)}T12:00`, `completed ${day(-1)}T10:00`]);
    const opened = before.events.filter(({ type }) => type.includes("limit.opened")).map(({ data }) => data.granted.minor);
    assert.deepEqual(opened.sort(), [1500000, 2000000], "the policy, and the limit of the remark");
    assert.ok(!before.events.some(({ type }) => type.includes("limit.mismatch")), "«Использовано» is what we count");

    await clinic.run(LATER);
    const second = await clinic.command("sync", "--once");
    assert.equal(second.code, 0, second.stdout + second.stderr);
    const after = await believed(clinic);
    assert.deepEqual(after.lines, ["T-16 1 500000 16", "T-16 1 7 21", "T-17 2 180000 17"]);
    assert.deepEqual(after.payments, ["payment 179999 cash"]);
    assert.deepEqual(after.visits, [`booked ${day(2)}T12:00`, `booked ${day(4)}T09:00`, `completed ${day(-1)}T10:00`]);
    const mismatches = after.events.filter(({ type }) => type.includes("limit.mismatch")).map(({ data }) => `${data.field} ${data.ours.minor} ${data.theirs.minor}`);
    assert.deepEqual(mismatches, ["used 500000 499999"]);
    assert.doesNotMatch(JSON.stringify(after.events), /Тестова|89000000|ЯБ-1/);
    const compared = await clinic.command("reconcile", "mis");
    assert.equal(compared.code, 0, compared.stdout + compared.stderr);

    // the mark turned white, and the next visit has begun: by then the policy should have been used up, and is not
    const marked = Math.floor(Date.now() / 1000) * 1000;
    const local = (ms) => new Date(ms + 3 * 3_600_000).toISOString().slice(0, 19).replace("T", " "); // in Moscow
    await clinic.run([
      `update karta set cvet = 'белый', izm = '${local(marked)}' where n = 77`,
      `insert into priem values (104, 77, 5, '${local(marked + 1000)}', '${local(marked + 1_801_000)}', 'На приеме', null)`,
      `insert into rabota values (5, 104, 77, 5, '${local(marked + 1000)}', 'T-19', 1, 700, 0, null, 1)`,
    ]);
    await until("the visit has begun", () => Date.now() > marked + 1000);
    await clinic.run(["drop view gateway_payments"]); // an update of the program did that: the stream is off, and nobody's money is gone
    const third = await clinic.command("sync", "--once");
    const last = await believed(clinic);
    assert.deepEqual(last.payments, after.payments, third.stdout + third.stderr);
    const since = last.events.slice(after.events.length);
    assert.deepEqual(since.filter(({ type }) => type.includes("billing.charge")).map(({ data }) => `${data.payer} ${data.total.minor}`), ["limit 70000"], "the base itself still puts it against the policy");
    assert.deepEqual(since.filter(({ type }) => type.includes("limit.mismatch")).map(({ data }) => data.field).sort(), ["remaining", "used"]);
  });
