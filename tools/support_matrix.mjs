// The support matrix of connectors/README.md, made of the connectors' manifests, cases and READMEs. Run: node tools/support_matrix.mjs [--write]
// Without --write it prints the matrix. tests/tidy compares it with what stands between the markers.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BEGIN = "<!-- support matrix: node tools/support_matrix.mjs --write -->";
const END = "<!-- end of the support matrix -->";
const KINDS = { branch: ["branch"], practitioner: ["practitioner"], service: ["service"], patient: ["patient"], appointment: ["appointment"], "free times": ["slot", "shift", "busy"], procedure: ["procedure"], payment: ["payment"], limit: ["limit"], plan: ["plan", "plan_item"] };
const HTTP_LOGIN = { none: "an address", header: "a key", query: "a key", path: "a key", body: "a key", basic: "a user and a password", jwt_hs256: "an id and a secret", login: "a user and a password", oauth2_refresh: "an id, a secret and a consent" };

function read_yaml(file) {
  let yaml;
  try {
    yaml = createRequire(import.meta.url)("/usr/share/nodejs/js-yaml"); // where Debian puts it, whichever node runs
  } catch {
    throw new Error("support_matrix: needs Debian's node-js-yaml: apt-get install node-js-yaml, or run tools/setup test");
  }
  return yaml.load(readFileSync(file, "utf8"));
}
const section = (readme, word) => (readme.split(/^## /m).find((part) => part.split("\n")[0].toLowerCase().includes(word)) ?? "").split("\n").slice(1).join("\n").trim();
const every = (seconds) => (seconds % 86_400 === 0 ? `${seconds / 86_400} d` : seconds % 3600 === 0 ? `${seconds / 3600} h` : seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`);
const placeholders = (value) => [...JSON.stringify(value ?? "").matchAll(/\{site:(\w+)[}:]/g)].map(([, name]) => name);

// How a stream's changes are found, in the letters of the legend.
function ways(manifest, stream) {
  const { request, window, stamps = [] } = stream;
  if (manifest.kind === "files") return ["f"];
  if (manifest.kind === "push") return ["m"];
  if (manifest.kind === "http") {
    const parent = request.for_each?.stream && manifest.streams[request.for_each.stream].request;
    const asks_period = (one) => one.only_today || /\{(from|to)\}/.test(JSON.stringify({ ...one, by_id: undefined }));
    if (!asks_period(request) && !(parent && asks_period(parent))) return ["l"];
    return request.by_id ? ["p", "i"] : request.missing === "gone" ? ["p", "t"] : ["p"];
  }
  return [...(stamps.length > 0 ? ["s"] : []), ...(window ? ["w"] : []), ...(stamps.length === 0 && !window ? ["k"] : [])];
}
// Streams that may be off: what they need is empty until the site says it, or a base may lack the table.
const needed = (request) => [...placeholders(request?.path), ...(request?.needs ?? []), ...(request?.for_each?.site ? [request.for_each.site] : [])];
const is_off = (manifest, stream) => Boolean(stream.optional && (stream.requires_table || needed(stream.request).some((name) => String(manifest.site?.[name] ?? "") === "")));

function system(root, name) {
  const folder = join(root, "connectors", name);
  const manifest = read_yaml(join(folder, "connector.yaml"));
  const streams = Object.entries(manifest.streams).map(([stream, said]) => ({ name: stream, kind: said.kind ?? stream, poll: said.poll_seconds ?? 60, ways: ways(manifest, said), off: is_off(manifest, said) }));
  const cases = Object.keys(manifest.streams).flatMap((stream) => {
    const place = join(folder, "cases", stream);
    return existsSync(place) ? readdirSync(place).map((one) => existsSync(join(place, one, "expected.events.jsonl"))) : [];
  });
  const short = section(readFileSync(join(folder, "README.md"), "utf8"), "confidence").match(/^In short: (.+?)\.?$/m)?.[1];
  const is_tested = readdirSync(join(root, "tests/system")).some((file) => file.endsWith("_test.mjs") && readFileSync(join(root, "tests/system", file), "utf8").includes(`"${name}"`));
  let tried = "cases alone";
  if (existsSync(join(root, "tools/mis_simulator", name))) tried = "a clinic that lives in a real base";
  else if (existsSync(join(root, "tools/rest_clinic/systems", `${name}.mjs`))) tried = "a clinic that lives behind a scripted service";
  else if (is_tested) tried = { files: "invented files", http: "a scripted service", push: "a scripted caller" }[manifest.kind] ?? "invented tables in a real base";
  const gives = [manifest.kind === "http" ? HTTP_LOGIN[manifest.auth?.kind ?? "none"] : manifest.kind === "files" ? "exports in a folder" : manifest.kind === "push" ? "calls to us, with a key of ours" : "a login that reads"];
  const asked = Object.keys(manifest.unknown ?? {}).map((question) => question.replaceAll("_", " "));
  if (asked.length > 0) gives.push(`answers: ${asked.join(", ")}`);
  if (manifest.calibrate) gives.push(`a look at its screens: ${Object.keys(manifest.calibrate).join(", ").replaceAll("_", " ")}`);
  const off = streams.filter((stream) => stream.off).map((stream) => `\`${stream.name}\``);
  if (off.length > 0) gives.push(`${manifest.kind === "http" ? "once it says more" : "where the base has their tables"}: ${off.join(", ")}`);
  return { name, title: manifest.title, kind: manifest.kind === "sql" ? manifest.dialect : (manifest.kind ?? "sql"), streams, cases, short, tried, gives: gives.join("; ") };
}

function cell({ streams }, kinds) {
  const found = streams.filter((stream) => kinds.includes(stream.kind));
  if (found.length === 0) return "";
  const on = found.filter((stream) => !stream.off);
  const shown = on.length > 0 ? on : found;
  const letters = [..."slpitwkfm"].filter((letter) => shown.some((stream) => stream.ways.includes(letter))).join("");
  const text = `${every(Math.min(...shown.map((stream) => stream.poll)))} ${letters}`;
  return on.length > 0 ? text : `(${text})`;
}

export function support_matrix(root) {
  const names = readdirSync(join(root, "connectors")).filter((name) => existsSync(join(root, "connectors", name, "connector.yaml")) && name !== "_template").sort();
  const systems = names.map((name) => system(root, name));
  const problems = systems.filter(({ short }) => !short).map(({ name }) => `connectors/${name}/README.md: the section Confidence has no line "In short: …", which says in a few words where its facts come from`);
  const row = (...cells) => `| ${cells.join(" | ")} |`;
  const lines = [
    row("", ...Object.keys(KINDS)),
    row("---", ...Object.keys(KINDS).map(() => "---")),
    ...systems.map((one) => row(`[\`${one.name}\`](${one.name}/README.md)`, ...Object.values(KINDS).map((kinds) => cell(one, kinds)))),
    "",
    "How often a stream is read (the shortest, where a kind has several), and how changes and deletions are found. In brackets: only where the base has its tables, or once the site says more. Every night everything is compared besides.",
    "**s** stamps or tokens of change, where the base has them: changes at once, deletions by the other letters or at night · **w** a window of days compared each time: changes and deletions in it · **k** new keys at once, all else at night; up to 2000 records",
    "whole each time, deletions too · **l** the whole list each time: changes and deletions · **p** the list of a period each time: changes; deletions with **i**, which asks for what is missing by its id, with **t** once two readings in a row lack it, else at night · **f** the newest file, whole · **m** the messages it sends, at once: the last snapshot, whole, or changes one by one.",
    "",
    row("system", "read by", "tried on", "cases (with events)", "where its facts come from", "what the site gives"),
    row("---", "---", "---", "---", "---", "---"),
    ...systems.map((one) => row(`\`${one.name}\`: ${one.title}`, one.kind, one.tried, `${one.cases.length} (${one.cases.filter(Boolean).length})`, one.short ?? "", one.gives)),
  ];
  return { text: lines.join("\n"), problems };
}

// What is wrong with the matrix that stands in connectors/README.md.
export function matrix_findings(root) {
  const { text, problems } = support_matrix(root);
  const readme = readFileSync(join(root, "connectors/README.md"), "utf8");
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) return [...problems, `connectors/README.md: lacks the markers ${BEGIN} and ${END}`];
  if (readme.slice(begin + BEGIN.length, end).trim() !== text) problems.push("connectors/README.md: the support matrix is not that of the connectors: node tools/support_matrix.mjs --write");
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const { text, problems } = support_matrix(root);
  for (const problem of problems) console.error(problem);
  if (process.argv.includes("--write")) {
    const file = join(root, "connectors/README.md");
    const readme = readFileSync(file, "utf8");
    const [before, rest] = readme.split(BEGIN);
    if (rest === undefined || !rest.includes(END)) throw new Error(`support_matrix: ${file} lacks the markers`);
    writeFileSync(file, `${before}${BEGIN}\n${text}\n${END}${rest.slice(rest.indexOf(END) + END.length)}`);
  } else console.log(text);
  process.exit(problems.length === 0 ? 0 : 1);
}
