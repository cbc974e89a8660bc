// Is everything handed on, and if not, why: one sentence, then what it rests on.
import type { Overview, Reason } from "../api/client";
import { DayLine } from "../parts/bars";
import { Empty, Panel, Screen, Skeleton, Sum } from "../parts/common";
import { Icon, State, type Shape, type Tone } from "../parts/icon";
import { now, overview } from "../state/connection";
import { duration, moment, t, told, type Key } from "../text";
import { kindTitle } from "./tasks";

function partOf(reason: Reason): string {
    const { source, stream, sink } = reason.part;
    if (stream) return t("part.stream", { source: source ?? "", stream: streamName(stream) });
    if (source) return t("part.source", { source });
    if (sink) return t("part.sink", { sink });
    return "";
}

export function streamName(stream: string): string {
    return told("stream.name.", stream, {}, stream);
}

export function reasonText(reason: Reason): string {
    const words = { ...reason.part, ...reason.params };
    if (words.stream) words.stream = streamName(String(words.stream));
    for (const name of ["seconds", "age_seconds", "silent_seconds"] as const)
        if (typeof words[name as keyof typeof words] === "number") (words as Record<string, unknown>)[name] = duration(Number(words[name as keyof typeof words]));
    return told("reason.", reason.code, words, reason.text);
}

// Where the person goes to mend it.
const places: Record<string, TaskLink> = {
    holds: { to: "/console/tasks?kind=hold", text: "go.holds" },
    quarantine: { to: "/console/tasks?kind=rows", text: "go.rows" },
    orders_waiting: { to: "/console/tasks?kind=order", text: "go.orders" },
    unmapped_codes: { to: "/console/tasks?kind=code", text: "go.codes" },
    dead_letters: { to: "/console/tasks?kind=dead_letter", text: "go.dead_letters" },
    sink_stopped: { to: "/console/tasks?kind=sink", text: "go.sink" },
};
interface TaskLink { to: string; text: Key }

function Verdict({ of }: { of: Overview }) {
    const worst = of.reasons[0];
    const underway = Math.max(0, ...of.sinks.map((one) => one.waiting));
    if (!worst && of.streams.length === 0) return <div class="verdict notice"><Icon shape="off" /><div><p class="sentence">{t("verdict.nothing")}</p><p>{t("streams.empty.more")}</p></div></div>;
    if (!worst && underway > 0) return <div class="verdict ok"><Icon shape="ok" /><div><p class="sentence">{t("verdict.underway", { count: underway })}</p><p>{t("verdict.ok.more")}</p></div></div>;
    if (!worst) return <div class="verdict ok"><Icon shape="ok" /><div><p class="sentence">{t("verdict.ok")}</p><p>{t("verdict.ok.more")}</p></div></div>;
    const tone = worst.severity === "alarm" ? "alarm" : "notice";
    const place = places[worst.code];
    const others = of.reasons.slice(1);
    return (
        <div class={`verdict ${tone}`}>
            <Icon shape={tone} />
            <div>
                <p class="sentence">{partOf(worst) && <>{partOf(worst)}: </>}{reasonText(worst)}</p>
                <p>{told("mend.", worst.code, { ...worst.part, ...worst.params }, "")} {place && <a href={place.to}>{t(place.text)}</a>}</p>
                {others.length > 0 && (
                    <ul class="reasons">
                        {others.map((one, index) => (
                            <li key={index}><State shape={one.severity} tone={one.severity}>{partOf(one) && <>{partOf(one)}: </>}{reasonText(one)}</State></li>
                        ))}
                    </ul>
                )}
            </div>
        </div>
    );
}

const stream_states: Record<string, [Shape, Tone]> = { failing: ["alarm", "alarm"], late: ["waiting", "alarm"], ok: ["ok", "ok"], off: ["off", "quiet"] };
const sink_states: Record<string, [Shape, Tone]> = { stopped: ["alarm", "alarm"], failing: ["notice", "notice"], working: ["ok", "ok"] };

function ago(at: string | undefined): string {
    return at ? t("ago", { time: duration((now.value - Date.parse(at)) / 1000) }) : t("never");
}

function Streams({ of }: { of: Overview }) {
    if (of.streams.length === 0) return <Empty title={t("streams.empty")}>{t("streams.empty.more")}</Empty>;
    const sources = [...new Set(of.streams.map((one) => one.source))];
    const order = ["failing", "late", "ok", "off"];
    return (
        <table>
            <caption class="hidden">{t("streams.title")}</caption>
            <thead><tr><th scope="col">{t("stream")}</th><th scope="col">{t("state")}</th><th scope="col">{t("stream.read")}</th><th scope="col" class="right wide-only">{t("stream.norm")}</th></tr></thead>
            {sources.map((source) => (
                <tbody key={source}>
                    {sources.length > 1 && <tr class="group"><th scope="rowgroup" colSpan={4}>{source}</th></tr>}
                    {of.streams.filter((one) => one.source === source).sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state)).map((one) => {
                        const [shape, tone] = stream_states[one.state] ?? ["off", "quiet"];
                        return (
                            <tr key={one.stream} class={one.state === "off" ? "faint" : ""}>
                                <th scope="row">{streamName(one.stream)}</th>
                                <td><State shape={shape} tone={tone}>{t(`stream.${one.state}`)}{one.since && one.state !== "ok" && one.state !== "off" && <> {t("since", { at: moment(one.since, now.value) })}</>}</State>{one.reason && <div class="small muted">{one.reason}</div>}{one.drift ? <div class="small">{t("stream.drift", { count: one.drift })}</div> : null}</td>
                                <td>{one.state === "off" ? "" : one.read_until ? <span title={moment(one.read_until, now.value)}>{ago(one.read_until)}</span> : t("never")}</td>
                                <td class="right wide-only muted">{one.state === "off" ? "" : duration(one.norm_seconds)}</td>
                            </tr>
                        );
                    })}
                </tbody>
            ))}
        </table>
    );
}

function Sinks({ of }: { of: Overview }) {
    if (of.sinks.length === 0) return <Empty title={t("sinks.empty")}>{t("sinks.empty.more")}</Empty>;
    return (
        <table>
            <caption class="hidden">{t("sinks.title")}</caption>
            <thead><tr><th scope="col">{t("sink")}</th><th scope="col">{t("state")}</th><th scope="col" class="right">{t("sink.waiting")}</th><th scope="col">{t("sink.oldest")}</th><th scope="col" class="right wide-only">{t("sink.p95")}</th></tr></thead>
            <tbody>
                {of.sinks.map((one) => {
                    const [shape, tone] = sink_states[one.state] ?? ["off", "quiet"];
                    return (
                        <tr key={one.sink}>
                            <th scope="row">{one.sink}</th>
                            <td><State shape={shape} tone={tone}>{t(`sink.${one.state}`)}{one.since && one.state !== "working" && <> {t("since", { at: moment(one.since, now.value) })}</>}</State>{one.reason && <div class="small muted">{one.reason}</div>}{one.dead_letters > 0 && <div class="small">{t("sink.dead", { count: one.dead_letters })}</div>}</td>
                            <td class="right">{one.waiting}</td>
                            <td>{one.oldest_at ? ago(one.oldest_at) : "—"}</td>
                            <td class="right wide-only muted">{one.p95_seconds !== undefined ? t("sink.p95.value", { time: duration(one.p95_seconds) }) : "—"}</td>
                        </tr>
                    );
                })}
            </tbody>
        </table>
    );
}

function Books({ of }: { of: Overview }) {
    const backup_age = of.backup.newest_at ? (now.value - Date.parse(of.backup.newest_at)) / 3_600_000 : null;
    const old = of.backup.watched && (backup_age === null || (of.backup.age_hours_max !== undefined && backup_age > of.backup.age_hours_max));
    return (
        <dl class="facts">
            <dt>{t("books.drift")}</dt>
            <dd>{of.drift === undefined ? <State shape="waiting" tone="quiet">{t("books.drift.none")}</State> : of.drift === 0 ? <State shape="ok" tone="ok">{t("books.drift.ok")}</State> : <State shape="notice" tone="notice">{t("books.drift.found", { count: of.drift })}</State>}</dd>
            <dt>{t("books.balance")}</dt>
            <dd>{of.imbalance.differences === 0 && of.imbalance.money.minor === 0 ? <State shape="ok" tone="ok">{t("books.balance.ok")}</State> : <State shape="alarm" tone="alarm">{t("books.balance.off", { count: of.imbalance.differences })} <Sum of={of.imbalance.money} /></State>}</dd>
            <dt>{t("books.backup")}</dt>
            <dd>{!of.backup.watched ? <State shape="off" tone="quiet">{t("books.backup.unwatched")}</State> : <State shape={old ? "alarm" : "ok"} tone={old ? "alarm" : "ok"}>{of.backup.newest_at ? ago(of.backup.newest_at) : t("books.backup.none")}</State>}</dd>
            <dt>{t("books.started")}</dt>
            <dd>{moment(of.started_at, now.value)} <span class="muted">· {of.version}</span></dd>
        </dl>
    );
}

function OpenTasks({ of }: { of: Overview }) {
    if (of.tasks.length === 0) return <Empty title={t("tasks.none")}>{t("tasks.none.more")}</Empty>;
    return (
        <ul class="tiles">
            {of.tasks.map((one) => <li key={one.kind}><a href={`/console/tasks?kind=${one.kind}`}><span class="figure">{one.count}</span><span>{kindTitle(one.kind)}</span></a></li>)}
        </ul>
    );
}

export function OverviewScreen() {
    const of = overview.value;
    if (!of) return <Screen title={t("nav.overview")}><Skeleton rows={12} /></Screen>;
    return (
        <Screen title={t("nav.overview")}>
            <Verdict of={of} />
            <div class="columns">
                <div>
                    <Panel title={t("streams.title")} note={t("streams.note")}><Streams of={of} /></Panel>
                    <Panel title={t("books.title")}><Books of={of} /></Panel>
                </div>
                <div>
                    <Panel title={t("overview.tasks")}><OpenTasks of={of} /></Panel>
                    <Panel title={t("sinks.title")}><Sinks of={of} />{of.history && <DayLine history={of.history} />}</Panel>
                </div>
            </div>
        </Screen>
    );
}
