// Judges canonical records: one JSON object per line, either {"kind": …, "record": {…}} or, with --kind KIND, the record itself.
// Usage: node validate_records.mjs [--kind KIND] FILE...        Each must match schemas/record/KIND.json (ajv).
import { readFileSync, readdirSync } from "node:fs";
import Ajv from "ajv";
import addFormats from "ajv-formats";

const folder = new URL("../../schemas/record/", import.meta.url);
const args = process.argv.slice(2);
let fixed = null;
const at = args.indexOf("--kind");
if (at >= 0) fixed = args.splice(at, 2)[1];
if (args.length === 0) {
  console.error("usage: validate_records.mjs [--kind KIND] FILE...");
  process.exit(2);
}

const ajv = new Ajv({ allErrors: true, strictTypes: false });
addFormats(ajv);
ajv.addKeyword("x-private"); // a field that never leaves the clinic
const validators = new Map();
const schemas = readdirSync(folder).filter((name) => name.endsWith(".json")).map((name) => [name, JSON.parse(readFileSync(new URL(name, folder)))]);
for (const [name, schema] of schemas) ajv.addSchema(schema, schema.$id ?? name);
for (const [name, schema] of schemas) validators.set(name.replace(/(\.v\d+)?\.json$/, ""), ajv.getSchema(schema.$id ?? name));

let failures = 0;
let records = 0;
for (const file of args) {
  readFileSync(file, "utf8").split("\n").forEach((line, index) => {
    if (line.trim() === "") return;
    const where = `${file}:${index + 1}`;
    const value = JSON.parse(line);
    const kind = fixed ?? value.kind;
    const record = fixed ? value : (value.record ?? value.body ?? value);
    const validate = validators.get(kind);
    ++records;
    if (!validate) {
      ++failures;
      console.error(`${where}: no schema for kind ${kind}`);
    } else if (!validate(record)) {
      for (const error of validate.errors) {
        ++failures;
        console.error(`${where}: ${kind}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
      }
    }
  });
}
if (records === 0) console.error("no records");
if (failures > 0 || records === 0) process.exit(1);
console.log(`${records} records are valid`);
