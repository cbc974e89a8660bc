<<<<<<< HEAD
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
=======
// A clinic on 1С: events and the visits that hang on them, lines of treatment that are corrected, added and taken out, documents that are posted and taken back, sales, movements of the
// register of revenue, plans. Rows are marked for deletion, and some vanish.
import { DENTAL, EMPTY, OneC } from "../../../tests/support/onec_odata.mjs";
import { believed as of_visits, instant, visit_line } from "../../../tests/support/rest_belief.mjs";
import { half_hours, in_words } from "../life.mjs";

const guid = (kind, number) => `${kind}0000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
// of letters: a service's key is its code, and one whose digits hold somebody's phone would leave the clinic under another name
const work = (number) => `5ebbaaaa-cafe-4abc-8def-aaaaaaaaaa${"abcdef"[Math.floor(number / 6)]}${"abcdef"[number % 6]}`;
const BRANCH = guid("b", 1);
const REVENUE = "AccumulationRegister_Выручка_RecordType";
const KINDS = { ОплатаОтКлиента: "payment", ВзносНаЛицевойСчет: "prepayment", ВозвратОплатыКлиенту: "refund", ВозвратСЛицевогоСчета: "refund" };
const METHODS = { Наличные: "cash", ПлатежнаяКарта: "card", Безналичные: "transfer" };
const WORDS = { Запланирован: "booked", Подтвержден: "confirmed", "Прием не состоялся": "no_show", Отменен: "cancelled" };

const roubles = (life, most = 900_000) => (1 + life.dice(most)) / 100;
const kopecks = (sum) => Math.round(sum * 100);
const stamp = (life) => life.now().replace(" ", "T");
const number = (onec) => (onec.last = (onec.last ?? 1000) + 1);
const count = (onec, set) => onec.rows[set].length;
const stands = ({ DeletionMark, Posted = true }) => !DeletionMark && Posted;
const any = (onec, life, set, fits = stands) => life.one_of(onec.rows[set].filter(fits));
const patient = (onec, life) => any(onec, life, "Catalog_Контрагенты").Ref_Key;
const doctor = (onec, life) => guid("d", 1 + life.dice(6));
const is_open = (event) => !event.DeletionMark && event.СсылкаНаПрием_Key === EMPTY && ["Запланирован", "Подтвержден"].includes(event.Статус);
const upcoming = (onec, life) => any(onec, life, "Document_Событие", (event) => is_open(event) && event.Date.slice(0, 10) > life.day(0));
const said = (event) => in_words(event.Date.slice(0, 10), event.Date.slice(11));

function add_patient(onec, life) {
  const { last_name, first_name, middle_name, phone } = life.person(count(onec, "Catalog_Контрагенты"));
  return onec.add("Catalog_Контрагенты", { Ref_Key: guid("a", number(onec)), Description: `${last_name} ${first_name} ${middle_name}`, Телефон: phone, ДатаРегистрации: stamp(life) }).Ref_Key;
}
function place(life, from, to) {
  const [day, [begin, end]] = [life.day(from + life.dice(to - from + 1)), life.one_of(half_hours())];
  return { Date: `${day}T${begin}:00`, ДатаОкончания: `${day}T${end}:00` };
}
const book = (onec, life, whose, when) =>
  onec.add("Document_Событие", { Ref_Key: guid("e", number(onec)), ...when, Контрагент_Key: whose, Врач_Key: doctor(onec, life), СтруктурнаяЕдиница_Key: BRANCH, Статус: "Запланирован", СтатусПациента: "Повторный", ТипСобытия: "Запись" });
function line(onec, life) {
  const [price, pieces] = [roubles(life), 1 + life.dice(3)];
  const sum = (kopecks(price) * pieces - life.dice(kopecks(price))) / 100;
  return { Номенклатура_Key: work(1 + life.dice(20)), Количество: pieces, Цена: price, Сумма: sum, Всего: sum, Сотрудник_Key: doctor(onec, life) };
}
const lines = (onec, life) => Array.from({ length: 1 + life.dice(3) }, () => line(onec, life));
const document = (onec, life, whose, at) => ({ Ref_Key: guid("1", number(onec)), Number: String(onec.last), Date: at, Контрагент_Key: whose, Сотрудник_Key: doctor(onec, life), СтруктурнаяЕдиница_Key: BRANCH });
function pay(onec, life, whose, at, operation) {
  const back = operation.startsWith("Возврат");
  onec.add(REVENUE, { Recorder: guid("3", number(onec)), Recorder_Type: "StandardODATA.Document_ПоступлениеДенежныхСредств", Period: at, LineNumber: "1", ВидОперации: operation,
    ТипДенежныхСредств: life.one_of(Object.keys(METHODS)), Контрагент_Key: whose, СтруктурнаяЕдиница_Key: BRANCH, Сумма: back ? -roubles(life, 9_000) : roubles(life) });
}
function treat(onec, life, event, at) {
  const visit = onec.add("Document_Прием", { ...document(onec, life, event.Контрагент_Key, at), Лечение: lines(onec, life) });
  event.СсылкаНаПрием_Key = visit.Ref_Key;
  if (life.dice(4) > 0) pay(onec, life, event.Контрагент_Key, at, life.one_of(["ОплатаОтКлиента", "ВзносНаЛицевойСчет", "ОплатаОтСтраховойКомпании"]));
  return visit.Лечение.length;
}
const renumber = (part) => part.forEach((one, index) => (one.LineNumber = String(index + 1)));

const of_part = (onec, set, part) => onec.rows[set].filter(stands).flatMap((row) => row[part].map((one) => `${one.Номенклатура_Key} ${one.Количество} ${kopecks(one.Сумма)}`));
const movements = ({ rows }) => rows[REVENUE].filter(({ Active, ВидОперации }) => Active && KINDS[ВидОперации]);
const events_of = ({ rows }) => rows.Document_Событие.filter(({ DeletionMark }) => !DeletionMark);

export default {
  start: (t) => OneC.start(t, { sets: structuredClone(DENTAL) }),
  kept: ["rows", "last"],
>>>>>>> 8dd1f4e (demo: a clinic on 1С lives, with its money)
  settings: (onec) => ({ url: onec.url, user: onec.user, secret: onec.password }),

  furnish(onec, life) {
    onec.add("Catalog_СтруктурныеЕдиницы", { Ref_Key: BRANCH, Description: "Пробный филиал" });
<<<<<<< HEAD
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
=======
    for (let id = 1; id <= 6; ++id) onec.add("Catalog_Сотрудники", { Ref_Key: guid("d", id), Description: `Пробный Врач ${id}`, Роль: "Врач" });
    onec.add("Catalog_Сотрудники", { Ref_Key: guid("d", 9), Description: "Обмен", Служебный: true });
    for (let id = 1; id <= 20; ++id) onec.add("Catalog_Номенклатура", { Ref_Key: work(id), Description: `Пробная работа ${id}`, ТипНоменклатуры: "Услуга" });
    for (let made = 0; made < 60; ++made) add_patient(onec, life);
    for (let made = 0; made < 60; ++made) {
      const event = book(onec, life, patient(onec, life), place(life, -6, 14));
      if (event.Date.slice(0, 10) < life.day(0) && life.dice(5) > 0) treat(onec, life, event, event.ДатаОкончания);
    }
  },

  actions: {
    book: [5, (onec, life) => `a visit, ${said(book(onec, life, patient(onec, life), place(life, 1, 14)))}`],
    book_first: [1, (onec, life) => `a new card and its first visit, ${said(book(onec, life, add_patient(onec, life), place(life, 1, 14)))}`],
    move: [3, (onec, life) => {
      const event = upcoming(onec, life);
      return event && `a visit, ${said(event)} to ${said(Object.assign(event, place(life, 1, 14)))}`;
    }],
    cancel: [2, (onec, life) => {
      const event = upcoming(onec, life);
      return event && `a visit, ${said(Object.assign(event, { Статус: life.one_of(["Отменен", "Прием не состоялся"]) }))}`;
    }],
    mark: [1, (onec, life) => {
      const event = upcoming(onec, life);
      return event && `a visit is marked for deletion, ${said(Object.assign(event, { DeletionMark: true }))}`;
    }],
    delete: [1, (onec, life) => {
      const event = upcoming(onec, life);
      return event && (onec.rows.Document_Событие.splice(onec.rows.Document_Событие.indexOf(event), 1), `a visit, for good, ${said(event)}`);
    }],
    treat: [5, (onec, life) => {
      const event = any(onec, life, "Document_Событие", is_open);
      return event && `${treat(onec, life, Object.assign(event, place(life, 0, 0)), stamp(life))} lines`;
    }],
    correct: [3, (onec, life) => {
      const part = any(onec, life, "Document_Прием", (row) => stands(row) && row.Лечение.length > 0)?.Лечение;
      return part && (Object.assign(life.one_of(part), line(onec, life)), "a line of treatment");
    }],
    add_line: [1, (onec, life) => {
      const visit = any(onec, life, "Document_Прием");
      return visit && (visit.Лечение.push(onec.line("Лечение", DENTAL.Document_Прием.parts.Лечение, line(onec, life), visit.Ref_Key, visit.Лечение.length)), "a line of treatment");
    }],
    drop_line: [1, (onec, life) => {
      const part = any(onec, life, "Document_Прием", (row) => stands(row) && row.Лечение.length > 1)?.Лечение;
      return part && (part.splice(life.dice(part.length), 1), renumber(part), "a line of treatment; those behind it get new numbers");
    }],
    take_back: [1, (onec, life) => {
      const visit = any(onec, life, "Document_Прием", ({ DeletionMark }) => !DeletionMark);
      return visit && `a visit is ${(visit.Posted = !visit.Posted) ? "posted again" : "not posted any more"}`;
    }],
    sell: [1, (onec, life) => {
      const [{ Сотрудник_Key, ...sold }] = lines(onec, life);
      onec.add("Document_Реализация", { ...document(onec, life, patient(onec, life), stamp(life)), Услуги: [sold] });
      return "a service without a visit";
    }],
    pay: [3, (onec, life) => (pay(onec, life, patient(onec, life), stamp(life), life.one_of(Object.keys(KINDS))), "money, in or back")],
    mend: [1, (onec, life) => {
      const movement = life.one_of(movements(onec));
      return movement && (Object.assign(movement, life.dice(3) === 0 ? { Active: false } : { Сумма: Math.sign(movement.Сумма) * roubles(life) }), "a payment");
    }],
    plan: [1, (onec, life) => (onec.add("Document_ПланЛечения", { ...document(onec, life, patient(onec, life), stamp(life)), Статус: "Согласован" }), "a plan")],
  },

  held: (onec) => ({
    branch: 1, practitioner: 6, service: 20, patient: count(onec, "Catalog_Контрагенты"), appointment: events_of(onec).length,
    procedure: of_part(onec, "Document_Прием", "Лечение").length, procedure_sale: of_part(onec, "Document_Реализация", "Услуги").length,
    plan: count(onec, "Document_ПланЛечения"), payment: movements(onec).length,
  }),
  standing: (onec) => ({
    appointments: events_of(onec).map((event) => {
      const status = WORDS[event.Статус];
      const [starts, ends] = [event.Date, event.ДатаОкончания].map((text) => instant(text.slice(0, 10), text.slice(11)));
      return visit_line(event.СсылкаНаПрием_Key === EMPTY || ["cancelled", "no_show"].includes(status) ? status : "completed", starts, ends);
    }).sort(),
    lines: [...of_part(onec, "Document_Прием", "Лечение"), ...of_part(onec, "Document_Реализация", "Услуги")].sort(),
    payments: movements(onec).map((row) => `${KINDS[row.ВидОперации]} ${kopecks(Math.abs(row.Сумма))} ${METHODS[row.ТипДенежныхСредств]}`).sort(),
  }),
  believed(events) {
    const [lines_told, paid] = [new Map(), new Map()];
    for (const { type, data } of events) {
      const kind = type.replace(/^mis\.|\.v\d+$/g, "");
      if (kind === "procedure.performed") lines_told.set(data.procedure.id, data.procedure);
      else if (kind === "procedure.reversed") lines_told.delete(data.procedure.id);
      else if (kind === "billing.payment" || kind === "billing.refund") paid.set(data.payment, data);
      else if (kind === "billing.payment_reversal") paid.delete(data.payment);
    }
    return {
      appointments: of_visits(events).appointments,
      lines: [...lines_told.values()].map(({ service_code, quantity, total }) => `${service_code} ${quantity} ${total.minor}`).sort(),
      payments: [...paid.values()].map(({ kind, amount, method }) => `${kind} ${amount.minor} ${method}`).sort(),
>>>>>>> 8dd1f4e (demo: a clinic on 1С lives, with its money)
    };
  },
};
