// Free times to aggregators, by the real program: a scripted MIS on one side, the aggregators' scripted protocols on the other. The oracle is what the MIS
// has, worked out here, and what a patient would be offered there.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer as create_tls_server } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { Prodoctorov, Napopravku, Sberhealth, TOKEN } from "../support/aggregators.mjs";
import { RestServer } from "../support/rest_server.mjs";
import { root, until } from "./clinic.mjs";
import { RestClinic } from "./rest_clinic.mjs";

// A day at noon by Moscow's clock, so many days from now, as a MIS writes it.
const moscow_day = (offset) => new Date(Date.now() + 3 * 3_600_000 + offset * 86_400_000).toISOString().slice(0, 10);
const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

// A MIS that lives in this process: branches, doctors, shifts, visits.
class Mis {
  static async start(t) {
    const mis = new Mis();
    mis.server = await RestServer.start(t);
    mis.branches = [{ id: "1", name: "Клиника на Пробной", zone: "Europe/Moscow" }, { id: "2", name: "Клиника на Выборной", zone: "Asia/Yekaterinburg" }];
    mis.doctors = [{ id: "d1", name: "Тестова Анна Ивановна" }, { id: "d2", name: "Пробный Пётр Петрович" }, { id: "d3", name: "Невзятов Иван" }];
    mis.shifts = [];
    mis.visits = [];
    for (const [path, list] of [["branches", "branches"], ["doctors", "doctors"], ["shifts", "shifts"], ["visits", "visits"]])
      mis.server.route("GET", `/${path}`, () => ({ json: { data: mis[list] } }));
    return mis;
  }
  shift(doctor, branch, day, from, to) {
    this.shifts.push({ id: `s${this.shifts.length + 1}`, doctor, branch, begins: `${day} ${from}`, ends: `${day} ${to}` });
  }
  visit(doctor, branch, day, from, to) {
    const visit = { id: `v${Date.now()}${this.visits.length}`, doctor, branch, begins: `${day} ${from}`, ends: `${day} ${to}` };
    this.visits.push(visit);
    return visit;
  }
  // What a patient may be offered, by the wall clock of each branch: cells of so many minutes of shifts, without what a visit touches.
  free(doctor, branch, minutes = 30) {
    const offers = [];
    const of = (time) => Number(time.slice(11, 13)) * 60 + Number(time.slice(14, 16));
    for (const shift of this.shifts.filter((one) => one.doctor === doctor && one.branch === branch)) {
      const day = shift.begins.slice(0, 10);
      const visits = this.visits.filter((one) => one.doctor === doctor && one.branch === branch && one.begins.startsWith(day)).map((one) => [of(one.begins), of(one.ends)]).sort(([a], [b]) => a - b);
      let at = of(shift.begins);
      for (const [from, to] of [...visits, [of(shift.ends), of(shift.ends)]]) {
        for (; at + minutes <= from; at += minutes) offers.push(`${day} ${clock(at)}-${clock(at + minutes)}`);
        at = Math.max(at, to);
      }
    }
    return offers.sort();
  }
}

const stream = (kind, columns, path, map) => ({ yaml: `kind: ${kind}\nkey: id\npoll_seconds: 1\ncolumns: {${columns}}\nrequest: {path: ${path}, rows: data}`, map });
const STREAMS = {
  branch: stream("branch", "id: text, name: text, zone: text", "branches", "select id as source_id, name as name, zone as timezone from rows"),
  practitioner: stream("practitioner", "id: text, name: text", "doctors", "select id as source_id, name as name from rows"),
  shift: stream("shift", "id: text, doctor: text, branch: text, begins: timestamp, ends: timestamp", "shifts",
    `select id as source_id, doctor as practitioner_source_id, branch as branch_source_id, local_ts(branch, begins) as starts_at, local_ts(branch, ends) as ends_at from rows`),
  appointment: stream("appointment", "id: text, doctor: text, branch: text, begins: timestamp, ends: timestamp", "visits",
    `select id as source_id, 'p-1' as patient_source_id, doctor as practitioner_source_id, branch as branch_source_id, local_ts(branch, begins) as starts_at, local_ts(branch, ends) as ends_at, 'booked' as status from rows`),
};
const TABLE = `source,branch,doctor,their_branch,their_doctor,branch_name,doctor_name,specialty,cell_minutes,confirmed
mis,1,d1,17,42,Клиника на Пробной,Тестова Анна Ивановна,терапевт,,yes
mis,1,d2,17,43,Клиника на Пробной,Пробный Пётр Петрович,хирург,60,yes
mis,2,d1,18,42,Клиника на Выборной,Тестова Анна Ивановна,терапевт,,yes
`;

class SlotClinic extends RestClinic {
  // sinks: {name: settings of slots}; top: lines of the connector
  static async begin(t, mis, sinks, { table = TABLE, top = "" } = {}) {
    const clinic = await SlotClinic.make(t, { url: mis.server.url, streams: STREAMS, top });
    clinic.token_file = join(clinic.folder, "aggregator.token");
    writeFileSync(clinic.token_file, `${TOKEN}\n`, { mode: 0o600 });
    clinic.table_file = join(clinic.folder, "table.csv");
    writeFileSync(clinic.table_file, table);
    clinic.write_slots(sinks);
    return clinic;
  }
  write_slots(sinks, sections = {}) {
    const made = Object.entries(sinks).map(([name, settings]) => ({
      name, slots: { aggregator: name, token_file: this.token_file, table_file: this.table_file, backoff_first_ms: 50, backoff_longest_ms: 400, ...settings },
    }));
    this.write_config({ sinks: [this.file_sink(), ...made], ...sections });
  }
  async audited(sink) {
    return (await this.command("audit", "show", "--limit", "10000", "--json")).json.filter((entry) => entry.action === "slots" && entry.who === sink);
  }
  async reason(sink) {
    return (await this.gateway.health()).reasons.filter(({ part }) => part === `sink ${sink}`).map(({ reason }) => reason).join("\n");
  }
}

function a_week(mis) {
  for (let day = 1; day <= 5; ++day) {
    mis.shift("d1", "1", moscow_day(day), "09:00", "13:00");
    mis.shift("d2", "1", moscow_day(day), "10:00", "14:30");
    mis.shift("d1", "2", moscow_day(day), "17:00", "20:00");
    mis.shift("d3", "1", moscow_day(day), "09:00", "18:00");
  }
  mis.visit("d1", "1", moscow_day(1), "10:00", "10:30");
  mis.visit("d1", "1", moscow_day(2), "09:10", "09:40");
  mis.visit("d2", "1", moscow_day(1), "10:00", "14:30");
}

test("every aggregator offers what the MIS has free, by its own protocol, and nothing else of the MIS leaves", async (t) => {
  const mis = await Mis.start(t);
  a_week(mis);
  const [prodoctorov, napopravku, sberhealth] = [await Prodoctorov.start(t), await Napopravku.start(t), await Sberhealth.start(t)];
  const clinic = await SlotClinic.begin(t, mis, {
    prodoctorov: { url: prodoctorov.url }, napopravku: { url: napopravku.url }, sberhealth: { url: sberhealth.url, values: { prefix: "clinic7" } },
  });
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  const wanted = { "17/42": mis.free("d1", "1"), "17/43": mis.free("d2", "1", 60), "18/42": mis.free("d1", "2") };
  assert.ok(wanted["17/42"].length > 30 && wanted["18/42"].length === 30);
  for (const aggregator of [prodoctorov, napopravku, sberhealth]) {
    assert.deepEqual(aggregator.offers(), wanted, aggregator.path);
    for (const { body } of aggregator.server.asked) {
      // neither ids nor people of the MIS, nor the doctor who has no line
      for (const word of ["d1", "d3", "p-1", "Невзятов", "booked"]) assert.ok(!body.includes(word), `${word} in ${body.slice(0, 300)}`);
    }
  }
  assert.ok(prodoctorov.busy.includes(`17/42 ${moscow_day(1)} 10:00-10:30`), prodoctorov.busy.join());
  assert.equal(napopravku.days["17/42"].length, 30);
  assert.equal(sberhealth.days["17/42"].length, 21, "an empty list clears a day, so every day is told");
  assert.deepEqual([prodoctorov.server.asked.length, napopravku.server.asked.length, sberhealth.server.asked.length], [1, 1, 3]);
  for (const name of ["prodoctorov", "napopravku", "sberhealth"]) {
    const [row, ...more] = await clinic.audited(name);
    assert.equal(more.length, 0, "one row for each snapshot");
    assert.match(row.subject, /free times \d{4}-\d\d-\d\d to .*: \d+ of 3 doctors \(in branches\), sha256 [0-9a-f]{64}/);
  }
  assert.equal((await clinic.command("audit", "verify")).code, 0);
  // The same free times as slots.changed announced.
  const announced = (await clinic.events()).filter((event) => event.type.includes("slots.changed"));
  assert.ok(announced.length > 10);
});

test("while what was read is in doubt nothing is sent, and what stands afterwards is", async (t) => {
  const mis = await Mis.start(t);
  a_week(mis);
  const napopravku = await Napopravku.start(t);
  const clinic = await SlotClinic.begin(t, mis, { napopravku: { url: napopravku.url } });
  mis.server.trouble = ({ path }) => (path === "/visits" ? { status: 500, json: {} } : undefined);
  await clinic.gateway.start();
  await until("health says why nothing is sent", async () => /free times, the last sent .* ago: nothing is sent: source mis, stream appointment/.test(await clinic.reason("napopravku")));
  assert.equal(napopravku.server.asked.length, 0, "shifts without their visits are no free times");
  assert.equal((await clinic.gateway.metrics())['mis_gateway_slots_failing{sink="napopravku"}'], 1);
  mis.visit("d1", "1", moscow_day(1), "11:00", "12:00");
  mis.server.trouble = () => undefined;
  await until("the times are sent", () => napopravku.taken > 0);
  assert.deepEqual(napopravku.offers()["17/42"], mis.free("d1", "1"));
  await until("health is well again", async () => !/nothing is sent/.test(await clinic.reason("napopravku")));
  const metrics = await clinic.gateway.metrics();
  assert.equal(metrics['mis_gateway_slots_failing{sink="napopravku"}'], 0);
  assert.equal(metrics['mis_gateway_slots_unmapped{sink="napopravku"}'], 1);
  assert.equal(metrics['mis_gateway_slots_refused{sink="napopravku"}'], 0);
  assert.ok(metrics['mis_gateway_slots_sent_timestamp_seconds{sink="napopravku"}'] > Date.now() / 1000 - 60);
  assert.equal(metrics['mis_gateway_slots_free{sink="napopravku"}'], Object.values(napopravku.offers()).flat().length);
  assert.match(await clinic.reason("napopravku"), /1 doctors with free times are not in its table/);
  await clinic.gateway.stop();
});

test("visits that vanished all at once wait for a human, and free times with them", async (t) => {
  const mis = await Mis.start(t);
  a_week(mis);
  for (let day = 1; day <= 5; ++day) for (let hour = 0; hour < 8; ++hour) mis.visit("d3", "1", moscow_day(day), clock(540 + hour * 60), clock(600 + hour * 60));
  const napopravku = await Napopravku.start(t);
  const clinic = await SlotClinic.begin(t, mis, { napopravku: { url: napopravku.url } });
  assert.equal((await clinic.sync()).code, 0);
  const before = napopravku.offers();
  mis.visits = mis.visits.slice(0, 1);
  const held = await clinic.sync();
  assert.equal(held.code, 1, held.stdout + held.stderr);
  assert.match(held.stdout, /nothing is sent: source mis, stream appointment waits for a decision/);
  assert.deepEqual(napopravku.offers(), before);
  assert.equal(napopravku.taken, 1);
  const shown = await clinic.command("slots", "preview", "napopravku");
  assert.equal(shown.code, 1);
  assert.match(shown.stdout, /nothing would be sent now: source mis, stream appointment waits for a decision/);
  assert.equal((await clinic.command("hold", "release", "mis", "appointment")).code, 0);
  const released = await clinic.sync();
  assert.equal(released.code, 0, released.stdout + released.stderr);
  assert.deepEqual(napopravku.offers()["17/42"], mis.free("d1", "1"));
});

test("refusals and outages: told, waited for, made good; nobody's times are lost or invented", async (t) => {
  const mis = await Mis.start(t);
  a_week(mis);
  const sberhealth = await Sberhealth.start(t);
  sberhealth.known = ["17/42"];
  let answers = [];
  sberhealth.server.trouble = () => answers.shift();
  const clinic = await SlotClinic.begin(t, mis, { sberhealth: { url: sberhealth.url, values: { prefix: "clinic7" }, answer_timeout_ms: 500 } });
  answers = [new Promise(() => {}), { status: 503, headers: { "Retry-After": "1" }, text: "maintenance" }, { cut: 3, json: { result: true } }, { status: 502, text: "bad gateway" }, undefined, { text: "<html>" }];
  await clinic.gateway.start();
  await until("one round is over", async () => /requests refused/.test(await clinic.reason("sberhealth")));
  const reason = await clinic.reason("sberhealth");
  assert.match(reason, /2 of 3 requests refused: doctor 43 of branch 17: answered 2xx with what is no JSON/);
  assert.deepEqual(Object.keys(sberhealth.offers()).sort(), ["17/42"], reason);
  assert.deepEqual(sberhealth.offers()["17/42"], mis.free("d1", "1"));
  await clinic.gateway.stop();
  const counted = (await clinic.audited("sberhealth")).length;
  assert.ok(counted >= 5, `${counted} snapshots, of which four did not get through`);
});

test("killed in the middle, started again: the snapshot of now is sent, each with its row of the audit", async (t) => {
  const mis = await Mis.start(t);
  a_week(mis);
  const napopravku = await Napopravku.start(t);
  let hang = true;
  napopravku.server.trouble = async () => (hang ? new Promise(() => {}) : undefined);
  const clinic = await SlotClinic.begin(t, mis, { napopravku: { url: napopravku.url } });
  await clinic.gateway.start();
  await until("a snapshot is on its way", () => napopravku.server.asked.length === 1);
  await clinic.gateway.kill();
  assert.equal((await clinic.audited("napopravku")).length, 1, "what may have left stands in the audit");
  mis.visit("d2", "1", moscow_day(2), "10:00", "12:00");
  hang = false;
  await clinic.gateway.start();
  await until("sent", () => napopravku.taken === 1);
  assert.deepEqual(napopravku.offers()["17/43"], mis.free("d2", "1", 60));
  await clinic.gateway.stop();
  assert.equal((await clinic.audited("napopravku")).length, 2);
  assert.equal((await clinic.command("audit", "verify")).code, 0);
});

test("a table is begun by the program, confirmed by the clinic; preview and check say who is left out and who else may feed", async (t) => {
  const mis = await Mis.start(t);
  a_week(mis);
  const napopravku = await Napopravku.start(t);
  const clinic = await SlotClinic.begin(t, mis, {}, { top: "feeds: [napopravku]" });
  assert.equal((await clinic.sync()).code, 0);
  clinic.table_file = join(clinic.folder, "fresh.csv");
  clinic.write_slots({ napopravku: { url: napopravku.url } });
  const missing = await clinic.command("check");
  assert.match(missing.stderr, /table_file: reading .*fresh\.csv: .*`mis-gateway slots table napopravku` writes one/);
  const begun = await clinic.command("slots", "table", "napopravku");
  assert.equal(begun.code, 0, begun.stderr);
  assert.match(begun.stdout, /^source,branch,doctor,.*confirmed\n/);
  assert.match(begun.stdout, /\nmis,1,d1,,,Клиника на Пробной,Тестова Анна Ивановна,,,\n/);
  writeFileSync(clinic.table_file, begun.stdout);
  const nobody = await clinic.command("slots", "preview", "napopravku");
  assert.equal(nobody.code, 1);
  assert.match(nobody.stdout, /doctor d1 in branch 1 of source mis: his line is not confirmed/);
  assert.match((await clinic.command("check")).stderr, /no confirmed line: nothing is sent/);

  const lines = begun.stdout.split("\n").map((line) => line.replace(/^mis,1,d1,,,(.*),$/, "mis,1,d1,17,42,$1,yes").replace(/^mis,1,d3,(.*),$/, "mis,1,d3,$1,no"));
  writeFileSync(clinic.table_file, lines.join("\n"));
  const shown = await clinic.command("slots", "preview", "napopravku");
  assert.equal(shown.code, 0, shown.stdout + shown.stderr);
  assert.match(shown.stdout, new RegExp(`17 +42 +Тестова Анна Ивановна +5 +${mis.free("d1", "1").length}`));
  assert.match(shown.stdout, /1 requests, \d+ free times, 30 days/);
  assert.match(shown.stdout, /not sent: doctor d2 in branch 1/);
  assert.ok(!/doctor d3/.test(shown.stdout), "the clinic does not want him sent");
  assert.match(shown.stdout, /can send НаПоправку free times by itself, and two feeds overwrite each other/);
  const bodies = await clinic.command("slots", "preview", "napopravku", "--bodies");
  assert.equal(JSON.parse(bodies.stdout.trim()).clinics[0].doctors[0].mis_doctor_id, "42");
  assert.ok(!bodies.stdout.includes(TOKEN));
  assert.equal(napopravku.server.asked.length, 0, "a look sends nothing");
  const json = (await clinic.command("slots", "preview", "napopravku", "--json")).json;
  assert.equal(json[0].free, mis.free("d1", "1").length);

  const checked = await clinic.command("check");
  assert.match(checked.stdout, /sink napopravku: free times for НаПоправку, http:.*\/slots, every 10 minutes, 30 days/);
  assert.match(checked.stdout, /WARNING .*invented \(source mis\) can send НаПоправку free times by itself/);
  clinic.write_slots({ napopravku: { url: napopravku.url, sole_feed: true, every_minutes: 20, days: 7 } });
  const sure = await clinic.command("check");
  assert.ok(!/by itself/.test(sure.stdout), sure.stdout);
  assert.match(sure.stdout, /every 20 minutes, 7 days/);
  assert.equal((await clinic.command("slots", "table", "napopravku")).stdout, "", "everybody has a line");
});

test("what a sink of free times gets wrong in the configuration is said with its line", async (t) => {
  const mis = await Mis.start(t);
  a_week(mis);
  const clinic = await SlotClinic.begin(t, mis, {});
  const check = async (settings, sections) => {
    clinic.write_slots({ sberhealth: { url: "http://127.0.0.1:9", values: { prefix: "clinic7" }, ...settings }, ...sections });
    const ran = await clinic.command("check");
    return ran.stdout + ran.stderr;
  };
  assert.match(await check({ values: {} }), /gateway\.yaml:\d+: sinks\[1\]\.slots\.values: has no prefix, which СберЗдоровье wants/);
  assert.match(await check({ aggregator: "sberheath" }), /no aggregator 'sberheath' \(did you mean sberhealth\?\)/);
  assert.match(await check({ token_file: "" }), /has no token_file/);
  assert.match(await check({ url: "http://aggregator.example" }), /slots\.url: must begin with https/);
  assert.match(await check({ key_file: "key.pem" }), /certificate_file and key_file go together/);
  assert.match(await check({ connect_timeout_ms: 50 }), /connect_timeout_ms: 50 is out of range: from 100/);
  assert.match(await check({ proxy: "squid:3128" }), /proxy: must be http/);
  assert.match(await check({ proxy_login_file: "login" }), /there is no proxy/);
  assert.match(await check({ backoff_first_ms: 5000, backoff_longest_ms: 50 }), /backoff_longest_ms: is shorter/);
  writeFileSync(clinic.table_file, TABLE.replace("mis,1,d1", "miss,1,d1"));
  assert.match(await check({}), /table\.csv:2: no source 'miss' \(did you mean mis\?\)/);
  writeFileSync(clinic.table_file, TABLE.replace("Тестова Анна Ивановна", ""));
  assert.match(await check({ aggregator: "prodoctorov" }), /table\.csv:2: has no doctor_name, which ПроДокторов \/ МедФлекс wants/);
  writeFileSync(clinic.table_file, TABLE);
  clinic.write_slots({ napopravku: { url: "http://127.0.0.1:9", age_minutes_max: 1 } }, { sources: [clinic.source({ poll_seconds: 120 })] });
  const slow = await clinic.command("check");
  assert.match(slow.stderr, /stream appointment is read every 2 minutes, slots\.age_minutes_max is 1: most of the time nothing would be sent/);
});

test("a site's own aggregator, by TLS with a certificate of ours, no C++ and no name in the program", async (t) => {
  const mis = await Mis.start(t);
  a_week(mis);
  const clinic = await SlotClinic.begin(t, mis, {});
  const openssl = (...args) => assert.equal(spawnSync("openssl", args, { cwd: clinic.folder }).status, 0, args.join(" "));
  openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.pem", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1");
  openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "own.key", "-out", "own.pem", "-days", "2", "-subj", "/CN=clinic");
  const file = (name) => join(clinic.folder, name);
  const came = [];
  const server = create_tls_server(
    { key: readFileSync(file("server.key")), cert: readFileSync(file("server.pem")), ca: readFileSync(file("own.pem")), requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const chunks = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => (came.push({ url: request.url, method: request.method, key: request.headers["x-key"], body: JSON.parse(Buffer.concat(chunks).toString()) }), response.writeHead(204).end()));
    },
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  writeFileSync(file("own.yaml"), `title: invented
url: https://127.0.0.1:${server.address().port}
every_minutes: 60
days: 2
method: PUT
path: /times
headers: {X-Key: "{token}"}
body: {clinic: "{value:clinic}", until: "{last_day}", list: {each: branch, as: {each: doctor, as: {who: "{branch}-{doctor}", minutes: "{cell_minutes}", at: {each: day, as: {each: interval, as: "{day} {from}"}}}}}}
`);
  const settings = { aggregator: file("own.yaml"), values: { clinic: "invented" }, authority_file: file("server.pem"), certificate_file: file("own.pem"), key_file: file("own.key"), cell_minutes: 20 };
  clinic.write_slots({ own: settings });
  const sent = await clinic.sync();
  assert.equal(sent.code, 0, sent.stdout + sent.stderr);
  assert.deepEqual([came.length, came[0].url, came[0].method, came[0].key, came[0].body.clinic, came[0].body.until], [1, "/times", "PUT", TOKEN, "invented", moscow_day(1)]);
  assert.deepEqual(came[0].body.list.flat().map(({ who, minutes }) => [who, minutes]), [["17-42", 20], ["17-43", 60], ["18-42", 20]]);
  assert.deepEqual(came[0].body.list[0][0].at[1], mis.free("d1", "1", 20).filter((time) => time.startsWith(moscow_day(1))).map((time) => time.slice(0, 16)));

  clinic.write_slots({ own: { ...settings, authority_file: "" } });
  const strange = await clinic.sync();
  assert.equal(strange.code, 1);
  assert.match(strange.stdout, /sink own: .*whom we trust is in authority_file/);
  clinic.write_slots({ own: { ...settings, certificate_file: "", key_file: "" } });
  assert.equal((await clinic.sync()).code, 1);
  assert.equal(came.length, 1);
});
