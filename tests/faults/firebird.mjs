// A Firebird server of our own for one test: private root, private security database, a port that the system chose; may be killed and started again.
// The same recipe as tests/support/firebird_fixture.cpp.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, closeSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accepts, free_port, server_user } from "../support/own_server.mjs";
import { Clinic, until } from "../system/clinic.mjs";

const engine = "/usr/lib/x86_64-linux-gnu/firebird/3.0";
const settings = "/etc/firebird/3.0";
const password = "masterkey";

export class FirebirdServer {
  static async make(t) {
    const server = new FirebirdServer();
    server.port = await free_port();
    server.prepare();
    t.after(async () => {
      await server.kill();
      rmSync(server.folder, { recursive: true, force: true });
    });
    await server.start();
    return server;
  }

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "mis-firebird-"));
    this.user = server_user("firebird");
  }

  prepare() {
    for (const name of ["lock", "bases", "intl"]) mkdirSync(join(this.folder, name));
    copyFileSync(realpathSync(join(engine, "intl/libfbintl.so")), join(this.folder, "intl/libfbintl.so"));
    for (const name of ["plugins.conf", "fbintl.conf"]) copyFileSync(realpathSync(join(settings, name)), join(this.folder, name));
    copyFileSync(realpathSync(join(settings, "fbintl.conf")), join(this.folder, "intl/fbintl.conf"));
    copyFileSync(realpathSync(join(engine, "firebird.msg")), join(this.folder, "firebird.msg"));
    const security = join(this.folder, "security3.fdb");
    writeFileSync(join(this.folder, "firebird.conf"), [
      `RemoteServicePort = ${this.port}`, "RemoteBindAddress = 127.0.0.1", `SecurityDatabase = ${security}`, `IpcName = MIS${this.port}`,
      "AuthServer = Srp", "UserManager = Srp", "WireCrypt = Enabled", "ServerMode = Super", "",
    ].join("\n"));
    writeFileSync(join(this.folder, "databases.conf"), `security.db = ${security}\n{\n    RemoteAccess = false\n}\n`);
    writeFileSync(join(this.folder, "set_up.sql"), `create database '${security}';\ncreate or alter user SYSDBA password '${password}' using plugin Srp;\ncommit;\nquit;\n`);
    this.give(this.folder);
    const made = spawnSync("isql-fb", ["-q", "-user", "SYSDBA", "-i", join(this.folder, "set_up.sql")], { ...this.identity(), encoding: "utf8" });
    assert.equal(made.status, 0, made.stderr);
  }

  give(path) {
    if (!this.user) return;
    chownSync(path, this.user.uid, this.user.gid);
    if (existsSync(path) && path === this.folder) chmodSync(path, 0o755);
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isDirectory()) this.give(join(path, entry.name));
      else chownSync(join(path, entry.name), this.user.uid, this.user.gid);
  }
  identity() {
    const environment = { PATH: "/usr/sbin:/usr/bin:/bin", LC_ALL: "C", FIREBIRD: this.folder, FIREBIRD_LOCK: join(this.folder, "lock"), FIREBIRD_TMP: join(this.folder, "lock") };
    return { env: environment, cwd: this.folder, ...this.user };
  }

  async start() {
    const log = openSync(join(this.folder, "output.log"), "a", 0o644);
    this.child = spawn("/usr/sbin/firebird", [], { ...this.identity(), stdio: ["ignore", log, log] });
    closeSync(log);
    this.ended = new Promise((resolve) => this.child.on("exit", resolve));
    await until("the Firebird server accepts connections", () => accepts(this.port), 20);
  }
  async kill() {
    if (!this.child) return;
    this.child.kill("SIGKILL");
    await this.ended;
    this.child = undefined;
  }
  file(name) {
    return join(this.folder, "bases", name);
  }
}

// A clinic whose base lies on a server, reached over TCP by the gateway, the simulator and isql.
export async function clinic_on(server, t, size = {}) {
  const clinic = await Clinic.make(t, { base: "none", ...size });
  use(clinic, server, "clinic.fdb");
  clinic.environment.FIREBIRD = server.folder; // message file and settings of the client
  clinic.create_base();
  await clinic.receiver.start();
  return clinic;
}
export function use(clinic, server, name) {
  clinic.base = `127.0.0.1/${server.port}:${server.file(name)}`;
  clinic.simulator_login = ["--user", "SYSDBA", "--password", password];
  clinic.isql_login = ["-user", "SYSDBA", "-password", password, clinic.base];
  clinic.environment.MIS_TEST_PASSWORD = password;
  clinic.firebird = { host: "127.0.0.1", port: server.port, database: server.file(name), user: "SYSDBA", password_env: "MIS_TEST_PASSWORD", connect_seconds_max: 5 };
}
