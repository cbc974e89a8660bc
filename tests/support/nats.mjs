// Real nats-servers, and a client of our own for the tests: what a stream holds is counted by it, never by the gateway.
//
//   const server = await NatsServer.start(t, { jetstream: true });
//   const client = await NatsClient.connect(t, server.port);
//   await client.make_stream("EVENTS", ["mis.test-clinic.>"]);
//   const messages = await client.messages("EVENTS");       // [{ subject, headers, body, sequence }]
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function free_port() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// In the folder: ca.pem, and of it server.pem and client.pem with their .key, for two days; server's names are 127.0.0.1 and localhost.
export function make_certificates(folder) {
  const file = (name) => join(folder, name);
  const openssl = (...args) => {
    const ran = spawnSync("openssl", args, { encoding: "utf8" });
    assert.equal(ran.status, 0, ran.stderr);
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", file("ca.key"), "-out", file("ca.pem"), "-days", "2", "-subj", "/CN=authority");
  for (const [name, usage] of [["server", "serverAuth"], ["client", "clientAuth"]]) {
    openssl("req", ...key, "-keyout", file(`${name}.key`), "-out", file(`${name}.csr`), "-subj", `/CN=${name}`);
    writeFileSync(file("ext"), `subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=${usage}\n`);
    openssl("x509", "-req", "-in", file(`${name}.csr`), "-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", file("ext"), "-out", file(`${name}.pem`));
  }
}

export class NatsServer {
  // settings: lines of the configuration beside listen and jetstream
  static async start(t, options = {}) {
    const server = new NatsServer(t, options, options.port ?? (await free_port()));
    await server.run();
    return server;
  }

  constructor(t, { name = "n1", jetstream = true, domain = "", settings = "" }, port) {
    Object.assign(this, { name, port, jetstream, domain });
    this.folder = mkdtempSync(join(tmpdir(), "mis-nats-"));
    this.store = join(this.folder, "store");
    this.configure(settings);
    t.after(async () => {
      await this.stop("SIGKILL");
      rmSync(this.folder, { recursive: true, force: true });
    });
  }
  configure(settings) {
    const jetstream = this.jetstream ? `jetstream { store_dir: "${this.store}", max_mem: 64M, max_file: 2G ${this.domain ? `, domain: ${this.domain}` : ""} }\n` : "";
    writeFileSync(join(this.folder, "nats.conf"), `server_name: ${this.name}\nlisten: 127.0.0.1:${this.port}\n${jetstream}${settings}\n`);
  }
  get url() {
    return `nats://127.0.0.1:${this.port}`;
  }
  get log() {
    return readFileSync(join(this.folder, "log"), "utf8");
  }
  async run() {
    this.child = spawn("nats-server", ["-c", join(this.folder, "nats.conf"), "-l", join(this.folder, "log")], { stdio: "ignore" });
    this.exited = new Promise((resolve) => this.child.on("exit", resolve));
    for (let tries = 0; tries < 200; ++tries) {
      const answers = await new Promise((resolve) => {
        const socket = connect(this.port, "127.0.0.1", () => (socket.destroy(), resolve(true)));
        socket.on("error", () => resolve(false));
      });
      if (answers) return;
      await pause(50);
    }
    assert.fail(`nats-server ${this.name} does not listen; its folder was ${this.folder}`);
  }
  async stop(signal = "SIGTERM") {
    if (this.child === undefined) return;
    this.child.kill(signal);
    await this.exited;
    this.child = undefined;
  }
  reload() {
    this.child.kill("SIGHUP");
  }
  keep_copy(name) {
    cpSync(this.store, join(this.folder, name), { recursive: true });
  }
  put_back(name) {
    rmSync(this.store, { recursive: true, force: true });
    mkdirSync(this.store);
    cpSync(join(this.folder, name), this.store, { recursive: true });
  }
}

export class NatsClient {
  static async connect(t, port, login = {}) {
    const client = new NatsClient(port, login);
    await client.open();
    t.after(() => client.close());
    return client;
  }

  constructor(port, login) {
    Object.assign(this, { port, login });
    this.waiting = new Map();
    this.takers = new Map();
    this.inbox = `_INBOX.test${Math.random().toString(36).slice(2)}`;
    this.asked = 0;
    this.subscriptions = 1;
  }
  async open() {
    this.buffer = Buffer.alloc(0);
    this.socket = connect(this.port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.socket.on("data", (bytes) => this.read(bytes));
    await new Promise((resolve, reject) => {
      this.opened = resolve;
      this.socket.on("close", () => {
        for (const { fail } of this.waiting.values()) fail(new Error("the server closed the connection"));
        this.waiting.clear();
        reject(new Error("the server closed the connection"));
      });
    });
  }
  close() {
    this.socket.destroy();
  }
  read(bytes) {
    this.buffer = Buffer.concat([this.buffer, bytes]);
    for (;;) {
      const end = this.buffer.indexOf("\r\n");
      if (end < 0) return;
      const words = this.buffer.subarray(0, end).toString().split(/\s+/);
      if (words[0] === "MSG" || words[0] === "HMSG") {
        const [head, total] = words[0] === "MSG" ? [0, Number(words.at(-1))] : [Number(words.at(-2)), Number(words.at(-1))];
        if (this.buffer.length < end + 2 + total + 2) return;
        const payload = this.buffer.subarray(end + 2, end + 2 + total);
        this.buffer = this.buffer.subarray(end + 2 + total + 2);
        const given = words.length - (words[0] === "MSG" ? 2 : 3);
        this.take({ subject: words[1], subscription: words[2], reply: given === 3 ? words[3] : "", headers: payload.subarray(0, head).toString(), body: payload.subarray(head).toString() });
        continue;
      }
      this.buffer = this.buffer.subarray(end + 2);
      if (words[0] === "INFO") {
        const { signer, ...login } = this.login;
        if (signer) login.sig = sign(null, Buffer.from(JSON.parse(this.info_text(words)).nonce), signer).toString("base64url");
        this.socket.write(`CONNECT ${JSON.stringify({ verbose: false, pedantic: false, headers: true, no_responders: true, lang: "node", version: "1", ...login })}\r\nSUB ${this.inbox}.* 1\r\nPING\r\n`);
      } else if (words[0] === "PING") this.socket.write("PONG\r\n");
      else if (words[0] === "PONG") this.opened();
    }
  }
  info_text(words) {
    return words.slice(1).join(" ");
  }
  take(message) {
    if (message.subscription !== "1") return this.takers.get(message.subscription)?.(message);
    const number = message.subject.slice(this.inbox.length + 1);
    const asked = this.waiting.get(number);
    if (!asked) return undefined;
    this.waiting.delete(number);
    return asked.done(message);
  }
  subscribe(subject, taker) {
    const number = String(++this.subscriptions);
    this.takers.set(number, taker);
    this.socket.write(`SUB ${subject} ${number}\r\n`);
  }
  publish(subject, body, reply = "") {
    this.socket.write(`PUB ${subject} ${reply} ${Buffer.byteLength(body)}\r\n${body}\r\n`);
  }
  request(subject, body = "", seconds = 5) {
    const number = String(++this.asked);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => (this.waiting.delete(number), reject(new Error(`no answer from ${subject}`))), seconds * 1000);
      this.waiting.set(number, { done: (message) => (clearTimeout(timer), resolve(message)), fail: (error) => (clearTimeout(timer), reject(error)) });
      this.publish(subject, body, `${this.inbox}.${number}`);
    });
  }
  // A question of JetStream's API; its refusal is an error unless `refused` is wanted.
  async api(what, question = {}, seconds = 5) {
    const { headers, body } = await this.request(`$JS.API.${what}`, JSON.stringify(question), seconds);
    if (body === "") throw new Error(`${what}: ${headers.trim()}`);
    const answer = JSON.parse(body);
    if (answer.error) throw new Error(`${what}: ${answer.error.description} (${answer.error.err_code})`);
    return answer;
  }
  make_stream(name, subjects, settings = {}) {
    return this.api(`STREAM.CREATE.${name}`, { name, subjects, storage: "file", retention: "limits", num_replicas: 1, duplicate_window: 120e9, ...settings }, 15);
  }
  async state(name) {
    return (await this.api(`STREAM.INFO.${name}`)).state;
  }
  async messages(name, from = 1) {
    const { first_seq, last_seq } = await this.state(name);
    const numbers = Array.from({ length: Math.max(0, last_seq - Math.max(first_seq, from) + 1) }, (_, index) => Math.max(first_seq, from) + index);
    const got = await Promise.all(numbers.map((seq) => this.api(`STREAM.MSG.GET.${name}`, { seq }, 60).catch((error) => (/10037/.test(error.message) ? undefined : Promise.reject(error)))));
    return got.filter(Boolean).map(({ message }) => ({
      subject: message.subject, sequence: message.seq, body: Buffer.from(message.data ?? "", "base64").toString(),
      headers: Object.fromEntries(Buffer.from(message.hdrs ?? "", "base64").toString().split("\r\n").slice(1).filter((line) => line.includes(": ")).map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)])),
    }));
  }
}

// A road between two servers that can be cut.
export class Road {
  static async open(t, port) {
    const road = new Road(port);
    await new Promise((resolve) => road.server.listen(0, "127.0.0.1", resolve));
    road.port = road.server.address().port;
    t.after(() => (road.cut(), road.server.close()));
    return road;
  }
  constructor(port) {
    this.sockets = new Set();
    this.is_cut = false;
    this.server = createServer((near) => {
      if (this.is_cut) return near.destroy();
      const far = connect(port, "127.0.0.1");
      for (const [one, other] of [[near, far], [far, near]]) {
        this.sockets.add(one);
        one.on("error", () => {});
        one.on("close", () => (this.sockets.delete(one), other.destroy()));
        one.pipe(other);
      }
      return undefined;
    });
  }
  cut() {
    this.is_cut = true;
    for (const socket of this.sockets) socket.destroy();
  }
  mend() {
    this.is_cut = false;
  }
}

// Logins by .creds files: an operator of the tests' own, its accounts and users, signed as nats-server checks them.
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
function base32(bytes) {
  let [out, bits, value] = ["", 0, 0];
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) out += ALPHABET[(value >> (bits -= 5)) & 31];
  }
  return bits > 0 ? out + ALPHABET[(value << (5 - bits)) & 31] : out;
}
function with_checksum(bytes) {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; ++bit) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return Buffer.concat([bytes, Buffer.from([crc & 0xff, crc >> 8])]);
}
const PREFIX = { operator: 14 << 3, account: 0, user: 20 << 3 };

class NatsKey {
  constructor(kind) {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const raw = Buffer.from(publicKey.export({ format: "jwk" }).x, "base64url");
    const seed = Buffer.from(privateKey.export({ format: "jwk" }).d, "base64url");
    const [type, mark] = [PREFIX[kind], 18 << 3];
    this.kind = kind;
    this.private_key = privateKey;
    this.name = base32(with_checksum(Buffer.concat([Buffer.from([type]), raw])));
    this.seed = base32(with_checksum(Buffer.concat([Buffer.from([mark | (type >> 5), (type & 31) << 3]), seed])));
  }
  // A token about `subject`, signed by us.
  token(subject, nats, more = {}) {
    const text = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { iat: Math.floor(Date.now() / 1000), iss: this.name, name: subject.kind, sub: subject.name, ...more, nats: { ...nats, type: subject.kind, version: 2 } };
    claims.jti = base32(createHash("sha256").update(JSON.stringify(claims)).digest());
    const body = `${text({ typ: "JWT", alg: "ed25519-nkey" })}.${text(claims)}`;
    return `${body}.${sign(null, Buffer.from(body), this.private_key).toString("base64url")}`;
  }
}

export class NatsOperator {
  constructor() {
    this.operator = new NatsKey("operator");
    this.system = new NatsKey("account");
    this.account = new NatsKey("account");
  }
  // What a server's configuration says of it.
  get settings() {
    const limits = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
    const of = (account, more = {}) => this.operator.token(account, { limits: { ...limits, ...more } });
    return [
      `operator: ${this.operator.token(this.operator, { system_account: this.system.name })}`, "resolver: MEMORY", `system_account: ${this.system.name}`, "resolver_preload: {",
      `${this.system.name}: ${of(this.system)}`, `${this.account.name}: ${of(this.account, { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 })}`, "}",
    ].join("\n");
  }
  // A user of the clinics' account: its .creds, and a login of NatsClient; it ends after so many seconds.
  user(seconds = 0) {
    const key = new NatsKey("user");
    const jwt = this.account.token(key, { pub: {}, sub: {}, subs: -1, data: -1, payload: -1 }, seconds > 0 ? { exp: Math.floor(Date.now() / 1000) + seconds } : {});
    const line = (what, text) => `-----BEGIN ${what}-----\n${text}\n------END ${what}------\n`;
    return { creds: `${line("NATS USER JWT", jwt)}\n${line("USER NKEY SEED", key.seed)}`, login: { jwt, nkey: key.name, signer: key.private_key } };
  }
}
