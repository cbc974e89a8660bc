// The exchange's messages by a JetStream consumer (schemas/README.md section 4), on a real nats-server. The oracle is the exchange's own streams: what it
// placed, what it was answered. Every message is taken once and answered, in order, whoever is killed meanwhile.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { make_certificates, NatsClient, NatsOperator, NatsServer } from "../support/nats.mjs";
import { Clinic, program, until } from "../system/clinic.mjs";

const order = (number) => ({
  type: "order.placed", id: `m-${number}`, order: `O-${number}`, placed_at: "2026-03-02T10:00:00+03:00",
  patient: { last_name: "Тестова", birth_date: "1990-01-01" },
  items: [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: { minor: 400000, currency: "RUB" } }],
});
const amended = (number, to) => ({ ...order(number), type: "order.amended", id: `a-${number}-${to}`, patient: undefined, placed_at: undefined, items: [{ ...order(number).items[0], quantity: String(to) }] });

async function exchange_with(t, options = {}) {
  const server = await NatsServer.start(t);
  const client = await NatsClient.connect(t, server.port);
  const clinic = await Clinic.make(t, { base: "none" });
  await clinic.receiver.start();
  clinic.write_config({
    sources: [],
    inbox: { nats: { servers: [server.url], wait_seconds: 3, answer_timeout_ms: 1500, connect_timeout_ms: 1000, backoff_first_ms: 50, backoff_longest_ms: 300, ...options } },
  });
  return { server, client, clinic };
}
const place = async (client, ...messages) => {
  for (const message of messages) {
    const { body } = await client.request("mis-inbox.test-clinic", typeof message === "string" ? message : JSON.stringify(message));
    assert.ok(JSON.parse(body).seq > 0, body);
  }
};
const answers = async (client) => (await client.messages("ANSWERS")).map(({ body }) => JSON.parse(body));
const told = ({ id, answer, code }) => [id, answer, code].filter((part) => part !== undefined).join(" ");
const orders = (clinic) => clinic.command("order", "list", "--json").json.map(({ order: one }) => one).sort();
const health = (clinic, pattern) =>
  until(`health tells ${pattern}`, async () => (await clinic.gateway.health()).reasons.find(({ part, reason }) => part === "inbox" && pattern.test(reason)), 30);

test("messages come in the stream's order, are answered and acknowledged; what makes no sense is set aside", async (t) => {
  const { client, clinic } = await exchange_with(t, { messages_max: 4 });
  const check = clinic.process("check");
  check.spawn(program("mis-gateway"), ["check", "--config", clinic.config_file]);
  assert.equal((await check.ended).code, 1);
  assert.match(check.log, /inbox\.nats: no stream takes mis-inbox\.test-clinic/);

  await client.make_stream("INBOX", ["mis-inbox.*"]);
  await place(client, order(1), { ...order(2), colour: "red" }, "no JSON", { type: "order.cancelled", id: "c", order: "nobody's" }, order(1), amended(2, 2), amended(2, 3));
  await clinic.gateway.start();
  await health(clinic, /no stream takes mis-answers\.test-clinic, where we answer/);
  assert.equal((await client.api("CONSUMER.INFO.INBOX.mis-gateway-test-clinic")).num_ack_pending > 0, true, "nothing is acknowledged unanswered");
  await client.make_stream("ANSWERS", ["mis-answers.*"]);
  await until("all are answered", async () => (await answers(client)).length >= 7, 90);
  const list = await answers(client);
  assert.deepEqual(list.map(({ stream_sequence }) => stream_sequence), [1, 2, 3, 4, 5, 6, 7], "in order, each once");
  // the first page was kept before nobody took its answers
  assert.deepEqual(list.map(told), ["m-1 repeated", "m-2 repeated", "refused malformed", "c refused unknown_order", "m-1 repeated", "a-2-2 accepted", "a-2-3 accepted"]);
  assert.ok(list.every(({ reason }) => !/Тестова|1990/.test(reason ?? "")));
  await until("all are acknowledged", async () => (await client.api("CONSUMER.INFO.INBOX.mis-gateway-test-clinic")).num_ack_pending === 0);
  assert.deepEqual(orders(clinic), ["O-1", "O-2"]);

  await place(client, order(3));
  await until("one that comes while it waits", async () => (await answers(client)).length === 8, 10);
  const metrics = await clinic.gateway.metrics();
  assert.equal(metrics.mis_gateway_inbox_working, 1);
  assert.ok(metrics['mis_gateway_inbox_requests_total{outcome="answered"}'] > 0);
  const stopping = Date.now();
  assert.equal(await clinic.gateway.stop(), 0);
  assert.ok(Date.now() - stopping < 10_000);
});

test("killed around its commits, the server restarted: each message is taken once, an amendment never before its order", async (t) => {
  const { server, client, clinic } = await exchange_with(t, { messages_max: 3 });
  await client.make_stream("INBOX", ["mis-inbox.*"]);
  await client.make_stream("ANSWERS", ["mis-answers.*"]);
  // the exchange made the consumer itself, with a short wait
  await client.api("CONSUMER.DURABLE.CREATE.INBOX.mis-gateway-test-clinic", {
    stream_name: "INBOX", config: { durable_name: "mis-gateway-test-clinic", ack_policy: "explicit", deliver_policy: "all", filter_subject: "mis-inbox.test-clinic", ack_wait: 2e9, max_deliver: -1, max_ack_pending: 10 },
  });
  const placed = [];
  for (let number = 1; number <= 6; ++number) placed.push(order(number), amended(number, 2), amended(number, 3));
  await place(client, ...placed);
  for (const point of ["inbox.before_commit:1", "inbox.after_commit:1", "inbox.before_commit:2", "inbox.after_commit:2"]) {
    clinic.gateway.launch({ MIS_GATEWAY_CRASH_AT: point });
    await clinic.gateway.ended;
    assert.equal(clinic.gateway.exit.signal, "SIGKILL", point);
  }
  await clinic.gateway.start();
  await until("something more is answered", async () => (await answers(client)).length >= 6, 60);
  await server.stop("SIGKILL");
  await health(clinic, /the connection to NATS was lost|[Nn]o server/);
  await server.run();
  const again = await NatsClient.connect(t, server.port);
  await until("every message is answered", async () => new Set((await answers(again)).map(({ stream_sequence }) => stream_sequence)).size === placed.length, 120);
  const list = await answers(again);
  for (const [index, { id }] of placed.entries()) {
    const verdicts = list.filter((one) => one.stream_sequence === index + 1);
    assert.ok(verdicts.every((one) => one.id === id && ["accepted", "repeated"].includes(one.answer)), `${id}: ${verdicts.map(told)}`);
    assert.ok(verdicts.filter(({ answer }) => answer === "accepted").length <= 1, id);
  }
  assert.deepEqual(orders(clinic), ["O-1", "O-2", "O-3", "O-4", "O-5", "O-6"]);
});

test("each way to log in, TLS, and a stream behind a domain: asked by check", async (t) => {
  const { server, client, clinic } = await exchange_with(t);
  await client.make_stream("INBOX", ["mis-inbox.*"]);
  const file = (name) => join(clinic.folder, name);
  make_certificates(clinic.folder);
  for (const [name, text] of [["good", "word"], ["token", "secret-token"]]) writeFileSync(file(`${name}.secret`), `${text}\n`, { mode: 0o600 });
  let number = 0;
  const asked = async (settings, options = {}) => {
    await server.stop();
    Object.assign(server, options);
    server.configure(settings);
    await server.run();
  };
  const found = async (nats) => {
    clinic.write_config({ ...clinic.settings, inbox: { nats: { servers: [server.url], ...nats } } });
    const check = clinic.process(`check-${++number}`);
    check.spawn(program("mis-gateway"), ["check", "--config", clinic.config_file]);
    const { code } = await check.ended;
    return code === 0 || check.log;
  };
  const secure = { servers: [`tls://127.0.0.1:${server.port}`] };
  await asked(`tls { cert_file: "${file("server.pem")}", key_file: "${file("server.key")}", ca_file: "${file("ca.pem")}", verify: true }`);
  assert.match(await found({ ...secure, authority_file: file("ca.pem") }), /inbox\.nats: connecting to NATS/);
  assert.equal(await found({ ...secure, authority_file: file("ca.pem"), certificate_file: file("client.pem"), key_file: file("client.key") }), true);
  await asked("authorization { token: secret-token }");
  assert.match(await found({}), /inbox\.nats: connecting to NATS: .*see that user/);
  assert.equal(await found({ token_file: file("token.secret") }), true);
  await asked("authorization { user: clinic, password: word }");
  assert.equal(await found({ user: "clinic", password_file: file("good.secret") }), true);
  await asked("", { domain: "hub" });
  assert.match(await found({ domain: "elsewhere" }), /no JetStream of the domain elsewhere/);
  assert.equal(await found({ domain: "hub" }), true);
  const operator = new NatsOperator();
  const other = await NatsServer.start(t, { name: "o", settings: operator.settings });
  await (await NatsClient.connect(t, other.port, operator.user().login)).make_stream("INBOX", ["mis-inbox.*"]);
  writeFileSync(file("clinic.creds"), operator.user().creds, { mode: 0o600 });
  assert.equal(await found({ servers: [other.url], credentials_file: file("clinic.creds") }), true);
});
