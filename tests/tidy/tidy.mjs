// Tests about the code: layers, banned words with their replacement, names that must not occur. Run: node tests/tidy/tidy.mjs [FOLDER]
// Each finding is FILE:LINE: what, and the mend. Exit 1 when there is one.
import { readFileSync, readdirSync, statSync, existsSync } from "node:fs";
import { join, relative, dirname } from "node:path";
import { promise_findings } from "./promises.mjs";
import { unused_functions } from "./unused.mjs";
import { matrix_findings } from "../../tools/support_matrix.mjs";
import { names_of_two_files } from "./one_file.mjs";
import { cited_tests } from "./cited_tests.mjs";

const root = process.argv[2] ?? join(dirname(new URL(import.meta.url).pathname), "..", "..");
const findings = [];
const report = (file, line, text) => findings.push(`${relative(root, file)}${line ? ":" + line : ""}: ${text}`);

function* files(folder, pattern) {
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (statSync(path).isDirectory()) {
            if (name !== "node_modules" && !name.startsWith(".")) yield* files(path, pattern);
        } else if (pattern.test(name)) yield path;
    }
}
const lines = (file) => readFileSync(file, "utf8").split("\n");
const inCore = (file) => relative(join(root, "core"), file).split("/")[0];

// --- layers: who may include whom is what CMakeLists.txt links, transitively
const links = {};
for (const [, name, rest] of readFileSync(join(root, "CMakeLists.txt"), "utf8").matchAll(/^station\((\w+)(.*)\)$/gm)) {
    const found = /LINKS ([a-z_ ]+)/.exec(rest);
    links[name] = found ? found[1].trim().split(/\s+/) : [];
}
const reachable = (name, seen = new Set()) => {
    for (const other of links[name] ?? []) if (!seen.has(other)) { seen.add(other); reachable(other, seen); }
    return seen;
};
const order = ["platform", "base", "config", "sqlite", "net", "source", "intake", "record", "change", "domain", "domain_store", "disclosure", "outbox", "sink", "inbox", "console", "gateway"];
for (const name of Object.keys(links))
    for (const other of links[name])
        if (order.indexOf(other) >= order.indexOf(name)) report(join(root, "CMakeLists.txt"), 0, `station ${name} links ${other}, which comes after it: move the shared type down`);

// --- headers of others, and where alone they may be included (core/README.md, "Layers")
const owners = [
    [/<(boost\/(?!multiprecision)|curl\/)/, ["net"], "talk to the network through core/net"],
    [/<nats/, ["net"], "talk to the broker through core/net"],
    [/<sqlite3\.h>/, ["sqlite", "record"], "use core/sqlite (record only registers the map's functions)"],
    [/<(ibase\.h|firebird\/|sql\.h|sqlext\.h|zip\.h)/, ["source"], "databases and file readers belong to core/source"],
    [/<pugixml/, ["source", "record"], "XML is read in core/source and by xml_get in core/record"],
    [/<yaml-cpp\//, ["config", "source"], "load YAML through core/config (source: connector.yaml with marks)"],
    [/<openssl\//, ["base", "net"], "use base/crypto.hpp"],
    [/<iconv\.h>/, ["base"], "use base/charset.hpp"],
    [/<lz4/, ["base"], "use base/lz4.hpp"],
    [/<date\//, ["base"], "use base/timestamp.hpp"],
    [/<((unistd|fcntl|poll|netdb|dlfcn|pwd|grp|dirent|signal|termios|malloc|syslog|ifaddrs)\.h|(sys|net|netinet|arpa)\/)/, ["platform"], "ask the operating system through core/platform"],
    [/<spdlog\//, ["base"], "use base/log.hpp"],
    [/<CLI\//, ["gateway"], "only the command line parses arguments"],
];
const includePattern = /^\s*#include\s+([<"])([^>"]+)[>"]/;
for (const file of files(join(root, "core"), /\.(cpp|hpp)$/)) {
    const home = inCore(file);
    const allowed = reachable(home);
    lines(file).forEach((text, index) => {
        const found = includePattern.exec(text);
        if (!found) return;
        const [, bracket, path] = found;
        if (bracket === '"') {
            const other = path.split("/")[0];
            if (other !== home && !allowed.has(other)) report(file, index + 1, `core/${home} includes core/${other}: CMakeLists.txt does not allow it; move the type or ask the pipeline to hand it over`);
        } else {
            for (const [pattern, homes, mend] of owners)
                if (pattern.test(`<${path}>`) && !homes.includes(home)) report(file, index + 1, `<${path}> in core/${home}: ${mend}`);
        }
    });
}

// --- banned words, with what to write instead
const banned = [
    [/\bstd::sto[dfl]\b|\bstrtod\b|\batof\b/, /\.(cpp|hpp)$/, "binary floating point: use Decimal::parse or parse_minor_units"],
    [/\bsleep_for\b|\bsleep_until\b|\busleep\(/, /tests\/unit\/.*\.(cpp|hpp)$/, "tests never sleep: use the fake clock or wait for the condition"],
    [/\b(Manager|Helper|Utils?)\b/, /\.(cpp|hpp)$/, "name it after what it is"],
    [/\bTODO\b|\bFIXME\b|\bXXX\b/, /\.(cpp|hpp|mjs|sql|yaml|sh)$/, "finish it, or file an issue"],
    [/CHECK\(true\)|REQUIRE\(true\)/, /\.cpp$/, "assert something that can fail"],
];
for (const top of ["core", "tests", "tools"])
    for (const file of files(join(root, top), /\.(cpp|hpp|mjs|sql|yaml|sh)$/)) {
        if (file.endsWith("tidy.mjs")) continue;
        lines(file).forEach((text, index) => {
            for (const [pattern, where, mend] of banned) if (where.test(file) && pattern.test(text)) report(file, index + 1, mend);
            if (/\.(cpp|hpp)$/.test(file) && /^\s*#define\s/.test(text) && !/DOCTEST_CONFIG|MIS_ASSERT|BOOST_|_GNU_SOURCE|FMT_|SPDLOG_/.test(text))
                report(file, index + 1, "no macros: a constexpr, a function or a template");
        });
    }

// --- no MIS's name where every MIS must be equal (core/README.md, layer 6)
const systems = /\b(infoclinica|infodent|medialog|medrocket|medflex|medlock|archimed|ident_mis|dentist.?plus|macdent|netrika|bitrix24|sqns|renovatio|инфоклиника|инфодент|медиалог|медрокет|архимед)\b/i;
for (const top of ["core", "schemas", "tests/unit"])
    for (const file of files(join(root, top), /./))
        lines(file).forEach((text, index) => {
            if (systems.test(text)) report(file, index + 1, "a MIS's name outside connectors/: say what is special about it instead");
        });

// --- connectors: each says what it is, what it needs and how sure it is
for (const name of existsSync(join(root, "connectors")) ? readdirSync(join(root, "connectors")) : []) {
    const folder = join(root, "connectors", name);
    if (!statSync(folder).isDirectory() || name === "_template") continue;
    if (!existsSync(join(folder, "README.md"))) report(folder, 0, "a connector without README.md");
}

// --- every rule that a comment or a test's name cites (D1, L0, P10) stands in core/domain/README.md
const rules = new Set();
for (const [, rule] of readFileSync(join(root, "core/domain/README.md"), "utf8").matchAll(/^- ([A-Z]\d{1,2})\. /gm)) rules.add(rule);
if (rules.size < 40) report(join(root, "core/domain/README.md"), 0, `only ${rules.size} rules found ("- D1. …" each)`);
const spoken = (text) => [/(?:\/\/|#|--)\s(.*)$/, /(?:TEST_CASE|test|describe)\("(.*)$/].map((pattern) => pattern.exec(text)?.[1] ?? "").join(" ");
for (const top of ["core", "tests", "tools", "connectors"])
    for (const file of files(join(root, top), /\.(cpp|hpp|mjs|sql|yaml)$/)) {
        if (/\/fixtures\/|\/cases\//.test(file)) continue;
        lines(file).forEach((text, index) => {
            // a rule's letter, one or two digits, and no code of the nomenclature (A16.07.002)
            for (const [, rule] of spoken(text).matchAll(/(?<![\w.])([DIAPLBFX]\d{1,2})(?![\w.]*\d|\w)/g))
                if (!rules.has(rule)) report(file, index + 1, `cites ${rule}, which core/domain/README.md lacks`);
        });
    }

// --- no promise without effect: settings, metrics, health reasons and options, each with the test that shows it
for (const [file, line, text] of promise_findings(root)) report(file, line, text);

// --- the support matrix is that of the connectors
try {
    findings.push(...matrix_findings(root));
} catch (error) {
    findings.push(`connectors/README.md: ${error.message}`);
}

// --- what documents say is proved is proved by a test
for (const { file, line, text } of cited_tests(root)) report(file, line, text);

// --- no function that nobody calls
unused_functions(
    ["core", "tools"].flatMap((folder) => [...files(join(root, folder), /\.(cpp|hpp)$/)]).filter((file) => !file.includes("/migrations/")),
    report,
);

// --- no name of one file twice in a library
const library_folders = ["core", "tests/unit"].flatMap((top) => readdirSync(join(root, top)).map((name) => join(root, top, name))).filter((path) => statSync(path).isDirectory());
names_of_two_files([...library_folders, join(root, "tools/mis_simulator")].map((folder) => [...files(folder, /(?<!main)\.cpp$/)].filter((file) => !/mis_simulator\/test\//.test(file))), report);

// --- docs name only files that exist
for (const file of files(root, /\.md$/)) {
    if (/node_modules|\/build/.test(file)) continue;
    lines(file).forEach((text, index) => {
        for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g))
            if (!existsSync(join(dirname(file), target))) report(file, index + 1, `link to ${target}, which is not there`);
    });
}

for (const finding of findings) console.log(finding);
console.log(findings.length === 0 ? "tidy: nothing found" : `tidy: ${findings.length} findings`);
process.exit(findings.length === 0 ? 0 : 1);
