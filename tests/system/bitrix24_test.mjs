// The connector `bitrix24` through the real program: what the exchange believes of limits is what the portal holds, whatever people do there and however the portal fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Bitrix24 } from "../support/bitrix24.mjs";
import { RestClinic } from "./rest_clinic.mjs";
import { ANY_SERVICE, agrees, minor, short, survives } from "./rest_owed.mjs";

const TYPE = 1038;
const DAY = 86_400_000;
const SITE = { limit_type: String(TYPE), granted_stages: "DT1038_10:GRANTED", draft_stages: "DT1038_10:NEW", cancelled_stages: "DT1038_10:FAIL", policy_field: "UF_CRM_5_1700000003", partner: "яБартер Тест" };

class CrmClinic extends RestClinic {
  static async of(t, portal, { site = {}, http = {} } = {}) {
    return CrmClinic.make(t, { url: portal.url, connector: "bitrix24", secret: portal.code, site: { ...SITE, ...site }, http: { user: portal.user, per_second: 1000, ...http } });
  }
  source() {
    return super.source({ register: true });
  }
  // What is granted by limits that are open, in kopecks.
  async believed() {
    const open = new Map();
    for (const event of await this.events()) {
      const { limit, granted } = event.data;
      if (["limit.opened", "limit.granted"].includes(short(event))) open.set(limit, granted.minor);
      if (short(event) === "limit.closed") open.delete(limit);
    }
    return [...open.values()].sort((a, b) => a - b);
  }
}
const contact = (portal, id, at) =>
  portal.put(3, { id, lastName: "Тестова", name: "Анна", secondName: "Пробовна", birthdate: "1990-02-01T03:00:00+03:00", typeId: "CLIENT",
    fm: [{ id: id * 10, valueType: "MOBILE", value: `8900000${String(id).padStart(4, "0")}`, typeId: "PHONE" }] }, at);
const limit = (portal, id, sum, { stage = "GRANTED", at, ...rest } = {}) =>
  portal.put(TYPE, { id, title: `Тестова ${id}`, contactId: id, opportunity: sum, currencyId: "RUB", categoryId: 10, stageId: `DT1038_10:${stage}`, UF_CRM_5_1700000003: `Б-${id}`, ...rest }, at);
const held = (portal) => portal.types.get(TYPE).filter((item) => item.stageId === "DT1038_10:GRANTED" && item.contactId).map((item) => minor(item.opportunity)).sort((a, b) => a - b);

const OWN = {
  "failed \\(QUERY_LIMIT_EXCEEDED\\) with HTTP 503": { status: 503, json: { error: "QUERY_LIMIT_EXCEEDED", error_description: "Тестова" } },
  "failed \\(OVERLOAD_LIMIT\\) with HTTP 503": { status: 503, json: { error: "OVERLOAD_LIMIT", error_description: "Тестова" } },
  "failed \\(OPERATION_TIME_LIMIT\\) with HTTP 429": { status: 429, headers: { "Retry-After": "600" }, json: { error: "OPERATION_TIME_LIMIT", error_description: "Тестова" } },
  "failed \\(expired_token\\) with HTTP 401": { status: 401, json: { error: "expired_token", error_description: "Тестова" } },
  "failed \\(NO_AUTH_FOUND\\) with HTTP 401": { status: 401, json: { error: "NO_AUTH_FOUND", error_description: "Тестова" } },
  "failed \\(INVALID_CREDENTIALS\\) with HTTP 403": { status: 403, json: { error: "INVALID_CREDENTIALS" } },
  "failed \\(INVALID_ARG_VALUE\\) with HTTP 400": { status: 400, json: { error: "INVALID_ARG_VALUE", error_description: "Тестова" } },
  "failed \\(NOT_FOUND\\) with HTTP 400": { status: 400, json: { error: "NOT_FOUND" } },
  "failed \\(ERROR_CORE\\)": { status: 200, json: { error: "ERROR_CORE", error_description: "Тестова 89000000001" } },
  "says that it failed:|says that it failed$|says that it failed": { status: 200, json: { error: "Тестова Анна", result: { items: [] } } },
  "no list of rows": { status: 200, json: { result: [], total: 0 } },
  "same page again": { json: { result: { items: [{ id: 1, updatedTime: "2026-03-02T10:00:00+03:00" }] }, total: 0 } },
};

test("limits are granted, raised, cancelled, withdrawn and deleted; drafts, other pipelines and items of nobody are none", async (t) => {
  const portal = await Bitrix24.start(t);
  for (let id = 1; id <= 8; ++id) contact(portal, id);
  for (let id = 1; id <= 5; ++id) limit(portal, id, 1000 * id + 0.5);
  limit(portal, 6, 6000, { stage: "NEW" });
  limit(portal, 7, 7000, { contactId: 0 });
  limit(portal, 8, 8000, { stage: "UC_PROBE" });
  const clinic = await CrmClinic.of(t, portal);
  const checked = await clinic.command("check");
  assert.match(checked.stdout, /limit/, checked.stderr);
  const first = await clinic.sync();
  assert.deepEqual(await clinic.believed(), held(portal), first.stdout + first.stderr);
  const quarantine = await clinic.command("quarantine");
  assert.match(quarantine.stdout, /DT1038_10:UC_PROBE/, "whose stage nobody explained");
  const told = (await clinic.events()).length;
  await clinic.sync();
  assert.equal((await clinic.events()).length, told, "the same again tells nothing");

  limit(portal, 1, 5000.75);
  limit(portal, 2, 2000.5, { stage: "FAIL" });
  limit(portal, 3, 3000.5, { stage: "NEW" });
  portal.remove(TYPE, 4);
  limit(portal, 6, 6000);
  limit(portal, 7, 7000, { contactId: 7 });
  limit(portal, 8, 8000);
  contact(portal, 9);
  limit(portal, 9, 900.01);
  const second = await clinic.sync();
  assert.equal(second.code, 0, second.stdout + second.stderr);
  assert.deepEqual(await clinic.believed(), held(portal), second.stdout);
  await agrees(clinic, { patient: 9, limit: 7 }); // the cancelled one stands as such
  assert.ok(portal.server.asked.every(({ method, path }) => method === "GET" && path.endsWith("/crm.item.list")), "nothing else was called");
});

test("what was not touched for long is read at first, and found deleted when all is compared", async (t) => {
  const portal = await Bitrix24.start(t);
  for (let id = 1; id <= 3; ++id) {
    contact(portal, id, Date.now() - 900 * DAY);
    limit(portal, id, 1000 * id, { at: Date.now() - (id === 3 ? 3000 : 500) * DAY });
  }
  const clinic = await CrmClinic.of(t, portal);
  await clinic.sync();
  assert.deepEqual(await clinic.believed(), [100000, 200000, 300000]);
  portal.remove(TYPE, 2);
  await clinic.sync();
  const compared = await clinic.command("reconcile");
  assert.match(compared.stdout, /mis +limit +2 +0 +0 +1 .*mended/, "a row that the portal has no more");
  assert.deepEqual(await clinic.believed(), [100000, 300000]);
});

test("every page's edge, and a portal whose zone is another than the clinic's", async (t) => {
  for (const [count, offset] of [[0, 3], [1, -5], [49, 7], [50, 2], [51, 12], [101, 0]]) {
    const portal = await Bitrix24.start(t, { offset });
    for (let id = 1; id <= count; ++id) limit(portal, id, 1000 + id);
    if (count === 0) portal.types.set(TYPE, []);
    const clinic = await CrmClinic.of(t, portal);
    const synced = await clinic.sync();
    assert.equal(synced.code, 0, synced.stdout + synced.stderr);
    assert.deepEqual(await clinic.believed(), held(portal), `${count} rows`);
    if (count > 0) limit(portal, count, 999_999.99);
    await clinic.sync();
    assert.deepEqual(await clinic.believed(), held(portal), `${count} rows, one changed, portal at ${offset}`);
  }
});

test("whichever way the portal fails, nothing is granted or taken away by it", async (t) => {
  const portal = await Bitrix24.start(t);
  for (let id = 1; id <= 60; ++id) limit(portal, id, 1000 * id);
  const clinic = await CrmClinic.of(t, portal);
  assert.equal((await clinic.sync()).code, 0);
  await survives({
    clinic, server: portal.server, believed: () => clinic.believed(), truth: () => held(portal), secrets: [portal.code],
    hit: ({ query }) => query.entityTypeId === String(TYPE),
    troubles: { ...ANY_SERVICE("result.items"), ...OWN, "take us for who": { status: 403, text: "" } },
    change: () => {
      limit(portal, 1, 77.77);
      limit(portal, 2, 2000, { stage: "FAIL" });
      portal.remove(TYPE, 3);
    },
  });
  await agrees(clinic, { limit: 59 });
});

test("a webhook that sees nothing any more takes no limit away: many that vanish at once wait for a human", async (t) => {
  const portal = await Bitrix24.start(t);
  for (let id = 1; id <= 60; ++id) limit(portal, id, 1000 * id);
  const clinic = await CrmClinic.of(t, portal);
  await clinic.sync();
  const before = await clinic.believed();
  portal.server.trouble = ({ query }) => (query.entityTypeId === String(TYPE) ? { json: { result: { items: [] }, total: 0, time: {} } } : undefined);
  const blind = await clinic.sync();
  assert.deepEqual(await clinic.believed(), before, blind.stdout + blind.stderr);
  assert.match((await clinic.command("hold", "list")).stdout, /limit/);
  portal.server.trouble = () => undefined;
  await clinic.sync();
  assert.deepEqual(await clinic.believed(), held(portal));
});

test("the portal's bucket of requests: kept by the pace, and an overflow is made good", async (t) => {
  const portal = await Bitrix24.start(t, { burst: 8, drain: 8 });
  for (let id = 1; id <= 120; ++id) limit(portal, id, 1000 * id);
  const clinic = await CrmClinic.of(t, portal);
  const hasty = await clinic.sync();
  assert.match(hasty.stdout + hasty.stderr, /QUERY_LIMIT_EXCEEDED/);
  assert.deepEqual(await clinic.believed(), [], "half a list is none");
  clinic.http = { user: portal.user, per_second: 7 }; // a tariff of eight a second
  clinic.write_config();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const patient = await clinic.sync();
  assert.equal(patient.code, 0, patient.stdout + patient.stderr);
  assert.deepEqual(await clinic.believed(), held(portal));
});

test("a blocked method (429) is waited for within the reading", async (t) => {
  const portal = await Bitrix24.start(t);
  limit(portal, 1, 1000);
  const clinic = await CrmClinic.of(t, portal);
  let blocked = 0;
  portal.server.trouble = ({ query }) => (query.entityTypeId === String(TYPE) && ++blocked === 1 ? { status: 429, json: { error: "OPERATION_TIME_LIMIT" } } : undefined);
  const synced = await clinic.sync();
  assert.equal(synced.code, 0, synced.stdout + synced.stderr);
  assert.deepEqual(await clinic.believed(), [100000]);
});

test("a wrong code is said and not shown; without limit_type the stream is off and says so", async (t) => {
  const portal = await Bitrix24.start(t);
  limit(portal, 1, 1000);
  const clinic = await CrmClinic.of(t, portal, { http: { user: "18" } });
  const refused = await clinic.sync();
  assert.match(refused.stdout + refused.stderr, /NO_AUTH_FOUND/);
  for (const args of [["check"], ["preview", "mis", "limit"]]) {
    const ran = await clinic.command(...args);
    assert.ok(!`${ran.stdout}${ran.stderr}`.includes(portal.code), `${args}: ${ran.stdout}${ran.stderr}`);
  }
  assert.deepEqual(await clinic.believed(), []);
  const off = await CrmClinic.of(t, portal, { site: { limit_type: "" } });
  const ran = await off.command("check");
  assert.match(ran.stdout + ran.stderr, /limit.*not configured.*limit_type/s);
  assert.equal((await off.sync()).code, 0);
});
