// One client's connection to PostgreSQL: its settings, its transaction, and the rows of one statement at a time.
import { Interpreter } from "./interpreter.mjs";
import { told } from "./pg_errors.mjs";
import { plain_type } from "./pg_types.mjs";
import { Rewriter } from "./rewrite.mjs";
import { is_word, TsqlError } from "./tsql.mjs";
import { governed_type, governing_select } from "./typing.mjs";

const rows_at_once = 400;
const pg_isolation = {
  "READ UNCOMMITTED": "READ COMMITTED",
  "READ COMMITTED": "READ COMMITTED",
  "REPEATABLE READ": "REPEATABLE READ",
  SNAPSHOT: "REPEATABLE READ",
  SERIALIZABLE: "SERIALIZABLE",
};
const identifier = (name) => `"${name.replaceAll('"', '""')}"`;

export class PostgresBase {
  constructor(backend, session) {
    Object.assign(this, { backend, session });
    const { options } = session.server;
    this.facts = {
      id: session.id,
      database: session.database,
      product: options.product.product,
      product_name: options.product.name,
      server_name: options.server_name,
      instance: options.instance,
      collation_name: options.collation,
      transactions: 0,
      row_count: 0,
      last_error: 0,
      lock_timeout: -1,
    };
    this.settings();
    this.interpreter = new Interpreter(this);
  }
  settings() {
    Object.assign(this, { isolation: "READ COMMITTED", rows_max: 0, quiet: false });
    this.facts.lock_timeout = -1;
  }

  async connect() {
    const { session, backend } = this;
    const { options } = session.server;
    this.client = backend.connect();
    await this.client.connect();
    this.client.on("end", () => {
      // an idle client learns of it by the end of its own connection, as from a server that is killed
      this.dead = true;
      if (!this.session.running) this.session.socket.destroy();
    });
    this.process = this.client.processID;
    const settings = {
      search_path: "public, tds, tds_server",
      bytea_output: "hex",
      DateStyle: "ISO, YMD",
      IntervalStyle: "postgres",
      client_min_messages: "warning",
      ...(options.time_zone ? { TimeZone: options.time_zone } : {}),
      "tds.database": session.database,
      "tds.databases": options.databases.join(","),
      "tds.snapshot": options.snapshot ? "1" : "0",
      "tds.read_committed_snapshot": options.read_committed_snapshot ? "1" : "0",
      "tds.level": String(options.product.product[0] * 10),
      "tds.collation": options.collation,
      "tds.login": session.user,
      "tds.host": session.login_record.host,
      "tds.application": session.login_record.application,
      "tds.spid": String(session.id),
    };
    // a role of the login's name lends its rights: what it may not read is refused by PostgreSQL itself
    const names = Object.keys(settings);
    const { rows } = await this.client.query(
      `SELECT ${names.map((name, index) => `set_config('${name}', $${index + 2}, false)`).join(", ")}, EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1) AS has_role`,
      [session.user, ...Object.values(settings)],
    );
    if (rows[0].has_role === "t") await this.client.query(`SET ROLE ${identifier(session.user)}`);
  }
  async close() {
    await this.client.end().catch(() => {});
  }
  cancel() {
    if (this.active) void this.backend.ask("SELECT pg_cancel_backend($1)", [this.process]).catch(() => {});
  }
  async reset() {
    this.settings();
    this.facts.transactions = 0;
    await this.client.query("RESET lock_timeout");
  }

  batch(text, parameters) {
    return this.interpreter.batch(text, parameters);
  }
  describe(text, declarations) {
    return this.interpreter.describe(text, declarations);
  }
  procedure(name, parameters) {
    return this.interpreter.procedure(name, parameters);
  }

  // --- transactions
  async *transaction(verb, isolation) {
    if (isolation) this.isolation = isolation;
    const { facts } = this;
    try {
      if (verb === "begin") {
        if (facts.transactions++ === 0) {
          await this.client.query(`BEGIN ISOLATION LEVEL ${pg_isolation[this.isolation]}`);
          yield { transaction: "begin" };
        }
      } else if (facts.transactions === 0) {
        throw new TsqlError(verb === "commit" ? 3902 : 3903, `The ${verb.toUpperCase()} TRANSACTION request has no corresponding BEGIN TRANSACTION.`, 16);
      } else if (verb === "rollback" || --facts.transactions === 0) {
        facts.transactions = 0;
        await this.client.query(verb.toUpperCase());
        yield { transaction: verb };
      }
      yield { done: { command: verb.toUpperCase() } };
    } catch (error) {
      yield { error: told(error) };
      yield { done: { failed: true } };
    }
  }
  async rollback() {
    if (this.facts.transactions > 0) await this.client.query("ROLLBACK");
    this.facts.transactions = 0;
  }
  // After a deadlock SQL Server has ended the transaction, not the statement alone.
  async *failed(error) {
    const what = told(error, this.verb);
    this.facts.last_error = what.number;
    yield { error: what };
    if ([1205, 3960].includes(what.number) && this.facts.transactions > 0) {
      await this.rollback();
      yield { transaction: "rollback" };
    }
    yield { done: { failed: true } };
  }

  rewriter(variables) {
    return new Rewriter({ parameters: variables, names: this.backend.names, session: this.facts, year: this.session.server.options.year });
  }

  // Rewrites a statement and makes what it needs: {sql, values, rewriter}
  async prepared(tokens, variables) {
    if (this.backend.stale) await this.backend.refresh();
    const rewriter = this.rewriter(variables);
    const sql = rewriter.rewrite(tokens);
    await this.backend.need_domains(rewriter.domains);
    if (rewriter.hints.length > 0) this.session.server.saw({ session: this.session.id, hints: rewriter.hints });
    if (this.isolation === "SNAPSHOT" && this.facts.transactions > 0 && rewriter.touches_tables && !this.session.server.options.snapshot)
      throw new TsqlError(
        3952,
        `Snapshot isolation transaction failed accessing database '${this.session.database}' because snapshot isolation is not allowed in this database. Use ALTER DATABASE to allow snapshot isolation.`,
        16,
      );
    return { sql, rewriter, values: rewriter.used.map((name) => parameter_text(variables.get(name).value)) };
  }

  // What SQL Server would call each column, and its type. Asked without running the statement, once per text.
  async columns(tokens, sql, values, rewriter) {
    const key = `${sql}\n${JSON.stringify(rewriter.labels)}`;
    const known = this.backend.shapes.get(key);
    if (known) return known;
    const { fields, types } = await this.described(sql, values.length);
    // a NOT NULL column stays one unless a join or a set operation may add NULLs
    const keeps_not_null = !tokens.some((token) =>
      is_word(token, "left", "right", "full", "outer", "union", "except", "intersect", "rollup", "cube", "grouping"),
    );
    const names = this.column_names(fields, rewriter.labels);
    const columns = await Promise.all(
      fields.map(async (field, index) => ({ name: names[index], ...(await this.column_type(field, types[index], keeps_not_null)) })),
    );
    if (rewriter.parts?.items.length === columns.length) await this.govern(columns, rewriter);
    this.backend.remember_shape(key, columns);
    return columns;
  }
  // Asked without running it: what PostgreSQL says of each column, and of expressions the type that may be a domain.
  async described(sql, parameters) {
    const values = Array(parameters).fill(null);
    const { fields } = await this.client.query({ text: `SELECT * FROM (${sql}) q LIMIT 0`, values, rowMode: "array" });
    if (fields.every(({ tableID }) => tableID !== 0)) return { fields, types: [] };
    const names = fields.map((_, index) => `c${index + 1}`);
    const asked = await this.client.query({
      text: `SELECT ${names.map((name) => `pg_typeof(q.${name})::oid`).join(", ")} FROM (SELECT 1) one LEFT JOIN LATERAL (${sql}) AS q(${names.join(", ")}) ON false`,
      values,
      rowMode: "array",
    });
    return { fields, types: asked.rows[0].map(Number) };
  }
  // Types that an expression takes from one of its parts (typing.mjs). Where that part cannot be asked alone, the expression's own type stands.
  async govern(columns, rewriter) {
    const select = governing_select(rewriter.parts);
    if (!select) return;
    const asking = this.rewriter(rewriter.parameters);
    const guarded = this.facts.transactions > 0;
    if (guarded) await this.client.query("SAVEPOINT tds_types");
    try {
      const { fields, types } = await this.described(asking.rewrite(select.tokens), asking.used.length);
      for (const [index, found] of select.governors.entries()) {
        if (!found) continue;
        const { type } = await this.column_type(fields[index], types[index], false);
        columns[index].type = governed_type(type, found);
      }
    } catch (error) {
      if (!error.code) throw error;
      if (guarded) await this.client.query("ROLLBACK TO SAVEPOINT tds_types");
    }
  }
  async column_type({ tableID, columnID, dataTypeID, dataTypeModifier }, typeof_id, keeps_not_null) {
    const { domains } = this.backend;
    if (tableID === 0 || columnID === 0) return { type: domains.get(typeof_id) ?? plain_type(dataTypeID, dataTypeModifier), nullable: true };
    const attribute = (await this.backend.relation(tableID)).get(columnID);
    const type = domains.get(attribute?.type) ?? plain_type(dataTypeID, dataTypeModifier, { stored: true });
    return { type, nullable: !(attribute?.not_null && keeps_not_null) };
  }
  column_names(fields, labels = []) {
    const { declared } = this.backend;
    const own = ({ name }) => (name === "?column?" ? "" : (declared.get(name) ?? name));
    const stars = labels.filter((label) => label?.star).length;
    const star_width = fields.length - (labels.length - 1);
    if (stars > 1 || (stars === 0 && labels.length !== fields.length)) return fields.map(own);
    const spread = labels.flatMap((label) => (label?.star ? Array(star_width).fill(undefined) : [label]));
    return fields.map((field, index) => {
      const label = spread[index];
      if (label?.alias !== undefined) return label.alias;
      return label?.column === undefined
        ? own(field)
        : (declared.get(label.column.toLowerCase()) ?? (field.name === field.name.toLowerCase() ? label.column : field.name));
    });
  }

  // Runs one statement: columns, rows and how many, as events. Within a transaction a failure takes back the statement alone.
  async *query(tokens, variables, { silent = false } = {}) {
    const first = tokens[0].value;
    this.verb = first.toUpperCase();
    const guarded = this.facts.transactions > 0;
    let cursor;
    if (this.dead) throw Object.assign(new Error("the base's connection has ended"), { code: "57P01" });
    this.active = true;
    try {
      if (guarded) await this.client.query("SAVEPOINT tds_statement");
      const { sql, values, rewriter } = await this.prepared(tokens, variables);
      const selects = first === "select" || (first === "with" && !tokens.some((token) => is_word(token, "insert", "update", "delete")));
      const columns = selects ? await this.columns(tokens, sql, values, rewriter) : undefined;
      if (columns && !silent && !rewriter.assigns) yield { columns };
      cursor = this.client.query(new this.backend.Cursor(sql, values, { rowMode: "array", types: this.backend.raw_values }));
      let count = 0;
      let last;
      for (;;) {
        const { rows, result } = await read(cursor, rows_at_once);
        const wanted = selects && this.rows_max > 0 ? rows.slice(0, this.rows_max - count) : rows;
        count += selects ? wanted.length : (result?.rowCount ?? 0);
        if (rewriter.assigns) last = wanted.at(-1) ?? last;
        else if (wanted.length > 0 && selects) yield { rows: wanted };
        if (rows.length < rows_at_once || wanted.length < rows.length) break;
      }
      await cursor.close();
      cursor = undefined;
      if (guarded) await this.client.query("RELEASE SAVEPOINT tds_statement");
      this.facts.row_count = count;
      this.facts.last_error = 0;
      if (rewriter.assigns && last) rewriter.assigns.forEach((name, index) => this.interpreter.assign(variables, name, last[index]));
      if (!silent)
        yield {
          done: {
            command: this.verb,
            count: this.quiet || rewriter.assigns || !["select", "insert", "update", "delete", "with"].includes(first) ? undefined : count,
          },
        };
    } catch (error) {
      if (!this.dead) await cursor?.close().catch(() => {});
      cursor = undefined;
      if (guarded && !this.dead) await this.client.query("ROLLBACK TO SAVEPOINT tds_statement").catch(() => {});
      throw error;
    } finally {
      // left early: by attention, or because the client has gone
      if (cursor && !this.dead) {
        await cursor.close().catch(() => {});
        if (guarded) await this.client.query("ROLLBACK TO SAVEPOINT tds_statement").catch(() => {});
      }
      this.active = false;
    }
  }
}

const read = (cursor, count) =>
  new Promise((resolve, reject) => cursor.read(count, (error, rows, result) => (error ? reject(error) : resolve({ rows, result }))));

export const parameter_text = (value) => (Buffer.isBuffer(value) ? `\\x${value.toString("hex")}` : value);
