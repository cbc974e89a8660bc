// БИТ.УМЦ's site exchange: times that are free or taken, of two branches. What is free again is noticed by the comparison of everything only.
import { Umc } from "../../../tests/support/onec_umc.mjs";
import { believed, free_lines, instant, today } from "../../../tests/support/rest_belief.mjs";
import { half_hours, in_words } from "../life.mjs";

const guid = (kind, number) => `${kind}0000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const at = (time) => instant(time.slice(0, 10), time.slice(11, 16));
const words = (time) => in_words(time.start.slice(0, 10), time.start.slice(11));
const coming = (umc, life, free) => life.one_of(umc.times.filter((time) => time.free === free && time.start.slice(0, 10) > life.day(0)));
const turn = (free) => (umc, life) => {
  const time = coming(umc, life, free);
  if (!time) return undefined;
  time.free = !free;
  return `a time, ${words(time)}`;
};

export default {
  start: (t) => Umc.start(t),
  kept: ["clinics", "staff", "prices", "times"],
  settings: (umc) => ({ url: umc.url, secret: umc.key }),

  furnish(umc, life) {
    const branches = [guid("b", 1), guid("b", 2)];
    umc.clinics.push(...branches.map((УИД, index) => ({ УИД, Наименование: `Пробный филиал ${index + 1}` })));
    for (const branch of branches)
      umc.prices[branch] = Array.from({ length: 20 }, (_, index) => ({ UID: guid("5", 31 + index), Наименование: `Пробная работа ${index + 1}`, Артикул: `T-${index + 1}`, Цена: 500 + index * 100.5, Вид: "Услуга", ЭтоПапка: false }));
    for (let number = 1; number <= 4; ++number) {
      const [doctor, clinic] = [guid("d", number), branches[number % 2]];
      umc.staff.push({ UID: doctor, Наименование: `Пробный Врач ${number}`, Фамилия: "Пробный", Имя: "Врач", Отчество: "", Специализация: "Терапия", Организация: clinic });
      for (let offset = 0; offset <= 14; ++offset)
        for (const [start, end] of half_hours()) umc.add_time({ clinic, doctor, start: `${life.day(offset)}T${start}:00`, end: `${life.day(offset)}T${end}:00`, free: life.dice(3) !== 0 });
    }
  },

  actions: { take: [3, turn(true)], free: [2, turn(false)] },

  held(umc) {
    const times = umc.times.filter(({ start }) => start.slice(0, 10) >= today());
    return { branch: umc.clinics.length, practitioner: umc.staff.length, service: Object.values(umc.prices).flat().length, slot: times.filter(({ free }) => free).length, slot_busy: times.filter(({ free }) => !free).length };
  },
  standing: (umc) => ({ slots: umc.times.filter(({ start, free }) => free && start.slice(0, 10) >= today()).flatMap(({ start, end }) => free_lines(at(start), at(end))).sort() }),
  believed: (events) => ({ slots: believed(events).slots }),
};
