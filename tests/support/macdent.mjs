// MacDent's developer API as far as connectors/macdent uses it: POST of a form with the token in it, HTTP 200 whatever happens, pages of a hundred, texts for numbers, dotted dates.
import { free_lines, instant, today, visit_line } from "./rest_belief.mjs";
import { RestServer, page_of } from "./rest_server.mjs";

const iso = (text) => (/^\d\d\.\d\d\.\d{4}/.test(text) ? text.slice(0, 10).split(".").reverse().join("-") : text.slice(0, 10));

export class MacDent {
  // takes_period: whether zapis/find heeds dateFrom and dateTo; last_included: whether dateTo is the last day
  static async start(t, { token = "1196:1:macdent-token-1", takes_period = true, last_included = true, page = 100 } = {}) {
    const service = new MacDent();
    Object.assign(service, { token, takes_period, last_included, page, doctors: [], patients: [], records: [], free: [] });
    service.server = await RestServer.start(t);
    service.server.route("POST", "/:group/:method", (request) => service.call(request));
    return service;
  }
  get url() {
    return this.server.url;
  }
  add_patient(id) {
    this.patients.push({ id, name: "Тестова Анна Пробовна", gender: "female", iin: "000", number: String(id), phone: `8900000${String(id).padStart(4, "0")}`, birth: "01.02.1990", isChild: false, comment: "", whereKnow: "Инстаграм" });
  }
  // start, end: "yyyy-mm-dd hh:mm:ss"
  add_record({ id, patient = 77, start, end, status = 0, ...rest }) {
    const record = { id, doctor: 5, patient, date: "", start, end, status, zhaloba: "Тестова: болит", comment: "", isFirst: false, cabinet: "2", rasp: "1", ...rest };
    this.records.push(record);
    return record;
  }

  // What a receiver has to believe: a time at which a record of the doctor's stands is not free, whatever the service says.
  standing() {
    const status = { 0: "booked", 2: "cancelled", CONFIRM: "confirmed", 3: "arrived", 4: "arrived" };
    const at = (text) => instant(text.slice(0, 10), text.slice(11));
    const busy = (of, line) => this.records.some(({ doctor, start, end, status: now }) => doctor === of && status[now] !== "cancelled" && Number(line.slice(5)) < at(end) && Number(line.slice(5)) + 1800 > at(start));
    return {
      appointments: this.records.map((record) => visit_line(status[record.status], at(record.start), at(record.end))).sort(),
      slots: this.free.filter(({ from }) => from.slice(0, 10) >= today()).flatMap(({ doctor, from, to }) => free_lines(at(from), at(to)).filter((line) => !busy(doctor, line))).sort(),
    };
  }

  call({ params, body }) {
    const form = Object.fromEntries(new URLSearchParams(body));
    if (form.access_token !== this.token) return { json: { response: 0, error: "Нет доступа: Тестова", isTokenNeedToBeUpdated: form.access_token === "old" } };
    const dotted = (text) => text.replace(/^(\d{4})-(\d\d)-(\d\d)/, "$3.$2.$1");
    const within = (day) => !this.takes_period || form.dateFrom === undefined || (day >= iso(form.dateFrom) && (this.last_included ? day <= iso(form.dateTo) : day < iso(form.dateTo)));
    const list = (name, rows) => ({ json: { [name]: page_of(rows, { page: form.page, limit: this.page }), count: String(rows.length), atPage: this.page, maxPage: Math.max(1, Math.ceil(rows.length / this.page)), response: 1 } });
    switch (`${params.group}/${params.method}`) {
      case "doctor/find":
        return { json: { doctors: this.doctors, response: 1 } };
      case "patient/find":
        return list("patients", this.patients);
      case "zapis/find": {
        const found = this.records.filter(({ start }) => within(start.slice(0, 10))).sort((a, b) => (a.start < b.start ? 1 : -1)); // the newest first
        return list("zapisi", found.map((record) => ({ ...record, date: dotted(record.start).slice(0, 10), start: dotted(record.start), end: dotted(record.end) })));
      }
      case "doctor/get_free_time":
        return { json: { schedules: this.free.filter(({ doctor, from }) => String(doctor) === form.doctor && within(from.slice(0, 10))).map(({ from, to, filial }) => ({ from: dotted(from), to: dotted(to), filial })), response: 1 } };
      default:
        return { json: { response: 0, error: "Нет прав" } };
    }
  }
}
