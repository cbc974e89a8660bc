// An ODBC client in a process of its own (odbc_client.py), as a test speaks to it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export class OdbcError extends Error {
  constructor(found) {
    super(found.map(([state, native, text]) => `${state} ${native} ${text}`).join("; "));
    [[this.state, this.native]] = found;
    this.found = found;
  }
}

export class OdbcClient {
  // environment: what else the process is to see, FREETDSCONF for one
  constructor(t, environment = {}) {
    this.child = spawn("/usr/bin/python3", [fileURLToPath(new URL("odbc_client.py", import.meta.url))], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { PATH: process.env.PATH, LC_ALL: "C.UTF-8", PYTHONIOENCODING: "utf-8", ...environment },
    });
    this.waiting = [];
    createInterface({ input: this.child.stdout }).on("line", (line) => this.waiting.shift()?.resolve(JSON.parse(line)));
    this.child.on("exit", (code, signal) => {
      for (const { reject } of this.waiting) reject(new Error(`the ODBC client ended (${signal ?? code})`));
    });
    t.after(() => this.child.kill("SIGKILL"));
  }
  async ask(...command) {
    const answer = await new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(`${JSON.stringify(command)}\n`);
    });
    if (answer.error) throw new OdbcError(answer.error);
    return answer.ok;
  }
  // The rows of one statement, as lists of text.
  async rows(sql) {
    await this.ask("direct", sql);
    return this.ask("fetch");
  }
  async fails(...command) {
    try {
      await this.ask(...command);
    } catch (error) {
      if (error instanceof OdbcError) return error;
      throw error;
    }
    return assert.fail(`${command.join(" ")} did not fail`);
  }
}

export const connection_string = (port, settings = {}) =>
  Object.entries({
    Driver: "FreeTDS",
    Server: "127.0.0.1",
    Port: port,
    Database: "clinic",
    UID: "sa",
    PWD: "Passw0rd",
    TDS_Version: "7.4",
    ClientCharset: "UTF-8",
    Encryption: "off",
    ...settings,
  })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join(";");
