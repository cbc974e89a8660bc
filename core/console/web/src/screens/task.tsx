// One task: what happened, what each answer does, one main button. What can be undone is done at once; what can't asks for the count first, typed.
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { useRoute } from "preact-iso/router";
import { ask, has, newKey, type Answer, type Decision, type Problem, type Task } from "../api/client";
import type { components } from "../api/schema";
import { Field, Loaded, Panel, Patient, ProblemBox, Screen, Sum } from "../parts/common";
import { eventName } from "../parts/event_words";
import { Icon, State } from "../parts/icon";
import { look, now } from "../state/connection";
import { useResource } from "../state/resource";
import { dayTime, duration, number, t, told } from "../text";
import { kindTitle, taskCost, taskTitle } from "./tasks";
import { streamName } from "./overview";

type Details = components["schemas"];
type Decide = (decision: Decision) => Promise<void>;
interface Asked { task: Task; decide: Decide; busy: boolean }

// A decision that many records or nobody can undo: the number that stands here is typed.
function Confirmed({ id, count, label, effect, busy, onConfirm, main }: { id: string; count: number; label: string; effect: string; busy: boolean; onConfirm: () => void; main?: boolean }) {
    const [open, setOpen] = useState(false);
    const [typed, setTyped] = useState("");
    const field = useRef<HTMLInputElement>(null);
    if (!open)
        return <div class="choice"><button type="button" class={main ? "main" : ""} onClick={() => { setOpen(true); requestAnimationFrame(() => field.current?.focus()); }}>{label}</button><p>{effect}</p></div>;
    const right = typed.replace(/\D/g, "") === String(count);
    return (
        <form class="choice open" onSubmit={(event) => { event.preventDefault(); if (right) onConfirm(); }}>
            <p class="strong">{label}</p>
            <p>{effect}</p>
            <Field id={id} label={t("confirm.type", { count: number(count) })}>
                <input id={id} ref={field} class="short" inputMode="numeric" autoComplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
            </Field>
            <div class="buttons"><button type="submit" class="danger" disabled={!right || busy}>{label}</button><button type="button" class="quiet" onClick={() => setOpen(false)}>{t("cancel")}</button></div>
        </form>
    );
}

function Choice({ label, effect, busy, onChoose, main }: { label: string; effect?: ComponentChildren; busy: boolean; onChoose: () => void; main?: boolean }) {
    return <div class="choice"><button type="button" class={main ? "main" : ""} disabled={busy} onClick={onChoose}>{label}</button>{effect && <p>{effect}</p>}</div>;
}

function Hold({ task, decide, busy }: Asked) {
    const of = task.details as Details["hold_task"];
    const percent = of.known > 0 ? Math.round((of.missing / of.known) * 100) : 0;
    return (
        <>
            <Panel title={t("hold.what")}>
                <p class="big">{t("hold.missing", { count: of.missing, known: of.known, percent })}</p>
                <p>{t("hold.why")}</p>
                {of.examples && of.examples.length > 0 && (
                    <table class="plain"><caption>{t("hold.examples")}</caption>
                        <tbody>{of.examples.map((row, index) => <tr key={index}><th scope="row" class="code">{row.key}</th><td>{row.columns.map((one) => <span key={one.name} class="pair"><span class="muted">{one.name}</span> {one.value}</span>)}</td></tr>)}</tbody>
                    </table>
                )}
            </Panel>
            <Answers>
                <Confirmed id="confirm" count={task.count} label={t("hold.true")} effect={t("hold.true.effect", { count: of.missing })} busy={busy} onConfirm={() => void decide({ answer: "release", confirm: task.count })} main />
                {task.answers.includes("wait") ? <Choice label={t("hold.wait")} effect={t("hold.wait.effect")} busy={busy} onChoose={() => void decide({ answer: "wait" })} /> : <div class="choice"><p><span class="strong">{t("hold.wait")}:</span> {t("hold.wait.effect")}</p></div>}
            </Answers>
        </>
    );
}

function MappingHold({ task, decide, busy }: Asked) {
    const of = task.details as Details["mapping_hold_task"];
    return (
        <>
            <Panel title={t("mapping.what")} note={t("mapping.note", { count: of.records })}>
                {of.changes.length === 0 ? <p>{t("mapping.nothing")}</p> : (
                    <table><caption class="hidden">{t("mapping.what")}</caption>
                        <thead><tr><th scope="col">{t("mapping.event")}</th><th scope="col" class="right">{t("mapping.before")}</th><th scope="col" class="right">{t("mapping.after")}</th><th scope="col" class="right">{t("mapping.changed")}</th></tr></thead>
                        <tbody>{of.changes.map((one) => (
                            <tr key={one.type}><th scope="row">{eventName(one.type)}</th>
                                <td class="right">{number(one.before)}{one.total_before && <div class="small"><Sum of={one.total_before} /></div>}</td>
                                <td class="right">{number(one.after)}{one.total_after && <div class="small"><Sum of={one.total_after} /></div>}</td>
                                <td class="right">{number(one.changed)}</td></tr>
                        ))}</tbody>
                    </table>
                )}
            </Panel>
            <Answers>
                <Confirmed id="send" count={task.count} label={t("mapping.send")} effect={t("mapping.send.effect")} busy={busy} onConfirm={() => void decide({ answer: "send", confirm: task.count })} main />
                <Confirmed id="baseline" count={task.count} label={t("mapping.baseline")} effect={t("mapping.baseline.effect")} busy={busy} onConfirm={() => void decide({ answer: "baseline", confirm: task.count })} />
            </Answers>
        </>
    );
}

function SourceHold({ task, decide, busy }: Asked) {
    const of = task.details as Details["source_hold_task"];
    const [typed, setTyped] = useState("");
    return (
        <>
            <Panel title={t("source_hold.what")}><p>{t("source_hold.why", { source: of.source })}</p><p class="small muted">{of.reason}</p></Panel>
            <Answers>
                <form class="choice open" onSubmit={(event) => { event.preventDefault(); if (typed.trim() === of.source) void decide({ answer: "release" }); }}>
                    <p>{t("source_hold.effect")}</p>
                    <Field id="name" label={t("source_hold.type", { source: of.source })}><input id="name" class="short" autoComplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} /></Field>
                    <div class="buttons"><button type="submit" class="danger" disabled={typed.trim() !== of.source || busy}>{t("source_hold.release")}</button></div>
                </form>
            </Answers>
        </>
    );
}

function Order({ task, decide, busy }: Asked) {
    const of = task.details as Details["order_task"];
    const [chosen, setChosen] = useState("");
    const [card, setCard] = useState("");
    const own = chosen === "own" || of.candidates.length === 0;
    const sources = [...new Set([...of.candidates.map((one) => one.source), ...(task.params.source ? [String(task.params.source)] : [])])];
    const [source, setSource] = useState(sources[0] ?? "");
    const pick = own ? (card.trim() && source.trim() ? { source: source.trim(), card: card.trim() } : null) : of.candidates[Number(chosen)];
    const ground = (of.ground ?? "").split("+").filter(Boolean).map((one) => told("ground.", one.trim(), {}, one)).join(", ");
    return (
        <>
            <Panel title={t("order.what")}>
                <p>{of.candidates.length === 0 ? t("order.none") : t("order.several", { count: of.candidates.length })} {ground && t("order.by", { ground })}</p>
                {of.cancelled && <p><State shape="closed" tone="quiet">{t("order.cancelled")}</State></p>}
                {of.received_at && <p class="small muted">{t("order.received", { at: dayTime(of.received_at) })}</p>}
            </Panel>
            <Answers>
                <form class="choice open" onSubmit={(event) => { event.preventDefault(); if (pick) void decide({ answer: "link", source: pick.source, card: pick.card }); }}>
                    <fieldset>
                        <legend>{t("order.whose")}</legend>
                        {of.candidates.map((one, index) => (
                            <label key={one.source + one.card} class="option"><input type="radio" name="candidate" checked={chosen === String(index)} onChange={() => setChosen(String(index))} /><span><Patient of={{ id: one.patient ?? "", card: one.card, ...(one.initial ? { initial: one.initial } : {}) }} /> <span class="muted small">{one.source}</span></span></label>
                        ))}
                        {of.candidates.length > 0 && <label class="option"><input type="radio" name="candidate" checked={chosen === "own"} onChange={() => setChosen("own")} /><span>{t("order.other_card")}</span></label>}
                        {own && (
                            <div class="row">
                                <Field id="source" label={t("order.source")}><input id="source" value={source} autoComplete="off" spellcheck={false} list="sources" onInput={(event) => setSource(event.currentTarget.value)} /></Field>
                                <datalist id="sources">{sources.map((one) => <option key={one} value={one} />)}</datalist>
                                <Field id="card" label={t("order.card")}><input id="card" class="short" value={card} autoComplete="off" onInput={(event) => setCard(event.currentTarget.value)} /></Field>
                            </div>
                        )}
                    </fieldset>
                    <p>{t("order.effect")}</p>
                    <div class="buttons"><button type="submit" class="main" disabled={!pick || busy}>{t("order.link")}</button></div>
                </form>
            </Answers>
        </>
    );
}

function Rows({ task, decide, busy }: Asked) {
    const of = task.details as Details["rows_task"];
    const [dismissing, dismiss] = useState<number | null>(null);
    const [reason, setReason] = useState("");
    return (
        <Panel title={t("rows.what", { count: of.rows.length })} note={`${of.source} · ${streamName(of.stream)}`} wide>
            <p><span class="muted">{t("rows.reason")}</span> <span class="strong">{of.reason}</span></p>
            <p>{t("rows.mend")}</p>
            <table><caption class="hidden">{t("rows.what", { count: of.rows.length })}</caption>
                <thead><tr><th scope="col">{t("rows.key")}</th><th scope="col">{t("rows.told")}</th><th scope="col" class="wide-only">{t("rows.since")}</th><th scope="col"><span class="hidden">{t("answer")}</span></th></tr></thead>
                <tbody>{of.rows.map((row) => (
                    <tr key={row.number}>
                        <th scope="row" class="code">{row.key || t("rows.unreadable")}</th>
                        <td>{row.told}{dismissing === row.number && (
                            <form class="inline" onSubmit={(event) => { event.preventDefault(); void decide({ answer: "dismiss", number: row.number, reason: reason.trim() }); }}>
                                <Field id={`reason-${row.number}`} label={t("rows.dismiss.reason")}><input id={`reason-${row.number}`} required maxLength={500} value={reason} onInput={(event) => setReason(event.currentTarget.value)} /></Field>
                                <div class="buttons"><button type="submit" class="main" disabled={busy || reason.trim() === ""}>{t("rows.dismiss")}</button><button type="button" class="quiet" onClick={() => dismiss(null)}>{t("cancel")}</button></div>
                            </form>
                        )}</td>
                        <td class="wide-only nowrap small">{row.first_seen_at && dayTime(row.first_seen_at)}</td>
                        <td class="right">{has("operator") && dismissing !== row.number && <button type="button" class="small" aria-label={`${t("rows.dismiss")}: ${row.key || t("rows.unreadable")}`} onClick={() => { dismiss(row.number); setReason(""); requestAnimationFrame(() => document.getElementById(`reason-${row.number}`)?.focus()); }}>{t("rows.dismiss")}</button>}</td>
                    </tr>
                ))}</tbody>
            </table>
        </Panel>
    );
}

function DeadLetter({ task, decide, busy }: Asked) {
    const of = task.details as Details["dead_letter_task"];
    return (
        <>
            <Panel title={t("dead.what")}>
                <p><span class="muted">{t("dead.reason")}</span> <span class="strong">{of.reason}</span></p>
                {of.at && <p class="small muted">{dayTime(of.at)} · {of.sink}</p>}
                <details><summary>{t("dead.event")}</summary><pre tabIndex={0}>{JSON.stringify(of.event, null, 2)}</pre></details>
            </Panel>
            <Answers><Choice label={t("dead.retry")} effect={t("dead.retry.effect")} busy={busy} onChoose={() => void decide({ answer: "retry" })} main /></Answers>
        </>
    );
}

function Mismatch({ task }: Asked) {
    const of = task.details as Details["mismatch_task"];
    return (
        <Panel title={t(`mismatch.${of.field}`)}>
            <dl class="versus"><div><dt>{t("mismatch.ours")}</dt><dd><Sum of={of.ours} /></dd></div><div><dt>{t("mismatch.theirs")}</dt><dd><Sum of={of.theirs} /></dd></div><div><dt>{t("mismatch.difference")}</dt><dd><Sum of={{ minor: of.theirs.minor - of.ours.minor, currency: of.ours.currency }} /></dd></div></dl>
            <p>{t("mismatch.lines.count", { count: of.lines.length })}</p>
            <p><a class="button main" href={`/console/limits/${of.limit}`}>{t("mismatch.open")}</a></p>
            <p>{t("mismatch.mend")}</p>
        </Panel>
    );
}

const text_max = 2000;

function Complaint({ task, decide, busy }: Asked) {
    const of = task.details as Details["complaint_task"];
    const [text, setText] = useState("");
    return (
        <>
            <Panel title={t("complaint.what")}>
                <p class="small muted">{of.received_at && dayTime(of.received_at)}{of.order && <> · {t("terms.order")} <span class="code">{of.order}</span></>}</p>
                {of.rating !== undefined && <p>{t("complaint.rating", { rating: of.rating })} <span class="stars" aria-hidden="true">{"★".repeat(of.rating)}<span class="muted">{"☆".repeat(Math.max(0, 5 - of.rating))}</span></span></p>}
                <blockquote>{of.text_withheld ? <span class="muted">{t("complaint.withheld")}</span> : of.text || <span class="muted">{t("complaint.wordless")}</span>}</blockquote>
                {of.answers.map((one) => <div key={one.at} class="reply"><p class="small muted">{t("complaint.answered", { at: dayTime(one.at) })}</p><blockquote>{one.text}</blockquote></div>)}
            </Panel>
            <Answers>
                <form class="choice open" onSubmit={(event) => { event.preventDefault(); void decide({ answer: "answer", text: text.trim() }); }}>
                    <Field id="text" label={t("complaint.answer")} hint={<>{t("complaint.hint")} <span class="nowrap">{t("complaint.left", { count: text_max - text.length })}</span></>}>
                        <textarea id="text" rows={7} maxLength={text_max} required aria-describedby="text-hint" value={text} onInput={(event) => setText(event.currentTarget.value)} />
                    </Field>
                    <div class="buttons"><button type="submit" class="main" disabled={busy || text.trim() === ""}>{t("complaint.send")}</button></div>
                </form>
            </Answers>
        </>
    );
}

function Code({ task, decide, busy }: Asked) {
    const of = task.details as Details["code_task"];
    const [code, setCode] = useState("");
    return (
        <>
            <Panel title={t("code.what")}><p><span class="code strong">{of.code}</span> {of.name}</p><p>{t("code.seen", { count: of.times })}</p></Panel>
            <Answers>
                <form class="choice open" onSubmit={(event) => { event.preventDefault(); void decide({ answer: "map", nomenclature: code.trim() }); }}>
                    <Field id="code" label={t("code.national")} hint={t("code.hint")}><input id="code" class="code" required maxLength={40} autoComplete="off" spellcheck={false} aria-describedby="code-hint" value={code} onInput={(event) => setCode(event.currentTarget.value)} /></Field>
                    <p>{t("code.effect")}</p>
                    <div class="buttons"><button type="submit" class="main" disabled={busy || code.trim() === ""}>{t("code.map")}</button></div>
                </form>
            </Answers>
        </>
    );
}

function Sink({ task, decide, busy }: Asked) {
    const of = task.details as Details["sink_task"];
    return (
        <>
            <Panel title={t("sink_task.what")}><p>{t("sink_task.waits", { count: of.waiting, sink: of.sink })}</p><p><span class="muted">{t("dead.reason")}</span> <span class="strong">{of.reason}</span></p></Panel>
            <Answers><Choice label={t("sink_task.resume")} effect={t("sink_task.effect")} busy={busy} onChoose={() => void decide({ answer: "resume" })} main /></Answers>
        </>
    );
}

function Backup({ task }: Asked) {
    const of = task.details as Details["backup_task"];
    return <Panel title={t("backup.what")}><p>{of.newest_at ? t("backup.newest", { at: dayTime(of.newest_at) }) : t("books.backup.none")}</p><p>{t("backup.mend")}</p><pre class="command">sudo mis-gateway backup</pre><p>{t("backup.closes")}</p></Panel>;
}

function Answers({ children }: { children: ComponentChildren }) {
    return has("operator") ? <Panel title={t("answer.title")}>{children}</Panel> : <div class="newer"><Icon shape="off" /><span>{t("answer.no_right")}</span></div>;
}

const bodies: Record<Task["kind"], (asked: Asked) => ComponentChildren> = {
    hold: Hold, mapping_hold: MappingHold, source_hold: SourceHold, order: Order, rows: Rows, dead_letter: DeadLetter, mismatch: Mismatch, complaint: Complaint, code: Code, sink: Sink, backup: Backup,
};

export function TaskScreen() {
    const { params } = useRoute();
    const id = (params.id ?? "").replaceAll("!", ".");
    const resource = useResource<Task>(`/tasks/${encodeURIComponent(id)}`, true);
    const [problem, setProblem] = useState<Problem | null>(null);
    const [busy, setBusy] = useState(false);
    const [done, setDone] = useState<Answer | null>(null);
    const key = useRef({ of: "", key: "" });

    const decide = async (decision: Decision) => {
        setBusy(true);
        setProblem(null);
        const content = JSON.stringify(decision) + resource.etag;
        if (key.current.of !== content) key.current = { of: content, key: newKey() }; // a repeated try of one decision is one decision
        const answer = await ask<{ answer: Answer }>(`/tasks/${encodeURIComponent(id)}/answer`, { method: "POST", body: decision, match: resource.etag, key: key.current.key });
        setBusy(false);
        if (!answer.ok) {
            setProblem(answer.problem);
            return;
        }
        setDone(decision.answer);
        void look();
        requestAnimationFrame(() => document.querySelector<HTMLElement>("main h1")?.focus());
    };

    const task = resource.value;
    const back = <p class="back no-print"><a href="/console/tasks">← {t("nav.tasks")}</a></p>;
    if (done)
        return (
            <Screen title={t("done.title")} back={back}>
                <div class="verdict ok" role="status"><Icon shape="ok" /><div><p class="sentence">{told("done.", done, {}, t("done.title"))}</p><p>{t("done.audit")}</p></div></div>
                <div class="buttons"><a class="button main" href="/console/tasks">{t("done.next")}</a>{task?.kind === "rows" && <button type="button" onClick={() => { setDone(null); resource.reload(); }}>{t("done.same")}</button>}</div>
            </Screen>
        );
    const Body = task ? bodies[task.kind] : null;
    return (
        <Screen title={task ? taskTitle(task) : t("task.title")} back={back} lead={task && <>{kindTitle(task.kind)}{task.since && <> · {t("task.waits", { time: duration((now.value - Date.parse(task.since)) / 1000) })}</>}</>}>
            <Loaded of={resource} rows={8}>{(found) => (
                <>
                    {taskCost(found) && <p class="cost">{taskCost(found)}</p>}
                    {problem && <ProblemBox problem={problem} inline retry={problem.name === "changed" ? resource.reload : undefined} />}
                    {Body && <Body task={found} decide={decide} busy={busy} />}
                </>
            )}</Loaded>
        </Screen>
    );
}
