// Documents whose tables end in a column "proved by" name tests there, in backticks, by their titles or the beginning of them: each must exist.
import { readFileSync, readdirSync, statSync, existsSync } from "node:fs";
import { join } from "node:path";

const kDocuments = ["SECURITY.md", "tests/faults/README.md"];

function* test_files(folder) {
    for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (statSync(path).isDirectory()) {
            if (name !== "node_modules") yield* test_files(path);
        } else if (/\.(mjs|cpp|py)$/.test(name)) yield path;
    }
}

function titles(root) {
    const found = new Set();
    for (const folder of ["tests", "tools"])
        for (const file of test_files(join(root, folder)))
            for (const [, title] of readFileSync(file, "utf8").matchAll(/(?:\btest|\bit|TEST_CASE)\(\s*["'`](.+?)["'`]\s*[,)]/gs)) found.add(title);
    return [...found];
}

// [{file, line, text}]
export function cited_tests(root) {
    const findings = [], known = titles(root);
    for (const document of kDocuments) {
        const path = join(root, document);
        if (!existsSync(path)) continue;
        let proves = false, cited = 0;
        readFileSync(path, "utf8").split("\n").forEach((text, at) => {
            const cells = text.startsWith("|") ? text.split("|").slice(1, -1).map((cell) => cell.trim()) : [];
            if (!cells.length) return (proves = false);
            if (cells.at(-1) === "proved by") return (proves = true);
            if (!proves || /^-+$/.test(cells[0])) return;
            const names = [...cells.at(-1).matchAll(/`([^`]+)`/g)].map(([, name]) => name);
            cited += names.length;
            if (!names.length) findings.push({ file: path, line: at + 1, text: "names no test in its last column: say which proves it" });
            for (const name of names)
                if (!known.some((title) => title.startsWith(name)))
                    findings.push({ file: path, line: at + 1, text: `no test is called "${name}": name one that proves it` });
        });
        if (!cited) findings.push({ file: path, line: 0, text: 'has no table that ends in a column "proved by"' });
    }
    return findings;
}
