// MedFlex's interface of a clinic, as far as it is public (connectors/medrocket/README.md): a token of the clinic's, {links, count, num_pages, data}, branches, doctors, price lists per branch,
// free times in groups (schedule/lpu/) and flat (schedule/), bookings with `canceled`. Data are the test's: branches, doctors, services, cells, bookings.
import { free_lines, instant, today, visit_line } from "./rest_belief.mjs";
import { RestServer, page_of } from "./rest_server.mjs";

const uuid = (number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const plus_days = (day, days) => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

export class Medrocket {
  // size_max: more rows than these no page has; schedule_size: branches or doctors on a page of free times
  static async start(t, { token = "medflex-token-1", town = "1260", size_max = 50, schedule_size = 50 } = {}) {
    const medrocket = new Medrocket();
    Object.assign(medrocket, { token, town, size_max, schedule_size, branches: [], doctors: [], services: [], cells: [], bookings: [], wrong_tokens: 0 });
    medrocket.server = await RestServer.start(t);
    medrocket.declare();
    return medrocket;
  }
  get url() {
    return this.server.url;
  }

  add_branch(id, name, timedelta = 3) {
    this.branches.push({ id, name, timedelta, legal_entity: "ООО Проба", town_id: Number(this.town), town_name: "Пробный город", lpu_group_id: null, specialities: [5], address: "Пробная, 1", is_visible: true });
  }
  add_doctor(id, efio, lpus) {
    this.doctors.push({ id, efio, lpus, specialities: [5], prices: lpus.map((lpu_id) => ({ lpu_id, speciality_id: 5, price: 1500 })), allowed_age: lpus.map((lpu_id) => ({ lpu_id, speciality_id: 5, min: 0, max: 120 })), review_count: 0 });
  }
  // A free time of half an hour; day as yyyy-mm-dd, from as hh:mm
  add_cell(lpu_id, doctor_id, day, from, to) {
    this.cells.push({ lpu_id, doctor_id, dt_start: `${day} ${from}`, dt_end: `${day} ${to}` });
  }
  add_booking({ number, lpu = 101, doctor = 5, date, begin = "10:00:00", end = "10:30:00", phone = "79000000001", last_name = "Тестова", first_name = "Анна", ...rest }) {
    const booking = { id: number, uuid: uuid(number), date, time_start: begin, time_end: end, price: 1500, canceled: false, lpu: { id: lpu, name: "Пробная клиника", address: "Пробная, 1" },
      doctor: { id: doctor, fio: "Пробный Врач", speciality_id: 5, speciality_name: "Стоматолог" }, patient: { mobile_phone: phone, first_name, second_name: "", last_name, birthday: "1990-02-01" }, ...rest };
    this.bookings.push(booking);
    return booking;
  }

  // What a receiver has to believe (rest_belief.mjs).
  standing(first_day = today()) {
    const offset = (lpu) => this.branches.find(({ id }) => id === lpu)?.timedelta ?? 3;
    return {
      appointments: this.bookings.map((one) => visit_line(one.canceled ? "cancelled" : "booked", instant(one.date, one.time_start, offset(one.lpu.id)), instant(one.date, one.time_end, offset(one.lpu.id)))).sort(),
      slots: this.cells.filter((cell) => cell.dt_start.slice(0, 10) >= first_day).flatMap(({ lpu_id, dt_start, dt_end }) =>
        free_lines(instant(...dt_start.split(" "), offset(lpu_id)), instant(...dt_end.split(" "), offset(lpu_id)))).sort(),
    };
  }

  page(rows, { page = "1", size = "50" }, { size_max = this.size_max, into = (list) => list } = {}, request) {
    const most = Math.min(Number(size), size_max);
    const pages = Math.max(1, Math.ceil(rows.length / most));
    if (Number(page) > pages) return { status: 404, json: { detail: "Неправильная страница" } };
    const link = (number) => `${this.url}${request.path}?${new URLSearchParams({ ...request.query, page: String(number) })}`;
    const links = { next: Number(page) < pages ? link(Number(page) + 1) : null, previous: Number(page) > 1 ? link(Number(page) - 1) : null };
    return { json: { links, count: rows.length, num_pages: pages, data: into(page_of(rows, { page, limit: most })) } };
  }
  // Free times of branches and days, of each doctor who has some.
  schedule({ lpu_ids, date_start = today(), days = "14" }) {
    const end = plus_days(date_start, Number(days));
    const within = ({ dt_start }) => dt_start.slice(0, 10) >= date_start && dt_start.slice(0, 10) < end;
    return lpu_ids.split(",").map((lpu) => {
      const own = this.cells.filter((cell) => String(cell.lpu_id) === lpu && within(cell));
      const doctors = [...new Set(own.map((cell) => cell.doctor_id))];
      return { lpu_id: Number(lpu), doctors: doctors.map((doctor_id) => ({ doctor_id, cells: own.filter((cell) => cell.doctor_id === doctor_id).map(({ dt_start, dt_end }) => ({ dt_start, dt_end })) })) };
    });
  }
  declare() {
    const refused = (status, detail) => ({ status, json: { detail } });
    const guarded = (path, handler) =>
      this.server.route("GET", path, (request) => {
        if (request.headers.authorization === `Token ${this.token}`) return handler(request);
        ++this.wrong_tokens;
        return refused(401, "Недопустимый токен.");
      });
    guarded("/models/lpu/", (request) => this.page(this.branches, request.query, {}, request));
    guarded("/models/doctor/", (request) => this.page(this.doctors, request.query, {}, request));
    guarded("/services/prices/", (request) => {
      const lpu = request.query.lpu_id;
      if (!lpu) return refused(400, "lpu_id");
      const own = this.services.filter((service) => String(service.lpu_id) === lpu).map(({ lpu_id, ...rest }) => rest);
      return this.page(own, request.query, { into: (services) => ({ lpu_id: Number(lpu), services }) }, request);
    });
    guarded("/schedule/lpu/", (request) => {
      if (!request.query.lpu_ids) return refused(400, "lpu_ids");
      const prices = [{ speciality_id: 5, price: 1500 }];
      const allowed_age = [{ speciality_id: 5, min: 0, max: 120 }];
      // a page has so many doctors; a branch stands on every page that has doctors of it
      const doctors = this.schedule(request.query).flatMap(({ lpu_id, doctors: own }) => (own.length === 0 ? [{ lpu_id }] : own.map((doctor) => ({ lpu_id, doctor }))));
      const grouped = (rows) =>
        [...new Set(rows.map((row) => row.lpu_id))].map((lpu_id) => ({ lpu_id, schedule: rows.filter((row) => row.lpu_id === lpu_id && row.doctor).map(({ doctor }) => ({ ...doctor, prices, allowed_age })) }));
      return this.page(doctors, request.query, { size_max: this.schedule_size, into: grouped }, request);
    });
    guarded("/schedule/", (request) => {
      if (request.query.town_id !== this.town) return refused(400, "town_id");
      const rows = this.schedule(request.query).flatMap(({ lpu_id, doctors }) => doctors.map((doctor) => ({ ...doctor, lpu_id, specialities: [5] })));
      return this.page(rows, request.query, { size_max: this.schedule_size }, request);
    });
    guarded("/direct_appointment/history/", (request) => {
      const { date_start = "", date_end = "9999", uuid: only, include_canceled } = request.query;
      const found = this.bookings.filter((one) => (only ? one.uuid === only : one.date >= date_start && one.date <= date_end) && (include_canceled === "true" || !one.canceled));
      return this.page(found, request.query, {}, request);
    });
  }
}
