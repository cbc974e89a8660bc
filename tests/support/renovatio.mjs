// Renovatio's public API as far as connectors/renovatio uses it: POST of a form with api_key, HTTP 200 with {error, data}, dotted dates, visits by period and by id.
import { RestServer } from "./rest_server.mjs";

const iso = (text) => text.split(".").reverse().join("-");
const dotted = (text) => text?.replace(/^(\d{4})-(\d\d)-(\d\d) (\d\d:\d\d).*$/, "$3.$2.$1 $4");

export class Renovatio {
  // tells_end: whether visits have a time_end
  static async start(t, { key = "renovatio-key-1", tells_end = true } = {}) {
    const service = new Renovatio();
    Object.assign(service, { key, tells_end, users: [], services: [], clinics: [], visits: [] });
    service.server = await RestServer.start(t);
    service.server.route("POST", "/api/public/:method", (request) => service.call(request));
    return service;
  }
  get url() {
    return `${this.server.url}/api/public`;
  }
  // start, end: "yyyy-mm-dd hh:mm:ss"
  add_visit({ id, patient = 77, start, end, status = "upcoming", ...rest }) {
    const visit = { id, patient_id: patient, doctor_id: 5, doctor: "Пробный Врач", clinic_id: 1, start, end, status, is_first: "1", type: "Первичный прием", services: [{ title: "Пломба", price: "4500.50", count: 1 }], ...rest };
    this.visits.push(visit);
    return visit;
  }

  failure(code, desc = "Тестова Анна 89000000001") {
    return { json: { error: 1, data: { code, desc } } };
  }
  call({ params, body }) {
    const form = Object.fromEntries(new URLSearchParams(body));
    if (form.api_key !== this.key) return this.failure(403);
    const data = (rows) => ({ json: { error: 0, data: rows } });
    const told = ({ start, end, ...rest }) => ({ ...rest, time_start: dotted(start), ...(this.tells_end ? { time_end: dotted(end) } : {}),
      ...(form.show_patient_data === "1" ? { patient_name: "Тестова Анна", patient_phone: "89000000001" } : {}) });
    const visible = (rows) => rows.filter(({ is_deleted }) => form.show_deleted === "1" || !is_deleted);
    switch (params.method) {
      case "getClinics":
        return data(visible(this.clinics));
      case "getUsers":
        return data(visible(this.users));
      case "getServices":
        return data(visible(this.services));
      case "getAppointments": {
        const days = (Date.parse(iso(form.date_to)) - Date.parse(iso(form.date_from))) / 86_400_000;
        if (days > 31) return this.failure(31, "period");
        return data(this.visits.filter(({ start }) => start.slice(0, 10) >= iso(form.date_from) && start.slice(0, 10) <= iso(form.date_to)).map(told));
      }
      case "getAppointment":
        return data(this.visits.filter(({ id }) => String(id) === form.appointment_id).map(told));
      default:
        return this.failure(404);
    }
  }
}
