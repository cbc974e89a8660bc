// T-SQL cut into tokens, and tokens into statements. Not a grammar: just enough to find names, texts, parameters and where a statement ends.
//
// Tokens: {kind: word | name ([x] or "x") | text ('x', N'x') | number | binary (0x…) | variable (@x, @@x) | sign, raw, value}. Space and comments are dropped.

export class TsqlError extends Error {
  constructor(number, text, severity = 15) {
    super(text);
    this.number = number;
    this.severity = severity;
  }
}
export const unspoken = (what) => new TsqlError(50001, `The stand-in does not speak ${what}.`, 16);

export const word_set = (text) => new Set(text.trim().split(/\s+/));

const patterns = [
  ["space", /(?:\s|--[^\n]*|\/\*[^]*?\*\/)+/y],
  ["text", /[nN]?'(?:[^']|'')*'/y],
  ["name", /\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*"/y],
  ["binary", /0x[0-9a-fA-F]*/y],
  ["number", /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ["variable", /@@?[\p{L}\p{N}_$#@]+/uy],
  ["word", /[\p{L}_#][\p{L}\p{N}_$#@]*/uy],
  ["sign", /<=|>=|<>|!=|!<|!>|\+=|-=|::|[^]/y],
];

export function tokenize(text) {
  const tokens = [];
  for (let at = 0; at < text.length;) {
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = at;
      const found = pattern.exec(text);
      if (!found) continue;
      const raw = found[0];
      at += raw.length;
      if (kind === "sign" && (raw === "'" || raw === "[" || raw === '"'))
        throw new TsqlError(105, `Unclosed quotation mark after the character string '${text.slice(at, at + 30)}'.`);
      if (kind !== "space") tokens.push({ kind, raw, value: value_of(kind, raw) });
      break;
    }
  }
  return tokens;
}
function value_of(kind, raw) {
  if (kind === "text") return raw.slice(raw.indexOf("'") + 1, -1).replaceAll("''", "'");
  if (kind === "name") return raw[0] === "[" ? raw.slice(1, -1).replaceAll("]]", "]") : raw.slice(1, -1).replaceAll('""', '"');
  return kind === "word" || kind === "variable" ? raw.toLowerCase() : raw;
}

export const is_word = (token, ...words) => token?.kind === "word" && words.includes(token.value);
export const is_sign = (token, sign) => token?.kind === "sign" && token.raw === sign;

// The index of the parenthesis that closes the one at `open`.
export function closing(tokens, open) {
  let depth = 0;
  for (let index = open; index < tokens.length; index++) {
    if (is_sign(tokens[index], "(")) depth++;
    else if (is_sign(tokens[index], ")") && --depth === 0) return index;
  }
  throw new TsqlError(102, "Incorrect syntax near '('.");
}

// Where the first of these words stands in no parentheses; the end where none does.
export function at_depth_0(tokens, ...words) {
  let at = 0;
  for (let depth = 0; at < tokens.length; at++) {
    if (is_sign(tokens[at], "(")) depth++;
    if (is_sign(tokens[at], ")")) depth--;
    if (depth === 0 && is_word(tokens[at], ...words)) break;
  }
  return at;
}

// Cut at commas that stand in no parentheses.
export function split_commas(tokens) {
  const parts = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (is_sign(token, "(")) depth++;
    if (is_sign(token, ")")) depth--;
    if (depth === 0 && is_sign(token, ",")) parts.push([]);
    else parts.at(-1).push(token);
  }
  return parts.length === 1 && parts[0].length === 0 ? [] : parts;
}

const starts = word_set(`
  select insert update delete set declare begin commit rollback save use exec execute if print raiserror create drop alter truncate waitfor grant
  revoke deny dbcc while return
`);
// What may follow within one statement although it could begin another.
const belongs = {
  insert: ["select", "exec", "execute"],
  update: ["set"],
  with: ["select", "insert", "update", "delete"],
  create: ["select"],
  alter: ["set"],
};
const whole_rest = new Set(["grant", "revoke", "deny"]);

class Parser {
  constructor(tokens) {
    this.tokens = tokens;
    this.at = 0;
  }
  get next() {
    return this.tokens[this.at];
  }
  block(ends_with_end) {
    const body = [];
    while (this.at < this.tokens.length) {
      if (is_sign(this.next, ";")) this.at++;
      else if (ends_with_end && is_word(this.next, "end")) break;
      else body.push(this.statement());
    }
    if (ends_with_end && !is_word(this.next, "end")) throw new TsqlError(102, "Incorrect syntax near 'BEGIN'.");
    return body;
  }
  statement() {
    if (is_word(this.next, "if")) return this.condition();
    if (is_word(this.next, "begin") && !is_word(this.tokens[this.at + 1], "tran", "transaction", "distributed")) {
      if (is_word(this.tokens[this.at + 1], "try", "catch")) throw unspoken("TRY … CATCH");
      this.at++;
      const body = this.block(true);
      this.at++;
      return { kind: "block", body };
    }
    return { kind: "simple", tokens: this.simple() };
  }
  condition() {
    this.at++;
    const condition = [];
    for (let depth = 0; this.at < this.tokens.length; this.at++) {
      if (is_sign(this.next, "(")) depth++;
      if (is_sign(this.next, ")")) depth--;
      if (depth === 0 && this.next.kind === "word" && starts.has(this.next.value)) break;
      condition.push(this.next);
    }
    const then = this.statement();
    if (is_sign(this.next, ";") && is_word(this.tokens[this.at + 1], "else")) this.at++;
    if (!is_word(this.next, "else")) return { kind: "if", condition, then };
    this.at++;
    return { kind: "if", condition, then, otherwise: this.statement() };
  }
  simple() {
    const first = this.next.kind === "word" ? this.next.value : "";
    const allowed = new Set(belongs[first] ?? []);
    const tokens = [this.next];
    this.at++;
    for (let depth = 0, cases = 0; this.at < this.tokens.length; this.at++) {
      const token = this.next;
      if (is_sign(token, "(")) depth++;
      if (is_sign(token, ")")) depth--;
      if (depth === 0) {
        if (is_sign(token, ";")) break;
        if (is_word(token, "case")) cases++;
        else if (is_word(token, "end") && cases-- === 0) break;
        else if (is_word(token, "else") && cases === 0) break;
        else if (token.kind === "word" && starts.has(token.value) && !whole_rest.has(first)) {
          const before = tokens.at(-1);
          const set_operation = token.value === "select" && is_word(before, "union", "all", "except", "intersect");
          const begins_nothing = is_sign(before, ".") || is_word(before, "as");
          if (!set_operation && !begins_nothing && !allowed.delete(token.value)) break;
          if (first === "with" && token.value === "update") allowed.add("set");
          if (first === "with" && token.value === "insert") allowed.add("select");
        }
      }
      tokens.push(token);
    }
    return tokens;
  }
}

// The statements of a batch: {kind: "simple", tokens}, {kind: "if", condition, then, otherwise}, {kind: "block", body}.
export const parse_batch = (text) => new Parser(tokenize(text)).block(false);
