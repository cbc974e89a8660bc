// TLS as TDS 7.x does it: the handshake travels in PRELOGIN packets, what follows it goes bare. Bound to TLS 1.2, since in 1.3 a server still sends
// handshake records when the client already speaks bare TLS.
import { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kind, packet } from "./packets.mjs";

const application_record = 23;

// Stands between the socket and TLS: takes packets off what comes and puts them round what goes, until the first record of application data.
class Envelope extends Duplex {
  constructor(socket) {
    super();
    this.socket = socket;
    this.incoming = Buffer.alloc(0);
    this.outgoing = Buffer.alloc(0);
    this.bare_in = false;
    this.bare_out = false;
  }
  receive(chunk) {
    if (this.bare_in) return this.push(chunk);
    this.incoming = Buffer.concat([this.incoming, chunk]);
    while (this.incoming.length > 0) {
      if (this.incoming[0] !== kind.prelogin) {
        this.bare_in = true;
        this.push(this.incoming);
        this.incoming = Buffer.alloc(0);
        return;
      }
      if (this.incoming.length < 8 || this.incoming.length < this.incoming.readUInt16BE(2)) return;
      const length = this.incoming.readUInt16BE(2);
      this.push(this.incoming.subarray(8, length));
      this.incoming = this.incoming.subarray(length);
    }
  }
  _read() {}
  _write(chunk, encoding, finished) {
    if (this.bare_out) return void this.socket.write(chunk, finished);
    this.outgoing = Buffer.concat([this.outgoing, chunk]);
    const wrapped = [];
    while (this.outgoing.length >= 5) {
      const length = 5 + this.outgoing.readUInt16BE(3);
      if (this.outgoing.length < length) break;
      if (this.outgoing[0] === application_record) {
        this.bare_out = true;
        break;
      }
      wrapped.push(this.outgoing.subarray(0, length));
      this.outgoing = this.outgoing.subarray(length);
    }
    const all = Buffer.concat(wrapped);
    for (let at = 0; at < all.length; at += 4088) this.socket.write(packet(kind.prelogin, all.subarray(at, at + 4088), { last: at + 4088 >= all.length }));
    if (this.bare_out && this.outgoing.length > 0) {
      const rest = this.outgoing;
      this.outgoing = Buffer.alloc(0);
      return void this.socket.write(rest, finished);
    }
    finished();
  }
  _final(finished) {
    finished();
  }
}

// {secure: the stream to speak through, receive: takes what the socket gets}
export function wrap(socket, context) {
  const envelope = new Envelope(socket);
  const secure = new TLSSocket(envelope, { isServer: true, secureContext: context });
  return { secure, receive: (chunk) => envelope.receive(chunk) };
}

export const secure_context = ({ cert, key }) => createSecureContext({ cert, key, maxVersion: "TLSv1.2" });

// A certificate of this hour, signed by itself, made by openssl: {cert, key} as PEM.
export function self_signed(name = "localhost") {
  const folder = mkdtempSync(join(tmpdir(), "mis-tds-"));
  try {
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const made = spawnSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        `/CN=${name}`,
        "-addext",
        `subjectAltName=DNS:${name},IP:127.0.0.1`,
        "-out",
        cert,
        "-keyout",
        key,
      ],
      { encoding: "utf8" },
    );
    if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr ?? made.error}`);
    return { cert: readFileSync(cert), key: readFileSync(key) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
