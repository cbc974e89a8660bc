// A MariaDB server of our own for tests: its folder is temporary, it listens on a loopback port that the system chose and on a socket in its folder, and it goes with
// the test.
//
//   const mariadb = await MariadbServer.make(t);      mariadb.sql("select …"), await mariadb.kill(), await mariadb.start(); mariadb.signal("SIGSTOP")
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { free_port, server_user } from "./own_server.mjs";

const SERVER = "/usr/sbin/mariadbd";
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class MariadbServer {
  static async make(t, options = {}) {
    assert.ok(existsSync(SERVER), `no ${SERVER}: install the package mariadb-server`);
    const server = new MariadbServer(options);
    t?.after(() => server.remove());
    await server.create();
    await server.start();
    server.sql(`create database ${server.database} character set utf8mb4 collate utf8mb4_unicode_ci`, "");
    return server;
  }

  constructor({ settings = {} } = {}) {
    this.folder = mkdtempSync(join(tmpdir(), "mis-mariadb-"));
    this.data = join(this.folder, "data");
    this.socket = join(this.folder, "socket");
    this.log_file = join(this.folder, "server.log");
    this.identity = server_user("mysql") ?? {};
    this.settings = { "innodb-flush-log-at-trx-commit": "0", "innodb-buffer-pool-size": "64M", "innodb-log-file-size": "16M", "performance-schema": "OFF", ...settings };
    this.database = "clinic";
  }
  get log() {
    return existsSync(this.log_file) ? readFileSync(this.log_file, "utf8") : "";
  }

  create() {
    if (this.identity.uid !== undefined) chownSync(this.folder, this.identity.uid, this.identity.gid);
    chmodSync(this.folder, 0o700);
    const made = spawnSync(
      "mariadb-install-db",
      ["--no-defaults", `--datadir=${this.data}`, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve", "--force"],
      { ...this.identity, encoding: "utf8", cwd: this.folder, env: { PATH: `${process.env.PATH}:/usr/sbin`, HOME: this.folder, LC_ALL: "C.UTF-8" } },
    );
    assert.equal(made.status, 0, `mariadb-install-db: ${made.stdout}${made.stderr}`);
  }
  async start(seconds = 30) {
    this.port ??= await free_port();
    const settings = { datadir: this.data, socket: this.socket, port: String(this.port), "bind-address": "127.0.0.1", "pid-file": join(this.folder, "pid"), ...this.settings };
    const log = openSync(this.log_file, "a");
    this.child = spawn(SERVER, ["--no-defaults", "--skip-name-resolve", ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)], {
      ...this.identity,
      cwd: this.folder,
      stdio: ["ignore", log, log],
      env: { PATH: process.env.PATH, HOME: this.folder, LC_ALL: "C.UTF-8", TZ: "Europe/Moscow" },
    });
    closeSync(log);
    const { child } = this;
    process.once("exit", () => child.kill("SIGKILL")); // also where a test ended before its time
    this.exit = undefined;
    this.ended = new Promise((resolve) => child.on("exit", (code, signal) => resolve((this.exit = { code, signal }))));
    for (const end = Date.now() + seconds * 1000; ; await pause(50)) {
      if (this.exit) assert.fail(`MariaDB ended (${JSON.stringify(this.exit)}):\n${this.log.slice(-2000)}`);
      if (this.run("select 1", "").status === 0) return;
      if (Date.now() > end) assert.fail(`MariaDB takes no connections after ${seconds} s:\n${this.log.slice(-2000)}`);
    }
  }
  run(text, database) {
    return spawnSync("mariadb", ["--no-defaults", "-u", "root", "-S", this.socket, "--default-character-set=utf8mb4", "-N", "-B", ...(database ? ["-D", database] : [])], {
      encoding: "utf8",
      input: text,
      maxBuffer: 1 << 28,
    });
  }
  // SQL by MariaDB's own client; a select gives its rows as lists of text (NULL is "NULL").
  sql(text, database = this.database) {
    const ran = this.run(text, database);
    assert.equal(ran.status, 0, `mariadb: ${ran.stderr}`);
    return ran.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\t"));
  }
  signal(name) {
    if (this.exit === undefined) this.child?.kill(name);
  }
  async kill() {
    this.signal("SIGKILL");
    await this.ended;
  }
  async remove() {
    this.signal("SIGCONT");
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
