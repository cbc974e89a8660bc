// The canary: words that occur nowhere else, planted in every private column of the clinic's base. They must not occur in any byte that leaves (webhook,
// file sink), is logged, or is shown by metrics and health; nor, masked, in what the commands print.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Clinic, until } from "../system/clinic.mjs";

// column → what is planted; NN becomes the row's number. Invented, and visibly so.
const planted = {
  CLIENTS: {
    key: "PCODE", FULLNAME: "Канарейкина Пташка NN", LASTNAME: "Канарейкина", FIRSTNAME: "Пташка", MIDNAME: "Клеточновна", PHONE1: "+7 900 777-66-NN", PHONE2: "8(900)888-77-NN",
    PHONE3: "900999-88-NN", CLMAIL: "kanareika-NN@example.invalid", HISTNUM: "KANAR-KARTA-NN",
  },
  CLHISTNUM: { key: "HISTID", NSP: "KANAR-POLIS-NN" },
  SCHEDULE: { key: "SCHEDID", COMMENT: "Канарейкин комментарий, телефон 9007776600" },
  TREAT: { key: "TREATCODE", COMMENT: "Канарейкин диагноз", NSP: "KANAR-POLIS-LECH" },
  INCOM: { key: "PAYNUM", COMMENT: "Канарейка платит" },
  DOCTOR: { key: "DCODE", FULLNAME: "Докторканар Имярек", DNAME: "Докторканар", SNILS: "777-666-555 00" },
};
// what must not be found; telephone numbers are looked for in any spelling as well
const words = ["канарей", "пташка", "клеточнов", "kanar", "докторканар", "777-66", "888-77", "999-88", "777-666-555"];
// a day of birth is private as well
const born = "1977-07-07";

function find(text, where) {
  const lower = text.toLowerCase();
  for (const word of [...words, born]) {
    const at = lower.indexOf(word);
    assert.equal(at, -1, `${where} holds “${word}”: …${text.slice(Math.max(0, at - 80), at + 60)}…`);
  }
  // a telephone number in any spelling; ids and times are runs of other characters and stay apart
  for (const [run] of text.matchAll(/\+?\d[\d ()-]{8,20}\d/g)) {
    const digits = run.replace(/\D/g, "");
    assert.ok(!/^(7|8)?900(7776|8887|9998)\d{3}$/.test(digits), `${where} holds a telephone number`);
  }
}

test("nothing private leaves, is logged, or is shown", async (t) => {
  const clinic = await Clinic.make(t, { patients: 20, procedures: 30 });
  await clinic.live({ actions: 30, rate: 200, seed: 21 });
  for (const [table, { key, ...columns }] of Object.entries(planted)) {
    const values = Object.entries(columns).map(([column, text]) => {
      const parts = text.split("NN");
      return `${column} = ${parts.map((part) => `'${part}'`).join(` || cast(mod(${key}, 90) + 10 as varchar(2)) || `)}`;
    });
    clinic.sql(`update ${table} set ${values.join(", ")}`);
  }
  clinic.sql(`update CLIENTS set BDATE = '${born}'`);
  const [[with_names]] = clinic.sql("select count(*) from CLIENTS where LASTNAME = 'Канарейкина'");
  assert.ok(Number(with_names) >= 20, "the canaries are in the base");
  // rows that nobody can read: quarantine, with its reasons, must not sing either
  clinic.sql("update ORDERDET set ZUB = 'Канарейкин зуб' where ODETID = (select min(ODETID) from ORDERDET)");
  clinic.sql("update TREAT set DOCTYPE = 77 where TREATCODE = (select max(TREATCODE) from TREAT)");

  const bytes = [];
  let refusals = 0;
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks);
      bytes.push(`${JSON.stringify(request.headers)} ${request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw}`);
      if (++refusals <= 3) {
        response.statusCode = 500; // errors are told too
        response.end('{"error":"on purpose"}');
      } else response.end("{}");
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))));
  clinic.write_config({
    sinks: [clinic.webhook_sink({ url: `http://127.0.0.1:${server.address().port}/in` }), clinic.file_sink()],
    log: { level: "debug" },
  });
  await clinic.gateway.start();
  await until("events leave", () => bytes.length > 5);
  // life goes on, on planted rows: moves, corrections, deletions tell of them again
  for (let seed = 1; seed <= 4; ++seed) {
    clinic.simulator("live", "--actions", "8", "--rate", "200", "--seed", String(seed));
    const passed = async () => (await clinic.gateway.metrics())['mis_gateway_poll_last_success_timestamp_seconds{source="mis",stream="payment"}'];
    const before = await passed();
    await until("a pass", async () => (await passed()) > before);
  }
  await until("nothing is pending", async () => (await clinic.gateway.metrics())['mis_gateway_outbox_events{sink="exchange"}'] === 0);
  const shown = [];
  for (const path of ["/metrics", "/healthz", "/livez", "/readyz"]) shown.push((await clinic.gateway.http(path)).body);
  assert.equal(await clinic.gateway.stop(), 0);

  const sent = bytes.join("\n");
  assert.match(sent, /mis\.procedure\.performed\.v1/);
  assert.match(sent, /mis\.appointment\./);
  assert.match(sent, /mis\.billing\.payment\.v1/);
  find(sent, "what was posted");
  for (const name of readdirSync(join(clinic.folder, "events"))) find(readFileSync(join(clinic.folder, "events", name), "utf8"), "the event log");
  find(clinic.gateway.log + clinic.gateway.output, "the log");
  find(shown.join("\n"), "metrics and health");

  await t.test("commands mask private fields, and say what was looked at unmasked", () => {
    for (const stream of ["patient", "appointment", "practitioner", "limit", "procedure", "payment"]) {
      const preview = clinic.command("preview", "mis", stream, "--limit", "20");
      assert.equal(preview.code, 0, preview.stderr);
      if (stream !== "practitioner") find(preview.stdout + preview.stderr, `preview ${stream}`);
    }
    const quarantine = clinic.command("quarantine", "--json");
    assert.ok(quarantine.json.length >= 1, "the unreadable tooth stands in quarantine");
    find(quarantine.stdout + quarantine.stderr, "quarantine");
    const one = clinic.command("quarantine", "--show", String(quarantine.json[0].number), "--json");
    find(one.stdout, "quarantine --show");
    for (const command of [["events", "--limit", "100000"], ["dead-letters"], ["plan"], ["limit"], ["limit", "comments"], ["order", "list"], ["hold", "list"], ["audit", "show"], ["map-code"], ["reconcile"]]) {
      const ran = clinic.command(...command);
      find(ran.stdout + ran.stderr, command.join(" "));
    }
    const reconciled = clinic.command("reconcile", "--json");
    assert.equal(reconciled.code, 1, "P6: rows that cannot be read stand in reconcile");
    const aside = reconciled.json.filter((line) => line.quarantined > 0);
    assert.equal(aside.reduce((sum, line) => sum + line.quarantined, 0), quarantine.json.length);
    assert.match(aside[0].state, /equal but for the rows in quarantine/);
    const unmasked = clinic.command("preview", "mis", "patient", "--unmasked", "--limit", "3");
    assert.match(unmasked.stdout, /Канарейкина/, "the canary is where this test believes it");
    assert.match(clinic.command("audit", "show").stdout, /looked.*preview mis patient/);
  });

  await t.test("X4: the store's files are the owner's alone", () => {
    for (const name of readdirSync(join(clinic.folder, "store"))) {
      const mode = statSync(join(clinic.folder, "store", name)).mode & 0o777;
      assert.equal(mode & 0o077, 0, `${name} is ${mode.toString(8)}`);
    }
  });
});
