// What listens, attacked through the real program with raw sockets: slow and endless heads, bodies, bombs, floods of connections, odd HTTP/1.1, odd methods, old TLS, callers without
// certificates, IPv6. Whatever is sent, the next reader is served.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { connect as tls_connect } from "node:tls";
import { gzipSync } from "node:zlib";
import { until } from "./clinic.mjs";
import { FeedClinic } from "./feed_clinic.mjs";

// Writes, and gives what came until the other side closed: {text, ms}
const raw = (clinic, bytes, { port = clinic.port, wait_ms = 40_000 } = {}) =>
  new Promise((resolve) => {
    const began = Date.now();
    const chunks = [];
    const socket = connect({ port, host: clinic.host });
    const over = () => resolve({ text: Buffer.concat(chunks).toString(), ms: Date.now() - began });
    const timer = setTimeout(() => socket.destroy(), wait_ms);
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => {});
    socket.on("close", () => (clearTimeout(timer), over()));
    socket.write(bytes);
  });
const head = (lines, token) => ["GET /v1/events?limit=1 HTTP/1.1", "Host: feed", ...(token ? [`Authorization: Bearer ${token}`] : []), ...lines, "", ""].join("\r\n");
const served = async (clinic) => assert.equal((await clinic.ask("/v1/events?limit=1")).status, 200);

test("heads and bodies: odd, endless, slow, packed bombs, two in one; each gets its answer or is closed, and costs nobody else anything", async (t) => {
  const clinic = await FeedClinic.make(t, { base: "none" });
  await clinic.start();
  clinic.push_orders(3);
  await until("the events are there", async () => (await clinic.ask("/v1/events")).json.events.length === 3);
  const token = clinic.readers.partner.token;
  const close = "Connection: close";
  const status = async (bytes, options) => (await raw(clinic, bytes, options)).text.split(" ")[1];

  assert.equal(await status(head([close], token)), "200");
  assert.equal(await status(`GET /v1/events HTTP/1.1\r\nAuthorization: Bearer ${token}\r\n${close}\r\n\r\n`), "400", "no Host");
  assert.equal(await status(`GET /v1/events HTTP/1.1\r\nHost: a\r\nHost: b\r\nAuthorization: Bearer ${token}\r\n${close}\r\n\r\n`), "400", "two Hosts");
  assert.equal(await status(`GET /v1/events HTTP/1.0\r\nAuthorization: Bearer ${token}\r\n\r\n`), "200", "HTTP/1.0 needs none");
  assert.equal(await status(`GET http://feed.example/v1/events HTTP/1.1\r\nHost: feed.example\r\nAuthorization: bearer ${token}\r\n${close}\r\n\r\n`), "200", "an address as proxies write it");
  assert.equal(await status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "400");
  assert.equal(await status("\x16\x03\x01\x02\x00\x01\x00"), "400", "TLS where there is none");
  assert.equal(await status("GET /v1/events HTTP/1.1\nHost: x\n\n"), "400", "bare line ends");
  assert.equal(await status(head(["X: a\0b", close], token)), "400");
  assert.equal(await status(head([`X: ${"x".repeat(20_000)}`, close], token)), "431");
  assert.equal(await status(head([...Array.from({ length: 3000 }, (_, index) => `X${index}: y`), close], token)), "431");
  assert.equal(await status(`GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`), "431");
  assert.equal(await status(head(["Content-Length: 5", close], token) + "hello"), "413", "nobody has to send a body");
  assert.equal(await status(head(["Transfer-Encoding: chunked", close], token) + "5\r\nhello\r\n0\r\n\r\n"), "413");
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  assert.equal(await status(Buffer.concat([Buffer.from(head(["Content-Encoding: gzip", `Content-Length: ${bomb.length}`, close], token)), bomb])), "413");
  assert.equal(await status(head(["Content-Length: 3", "Transfer-Encoding: chunked", close], token) + "0\r\n\r\n"), "400", "two lengths");
  assert.equal(await status(head(["Content-Length: 3", "Content-Length: 4", close], token) + "abc"), "400");
  assert.equal(await status(head(["Content-Length: -1", close], token)), "400");
  for (const method of ["POST", "PUT", "TRACE", "CONNECT", "BREW", "get"]) assert.match(await status(head([close], token).replace("GET", method)), /^40[05]$/, method);

  const two = await raw(clinic, head([], token) + head([close], token));
  assert.equal(two.text.match(/HTTP\/1\.1 200 OK/g).length, 2, "two questions in one packet are two answers");

  const silent = await raw(clinic, "");
  assert.ok(silent.text === "" && silent.ms < 20_000, `who says nothing is closed after ${silent.ms} ms`);
  const slow = raw(clinic, "GET /v1/events HTTP/1.1\r\nHost: x\r\n");
  const dribble = new Promise((resolve) => {
    const began = Date.now();
    const socket = connect({ port: clinic.port, host: clinic.host });
    const timer = setInterval(() => socket.write("X: y\r\n"), 500);
    socket.write("GET /v1/events HTTP/1.1\r\nHost: x\r\n");
    socket.on("error", () => {});
    socket.on("close", () => (clearInterval(timer), resolve(Date.now() - began)));
  });
  await served(clinic);
  assert.ok((await slow).ms < 20_000);
  assert.ok((await dribble) < 20_000, "a line now and then buys no time");

  // an answer that is taken byte by byte, and one that is not taken
  await served(clinic);
  assert.equal((await clinic.gateway.health()).live, true);
});

test("a flood of connections: those that say nothing make room, the reader is served in between", async (t) => {
  const clinic = await FeedClinic.make(t, { base: "none" });
  await clinic.start();
  clinic.push_orders(1);
  await until("the event is there", async () => (await clinic.ask("/v1/events")).json.events.length === 1);
  const sockets = [];
  const open = (count) => {
    for (let index = 0; index < count; ++index) {
      const socket = connect({ port: clinic.port, host: clinic.host });
      socket.on("error", () => {});
      if (index % 2 === 0) socket.write("GET /v1/events HTTP/1.1\r\n");
      sockets.push(socket);
    }
  };
  for (let round = 0; round < 8; ++round) {
    open(100);
    const began = Date.now();
    await served(clinic);
    assert.ok(Date.now() - began < 5_000, `served in ${Date.now() - began} ms`);
  }
  const descriptors = spawnSync("ls", [`/proc/${clinic.gateway.child.pid}/fd`], { encoding: "utf8" }).stdout.split("\n").length;
  assert.ok(descriptors < 400, `${descriptors} descriptors`);
  for (const socket of sockets) socket.destroy();
});

test("TLS: 1.2 and newer, only with a certificate of the readers' authority where one is asked for; IPv6; no other address in the clear", async (t) => {
  const clinic = await FeedClinic.make(t, { base: "none" });
  const file = (name) => join(clinic.folder, name);
  const openssl = (...args) => {
    const ran = spawnSync("openssl", args, { encoding: "utf8", cwd: clinic.folder });
    assert.equal(ran.status, 0, ran.stderr);
  };
  const signed = (name, authority, ...more) => {
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    spawnSync("sh", ["-c", `echo "subjectAltName=IP:127.0.0.1,IP:::1" > ${file("ext")}`]);
    openssl("x509", "-req", "-in", `${name}.csr`, "-CA", `${authority}.pem`, "-CAkey", `${authority}.key`, "-CAcreateserial", "-out", `${name}.pem`, "-days", "2", "-extfile", "ext", ...more);
  };
  for (const authority of ["ours", "foreign"]) openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", `${authority}.key`, "-out", `${authority}.pem`, "-days", "2", "-subj", `/CN=${authority}`);
  signed("server", "ours");
  signed("client", "ours");
  signed("stranger", "foreign");
  const pem = (name) => readFileSync(file(name));

  clinic.feed = { listen: "0.0.0.0:0" };
  clinic.write_config();
  assert.match(clinic.command("check").stderr, /feed\.listen: would show events and tokens in the clear to other machines/);
  clinic.feed = { listen: "127.0.0.1:0", certificate_file: "server.pem" };
  clinic.write_config();
  assert.match(clinic.command("check").stderr, /feed\.key_file: belongs to the other of the two/);
  clinic.feed = { listen: "127.0.0.1:0", client_authority_file: "ours.pem" };
  clinic.write_config();
  assert.match(clinic.command("check").stderr, /feed\.client_authority_file: asks callers for certificates, which needs TLS/);
  clinic.feed = { listen: "127.0.0.1:0", certificate_file: "server.pem", key_file: "client.key" };
  clinic.write_config();
  clinic.gateway.launch();
  await until("another key is refused", () => clinic.gateway.exit !== undefined);
  assert.match(clinic.gateway.new_log, /feed\.listen: reading the key .*client\.key: key values mismatch/);

  clinic.feed = { listen: "0.0.0.0:0", certificate_file: "server.pem", key_file: "server.key", client_authority_file: "ours.pem" };
  clinic.write_config();
  const checked = clinic.command("check");
  assert.match(checked.stdout + checked.stderr, /feed +0\.0\.0\.0:0, TLS with readers' certificates/);
  await clinic.start();
  clinic.host = "127.0.0.1";
  const ours = { ca: pem("ours.pem"), cert: pem("client.pem"), key: pem("client.key") };
  assert.equal((await clinic.ask("/v1/events", ours)).status, 200);
  assert.equal((await clinic.ask("/v1/events", { ...ours, token: "" })).status, 401, "a certificate is no token");
  await assert.rejects(clinic.ask("/v1/events", { ca: ours.ca }), "no certificate");
  await assert.rejects(clinic.ask("/v1/events", { ca: ours.ca, cert: pem("stranger.pem"), key: pem("stranger.key") }), "another authority's");
  await assert.rejects(clinic.ask("/v1/events", { ...ours, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }), "TLS 1.1");
  for (const version of ["TLSv1.2", "TLSv1.3"]) assert.equal((await clinic.ask("/v1/events", { ...ours, minVersion: version, maxVersion: version })).status, 200, version);
  assert.equal((await raw(clinic, "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")).text, "", "no answer in the clear");
  const half = await new Promise((resolve) => {
    const began = Date.now();
    const socket = tls_connect({ port: clinic.port, host: "127.0.0.1", ...ours });
    socket.on("error", () => {});
    socket.on("close", () => resolve(Date.now() - began));
    socket.on("secureConnect", () => socket.write("GET /v1"));
  });
  assert.ok(half < 20_000, "a slow head over TLS ends too");
  assert.equal(await clinic.gateway.stop(), 0);

  clinic.feed = { listen: "[::1]:0" };
  clinic.write_config();
  await clinic.start();
  assert.equal(clinic.host, "::1");
  assert.equal((await clinic.ask("/v1/events")).status, 200);
});

test("check: tokens that are missing, short, open to others or somebody else's; a port that is taken; readers whose names are sinks'", async (t) => {
  const clinic = await FeedClinic.make(t, { base: "none", readers: [{ name: "partner" }, { name: "second" }] });
  const checked = () => {
    const ran = clinic.command("check");
    return ran.stdout + ran.stderr;
  };
  assert.match(checked(), /reader partner/);
  spawnSync("chmod", ["644", clinic.readers.partner.file]);
  assert.match(checked(), /partner\.token may be read by others/);
  clinic.add_reader({ name: "second", token: clinic.readers.partner.token });
  clinic.write_config();
  assert.match(checked(), /is the token of reader partner too/);
  clinic.add_reader({ name: "second", token: "short" });
  clinic.write_config();
  assert.match(checked(), /shorter than 32 characters/);
  spawnSync("rm", [clinic.readers.second.file]);
  assert.match(checked(), /second\.token: No such file/);
  clinic.add_reader({ name: "second", types: ["Billing"] });
  clinic.write_config();
  assert.match(checked(), /feed\.readers\[1\]\.types\[0\]: must be a type of event like billing\.charge/);
  clinic.add_reader({ name: "second", token_files: [] });
  clinic.write_config();
  assert.match(checked(), /has no token by which it is known/);
  delete clinic.readers.second;
  clinic.add_reader({ name: "event-log" });
  clinic.write_config();
  assert.match(checked(), /is there twice, among sinks and readers/);
  delete clinic.readers["event-log"];
  const blocker = connect({ port: 1, host: "127.0.0.1" }).on("error", () => {});
  blocker.destroy();
  const { createServer } = await import("node:net");
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.on("listening", resolve));
  clinic.feed = { listen: `127.0.0.1:${taken.address().port}` };
  clinic.write_config();
  assert.match(checked(), /feed\.listen: listening on 127\.0\.0\.1:\d+: Address already in use/);
  taken.close();
});
