// АрхиМед's clinic: talons with statuses, intervals that are free or not, cards. A talon that is cancelled gets status 4 or is put away, some are deleted for good.
import { Archimed } from "../../../tests/support/archimed.mjs";
import { half_hours, in_words } from "../life.mjs";

const dotted = (iso) => iso.split("-").reverse().join(".");
const iso = (dotted_day) => dotted_day.split(".").reverse().join("-");
const stamp = (life) => `${dotted(life.now().slice(0, 10))} ${life.now().slice(11)}`;
const is_open = (talon) => Number(talon.status_id) === 1 && !Number(talon.deleted) && talon.patient_id !== 0;

// A free time of a doctor from tomorrow on, with where it is.
function free_time(archimed, life) {
  const days = archimed.schedules.filter((schedule) => iso(schedule.date) > life.day(0) && schedule.intervals.some((interval) => interval.free));
  const schedule = life.one_of(days);
  return schedule && { schedule, interval: life.one_of(schedule.intervals.filter((interval) => interval.free)) };
}
function set_free(archimed, talon, free) {
  const schedule = archimed.schedules.find(({ doctor, date }) => doctor === talon.docs[0].id && date === talon.date);
  const interval = schedule?.intervals.find(({ start }) => start === talon.begintime.slice(0, 5));
  if (interval) interval.free = free;
}
function add_card(archimed, life) {
  const id = 1000 + archimed.medcards.length;
  const { last_name, first_name, middle_name, phone, born } = life.person(id - 1000);
  archimed.medcards.push({ id, number: String(id), last_name, first_name, middle_name, birthdate: dotted(born), gendertype: "1", phone, phone1: "", email: "", changedate: stamp(life) });
  return id;
}
function book(archimed, life, patient, { schedule, interval }) {
  archimed.next_talon = (archimed.next_talon ?? 5000) + 1;
  archimed.add_talon({ id: archimed.next_talon, patient, date: iso(schedule.date), begin: `${interval.start}:00`, end: `${interval.end}:00`, update_datetime: stamp(life), room: schedule.room,
    patient_name: "", docs: [{ id: schedule.doctor, name: "Пробный Врач", type: "терапевт" }] });
  interval.free = false;
  return in_words(iso(schedule.date), interval.start);
}

export default {
  start: (t) => Archimed.start(t),
  kept: ["doctors", "services", "medcards", "talons", "schedules", "next_talon"],
  settings: (archimed) => ({ url: archimed.url, user: archimed.id, secret: archimed.secret }),

  furnish(archimed, life) {
    for (let id = 1; id <= 6; ++id) archimed.doctors.push({ id, name: "Пробный", name1: "Врач", name2: String(id), type: id % 3 === 0 ? "хирург" : "терапевт", branch_id: 0 });
    for (let id = 1; id <= 40; ++id) archimed.services.push({ id, kind: 1, code: `T-${id}`, name: `Пробная работа ${id}`, mz_code: "A16.07.002", group_name: "Терапия", base_cost: 500 + id * 100.5 });
    for (let count = 0; count < 120; ++count) add_card(archimed, life);
    for (let offset = -3; offset <= 14; ++offset)
      for (let doctor = 1; doctor <= 6; ++doctor)
        archimed.schedules.push({ doctor, id: doctor * 1000 + offset + 100, build_id: 0, build_name: "", room: `Кабинет ${doctor}`, address: "", kind: 1, date: dotted(life.day(offset)),
          start: "09:00", end: "18:00", intervals: half_hours().map(([start, end]) => ({ start, end, free: true })) });
    for (const schedule of archimed.schedules)
      for (const interval of schedule.intervals.filter(() => life.dice(5) < 2)) {
        book(archimed, life, life.one_of(archimed.medcards).id, { schedule, interval });
        if (iso(schedule.date) < life.day(0)) Object.assign(archimed.talons.at(-1), { status_id: 3, status: "Принят" });
      }
  },

  actions: {
    book: [6, (archimed, life) => {
      const place = free_time(archimed, life);
      return place && `a visit, ${book(archimed, life, life.one_of(archimed.medcards).id, place)}`;
    }],
    book_first: [2, (archimed, life) => {
      const place = free_time(archimed, life);
      return place && `a new card and its first visit, ${book(archimed, life, add_card(archimed, life), place)}`;
    }],
    move: [3, (archimed, life) => {
      const talon = life.one_of(archimed.talons.filter((one) => is_open(one) && iso(one.date) > life.day(0)));
      const place = free_time(archimed, life);
      if (!talon || !place) return undefined;
      const before = in_words(iso(talon.date), talon.begintime);
      set_free(archimed, talon, true);
      Object.assign(talon, { date: place.schedule.date, begintime: `${place.interval.start}:00`, endtime: `${place.interval.end}:00`, room: place.schedule.room, update_datetime: stamp(life) });
      talon.docs[0].id = place.schedule.doctor;
      place.interval.free = false;
      return `a visit, ${before} to ${in_words(iso(talon.date), talon.begintime)}`;
    }],
    cancel: [3, (archimed, life) => {
      const talon = life.one_of(archimed.talons.filter((one) => is_open(one) && iso(one.date) > life.day(0)));
      if (!talon) return undefined;
      const put_away = life.dice(2) === 0;
      Object.assign(talon, put_away ? { deleted: 1, delete_reason_id: 2, delete_reason: "по просьбе" } : { status_id: "4", status: "Отказ" }, { update_datetime: stamp(life) });
      set_free(archimed, talon, true);
      return `a visit (${put_away ? "put away, with a reason" : "status 4"}), ${in_words(iso(talon.date), talon.begintime)}`;
    }],
    treat: [3, (archimed, life) => {
      const talon = life.one_of(archimed.talons.filter((one) => is_open(one) && iso(one.date) <= life.day(0)));
      if (!talon) return undefined;
      Object.assign(talon, { status_id: 3, status: "Принят", update_datetime: stamp(life) });
      return `a visit took place, ${in_words(iso(talon.date), talon.begintime)}`;
    }],
    delete: [1, (archimed, life) => {
      const talon = life.one_of(archimed.talons.filter((one) => is_open(one) && iso(one.date) > life.day(0)));
      if (!talon) return undefined;
      archimed.talons.splice(archimed.talons.indexOf(talon), 1);
      set_free(archimed, talon, true);
      return `a visit, for good, ${in_words(iso(talon.date), talon.begintime)}`;
    }],
  },

  held: (archimed) => ({
    practitioner: archimed.doctors.length,
    service: archimed.services.length,
    patient: archimed.medcards.length,
    appointment: archimed.talons.length,
    slot: archimed.schedules.filter(({ date }) => iso(date) >= new Date(Date.now() + 3 * 3_600_000).toISOString().slice(0, 10)).flatMap(({ intervals }) => intervals).length,
  }),
  standing: (archimed) => archimed.standing(),
};
