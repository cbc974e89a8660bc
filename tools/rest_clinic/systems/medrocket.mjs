// МедФлекс's clinic: patients book, move and cancel over the Internet; the clinic's own people take free times of which only their absence is told.
import { Medrocket } from "../../../tests/support/medrocket.mjs";
import { today } from "../../../tests/support/rest_belief.mjs";
import { half_hours, in_words } from "../life.mjs";

const later = (life) => (day) => day > life.day(0);
const free_cell = (medrocket, life) => life.one_of(medrocket.cells.filter((cell) => later(life)(cell.dt_start.slice(0, 10))));
const open_booking = (medrocket, life) => life.one_of(medrocket.bookings.filter((one) => !one.canceled && later(life)(one.date)));
const take = (medrocket, cell) => medrocket.cells.splice(medrocket.cells.indexOf(cell), 1);
const give_back = (medrocket, { lpu, doctor, date, time_start, time_end }) => medrocket.add_cell(lpu.id, doctor.id, date, time_start.slice(0, 5), time_end.slice(0, 5));
const placed = ({ lpu_id, doctor_id, dt_start, dt_end }) => ({ lpu: lpu_id, doctor: doctor_id, date: dt_start.slice(0, 10), begin: `${dt_start.slice(11)}:00`, end: `${dt_end.slice(11)}:00` });

function book(medrocket, life, cell) {
  medrocket.booked = (medrocket.booked ?? 0) + 1;
  const { last_name, first_name, phone } = life.person(life.dice(120));
  medrocket.add_booking({ number: medrocket.booked, ...placed(cell), phone, last_name, first_name });
  take(medrocket, cell);
}

export default {
  start: (t) => Medrocket.start(t),
  kept: ["branches", "doctors", "services", "cells", "bookings", "booked"],
  settings: (medrocket) => ({ url: medrocket.url, secret: medrocket.token, branches: { 102: "Asia/Yekaterinburg" } }),

  furnish(medrocket, life) {
    medrocket.add_branch(101, "Пробная клиника на Первой", 3);
    medrocket.add_branch(102, "Пробная клиника на Второй", 5);
    for (const lpu of [101, 102])
      for (let id = 1; id <= 20; ++id) medrocket.services.push({ lpu_id: lpu, id: String(8000 + id), category_id: 1, name: `Пробная работа ${id}`, duration: id % 3 === 0 ? null : 30, price: 500 + id * 100.5, doctor_ids: [5] });
    for (let id = 5; id < 13; ++id) {
      const lpu = id % 3 === 0 ? 102 : 101;
      medrocket.add_doctor(id, `Пробный Врач ${id}`, [lpu]);
      for (let offset = 0; offset <= 14; ++offset) for (const [from, to] of half_hours()) medrocket.add_cell(lpu, id, life.day(offset), from, to);
    }
    for (let count = 0; count < 150; ++count) {
      const cell = free_cell(medrocket, life);
      if (cell) book(medrocket, life, cell);
    }
  },

  actions: {
    book: [6, (medrocket, life) => {
      const cell = free_cell(medrocket, life);
      if (!cell) return undefined;
      book(medrocket, life, cell);
      return `a booking, ${in_words(cell.dt_start.slice(0, 10), cell.dt_start.slice(11))}`;
    }],
    move: [2, (medrocket, life) => {
      const [booking, cell] = [open_booking(medrocket, life), free_cell(medrocket, life)];
      if (!booking || !cell) return undefined;
      const before = in_words(booking.date, booking.time_start);
      give_back(medrocket, booking);
      const { lpu, doctor, date, begin, end } = placed(cell);
      Object.assign(booking, { date, time_start: begin, time_end: end });
      booking.lpu.id = lpu;
      booking.doctor.id = doctor;
      take(medrocket, cell);
      return `a booking, ${before} to ${in_words(date, begin)}`;
    }],
    cancel: [3, (medrocket, life) => {
      const booking = open_booking(medrocket, life);
      if (!booking) return undefined;
      booking.canceled = true;
      give_back(medrocket, booking);
      return `a booking, ${in_words(booking.date, booking.time_start)}`;
    }],
    take: [3, (medrocket, life) => {
      const cell = free_cell(medrocket, life);
      if (!cell) return undefined;
      take(medrocket, cell);
      return `a free time, at the desk, ${in_words(cell.dt_start.slice(0, 10), cell.dt_start.slice(11))}`;
    }],
  },

  held: (medrocket) => ({
    branch: medrocket.branches.length,
    practitioner: medrocket.doctors.length,
    service: medrocket.services.length,
    patient: medrocket.bookings.length,
    appointment: medrocket.bookings.length,
    slot: medrocket.cells.filter(({ dt_start }) => dt_start.slice(0, 10) >= today()).length,
  }),
  standing: (medrocket) => medrocket.standing(),
};
