// Bitrix24's REST interface as far as connectors/bitrix24 uses it, after the vendor's documentation: an incoming webhook in the path, crm.item.list with its filters, order, fixed
// pages of fifty and start=-1, user fields by original name, `fm` only with `*`, errors as {error, error_description} with their statuses, the leaky bucket of requests
// and the operating time of a method. Times are the portal's own, with its offset.
import { RestServer } from "./rest_server.mjs";

const PAGE = 50;
const VOLATILE = { lastActivityTime: 1, lastActivityBy: 1, searchContent: 1 };

export class Bitrix24 {
  // offset: of the portal's zone, hours; burst and drain: of the bucket (0: without)
  static async start(t, { user = "17", code = "webhook-code-1", offset = 3, burst = 0, drain = 2 } = {}) {
    const portal = new Bitrix24();
    Object.assign(portal, { user, code, offset, burst, drain, level: 0, level_at: Date.now(), types: new Map([[2, []], [3, []]]), clock: Date.now() - 3_600_000 });
    portal.server = await RestServer.start(t);
    for (const method of ["GET", "POST"]) portal.server.route(method, "/rest/:user/:code/:method", (request) => portal.call(request));
    return portal;
  }
  // The items by type as plain data, for a state file.
  get kept_types() {
    return [...this.types];
  }
  set kept_types(types) {
    this.types = new Map(types);
  }
  get url() {
    return `${this.server.url}/rest`;
  }
  time(at = this.clock) {
    const hours = `${this.offset < 0 ? "-" : "+"}${String(Math.abs(this.offset)).padStart(2, "0")}:00`;
    return `${new Date(at + this.offset * 3_600_000).toISOString().slice(0, 19)}${hours}`;
  }
  // Puts an item there, or changes it; at: its updatedTime, unix milliseconds.
  put(type, { id, ...fields }, at = (this.clock += 1000)) {
    if (!this.types.has(type)) this.types.set(type, []);
    const items = this.types.get(type);
    let item = items.find((one) => one.id === id);
    if (!item) items.push((item = { id, createdTime: this.time(at), fm: [] }));
    if ("stageId" in fields && fields.stageId !== item.stageId) item.movedTime = this.time(at);
    Object.assign(item, fields, { updatedTime: this.time(at), lastActivityTime: this.time(at), searchContent: "Тестова 89000000001" });
    return item;
  }
  remove(type, id) {
    const items = this.types.get(type);
    items.splice(items.findIndex((one) => one.id === id), 1);
  }

  error(status, error, text = "Тестова Анна 89000000001") {
    return { status, json: { error, error_description: text } };
  }
  call({ params, query }) {
    const now = Date.now();
    this.level = Math.max(0, this.level - ((now - this.level_at) / 1000) * this.drain);
    this.level_at = now;
    if (this.burst && ++this.level > this.burst) return this.error(503, "QUERY_LIMIT_EXCEEDED", "Too many requests");
    if (params.user !== this.user || params.code !== this.code) return this.error(401, "NO_AUTH_FOUND", "Wrong authorization data");
    if (params.method !== "crm.item.list") return this.error(404, "ERROR_METHOD_NOT_FOUND", "Method not found!");
    const items = this.types.get(Number(query.entityTypeId));
    if (!items) return this.error(400, "NOT_FOUND", "Смарт-процесс не найден");
    return this.list(items, query);
  }
  list(items, query) {
    const wanted = Object.entries(query).filter(([name]) => /^select\[\d+\]$/.test(name)).map(([, field]) => field);
    let found = [...items];
    for (const [name, value] of Object.entries(query)) {
      const [, sign, field] = name.match(/^filter\[(>=|<=|>|<|=|)([A-Za-z_0-9]+)\]$/) ?? [];
      if (field === undefined) continue;
      if (!["id", "updatedTime"].includes(field)) return this.error(400, "INVALID_ARG_VALUE", `Invalid filter: field '${field}' is not allowed in filter`);
      // a time without offset is the portal's own
      const number = (text) => (field === "id" ? Number(text) : Date.parse(/([+-]\d\d:\d\d|Z)$/.test(text) ? text : `${text}${this.time().slice(19)}`));
      const compare = { ">=": (a, b) => a >= b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, "<": (a, b) => a < b, "=": (a, b) => a === b, "": (a, b) => a === b }[sign];
      found = found.filter((item) => compare(number(item[field]), number(value)));
    }
    found.sort((a, b) => (query["order[id]"] === "DESC" ? b.id - a.id : a.id - b.id));
    const start = Math.max(0, Number(query.start ?? 0));
    const page = found.slice(start, start + PAGE).map((item) => {
      const all = wanted.includes("*");
      const fields = Object.entries(item).filter(([field]) => (all || wanted.includes(field)) && (field !== "fm" || all));
      const named = query.useOriginalUfNames === "Y" ? fields : fields.map(([field, value]) => [field.replace(/^UF_CRM_/, "ufCrm"), value]);
      return Object.fromEntries(named.filter(([field]) => all || !(field in VOLATILE)));
    });
    const counted = Number(query.start ?? 0) >= 0;
    const next = counted && start + PAGE < found.length ? { next: start + PAGE } : {};
    return { json: { result: { items: page }, ...next, total: counted ? found.length : 0, time: { start: 1, finish: 1.1, duration: 0.1, operating_reset_at: Math.floor(Date.now() / 1000) + 600, operating: 0.1 } } };
  }
}
