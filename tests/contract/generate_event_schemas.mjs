// The one place where the fields of every event are written down. Prints schemas/event/*.v1.json (draft-07, each complete in itself) and
// core/disclosure/allow_list.cpp, what the disclosure gate lets pass. Usage: node tests/contract/generate_event_schemas.mjs [ROOT]
// unit_disclosure fails when the two differ; a change here needs a line in schemas/CHANGELOG.md.
import { writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

const root = process.argv[2] ?? ".";

// Scalars: the kind the gate knows, and the schema. `word` is an id, code or number as text; `text` was typed by people and meets the canary.
const scalars = {
  word: ["word", { type: "string", minLength: 1, maxLength: 200 }],
  text: ["text", { type: "string", maxLength: 200 }],
  pseudonym: ["word", { type: "string", pattern: "^[0-9a-f]{32}$" }],
  time: ["word", { type: "string", format: "date-time", maxLength: 40 }],
  date: ["word", { type: "string", format: "date", maxLength: 10 }],
  decimal: ["word", { type: "string", pattern: "^-?[0-9]{1,18}(\\.[0-9]{1,9})?$" }],
  tooth: ["word", { type: "string", pattern: "^([1-8][1-8]|quadrant-[1-8]|upper|lower|mouth)$" }],
  payer: ["word", { enum: ["patient", "limit", "organization", "insurer", "clinic"] }],
  status: ["word", { enum: ["booked", "confirmed", "arrived", "in_progress", "completed", "cancelled", "no_show"] }],
  item_state: ["word", { enum: ["planned", "scheduled", "in_progress", "performed", "void"] }],
  deviation: ["word", { enum: ["unplanned", "price", "tooth", "tooth_missing", "accompanying", "not_approved"] }],
  integer: ["integer", { type: "integer" }],
  boolean: ["boolean", { type: "boolean" }],
};

// name:kind, `!` required, `?` may be null, `[]` a list, `@kind` the public id or the object
const objects = {
  money: "minor:integer! currency:word!",
  share: "payer:payer! limit:word payer_party:word total:money!",
  procedure:
    "id:word! patient:pseudonym branch:word practitioner:word practitioner_name:text appointment:word performed_at:time service_code:word service_name:text nomenclature:word? " +
    "category:word group:word quantity:decimal teeth:tooth[] surfaces:word list_total:money discount:money total:money payer:payer limit:word shares:share[] " +
    "plan_item:word state:word warranty:boolean reverses:word notes:word[]",
  appointment:
    "id:word! patient:pseudonym branch:word practitioner:word practitioner_name:text room:text starts_at:time ends_at:time status:status cancel_reason:word first_visit:boolean " +
    "online:boolean payer:payer limit:word plan_items:word[] notes:word[]",
  former_appointment:
    "id:word branch:word practitioner:word practitioner_name:text room:text starts_at:time ends_at:time status:status payer:payer limit:word",
  interval: "starts_at:time! ends_at:time! free:boolean!",
  plan: "id:word! patient:pseudonym version:integer order:word practitioner:word created_on:date active:boolean items:item[]",
  item:
    "id:word! stage:integer position:integer service_code:word service_name:text nomenclature:word? group:word teeth:tooth[] quantity:decimal settled:decimal " +
    "total:money state:item_state reason:word appointment:word",
  progress: "items:progress_items! money:progress_money! charged:money! charged_apart:money[]",
  progress_items: "performed:integer! total:integer! open:integer",
  progress_money: "performed:money! total:money! open:money",
  limit:
    "id:word! kind:word payer_name:text payer_party:word order:word members:pseudonym[] valid_from:date valid_to:date overrun_payer:word " +
    "discounts_allowed:boolean approval_required:boolean source:word",
  line: "procedure:word! limit:word performed_at:time total:money payer:payer",
  statement_line: "charge_id:word! procedure:word item:word booked_on:date total:money! reversed:boolean tax_deductible:boolean",
  overrun: "limit:word! total:money!",
  period: "from:date! to:date!",
  feedback_counts: "received:integer! answered:integer! resolved:integer!",
};

const patient = "patient:pseudonym! ";
const appointment = patient + "appointment:appointment! previous:former_appointment payer:payer limit:word reason:word";
const plan = patient + "plan:@plan! changed:word[] reason:word order:word amount_max:money progress:progress request:word part:integer parts:integer";
const item = patient + "plan:@plan! order:word item:@item! before:item_state after:item_state reason:word procedure:@procedure appointment:word progress:progress";
const stage = patient + "plan:@plan! order:word stage:word! progress:progress reason:word";
const deviation = patient + "plan:@plan! order:word kind:deviation! item:word procedure:@procedure! agreed:money charged:money reason:word request:word";
const limit =
  "patient:pseudonym limit:@limit! order:word granted:money consumed:money remaining:money overrun:money amount:money payer_party:word payer_name:text " +
  "kind:word overrun_payer:word valid_from:date valid_to:date since:date first_sum:money stated_by:word[] shared:boolean reason:word request:word";
const order = "patient:pseudonym order:word! plan:word ground:word candidates:integer reason:word request:word";
const feedback =
  "patient:pseudonym feedback:word! order:word at:time received_at:time answered_at:time resolved_at:time satisfied:boolean rating:integer counts:feedback_counts";
const source = "source:word! stream:word streams:word[] reason:word since:time epoch:integer";

const events = {
  "appointment.booked": appointment,
  "appointment.moved": appointment,
  "appointment.confirmed": appointment,
  "appointment.arrived": appointment,
  "appointment.started": appointment,
  "appointment.completed": appointment,
  "appointment.cancelled": appointment,
  "appointment.no_show": appointment,
  "appointment.removed": appointment,
  "appointment.payer_changed": appointment,
  "slots.changed": "branch:word! practitioner:word! day:date! intervals:interval[]! part:integer parts:integer",
  "procedure.performed": patient + "procedure:procedure!",
  "procedure.reversed": patient + "procedure:@procedure! performed_event:word reason:word!",
  "plan.opened": plan,
  "plan.changed": plan,
  "plan.closed": plan,
  "plan.item.scheduled": item,
  "plan.item.started": item,
  "plan.item.performed": item,
  "plan.item.reopened": item,
  "plan.item.voided": item,
  "plan.stage.reached": stage,
  "plan.stage.withdrawn": stage,
  "plan.deviation.found": deviation,
  "plan.deviation.withdrawn": deviation,
  "limit.opened": limit,
  "limit.granted": limit,
  "limit.low": limit,
  "limit.exhausted": limit,
  "limit.overrun": limit,
  "limit.closed": limit + " write_off:money revision:integer reasons:word[]",
  "limit.mismatch": "patient:pseudonym limit:@limit! request:word stated_by:word[] first_sum:money field:word ours:money! theirs:money! granted:money consumed:money remaining:money overrun:money lines:@line[] part:integer parts:integer",
  "limit.rule_violated": "patient:pseudonym limit:@limit! rule:word! granted:money consumed:money remaining:money overrun:money lines:@line[] part:integer parts:integer",
  "billing.charge":
    patient + "charge_id:word! branch:word legal_entity:text payer:payer! payer_party:word limit:word overruns:overrun[] order:word plan:word item:word procedure:@procedure! performed_at:time " +
    "booked_on:date total:money! line_total:money list_total:money discount:money quantity:decimal tax_deductible:boolean! remarks:text[]",
  "billing.reversal": patient + "charge_id:word! payer:payer! payer_party:word limit:word order:word total:money! booked_on:date reason:word!",
  "billing.payment": patient + "payment:word paid_at:time booked_on:date kind:word! amount:money! method:word payer:payer limit:word branch:word",
  "billing.refund": patient + "payment:word paid_at:time booked_on:date kind:word! amount:money! method:word payer:payer limit:word branch:word",
  "billing.payment_reversal": patient + "payment_event:word! payment:word kind:word! amount:money! payer:payer! limit:word booked_on:date reason:word!",
  "billing.statement":
    "patient:pseudonym order:word limit:word plan:word request:word stage:word period:period payer:payer! payer_party:word charges:statement_line[]! " +
    "since_previous:money total:money paid:money written_off:money due:money part:integer parts:integer",
  "order.linked": order,
  "order.unlinked": order,
  "order.waiting": order,
  "order.closed": order,
  "feedback.received": feedback,
  "feedback.answered": feedback,
  "feedback.resolved": feedback,
  "patient.withdrawn": patient + "order:word request:word withdrawn_at:time",
  "source.degraded": source,
  "source.recovered": source,
  "source.rebuilt": source,
  "event.withheld": "type:word! reason:text!",
};

const parse = (text) =>
  text.trim().split(/\s+/).map((part) => {
    const [, name, reference, kind, list, mark] = part.match(/^(\w+):(@?)(\w+)(\[\])?([!?])?$/) ?? (() => { throw new Error(part); })();
    return { name, kind, reference: reference === "@", list: list === "[]", required: mark === "!", nullable: mark === "?" };
  }).sort((a, b) => (a.name < b.name ? -1 : 1));

const used = new Set();
function schemaOf(field) {
  used.add(field.kind);
  let schema = { $ref: `#/definitions/${field.kind}` };
  if (field.reference) {
    used.add("word");
    schema = { anyOf: [{ $ref: "#/definitions/word" }, schema] };
  }
  if (field.nullable) schema = { anyOf: [schema, { type: "null" }] };
  return field.list ? { type: "array", items: schema } : schema;
}
function objectSchema(text) {
  const fields = parse(text);
  const required = fields.filter((field) => field.required).map((field) => field.name);
  return {
    type: "object",
    properties: Object.fromEntries(fields.map((field) => [field.name, schemaOf(field)])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

const id = { type: "string", pattern: "^[0-9a-f]{32}$" };
for (const [type, text] of Object.entries(events)) {
  used.clear();
  const data = objectSchema(text);
  const definitions = {};
  for (let missing; (missing = [...used].filter((kind) => !(kind in definitions))).length > 0; )
    for (const kind of missing) definitions[kind] = kind in scalars ? scalars[kind][1] : objectSchema(objects[kind]);
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    $id: `urn:mis-gateway:event:${type}.v1`,
    title: `mis.${type}.v1`,
    description: "A CloudEvents 1.0 envelope in structured JSON and its data.",
    type: "object",
    properties: {
      specversion: { const: "1.0" },
      id,
      source: { type: "string", pattern: "^/clinics/[^/]+/(sources/[^/]+|exchange)$", maxLength: 500 },
      type: { const: `mis.${type}.v1` },
      subject: { type: "string", minLength: 1, maxLength: 500 },
      time: { type: "string", format: "date-time", maxLength: 40 },
      partitionkey: { type: "string", minLength: 1, maxLength: 500 },
      sequence: { type: "string", pattern: "^[0-9]{20}$" },
      previoussequence: { type: "string", pattern: "^[0-9]{20}$" },
      changeset: id,
      changesetindex: { type: "integer", minimum: 0 },
      changesetsize: { type: "integer", minimum: 1 },
      clinicid: { type: "string", minLength: 1, maxLength: 100 },
      recordid: { type: "string", minLength: 1, maxLength: 100 },
      dataschema: { const: `urn:mis-gateway:event:${type}.v1#/properties/data` },
      datacontenttype: { const: "application/json" },
      dataclassification: { const: "pseudonymous-medical" },
      dataregulation: { const: "152-FZ" },
      data,
    },
    required: [
      "specversion", "id", "source", "type", "subject", "time", "partitionkey", "sequence", "changeset", "changesetindex", "changesetsize", "clinicid",
      "dataschema", "datacontenttype", "dataclassification", "dataregulation", "data",
    ],
    additionalProperties: false,
    definitions: Object.fromEntries(Object.entries(definitions).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  mkdirSync(join(root, "schemas/event"), { recursive: true });
  writeFileSync(join(root, `schemas/event/${type}.v1.json`), JSON.stringify(schema, null, 2) + "\n");
}

const camel = (name) => name.split(/[._]/).map((word) => word[0].toUpperCase() + word.slice(1)).join("");
function fieldLines(text) {
  return parse(text).map((field) => {
    const scalar = field.kind in scalars;
    const kind = field.reference ? "reference" : scalar ? scalars[field.kind][0] : "object";
    return `    {"${field.name}", Kind::${kind}, ${field.list ? "Many::list" : "Many::one"}, ${field.nullable ? "Null::allowed" : "Null::refused"}, ` +
      `${scalar ? "nullptr" : `&k${camel(field.kind)}`}},`;
  });
}
const out = [
  "// Generated by tests/contract/generate_event_schemas.mjs, together with schemas/event; unit_disclosure compares the two.",
  '#include "disclosure/allow_list.hpp"', "", "#include <algorithm>", "#include <iterator>", "", "namespace mis::disclosure {", "namespace {", "",
];
const done = new Set();
function emitObject(name) {
  if (done.has(name)) return;
  done.add(name);
  for (const field of parse(objects[name])) if (!(field.kind in scalars)) emitObject(field.kind);
  out.push(`constexpr Field k${camel(name)}Fields[] = {`, ...fieldLines(objects[name]), "};", `constexpr Shape k${camel(name)}{"${name}", k${camel(name)}Fields};`, "");
}
for (const name of Object.keys(objects)) emitObject(name);
// events with the same fields share a table
const tables = new Map();
for (const [type, text] of Object.entries(events)) {
  if (tables.has(text)) continue;
  const name = `k${camel(type)}Data`;
  tables.set(text, name);
  out.push(`constexpr Field ${name}[] = {`, ...fieldLines(text), "};", "");
}
out.push("constexpr Shape kEvents[] = {");
for (const type of Object.keys(events).sort()) out.push(`    {"${type}", ${tables.get(events[type])}},`);
out.push(
  "};", "", "}  // namespace", "",
  "const Shape* event_shape(std::string_view type) {",
  "    const auto found = std::lower_bound(std::begin(kEvents), std::end(kEvents), type, [](const Shape& shape, std::string_view name) { return shape.name < name; });",
  "    return found == std::end(kEvents) || found->name != type ? nullptr : found;",
  "}", "", "std::span<const Shape> event_shapes() { return kEvents; }", "", "}  // namespace mis::disclosure", "",
);
writeFileSync(join(root, "core/disclosure/allow_list.cpp"), out.join("\n"));
