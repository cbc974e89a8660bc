// One statement of T-SQL as PostgreSQL would have it. Words are replaced, not meaning: what has no twin is refused by name.
import { at_depth_0, closing, is_sign, is_word, split_commas, TsqlError, unspoken, word_set } from "./tsql.mjs";
import { call_function, niladic } from "./functions.mjs";
import { is_text, is_wide, parse_type } from "./types.mjs";
import { pg_type } from "./pg_types.mjs";

const quoted = (name) => `"${name.replaceAll('"', '""')}"`;
const literal = (text) => (text.includes("\\") ? `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'` : `'${text.replaceAll("'", "''")}'`);
// Reserved in PostgreSQL, ordinary names in T-SQL.
const reserved = word_set(`
  analyse analyze array asymmetric binary both cast collation concurrently current_role deferrable do false ilike initially isnull lateral leading
  limit localtime localtimestamp natural notnull offset only overlaps placing returning session_user similar symmetric tablesample trailing true using
  variadic verbose window
`);
const after_offset = new Set(["offset", "using"]); // words that T-SQL uses as well
const schemas = { information_schema: "tds_information", sys: "sys" };
const item_ends = ["from", "where", "group", "having", "order", "union", "except", "intersect", "into", "option", "for"];

const comparisons = new Set(["=", "<>", "!=", "<", ">", "<=", ">="]);
const compares = (token) => token?.kind === "sign" && comparisons.has(token.raw);
function compared(tokens, at) {
  const before = tokens[at - 1];
  if (compares(before) || compares(tokens[at + 1]) || is_word(before, "between", "and")) return true;
  if (!is_sign(before, "(") && !is_sign(before, ",")) return false;
  // within IN (…)
  let open = at - 1;
  for (let depth = 0; open >= 0 && !(depth === 0 && is_sign(tokens[open], "(")); open--) {
    if (is_sign(tokens[open], ")")) depth++;
    if (is_sign(tokens[open], "(")) depth--;
  }
  return is_word(tokens[open - 1], "in");
}

export class Rewriter {
  // parameters: name → {index (from 1), type}; names: lower-case word → how PostgreSQL spells it; year: the product's
  constructor({ parameters = new Map(), names = new Map(), session, year = 2022 }) {
    Object.assign(this, { parameters, names, session, year, used: [], domains: new Set(), hints: [], touches_tables: false });
  }

  rewrite(tokens) {
    return this.range(tokens, { top: true });
  }

  // Rewrites tokens that are no whole query as well as those that are one.
  range(tokens, { top = false } = {}) {
    const out = [];
    const united = at_depth_0(tokens, "union", "except", "intersect") < tokens.length;
    for (let at = 0, nested = 0; at < tokens.length;) {
      if (is_sign(tokens[at], "(")) nested++;
      if (is_sign(tokens[at], ")")) nested--;
      if (is_word(tokens[at], "select")) {
        let end = at + 1;
        for (let depth = 0; end < tokens.length; end++) {
          if (is_sign(tokens[end], "(")) depth++;
          if (is_sign(tokens[end], ")") && depth-- === 0) break;
          if (depth === 0 && is_word(tokens[end], "union", "except", "intersect")) break;
        }
        if (top && nested === 0) this.prefix ??= tokens.slice(0, at);
        out.push(this.select(tokens.slice(at, end), { top: top && nested === 0, in_union: is_word(tokens[end], "union", "except", "intersect"), united }));
        at = end;
      } else at = this.step(tokens, at, out);
    }
    return out.join(" ");
  }

  select(tokens, { top, in_union, united }) {
    let at = 1;
    const out = ["SELECT"];
    let limit = "";
    if (is_word(tokens[at], "distinct", "all")) out.push(tokens[at++].raw);
    if (is_word(tokens[at], "top")) {
      const bracketed = is_sign(tokens[at + 1], "(");
      const end = bracketed ? closing(tokens, at + 1) : at + 1;
      const count = this.range(bracketed ? tokens.slice(at + 2, end) : [tokens[end]]);
      at = end + 1;
      if (is_word(tokens[at], "percent")) throw unspoken("TOP … PERCENT");
      const ties = is_word(tokens[at], "with") && is_word(tokens[at + 1], "ties");
      if (ties) at += 2;
      limit = ties ? ` FETCH FIRST (CAST(${count} AS bigint)) ROWS WITH TIES` : ` LIMIT CAST(${count} AS bigint)`;
    }
    const end = at + at_depth_0(tokens.slice(at), ...item_ends);
    const items = split_commas(tokens.slice(at, end)).map((item) => this.item(item));
    // a NULL of which nothing is said is an int there, a text here
    if (top && !united)
      for (const item of items)
        if (item.expression.length === 1 && is_word(item.expression[0], "null")) item.text = item.text.replace(/^null/i, "NULL::integer");
    if (top && !this.labels) {
      this.labels = items.map(({ label }) => label);
      this.parts = { prefix: this.prefix, items: items.map(({ expression }) => expression), rest: tokens.slice(end) };
    }
    if (top && items.some(({ variable }) => variable)) this.assigns = items.map(({ variable }) => variable);
    out.push(items.map(({ text }) => text).join(", "));
    const rest = this.range(tokens.slice(end));
    if (rest !== "") out.push(rest);
    const text = out.join(" ") + limit;
    return in_union && limit !== "" ? `(${text})` : text;
  }

  // An item of a select list: its text, and the name under which SQL Server would show it (undefined: the base's own).
  item(tokens) {
    if (tokens.length === 0) throw new TsqlError(102, "Incorrect syntax near ','.");
    if (tokens[0].kind === "variable" && is_sign(tokens[1], "="))
      return { text: this.range(tokens.slice(2)), expression: tokens.slice(2), variable: tokens[0].value };
    const label_like = (token) => token && (token.kind === "name" || token.kind === "word" || token.kind === "text");
    if (tokens.length > 2 && label_like(tokens[0]) && is_sign(tokens[1], "=")) return this.labelled(tokens.slice(2), tokens[0]);
    const last = tokens.at(-1);
    const before = tokens.at(-2);
    if (is_word(before, "as") && label_like(last)) return this.labelled(tokens.slice(0, -2), last);
    const operand_ends =
      before &&
      (before.kind !== "sign" || before.raw === ")") &&
      !is_word(before, "and", "or", "not", "then", "else", "when", "case", "over", "distinct", "is", "like", "in", "between", "collate", "zone");
    if (operand_ends && (last.kind === "name" || (last.kind === "word" && !["end", "null"].includes(last.value))))
      return this.labelled(tokens.slice(0, -1), last);
    const plain = tokens.every((token, index) => (index % 2 === 0 ? token.kind === "word" || token.kind === "name" : is_sign(token, ".")));
    const text = this.range(tokens);
    if (is_sign(last, "*") && (tokens.length === 1 || is_sign(before, "."))) return { text, expression: tokens, label: { star: true } };
    if (plain && !niladic.has(last.value)) return { text, expression: tokens, label: { column: last.kind === "name" ? last.value : last.raw } };
    return { text: `${text} AS "?column?"`, expression: tokens, label: { alias: "" } };
  }
  labelled(tokens, token) {
    const name = token.kind === "word" ? token.raw : token.value;
    return { text: `${this.range(tokens)} AS ${this.name(name)}`, expression: tokens, label: { alias: name } };
  }

  // An identifier as PostgreSQL has it: lower-case, unless the base holds it otherwise.
  name(written) {
    const lower = written.toLowerCase();
    return quoted(this.names.get(lower) ?? lower);
  }

  step(tokens, at, out) {
    const token = tokens[at];
    const next = tokens[at + 1];
    const before = tokens[at - 1];
    switch (token.kind) {
      case "text":
        out.push(literal(token.value));
        return at + 1;
      case "binary":
        out.push(`'\\x${token.raw.length % 2 ? "0" : ""}${token.raw.slice(2)}'::bytea`);
        return at + 1;
      case "variable":
        out.push(this.variable(token.value, compared(tokens, at)));
        return at + 1;
      case "sign":
        out.push(this.sign(tokens, at));
        return at + 1;
      case "name":
        if (is_sign(next, ".") && !is_sign(before, ".")) return this.qualified(tokens, at, out);
        out.push(this.name(token.value));
        return at + 1;
      case "word":
        return this.word(tokens, at, out);
      default:
        out.push(token.raw);
        return at + 1;
    }
  }

  sign(tokens, at) {
    const { raw } = tokens[at];
    if (raw === "^") return "#"; // exclusive or; in PostgreSQL ^ is a power
    if (raw !== "+") return raw;
    // two literals have no type by which PostgreSQL could choose; for all else schema tds has operators
    const text_before = tokens[at - 1]?.kind === "text";
    return text_before && tokens[at + 1]?.kind === "text" ? "||" : "+";
  }

  // [base].[schema].thing: this base and dbo are left out.
  qualified(tokens, at, out) {
    const parts = [];
    while (at < tokens.length) {
      parts.push(tokens[at]);
      at++;
      if (!is_sign(tokens[at], ".")) break;
      at++;
      if (is_sign(tokens[at], ".")) at++; // base..thing
    }
    const names = parts.map((part) => (part.kind === "word" ? part.raw : part.value));
    const lower = names.map((name) => name.toLowerCase());
    while (
      parts.length > 1 &&
      (lower[0] === "dbo" ||
        lower[0] === (this.session?.database ?? "").toLowerCase() ||
        (lower.length > 2 && ["dbo", "sys", "information_schema"].includes(lower[1])))
    ) {
      for (const list of [parts, names, lower]) list.shift();
    }
    const last = parts.at(-1);
    if (parts.length === 1 && last.kind === "word" && is_sign(tokens[at], "(")) return this.word(tokens, at - 1, out, { bare: true });
    if (lower.length > 1 && schemas[lower[0]]) names[0] = schemas[lower[0]];
    out.push(names.map((name, index) => (is_sign(last, "*") && index === names.length - 1 ? "*" : this.name(name))).join("."));
    return at;
  }

  word(tokens, at, out, { bare = false } = {}) {
    const token = tokens[at];
    const next = tokens[at + 1];
    const { value } = token;
    if (is_sign(next, ".") && !bare) return this.qualified(tokens, at, out);
    if (value === "from" || value === "join" || value === "update" || value === "into") this.touches_tables = true;
    if (is_sign(next, "(")) {
      const end = closing(tokens, at + 1);
      const inner = tokens.slice(at + 2, end);
      if (value === "with" && !is_word(tokens[at - 1], "as")) {
        this.hints.push(...inner.filter(({ kind }) => kind === "word").map((hint) => hint.value));
        return end + 1;
      }
      if (value === "option") return end + 1;
      const windowed = value === "count" && is_word(tokens[end + 1], "over");
      const over_end = windowed ? closing(tokens, end + 2) : end;
      const called = call_function(this, value, inner, windowed ? this.range(tokens.slice(end + 1, over_end + 1)) : "");
      if (called !== undefined) {
        out.push(called);
        return over_end + 1;
      }
    }
    if (is_word(next, "apply") && (value === "cross" || value === "outer")) return this.apply(tokens, at, out);
    if (value === "like") return this.like(tokens, at, out);
    else if (value === "collate") return at + 2;
    else if (value === "for" && is_word(next, "xml", "json")) throw unspoken("FOR XML and FOR JSON");
    else if (value === "insert" && !is_word(next, "into")) out.push("INSERT INTO");
    else if (value === "delete" && !is_word(next, "from") && !is_word(tokens[at - 1], "on")) out.push("DELETE FROM");
    else if (niladic.has(value)) out.push(niladic.get(value));
    else if (value === "offset" && this.year < 2012) throw new TsqlError(102, "Incorrect syntax near 'OFFSET'.");
    else if (/[^\0-\x7f]/.test(value))
      out.push(this.name(value)); // PostgreSQL itself folds the case of ASCII alone
    else if (this.names.has(value) && this.names.get(value) !== value) out.push(this.name(value));
    else if (value.startsWith("#") || (reserved.has(value) && !after_offset.has(value))) out.push(quoted(value));
    else out.push(token.raw);
    return at + 1;
  }

  // Without regard to case, as the collation has it; the catalog's own collation (any_case) knows no patterns, so another is named.
  like(tokens, at, out) {
    out.push("ILIKE");
    const pattern = tokens[at + 1];
    if (pattern?.kind === "text" || pattern?.kind === "variable") {
      this.step(tokens, at + 1, out);
      out.push('COLLATE "und-x-icu"');
      return at + 2;
    }
    return at + 1;
  }

  apply(tokens, at, out) {
    const outer = tokens[at].value === "outer";
    at += 2;
    out.push(outer ? "LEFT JOIN LATERAL" : "CROSS JOIN LATERAL");
    if (!outer) return at;
    if (!is_sign(tokens[at], "(")) throw unspoken("OUTER APPLY of a function");
    const end = closing(tokens, at);
    out.push("(", this.range(tokens.slice(at + 1, end)), ")");
    at = end + 1;
    if (is_word(tokens[at], "as")) at++;
    out.push(this.name(tokens[at].kind === "word" ? tokens[at].raw : tokens[at].value), "ON true");
    return at + 1;
  }

  // A text that is compared takes the type of what it is compared with, as SQL Server converts it; elsewhere it has its declared type.
  variable(name, is_compared) {
    if (name.startsWith("@@")) return call_function(this, name, []) ?? this.unknown_variable(name);
    const parameter = this.parameters.get(name);
    if (!parameter) return this.unknown_variable(name);
    const place = `$${this.used.push(name)}`;
    return is_compared && (is_text(parameter.type.name) || is_wide(parameter.type.name)) ? place : `${place}::${this.type(parameter.type)}`;
  }
  unknown_variable(name) {
    throw new TsqlError(137, `Must declare the scalar variable "${name}".`);
  }

  // The PostgreSQL type of a T-SQL one; domains that must exist are noted.
  type(type) {
    const { text, domain } = pg_type(type);
    if (domain) this.domains.add(domain);
    return text;
  }
  // unsized: how long char, binary and the like are where no length is written (1, but 30 in a conversion)
  type_from(tokens, { unsized = 1 } = {}) {
    const text = tokens.map((token) => (token.kind === "name" ? token.value : token.raw)).join("");
    const type = parse_type(text);
    if (!type) throw new TsqlError(243, `Type ${text} is not a defined system type.`);
    return type.length === 1 && tokens.length === 1 ? { ...type, length: unsized } : type;
  }
}
