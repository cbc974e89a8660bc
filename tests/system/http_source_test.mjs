// Services that answer over HTTP, read by the real program: every way of paging, authentication and failing, by a scripted service over real sockets.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as create_tls_server } from "node:https";
import { createServer as create_tcp_server } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { RestServer, page_of } from "../support/rest_server.mjs";
import { until } from "./clinic.mjs";
import { RestClinic, SECRET } from "./rest_clinic.mjs";

const at = new Date(Date.now() - 2 * 3_600_000 + 3 * 3_600_000).toISOString().slice(0, 19).replace("T", " "); // two hours ago in Moscow
const works = (count, prefix = "") => Array.from({ length: count }, (_, index) => ({ id: `${prefix}${index + 1}`, name: `Пробная работа ${index + 1}`, at, sum: 10.55 }));
const MAP = "select id as source_id, 'p-1' as patient_source_id, local_ts(null, at) as performed_at, id as service_code, name as service_name, '1' as quantity, money(sum) as total from rows";
const WORKS = (request) => ({ yaml: `kind: procedure\nkey: id\ncolumns: {id: text, at: timestamp, name: text, sum: decimal}\nrequest: ${request}`, map: MAP });
const performed = (events) => events.filter((event) => event.type.includes("procedure.performed"));
const held = (events) => new Set(performed(events).map((event) => event.data.procedure.id));

test("every way of paging brings every row, once, and at the edge of a page too", async (t) => {
  const server = await RestServer.start(t);
  const counts = [0, 1, 15, 20, 21, 120]; // more than a page of pages, too
  for (const count of counts) {
    const rows = (kind) => works(count, `${kind}-`);
    server.route("GET", `/page${count}`, ({ query }) => ({ json: { data: page_of(rows(`p${count}`), query), total: count } }));
    server.route("GET", `/capped${count}`, ({ query }) => ({ json: { data: page_of(rows(`c${count}`), query, 7), total: count } }));
    server.route("GET", `/untold${count}`, ({ query }) => ({ json: { data: page_of(rows(`u${count}`), query) } }));
    for (const own of ["more", "less"]) // than was asked for, whatever was
      server.route("GET", `/${own}${count}`, ({ query }) => ({ json: { data: page_of(rows(`${own}${count}`), { page: query.page, limit: 10 }), ...(own === "more" && { total: count }) } }));
    server.route("GET", `/fixed${count}`, ({ query }) => ({ json: { data: page_of(rows(`f${count}`), { page: query.page, limit: 10 }) } }));
    server.route("GET", `/offset${count}`, ({ query }) => ({ json: { result: { items: rows(`o${count}`).slice(Number(query.skip), Number(query.skip) + 10) } } }));
    server.route("GET", `/cursor${count}`, ({ query }) => {
      const begin = Number(query.after || 0);
      return { json: { items: rows(`k${count}`).slice(begin, begin + 10), next: begin + 10 < count ? String(begin + 10) : null } };
    });
    server.route("GET", `/link${count}`, ({ query }) => {
      const begin = Number(query.begin ?? 0);
      return { json: { data: rows(`l${count}`).slice(begin, begin + 10), links: { next: begin + 10 < count ? `${server.url}/link${count}?begin=${begin + 10}` : null } } };
    });
    server.route("GET", `/keyset${count}`, ({ query }) => ({ json: works(count).map((row) => ({ ...row, id: Number(row.id) })).filter((row) => row.id > Number(query.above)).slice(0, 10) }));
  }
  const streams = {};
  for (const count of counts)
    Object.assign(streams, {
      [`page${count}`]: WORKS(`{path: page${count}, query: {page: "{page}", limit: "{limit}"}, rows: data, paging: {by: page, size: 10, total: total}}`),
      [`capped${count}`]: WORKS(`{path: capped${count}, query: {page: "{page}", limit: "{limit}"}, rows: data, paging: {by: page, size: 10, total: total}}`),
      [`untold${count}`]: WORKS(`{path: untold${count}, query: {page: "{page}", limit: "{limit}"}, rows: data, paging: {by: page, size: 10}}`),
      [`more${count}`]: WORKS(`{path: more${count}, query: {page: "{page}", limit: "{limit}"}, rows: data, paging: {by: page, size: 7, total: total}}`),
      [`less${count}`]: WORKS(`{path: less${count}, query: {page: "{page}", limit: "{limit}"}, rows: data, paging: {by: page, size: 100}}`),
      [`fixed${count}`]: WORKS(`{path: fixed${count}, query: {page: "{page}"}, rows: data, paging: {by: page, first: 1}}`),
      [`offset${count}`]: WORKS(`{path: offset${count}, query: {skip: "{offset}"}, rows: result.items, paging: {by: offset, size: 10}}`),
      [`cursor${count}`]: WORKS(`{path: cursor${count}, query: {after: "{cursor}"}, rows: items, paging: {by: cursor, next: next}}`),
      [`link${count}`]: WORKS(`{path: link${count}, rows: data, paging: {by: link, next: links.next}}`),
      [`keyset${count}`]: { ...WORKS(`{path: keyset${count}, query: {above: "{after}"}, rows: "", paging: {by: keyset}}`), map: MAP.replace("id as source_id", `'y${count}-' || id as source_id`) },
    });
  const clinic = await RestClinic.make(t, { url: server.url, streams });
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  const events = performed(await clinic.events());
  const wanted = counts.reduce((sum, count) => sum + count) * 10;
  assert.equal(events.length, wanted, "of ten ways");
  assert.equal(events.reduce((sum, event) => sum + event.data.procedure.total.minor, 0), 1055 * wanted);
  const asked = server.asked.length;
  assert.ok(asked < counts.length * 10 * 20, `${asked} requests`); // each list is read twice by a first pass
  assert.equal((await clinic.sync()).code, 0);
  assert.equal(performed(await clinic.events()).length, events.length, "nothing came of reading them again");
  assert.ok(server.asked.length > asked);
});

test("a list that changes while it is read loses nobody", async (t) => {
  const server = await RestServer.start(t);
  const lists = { page: works(60, "p"), offset: works(60, "o"), fixed: works(60, "f") };
  server.route("GET", "/page", ({ query }) => ({ json: { data: page_of(lists.page, query), total: lists.page.length } }));
  server.route("GET", "/offset", ({ query }) => ({ json: { data: lists.offset.slice(Number(query.skip), Number(query.skip) + 10), total: lists.offset.length } }));
  server.route("GET", "/fixed", ({ query }) => ({ json: { data: page_of(lists.fixed, { page: query.page, limit: 10 }) } }));
  const paging = "paging: {by: page, size: 10, total: total}";
  const clinic = await RestClinic.make(t, {
    url: server.url,
    streams: {
      page: WORKS(`{path: page, query: {page: "{page}", limit: "{limit}"}, rows: data, ${paging}}`),
      offset: WORKS('{path: offset, query: {skip: "{offset}"}, rows: data, paging: {by: offset, size: 10, total: total}}'),
      fixed: WORKS('{path: fixed, query: {page: "{page}"}, rows: data, paging: {by: page}}'),
    },
  });
  const staying = Object.values(lists).flatMap((rows) => rows.slice(12).map((row) => row.id));
  const met = {};
  server.trouble = ({ path }) => {
    met[path] = (met[path] ?? 0) + 1;
    const list = lists[path.slice(1)];
    if (met[path] >= 2 && met[path] <= 5) {
      list.splice(0, 3); // those behind move up, out of the page to come
      list.push(...works(3, `${path.slice(1)}-new-${met[path]}-`));
    }
    return undefined;
  };
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  server.trouble = () => undefined;
  const seen = performed(await clinic.events()).length;
  assert.ok(seen >= staying.length, `${seen} of at least ${staying.length}`);
  assert.equal((await clinic.sync()).code, 0);
  const compared = await clinic.command("reconcile");
  for (const name of ["page", "offset", "fixed"]) assert.match(compared.stdout, new RegExp(`mis +${name} +60 .*equal`), compared.stdout + compared.stderr);
});

test("an answer that failed, whichever way, stores nothing, says so and is made good by the next", async (t) => {
  const server = await RestServer.start(t);
  const lines = works(25);
  server.route("GET", "/works", ({ query }) => ({ json: { success: true, data: page_of(lines, query), total: lines.length } }));
  const clinic = await RestClinic.make(t, {
    url: server.url,
    top: 'failures: [{field: success, is: ["false"], code: reason}, {status: [444], means: unavailable}, {field: fault, means: misconfigured}]',
    streams: { work: WORKS('{path: works, query: {page: "{page}", limit: "{limit}"}, rows: data, paging: {by: page, size: 10, total: total}}') },
  });
  assert.equal((await clinic.sync()).code, 0);
  const before = await clinic.events();
  assert.equal(held(before).size, 25);
  lines[3].sum = 77.77;
  lines.splice(20, 1);
  const deep = `{"success": true, "total": 24, "data": ${"[".repeat(200)}${"]".repeat(200)}}`;
  const troubles = {
    "HTTP 500": { status: 500, text: "<html>Тестова Анна 89000000001</html>" },
    "asked too often": { status: 429, headers: { "Retry-After": "7200" } },
    "HTTP 503": { status: 503, headers: { "Retry-After": new Date(Date.now() + 7_200_000).toUTCString() } },
    "failed \\(LIMIT_1\\)": { json: { success: false, reason: "LIMIT_1", message: "Тестова Анна 89000000001" } },
    "failed with HTTP 444": { status: 444, json: {} },
    "says that it failed": { json: { success: true, fault: { text: "Тестова" }, data: [], total: 0 } },
    "cut off|transfer closed|left intact|bytes remaining": { after: true, cut: 300 },
    "ends in the middle": { after: true, text: (whole) => whole.slice(0, -20) },
    "breaks off": { after: true, text: (whole) => whole.replace('"id"', '"id" oops') },
    "is no JSON": { text: "<html>login</html>", type: "text/html" },
    "no list of rows": { json: { success: true, items: [], total: 0 } },
    "nested deeper": { text: deep },
    "twice": { after: true, text: (whole) => whole.replace(/"id":"(\d+)"/, '"id":"$1","id":"2"') },
    "too large to be one": { after: true, text: (whole) => whole.replace('"total":24', '"total":1e999') },
    "longer than": { text: `{"data": ["${"x".repeat(9_000_000)}"]}` },
    "same page again": { json: { success: true, data: lines.slice(0, 10), total: 24 } },
    "says that there are 99": { after: true, text: (whole) => whole.replace('"total":24', '"total":99') },
    "sends us elsewhere": { status: 302, headers: { Location: "http://elsewhere.invalid/" } },
    "no such place": { status: 404, json: {} },
    "does not understand": { status: 422, json: { detail: "Тестова" } },
    "take us for who": { status: 403, json: {} },
  };
  for (const [expected, wrong] of Object.entries(troubles)) {
    // from its second page on; what only a human can mend, and what a whole reading tells, of every one
    const every = /^(same page|says that|sends us|no such|does not under|take us)/.test(expected);
    server.trouble = ({ query }) => (every || query.page !== "1" ? wrong : undefined);
    const failed = await clinic.sync();
    assert.match(failed.stdout + failed.stderr, new RegExp(expected), `${expected}: ${failed.stdout}${failed.stderr}`);
    assert.doesNotMatch(failed.stdout + failed.stderr, /Тестова|89000000001|elsewhere\.invalid/);
    assert.equal((await clinic.events()).length, before.length, `${expected}: nothing came of it`);
  }
  server.trouble = () => undefined;
  const healed = await clinic.sync();
  assert.equal(healed.code, 0, healed.stdout + healed.stderr);
  assert.ok((await clinic.events()).length > before.length);
  const compared = await clinic.command("reconcile");
  assert.match(compared.stdout, /mis +work +24 .*equal/, compared.stdout + compared.stderr);
});

test("a service that asks to wait is waited for, and its limits are kept", async (t) => {
  const server = await RestServer.start(t);
  server.route("GET", "/works", ({ query }) => ({ json: { data: page_of(works(35), query), total: 35 } }));
  const times = [];
  server.trouble = ({ count }) => {
    times.push(Date.now());
    return count === 2 ? { status: 429, headers: { "Retry-After": "1" } } : undefined;
  };
  const streams = { work: WORKS('{path: works, query: {page: "{page}", limit: "{limit}"}, rows: data, paging: {by: page, size: 10, total: total}}') };
  const clinic = await RestClinic.make(t, { url: server.url, top: "limits: {per_second: 100}", streams, http: { per_second: 2 } });
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  assert.equal(held(await clinic.events()).size, 35);
  assert.ok(times[2] - times[1] >= 990, "Retry-After");
  for (let i = 2; i < times.length; ++i) assert.ok(times[i] - times[i - 2] >= 990, `two in any second: ${times.map((time) => time - times[0])}`);
  clinic.http = { per_minute: 2 };
  clinic.write_config();
  const asked = server.asked.length;
  const running = clinic.sync();
  await until("two requests", () => server.asked.length === asked + 2);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  assert.equal(server.asked.length, asked + 2, "the third waits until the minute is over");
  clinic.ran.kill("SIGKILL");
  await running;
});

test("killed in the middle of a list: the next run reads it whole, and nothing is told twice", async (t) => {
  const server = await RestServer.start(t);
  server.route("GET", "/works", ({ query }) => ({ json: { data: page_of(works(45), query), total: 45 } }));
  const clinic = await RestClinic.make(t, { url: server.url, streams: { work: WORKS('{path: works, query: {page: "{page}", limit: "{limit}"}, rows: data, paging: {by: page, size: 10, total: total}}') } });
  for (const page of [1, 3]) {
    const first = server.asked.length;
    server.trouble = ({ count }) => (count - first === page ? new Promise(() => {}) : undefined);
    const running = clinic.sync();
    await until("the page is asked for", () => server.asked.length >= first + page);
    clinic.ran.kill("SIGKILL");
    await running;
  }
  server.trouble = () => undefined;
  assert.equal((await clinic.sync()).code, 0);
  const told = performed(await clinic.events());
  assert.equal(told.length, 45);
  assert.equal(held(told).size, 45);
});

const BY_AUTH = {
  header: { auth: { kind: "header", name: "X-Key", value: "{secret}" }, proof: ({ headers }) => headers["x-key"] === SECRET },
  query: { auth: { kind: "query", name: "api_key" }, proof: ({ query }) => query.api_key === SECRET },
  body: { auth: { kind: "body", name: "key" }, proof: ({ body }) => body === `key=${SECRET}` },
  path: { auth: { kind: "path", value: "{user}/{secret}" }, proof: ({ path }) => path === `/7/${SECRET}/works` },
  basic: { auth: { kind: "basic" }, proof: ({ headers }) => headers.authorization === `Basic ${Buffer.from(`7:${SECRET}`).toString("base64")}` },
};
test("who we are is told in each way, and stands in no output", async (t) => {
  for (const [kind, { auth, proof }] of Object.entries(BY_AUTH)) {
    const server = await RestServer.start(t);
    server.route("GET", kind === "path" ? `/7/${SECRET}/works` : "/works", () => ({ json: works(3) }));
    server.trouble = (request) => (proof(request) ? undefined : { status: 401, json: {} });
    const clinic = await RestClinic.make(t, { url: server.url, http: { user: "7", auth }, streams: { work: WORKS('{path: works, rows: ""}') } });
    const outputs = [await clinic.command("check"), await clinic.sync(), await clinic.command("preview", "mis", "work", "--limit", "2")];
    assert.equal(outputs[1].code, 0, `${kind}: ${outputs[1].stdout}${outputs[1].stderr}`);
    assert.equal(held(await clinic.events()).size, 3, kind);
    writeFileSync(clinic.secret_file, "another-secret-2\n");
    outputs.push(await clinic.sync());
    assert.match(outputs.at(-1).stdout + outputs.at(-1).stderr, kind === "path" ? /HTTP 40[14]/ : /HTTP 401.*http\.secret_file/, kind);
    for (const { stdout, stderr } of outputs) assert.ok(!`${stdout}${stderr}`.includes(SECRET) && !`${stdout}${stderr}`.includes("another-secret-2"), `${kind}: ${stdout}${stderr}`);
  }
});

test("tokens: by login, renewed once when they are refused, and by OAuth 2", async (t) => {
  const server = await RestServer.start(t);
  let issued = 0;
  server.route("POST", "/login", ({ body }) => (body === JSON.stringify({ login: "anna", password: SECRET }) ? { json: { result: { token: `token-${++issued}` } } } : { status: 400 }));
  server.route("POST", "/oauth", ({ body }) => {
    const asked = new URLSearchParams(body);
    return asked.get("refresh_token") === "refresh-secret-1" && asked.get("client_secret") === SECRET ? { json: { access_token: `token-${++issued}`, expires_in: 3600 } } : { status: 400 };
  });
  server.route("GET", "/works", ({ headers, query }) => (headers.authorization === `Bearer token-${issued}` ? { json: { data: page_of(works(25), query), total: 25 } } : { status: 401, json: {} }));
  const streams = { work: WORKS('{path: works, query: {page: "{page}", limit: "{limit}"}, rows: data, paging: {by: page, size: 10, total: total}}') };
  const login = await RestClinic.make(t, { url: server.url, http: { user: "anna" }, streams, top: 'auth: {kind: login, request: {path: login, json: {login: "{user}", password: "{secret}"}}, token: result.token}' });
  let expired = false;
  server.trouble = ({ path, query }) => {
    if (path === "/works" && query.page === "2" && !expired) {
      expired = true;
      issued += 1; // the service forgot it
    }
    return undefined;
  };
  const synced = await login.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  assert.equal(held(await login.events()).size, 25);
  assert.equal(server.asked.filter(({ path }) => path === "/login").length, 2, "one for the pass, one when that was refused");
  server.trouble = ({ path }) => (path === "/works" ? { status: 401, json: {} } : undefined);
  const before = server.asked.length;
  const refused = await login.sync();
  assert.match(refused.stdout + refused.stderr, /HTTP 401/);
  const [works_asked, logins] = ["/works", "/login"].map((wanted) => server.asked.slice(before).filter(({ path }) => path === wanted).length);
  assert.equal(works_asked, logins, "each refused token was replaced once, and no oftener");
  assert.ok(works_asked === 2 || works_asked === 4, `${works_asked}: twice for each reading of the run`);
  server.trouble = () => undefined;

  const oauth = await RestClinic.make(t, {
    url: server.url, http: { user: "app-1" }, streams,
    top: 'auth: {kind: oauth2_refresh, request: {path: oauth, form: {grant_type: refresh_token, client_id: "{user}", client_secret: "{secret}", refresh_token: "{refresh}"}}}',
  });
  const refresh = join(oauth.folder, "refresh.secret");
  writeFileSync(refresh, "refresh-secret-1\n", { mode: 0o600 });
  oauth.http.refresh_token_file = refresh;
  oauth.write_config();
  const by_oauth = await oauth.sync();
  assert.equal(by_oauth.code, 0, by_oauth.stdout + by_oauth.stderr);
  assert.equal(held(await oauth.events()).size, 25);
  assert.ok(!readFileSync(oauth.config_file, "utf8").includes("refresh-secret-1"));
});

test("XML and SOAP: rows by the element that repeats; what is hostile is refused", async (t) => {
  const server = await RestServer.start(t);
  const soap = (inner) => `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetWorksResponse><Result>${inner}</Result></GetWorksResponse></s:Body></s:Envelope>`;
  server.route("POST", "/hub.svc", ({ body, headers }) => {
    assert.match(headers["content-type"], /^text\/xml/);
    assert.match(body, new RegExp(`<guid>${SECRET}</guid>`));
    return { type: "text/xml", text: soap([1, 2].map((code) => `<Line code="${code}"><Name>Пробная &amp; работа</Name><When>${at.replace(" ", "T")}</When><Sum>10.55</Sum></Line>`).join("")) };
  });
  const clinic = await RestClinic.make(t, {
    url: server.url,
    top: "format: xml\nauth: {kind: body, name: guid}\nfailures: [{field: Envelope/Body/Fault, code: Envelope/Body/Fault/faultcode}]",
    streams: {
      work: WORKS('\n  path: hub.svc\n  xml: "<s:Envelope xmlns:s=\'http://schemas.xmlsoap.org/soap/envelope/\'><s:Body><GetWorks><guid>{secret}</guid></GetWorks></s:Body></s:Envelope>"\n  headers: {SOAPAction: "http://tempuri.org/GetWorks"}\n  rows: Envelope/Body/GetWorksResponse/Result/Line\n  paths: {id: "@code", name: Name, at: When, sum: Sum}'),
    },
  });
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  assert.equal(held(await clinic.events()).size, 2);
  const before = (await clinic.events()).length;
  for (const [text, expected] of [
    ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', /document type/],
    [soap("<Line>").replace("</Result>", ""), /no XML|cut off/],
    ["<Envelope><Body><Fault><faultcode>Server.1</faultcode><faultstring>Тестова</faultstring></Fault></Body></Envelope>", /failed \(Server\.1\)/],
    ["<Envelope><Body/></Envelope>", /no list of rows/],
  ]) {
    server.trouble = () => ({ text, type: "text/xml" });
    const failed = await clinic.sync();
    assert.match(failed.stdout + failed.stderr, expected);
    assert.ok(!`${failed.stdout}${failed.stderr}`.includes("Тестова"));
    assert.equal((await clinic.events()).length, before);
  }
});

test("the way there: proxy, a certificate of one's own, time limits, plain http", async (t) => {
  const streams = { work: WORKS('{path: works, rows: ""}') };
  const seen = [];
  const proxy = createServer((request, response) => {
    seen.push(request.url);
    if (request.headers["proxy-authorization"] !== `Basic ${Buffer.from("anna:proxy-secret-1").toString("base64")}`) return response.writeHead(407, { "Proxy-Authenticate": "Basic realm=p" }).end();
    return response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(works(2)));
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(() => proxy.close());
  const clinic = await RestClinic.make(t, { url: "http://mis.example.invalid", streams });
  const told = await clinic.command("check");
  assert.match(told.stdout + told.stderr, /http\.url: would send .* plain_http/s);
  const login = join(clinic.folder, "proxy.login");
  writeFileSync(login, "anna:proxy-secret-1\n", { mode: 0o600 });
  Object.assign(clinic.http, { plain_http: true, proxy: `http://127.0.0.1:${proxy.address().port}`, proxy_login_file: login });
  clinic.write_config();
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  assert.ok(seen.every((url) => url === "http://mis.example.invalid/works"), seen.join(" "));

  const folder = clinic.folder;
  const made = spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", join(folder, "key.pem"), "-out", join(folder, "certificate.pem"), "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]);
  assert.equal(made.status, 0, made.stderr?.toString());
  const secure = create_tls_server({ key: readFileSync(join(folder, "key.pem")), cert: readFileSync(join(folder, "certificate.pem")) }, (request, response) => {
    if (request.url === "/slow/works") return;
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(request.headers["x-key"] === "from-the-environment" ? works(4) : works(1)));
  });
  await new Promise((resolve) => secure.listen(0, "127.0.0.1", resolve));
  t.after(() => (secure.closeAllConnections(), secure.close()));
  const url = `https://localhost:${secure.address().port}`;
  const tls = await RestClinic.make(t, { url, streams, http: { auth: { kind: "header", name: "X-Key" } } });
  const untrusted = await tls.sync();
  assert.match(untrusted.stdout + untrusted.stderr, /certificate/i);
  Object.assign(tls.http, { authority_file: join(folder, "certificate.pem"), secret_file: undefined, secret_env: "MIS_TEST_SECRET" });
  tls.more_environment = { MIS_TEST_SECRET: "from-the-environment" };
  tls.write_config();
  const trusted = await tls.sync();
  assert.equal(trusted.code, 0, trusted.stdout + trusted.stderr);
  assert.equal(held(await tls.events()).size, 4);
  tls.url = `${url}/slow`;
  Object.assign(tls.http, { answer_seconds_max: 1 });
  tls.write_config();
  const slow = await tls.command("check");
  assert.match(slow.stdout + slow.stderr, /timed out/i);

  const silent = create_tcp_server(() => {});
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const sockets = new Set();
  silent.on("connection", (socket) => sockets.add(socket));
  t.after(() => (sockets.forEach((socket) => socket.destroy()), silent.close()));
  tls.url = `https://localhost:${silent.address().port}`;
  Object.assign(tls.http, { connect_seconds_max: 1, answer_seconds_max: 60 });
  tls.write_config();
  const began = Date.now();
  const unanswered = await tls.command("check");
  assert.match(unanswered.stdout + unanswered.stderr, /timed out|timeout/i);
  assert.ok(Date.now() - began < 40_000, "long before the answer's time is over");
});
