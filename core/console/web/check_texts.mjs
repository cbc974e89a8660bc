// What tsc cannot see of the texts: the same places for words in both languages, all plural forms, no text that nobody shows.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

const here = dirname(new URL(import.meta.url).pathname);
const read = (language) => JSON.parse(readFileSync(join(here, "src/text", `${language}.json`), "utf8"));
const forms = { ru: ["one", "few", "many"], en: ["one", "other"] };
const places = (text) => [...new Set([...(typeof text === "string" ? text : Object.values(text).join(" ")).matchAll(/\{(\w+)\}/g)].map((found) => found[1]))].sort().join(" ");

export function text_findings() {
    const findings = [];
    const texts = { ru: read("ru"), en: read("en") };
    for (const [language, other] of [["ru", "en"], ["en", "ru"]])
        for (const [key, text] of Object.entries(texts[language])) {
            if (!(key in texts[other])) findings.push(`${other}.json lacks "${key}"`);
            else if (places(text) !== places(texts[other][key])) findings.push(`"${key}": {${places(text)}} in ${language}.json, {${places(texts[other][key])}} in ${other}.json`);
            if (typeof text === "object" && Object.keys(text).sort().join() !== [...forms[language]].sort().join())
                findings.push(`"${key}" of ${language}.json needs ${forms[language].join(", ")}`);
        }
    // A key is shown where it stands whole in a source, or where a source makes it of a beginning: `reason.${code}`.
    const sources = [];
    const walk = (folder) => {
        for (const entry of readdirSync(folder, { withFileTypes: true }))
            if (entry.isDirectory()) walk(join(folder, entry.name));
            else if (/\.tsx?$/.test(entry.name)) sources.push(readFileSync(join(folder, entry.name), "utf8"));
    };
    walk(join(here, "src"));
    const source = sources.join("\n");
    const beginnings = [...source.matchAll(/`([a-z_.]+\.)\$\{/g)].map((found) => found[1]);
    for (const found of source.matchAll(/told\("([a-z_.]+\.)"/g)) beginnings.push(found[1]);
    for (const key of Object.keys(texts.ru))
        if (!source.includes(`"${key}"`) && !beginnings.some((beginning) => key.startsWith(beginning))) findings.push(`nobody shows "${key}"`);
    return findings;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
    const findings = text_findings();
    for (const line of findings) console.error(line);
    process.exit(findings.length > 0 ? 1 : 0);
}
