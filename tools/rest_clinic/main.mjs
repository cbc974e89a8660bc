// The clinic's service, and its life: README.md. Prints one line of JSON when it listens, then a line per action.
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Life } from "./life.mjs";

const names = () => readdirSync(new URL("systems", import.meta.url)).map((file) => file.replace(/\.mjs$/, "")).sort();

const { values, positionals } = parseArgs({ allowPositionals: true, options: { state: { type: "string" }, rate: { type: "string", default: "2" }, seed: { type: "string", default: "1" }, list: { type: "boolean" } } });
if (values.list) {
  console.log(names().join("\n"));
  process.exit(0);
}
const [name] = positionals;
const rate = Number(values.rate);
if (!names().includes(name) || !values.state || !(rate > 0)) {
  console.error(`rest_clinic: usage: main.mjs ${names().join("|")} --state FILE [--rate N] [--seed N]`);
  process.exit(2);
}
const system = (await import(`./systems/${name}.mjs`)).default;
const kept = existsSync(values.state) ? JSON.parse(readFileSync(values.state, "utf8")) : undefined;
const service = await system.start({ after() {} });
if (kept) {
  // the gateway knows the service by its address, so a clinic that goes on has to have the old one
  await service.server.stop();
  await service.server.listen(kept.port).catch((error) => {
    console.error(`rest_clinic: port ${kept.port} of the last run: ${error.code}: end what listens there, or begin anew without --keep`);
    process.exit(1);
  });
}
const life = new Life(Number(values.seed));
if (kept) Object.assign(service, kept.data);
else system.furnish(service, life);

function keep() {
  const data = Object.fromEntries(system.kept.map((member) => [member, service[member]]));
  writeFileSync(`${values.state}.new`, JSON.stringify({ port: Number(new URL(service.url).port), data }));
  renameSync(`${values.state}.new`, values.state);
}
keep();
console.log(JSON.stringify(system.settings(service)));

const all = Object.entries(system.actions).flatMap(([action, [weight, act]]) => Array.from({ length: weight }, () => [action, act]));
let timer;
process.on("SIGUSR2", () => {
  timer ??= setInterval(() => {
    const [action, act] = life.one_of(all);
    const done = act(service, life);
    if (!done) return;
    keep();
    console.log(`MIS ${action.padEnd(10)} ${done}`);
  }, 1000 / rate);
});
process.on("SIGINT", () => {
  clearInterval(timer);
  console.log("MIS closed");
});
process.on("SIGTERM", () => process.exit(0));
