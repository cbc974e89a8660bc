// The real page before the real daemon on a real Firebird clinic: a person who has only a keyboard makes the first user, finds a patient, and reads on his account's
// page what was billed. Every screen is judged as in page_test.mjs.
import assert from "node:assert/strict";
import test from "node:test";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { dist } from "./stand_in.mjs";
import { judge_accessibility, open_browser, open_page, sideways } from "./browser.mjs";
import { Clinic, build, json_lines, until } from "../system/clinic.mjs";

const shots = process.env.MIS_SHOTS ?? join(build, "console-shots");
const plain = (text) => text.replace(/[\u00a0\u202f]/g, " ");
const rubles = (minor) => plain(new Intl.NumberFormat("ru", { style: "currency", currency: "RUB", currencyDisplay: "narrowSymbol" }).format(minor / 100));

test("first user, search, account and tasks by keyboard on a clinic of Firebird", async (t) => {
    mkdirSync(shots, { recursive: true });
    const clinic = await Clinic.make(t, { patients: 40, procedures: 160 });
    // every barter ends in the middle of a line
    clinic.sql("update CLHISTNUM set AMOUNTRUB = 1500 where AMOUNTRUB > 0");
    const [[card]] = clinic.sql("select first 1 N.PCODE from CLHISTNUM N join TREAT T on T.HISTID = N.HISTID where N.PCODE > 0 and N.AMOUNTRUB > 0 order by N.PCODE");
    clinic.sql(`update CLIENTS set LASTNAME = 'Канарейкина', BDATE = '1991-02-03' where PCODE = ${card}`);
    clinic.write_config({ console: { listen: "127.0.0.1:0" }, sinks: [clinic.file_sink()] });
    clinic.environment.MIS_GATEWAY_CONSOLE = dist;
    await clinic.gateway.start();
    const url = `${/console on (http:\/\/127\.0\.0\.1:\d+\/console)\//.exec(clinic.gateway.new_log)?.[1] ?? assert.fail(clinic.gateway.new_log)}`;

    const browser = await open_browser();
    t.after(() => browser.close());
    const { page, faults } = await open_page(browser);
    const findings = [];
    const judged = async (name) => {
        await page.waitForFunction(() => !document.querySelector(".skeleton"));
        await page.screenshot({ path: join(shots, `daemon-${name}.png`), fullPage: true });
        const { violations } = await judge_accessibility(page);
        for (const one of violations) findings.push(`${name}: ${one.id}: ${one.nodes.join(" | ")}`);
        if ((await sideways(page)) > 0) findings.push(`${name}: stands out sideways`);
    };
    const type_into = async (selector, text) => {
        for (let step = 0; !(await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)); step++) {
            assert.ok(step < 60, `not reached by Tab: ${selector}`);
            await page.keyboard.press("Tab");
        }
        if (text) await page.keyboard.type(text);
    };

    await page.goto(url);
    await page.waitForSelector("#code");
    await judged("first-user");
    await type_into("#code", clinic.command("console", "code", "--json").json[0].code);
    await type_into("#login", "olga");
    await type_into("#password", "a password of clerks");
    await type_into("#again", "a password of clerks");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".verdict");

    const seen = await until("everything was read and sent", async () => {
        await page.waitForTimeout(500);
        return page.evaluate(async () => {
            const of = async (path) => (await fetch(`/console/api/v1${path}`)).json();
            const overview = await of("/overview");
            const limits = await of("/limits?limit=200");
            return overview.streams.every((one) => one.read_until || one.state === "off") && overview.sinks[0].waiting === 0 && limits.items.some((one) => one.overrun.minor > 0) ? { overview, limits } : null;
        });
    }, 120);
    await page.reload();
    await page.waitForSelector(".verdict");
    await judged("overview");
    assert.equal(await page.locator("tbody tr th[scope=row]").count() >= seen.overview.streams.length, true);

    await type_into("nav a[href='/console/search']");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#sought");
    await type_into("#sought", "Канарейкина 03.02.1991");
    await page.keyboard.press("Enter");
    await page.waitForSelector("main table td a");
    assert.match(await page.textContent("main tbody"), new RegExp(`Карта ${card}[\\s\\S]*К\\.`));
    await judged("search");
    assert.ok(!decodeURIComponent(page.url()).includes("Канарейкина"));
    await type_into("main td a");
    await page.keyboard.press("Enter");
    await page.waitForSelector("table.lines");
    await judged("account");

    // what stands on the page is what was billed
    const id = page.url().split("/").pop();
    const events = readdirSync(join(clinic.folder, "events")).filter((name) => name.endsWith(".jsonl")).flatMap((name) => json_lines(join(clinic.folder, "events", name)));
    const reversed = new Set(events.filter(({ type }) => type.startsWith("mis.billing.reversal")).map(({ data }) => data.charge_id));
    const billed = events.filter(({ type, data }) => type.startsWith("mis.billing.charge") && data.limit === id && !reversed.has(data.charge_id)).reduce((sum, { data }) => sum + data.total.minor, 0);
    assert.ok(billed > 0);
    assert.equal(plain(await page.locator("table.lines tfoot td").nth(3).textContent()), rubles(billed));
    assert.ok(await page.locator("tbody.splits tr.ending").count() <= 1);
    const body = await page.textContent("body");
    for (const secret of ["Канарейкина", "1991", "a password of clerks"]) assert.ok(!body.includes(secret), secret);

    // his own page: without a name until the privacy officer says why
    await page.click(".lead a");
    await page.waitForSelector(".title h1");
    await page.waitForFunction((wanted) => document.querySelector("main h1")?.textContent.includes(wanted), card);
    await page.waitForFunction(() => !document.querySelector(".skeleton") && document.querySelectorAll("main section").length > 2);
    await judged("patient");
    assert.ok(!(await page.textContent("body")).includes("Канарейкина"));
    await page.click("text=Показать, кто это");
    await type_into("#why", "просьба пациента");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dl.facts .strong");
    assert.match(await page.textContent("dl.facts"), /Канарейкина/);
    assert.ok(clinic.command("audit", "show", "--json").json.some((entry) => entry.ground === "просьба пациента" && entry.who === "olga"));

    // a code gets its meaning
    await page.goto(`${url}/tasks`);
    await page.waitForSelector(".task");
    const decided = () => clinic.command("audit", "show", "--json").json.filter((entry) => entry.action === "decided" && entry.who === "olga").length;
    const decided_before = decided();
    const open_before = await page.locator(".task").count();
    await page.click(".task h2 a");
    await page.waitForSelector("#code");
    await judged("task");
    await type_into("#code", "A16.07.002");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".verdict.ok");
    await page.click("text=К другим задачам");
    await page.waitForFunction((count) => document.querySelectorAll(".task").length < count && !document.querySelector(".skeleton"), open_before);
    assert.equal(decided(), decided_before + 1, "once, under her name");

    for (const [name, path] of [["limits", "/limits"], ["tasks", "/tasks"], ["users", "/users"]]) {
        await page.goto(url + path);
        await page.waitForSelector("main h1");
        await page.waitForSelector(".freshness .muted");
        await judged(name);
    }
    assert.deepEqual(findings, []);
    assert.deepEqual(faults, []);
    assert.ok(!clinic.gateway.log.includes("Канарейкина"));
    assert.ok(readFileSync(join(dist, "index.html"), "utf8").includes("/console/"));
});
