// Receivers that misbehave in ways of their own, one sink each, all of one gateway. What it breaks: the wire, the answers, the sizes, the statuses. Which loss it
// looks for: an event that one of them never gets, gets under another id or out of its key's order, or that is given up although the receiver came to itself.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Clinic, until } from "../system/clinic.mjs";
import { OddReceiver, reply } from "./odd_receiver.mjs";

const fine = (request, socket, receiver) => {
  receiver.take(request);
  socket.write(reply(204));
};
// The first `count` requests go wrong.
const first = (count, wrong) => (request, socket, receiver) => (request.number <= count ? wrong : fine)(request, socket, receiver);
// Everything goes wrong until this much time is over.
const during = (ms, wrong) => {
  let begin;
  return (request, socket, receiver) => {
    begin ??= Date.now();
    (Date.now() - begin < ms ? wrong : fine)(request, socket, receiver);
  };
};
const refuse = (status, headers) => (request, socket) => socket.write(reply(status, "default backend", headers));
const take_and = (answer) => (request, socket, receiver) => {
  receiver.take(request);
  answer(socket, request);
};
const at_most = (count, wrong) => (request, socket, receiver) => (request.events.length > count ? wrong : fine)(request, socket, receiver);

const tolerable = {
  "a page of three megabytes": take_and((socket) => socket.write(reply(200, `<html>${"x".repeat(3_000_000)}</html>`))),
  "its answers packed": take_and((socket) => {
    const body = gzipSync('{"rejected":[]}');
    socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`);
    socket.write(body);
  }),
  "HTTP/1.0 without a length": take_and((socket) => socket.end("HTTP/1.0 200 OK\r\n\r\nthanks")),
  "204 with a body": take_and((socket) => socket.write("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello")),
  "chunks with trailers": take_and((socket) => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nretry-after: 99\r\nx: y\r\n\r\n')),
  "100 and 103 before 200": take_and((socket) => socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${reply(200, "{}")}`)),
  "closes what it said it keeps": take_and((socket) => socket.end(reply(200, "{}"))),
  "a length longer than its body": take_and((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"ok":true}')),
  "a body that never ends": take_and((socket) => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\n{"ok":true}\r\n')),
  "504 to more than seven": at_most(7, refuse(504)),
  "a reset at more than seven": at_most(7, (request, socket) => socket.resetAndDestroy()),
  "413 to more than seven": at_most(7, refuse(413)),
  "silence to more than seven": at_most(7, () => {}),
  "400 to packed bodies": (request, socket, receiver) => (request.is_packed ? refuse(400) : fine)(request, socket, receiver),
  "403 to packed bodies": (request, socket, receiver) => (request.is_packed ? refuse(403) : fine)(request, socket, receiver),
  "500 to packed bodies": (request, socket, receiver) => (request.is_packed ? refuse(500) : fine)(request, socket, receiver),
  "a reset at packed bodies": (request, socket, receiver) => (request.is_packed ? (_, s) => s.resetAndDestroy() : fine)(request, socket, receiver),
  ...Object.fromEntries([400, 401, 403, 404, 405, 407, 422].map((status) => [`${status} for a second`, during(1000, refuse(status))])),
  "a redirect at first": first(4, refuse(307, { location: "http://127.0.0.1:9/elsewhere" })),
  "garbage at first": first(3, (request, socket) => socket.end("SSH-2.0-odd\r\n")),
  "a head in drops at first": first(2, (request, socket) => {
    const timer = setInterval(() => socket.write("H"), 100);
    socket.on("close", () => clearInterval(timer));
  }),
  "megabytes of headers at first": first(2, (request, socket) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    for (let i = 0; i < 4000; ++i) socket.write(`x-${i}: ${"y".repeat(1000)}\r\n`);
  }),
  "a half-closed connection at first": first(3, (request, socket) => socket.end()),
  "unreadable at first, taking all but one": first(3, (request, socket, receiver) => {
    receiver.events.push(...request.events.slice(1));
    socket.write(reply(200, `{"rejected":[{"id":"${request.events[0].id}"`));
  }),
};

const check_sequences = (name, events) => {
  const seen = new Set();
  const keys = new Map();
  for (const event of events) {
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    const last = keys.get(event.partitionkey) ?? 0;
    keys.set(event.partitionkey, Number(event.sequence.slice(6)));
    assert.equal(Number(event.sequence.slice(6)), last + 1, `${name}: ${event.partitionkey} after ${last}`);
  }
};

async function sinks_of(t, clinic, behaviours, settings = {}) {
  const receivers = new Map();
  const sinks = [];
  for (const [index, [name, behave]] of Object.entries(behaviours).entries()) {
    const receiver = await OddReceiver.listen(behave);
    t.after(() => receiver.close());
    receivers.set(name, receiver);
    sinks.push({ ...clinic.webhook_sink({ url: `http://127.0.0.1:${receiver.port}/events`, answer_timeout_ms: 1500, ...settings }), name: `odd-${index}` });
  }
  return { receivers, sinks };
}

test("whatever a receiver does, it has every event in the end, in order, and nothing was given up", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 12 });
  const { receivers, sinks } = await sinks_of(t, clinic, { control: fine, ...tolerable }, { batch_events_max: 30, parallel: 2 });
  clinic.write_config({ sinks });
  await clinic.gateway.start();
  await until("the backfill has arrived", () => receivers.get("control").ids.size > 40);
  await clinic.live({ actions: 15, rate: 30 });
  await until("nothing waits", async () => {
    const metrics = await clinic.gateway.metrics();
    const waiting = sinks.filter((sink) => metrics[`mis_gateway_outbox_events{sink="${sink.name}"}`] !== 0);
    return waiting.length === 0;
  }, 240).catch(async (error) => {
    const metrics = await clinic.gateway.metrics();
    const names = [...receivers.keys()];
    const stuck = sinks.flatMap((sink, i) => (metrics[`mis_gateway_outbox_events{sink="${sink.name}"}`] === 0 ? [] : [`${names[i]} (${receivers.get(names[i]).requests.length} requests)`]));
    assert.fail(`${error.message}: ${stuck.join(", ")}\n${JSON.stringify((await clinic.gateway.health()).reasons, null, 1)}`);
  });
  const all = receivers.get("control").ids;
  for (const [name, receiver] of receivers) {
    assert.deepEqual(receiver.ids, all, name);
    if (!name.startsWith("unreadable")) check_sequences(name, receiver.events); // that one passed over an event by itself
  }
  assert.deepEqual(clinic.command("dead-letters", "--json").json, []);
  for (const name of ["400 to packed bodies", "403 to packed bodies"])
    assert.ok(receivers.get(name).requests.filter((one) => one.headers["content-encoding"]).length <= 4, `${name}: gzip is given up`);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("what an operator has to mend is told, each by its own text, and what is unreadable stops", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  const made = (name, days, subject) => {
    const [cert, key] = [join(clinic.folder, `${name}.pem`), join(clinic.folder, `${name}.key`)];
    const ran = spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", String(days), "-subj", `/CN=${subject}`,
      "-addext", `subjectAltName=DNS:${subject}`, "-keyout", key, "-out", cert], { encoding: "utf8" });
    assert.equal(ran.status, 0, ran.stderr);
    return { file: cert, tls: { cert: readFileSync(cert), key: readFileSync(key) } };
  };
  const proxy = (answer) => OddReceiver.listen((request, socket) => socket.end(answer));
  const behaviours = {
    "sends us to http://127.0.0.1:9,": refuse(308, { location: "http://127.0.0.1:9/new-path" }),
    "it does not know us": refuse(401),
    "nothing is at that address": refuse(404),
    "cannot be told which events were taken": (request, socket) => socket.write(reply(200, '{"rejected":["stranger"],"took_ms":1.5}')),
    "asks to wait 86400 s or more": refuse(429, { "retry-after": "99999999999999999999" }),
  };
  const { receivers, sinks } = await sinks_of(t, clinic, behaviours);
  const texts = Object.keys(behaviours);
  const add = (text, settings) => {
    sinks.push({ ...clinic.webhook_sink(settings), name: `mend-${texts.length}` });
    texts.push(text);
  };
  const tls = async (certificate) => {
    const receiver = await OddReceiver.listen(fine, { tls: certificate.tls });
    t.after(() => receiver.close());
    return receiver;
  };
  const [good, stranger] = [made("good", 2, "localhost"), made("stranger", 2, "elsewhere.example")];
  const good_port = (await tls(good)).port;
  add("self-signed certificate", { url: `https://localhost:${good_port}/events` });
  add("no alternative certificate subject name matches", { url: `https://localhost:${(await tls(stranger)).port}/events`, authority_file: stranger.file });
  add("Could not resolve host", { url: "https://nowhere.invalid/events" });
  for (const [status, text] of [[407, "it wants a login: see proxy_login_file"], [502, "the proxy itself answers HTTP 502"]]) {
    const one = await proxy(`HTTP/1.1 ${status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
    t.after(() => one.close());
    add(text, { url: "https://exchange.example/events", proxy: `http://127.0.0.1:${one.port}` });
  }
  clinic.write_config({ sinks });
  await clinic.gateway.start();
  let reasons = [];
  await until(() => `all are told: ${JSON.stringify(reasons, null, 1)}`, async () => {
    reasons = (await clinic.gateway.health()).reasons;
    return texts.every((text, index) => reasons.some((one) => one.part === `sink ${sinks[index].name}` && one.reason.includes(text)));
  }, 120);
  const unreadable = receivers.get("cannot be told which events were taken");
  await until("the unreadable one has stopped", async () => (await clinic.gateway.metrics())['mis_gateway_sink_stopped{sink="odd-3"}'] === 1, 120);
  assert.ok(unreadable.requests.length >= 10 && unreadable.requests.length < 20, `${unreadable.requests.length} requests`);
  assert.equal((await clinic.gateway.metrics())['mis_gateway_delivery_attempts_total{sink="odd-3",outcome="delivered"}'] ?? 0, 0);
  assert.deepEqual(clinic.command("dead-letters", "--json").json, []);
  assert.doesNotMatch(clinic.gateway.log, /new-path/, "a path may hold a token");
  assert.equal(await clinic.gateway.stop(), 0);
});

test("no variable of the environment diverts a delivery to this machine", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  const receiver = await OddReceiver.listen(fine);
  const proxy = await OddReceiver.listen(fine);
  t.after(() => [receiver, proxy].forEach((one) => one.close()));
  clinic.write_config({ sinks: [clinic.webhook_sink({ url: `http://localhost:${receiver.port}/events`, proxy: `http://127.0.0.1:${proxy.port}` })] });
  const url = `http://127.0.0.1:${proxy.port}`;
  await clinic.gateway.start({ http_proxy: url, https_proxy: url, all_proxy: url, ALL_PROXY: url });
  await until("the receiver has events", () => receiver.events.length > 5);
  assert.equal(proxy.requests.length, 0);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("an https receiver is reached through a proxy, with a login from a file", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  const login = join(clinic.folder, "proxy.login");
  writeFileSync(login, "clinic:invented\r\n", { mode: 0o600 });
  const asked = [];
  const proxy = await OddReceiver.listen(() => {});
  proxy.on_head = ({ line, headers }, socket) => {
    asked.push([line, headers["proxy-authorization"]]);
    socket.write(headers["proxy-authorization"] ? "HTTP/1.1 502 X\r\ncontent-length: 0\r\n\r\n" : 'HTTP/1.1 407 X\r\nproxy-authenticate: Basic realm="x"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    socket.end();
    return true;
  };
  t.after(() => proxy.close());
  clinic.write_config({ sinks: [clinic.webhook_sink({ url: "https://exchange.example/events", proxy: `http://127.0.0.1:${proxy.port}`, proxy_login_file: login })] });
  await clinic.gateway.start();
  const expected = `Basic ${Buffer.from("clinic:invented").toString("base64")}`;
  await until("the proxy was asked with the login", () => asked.some(([line, given]) => line.startsWith("CONNECT exchange.example:443 ") && given === expected));
  assert.equal(await clinic.gateway.stop(), 0);
});

test("SIGHUP takes in new secrets, tokens and certificates, though gateway.yaml is the same; a broken one is refused and nothing stops", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  const token = join(clinic.folder, "token");
  writeFileSync(token, "first", { mode: 0o600 });
  const bodies = [];
  const receiver = await OddReceiver.listen((request, socket, one) => {
    bodies.push(request);
    fine(request, socket, one);
  });
  t.after(() => receiver.close());
  clinic.write_config({ sinks: [clinic.webhook_sink({ url: `http://127.0.0.1:${receiver.port}/events`, bearer_token_file: token, gzip_level: 0 })] });
  await clinic.gateway.start();
  await until("events arrive", () => bodies.length > 0);
  const fits = ({ headers, wire }, secret) =>
    headers["webhook-signature"].split(" ").includes("v1," + createHmac("sha256", Buffer.from(secret.slice(6), "base64"))
      .update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`).update(wire).digest("base64"));
  assert.ok(fits(bodies[0], clinic.secret));
  assert.equal(bodies[0].headers.authorization, "Bearer first");

  clinic.gateway.signal("SIGHUP");
  await clinic.gateway.said(/reload: nothing changed/);
  writeFileSync(token, "two\nlines\n");
  clinic.gateway.signal("SIGHUP");
  await clinic.gateway.said(/reload refused, the running configuration stays: .*several lines/);
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  writeFileSync(clinic.secret_file, `\ufeff${secret}\r\n`);
  writeFileSync(token, "second\r\n");
  clinic.gateway.signal("SIGHUP");
  await clinic.gateway.said(/webhook\.secret has another content/);
  await clinic.gateway.said(/reload: done/);
  const before = bodies.length;
  await clinic.live({ actions: 10, rate: 30 });
  await until("events arrive after it", () => bodies.length > before);
  assert.ok(fits(bodies.at(-1), secret));
  assert.equal(bodies.at(-1).headers.authorization, "Bearer second");
  assert.equal(await clinic.gateway.stop(), 0);
});

test("batch_bytes_max, connect_timeout_ms, backoff_first_ms: what a sink's settings say is what its receiver sees", async (t) => {
  const clinic = await Clinic.make(t, { patients: 30, procedures: 60 });
  const longest = new Map(); // receiver → bytes of the events of its longest request
  const measured = (request, socket, receiver) => {
    const bytes = request.wire.length - request.events.length - 1; // without brackets and commas
    longest.set(receiver, Math.max(longest.get(receiver) ?? 0, bytes));
    fine(request, socket, receiver);
  };
  const listen = async (behave) => {
    const receiver = await OddReceiver.listen(behave);
    t.after(() => receiver.close());
    return receiver;
  };
  const sink = (name, receiver, settings, scheme = "http") => ({ ...clinic.webhook_sink({ url: `${scheme}://127.0.0.1:${receiver.port}/events`, gzip_level: 0, ...settings }), name });
  const [all, some, slow, soon] = [await listen(measured), await listen(measured), await listen(refuse(500)), await listen(refuse(500))];
  const mute = createServer(); // takes the connection and never speaks TLS
  await new Promise((resolve) => mute.listen(0, "127.0.0.1", resolve));
  t.after(() => mute.close());
  mute.on("connection", (socket) => (t.after(() => socket.destroy()), socket.on("error", () => {})));
  mute.port = mute.address().port;
  clinic.write_config({
    sinks: [
      sink("all", all, {}), sink("some", some, { batch_bytes_max: 20000 }), sink("slow", slow, { parallel: 1, backoff_first_ms: 3600000, backoff_longest_ms: 3600000 }),
      sink("soon", soon, { parallel: 1, backoff_first_ms: 10, backoff_longest_ms: 10 }), sink("mute", mute, { parallel: 1, connect_timeout_ms: 200, backoff_first_ms: 10, backoff_longest_ms: 10 }, "https"),
      sink("patient", mute, { parallel: 1, connect_timeout_ms: 120000 }, "https"),
    ],
  });
  await clinic.gateway.start();
  await until("both have the same", () => all.ids.size > 150 && some.ids.size === all.ids.size);
  assert.ok(longest.get(all) > 30000, `${longest.get(all)} bytes`);
  assert.ok(longest.get(some) > 15000 && longest.get(some) <= 20000, `${longest.get(some)} bytes`);
  const attempts = async (name, outcome) => (await clinic.gateway.metrics())[`mis_gateway_delivery_attempts_total{sink="${name}",outcome="${outcome}"}`];
  await until("the mute one was tried five times", async () => (await attempts("mute", "unavailable")) >= 5, 20);
  assert.equal(await attempts("mute", "unknown"), 0, "nothing can have been taken");
  assert.equal(await attempts("patient", "unavailable"), 0, "its two minutes are not over");
  assert.ok(soon.requests.length >= 10, `${soon.requests.length} requests`);
  assert.ok(slow.requests.length <= 3, `${slow.requests.length} requests`);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("two sinks never share a folder, whatever names lead to it", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  const file = (name, folder) => ({ name, file: { folder } });
  const events = join(clinic.folder, "events");
  assert.equal(spawnSync("mkdir", [events]).status, 0);
  assert.equal(spawnSync("ln", ["-s", events, join(clinic.folder, "link")]).status, 0);
  for (const other of [events, `${events}/`, "events", "./x/../events", join(clinic.folder, "link"), join(events, "inside"), join(clinic.folder, "link", "inside", "deeper"), clinic.folder]) {
    clinic.write_config({ sinks: [file("a", events), file("b", other)] });
    for (const command of [["check"], ["sync", "--once"]]) {
      const ran = clinic.command(...command);
      assert.equal(ran.code, 2, `${other}: ${ran.stdout}${ran.stderr}`);
      assert.match(ran.stdout + ran.stderr, /sinks\[1\]\.file\.folder: is that of sink a, or inside or around it/);
    }
  }
  clinic.write_config({ sinks: [file("a", events), file("b", join(clinic.folder, "events-b"))] });
  assert.equal(clinic.command("sync", "--once").code, 0);
});
