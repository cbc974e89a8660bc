// The receiver that stands on Python's standard library (tools/receiver/examples/receiver.py) behind the real gateway: over real sockets, with answers that
// get lost on the way, with both ends killed again and again. In the end it has every event exactly once, and its books are those of the gateway's own log.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Clinic, Process, fold, get, json_lines, root, until } from "./clinic.mjs";

const script = join(root, "tools/receiver/examples/receiver.py");

class PythonReceiver extends Process {
  constructor(clinic) {
    super(clinic, "python");
    this.database = join(clinic.folder, "exchange.db");
    this.port = 0;
  }
  async start() {
    this.spawn("python3", [script, "serve", "--port", String(this.port), "--secret-file", this.clinic.secret_file, "--database", this.database]);
    this.port = Number((await this.said(/listening on http:\/\/127\.0\.0\.1:(\d+)/))[1]);
  }
  async books() {
    return JSON.parse((await get(`http://127.0.0.1:${this.port}/books`)).body);
  }
  get events() {
    const asked = spawnSync("sqlite3", ["-json", this.database, "select id, type, data from event order by arrived"], { encoding: "utf8", maxBuffer: 1 << 28 });
    assert.equal(asked.status, 0, asked.stderr);
    return JSON.parse(asked.stdout || "[]").map(({ data, ...rest }) => ({ ...rest, data: JSON.parse(data) }));
  }
}

// Between the two: now and then it takes the request through and keeps the answer.
function losing_answers(t, to, share) {
  let seed = 20260301;
  const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
  const counts = { lost: 0 };
  const server = createServer((near) => {
    const far = connect(to.port, "127.0.0.1");
    const end = () => (near.destroy(), far.destroy());
    for (const socket of [near, far]) socket.on("error", end).on("close", end);
    near.pipe(far);
    far.on("data", (chunk) => {
      if (random() < share) {
        ++counts.lost;
        end();
      } else near.write(chunk);
    });
  });
  t.after(() => server.close());
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve({ port: server.address().port, counts })));
}

test("Python's standard library is enough: every event once, through lost answers and kills of both ends", async (t) => {
  const clinic = await Clinic.make(t, { patients: 30, procedures: 60 });
  const receiver = new PythonReceiver(clinic);
  clinic.processes.push(receiver);
  await receiver.start();
  const between = await losing_answers(t, receiver, 0.15);
  clinic.write_config({
    sinks: [clinic.webhook_sink({ url: `http://127.0.0.1:${between.port}/`, batch_events_max: 20 }), clinic.file_sink()],
  });
  await clinic.gateway.start();
  const life = clinic.start_life({ actions: 120, rate: 25, seed: 7 });
  for (let round = 0; round < 4; ++round) {
    const before = receiver.events.length;
    await until("events arrive", () => receiver.events.length > before || life.exit !== undefined);
    await receiver.kill();
    if (round % 2 === 1) await clinic.gateway.kill();
    await receiver.start();
    if (round % 2 === 1) await clinic.gateway.start();
  }
  await life.ended;
  assert.equal(life.exit.code, 0, life.log);

  const rows = clinic.count().streams;
  const standing = () => {
    const known = fold(receiver.events);
    return { appointments: known.appointments.size, procedures: known.procedures.size, problems: known.problems };
  };
  await until(
    () => `the receiver knows what stands in the MIS: ${JSON.stringify(standing())} of ${JSON.stringify(rows)}`,
    () => {
      const known = standing();
      return known.appointments === rows.appointment && known.procedures === rows.procedure;
    }, 120,
  );
  const pending = async () => (await clinic.gateway.metrics())['mis_gateway_outbox_events{sink="exchange"}'];
  await until("nothing is on its way", async () => (await pending()) === 0, 120);
  assert.equal(await clinic.gateway.stop(), 0);

  const log = json_lines(join(clinic.folder, "events", "events-000001.jsonl"));
  const received = receiver.events;
  assert.deepEqual(new Set(received.map(({ id }) => id)), new Set(log.map(({ id }) => id)), "every event of the gateway's own log, and no other");
  assert.equal(received.length, new Set(log.map(({ id }) => id)).size, "each once");
  assert.deepEqual(standing().problems, []);
  const { since_start, ...books } = await receiver.books();
  assert.deepEqual([since_start.altered, since_start.late, since_start.bad_signatures, books.missing, books.open_change_sets, books.withheld], [0, 0, 0, 0, 0, 0]);
  assert.ok(between.counts.lost > 0, "answers were lost");
  assert.ok(books.charges.length > 0 && books.payments.length > 0, "there was something to add up");

  const alone = spawnSync("python3", [script, "take", join(clinic.folder, "events", "events-000001.jsonl")], { encoding: "utf8", maxBuffer: 1 << 28 });
  assert.equal(alone.status, 0, alone.stderr);
  assert.deepEqual(JSON.parse(alone.stdout), books, "the log, taken in one go, adds up to the same");
});

test("Python's receiver takes nothing unsigned, unreadable or too large, and goes on", async (t) => {
  const clinic = await Clinic.make(t, { base: "none" });
  const receiver = new PythonReceiver(clinic);
  clinic.processes.push(receiver);
  await receiver.start();
  const send = (headers, body) => fetch(`http://127.0.0.1:${receiver.port}/`, { method: "POST", headers, body }).then((answer) => answer.status);
  const signed = (body, headers = {}) => {
    const stamp = String(Math.floor(Date.now() / 1000));
    const key = Buffer.from(clinic.secret.slice("whsec_".length), "base64");
    const signature = `v1,${createHmac("sha256", key).update(`msg_1.${stamp}.`).update(body).digest("base64")}`;
    return send({ "webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature, ...headers }, body);
  };
  assert.equal(await send({}, "[]"), 401);
  assert.equal(await send({ "webhook-id": "msg_1", "webhook-timestamp": String(Math.floor(Date.now() / 1000)), "webhook-signature": "v1,AAAA é" }, "[]"), 401);
  assert.equal(await send({ "webhook-id": "msg_1", "webhook-timestamp": "²", "webhook-signature": "v1,AAAA" }, "[]"), 401);
  assert.equal(await signed(Buffer.from("[]")), 204);
  assert.equal(await signed(Buffer.from("[{")), 400);
  assert.equal(await signed(Buffer.from([0xff, 0xfe])), 400);
  assert.equal(await signed(gzipSync("[]"), { "content-encoding": "gzip" }), 204);
  assert.equal(await signed(gzipSync("[]").subarray(0, 12), { "content-encoding": "gzip" }), 400);
  assert.equal(await signed(gzipSync(Buffer.alloc(80 << 20, 32)), { "content-encoding": "gzip" }), 400, "what unpacks without end");
  assert.equal(await signed(Buffer.from('[7, {"id": "x"}]')), 200, "named as rejected");
  assert.equal(await signed(Buffer.from("[".repeat(100_000))), 400, "depth without end");
  assert.equal((await receiver.books()).events, 0);
  assert.ok(receiver.running);
});
