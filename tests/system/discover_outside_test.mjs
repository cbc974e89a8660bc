// discover on what is no base: exports in a folder and services. What it is, its columns and the shapes of their values, candidates for what is not known; no value may come out.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Archimed } from "../support/archimed.mjs";
import { Netrika } from "../support/netrika.mjs";
import { ExportsClinic } from "./exports_clinic.mjs";
import { RestClinic } from "./rest_clinic.mjs";

class FolderClinic extends ExportsClinic {
  static async make(t) {
    return super.make(t, { connector: "partner_register", register: true, settle_seconds: 0, site_values: { partner: "Пробный партнёр" } });
  }
  save(name, content) {
    writeFileSync(join(this.exports, name), content);
  }
}
const VALUES = /Тестова|Примеров|89000000001|15\s?000|П-1|СЕКРЕТ/;
const people = (head) => `${head}\nП-1;Тестова Анна Пробовна;01.02.1990;89000000001;15 000,00\nП-2;Примеров Пётр;02.02.1991;89000000002;7 500,50\n`;

test("files: columns and shapes, which connector knows them, candidates for a heading that nobody knows", async (t) => {
  const clinic = await FolderClinic.make(t);
  clinic.save("Реестр март.csv", people("Номер полиса;ФИО;Дата рождения;Телефон;Итого по договору"));
  clinic.save("сотрудники.csv", "Тестова Анна;СЕКРЕТ-77\nПримеров Пётр;СЕКРЕТ-78\n");
  clinic.save("рваный.xlsx", "PK\u0003\u0004 no workbook");
  clinic.save("письмо.docx", "nothing of ours");
  const unknown = await clinic.command("discover", "mis");
  assert.equal(unknown.code, 0, unknown.stdout + unknown.stderr);
  const all = unknown.stdout + unknown.stderr;
  assert.match(all, /Реестр март\.csv\n(.*\n)*? {2}Итого по договору +named so +.*99 999,99/);
  assert.match(all, /Номер полиса +named so +А-9/);
  assert.match(all, /сотрудники\.csv\n(.*\n)*? {2}column 1 +no heading +.*Аа/, "a first row that may be somebody's is no heading");
  assert.match(all, /рваный\.xlsx\n.*is no whole XLSX file/);
  assert.doesNotMatch(all, /письмо/);
  assert.match(all, /partner_register \(.*\) is configured|it is partner_register .*patient in Реестр март\.csv/);
  assert.match(all, /limit +no: .*none of its first 20 rows is a heading with the columns of stream limit/);
  assert.match(all, /unknown: limit\.granted: .*files\.columns.*\n {4}Реестр март\.csv\.Итого по договору: named so; 2 rows; /);
  assert.doesNotMatch(all, VALUES);

  const overlay = join(clinic.folder, "site");
  const written = await clinic.command("discover", "mis", "--write", overlay);
  assert.equal(written.code, 0, written.stdout + written.stderr);
  const yaml = readFileSync(join(overlay, "overlay.yaml"), "utf8");
  assert.match(yaml, /^#   limit\.granted: "Итого по договору" {3}# Реестр март\.csv: /m);
  assert.doesNotMatch(yaml, VALUES);
  const tested = await clinic.command_without_config("connector", "test", "partner_register", "--overlay", overlay);
  assert.equal(tested.code, 0, tested.stdout + tested.stderr);

  // the answer goes into the configuration, and the file is known
  clinic.files = { columns: { "limit.granted": "Итого по договору" } };
  clinic.write_config();
  const known = await clinic.command("discover", "mis");
  assert.match(known.stdout, /it is partner_register \(.*\), by patient in Реестр март\.csv \(\d of \d columns\), limit in Реестр март\.csv/);
  assert.match(known.stdout, /limit +yes/);
  const json = (await clinic.command("discover", "mis", "--json")).json;
  assert.doesNotMatch(JSON.stringify(json), VALUES);
  assert.deepEqual(json.find(({ table }) => table === "сотрудники.csv").columns.map(({ column }) => column), ["column 1", "column 2"]);
});

test("a service: what its answers hold, whether the connector reads it or not", async (t) => {
  const archimed = await Archimed.start(t);
  archimed.doctors.push({ id: 5, name: "Пробный", name1: "Врач", type: "терапевт", branch_id: 0 });
  archimed.add_patient(77, "89000000001");
  const clinic = await RestClinic.make(t, { url: archimed.url, connector: "archimed", secret: archimed.secret, http: { user: archimed.id, per_second: 1000 } });
  const told = await clinic.command("discover", "mis");
  assert.equal(told.code, 0, told.stdout + told.stderr);
  assert.match(told.stdout, /^patient\n(.*\n)*? {2}gendertype +text +9$/m, "a field that no stream reads");
  assert.match(told.stdout, /birthdate +text +99\.99\.9999/);
  assert.match(told.stdout, /practitioner +yes/);
  assert.doesNotMatch(told.stdout + told.stderr, /Тестова|Пробный|89000000001|archimed-secret|терапевт/);
  archimed.server.trouble = ({ path }) => (path.endsWith("/medcards") ? { status: 500, text: "Тестова" } : undefined);
  const failed = await clinic.command("discover", "mis");
  assert.match(failed.stdout, /patient\n.*HTTP 500/);
  assert.doesNotMatch(failed.stdout + failed.stderr, /Тестова/);
});

test("a service is known by what it answers, whatever connector is configured", async (t) => {
  const hub = await Netrika.start(t, { guid: "guid-of-a-clinic-1" });
  hub.doctors.push({ id: "d-5", name: "Пробный Врач", specialty: "терапевт" });
  const asked = [];
  hub.server.route("GET", "/hub25/HubService.svc", ({ query, headers }) => {
    asked.push({ query, headers });
    return "wsdl" in query ? { type: "text/xml", text: '<definitions><portType name="IHubService"><operation name="GetAvaibleAppointments"/></portType></definitions>' } : { status: 400 };
  });
  const clinic = await RestClinic.make(t, { url: hub.url, connector: "netrika", secret: "guid-of-a-clinic-1", site: { lpu: "123" }, http: { per_second: 1000 } });
  const told = await clinic.command("discover", "mis");
  assert.match(told.stdout, /it is netrika \(.*\), by what it answers at \?wsdl: IHubService, GetAvaibleAppointments/, told.stdout + told.stderr);
  assert.match(told.stdout, /practitioner\n(.*\n)*? {2}NameEssence +text +/);
  assert.doesNotMatch(told.stdout + told.stderr, /Пробный|guid-of-a-clinic/);
  clinic.connector = "archimed";
  clinic.write_config();
  const other = await clinic.command("discover", "mis");
  assert.match(other.stdout, /it is netrika/, other.stdout + other.stderr);
  assert.match(other.stdout, /to read it, configure connector: netrika/);
  assert.doesNotMatch(JSON.stringify(asked), /guid-of-a-clinic/, "the key of another kind of login is not tried on it");
});
