// Errors of PostgreSQL as SQL Server would have told them.
import { TsqlError } from "./tsql.mjs";

const quoted = (text) => /"([^"]*)"/.exec(text)?.[1] ?? text;

const column_of = (text) => /column (\S+)/.exec(text)?.[1].replace(/^.*\./, "").replaceAll('"', "") ?? text;
const unbound = /^(missing|invalid reference to) FROM-clause entry/;
const known = {
  "40P01": () => ({
    number: 1205,
    state: 51,
    class: 13,
    text: "Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.",
  }),
  40001: () => ({ number: 3960, state: 2, class: 16, text: "Snapshot isolation transaction aborted due to update conflict." }),
  "55P03": () => ({ number: 1222, state: 51, class: 16, text: "Lock request time out period exceeded." }),
  57014: () => ({ number: 3617, state: 1, class: 16, text: "The statement was cancelled." }),
  "42P01": (error) =>
    unbound.test(error.message)
      ? { number: 4104, state: 1, class: 16, text: `The multi-part identifier "${quoted(error.message)}" could not be bound.` }
      : { number: 208, state: 1, class: 16, text: `Invalid object name '${quoted(error.message)}'.` },
  42703: (error) => ({ number: 207, state: 1, class: 16, text: `Invalid column name '${column_of(error.message)}'.` }),
  42702: (error) => ({ number: 209, state: 1, class: 16, text: `Ambiguous column name '${quoted(error.message)}'.` }),
  42601: (error) => ({ number: 102, state: 1, class: 15, text: `Incorrect syntax near '${quoted(error.message)}'.` }),
  42883: (error) =>
    error.message.startsWith("operator")
      ? { number: 402, state: 1, class: 16, text: `The data types are incompatible: ${error.message}.` }
      : { number: 195, state: 10, class: 15, text: `'${error.message}' is not a recognized built-in function name.` },
  23505: (error) => ({
    number: 2627,
    state: 1,
    class: 14,
    text: `Violation of UNIQUE KEY constraint '${error.constraint}'. Cannot insert duplicate key in object 'dbo.${error.table}'.`,
  }),
  23502: (error) => ({
    number: 515,
    state: 2,
    class: 16,
    text: `Cannot insert the value NULL into column '${error.column}', table '${error.table}'; column does not allow nulls.`,
  }),
  "22P02": (error) => ({ number: 245, state: 1, class: 16, text: `Conversion failed: ${error.message}.` }),
  22007: () => ({ number: 241, state: 1, class: 16, text: "Conversion failed when converting date and/or time from character string." }),
  22008: () => ({ number: 242, state: 3, class: 16, text: "The conversion of a varchar data type to a datetime data type resulted in an out-of-range value." }),
  22003: (error) => ({ number: 8115, state: 2, class: 16, text: `Arithmetic overflow error: ${error.message}.` }),
  22012: () => ({ number: 8134, state: 1, class: 16, text: "Divide by zero error encountered." }),
  22001: () => ({ number: 8152, state: 14, class: 16, text: "String or binary data would be truncated." }),
  42501: (error, verb) => ({
    number: 229,
    state: 5,
    class: 14,
    text: `The ${verb} permission was denied on the object '${quoted_object(error.message)}', database 'dbo', schema 'dbo'.`,
  }),
  "42P07": (error) => ({ number: 2714, state: 6, class: 16, text: `There is already an object named '${quoted(error.message)}' in the database.` }),
};
const quoted_object = (text) => /(?:table|view|relation|schema) (\S+)$/.exec(text)?.[1] ?? text;

// {number, state, class, text}; class 20 where the base itself has gone.
export function told(error, verb = "SELECT") {
  if (error instanceof TsqlError) return { number: error.number, state: 1, class: error.severity, text: error.message };
  if (error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError) throw error; // ours, not the statement's
  const twin = known[error.code];
  if (twin) return twin(error, verb);
  if (!error.code || /^(08|57P)/.test(error.code) || ["ECONNRESET", "EPIPE", "ECONNREFUSED"].includes(error.code))
    return { number: 596, state: 1, class: 21, text: `Cannot continue the execution because the session is in the kill state (${error.message}).` };
  return { number: 50000, state: 1, class: 16, text: `PostgreSQL ${error.code}: ${error.message}` };
}
