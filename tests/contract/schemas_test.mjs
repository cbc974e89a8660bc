// Every schema is draft-07 and compiles in ajv's strict mode; the event schemas take what they should and refuse the rest.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { CloudEvent } from "cloudevents";

const root = new URL("../../schemas/", import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, root)));
const namesIn = (folder) => readdirSync(new URL(`${folder}/`, root)).filter((name) => name.endsWith(".json"));

function newAjv() {
  const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
  addFormats(ajv);
  ajv.addKeyword("x-private"); // schemas/record: a field that never leaves the clinic
  return ajv;
}

for (const folder of ["event", "record", "inbox", "config"]) {
  test(`schemas/${folder} compile`, () => {
    const ajv = newAjv();
    const schemas = namesIn(folder).map((name) => [name, read(`${folder}/${name}`)]);
    for (const [name, schema] of schemas) ajv.addSchema(schema, schema.$id ?? name);
    for (const [name, schema] of schemas) {
      assert.equal(schema.$schema, "http://json-schema.org/draft-07/schema#", name);
      assert.ok(ajv.getSchema(schema.$id ?? name), name);
    }
  });
}

test("the same definition has the same content in every event schema", () => {
  const definitions = new Map();
  for (const name of namesIn("event"))
    for (const [key, definition] of Object.entries(read(`event/${name}`).definitions)) {
      const text = JSON.stringify(definition);
      assert.equal(definitions.get(key) ?? text, text, `${name}: ${key}`);
      definitions.set(key, text);
    }
});

const hex = (character) => character.repeat(32);
const money = { minor: 450000, currency: "RUB" };
const event = () => ({
  specversion: "1.0",
  id: hex("a"),
  source: "/clinics/clinic-1/sources/demo",
  type: "mis.procedure.performed.v1",
  subject: `patient/${hex("b")}`,
  time: "2026-03-02T10:00:00+03:00",
  partitionkey: `patient/${hex("b")}`,
  sequence: "00000100000000000001",
  changeset: hex("c"),
  changesetindex: 0,
  changesetsize: 1,
  clinicid: "clinic-1",
  recordid: hex("d"),
  dataschema: "urn:mis-gateway:event:procedure.performed.v1#/properties/data",
  datacontenttype: "application/json",
  dataclassification: "pseudonymous-medical",
  dataregulation: "152-FZ",
  data: { patient: hex("b"), procedure: { id: hex("d"), service_code: "T-16", nomenclature: null, quantity: "1", teeth: ["16"], total: money } },
});

test("a procedure's event passes, for ajv and for the CloudEvents SDK", () => {
  const validate = newAjv().compile(read("event/procedure.performed.v1.json"));
  assert.ok(validate(event()), JSON.stringify(validate.errors));
  assert.ok(new CloudEvent(event()).validate());
});

test("I3, I5: names, source ids, floating sums and unknown fields are refused", () => {
  const validate = newAjv().compile(read("event/procedure.performed.v1.json"));
  const changes = {
    "a private field": (e) => (e.data.last_name = "Тестова"),
    "a source id": (e) => (e.data.procedure.patient_source_id = "77"),
    "a patient who is no pseudonym": (e) => (e.data.patient = "77"),
    "a floating sum": (e) => (e.data.procedure.total.minor = 4500.5),
    "a quantity as a number": (e) => (e.data.procedure.quantity = 1),
    "a tooth that is none": (e) => (e.data.procedure.teeth = ["19"]),
    "another type": (e) => (e.type = "mis.procedure.reversed.v1"),
    "a short sequence": (e) => (e.sequence = "1"),
    "a time without offset": (e) => (e.time = "2026-03-02T10:00:00"),
    "an unknown attribute": (e) => (e.patientname = "x"),
  };
  for (const [what, change] of Object.entries(changes)) {
    const changed = event();
    change(changed);
    assert.equal(validate(changed), false, what);
  }
});
