// What waits for a person: each with its age, its count, and what waiting costs.
import { useEffect, useState } from "preact/hooks";
import { useLocation } from "preact-iso/router";
import { ask, type Problem, type TaskKind, type TaskRow, type Tasks } from "../api/client";
import { Empty, Loaded, More, ProblemBox, Screen } from "../parts/common";
import { Icon } from "../parts/icon";
import { now } from "../state/connection";
import { useResource } from "../state/resource";
import { duration, number, t, told, type Words } from "../text";
import { streamName } from "./overview";

const urgent: TaskKind[] = ["sink", "hold", "mapping_hold", "source_hold", "backup"];

// The daemon takes an address with a dot for a file of its own: a task's page writes ! instead.
export function taskPlace(id: string): string {
    return `/console/tasks/${encodeURIComponent(id.replaceAll(".", "!"))}`;
}

export function kindTitle(kind: TaskKind): string {
    return t(`kind.${kind}`);
}

export function taskWords(task: TaskRow): Words {
    const words: Words = { count: task.count };
    const details = "details" in task ? (task.details as Record<string, unknown>) : {};
    for (const [name, word] of Object.entries({ ...details, ...task.params })) if (typeof word !== "object" || (word !== null && "minor" in word)) words[name] = word as Words[string];
    if (words.stream !== undefined) words.stream = streamName(String(words.stream));
    if (words.rating === undefined) words.rating = "—";
    return words;
}

export function taskTitle(task: TaskRow): string {
    return told("task.", task.kind, taskWords(task), task.kind);
}

export function taskCost(task: TaskRow): string {
    return told("cost.", task.kind, taskWords(task), "");
}

function Row({ of }: { of: TaskRow }) {
    const shape = urgent.includes(of.kind) ? "alarm" : "notice";
    return (
        <li class={`task ${shape}`}>
            <Icon shape={shape} />
            <div class="what">
                <p class="small muted">{kindTitle(of.kind)}{of.since && <> · {t("task.waits", { time: duration((now.value - Date.parse(of.since)) / 1000) })}</>}</p>
                <h2><a href={taskPlace(of.id)}>{taskTitle(of)}</a></h2>
                <p>{taskCost(of)}</p>
            </div>
            <a class="button" href={taskPlace(of.id)} aria-label={`${t(of.answers.length > 0 ? "task.decide" : "task.look")}: ${taskTitle(of)}`}>{t(of.answers.length > 0 ? "task.decide" : "task.look")}</a>
        </li>
    );
}

export function TasksScreen() {
    const { query, route } = useLocation();
    const kind = query.kind ?? "";
    const path = `/tasks${kind ? `?kind=${encodeURIComponent(kind)}` : ""}`;
    const first = useResource<Tasks>(path, true);
    const [further, setFurther] = useState<{ path: string; items: TaskRow[]; next: string | undefined }>({ path: "", items: [], next: undefined });
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState<Problem | null>(null);
    useEffect(() => setFurther({ path, items: [], next: undefined }), [path, first.at]);
    const more = async (after: string) => {
        setBusy(true);
        const answer = await ask<Tasks>(`${path}${kind ? "&" : "?"}after=${encodeURIComponent(after)}`);
        setBusy(false);
        if (!answer.ok) return setProblem(answer.problem);
        setFurther((before) => ({ path, items: [...before.items, ...answer.value.items], next: answer.value.next }));
    };
    return (
        <Screen title={t("nav.tasks")} lead={t("tasks.lead")}>
            <Loaded of={first} rows={8}>{(page) => {
                const rows = further.path === path ? [...page.items, ...further.items] : page.items;
                const next = further.path === path && further.items.length > 0 ? further.next : page.next;
                const all = page.counts.reduce((sum, one) => sum + one.count, 0);
                return (
                    <>
                        {page.counts.length > 0 && (
                            <div class="payers no-print" role="group" aria-label={t("tasks.by_kind")}>
                                <button type="button" aria-pressed={kind === ""} onClick={() => route("/console/tasks", true)}>{t("tasks.all")} <span class="muted">{number(all)}</span></button>
                                {page.counts.map((one) => <button key={one.kind} type="button" aria-pressed={kind === one.kind} onClick={() => route(`/console/tasks?kind=${one.kind}`, true)}>{kindTitle(one.kind)} <span class="muted">{number(one.count)}</span></button>)}
                            </div>
                        )}
                        {rows.length === 0 ? <Empty title={t("tasks.none")}>{t("tasks.none.more")}</Empty> : <ul class="tasks">{rows.map((one) => <Row key={one.id} of={one} />)}</ul>}
                        {problem && <ProblemBox problem={problem} inline />}
                        {next && <More shown={rows.length} busy={busy} onMore={() => void more(next)} />}
                    </>
                );
            }}</Loaded>
        </Screen>
    );
}
