// A scripted exchange that has messages for a clinic (schemas/README.md section 4, "Long poll"), over real sockets, plain or TLS.
//
//   const exchange = await ExchangeInbox.start(t);        // { tls: { key, cert } } for https
//   exchange.place({ type: "order.placed", … });          // an object, or the text of a message, however wrong
//   exchange.trouble = (request) => ({ status: 503 });     // undefined: answers as it should; { text } in the place of the page
//
// A cursor is "c" and the count of messages before it. `asked`: every request; `answers`: what was told of each message, in the order of arrival.
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";

export class ExchangeInbox {
  static async start(t, options = {}) {
    const exchange = new ExchangeInbox(options);
    await new Promise((resolve, reject) => exchange.http.once("error", reject).listen(0, "127.0.0.1", resolve));
    t.after(() => exchange.stop());
    return exchange;
  }

  constructor({ tls, token = "clinic-token" } = {}) {
    this.messages = [];
    this.asked = [];
    this.answers = [];
    this.token = token;
    this.trouble = () => undefined;
    this.waiting = new Set();
    const take = (request, response) => {
      const chunks = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => this.take(request, Buffer.concat(chunks).toString(), response));
    };
    this.http = tls ? createTlsServer(tls, take) : createServer(take);
    this.scheme = tls ? "https" : "http";
  }
  get url() {
    return `${this.scheme}://127.0.0.1:${this.http.address().port}/inbox`;
  }
  stop() {
    this.http.closeAllConnections();
    return new Promise((resolve) => this.http.close(resolve));
  }
  place(...messages) {
    for (const message of messages) this.messages.push(typeof message === "object" && !Buffer.isBuffer(message) ? JSON.stringify(message) : message);
    for (const wake of [...this.waiting]) wake();
  }
  // What became of the message in the end, by its id: "accepted", "refused unknown_order", …
  verdicts(id) {
    return this.answers.filter((answer) => answer.id === id).map(({ answer, code }) => (code ? `${answer} ${code}` : answer));
  }

  async take(incoming, body, response) {
    const url = new URL(incoming.url, this.url);
    const request = { method: incoming.method, query: Object.fromEntries(url.searchParams), headers: incoming.headers, body, count: this.asked.length + 1 };
    this.asked.push(request);
    const wrong = this.trouble(request);
    const send = (status, headers, content = "") => {
      response.writeHead(status, { "Content-Type": "application/json", ...headers });
      response.end(content);
    };
    if (wrong?.silent) return undefined;
    if (wrong?.status) return send(wrong.status, wrong.headers ?? {}, wrong.text ?? "");
    if (incoming.headers.authorization !== `Bearer ${this.token}`) return send(401, {});
    if (request.method === "POST") {
      const posted = JSON.parse(body);
      for (const answer of posted.answers) this.answers.push({ ...answer, next: posted.next });
      return send(wrong?.after ?? 204, {});
    }
    const place = request.query.cursor === undefined ? 0 : Number(/^c(\d+)$/.exec(request.query.cursor)?.[1] ?? NaN);
    if (!(place <= this.messages.length)) return send(410, {});
    if (place === this.messages.length && request.query.wait !== "0")
      await new Promise((resolve) => {
        const wake = () => (this.waiting.delete(wake), clearTimeout(timer), resolve());
        const timer = setTimeout(wake, Number(request.query.wait) * 1000);
        this.waiting.add(wake);
        response.on("close", wake);
      });
    if (response.destroyed) return undefined;
    const page = this.messages.slice(place, place + Number(request.query.limit));
    const next = `c${place + page.length}`;
    const parts = [Buffer.from('{"messages": [\n')];
    page.forEach((message, index) => parts.push(Buffer.from(index === 0 ? "" : " ,\n"), Buffer.from(message)));
    parts.push(Buffer.from(`\n], "next": ${JSON.stringify(next)}}`));
    return send(200, { "Next-Cursor": next }, wrong?.text?.(place, page) ?? Buffer.concat(parts));
  }
}
