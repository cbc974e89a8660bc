// A MIS invented for one test: a Firebird base made of SQL, a connector made of a few lines. Embedded; isql is the clinic's own program.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Clinic } from "./clinic.mjs";

const ENGINE = "/usr/lib/x86_64-linux-gnu/firebird/3.0";
const SETTINGS = "/etc/firebird/3.0";

export class Invented extends Clinic {
  // base: SQL behind CREATE DATABASE; streams: {name: {yaml, fetch, map}}; codes, site: texts of codes.csv and of connector.yaml's `site:`
  static make(t, { base, charset = "UTF8", streams, codes = "", site = "{}" }) {
    const clinic = new Invented(t);
    mkdirSync(join(clinic.firebird_root, "lock"), { recursive: true });
    mkdirSync(join(clinic.firebird_root, "intl"));
    copyFileSync(join(ENGINE, "intl/libfbintl.so"), join(clinic.firebird_root, "intl/libfbintl.so"));
    for (const name of ["plugins.conf", "fbintl.conf"]) copyFileSync(join(SETTINGS, name), join(clinic.firebird_root, name));
    copyFileSync(join(SETTINGS, "fbintl.conf"), join(clinic.firebird_root, "intl/fbintl.conf"));
    copyFileSync(join(ENGINE, "firebird.msg"), join(clinic.firebird_root, "firebird.msg"));
    writeFileSync(join(clinic.firebird_root, "firebird.conf"), "ServerMode = Classic\n");
    clinic.environment.TZ = "Europe/Moscow"; // of the base too: it is read in this process
    clinic.make_base(clinic.base, base, charset);
    clinic.connector = join(clinic.folder, "connector");
    mkdirSync(clinic.connector);
    writeFileSync(join(clinic.connector, "codes.csv"), `list,mis_code,canonical,comment\n${codes}`);
    clinic.write_streams(streams, site);
    clinic.write_config();
    return clinic;
  }

  make_base(file, sql, charset = "UTF8") {
    const ran = spawnSync("isql-fb", ["-q", "-b", "-ch", "UTF8", "-user", "SYSDBA"], {
      env: this.environment, encoding: "utf8", input: `create database '${file}' default character set ${charset};\n${sql}\ncommit;\n`,
    });
    assert.equal(ran.status, 0, `isql: ${ran.stderr}`);
  }
  write_streams(streams, site = "{}") {
    const lines = ["title: invented", "kind: sql", "dialect: firebird", "no_show: mis", `site: ${site}`, "streams:"];
    for (const [name, { yaml, fetch, map }] of Object.entries(streams)) {
      lines.push(`  ${name}:`, ...yaml.split("\n").map((line) => `    ${line}`));
      writeFileSync(join(this.connector, `${name}.fetch.sql`), fetch);
      writeFileSync(join(this.connector, `${name}.sql`), map);
    }
    writeFileSync(join(this.connector, "connector.yaml"), `${lines.join("\n")}\n`);
  }
  source(settings = {}) {
    return { ...super.source(), connector: this.connector, site: {}, ...settings };
  }
  write_config(sections = {}) {
    super.write_config({ clinic: { id: "test-clinic", timezone: "Europe/Moscow" }, sinks: [this.file_sink()], ...sections });
  }
}

// A line of a bill, the plainest thing that makes an event.
export const LINES = {
  base:
    "create table USL (ID integer not null primary key, PAT integer, DT timestamp, SUMMA numeric(15,2), CH timestamp);\ncreate index USL_CH on USL (CH);\ncommit;\n" +
    "insert into USL values (1, 77, 'yesterday', 1000, 'now');\n",
  streams: {
    procedure: {
      yaml: "key: U.ID\ncolumns: {id: integer, pat: integer, dt: timestamp, summa: decimal, ch: timestamp}\nstamps: [U.CH]",
      fetch: "select U.ID, U.PAT, U.DT, U.SUMMA, U.CH from USL U where {slice}",
      map: "select id as source_id, pat as patient_source_id, local_ts(null, dt) as performed_at, 'T-1' as service_code, decimal('1') as quantity, money(summa) as total from rows",
    },
  },
};
