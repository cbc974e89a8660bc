// Builds dist/, which CMake embeds in the binary: node build.mjs [--watch]. Types from the API's description, then tsc, then esbuild.
// Fails when a text is missing in a language, or when the page is heavier than its budget (gzipped).
import { build, context } from "esbuild";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { text_findings } from "./check_texts.mjs";

const here = dirname(new URL(import.meta.url).pathname);
const dist = join(here, "dist");
const watching = process.argv.includes("--watch");
const tool = (path, ...args) => execFileSync(process.execPath, [join(here, "node_modules", path), ...args], { cwd: here, stdio: "inherit" });

// gzipped bytes
export const budgets = { first_view: 45_000, scripts: 90_000, styles: 10_000, language: 15_000 };

tool("openapi-typescript/bin/cli.js", "../../../schemas/console.openapi.yaml", "-o", "src/api/schema.d.ts");

const hashed = (name, extension, content) => `${name}-${createHash("sha256").update(content).digest("hex").slice(0, 8)}.${extension}`;

// What esbuild made, under names that change with the content, and the page that names them.
function write_dist({ outputFiles, metafile }) {
    rmSync(dist, { recursive: true, force: true });
    mkdirSync(dist, { recursive: true });
    const sizes = {};
    const put = (name, content) => {
        writeFileSync(join(dist, name), content);
        sizes[name] = gzipSync(content, { level: 9 }).length;
        return name;
    };
    const languages = {};
    for (const language of ["ru", "en"]) {
        const content = JSON.stringify(JSON.parse(readFileSync(join(here, "src/text", `${language}.json`), "utf8")));
        languages[language] = put(hashed(language, "json", content), content);
    }
    for (const file of outputFiles) put(basename(file.path), Buffer.from(file.contents)); // esbuild's names carry a hash already
    const scripts = outputFiles.map((file) => basename(file.path)).filter((name) => name.endsWith(".js"));
    const entry = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === "src/main.tsx");
    const script = basename(entry[0]);
    const style = basename(entry[1].cssBundle);
    // what the page needs before it shows anything: the entry with what it imports at once
    const at_once = new Set();
    const gather = (path) => {
        if (at_once.has(basename(path))) return;
        at_once.add(basename(path));
        for (const one of metafile.outputs[path].imports) if (one.kind === "import-statement") gather(one.path);
    };
    gather(entry[0]);
    const icon = readFileSync(join(here, "public/icon.svg"));
    const icon_name = put(hashed("icon", "svg", icon), icon);
    const page = readFileSync(join(here, "public/index.html"), "utf8")
        .replace("SCRIPT", script).replace("STYLE", style).replace("ICON", icon_name)
        .replace("TEXTS_RU", languages.ru).replace("TEXTS_EN", languages.en);
    put("index.html", page);
    return { sizes, scripts, at_once, style, languages };
}

function judge({ sizes, scripts, at_once, style, languages }) {
    const language = Math.max(sizes[languages.ru], sizes[languages.en]);
    const sum = (names) => [...names].reduce((all, name) => all + sizes[name], 0);
    const found = {
        first_view: sum(at_once) + sizes["index.html"] + sizes[style] + language,
        scripts: sum(scripts),
        styles: sizes[style],
        language,
    };
    let good = true;
    for (const [name, most] of Object.entries(budgets)) {
        const line = `${name.padEnd(10)} ${String(found[name]).padStart(6)} of ${most} bytes gzipped`;
        if (found[name] > most) good = false;
        console.log(found[name] > most ? `${line}: too heavy` : line);
    }
    return good;
}

const texts = text_findings();
for (const line of texts) console.error(line);
if (texts.length > 0) process.exit(1);

const options = {
    absWorkingDir: here,
    entryPoints: { console: "src/main.tsx" },
    bundle: true,
    write: false,
    metafile: true,
    outdir: "dist",
    entryNames: "[name]-[hash]",
    chunkNames: "part-[hash]",
    splitting: true,
    format: "esm",
    target: ["chrome110", "firefox110", "safari16"],
    jsx: "automatic",
    jsxImportSource: "preact",
    minify: !watching,
    sourcemap: watching ? "inline" : false,
    legalComments: "none",
    logLevel: "warning",
};
if (watching) {
    const written = { name: "dist", setup: (plugin) => plugin.onEnd((result) => { if (result.outputFiles) { write_dist(result); console.log("built"); } }) };
    await (await context({ ...options, plugins: [written] })).watch();
} else {
    if (!existsSync(join(here, "src/api/schema.d.ts"))) process.exit(1);
    tool("typescript/bin/tsc", "--project", ".");
    if (!judge(write_dist(await build(options)))) process.exit(1);
}
