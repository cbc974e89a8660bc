// What the tests of the stand-in share: a base, a server on it, and clients of others that speak to it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { PostgresServer } from "../postgres.mjs";
import { connection_string, OdbcClient } from "./odbc.mjs";
import { TdsServer } from "./server.mjs";

// One for a file of tests: bench.postgres, bench.server, bench.folder.
export function make_bench() {
  const bench = { folder: mkdtempSync(join(tmpdir(), "mis-tds-test-")) };
  before(async () => {
    bench.postgres = await PostgresServer.make();
    bench.server = await TdsServer.start({ postgres: bench.postgres.url, time_zone: "Europe/Moscow", log: () => {} });
  });
  after(async () => {
    await bench.server?.stop();
    await bench.postgres?.remove();
    rmSync(bench.folder, { recursive: true, force: true });
  });

  // A server of the test's own on the same base.
  bench.start = async (t, options) => {
    const own = await TdsServer.start({ postgres: bench.postgres.url, log: () => {}, ...options });
    t.after(() => own.stop());
    return own;
  };
  bench.connect = async (t, settings = {}, { port = bench.server.port, environment } = {}) => {
    const client = new OdbcClient(t, environment);
    await client.ask("connect", connection_string(port, settings));
    return client;
  };
  // A program that speaks to the server must not block this process: the server lives in it.
  bench.run = (command, args, { input = "", environment = {} } = {}) => {
    const child = spawn(command, args, { env: { PATH: process.env.PATH, LC_ALL: "C.UTF-8", HOME: bench.folder, TDSVER: "7.4", ...environment } });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.stdin.end(input);
    const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => (clearTimeout(timer), resolve({ code, output })));
    });
  };
  bench.tsql = (sql, { port = bench.server.port, user = "sa", password = "Passw0rd", database = "clinic" } = {}) =>
    bench.run("tsql", ["-H", "127.0.0.1", "-p", String(port), "-U", user, "-P", password, "-D", database], { input: `${sql}\ngo\nexit\n` });
  return bench;
}
