// Services that are asked in several steps, through the real program: lines of each parent, windows cut into days, refresh tokens that change at each use, answers that are still the same.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { RestServer } from "../support/rest_server.mjs";
import { until } from "./clinic.mjs";
import { RestClinic, SECRET } from "./rest_clinic.mjs";

const day = (offset) => new Date(Date.now() + 3 * 3_600_000 + offset * 86_400_000).toISOString().slice(0, 10); // in Moscow
const told = (events, word) => events.filter((event) => event.type.includes(word));
const VISIT_MAP = "select id as source_id, patient as patient_source_id, local_ts(null, day || ' 10:00') as starts_at, local_ts(null, day || ' 10:30') as ends_at, 'booked' as status from rows";
const LINE_MAP = "select id as source_id, patient as patient_source_id, visit as appointment_source_id, local_ts(null, day || ' 10:00') as performed_at, 'T-1' as service_code, '1' as quantity, money(sum) as total from rows";

test("lines of each parent of the window: new, changed and gone ones; one parent that fails costs the stream, not its lines", async (t) => {
  const server = await RestServer.start(t);
  const visits = [-1, 0, 1, 40].map((offset, index) => ({ id: `v-${index}`, patient: `p-${index}`, day: day(offset) }));
  const lines = { "v-0": [{ id: "l-1", sum: "100.50" }, { id: "l-2", sum: "200" }], "v-1": [{ id: "l-3", sum: "300" }], "v-2": [] };
  const asked = [];
  server.route("GET", "/visits", ({ query }) => {
    asked.push(query.on);
    return { json: { items: visits.filter((visit) => visit.day === query.on) } };
  });
  server.route("GET", "/visits/:id/lines", ({ params }) => {
    const visit = visits.find(({ id }) => id === params.id);
    return { json: { lines: (lines[params.id] ?? []).map((line) => ({ ...line, day: visit.day, patient: visit.patient })) } };
  });
  const window = "{column: day, past_days: 2, future_days: 2, history_days: 5}";
  const clinic = await RestClinic.make(t, {
    url: server.url,
    streams: {
      visit: { yaml: `kind: appointment\nkey: id\nwindow: ${window}\ncolumns: {id: text, patient: text, day: date}\nrequest: {path: visits, query: {on: "{from}"}, days_max: 1, rows: items}`, map: VISIT_MAP },
      line: { yaml: `kind: procedure\nkey: id\nwindow: ${window}\ncolumns: {id: text, visit: text, patient: text, day: date, sum: decimal}\nrequest: {path: "visits/{each}/lines", rows: lines, for_each: {stream: visit, column: id}, paths: {visit: "{each}"}}`, map: LINE_MAP },
    },
  });
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  const first = await clinic.events();
  assert.deepEqual(told(first, "procedure.performed").map(({ data }) => data.procedure.total.minor).sort((a, b) => a - b), [10050, 20000, 30000]);
  assert.equal(told(first, "appointment.booked").length, 3, "the fourth lies outside the window");
  const days = new Set(asked);
  assert.deepEqual([...days].sort(), [-5, -4, -3, -2, -1, 0, 1, 2].map(day).sort(), "a request a day, of the history and the window");
  assert.ok(!server.asked.some(({ path }) => path === "/visits/v-3/lines"));

  // one parent cannot be asked: nothing of the stream is taken for gone
  server.trouble = ({ path }) => (path === "/visits/v-1/lines" ? { status: 500, text: "Тестова" } : undefined);
  lines["v-0"].pop();
  const failed = await clinic.sync();
  assert.match(failed.stdout + failed.stderr, /GET visits\/\{each\}\/lines of .*HTTP 500/);
  assert.doesNotMatch(failed.stdout + failed.stderr, /Тестова|v-1/);
  assert.equal((await clinic.events()).length, first.length);
  server.trouble = () => undefined;

  lines["v-0"][0].sum = "150.50";
  lines["v-2"].push({ id: "l-4", sum: "400" });
  visits[1].day = day(2); // a visit that moves takes its lines along
  const second = await clinic.sync();
  assert.equal(second.code, 0, second.stdout + second.stderr);
  const compared = await clinic.command("reconcile");
  assert.match(compared.stdout, /mis +line +\d+ /, compared.stdout + compared.stderr);
  assert.match((await clinic.command("reconcile")).stdout, /mis +line +3 .*equal/);
  const standing = (await clinic.command("preview", "mis", "line", "--json")).stdout;
  assert.match(standing, /15050/);
  assert.doesNotMatch(standing, /l-2/);
  for (const command of [["discover", "mis"], ["check"]]) {
    const ran = await clinic.command(...command);
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  }
});

test("days are said as the service says them: the last one included or not, with or without a clock", async (t) => {
  const server = await RestServer.start(t);
  const forms = {
    iso: { dates: "", pattern: /^\d{4}-\d\d-\d\d$/, to: (from) => from },
    excluded: { dates: ", last_day: excluded", pattern: /^\d{4}-\d\d-\d\d$/, to: (from) => new Date(Date.parse(from) + 86_400_000).toISOString().slice(0, 10) },
    timed: { dates: ', dates: "yyyy-mm-ddThh:mm:ss"', pattern: /^\d{4}-\d\d-\d\dT00:00:00$/, to: (from) => `${from.slice(0, 10)}T23:59:59` },
    dotted: { dates: ', dates: "dd.mm.yyyy hh:mm:ss", last_day: excluded', pattern: /^\d\d\.\d\d\.\d{4} 00:00:00$/ },
    unix: { dates: ", dates: unix, last_day: excluded", pattern: /^\d+$/, to: (from) => String(Number(from) + 86_400) },
  };
  const streams = {};
  for (const [name, { dates }] of Object.entries(forms)) {
    server.route("GET", `/${name}`, () => ({ json: [] }));
    streams[name] = { yaml: `kind: appointment\nkey: id\nwindow: {column: day, past_days: 1, future_days: 1}\ncolumns: {id: text, patient: text, day: date}\nrequest: {path: ${name}, query: {from: "{from}", to: "{to}"}, days_max: 1, rows: ""${dates}}`, map: VISIT_MAP };
  }
  const clinic = await RestClinic.make(t, { url: server.url, streams });
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  for (const [name, { pattern, to }] of Object.entries(forms)) {
    const asked = server.asked.filter(({ path }) => path === `/${name}`).map(({ query }) => query);
    assert.ok(asked.length >= 3, name);
    for (const query of asked) {
      assert.match(query.from, pattern, name);
      if (to) assert.equal(query.to, to(query.from), name);
    }
  }
});

const OAUTH = 'auth: {kind: oauth2_refresh, request: {path: oauth, form: {grant_type: refresh_token, client_id: "{user}", client_secret: "{secret}", refresh_token: "{refresh}"}}}';
test("a refresh token that changes at each use outlives restarts, two processes at once and a full stop; a new one of the operator's wins", async (t) => {
  const server = await RestServer.start(t);
  let [current, issued] = ["first-refresh-token", 0];
  const refused = [];
  server.route("POST", "/oauth", ({ body }) => {
    const asked = new URLSearchParams(body);
    if (asked.get("client_secret") !== SECRET || asked.get("refresh_token") !== current) {
      refused.push(asked.get("refresh_token"));
      return { status: 400, json: { error: "invalid_grant" } };
    }
    current = `refresh-token-number-${++issued}`;
    return { json: { access_token: `access-${issued}`, refresh_token: current, expires_in: 3600 } };
  });
  server.route("GET", "/visits", ({ headers }) => (/^Bearer access-\d+$/.test(headers.authorization) ? { json: [{ id: "v-1", patient: "p-1", day: day(1) }] } : { status: 401, json: {} }));
  const streams = { visit: { yaml: 'kind: appointment\nkey: id\ncolumns: {id: text, patient: text, day: date}\nrequest: {path: visits, rows: ""}', map: VISIT_MAP } };
  const clinic = await RestClinic.make(t, { url: server.url, http: { user: "app-1" }, streams, top: OAUTH });
  const refresh = join(clinic.folder, "refresh.secret");
  writeFileSync(refresh, "first-refresh-token\n", { mode: 0o600 });
  clinic.http.refresh_token_file = refresh;
  clinic.write_config();
  const outputs = [];
  for (const command of [["sync", "--once"], ["check"], ["sync", "--once"]]) {
    outputs.push(await clinic.command(...command));
    assert.equal(outputs.at(-1).code, 0, `${command}: ${outputs.at(-1).stdout}${outputs.at(-1).stderr}`);
  }
  assert.ok(issued >= 3, "each process wants one");
  outputs.push(...(await Promise.all([clinic.command("check"), clinic.command("check")])));
  assert.deepEqual(refused, []);
  assert.equal(told(await clinic.events(), "appointment.booked").length, 1);

  const kept = readdirSync(clinic.folder, { recursive: true }).map(String).filter((name) => /refresh-\w+\.token$/.test(name));
  assert.equal(kept.length, 1);
  assert.equal(statSync(join(clinic.folder, kept[0])).mode & 0o777, 0o600);
  assert.ok(readFileSync(join(clinic.folder, kept[0]), "utf8").includes(current));

  // the service forgot it (somebody else used it): only a human can help, and does
  current = "token-of-the-operator";
  const lost = await clinic.sync();
  outputs.push(lost);
  assert.match(lost.stdout + lost.stderr, /HTTP 400.*put a new one into http\.refresh_token_file/);
  writeFileSync(refresh, "token-of-the-operator\n");
  outputs.push(await clinic.sync(), await clinic.sync());
  for (const ran of outputs.slice(-2)) assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  for (const { stdout, stderr } of outputs) assert.doesNotMatch(`${stdout}${stderr}`, /first-refresh-token|refresh-token-number|token-of-the-operator|access-\d/);
  assert.ok(existsSync(join(clinic.folder, kept[0])));
});

test("a list that says by its ETag that it is the same is not read again, and is as soon as it is another", async (t) => {
  const server = await RestServer.start(t);
  const visits = [{ id: "v-1", patient: "p-1", day: day(1) }];
  const answers = [];
  server.route("GET", "/visits", ({ headers }) => {
    const etag = `"state-${visits.length}"`;
    const same = headers["if-none-match"] === etag;
    answers.push(same ? 304 : 200);
    return same ? { status: 304, text: "", headers: { ETag: etag } } : { json: visits, headers: { ETag: etag } };
  });
  const streams = { visit: { yaml: 'kind: appointment\nkey: id\npoll_seconds: 1\ncolumns: {id: text, patient: text, day: date}\nrequest: {path: visits, rows: "", conditional: true}', map: VISIT_MAP } };
  const clinic = await RestClinic.make(t, { url: server.url, streams });
  clinic.write_config({ sources: [clinic.source({ poll_seconds: 1 })] });
  await clinic.gateway.start();
  await until("three polls that cost nothing", () => answers.filter((status) => status === 304).length >= 3);
  const full = answers.filter((status) => status === 200).length;
  visits.push({ id: "v-2", patient: "p-2", day: day(2) });
  await until("it is read again", () => answers.filter((status) => status === 200).length > full);
  await until("and the same again", () => answers.at(-1) === 304);
  server.trouble = () => ({ status: 500, text: "" });
  await until("a service that fails is no unchanged one", async () => /HTTP 500/.test(clinic.gateway.log));
  server.trouble = () => undefined;
  await clinic.gateway.stop();
  assert.equal(told(await clinic.events(), "appointment.booked").length, 2);

  clinic.write_connector("", { visit: { ...streams.visit, yaml: streams.visit.yaml.replace("path: visits", 'path: visits, query: {page: "{page}"}, paging: {by: page}') } });
  const refused = await clinic.command("check");
  assert.match(refused.stdout + refused.stderr, /conditional is of a list that comes whole in one answer/);
});
