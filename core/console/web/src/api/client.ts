// The one place that talks to the daemon. Errors are problems of RFC 9457, also where the network failed.
import { signal } from "@preact/signals";
import { language } from "../text";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Money = Schemas["money"];
export type Session = Schemas["session"];
export type User = Schemas["user"];
export type Role = Schemas["role"];
export type Overview = Schemas["overview"];
export type Reason = Schemas["reason"];
export type LimitRow = Schemas["limit_row"];
export type Limits = Schemas["limits"];
export type Account = Schemas["account"];
export type AccountLine = Schemas["account_line"];
export type Patient = Schemas["patient"];
export type PlanItem = Schemas["plan"]["items"][number];
export type Trace = Schemas["trace"];
export type Person = Schemas["person"];
export type PatientLabel = Schemas["patient_label"];
export type FoundPatient = Schemas["found_patient"];
export type TaskRow = Schemas["task_row"];
export type TaskCount = Schemas["task_count"];
export type Task = Schemas["task"];
export type TaskKind = Schemas["task_kind"];
export type Answer = Schemas["answer"];
export type Decision = Schemas["decision"];

export type Problem = Schemas["problem"] & { name: string };
export type Tasks = { items: TaskRow[]; next?: string; counts: TaskCount[] };
type Outcome<T> = { ok: true; value: T; etag: string; at: number } | { ok: false; problem: Problem; retry_seconds?: number };

const base = "/console/api/v1";

export const session = signal<Session | null>(null);
// What the person sees instead of the page: nothing yet, sign in, make the first user, or the page.
export const gate = signal<"opening" | "sign_in" | "first_user" | "open">("opening");
export const session_ended = signal(false);

interface Asked {
    method?: "GET" | "POST" | "PATCH" | "DELETE";
    body?: unknown;
    etag?: string; // of what is here already: 304 where it still stands
    match?: string; // decisions: as it was read
    key?: string; // decisions: once
    polling?: boolean;
}

function problemOf(status: number, found: Partial<Schemas["problem"]> | null, request: string): Problem {
    const type = found?.type ?? `urn:mis-gateway:problem:${status === 0 ? "unreachable" : "internal"}`;
    return { title: "", status, instance: request, ...found, type, name: type.slice(type.lastIndexOf(":") + 1) } as Problem;
}

export function newKey(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// ok with status 304: `value` is undefined, what was there stands.
export async function ask<T>(path: string, asked: Asked = {}): Promise<Outcome<T>> {
    const headers: Record<string, string> = { accept: "application/json", "accept-language": language.value };
    if (asked.etag) headers["if-none-match"] = asked.etag;
    if (asked.match) headers["if-match"] = asked.match;
    if (asked.key) headers["idempotency-key"] = asked.key;
    if (asked.polling) headers["x-polling"] = "1";
    if (asked.method && asked.method !== "GET" && session.value) headers["x-csrf-token"] = session.value.csrf;
    if (asked.body !== undefined) headers["content-type"] = "application/json";
    let answer: Response;
    try {
        const given: RequestInit = { method: asked.method ?? "GET", headers, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(30_000) };
        if (asked.body !== undefined) given.body = JSON.stringify(asked.body);
        answer = await fetch(base + path, given);
    } catch {
        return { ok: false, problem: problemOf(0, null, "") };
    }
    const at = Date.parse(answer.headers.get("date") ?? "") || Date.now();
    const etag = answer.headers.get("etag") ?? "";
    if (answer.ok || answer.status === 304) {
        if (answer.status === 304 || answer.status === 204) return { ok: true, value: undefined as T, etag: etag || (asked.etag ?? ""), at };
        try {
            return { ok: true, value: (await answer.json()) as T, etag, at };
        } catch {
            return { ok: false, problem: problemOf(0, null, answer.headers.get("x-request-number") ?? "") };
        }
    }
    const found = (await answer.json().catch(() => null)) as Partial<Schemas["problem"]> | null;
    const problem = problemOf(answer.status, found, answer.headers.get("x-request-number") ?? "");
    if (problem.name === "no_session" && gate.value === "open") {
        session.value = null;
        session_ended.value = true;
        gate.value = "sign_in";
    }
    const retry = Number(answer.headers.get("retry-after"));
    return retry > 0 ? { ok: false, problem, retry_seconds: retry } : { ok: false, problem };
}

export function has(role: Role): boolean {
    return session.value?.user.roles.includes(role) ?? false;
}
