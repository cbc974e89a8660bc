// A patient without his name: what his plans come to, tooth by tooth, what his limits have left, and what left the building about him.
import { useEffect, useState } from "preact/hooks";
import { useRoute } from "preact-iso/router";
import { ask, has, type Patient as PatientData, type Person, type PlanItem, type Problem, type Trace } from "../api/client";
import { Empty, Field, Loaded, More, Panel, ProblemBox, Screen, Sum } from "../parts/common";
import { State } from "../parts/icon";
import { eventName } from "../parts/event_words";
import { LimitState, payerName } from "../parts/limit_words";
import { areaName, ItemSign, stateName, ToothChart } from "../parts/tooth_chart";
import { useResource } from "../state/resource";
import { day, dayTime, t, told } from "../text";

type Page = { items: Trace[]; next?: string; since?: string };

// Order 804n keeps extraction under one heading.
const isExtraction = (item: PlanItem) => (item.nomenclature ?? "").startsWith("A16.07.001");

const workName = (item: PlanItem) => item.nomenclature ?? item.service_code ?? item.id.slice(0, 8);

function teethOf(item: PlanItem): string {
    return item.teeth.map((tooth) => (/^\d+$/.test(tooth) ? tooth : areaName(tooth))).join(", ") || "—";
}

const states: PlanItem["state"][] = ["planned", "scheduled", "in_progress", "performed", "void"];

function Plans({ of }: { of: PatientData }) {
    const [tooth, choose] = useState<string | null>(null);
    const items = of.plans.flatMap((plan) => plan.items);
    if (items.length === 0) return <Panel title={t("plans.title")}><Empty title={t("plans.empty")}>{t("plans.empty.more")}</Empty></Panel>;
    return (
        <Panel title={t("plans.title")} note={t("chart.how")}>
            <ToothChart items={items} extraction={isExtraction} chosen={tooth} choose={choose} workName={workName} />
            <p class="legend small">{states.map((state) => <span key={state}><ItemSign state={state} />{stateName(state)}</span>)}</p>
            {tooth && <p class="newer" role="status"><span>{t("chart.only", { tooth: /^\d+$/.test(tooth) ? tooth : areaName(tooth) })}</span><button type="button" onClick={() => choose(null)}>{t("chart.all")}</button></p>}
            {of.plans.map((plan) => {
                const shown = plan.items.filter((item) => tooth === null || item.teeth.includes(tooth));
                if (shown.length === 0) return null;
                return (
                    <table key={plan.id}>
                        <caption>{plan.order ? t("plan.order", { order: plan.order }) : t("plan.own")}{plan.closed && <> · <State shape="closed" tone="quiet">{t("plan.closed")}</State></>}</caption>
                        <thead><tr><th scope="col">{t("plan.stage")}</th><th scope="col">{t("line.work")}</th><th scope="col">{t("plan.teeth")}</th><th scope="col">{t("state")}</th><th scope="col" class="right">{t("line.total")}</th></tr></thead>
                        <tbody>{shown.map((item) => (
                            <tr key={item.id} class={item.state === "void" ? "faint" : ""}>
                                <td>{item.stage}</td>
                                <th scope="row"><span class="code">{workName(item)}</span>{item.service_code && item.nomenclature && <div class="small muted code">{item.service_code}</div>}</th>
                                <td>{teethOf(item)}</td>
                                <td><span class="state"><ItemSign state={item.state} /><span>{stateName(item.state)}{item.reason && <span class="small muted"> ({told("void.", item.reason, {}, item.reason)})</span>}</span></span></td>
                                <td class="right">{item.total ? <Sum of={item.total} /> : "—"}</td>
                            </tr>
                        ))}</tbody>
                    </table>
                );
            })}
        </Panel>
    );
}

function Timeline({ id }: { id: string }) {
    const path = `/patients/${encodeURIComponent(id)}/timeline`;
    const first = useResource<Page>(path);
    const [further, setFurther] = useState<Page>({ items: [] });
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState<Problem | null>(null);
    useEffect(() => setFurther({ items: [] }), [path]);
    const more = async (after: string) => {
        setBusy(true);
        const answer = await ask<Page>(`${path}?after=${encodeURIComponent(after)}`);
        setBusy(false);
        if (!answer.ok) return setProblem(answer.problem);
        setFurther((before) => ({ ...answer.value, items: [...before.items, ...answer.value.items] }));
    };
    return (
        <Panel title={t("timeline.title")} note={t("timeline.note")} wide>
            <Loaded of={first} rows={5}>{(page) => {
                const rows = [...page.items, ...further.items];
                const next = further.items.length > 0 ? further.next : page.next;
                if (rows.length === 0) return <Empty title={t("timeline.empty")}>{page.since && t("timeline.since", { at: dayTime(page.since) })}</Empty>;
                return (
                    <>
                        <table>
                            <caption class="hidden">{t("timeline.title")}</caption>
                            <thead><tr><th scope="col">{t("timeline.at")}</th><th scope="col">{t("timeline.what")}</th><th scope="col">{t("timeline.fate")}</th><th scope="col" class="wide-only">{t("timeline.event")}</th></tr></thead>
                            <tbody>{rows.map((one, index) => (
                                <tr key={one.event ?? index}>
                                    <td class="nowrap">{dayTime(one.at)}</td>
                                    <th scope="row">{eventName(one.type)}</th>
                                    <td>{one.fate === "left" ? <State shape="ok" tone="ok">{t("fate.left")}</State> : <State shape="off" tone="quiet">{t("fate.withheld")}</State>}<div class="small muted">{told("ground.of.", one.ground, {}, one.ground)}</div></td>
                                    <td class="wide-only code small muted">{one.event?.slice(0, 12)}</td>
                                </tr>
                            ))}</tbody>
                        </table>
                        {page.since && <p class="small muted">{t("timeline.since", { at: dayTime(page.since) })}</p>}
                        {problem && <ProblemBox problem={problem} inline />}
                        {next && <More shown={rows.length} busy={busy} onMore={() => void more(next)} />}
                    </>
                );
            }}</Loaded>
        </Panel>
    );
}

const shown_ms = 15 * 60_000;

function Unmask({ id }: { id: string }) {
    const [open, setOpen] = useState(false);
    const [reason, setReason] = useState("");
    const [person, setPerson] = useState<Person | null>(null);
    const [problem, setProblem] = useState<Problem | null>(null);
    useEffect(() => {
        if (!person) return;
        const timer = setTimeout(() => setPerson(null), shown_ms);
        return () => clearTimeout(timer);
    }, [person]);
    if (!has("privacy_officer")) return null;
    if (person)
        return (
            <Panel title={t("unmask.shown")} note={t("unmask.until")}>
                <dl class="facts">
                    <dt>{t("unmask.name")}</dt><dd class="strong">{[person.last_name, person.first_name, person.middle_name].filter(Boolean).join(" ")}</dd>
                    {person.birth_date && <><dt>{t("ground.birth")}</dt><dd>{day(person.birth_date)}</dd></>}
                    {person.phones && person.phones.length > 0 && <><dt>{t("unmask.phones")}</dt><dd>{person.phones.join(", ")}</dd></>}
                    {person.email && <><dt>{t("unmask.email")}</dt><dd>{person.email}</dd></>}
                </dl>
                <button type="button" onClick={() => setPerson(null)}>{t("unmask.hide")}</button>
            </Panel>
        );
    if (!open) return <p class="no-print"><button type="button" onClick={() => { setOpen(true); requestAnimationFrame(() => document.getElementById("why")?.focus()); }}>{t("unmask.button")}</button></p>;
    return (
        <Panel title={t("unmask.button")}>
            {problem && <ProblemBox problem={problem} inline />}
            <form onSubmit={(event) => {
                event.preventDefault();
                void ask<Person>(`/patients/${encodeURIComponent(id)}/unmask`, { method: "POST", body: { reason: reason.trim() } }).then((answer) => {
                    if (answer.ok) { setPerson(answer.value); setOpen(false); setReason(""); setProblem(null); } else setProblem(answer.problem);
                });
            }}>
                <Field id="why" label={t("unmask.why")} hint={t("unmask.audited")}><input id="why" required maxLength={500} aria-describedby="why-hint" value={reason} onInput={(event) => setReason(event.currentTarget.value)} /></Field>
                <div class="buttons"><button type="submit" class="main" disabled={reason.trim() === ""}>{t("unmask.show")}</button><button type="button" class="quiet" onClick={() => setOpen(false)}>{t("cancel")}</button></div>
            </form>
        </Panel>
    );
}

export function PatientScreen() {
    const { params } = useRoute();
    const id = params.id ?? "";
    const patient = useResource<PatientData>(`/patients/${encodeURIComponent(id)}`);
    const of = patient.value;
    return (
        <Screen title={of?.card ? `${t("patient.card", { card: of.card })}${of.initial ? `, ${of.initial}` : ""}` : t("patient")} back={<p class="back no-print"><a href="/console/search">← {t("nav.search")}</a></p>}
            lead={of && <>{of.source && <>{of.source} · </>}<span class="code small">{of.id}</span></>} actions={of && <button type="button" onClick={() => window.print()}>{t("print")}</button>}>
            <Loaded of={patient} rows={12}>{(found) => (
                <>
                    <Unmask id={found.id} />
                    <Panel title={t("nav.limits")}>
                        {found.limits.length === 0 ? <Empty title={t("search.no_limits")} /> : (
                            <table>
                                <caption class="hidden">{t("nav.limits")}</caption>
                                <thead><tr><th scope="col">{t("limit.payer")}</th><th scope="col" class="right">{t("limit.granted")}</th><th scope="col" class="right">{t("limit.consumed")}</th><th scope="col" class="right">{t("limit.remaining")}</th><th scope="col">{t("state")}</th></tr></thead>
                                <tbody>{found.limits.map((one) => <tr key={one.id}><th scope="row"><a href={`/console/limits/${one.id}`}>{payerName(one)}</a></th><td class="right"><Sum of={one.granted} /></td><td class="right"><Sum of={one.consumed} /></td><td class="right"><Sum of={one.remaining} /></td><td><LimitState of={one.state} /></td></tr>)}</tbody>
                            </table>
                        )}
                    </Panel>
                    <Plans of={found} />
                    <Timeline id={found.id} />
                </>
            )}</Loaded>
        </Screen>
    );
}
