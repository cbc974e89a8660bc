// A receiver that misbehaves on the wire. It speaks HTTP by hand, so that a test can answer anything, at any moment, over plain sockets or TLS; and it remembers
// which events it said it had taken, in their order.
//
//   const odd = await OddReceiver.listen((request, socket, receiver) => { receiver.take(request); socket.write(reply(204)); });
import { createServer } from "node:net";
import { createServer as create_tls_server } from "node:tls";
import { gunzipSync } from "node:zlib";

export const reply = (status, body = "", headers = {}) =>
  [`HTTP/1.1 ${status} X`, `content-length: ${Buffer.byteLength(body)}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), "", body].join("\r\n");

export class OddReceiver {
  static async listen(behave, { tls } = {}) {
    const receiver = new OddReceiver(behave);
    const talk = (socket) => receiver.#talk(socket);
    receiver.server = tls ? create_tls_server(tls, talk) : createServer({ allowHalfOpen: true }, talk);
    receiver.server.on("tlsClientError", () => {});
    await new Promise((resolve) => receiver.server.listen(0, "127.0.0.1", resolve));
    receiver.port = receiver.server.address().port;
    return receiver;
  }

  constructor(behave) {
    this.behave = behave;
    this.requests = []; // {at, count, id, headers}
    this.events = []; // said to be taken, repeats included
    this.sockets = new Set();
  }

  get ids() {
    return new Set(this.events.map((event) => event.id));
  }
  take(request) {
    this.events.push(...request.events);
  }
  close() {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  #talk(socket) {
    let bytes = Buffer.alloc(0);
    this.sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("end", () => socket.end());
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (;;) {
        const end = bytes.indexOf("\r\n\r\n");
        if (end < 0) return;
        const [line, ...rest] = bytes.subarray(0, end).toString("latin1").split("\r\n");
        const headers = Object.fromEntries(rest.map((one) => [one.slice(0, one.indexOf(":")).toLowerCase(), one.slice(one.indexOf(":") + 1).trim()]));
        const length = Number(headers["content-length"] ?? 0);
        if (this.on_head?.({ line, headers, length }, socket)) return;
        if (bytes.length < end + 4 + length) return;
        const wire = bytes.subarray(end + 4, end + 4 + length);
        bytes = bytes.subarray(end + 4 + length);
        const is_packed = headers["content-encoding"] === "gzip";
        const request = { line, headers, wire, is_packed, number: this.requests.length + 1, events: [] };
        if (length > 0) request.events = [].concat(JSON.parse(is_packed ? gunzipSync(wire) : wire));
        this.requests.push({ at: Date.now(), count: request.events.length, id: headers["webhook-id"], headers });
        this.behave(request, socket, this);
      }
    });
  }
}
