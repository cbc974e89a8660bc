// What the program promises by name: settings, keys of connector.yaml, metrics, health reasons, options of commands. Each is read from where it is declared.
import { readFileSync } from "node:fs";
import { join } from "node:path";

// All string literals that stand one behind the other are one text, as the compiler sees it.
const joined = (source) => source.replace(/"\s*\n\s*"/g, "");
const matches = (source, pattern) => [...source.matchAll(pattern)];

function settings(root) {
    const source = joined(readFileSync(join(root, "core/config/settings.cpp"), "utf8"));
    const declared = source.slice(source.indexOf("kSettings{"));
    return matches(declared, /\b(section|optional_section|sections|required|value|number|choice)\(\s*"([a-z0-9_.[\]]+)"/g)
        .filter(([, kind]) => !kind.includes("section"))
        .map(([, , path]) => `setting ${path}`);
}

function connector_keys(root) {
    const source = readFileSync(join(root, "core/source/connector.cpp"), "utf8");
    const lists = matches(source, /\b(top|map|window|laid)\.only\(\s*\{([^}]*)\}/g);
    const place = { top: "", map: "streams.*.", window: "streams.*.window.", laid: "overlay." };
    return lists.flatMap(([, where, keys]) => matches(keys, /"([a-z_]+)"/g).map(([, key]) => `connector ${place[where]}${key}`));
}

function metrics(root) {
    const source = readFileSync(join(root, "core/gateway/watching/metrics.cpp"), "utf8");
    return matches(source, /\.family\(\s*"([a-z_]+)"/g).map(([, name]) => `metric ${name}`);
}

// By the first words of their texts, which are what a person reads and a test looks for.
function health_reasons(root) {
    const source = joined(readFileSync(join(root, "core/gateway/watching/health.cpp"), "utf8"));
    const judged = source.slice(source.indexOf("void judge_stream"), source.indexOf("HealthAnswer answer_health"));
    return matches(judged, /"((?:[^"\\]|\\.)*)"/g)
        .map(([, text]) => text)
        .filter((text) => / /.test(text) && !/^(source|sink|reader) /.test(text) && text !== "main loop")
        .map((text) => `health ${text}`);
}

function options(root) {
    const source = joined(readFileSync(join(root, "core/gateway/main.cpp"), "utf8"));
    return matches(source, /(\w+)->add_(?:option|flag|flag_callback)\(\s*"([^"]+)"/g).map(([, command, names]) => `option ${command} ${names}`);
}

export const promises = (root) => [...settings(root), ...connector_keys(root), ...metrics(root), ...health_reasons(root), ...options(root)];

// promises.txt: NAME | TEST | TEXT, one line a promise: the test that shows its effect, and a text of it by which that can be seen. `-` in the place of the test: none shows it yet, with
// the reason in the place of the text.
export function promise_findings(root) {
    const file = join(root, "tests/tidy/promises.txt");
    const findings = [];
    const declared = new Set(promises(root));
    const shown = new Set();
    readFileSync(file, "utf8").split("\n").forEach((line, index) => {
        if (line === "" || line.startsWith("#")) return;
        const report = (text) => findings.push([file, index + 1, text]);
        const [name, test, text] = line.split(" | ");
        if (text === undefined) return report("three fields, NAME | TEST | TEXT");
        if (!declared.has(name)) report(`${name} is declared no more: take the line out`);
        if (shown.has(name)) report(`${name} stands here twice`);
        shown.add(name);
        if (test === "-") return;
        let source = "";
        try {
            source = readFileSync(join(root, test), "utf8");
        } catch {
            return report(`${name}: ${test} is not there`);
        }
        if (!source.includes(text)) report(`${name}: ${test} has no text "${text}"`);
    });
    for (const name of declared) if (!shown.has(name)) findings.push([file, 0, `${name}: no test shows its effect: write one and name it here`]);
    return findings;
}
