// A scripted service over real sockets: routes answer from a test's own data, and `trouble` says what goes wrong.
//
//   const server = await RestServer.start(t);
//   server.route("GET", "/talons/:id", ({ params, query }) => ({ json: { … } }));
//   server.trouble = (request) => (request.count === 3 ? { status: 429, headers: { "Retry-After": "1" } } : undefined);
//
// An answer is { json } or { text, type }, with status and headers if it is no plain 200; cut: so many bytes of it and then the connection ends;
// after: as the answer of the route, but for what is named (text may be a function of the route's text). `asked` keeps what was asked for, in order.
import { createServer } from "node:http";

export class RestServer {
  static async start(t) {
    const server = new RestServer();
    await server.listen(0);
    t.after(() => server.stop());
    return server;
  }

  constructor() {
    this.routes = [];
    this.asked = [];
    this.trouble = () => undefined;
    this.http = createServer((request, response) => {
      const chunks = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => this.answer(request, Buffer.concat(chunks).toString(), response).catch((error) => response.destroy(error)));
    });
  }
  get url() {
    return `http://127.0.0.1:${this.http.address().port}`;
  }
  listen(port) {
    return new Promise((resolve, reject) => this.http.once("error", reject).listen(port, "127.0.0.1", resolve));
  }
  stop() {
    this.http.closeAllConnections();
    return new Promise((resolve) => this.http.close(resolve));
  }
  route(method, path, handler) {
    const names = [];
    const pattern = new RegExp(`^${path.replaceAll(/:(\w+)/g, (_, name) => (names.push(name), "([^/]+)"))}$`);
    this.routes.push({ method, pattern, names, handler });
  }

  async answer(incoming, body, response) {
    const url = new URL(incoming.url, this.url);
    const request = { method: incoming.method, path: url.pathname, query: Object.fromEntries(url.searchParams), headers: incoming.headers, body, count: this.asked.length + 1 };
    this.asked.push(request);
    const wrong = await this.trouble(request);
    const told = !wrong || wrong.after ? await this.from_routes(request) : {};
    const { status = 200, headers = {}, json, text, type, cut } = { ...told, ...wrong };
    const plain = told.text ?? (told.json === undefined ? "" : JSON.stringify(told.json));
    const whole = typeof text === "function" ? text(plain) : (text ?? (wrong?.after && json === told.json ? plain : json === undefined ? "" : JSON.stringify(json)));
    const bytes = Buffer.from(whole);
    response.writeHead(status, { "Content-Type": type ?? "application/json", "Content-Length": bytes.length, ...headers });
    if (cut === undefined) return response.end(bytes);
    response.write(bytes.subarray(0, cut), () => response.socket?.destroy());
    return undefined;
  }
  async from_routes(request) {
    for (const { method, pattern, names, handler } of this.routes) {
      const found = request.path.match(pattern);
      if (!found || method !== request.method) continue;
      const params = Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1])]));
      return handler({ ...request, params });
    }
    return { status: 404, json: { detail: "not found" } };
  }
}

// A page of a list, as services with `page` (from 1) and `limit` give it; limit_max: more are never given.
export const page_of = (rows, { page = "1", limit = "50" }, limit_max = 1000) => {
  const size = Math.min(Number(limit), limit_max);
  const begin = (Number(page) - 1) * size;
  return rows.slice(begin, begin + size);
};
