// A clinic for tests, made of the real programs: a Firebird base filled by mis-simulator, mis-gateway on it, mis-receiver behind it.
//
//   const clinic = await Clinic.make(t, { patients: 30 });
//   await clinic.receiver.start();  clinic.write_config();  await clinic.gateway.start();
//
// Everything lies in one temporary folder, which goes with the test (kept when MIS_KEEP is set). Ports are chosen by the system. Nothing sleeps a guessed
// time: `until` looks until something is true, and says what was not. The oracle is the base (read by isql or by `mis-simulator count`) and the receiver's
// file, never the gateway's store.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
export const build = process.env.MIS_BUILD ?? join(root, "build");
export const program = (name) => join(build, name);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Looks every 50 ms until `condition` gives something true, and returns that. `what` may be a function, asked when time is up.
export async function until(what, condition, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) assert.fail(`after ${seconds} s still not: ${typeof what === "function" ? what() : what}`);
    await pause(50);
  }
}

export const get = (url) =>
  new Promise((resolve, reject) => {
    const asked = request(url, { timeout: 10_000 }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, type: answer.headers["content-type"], body: Buffer.concat(chunks).toString() }));
      answer.on("error", reject);
    });
    asked.on("error", reject);
    asked.on("timeout", () => asked.destroy(new Error(`no answer from ${url}`)));
    asked.end();
  });

const lines_of = (file) => (existsSync(file) ? readFileSync(file, "utf8").split("\n") : []);
export const json_lines = (file) => {
  const lines = lines_of(file);
  lines.pop(); // the last one has no end yet
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
};

// A program under test: its output goes to files, so that nothing is lost when it is killed.
export class Process {
  constructor(clinic, name) {
    this.clinic = clinic;
    this.name = name;
    this.log_file = join(clinic.folder, `${name}.log`);
    this.output_file = join(clinic.folder, `${name}.out`);
  }

  get log() {
    return existsSync(this.log_file) ? readFileSync(this.log_file, "utf8") : "";
  }
  get output() {
    return existsSync(this.output_file) ? readFileSync(this.output_file, "utf8") : "";
  }
  get running() {
    return this.child !== undefined && this.exit === undefined;
  }

  spawn(command, args, environment = {}) {
    assert.ok(!this.running, `${this.name} runs already`);
    const output = openSync(this.output_file, "a");
    const log = openSync(this.log_file, "a");
    this.log_start = this.log.length;
    this.output_start = this.output.length;
    this.exit = undefined;
    this.child = spawn(command, args, { stdio: ["ignore", output, log], env: { ...this.clinic.environment, ...environment } });
    closeSync(output);
    closeSync(log);
    const child = this.child;
    this.ended = new Promise((resolve) => {
      child.on("exit", (code, signal) => resolve((this.exit = { code, signal })));
      child.on("error", (error) => resolve((this.exit = { code: null, error })));
    });
  }

  // What this run, not an earlier one, has said.
  get new_log() {
    return this.log.slice(this.log_start);
  }
  get new_output() {
    return this.output.slice(this.output_start);
  }

  signal(name) {
    if (this.running) this.child.kill(name);
  }
  async kill() {
    this.signal("SIGKILL");
    return this.ended;
  }
  // Ends it in order and gives its exit code; a program that does not end is a failure.
  async stop(seconds = 60) {
    if (!this.running) return this.exit?.code;
    this.signal("SIGTERM");
    await until(`${this.name} ends after SIGTERM`, () => this.exit !== undefined, seconds);
    return this.exit.code;
  }
  async said(pattern, seconds = 60) {
    return until(
      () => `${this.name} says ${pattern}; it said:\n${this.new_log.slice(-3000)}${this.new_output.slice(-500)}`,
      () => {
        const found = this.new_log.match(pattern) ?? this.new_output.match(pattern);
        if (found) return found;
        if (this.exit !== undefined) assert.fail(`${this.name} ended (${JSON.stringify(this.exit)}) before it said ${pattern}:\n${this.new_log.slice(-3000)}`);
        return undefined;
      },
      seconds,
    );
  }
}

class Receiver extends Process {
  constructor(clinic) {
    super(clinic, "receiver");
    this.events_file = join(clinic.folder, "received.jsonl");
    this.port = 0;
  }
  // A receiver that starts again listens where it did before.
  async start(misbehaviour = []) {
    const args = ["--port", String(this.port), "--secret-file", this.clinic.secret_file, "--events", this.events_file, "--quiet", ...misbehaviour];
    this.spawn(program("mis-receiver"), args);
    this.port = Number((await this.said(/listening on http:\/\/127\.0\.0\.1:(\d+)/))[1]);
  }
  get url() {
    return `http://127.0.0.1:${this.port}/events`;
  }
  async stats() {
    return JSON.parse((await get(`http://127.0.0.1:${this.port}/stats`)).body);
  }
  // Every event that was taken, repeats included, in the order of arrival.
  get events() {
    return json_lines(this.events_file);
  }
}

class Gateway extends Process {
  constructor(clinic) {
    super(clinic, "gateway");
  }
  async start(environment = {}, args = []) {
    this.launch(environment, args);
    await this.said(/mis-gateway runs/);
  }
  launch(environment = {}, args = []) {
    this.spawn(program("mis-gateway"), ["run", "--config", this.clinic.config_file, ...args], environment);
  }
  async http(path) {
    const all = [...this.new_log.matchAll(/health and metrics on (http:\/\/127\.0\.0\.1:\d+)/g)];
    assert.ok(all.length > 0, "the gateway tells no port");
    return get(all.at(-1)[1] + path);
  }
  async health() {
    return JSON.parse((await this.http("/healthz")).body);
  }
  // {"name{label=\"x\"}": value}
  async metrics() {
    const values = {};
    for (const line of (await this.http("/metrics")).body.split("\n"))
      if (line !== "" && !line.startsWith("#")) values[line.slice(0, line.lastIndexOf(" "))] = Number(line.slice(line.lastIndexOf(" ") + 1));
    return values;
  }
}

export class Clinic {
  // options: patients, procedures, create (further arguments of `mis-simulator create`), database and login for a base on a server
  static async make(t, options = {}) {
    const clinic = new Clinic(t, options);
    if (options.base !== "none") clinic.create_base();
    return clinic;
  }

  constructor(t, { patients = 30, procedures = 60, create = [] } = {}) {
    this.folder = mkdtempSync(join(tmpdir(), "mis-test-"));
    chmodSync(this.folder, 0o700);
    this.size = { patients, procedures, create };
    this.base = join(this.folder, "clinic.fdb");
    this.simulator_login = [];
    this.firebird = { database: this.base, user: "SYSDBA" };
    this.firebird_root = join(this.folder, "firebird");
    this.config_file = join(this.folder, "gateway.yaml");
    this.secret_file = join(this.folder, "webhook.secret");
    this.oracle_file = join(this.folder, "oracle.jsonl");
    this.secret = `whsec_${randomBytes(32).toString("base64")}`;
    writeFileSync(this.secret_file, `${this.secret}\n`, { mode: 0o600 });
    this.environment = {
      PATH: process.env.PATH, TZ: "Europe/Moscow", HOME: this.folder, LC_ALL: "C.UTF-8",
      FIREBIRD: this.firebird_root, FIREBIRD_LOCK: join(this.firebird_root, "lock"), FIREBIRD_TMP: join(this.firebird_root, "lock"),
      MIS_GATEWAY_SHARE: root,
    };
    this.receiver = new Receiver(this);
    this.gateway = new Gateway(this);
    this.processes = [this.gateway, this.receiver];
    t.after(async () => {
      for (const process of this.processes) await process.kill();
      if (this.mounted) spawnSync("umount", [this.mounted]);
      if (process.env.MIS_KEEP) console.error(`kept: ${this.folder}`);
      else rmSync(this.folder, { recursive: true, force: true });
    });
  }

  process(name) {
    const made = new Process(this, name);
    this.processes.push(made);
    return made;
  }

  simulator(command, ...args) {
    const log = command === "live" ? ["--oracle", this.oracle_file] : [];
    const ran = spawnSync(program("mis-simulator"), [command, "--database", this.base, ...this.simulator_login, "--quiet", ...log, ...args], {
      env: this.environment, encoding: "utf8",
    });
    assert.equal(ran.status, 0, `mis-simulator ${command}: ${ran.stderr}`);
    return ran.stdout;
  }
  create_base() {
    mkdirSync(this.firebird_root, { recursive: true });
    // the first time the simulator makes the folder that everybody shares
    const { FIREBIRD, FIREBIRD_LOCK, FIREBIRD_TMP, ...bare } = this.environment;
    const embedded = this.simulator_login.length === 0;
    const ran = spawnSync(
      program("mis-simulator"),
      ["create", "--database", this.base, ...this.simulator_login, ...(embedded ? ["--firebird-root", this.firebird_root] : []), "--patients", String(this.size.patients),
        "--procedures", String(this.size.procedures), ...this.size.create, "--quiet"],
      { env: embedded ? bare : this.environment, encoding: "utf8" },
    );
    assert.equal(ran.status, 0, `mis-simulator create: ${ran.stderr}`);
  }
  // The clinic lives: so many transactions, then it rests.
  async live({ actions = 60, rate = 30, seed = 1 } = {}) {
    const simulator = this.start_life({ actions, rate, seed });
    await simulator.ended;
    assert.equal(simulator.exit.code, 0, simulator.log);
  }
  start_life({ actions = 0, rate = 30, seed = 1 } = {}) {
    this.lives = (this.lives ?? 0) + 1;
    const simulator = this.process(`simulator${this.lives}`);
    simulator.spawn(program("mis-simulator"), [
      "live", "--database", this.base, ...this.simulator_login, "--quiet", "--rate", String(rate), "--seed", String(seed), "--oracle", this.oracle_file,
      ...(actions > 0 ? ["--actions", String(actions)] : []),
    ]);
    return simulator;
  }
  get committed() {
    return json_lines(this.oracle_file);
  }
  // Rows that stand in the MIS, as the simulator counts them.
  count() {
    return JSON.parse(this.simulator("count"));
  }
  // SQL by Firebird's own isql; a select gives its rows as lists of text.
  sql(text) {
    const login = this.isql_login ?? ["-user", "SYSDBA", this.firebird.database];
    const ran = spawnSync("isql-fb", ["-q", "-b", "-ch", "UTF8", ...login], { env: this.environment, encoding: "utf8", input: `set heading off;\n${text};\ncommit;\n` });
    assert.equal(ran.status, 0, `isql: ${text}: ${ran.stderr}`);
    return ran.stdout.split("\n").map((line) => line.trim()).filter((line) => line !== "").map((line) => line.split(/\s+/));
  }

  webhook_sink(settings = {}) {
    return {
      name: "exchange",
      webhook: { url: this.receiver.url, secret_files: [this.secret_file], backoff_first_ms: 50, backoff_longest_ms: 400, ...settings },
    };
  }
  file_sink() {
    return { name: "event-log", file: { folder: join(this.folder, "events") } };
  }
  source(settings = {}) {
    return {
      name: "mis", connector: "infoclinica", firebird: this.firebird, poll_seconds: 1, duty_cycle_percent: 100, backfill_duty_cycle_percent: 100,
      reconcile_hour: (new Date().getUTCHours() + 15) % 24, // twelve hours from now in Moscow: no test meets the nightly comparison by accident
      site: { tooth_column: "ZUB", limit_amount: "amountrub", appointment_comment_column: "COMMENT", goods_wtypes: "9" },
      ...settings,
    };
  }
  // JSON is YAML. Sections given replace the defaults' whole.
  write_config(sections = {}) {
    this.settings = {
      clinic: { id: "test-clinic", timezone: "Europe/Moscow", branches: { 2: "Asia/Yekaterinburg" } },
      store: { folder: join(this.folder, "store") },
      export: { mode: "all", legal_ground: "invented data" },
      sources: [this.source()],
      sinks: [this.webhook_sink()],
      http: { listen: "127.0.0.1:0" },
      limits: { free_disk_bytes_min: 1_000_000 },
      ...sections,
    };
    writeFileSync(this.config_file, JSON.stringify(this.settings, null, 2));
  }
  // A command of the gateway that runs to its end.
  command(...args) {
    const [words, json] = [args.filter((word) => word !== "--json"), args.includes("--json")];
    const ran = spawnSync(program("mis-gateway"), [...words, "--config", this.config_file, ...(json ? ["--json"] : [])], {
      env: this.environment, encoding: "utf8", timeout: 120_000, maxBuffer: 1 << 28,
    });
    return {
      code: ran.status, stdout: ran.stdout, stderr: ran.stderr,
      get json() {
        return ran.stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
      },
    };
  }
  // Time that passed, or what nobody can order by a command, is written into the gateway's own store. Nothing else writes there meanwhile.
  alter_store(sql) {
    const script = `import sqlite3, subprocess, sys
unpacked = lambda frame: frame and subprocess.run(["lz4", "-d", "-c"], input=frame, capture_output=True, check=True).stdout.decode()
with sqlite3.connect(sys.argv[1]) as store:
    store.create_function("unpacked", 1, unpacked) # of what the store keeps as an LZ4 frame
    store.executescript(sys.stdin.read())`;
    const ran = spawnSync("python3", ["-c", script, join(this.settings.store.folder, "store.db")], { encoding: "utf8", input: sql });
    assert.equal(ran.status, 0, ran.stderr);
  }
  copy(from, to) {
    cpSync(join(this.folder, from), join(this.folder, to), { recursive: true });
  }

  // Waits until the receiver knows every row that stands in the MIS now (the MIS must rest) and nothing is on its way.
  async caught_up(seconds = 60) {
    const rows = this.count().streams;
    let last = "";
    await until(() => `the receiver knows what stands in the MIS: ${last}\n${this.gateway.new_log.slice(-1500)}`, () => {
      const known = fold(this.receiver.events);
      last = `appointments ${known.appointments.size} of ${rows.appointment}, procedures ${known.procedures.size} of ${rows.procedure}`;
      return known.appointments.size === rows.appointment && known.procedures.size === rows.procedure;
    }, seconds);
    await this.quiet(seconds);
  }
  // Two whole passes without a new event, and nothing pending.
  async quiet(seconds = 60) {
    let before = -1;
    let passes = 0;
    let last = "";
    await until(() => `nothing new arrives and nothing is pending: ${last}\n${this.gateway.new_log.slice(-1500)}`, async () => {
      const metrics = await this.gateway.metrics();
      const pending = Object.entries(metrics).filter(([name]) => name.startsWith("mis_gateway_outbox_events{"));
      const received = this.receiver.events.length;
      const pass = Object.entries(metrics).filter(([name]) => name.startsWith("mis_gateway_poll_last_success_timestamp_seconds"))
        .map(([, value]) => value).reduce((a, b) => Math.min(a, b), Infinity);
      last = `${received} events, before ${before}; pass ${pass}, from ${passes}; ${JSON.stringify(pending)}`;
      const set_back = pass < passes;  // the gateway's clock was
      if (received !== before || set_back || pending.some(([, value]) => value > 0)) {
        before = received;
        passes = pass;
        return false;
      }
      return pass > passes + 2;
    }, seconds);
  }
}

// JSON without regard to the order of keys.
export const canonical = (value) =>
  JSON.stringify(value, (_, part) =>
    part !== null && typeof part === "object" && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part);

// What a consumer of the events believes: by public id the last state of appointments and procedures that stand. It stops at what no correct sequence of
// events can contain: something announced twice, or taken back that never stood.
export function fold(events) {
  const seen = new Map();
  const appointments = new Map();
  const procedures = new Map();
  const payments = new Map();
  const problems = [];
  for (const event of events) {
    const text = canonical(event);
    if (seen.has(event.id)) {
      if (seen.get(event.id) !== text) problems.push(`id ${event.id} came again with other content`);
      continue;
    }
    seen.set(event.id, text);
    const type = event.type.slice("mis.".length, -".v1".length);
    const name = `${type} ${event.id}`;
    if (type === "appointment.removed") {
      if (!appointments.delete(event.data.appointment.id)) problems.push(`${name}: removed, but it did not stand`);
    } else if (type.startsWith("appointment.")) {
      // the first thing heard of a visit is the state in which it was first seen, which need not be "booked"
      const { id } = event.data.appointment;
      const before = appointments.get(id);
      const now = JSON.stringify([type, event.data]);
      if (before === undefined && ["appointment.moved", "appointment.payer_changed"].includes(type)) problems.push(`${name}: changed, but it did not stand`);
      if (before === now) problems.push(`${name}: says nothing new`);
      appointments.set(id, now);
    } else if (type === "procedure.performed") {
      if (procedures.has(event.data.procedure.id)) problems.push(`${name}: performed, but it stood already`);
      procedures.set(event.data.procedure.id, { ...event.data.procedure, event: event.id });
    } else if (type === "procedure.reversed") {
      const id = event.data.procedure.id ?? event.data.procedure;
      const standing = procedures.get(id);
      if (!standing) problems.push(`${name}: reversed, but it did not stand`);
      else if (event.data.performed_event && event.data.performed_event !== standing.event) problems.push(`${name}: reverses another event than the standing one`);
      procedures.delete(id);
    } else if (type === "billing.payment" || type === "billing.refund") {
      if (payments.has(event.data.payment)) problems.push(`${name}: the payment was announced before`);
      payments.set(event.data.payment, { ...event.data, event: event.id });
    } else if (type === "billing.payment_reversal") {
      const taken = [...payments].find(([, payment]) => payment.event === event.data.payment_event);
      if (!taken) problems.push(`${name}: takes back a payment that did not stand`);
      else payments.delete(taken[0]);
    }
  }
  return { appointments, procedures, payments, distinct: seen, problems };
}

// Per partition key the sequences count 1, 2, 3 …; in the order of first arrival, or (`Order.any`) only without gaps.
export function sequence_problems(events, { ordered = true } = {}) {
  const seen = new Set();
  const keys = new Map();
  const problems = [];
  for (const event of events) {
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    const known = keys.get(event.partitionkey) ?? { numbers: new Set(), last: 0 };
    const number = Number(event.sequence.slice(6));
    if (known.numbers.has(number)) problems.push(`${event.partitionkey}: sequence ${number} was given twice`);
    if (ordered && number <= known.last) problems.push(`${event.partitionkey}: ${number} came after ${known.last}`);
    known.numbers.add(number);
    known.last = Math.max(known.last, number);
    keys.set(event.partitionkey, known);
  }
  for (const [key, { numbers, last }] of keys) if (numbers.size !== last) problems.push(`${key}: ${last - numbers.size} of ${last} are missing`);
  return problems;
}

// The whole comparison: what stands in the MIS (asked of Firebird) is what the receiver believes, by number and by sum, and the stream has no flaw.
export function assert_agrees(clinic, { ordered = true, sums = true } = {}) {
  const events = clinic.receiver.events;
  const known = fold(events);
  assert.deepEqual(known.problems, []);
  assert.deepEqual(sequence_problems(events, { ordered }), []);
  const rows = clinic.count().streams;
  assert.equal(known.appointments.size, rows.appointment, "appointments that stand at the receiver = rows in the MIS");
  assert.equal(known.procedures.size, rows.procedure, "procedures that stand at the receiver = rows in the MIS");
  assert.equal(
    known.payments.size, rows.payment + rows.payment_advance + rows.payment_settlement + rows.payment_insurer, "payments at the receiver = rows in the MIS",
  );
  if (!sums) return known;
  // to the kopeck: what the bills' heads say is owed (AMOUNT…_DISC) is what the announced lines add up to
  const [[owed]] = clinic.sql(
    "select cast(sum((coalesce(T.AMOUNTCL_DISC, 0) + coalesce(T.AMOUNTJP_DISC, 0)) * 100) as bigint) from TREAT T where T.PCODE > 0 and " +
      "coalesce(T.ACCESSLEVEL, 0) <= 1 and exists (select 1 from ORDERDET L where L.ORDERNO = T.ORDERNO)",
  );
  const announced = [...known.procedures.values()].reduce((sum, procedure) => sum + procedure.total.minor, 0);
  assert.equal(announced, Number(owed), "sum of the standing procedures in kopecks = sum of the bills in the MIS");
  return known;
}
