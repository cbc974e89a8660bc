// The interface's description is sound by others' linter, and the stand-in that the page is looked at with keeps to it.
import test from "node:test";
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join, dirname } from "node:path";
import { answer_findings, description } from "./contract.mjs";
import { everything, start_stand_in } from "./stand_in.mjs";

const web = join(dirname(new URL(import.meta.url).pathname), "../../core/console/web");

test("redocly finds nothing in schemas/console.openapi.yaml", async () => {
    const { lint, createConfig } = createRequire(join(web, "package.json"))("@redocly/openapi-core");
    const problems = await lint({ ref: description, config: await createConfig({ extends: ["recommended"] }) });
    assert.deepEqual(problems.map((one) => `${one.ruleId}: ${one.message} ${one.location?.[0]?.pointer ?? ""}`), []);
});

test("the stand-in answers as the description says, and a wrong answer would be noticed", async (t) => {
    const stand_in = await start_stand_in();
    t.after(() => stand_in.stop());
    const found = [];
    const ask = async (method, path, body, headers = {}) => {
        const answer = await fetch(`${stand_in.url}/api/v1${path}`, { method, headers: { "content-type": "application/json", "x-csrf-token": "token-of-the-stand-in", ...headers }, ...(body ? { body: JSON.stringify(body) } : {}) });
        const text = await answer.text();
        found.push(...answer_findings(method, path, answer.status, text ? JSON.parse(text) : undefined));
        return answer.status;
    };
    assert.equal(await ask("GET", "/session"), 401);
    assert.equal(await ask("POST", "/session", { login: "anna", password: "wrong" }), 401);
    assert.equal(await ask("POST", "/session", { login: "anna", password: "correct horse battery" }), 200);
    for (const path of ["/session", "/overview", "/limits", "/limits?state=overrun&order=expiry", "/tasks", "/users", ...everything.rows.slice(0, 22).map((row) => `/limits/${row.id}`), ...everything.tasks.map((task) => `/tasks/${task.id}`)]) assert.equal(await ask("GET", path), 200, path);
    assert.equal(await ask("POST", "/patients/search", { card: "77" }), 200);
    const patient = everything.rows[0].patient.id;
    for (const path of [`/patients/${patient}`, `/patients/${patient}/timeline`]) assert.equal(await ask("GET", path), 200, path);
    assert.equal(await ask("POST", `/patients/${patient}/unmask`, { reason: "asked by the patient" }), 200);
    assert.equal(await ask("POST", "/tasks/order.O7/answer", { answer: "link", source: "clinic", card: "77" }, { "if-match": '"x"', "idempotency-key": "0123456789abcdef" }), 200);
    assert.equal(await ask("GET", "/limits/00000000000000000000000000000000"), 404);
    assert.deepEqual(found, []);
    assert.notDeepEqual(answer_findings("GET", "/overview", 200, { state: "fine" }), []);
    assert.notDeepEqual(answer_findings("GET", "/limits", 200, { items: [{ id: 7 }], payers: [] }), []);
});
