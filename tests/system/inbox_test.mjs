// The exchange's messages fetched by long poll (schemas/README.md section 4), with the real gateway between a scripted exchange and a receiver. The oracle is
// the exchange: what it placed, what it was answered; and the receiver's events. Nothing is lost, taken twice or answered before it is kept.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { ExchangeInbox } from "../support/exchange_inbox.mjs";
import { Clinic, program, until } from "./clinic.mjs";

const order = (number) => ({
  type: "order.placed", id: `m-${number}`, order: `O-${number}`, placed_at: "2026-03-02T10:00:00+03:00",
  patient: { last_name: "Тестова", birth_date: "1990-01-01" },
  items: [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: { minor: 400000, currency: "RUB" } }],
});
const orders = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => order(from + index));

async function clinic_with(t, options = {}, settings = {}, exchange_options = {}) {
  const clinic = await Clinic.make(t, { base: "none" });
  const exchange = await ExchangeInbox.start(t, exchange_options);
  const token = join(clinic.folder, "inbox.token");
  writeFileSync(token, "clinic-token\n", { mode: 0o600 });
  await clinic.receiver.start();
  clinic.write_config({
    sources: [], ...settings,
    inbox: { http: { url: exchange.url, bearer_token_file: token, wait_seconds: 20, backoff_first_ms: 50, backoff_longest_ms: 300, ...options } },
  });
  return { clinic, exchange, token };
}
const pushes = (clinic) => clinic.command("order", "list", "--json").json.map(({ order }) => order).sort();
// As clinic.command(), while the exchange of this process goes on answering.
async function command(clinic, ...words) {
  const ran = clinic.process(words.join("-").replaceAll("-", "") + clinic.processes.length);
  ran.spawn(program("mis-gateway"), [...words, "--config", clinic.config_file]);
  const { code } = await ran.ended;
  return { code, stdout: ran.output, stderr: ran.log };
}
const status = async (clinic, name) => (await clinic.gateway.metrics())[`mis_gateway_${name}`];

test("messages come in order, are kept before they are answered, and each is told what became of it", async (t) => {
  const { clinic, exchange } = await clinic_with(t, { messages_max: 4 });
  const first = order(1);
  exchange.place(
    first,
    { ...order(2), colour: "red" },
    '{"type":"order.placed","id":"m-float","order":"OF","items":[{"id":"i1","quantity":1.5}]}',
    Buffer.concat([Buffer.from('{"type":"order.placed","id":"m-bytes","order":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    '"a text"',
    { type: "order.cancelled", id: "m-unknown", order: "nobody's" },
    first,
    { ...first, order: "O-other" },
    { type: "order.placed", id: 17, order: "O-17" },
    order(3),
  );
  await clinic.gateway.start();
  await until("every message is answered", () => exchange.answers.length >= 10);
  const told = exchange.answers.slice(0, 10).map(({ id, answer, code }) => [id, answer, code].filter((part) => part !== undefined).join(" "));
  assert.deepEqual(told, [
    "m-1 accepted", "m-2 accepted", "refused malformed", "refused malformed",
    "refused malformed", "m-unknown refused unknown_order", "m-1 repeated", "m-1 refused id_reused",
    "17 refused malformed", "m-3 accepted",
  ]);
  assert.deepEqual(exchange.answers.map(({ index }) => index).slice(0, 10), [0, 1, 2, 3, 0, 1, 2, 3, 0, 1], "by their place in the page");
  assert.deepEqual(exchange.answers[1].ignored_fields, ["/colour"]);
  assert.ok(exchange.answers.every(({ answer, reason }) => (answer === "refused") === (reason !== undefined)), "a refusal says why");
  assert.ok(exchange.answers.every(({ reason }) => !/Тестова|1990/.test(reason ?? "")), "without content");
  assert.deepEqual(pushes(clinic), ["O-1", "O-2", "O-3"]);

  // one that comes while the gateway waits is there at once, not after the wait
  await until("it waits for more", () => exchange.waiting.size === 1);
  const placed = Date.now();
  exchange.place(order(4));
  await until("it is answered", () => exchange.verdicts("m-4").length > 0);
  assert.ok(Date.now() - placed < 5_000, `${Date.now() - placed} ms`);
  await until("its event is delivered", () => clinic.receiver.events.some(({ subject }) => subject === "order/O-4"));
  assert.equal(await status(clinic, 'inbox_messages_total{answer="accepted"}'), 4);
  assert.equal(await status(clinic, 'inbox_messages_total{answer="refused"}'), 6);
  assert.equal(await status(clinic, "inbox_working"), 1);
  assert.ok((await status(clinic, "inbox_last_success_timestamp_seconds")) > Date.now() / 1000 - 60);
  assert.ok(Math.abs(await status(clinic, "inbox_clock_skew_seconds")) < 30);

  // stopping does not wait for the exchange; what was answered is not asked for again
  const stopping = Date.now();
  assert.equal(await clinic.gateway.stop(), 0);
  assert.ok(Date.now() - stopping < 10_000, "a waiting question is ended");
  const asked = exchange.asked.length;
  await clinic.gateway.start();
  await until("it asks again", () => exchange.waiting.size === 1);
  assert.equal(exchange.asked[asked].query.cursor, "c11");
});

test("killed around its commits, or its answer lost: every message is taken once and answered", async (t) => {
  const { clinic, exchange } = await clinic_with(t, { messages_max: 5 });
  exchange.place(...orders(1, 20));
  for (const point of ["inbox.before_commit:1", "inbox.after_commit:1", "inbox.before_commit:2", "inbox.after_commit:2"]) {
    clinic.gateway.launch({ MIS_GATEWAY_CRASH_AT: point });
    await clinic.gateway.ended;
    assert.equal(clinic.gateway.exit.signal, "SIGKILL", point);
  }
  const before = exchange.answers.length;
  assert.ok(before < 20, "the killed ones had not answered everything");
  let lost = 0;
  exchange.trouble = (request) => (request.method === "POST" && ++lost <= 2 ? { after: 500 } : undefined);
  await clinic.gateway.start();
  await until("all are answered and the cursor stands behind them", () => exchange.asked.some(({ query }) => query.cursor === "c20"));
  assert.ok(lost > 2, "answers were lost");
  for (let number = 1; number <= 20; ++number) {
    const verdicts = exchange.verdicts(`m-${number}`);
    assert.ok(verdicts.length >= 1, `m-${number} was answered`);
    assert.ok(verdicts.every((verdict) => verdict === "accepted" || verdict === "repeated"), `m-${number}: ${verdicts}`);
    assert.ok(verdicts.filter((verdict) => verdict === "accepted").length <= 1, `m-${number}: taken once: ${verdicts}`);
  }
  assert.deepEqual(pushes(clinic), orders(1, 20).map((one) => one.order).sort());
  await until("each order's event came", () => new Set(clinic.receiver.events.map(({ subject }) => subject)).size === 20);
  const ids = clinic.receiver.events.map(({ id }) => id);
  assert.equal(new Set(clinic.receiver.events.map(({ subject, type }) => `${subject} ${type}`)).size, new Set(ids).size, "no event was made twice");
});

test("whatever the exchange does wrong is told as what it is, and ends by itself", async (t) => {
  const { clinic, exchange, token } = await clinic_with(t, { messages_max: 8, answer_timeout_ms: 1000, wait_seconds: 1 });
  await clinic.gateway.start();
  await until("it asks", () => exchange.asked.length > 0);
  const health = async (pattern) =>
    until(
      () => `health tells ${pattern}`,
      async () => (await clinic.gateway.health()).reasons.find(({ part, reason }) => part === "inbox" && pattern.test(reason)),
    );
  const works = () => until("it works again", async () => (await status(clinic, "inbox_working")) === 1);
  const outcome = (name) => status(clinic, `inbox_requests_total{outcome="${name}"}`);

  await t.test("401 names the token's setting", async () => {
    exchange.token = "another";
    const { severity } = await health(/no messages come from the exchange for \d+ s: HTTP 401: .*bearer_token_file/);
    assert.equal(severity, "notice", "an alarm only after a while");
    writeFileSync(token, "another\n");
    clinic.gateway.signal("SIGHUP");
    await clinic.gateway.said(/inbox\.token has another content[\s\S]*reload: done/);
    await works();
  });
  await t.test("404, redirects, 500 and silence", async () => {
    for (const [trouble, pattern] of [
      [{ status: 404 }, /HTTP 404: there is no inbox at inbox\.http\.url/],
      [{ status: 302, headers: { Location: "https://elsewhere.example/" } }, /HTTP 302: .*not followed/],
      [{ status: 500 }, /HTTP 500/],
      [{ silent: true }, /timed? ?out/i],
      [{ status: 200, text: "<html>a proxy's page</html>" }, /is not of the form/],
      [{ status: 200, text: '{"messages": []}' }, /next is missing/],
    ]) {
      exchange.trouble = () => trouble;
      await health(pattern);
      exchange.trouble = () => undefined;
      await works();
    }
    assert.ok((await outcome("failed")) > 0 && (await outcome("refused")) > 0 && (await outcome("unknown")) > 0 && (await outcome("unreadable")) > 0);
  });
  await t.test("clocks that differ", async () => {
    exchange.trouble = () => ({ status: 204, headers: { Date: new Date(Date.now() - 3_600_000).toUTCString() } });
    const { reason } = await health(/the exchange's clock and this machine's differ by -3[56]\d\d s: set the clock/);
    assert.ok(reason);
    exchange.trouble = () => undefined;
    await until("they agree again", async () => Math.abs(await status(clinic, "inbox_clock_skew_seconds")) < 30);
  });
  await t.test("503 with Retry-After is obeyed", async () => {
    const at = [];
    exchange.trouble = () => (at.push(Date.now()) <= 1 ? { status: 503, headers: { "Retry-After": "2" } } : undefined);
    await until("it asked twice", () => at.length >= 2);
    exchange.trouble = () => undefined;
    assert.ok(at[1] - at[0] >= 1_900, `${at[1] - at[0]} ms`);
    assert.ok((await outcome("throttled")) > 0);
    await works();
  });
  await t.test("a page that a message spoils is asked for in halves, and that message alone is set aside", async () => {
    exchange.trouble = (request) =>
      request.method === "POST" ? undefined : { text: (place, page) => (page.some((one) => one.includes("poison")) ? '{"messages": [ {"id": "broken' : undefined) };
    exchange.place(order(1), order(2), '{"poison": 1}', order(3), order(4));
    await until("the next ones are taken", () => exchange.verdicts("m-4").includes("accepted"));
    for (const number of [1, 2, 3, 4]) assert.deepEqual(exchange.verdicts(`m-${number}`), ["accepted"]);
    const [set_aside] = exchange.answers.filter(({ index }) => index === undefined);
    assert.equal(`${set_aside.answer} ${set_aside.code}`, "refused malformed");
    assert.match(set_aside.reason, /not of the form/);
    exchange.trouble = () => undefined;
  });
  await t.test("a cursor that the exchange forgot: from the beginning, and nothing counts twice", async () => {
    await until("each order's event came", () => clinic.receiver.events.length === 4);
    exchange.trouble = (request) => (request.query.cursor !== undefined ? { status: 410 } : undefined);
    await until("it begins anew", () => exchange.asked.at(-1).query.cursor === undefined && exchange.verdicts("m-4").includes("repeated"));
    exchange.trouble = () => undefined;
    await until("it is where it was", () => exchange.asked.at(-1).query.cursor === "c5");
    assert.deepEqual(pushes(clinic), ["O-1", "O-2", "O-3", "O-4"]);
    assert.equal(clinic.receiver.events.length, 4);
  });
  await t.test("an answer that the exchange does not take is given up alone, and told", async () => {
    exchange.trouble = (request) => (request.method === "POST" && request.body.includes("m-6") ? { status: 422 } : undefined);
    exchange.place(...orders(5, 7));
    await until("the others are answered", () => exchange.verdicts("m-7").length > 0);
    await health(/1 of our answers were not taken/);
    assert.equal(await status(clinic, "inbox_answers_given_up_total"), 1);
    assert.deepEqual(pushes(clinic).slice(-3), ["O-5", "O-6", "O-7"]);
  });
});

test("sync --once takes what is there; check asks and takes nothing", async (t) => {
  const { clinic, exchange, token } = await clinic_with(t, { messages_max: 2 });
  exchange.place(...orders(1, 5));
  const checked = await command(clinic, "check");
  assert.match(checked.stdout, /inbox {6}long poll of http/);
  assert.equal(exchange.answers.length, 0);
  assert.equal(checked.code, 0, checked.stderr);
  assert.equal((await command(clinic, "sync", "--once")).code, 0);
  assert.equal(exchange.answers.length, 5);
  assert.deepEqual(pushes(clinic), ["O-1", "O-2", "O-3", "O-4", "O-5"]);

  writeFileSync(token, "wrong\n");
  const refused = await command(clinic, "check");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /inbox\.http\.url: HTTP 401: it does not take us for this clinic/);
  assert.equal((await command(clinic, "sync", "--once")).code, 1);
});

test("a token in the environment, a proxy with its login, an exchange that takes the connection and speaks no TLS", async (t) => {
  const { clinic, exchange } = await clinic_with(t);
  const { bearer_token_file, ...bare } = clinic.settings.inbox.http;
  const asked = async (http) => {
    clinic.write_config({ ...clinic.settings, inbox: { http } });
    return command(clinic, "check");
  };
  clinic.environment.MIS_TEST_TOKEN = "clinic-token";
  assert.equal((await asked({ ...bare, bearer_token_env: "MIS_TEST_TOKEN" })).code, 0);
  assert.equal(exchange.asked.length, 1);
  assert.match((await asked({ ...bare, bearer_token_file, bearer_token_env: "MIS_TEST_TOKEN" })).stderr, /bearer_token_file is given too: keep one/);

  const proxied = [];
  const proxy = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => (proxied.push(bytes.toString()), socket.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")));
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(() => proxy.close());
  writeFileSync(join(clinic.folder, "proxy.login"), "clinic:word\n", { mode: 0o600 });
  const through = await asked({ ...bare, url: "https://exchange.example/inbox", proxy: `http://127.0.0.1:${proxy.address().port}`, proxy_login_file: "proxy.login" });
  assert.match(through.stderr, /asking exchange\.example through the proxy 127\.0\.0\.1:\d+: the proxy itself answers HTTP 502/);
  assert.match(proxied[0], /^CONNECT exchange\.example:443 /);
  assert.doesNotMatch(through.stderr, /word/);

  const mute = createServer((socket) => (socket.on("error", () => {}), t.after(() => socket.destroy())));
  await new Promise((resolve) => mute.listen(0, "127.0.0.1", resolve));
  t.after(() => mute.close());
  const begun = Date.now();
  const silent = await asked({ ...bare, url: `https://127.0.0.1:${mute.address().port}/inbox`, connect_timeout_ms: 200 });
  assert.equal(silent.code, 1);
  assert.match(silent.stderr, /timed? ?out|timeout/i);
  assert.ok(Date.now() - begun < 10_000, `${Date.now() - begun} ms`);
});

// A certificate of 127.0.0.1 and the PEM that pins it; `at` and `days`: when it was made and for how long.
function certificate(folder, name, { at = "", days = 2, subject = "IP:127.0.0.1" } = {}) {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const faked = at === "" ? {} : { LD_PRELOAD: faketime, FAKETIME: at };
  const made = spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", String(days), "-keyout", key, "-out", cert, "-subj", "/CN=exchange", "-addext", `subjectAltName=${subject}`], { env: { ...process.env, ...faked }, encoding: "utf8" });
  assert.equal(made.status, 0, made.stderr);
  return { key: readFileSync(key), cert: readFileSync(cert), file: cert };
}
const faketime = ["/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1"].find(existsSync);

test("a wrong clock and a wrong certificate are told apart", async (t) => {
  if (!faketime) return t.skip("libfaketime is not installed");
  const { clinic } = await clinic_with(t);
  const told = async (made, options, environment = {}) => {
    const exchange = await ExchangeInbox.start(t, { tls: made });
    clinic.write_config({ ...clinic.settings, inbox: { http: { ...clinic.settings.inbox.http, url: exchange.url, ...options } } });
    const kept = { ...clinic.environment };
    Object.assign(clinic.environment, environment);
    const checked = await command(clinic, "check");
    clinic.environment = kept;
    return { code: checked.code, said: checked.stderr, exchange };
  };
  const good = certificate(clinic.folder, "good");
  const pinned = await told(good, { authority_file: good.file });
  assert.equal(pinned.code, 0, pinned.said);
  assert.equal(pinned.exchange.asked.length, 1, "pinned, it was asked");

  const unpinned = await told(good, { authority_file: "" });
  assert.match(unpinned.said, /name the PEM file of who signed it with authority_file/);
  assert.equal(unpinned.exchange.asked.length, 0, "no token leaves for a stranger");
  const stranger = certificate(clinic.folder, "stranger", { subject: "DNS:elsewhere.example" });
  assert.match((await told(stranger, { authority_file: stranger.file })).said, /the certificate is another machine's/);
  const expired = certificate(clinic.folder, "expired", { at: "@2020-01-01 00:00:00", days: 10 });
  assert.match((await told(expired, { authority_file: expired.file })).said, /expired: by this machine's clock it is 20\d\d-\S+: if that is right, the other side has to renew its certificate; else set the clock/);
  const behind = await told(good, { authority_file: good.file }, { LD_PRELOAD: faketime, FAKETIME: "-3000d" });
  // a client certificate, where the exchange wants one
  const ours = certificate(clinic.folder, "ours");
  const strict = { ...good, requestCert: true, rejectUnauthorized: true, ca: [ours.cert] };
  assert.equal((await told(strict, { authority_file: good.file, certificate_file: ours.file, key_file: ours.file.replace(".pem", ".key") })).code, 0);
  const without = await told(strict, { authority_file: good.file, certificate_file: "", key_file: "" });
  assert.equal(without.code, 1);
  assert.equal(without.exchange.asked.length, 0);
  assert.match(behind.said, /not yet valid: by this machine's clock it is 201\d-\S+: set the clock if that is wrong/);
});

test("a clock that was set while the gateway runs is known as the culprit", async (t) => {
  if (!faketime) return t.skip("libfaketime is not installed");
  const probe = await Clinic.make(t, { base: "none" });
  const made = certificate(probe.folder, "good");
  const { clinic, exchange } = await clinic_with(t, { wait_seconds: 1, authority_file: made.file }, {}, { tls: made });
  const offset = join(clinic.folder, "clock");
  writeFileSync(offset, "+0d\n");
  Object.assign(clinic.environment, { LD_PRELOAD: faketime, FAKETIME_TIMESTAMP_FILE: offset, FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" });
  await clinic.gateway.start();
  await until("it asks", () => exchange.asked.length > 1);
  writeFileSync(offset, "+400d\n");
  exchange.http.closeAllConnections();
  const reason = await until("health tells the clock", async () => {
    exchange.http.closeAllConnections();
    return (await clinic.gateway.health()).reasons.find((one) => one.part === "inbox" && /clock was set by/.test(one.reason))?.reason;
  });
  assert.match(reason, /expired.*this machine's clock was set by 3\d{7} s since its last answer: it is the clock that is wrong/);
  assert.ok((await status(clinic, 'inbox_requests_total{outcome="certificate"}')) > 0);
});

test("X2: a restored store takes what the exchange sent since the backup before anything new leaves", async (t) => {
  const { clinic, exchange } = await clinic_with(t, { wait_seconds: 1 });
  const store = join(clinic.folder, "store"), backup = join(clinic.folder, "backup"), phrase = join(clinic.folder, "phrase");
  writeFileSync(phrase, "invented passphrase\n", { mode: 0o600 });
  const told = (number) => clinic.receiver.events.filter(({ subject }) => subject === `order/O-${number}`).map(({ id }) => id);
  exchange.place(order(1));
  await clinic.gateway.start();
  await until("the first is told of", () => told(1).length > 0);
  assert.equal(await clinic.gateway.stop(), 0);
  assert.equal(clinic.command("backup", backup, "--passphrase-file", phrase).code, 0);
  exchange.place(order(2));
  await clinic.gateway.start();
  await until("the second is told of", () => told(2).length > 0);
  assert.equal(await clinic.gateway.stop(), 0);
  rmSync(store, { recursive: true });

  const restored = clinic.command("restore", "--backup", backup, "--passphrase-file", phrase, "--events", clinic.receiver.events_file);
  assert.equal(restored.code, 0, restored.stderr);
  assert.match(restored.stdout, /Nothing new leaves until the exchange has sent again/);
  exchange.place(order(3));
  exchange.trouble = () => ({ status: 503 });
  await clinic.gateway.start();
  await until("health tells of it", async () => (await clinic.gateway.health()).reasons.some(({ part, reason }) => part === "restore" && /^nothing new leaves/.test(reason)));
  assert.deepEqual(told(3), []);
  exchange.trouble = () => undefined;
  await until("the third is told of", () => told(3).length > 0);
  assert.deepEqual(exchange.verdicts("m-2"), ["accepted", "accepted"], "the backup had not had it");
  assert.equal(new Set(told(2)).size, 1, "told once, under one id");
  assert.ok(!(await clinic.gateway.health()).reasons.some(({ part }) => part === "restore"));
  assert.equal(await clinic.gateway.stop(), 0);
});
