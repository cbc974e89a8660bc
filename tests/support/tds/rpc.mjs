// Remote procedure calls: the handful of system procedures by which drivers send statements with parameters.
import { column_metadata } from "./tokens.mjs";
import { parse_declarations, read_type_info, type_name } from "./types.mjs";
import { read_value } from "./values.mjs";

const numbered = {
  2: "sp_cursoropen",
  7: "sp_cursorfetch",
  9: "sp_cursorclose",
  10: "sp_executesql",
  11: "sp_prepare",
  12: "sp_execute",
  13: "sp_prepexec",
  15: "sp_unprepare",
};
const output_bit = 1;

function read_parameters(fields) {
  const parameters = [];
  // 0xff (0x80 before 7.2) begins the next call of the same message
  while (fields.left > 0 && fields.buffer[fields.at] !== 0xff && fields.buffer[fields.at] !== 0x80) {
    const name = fields.short_text();
    const status = fields.u8();
    const described = read_type_info(fields);
    parameters.push({ name, output: (status & output_bit) !== 0, type: described.type, value: read_value(fields, described) });
  }
  if (fields.left > 0) fields.u8();
  return parameters;
}

// The parameters of a statement: named and typed by its declarations where it has them, in their order or by name.
function bind(declarations, given) {
  if (declarations.length === 0) return given.map(({ name, type, value }, index) => ({ name: name || `@P${index + 1}`, type, value }));
  const by_name = new Map(given.filter(({ name }) => name !== "").map((parameter) => [parameter.name.toLowerCase(), parameter]));
  const unnamed = given.filter(({ name }) => name === "");
  return declarations.map(({ name, type }, index) => {
    const found = by_name.get(name.toLowerCase()) ?? (by_name.size === 0 ? unnamed[index] : undefined);
    return found && { name, type, value: found.value };
  });
}

const text_of = (parameter) => (parameter?.value === null || parameter?.value === undefined ? "" : String(parameter.value));
const number_type = { name: "int" };

export async function perform_rpc(session, response, fields) {
  do {
    const length = fields.u16();
    const name = length === 0xffff ? (numbered[fields.u16()] ?? "an unknown procedure") : fields.text(length);
    fields.u16(); // options: with recompile, no metadata
    const parameters = read_parameters(fields);
    session.server.saw({
      session: session.id,
      procedure: name,
      parameters: parameters.map(({ name: called, type, value }) => ({ name: called, type: type_name(type), value })),
    });
    await call(session, response, name.replace(/^.*\./, "").toLowerCase(), parameters, name);
  } while (fields.left > 0 && !session.over);
}

async function call(session, response, procedure, parameters, name) {
  const form = { form: "in_procedure" };
  const { statements, base } = session;
  const fail = (what) => {
    response.error({ procedure, ...what });
    response.procedure_end(what.number);
  };
  const run = async (text, values, returned = []) => {
    const missing = values.findIndex((value) => value === undefined);
    if (missing >= 0) return fail({ number: 8178, text: `The parameterized query expects parameter number ${missing + 1}, which was not supplied.` });
    const clean = await response.perform(base.batch(text, values), form);
    if (!session.over) response.procedure_end(clean ? 0 : 1, returned);
  };
  const prepare = (declared, text) => {
    const handle = ++session.handles;
    statements.set(handle, { text, declarations: parse_declarations(declared) });
    return handle;
  };
  const returned_handle = (value) => [{ ordinal: 0, name: parameters[0].name, type: number_type, value }];

  switch (procedure) {
    case "sp_executesql":
      return run(text_of(parameters[0]), bind(parse_declarations(text_of(parameters[1])), parameters.slice(2)));
    case "sp_prepexec": {
      const handle = prepare(text_of(parameters[1]), text_of(parameters[2]));
      const { text, declarations } = statements.get(handle);
      return run(text, bind(declarations, parameters.slice(3)), returned_handle(handle));
    }
    case "sp_prepare": {
      const handle = prepare(text_of(parameters[1]), text_of(parameters[2]));
      const { text, declarations } = statements.get(handle);
      const described = await base.describe(text, declarations);
      if (described?.error) {
        statements.delete(handle);
        response.error({ procedure, ...described.error });
        return fail({ number: 8180, text: "Statement(s) could not be prepared." });
      }
      if (described?.columns) {
        response.write(column_metadata(described.columns, session.collation));
        response.done({}, "in_procedure");
      }
      return response.procedure_end(0, returned_handle(handle));
    }
    case "sp_execute": {
      const handle = Number(parameters[0]?.value);
      const statement = statements.get(handle);
      if (!statement) return fail({ number: 8179, text: `Could not find prepared statement with handle ${handle}.` });
      return run(statement.text, bind(statement.declarations, parameters.slice(1)));
    }
    case "sp_unprepare":
      statements.delete(Number(parameters[0]?.value));
      return response.procedure_end(0);
    case "sp_reset_connection":
      return response.procedure_end(0);
    default: {
      const clean = await response.perform(base.procedure(name, parameters), form);
      if (!session.over) response.procedure_end(response.status ?? (clean ? 0 : 1));
      return undefined;
    }
  }
}
