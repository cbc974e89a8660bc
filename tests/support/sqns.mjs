// SQNS' CRM Exchange API v2 as far as connectors/sqns uses it: a token for e-mail and password that has no end and can be revoked, resources, services, clients, visits by period
// and by id, {data, meta}, values as loose texts and numbers, soft deletion, and HTTP 444 for whoever asks too often.
import { RestServer, page_of } from "./rest_server.mjs";

export class Sqns {
  // per_page: the name by which this installation takes the size of a page; most: rows of a page at most; per_second: 0 without limit
  static async start(t, { email = "gateway@example.com", password = "sqns-password-1", per_page = "perPage", most = 100, per_second = 0 } = {}) {
    const sqns = new Sqns();
    Object.assign(sqns, { email, password, per_page, most, per_second, issued: 0, revoked: false, times: [], resources: [], services: [], clients: [], visits: [] });
    sqns.server = await RestServer.start(t);
    sqns.declare();
    return sqns;
  }
  get url() {
    return `${this.server.url}/api`;
  }
  get token() {
    return `token-of-sqns-${this.issued}`;
  }
  add_client(id, phone = `+7(900)000-${String(id).padStart(4, "0").replace(/(..)$/, "-$1")}`) {
    this.clients.push({ id, name: "Тестова Анна Пробовна", firstname: "Анна", lastname: "Тестова", patronymic: "Пробовна", phone, additionalPhone: "", sex: 2, birthDate: "01.02.1990", comment: "",
      totalArrival: "0.00", type: null, visitsCount: 0, tags: ["через друзей"], email: "", passportData: "66 55 444321" });
  }
  add_visit({ id, client = 77, datetime, attendance = 0, ...rest }) {
    const visit = { id, resourceId: 3, services: [{ id: 1, name: "Пломба пробная", paySum: 500, price: "500.00", discount: 0, amount: 1 }], commodities: [], subscriptions: [], certificates: [],
      totalPrice: "500.00", totalCost: "500.00", client, clientData: { id: client, name: "Тестова Анна" }, datetime, comment: "", master_requested: true, attendance, deleted: false, online: false,
      author: "Автор", organization: { name: "Проба", id: 1 }, create_date: "2026-03-01 10:00:00", update_date: "2026-03-01 10:00:00", ...rest };
    this.visits.push(visit);
    return visit;
  }

  refusal({ headers }) {
    const now = Date.now();
    this.times = this.times.filter((at) => now - at < 1000);
    if (this.per_second && this.times.push(now) > this.per_second) return { status: 444, text: "" };
    const [, token] = (headers.authorization ?? "").match(/^Bearer (.+)$/) ?? [];
    if (!token) return { status: 400, json: { message: "No Bearer token" } };
    if (this.revoked) return { status: 401, json: { message: "User token deactivated" } };
    return token === this.token ? undefined : { status: 401, json: { message: "Invalid user token" } };
  }
  declare() {
    this.server.route("POST", "/api/v2/auth", ({ body }) => {
      const told = JSON.parse(body);
      if (told.email !== this.email || told.password !== this.password) return { status: 422, json: { message: "Тестова: неверный пароль" } };
      this.issued += 1;
      return { json: { status: "success", token: this.token, user: { id: 1, orgId: 2, name: "Тестов Интегратор", phone: "89000000001" } } };
    });
    const guarded = (path, handler) => this.server.route("GET", `/api/v2/${path}`, (request) => this.refusal(request) ?? handler(request));
    const list = (rows, query) => {
      const limit = Math.min(Number(query[this.per_page] ?? 20), this.most);
      return { json: { data: page_of(rows, { page: query.page, limit }), meta: { page: Number(query.page ?? 1), lastPage: Math.max(1, Math.ceil(rows.length / limit)), maxPerPage: limit } } };
    };
    const single = (rows, id, name) => {
      const found = rows.find((row) => String(row.id) === id);
      return found ? { json: { [name]: found } } : { status: 404, json: { message: "Not found" } };
    };
    guarded("resource", () => ({ json: { resources: this.resources } }));
    guarded("service", ({ query }) => list(this.services, query));
    guarded("client", ({ query }) => list(this.clients, query));
    guarded("client/:id", ({ params }) => single(this.clients, params.id, "client"));
    guarded("visit", ({ query }) => list(this.visits.filter(({ datetime }) => datetime.slice(0, 10) >= query.dateFrom && datetime.slice(0, 10) <= query.dateTill), query));
    guarded("visit/:id", ({ params }) => single(this.visits, params.id, "visit"));
  }
}
