// A browser's side of the console: cookie, form token, the headers that a page of ours sends, and the published description held against every answer.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const { load } = createRequire(import.meta.url)("/usr/share/nodejs/js-yaml");

// The part of JSON Schema that schemas/console.openapi.yaml uses.
export class Description {
  constructor(root) {
    this.document = load(readFileSync(join(root, "schemas/console.openapi.yaml"), "utf8"));
  }
  at(schema) {
    if (schema.$ref === undefined) return schema;
    return this.at(schema.$ref.slice(2).split("/").reduce((node, name) => node[name], this.document));
  }
  // The path's entry, by an address such as /limits/0123.
  operation(method, path) {
    for (const [pattern, entry] of Object.entries(this.document.paths)) {
      const expression = new RegExp(`^${pattern.replace(/\{[^}]+\}/g, "[^/]+")}$`);
      const literal = !pattern.includes("{") || !this.document.paths[path];
      if (literal && expression.test(path) && entry[method.toLowerCase()]) return entry[method.toLowerCase()];
    }
    return undefined;
  }
  faults(schema, value, place = "") {
    const of = this.at(schema);
    const found = [];
    const fault = (text) => found.push(`${place || "/"}: ${text}`);
    for (const part of of.allOf ?? []) found.push(...this.faults(part, value, place));
    for (const name of ["anyOf", "oneOf"])
      if (of[name] && !of[name].some((one) => this.faults(one, value, place).length === 0)) fault(`none of ${name}`);
    if (of.const !== undefined && value !== of.const) fault(`is not ${of.const}`);
    if (of.enum && !of.enum.includes(value)) fault(`${JSON.stringify(value)} is none of ${of.enum}`);
    const kind = Array.isArray(value) ? "array" : value === null ? "null" : Number.isInteger(value) ? "integer" : typeof value;
    if (of.type && of.type !== kind && !(of.type === "number" && kind === "integer")) return [...found, `${place || "/"}: ${kind}, not ${of.type}`];
    if (kind === "string") {
      if (of.pattern && !new RegExp(of.pattern).test(value)) fault(`${JSON.stringify(value)} does not match ${of.pattern}`);
      if (of.maxLength !== undefined && value.length > of.maxLength) fault(`longer than ${of.maxLength}`);
      if (of.format === "date" && !/^\d{4}-\d\d-\d\d$/.test(value)) fault(`${value} is no day`);
      if (of.format === "date-time" && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d$/.test(value)) fault(`${value} is no time`);
    }
    if (kind === "array" && of.items) value.forEach((one, i) => found.push(...this.faults(of.items, one, `${place}/${i}`)));
    if (kind === "array" && of.maxItems !== undefined && value.length > of.maxItems) fault(`more than ${of.maxItems}`);
    if (kind === "object") {
      for (const name of of.required ?? []) if (value[name] === undefined) fault(`lacks ${name}`);
      for (const [name, one] of Object.entries(value)) {
        const known = of.properties?.[name];
        if (known) found.push(...this.faults(known, one, `${place}/${name}`));
        else if (of.additionalProperties === false) fault(`has ${name}`);
        else if (typeof of.additionalProperties === "object") found.push(...this.faults(of.additionalProperties, one, `${place}/${name}`));
      }
    }
    return found;
  }
}

export class Browser {
  constructor(port, description) {
    this.port = port;
    this.description = description;
    this.covered = new Set(); // "GET /limits/{id} 200"
  }

  // One request, as it is told: nothing is added.
  raw(method, path, headers = {}, body = undefined) {
    return new Promise((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port: this.port, method, path, headers, timeout: 20_000 }, (answer) => {
        const chunks = [];
        answer.on("data", (chunk) => chunks.push(chunk));
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: answer.statusCode, headers: answer.headers, text, json: /json/.test(answer.headers["content-type"] ?? "") ? JSON.parse(text) : undefined });
        });
        answer.on("error", reject);
      });
      asked.on("error", reject);
      asked.on("timeout", () => asked.destroy(new Error(`no answer: ${method} ${path}`)));
      asked.end(body);
    });
  }

  // As our page does it; comes again where it is told that it asks too often.
  async ask(method, path, body = undefined, more = {}) {
    const headers = { Host: `127.0.0.1:${this.port}`, "Sec-Fetch-Site": "same-origin", ...more };
    if (this.cookie) headers.Cookie = this.cookie;
    if (method !== "GET") {
      headers.Origin ??= `http://127.0.0.1:${this.port}`;
      if (this.csrf) headers["X-CSRF-Token"] ??= this.csrf;
    }
    const text = body === undefined ? undefined : JSON.stringify(body);
    if (text !== undefined) headers["Content-Type"] = "application/json";
    for (;;) {
      const answer = await this.raw(method, `/console/api/v1${path}`, headers, text);
      if (answer.status === 429 && answer.json.type.endsWith(":too_many") && answer.headers["retry-after"] === "1") {
        await new Promise((resolve) => setTimeout(resolve, 300));
        continue;
      }
      this.hold_against_description(method, path.split("?")[0], answer);
      const set = answer.headers["set-cookie"]?.[0];
      if (set) this.cookie = set.split(";")[0];
      if (answer.json?.csrf) this.csrf = answer.json.csrf;
      return answer;
    }
  }

  hold_against_description(method, path, answer) {
    const { description } = this;
    assert.ok(answer.headers["x-request-number"], `${method} ${path} has a number`);
    for (const name of this.planted ?? []) if (!path.endsWith("/unmask")) assert.ok(!answer.text.includes(name), `${method} ${path} tells ${name}`);
    if (answer.status >= 400) {
      assert.match(answer.headers["content-type"], /^application\/problem\+json/, `${method} ${path}: ${answer.text}`);
      assert.deepEqual(description.faults({ $ref: "#/components/schemas/problem" }, answer.json), [], `${method} ${path}: ${answer.text}`);
    }
    const operation = description.operation(method, path);
    if (!operation || answer.status >= 400 || answer.status === 304) return;
    const stated = description.at(operation.responses[String(answer.status)] ?? assert.fail(`${method} ${path} answers ${answer.status}, which the description lacks`));
    this.covered.add(`${operation.operationId} ${answer.status}`);
    const schema = stated.content?.["application/json"]?.schema;
    if (schema && answer.json !== undefined) assert.deepEqual(description.faults(schema, answer.json), [], `${method} ${path}: ${answer.text.slice(0, 2000)}`);
  }
}
