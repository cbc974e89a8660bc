// A PostgreSQL server of our own for tests: its folder is temporary, it listens on a loopback port that the system chose and on a socket in its folder,
// and it goes with the test.
//
//   const postgres = await PostgresServer.make(t);      postgres.url, postgres.sql("select …"), await postgres.kill(), await postgres.start()
//
// As a process, for tests that are not written here: node tests/support/postgres.mjs      prints {"url": …}, and ends the server when it is told to end
// (SIGTERM; with --until-eof also when its standard input ends, as it does when a test that holds the other end dies).
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accepts, free_port, server_user } from "./own_server.mjs";

const versions = "/usr/lib/postgresql"; // Debian keeps each version's programs apart
const programs = () => {
  const newest = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a))[0] : undefined;
  assert.ok(newest, `no PostgreSQL in ${versions}: install the package postgresql`);
  return join(versions, newest, "bin");
};
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class PostgresServer {
  static async make(t, options = {}) {
    const server = new PostgresServer(options);
    t?.after(() => server.remove());
    await server.create();
    await server.start();
    return server;
  }

  constructor({ settings = {} } = {}) {
    this.folder = mkdtempSync(join(tmpdir(), "mis-postgres-"));
    this.base = join(this.folder, "base");
    this.log_file = join(this.folder, "server.log");
    this.identity = server_user("postgres") ?? {};
    this.settings = {
      fsync: "off",
      synchronous_commit: "off",
      full_page_writes: "off",
      shared_buffers: "64MB",
      max_connections: "60",
      log_min_messages: "warning",
      ...settings,
    };
    this.user = "clinic";
    this.database = "postgres";
  }
  get url() {
    return `postgresql://${this.user}@127.0.0.1:${this.port}/${this.database}`;
  }
  get log() {
    return existsSync(this.log_file) ? readFileSync(this.log_file, "utf8") : "";
  }

  create() {
    if (this.identity.uid !== undefined) chownSync(this.folder, this.identity.uid, this.identity.gid);
    chmodSync(this.folder, 0o700);
    const made = spawnSync(
      join(programs(), "initdb"),
      ["-D", this.base, "-U", this.user, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"],
      {
        ...this.identity,
        encoding: "utf8",
        cwd: this.folder,
        env: { PATH: process.env.PATH, HOME: this.folder, LC_ALL: "C.UTF-8" },
      },
    );
    assert.equal(made.status, 0, `initdb: ${made.stderr}`);
  }
  async start(seconds = 30) {
    this.port ??= await free_port();
    const settings = { ...this.settings, port: String(this.port), listen_addresses: "127.0.0.1", unix_socket_directories: this.folder };
    const log = openSync(this.log_file, "a");
    this.child = spawn(join(programs(), "postgres"), ["-D", this.base, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])], {
      ...this.identity,
      cwd: this.folder,
      stdio: ["ignore", log, log],
      env: { PATH: process.env.PATH, HOME: this.folder, LC_ALL: "C.UTF-8" },
    });
    closeSync(log);
    const { child } = this;
    process.once("exit", () => child.kill("SIGQUIT")); // also where a test ended before its time
    this.exit = undefined;
    this.ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve((this.exit = { code, signal }))));
    for (const end = Date.now() + seconds * 1000; ; await pause(20)) {
      if (this.exit) assert.fail(`PostgreSQL ended (${JSON.stringify(this.exit)}):\n${this.log.slice(-2000)}`);
      // it takes connections a moment before it takes questions
      if ((await accepts(this.port)) && spawnSync(join(programs(), "pg_isready"), ["-q", "-h", "127.0.0.1", "-p", String(this.port)]).status === 0) return;
      if (Date.now() > end) assert.fail(`PostgreSQL takes no connections after ${seconds} s:\n${this.log.slice(-2000)}`);
    }
  }
  // SQL by psql; a select gives its rows as lists of text (NULL is "").
  sql(text, database = this.database) {
    const ran = spawnSync(
      join(programs(), "psql"),
      ["-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", String(this.port), "-U", this.user, "-d", database],
      { encoding: "utf8", input: text, maxBuffer: 1 << 28 },
    );
    assert.equal(ran.status, 0, `psql: ${ran.stderr}`);
    return ran.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\x1f"));
  }
  signal(name) {
    if (this.exit === undefined) this.child?.kill(name);
  }
  // An end in order (SIGINT: open connections are closed), and one without.
  async stop() {
    this.signal("SIGINT");
    await this.ended;
  }
  // SIGQUIT: the server leaves at once and recovers at its next start; its children end with it, which SIGKILL would leave behind.
  async kill() {
    this.signal("SIGQUIT");
    await this.ended;
  }
  async remove() {
    this.signal("SIGCONT");
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

if (process.argv[1] && import.meta.url === `file://${process.argv[1]}`) {
  const server = await PostgresServer.make(undefined);
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => void server.remove().then(() => process.exit(0)));
  if (process.argv.includes("--until-eof")) process.stdin.resume().on("end", () => void server.remove().then(() => process.exit(0)));
  process.stdout.write(`${JSON.stringify({ url: server.url, port: server.port, folder: server.folder })}\n`);
}
