// Debian's Chromium, driven for the tests: a page that fails on any error of its own, and on anything that its policy refused.
import { chromium } from "playwright-core";
import { readFileSync, existsSync } from "node:fs";
import { createRequire } from "node:module";

const axe_source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const program = process.env.MIS_CHROMIUM ?? "/usr/bin/chromium";

export async function open_browser() {
    if (!existsSync(program)) throw new Error(`${program} is missing: apt-get install chromium`);
    return chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
}

export async function open_page(browser, { width = 1366, height = 768, dark = false, language = "ru-RU", scale = 1 } = {}) {
    const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale, colorScheme: dark ? "dark" : "light", locale: language, timezoneId: "Asia/Vladivostok", bypassCSP: false });
    const page = await context.newPage();
    const faults = [];
    page.on("pageerror", (error) => faults.push(`page: ${error.message}`));
    page.on("console", (message) => { if (message.type() === "error" && !/Failed to load resource/.test(message.text())) faults.push(`console: ${message.text()}`); });
    return { page, context, faults };
}

// Playwright's own world is not the page's, so the policy's ban on scripts stands.
export async function judge_accessibility(page) {
    const session = await page.context().newCDPSession(page);
    const { frameTree } = await session.send("Page.getFrameTree");
    const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id, worldName: "axe" });
    const evaluate = async (expression) => {
        const { result, exceptionDetails } = await session.send("Runtime.evaluate", { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true });
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        return result.value;
    };
    await evaluate(axe_source);
    const found = await evaluate(`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(({violations, incomplete}) => {
        const short = (list) => list.map((one) => ({id: one.id, nodes: one.nodes.map((node) => node.target.join(" ") + ": " + (node.any[0]?.message ?? node.all[0]?.message ?? ""))}));
        return {violations: short(violations), incomplete: short(incomplete)};
    })`);
    await session.detach();
    return found;
}

export const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
