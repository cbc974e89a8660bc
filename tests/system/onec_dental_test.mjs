// The connector `onec_dental` through the real program, against a scripted base of 1С behind its OData interface. What the receiver believes is compared with what
// the base holds, row by row and to the kopeck.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DENTAL, EMPTY, OneC, Token } from "../support/onec_odata.mjs";
import { fold, sequence_problems, until } from "./clinic.mjs";
import { RestClinic } from "./rest_clinic.mjs";

const day = (offset) => new Date(Date.now() + 3 * 3_600_000 + offset * 86_400_000).toISOString().slice(0, 10); // in Moscow
const guid = (kind, number) => `${kind}0000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const [patient, doctor, service, event, visit, sale, plan, money] = ["a", "d", "5", "e", "1", "4", "2", "3"].map((kind) => (number) => guid(kind, number));
const BRANCH = guid("b", 1);
const WORDS = /Тестова|Пробовна|89000000|onec-secret|Жалоб/;

class OneCClinic extends RestClinic {
  static async make(t, onec, { http = {}, site = {} } = {}) {
    const clinic = new OneCClinic(t, {});
    Object.assign(clinic, { url: onec.url, connector: "onec_dental", site_values: site, onec });
    const password = join(clinic.folder, "onec.password");
    writeFileSync(password, `${onec.password}\n`, { mode: 0o600 });
    clinic.http = { user: onec.user, secret_file: password, per_second: 1000, ...http };
    await clinic.receiver.start();
    clinic.write_config();
    return clinic;
  }
  write_config() {
    super.write_config({ sinks: [this.webhook_sink()] });
  }
  source(settings = {}) {
    return super.source({ ...(this.overlay ? { overlay: this.overlay } : {}), ...settings });
  }
  async synced() {
    const ran = await this.sync();
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
    assert.doesNotMatch(ran.stdout + ran.stderr, WORDS);
    return ran;
  }
  // The nightly comparison, now.
  async compared() {
    const ran = await this.command("reconcile", "mis");
    assert.doesNotMatch(ran.stdout + ran.stderr, WORDS);
    await this.synced();
    return ran;
  }
  // What the exchange believes and what the base holds, each as sorted lines.
  agrees(what) {
    const { receiver, onec } = this;
    const known = fold(receiver.events);
    assert.deepEqual(known.problems, [], what);
    assert.deepEqual(sequence_problems(receiver.events), [], what);
    const at = (time) => new Date(Date.parse(time) + 3 * 3_600_000).toISOString().slice(0, 19);
    const believed = {
      appointments: [...known.appointments.values()].map((text) => JSON.parse(text)[1].appointment).map(({ status, starts_at, ends_at }) => `${status} ${at(starts_at)} ${at(ends_at)}`).sort(),
      procedures: [...known.procedures.values()].map(({ service_code, quantity, total, performed_at }) => `${service_code} ${quantity} ${total.minor} ${at(performed_at)}`).sort(),
      payments: [...known.payments.values()].map(({ kind, amount, method, paid_at }) => `${kind} ${amount.minor} ${method} ${at(paid_at)}`).sort(),
    };
    assert.deepEqual(believed, standing(onec), what);
  }
}

const kopecks = (value) => {
  const [, sign, whole, decimals = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(value instanceof Token ? value.text : String(value));
  return Number(`${sign}${whole}${decimals.padEnd(2, "0").slice(0, 2)}`);
};
const amount = (value) => (value instanceof Token ? value.text : String(value)).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
const KINDS = { ОплатаОтКлиента: "payment", ВзносНаЛицевойСчет: "prepayment", ВозвратОплатыКлиенту: "refund", ВозвратСЛицевогоСчета: "refund" };
const METHODS = { Наличные: "cash", ПлатежнаяКарта: "card", Безналичные: "transfer" };
const STATUSES = { Запланирован: "booked", Подтвержден: "confirmed", "Прием не состоялся": "no_show", Отменен: "cancelled" };
// The base in this test's own words.
function standing({ rows }) {
  const stands = (row) => !row.DeletionMark;
  const lines = (set, part) => rows[set].filter((row) => stands(row) && row.Posted).flatMap((row) => row[part].map((line) => `${line.Номенклатура_Key} ${amount(line.Количество)} ${kopecks(line.Сумма)} ${row.Date}`));
  return {
    appointments: rows.Document_Событие.filter((row) => stands(row) && row.Контрагент_Key !== EMPTY)
      .map((row) => `${row.СсылкаНаПрием_Key !== EMPTY && !["Прием не состоялся", "Отменен"].includes(row.Статус) ? "completed" : STATUSES[row.Статус]} ${row.Date} ${row.ДатаОкончания}`).sort(),
    procedures: [...lines("Document_Прием", "Лечение"), ...lines("Document_Реализация", "Услуги")].sort(),
    payments: rows.AccumulationRegister_Выручка_RecordType.filter((row) => row.Active && KINDS[row.ВидОперации] && row.Контрагент_Key !== EMPTY)
      .map((row) => `${KINDS[row.ВидОперации]} ${Math.abs(kopecks(row.Сумма))} ${METHODS[row.ТипДенежныхСредств]} ${row.Period}`).sort(),
  };
}

const add_event = (onec, number, at, more = {}) =>
  onec.add("Document_Событие", { Ref_Key: event(number), Date: `${at}T10:00:00`, ДатаОкончания: `${at}T10:30:00`, Контрагент_Key: patient(77), Врач_Key: doctor(5), СтруктурнаяЕдиница_Key: BRANCH, Статус: "Запланирован", СтатусПациента: "Первичный", ТипСобытия: "Запись", Комментарий: "Жалоба Тестовой", ...more });
const add_visit = (onec, number, at, lines, more = {}) =>
  onec.add("Document_Прием", { Ref_Key: visit(number), Date: `${at}T11:15:00`, Контрагент_Key: patient(77), Сотрудник_Key: doctor(5), СтруктурнаяЕдиница_Key: BRANCH, Жалобы: "Жалоба Тестовой", Лечение: lines, ...more });
const line = (number, sum, more = {}) => ({ Номенклатура_Key: service(number), Количество: 1, Цена: sum, Сумма: sum, Всего: sum, ...more });
const pay = (onec, number, at, operation, means, sum, more = {}) =>
  onec.add("AccumulationRegister_Выручка_RecordType", { Recorder: money(number), Recorder_Type: "StandardODATA.Document_ПоступлениеДенежныхСредств", Period: `${at}T12:00:00`, LineNumber: "1", ВидОперации: operation, ТипДенежныхСредств: means, Контрагент_Key: patient(77), СтруктурнаяЕдиница_Key: BRANCH, Сумма: sum, ...more });

async function dental_base(t, { patients = 3 } = {}) {
  const onec = await OneC.start(t, { sets: structuredClone(DENTAL) });
  onec.add("Catalog_СтруктурныеЕдиницы", { Ref_Key: BRANCH, Description: "Пробный филиал" });
  onec.add("Catalog_Сотрудники", { Ref_Key: doctor(5), Description: "Пробный Врач", Роль: "Врач" });
  onec.add("Catalog_Сотрудники", { Ref_Key: doctor(9), Description: "Обмен", Служебный: true });
  for (const number of [31, 32, 33]) onec.add("Catalog_Номенклатура", { Ref_Key: service(number), Description: `Работа ${number}`, ТипНоменклатуры: "Услуга" });
  onec.add("Catalog_Номенклатура", { Ref_Key: service(90), Description: "Щётка", ЭтоУслуга: false });
  for (let number = 77; number < 77 + patients; ++number) onec.add("Catalog_Контрагенты", { Ref_Key: patient(number), Description: "Тестова Анна Пробовна", Телефон: `8900000${String(number).padStart(4, "0")}`, Аллергии: "Жалоба" });
  add_event(onec, 101, day(1));
  add_event(onec, 102, day(2), { Контрагент_Key: patient(78), Статус: "Подтвержден" });
  add_event(onec, 103, day(3), { Контрагент_Key: EMPTY });
  add_event(onec, 104, day(-1), { СсылкаНаПрием_Key: visit(1) });
  add_event(onec, 105, day(-2), { Статус: "Прием не состоялся", Контрагент_Key: patient(79) });
  add_visit(onec, 1, day(-1), [line(31, new Token("4500.10")), line(32, new Token("0.3"), { Количество: new Token("2.000"), Цена: new Token("0.1"), Сумма: new Token("0.20"), Всего: new Token("0.2") })]);
  add_visit(onec, 2, day(-3), [line(33, new Token("123456789.99"), { Сотрудник_Key: doctor(5) })], { Контрагент_Key: patient(78) });
  add_visit(onec, 3, day(-3), [line(31, 100)], { Posted: false });
  onec.add("Document_Реализация", { Ref_Key: sale(1), Date: `${day(-1)}T13:00:00`, Контрагент_Key: patient(79), Сотрудник_Key: doctor(5), СтруктурнаяЕдиница_Key: BRANCH, Услуги: [line(32, 850), line(33, new Token("99.90"))] });
  onec.add("Document_ПланЛечения", { Ref_Key: plan(1), Number: "000000041", Date: `${day(-5)}T09:00:00`, Контрагент_Key: patient(77), Куратор_Key: doctor(5), Статус: "Согласован", СуммаДокумента: 12000 });
  pay(onec, 1, day(-1), "ОплатаОтКлиента", "Наличные", new Token("4500.30"));
  pay(onec, 2, day(-1), "ВзносНаЛицевойСчет", "ПлатежнаяКарта", 10000, { Контрагент_Key: patient(78) });
  pay(onec, 3, day(-1), "ВозвратОплатыКлиенту", "Безналичные", new Token("-300.05"));
  pay(onec, 4, day(-1), "ОплатаОтСтраховойКомпании", "Безналичные", 5000);
  return onec;
}

test("what the base holds is what the receiver believes, and so after edits, marks and rows that vanish", async (t) => {
  const onec = await dental_base(t, { patients: 450 });
  const clinic = await OneCClinic.make(t, onec);
  const checked = await clinic.command("check");
  assert.doesNotMatch(checked.stdout + checked.stderr, WORDS);
  assert.deepEqual([...checked.stdout.matchAll(/^ +(\w+) .*off:/gm)].map(([, stream]) => stream), ["plan_item"], checked.stdout);
  await clinic.synced();
  clinic.agrees("at first");
  const first = clinic.receiver.events.length;
  await clinic.synced();
  assert.equal(clinic.receiver.events.length, first, "nothing new in an unchanged base");
  const compared = await clinic.command("reconcile", "mis");
  assert.match(compared.stdout, /mis +patient +450 .*equal/, compared.stdout + compared.stderr);
  assert.ok(onec.server.asked.every(({ method }) => method === "GET"), "it only reads");
  assert.ok(onec.server.asked.every(({ query, path }) => !/Жалобы|Комментарий|Аллергии/.test(`${query.$select} ${path}`) && query.$select), "what is not needed is not asked for");

  const { rows } = onec;
  Object.assign(rows.Document_Событие[0], { Date: `${day(4)}T15:00:00`, ДатаОкончания: `${day(4)}T15:45:00` }); // moved
  Object.assign(rows.Document_Событие[1], { Статус: "Отменен" });
  rows.Document_Событие.splice(4, 1); // vanished
  add_event(onec, 106, day(0), { DeletionMark: true });
  Object.assign(rows.Document_Прием[0].Лечение[0], { Цена: new Token("4400.05"), Сумма: new Token("4400.05"), Всего: new Token("4400.05") });
  rows.Document_Прием[1].Posted = false; // taken back
  rows.Document_Прием[2].Posted = true; // and one that is now valid
  rows.Document_Реализация[0].Услуги.pop();
  Object.assign(rows.AccumulationRegister_Выручка_RecordType[0], { Сумма: new Token("4400.25") });
  rows.AccumulationRegister_Выручка_RecordType.splice(2, 1);
  rows.Document_ПланЛечения[0].DeletionMark = true;
  await clinic.synced();
  await clinic.compared(); // a movement of the register that vanished is seen by the comparison of everything, for it cannot be asked for by its key
  clinic.agrees("after a day of corrections");
  const types = clinic.receiver.events.slice(first).map((one) => one.type.replace(/^mis\.|\.v\d+$/g, ""));
  for (const type of ["appointment.moved", "appointment.cancelled", "appointment.removed", "procedure.reversed", "procedure.performed", "billing.payment_reversal", "billing.reversal", "plan.closed"])
    assert.ok(types.includes(type), `${type} among ${types.join(" ")}`);

  // moved out of the window: asked for by its key before it counts as gone
  Object.assign(rows.Document_Событие[0], { Date: `${day(90)}T15:00:00`, ДатаОкончания: `${day(90)}T15:45:00` });
  await clinic.synced();
  clinic.agrees("a visit beyond the window");
  assert.ok(onec.server.asked.some(({ path }) => decodeURIComponent(path).includes(`Document_Событие(guid'${event(101)}')`)));
  for (const one of clinic.receiver.events) assert.doesNotMatch(JSON.stringify(one), WORDS);
});

test("refusals, cut, hostile and repeated answers store nothing wrong, and the next pass makes them good", async (t) => {
  const onec = await dental_base(t, { patients: 450 });
  const clinic = await OneCClinic.make(t, onec);
  await clinic.synced();
  const { rows } = onec;
  rows.Document_Прием[0].Лечение[0].Сумма = rows.Document_Прием[0].Лечение[0].Всего = rows.Document_Прием[0].Лечение[0].Цена = new Token("4700");
  rows.Document_Событие.splice(0, 1);
  rows.AccumulationRegister_Выручка_RecordType.splice(0, 1);
  rows.Document_Прием.push({ ...structuredClone(rows.Document_Прием[1]), Ref_Key: visit(8), Лечение: [] });
  const before = clinic.receiver.events.length;
  const error = (code, text = "Тестова Анна 89000000001") => ({ "odata.error": { code, message: { lang: "ru", value: text } } });
  const troubles = [
    [/failed \(-1\) with HTTP 500/, { status: 500, json: error("-1") }],
    [/HTTP 503/, { status: 503, text: "<html>лицензии</html>", type: "text/html" }],
    [/HTTP 401.*http\.secret_file/, { status: 401, text: "Тестова" }],
    [/HTTP 403/, { status: 403, json: error("20") }],
    [/HTTP 404.*http\.url/, { status: 404, json: error("9") }],
    [/HTTP 400.*does not understand/, { status: 400, json: error("14") }],
    [/failed \(7\)/, { json: error("7") }],
    [/cut off|transfer closed|left intact|bytes remaining/, { after: true, cut: 60 }],
    [/ends in the middle/, { after: true, text: (whole) => whole.slice(0, -2) }],
    [/says that it failed/, { after: true, text: (whole) => whole.replace(/\{/, '{"odata.nextLink":"Document_X?$skip=1",') }],
    [/is no JSON/, { text: "<html>Тестова</html>", type: "text/html" }],
    [/no list of rows/, { json: { d: { results: [] } } }],
    [/nested deeper/, { text: `{"value": ${"[".repeat(500)}` }],
    [/no list `(Лечение|Услуги)`|no list of rows/, { after: true, text: (whole) => whole.replaceAll(/"(Лечение|Услуги)":/g, '"Другое":').replaceAll('"value":[{"Recorder"', '"rows":[{"Recorder"').replaceAll('"value":[{"Ref_Key":"e', '"rows":[{"Ref_Key":"e') }],
  ];
  for (const [expected, wrong] of troubles) {
    onec.server.trouble = ({ path }) => (/Document_|Accumulation/.test(decodeURIComponent(path)) ? wrong : undefined);
    const failed = await clinic.sync();
    assert.match(failed.stdout + failed.stderr, expected);
    assert.doesNotMatch(failed.stdout + failed.stderr, WORDS);
    assert.equal(clinic.receiver.events.filter((one) => !one.type.includes("source.")).length, before, `${expected}: nothing came of it`);
  }
  // the same page of patients again and again
  onec.server.trouble = ({ path, query }) => (decodeURIComponent(path).endsWith("Catalog_Контрагенты") && query.$skip !== "0" ? { text: JSON.stringify({ value: onec.list("Catalog_Контрагенты", { ...query, $skip: "0", $top: "200" }) }) } : undefined);
  const repeated = await clinic.command("reconcile", "mis");
  assert.match(repeated.stdout + repeated.stderr, /same page again|changes faster/);
  onec.server.trouble = () => undefined;
  await clinic.synced();
  await clinic.compared();
  clinic.agrees("once 1С answers again");
});

test("killed in the middle of its days: the next run reads them whole, and nothing is told twice", async (t) => {
  const onec = await dental_base(t);
  const clinic = await OneCClinic.make(t, onec);
  for (const set of ["Document_Событие", "Document_Прием", "AccumulationRegister_Выручка_RecordType"]) {
    let hanging = false;
    let asked = 0;
    onec.server.trouble = ({ path }) => {
      if (!decodeURIComponent(path).endsWith(set) || ++asked < 5) return undefined;
      hanging = true;
      return new Promise(() => {});
    };
    const running = clinic.sync();
    await until(`${set} is asked for`, () => hanging);
    clinic.ran.kill("SIGKILL");
    await running;
  }
  onec.server.trouble = () => undefined;
  await clinic.synced();
  clinic.agrees("after three deaths");
});

test("an account, a configuration and an object that are not what was thought are said with their names", async (t) => {
  const onec = await dental_base(t);
  const clinic = await OneCClinic.make(t, onec, { http: { user: "another" } });
  const refused = await clinic.sync();
  assert.match(refused.stdout + refused.stderr, /HTTP 401.*http\.secret_file/);
  assert.deepEqual(clinic.receiver.events.filter((one) => !one.type.includes("source.")), []);

  // another configuration has an event of the same name and other fields: nothing is read of it, and the other streams are
  onec.sets.Document_Событие.fields = onec.sets.Document_Событие.fields.map((field) => (field === "Врач_Key" ? "МедРаботник_Key" : field));
  clinic.http.user = onec.user;
  clinic.site_values = { sale_object: "", plan_object: "" };
  clinic.write_config();
  const checked = await clinic.command("check");
  assert.match(checked.stdout, /procedure_sale .*sale_object/, checked.stdout);
  const partly = await clinic.sync();
  assert.match(partly.stdout + partly.stderr, /appointment.*HTTP 400.*does not understand/, partly.stdout + partly.stderr);
  const known = fold(clinic.receiver.events);
  assert.deepEqual([known.appointments.size, known.procedures.size, known.payments.size], [0, 3, 3]);

  // an overlay says where this configuration has the doctor
  const overlay = join(clinic.folder, "overlay");
  mkdirSync(overlay);
  const request = {
    path: "{site:event_object}",
    query: { $format: "json", $select: "{site:event_fields}", $filter: "Date ge datetime'{from}' and Date lt datetime'{to}'", $orderby: "Date,Ref_Key" },
    dates: "yyyy-mm-ddThh:mm:ss", last_day: "excluded", days_max: 1, rows: "value",
    paths: { id: "Ref_Key", date: "Date", ends: "ДатаОкончания", deleted: "DeletionMark", patient: "Контрагент_Key", doctor: "МедРаботник_Key", branch: "СтруктурнаяЕдиница_Key", status: "Статус",
      patient_status: "СтатусПациента", type: "ТипСобытия", source: "ИсточникЗаписи_Key", visit: "СсылкаНаПрием_Key", item: "" },
    by_id: { path: "{site:event_object}(guid'{id}')", query: { $format: "json", $select: "{site:event_fields}" }, gone: [404] },
  };
  writeFileSync(join(overlay, "overlay.yaml"), JSON.stringify({ connector: "onec_dental", streams: { appointment: { request } } }));
  const shipped = "Ref_Key,Date,DeletionMark,ДатаОкончания,Контрагент_Key,Врач_Key,СтруктурнаяЕдиница_Key,Статус,СтатусПациента,ТипСобытия,ИсточникЗаписи_Key,СсылкаНаПрием_Key";
  onec.rows.Document_Событие.forEach((row) => (row.МедРаботник_Key = row.Врач_Key));
  clinic.site_values = { sale_object: "", plan_object: "", event_fields: shipped.replace("Врач_Key", "МедРаботник_Key") };
  clinic.overlay = overlay;
  clinic.write_config();
  await clinic.sync();
  const visits = [...fold(clinic.receiver.events).appointments.values()].map((text) => JSON.parse(text)[1].appointment);
  assert.equal(visits.length, 4);
  assert.ok(visits.every(({ practitioner }) => practitioner), "each with its doctor");

  // the site names what its base has instead
  clinic.site_values = { ...clinic.site_values, sale_object: "Document_Реализация", patient_fields: "Ref_Key,Description,DeletionMark,Телефон,Фамилия,Имя,Отчество" };
  clinic.write_config();
  await clinic.sync();
  clinic.agrees("with the site's own names");
});

test("a line whose totals differ or cannot be read costs its visit alone, until it can be", async (t) => {
  const onec = await dental_base(t);
  const [first, second] = onec.rows.Document_Прием;
  const clinic = await OneCClinic.make(t, onec);
  await clinic.synced();
  const before = clinic.receiver.events.length;
  first.Лечение[0].Всего = new Token("5400.12");
  second.Лечение[0].Сумма = new Token("1E-2");
  onec.rows.AccumulationRegister_Выручка_RecordType[1].Сумма = new Token("1.00005E4"); // an exponent in a sum of its own is exact: 10000.5
  await clinic.sync();
  const quarantine = await clinic.command("quarantine");
  for (const number of [1, 2]) assert.match(quarantine.stdout, new RegExp(visit(number)), quarantine.stdout);
  const told = clinic.receiver.events.slice(before).map((one) => one.type);
  assert.deepEqual(told.sort(), ["mis.billing.payment.v1", "mis.billing.payment_reversal.v1"], "what was known of both visits stands");
  assert.equal(clinic.receiver.events.at(-1).data.amount.minor, 1000050);
  onec.rows.AccumulationRegister_Выручка_RecordType[1].Сумма = new Token("10000.50"); // the same
  second.Лечение[0].Сумма = new Token("123456789.99");
  clinic.site_values = { line_total: "Сумма" };
  clinic.write_config();
  await clinic.sync();
  clinic.agrees("with the site's word");
});

test("what the site has found in $metadata is read too: teeth, comments, marks, lines of plans", async (t) => {
  const onec = await dental_base(t);
  onec.sets.Document_Прием.parts.Лечение.push("Зуб");
  onec.sets.Document_ПланЛечения.parts = { Работы: ["Номенклатура_Key", "Количество", "Сумма", "Зуб"] };
  const [first] = onec.rows.Document_Прием;
  first.Лечение[0].Зуб = "1.6";
  first.Лечение[1].Зуб = "";
  onec.rows.Document_ПланЛечения[0].Работы = [{ LineNumber: "1", Номенклатура_Key: service(31), Количество: 1, Сумма: new Token("4500.10"), Зуб: "16" }];
  onec.rows.Document_Событие[0].Комментарий = "БАРТЕР. Лимит 20.000";
  const fields = (set, more) => `${more},${{ visit: "Ref_Key,Date,Posted,DeletionMark,Контрагент_Key,Сотрудник_Key,СтруктурнаяЕдиница_Key", event: "Ref_Key,Date,DeletionMark,ДатаОкончания,Контрагент_Key,Врач_Key,СтруктурнаяЕдиница_Key,Статус,СсылкаНаПрием_Key", plan: "Ref_Key,Date,Posted,DeletionMark" }[set]}`;
  const clinic = await OneCClinic.make(t, onec, {
    site: {
      visit_fields: fields("visit", ["LineNumber", "Номенклатура_Key", "Количество", "Цена", "Сумма", "Всего", "Сотрудник_Key", "Зуб"].map((name) => `Лечение/${name}`).join(",")),
      event_fields: fields("event", "Комментарий"), plan_lines_object: "Document_ПланЛечения", plan_part: "Работы",
      plan_lines_fields: fields("plan", ["LineNumber", "Номенклатура_Key", "Количество", "Сумма", "Зуб"].map((name) => `Работы/${name}`).join(",")),
      tooth_field: "Зуб", plan_tooth_field: "Зуб", comment_field: "Комментарий",
    },
  });
  await clinic.synced();
  clinic.agrees("with fields of the site");
  const told = (type) => clinic.receiver.events.filter((one) => one.type === `mis.${type}.v1`).map(({ data }) => data);
  assert.deepEqual(told("procedure.performed").filter(({ procedure }) => procedure.teeth).map(({ procedure }) => procedure.teeth), [["16"]]);
  assert.deepEqual(told("limit.opened").map(({ granted, kind }) => `${kind} ${granted.minor}`), ["barter 2000000"]);
  const items = told("plan.opened").flatMap((data) => data.plan.items).map(({ teeth, total }) => `${teeth} ${total.minor}`);
  assert.deepEqual(items, ["16 450010"]);
  assert.doesNotMatch(JSON.stringify(clinic.receiver.events), /БАРТЕР|Лимит/);
});
