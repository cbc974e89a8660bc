// A system that calls us, through the real program and real sockets: what was answered is never lost, what was not is sent again and counts once; snapshots that shrink; wrong keys; hostile,
// slow, huge and cut bodies; TLS; hints. The oracle is what was sent and answered, and the events that came of it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { request as http_request } from "node:http";
import { request as https_request } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { RestServer } from "../support/rest_server.mjs";
import { until } from "./clinic.mjs";
import { RestClinic } from "./rest_clinic.mjs";

const KEY = "pushed-secret-0123456789";

class PushClinic extends RestClinic {
  static async make(t, { connector = "ident_push", push = {}, others = [] } = {}) {
    const clinic = new PushClinic(t, {});
    clinic.key_file = join(clinic.folder, "push.key");
    writeFileSync(clinic.key_file, `${KEY}\n`, { mode: 0o600 });
    Object.assign(clinic, { connector, push, others, site_values: {} });
    clinic.write_config();
    return clinic;
  }
  source() {
    const { firebird, http, ...rest } = super.source();
    delete rest.http;
    return { ...rest, connector: this.connector, push: { listen: "127.0.0.1:0", secret_file: this.key_file, ...this.push } };
  }
  write_config(sections = {}) {
    super.write_config({ sources: [this.source(), ...this.others], ...sections });
  }
  async start(environment = {}) {
    this.gateway.launch(environment);
    await this.listening();
    await this.gateway.said(/mis-gateway runs/);
  }
  async listening() {
    const found = await this.gateway.said(/takes messages on (https?):\/\/127\.0\.0\.1:(\d+)/);
    Object.assign(this, { scheme: found[1], port: Number(found[2]) });
  }
  // {status, body}, or {lost: error}: no answer came
  send(method, path, body = "", { key = KEY, header, headers = {}, ...options } = {}) {
    const ask = this.scheme === "https" ? https_request : http_request;
    const name = header ?? (this.connector === "medrocket_push" ? "Authorization" : "IDENT-Integration-Key");
    const value = this.connector === "medrocket_push" ? `Token ${key}` : key;
    return new Promise((resolve) => {
      const asked = ask(
        { host: "127.0.0.1", port: this.port, method, path, agent: false, timeout: 30_000, headers: { [name]: value, "Content-Length": Buffer.byteLength(body), ...headers }, ...options },
        (answer) => {
          const chunks = [];
          answer.on("data", (chunk) => chunks.push(chunk));
          answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString() }));
          answer.on("error", (error) => resolve({ lost: error }));
        },
      );
      asked.on("error", (error) => resolve({ lost: error }));
      asked.on("timeout", () => asked.destroy(new Error("no answer")));
      asked.end(body);
    });
  }
  async rows(stream) {
    const ran = await this.command("preview", "mis", stream, "--limit", "100000", "--json");
    assert.equal(ran.code, 0, ran.stderr);
    return ran.json.map((line) => line.record ?? line);
  }
  async told(type) {
    return (await this.events()).filter((event) => event.type.includes(type));
  }
}

const day = (days, clock) => `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)}T${clock}:00+03:00`;
const cell = (doctor, days, clock, busy = false, minutes = 15) => ({ DoctorId: doctor, BranchId: 1, StartDateTime: day(days, clock), LengthInMinutes: minutes, IsBusy: busy });
const table = (...intervals) =>
  JSON.stringify({ Doctors: [{ Id: 7, Name: "Пробный Врач" }, { Id: 9, Name: "Второй Врач" }], Branches: [{ Id: 1, Name: "Пробный филиал" }], Intervals: intervals });
// Of the events: what the last one of each doctor tells of that day, sorted
const times_of = (events, day) => {
  const times = new Map();
  for (const { data } of events.filter((event) => event.data.day === day))
    times.set(data.practitioner, data.intervals.map(({ starts_at, ends_at, free }) => `${starts_at.slice(11, 16)}-${ends_at.slice(11, 16)}${free ? "" : " busy"}`).join(", "));
  return [...times.values()].sort();
};

test("a timetable is told as times, a shorter one takes the rest away, the same one tells nothing", async (t) => {
  const clinic = await PushClinic.make(t);
  await clinic.start();
  const nine = day(2, "09:00").slice(0, 10);
  const sent = await clinic.send("POST", "/PostTimeTable", table(cell(7, 2, "09:00"), cell(7, 2, "09:15"), cell(7, 2, "09:30", true, 60), cell(9, 2, "12:00")));
  assert.deepEqual([sent.status, sent.body], [200, "OK: 4"]);
  const told = async () => times_of(await clinic.told("slots.changed"), nine);
  await until("the times are told", async () => (await told()).length === 2);
  assert.deepEqual(await told(), ["09:00-09:30, 09:30-10:30 busy", "12:00-12:15"]);
  assert.equal((await clinic.rows("practitioner")).length, 2);

  const count = (await clinic.events()).length;
  assert.equal((await clinic.send("POST", "/PostTimeTable/", table(cell(7, 2, "09:00"), cell(7, 2, "09:15"), cell(7, 2, "09:30", true, 60), cell(9, 2, "12:00")))).status, 200);
  const shorter = await clinic.send("POST", "/PostTimeTable", table(cell(7, 2, "09:00"), cell(7, 2, "09:15", true, 30)));
  assert.equal(shorter.status, 200);
  await until("what was left out is gone", async () => (await told()).includes(""));
  assert.deepEqual(await told(), ["", "09:00-09:15, 09:15-09:45 busy"]);
  assert.equal((await clinic.events()).length, count + 2, "one event for each day that changed");

  const metrics = await clinic.gateway.metrics();
  assert.equal(metrics['mis_gateway_intake_messages_total{source="mis",outcome="accepted"}'], 2);
  assert.equal(metrics['mis_gateway_intake_messages_total{source="mis",outcome="repeated"}'], 1);
  assert.ok(metrics['mis_gateway_intake_last_message_timestamp_seconds{source="mis"}'] > Date.now() / 1000 - 60);
  assert.ok(metrics['mis_gateway_intake_bytes{source="mis"}'] > 1000);
  assert.equal(metrics['mis_gateway_intake_working{source="mis"}'], 1);
  assert.equal(statSync(join(clinic.folder, "store/intake/mis.db")).mode & 0o777, 0o600);
  assert.equal(statSync(join(clinic.folder, "store/intake")).mode & 0o777, 0o700);
  for (const question of ["/GetTickets?dateTimeFrom=2026-01-01T00%3A00%3A00%2B03%3A00&dateTimeTo=2200-01-01", "/GetFinishedCalls?dateTimeFrom=1990-01-01", "/GetOngoingCalls"]) {
    const answered = await clinic.send("GET", question);
    assert.deepEqual([answered.status, answered.body], [200, "[]"], question);
  }
  assert.equal(await clinic.gateway.stop(), 0);
  const checked = await clinic.command("check");
  assert.match(checked.stdout, /listens on http:\/\/127\.0\.0\.1:0: POST \/PostTimeTable, GET \/GetTickets/, checked.stderr);
});

test("who has no key, or asks for what is not declared, gets a reason and leaves nothing", async (t) => {
  const clinic = await PushClinic.make(t, { push: { body_bytes_max: 100_000, silent_minutes_max: 1 } });
  await clinic.start();
  const good = table(cell(7, 2, "09:00"));
  for (const [answer, status, text] of [
    [await clinic.send("POST", "/PostTimeTable", good, { key: "wrong" }), 403, /Ключ/],
    [await clinic.send("POST", "/PostTimeTable", good, { header: "X-Other" }), 403, /Ключ/],
    [await clinic.send("GET", "/healthz"), 404, /нет/],
    [await clinic.send("GET", "/PostTimeTable"), 405, /метод/],
    [await clinic.send("POST", "/PostTimeTable", `${good}${" ".repeat(200_000)}`), 413, /велико/],
    [await clinic.send("POST", "/PostTimeTable", `${good}${" ".repeat(3_000_000)}`, { key: "wrong" }), 403, /Ключ/],
    [await clinic.send("POST", "/PostTimeTable", good.slice(0, -20)), 400, /прежнее/],
    [await clinic.send("POST", "/PostTimeTable", "<TimeTable/>", { headers: { "Content-Type": "application/xml" } }), 400, /JSON/],
    [await clinic.send("POST", "/PostTimeTable", '{"Doctors": [], "Branches": []}'), 400, /Intervals/],
    [await clinic.send("POST", "/PostTimeTable", "[".repeat(90_000)), 400, /прежнее/],
  ]) {
    assert.equal(answer.status, status, JSON.stringify(answer.lost ?? answer.body));
    assert.match(answer.body, text);
    assert.doesNotMatch(answer.body, /Врач/);
  }
  // chunked beyond the limit, cut off in the middle, and one that never ends its head
  const chunked = await new Promise((resolve) => {
    const asked = http_request({ host: "127.0.0.1", port: clinic.port, method: "POST", path: "/PostTimeTable", agent: false, headers: { "IDENT-Integration-Key": KEY, "Transfer-Encoding": "chunked" } }, (answer) => resolve({ status: answer.statusCode }));
    asked.on("error", (error) => resolve({ lost: error }));
    for (let i = 0; i < 20; ++i) asked.write(" ".repeat(20_000));
    asked.end();
  });
  assert.ok(chunked.lost !== undefined || chunked.status === 413, JSON.stringify(chunked));
  const cut = connect(clinic.port, "127.0.0.1");
  cut.write(`POST /PostTimeTable HTTP/1.1\r\nHost: x\r\nIDENT-Integration-Key: ${KEY}\r\nContent-Length: ${good.length}\r\n\r\n${good.slice(0, 50)}`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  cut.destroy();
  const slow = connect(clinic.port, "127.0.0.1");
  const began = Date.now();
  const dripping = setInterval(() => slow.write("X-Drip: 1\r\n"), 300);
  slow.write("POST /PostTimeTable HTTP/1.1\r\nHost: x\r\n");
  slow.on("error", () => {});
  assert.equal((await clinic.send("GET", "/GetTickets")).status, 200, "others are answered meanwhile");
  await until("a head that never ends is closed", () => slow.destroyed || slow.readableEnded, 40);
  clearInterval(dripping);
  assert.ok(Date.now() - began < 35_000);

  assert.match((await clinic.command("preview", "mis", "slot")).stderr, /was not sent yet/);
  assert.doesNotMatch(clinic.gateway.log, /Пробный Врач|pushed-secret/);
  assert.equal((await clinic.gateway.health()).reasons.some((reason) => /PostTimeTable was not sent yet/.test(reason.reason)), true);
  assert.equal((await clinic.send("POST", "/PostTimeTable", good)).status, 200);
  await until("it is read", async () => !(await clinic.gateway.health()).reasons.some((reason) => /was not sent yet/.test(reason.reason)));
});

test("too many requests of one address are told when to come again", async (t) => {
  const clinic = await PushClinic.make(t, { push: { requests_per_minute: 5 } });
  await clinic.start();
  const answers = [];
  for (let i = 0; i < 8; ++i) answers.push(await clinic.send("GET", "/GetTickets"));
  assert.deepEqual(answers.map((answer) => answer.status), [200, 200, 200, 200, 200, 429, 429, 429]);
  assert.ok(Number(answers[7].headers["retry-after"]) >= 1);
  assert.match(answers[7].body, /повторите через \d+ с/);
});

for (const point of ["intake.before_commit", "intake.after_commit"])
  test(`killed at ${point}: what was not answered is sent again and counts once`, async (t) => {
    const clinic = await PushClinic.make(t, { connector: "medrocket_push" });
    const booking = (doctor, hour) =>
      JSON.stringify({
        doctor: { id: doctor, lpu_id: 101, specialty: { id: 1, name: "терапевт" } },
        appointment: { dt_start: `${day(3, "").slice(0, 10)} ${hour}:00`, dt_end: `${day(3, "").slice(0, 10)} ${hour}:30`, is_online: false, comment: "", price: 1000, is_club: false },
        client: { first_name: "Анна", second_name: "", last_name: "Тестова", mobile_phone: "79000000001", birthday: "1990-01-01" },
        appointment_source: "prodoctorov",
      });
    const claims = new Map();
    let kills = 0;
    for (let i = 0; i < 6; ++i) {
      const body = booking(7, 10 + i);
      for (;;) {
        if (!clinic.gateway.running) await clinic.start(kills < 4 ? { MIS_GATEWAY_CRASH_AT: `${point}:${1 + (kills % 2)}` } : {});
        const answer = await clinic.send("POST", "/book", body);
        if (answer.lost) {
          await clinic.gateway.ended;
          assert.equal(clinic.gateway.exit.signal, "SIGKILL", clinic.gateway.new_log);
          ++kills;
          continue;
        }
        const told = JSON.parse(answer.body);
        assert.equal(told.status_code, 204, answer.body);
        claims.set(told.claim_id, body);
        break;
      }
    }
    assert.ok(kills >= 4, `${kills} kills`);
    assert.equal(claims.size, 6);
    const again = JSON.parse((await clinic.send("POST", "/book", booking(7, 10))).body);
    assert.ok(claims.has(again.claim_id), "the same booking has the same claim");
    await until("all are told", async () => (await clinic.told("appointment.booked")).length >= 6);
    const taken = JSON.parse((await clinic.send("POST", "/book", booking(7, 10).replace("Тестова", "Другова").replace("79000000001", "79000000009"))).body);
    assert.equal(taken.status_code, 423);
    assert.equal(JSON.parse((await clinic.send("POST", "/book", booking(8, 10))).body).status_code, 409);
    const [claim] = claims.keys();
    assert.equal(JSON.parse((await clinic.send("POST", "/cancel", JSON.stringify({ claim_id: claim }))).body).status_code, 204);
    assert.equal(JSON.parse((await clinic.send("POST", "/cancel", JSON.stringify({ claim_id: "none" }))).body).status_code, 404);
    const status = JSON.parse((await clinic.send("POST", "/status", JSON.stringify({ claim_id: claim }))).body);
    assert.deepEqual([status.status_code, status.claim_status], [204, "cancelled"]);
    assert.equal((await clinic.send("GET", "/health")).status, 204);
    await until("the cancelled one is told", async () => (await clinic.told("appointment.cancelled")).length === 1);
    await clinic.gateway.kill();
    await clinic.start();
    const reconciled_rows = await clinic.rows("appointment");
    assert.equal(reconciled_rows.length, 6);
    assert.equal((await clinic.told("appointment.booked")).length, 6, "each is told once");
    assert.doesNotMatch(clinic.gateway.log, /Тестова|79000000001/);
  });

test("a journal that is gone is noticed before anything passes for cancelled", async (t) => {
  const clinic = await PushClinic.make(t, { connector: "medrocket_push" });
  await clinic.start();
  const body = JSON.stringify({ doctor: { id: 7, lpu_id: 101 }, appointment: { dt_start: `${day(3, "").slice(0, 10)} 10:00`, dt_end: `${day(3, "").slice(0, 10)} 10:30` }, client: { last_name: "Тестова", mobile_phone: "79000000001" } });
  assert.equal((await clinic.send("POST", "/book", body)).status, 200);
  await until("it is told", async () => (await clinic.told("appointment.booked")).length === 1);
  await clinic.gateway.stop();
  spawnSync("rm", ["-r", join(clinic.folder, "store/intake")]);
  await clinic.start();
  await until("the source is held", async () => (await clinic.gateway.health()).reasons.some((reason) => /another base than the one read/.test(reason.reason)));
  assert.equal((await clinic.command("reconcile", "mis")).code === 0 && (await clinic.told("appointment.cancelled")).length > 0, false);
  assert.equal((await clinic.told("appointment.")).length, 1);
});

test("TLS with a certificate of its own; plain requests are not answered; the configuration is strict", async (t) => {
  const clinic = await PushClinic.make(t);
  const [certificate, key] = [join(clinic.folder, "own.pem"), join(clinic.folder, "own.key")];
  const made = spawnSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], { encoding: "utf8" });
  assert.equal(made.status, 0, made.stderr);
  clinic.push = { certificate_file: certificate, key_file: key };
  clinic.write_config();
  await clinic.start();
  assert.equal(clinic.scheme, "https");
  const ca = readFileSync(certificate);
  assert.equal((await clinic.send("POST", "/PostTimeTable", table(cell(7, 2, "09:00")), { ca })).status, 200);
  const huge = table(...Array.from({ length: 9_000 }, (_, i) => ({ ...cell(7, 2 + (i % 25), `${String(8 + (Math.floor(i / 25) % 12)).padStart(2, "0")}:00`), DoctorId: 1000 + Math.floor(i / 300), Note: "x".repeat(1000) })));
  assert.ok(huge.length > 10_000_000);
  const sent = await clinic.send("POST", "/PostTimeTable", huge, { ca });
  assert.deepEqual([sent.status, sent.body], [200, "OK: 9000"]);
  assert.equal((await clinic.send("POST", "/PostTimeTable", huge, { ca, key: "wrong" })).status, 403);
  assert.ok((await clinic.send("GET", "/GetTickets")).lost, "not trusted: no answer");
  const plain = await new Promise((resolve) => {
    const asked = http_request({ host: "127.0.0.1", port: clinic.port, path: "/GetTickets", headers: { "IDENT-Integration-Key": KEY } }, (answer) => resolve(answer.statusCode));
    asked.on("error", () => resolve("lost"));
    asked.end();
  });
  assert.equal(plain, "lost");
  await clinic.gateway.stop();

  const refused = async (push, pattern) => {
    clinic.push = push;
    clinic.write_config();
    const ran = await clinic.command("check");
    assert.notEqual(ran.code, 0);
    assert.match(ran.stderr + ran.stdout, pattern);
  };
  await refused({ listen: "0.0.0.0:8480" }, /would take patients' data and the key in the clear/);
  await refused({ certificate_file: certificate }, /key_file: belongs to the other of the two/);
  await refused({ certificate_file: key, key_file: key }, /certificate_file: .*give a PEM file/);
  await refused({ hints: { GetTickets: "nobody" } }, /means source nobody, which there is none of/);
  await refused({ hints: { Nothing: "mis" }, secret_file: "", secret_env: "" }, /has no key by which callers are known/);
  clinic.push = { listen: "0.0.0.0:0", plain_http: true, secret_file: "", secret_env: "PUSH_KEY", journal_bytes_max: 1_000_000 };
  clinic.write_config();
  clinic.more_environment = { PUSH_KEY: "short" };
  const checked = await clinic.command("check");
  assert.match(checked.stdout, /plain_http: .*in the clear/, checked.stderr);
  assert.match(checked.stdout, /secret_file: the key has fewer than 16 letters/);
});

test("a port that is taken is told by health, and taken when it is free", async (t) => {
  const { createServer } = await import("node:net");
  const blocker = createServer();
  await new Promise((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  const port = blocker.address().port;
  const clinic = await PushClinic.make(t, { push: { listen: `127.0.0.1:${port}` } });
  const checked = await clinic.command("check");
  assert.match(checked.stderr, /push\.listen: .*another program listens there/);
  await clinic.gateway.start();
  await until("health tells it", async () => (await clinic.gateway.health()).reasons.some((reason) => /takes no messages: listening on/.test(reason.reason)));
  await new Promise((resolve) => blocker.close(resolve));
  await clinic.listening();
  assert.equal((await clinic.send("GET", "/GetTickets")).status, 200);
  assert.ok(existsSync(join(clinic.folder, "store/intake/mis.db")));
});

test("a booking that is sent reads another source at once, and only what the hint names", async (t) => {
  const server = await RestServer.start(t);
  server.route("GET", "/doctors", () => ({ json: [{ id: 1, name: "Пробный Врач" }] }));
  server.route("GET", "/branches", () => ({ json: [] }));
  const rest = await RestClinic.make(t, {
    url: server.url,
    streams: {
      practitioner: { yaml: 'key: id\npoll_seconds: 3600\ncolumns: {id: text, name: text}\nrequest: {path: doctors, rows: ""}', map: "select id as source_id, name from rows" },
      branch: { yaml: 'key: id\npoll_seconds: 3600\ncolumns: {id: text, name: text}\nrequest: {path: branches, rows: ""}', map: "select id as source_id, name from rows" },
    },
  });
  const base = { ...rest.source(), name: "base", poll_seconds: 0 };
  const clinic = await PushClinic.make(t, { connector: "medrocket_push", push: { hints: { book: "base.practitioner", health: "base" } }, others: [base] });
  await clinic.start();
  const asked = (path) => server.asked.filter((request) => request.path === path).length;
  const read = async (stream) => (await clinic.gateway.metrics())[`mis_gateway_poll_last_success_timestamp_seconds{source="base",stream="${stream}"}`] > 0;
  await until("the other source was read at the start", async () => (await read("practitioner")) && (await read("branch")));
  const [doctors, branches] = [asked("/doctors"), asked("/branches")];
  const body = (minute) => JSON.stringify({ doctor: { id: 7, lpu_id: 101 }, appointment: { dt_start: `2030-03-02 10:${minute}`, dt_end: `2030-03-02 10:${minute + 1}` }, client: { last_name: "Тестова", mobile_phone: "79000000001" } });
  for (const minute of [10, 20, 30]) assert.equal(JSON.parse((await clinic.send("POST", "/book", body(minute))).body).status_code, 204);
  await until("the stream is read again", () => asked("/doctors") > doctors);
  assert.equal(asked("/branches"), branches, "the other stream was not meant");
  assert.ok(asked("/doctors") <= doctors + 2, "what comes in quick succession is read together");
  assert.equal((await clinic.send("GET", "/health")).status, 204);
  await until("all of it is read", () => asked("/branches") > branches);
});

test("IDENT is given the orders that wait, if the clinic says so", async (t) => {
  const clinic = await PushClinic.make(t, { push: { orders: true } });
  const order = { type: "order.placed", id: "message-1", order: "o-1", patient: { phone: "89000000001", last_name: "Тестова" }, placed_at: "2026-03-02T10:00:00+03:00", items: [{ id: "1", service_code: "T-1", total: { minor: 100_000, currency: "RUB" } }], consent: { given_at: "2026-03-02T09:00:00+03:00", ground: "invented" } };
  const file = join(clinic.folder, "order.json");
  writeFileSync(file, JSON.stringify(order));
  await clinic.sync(); // makes the store
  const pushed = await clinic.command("inbox", "push", file);
  assert.equal(pushed.code, 0, pushed.stdout + pushed.stderr);
  await clinic.start();
  const tickets = await clinic.send("GET", "/GetTickets?dateTimeFrom=2026-03-02T00%3A00%3A00%2B03%3A00&dateTimeTo=2200-01-01T00%3A00%3A00%2B03%3A00");
  assert.deepEqual(JSON.parse(tickets.body), [{ Id: "o-1", DateAndTime: "2026-03-02T10:00:00+03:00", ClientPhone: "89000000001", ClientSurname: "Тестова", FormName: "Биржа", Comment: "Заказ o-1" }]);
  assert.equal((await clinic.send("GET", "/GetTickets?dateTimeFrom=2026-03-03T00:00:00")).body, "[]");
  assert.equal((await clinic.send("GET", "/GetTickets", "", { key: "wrong" })).status, 403);
  assert.doesNotMatch(clinic.gateway.log, /Тестова|89000000001/);
  await clinic.gateway.stop();
  clinic.push = {};
  clinic.write_config();
  await clinic.start();
  assert.equal((await clinic.send("GET", "/GetTickets")).body, "[]");
});
