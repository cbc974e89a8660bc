// Answers from a real PostgreSQL: each client has a connection of its own; T-SQL is rewritten (rewrite.mjs), columns go out under their T-SQL types.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { PostgresBase } from "./postgres_base.mjs";
import { parse_type } from "./types.mjs";

// npm packages of tests live in tests/contract
const load = createRequire(new URL("../../contract/package.json", import.meta.url));
const pg = load("pg");
const Cursor = load("pg-cursor");

const schema_files = ["postgres_schema.sql", "postgres_catalog.sql"];
const raw_values = { getTypeParser: () => (value) => value };
const shapes_max = 2000;

export class PostgresBackend {
  constructor({ url, log = () => {} }) {
    Object.assign(this, { Cursor, raw_values });
    Object.assign(this, {
      url,
      log,
      names: new Map(),
      declared: new Map(),
      domains: new Map(),
      domain_names: new Set(),
      shapes: new Map(),
      relations: new Map(),
    });
  }
  connect() {
    const client = new pg.Client({ connectionString: this.url, types: raw_values });
    client.on("error", (error) => this.log(`PostgreSQL: ${error.message}`));
    return client;
  }

  // Questions of the server's own, one at a time: all clients' connections share one for them.
  ask(text, values) {
    const asked = (this.asking ?? Promise.resolve()).then(async () => {
      if (!this.admin) await this.connect_admin();
      return this.admin.query(text, values);
    });
    this.asking = asked.catch(() => {});
    return asked;
  }

  // Anew after the base was gone for a while.
  async connect_admin() {
    const admin = this.connect();
    await admin.connect();
    admin.on("end", () => (this.admin = undefined));
    admin.on("notification", () => (this.stale = true));
    await admin.query("LISTEN tds_changed");
    this.stale = true;
    this.admin = admin;
  }

  async start(options) {
    this.options = options;
    // two servers on one base may start at once
    await this.ask("SELECT pg_advisory_lock(7411)");
    const { rows } = await this.ask("SELECT 1 FROM pg_namespace WHERE nspname = 'tds_server'");
    if (rows.length === 0) {
      const text = schema_files.map((name) => readFileSync(new URL(name, import.meta.url), "utf8")).join("\n");
      await this.ask(`BEGIN; SET LOCAL client_min_messages = warning; SET LOCAL check_function_bodies = off; ${text}; COMMIT`);
    }
    await this.ask("SELECT pg_advisory_unlock(7411)");
    await this.refresh();
  }
  async stop() {
    await this.admin?.end();
  }

  // What the base holds by name: anew when a table has changed.
  async refresh() {
    this.stale = false;
    this.shapes.clear();
    this.relations.clear();
    const words = await this.ask(
      `WITH relation AS (SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sys', 'tds_server', 'tds_information', 'pg_toast'))
        SELECT relname AS name FROM relation
        UNION SELECT attname FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped`,
    );
    this.names.clear();
    for (const { name } of words.rows) {
      const lower = name.toLowerCase();
      if (!this.names.has(lower) || name === lower) this.names.set(lower, name);
    }
    const declared = await this.ask("SELECT word, name FROM tds_server.declared_names");
    this.declared = new Map(declared.rows.map(({ word, name }) => [word, name]));
    await this.read_domains();
  }
  async read_domains() {
    const { rows } = await this.ask(
      "SELECT t.oid, t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = 'tds' AND t.typtype = 'd'",
    );
    // a domain that is called nvarchar, with no length, says nothing: the type under it decides
    const says_all = (name, type) => type !== undefined && (type.length === undefined || name.includes("("));
    this.domains = new Map(
      rows
        .map(({ oid, typname }) => [typname, Number(oid), parse_type(typname)])
        .filter(([name, , type]) => says_all(name, type))
        .map(([, oid, type]) => [oid, type]),
    );
    this.domain_names = new Set(rows.map(({ typname }) => typname));
  }
  // Domains that a statement names come into being with it, on a connection that may make them.
  async need_domains(domains) {
    let made = false;
    for (const { name, base } of domains) {
      if (this.domain_names.has(name)) continue;
      await this.ask(`DO $do$ BEGIN CREATE DOMAIN tds."${name}" AS ${base}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $do$`);
      made = true;
    }
    if (made) await this.read_domains();
  }
  async relation(id) {
    if (!this.relations.has(id)) {
      const { rows } = await this.ask("SELECT attnum, atttypid, atttypmod, attnotnull FROM pg_attribute WHERE attrelid = $1 AND attnum > 0", [id]);
      this.relations.set(
        id,
        new Map(rows.map((row) => [Number(row.attnum), { type: Number(row.atttypid), modifier: Number(row.atttypmod), not_null: row.attnotnull === "t" }])),
      );
    }
    return this.relations.get(id);
  }
  remember_shape(key, shape) {
    if (this.shapes.size > shapes_max) this.shapes.clear();
    this.shapes.set(key, shape);
  }

  async open(session) {
    const base = new PostgresBase(this, session);
    await base.connect();
    return base;
  }
}
