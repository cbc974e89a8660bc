// One client's connection: from PRELOGIN through LOGIN7 to statements, one at a time, with attention between.
import { randomInt } from "node:crypto";
import { collations } from "./charset.mjs";
import { negotiate, read_login, read_prelogin, write_prelogin } from "./login.mjs";
import { Fields, kind, MessageReader, MessageWriter, u8 } from "./packets.mjs";
import { Response } from "./response.mjs";
import { perform_rpc } from "./rpc.mjs";
import { done_bit, env, login_ack } from "./tokens.mjs";
import { wrap } from "./tls.mjs";

const isolation_levels = { 1: "READ UNCOMMITTED", 2: "READ COMMITTED", 3: "REPEATABLE READ", 4: "SERIALIZABLE", 5: "SNAPSHOT" };

export class Session {
  constructor(socket, server) {
    Object.assign(this, { socket, server, output: socket, state: "prelogin", packet_size: 4096, queue: [], database: "", statements: new Map() });
    this.id = ++server.sessions_opened + 50;
    this.reader = new MessageReader();
    this.collation = collations[server.options.collation];
    this.transaction = 0n;
    this.handles = 0;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.receive(chunk));
    socket.on("error", () => this.close());
    socket.on("close", () => this.close());
  }

  // --- bytes
  receive(chunk) {
    if (this.frozen) return;
    if (this.tls) return this.tls.receive(chunk);
    this.decoded(chunk);
  }
  decoded(chunk) {
    try {
      for (const message of this.reader.push(chunk)) this.arrived(message);
    } catch (error) {
      this.server.log(`session ${this.id}: ${error.message}`);
      this.socket.destroy();
    }
  }
  arrived(message) {
    if (message.kind === kind.attention) {
      if (this.running) {
        this.cancelled = true;
        this.on_cancel?.();
        this.base?.cancel();
      } else this.acknowledge();
      return;
    }
    if (message.ignore) return;
    this.queue.push(message);
    if (!this.running) void this.work();
  }
  // Nothing more of the answer that is being given is wanted.
  get over() {
    return this.closed || this.cancelled || this.fatal;
  }
  // An attention is answered even where nothing ran any more.
  acknowledge() {
    const response = this.response();
    response.done({ status: done_bit.attention });
    response.end();
  }
  async work() {
    this.running = true;
    while (this.queue.length > 0 && !this.closed && !this.fatal) {
      this.cancelled = false;
      try {
        await this.handle(this.queue.shift());
      } catch (error) {
        if (!this.closed) this.server.log(`session ${this.id}: ${error.stack}`);
        this.socket.destroy();
      }
    }
    this.running = false;
  }
  close() {
    if (this.closed) return;
    this.closed = true;
    this.on_cancel?.();
    this.server.sessions.delete(this);
    void this.base?.close();
    this.socket.destroy();
  }

  // From here on neither heard nor answered, as by a process that is stopped. It lasts until one side closes.
  freeze() {
    this.frozen = true;
    this.socket.pause();
    return new Promise(() => {});
  }
  response() {
    return new Response(this, new MessageWriter(this.output, { packet_size: this.packet_size, process: this.id }));
  }
  // Where the login alone is encrypted, what follows it goes bare again.
  leave_tls() {
    this.tls?.secure.removeAllListeners("data");
    this.tls = undefined;
    this.output = this.socket;
  }

  // --- messages
  async handle(message) {
    if (this.state === "prelogin" && message.kind === kind.prelogin) return this.prelogin(message.body);
    if (message.kind === kind.login) return this.login(message.body);
    if (this.state !== "ready") throw new Error(`message ${message.kind} before the login`);
    const response = this.response();
    if (message.reset) await this.reset(response);
    const fields = new Fields(message.body);
    const headers = fields.u32();
    fields.at = headers;
    if (message.kind === kind.batch) {
      const text = fields.text(Math.floor(fields.left / 2));
      this.server.saw({ session: this.id, batch: text });
      await response.perform(this.base.batch(text, []), { form: "done" });
    } else if (message.kind === kind.rpc) await perform_rpc(this, response, fields);
    else if (message.kind === kind.transaction) await this.transaction_request(response, fields);
    else throw new Error(`message of the unknown kind ${message.kind}`);
    response.finish();
  }

  async prelogin(body) {
    const asked = read_prelogin(body);
    const { tls, require_encryption, product } = this.server.options;
    const { answer, scope } = negotiate(asked.encryption, { possible: tls !== undefined, required: require_encryption });
    this.server.saw({ session: this.id, prelogin: asked, answer });
    const writer = new MessageWriter(this.output, { packet_size: 4096 });
    writer.write(write_prelogin({ product: product.product, encryption: answer }));
    if (this.server.silent === "prelogin") return this.freeze();
    writer.end();
    this.state = "login";
    this.scope = scope;
    if (scope === undefined) return void this.socket.end();
    if (scope === "nothing") return;
    this.tls = wrap(this.socket, tls);
    this.output = this.tls.secure;
    this.tls.secure.on("data", (chunk) => this.decoded(chunk));
    this.tls.secure.on("error", (error) => {
      this.server.log(`session ${this.id}: TLS: ${error.message}`);
      this.socket.destroy();
    });
  }

  async login(body) {
    const login = read_login(body);
    this.login_record = { ...login, password: undefined };
    this.server.saw({ session: this.id, login: this.login_record, encrypted: this.tls !== undefined });
    if (this.server.silent === "login") return this.freeze();
    if (this.scope === "login") this.leave_tls();
    const response = this.response();
    const refuse = async (...errors) => {
      for (const what of errors) response.error(what);
      response.done({ status: done_bit.error });
      response.end();
      this.socket.end();
    };
    if (login.version < 0x730a0003) return refuse({ number: 17804, class: 20, text: "the stand-in speaks TDS 7.3 and 7.4 only" });
    const known = login.integrated ? undefined : this.server.options.logins.find(({ user, password }) => user === login.user && password === login.password);
    const failed = { number: 18456, state: 1, class: 14, text: `Login failed for user '${login.user}'.` };
    if (!known) return refuse(failed);
    const { databases, product, collation } = this.server.options;
    const database = login.database === "" ? databases[0] : databases.find((name) => name.toLowerCase() === login.database.toLowerCase());
    if (database === undefined)
      return refuse({ number: 4060, state: 1, class: 11, text: `Cannot open database "${login.database}" requested by the login. The login failed.` }, failed);
    this.user = known.user;
    this.database = database;
    try {
      this.base = await this.server.backend.open(this);
    } catch (error) {
      this.server.log(`session ${this.id}: the base cannot be opened: ${error.message}`);
      return refuse({ number: 945, state: 2, class: 14, text: `Database '${database}' cannot be opened: ${error.message}` });
    }
    if (this.closed) return void this.base.close();
    const wished = login.packet_size === 0 ? 4096 : login.packet_size;
    const before = this.packet_size;
    const granted = Math.max(512, Math.min(wished, this.server.options.packet_size));
    response.write(env.database(database, "master"));
    response.info({ number: 5701, state: 2, text: `Changed database context to '${database}'.` });
    response.write(env.collation(collations[collation]), env.language("us_english", ""));
    response.info({ number: 5703, text: "Changed language setting to us_english." });
    this.null_bitmap = this.server.options.null_bitmap && Math.min(login.version, product.version) >= 0x730b0003;
    response.write(login_ack({ version: Math.min(login.version, product.version), product: product.product }));
    if (login.features.length > 0 && Math.min(login.version, product.version) >= 0x74000004) response.write(u8(0xae), u8(0xff));
    response.write(env.packet_size(granted, before));
    response.done({});
    response.end();
    this.packet_size = granted;
    this.state = "ready";
  }

  async reset(response) {
    if (this.transaction !== 0n) await this.base.rollback();
    this.transaction = 0n;
    this.statements.clear();
    await this.base.reset?.();
    response.write(env.reset());
  }

  // What SQL_ATTR_AUTOCOMMIT does: begin (5), commit (7), rollback (8), savepoint (9) as messages of their own.
  async transaction_request(response, fields) {
    const request = fields.u16();
    this.server.saw({ session: this.id, transaction: request });
    const isolation = request === 5 ? isolation_levels[fields.u8()] : undefined;
    const verbs = { 5: "begin", 7: "commit", 8: "rollback" };
    if (!(request in verbs)) {
      response.error({ number: 3933, text: `transaction request ${request} is not spoken here` });
      return response.done({ status: done_bit.error });
    }
    await response.perform(this.base.transaction(verbs[request], isolation), { form: "done" });
    if (request !== 5 && fields.at + 1 < fields.buffer.length) {
      // the name (counted in bytes), then a flag: a new transaction is to begin at once
      fields.bytes(fields.u8());
      if (fields.left > 0 && fields.u8() & 1)
        await response.perform(this.base.transaction("begin", isolation_levels[fields.left > 0 ? fields.u8() : 0]), { form: "done" });
    }
  }
  next_transaction() {
    return (this.transaction = (BigInt(this.id) << 32n) | BigInt(randomInt(1, 1 << 30)));
  }
}
