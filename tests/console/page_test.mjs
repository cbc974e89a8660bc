// The console's page in Debian's Chromium, before a clinic that never was: everything by keyboard, in both languages, on small screens, in print, and without a
// fault that axe-core or the page's own policy finds. Screenshots are kept in build/console-shots (MIS_SHOTS says otherwise) and are to be looked at.
import test, { before, after } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join, dirname } from "node:path";
import { dist, everything, start_stand_in } from "./stand_in.mjs";
import { judge_accessibility, open_browser, open_page, sideways } from "./browser.mjs";

const shots = process.env.MIS_SHOTS ?? join(process.env.MIS_BUILD ?? join(dirname(new URL(import.meta.url).pathname), "../../build"), "console-shots");
const account = `/limits/${everything.worked.id}`;
const patient = `/patients/${everything.worked.patient.id}`;
const screens = [["overview", ""], ["limits", "/limits"], ["account", account], ["mismatch", `/limits/${everything.rows[5].id}`], ["patient", patient], ["search", "/search"], ["tasks", "/tasks"], ["users", "/users"], ["nowhere", "/nowhere"],
    ...everything.tasks.map((task) => [`task-${task.kind}`, `/tasks/${task.id.replaceAll(".", "!")}`])];

// What axe-core cannot decide, each with the reason why it is sound.
const undecided = [
    ["color-contrast", /non-text characters/, "№, stars: signs without letters, in a colour that passes elsewhere"],
    ["color-contrast", /^\.removed > \.number: .*image node/, "the number of a removed tooth stands above a thin cross of the border's colour"],
    ["color-contrast", /background gradient|background image/, "the hatching of a stale page uses two grounds, and both pass"],
];

let stand_in, browser;
before(async () => {
    assert.ok(existsSync(join(dist, "index.html")), `${dist} is empty: cd core/console/web && npm ci && npm run build`);
    mkdirSync(shots, { recursive: true });
    stand_in = await start_stand_in();
    browser = await open_browser();
});
after(async () => {
    await browser?.close();
    await stand_in?.stop();
});

const settle = async (page) => {
    await page.waitForSelector("main h1");
    await page.waitForFunction(() => !document.querySelector(".skeleton") && document.querySelector(".freshness .muted, .freshness.lost, .door"));
};
const go = async (page, path) => {
    await page.goto(stand_in.url + path);
    await settle(page);
};
// Signed in, and calm about everything that a test before did.
async function visit(options = {}) {
    Object.assign(stand_in.state, { mode: "trouble", roles: ["viewer", "operator", "privacy_officer"], first_user: false, signed_in: true, broken: false, slow_ms: 0, faster: false, decided: [], asked: [] });
    const opened = await open_page(browser, options);
    opened.hosts = new Set();
    opened.page.on("request", (request) => opened.hosts.add(new URL(request.url()).host));
    return opened;
}
async function judged(page, name, findings) {
    const { violations, incomplete } = await judge_accessibility(page);
    for (const one of violations) findings.push(`${name}: ${one.id}: ${one.nodes.join(" | ")}`);
    for (const one of incomplete) for (const node of one.nodes) if (!undecided.some(([id, text]) => one.id === id && text.test(node))) findings.push(`${name}: undecided ${one.id}: ${node}`);
}
// By keyboard alone: Tab until what is wanted has the focus.
async function reach(page, wanted, most = 90) {
    for (let step = 0; step < most; step++) {
        if (await page.evaluate((text) => {
            const at = document.activeElement;
            return !!at && at !== document.body && (at.matches(text.selector) && (!text.named || (at.getAttribute("aria-label") ?? at.textContent ?? "").includes(text.named)));
        }, wanted)) return;
        await page.keyboard.press("Tab");
    }
    assert.fail(`not reached by Tab: ${JSON.stringify(wanted)}`);
}

for (const [look, options] of [["light-ru", {}], ["dark-en", { dark: true, language: "en-US" }], ["zoom-ru", { width: 683, height: 384, scale: 2 }]])
    test(`every screen, ${look}: axe finds nothing, nothing stands out sideways`, async () => {
        const { page, context, faults, hosts } = await visit(options);
        const findings = [];
        for (const [name, path] of screens) {
            await go(page, path);
            await page.screenshot({ path: join(shots, `${name}-${look}.png`), fullPage: true });
            await judged(page, name, findings);
            const beyond = await sideways(page);
            if (beyond > 0) findings.push(`${name}: ${beyond} px stand out sideways`);
        }
        assert.deepEqual(findings, []);
        assert.deepEqual(faults, []);
        assert.deepEqual([...hosts], [new URL(stand_in.url).host], "everything comes from the daemon");
        await context.close();
    });

test("the states: nothing there, slow, lost, signed out, first user, no right, gone", async () => {
    const { page, context, faults } = await visit();
    const findings = [];
    const seen = async (name) => {
        await page.screenshot({ path: join(shots, `state-${name}.png`) });
        await judged(page, name, findings);
        if ((await sideways(page)) > 0) findings.push(`${name}: sideways`);
    };
    stand_in.state.mode = "empty";
    for (const [name, path, text] of [["overview-empty", "", "ничего не читает"], ["limits-empty", "/limits", "Лимитов пока нет"], ["tasks-empty", "/tasks", "Решать нечего"]]) {
        await go(page, path);
        assert.ok((await page.textContent("main")).includes(text), name);
        await seen(name);
    }
    stand_in.state.mode = "calm";
    await go(page, "");
    assert.match(await page.textContent(".verdict .sentence"), /Всё/);
    stand_in.state.mode = "trouble";

    stand_in.state.slow_ms = 1200;
    await page.goto(`${stand_in.url}/limits`);
    await page.waitForSelector("nav", { timeout: 10_000 });
    await page.waitForSelector(".skeleton.shown");
    await seen("limits-loading");
    stand_in.state.slow_ms = 0;

    await go(page, "/limits/00000000000000000000000000000000").catch(() => {});
    await page.waitForSelector(".problem");
    assert.match(await page.textContent(".problem"), /Этого здесь нет[\s\S]*r-1042/);
    await seen("gone");

    await go(page, account);
    stand_in.state.broken = true;
    await page.waitForSelector(".freshness.lost", { timeout: 20_000 });
    assert.match(await page.textContent(".freshness"), /Связь потеряна, данные на \d\d:\d\d/);
    assert.equal(await page.getAttribute("main", "class"), "stale", "it never looks live while stale");
    await seen("lost");
    stand_in.state.broken = false;
    await page.click(".freshness.lost button");
    await page.waitForSelector(".freshness:not(.lost)");

    stand_in.state.roles = ["viewer"];
    await go(page, "/tasks/order!O7");
    assert.match(await page.textContent("main"), /Отвечать на задачи может оператор/);
    assert.equal(await page.locator("main button.main").count(), 0);
    await seen("no-right");

    stand_in.state.signed_in = false;
    await page.waitForSelector("#password", { timeout: 20_000 });
    assert.match(await page.textContent("main"), /Сеанс закончился/);
    await seen("signed-out");

    stand_in.state.first_user = true;
    await page.reload();
    await page.waitForSelector("#code");
    await seen("first-user");
    assert.deepEqual(findings, []);
    assert.deepEqual(faults, []);
    await context.close();
});

for (const [language, words] of [
    ["ru-RU", { left: "Осталось", ended: /Здесь лимит закончился\.[\s\S]*1\s000,00\s₽ вошло в лимит, остальные 2\s000,00\s₽ платит организация/, sums: ["10 000,00 ₽", "12 000,00 ₽", "0,00 ₽", "2 000,00 ₽"], verdict: /Получатель «exchange»: передача остановлена/, over: "превышен" }],
    ["en-US", { left: "Left", ended: /Here the limit ended\.[\s\S]*₽1,000\.00 fits in, the remaining ₽2,000\.00: the organization pays/, sums: ["₽10,000.00", "₽12,000.00", "₽0.00", "₽2,000.00"], verdict: /Receiver “exchange”: delivery has stopped/, over: "exceeded" }],
])
    test(`the questions of section 1, keyboard only, ${language}`, async () => {
        const { page, context, faults } = await visit({ language });
        stand_in.state.signed_in = false;
        await page.goto(stand_in.url);
        await page.waitForSelector("#login");
        await reach(page, { selector: "#login" });
        await page.keyboard.type("anna");
        await page.keyboard.press("Tab");
        await page.keyboard.type("wrong password!");
        await page.keyboard.press("Enter");
        await page.waitForSelector(".problem");
        await reach(page, { selector: "#password" });
        await page.keyboard.press("Control+a");
        await page.keyboard.type("correct horse battery");
        await page.keyboard.press("Enter");
        await page.waitForSelector(".verdict");

        // IT: healthy? why is nothing sent?
        assert.match(await page.textContent(".verdict .sentence"), words.verdict);

        // how much barter is left, why does the company pay part of this?
        await reach(page, { selector: "nav a[href='/console/search']" });
        await page.keyboard.press("Enter");
        await page.waitForFunction(() => document.activeElement?.id === "sought" || document.activeElement?.tagName === "H1");
        await reach(page, { selector: "#sought" });
        for (const sought of ["77", "+7 900 000-00-01", "Тестова 14.03.1985"]) {
            await page.keyboard.press("Control+a");
            await page.keyboard.type(sought);
            await page.keyboard.press("Enter");
            await page.waitForSelector("main table td a");
        }
        assert.ok(!page.url().includes("77") && !/Тестова|9000000001/.test(decodeURIComponent(page.url())), "what was typed stands in no address");
        assert.doesNotMatch(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })), /77|Тестова|9000000001/);
        await reach(page, { selector: "main td a" });
        await page.keyboard.press("Enter");
        await page.waitForSelector(".figures");
        const figures = (await page.locator(".figures dd").allTextContents()).map((text) => text.replace(/[\u00a0\u202f]/g, " "));
        assert.deepEqual(figures, words.sums);
        assert.match(await page.textContent("tbody.splits"), words.ended);
        assert.equal(await page.locator("tbody.splits").count(), 1, "one line is framed");

        // РОП: which partner's people are near the limit?
        await reach(page, { selector: "nav a[href='/console/limits']" });
        await page.keyboard.press("Enter");
        await page.waitForSelector(".payers");
        await reach(page, { selector: ".payers button", named: "Пример" });
        await page.keyboard.press("Enter");
        await page.waitForURL(/payer=/);
        await page.waitForFunction(() => document.querySelectorAll("main tbody tr").length > 0 && [...document.querySelectorAll("main tbody tr td:nth-child(2)")].every((cell) => cell.textContent.includes("Пример")));
        assert.ok((await page.textContent("main tbody")).includes(words.over));

        // what is this hold? The count is typed before it cannot be undone.
        await reach(page, { selector: "nav a[href='/console/tasks']" });
        await page.keyboard.press("Enter");
        await page.waitForSelector(".tasks");
        await reach(page, { selector: ".task h2 a", named: "412" });
        await page.keyboard.press("Enter");
        await page.waitForSelector(".choice");
        await reach(page, { selector: ".choice button.main" });
        await page.keyboard.press("Enter");
        await page.waitForFunction(() => document.activeElement?.id === "confirm");
        assert.ok(await page.locator("button.danger").isDisabled());
        await page.keyboard.type("412");
        await page.keyboard.press("Enter");
        await page.waitForSelector(".verdict.ok");
        const [hold] = stand_in.state.decided;
        assert.deepEqual([hold.task, hold.answer, hold.confirm], ["hold-clinic-procedure", "release", 412]);
        assert.match(hold.key, /^[0-9a-f]{32}$/);

        // whose order is this?
        await go(page, "/tasks/order!O7");
        await reach(page, { selector: "input[type=radio]" });
        await page.keyboard.press("Space");
        await page.keyboard.press("ArrowDown");
        await reach(page, { selector: ".choice button.main" });
        await page.keyboard.press("Enter");
        await page.waitForSelector(".verdict.ok");
        assert.deepEqual([stand_in.state.decided[1].answer, stand_in.state.decided[1].card], ["link", "1077"]);

        // answer this complaint: a name in it is refused, and what was written stays
        await go(page, "/tasks/complaint-f1");
        await reach(page, { selector: "#text" });
        await page.keyboard.type("Уважаемая Тестова, приходите.");
        await reach(page, { selector: ".choice button.main" });
        await page.keyboard.press("Enter");
        await page.waitForSelector(".problem");
        assert.equal(await page.inputValue("#text"), "Уважаемая Тестова, приходите.");
        await page.focus("#text");
        await page.keyboard.press("Control+a");
        await page.keyboard.type("Приходите, переделаем.");
        await reach(page, { selector: ".choice button.main" });
        await page.keyboard.press("Enter");
        await page.waitForSelector(".verdict.ok");
        assert.equal(stand_in.state.decided.at(-1).text, "Приходите, переделаем.");

        // unknown codes
        await go(page, "/tasks/code-X-99");
        await reach(page, { selector: "#code" });
        await page.keyboard.type("A16.07.050");
        await page.keyboard.press("Enter");
        await page.waitForSelector(".verdict.ok");
        assert.equal(stand_in.state.decided.at(-1).nomenclature, "A16.07.050");

        // what left about this patient? The teeth are walked by arrows.
        await go(page, patient);
        await reach(page, { selector: ".tooth" });
        await page.keyboard.press("ArrowRight");
        await page.keyboard.press("ArrowRight");
        assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /^16, .*A16\.07\.002: /);
        const all = await page.locator("main table tbody tr").count();
        await page.keyboard.press("Enter");
        assert.ok((await page.locator("main table tbody tr").count()) < all);
        await page.keyboard.press("Escape");
        assert.equal(await page.locator("main table tbody tr").count(), all);
        assert.deepEqual(faults, []);
        await context.close();
    });

test("somebody was faster: nothing is decided, and the task is read again", async () => {
    const { page, context } = await visit();
    stand_in.state.faster = true;
    await go(page, "/tasks/sink-exchange");
    await page.click(".choice button.main");
    await page.waitForSelector(".problem");
    assert.match(await page.textContent(".problem"), /Кто-то ответил раньше/);
    assert.deepEqual(stand_in.state.decided, []);
    await context.close();
});

test("texts 40 % longer, 1366 and 683 wide: nothing stands out sideways, the splitting line's remark is in sight", async () => {
    for (const options of [{}, { width: 683, height: 384 }]) {
        const { page, context } = await visit(options);
        await page.route(/\/ru-[0-9a-f]+\.json$/, async (route) => {
            const texts = await (await route.fetch()).json();
            const longer = (text) => `${text} ${"ждём-с ".repeat(Math.ceil((text.length * 0.4) / 7))}`.trim();
            for (const [key, text] of Object.entries(texts)) texts[key] = typeof text === "string" ? longer(text) : Object.fromEntries(Object.entries(text).map(([form, one]) => [form, longer(one)]));
            await route.fulfill({ json: texts });
        });
        const findings = [];
        for (const [name, path] of screens) {
            await go(page, path);
            const beyond = await sideways(page);
            if (beyond > 0) findings.push(`${options.width ?? 1366}, ${name}: ${beyond} px`);
            if (name === "account" || name === "limits") await page.screenshot({ path: join(shots, `longer-${name}-${options.width ?? 1366}.png`), fullPage: true });
        }
        assert.deepEqual(findings, []);
        await context.close();
        const plain = await visit(options);
        await go(plain.page, account);
        const remark = plain.page.locator("tr.ending td").last();
        await remark.scrollIntoViewIfNeeded();
        const box = await remark.boundingBox();
        const { width, height } = plain.page.viewportSize();
        assert.ok(box.x >= 0 && box.x + box.width <= width && box.height < height, JSON.stringify(box));
        await plain.context.close();
    }
});

test("print: A4, the header row again on every page, nothing of the screen's furniture", async () => {
    const { page, context } = await visit({ width: 794, height: 1123 });
    const long = everything.rows.find((row) => row.consumed.minor > 3_500_000);
    for (const [name, path, pages] of [["account", account, 2], ["long", `/limits/${long.id}`, 6], ["patient", patient, 4]]) {
        await go(page, path);
        await page.emulateMedia({ media: "print" });
        assert.equal(await page.locator(".top, .side, .actions, .skip").evaluateAll((all) => all.filter((one) => getComputedStyle(one).display !== "none").length), 0);
        assert.equal(await page.locator("main thead").first().evaluate((head) => getComputedStyle(head).display), "table-header-group");
        assert.equal(await sideways(page), 0);
        const pdf = await page.pdf({ path: join(shots, `print-${name}.pdf`), preferCSSPageSize: true });
        const found = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
        assert.ok(found >= 1 && found <= pages, `${name}: ${found} pages`);
        await page.emulateMedia({ media: null });
    }
    await context.close();
});

test("a payer and a complaint named <img onerror> are text", async () => {
    const { page, context, faults } = await visit();
    for (const path of ["/limits", `/limits/${everything.rows[2].id}`, "/tasks/complaint-f1"]) {
        await go(page, path);
        assert.equal(await page.locator("main img").count(), 0);
        assert.ok((await page.textContent("main")).includes("<img src=x onerror=alert(1)>"), path);
    }
    assert.deepEqual(faults, []);
    await context.close();
});

test("a reader is never overtaken: what changed is announced, and shown when he asks", async () => {
    const { page, context } = await visit();
    await page.clock.install();
    await go(page, account);
    const before = everything.worked.consumed;
    everything.worked.consumed = { minor: 1_250_000, currency: "RUB" };
    await page.clock.runFor(31_000);
    await page.waitForSelector(".newer button");
    assert.match(await page.locator(".figures dd").nth(1).textContent(), /12\s000,00/);
    await page.click(".newer button");
    await page.waitForFunction(() => document.querySelectorAll(".figures dd")[1].textContent.includes("500,00"));
    everything.worked.consumed = before;
    await context.close();
});

test("the page's files: hashed names, nothing fetched from elsewhere, no eval", () => {
    const names = readdirSync(dist);
    assert.ok(names.every((name) => name === "index.html" || /-[0-9A-Za-z]{8}\.(js|css|json|svg)$/.test(name)), names.join(" "));
    for (const name of names) {
        const text = readFileSync(join(dist, name), "utf8");
        const found = text.replaceAll(/http:\/\/www\.w3\.org\/[\w/.-]+|see: https:\/\/github\.com\/preactjs\/[\w\/#-]+/g, "").match(/.{0,40}(https?:\/\/|\beval\(|new Function\()/);
        assert.equal(found?.[0], undefined, name);
    }
});
