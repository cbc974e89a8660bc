// The connector `onec_umc` through the real program, against a scripted site exchange: the times that the exchange believes are those of the base, and one that was taken is
// never offered again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Umc } from "../support/onec_umc.mjs";
import { RestClinic } from "./rest_clinic.mjs";

const day = (offset) => new Date(Date.now() + 3 * 3_600_000 + offset * 86_400_000).toISOString().slice(0, 10); // in Moscow
const guid = (kind, number) => `${kind}0000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const [BRANCH, OTHER, DOCTOR] = [guid("b", 1), guid("b", 2), guid("d", 5)];
const at = (offset, clock) => `${day(offset)}T${clock}:00`;

async function umc_clinic(t, settings = {}) {
  const umc = await Umc.start(t);
  umc.clinics.push({ УИД: BRANCH, Наименование: "Пробный филиал" }, { УИД: OTHER, Наименование: "Второй филиал" });
  umc.staff.push({ UID: DOCTOR, Наименование: "Пробный Врач", Фамилия: "Пробный", Имя: "Врач", Отчество: "", Специализация: "Терапия", Организация: BRANCH });
  for (const [clinic, price] of [[BRANCH, 4500.5], [OTHER, "4700"]])
    umc.prices[clinic] = [{ UID: guid("5", 1), Наименование: "Лечение", Цена: 0, ЭтоПапка: true }, { UID: guid("5", 2), Наименование: "Пломба", Артикул: "T-1", Цена: price, Вид: "Услуга", ЭтоПапка: false }];
  umc.add_time({ clinic: BRANCH, doctor: DOCTOR, start: at(1, "09:00"), end: at(1, "10:00"), free: false });
  umc.add_time({ clinic: BRANCH, doctor: DOCTOR, start: at(1, "10:00"), end: at(1, "12:00") });
  umc.add_time({ clinic: OTHER, doctor: DOCTOR, start: at(2, "10:00"), end: at(2, "11:00") });
  const clinic = await RestClinic.make(t, { url: umc.url, connector: "onec_umc", secret: umc.key, http: { per_second: 1000 }, ...settings });
  return { umc, clinic };
}
// The last word about each day, free times only: "day from-to".
async function offered(clinic) {
  const days = new Map();
  for (const { type, subject, data } of await clinic.events()) if (type.includes("slots.changed")) days.set(`${subject} ${data.day}`, data);
  return [...days.values()].flatMap(({ day: date, intervals }) => intervals.filter(({ free }) => free).map(({ starts_at, ends_at }) => `${date} ${starts_at.slice(11, 16)}-${ends_at.slice(11, 16)}`)).sort();
}

test("free times are offered, taken ones at once no more, and freed ones after the comparison of everything", async (t) => {
  const { umc, clinic } = await umc_clinic(t);
  const checked = await clinic.command("check");
  assert.doesNotMatch(checked.stdout, /off:/, checked.stdout + checked.stderr);
  const first = await clinic.sync();
  assert.equal(first.code, 0, first.stdout + first.stderr);
  assert.deepEqual(await offered(clinic), [`${day(1)} 10:00-12:00`, `${day(2)} 10:00-11:00`]);
  const compared = await clinic.command("reconcile", "mis");
  assert.match(compared.stdout, /mis +service +2 .*equal/, compared.stdout + compared.stderr);
  for (const { body } of umc.server.asked) assert.match(JSON.parse(body).Method, /^Get/, "it only reads");

  // somebody booked half past ten; what is left begins elsewhere
  const [, free] = umc.times;
  umc.times.splice(umc.times.indexOf(free), 1);
  umc.add_time({ clinic: BRANCH, doctor: DOCTOR, start: at(1, "10:00"), end: at(1, "10:30"), free: false });
  const rest = umc.add_time({ clinic: BRANCH, doctor: DOCTOR, start: at(1, "10:30"), end: at(1, "12:00") });
  assert.equal((await clinic.sync()).code, 0);
  assert.deepEqual(await offered(clinic), [`${day(1)} 10:30-12:00`, `${day(2)} 10:00-11:00`]);
  Object.assign(rest, { free: false });
  assert.equal((await clinic.sync()).code, 0);
  assert.deepEqual(await offered(clinic), [`${day(2)} 10:00-11:00`]);

  // cancelled again, and a day off: seen by the comparison
  Object.assign(rest, { free: true });
  umc.times = umc.times.filter(({ clinic: one }) => one !== OTHER);
  await clinic.command("reconcile", "mis");
  assert.equal((await clinic.sync()).code, 0);
  assert.deepEqual(await offered(clinic), [`${day(1)} 10:30-12:00`]);
});

test("what fails, in the body or around it, changes nothing; a wrong key is said", async (t) => {
  const { umc, clinic } = await umc_clinic(t);
  assert.equal((await clinic.sync()).code, 0);
  const before = await offered(clinic);
  umc.times.length = 0;
  const troubles = [
    [/says that it failed/, { json: { Ответ: { ОписаниеОшибки: "Тестова 89000000001" } } }],
    [/says that it failed/, { json: { Ответ: { ОшибкаПараметров: "Тестова" } } }],
    [/HTTP 500/, { status: 500, text: "Тестова" }],
    [/HTTP 401/, { status: 401, text: "" }],
    [/no list of rows/, { json: { Ответ: { ГрафикДляСайта: { Клиника: BRANCH } } } }],
    [/no list of rows/, { json: { Ответ: "" } }],
    [/has no list/, { json: { Ответ: { ГрафикДляСайта: [{ Клиника: BRANCH, СотрудникID: DOCTOR, ПериодыГрафика: { СвободноеВремя: { ПериодГрафика: [] }, ЗанятоеВремя: { ПериодГрафика: [] } } }] } } }],
    [/is no JSON/, { text: "<html>1С</html>" }],
    [/cut off|transfer closed|left intact|bytes remaining/, { json: { Ответ: { ГрафикДляСайта: [] } }, cut: 10 }],
  ];
  for (const [expected, wrong] of troubles) {
    umc.server.trouble = ({ path }) => (path.endsWith("Schedule") ? wrong : undefined);
    for (const failed of [await clinic.sync(), await clinic.command("reconcile", "mis")]) {
      assert.match(failed.stdout + failed.stderr, expected);
      assert.doesNotMatch(failed.stdout + failed.stderr, /Тестова|89000000001|umc-secret/);
    }
    assert.deepEqual(await offered(clinic), before);
  }
  umc.server.trouble = () => undefined;
  umc.key = "another";
  const refused = await clinic.sync();
  assert.match(refused.stdout + refused.stderr, /says that it failed/);
  assert.deepEqual(await offered(clinic), before);
  umc.key = "umc-secret-1";
  const emptied = await clinic.command("reconcile", "mis");
  assert.doesNotMatch(emptied.stdout + emptied.stderr, /failed/);
  assert.equal((await clinic.sync()).code, 0);
  assert.deepEqual(await offered(clinic), [], "an empty schedule is one");
});
