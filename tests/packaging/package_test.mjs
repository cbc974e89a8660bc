// The Debian package as an administrator meets it: built, judged by lintian, installed into a root of its own, upgraded while events wait, removed, purged.
// Only what systemd itself would do is left out; the unit is judged by systemd-analyze.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const root = new URL("../..", import.meta.url).pathname;
const build = process.env.MIS_BUILD ?? join(root, "build");
const work = mkdtempSync(join(tmpdir(), "mis-package-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

const run = (program, ...args) => {
  const ran = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  return { code: ran.status, text: `${ran.error ?? ""}${ran.stdout}${ran.stderr}`, stdout: ran.stdout };
};
const succeed = (program, ...args) => {
  const ran = run(program, ...args);
  assert.equal(ran.code, 0, `${program} ${args.join(" ")}: ${ran.text}`);
  return ran.stdout;
};

const package_of = (version) => {
  const folder = join(work, `cpack-${version}`);
  mkdirSync(folder);
  succeed("cpack", "-G", "DEB", "--config", join(build, "CPackConfig.cmake"), "-B", folder, "-D", `CPACK_PACKAGE_VERSION=${version}`);
  return join(folder, readdirSync(folder).find((name) => name.endsWith(".deb")));
};
const first = package_of("0.1.0");
const installed = join(work, "root");
// Maintainer scripts run as on a machine without systemd, told by DPKG_ROOT where they work.
const dpkg = (...args) => succeed("dpkg", `--root=${installed}`, "--force-not-root", "--force-depends", "--force-script-chrootless", ...args);
for (const folder of ["var/lib/dpkg/info", "var/lib/dpkg/updates", "etc", "usr/bin"]) mkdirSync(join(installed, folder), { recursive: true });
writeFileSync(join(installed, "var/lib/dpkg/status"), "");

test("lintian finds nothing, systemd-analyze neither", () => {
  const found = run("lintian", "--tag-display-limit", "0", "--fail-on", "error,warning", first);
  assert.equal(found.code, 0, found.text);
  const unit = join(root, "config/systemd/mis-gateway.service");
  const copy = join(work, "mis-gateway.service"); // with a program that this machine has
  writeFileSync(copy, readFileSync(unit, "utf8").replaceAll("/usr/bin/mis-gateway", join(build, "mis-gateway")));
  const verified = run("systemd-analyze", "verify", "--man=no", copy);
  assert.equal(verified.code, 0, verified.text);
  assert.doesNotMatch(verified.text, /mis-gateway\.service:\d*.*(Unknown|ignoring)/i);
});

test("what it depends on is what Debian 12 has", () => {
  const depends = succeed("dpkg-deb", "-f", first, "Depends").trim().split(/,\s*/).map((word) => word.split(" ")[0]);
  assert.ok(depends.some((name) => name === "libsqlite3-0"), depends.join());
  for (const name of depends) {
    const known = run("apt-cache", "showpkg", name).text; // a package, or what one provides
    assert.match(known, /Versions: *\n(?!\n)\S|Reverse Provides: *\n\S/, `${name}: ${known}`);
  }
});

test("installed: it says what to do next, finds its files, starts nothing", () => {
  const said = dpkg("-i", first);
  assert.match(said, /not configured yet/);
  assert.match(said, /examples\/clinic\.yaml/);
  const program = join(installed, "usr/bin/mis-gateway");
  assert.equal(statSync(program).mode & 0o777, 0o755);
  assert.ok(existsSync(join(installed, "usr/share/mis-gateway/connectors/infoclinica/connector.yaml")));
  assert.match(succeed(program, "connector", "list"), /infoclinica/);
  assert.equal(statSync(join(installed, "etc/mis-gateway")).mode & 0o777, 0o755);
  assert.deepEqual(readdirSync(join(installed, "etc/mis-gateway")), []);
});

test("an upgrade while it runs and events wait: all of them arrive, once", async (t) => {
  const programs = join(work, "programs"); // the installed gateway among the tools of the build
  mkdirSync(programs);
  symlinkSync(join(installed, "usr/bin/mis-gateway"), join(programs, "mis-gateway"));
  for (const tool of ["mis-simulator", "mis-receiver"]) symlinkSync(join(build, tool), join(programs, tool));
  process.env.MIS_BUILD = programs;
  const { Clinic, until } = await import("../system/clinic.mjs");
  const { fold } = await import("../system/clinic.mjs");
  const clinic = await Clinic.make(t, { patients: 20, procedures: 30 });
  await clinic.receiver.start();
  clinic.write_config();
  await clinic.receiver.stop();
  await clinic.gateway.start();
  await until("events wait", async () => {
    const metrics = await clinic.gateway.metrics();
    return Object.entries(metrics).some(([name, value]) => name.startsWith("mis_gateway_outbox_events{") && value > 30);
  });
  dpkg("-i", package_of("0.1.1"));
  assert.equal(await clinic.gateway.stop(), 0);
  await clinic.receiver.start();
  await clinic.gateway.start();
  await clinic.caught_up();
  assert.deepEqual(fold(clinic.receiver.events).problems, []);
  assert.equal(await clinic.gateway.stop(), 0);
});

test("removed and purged: program and unit go, the clinic's data stays and is named", () => {
  const data = join(installed, "var/lib/private/mis-gateway");
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, "store.db"), "x");
  writeFileSync(join(installed, "etc/mis-gateway/gateway.yaml"), "clinic: {}\n");
  dpkg("-r", "mis-gateway");
  assert.ok(!existsSync(join(installed, "usr/bin/mis-gateway")));
  assert.ok(!existsSync(join(installed, "usr/share/mis-gateway")));
  const said = dpkg("-P", "mis-gateway");
  assert.match(said, /left in place.*\/etc\/mis-gateway \/var\/lib\/private\/mis-gateway/);
  assert.ok(existsSync(join(data, "store.db")));
  assert.ok(existsSync(join(installed, "etc/mis-gateway/gateway.yaml")));
});
