// A MIS invented for one test that answers over HTTP: a scripted service and a connector of kind http, or a shipped one.
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Clinic, program } from "./clinic.mjs";

export const SECRET = "service-secret-1";

export class RestClinic extends Clinic {
  // url: of the service; top: lines of connector.yaml before the streams; streams: {name: {yaml, map}}; connector: the name of a shipped one instead; http: more of its settings
  static async make(t, { url, top = "", streams, codes = "", connector, http = {}, secret = SECRET, site = {} }) {
    const clinic = new this(t, {});
    Object.assign(clinic, { url, http, site_values: site });
    clinic.secret_file = join(clinic.folder, "service.secret");
    writeFileSync(clinic.secret_file, `${secret}\n`, { mode: 0o600 });
    clinic.connector = connector ?? join(clinic.folder, "connector");
    if (streams) clinic.write_connector(top, streams, codes);
    clinic.write_config();
    return clinic;
  }
  write_connector(top, streams, codes = "") {
    mkdirSync(this.connector, { recursive: true });
    chmodSync(this.connector, 0o755);
    writeFileSync(join(this.connector, "codes.csv"), `list,mis_code,canonical,comment\n${codes}`);
    const lines = ["title: invented", "kind: http", "no_show: mis", ...(top === "" ? [] : top.split("\n")), "streams:"];
    for (const [name, { yaml, map }] of Object.entries(streams)) {
      lines.push(`  ${name}:`, ...yaml.split("\n").map((line) => `    ${line}`));
      writeFileSync(join(this.connector, `${name}.sql`), map);
    }
    writeFileSync(join(this.connector, "connector.yaml"), `${lines.join("\n")}\n`);
  }
  source(settings = {}) {
    const { firebird, ...rest } = super.source();
    return { ...rest, connector: this.connector, site: this.site_values, http: { url: this.url, secret_file: this.secret_file, ...this.http }, ...settings };
  }
  write_config(sections = {}) {
    super.write_config({ clinic: { id: "test-clinic", timezone: "Europe/Moscow" }, sinks: [this.file_sink()], ...sections });
  }
  // The service answers in this process, so a command must not stop it.
  async command(...args) {
    const [words, json] = [args.filter((word) => word !== "--json"), args.includes("--json")];
    return this.command_without_config(...words, "--config", this.config_file, ...(json ? ["--json"] : []));
  }
  async command_without_config(...args) {
    const ran = spawn(program("mis-gateway"), args, { env: { ...this.environment, ...this.more_environment } });
    this.ran = ran;
    const [stdout, stderr] = [[], []];
    ran.stdout.on("data", (chunk) => stdout.push(chunk));
    ran.stderr.on("data", (chunk) => stderr.push(chunk));
    const code = await new Promise((resolve) => ran.on("close", resolve));
    const text = Buffer.concat(stdout).toString();
    return { code, stdout: text, stderr: Buffer.concat(stderr).toString(), json: text.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)) };
  }
  async sync() {
    return this.command("sync", "--once");
  }
  // Of the clinic's life; that its source fails and recovers is told too, and no part of it.
  async events() {
    return (await this.command("events", "--limit", "5000", "--json")).json.filter((event) => !event.type.includes("source."));
  }
}
