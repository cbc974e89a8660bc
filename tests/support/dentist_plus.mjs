// Dentist Plus' partner API as far as connectors/dentist_plus uses it: a token for login and pass that ends at a date, doctors and patients in pages with meta, visits by period with
// deleted ones on demand, single records, working time as a plain list, and a limit of requests a minute.
import { free_lines, instant, today, visit_line } from "./rest_belief.mjs";
import { RestServer, page_of } from "./rest_server.mjs";

export class DentistPlus {
  static async start(t, { login = "partner-1", pass = "dentist-password-1", most = 200 } = {}) {
    const service = new DentistPlus();
    Object.assign(service, { login, pass, most, issued: 0, doctors: [], patients: [], visits: [], shifts: [] });
    service.server = await RestServer.start(t);
    service.declare();
    return service;
  }
  get url() {
    return `${this.server.url}/partner`;
  }
  get token() {
    return `token-of-dentist-${this.issued}`;
  }
  add_patient(id, rest = {}) {
    this.patients.push({ id, fname: "Анна", lname: "Тестова", mname: "Пробовна", phone: `+7900000${String(id).padStart(4, "0")}`, mobile: null, snils: "000", iin: null, discount: 0, deposit: "100.00", bonus: 5, tags: [],
      curator_id: null, deleted: false, created_at: "2026-03-01 10:00:00", updated_at: "2026-03-01 10:00:00", ...rest });
  }
  add_visit({ id, patient = 77, start, end, status_id = 1, ...rest }) {
    const visit = { id, start, end, patient: { id: patient, fname: "Анна", lname: "Тестова", phone: "89000000001" }, doctor: { id: 5, fname: "Врач", lname: "Пробный" }, chair: { id: 9 }, branch_id: 1, status_id,
      description: "", type: "visit", is_cancelled: false, created_at: "2026-03-01 10:00:00", updated_at: "2026-03-01 10:00:00", ...rest };
    this.visits.push(visit);
    return visit;
  }

  // What a receiver has to believe; statuses: the clinic's own, by their ids. A doctor is free while he works and no visit that is not cancelled is in the way.
  standing(statuses) {
    const at = (text) => instant(text.slice(0, 10), text.slice(11));
    const visits = this.visits.filter(({ deleted }) => !deleted);
    const state = ({ is_cancelled, status_id }) => (is_cancelled ? "cancelled" : statuses[status_id]);
    const busy = visits.filter((visit) => !["cancelled", "no_show"].includes(state(visit)));
    const free = this.shifts.filter(({ day }) => day >= today()).flatMap(({ doctor_id, day, time_from, time_to }) => {
      const taken = busy.filter(({ doctor, start }) => doctor.id === doctor_id && start.slice(0, 10) === day);
      const halves = free_lines(instant(day, time_from), instant(day, time_to));
      return halves.filter((line) => !taken.some(({ start, end }) => Number(line.slice(5)) < at(end) && Number(line.slice(5)) + 1800 > at(start)));
    });
    return { appointments: visits.map((visit) => visit_line(state(visit), at(visit.start), at(visit.end))).sort(), slots: free.sort() };
  }

  declare() {
    this.server.route("POST", "/partner/auth", ({ body }) => {
      const told = JSON.parse(body);
      if (told.login !== this.login || told.pass !== this.pass) return { status: 401, json: { message: "Тестова: неверный пароль" } };
      this.issued += 1;
      return { json: { token: this.token, expires_at: new Date(Date.now() + 1_800_000).toISOString() } };
    });
    const guarded = (path, handler) =>
      this.server.route("GET", `/partner/${path}`, (request) => (request.headers.authorization === `Bearer ${this.token}` ? handler(request) : { status: 401, json: { message: "Unauthenticated." } }));
    const list = (rows, query) => {
      const per_page = Math.min(Number(query.per_page ?? 15), this.most);
      const data = page_of(rows, { page: query.page, limit: per_page });
      return { json: { data, meta: { current_page: Number(query.page ?? 1), last_page: Math.max(1, Math.ceil(rows.length / per_page)), per_page, total: rows.length } } };
    };
    const single = (rows, id) => {
      const found = rows.find((row) => String(row.id) === id);
      return found ? { json: found } : { status: 404, json: { message: "Not found" } };
    };
    guarded("doctors", ({ query }) => list(this.doctors, query));
    guarded("patients", ({ query }) => list(this.patients, query));
    guarded("patients/:id", ({ params }) => single(this.patients, params.id));
    guarded("visits", ({ query }) => {
      const within = ({ start, deleted }) => start.slice(0, 10) >= query.date_from && start.slice(0, 10) <= query.date_to && (query.with_deleted === "1" || !deleted);
      return list(this.visits.filter(within), query);
    });
    guarded("visits/:id", ({ params }) => single(this.visits, params.id));
    guarded("schedule", ({ query }) => {
      const wanted = ({ doctor_id, branch_id, day }) => String(doctor_id) === query.doctor_id && String(branch_id) === query.branch_id && day >= query.date_from && day <= query.date_to;
      return { json: this.shifts.filter(wanted) };
    });
  }
}
