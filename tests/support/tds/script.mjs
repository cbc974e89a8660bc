// Answers from a script: rules that match the text of a batch or of a prepared statement. What no rule matches goes to the base, where there is one.
//
// A rule: {match: regular expression (any case; runs of space count as one), times: how often it answers (always)} and what it answers, in this order:
//   delay_ms, info {number, text}, columns [["name", "type", "not null"?]] with rows [[…]] (repeat: all rows so often),
//   hang "attention" | "forever", cut "end" | "reset", error {number, state, class, text}, status
//   base: true        the base answers; error, hang or cut come after `after_rows` rows of its answer
//   answers: [ … ]    several such answers, one result after the other
// As a module a rule may hold answer: (text, parameters, session) => list of events (response.mjs).
import { readFileSync, statSync } from "node:fs";
import { parse_type } from "./types.mjs";

const simple = /^\s*(set|use|print|declare)\b/i;

export class ScriptBackend {
  // script: a list of rules, {rules: […]}, or the path of such a file, read anew when it changes
  constructor(script, base) {
    this.base = base;
    if (typeof script === "string") this.file = script;
    else this.rules = script.rules ?? script;
  }
  async start(options) {
    this.options = options;
    this.read();
    await this.base?.start(options);
  }
  async stop() {
    await this.base?.stop();
  }
  read() {
    if (!this.file) return;
    const { mtimeMs } = statSync(this.file);
    if (mtimeMs === this.read_at) return;
    this.read_at = mtimeMs;
    const read = JSON.parse(readFileSync(this.file, "utf8"));
    this.rules = read.rules ?? read;
  }
  find(text) {
    this.read();
    const words = text.replace(/\s+/g, " ").trim();
    const found = this.rules.find(({ match, times }) => times !== 0 && new RegExp(match, "i").test(words));
    if (found?.times !== undefined) found.times--;
    return found;
  }
  async open(session) {
    return new ScriptBase(this, session, await this.base?.open(session));
  }
}

class ScriptBase {
  constructor(backend, session, inner) {
    Object.assign(this, { backend, session, inner, open: 0 });
  }
  async close() {
    await this.inner?.close();
  }
  cancel() {
    this.inner?.cancel();
  }
  async reset() {
    await this.inner?.reset();
  }
  async rollback() {
    await this.inner?.rollback();
  }
  async *transaction(verb, isolation) {
    if (this.inner) return yield* this.inner.transaction(verb, isolation);
    if (verb === "begin" ? this.open++ === 0 : verb === "rollback" || --this.open === 0) {
      if (verb !== "begin") this.open = 0;
      yield { transaction: verb };
    }
    return yield { done: { command: verb.toUpperCase() } };
  }
  async *batch(text, parameters) {
    const rule = this.backend.find(text);
    if (rule) return yield* this.answer(rule, text, parameters);
    if (this.inner) return yield* this.inner.batch(text, parameters);
    const transaction = /^\s*(?:IF\s+@@TRANCOUNT\s*>\s*0\s+)?(begin|commit|rollback)(?:\s+(?:tran|transaction|work))?\s*;?\s*$/i.exec(text);
    if (transaction) return yield* this.transaction(transaction[1].toLowerCase());
    if (simple.test(text)) return yield { done: {} };
    yield { error: { number: 50002, state: 1, class: 16, text: `The script has no rule for: ${text.slice(0, 200)}` } };
    return yield { done: { failed: true } };
  }
  async describe(text, declarations) {
    this.backend.read();
    const rule = this.backend.rules.find(({ match }) => new RegExp(match, "i").test(text.replace(/\s+/g, " ").trim()));
    if (!rule || rule.base) return this.inner?.describe(text, declarations);
    return rule.columns ? { columns: columns_of(rule.columns) } : undefined;
  }
  async *procedure(name, parameters) {
    const rule = this.backend.find(`EXEC ${name}`);
    if (rule) return yield* this.answer(rule, name, parameters);
    if (this.inner) return yield* this.inner.procedure(name, parameters);
    yield { error: { number: 2812, state: 62, class: 16, text: `Could not find stored procedure '${name}'.` } };
    yield { done: { failed: true } };
    return yield { status: 2812 };
  }

  async *answer(rule, text, parameters) {
    this.session.server.saw({ session: this.session.id, rule: rule.match });
    if (typeof rule.answer === "function") return yield* rule.answer(text, parameters, this.session);
    for (const answer of rule.answers ?? [rule]) {
      if (answer.delay_ms) yield { delay_ms: answer.delay_ms };
      if (answer.info) yield { info: { number: 50000, state: 1, ...answer.info } };
      if (answer.base) {
        const left_out = yield* this.part(this.inner.batch(text, parameters), answer);
        if (!left_out) continue;
      } else if (answer.columns) {
        yield { columns: columns_of(answer.columns) };
        for (let round = 0; round < (answer.repeat ?? 1); round++) yield { rows: answer.rows ?? [] };
      }
      yield* this.fault(answer);
    }
    return undefined;
  }
  // What the base answers, up to so many rows; true when the fault is due.
  async *part(events, { after_rows }) {
    let left = after_rows ?? Infinity;
    for await (const event of events) {
      if (event.rows && left < event.rows.length) {
        yield { rows: event.rows.slice(0, left) };
        return true;
      }
      if (event.rows) left -= event.rows.length;
      yield event;
    }
    return false;
  }
  async *fault({ error, hang, cut, status }) {
    if (hang) yield { hang };
    if (cut) yield { cut };
    if (error) {
      yield { error: { state: 1, class: 16, text: "", ...error } };
      // a deadlock's victim has lost its transaction
      if (error.number === 1205 && (this.open > 0 || this.session.transaction !== 0n)) {
        this.open = 0;
        await this.rollback();
        yield { transaction: "rollback" };
      }
    }
    yield { done: { failed: error !== undefined } };
    if (status !== undefined) yield { status };
  }
}

const columns_of = (columns) =>
  columns.map(([name, written, null_words]) => {
    const type = parse_type(written);
    if (!type) throw new Error(`the script's column ${name} has the unknown type ${written}`);
    return { name, type, nullable: null_words !== "not null" };
  });
