// Which part of an expression gives it its type: of ISNULL(a, 0), MAX(a), CASE WHEN … THEN a END it is a. PostgreSQL forgets a domain in such places; SQL Server
// would have kept money, datetime and decimal(15,2).
import { at_depth_0, closing, is_sign, is_word, split_commas } from "./tsql.mjs";

const is_constant = (tokens) => tokens.length === 1 && (["text", "number", "binary"].includes(tokens[0].kind) || is_word(tokens[0], "null"));
const written = (tokens) => tokens.map(({ raw }) => raw).join(" ");

// The parts between THEN or ELSE and what ends them, of a CASE that is the whole expression.
function branches(tokens) {
  const found = [];
  let open;
  for (let at = 1, depth = 0; at < tokens.length; at++) {
    if (is_sign(tokens[at], "(") || is_word(tokens[at], "case")) depth++;
    else if (is_sign(tokens[at], ")") || (is_word(tokens[at], "end") && depth > 0)) depth--;
    else if (depth === 0 && is_word(tokens[at], "when", "then", "else", "end")) {
      if (open !== undefined) found.push(tokens.slice(open, at));
      open = is_word(tokens[at], "then", "else") ? at + 1 : undefined;
    }
  }
  return found;
}

// Of several that may be the value: the one that is no constant. Where two differ, or a constant has more digits, their common type is wider than either.
function only_one(parts) {
  const open = parts.filter((part) => !is_constant(part));
  if (parts.some((part) => is_constant(part) && part[0].raw.includes("."))) return undefined;
  return open.length > 0 && open.every((part) => written(part) === written(open[0])) ? open[0] : undefined;
}

// {tokens, sum, longer}, or undefined where the expression is its own governor. `sum`: a sum of them, which is wider; `longer`: a text may be longer than they.
export function governor(tokens) {
  const inner = (part, { sum = false, longer = false } = {}) => {
    if (part === undefined) return undefined;
    const found = governor(part);
    return { tokens: found?.tokens ?? part, sum: sum || (found?.sum ?? false), longer: longer || (found?.longer ?? false) };
  };
  if (is_word(tokens[0], "case") && is_word(tokens.at(-1), "end")) return inner(only_one(branches(tokens)), { longer: true });
  const open = is_sign(tokens[0], "(") ? 0 : tokens[0]?.kind === "word" && is_sign(tokens[1], "(") ? 1 : undefined;
  if (open === undefined) return undefined;
  const end = closing(tokens, open);
  if (end !== tokens.length - 1 && !is_word(tokens[end + 1], "over")) return undefined;
  const words = tokens.slice(open + 1, end);
  if (open === 0 && is_word(words[0], "select")) return end === tokens.length - 1 ? of_subquery(words, inner) : undefined;
  if (open === 0) return end === tokens.length - 1 ? inner(words) : undefined;
  const arguments_of = split_commas(words);
  if (arguments_of.length === 0 || is_constant(arguments_of[0])) return undefined;
  switch (tokens[0].value) {
    case "sum":
      return inner(arguments_of[0], { sum: true });
    case "max":
    case "min":
    case "nullif":
    case "isnull":
      return inner(arguments_of[0], { longer: tokens[0].value === "isnull" });
    case "coalesce":
      return inner(only_one(arguments_of), { longer: true });
    default:
      return undefined;
  }
}

// (select max(a) from …) has the type of (select a from …).
function of_subquery(words, inner) {
  const from = at_depth_0(words, "from");
  const items = split_commas(words.slice(1, from));
  if (from === words.length || items.length !== 1 || is_word(words[1], "top", "distinct")) return undefined;
  const found = inner(items[0]);
  const sign = (raw) => ({ kind: "sign", raw, value: raw });
  const rest = words.slice(from);
  return { ...found, tokens: [sign("("), words[0], ...found.tokens, ...rest.slice(0, at_depth_0(rest, ...after_rows)), sign(")")] };
}
const after_rows = ["group", "having", "order", "option", "for", "union", "except", "intersect"];

export function governed_type(type, { sum, longer }) {
  if (longer && type.length !== undefined)
    return { ...type, name: type.name.replace(/^(n?)char$/, "$1varchar"), length: type.name.startsWith("n") ? 4000 : 8000 };
  if (!sum) return type;
  if (["tinyint", "smallint", "int"].includes(type.name)) return { name: "int" };
  if (type.name === "smallmoney") return { name: "money" };
  if (type.name === "real") return { name: "float" };
  return type.precision === undefined ? type : { ...type, precision: 38 };
}

// A select that shows the governors in place of the items, of the same tables; undefined where no item has one.
export function governing_select({ prefix, items, rest }) {
  const governors = items.map(governor);
  if (!governors.some((found) => found !== undefined)) return undefined;
  const word = (value) => ({ kind: "word", raw: value, value });
  const list = governors.flatMap((found, index) => [...(index > 0 ? [{ kind: "sign", raw: "," }] : []), ...(found?.tokens ?? [word("null")])]);
  return { governors, tokens: [...prefix, word("select"), ...list, ...rest.slice(0, at_depth_0(rest, ...after_rows))] };
}
