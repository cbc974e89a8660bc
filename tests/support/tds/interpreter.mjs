// Runs a batch statement by statement: SET, DECLARE, IF, transactions and the like are done here, all else goes to the base.
import { data_definition } from "./ddl.mjs";
import { told } from "./pg_errors.mjs";
import { catalog_procedure } from "./procedures.mjs";
import { closing, is_sign, is_word, parse_batch, split_commas, tokenize, TsqlError, unspoken, word_set } from "./tsql.mjs";
import { parse_declarations } from "./types.mjs";

const isolation_words = ["READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SNAPSHOT", "SERIALIZABLE"];
// Options that are taken and change nothing here.
const taken = word_set(`
  ansi_nulls ansi_padding ansi_warnings ansi_defaults ansi_null_dflt_on ansi_null_dflt_off arithabort arithignore concat_null_yields_null
  cursor_close_on_commit quoted_identifier numeric_roundabort xact_abort implicit_transactions textsize language dateformat datefirst
  deadlock_priority no_browsetable fmtonly statistics query_governor_cost_limit context_info forceplan noexec parseonly
`);

export class Interpreter {
  constructor(base) {
    this.base = base;
  }

  async *batch(text, parameters) {
    let statements;
    try {
      statements = parse_batch(text);
    } catch (error) {
      return yield* this.base.failed(error);
    }
    const variables = new Map(parameters.map(({ name, type, value }) => [name.toLowerCase(), { type, value }]));
    if (statements.length === 0) yield { done: {} };
    yield* this.run(statements, variables);
    return undefined;
  }

  // Gives false when an error has ended the batch.
  async *run(statements, variables) {
    for (const statement of statements) {
      if (this.base.session.over) return false;
      try {
        if (statement.kind === "block") {
          if (!(yield* this.run(statement.body, variables))) return false;
        } else if (statement.kind === "if") {
          const chosen = (await this.truth(statement.condition, variables)) ? statement.then : statement.otherwise;
          if (chosen && !(yield* this.run([chosen], variables))) return false;
        } else yield* this.statement(statement.tokens, variables);
      } catch (error) {
        yield* this.base.failed(error);
        return false;
      }
    }
    return true;
  }

  async *statement(tokens, variables) {
    const [first, second] = tokens;
    switch (first.kind === "word" ? first.value : "") {
      case "set":
        return yield* this.set(tokens, variables);
      case "declare":
        return yield* this.declare(tokens.slice(1), variables);
      case "begin":
        return yield* this.base.transaction("begin");
      case "commit":
        return yield* this.base.transaction("commit");
      case "rollback":
        return yield* this.base.transaction("rollback");
      case "save":
        throw unspoken("SAVE TRANSACTION");
      case "use":
        return yield* this.use(second.kind === "name" ? second.value : second.raw);
      case "print":
        return yield { info: { number: 0, state: 1, text: String((await this.scalar(tokens.slice(1), variables)) ?? "") } };
      case "raiserror":
        return yield* this.raise(tokens, variables);
      case "waitfor":
        return yield* this.wait(tokens);
      case "exec":
      case "execute":
        return yield* this.execute(tokens.slice(1), variables);
      case "create":
      case "drop":
      case "alter":
        return yield* this.define(tokens, variables);
      case "while":
      case "return":
      case "dbcc":
      case "merge":
        throw unspoken(first.raw.toUpperCase());
      case "select":
      case "insert":
      case "update":
      case "delete":
      case "with":
      case "truncate":
      case "grant":
      case "revoke":
        return yield* this.base.query(tokens, variables);
      default:
        // a procedure's name alone at the beginning of a batch calls it
        if (first.kind === "word" || first.kind === "name") return yield* this.execute(tokens, variables);
        throw new TsqlError(102, `Incorrect syntax near '${first.raw}'.`);
    }
  }

  async scalar(tokens, variables) {
    for await (const event of this.base.query([...tokenize("SELECT"), ...tokens], variables, { silent: true })) if (event.rows) return event.rows[0][0];
    return null;
  }
  async truth(condition, variables) {
    return (await this.scalar([...tokenize("CASE WHEN"), ...condition, ...tokenize("THEN 1 ELSE 0 END")], variables)) === "1";
  }
  assign(variables, name, value) {
    const variable = variables.get(name);
    if (!variable) throw new TsqlError(137, `Must declare the scalar variable "${name}".`);
    variable.value = value;
  }

  async *set(tokens, variables) {
    const [, option, value] = tokens;
    const { base } = this;
    if (option?.kind === "variable") {
      if (!is_sign(value, "=")) throw unspoken("SET @x += …");
      this.assign(variables, option.value, await this.scalar(tokens.slice(3), variables));
    } else if (option.value === "transaction") {
      const level = tokens
        .slice(4)
        .map((token) => token.value.toUpperCase())
        .join(" ");
      if (!isolation_words.includes(level)) throw new TsqlError(102, `Incorrect syntax near '${level}'.`);
      if (level === "SNAPSHOT" && base.facts.transactions > 0 && base.isolation !== "SNAPSHOT")
        throw new TsqlError(
          3951,
          `Transaction failed in database '${base.session.database}' because the statement was run under snapshot isolation but the transaction did not start in snapshot isolation.`,
          16,
        );
      base.isolation = level;
      base.session.server.saw({ session: base.session.id, isolation: level });
    } else if (option.value === "lock_timeout") {
      const ms = Number(
        tokens
          .slice(2)
          .map((token) => token.raw)
          .join(""),
      );
      base.facts.lock_timeout = ms;
      await base.client.query("SELECT set_config('lock_timeout', $1, false)", [String(ms < 0 ? 0 : Math.max(1, ms))]);
    } else if (option.value === "nocount") base.quiet = value.value === "on";
    else if (option.value === "rowcount") base.rows_max = Number(value.kind === "variable" ? variables.get(value.value)?.value : value.raw);
    else if (!taken.has(option.value)) throw new TsqlError(195, `'${option.raw}' is not a recognized SET option.`);
    else base.session.server.saw({ session: base.session.id, set: option.value, value: value?.raw });
    yield { done: { command: "SET" } };
  }

  async *declare(tokens, variables) {
    for (const part of split_commas(tokens)) {
      const [name] = part;
      let at = is_word(part[1], "as") ? 2 : 1;
      const from = at++;
      if (is_word(part[from], "table")) throw unspoken("table variables");
      if (is_sign(part[at], "(")) at = closing(part, at) + 1;
      const type = this.base.rewriter(variables).type_from(part.slice(from, at));
      const value = is_sign(part[at], "=") ? await this.scalar(part.slice(at + 1), variables) : null;
      variables.set(name.value, { type, value });
    }
    yield { done: {} };
  }

  async *use(name) {
    const known = this.base.session.server.options.databases.find((database) => database.toLowerCase() === name.toLowerCase());
    if (!known) throw new TsqlError(911, `Database '${name}' does not exist. Make sure that the name is entered correctly.`, 16);
    this.base.facts.database = known;
    await this.base.client.query("SELECT set_config('tds.database', $1, false)", [known]);
    yield { database: known };
    yield { done: {} };
  }

  async *raise(tokens, variables) {
    const [text, severity, state] = split_commas(tokens.slice(2, closing(tokens, 1)));
    const words = {
      text: String(await this.scalar(text, variables)),
      class: Number(await this.scalar(severity, variables)),
      state: Number(await this.scalar(state, variables)),
    };
    if (words.class <= 10) return yield { info: { number: 50000, ...words } };
    this.base.facts.last_error = 50000;
    yield { error: { number: 50000, ...words } };
    return yield { done: { failed: true } };
  }

  async *wait(tokens) {
    const found = /^(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(tokens[2]?.value ?? "");
    if (!is_word(tokens[1], "delay") || !found) throw unspoken("WAITFOR other than DELAY 'hh:mm:ss'");
    yield { delay_ms: (Number(found[1]) * 3600 + Number(found[2]) * 60 + Number(found[3])) * 1000 };
    yield { done: {} };
  }

  async *define(tokens, variables) {
    const { base } = this;
    const rewriter = base.rewriter(variables);
    const statements = data_definition(rewriter, tokens);
    await base.backend.need_domains(rewriter.domains);
    base.verb = tokens[0].value.toUpperCase();
    const guarded = base.facts.transactions > 0;
    // all of it or nothing
    await base.client.query(guarded ? "SAVEPOINT tds_statement" : "BEGIN");
    try {
      for (const statement of statements) await base.client.query(statement);
    } catch (error) {
      await base.client.query(guarded ? "ROLLBACK TO SAVEPOINT tds_statement" : "ROLLBACK");
      throw error;
    }
    await base.client.query(guarded ? "RELEASE SAVEPOINT tds_statement" : "COMMIT");
    base.backend.stale = true;
    yield { done: {} };
  }

  // EXEC [@x =] name a, @b = c; EXEC ('text')
  async *execute(tokens, variables) {
    if (is_sign(tokens[0], "(")) return yield* this.batch(String(await this.scalar(tokens.slice(1, closing(tokens, 0)), variables)), []);
    let at = tokens[0].kind === "variable" && is_sign(tokens[1], "=") ? 2 : 0;
    let name = tokens[at++];
    while (is_sign(tokens[at], ".")) {
      name = tokens[at + (is_sign(tokens[at + 1], ".") ? 2 : 1)];
      at = tokens.indexOf(name) + 1;
    }
    const parameters = [];
    for (const part of split_commas(tokens.slice(at))) {
      const named = part[0].kind === "variable" && is_sign(part[1], "=");
      const words = named ? part.slice(2) : part;
      const value = words.length === 1 && words[0].kind === "word" && words[0].value !== "null" ? words[0].raw : await this.scalar(words, variables);
      parameters.push({ name: named ? part[0].raw : "", type: { name: "nvarchar", length: 4000 }, value });
    }
    return yield* this.procedure(name.kind === "name" ? name.value : name.raw, parameters);
  }

  async *procedure(name, parameters) {
    const { base } = this;
    const word = name.replace(/^.*\./, "").toLowerCase();
    if (word === "sp_executesql") {
      const declared = parse_declarations(parameters[1]?.value ?? "");
      return yield* this.batch(
        parameters[0].value,
        declared.map(({ name: called, type }, index) => ({
          name: called,
          type,
          value: (parameters.find((given) => given.name === called) ?? parameters[index + 2])?.value ?? null,
        })),
      );
    }
    const made = catalog_procedure(word, parameters);
    if (made) return yield* this.batch(made.text, made.parameters);
    yield { error: { number: 2812, state: 62, class: 16, text: `Could not find stored procedure '${name}'.` } };
    yield { done: { failed: true } };
    return yield { status: 2812 };
  }

  // What a statement would answer: {columns}, {error}, or undefined for what answers with no rows.
  async describe(text, declarations) {
    const { base } = this;
    try {
      const statements = parse_batch(text);
      if (statements.length !== 1 || statements[0].kind !== "simple" || !is_word(statements[0].tokens[0], "select", "with")) return undefined;
      const variables = new Map(declarations.map(({ name, type }) => [name.toLowerCase(), { type, value: null }]));
      const { tokens } = statements[0];
      const { sql, values, rewriter } = await base.prepared(tokens, variables);
      if (rewriter.assigns) return undefined;
      const guarded = base.facts.transactions > 0;
      if (guarded) await base.client.query("SAVEPOINT tds_statement");
      try {
        return { columns: await base.columns(tokens, sql, values, rewriter) };
      } finally {
        if (guarded) await base.client.query("ROLLBACK TO SAVEPOINT tds_statement");
      }
    } catch (error) {
      return { error: told(error) };
    }
  }
}
