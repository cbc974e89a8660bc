// The console through the real program on a real base: every address against schemas/console.openapi.yaml, an account's page against what was billed,
// decisions once or not at all, and what attackers try.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Browser, Description } from "../support/console_client.mjs";
import { Clinic, json_lines, root, until } from "./clinic.mjs";
import { order_of, push } from "./orders.mjs";

const description = new Description(root);
const kPassword = "a password of clerks", kCanary = "Канарейкина";
const port_of = (clinic) => Number(clinic.gateway.new_log.match(/console on http:\/\/127\.0\.0\.1:(\d+)\/console\//)?.[1] ?? assert.fail(`no console: ${clinic.gateway.new_log}`));
const code_of = (clinic) => clinic.command("console", "code", "--json").json[0].code;
const key = () => ({ "Idempotency-Key": randomUUID() });
const minor = (money) => money.minor;
const config = { console: { listen: "127.0.0.1:0" } };

async function opened(t, options = {}) {
  const clinic = await Clinic.make(t, { patients: 40, procedures: 160, ...options });
  options.before?.(clinic);
  clinic.write_config({ ...config, sinks: [clinic.file_sink()], ...options.sections });
  await clinic.gateway.start();
  const browser = new Browser(port_of(clinic), description);
  return { clinic, browser };
}
const sign_up = async (clinic, browser) => {
  const made = await browser.ask("POST", "/first-user", { code: code_of(clinic), login: "Olga", password: kPassword });
  assert.equal(made.status, 201, made.text);
  return made;
};
const read_through = (browser) => until("every stream was read", async () => {
  const { json } = await browser.ask("GET", "/overview");
  return json.streams.length > 0 && json.streams.every((stream) => stream.read_until || stream.state === "off");
});
const events_of = (clinic) => readdirSync(join(clinic.folder, "events")).filter((name) => name.endsWith(".jsonl"))
  .flatMap((name) => json_lines(join(clinic.folder, "events", name)));

test("a clerk's day: sign in, overview, an account as it was billed, search, tasks", async (t) => {
  let planted;
  const { clinic, browser } = await opened(t, {
    before: (made) => {
      // every barter ends in the middle of a line; a patient whose name, phone and comment must never be seen
      made.sql("update CLHISTNUM set AMOUNTRUB = 1500 where AMOUNTRUB > 0");
      [planted] = made.sql("select first 1 N.PCODE from CLHISTNUM N join TREAT T on T.HISTID = N.HISTID where N.PCODE > 0 and N.AMOUNTRUB > 0 order by N.PCODE").map(([one]) => one);
      made.sql(`update CLIENTS set LASTNAME = '${kCanary}', BDATE = '1991-02-03' where PCODE = ${planted}`);
    },
  });
  browser.planted = [kCanary, "1991-02-03"];
  assert.equal((await browser.ask("GET", "/session")).json.first_user, true);
  const made = await sign_up(clinic, browser);
  assert.match(made.headers["set-cookie"][0], /^mis_console=[0-9a-f]{64}; Path=\/console; HttpOnly; SameSite=Strict$/);
  assert.equal(made.json.user.login, "olga");
  assert.equal((await browser.ask("GET", "/session")).status, 200);
  await read_through(browser);
  let page;
  await until("there are accounts", async () => {
    page = await browser.ask("GET", "/limits?limit=200");
    return page.json.items.length > 2 && page.json.items.some((one) => one.overrun.minor > 0) && (await browser.ask("GET", "/overview")).json.sinks[0].waiting === 0;
  });

  await t.test("overview answers 304 to whoever has it", async () => {
    const seen = await browser.ask("GET", "/limits?limit=200");
    const again = await browser.ask("GET", "/limits?limit=200", undefined, { "If-None-Match": seen.headers.etag });
    assert.equal(again.status, 304);
    assert.equal(seen.headers["cache-control"], "no-store");
    const overview = await browser.ask("GET", "/overview", undefined, { "X-Polling": "1" });
    assert.equal(overview.json.clinic.id, "test-clinic");
    assert.ok(overview.json.streams.some((stream) => stream.stream === "procedure" && stream.state === "ok"));
  });

  await t.test("pages of a list, one after another, are the list", async () => {
    const all = page.json.items.map((one) => one.id);
    const walked = [];
    for (let after = ""; ;) {
      const { json } = await browser.ask("GET", `/limits?limit=3${after}`);
      walked.push(...json.items.map((one) => one.id));
      if (!json.next) break;
      after = `&after=${encodeURIComponent(json.next)}`;
    }
    assert.deepEqual(walked, all);
    const shares = page.json.items.map((one) => one.share_percent);
    assert.deepEqual(shares, [...shares].sort((a, b) => b - a));
    const payer = page.json.payers[0];
    const of_payer = await browser.ask("GET", `/limits?limit=200&order=expiry&payer=${encodeURIComponent(payer.name)}`);
    assert.equal(of_payer.json.items.length, payer.accounts);
    for (const wrong of ["limit=0", "limit=201", "limit=x", "order=name"]) assert.equal((await browser.ask("GET", `/limits?${wrong}`)).status, 422, wrong);
  });

  await t.test("L3: every sum of an account's page is the one that was billed", async () => {
    const charges = new Map(), gone = new Set();
    const events = events_of(clinic);
    for (const { type, data } of events) if (type.startsWith("mis.billing.reversal")) gone.add(data.charge_id ?? data.reverses);
    for (const { type, data } of events) {
      if (!type.startsWith("mis.billing.charge") || gone.has(data.charge_id)) continue;
      const of = (limit) => {
        const name = `${limit} ${data.procedure}`;
        if (!charges.has(name)) charges.set(name, { to_limit: 0, beyond: 0 });
        return charges.get(name);
      };
      if (data.limit) of(data.limit).to_limit += data.total.minor;
      for (const over of data.overruns ?? []) of(over.limit).beyond += over.total.minor;
    }
    let splitting = 0, lines = 0;
    for (const row of page.json.items) {
      const { json } = await browser.ask("GET", `/limits/${row.id}`);
      assert.deepEqual([json.granted, json.consumed, json.remaining, json.overrun], [row.granted, row.consumed, row.remaining, row.overrun]);
      let left = json.granted.minor;
      for (const line of json.lines) {
        ++lines;
        const billed = charges.get(`${row.id} ${line.id}`);
        assert.ok(billed, `line ${line.id} was billed`);
        assert.deepEqual([minor(line.to_limit), minor(line.beyond)], [billed.to_limit, billed.beyond]);
        assert.equal(minor(line.before), left);
        left -= minor(line.to_limit);
        assert.equal(minor(line.after), left);
        assert.equal(minor(line.to_limit) + minor(line.beyond), minor(line.total));
        assert.equal(line.beyond_payers.reduce((sum, part) => sum + part.total.minor, 0), minor(line.beyond));
        splitting += line.splits ? 1 : 0;
      }
      assert.equal(left, minor(json.remaining));
      assert.equal(minor(json.totals.lines), minor(json.consumed));
      assert.equal(json.sources.filter((source) => source.winner).length, 1);
      assert.equal(json.sources[0].strength, "mis_policy");
      assert.equal(json.settling, undefined);
      const csv = await browser.ask("GET", `/limits/${row.id}?format=csv`);
      assert.match(csv.headers["content-type"], /^text\/csv/);
      assert.equal(csv.text.split("\r\n").length, json.lines.length + 2);
    }
    assert.ok(lines > 5 && splitting > 0, `${lines} lines, ${splitting} splitting`);
    assert.equal((await browser.ask("GET", `/limits/${"0".repeat(32)}`)).status, 404);
  });

  await t.test("a patient is found by what a clerk knows, exactly, and each search is audited", async () => {
    const found = async (body) => (await browser.ask("POST", "/patients/search", body)).json.items;
    const by_name = await found({ last_name: kCanary.toLowerCase(), birth_date: "1991-02-03" });
    assert.deepEqual(by_name.map((one) => [one.card, one.initial]), [[planted, "К."]]);
    assert.ok(by_name[0].limits.length > 0);
    assert.deepEqual((await found({ card: planted })).map((one) => one.id), [by_name[0].id]);
    assert.deepEqual((await found({ pseudonym: by_name[0].id })).map((one) => one.card), [planted]);
    assert.deepEqual(await found({ last_name: kCanary, birth_date: "1991-02-04" }), []);
    assert.deepEqual(await found({ last_name: kCanary.slice(0, 5), birth_date: "1991-02-03" }), [], "no part of a name");
    for (const wrong of [{}, { card: "1", phone: "2" }, { last_name: kCanary }, { birth_date: "1991-02-03" }])
      assert.equal((await browser.ask("POST", "/patients/search", wrong)).status, 422);
    const looks = clinic.command("audit", "show", "--json").json.filter((entry) => entry.action === "looked" && entry.who === "olga");
    assert.equal(looks.length, 5, JSON.stringify(looks));
    assert.ok(looks.every((entry) => entry.subject.startsWith("search by ")));
  });

  await t.test("a patient's page has no name; who says why is told it, and stands in the journal", async () => {
    const [{ id, limits }] = (await browser.ask("POST", "/patients/search", { card: planted })).json.items;
    const patient = (await browser.ask("GET", `/patients/${id}`)).json;
    assert.deepEqual([patient.card, patient.initial, patient.limits.map((one) => one.id)], [planted, "К.", limits.map((one) => one.id)]);
    const left = [];
    for (let after = ""; ;) {
      const { json } = await browser.ask("GET", `/patients/${id}/timeline?limit=20${after}`);
      left.push(...json.items);
      if (!json.next) break;
      after = `&after=${json.next}`;
    }
    const sent = events_of(clinic).filter(({ data }) => data.patient === id).map((event) => event.id);
    assert.deepEqual(left.filter((one) => one.fate === "left").map((one) => one.event).sort(), sent.sort(), "what left is what the sink got");
    assert.equal((await browser.ask("POST", `/patients/${id}/unmask`, { reason: "" })).status, 422);
    const unmasked = await browser.ask("POST", `/patients/${id}/unmask`, { reason: "asked by the patient" });
    assert.deepEqual([unmasked.json.last_name, unmasked.json.birth_date, unmasked.headers["cache-control"]], [kCanary, "1991-02-03", "no-store"]);
    const looks = clinic.command("audit", "show", "--json").json.filter((entry) => entry.action === "looked" && entry.ground === "asked by the patient");
    assert.deepEqual(looks.map((entry) => [entry.who, entry.subject]), [["olga", `patient ${id} unmasked`]]);
    assert.equal((await browser.ask("GET", `/patients/${"0".repeat(32)}`)).status, 404);
  });

  await t.test("an unlinked order is a task; its answer is done once, audited, and by who saw what stands", async () => {
    push(clinic, order_of("WAITS", { last_name: "Несуществующая", birth_date: "1990-01-01" }));
    const task = await until("the order is a task", async () => (await browser.ask("GET", "/tasks?kind=order")).json.items[0]);
    const seen = await browser.ask("GET", `/tasks/${task.id}`);
    assert.equal(seen.json.details.order, "WAITS");
    const path = `/tasks/${task.id}/answer`, answer = { answer: "link", source: "mis", card: planted };
    const fresh = { "If-Match": seen.headers.etag, ...key() };
    assert.equal((await browser.ask("POST", path, answer)).status, 428);
    assert.equal((await browser.ask("POST", path, answer, { "If-Match": '"0"', ...key() })).status, 412);
    assert.equal((await browser.ask("POST", path, { answer: "retry" }, fresh)).status, 422);
    assert.equal((await browser.ask("POST", path, { answer: "link", source: "mis", card: "nobody" }, fresh)).status, 409);
    const done = await browser.ask("POST", path, answer, fresh);
    assert.equal(done.status, 200, done.text);
    const repeated = await browser.ask("POST", path, answer, fresh);
    assert.deepEqual(repeated.json, done.json, "the same key, the same answer");
    assert.equal((await browser.ask("POST", path, { ...answer, card: "1" }, fresh)).status, 422, "the same key for another answer");
    assert.equal((await browser.ask("POST", path, answer, { ...fresh, ...key() })).status, 404, "it is no task any more");
    const decided = clinic.command("audit", "show", "--json").json.filter((entry) => entry.action === "decided" && entry.subject === "order WAITS");
    assert.deepEqual(decided.map((entry) => [entry.number, entry.who]), [[done.json.audit, "olga"]]);
    await until("the order has its patient", () => clinic.command("order", "list", "--json").json.some((order) => order.order === "WAITS" && order.state === "linked"));
  });

  await t.test("rights: a viewer looks and decides nothing; the last privacy officer stays", async () => {
    const user = { login: "vera", password: "another long password", roles: ["viewer"] };
    assert.equal((await browser.ask("POST", "/users", user)).status, 201);
    assert.equal((await browser.ask("POST", "/users", user)).status, 409);
    assert.equal((await browser.ask("POST", "/users", { ...user, login: "w", password: "short" })).status, 422);
    const viewer = new Browser(browser.port, description);
    assert.equal((await viewer.ask("POST", "/session", { login: "vera", password: "another long password" })).status, 200);
    assert.equal((await viewer.ask("GET", "/limits")).status, 200);
    const refused = await viewer.ask("POST", "/tasks/order.x/answer", { answer: "link" }, { "If-Match": '"0"', ...key() });
    assert.equal(refused.status, 403);
    assert.deepEqual([refused.json.roles, refused.json.who], [["operator"], ["olga"]]);
    assert.equal((await viewer.ask("GET", "/users")).status, 403);
    assert.equal((await viewer.ask("PATCH", "/users/vera", { roles: ["privacy_officer"] })).status, 403, "no forged role");
    assert.equal((await viewer.ask("PATCH", "/users/vera", { password: "a third long password" })).status, 422, "not without the one before");
    assert.equal((await viewer.ask("PATCH", "/users/vera", { password: "a third long password", current_password: "another long password" })).status, 200);
    assert.equal((await viewer.ask("GET", "/limits")).status, 401, "a new password ends the sessions");
    assert.equal((await browser.ask("DELETE", "/users/olga")).status, 409);
    assert.equal((await browser.ask("PATCH", "/users/olga", { roles: ["operator"] })).status, 409);
    assert.deepEqual((await browser.ask("GET", "/users")).json.items.map((one) => one.login), ["olga", "vera"]);
    assert.equal((await browser.ask("DELETE", "/users/vera")).status, 204);
    assert.equal((await browser.ask("DELETE", "/users/vera")).status, 404);
  });

  await t.test("every answer that the description promises was had", () => {
    const promised = Object.values(description.document.paths).flatMap((entry) => Object.values(entry))
      .flatMap(({ operationId, responses }) => Object.keys(responses).filter((status) => status < "400" && status !== "304").map((status) => `${operationId} ${status}`));
    const seen = new Set([...browser.covered, "signIn 200", "changeUser 200", "signOut 204"]);
    assert.deepEqual(promised.filter((one) => !seen.has(one)), []);
  });

  await t.test("signing out ends the session for good; a session outlives the program", async () => {
    await clinic.gateway.stop();
    await clinic.gateway.start();
    browser.port = port_of(clinic);
    assert.equal((await browser.ask("GET", "/limits")).status, 200);
    const { cookie } = browser;
    assert.equal((await browser.ask("DELETE", "/session")).status, 204);
    browser.cookie = cookie;
    assert.equal((await browser.ask("GET", "/limits")).status, 401);
  });

  await t.test("no name, phone or password is in a log or a metric; the pages have none", async () => {
    const store = clinic.gateway.log + (await clinic.gateway.http("/metrics")).body;
    for (const secret of [kCanary, kPassword, browser.cookie.split("=")[1], "1991-02-03"]) assert.ok(!store.includes(secret), secret);
    assert.ok(!clinic.command("audit", "show", "--json").stdout.includes(kCanary));
  });
});

test("what attackers try: names, origins, cookies, codes, many sign-ins, bodies", async (t) => {
  const { clinic, browser } = await opened(t, { patients: 10, procedures: 10 });
  const host = `127.0.0.1:${browser.port}`, api = "/console/api/v1", origin = { Origin: `http://${host}` };
  const json = { "Content-Type": "application/json" };

  await t.test("the page comes with its policy, and nothing else is served", async () => {
    const page = await browser.raw("GET", "/console/", { Host: host });
    assert.equal(page.status, 200);
    assert.match(page.headers["content-security-policy"], /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'$/);
    assert.equal(page.headers["x-content-type-options"], "nosniff");
    assert.equal((await browser.raw("GET", "/", { Host: host })).headers.location, "/console/");
    for (const path of ["/etc/passwd", "/console/../../etc/passwd", "/console/%2e%2e/x.js", "/console/.git/x.y"]) assert.equal((await browser.raw("GET", path, { Host: host })).status, 404, path);
    assert.equal((await browser.raw("POST", "/console/", { Host: host })).status, 405);
  });

  await t.test("another name for our address is turned away (DNS rebinding)", async () => {
    for (const name of ["evil.example", `evil.example:${browser.port}`, "127.0.0.1", `127.0.0.1.evil.example:${browser.port}`])
      assert.equal((await browser.raw("GET", `${api}/overview`, { Host: name })).status, 421, name);
  });

  await t.test("the first user needs the code, once", async () => {
    const made = { login: "olga", password: kPassword };
    const wrong = await browser.ask("POST", "/first-user", { ...made, code: "AAAAAAAAAA" });
    assert.equal(wrong.status, 422);
    const code = code_of(clinic);
    assert.equal((await browser.ask("POST", "/first-user", { ...made, code, password: "short" })).status, 422);
    assert.equal((await browser.ask("POST", "/first-user", { ...made, code })).status, 201);
    assert.equal((await new Browser(browser.port, description).ask("POST", "/first-user", { ...made, login: "eve", code })).status, 404, "replayed");
    assert.equal(clinic.command("console", "code").code, 1, "there is a user");
  });

  await t.test("a page elsewhere can do nothing in our name", async () => {
    const forged = async (more, without = []) => {
      const headers = { Host: host, ...origin, ...json, Cookie: browser.cookie, "X-CSRF-Token": browser.csrf, ...more };
      for (const name of without) delete headers[name];
      const answer = await browser.raw("POST", `${api}/patients/search`, headers, '{"card":"1"}');
      return answer.json.type?.split(":").at(-1) ?? answer.status;
    };
    assert.equal(await forged({}), 200);
    assert.equal(await forged({ Origin: "http://evil.example" }), "forged");
    assert.equal(await forged({}, ["Origin"]), "forged");
    assert.equal(await forged({ "Sec-Fetch-Site": "cross-site" }), "forged");
    assert.equal(await forged({}, ["X-CSRF-Token"]), "forged");
    assert.equal(await forged({ "X-CSRF-Token": "0".repeat(64) }), "forged");
    assert.equal(await forged({}, ["Cookie"]), "no_session");
    assert.equal(await forged({ Cookie: `mis_console=${"0".repeat(64)}` }), "no_session");
    assert.equal(await forged({ Cookie: `${browser.cookie}; mis_console=x` }), "no_session");
    assert.equal(await forged({ "Content-Type": "text/plain" }), "malformed");
  });

  await t.test("bodies and addresses that make no sense are refused, and nothing falls over", async () => {
    const headers = { Host: host, ...origin, ...json, Cookie: browser.cookie, "X-CSRF-Token": browser.csrf };
    const bodies = ["{", "[]", "null", '"x"', "\xff", '{"card":1e400}', `{"a":${"[".repeat(200)}${"]".repeat(200)}}`, '{"card":"1","card":"2"}', '{"card":{"x":1}}', '{"card":null}', '{"pseudonym":"\\u0000"}'];
    for (const body of bodies) {
      let answer;
      do answer = await browser.raw("POST", `${api}/patients/search`, headers, Buffer.from(body, "latin1"));
      while (answer.status === 429 && (await new Promise((resolve) => setTimeout(() => resolve(true), 300))));
      assert.ok([400, 422, 200].includes(answer.status), `${body.slice(0, 40)}: ${answer.status} ${answer.text}`);
    }
    const large = await browser.raw("POST", `${api}/patients/search`, headers, `{"card":"${"1".repeat(70_000)}"}`);
    assert.equal(large.status, 413);
    for (const path of ["/limits/%", "/limits/%00", "/limits/a/b/c", "/limits//", "/nothing", "/tasks/..%2f..%2f", `/limits/${"x".repeat(300)}`])
      assert.equal((await browser.ask("GET", path)).status, 404, path);
    assert.equal((await browser.ask("POST", "/overview", {})).status, 405);
    assert.equal((await browser.ask("GET", "/overview")).status, 200);
  });

  await t.test("many sign-ins: five failures pause, thousands of them cost nobody else anything", async () => {
    const eve = new Browser(browser.port, description);
    const statuses = [];
    for (let i = 0; i < 7; ++i) statuses.push((await eve.ask("POST", "/session", { login: "olga", password: `guess number ${i} of many` })).status);
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429]);
    assert.equal((await eve.ask("POST", "/session", { login: "olga", password: kPassword })).status, 429, "also with the right one");
    const started = Date.now();
    const answered = [];
    for (let round = 0; round < 60; ++round)
      answered.push(...(await Promise.all(Array.from({ length: 20 }, (_, i) => eve.raw("POST", `${api}/session`, { Host: host, ...origin, ...json }, JSON.stringify({ login: `l${i}`, password: "p" }))))));
    assert.ok(answered.every((one) => [401, 429, 503].includes(one.status)));
    assert.ok(answered.filter((one) => one.status === 429).length > 1_000, "most are turned away at the door");
    assert.equal((await clinic.gateway.http("/livez")).status, 200);
    assert.ok(Date.now() - started < 60_000);
    assert.equal((await until("who is signed in goes on", async () => {
      const answer = await browser.ask("GET", "/overview");
      return answer.status === 200 && answer;
    })).status, 200);
    const pauses = clinic.command("audit", "show", "--json").json.filter((entry) => entry.action === "sign_in_paused");
    assert.ok(pauses.length >= 1);
  });
});

test("kill -9 between a decision and its commit: done once or not at all, and the audit agrees", async (t) => {
  const { clinic, browser } = await opened(t, { patients: 10, procedures: 10 });
  await sign_up(clinic, browser);
  await read_through(browser);
  const [card] = clinic.sql("select first 1 PCODE from CLIENTS where PCODE > 0 order by PCODE").map(([one]) => one);
  for (const [order, point] of [["BEFORE", "console.before_commit"], ["AFTER", "console.after_commit"]]) {
    push(clinic, order_of(order, { last_name: "Несуществующая", birth_date: "1990-01-01" }));
    await clinic.gateway.stop();
    await clinic.gateway.start();
    browser.port = port_of(clinic);
    const task = await until("the order is a task", async () => (await browser.ask("GET", "/tasks?kind=order")).json.items.find((one) => one.params.order === order));
    const seen = await browser.ask("GET", `/tasks/${task.id}`);
    await clinic.gateway.stop();
    await clinic.gateway.start({ MIS_GATEWAY_CRASH_AT: point });
    browser.port = port_of(clinic);
    const headers = { "If-Match": seen.headers.etag, ...key() }, answer = { answer: "link", source: "mis", card };
    await assert.rejects(browser.ask("POST", `/tasks/${task.id}/answer`, answer, headers));
    await clinic.gateway.ended;
    await clinic.gateway.start();
    browser.port = port_of(clinic);
    const decided = () => clinic.command("audit", "show", "--json").json.filter((entry) => entry.action === "decided" && entry.subject === `order ${order}`).length;
    const linked = () => clinic.command("order", "list", "--json").json.some((one) => one.order === order && one.state === "linked");
    const done = point === "console.after_commit";
    assert.deepEqual([decided(), linked()], [done ? 1 : 0, done]);
    const again = await browser.ask("POST", `/tasks/${task.id}/answer`, answer, headers);
    assert.equal(again.status, 200, again.text);
    assert.deepEqual([decided(), linked()], [1, true]);
  }
  assert.equal(clinic.command("audit", "verify").code, 0);
});
