// A regional hub of appointments (HubService, SOAP 1.1), as far as its public clients show it (connectors/netrika/README.md): doctors by specialty, working time, free times, visits of today, history of a patient.
import { RestServer } from "./rest_server.mjs";

const escaped = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
// { Name: value }: null is nil, a list repeats its element, an object has children.
export const xml_of = (name, value) => {
  if (Array.isArray(value)) return value.map((item) => xml_of(name, item)).join("");
  if (value === null) return `<${name} i:nil="true"/>`;
  const inner = typeof value === "object" ? Object.entries(value).map(([child, held]) => xml_of(child, held)).join("") : escaped(value);
  return `<${name}>${inner}</${name}>`;
};
const envelope = (inner) => ({ type: "text/xml; charset=utf-8", text: `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${inner}</s:Body></s:Envelope>` });
export const fault = (code, words) => ({ ...envelope(`<s:Fault><faultcode xmlns:a="urn:a">a:${code}</faultcode><faultstring>${words}</faultstring></s:Fault>`), status: 500 });

export class Netrika {
  static async start(t, { guid, lpu = "123" }) {
    const hub = new Netrika();
    Object.assign(hub, { guid, lpu, doctors: [], days: [], times: [], visits: [], history: [], calls: [], wrong: () => undefined });
    hub.server = await RestServer.start(t);
    hub.server.route("POST", "/hub25/HubService.svc", (request) => hub.answer(request));
    return hub;
  }
  get url() {
    return `${this.server.url}/hub25/HubService.svc`;
  }
  result(method, inner) {
    const body = xml_of(`b:${method}Result`, inner).replace(">", ' xmlns:b="http://tempuri.org/" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">');
    return envelope(`<${method}Response xmlns="http://tempuri.org/">${body}</${method}Response>`);
  }
  failed(method, number) {
    return this.result(method, { ErrorList: { Error: { ErrorDescription: "Тестова Анна", IdError: number } }, IdHistory: 7, Success: "false" });
  }
  answer({ headers, body }) {
    const [, action] = (headers.soapaction ?? "").match(/^"http:\/\/tempuri\.org\/IHubService\/(\w+)"$/) ?? [];
    const inner = body.match(new RegExp(`<s:Body>\\s*<${action} xmlns="http://tempuri.org/">(.*)</${action}>\\s*</s:Body>`, "s"));
    if (!action || !inner || !/^text\/xml/.test(headers["content-type"])) return fault("ActionNotSupported", "no such action");
    const given = Object.fromEntries([...inner[1].matchAll(/<(\w+)>(.*?)<\/\1>/g)].map(([, name, value]) => [name, value]));
    this.calls.push({ action, given });
    const wrong = this.wrong({ action, given });
    if (wrong) return wrong;
    if (given.guid !== this.guid) return this.failed(action, 1);
    if ("idLpu" in given && given.idLpu !== this.lpu) return this.failed(action, 11);
    const well = { ErrorList: null, IdHistory: 7, Success: "true" };
    const within = ({ VisitStart }) => VisitStart >= given.visitStart && VisitStart <= given.visitEnd;
    const of_doctor = (rows) => rows.filter((row) => row.doctor === given.idDoc && within(row)).map(({ doctor, ...rest }) => rest);
    const list = (name, rows) => (rows.length === 0 ? "" : { [name]: rows });
    switch (action) {
      case "GetDocListFullTree": {
        const specialties = [...new Set(this.doctors.map(({ specialty }) => specialty))];
        const of = (specialty) => this.doctors.filter((one) => one.specialty === specialty).map(({ id, name }) => ({ IdEssence: id, ListEssence: null, NameEssence: name }));
        return this.result(action, { ...well, ListDoctor: list("Essence", specialties.map((specialty, index) => ({ IdEssence: `s${index}`, ListEssence: list("Essence", of(specialty)), NameEssence: specialty }))) });
      }
      case "GetWorkingTime":
        return this.result(action, { ...well, WorkingTimeList: list("WorkingTime", of_doctor(this.days)) });
      case "GetAvaibleAppointments":
        return this.result(action, { ...well, ListAppointments: list("Appointment", of_doctor(this.times)) });
      case "GetTodayAppointments": {
        const doctors = [...new Set(this.visits.map(({ doctor }) => doctor))];
        const of = (doctor) => this.visits.filter((one) => one.doctor === doctor).map(({ patient, doctor: _, ...item }) => ({ AppointmentItem: item, DateStartCheckIn: "0001-01-01T00:00:00", Pat: { IdPat: patient, Surname: "Тестова" } }));
        return this.result(action, { ...well, SchedulerOfDoctorList: list("SchedulerOfDoctor", doctors.map((doctor) => ({ Doc: { IdDoc: doctor }, ShedulerOfDoctorItemCollection: list("SchedulerOfDoctorItem", of(doctor)) }))) });
      }
      case "GetPatientHistory": {
        const of = this.history.filter(({ patient }) => patient === given.idPat).map(({ patient, doctor, ...rest }) => ({ DoctorRendingConsultation: { IdDoc: doctor }, ...rest }));
        return this.result(action, { ...well, ListHistoryRefusal: "", ListHistoryVisit: list("HistoryVisit", of) });
      }
      default:
        return fault("ActionNotSupported", "no such action");
    }
  }
}
