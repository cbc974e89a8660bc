// The NATS sink on real nats-servers (schemas/README.md section 3). The oracle counts: every event that the webhook's receiver got stands in the stream, none
// other, and a key's events stand in order by their first copies, whatever was killed, cut, filled or put back meanwhile.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic, program, until } from "../system/clinic.mjs";
import { free_port, make_certificates, NatsClient, NatsOperator, NatsServer, Road } from "../support/nats.mjs";

const SUBJECTS = ["mis.test-clinic.>"];
const nats_sink = (servers, settings = {}) => ({
  name: "stream",
  nats: { servers: [servers].flat(), answer_timeout_ms: 1500, connect_timeout_ms: 1000, backoff_first_ms: 50, backoff_longest_ms: 400, look_seconds: 1, ...settings },
});

async function clinic_with(t, size, sink) {
  const clinic = await Clinic.make(t, size);
  await clinic.receiver.start();
  clinic.write_config({ sinks: [clinic.webhook_sink(), sink] });
  return clinic;
}
const waiting = async (clinic, sink = "stream") => (await clinic.gateway.metrics())[`mis_gateway_outbox_events{sink="${sink}"}`];
const delivered = (clinic, seconds = 120) => until("nothing waits", async () => (await waiting(clinic)) === 0 && (await waiting(clinic, "exchange")) === 0, seconds);
const attempts = async (clinic, outcome) => (await clinic.gateway.metrics())[`mis_gateway_delivery_attempts_total{sink="stream",outcome="${outcome}"}`];
const health = (clinic, pattern, seconds = 60) => {
  let last = [];
  return until(
    () => `health tells ${pattern}; it tells ${JSON.stringify(last)}`,
    async () => (last = (await clinic.gateway.health()).reasons.filter(({ part }) => part === "sink stream")).find(({ reason }) => pattern.test(reason)),
    seconds,
  );
};
// As clinic.command(), while servers of this process go on.
async function check(clinic) {
  const ran = clinic.process(`check${clinic.processes.length}`);
  ran.spawn(program("mis-gateway"), ["check", "--config", clinic.config_file]);
  const { code } = await ran.ended;
  return { code, stdout: ran.output, stderr: ran.log };
}

// What the stream holds against what the receiver got; gives the copies beyond the first.
async function judge(clinic, client, stream = "EVENTS") {
  let [messages, expected] = [[], new Map()];
  await until(
    () => `every event stands in the stream: ${messages.length} messages, ${expected.size} events`,
    async () => {
      expected = new Map(clinic.receiver.events.map((event) => [event.id, event]));
      messages = await client.messages(stream);
      return new Set(messages.map(({ headers }) => headers["Nats-Msg-Id"])).size === expected.size;
    },
    30,
  );
  const seen = new Set();
  const keys = new Map();
  for (const { subject, headers, body } of messages) {
    const event = JSON.parse(body);
    assert.equal(headers["Nats-Msg-Id"], event.id);
    assert.equal(headers["Content-Type"], "application/cloudevents+json");
    assert.equal(subject, `mis.test-clinic.${event.type.replace(/^mis\./, "").replace(/\.v1$/, "")}`);
    assert.deepEqual(event, expected.get(event.id), "as the webhook had it");
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    const last = keys.get(event.partitionkey) ?? 0;
    assert.equal(Number(event.sequence.slice(6)), last + 1, `${event.partitionkey} after ${last}`);
    keys.set(event.partitionkey, last + 1);
  }
  assert.equal(seen.size, expected.size, "every event stands in the stream");
  return messages.length - seen.size;
}

test("events stand in the stream under their subjects and ids, in order per key, each once", async (t) => {
  const server = await NatsServer.start(t);
  const client = await NatsClient.connect(t, server.port);
  const clinic = await clinic_with(t, { patients: 30, procedures: 90 }, nats_sink(server.url, { window_events: 16 }));

  const without = await check(clinic);
  assert.equal(without.code, 1);
  assert.match(without.stderr, /sinks\[1\]\.nats: no stream takes mis\.test-clinic\.>: let the exchange make one/);
  await clinic.gateway.start();
  await health(clinic, /no stream takes mis\.test-clinic\.\S+ now: the exchange's stream has to have the subject mis\.test-clinic\.>/);
  assert.equal((await client.api("STREAM.NAMES")).total, 0);
  await client.make_stream("EVENTS", SUBJECTS);
  await delivered(clinic);
  assert.match((await check(clinic)).stdout, /stream EVENTS takes its events/);
  assert.equal(await judge(clinic, client), 0, "no copies");
  assert.ok(clinic.receiver.events.length > 150, `${clinic.receiver.events.length} events`);

  await clinic.live({ actions: 20, rate: 40 });
  // killed and started again: what was not recorded goes again, and the stream drops it by its id
  await clinic.gateway.kill();
  await clinic.gateway.start();
  await clinic.live({ actions: 20, rate: 40, seed: 2 });
  await delivered(clinic);
  assert.equal(await judge(clinic, client), 0, "no copies");
  assert.ok((await attempts(clinic, "delivered")) > 0);
  assert.equal((await clinic.gateway.health()).reasons.filter(({ part }) => part === "sink stream").length, 0);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("TLS with a pinned authority and a client certificate; logins by password, token and a wrong one; rotated by SIGHUP", async (t) => {
  const server = await NatsServer.start(t);
  const clinic = await clinic_with(t, { patients: 10, procedures: 10 }, nats_sink(server.url));
  const file = (name) => join(clinic.folder, name);
  make_certificates(clinic.folder);
  const plain = await NatsClient.connect(t, server.port);
  await plain.make_stream("EVENTS", SUBJECTS);
  const restart = async (settings) => {
    await server.stop();
    server.configure(settings);
    await server.run();
  };
  const told = async (settings) => {
    clinic.write_config({ ...clinic.settings, sinks: [clinic.webhook_sink(), nats_sink(server.url, settings)] });
    const { code, stdout, stderr } = await check(clinic);
    return code === 0 ? stdout : stderr;
  };
  const tls = (more = "") => `tls { cert_file: "${file("server.pem")}", key_file: "${file("server.key")}", ca_file: "${file("ca.pem")}" ${more} }`;
  const secure = `tls://127.0.0.1:${server.port}`;

  await restart(tls());
  assert.match(await told({}), /see authority_file, certificate_file and key_file/, "nats:// trusts nobody either");
  assert.match(await told({ servers: [secure] }), /see authority_file, certificate_file and key_file/);
  assert.match(await told({ servers: [secure], authority_file: file("ca.pem") }), /stream EVENTS takes its events/);
  await restart(tls(", verify: true"));
  assert.match(await told({ servers: [secure], authority_file: file("ca.pem") }), /connecting to NATS: /);
  const certified = { servers: [secure], authority_file: file("ca.pem"), certificate_file: file("client.pem"), key_file: file("client.key") };
  assert.match(await told(certified), /stream EVENTS takes its events/);

  for (const [name, text] of [["good", "word"], ["bad", "wrong"], ["token", "secret-token"]]) writeFileSync(file(`${name}.secret`), `${text}\n`, { mode: 0o600 });
  await restart("authorization { token: secret-token }");
  assert.match(await told({}), /see that user and password_file, token_file or credentials_file/);
  assert.match(await told({ token_file: file("token.secret") }), /stream EVENTS takes its events/);
  await restart("authorization { user: clinic, password: word }");
  assert.match(await told({ user: "clinic", password_file: file("bad.secret") }), /Authorization Violation|authentication error/i);
  assert.match(await told({ user: "clinic", password_file: file("good.secret") }), /stream EVENTS takes its events/);
  assert.match(await told({ user: "clinic", password_file: file("good.secret"), token_file: file("token.secret") }), /several logins: keep one/);

  // the password is replaced while the gateway runs: told, and mended by the file's new content
  await told({ user: "clinic", password_file: file("good.secret") });
  await clinic.gateway.start();
  await delivered(clinic);
  await restart("authorization { user: clinic, password: another }");
  await health(clinic, /see that user and password_file/);
  writeFileSync(file("good.secret"), "another\n");
  clinic.gateway.signal("SIGHUP");
  await clinic.gateway.said(/good\.secret has another content[\s\S]*reload: done/);
  await clinic.live({ actions: 10, rate: 40 });
  await delivered(clinic);
  const client = await NatsClient.connect(t, server.port, { user: "clinic", pass: "another" });
  assert.equal(await judge(clinic, client), 0);
});

test("a .creds file: read at each connect, so that a login that ended is replaced without a word to the gateway", async (t) => {
  const operator = new NatsOperator();
  const server = await NatsServer.start(t, { settings: operator.settings });
  const client = await NatsClient.connect(t, server.port, operator.user().login);
  await client.make_stream("EVENTS", SUBJECTS);
  const clinic = await clinic_with(t, { patients: 10, procedures: 10 }, {});
  const file = (name) => join(clinic.folder, name);
  writeFileSync(file("clinic.creds"), operator.user(6).creds, { mode: 0o600 });
  clinic.write_config({ ...clinic.settings, sinks: [clinic.webhook_sink(), nats_sink(server.url, { credentials_file: file("clinic.creds") })] });
  await clinic.gateway.start();
  await delivered(clinic);
  await health(clinic, /see that user and password_file, token_file or credentials_file|the connection to NATS was lost/, 30);
  await clinic.live({ actions: 10, rate: 40 });
  assert.ok((await waiting(clinic)) > 0);
  writeFileSync(file("clinic.creds"), operator.user().creds);
  await delivered(clinic);
  assert.equal(await judge(clinic, client), 0);
});

test("a full stream, a right that is missing, a server that takes too little, one too old: told as what it is, and ends by itself", async (t) => {
  const server = await NatsServer.start(t, { settings: 'authorization { users: [{ user: a, password: a }, { user: c, password: word, permissions: { publish: ["$JS.API.>", "other.>"], subscribe: "_INBOX.>" } }] }' });
  const client = await NatsClient.connect(t, server.port, { user: "a", pass: "a" });
  await client.make_stream("EVENTS", SUBJECTS, { max_msgs: 5, discard: "new" });
  const clinic = await clinic_with(t, { patients: 10, procedures: 12 }, nats_sink(server.url, { user: "c", password_file: "word.secret" }));
  writeFileSync(join(clinic.folder, "word.secret"), "word\n", { mode: 0o600 });
  await clinic.gateway.start();
  const denied = await health(clinic, /no acknowledgement/);
  assert.match(denied.reason, /give our login the right to publish mis\.test-clinic\.>|our login may not publish there/, denied.reason);
  assert.ok((await attempts(clinic, "unknown")) > 0);
  server.configure('authorization { users: [{ user: a, password: a }, { user: c, password: word }] }');
  server.reload();
  await health(clinic, /the stream refuses it: maximum messages exceeded \(10077\)/);
  assert.equal((await client.state("EVENTS")).messages, 5);
  assert.ok((await attempts(clinic, "failed")) > 0);
  assert.equal((await clinic.gateway.metrics())['mis_gateway_dead_letters{sink="stream"}'], 0, "a full stream makes nothing poison");
  await client.api("STREAM.UPDATE.EVENTS", { name: "EVENTS", subjects: SUBJECTS, storage: "file", retention: "limits", num_replicas: 1, duplicate_window: 120e9, max_msgs: -1, discard: "new" });
  await delivered(clinic);
  assert.equal(await judge(clinic, client), 0);
  await clinic.gateway.stop();

  const small = await NatsServer.start(t, { name: "small", settings: "max_payload: 1024" });
  const old = createServer((socket) => {
    socket.on("error", () => {});
    socket.write(`INFO ${JSON.stringify({ server_id: "X", version: "2.1.9", proto: 1, host: "127.0.0.1", port: 1, max_payload: 1048576 })}\r\n`);
    socket.on("data", (bytes) => /PING/.test(bytes) && socket.write("PONG\r\n"));
  });
  await new Promise((resolve) => old.listen(0, "127.0.0.1", resolve));
  t.after(() => old.close());
  clinic.write_config({ ...clinic.settings, sinks: [clinic.webhook_sink(), nats_sink(small.url)] });
  await clinic.gateway.start();
  await clinic.live({ actions: 3, rate: 40 });
  await health(clinic, /the server takes 1024 bytes at most, and an event may be longer: raise its max_payload/);
  await clinic.gateway.stop();
  clinic.write_config({ ...clinic.settings, sinks: [clinic.webhook_sink(), nats_sink(`nats://127.0.0.1:${old.address().port}`)] });
  assert.match((await check(clinic)).stderr, /the server is too old/);
  const mute = createServer((socket) => (socket.on("error", () => {}), t.after(() => socket.destroy())));
  await new Promise((resolve) => mute.listen(0, "127.0.0.1", resolve));
  t.after(() => mute.close());
  clinic.write_config({ ...clinic.settings, sinks: [clinic.webhook_sink(), nats_sink(`nats://127.0.0.1:${mute.address().port}`, { connect_timeout_ms: 200 })] });
  const begun = Date.now();
  assert.match((await check(clinic)).stderr, /connecting to NATS: /);
  assert.ok(Date.now() - begun < 10_000, `${Date.now() - begun} ms`);
  clinic.write_config({ ...clinic.settings, sinks: [clinic.webhook_sink(), nats_sink(`nats://127.0.0.1:${await free_port()}`)] });
  assert.match((await check(clinic)).stderr, /connecting to NATS: .*[Nn]o server/);
});

test("three nodes, the stream's leader killed under load: every event stands there, each once", async (t) => {
  const routes = await Promise.all([free_port(), free_port(), free_port()]);
  const nodes = [];
  for (const [index, route] of routes.entries())
    nodes.push(new NatsServer(t, { name: `n${index + 1}`, settings: `cluster { name: c, listen: 127.0.0.1:${route}, routes: [${routes.map((one) => `nats://127.0.0.1:${one}`)}] }` }, await free_port()));
  await Promise.all(nodes.map((node) => node.run()));
  const client = await NatsClient.connect(t, nodes[0].port);
  await until("the cluster has a leader", () => client.make_stream("EVENTS", SUBJECTS, { num_replicas: 3 }).then(() => true, () => false), 60);
  const leader = async () => (await client.api("STREAM.INFO.EVENTS").catch(() => ({}))).cluster?.leader;
  const clinic = await clinic_with(t, { patients: 120, procedures: 700 }, nats_sink(nodes.map(({ url }) => url), { window_events: 64 }));
  await clinic.gateway.start();
  await until("the load is on", async () => (await attempts(clinic, "delivered")) > 100);
  let killed = 0;
  for (let round = 0; round < 2; ++round) {
    const name = await until("there is a leader", leader);
    if (name === "n1" && round === 0) {
      await client.api("STREAM.LEADER.STEPDOWN.EVENTS").catch(() => {}); // our own client stays on n1
      await until("another leads", async () => ((await leader()) ?? "n1") !== "n1");
    }
    const node = nodes.find((one) => one.name !== "n1" && one.name === name) ?? nodes[1 + round];
    await node.stop("SIGKILL");
    ++killed;
    const life = clinic.start_life({ actions: 30, rate: 30, seed: round + 1 });
    await until("another leads", async () => ![undefined, node.name].includes(await leader()), 60);
    await node.run();
    await life.ended;
    await until("the node has caught up", async () => ((await client.api("STREAM.INFO.EVENTS").catch(() => ({}))).cluster?.replicas ?? [{}]).every((one) => one.current === true), 90);
  }
  await delivered(clinic, 180);
  assert.equal(killed, 2);
  const copies = await judge(clinic, client);
  assert.equal(copies, 0, "re-sent within the stream's window, each stands there once");
});

test("a leaf node in the clinic whose uplink is cut: nothing is lost, nothing is made poison, all comes afterwards", async (t) => {
  const leaves = await free_port();
  const road = await Road.open(t, leaves);
  // what the hub tells its leaves to come back to is the road as well
  const hub = await NatsServer.start(t, { name: "hub", domain: "hub", settings: `leafnodes { listen: 127.0.0.1:${leaves}, advertise: "127.0.0.1:${road.port}" }` });
  const leaf = await NatsServer.start(t, { name: "leaf", jetstream: false, settings: `leafnodes { remotes: [{ url: "nats://127.0.0.1:${road.port}" }], reconnect: 1 }` });
  const client = await NatsClient.connect(t, hub.port);
  await client.make_stream("EVENTS", SUBJECTS);
  const clinic = await clinic_with(t, { patients: 20, procedures: 60 }, nats_sink(leaf.url, { domain: "hub" }));
  assert.match((await check(clinic)).stdout, /stream EVENTS takes its events/);
  await clinic.gateway.start();
  await delivered(clinic);
  for (let round = 1; round <= 3; ++round) {
    road.cut();
    await clinic.live({ actions: 15, rate: 60, seed: round });
    await health(clinic, /no stream takes|no acknowledgement/);
    road.mend();
    await delivered(clinic);
  }
  assert.equal((await clinic.gateway.metrics())['mis_gateway_dead_letters{sink="stream"}'], 0);
  assert.equal(await judge(clinic, client), 0);
});

test("a stream put back from an old copy, and one made anew: noticed, and what it lost is published again", async (t) => {
  const server = await NatsServer.start(t);
  let client = await NatsClient.connect(t, server.port);
  await client.make_stream("EVENTS", SUBJECTS);
  const clinic = await clinic_with(t, { patients: 20, procedures: 60 }, nats_sink(server.url));
  await clinic.gateway.start();
  await delivered(clinic);
  const lost = async () => (await clinic.gateway.metrics())['mis_gateway_stream_tails_lost_total{sink="stream"}'];

  await server.stop();
  server.keep_copy("old");
  await server.run();
  await clinic.live({ actions: 30, rate: 60 });
  await delivered(clinic);
  client = await NatsClient.connect(t, server.port);
  const before = (await client.state("EVENTS")).messages;
  await server.stop();
  server.put_back("old");
  await server.run();
  client = await NatsClient.connect(t, server.port);
  assert.ok((await client.state("EVENTS")).messages < before, "the copy is an older one");
  await clinic.gateway.said(/stream EVENTS ends at \d+ and has lost what it had acknowledged up to \d+: events from position \d+ on are published again, same ids/);
  await until("it is counted", async () => (await lost()) === 1);
  await delivered(clinic);
  await judge(clinic, client);

  // the same while the gateway is down, and another publisher has filled the place since
  await clinic.live({ actions: 10, rate: 60, seed: 3 });
  await delivered(clinic);
  await new Promise((resolve) => setTimeout(resolve, 6000)); // a mark is made every five seconds
  await delivered(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
  const { last_seq } = await client.state("EVENTS");
  await server.stop();
  server.put_back("old");
  await server.run();
  client = await NatsClient.connect(t, server.port);
  await client.api("STREAM.UPDATE.EVENTS", { name: "EVENTS", subjects: [...SUBJECTS, "mis.another.>"], storage: "file", retention: "limits", num_replicas: 1, duplicate_window: 120e9 });
  while ((await client.state("EVENTS")).last_seq < last_seq + 20) await client.request("mis.another.x", "{}");
  await clinic.gateway.start();
  await clinic.gateway.said(/has lost what it had acknowledged/);
  await delivered(clinic);
  const ours = (await client.messages("EVENTS")).filter(({ subject }) => subject.startsWith("mis.test-clinic."));
  assert.equal(new Set(ours.map(({ headers }) => headers["Nats-Msg-Id"])).size, new Set(clinic.receiver.events.map(({ id }) => id)).size);

  // gone altogether: everything that is kept goes into the new one
  const times = await lost();
  await client.api("STREAM.DELETE.EVENTS");
  await client.make_stream("EVENTS", SUBJECTS);
  await until("it is noticed", async () => (await lost()) === times + 1);
  await delivered(clinic);
  assert.equal(await judge(clinic, client), 0);
});
