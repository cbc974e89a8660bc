// A clinic that never was, behind the console's interface: what each screen shows in each of its states, so that the page can be looked at without a gateway.
// Answers as schemas/console.openapi.yaml says (stand_in_test.mjs holds it to that). The headers are the daemon's, the Content-Security-Policy to the letter.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join, dirname, extname } from "node:path";

const here = dirname(new URL(import.meta.url).pathname);
export const dist = join(here, "../../core/console/web/dist");
export const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const rub = (roubles) => ({ minor: Math.round(roubles * 100), currency: "RUB" });
const id = (name) => createHash("sha256").update(name).digest("hex").slice(0, 32);
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml" };
const zone = "+03:00";
const at = (day, time) => `${day}T${time}:00${zone}`;
const before = (seconds) => new Date(Date.now() - seconds * 1000 + 3 * 3_600_000).toISOString().slice(0, 19) + zone;

// domain.md's worked example after its fourth step: 10,000 granted, 12,000 used, the extraction crosses
const example = {
    id: id("worked example"), patient: { id: id("patient 77"), source: "clinic", card: "77", initial: "Т." }, shared: false, kind: "barter", payer: "ООО «Пример»", overrun_payer: "organization", order: "O1",
    state: "overrun", granted: rub(10000), consumed: rub(12000), remaining: rub(0), overrun: rub(2000), share_percent: 120, valid_from: "2026-03-01", valid_to: "2026-12-31", mismatch: false,
};
const line = (number, day, time, code, nomenclature, name, teeth, total, left, to_limit, more = {}) => ({
    id: id(`line ${number}`), number, performed_at: at(day, time), day, code, nomenclature, name, teeth, quantity: "1", total: rub(total), before: rub(left), to_limit: rub(to_limit), beyond: rub(total - to_limit), after: rub(left - to_limit),
    beyond_payers: total > to_limit ? [{ payer: "organization", party: "ООО «Пример»", total: rub(total - to_limit) }] : [], splits: total > to_limit && to_limit > 0, stays: false, order: "O1", remarks: [], ...more,
});
const worked = {
    ...example,
    lines: [
        line(1, "2026-03-02", "11:00", "T-01", "B01.065.001", "Приём врача-стоматолога-терапевта первичный", [], 500, 10000, 500),
        line(2, "2026-03-03", "11:30", "T-16", "A16.07.002", "Восстановление зуба пломбой", ["16"], 4500, 9500, 4500, { remarks: ["price"] }),
        line(3, "2026-03-05", "10:00", "T-16", "A16.07.002", "Восстановление зуба пломбой", ["36"], 4000, 5000, 4000, { remarks: ["tooth"] }),
        line(4, "2026-03-10", "15:20", "H-48", "A16.07.001", "Удаление зуба сложное с разъединением корней", ["48"], 3000, 1000, 1000),
        line(5, "2026-03-10", "15:40", "A-02", "B01.003.004", "Анестезия проводниковая", ["48"], 0, 0, 0, { remarks: ["accompanying", "day_only"] }),
    ],
    totals: { lines: rub(12000), to_limit: rub(10000), beyond: rub(2000) },
    sources: [
        { strength: "mis_policy", source: "clinic", granted: rub(10000), used: rub(12000), valid_from: "2026-03-01", valid_to: "2026-12-31", winner: true },
        { strength: "exchange", granted: rub(10000), winner: false },
        { strength: "comment", source: "clinic", granted: rub(8000), since: "2026-02-20", winner: false },
    ],
    mismatches: [], visits: [{ id: id("visit 1"), starts_at: at("2027-01-12", "10:00"), payer: "patient", changes: true }, { id: id("visit 2"), starts_at: at("2027-01-19", "12:30"), payer: "limit", changes: false }], waiting_lines: 0,
};
const payers = ["ООО «Пример»", "АО «Вымысел-Строй»", "<img src=x onerror=alert(1)> =cmd()"];
const rows = [example];
for (let number = 1; number <= 60; number++) {
    const granted = 5000 + (number % 7) * 5000;
    const consumed = Math.round((granted * ((number * 37) % 115)) / 100);
    const state = number % 17 === 0 ? "closed" : consumed > granted ? "overrun" : consumed === granted ? "exhausted" : consumed * 100 >= granted * 80 ? "low" : "open";
    rows.push({
        id: id(`limit ${number}`), patient: { id: id(`patient ${number}`), source: "clinic", card: String(100 + number), initial: "АБВГДЕЖЗИКЛМ"[number % 12] + "." }, shared: number % 20 === 0, kind: ["barter", "corporate", "insurance", "gift"][number % 4],
        ...(number % 4 === 3 ? {} : { payer: payers[number % 3] }), overrun_payer: number % 4 === 3 ? "clinic" : "organization", state, granted: rub(granted), consumed: rub(consumed), remaining: rub(Math.max(0, granted - consumed)), overrun: rub(Math.max(0, consumed - granted)),
        share_percent: Math.floor((consumed * 100) / granted), ...(number % 3 ? { valid_to: `2027-0${1 + (number % 9)}-15` } : {}), mismatch: number === 5,
    });
}
const long_account = (row) => {
    const lines = [];
    let left = row.granted.minor / 100, total = row.consumed.minor / 100, number = 0;
    while (total > 0 && number < 80) {
        const sum = Math.min(total, 200 + ((number * 531) % 900));
        const inside = Math.max(0, Math.min(left, sum));
        lines.push(line(++number, `2026-0${1 + (number % 9)}-1${number % 9}`, "09:15", `T-${10 + (number % 40)}`, "A16.07.002", "Восстановление зуба пломбой", [String(11 + (number % 8))], sum, left, inside, row.shared ? { patient: row.patient } : {}));
        left -= inside;
        total -= sum;
    }
    const sum = (field) => ({ minor: lines.reduce((all, one) => all + one[field].minor, 0), currency: "RUB" });
    const mismatches = row.mismatch ? [{ field: "used", ours: row.consumed, theirs: { minor: row.consumed.minor - 50000, currency: "RUB" }, lines: lines.slice(-2).map((one) => one.id) }] : [];
    return { ...row, lines, totals: { lines: sum("total"), to_limit: sum("to_limit"), beyond: sum("beyond") }, sources: [{ strength: "mis_policy", source: "clinic", granted: row.granted, used: row.mismatch ? mismatches[0].theirs : row.consumed, winner: true }], mismatches, visits: [], waiting_lines: 0,
        ...(row.state === "closed" ? { closed: { on: "2026-10-01", write_off: row.consumed } } : {}), ...(row.shared ? { people: [row.patient, { id: id("member"), source: "clinic", card: "555", initial: "У." }] } : {}) };
};

const streams = ["patient", "appointment", "procedure", "payment", "limit", "plan", "plan_item", "service", "practitioner", "branch", "shift"];
const overview = (mode) => {
    const calm = mode === "calm";
    const reasons = calm ? [] : [
        { severity: "alarm", code: "sink_stopped", params: { count: 214 }, part: { kind: "sink", sink: "exchange" }, text: "stopped (410 Gone): mend it and restart, 214 events wait" },
        { severity: "alarm", code: "stream_late", params: { seconds: 1900 }, part: { kind: "stream", source: "clinic", stream: "payment" }, text: "not read to its end for 31 min" },
        { severity: "notice", code: "quarantine", params: { count: 3 }, part: { kind: "clinic" }, text: "3 rows: see `mis-gateway quarantine`" },
        { severity: "notice", code: "orders_waiting", params: { count: 1 }, part: { kind: "clinic" }, text: "1 wait for their patient" },
        { severity: "notice", code: "something_new", params: {}, part: { kind: "source", source: "clinic" }, text: "a code that this page does not know: look at the log" },
    ];
    return {
        clinic: { id: "clinic-1", timezone: "Europe/Moscow" }, version: "0.14.0", started_at: before(9 * 86_400), state: calm ? "ok" : "alarm", reasons,
        streams: streams.map((stream, index) => ({ source: "clinic", stream, state: stream === "shift" ? "off" : !calm && stream === "payment" ? "late" : "ok", read_until: before(!calm && stream === "payment" ? 1900 : 11 + index * 3), norm_seconds: 600, ...(!calm && stream === "payment" ? { since: before(1300) } : {}), drift: 0 })),
        sinks: [
            { sink: "exchange", state: calm ? "working" : "stopped", ...(calm ? {} : { since: before(1500), reason: "410 Gone" }), accepted: 18_204, waiting: calm ? 0 : 214, ...(calm ? {} : { oldest_at: before(1490) }), dead_letters: calm ? 0 : 1, p95_seconds: 4.2 },
            { sink: "log", state: "working", accepted: 18_418, waiting: 0, dead_letters: 0, p95_seconds: 0.8 },
        ],
        drift: 0, imbalance: { money: rub(0), differences: 0 }, backup: { watched: true, newest_at: before(calm ? 7 * 3600 : 60 * 3600), age_hours_max: 48 }, tasks: calm ? [] : counts(),
        history: { step_seconds: 300, points: Array.from({ length: 288 }, (_, index) => ({ at: before((287 - index) * 300), waiting: Math.max(0, Math.round(8 + 7 * Math.sin(index / 9) + (calm ? 0 : Math.max(0, index - 281) * 30))) })).filter((_, index) => index < 120 || index > 126) },
    };
};

const tasks = [
    { id: "sink-exchange", kind: "sink", since: before(1500), count: 214, code: "sink_stopped", params: { sink: "exchange", waiting: 214 }, answers: ["resume"], details: { sink: "exchange", reason: "410 Gone", waiting: 214 } },
    { id: "hold-clinic-procedure", kind: "hold", since: before(5400), count: 412, code: "removal_hold", params: { source: "clinic", stream: "procedure", missing: 412, known: 1630 }, answers: ["release", "wait"],
      details: { source: "clinic", stream: "procedure", missing: 412, known: 1630, reason: "412 of 1630 records are gone", examples: [1, 2, 3].map((number) => ({ key: String(9000 + number), columns: [{ name: "performed_at", value: "2026-03-0" + number }, { name: "total", value: "4500.00" }, { name: "patient", value: "Xxxxxxx X." }] })) } },
    { id: "mapping_hold-clinic-payment", kind: "mapping_hold", since: before(7200), count: 96, code: "mapping_hold", params: { source: "clinic", stream: "payment", records: 96 }, answers: ["send", "baseline"],
      details: { source: "clinic", stream: "payment", records: 96, changes: [{ type: "mis.billing.payment.v1", before: 96, after: 90, changed: 12, total_before: rub(412000), total_after: rub(398500) }, { type: "mis.billing.payment_reversal.v1", before: 0, after: 6, changed: 6 }] } },
    { id: "source_hold-old", kind: "source_hold", since: before(8000), count: 1, code: "source_hold", params: { source: "old" }, answers: ["release"], details: { source: "old", reason: "another base under the same name" } },
    { id: "dead_letter-exchange-77", kind: "dead_letter", since: before(9000), count: 1, code: "dead_letter", params: { sink: "exchange", type: "mis.procedure.performed.v1" }, answers: ["retry"],
      details: { sink: "exchange", position: 77, type: "mis.procedure.performed.v1", reason: "422: quantity is not a number", at: before(9000), event: { specversion: "1.0", id: id("event"), type: "mis.procedure.performed.v1", subject: `patient/${id("patient 77")}`, data: { patient: id("patient 77"), procedure: { id: id("line 4"), quantity: "1" } } } } },
    { id: "complaint-f1", kind: "complaint", since: before(90_000), count: 1, code: "complaint", params: { order: "O1", rating: 2 }, answers: ["answer"], details: { feedback: "f1", order: "O1", state: "received", received_at: before(90_000), rating: 2, text: "Пломба выпала через неделю, на звонок никто не ответил.\nПрошу переделать по гарантии. <img src=x onerror=alert(1)> =cmd()", answers: [] } },
    { id: "mismatch-1", kind: "mismatch", since: before(200_000), count: 1, code: "mismatch", params: { limit: rows[5].id, field: "used", ours: rows[5].consumed, theirs: { minor: rows[5].consumed.minor - 50000, currency: "RUB" } }, answers: [], details: { limit: rows[5].id, patient: rows[5].patient, field: "used", ours: rows[5].consumed, theirs: { minor: rows[5].consumed.minor - 50000, currency: "RUB" }, lines: [id("line 1"), id("line 2")] } },
    { id: "order.O7", kind: "order", since: before(300_000), count: 1, code: "order", params: { order: "O7" }, answers: ["link"], details: { order: "O7", received_at: before(300_000), ground: "phone+last_name", cancelled: false, candidates: [{ source: "clinic", card: "77", initial: "Т.", patient: id("patient 77") }, { source: "clinic", card: "1077", initial: "Т.", patient: id("patient 1077") }] } },
    { id: "rows-1", kind: "rows", since: before(400_000), count: 3, code: "rows", params: { source: "clinic", stream: "appointment", rows: 3, reason: "unknown status" }, answers: ["dismiss"], details: { source: "clinic", stream: "appointment", reason: "status: '9' is no known value", rows: [11, 12, 13].map((number) => ({ number, key: String(5000 + number), told: "STATUS = 9: an integer that the map does not know", first_seen_at: before(400_000), attempts: 1 })) } },
    { id: "code-X-99", kind: "code", since: before(500_000), count: 1, code: "code", params: { code: "X-99", times: 42 }, answers: ["map"], details: { code: "X-99", name: "Отбеливание «Улыбка»", times: 42 } },
    { id: "backup", kind: "backup", since: before(40_000), count: 1, code: "backup_old", params: { age_hours: 60 }, answers: [], details: { newest_at: before(60 * 3600), age_hours_max: 48 } },
];
function counts() {
    return tasks.map((task) => ({ kind: task.kind, count: 1 }));
}
const item = (number, stage, teeth, state, nomenclature, total, more = {}) => ({ id: id(`item ${number}`), stage, teeth, quantity: "1", state, service_code: `T-${number}`, nomenclature, total: rub(total), ...more });
const plans = [
    { id: id("plan 1"), order: "O1", closed: false, items: [
        item(1, 1, [], "performed", "B01.065.001", 500), item(2, 1, ["16"], "performed", "A16.07.002", 4000), item(3, 1, ["26"], "scheduled", "A16.07.002", 4000), item(4, 2, ["48"], "performed", "A16.07.001", 3000), item(5, 2, ["48"], "planned", "A16.07.004", 15000),
        item(6, 2, ["36"], "in_progress", "A16.07.030", 6000), item(7, 3, ["11", "12"], "void", "A16.07.003", 9000, { reason: "declined" }), item(8, 3, ["upper"], "planned", "A16.07.051", 2500), item(9, 1, ["16"], "planned", "A16.07.019", 800) ] },
    { id: id("plan 2"), closed: true, items: [item(10, 1, ["75"], "performed", "A16.07.002", 2100)] },
];
const timeline = { since: at("2026-01-01", "00:00"), items: [
    { at: at("2026-03-02", "11:00"), type: "mis.order.linked.v1", fate: "left", ground: "order O1", record: id("order O1"), event: id("e1"), position: 11 },
    { at: at("2026-03-02", "11:30"), type: "mis.plan.item.performed.v1", fate: "left", ground: "order O1", record: id("line 1"), event: id("e2"), position: 12 },
    { at: at("2026-03-03", "11:30"), type: "mis.billing.charge.v1", fate: "left", ground: "order O1", record: id("line 2"), event: id("e3"), position: 13 },
    { at: at("2026-03-04", "09:00"), type: "mis.appointment.booked.v1", fate: "withheld", ground: "no_consent", record: id("visit 0") },
] };
const row_of = ({ details, ...row }) => row;

export const everything = { overview, tasks, rows, worked };

// A stand-in on a port of its own. `state` may be changed while it runs: mode ("calm" | "trouble" | "empty"), roles, users, broken (drops every connection).
export async function start_stand_in() {
    const state = { mode: "trouble", roles: ["viewer", "operator", "privacy_officer"], first_user: false, signed_in: false, broken: false, slow_ms: 0, asked: [], decided: [],
        users: [{ login: "anna", roles: ["viewer", "operator", "privacy_officer"], created_at: before(90 * 86_400), last_seen_at: before(60) }, { login: "reception", roles: ["viewer", "operator"], created_at: before(80 * 86_400), locked_until: before(-600) }, { login: "viewer-2", roles: ["viewer"] }] };
    const session = () => ({ user: { login: "anna", roles: state.roles }, csrf: "token-of-the-stand-in", idle_seconds: 1800, expires_at: before(-40_000), clinic: { id: "clinic-1", timezone: "Europe/Moscow" }, version: "0.14.0" });

    const api = (request, path, query, body) => {
        const problem = (status, name, more = {}) => ({ status, body: { type: `urn:mis-gateway:problem:${name}`, title: name, status, instance: "r-1042", ...more } });
        const method = request.method;
        if (path === "/session" && method === "POST") {
            if (body.password !== "correct horse battery") return problem(401, "wrong_login", { detail: "login or password is wrong" });
            state.signed_in = true;
            return { status: 200, body: session() };
        }
        if (path === "/first-user" && method === "POST") {
            if (!state.first_user) return problem(404, "not_found");
            if (body.code !== "abcde23456") return problem(403, "wrong_login", { detail: "the code is unknown, used or older than 15 minutes" });
            state.first_user = false;
            state.signed_in = true;
            return { status: 201, body: session() };
        }
        if (!state.signed_in) return problem(401, "no_session", state.first_user ? { first_user: true } : {});
        if (method !== "GET" && request.headers["x-csrf-token"] !== session().csrf) return problem(403, "forged");
        if (path === "/session") {
            if (method === "DELETE") {
                state.signed_in = false;
                return { status: 204 };
            }
            return { status: 200, body: session() };
        }
        if (path === "/overview") return { status: 200, body: { ...overview(state.mode), ...(state.mode === "empty" ? { streams: [], sinks: [], reasons: [], state: "ok", tasks: [], history: { step_seconds: 300, points: [] } } : {}) } };
        if (path === "/limits") {
            if (state.mode === "empty") return { status: 200, body: { items: [], payers: [] } };
            let found = rows.filter((row) => (!query.get("payer") || row.payer === query.get("payer")) && (!query.get("state") || row.state === query.get("state")));
            const orders = { share: (a, b) => b.share_percent - a.share_percent, expiry: (a, b) => (a.valid_to ?? "9") < (b.valid_to ?? "9") ? -1 : 1, payer: (a, b) => (a.payer ?? "").localeCompare(b.payer ?? "") };
            found = found.sort(orders[query.get("order") ?? "share"]);
            const after = Number(query.get("after") ?? 0);
            const named = payers.map((name) => ({ name, accounts: rows.filter((row) => row.payer === name && row.state !== "closed").length, near: rows.filter((row) => row.payer === name && ["low", "exhausted"].includes(row.state)).length, over: rows.filter((row) => row.payer === name && row.state === "overrun").length }));
            return { status: 200, body: { items: found.slice(after, after + 50), ...(found.length > after + 50 ? { next: String(after + 50) } : {}), payers: named } };
        }
        const patient = /^\/patients\/([0-9a-f]{32})(\/timeline|\/unmask)?$/.exec(path);
        if (patient) {
            const row = rows.find((one) => one.patient.id === patient[1]);
            if (!row) return problem(404, "not_found", { detail: "no patient under this pseudonym" });
            if (patient[2] === "/timeline") return { status: 200, body: timeline };
            if (patient[2] === "/unmask") return state.roles.includes("privacy_officer") ? { status: 200, body: { ...row.patient, last_name: "Тестова", first_name: "Анна", birth_date: "1985-03-14", phones: ["89000000001"] } } : problem(403, "no_right", { roles: ["privacy_officer"], who: ["anna"] });
            return { status: 200, body: { ...row.patient, limits: [row], plans } };
        }
        const limit = /^\/limits\/(\w+)$/.exec(path);
        if (limit) {
            const row = rows.find((one) => one.id === limit[1]);
            return row ? { status: 200, body: row === example ? worked : long_account(row) } : problem(404, "not_found", { detail: "no account under this id" });
        }
        if (path === "/patients/search") {
            const known = rows.filter((row) => body.card === row.patient.card || (row === example && (body.phone?.replace(/\D/g, "").endsWith("9000000001") || (body.last_name === "Тестова" && body.birth_date === "1985-03-14") || body.order === "O1" || body.pseudonym === row.patient.id)));
            return { status: 200, body: { items: known.map((row) => ({ ...row.patient, limits: [{ id: row.id, state: row.state }] })) } };
        }
        if (path === "/tasks") {
            const kind = query.get("kind");
            const open = state.mode === "trouble" ? tasks : [];
            return { status: 200, body: { items: open.filter((task) => !kind || task.kind === kind).map(row_of), counts: open.length ? counts() : [] } };
        }
        const task = /^\/tasks\/([^/]+)(\/answer)?$/.exec(path);
        if (task) {
            const found = tasks.find((one) => one.id === decodeURIComponent(task[1]));
            if (!found) return problem(404, "not_found");
            if (!task[2]) return { status: 200, body: found };
            if (!state.roles.includes("operator")) return problem(403, "no_right", { roles: ["operator"], who: ["anna"] });
            if (!request.headers["if-match"]) return problem(428, "precondition_required");
            if (state.faster) return problem(412, "changed");
            if (body.text?.includes("Тестова")) return problem(422, "invalid", { detail: "the answer names somebody", errors: [{ pointer: "/text", detail: "a name of a patient" }] });
            state.decided.push({ task: found.id, key: request.headers["idempotency-key"], ...body });
            return { status: 200, body: { task: found.id, answer: body.answer, decided_at: before(0), audit: 4711 } };
        }
        if (path === "/users") {
            if (!state.roles.includes("privacy_officer")) return problem(403, "no_right", { roles: ["privacy_officer"], who: ["anna"] });
            if (method === "POST") {
                if (state.users.some((one) => one.login === body.login)) return problem(409, "refused", { detail: "the login is taken" });
                state.users.push({ login: body.login, roles: body.roles, created_at: before(0) });
                return { status: 201, body: state.users.at(-1) };
            }
            return { status: 200, body: { items: state.users } };
        }
        const user = /^\/users\/([^/]+)$/.exec(path);
        if (user) {
            const found = state.users.find((one) => one.login === decodeURIComponent(user[1]));
            if (!found) return problem(404, "not_found");
            if (method === "DELETE") {
                state.users = state.users.filter((one) => one !== found);
                return { status: 204 };
            }
            if (body.roles) found.roles = body.roles;
            return { status: 200, body: found };
        }
        return problem(404, "not_found");
    };

    const server = createServer((request, response) => {
        if (state.broken) return request.socket.destroy();
        const url = new URL(request.url, "http://stand-in");
        const common = { "content-security-policy": policy, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-request-number": "r-1042" };
        if (url.pathname.startsWith("/console/api/v1")) {
            let text = "";
            request.on("data", (part) => (text += part));
            request.on("end", () => {
                const path = url.pathname.slice("/console/api/v1".length);
                state.asked.push(`${request.method} ${path}${url.search}`);
                const answer = api(request, path, url.searchParams, text ? JSON.parse(text) : {});
                const body = answer.body === undefined ? "" : JSON.stringify(answer.body);
                const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 16)}"`;
                const send = () => {
                    if (request.method === "GET" && request.headers["if-none-match"] === etag) return response.writeHead(304, { ...common, etag }).end();
                    response.writeHead(answer.status, { ...common, "content-type": answer.status < 400 ? "application/json" : "application/problem+json", "cache-control": "no-store", etag }).end(body);
                };
                if (state.slow_ms > 0) setTimeout(send, state.slow_ms);
                else send();
            });
            return;
        }
        const name = url.pathname.replace(/^\/console\/?/, "");
        const file = extname(name) ? name : "index.html";
        try {
            const content = readFileSync(join(dist, file));
            response.writeHead(200, { ...common, "content-type": types[extname(file)] ?? "application/octet-stream" }).end(content);
        } catch {
            response.writeHead(404, common).end();
        }
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { state, url: `http://127.0.0.1:${server.address().port}/console`, stop: () => new Promise((resolve) => { server.closeAllConnections?.(); server.close(resolve); }) };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
    const { state, url } = await start_stand_in();
    state.signed_in = !process.argv.includes("--door");
    console.log(`${url} (the login is anna, the password: correct horse battery)`);
}
