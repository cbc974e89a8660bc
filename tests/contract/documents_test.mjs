// asyncapi.yaml and openapi.yaml: valid for the official parsers, and what the processes really speak: the types of events, the requests of the webhook, the
// routes and answers of the gateway's own server.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Parser, fromFile } from "@asyncapi/parser";
import { bundle, createConfig, lint } from "@redocly/openapi-core";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { Clinic, root, until } from "../system/clinic.mjs";
import { vector, vectors_folder } from "./vectors.mjs";

const schemas = join(root, "schemas");
const asyncapi = async () => fromFile(new Parser(), join(schemas, "asyncapi.yaml")).parse();
const openapi = async () => (await bundle({ ref: join(schemas, "openapi.yaml"), config: await createConfig({}), dereference: true })).bundle.parsed;
const event_types = readdirSync(join(schemas, "event")).map((name) => `mis.${name.slice(0, -".json".length)}`).sort();
const events_in = (text) => text.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));

test("asyncapi.yaml is valid for AsyncAPI's own parser, and tells of each event in every channel", async () => {
  const { document, diagnostics } = await asyncapi();
  assert.deepEqual(diagnostics.filter(({ severity }) => severity < 2).map(({ message, path }) => `${path.join("/")}: ${message}`), []); // errors and warnings
  assert.deepEqual(document.channels().all().map((channel) => channel.id()).sort(), ["answers", "inbox", "jetstream", "webhook"]);
  const messages = document.channels().get("inbox").messages().all().map((message) => message.name()).sort();
  assert.deepEqual(messages, readdirSync(join(schemas, "inbox")).map((name) => name.slice(0, -".json".length)).sort(), "each message of the inbox by its own schema");
  for (const channel of ["jetstream", "webhook"].map((id) => document.channels().get(id))) {
    const told = channel.messages().all();
    assert.deepEqual(told.map((message) => message.name()).sort(), event_types, channel.id());
    for (const message of told) assert.equal(message.payload().title(), message.name(), "each by its own schema");
  }
});

for (const name of readdirSync(schemas).filter((name) => name.endsWith("openapi.yaml")))
  test(`${name} is valid for Redocly's linter`, async () => {
    const config = await createConfig({ extends: ["recommended"], rules: { "operation-4xx-response": "off" } }); // who asks for health cannot ask wrongly
    const problems = await lint({ ref: join(schemas, name), config });
    assert.deepEqual(problems.map(({ message, location }) => `${location?.[0]?.pointer}: ${message}`), []);
  });

test("the types that the program says are those of the documents: none more, and those that no scenario can say are known by name", () => {
  const said = new Set();
  const folder = join(root, "tests/scenarios"); // tests/scenarios/binary_test.mjs holds the program against these tables
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".expected.txt")))
    for (const [, type] of readFileSync(join(folder, name), "utf8").matchAll(/^  (\S+)/gm)) said.add(`mis.${type}.v1`);
  for (const name of readdirSync(vectors_folder).filter((name) => name.endsWith(".events.jsonl"))) for (const { type } of events_in(vector(name))) said.add(type);
  assert.deepEqual([...said].filter((type) => !event_types.includes(type)), []);
  // of sources and people that answer: what a running gateway alone says
  const elsewhere = { "feedback.answered": "system/", "source.degraded": "faults/", "source.recovered": "faults/", "order.unlinked": "system/", "slots.changed": "system/" };
  const unsaid = event_types.filter((type) => !said.has(type)).map((type) => type.slice("mis.".length, -".v1".length));
  assert.deepEqual(unsaid.filter((type) => !(type in elsewhere)), [], "a type in the documents that nothing shows to exist");
  for (const type of unsaid) {
    const tests = join(root, "tests", elsewhere[type]);
    const named = readdirSync(tests).some((name) => name.endsWith(".mjs") && readFileSync(join(tests, name), "utf8").includes(type));
    assert.ok(named, `${type} is said in no test of tests/${elsewhere[type]}`);
  }
});

test("the webhook's requests are as openapi.yaml says: method, type, headers, body", async (t) => {
  const clinic = await Clinic.make(t, { base: "none" });
  const requests = [];
  const server = createServer((request, answer) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      requests.push({ method: request.method, headers: request.headers, body: Buffer.concat(chunks) });
      answer.writeHead(204).end();
    });
  });
  t.after(() => server.close());
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  clinic.write_config({ sources: [], sinks: [clinic.webhook_sink({ url: `http://127.0.0.1:${server.address().port}/` })] });
  const file = join(clinic.folder, "messages.json");
  writeFileSync(file, JSON.stringify(JSON.parse(vector("inbox.json")).slice(0, 1).map(({ message }) => message)));
  assert.equal(clinic.command("inbox", "push", file).code, 0);
  await clinic.gateway.start();
  await until("something was delivered", () => requests.length > 0);
  await clinic.gateway.stop();

  const { webhooks } = await openapi();
  const { post } = webhooks.events;
  const { document } = await asyncapi();
  const messages = new Map(document.channels().get("webhook").messages().all().map((message) => [message.name(), message]));
  const ajv = addFormats(new Ajv({ strict: false }));
  for (const { method, headers, body } of requests) {
    assert.equal(method, "POST");
    const media = post.requestBody.content[headers["content-type"].split(";")[0]];
    assert.ok(media, headers["content-type"]);
    for (const { name, required, schema } of post.parameters) {
      if (required) assert.ok(name in headers, name);
      if (name in headers) assert.ok(ajv.validate(schema, headers[name]), `${name}: ${headers[name]}`);
    }
    const events = JSON.parse(headers["content-encoding"] === "gzip" ? gunzipSync(body) : body);
    assert.ok(Array.isArray(events) && events.length > 0);
    for (const event of events) {
      const validate = ajv.compile({ ...messages.get(event.type).payload().json(), $id: undefined });
      assert.ok(validate(event), `${event.type}: ${JSON.stringify(validate.errors)}`);
    }
  }
});

test("the inbox's questions and answers are as openapi.yaml says, and it takes what the document says", async (t) => {
  const clinic = await Clinic.make(t, { base: "none" });
  const token = join(clinic.folder, "inbox.token");
  writeFileSync(token, "a-token\n", { mode: 0o600 });
  const messages = JSON.parse(vector("inbox.json")).slice(0, 5).map(({ message }) => message);
  const [asked, told] = [[], []];
  const { webhooks: { inbox } } = await openapi();
  const ajv = addFormats(new Ajv({ strict: false }));
  const valid = (schema, value, what) => assert.ok(ajv.validate(schema, value), `${what}: ${ajv.errorsText()}`);
  const server = createServer((request, answer) => {
    const url = new URL(request.url, "http://exchange.example");
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      (request.method === "GET" ? asked : told).push({ headers: request.headers, query: Object.fromEntries(url.searchParams), body: Buffer.concat(chunks).toString() });
      if (request.method === "POST") return answer.writeHead(204).end();
      if (url.searchParams.get("cursor") === "first-page") return setTimeout(() => answer.writeHead(204).end(), 200);
      const page = { messages, next: "first-page" };
      valid(inbox.get.responses["200"].content["application/json"].schema, page, "the page of this test");
      answer.writeHead(200, { "content-type": "application/json", "next-cursor": page.next }).end(JSON.stringify(page));
    });
  });
  t.after(() => server.close());
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  clinic.write_config({
    sources: [], sinks: [clinic.file_sink()], export: { mode: "ordered" },
    inbox: { http: { url: `http://127.0.0.1:${server.address().port}/inbox`, bearer_token_file: token, wait_seconds: 5 } },
  });
  await clinic.gateway.start();
  await until("it asks behind the page that it answered", () => told.length > 0 && asked.some(({ query }) => query.cursor === "first-page"));
  await clinic.gateway.stop();

  for (const { headers, query } of asked) {
    assert.equal(headers.authorization, "Bearer a-token");
    for (const { name, required, schema } of inbox.get.parameters) {
      if (required) assert.ok(name in query, name);
      if (name in query) valid(schema, schema.type === "integer" ? Number(query[name]) : query[name], name);
    }
    assert.deepEqual(Object.keys(query).filter((name) => !inbox.get.parameters.some((one) => one.name === name)), []);
  }
  const { schema } = inbox.post.requestBody.content["application/json"];
  for (const { headers, body } of told) {
    assert.equal(headers["content-type"].split(";")[0], "application/json");
    valid(schema, JSON.parse(body), "answers");
  }
  const given = JSON.parse(told[0].body).answers.map(({ index, ...rest }) => rest);
  assert.deepEqual(given, JSON.parse(vector("inbox.json")).slice(0, 5).map(({ answer }) => answer), "the answers of the vectors, over the wire");
});

// Paths of the feed and the like stand behind settings of their own: the tests of each ask them.
test("the gateway's own server answers the routes of openapi.yaml as it says, and others with 404", async (t) => {
  const clinic = await Clinic.make(t, { base: "none" });
  clinic.write_config({ sources: [], sinks: [clinic.file_sink()] });
  await clinic.gateway.start();
  const { paths } = await openapi();
  const ajv = addFormats(new Ajv({ strict: false }));
  const watching = Object.keys(paths).filter((path) => !path.startsWith("/v1/"));
  assert.deepEqual(watching.sort(), ["/healthz", "/livez", "/metrics", "/readyz"]);
  for (const path of watching) {
    const { status, type, body } = await clinic.gateway.http(path);
    const said = paths[path].get.responses[String(status)];
    assert.ok(said, `${path} answers ${status}`);
    const media = said.content[type.split(";")[0]];
    assert.ok(media, `${path}: ${type}`);
    assert.ok(ajv.validate(media.schema, type.startsWith("application/json") ? JSON.parse(body) : body), `${path}: ${ajv.errorsText()}`);
  }
  assert.equal((await clinic.gateway.http("/nothing")).status, 404);
  await clinic.gateway.stop();
});
