// The profile `dent` through the real program: exports of a program that nobody could name, with a barter policy («Ограничение / Использовано»), a limit told in a comment, pink
// and white marks, and headings that the clinic calls by names of its own.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fold } from "./clinic.mjs";
import { ExportsClinic } from "./exports_clinic.mjs";

const day = (offset) => new Date(Date.now() + 3 * 3_600_000 + offset * 86_400_000).toISOString().slice(0, 10).split("-").reverse().join("."); // in Moscow
const HEADS = {
  Врачи: "Врач;Специальность",
  Прайс: "Код;Наименование;Код 804н;Цена",
  Пациенты: "Номер карты;ФИО;Дата рождения;Телефон;Цвет;Изменён",
  Полисы: "Номер полиса;Номер карты;Страховая компания;Ограничение;Использовано",
  Визиты: "Номер визита;Номер карты;Врач;Дата;Начало;Окончание;Статус;Комментарий",
  Работы: "Номер строки;Номер карты;Номер визита;Врач;Дата;Код услуги;Наименование;Количество;Цена;Скидка;Сумма;Зуб;Номер полиса;Плательщик",
  Оплаты: "Номер оплаты;Номер карты;Дата;Сумма;Вид операции;Способ оплаты",
};
const FIRST = {
  Врачи: ["Пробный Врач;терапевт"],
  Прайс: ["Т-16;Пломба;А16.07.002;4500,50"],
  Пациенты: ["77;Тестова Анна Пробовна;01.02.1990;8 900 000-00-01;розовый;", "78;Пробов Пётр;;89000000002;;", "79;Пробова Ольга;;89000000003;розовый;"],
  Полисы: ["ЯБ-1;77;яБартер;20 000,00;4 500,50"],
  Визиты: [`101;77;Пробный Врач;${day(-1)};10:00;11:00;Принят;`, `102;78;Пробный Врач;${day(2)};12:00;12:30;Записан;Первичка+200. БАРТЕР. Лимит 15.000`, `103;79;Пробный Врач;${day(3)};09:00;10:00;Записан;`],
  Работы: [`1;77;101;Пробный Врач;${day(-1)} 10:15;Т-16;Пломба;1;4500,50;0;4500,50;16;ЯБ-1;яБартер`, `2;77;101;Пробный Врач;${day(-1)} 10:40;Т-16;Пломба;2;1 000,05;200,10;1 800,00;1.7, 18;;`, `3;79;;Пробный Врач;${day(-2)} 12:00;Т-16;Пломба;1;900;;900;;;`],
  Оплаты: [`501;77;${day(-1)} 11:00;1 800,00;Оплата;Наличные`, `502;79;${day(-2)} 12:30;1000;Аванс;Карта`],
};

class DentClinic extends ExportsClinic {
  static async make(t, files = {}) {
    return super.make(t, { connector: "dent", files });
  }
  // Files that somebody has finished saving: {Работы: [lines]}.
  async save(tables, heads = HEADS) {
    for (const [name, lines] of Object.entries(tables)) writeFileSync(join(this.exports, `${name}.csv`), `\uFEFF${[heads[name], ...lines].join("\r\n")}\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 1300));
  }
  async synced() {
    const ran = await this.sync();
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
    assert.doesNotMatch(ran.stdout + ran.stderr, /Тестова|Пробова|89000000/);
    return ran;
  }
  async believed() {
    const known = fold(await this.events());
    assert.deepEqual(known.problems, []);
    return {
      lines: [...known.procedures.values()].map(({ quantity, total, payer = "-", teeth = [] }) => `${quantity} ${total.minor} ${payer} ${teeth.join(",")}`).sort(),
      payments: [...known.payments.values()].map(({ kind, amount, method }) => `${kind} ${amount.minor} ${method}`).sort(),
      visits: [...known.appointments.values()].map((text) => JSON.parse(text)[1].appointment.status).sort(),
    };
  }
  async told(type) {
    return (await this.events()).filter((event) => event.type === `mis.${type}.v1`).map((event) => event.data);
  }
}

test("a clinic's exports: policy, used sum, comment, lines, payments; corrected and taken out ones; a mark that turns white", async (t) => {
  const clinic = await DentClinic.make(t);
  await clinic.save(FIRST);
  const checked = await clinic.command("check");
  assert.doesNotMatch(checked.stdout + checked.stderr, /off:|Тестова/);
  await clinic.synced();
  assert.deepEqual(await clinic.believed(), {
    lines: ["1 450050 limit 16", "1 90000 - ", "2 180000 - 17,18"],
    payments: ["payment 180000 cash", "prepayment 100000 card"],
    visits: ["booked", "booked", "completed"],
  });
  assert.deepEqual((await clinic.told("limit.opened")).map(({ granted, kind }) => `${kind} ${granted.minor}`).sort(), ["barter 1500000", "barter 2000000"], "the policy, and the limit of the comment");
  assert.deepEqual((await clinic.told("billing.charge")).map(({ payer, total }) => `${payer} ${total.minor}`).sort(), ["limit 450050", "patient 180000", "patient 90000"]);
  assert.deepEqual(await clinic.told("limit.mismatch"), [], "«Использовано» is what we count");
  const before = (await clinic.events()).length;
  await clinic.save(FIRST);
  await clinic.synced();
  assert.equal((await clinic.events()).length, before, "the same exports again tell nothing");

  const next = structuredClone(FIRST);
  next.Работы[0] = `1;77;101;Пробный Врач;${day(-1)} 10:15;Т-16;Пломба;1;5000;0;5000;16;ЯБ-1;яБартер`; // corrected
  next.Работы.splice(2, 1); // taken out
  next.Оплаты[0] = `501;77;${day(-1)} 11:00;1 799,99;Оплата;Карта`;
  next.Полисы[0] = "ЯБ-1;77;яБартер;25 000;4 999,99"; // raised, and a kopeck less is used than the lines say
  next.Визиты[2] = `103;79;Пробный Врач;${day(4)};09:00;10:00;Подтверждён;`;
  await clinic.save(next);
  await clinic.synced();
  await clinic.command("reconcile", "mis");
  await clinic.synced();
  assert.deepEqual(await clinic.believed(), {
    lines: ["1 500000 limit 16", "2 180000 - 17,18"],
    payments: ["payment 179999 card", "prepayment 100000 card"],
    visits: ["booked", "completed", "confirmed"],
  });
  assert.deepEqual((await clinic.told("limit.mismatch")).map(({ field, ours, theirs }) => `${field} ${ours.minor} ${theirs.minor}`), ["used 500000 499999"]);

  // treated for money: the mark turned white the day before yesterday, and yesterday's visit found a policy that is not used up
  next.Полисы[0] = "ЯБ-1;77;яБартер;25 000;5000";
  next.Пациенты[0] = `77;Тестова Анна Пробовна;01.02.1990;8 900 000-00-01;Белый;${day(-2)} 09:00:00`;
  await clinic.save(next);
  await clinic.synced();
  const mismatches = (await clinic.told("limit.mismatch")).map(({ field, ours, theirs }) => `${field} ${ours.minor} ${theirs.minor}`);
  assert.deepEqual(mismatches, ["used 500000 499999", "remaining 2000000 0"]);
  assert.doesNotMatch(JSON.stringify(await clinic.events()), /Тестова|Пробова|89000000|ЯБ-1|белый|розов/);
});

test("headings of the clinic's own are confirmed in its configuration; what cannot be known waits", async (t) => {
  const clinic = await DentClinic.make(t);
  await clinic.save(FIRST);
  await clinic.synced();
  const before = (await clinic.events()).length;
  const heads = { ...HEADS, Полисы: "Номер полиса;Номер карты;Страховая компания;Ограничение по полису;Использовано", Работы: HEADS.Работы.replace(";Номер полиса;", ";Чем платит;") };
  await clinic.save({ Полисы: ["ЯБ-1;77;яБартер;30 000;4500,50"], Работы: [...FIRST.Работы, `5;78;;Пробный Врач;${day(-1)} 09:00;Т-16;Пломба;1;1000;100;1000;;;`] }, heads);
  const refused = await clinic.sync();
  assert.notEqual(refused.code, 0);
  assert.match(refused.stdout + refused.stderr, /Ограничение по полису/, "names what is there");
  assert.match(refused.stdout + refused.stderr, /Чем платит/);
  assert.doesNotMatch(refused.stdout + refused.stderr, /Тестова|яБартер/);
  assert.equal((await clinic.events()).length, before, "a line that cannot say whose policy it is would be the patient's bill");
  clinic.files = { columns: { "limit.granted": "Ограничение по полису", "procedure.policy": "Чем платит" } };
  clinic.write_config();
  await clinic.sync();
  assert.ok((await clinic.told("limit.granted")).length === 1, "raised by ten thousand");
  const quarantine = await clinic.command("quarantine");
  assert.match(quarantine.stdout, /discount_in_sum/, "is the sum less the discount? the figures do not tell");
  clinic.site_values = { discount_in_sum: "no" };
  clinic.write_config();
  await clinic.sync();
  const held = await clinic.command("hold", "list");
  const known = fold(await clinic.events());
  const sums = [...known.procedures.values()].map(({ total }) => total.minor);
  assert.ok(sums.includes(90000), held.stdout);

  // a file that is away costs its stream alone, and nobody is gone
  rmSync(join(clinic.exports, "Оплаты.csv"));
  const away = await clinic.sync();
  assert.match(away.stdout + away.stderr, /Оплаты\*/);
  assert.equal(fold(await clinic.events()).payments.size, 2);
});
