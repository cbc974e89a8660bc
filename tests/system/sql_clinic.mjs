// A MIS invented for one test on a base behind ODBC: a PostgreSQL server of the test's own, read as such, or through the stand-in for SQL Server.
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MariadbServer } from "../support/mariadb.mjs";
import { PostgresServer } from "../support/postgres.mjs";
import { TdsServer } from "../support/tds/server.mjs";
import { Clinic, program, root } from "./clinic.mjs";

export const PASSWORD = "Passw0rd";

// The tables and rows of a vendor's base, as the simulator keeps them. The stand-in brings SQL Server's types itself.
export function vendor_base(mis, as) {
  const folder = join(root, "tools/mis_simulator", mis);
  const sql = ["schema", "data"].map((name) => readFileSync(join(folder, `${name}.postgresql.sql`), "utf8")).join("\n");
  const plain = sql.replaceAll(/^SET search_path = .*$/gim, "SET search_path = public, tds;");
  return `SET search_path = public, tds;\n${as === "sql_server" ? plain.replaceAll(/^CREATE (SCHEMA|DOMAIN) .*$/gim, "").replaceAll("tds.next_rowversion", "public.next_rowversion") : plain}`;
}

export class SqlClinic extends Clinic {
  // as: "sql_server", "postgresql" or "mariadb"; base: SQL for PostgreSQL (or MariaDB); streams, codes, site as Invented's; connector: the name of a shipped one instead; standin: options of the stand-in
  static async make(t, { as = "sql_server", base = "", streams, codes = "", site = "{}", connector, standin = {}, settings = {} }) {
    const clinic = new SqlClinic(t, {});
    Object.assign(clinic, { as, streams, connection_settings: settings });
    if (as === "mariadb") clinic.mariadb = await MariadbServer.make(t);
    else clinic.postgres = await PostgresServer.make(t, { settings: { timezone: "Europe/Moscow" } });
    if (as === "sql_server") {
      clinic.tds = await TdsServer.start({ postgres: clinic.postgres.url, logins: [{ user: "sa", password: PASSWORD }], log: () => {}, time_zone: "Europe/Moscow", ...standin });
      t.after(() => clinic.tds.stop());
    }
    if (base !== "") (clinic.mariadb ?? clinic.postgres).sql(base);
    clinic.password_file = join(clinic.folder, "mis.password");
    writeFileSync(clinic.password_file, `${PASSWORD}\n`, { mode: 0o600 });
    clinic.connector = connector ?? join(clinic.folder, "connector");
    if (streams) clinic.write_connector(streams, codes, site);
    clinic.write_config();
    return clinic;
  }

  write_connector(streams, codes = "", site = "{}") {
    mkdirSync(this.connector, { recursive: true });
    chmodSync(this.connector, 0o755);
    writeFileSync(join(this.connector, "codes.csv"), `list,mis_code,canonical,comment\n${codes}`);
    const lines = ["title: invented", "kind: sql", `dialect: ${this.as === "mariadb" ? "mariadb" : "sql_server"}`, "no_show: mis", `site: ${site}`, "streams:"];
    for (const [name, { yaml, fetch, map, deletes }] of Object.entries(streams)) {
      lines.push(`  ${name}:`, ...yaml.split("\n").map((line) => `    ${line}`));
      writeFileSync(join(this.connector, `${name}.fetch.sql`), fetch);
      writeFileSync(join(this.connector, `${name}.sql`), map);
      if (deletes) writeFileSync(join(this.connector, `${name}.deletes.sql`), deletes);
    }
    writeFileSync(join(this.connector, "connector.yaml"), `${lines.join("\n")}\n`);
  }
  connection() {
    const common = { host: "127.0.0.1", password_file: this.password_file, ...this.connection_settings };
    if (this.as === "sql_server") return { sql_server: { port: this.tds.port, database: "clinic", user: "sa", ...common } };
    if (this.as === "mariadb") return { odbc: { system: "mariadb", port: this.mariadb.port, database: this.mariadb.database, user: "mis_gateway", tls: "off", ...common } };
    return { odbc: { system: "postgresql", port: this.postgres.port, database: this.postgres.database, user: this.postgres.user, tls: "off", keywords: { ConnSettings: "set search_path to public, tds" }, ...common } };
  }
  source(settings = {}) {
    const { firebird, ...rest } = super.source();
    return { ...rest, connector: this.connector, site: {}, ...this.connection(), ...settings };
  }
  write_config(sections = {}) {
    super.write_config({ clinic: { id: "test-clinic", timezone: "Europe/Moscow" }, sinks: [this.file_sink()], ...sections });
  }
  // Somebody at the base, until killed.
  postgres_session(sql) {
    const psql = spawn("psql", ["-X", "-q", this.postgres.url], { stdio: ["pipe", "ignore", "ignore"] });
    psql.stdin.write(`${sql}\n`);
    return psql;
  }
  // The stand-in answers in this process, so a command must not stop it.
  async command(...args) {
    const [words, json] = [args.filter((word) => word !== "--json"), args.includes("--json")];
    return this.command_without_config(...words, "--config", this.config_file, ...(json ? ["--json"] : []));
  }
  async command_without_config(...args) {
    const ran = spawn(program("mis-gateway"), args, { env: this.environment });
    const [stdout, stderr] = [[], []];
    ran.stdout.on("data", (chunk) => stdout.push(chunk));
    ran.stderr.on("data", (chunk) => stderr.push(chunk));
    const code = await new Promise((resolve) => ran.on("close", resolve));
    const text = Buffer.concat(stdout).toString();
    return { code, stdout: text, stderr: Buffer.concat(stderr).toString(), json: text.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)) };
  }
}
