// Archimed's REST interface, version 5, as far as it is public (connectors/archimed/README.md): tokens signed by their user, {data, total, page, limit}, loose types,
// dd.mm.yyyy, talons by day and by id, medcards, doctors, services, intervals.
import { createHmac } from "node:crypto";
import { free_lines, instant, today, visit_line } from "./rest_belief.mjs";
import { RestServer, page_of } from "./rest_server.mjs";

const from_base64url = (text) => Buffer.from(text, "base64url");
const dotted = (iso) => iso.split("-").reverse().join(".");

export class Archimed {
  static async start(t, { id = "api-id-1", secret = "archimed-secret-1", limit_max = 1000 } = {}) {
    const archimed = new Archimed();
    Object.assign(archimed, { id, secret, limit_max, doctors: [], services: [], medcards: [], talons: [], schedules: [], tokens: new Set() });
    archimed.server = await RestServer.start(t);
    archimed.declare();
    return archimed;
  }
  get url() {
    return `${this.server.url}/api/v5`;
  }

  // What a receiver has to believe (rest_belief.mjs), of a clinic in Moscow.
  standing(first_day = today()) {
    const iso = (text) => text.split(".").reverse().join("-");
    const status = (talon) => (Number(talon.deleted) ? "cancelled" : { 1: "booked", 3: "completed", 4: "cancelled" }[talon.status_id]);
    return {
      appointments: this.talons.filter((talon) => Number(talon.patient_id) !== 0).map((talon) => visit_line(status(talon), instant(iso(talon.date), talon.begintime), instant(iso(talon.date), talon.endtime))).sort(),
      slots: this.schedules.filter((schedule) => iso(schedule.date) >= first_day).flatMap((schedule) =>
        schedule.intervals.filter(({ free }) => Number(free)).flatMap(({ start, end }) => free_lines(instant(iso(schedule.date), start), instant(iso(schedule.date), end)))).sort(),
    };
  }

  // A person with a visit; date as yyyy-mm-dd. Types are as loose as the service's.
  add_talon({ id, patient = 77, date, begin = "10:00:00", end = "10:30:00", status = 1, status_name = "Запись", ...rest }) {
    const talon = { id, patient_id: patient, patient_name: "Тестова Анна", date: dotted(date), begintime: begin, endtime: end, room: "Кабинет 1", status_id: status, status: status_name,
      update_datetime: "01.03.2026 18:00:00", deleted: id % 2 === 0 ? 0 : false, info: "", docs: [{ id: 5, name: "Пробный Врач", type: "терапевт" }], delete_reason_id: 0, delete_reason: "", ...rest };
    this.talons.push(talon);
    return talon;
  }
  add_patient(id, phone) {
    this.medcards.push({ id, number: String(id), last_name: "Тестова", first_name: "Анна", middle_name: "Пробовна", birthdate: "01.02.1990", gendertype: "1", phone, phone1: "", email: "", changedate: "01.03.2026 18:00:00" });
  }

  refusal({ headers }) {
    const [, token] = (headers.authorization ?? "").match(/^Bearer (.+)$/) ?? [];
    const parts = token?.split(".") ?? [];
    if (parts.length !== 3) return "no token";
    this.tokens.add(token);
    if (createHmac("sha256", this.secret).update(`${parts[0]}.${parts[1]}`).digest("base64url") !== parts[2]) return "not signed by us";
    const [head, claims] = [0, 1].map((index) => JSON.parse(from_base64url(parts[index])));
    if (head.alg !== "HS256" || claims.iss !== this.id) return "another's token";
    return claims.exp > Date.now() / 1000 && claims.exp <= Date.now() / 1000 + 86400 ? undefined : "expired";
  }
  declare() {
    const guarded = (path, handler) =>
      this.server.route("GET", `/api/v5/${path}`, (request) => (this.refusal(request) ? { status: 401, json: { message: "Unauthorized" } } : handler(request)));
    const list = (rows, query) => {
      const limit = Math.min(Number(query.limit ?? 25), this.limit_max);
      return { json: { data: page_of(rows, { page: query.page, limit }), total: rows.length, page: Number(query.page ?? 1), limit } };
    };
    const filtered = (rows, query) => (query["filters[0][field]"] ? rows.filter((row) => String(row[query["filters[0][field]"]]) === query["filters[0][value]"]) : rows);
    const single = (rows, id) => {
      const found = rows.find((row) => String(row.id) === id);
      return found ? { json: found } : { status: 404, json: { message: "Not found" } };
    };
    for (const name of ["doctors", "services", "medcards", "talons"]) {
      guarded(name, ({ query }) => list(filtered(this[name], query), query));
      guarded(`${name}/:id`, ({ params }) => single(this[name], params.id));
    }
    guarded("intervals", ({ query }) => {
      const day = (text) => text.split(".").reverse().join("-");
      const within = ({ date }) => day(date) >= day(query.date_from) && day(date) <= day(query.date_to);
      const doctors = this.doctors.map(({ id, name }) => ({ id: String(id), name, schedules: this.schedules.filter((one) => one.doctor === id && within(one)).map(({ doctor, ...rest }) => rest) }));
      return { json: { doctors } };
    });
  }
}
