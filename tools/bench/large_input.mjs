// What large input costs in memory: exports and answers made on the fly, read whole by `mis-gateway check` (it reads every stream once and keeps nothing). One JSON line per input: MB read, seconds, peak RSS.
// Usage: node tools/bench/large_input.mjs [csv] [xml_file] [json] [xml] [xlsx]      BUILD=build MB=1000
// xlsx is a workbook with MB of different texts, which has to be refused with a bounded peak. Exit code 1: a peak above 64 MB.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const build = process.env.BUILD ?? join(root, "build");
const bytes_wanted = Number(process.env.MB ?? 1000) * 1e6;
const peak_mb_max = 64;
const wanted = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), "mis-large-"));

const pieces = {
  csv: { begin: "id;name;sum;day\n", row: (n) => `${n};Пробная строка номер ${n};${n % 9973},50;02.03.2026\n`, end: "" },
  xml: { begin: "<list>", row: (n) => `<row id="${n}"><name>Пробная строка номер ${n}</name><sum>${n % 9973}.50</sum><day>2026-03-02</day></row>`, end: "</list>" },
  json: { begin: '{"list": [', row: (n) => `${n === 1 ? "" : ","}{"id": ${n}, "name": "Пробная строка номер ${n}", "sum": ${n % 9973}.50, "day": "2026-03-02"}`, end: "]}" },
  xlsx: { begin: "<sst>", row: (n) => `<si><t>Пробная строка номер ${n}</t></si>`, end: "</sst>" },
};
// The whole text in chunks of about a megabyte.
function* chunks({ begin, row, end }) {
  let [chunk, bytes] = [begin, 0];
  for (let n = 1; bytes < bytes_wanted; ++n) {
    chunk += row(n);
    if (chunk.length < 600_000) continue;
    const made = Buffer.from(chunk);
    bytes += made.length;
    chunk = "";
    yield made;
  }
  yield Buffer.from(chunk + end);
}
function write_file(file, form) {
  const to = openSync(file, "w");
  for (const chunk of chunks(form)) writeSync(to, chunk);
  closeSync(to);
}

function connector(kind, way) {
  const folder = join(work, "connector");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, "codes.csv"), "list,mis_code,canonical,comment\n");
  writeFileSync(join(folder, "practitioner.sql"), "select id as source_id, name from rows\n");
  writeFileSync(join(folder, "connector.yaml"), `title: invented\nkind: ${kind}\n${way.top ?? ""}streams:\n  practitioner:\n    key: id\n    columns: {id: text, name: text, sum: decimal, day: date}\n    ${way.stream}\n`);
  return folder;
}
function config(kind, way, connection) {
  const file = join(work, "gateway.yaml");
  rmSync(join(work, "store"), { recursive: true, force: true });
  mkdirSync(join(work, "store"), { mode: 0o700 });
  const sources = [{ name: "mis", connector: connector(kind, way), [kind]: connection }];
  writeFileSync(file, JSON.stringify({ clinic: { id: "bench-clinic", timezone: "Europe/Moscow" }, store: { folder: join(work, "store") }, export: { mode: "all", legal_ground: "invented data" }, sources, sinks: [], http: { listen: "" } }));
  return file;
}
// Runs `check` and looks at its peak every 20 ms: VmHWM only grows, so the last look is the peak.
async function measure(name, kind, way, connection, expected) {
  const began = Date.now();
  const ran = spawn(join(build, "mis-gateway"), ["check", "--config", config(kind, way, connection)], { env: { ...process.env, MIS_GATEWAY_SHARE: root } });
  const said = [];
  for (const out of [ran.stdout, ran.stderr]) out.on("data", (chunk) => said.push(chunk));
  let peak_kb = 0;
  const look = setInterval(() => {
    try {
      peak_kb = Math.max(peak_kb, Number(readFileSync(`/proc/${ran.pid}/status`, "utf8").match(/VmHWM:\s+(\d+)/)?.[1] ?? 0));
    } catch {
      clearInterval(look); // it has ended
    }
  }, 20);
  await new Promise((resolve) => ran.on("close", resolve));
  clearInterval(look);
  const text = Buffer.concat(said).toString();
  const as_expected = expected.test(text);
  const figure = { input: name, mb: Math.round(bytes_wanted / 1e6), seconds: (Date.now() - began) / 1000, peak_mb: Math.round(peak_kb / 1024), as_expected };
  console.log(JSON.stringify(figure));
  if (!as_expected) console.error(text.slice(0, 2000));
  if (!as_expected || figure.peak_mb > peak_mb_max) process.exitCode = 1;
}

// A zip whose parts are compressed by gzip as they come: raw deflate is what lies between gzip's head and tail.
function write_workbook(file) {
  const texts = join(work, "sharedStrings.xml");
  write_file(texts, pieces.xlsx);
  mkdirSync(join(work, "book/xl/_rels"), { recursive: true });
  writeFileSync(join(work, "book/xl/workbook.xml"), '<workbook><sheets><sheet name="1" id="r"/></sheets></workbook>');
  writeFileSync(join(work, "book/xl/_rels/workbook.xml.rels"), '<Relationships><Relationship Id="r" Target="s.xml"/></Relationships>');
  writeFileSync(join(work, "book/xl/s.xml"), '<worksheet><row><c t="s"><v>0</v></c></row></worksheet>');
  const made = spawnSync("python3", ["-c", `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
    for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/s.xml"):
        book.write(sys.argv[2] + "/book/" + part, part)
    book.write(sys.argv[2] + "/sharedStrings.xml", "xl/sharedStrings.xml")
`, file, work]);
  if (made.status !== 0) throw new Error(`python3 makes no workbook: ${made.stderr}`);
  rmSync(texts);
}

const exports_folder = join(work, "exports");
const of_file = async (name, file, stream, write, expected) => {
  rmSync(exports_folder, { recursive: true, force: true });
  mkdirSync(exports_folder);
  write(join(exports_folder, file));
  await measure(name, "files", { stream }, { folder: exports_folder, settle_seconds: 0 }, expected);
};
const of_answer = async (name, top, rows, form) => {
  const server = createServer((_, response) => {
    response.writeHead(200);
    const rest = chunks(form);
    const go_on = () => {
      for (let next = rest.next(); ; next = rest.next()) {
        if (next.done) return response.end();
        if (!response.write(next.value)) return response.once("drain", go_on);
      }
    };
    go_on();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  await measure(name, "http", { top, stream: `request: {path: list, rows: ${rows}${top ? ', paths: {id: "@id"}' : ""}}` }, { url: `http://127.0.0.1:${server.address().port}`, answer_seconds_max: 3600 }, READ);
  server.close();
};
const READ = /practitioner\s+(on\s+)?(at least )?100\s?000|practitioner.*100/;
const benches = {
  csv: () => of_file("csv", "list.csv", 'file: {pattern: "*.csv"}', (file) => write_file(file, pieces.csv), READ),
  xml_file: () => of_file("xml_file", "list.xml", 'file: {pattern: "*.xml", rows: list/row}', (file) => write_file(file, pieces.xml), READ),
  json: () => of_answer("json", "", "list", pieces.json),
  xml: () => of_answer("xml", "format: xml\n", "list/row", pieces.xml),
  xlsx: () => of_file("xlsx", "list.xlsx", 'file: {pattern: "*.xlsx"}', write_workbook, /more than 32 MB of different texts/),
};
try {
  for (const [name, run] of Object.entries(benches)) if (wanted.length === 0 || wanted.includes(name)) await run();
} finally {
  rmSync(work, { recursive: true, force: true });
}
