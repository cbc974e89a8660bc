// Functions that a header of core/ offers and nobody in core/ or tools/ calls: dead, or there for a test alone.
// Read by their words, not by a compiler: a name that several functions share counts as used when one of them is.
import { readFileSync } from "node:fs";

// What a test asks and nothing else, with the reason why it may.
const forTests = {
    settings_reference: "tests write and compare the generated documents",
    settings_schema: "tests write and compare the generated documents",
    settings_annotated: "tests write and compare the generated documents",
    message_types: "tests compare the table of messages with the published schemas",
    fields_of: "tests compare the table of messages with the published schemas",
    alternatives_of: "tests compare the table of messages with the published schemas",
    create_database: "bases for tests, the simulator and the benches",
    report_channels: "tests give all facts at once",
    plans_of: "the console's page of a patient asks it",
    problems_of: "the console's page of an account asks it",
    problem_count: "the console's tasks ask it",
    decision_of: "the console's journal asks it",
    set_wall: "a clock that is set by hand",
};

const bare = (text) =>
    text
        .replace(/R"(\w*)\([\s\S]*?\)\1"/g, (literal) => literal.replace(/[^\n]/g, ""))
        .replace(/\/\/[^\n]*/g, "")
        .replace(/"(?:\\.|[^"\\\n])*"/g, '""');

const after_arguments = (text, open) => {
    let depth = 0;
    for (let at = open; at < text.length; ++at) {
        if (text[at] === "(") ++depth;
        else if (text[at] === ")" && --depth === 0) return text.slice(at + 1, at + 200);
    }
    return "";
};

const kDeclared = /^\s*(const)?\s*(noexcept)?\s*(override)?\s*(=\s*(0|default|delete))?\s*(->\s*[\w:<>]+)?\s*;/;
const kDefined = /^\s*(const)?\s*(noexcept)?\s*(override)?\s*(->\s*[\w:<>]+\s*)?\{/;
const kType = /[\w>&*:\]]\s*[&*]*$/; // what stands before a name that is declared …
const kStatement = /\b(return|co_return|if|while|for|switch)\s*\(?\s*$/; // … and before a call

// sources: paths of core/ and tools/. Calls report(file, line, text).
export function unused_functions(sources, report) {
    const used = new Set();
    const offered = new Map();
    for (const file of sources) {
        const text = bare(readFileSync(file, "utf8"));
        const is_header = file.endsWith(".hpp");
        for (const found of text.matchAll(/\b[a-z_]\w*\b/g)) {
            const [name] = found;
            const end = found.index + name.length;
            let introduces = false;
            if (text[end] === "(") {
                const before = text.slice(Math.max(0, found.index - 80), found.index);
                const rest = after_arguments(text, end);
                const typed = kType.test(before) && !kStatement.test(before);
                const declares = is_header && typed && /[\w>&*\]]\s+[&*]*$/.test(before) && kDeclared.test(rest);
                const defines = typed && kDefined.test(rest);
                introduces = declares || defines;
                if (is_header && introduces && file.includes("/core/") && !offered.has(name))
                    offered.set(name, [file, text.slice(0, found.index).split("\n").length]);
            }
            if (!introduces) used.add(name);
        }
    }
    for (const [name, [file, line]] of offered)
        if (!used.has(name) && !(name in forTests)) report(file, line, `${name}() is called by nobody: delete it, or say in tests/tidy/unused.mjs why a test needs it`);
    for (const name of Object.keys(forTests))
        if (!offered.has(name) || used.has(name)) report("tests/tidy/unused.mjs", 0, `${name} needs no exception any more: delete its line`);
}
