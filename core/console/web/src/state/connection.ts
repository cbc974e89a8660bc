// The one poll that the page lives by: the overview, every five seconds. Whether the page may look live is known here alone.
import { computed, signal } from "@preact/signals";
import { ask, gate, session, session_ended, type Overview, type Problem, type Session } from "../api/client";
import { zone } from "../text";

const poll_ms = 5_000;

export const overview = signal<Overview | null>(null);
export const overview_problem = signal<Problem | null>(null);
export const seen_at = signal(0); // when the daemon last answered, by its clock
export const lost = signal(false);
export const now = signal(Date.now()); // advances with every poll
export const open_tasks = computed(() => (overview.value?.tasks ?? []).reduce((sum, one) => sum + one.count, 0));

let etag = "";
let timer: ReturnType<typeof setTimeout> | undefined;
let asking = false;

export async function look(): Promise<void> {
    if (asking || gate.value !== "open") return;
    asking = true;
    const answer = await ask<Overview | undefined>("/overview", { etag, polling: true });
    asking = false;
    if (answer.ok) {
        lost.value = false;
        overview_problem.value = null;
        seen_at.value = answer.at;
        now.value = answer.at;
        etag = answer.etag;
        if (answer.value) overview.value = answer.value;
    } else if (answer.problem.status === 0 || answer.problem.status >= 500) {
        if (seen_at.value > 0) lost.value = true;
        overview_problem.value = answer.problem;
    } else if (answer.problem.status !== 401) overview_problem.value = answer.problem;
}

function turn(): void {
    clearTimeout(timer);
    if (gate.value !== "open") return;
    void look().finally(() => {
        clearTimeout(timer);
        if (!document.hidden) timer = setTimeout(turn, poll_ms);
    });
}

export function enter(found: Session): void {
    session.value = found;
    session_ended.value = false;
    zone.value = found.clinic.timezone;
    etag = "";
    seen_at.value = 0;
    lost.value = false;
    gate.value = "open";
    turn();
}

export async function start(): Promise<void> {
    document.addEventListener("visibilitychange", () => { if (!document.hidden) turn(); });
    const answer = await ask<Session>("/session", { polling: true });
    if (answer.ok) enter(answer.value);
    else if (answer.problem.first_user) gate.value = "first_user";
    else {
        if (answer.problem.status !== 401) overview_problem.value = answer.problem;
        gate.value = "sign_in";
    }
}

export async function leave(): Promise<void> {
    await ask("/session", { method: "DELETE" });
    session.value = null;
    overview.value = null;
    gate.value = "sign_in";
}
