// 1С Стоматологическая клиника: events, visits with their lines of treatment, the register of revenue. Documents are corrected, unposted, posted again and marked for deletion.
import { DENTAL, EMPTY, OneC } from "../../../tests/support/onec_odata.mjs";
import { instant, visit_line } from "../../../tests/support/rest_belief.mjs";
import { fold } from "../../../tests/system/clinic.mjs";
import { half_hours, in_words } from "../life.mjs";

const guid = (kind, number) => `${kind}0000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const BRANCH = guid("b", 1);
const [EVENTS, VISITS, REVENUE] = ["Document_Событие", "Document_Прием", "AccumulationRegister_Выручка_RecordType"];
const kopecks = (sum) => Math.round(sum * 100);
const rubles = (sum) => `${sum.toFixed(2)} ₽`;
const at = (time) => instant(time.slice(0, 10), time.slice(11, 16));
const words = (time) => in_words(time.slice(0, 10), time.slice(11));
const number_of = (onec, what) => ((onec.numbers ??= {})[what] = (onec.numbers[what] ?? 0) + 1);

const KINDS = { ОплатаОтКлиента: "payment", ВзносНаЛицевойСчет: "prepayment", ВозвратОплатыКлиенту: "refund" };
const METHODS = { Наличные: "cash", ПлатежнаяКарта: "card", Безналичные: "transfer" };
const STATUSES = { Запланирован: "booked", Подтвержден: "confirmed", "Прием не состоялся": "no_show", Отменен: "cancelled" };

function time_of(life, from, to) {
  const [begin, end] = life.one_of(half_hours());
  const day = life.day(from + life.dice(to - from + 1));
  return { Date: `${day}T${begin}:00`, ДатаОкончания: `${day}T${end}:00` };
}
function book(onec, life, time) {
  return onec.add(EVENTS, { Ref_Key: guid("e", number_of(onec, "event")), ...time, Контрагент_Key: life.one_of(onec.rows.Catalog_Контрагенты).Ref_Key, Врач_Key: guid("d", 5), СтруктурнаяЕдиница_Key: BRANCH,
    Статус: "Запланирован", СтатусПациента: life.dice(4) === 0 ? "Первичный" : "Повторный", ТипСобытия: "Запись" });
}
function line(life) {
  const [quantity, price] = [1 + life.dice(2), (500 + life.dice(40) * 100) + life.dice(2) * 0.5];
  const sum = Math.max(0, kopecks(quantity * price) - life.dice(3) * 10_000) / 100;
  return { Номенклатура_Key: guid("5", 31 + life.dice(20)), Количество: quantity, Цена: price, Сумма: sum, Всего: sum };
}
function treat(onec, life, event) {
  const visit = onec.add(VISITS, { Ref_Key: guid("1", number_of(onec, "visit")), Date: event.Date, Контрагент_Key: event.Контрагент_Key, Сотрудник_Key: event.Врач_Key, СтруктурнаяЕдиница_Key: BRANCH, Лечение: Array.from({ length: 1 + life.dice(3) }, () => line(life)) });
  event.СсылкаНаПрием_Key = visit.Ref_Key;
  return visit;
}
const total = (visit) => visit.Лечение.reduce((sum, one) => sum + one.Сумма, 0);
function pay(onec, life, patient, operation, sum, Period) {
  const means = life.one_of(Object.keys(METHODS));
  onec.add(REVENUE, { Recorder: guid("3", number_of(onec, "money")), Recorder_Type: "StandardODATA.Document_ПоступлениеДенежныхСредств", Period, LineNumber: "1", ВидОперации: operation, ТипДенежныхСредств: means,
    Контрагент_Key: patient, СтруктурнаяЕдиница_Key: BRANCH, Сумма: operation === "ВозвратОплатыКлиенту" ? -sum : sum });
  return `${rubles(sum)}, ${METHODS[means]}`;
}
const due = (onec, life) => life.one_of(onec.rows[EVENTS].filter((event) => ["Запланирован", "Подтвержден"].includes(event.Статус) && event.СсылкаНаПрием_Key === EMPTY && !event.DeletionMark && event.Date.slice(0, 10) <= life.day(0)));
const coming = (onec, life) => life.one_of(onec.rows[EVENTS].filter((event) => ["Запланирован", "Подтвержден"].includes(event.Статус) && event.СсылкаНаПрием_Key === EMPTY && !event.DeletionMark && event.Date.slice(0, 10) > life.day(0)));
const done = (onec, life) => life.one_of(onec.rows[VISITS].filter((visit) => visit.Posted && !visit.DeletionMark));
const one = (pick, act) => (onec, life) => {
  const found = pick(onec, life);
  return found && act(onec, life, found);
};

export default {
  start: (t) => OneC.start(t, { sets: DENTAL }),
  kept: ["rows", "numbers"],
  settings: (onec) => ({ url: onec.url, user: onec.user, secret: onec.password }),

  furnish(onec, life) {
    onec.add("Catalog_СтруктурныеЕдиницы", { Ref_Key: BRANCH, Description: "Пробный филиал" });
    onec.add("Catalog_Сотрудники", { Ref_Key: guid("d", 5), Description: "Пробный Врач", Роль: "Врач" });
    for (let number = 31; number <= 50; ++number) onec.add("Catalog_Номенклатура", { Ref_Key: guid("5", number), Description: `Пробная работа ${number}`, ТипНоменклатуры: "Услуга" });
    for (let number = 1; number <= 80; ++number) {
      const { last_name, first_name, middle_name, phone } = life.person(number);
      onec.add("Catalog_Контрагенты", { Ref_Key: guid("a", number), Description: `${last_name} ${first_name} ${middle_name}`, Телефон: phone });
    }
    for (let count = 0; count < 60; ++count) {
      const event = book(onec, life, time_of(life, -10, -1));
      const visit = treat(onec, life, event);
      if (life.dice(2) === 0) pay(onec, life, event.Контрагент_Key, "ОплатаОтКлиента", total(visit) || 1, event.ДатаОкончания);
    }
    for (let count = 0; count < 60; ++count) book(onec, life, time_of(life, 0, 14));
  },

  actions: {
    book: [5, (onec, life) => `a visit, ${words(book(onec, life, time_of(life, 0, 14)).Date)}`],
    move: [2, one(coming, (onec, life, event) => {
      const before = words(event.Date);
      Object.assign(event, time_of(life, 1, 14));
      return `a visit, ${before} to ${words(event.Date)}`;
    })],
    confirm: [1, one(coming, (onec, life, event) => ((event.Статус = "Подтвержден"), `a visit, ${words(event.Date)}`))],
    cancel: [2, one(coming, (onec, life, event) => ((event.Статус = "Отменен"), `a visit, ${words(event.Date)}`))],
    miss: [1, one(due, (onec, life, event) => ((event.Статус = "Прием не состоялся"), `a visit, ${words(event.Date)}`))],
    treat: [5, one(due, (onec, life, event) => `${treat(onec, life, event).Лечение.length} lines`)],
    correct: [2, one(done, (onec, life, visit) => {
      const [changed, sum] = [life.one_of(visit.Лечение), (100 + life.dice(5000)) / 1];
      const before = changed.Сумма;
      Object.assign(changed, { Цена: sum, Количество: 1, Сумма: sum, Всего: sum });
      return `a line, ${rubles(before)} to ${rubles(sum)}`;
    })],
    strike: [1, one(done, (onec, life, visit) => (visit.Лечение.length > 1 ? `a line of a visit, ${rubles(visit.Лечение.pop().Сумма)}` : undefined))],
    unpost: [1, one(done, (onec, life, visit) => ((visit.Posted = false), `a visit's document, ${rubles(total(visit))}`))],
    post: [1, (onec) => {
      const visit = onec.rows[VISITS].find((row) => !row.Posted);
      return visit && ((visit.Posted = true), `a visit's document again, ${rubles(total(visit))}`);
    }],
    mark: [1, one(coming, (onec, life, event) => ((event.DeletionMark = true), `a visit for deletion, ${words(event.Date)}`))],
    pay: [4, one(done, (onec, life, visit) => pay(onec, life, visit.Контрагент_Key, "ОплатаОтКлиента", total(visit) || 1, life.now().replace(" ", "T")))],
    advance: [1, (onec, life) => pay(onec, life, life.one_of(onec.rows.Catalog_Контрагенты).Ref_Key, "ВзносНаЛицевойСчет", 1000 + life.dice(9) * 500, life.now().replace(" ", "T"))],
    refund: [1, one(done, (onec, life, visit) => pay(onec, life, visit.Контрагент_Key, "ВозвратОплатыКлиенту", 100.05, life.now().replace(" ", "T")))],
  },

  held: ({ rows }) => ({
    branch: rows.Catalog_СтруктурныеЕдиницы.length,
    practitioner: rows.Catalog_Сотрудники.length,
    service: rows.Catalog_Номенклатура.length,
    patient: rows.Catalog_Контрагенты.length,
    appointment: rows[EVENTS].filter((event) => !event.DeletionMark).length,
    procedure: rows[VISITS].filter((visit) => visit.Posted && !visit.DeletionMark).flatMap((visit) => visit.Лечение).length,
    procedure_sale: 0,
    plan: 0,
    payment: rows[REVENUE].length,
  }),
  // without the service: a code that looks like somebody's number leaves as another (schemas/README.md)
  standing: ({ rows }) => ({
    appointments: rows[EVENTS].filter((event) => !event.DeletionMark)
      .map((event) => visit_line(event.СсылкаНаПрием_Key !== EMPTY && !["Прием не состоялся", "Отменен"].includes(event.Статус) ? "completed" : STATUSES[event.Статус], at(event.Date), at(event.ДатаОкончания))).sort(),
    procedures: rows[VISITS].filter((visit) => visit.Posted && !visit.DeletionMark)
      .flatMap((visit) => visit.Лечение.map((one) => `${one.Количество} ${kopecks(one.Сумма)} ${at(visit.Date)}`)).sort(),
    payments: rows[REVENUE].map((row) => `${KINDS[row.ВидОперации]} ${Math.abs(kopecks(row.Сумма))} ${METHODS[row.ТипДенежныхСредств]}`).sort(),
  }),
  believed: (events) => {
    const known = fold(events);
    const moment = (time) => Date.parse(time) / 1000;
    const visits = [...known.appointments.values()].map((text) => JSON.parse(text)[1].appointment).map((visit) => visit_line(visit.status, moment(visit.starts_at), moment(visit.ends_at)));
    return {
      appointments: [...visits, ...known.problems].sort(),
      procedures: [...known.procedures.values()].map((one) => `${one.quantity} ${one.total.minor} ${moment(one.performed_at)}`).sort(),
      payments: [...known.payments.values()].map(({ kind, amount, method }) => `${kind} ${amount.minor} ${method}`).sort(),
    };
  },
};
