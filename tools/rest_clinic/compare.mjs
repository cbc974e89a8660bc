// What the service holds, what the gateway holds and what the receiver believes, side by side: README.md. Exit 1: they differ.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { believed as of_visits, difference } from "../../tests/support/rest_belief.mjs";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { state: { type: "string" }, held: { type: "string" }, events: { type: "string" } } });
const json_lines = (file) => readFileSync(file, "utf8").split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
const system = (await import(`./systems/${positionals[0]}.mjs`)).default;
const service = await system.start({ after() {} });
Object.assign(service, JSON.parse(readFileSync(values.state, "utf8")).data);
const held = Object.fromEntries(json_lines(values.held).filter((line) => line.stream).map((line) => [line.stream, line.held]));
const seen = new Set();
const events = json_lines(values.events).filter(({ id }) => !seen.has(id) && seen.add(id));
const [standing, believed] = [system.standing(service), (system.believed ?? of_visits)(events)];

const row = (...cells) => console.log(cells.map((cell, column) => (column === 0 ? String(cell).padEnd(22) : String(cell).padStart(22))).join(""));
const found = [];
row("", "rows of the service", "records held");
for (const [stream, rows] of Object.entries(system.held(service))) {
  row(stream, rows, held[stream] ?? 0);
  if (rows !== held[stream]) found.push(`${stream}: ${rows} rows, ${held[stream] ?? 0} records`);
}
console.log();
row("", "the service says", "the receiver believes");
for (const [kind, lines] of Object.entries(standing)) {
  const words = { appointments: "visits", slots: "free half hours" }[kind] ?? kind;
  row(words, lines.length, believed[kind].length);
  found.push(...difference(lines, believed[kind]).map((line) => `${words}: ${line}`));
}
for (const line of found.slice(0, 20)) console.error(`  ${line}`);
process.exit(found.length === 0 ? 0 : 1);
