// Judges events as the gateway sends them: one JSON event per line (or a JSON batch per line). Usage: node validate_events.mjs [--complete] [--each] FILE...
// Each must match schemas/event/TYPE.v1.json (ajv), satisfy the CloudEvents SDK, stay under 20 kB, and repeat an id only with the same bytes.
// --complete: also no gaps: sequences of a partition key count up by one (from 1), change sets are whole. Of a filtered view (a party's sink) previoussequence
// names the event before; its change sets have holes by nature. --each: every file is a log of its own; else all are one.
import { readFileSync, readdirSync } from "node:fs";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { CloudEvent } from "cloudevents";

const folder = new URL("../../schemas/event/", import.meta.url);
const complete = process.argv.includes("--complete");
const each = process.argv.includes("--each");
const files = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
if (files.length === 0) {
  console.error("usage: validate_events.mjs [--complete] FILE...");
  process.exit(2);
}

const ajv = new Ajv({ allErrors: true });
addFormats(ajv);
const validators = new Map();
for (const name of readdirSync(folder)) {
  const schema = JSON.parse(readFileSync(new URL(name, folder)));
  validators.set(schema.title, ajv.compile(schema));
}

let failures = 0;
const fail = (where, text) => {
  console.error(`${where}: ${text}`);
  if (++failures >= 50) {
    console.error("more than 50 failures, giving up");
    process.exit(1);
  }
};

const seen = new Map(); // id → line
const last = new Map(); // partition key → sequence
const changeSets = new Map(); // id → { size, indexes }
const types = new Map();
let events = 0;

function check(where, text) {
  const event = JSON.parse(text);
  const validate = validators.get(event.type);
  if (!validate) return fail(where, `no schema for type ${event.type}`);
  if (!validate(event)) for (const error of validate.errors) fail(where, `${event.type}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
  try {
    new CloudEvent(event).validate();
  } catch (error) {
    fail(where, `${event.type}: CloudEvents SDK: ${error.message} ${JSON.stringify(error.errors ?? "")}`);
  }
  if (Buffer.byteLength(text) >= 20_000) fail(where, `${event.type}: ${Buffer.byteLength(text)} bytes, the limit is 20 000`);
  if (seen.has(event.id)) {
    if (seen.get(event.id) !== text) fail(where, `id ${event.id} repeated with other bytes`);
    return;
  }
  seen.set(event.id, text);
  ++events;
  types.set(event.type, (types.get(event.type) ?? 0) + 1);
  if (!complete) return;
  const previous = last.get(event.partitionkey);
  const epoch = event.sequence.slice(0, 6);
  last.set(event.partitionkey, event.sequence);
  if (event.previoussequence !== undefined) {
    const before = previous?.startsWith(epoch) ? previous : epoch + "0".repeat(14);
    if (event.previoussequence !== before) fail(where, `${event.partitionkey}: ${event.sequence} follows ${event.previoussequence}, here ${before} came before: an event is lost`);
    return;
  }
  const expected = previous?.startsWith(epoch) ? BigInt(previous.slice(6)) + 1n : 1n;
  if (BigInt(event.sequence.slice(6)) !== expected) fail(where, `${event.partitionkey}: sequence ${event.sequence}, expected …${expected}`);
  const set = changeSets.get(event.changeset) ?? { size: event.changesetsize, indexes: new Set(), where };
  set.indexes.add(event.changesetindex);
  changeSets.set(event.changeset, set);
}

function end_of_log() {
  for (const [id, set] of changeSets) if (set.indexes.size !== set.size) fail(set.where, `change set ${id} has ${set.indexes.size} of ${set.size} events`);
  for (const known of [seen, last, changeSets]) known.clear();
}

for (const file of files) {
  readFileSync(file, "utf8").split("\n").forEach((line, index) => {
    if (line.trim() === "") return;
    const where = `${file}:${index + 1}`;
    try {
      if (line.startsWith("[")) for (const event of JSON.parse(line)) check(where, JSON.stringify(event));
      else check(where, line);
    } catch (error) {
      fail(where, error.message);
    }
  });
  if (each) end_of_log();
}
end_of_log();
if (events === 0) fail(files.join(" "), "no events");
if (failures > 0) process.exit(1);
console.log(`${events} events of ${types.size} types are valid`);
