// The feed through the real program: pages, streams, waiting, tokens, parties, types, cursors that are foreign, pruned or ahead, readers who stay away and readers who are slow. The oracle
// is the file sink beside it, which has the same events by another way.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { root, until } from "./clinic.mjs";
import { FeedClinic } from "./feed_clinic.mjs";

const ids = (events) => events.map((event) => event.id);
const quiet = async (clinic) => {
  let before = -1;
  await until("the file sink rests", async () => {
    const now = clinic.sent().length;
    const rests = now > 0 && now === before && (await clinic.gateway.metrics())['mis_gateway_outbox_events{sink="event-log"}'] === 0;
    before = now;
    if (!rests) await new Promise((resolve) => setTimeout(resolve, 1500));
    return rests;
  });
};

test("pages: everything once and in order, whatever their size, packed or not, over a restart and kill -9; the audit has each", async (t) => {
  const clinic = await FeedClinic.make(t);
  await clinic.start();
  await quiet(clinic);
  const sent = clinic.sent();
  const small = await clinic.read_all({ limit: 7 });
  assert.deepEqual(small.events, sent, "to the byte what the file sink has, in the same order");
  assert.deepEqual(ids((await clinic.read_all({ limit: 1000 })).events), ids(sent));

  const plain = await clinic.ask("/v1/events?limit=200");
  const packed = await clinic.ask("/v1/events?limit=200", { headers: { "Accept-Encoding": "br;q=1, gzip" } });
  assert.equal(packed.headers["content-encoding"], "gzip");
  assert.equal(plain.headers["content-encoding"], undefined);
  assert.equal(packed.body, plain.body);
  assert.ok(packed.wire_bytes * 3 < plain.wire_bytes, `${packed.wire_bytes} of ${plain.wire_bytes} bytes`);
  assert.equal((await clinic.ask("/v1/events?limit=200", { headers: { "Accept-Encoding": "gzip;q=0" } })).headers["content-encoding"], undefined);

  const last = new Map();
  for (const { partitionkey, sequence } of small.events) {
    assert.equal(Number(sequence.slice(6)), (last.get(partitionkey) ?? 0) + 1, `no gap at ${partitionkey}`);
    last.set(partitionkey, Number(sequence.slice(6)));
  }
  const none = await clinic.ask(`/v1/events?after=${small.next}`);
  assert.deepEqual(none.json, { events: [], next: small.next }, "the cursor stays while nothing came");

  const half = await clinic.ask("/v1/events?limit=11");
  await clinic.gateway.kill();
  await clinic.start();
  const rest = await clinic.read_all({ after: half.json.next });
  assert.deepEqual([...ids(half.json.events), ...ids(rest.events)], ids(sent));
  assert.equal(await clinic.gateway.stop(), 0);

  const rows = clinic.command("audit", "show", "--limit", "100000", "--json").json.filter((row) => row.action === "read");
  const told = rows.flatMap((row) => row.ids);
  assert.ok(rows.every((row) => row.who === "reader partner" && row.ground !== ""));
  assert.deepEqual(sent.filter((event) => !told.includes(event.id)), [], "nothing left that the audit does not have");
  assert.equal(told.length, 3 * sent.length + 3 * Math.min(200, sent.length), "each reading of it");
  assert.equal(clinic.command("audit", "verify").code, 0);
});

test("a stream goes on where it was left: cut, ended in time, killed; what happens meanwhile comes as it happens", async (t) => {
  const clinic = await FeedClinic.make(t, { feed: { stream_seconds_max: 4 } });
  await clinic.start();
  await quiet(clinic);
  const all = [];
  let stream = clinic.stream();
  await until("some of the stream is there", () => stream.events.length > 5);
  assert.equal(stream.type, "text/event-stream");
  stream.close();
  all.push(...stream.events);
  assert.equal((await clinic.gateway.metrics())['mis_gateway_feed_events{reader="partner"}'], clinic.sent().length, "what was streamed is not had before the reader says so");

  stream = clinic.stream({ after: stream.last });
  const life = clinic.start_life({ actions: 30, rate: 10 });
  await life.ended;
  await quiet(clinic);
  let ends = 0;
  const follow = async () => {
    if (!stream.ended) return;
    all.push(...stream.events);
    stream = clinic.stream({ after: stream.last });
    ++ends;
  };
  await until("the stream was ended, twice", async () => (await follow(), ends >= 2));
  await clinic.gateway.kill();
  await until("and broken", () => stream.ended);
  await clinic.start();
  await follow();
  await until(() => `everything came: ${all.length + stream.events.length} of ${clinic.sent().length}`, async () => (await follow(), all.length + stream.events.length >= clinic.sent().length));
  all.push(...stream.events);
  stream.close();
  assert.deepEqual(ids(all), ids(clinic.sent()), "each once, in the outbox's order");
});

test("a question may wait until something comes; the reader's place moves with its cursor only", async (t) => {
  const clinic = await FeedClinic.make(t);
  await clinic.start();
  await quiet(clinic);
  const { next } = await clinic.read_all();
  const asked = Date.now();
  assert.deepEqual((await clinic.ask(`/v1/events?after=${next}&wait=2`)).json, { events: [], next });
  assert.ok(Date.now() - asked >= 1900, "it has waited");
  await until("the place has moved", async () => (await clinic.gateway.metrics())['mis_gateway_feed_events{reader="partner"}'] === 0);
  const waiting = clinic.ask(`/v1/events?after=${next}&wait=60`);
  const life = clinic.start_life({ actions: 10, rate: 10 });
  const page = await waiting;
  assert.ok(page.json.events.length > 0);
  assert.ok(Date.now() - asked < 40_000, "it came when it happened");
  await life.ended;
  const metrics = await clinic.gateway.metrics();
  assert.ok(metrics['mis_gateway_feed_events{reader="partner"}'] > 0);
  assert.ok(metrics['mis_gateway_feed_oldest_age_seconds{reader="partner"}'] >= 0);
  assert.ok(metrics['mis_gateway_feed_handed_out_total{reader="partner"}'] > 0);
  assert.ok(metrics['mis_gateway_feed_answers_total{reader="partner",outcome="page"}'] >= 3);
  assert.equal(metrics['mis_gateway_feed_streams{reader="partner"}'], 0);
  assert.equal(metrics["mis_gateway_feed_strangers_total"], 0);
  assert.equal(metrics['mis_gateway_feed_lost_events{reader="partner"}'], 0);
});

test("tokens: none, another, two while one is replaced, a new one by SIGHUP; types that a token reads; what is asked wrongly is said", async (t) => {
  const clinic = await FeedClinic.make(t, { readers: [{ name: "partner" }, { name: "billing", types: ["billing.*", "patient.withdrawn"] }] });
  await clinic.start();
  await quiet(clinic);
  for (const token of ["", "x".repeat(64), clinic.readers.partner.token.toUpperCase(), `${clinic.readers.partner.token}0`]) {
    const refused = await clinic.ask("/v1/events", { token });
    assert.equal(refused.status, 401);
    assert.equal(refused.headers["www-authenticate"], "Bearer");
    assert.equal(refused.headers["content-type"], "application/problem+json");
  }
  assert.equal((await clinic.ask(`/v1/events?access_token=${clinic.readers.partner.token}`, { token: "" })).status, 401, "no token in an address");
  assert.equal((await clinic.gateway.metrics())["mis_gateway_feed_strangers_total"], 5);

  const wrong = async (path, options) => {
    const answer = await clinic.ask(path, options);
    assert.ok(answer.json.type.startsWith("urn:mis-gateway:problem:"), answer.body);
    return `${answer.status} ${answer.json.detail}`;
  };
  assert.match(await wrong("/v1/events?limit=0"), /^400 limit: a whole number from 1 to 1000/);
  assert.match(await wrong("/v1/events?limit=10&limit=11"), /^400 .*twice/);
  assert.match(await wrong("/v1/events?limt=10"), /^400 a parameter is none of/);
  assert.match(await wrong("/v1/events?type=billing.chrage"), /^400 type: there is no such type/);
  assert.match(await wrong("/v1/events?wait=61"), /^400 wait/);
  assert.match(await wrong("/v1/events?after=%4"), /^400 .*hex/);
  assert.match(await wrong("/v1/events/stream?limit=3"), /^400/);
  assert.match(await wrong("/v1/event"), /^404/);
  for (const method of ["POST", "HEAD", "DELETE", "OPTIONS"]) assert.equal((await clinic.ask("/v1/events", { method })).status, 405, method);

  const theirs = await clinic.read_all({ reader: "billing" });
  const expected = clinic.sent().filter((event) => event.type.startsWith("mis.billing."));
  assert.deepEqual(ids(theirs.events), ids(expected));
  assert.match(await wrong("/v1/events?type=procedure.performed", { reader: "billing" }), /^403/);
  assert.equal((await clinic.ask("/v1/events?type=billing.charge", { reader: "billing" })).status, 200);

  clinic.readers.partner.settings.token_env = "MIS_TEST_TOKEN";
  clinic.write_config();
  assert.equal(await clinic.gateway.stop(), 0);
  await clinic.start({ MIS_TEST_TOKEN: "d".repeat(33) });
  for (const token of ["d".repeat(33), clinic.readers.partner.token]) assert.equal((await clinic.ask("/v1/events?limit=1", { token })).status, 200);
  delete clinic.readers.partner.settings.token_env;

  const fresh = "f".repeat(40);
  const second = join(clinic.folder, "second.token");
  writeFileSync(second, `${fresh}\n`, { mode: 0o600 });
  clinic.readers.partner.settings.token_files.push(second);
  clinic.write_config();
  clinic.gateway.signal("SIGHUP");
  await clinic.gateway.said(/reload: done/);
  await clinic.listening();
  for (const token of [fresh, clinic.readers.partner.token]) assert.equal((await clinic.ask("/v1/events?limit=1", { token })).status, 200);
  writeFileSync(clinic.readers.partner.file, `${"e".repeat(40)}\n`);
  const before = clinic.gateway.log.length;
  clinic.gateway.signal("SIGHUP");
  await until("the new content is taken", () => /reload: done/.test(clinic.gateway.log.slice(before)));
  await clinic.listening();
  assert.equal((await clinic.ask("/v1/events?limit=1")).status, 401, "the replaced token is dead");
  assert.equal((await clinic.ask("/v1/events?limit=1", { token: "e".repeat(40) })).status, 200);
  writeFileSync(clinic.readers.partner.file, "short\n");
  clinic.gateway.signal("SIGHUP");
  await clinic.gateway.said(/reload refused.*shorter than 32 characters/);
  assert.equal((await clinic.ask("/v1/events?limit=1", { token: "e".repeat(40) })).status, 200, "a mistake leaves everything as it was");
  assert.ok(!clinic.gateway.log.includes(fresh) && !clinic.gateway.log.includes("e".repeat(40)), "no token in the log");
});

test("a party's reader sees to the byte what the party's sink is sent; a type's view says what its key had before", async (t) => {
  const clinic = await FeedClinic.make(t);
  const register = join(clinic.folder, "register");
  mkdirSync(register);
  const write_register = (...sums) =>
    writeFileSync(
      join(register, "Реестр.csv"),
      `Номер полиса;ФИО;Дата рождения;Лимит;Партнёр\n${sums.map((sum, index) => `P${index};Тестова Анна ${index};01.01.19${50 + index};${sum};${index % 3 === 0 ? "ООО Бета" : "ООО Альфа"}\n`).join("")}`,
    );
  write_register(...Array.from({ length: 9 }, () => "1000,00"));
  const sources = [clinic.source(), { name: "register", connector: "partner_register", register: true, files: { folder: register, settle_seconds: 0 }, poll_seconds: 1, duty_cycle_percent: 100 }];
  clinic.write_config({ sources });
  await clinic.start();
  await quiet(clinic);
  const of_register = (type) => clinic.sent().filter((event) => event.type === type && event.source.endsWith("/sources/register")).length;
  assert.equal(of_register("mis.limit.opened.v1"), 9);
  write_register(...Array.from({ length: 9 }, (_, index) => `${2000 + index},00`));
  await until("the limits were raised", () => of_register("mis.limit.granted.v1") === 9);
  const party = "ООО Альфа";
  clinic.add_reader({ name: "insurer", party });
  clinic.add_reader({ name: "insurer-type", party, types: ["limit.*"] });
  clinic.more_sinks = [{ name: "theirs", party, file: { folder: join(clinic.folder, "theirs") } }];
  assert.equal(await clinic.gateway.stop(), 0);
  clinic.write_config({ sources });
  await clinic.start();
  await until("the party's sink has its events", async () => (await clinic.gateway.metrics())['mis_gateway_outbox_events{sink="theirs"}'] === 0);
  const theirs = clinic.sent("theirs");
  assert.ok(theirs.length > 0);
  const read = await clinic.read_all({ reader: "insurer", limit: 3 });
  assert.deepEqual(read.events, theirs);
  assert.ok(read.events.every((event) => event.previoussequence !== undefined));

  const chain = (events) => {
    const last = new Map();
    for (const event of events) {
      assert.equal(event.previoussequence, last.get(event.partitionkey) ?? `${event.sequence.slice(0, 6)}${"0".repeat(14)}`, event.type);
      last.set(event.partitionkey, event.sequence);
    }
  };
  for (const [reader, query, of] of [
    ["partner", "&type=mis.billing.charge.v1", (event) => event.type === "mis.billing.charge.v1"],
    ["partner", "&type=procedure.performed", (event) => event.type === "mis.procedure.performed.v1"],
    ["insurer-type", "", (event) => event.type.startsWith("mis.limit.")],
    ["insurer", "&type=limit.granted", (event) => event.type === "mis.limit.granted.v1"],
  ]) {
    const whole = reader === "partner" ? clinic.sent() : theirs;
    const view = await clinic.read_all({ reader, query, limit: 4 });
    assert.deepEqual(ids(view.events), ids(whole.filter(of)), `${reader} ${query}`);
    assert.ok(view.events.length > 4, `${reader} ${query} ${view.events.length}`);
    chain(view.events);
    const again = await clinic.read_all({ reader, query, limit: 1000 });
    assert.deepEqual(again.events, view.events, "the same when it is asked anew, in other pages");
  }
});

test("cursors: garbled, another clinic's, of an older store, pruned; a reader that stays away is told what it lacks, and so is health", async (t) => {
  const clinic = await FeedClinic.make(t, { readers: [{ name: "partner", kept_hours: 1 }, { name: "other" }] });
  await clinic.start();
  await quiet(clinic);
  const early = (await clinic.ask("/v1/events?limit=3")).json.next;
  const { next } = await clinic.read_all({ reader: "other" });
  const refused = async (after, status, name, options) => {
    const answer = await clinic.ask(`/v1/events?after=${after}`, options);
    assert.equal(answer.status, status, answer.body);
    assert.equal(answer.json.type, `urn:mis-gateway:problem:${name}`);
    return answer.json;
  };
  await refused("nonsense", 400, "cursor-foreign");
  await refused(next.replace(/^0/, "1"), 400, "cursor-foreign");
  await refused(next.slice(0, -1) + (next.endsWith("0") ? "1" : "0"), 400, "cursor-foreign");
  const stream = clinic.stream({ after: "nonsense" });
  await until("a stream is refused alike", () => stream.status === 400);

  const second = await FeedClinic.make(t);
  await second.start();
  await quiet(second);
  await refused((await second.ask("/v1/events?limit=5")).json.next, 400, "cursor-foreign");
  await second.gateway.stop();

  // a copy of the store, and then what came later is taken
  assert.equal(await clinic.gateway.stop(), 0);
  clinic.copy("store", "older");
  await clinic.start();
  await clinic.live({ actions: 20 });
  await quiet(clinic);
  const ahead = (await clinic.read_all({ reader: "other" })).next;
  const total = clinic.sent().length;
  assert.equal(await clinic.gateway.stop(), 0);

  // all of it is a hundred hours old, and everybody else has it: what this reader did not take goes
  clinic.settings.limits.delivered_hours_kept = 1;
  clinic.write_config({ limits: clinic.settings.limits });
  clinic.alter_store("update outbox_segment set at_us = at_us - 100 * 3600 * 1000000;");
  await clinic.start();
  await clinic.ask(`/v1/events?after=${ahead}`, { reader: "other" });
  await until("what nobody waits for is pruned", async () => (await clinic.ask("/v1/events?limit=1")).json.events.length === 0, 150);
  const told = await refused(early, 410, "cursor-pruned");
  assert.equal(told.missed, total - 3);
  const reason = async () => (await clinic.gateway.health()).reasons.find((one) => one.part === "reader partner")?.reason;
  assert.match(await reason(), /has not come for \d+ events in time, and they are no longer kept for it/);
  assert.equal((await clinic.gateway.metrics())['mis_gateway_feed_lost_events{reader="partner"}'], total);
  assert.deepEqual((await clinic.ask(`/v1/events?after=${told.oldest}`)).json.events, [], "it goes on where it was told");
  await until("and health is content", async () => (await reason()) === undefined);
  assert.equal(await clinic.gateway.stop(), 0);

  // the older copy is put back: readers who are further notice, and say so
  spawnSync("rm", ["-rf", join(clinic.folder, "store"), join(clinic.folder, "events")]);
  clinic.copy("older", "store");
  clinic.write_config({ sinks: [{ name: "event-log", file: { folder: join(clinic.folder, "events-2") } }] });
  spawnSync("sh", ["-c", `rm -f ${join(clinic.folder, "store*mark*")} ${join(clinic.folder, "store", "*mark*")}`]);
  await clinic.start();
  await refused(ahead, 409, "cursor-ahead", { reader: "other" });
  await until("health tells", async () => (await clinic.gateway.health()).reasons.some((one) => one.part === "reader other" && /has taken events that this store does not know/.test(one.reason)));
});

test("nothing that a reader has not taken is pruned, and one that is gone from the configuration is not forgotten silently", async (t) => {
  const clinic = await FeedClinic.make(t);
  clinic.write_config({ limits: { free_disk_bytes_min: 1_000_000, delivered_hours_kept: 1 } });
  await clinic.start();
  await quiet(clinic);
  assert.equal(await clinic.gateway.stop(), 0);
  clinic.alter_store("update outbox_segment set at_us = at_us - 100 * 3600 * 1000000;");
  await clinic.start();
  const kept = await clinic.ask("/v1/events?limit=1000");
  assert.deepEqual(ids(kept.json.events), ids(clinic.sent()).slice(0, 1000), "all of it, a hundred hours later");
  const reason = (await clinic.gateway.health()).reasons.find((one) => one.part === "reader partner");
  assert.match(reason.reason, /has not said that it has the oldest of \d+ events, which waits for 100 h/);
  assert.equal(reason.severity, "notice");
  assert.equal(await clinic.gateway.stop(), 0);
  const without = { ...clinic.settings };
  delete without.feed;
  writeFileSync(clinic.config_file, JSON.stringify(without));
  clinic.gateway.launch();
  await until("it refuses", () => clinic.gateway.exit !== undefined);
  assert.match(clinic.gateway.new_log, /partner is no longer configured but has not had/);
});

test("a slow reader holds no memory and nobody else, and is let go", async (t) => {
  const clinic = await FeedClinic.make(t, { size: { patients: 60, procedures: 900 } });
  await clinic.start();
  await quiet(clinic);
  const rss = () => Number(readFileSync(`/proc/${clinic.gateway.child.pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]);
  await clinic.read_all();
  const before = rss();
  const sockets = [];
  for (let index = 0; index < 8; ++index) {
    const socket = connect({ port: clinic.port, host: "127.0.0.1" });
    socket.pause();
    socket.on("error", () => {});
    socket.write(`GET /v1/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${clinic.readers.partner.token}\r\n\r\n`);
    sockets.push(socket);
  }
  await until("all streams are open", async () => (await clinic.gateway.metrics())['mis_gateway_feed_streams{reader="partner"}'] === 8);
  const ninth = await clinic.ask("/v1/events");
  assert.equal(ninth.status, 429);
  assert.equal(ninth.headers["retry-after"], "1");
  await until("those who take nothing are let go", async () => (await clinic.gateway.metrics())['mis_gateway_feed_streams{reader="partner"}'] < 8, 60);
  assert.ok(rss() - before < 40_000, `${rss() - before} kB more`);
  for (const socket of sockets) socket.destroy();
  await until("and the others' turn has come", async () => (await clinic.ask("/v1/events?limit=1")).status === 200);
});
