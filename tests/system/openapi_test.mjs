// schemas/openapi.yaml against what the feed really answers: each status that it documents is brought about, and each answer has the type and the shape that stand there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { root, until } from "./clinic.mjs";
import { FeedClinic } from "./feed_clinic.mjs";

const need = createRequire(join(root, "tests/contract/package.json"));
const yaml = need("js-yaml");
const Ajv = need("ajv/dist/2020").default;

test("every documented answer of the feed comes, as it is documented, and no other", async (t) => {
  const document = yaml.load(readFileSync(join(root, "schemas/openapi.yaml"), "utf8"));
  const paths = Object.fromEntries(Object.entries(document.paths).filter(([path]) => path.startsWith("/v1/events"))); // the others are of another port
  const ajv = new Ajv({ strict: false });
  const deref = (node) => (node?.$ref === undefined ? node : node.$ref.slice(2).split("/").reduce((at, name) => at[name], document));
  const seen = new Map();
  const judge = (path, answer) => {
    const documented = paths[path].get.responses[answer.status];
    assert.ok(documented, `${path} answers ${answer.status}, of which the document says nothing: ${answer.body}`);
    const type = answer.headers["content-type"];
    const content = deref(documented).content[type];
    assert.ok(content, `${path} ${answer.status}: ${type}`);
    if (content.schema.type !== "string") {
      const schema = { ...content.schema, components: document.components };
      const valid = ajv.compile(schema);
      assert.ok(valid(answer.json), `${path} ${answer.status}: ${JSON.stringify(valid.errors)}`);
    }
    seen.set(`${path} ${answer.status}`, (seen.get(`${path} ${answer.status}`) ?? 0) + 1);
  };

  const clinic = await FeedClinic.make(t, { base: "none", readers: [{ name: "partner" }, { name: "billing", types: ["billing.*"], kept_events_max: 1000 }] });
  clinic.write_config({ limits: { free_disk_bytes_min: 1_000_000, delivered_hours_kept: 1 } });
  await clinic.start();
  clinic.push_orders(5);
  await until("the events are there", async () => (await clinic.ask("/v1/events")).json.events.length === 5);
  const early = (await clinic.ask("/v1/events?limit=2")).json.next;
  const all = (await clinic.ask("/v1/events")).json.next;

  // parameters: each documented one is taken at both of its bounds, an undocumented one is refused
  for (const [path, { get }] of Object.entries(paths))
    for (const { name, in: place, schema } of get.parameters) {
      if (place !== "query") continue;
      const good = schema.pattern ? [early] : schema.type === "integer" ? [schema.minimum, name === "wait" ? 1 : schema.maximum] : ["order.waiting"];
      for (const value of good) {
        if (path.endsWith("stream")) {
          const stream = clinic.stream({ query: `?${name}=${value}` });
          await until(`${path}?${name}=${value}`, () => stream.status === 200);
          stream.close();
        } else judge(path, await clinic.ask(`${path}?${name}=${value}`));
      }
      if (schema.type === "integer") for (const value of [schema.minimum - 1, schema.maximum + 1, "x"]) assert.equal((await clinic.ask(`${path}?${name}=${value}`)).status, 400, `${name}=${value}`);
    }

  for (const path of Object.keys(paths)) {
    judge(path, await clinic.ask(`${path}?unknown=1`));
    judge(path, await clinic.ask(path, { token: "" }));
    judge(path, await clinic.ask(`${path}?type=order.waiting`, { reader: "billing" }));
    judge(path, await clinic.ask(path, { method: "PUT" }));
    const streams = Array.from({ length: 8 }, () => clinic.stream());
    await until("eight streams", () => streams.every((stream) => stream.status === 200));
    seen.set(`/v1/events/stream 200`, streams[0].type === "text/event-stream" ? 1 : 0);
    judge(path, await clinic.ask(path));
    for (const stream of streams) stream.close();
    await until("they are closed", async () => (await clinic.gateway.metrics())['mis_gateway_feed_streams{reader="partner"}'] === 0, 60);
  }
  assert.equal(await clinic.gateway.stop(), 0);

  // the cursors' answers: of a store from which all is pruned, and of a fresh one that keeps who it is
  clinic.alter_store("update outbox_segment set at_us = at_us - 1000 * 3600 * 1000000;");
  await clinic.start();
  await until("all is pruned", async () => (await clinic.ask("/v1/events")).json.events.length === 0, 150);
  for (const path of Object.keys(paths)) judge(path, await clinic.ask(`${path}?after=${early}`));
  assert.equal(await clinic.gateway.stop(), 0);
  clinic.alter_store("update outbox_state set last_position = 3; delete from outbox_segment;");
  await clinic.start().catch(() => {});
  if (clinic.gateway.running) for (const path of Object.keys(paths)) judge(path, await clinic.ask(`${path}?after=${all}`));

  const missing = Object.entries(paths).flatMap(([path, { get }]) => Object.keys(get.responses).map((status) => `${path} ${status}`)).filter((one) => !seen.has(one));
  // 503 is a store that fails or a gateway that stops between a question and its answer: tests/faults
  assert.deepEqual(missing.filter((one) => !one.endsWith("503")), []);
});
