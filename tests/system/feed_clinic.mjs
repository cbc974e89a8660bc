// A clinic whose events are fetched from its feed. The oracle of what left is a file sink beside it.
import { randomBytes } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { request as http_request } from "node:http";
import { request as https_request } from "node:https";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Clinic, json_lines } from "./clinic.mjs";

export class FeedClinic extends Clinic {
  // readers: settings each, and `token` where a test chooses it
  // base: "none" where orders handed in are events enough (push_orders)
  static async make(t, { feed = {}, readers = [{ name: "partner" }], sinks = [], size = { patients: 12, procedures: 30 }, base = "" } = {}) {
    const clinic = new FeedClinic(t, size);
    clinic.has_base = base !== "none";
    if (clinic.has_base) clinic.create_base();
    Object.assign(clinic, { feed, more_sinks: sinks, readers: {} });
    for (const reader of readers) clinic.add_reader(reader);
    clinic.write_config();
    return clinic;
  }
  add_reader({ name, token = randomBytes(32).toString("hex"), ...settings }) {
    const file = join(this.folder, `${name}.token`);
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
    this.readers[name] = { token, file, settings: { name, token_files: [file], ...settings } };
  }
  write_config(sections = {}) {
    super.write_config({
      ...(this.has_base ? {} : { sources: [] }),
      sinks: [this.file_sink(), ...this.more_sinks],
      feed: { listen: "127.0.0.1:0", ...this.feed, readers: Object.values(this.readers).map((reader) => reader.settings) },
      ...sections,
    });
  }
  async start(environment = {}) {
    await this.gateway.start(environment);
    await this.listening();
  }
  async listening() {
    await this.gateway.said(/the feed is read on/);
    const [, scheme, host, port] = [...this.gateway.new_log.matchAll(/the feed is read on (https?):\/\/([^/]+):(\d+)\//g)].at(-1);
    Object.assign(this, { scheme, host: host.replace(/[[\]]/g, ""), port: Number(port) });
  }
  // Orders of nobody known: an event each.
  push_orders(count, from = 1) {
    const order = (number) => ({
      type: "order.placed", id: `m${number}`, order: `O${number}`, patient: { phone: "+79000000001", last_name: "Тестова" },
      items: [{ id: `i${number}`, nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: { minor: 400000, currency: "RUB" } }],
    });
    const file = join(this.folder, "orders.json");
    writeFileSync(file, JSON.stringify(Array.from({ length: count }, (_, index) => order(from + index))));
    const pushed = this.command("inbox", "push", file);
    if (pushed.code !== 0) throw new Error(pushed.stdout + pushed.stderr);
  }
  // Every event that left to the file sink, in its order.
  sent(folder = "events") {
    return readdirSync(join(this.folder, folder)).filter((name) => name.endsWith(".jsonl")).sort().flatMap((name) => json_lines(join(this.folder, folder, name)));
  }
  // {status, headers, body, json}
  ask(path, { reader = "partner", token = this.readers[reader].token, headers = {}, method = "GET", body = "", ...options } = {}) {
    const ask = this.scheme === "https" ? https_request : http_request;
    return new Promise((resolve, reject) => {
      const asked = ask(
        { host: this.host, port: this.port, path, method, agent: false, timeout: 90_000, headers: { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...headers }, ...options },
        (answer) => {
          const chunks = [];
          answer.on("data", (chunk) => chunks.push(chunk));
          answer.on("error", reject);
          answer.on("end", () => {
            const wire = Buffer.concat(chunks);
            const text = (answer.headers["content-encoding"] === "gzip" ? gunzipSync(wire) : wire).toString();
            let json;
            try {
              json = JSON.parse(text);
            } catch {}
            resolve({ status: answer.statusCode, headers: answer.headers, wire_bytes: wire.length, body: text, json });
          });
        },
      );
      asked.on("error", reject);
      asked.on("timeout", () => asked.destroy(new Error("no answer")));
      asked.end(body);
    });
  }
  // All pages from a cursor on, until the cursor stays.
  async read_all({ after, query = "", limit = 1000, ...options } = {}) {
    const events = [];
    for (let next = after; ; ) {
      const page = await this.ask(`/v1/events?limit=${limit}${next === undefined ? "" : `&after=${next}`}${query}`, options);
      if (page.status !== 200) throw new Error(`${page.status}: ${page.body}`);
      events.push(...page.json.events);
      if (page.json.next === next || (page.json.events.length === 0 && next !== undefined)) return { events, next: page.json.next };
      next = page.json.next;
    }
  }
  // A stream of server-sent events, read as the standard says: {events, ids, last, ended, close()}
  stream({ after, query = "", reader = "partner", ...options } = {}) {
    const ask = this.scheme === "https" ? https_request : http_request;
    const stream = { events: [], ids: [], last: after, status: undefined, ended: false };
    stream.request = ask(
      {
        host: this.host, port: this.port, path: `/v1/events/stream${query}`, agent: false,
        headers: { Authorization: `Bearer ${this.readers[reader].token}`, ...(after === undefined ? {} : { "Last-Event-ID": after }) }, ...options,
      },
      (answer) => {
        stream.status = answer.statusCode;
        stream.type = answer.headers["content-type"];
        let rest = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk) => {
          rest += chunk;
          for (let end; (end = rest.indexOf("\n\n")) >= 0; rest = rest.slice(end + 2)) {
            const fields = Object.fromEntries(rest.slice(0, end).split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
            if (fields.id !== undefined) stream.last = fields.id;
            if (fields.data === undefined) continue;
            stream.events.push(JSON.parse(fields.data));
            stream.ids.push(fields.id);
          }
        });
        answer.on("close", () => (stream.ended = true));
        answer.on("error", () => (stream.ended = true));
      },
    );
    stream.request.on("error", () => (stream.ended = true));
    stream.request.end();
    stream.close = () => stream.request.destroy();
    return stream;
  }
}
