// Builds dist/, which CMake embeds in the binary: node build.mjs [--watch]. Types from the API's description, then tsc, then esbuild.
// Fails when a text is missing in a language, or when the page is heavier than its budget (gzipped).
import { build, context } from "esbuild";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
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
function write_dist(outputs) {
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
    const output = (end) => Buffer.from(outputs.find((file) => file.path.endsWith(end)).contents);
    const script = put(hashed("console", "js", output(".js")), output(".js"));
    const style = put(hashed("console", "css", output(".css")), output(".css"));
    const icon = readFileSync(join(here, "public/icon.svg"));
    const icon_name = put(hashed("icon", "svg", icon), icon);
    const page = readFileSync(join(here, "public/index.html"), "utf8")
        .replace("SCRIPT", script).replace("STYLE", style).replace("ICON", icon_name)
        .replace("TEXTS_RU", languages.ru).replace("TEXTS_EN", languages.en);
    put("index.html", page);
    return { sizes, script, style, languages };
}

function judge({ sizes, script, style, languages }) {
    const language = Math.max(sizes[languages.ru], sizes[languages.en]);
    const found = {
        first_view: sizes["index.html"] + sizes[script] + sizes[style] + language,
        scripts: sizes[script],
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
    outdir: "dist",
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
    const written = { name: "dist", setup: (plugin) => plugin.onEnd((result) => { if (result.outputFiles) { write_dist(result.outputFiles); console.log("built"); } }) };
    await (await context({ ...options, plugins: [written] })).watch();
} else {
    if (!existsSync(join(here, "src/api/schema.d.ts"))) process.exit(1);
    tool("typescript/bin/tsc", "--project", ".");
    const { outputFiles } = await build(options);
    if (!judge(write_dist(outputFiles))) process.exit(1);
}
