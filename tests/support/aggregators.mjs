// The aggregators' side of free times, scripted after what is public of their protocols (config/aggregators/README.md): each takes snapshots over real
// sockets, refuses what its protocol does not know, and tells what a patient would be offered there now.
//
//   const prodoctorov = await Prodoctorov.start(t);
//   prodoctorov.offers();      // {"17/42": ["2026-03-02 09:00-09:30", …]}: branch/doctor → free times
//   prodoctorov.server.trouble = (request) => …   // as of RestServer
import { RestServer } from "./rest_server.mjs";

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{2}:\d{2}$/;
const keys_are = (object, ...names) => object !== null && typeof object === "object" && Object.keys(object).every((key) => names.includes(key));

class Aggregator {
  static token = "aggregator-token-1";
  static async start(t, options = {}) {
    const aggregator = new this();
    aggregator.server = options.server ?? (await RestServer.start(t));
    aggregator.held = new Map(); // branch/doctor → day → [times]
    aggregator.taken = 0;
    aggregator.serve();
    return aggregator;
  }
  get url() {
    return this.server.url;
  }
  put(branch, doctor, day, times) {
    const key = `${branch}/${doctor}`;
    if (!this.held.has(key)) this.held.set(key, new Map());
    this.held.get(key).set(day, times);
  }
  offers() {
    const all = {};
    for (const [key, days] of this.held) all[key] = [...days.entries()].sort().flatMap(([day, times]) => times.map((time) => `${day} ${time}`)).sort();
    return all;
  }
  get days() {
    return Object.fromEntries([...this.held].map(([key, days]) => [key, [...days.keys()].sort()]));
  }
  serve() {
    this.server.route("POST", this.path, (request) => {
      if (request.headers.authorization !== `${this.scheme} ${Aggregator.token}`) return this.unknown_token();
      if (!request.headers["content-type"]?.startsWith("application/json")) return { status: 415, json: { detail: "not JSON" } };
      const answer = this.take(JSON.parse(request.body));
      if ((answer.status ?? 200) === 200 && answer.json?.error === undefined) ++this.taken;
      return answer;
    });
  }
  unknown_token() {
    return { status: 401, json: { detail: "Недопустимый токен." } };
  }
}

// A snapshot replaces everything: a doctor or a branch that it does not name has no times any more.
export class Prodoctorov extends Aggregator {
  path = "/v2/doctors/send_schedule/";
  scheme = "Token";
  busy = [];
  take({ schedule }) {
    if (!schedule?.data) return { status: 400, json: { detail: "schedule.data" } };
    this.held = new Map();
    this.busy = [];
    for (const [branch, doctors] of Object.entries(schedule.data)) {
      if (typeof schedule[branch] !== "string") return { status: 400, json: { detail: `no name of branch ${branch}` } };
      for (const [doctor, { efio, cells, ...rest }] of Object.entries(doctors)) {
        if (!efio || !Array.isArray(cells) || !keys_are(rest, "espec")) return { status: 400, json: { detail: `doctor ${doctor}` } };
        this.put(branch, doctor, "", []);
        const days = new Map();
        for (const { dt, time_start, time_end, free } of cells) {
          if (!DAY.test(dt) || !TIME.test(time_start) || !TIME.test(time_end) || typeof free !== "boolean" || time_start >= time_end)
            return { status: 400, json: { detail: `cell of ${doctor}` } };
          if (!free) this.busy.push(`${branch}/${doctor} ${dt} ${time_start}-${time_end}`);
          else days.set(dt, [...(days.get(dt) ?? []), `${time_start}-${time_end}`]);
        }
        for (const [day, times] of days) this.put(branch, doctor, day, times);
      }
    }
    return { json: { status: "ok" } };
  }
}

// What is named is replaced, day by day; the rest stays. Errors by 422 with `errors`.
export class Napopravku extends Aggregator {
  path = "/slots";
  scheme = "Bearer";
  take({ clinics }) {
    const wrong = (what) => ({ status: 422, json: { message: "The given data was invalid.", errors: { [what]: ["wrong"] } } });
    if (!Array.isArray(clinics)) return wrong("clinics");
    for (const { mis_clinic_id, doctors, ...more } of clinics) {
      if (typeof mis_clinic_id !== "string" || !Array.isArray(doctors) || !keys_are(more)) return wrong("mis_clinic_id");
      for (const { mis_doctor_id, dates, ...rest } of doctors) {
        if (typeof mis_doctor_id !== "string" || !Array.isArray(dates) || !keys_are(rest)) return wrong("mis_doctor_id");
        for (const { date, slots, ...others } of dates) {
          if (!DAY.test(date) || !Array.isArray(slots) || !keys_are(others)) return wrong("date");
          for (const slot of slots)
            if (!TIME.test(slot.from) || !TIME.test(slot.to) || slot.from >= slot.to || !("duration" in slot)) return wrong("slots");
          this.put(mis_clinic_id, mis_doctor_id, date, slots.map(({ from, to }) => `${from}-${to}`));
        }
      }
    }
    return { json: { result: null } };
  }
}

// JSON-RPC 2.0, a doctor of a clinic in each call; errors come in a 200. `known`: the doctors that were registered; undefined: all.
export class Sberhealth extends Aggregator {
  path = "/api/2.0";
  scheme = "Bearer";
  take({ jsonrpc, method, id, params }) {
    const error = (code, message) => ({ json: { jsonrpc: "2.0", id, error: { code, message } } });
    if (jsonrpc !== "2.0" || !Number.isInteger(id)) return error(-32600, "Invalid Request");
    if (method !== "updateSchedule") return error(-32601, "Method not found");
    const { resourceExternal: resource, schedule } = params ?? {};
    if (resource?.prefix !== "clinic7" || !resource.id || !resource.clinic_id) return error(-32602, "resourceExternal");
    if (this.known && !this.known.includes(`${resource.clinic_id}/${resource.id}`)) return error(404, "unknown resource");
    for (const [day, times] of Object.entries(schedule?.days ?? {})) {
      if (!DAY.test(day) || !Array.isArray(times)) return error(-32602, "days");
      for (const { from, to, interval } of times)
        if (!from.startsWith(`${day} `) || !to.startsWith(`${day} `) || from >= to || !/^\d+$/.test(interval)) return error(-32602, "times");
      this.put(resource.clinic_id, resource.id, day, times.map(({ from, to }) => `${from.slice(11)}-${to.slice(11)}`));
    }
    return { json: { jsonrpc: "2.0", id, result: true } };
  }
}

export const TOKEN = Aggregator.token;
