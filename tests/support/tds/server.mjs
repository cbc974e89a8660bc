// A stand-in for SQL Server that speaks TDS 7.3 and 7.4, for tests. As a process:
//   node tests/support/tds/server.mjs --postgres URL|own | --script FILE [options]      prints {"port": …} as its first line
// As a module: const server = await TdsServer.start({ postgres: url, script: rules, … }); server.port; await server.stop();
// README.md says what each option does and what it does not speak.
import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { parseArgs } from "node:util";
import { PostgresServer } from "../postgres.mjs";
import { answer_browsers } from "./browser.mjs";
import { collations } from "./charset.mjs";
import { products } from "./login.mjs";
import { PostgresBackend } from "./postgres.mjs";
import { ScriptBackend } from "./script.mjs";
import { Session } from "./session.mjs";
import { secure_context, self_signed } from "./tls.mjs";

const defaults = {
  port: 0,
  host: "127.0.0.1",
  tls: "off",
  require_encryption: false,
  logins: [{ user: "sa", password: "Passw0rd" }],
  databases: ["clinic"],
  instance: "MSSQLSERVER",
  year: 2019,
  collation: "Cyrillic_General_CI_AS",
  packet_size: 32767,
  snapshot: false,
  read_committed_snapshot: false,
  null_bitmap: true,
  length_known: true,
  attention: "apart",
};
const seen_max = 10_000;

function certificate(tls) {
  if (tls === "off" || tls === undefined) return undefined;
  if (tls === "on") return self_signed();
  if (typeof tls === "object") return tls;
  const at = tls.lastIndexOf(":");
  return { cert: readFileSync(tls.slice(0, at)), key: readFileSync(tls.slice(at + 1)) };
}

export class TdsServer {
  static async start(options = {}) {
    const server = new TdsServer(options);
    await server.listen();
    return server;
  }

  constructor(given) {
    const options = { ...defaults, ...given };
    options.product = products[options.year];
    if (!options.product) throw new Error(`no product of the year ${options.year}; there are ${Object.keys(products).join(", ")}`);
    options.year = parseInt(options.year, 10);
    if (!collations[options.collation]) throw new Error(`no collation ${options.collation}; there are ${Object.keys(collations).join(", ")}`);
    options.server_name = options.server_name ?? (options.instance === "MSSQLSERVER" ? "STANDIN" : `STANDIN\\${options.instance}`);
    this.certificate = certificate(options.tls);
    options.tls = this.certificate && secure_context(this.certificate);
    // silent: at which message it no longer answers ("prelogin", "login"); may be set at any time
    Object.assign(this, { options, sessions: new Set(), sessions_opened: 0, seen: [], silent: options.silent });
    const base = options.postgres ? new PostgresBackend({ url: options.postgres, log: (text) => this.log(text) }) : undefined;
    this.backend = options.script ? new ScriptBackend(options.script, base) : base;
    if (!this.backend) throw new Error("neither a base nor a script to answer from");
  }
  async listen() {
    await this.backend.start(this.options);
    if (this.options.sql_file) await this.sql(readFileSync(this.options.sql_file, "utf8"));
    this.net = createServer((socket) => this.sessions.add(new Session(socket, this)));
    await new Promise((resolve, reject) => {
      this.net.on("error", reject);
      this.net.listen(this.options.port, this.options.host, resolve);
    });
    this.port = this.net.address().port;
    if (this.options.browser !== undefined) {
      this.browser = await answer_browsers(this, this.options.browser);
      this.browser_port = this.browser.address().port;
    }
  }
  async stop() {
    for (const session of this.sessions) session.close();
    this.browser?.close();
    await new Promise((resolve) => this.net.close(resolve));
    await this.backend.stop();
  }
  // T-SQL run by the server itself, batches between lines of GO: vendors' tables, what a test asks. Gives the rows of the last select, as lists of text.
  async sql(text) {
    const session = {
      id: 0,
      server: this,
      database: this.options.databases[0],
      user: "",
      login_record: { host: "", application: "server" },
      transaction: 0n,
      running: true,
      socket: { destroy() {} },
    };
    const base = await this.backend.open(session);
    let rows = [];
    try {
      for (const batch of text.split(/^\s*go\s*$/im)) {
        if (batch.trim() === "") continue;
        for await (const event of base.batch(batch, [])) {
          if (event.columns) rows = [];
          if (event.rows) rows.push(...event.rows);
          if (event.error) throw new Error(`${event.error.number}: ${event.error.text} (in ${batch.trim().slice(0, 200)})`);
        }
      }
    } finally {
      await base.close();
    }
    return rows;
  }
  // Ends all connections at once, as a server that is killed would.
  drop_all() {
    for (const session of this.sessions) session.socket.resetAndDestroy();
  }

  log(text) {
    if (this.options.log) this.options.log(text);
    else process.stderr.write(`${text}\n`);
  }
  // What clients asked, for tests: logins, statements, hints, isolation levels.
  saw(record) {
    this.seen.push(record);
    if (this.seen.length > seen_max) this.seen.shift();
    if (this.options.seen_file)
      appendFileSync(this.options.seen_file, `${JSON.stringify(record, (_, value) => (typeof value === "bigint" ? String(value) : value))}\n`);
  }
}

async function main() {
  const text = { type: "string" };
  const { values: given } = parseArgs({
    options: {
      port: text,
      host: text,
      postgres: text,
      script: text,
      browser: text,
      tls: text,
      "require-encryption": { type: "boolean" },
      login: { type: "string", multiple: true },
      database: { type: "string", multiple: true },
      instance: text,
      year: text,
      collation: text,
      "packet-size": text,
      snapshot: text,
      "read-committed-snapshot": text,
      "null-bitmap": text,
      "length-known": text,
      "time-zone": text,
      seen: text,
      "until-eof": { type: "boolean" },
      silent: text,
      attention: text,
      sql: text,
    },
  });
  const on = (value, otherwise) => (value === undefined ? otherwise : value === "on");
  const options = {
    port: Number(given.port ?? 0),
    host: given.host ?? defaults.host,
    postgres: given.postgres,
    script: given.script,
    browser: given.browser === undefined ? undefined : Number(given.browser),
    tls: given.tls ?? "off",
    require_encryption: given["require-encryption"] ?? false,
    instance: given.instance ?? defaults.instance,
    year: given.year ?? defaults.year,
    collation: given.collation ?? defaults.collation,
    packet_size: Number(given["packet-size"] ?? defaults.packet_size),
    snapshot: on(given.snapshot, false),
    read_committed_snapshot: on(given["read-committed-snapshot"], false),
    null_bitmap: on(given["null-bitmap"], true),
    length_known: on(given["length-known"], true),
    time_zone: given["time-zone"],
    silent: given.silent,
    attention: given.attention ?? defaults.attention,
    sql_file: given.sql,
    seen_file: given.seen,
  };
  if (given.login) options.logins = given.login.map((pair) => ({ user: pair.slice(0, pair.indexOf(":")), password: pair.slice(pair.indexOf(":") + 1) }));
  if (given.database) options.databases = given.database;
  const postgres = options.postgres === "own" ? await PostgresServer.make(undefined) : undefined;
  if (postgres) options.postgres = postgres.url;
  const server = await TdsServer.start(options);
  process.stdout.write(`${JSON.stringify({ port: server.port, browser: server.browser_port, postgres: options.postgres })}\n`);
  const end = async () => {
    await server.stop();
    await postgres?.remove();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => void end());
  if (given["until-eof"]) process.stdin.resume().on("end", () => void end());
}

if (process.argv[1] && import.meta.url === `file://${process.argv[1]}`) await main();
