// discover and calibrate on live bases: which MIS a base is, which streams it can serve, where it may keep what no connector knows, and what a site's overlay makes of it. No value of the base may come out.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Clinic, root } from "./clinic.mjs";
import { Invented, LINES } from "./invented.mjs";
import { SqlClinic, vendor_base } from "./sql_clinic.mjs";

const BITS =
  "18,17,16,15,14,13,12,11,21,22,23,24,25,26,27,28,48,47,46,45,44,43,42,41,31,32,33,34,35,36,37,38,55,54,53,52,51,61,62,63,64,65,85,84,83,82,81,71,72,73,74,75";
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

// What a clinic has that no public source tells: payments with people's words, a tooth column, a table of policies nobody may read.
const UNKNOWN = `
alter table OrderServiceRelation add ToothNo smallint;
update OrderServiceRelation set ToothNo = 16 where ID < 3;
create table CashPayments (PayID integer primary key, Client integer, At timestamp(3), Summa numeric(19,4), Vid varchar(20), Prim varchar(200));
insert into CashPayments values (901, 1, localtimestamp(0) - interval '3 hours', 1500.50, 'нал', 'Тестова Анна, тел. 89000000001'), (902, 1, localtimestamp(0) - interval '2 hours', 700, 'карта', 'Скрытнова, полис СЕКРЕТ-77');
create index cash_at on CashPayments (At);
`;
const SECRETS = /Тестов|Скрытнов|89000000001|СЕКРЕТ|1500|нал\b|карта/;

for (const as of ["sql_server", "postgresql"])
  test(`${as}: a base is known by its tables; streams, optional columns and candidates are told, no value is`, async (t) => {
    const clinic = await SqlClinic.make(t, { as, connector: "ident", base: vendor_base("ident", as) + UNKNOWN });
    const told = await clinic.command("discover", "mis");
    assert.equal(told.code, 0, told.stdout + told.stderr);
    assert.match(told.stdout, /it is ident \(IDENT .*by its tables Receptions, CurrentTimeTable, Staffs, OrderServiceRelation; version: row versions of the timetable/);
    assert.match(told.stdout, /^ {2}slot +yes$/m, told.stdout);
    assert.match(told.stdout, /^ {2}payment +no: this base has no table MisGatewayPayments$/m);
    assert.match(told.stdout, /optional, and here: .*CurrentTimeTable\.RowVersion/i);
    assert.match(told.stdout, /optional, and not here: .*OrderServiceRelation\.RowVersion/i);
    assert.match(told.stdout, /OrderServiceRelation\.ToothNo: (smallint|numeric).*; \d+ rows; 99$/im, told.stdout);
    assert.match(told.stdout, /CashPayments: 2 rows\n(.*\n)*? {6}Summa .*9999\.99.*\n {6}Vid .*; а\n {6}Prim .*; '?Аа/i, told.stdout);
    assert.doesNotMatch(told.stdout + told.stderr, SECRETS);
    const json = (await clinic.command("discover", "mis", "--json")).json;
    assert.equal(json.find((line) => line.connector === "ident" && "recognised" in line).recognised, true);
    assert.deepEqual(json.filter((line) => line.connector === "medialog"), [], "it is not that one");
    assert.equal(json.find((line) => line.stream === "limit").served, false);
    const tooth = json.find((line) => line.question === "tooth").candidates;
    assert.deepEqual(tooth.map(({ column, shapes }) => [column.toLowerCase(), Object.values(shapes)]), [["toothno", [["99"]]]]);
    assert.doesNotMatch(JSON.stringify(json), SECRETS);

    // another connector is configured: the base says which it is
    clinic.connector = "medialog";
    clinic.write_config();
    const other = await clinic.command("discover", "mis");
    assert.match(other.stdout, /medialog \(.*\) is configured, but this base is not known by its tables: .*PLANNING/);
    assert.match(other.stdout, /it is ident .*\n {2}to read it, configure connector: ident/);
    clinic.connector = "infoclinica"; // written for another kind of base
    clinic.write_config();
    const foreign = await clinic.command("discover", "mis");
    assert.match(foreign.stderr, /infoclinica is written for firebird, this base speaks/);
    assert.match(foreign.stdout, /it is ident/);
    clinic.connector = "no_such";
    clinic.write_config();
    const none = await clinic.command("discover", "mis");
    assert.equal(none.code, 0, none.stderr);
    assert.match(none.stderr, /no connector 'no_such'/);
    assert.match(none.stdout, /it is ident/);
  });

test("an overlay is written, filled in, tested and read: payments that the shipped connector cannot know", async (t) => {
  const clinic = await SqlClinic.make(t, { as: "postgresql", connector: "ident", base: vendor_base("ident", "postgresql") + UNKNOWN });
  const overlay = join(clinic.folder, "site");
  const written = await clinic.command("discover", "mis", "--write", overlay);
  assert.equal(written.code, 0, written.stderr);
  const yaml = readFileSync(join(overlay, "overlay.yaml"), "utf8");
  const draft = readFileSync(join(overlay, "draft/payment.fetch.sql"), "utf8");
  assert.match(yaml, /^ {2}# line_teeth_column: "toothno" {3}# orderservicerelation: .*99$/m);
  assert.match(draft, /^-- fill me in/);
  assert.match(draft, /cashpayments: 2 rows/);
  assert.doesNotMatch(yaml + draft, SECRETS);
  assert.match((await clinic.command("discover", "mis", "--write", overlay)).stderr, /is not empty/);

  // as it was written it changes nothing, and passes
  const version = async () => (await clinic.command("check")).stdout;
  clinic.write_config({ sources: [clinic.source({ overlay })] });
  assert.match(await version(), new RegExp(`overlay: ${overlay}`));
  const tested = () => clinic.command_without_config("connector", "test", "ident", "--overlay", overlay);
  let said = await tested();
  assert.equal(said.code, 0, said.stdout + said.stderr);

  // the clinic's payments, straight from its own table
  const shipped = (name) => readFileSync(join(root, "connectors/ident", name), "utf8");
  const fetch = "select P.PayID as ID, P.Client, P.At, P.Summa, P.Vid from CashPayments P where {slice}\n";
  writeFileSync(join(overlay, "payment.fetch.sql"), fetch);
  said = await tested();
  assert.equal(said.code, 1);
  assert.match(said.stdout, new RegExp(`payment\\.fetch\\.sql: ${sha256(shipped("payment.fetch.sql"))}`));
  writeFileSync(
    join(overlay, "payment.sql"),
    "select 'cash-' || id as source_id, client as patient_source_id, local_ts(null, at) as paid_at, money(summa) as amount, 'payment' as kind, code('vid', vid) as method from rows\n",
  );
  writeFileSync(join(overlay, "codes.csv"), "list,mis_code,canonical,comment\nvid,нал,cash,\nvid,карта,card,\n");
  const absent = ["branch_source_id", "limit_source_id", "payer", "source_modified_at"].map((field) => `${field}: not kept`).join(", ");
  writeFileSync(
    join(overlay, "overlay.yaml"),
    `connector: ident
site: {line_teeth_column: ToothNo, line_teeth_form: list}
shipped:
  payment.fetch.sql: ${sha256(shipped("payment.fetch.sql"))}
  payment.sql: ${sha256(shipped("payment.sql"))}
streams:
  payment:
    key: P.PayID
    key_column: id
    requires_table: CashPayments
    window: {column: P.At, past_days: 30, future_days: 1}
    columns: {id: integer, client: integer, at: timestamp, summa: decimal, vid: text}
    absent: {${absent}}
`,
  );
  said = await tested();
  assert.equal(said.code, 1);
  assert.match(said.stdout, /stream payment has no cases/);
  const the_case = join(overlay, "cases/payment/cash");
  mkdirSync(the_case, { recursive: true });
  writeFileSync(join(the_case, "rows.jsonl"), '{"id": 1, "client": 7, "at": "2026-03-02 10:00:00", "summa": "100.00", "vid": "нал"}\n');
  assert.equal((await clinic.command_without_config("connector", "test", "ident", "--overlay", overlay, "--update")).code, 0);
  assert.match(readFileSync(join(the_case, "expected.records.jsonl"), "utf8"), /"method":"cash".*"source_id":"cash-1"/);
  said = await tested();
  assert.equal(said.code, 0, said.stdout);

  const checked = await clinic.command("check");
  assert.match(checked.stdout, /overlay of stream payment: declaration, fetch, map/, checked.stdout);
  assert.match(checked.stdout, /overlay's site: line_teeth_column = ToothNo/);
  const read = await clinic.command("sync", "--once");
  assert.equal(read.code, 0, read.stdout + read.stderr);
  const previewed = (await clinic.command("preview", "mis", "payment")).json;
  assert.deepEqual(previewed.map((record) => [record.source_id, record.amount.minor, record.method]), [["cash-901", 150050, "cash"], ["cash-902", 70000, "card"]]);
  const lines = (await clinic.command("preview", "mis", "procedure")).json;
  assert.deepEqual(lines.find((record) => record.source_id === "1").teeth, ["16"], JSON.stringify(lines));

  // a changed map of the overlay is a change of meaning: held, not announced
  const announced = (await clinic.command("events", "--limit", "9000", "--json")).json.length;
  writeFileSync(join(overlay, "codes.csv"), "list,mis_code,canonical,comment\nvid,нал,card,\nvid,карта,card,\n");
  const again = await clinic.command("sync", "--once");
  assert.match((await clinic.command("hold", "list")).stdout, /payment/, again.stdout);
  assert.equal((await clinic.command("events", "--limit", "9000", "--json")).json.length, announced);

  // an upgrade of the connector stops that stream alone
  writeFileSync(join(overlay, "overlay.yaml"), readFileSync(join(overlay, "overlay.yaml"), "utf8").replace(sha256(shipped("payment.sql")), "0".repeat(64)));
  const stopped = await clinic.command("sync", "--once", "--json");
  const states = Object.fromEntries(stopped.json.filter((line) => line.stream && line.state).map((line) => [line.stream, line.state]));
  assert.match(states.payment, /payment\.sql replaces payment\.sql of another version/);
  assert.equal(states.procedure, "ok");
  clinic.write_config({ sources: [clinic.source({ overlay: join(clinic.folder, "none") })] });
  assert.match((await clinic.command("check")).stderr, /gateway\.yaml:\d+: .*overlay: .*none is no folder/);
});

test("calibrate: the tooth mask beside the decoded teeth, known rows, a table learned from them", async (t) => {
  const clinic = await SqlClinic.make(t, { as: "postgresql", connector: "ident", base: vendor_base("ident", "postgresql") });
  const bare = await clinic.command("calibrate", "mis");
  assert.match(bare.stdout, /row +id_treatmentplans +service_id +name +element +teethlong +bits +teeth/, bare.stdout + bare.stderr);
  assert.match(bare.stdout, /^2 .* 65536 +16 *$/m, bare.stdout);
  assert.doesNotMatch(bare.stdout, /Зуб|Пломба/, "people's words are masked");
  assert.match(bare.stdout, /tooth_bits is empty/);
  assert.match(bare.stdout, /^ *60 +1 /m);

  const tried = await clinic.command("calibrate", "mis", "teeth", "--site", `tooth_bits=${BITS}`, "--unmasked");
  assert.equal(tried.code, 1, "a bit without a tooth occurs");
  assert.match(tried.stdout, /^1 .*Зуб 16 +4 +2 +16 *$/m, tried.stdout);
  assert.match(tried.stdout, /^4 .* 0 13 32 +18 26 55 *$/m, tried.stdout);
  assert.match(tried.stdout, /^7 .*set aside: /m);
  assert.match(tried.stdout, /60 +1 +-- +its rows are set aside/);
  assert.match((await clinic.command("audit", "show")).stdout, /calibrate mis teeth/);

  const known = join(clinic.folder, "known.csv");
  writeFileSync(known, "row,value\n1,16\n2,4.8\n4,18 26 55\n");
  const right = await clinic.command("calibrate", "mis", "--site", `tooth_bits=${BITS}`, "--known", known);
  assert.equal(right.code, 0, right.stdout + right.stderr);
  assert.match(right.stdout, /3 known rows, 0 different\nthey fit tooth_bits: "--,--,16,--,--,.*,48"/);
  writeFileSync(known, "row,value\n1,17\n2,48\n99,11\n");
  const wrong = await clinic.command("calibrate", "mis", "--site", `tooth_bits=${BITS}`, "--known", known);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout, /^1 .* 16 +17 {2}DIFFERENT/m, wrong.stdout);
  assert.match(wrong.stderr, /no row 99 in stream plan_item/);
  assert.match((await clinic.command("calibrate", "mis", "tooth")).stderr, /has no 'tooth'.*there are: teeth/);
  assert.match((await clinic.command("calibrate", "mis", "--site", "bits=1")).stderr, /--site bits=1: KEY=VALUE/);
  writeFileSync(known, "row;value\n");
  assert.match((await clinic.command("calibrate", "mis", "--known", known)).stderr, /known\.csv:1: the first line has to be `row,value`/);
});

test("ident: an overlay that leaves cells of days gone by unread, the first time too", async (t) => {
  for (const as of ["sql_server", "postgresql"]) {
    const old = "insert into CurrentTimeTable (ID, DateOfWork, ID_Times, ID_Armchairs, ID_Staffs, IsWorkingTime, IsHeaderCell) select 90000 + n, CURRENT_DATE - 100, 1 + n % 96, 1, 101, 1, 0 from generate_series(1, 500) n;";
    const clinic = await SqlClinic.make(t, { as, connector: "ident", base: vendor_base("ident", as) + old });
    const overlay = join(clinic.folder, "site");
    mkdirSync(overlay);
    const shipped = readFileSync(join(root, "connectors/ident/slot.fetch.sql"), "utf8");
    writeFileSync(join(overlay, "slot.fetch.sql"), shipped.replace("and {slice}", "and C.DateOfWork >= {day:-1} and {slice}"));
    writeFileSync(join(overlay, "overlay.yaml"), `connector: ident\nshipped: {slot.fetch.sql: ${sha256(shipped)}}\n`);
    clinic.write_config({ sources: [clinic.source({ overlay })] });
    const read = await clinic.command("sync", "--once", "--json");
    assert.equal(read.code, 0, read.stderr);
    const rows = read.json.find((line) => line.stream === "slot").rows;
    assert.ok(rows > 20 && rows < 200, `${as}: ${rows} cells read`);
    const compared = await clinic.command("reconcile", "mis");
    assert.doesNotMatch(compared.stdout, /differed|degraded/, compared.stdout);
  }
});

test("firebird: known by its tables, candidates with keys and indexes, shapes and no values, an overlay that names a column", (t) => {
  const clinic = Invented.make(t, {
    ...LINES,
    base: `${LINES.base}commit;\nalter table USL add ZUB_NO varchar(10);\ncreate index USL_ZUB on USL (ZUB_NO);\ncommit;\nupdate USL set ZUB_NO = '4.8';\ncreate table POLIS (ID integer not null primary key, FIO varchar(60), NUM varchar(20), B blob);\ncommit;\ninsert into POLIS values (1, 'Скрытнова Тестова', 'СЕКРЕТ-77', 'x');\ncommit;\n`,
    site: "{tooth_column: ''}",
    streams: { procedure: { ...LINES.streams.procedure, yaml: `${LINES.streams.procedure.yaml.replace("ch: timestamp}", "ch: timestamp, tooth: text}")}`, fetch: "select U.ID, U.PAT, U.DT, U.SUMMA, U.CH, {site:tooth_column:U:USL|null} as TOOTH from USL U where U.DT >= {day:-30} and {slice}", map: LINES.streams.procedure.map.replace(" from rows", ", teeth(tooth) as teeth from rows") } },
  });
  const yaml_file = join(clinic.connector, "connector.yaml");
  writeFileSync(
    yaml_file,
    `${readFileSync(yaml_file, "utf8")}recognise: {all: [USL], any: [POLIS, NONE], version: "select 'v' || count(*) from USL"}\nunknown:\n  tooth: {about: the tooth, words: [zub], site: [tooth_column]}\n  policies: {about: policies, of: tables, words: [polis], streams: [procedure]}\ncalibrate:\n  tooth: {about: teeth, stream: procedure, raw: tooth, field: teeth}\n`,
  );
  const told = clinic.command("discover", "mis");
  assert.equal(told.code, 0, told.stderr);
  assert.match(told.stdout, /it is connector \(invented\), by its tables USL, POLIS; version: v1/);
  assert.match(told.stdout, /^ {2}procedure +yes$/m, told.stdout);
  assert.match(told.stdout, /USL\.ZUB_NO: VARCHAR\(10\) of UTF8, indexed; 1 row; 9\.9$/m);
  assert.match(told.stdout, /POLIS: 1 row\n {6}ID INTEGER; 9\n {6}FIO .*; 'Аа Аа'\n {6}NUM .*; А-99\n {6}B BLOB$/m, told.stdout);
  assert.doesNotMatch(told.stdout + told.stderr, /Скрытнов|Тестов|СЕКРЕТ/);
  const overlay = join(clinic.folder, "site");
  assert.equal(clinic.command("discover", "mis", "--write", overlay).code, 0);
  const yaml = readFileSync(join(overlay, "overlay.yaml"), "utf8");
  assert.match(yaml, /^ {2}# tooth_column: "ZUB_NO"/m);
  assert.ok(existsSync(join(overlay, "draft/procedure.fetch.sql")));
  const calibrated = clinic.command("calibrate", "mis", "--unmasked", "--site", "tooth_column=ZUB_NO");
  assert.match(calibrated.stdout, /^1 +4\.8 +48 *$/m, calibrated.stdout + calibrated.stderr);
  writeFileSync(join(overlay, "overlay.yaml"), yaml.replace('# tooth_column: "ZUB_NO"', 'tooth_column: "ZUB_NO"'));
  clinic.write_config({ sources: [clinic.source({ overlay })] });
  const [record] = clinic.command("preview", "mis", "procedure").json;
  assert.deepEqual(record.teeth, ["48"]);
  clinic.write_config({ sources: [clinic.source({ overlay, site: { tooth_column: "NONE" } })] }); // the configuration's value wins over the overlay's
  assert.match(clinic.command("preview", "mis", "procedure").stderr, /table USL has no column NONE/);
});

test("firebird: the simulated base is known as what it is, with every stream that it has tables for", async (t) => {
  const clinic = await Clinic.make(t, { patients: 10, procedures: 10 });
  clinic.write_config();
  const told = clinic.command("discover", "mis");
  assert.equal(told.code, 0, told.stderr);
  assert.match(told.stdout, /it is infoclinica \(/);
  assert.match(told.stdout, /^ {2}appointment +yes$/m, told.stdout);
  assert.match(told.stdout, /optional, and (not )?here: /);
});
