// Exports in a folder through the real program: a partner's register as the source of limits, with everything that people do to such files.
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ExportsClinic } from "./exports_clinic.mjs";

const HEAD = "Номер полиса;ФИО;Дата рождения;Телефон;Лимит;Использовано";
const row = (number, sum, rest = "") => `${number};Тестова Анна Пробовна;01.02.1990;89000000001;${sum};${rest}`;

class FilesClinic extends ExportsClinic {
  static async make(t, files = {}) {
    return super.make(t, { connector: "partner_register", register: true, files, site_values: { partner: "Пробный партнёр" } });
  }
  // A file that somebody has finished saving.
  async save(name, text) {
    const path = join(this.exports, name);
    writeFileSync(path, text);
    await new Promise((resolve) => setTimeout(resolve, 1300));
    return path;
  }
  async limits() {
    const ran = await this.command("limit", "--json");
    assert.equal(ran.code, 0, ran.stderr);
    return ran.json;
  }
  async synced() {
    const ran = await this.sync();
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
    return ran;
  }
  async told() {
    return (await this.events()).map((event) => event.type.replace(/^mis\.|\.v\d+$/g, ""));
  }
}
const csv = (...rows) => `\uFEFF${[HEAD, ...rows].join("\r\n")}\r\n`;

test("a register is read once, again when its content changed, and a row that is gone ends its limit", async (t) => {
  const clinic = await FilesClinic.make(t);
  await clinic.save("Реестр март.csv", csv(row("П-1", "15 000,00"), row("П-2", "20000"), row("П-3", "7 500,50")));
  const checked = await clinic.command("check");
  assert.match(checked.stdout, /rights: such a source does not tell them; the gateway only reads/);
  assert.match(checked.stdout, /limit/, checked.stderr);
  await clinic.synced();
  const records = await clinic.command("preview", "mis", "limit", "--json");
  assert.match(records.stdout, /1500000/, records.stdout + records.stderr);
  assert.match(records.stdout, /750050/);
  const first = await clinic.told();
  await clinic.synced();
  assert.deepEqual(await clinic.told(), first, "the same file tells nothing new");

  // saved again under another name with a raised limit and one row less
  await clinic.save("Реестр апрель.csv", csv(row("П-1", "25 000,00"), row("П-2", "20000")));
  await clinic.synced();
  const reconciled = await clinic.command("reconcile", "mis");
  assert.equal(reconciled.code, 0, reconciled.stdout + reconciled.stderr);
  const now = await clinic.command("preview", "mis", "limit", "--json");
  assert.match(now.stdout, /2500000/);
  assert.doesNotMatch(now.stdout, /750050/);
});

test("half-written, truncated, unreadable and wrong files store nothing and say what to do; one bad line costs one line", async (t) => {
  const clinic = await FilesClinic.make(t);
  const path = await clinic.save("Реестр.csv", csv(row("П-1", "15000"), row("П-2", "двадцать тысяч"), row("П-3", "7500")));
  await clinic.sync();
  const quarantine = await clinic.command("quarantine");
  assert.match(quarantine.stdout, /П-2|limit/);
  const standing = (await clinic.command("preview", "mis", "limit", "--json")).stdout;
  assert.match(standing, /1500000/);
  const told = await clinic.told();

  // somebody is writing it right now
  clinic.files = { settle_seconds: 600 };
  clinic.write_config();
  writeFileSync(path, csv(row("П-1", "99")).slice(0, 90));
  const busy = await clinic.sync();
  assert.match(busy.stdout + busy.stderr, /may still be written/);
  clinic.files = {};
  clinic.write_config();
  assert.deepEqual(await clinic.told(), told, busy.stdout + busy.stderr);

  // a heading that is needed is not there
  await clinic.save("Реестр.csv", csv(row("П-1", "15000")).replace("Лимит", "Итого по договору"));
  const wrong = await clinic.sync();
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stdout + wrong.stderr, /Лимит/, "names what was looked for");
  assert.match(wrong.stdout + wrong.stderr, /Итого по договору/, "and what is there");
  assert.doesNotMatch(wrong.stdout + wrong.stderr, /Тестова|89000000001/);
  assert.deepEqual(await clinic.told(), told);

  // the folder is away, or closed to us
  rmSync(clinic.exports, { recursive: true });
  const away = await clinic.sync();
  assert.notEqual(away.code, 0);
  assert.match(away.stdout + away.stderr, /exports/);
  assert.deepEqual(await clinic.told(), told);

  // and all is well again: nothing was taken for gone meanwhile
  mkdirSync(clinic.exports);
  await clinic.save("Реестр.csv", csv(row("П-1", "15000"), row("П-2", "20000"), row("П-3", "7500")));
  await clinic.synced();
  assert.doesNotMatch((await clinic.command("quarantine")).stdout, /П-2/);
  assert.match((await clinic.command("preview", "mis", "limit", "--json")).stdout, /2000000/);
});

test("Windows-1251, tabs and a title above the heading are read; a binary file is refused by name", async (t) => {
  const clinic = await FilesClinic.make(t, { encoding: "WIN1251" });
  const text = `Реестр застрахованных\n\n${[HEAD, row("П-9", "12000")].join("\n")}\n`;
  const cp1251 = Buffer.from([...text].map((c) => {
    const code = c.codePointAt(0);
    if (code === 0x451) return 0xb8;
    if (code === 0x401) return 0xa8;
    if (code >= 0x410 && code <= 0x44f) return code - 0x410 + 0xc0;
    return code;
  }));
  await clinic.save("Реестр.csv", cp1251);
  await clinic.synced();
  assert.match((await clinic.command("preview", "mis", "limit", "--json")).stdout, /1200000/);
  await clinic.save("Реестр.xlsx", Buffer.from("PK\u0003\u0004 no workbook"));
  const refused = await clinic.sync();
  assert.notEqual(refused.code, 0);
  assert.match(refused.stdout + refused.stderr, /Реестр\.xlsx/);
});
