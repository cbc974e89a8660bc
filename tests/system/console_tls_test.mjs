// The console beyond this machine: only by TLS, under the names that are configured, with a cookie that goes no other way.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic } from "./clinic.mjs";

test("another address than loopback wants a certificate, and names", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  const refused = (console, text) => {
    clinic.write_config({ sinks: [clinic.file_sink()], console });
    const said = clinic.command("check");
    assert.notEqual(said.code, 0);
    assert.match(said.stdout + said.stderr, text);
  };
  refused({ listen: "10.0.0.5:9465" }, /console\.listen: would show the clinic's accounts in the clear to the network: give certificate_file/);
  refused({ listen: "" }, /console\.listen: has to be an address and a port/);
  refused({ listen: "127.0.0.1:9465", key_file: "console.key" }, /console\.certificate_file: belongs to the other of the two/);
  refused({ listen: "0.0.0.0:9465", certificate_file: "a", key_file: "b" }, /console\.hosts: is empty, and the address says no name/);
});

test("by TLS: the configured name is ours, the cookie is Secure", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  const made = spawnSync("openssl", [
    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=console.clinic.local", "-addext", "subjectAltName=DNS:console.clinic.local",
    "-keyout", join(clinic.folder, "console.key"), "-out", join(clinic.folder, "console.pem"),
  ]);
  assert.equal(made.status, 0, String(made.stderr));
  clinic.write_config({
    sinks: [clinic.file_sink()],
    console: { listen: "127.0.0.1:0", certificate_file: join(clinic.folder, "console.pem"), key_file: join(clinic.folder, "console.key"), hosts: ["console.clinic.local"] },
  });
  await clinic.gateway.start();
  const port = Number((await clinic.gateway.said(/console on https:\/\/127\.0\.0\.1:(\d+)/))[1]);
  const ask = (method, path, name, body) => new Promise((resolve, reject) => {
    const origin = `https://${name}:${port}`;
    const headers = { Host: `${name}:${port}`, Origin: origin, ...(body ? { "Content-Type": "application/json" } : {}) };
    const asked = request({ host: "127.0.0.1", port, method, path, headers, servername: "console.clinic.local", ca: readFileSync(join(clinic.folder, "console.pem")) }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString() }));
    });
    asked.on("error", reject);
    asked.end(body && JSON.stringify(body));
  });
  const code = clinic.command("console", "code", "--json").json[0].code;
  assert.equal((await ask("GET", "/console/", "console.clinic.local")).status, 200);
  assert.equal((await ask("GET", "/console/", "evil.example")).status, 421);
  const signed = await ask("POST", "/console/api/v1/first-user", "console.clinic.local", { code, login: "olga", password: "a password of clerks" });
  assert.equal(signed.status, 201, signed.text);
  assert.match(signed.headers["set-cookie"][0], /; HttpOnly; SameSite=Strict; Secure$/);
});
