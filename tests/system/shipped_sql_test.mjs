// The shipped connectors of systems on SQL Server, on the vendor's tables: through the stand-in as SQL Server, and on PostgreSQL itself. Every stream is read, and what is held equals what stands in the base.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SqlClinic, vendor_base } from "./sql_clinic.mjs";

for (const mis of ["ident", "medialog"])
  for (const as of ["sql_server", "postgresql"])
    test(`${mis} as ${as}: check, first reading, comparison`, async (t) => {
      const clinic = await SqlClinic.make(t, { as, connector: mis, base: vendor_base(mis, as) });
      const checked = await clinic.command("check");
      assert.doesNotMatch(checked.stdout, /CANNOT BE READ/, checked.stdout + checked.stderr);
      const read = await clinic.command("sync", "--once");
      assert.equal(read.code, 0, read.stdout + read.stderr);
      const events = (await clinic.command("events", "--limit", "5000", "--json")).json;
      for (const type of ["appointment.", "procedure.performed"]) assert.ok(events.some((event) => event.type.includes(type)), `no ${type} among ${new Set(events.map((event) => event.type)).size} types`);
      const compared = await clinic.command("reconcile");
      assert.doesNotMatch(compared.stdout, /differed|degraded/, compared.stdout + compared.stderr);
      assert.match(compared.stdout, /books: .* equal/, compared.stdout + compared.stderr);
    });
