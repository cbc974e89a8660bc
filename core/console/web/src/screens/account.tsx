// One account as a clerk compares it with her MIS: «Ограничение», «Использовано», «Осталось», and every line that made it so, in the order in which they filled it.
// The line at which the limit ended is framed and says who pays the rest.
import { useRoute } from "preact-iso/router";
import { session, type Account, type AccountLine } from "../api/client";
import { ShareBar } from "../parts/bars";
import { Empty, Loaded, Panel, Patient, Screen, Sum } from "../parts/common";
import { Icon, State } from "../parts/icon";
import { kindName, LimitState, payerName, validity, whoPays } from "../parts/limit_words";
import { now } from "../state/connection";
import { useResource } from "../state/resource";
import { day, dayTime, t, time, told } from "../text";

function Figures({ of }: { of: Account }) {
    const theirs = of.sources.find((one) => one.used);
    const used = of.mismatches.find((one) => one.field === "used");
    const less = theirs?.used ? theirs.used.minor === of.consumed.minor - of.overrun.minor : false;
    return (
        <section class="figures" aria-label={t("account.figures")}>
            <dl>
                <div><dt>{t("limit.granted")}</dt><dd><Sum of={of.granted} /></dd></div>
                <div><dt>{t("limit.consumed")}</dt><dd><Sum of={of.consumed} /></dd></div>
                <div><dt>{t("limit.remaining")}</dt><dd><Sum of={of.remaining} /></dd></div>
                <div class={of.overrun.minor > 0 ? "over" : "quiet"}><dt>{t("limit.overrun")}</dt><dd><Sum of={of.overrun} /></dd></div>
            </dl>
            <ShareBar granted={of.granted} consumed={of.consumed} low={80} />
            <div class="beside">
                <LimitState of={of.state} />
                {of.overrun.minor > 0 && <span>{t("account.rest", { sum: of.overrun, who: whoPays(of.overrun_payer) })}</span>}
                {theirs?.used && (used
                    ? <State shape="notice" tone="notice">{t("account.theirs.off", { used: theirs.used })}</State>
                    : theirs.used.minor === of.consumed.minor || less
                        ? <State shape="ok" tone="ok">{t(less && of.overrun.minor > 0 ? "account.theirs.inside" : "account.theirs.same", { used: theirs.used })}</State>
                        : <State shape="waiting" tone="quiet">{t("account.theirs.later", { used: theirs.used })}</State>)}
                {of.closed && <State shape="closed" tone="quiet">{of.closed.write_off ? t("account.closed.written_off", { on: of.closed.on ? day(of.closed.on) : "", sum: of.closed.write_off }) : t("account.closed", { on: of.closed.on ? day(of.closed.on) : "" })}</State>}
            </div>
        </section>
    );
}

function Mismatches({ of }: { of: Account }) {
    if (of.mismatches.length === 0) return null;
    return (
        <section class="notice-box" aria-label={t("account.mismatch.title")}>
            <Icon shape="notice" />
            <div>
                <h2>{t("account.mismatch.title")}</h2>
                {of.mismatches.map((one, index) => (
                    <p key={index}>
                        <span class="strong">{t(`mismatch.${one.field}`)}:</span> {t("mismatch.sums", { ours: one.ours, theirs: one.theirs })}{" "}
                        {one.lines.length > 0 && <>{t("mismatch.lines")} {one.lines.map((line, at) => <LineLink key={line} id={line} lines={of.lines} last={at === one.lines.length - 1} />)}</>}
                    </p>
                ))}
                <p>{t("mismatch.mend")}</p>
            </div>
        </section>
    );
}

function LineLink({ id, lines, last }: { id: string; lines: AccountLine[]; last: boolean }) {
    const line = lines.find((one) => one.id === id);
    return line ? <><a href={`#line-${line.number}`}>{t("line.number", { number: String(line.number) })}</a>{last ? "." : ", "}</> : null;
}

const quiet_remarks = ["day_only"];

function remarkText(code: string): string {
    return told("remark.", code, {}, code);
}

function teethText(teeth: string[]): string {
    return teeth.map((tooth) => (/^\d+$/.test(tooth) ? tooth : told("tooth.", tooth.replace("-", "_"), {}, tooth))).join(", ");
}

function Work({ of, account, explained }: { of: AccountLine; account: Account; explained: boolean }) {
    const remarks = of.remarks.filter((one) => !quiet_remarks.includes(one));
    return (
        <>
            <div>{of.name ?? of.code}</div>
            <div class="small muted">
                {of.name && <span class="code">{of.code}</span>}
                {of.teeth.length > 0 && <> · {t("line.teeth", { teeth: teethText(of.teeth) })}</>}
                {of.quantity !== "1" && <> · {t("line.quantity", { quantity: of.quantity.replace(".", ",") })}</>}
                {account.shared && of.patient && <> · <Patient of={of.patient} /></>}
            </div>
            {explained && <div class="remark"><Icon shape="notice" />{t("remark.explains")}</div>}
            {remarks.map((one) => <div key={one} class="remark"><Icon shape="notice" />{remarkText(one)}</div>)}
            {of.line_total && <div class="small muted">{t("line.share", { sum: of.line_total })}</div>}
            {of.discount && of.discount.minor > 0 && <div class="small muted">{t("line.discount", { sum: of.discount })}</div>}
            {of.ends && !of.splits && <div class="remark"><Icon shape="full" />{t("line.ends")}</div>}
            {of.stays && <div class="remark"><Icon shape="off" />{t("remark.stays")}</div>}
        </>
    );
}

function Lines({ of }: { of: Account }) {
    if (of.lines.length === 0) return <Empty title={t("lines.empty")}>{of.waiting_lines > 0 ? t("lines.waiting", { count: of.waiting_lines }) : t("lines.empty.more")}</Empty>;
    const explaining = new Set(of.mismatches.flatMap((one) => one.lines));
    return (
        <>
            <table class="lines">
                <caption class="hidden">{t("lines.title")}</caption>
                <thead><tr>
                    <th scope="col" class="right num">{t("line.no")}</th><th scope="col">{t("line.day")}</th><th scope="col">{t("line.work")}</th><th scope="col" class="right">{t("line.total")}</th>
                    <th scope="col" class="right wide-only">{t("line.before")}</th><th scope="col" class="right">{t("line.to_limit")}</th><th scope="col" class="right">{t("line.beyond")}</th>
                </tr></thead>
                {of.lines.map((line) => {
                    const past = line.beyond.minor !== 0;
                    return (
                        <tbody key={line.id} id={`line-${line.number}`} class={line.splits ? "splits" : past ? "past" : ""}>
                            <tr>
                                <td class="right num muted">{line.number}</td>
                                <td class="nowrap">{day(line.day)}{!line.remarks.includes("day_only") && <div class="small muted">{time(line.performed_at)}</div>}</td>
                                <td><Work of={line} account={of} explained={explaining.has(line.id)} /></td>
                                <td class="right"><Sum of={line.total} /></td>
                                <td class="right wide-only muted"><Sum of={line.before} /></td>
                                <td class="right"><Sum of={line.to_limit} tone={line.to_limit.minor === 0 ? "quiet" : undefined} /></td>
                                <td class="right">{past ? <><Sum of={line.beyond} tone="over" />{!line.splits && <span class="who">{line.beyond_payers.map((one) => whoPays(one.payer)).join(", ")}</span>}</> : <span class="muted">—</span>}</td>
                            </tr>
                            {line.splits && (
                                <tr class="ending">
                                    <td class="num" />
                                    <td colSpan={6}>
                                        <Icon shape="alarm" /><span><strong>{t("line.ended")}</strong> {t("line.ended.inside", { sum: line.to_limit })} {line.beyond_payers.map((one) => <span key={one.payer + (one.party ?? "")}>{t("line.ended.rest", { sum: one.total, who: whoPays(one.payer, one.party) })} </span>)}</span>
                                    </td>
                                </tr>
                            )}
                        </tbody>
                    );
                })}
                <tfoot><tr>
                    <td class="num" /><th scope="row" colSpan={2}>{t("lines.total", { count: of.lines.length })}</th>
                    <td class="right"><Sum of={of.totals.lines} /></td><td class="wide-only" /><td class="right"><Sum of={of.totals.to_limit} /></td><td class="right"><Sum of={of.totals.beyond} tone={of.totals.beyond.minor > 0 ? "over" : "quiet"} /></td>
                </tr></tfoot>
            </table>
            {of.waiting_lines > 0 && <p class="newer"><Icon shape="waiting" /><span>{t("lines.waiting", { count: of.waiting_lines })}</span></p>}
        </>
    );
}

function Sources({ of }: { of: Account }) {
    return (
        <Panel title={t("sources.title")} note={t("sources.note")}>
            <table>
                <caption class="hidden">{t("sources.title")}</caption>
                <thead><tr><th scope="col">{t("source.who")}</th><th scope="col" class="right">{t("limit.granted")}</th><th scope="col" class="right">{t("limit.consumed")}</th><th scope="col">{t("source.counts")}</th></tr></thead>
                <tbody>
                    {of.sources.map((one, index) => (
                        <tr key={index}>
                            <th scope="row">{t(`strength.${one.strength}`)}{one.source && <div class="small muted">{one.source}</div>}<div class="small muted">{validity(one)}</div></th>
                            <td class="right"><Sum of={one.granted} /></td>
                            <td class="right">{one.used ? <Sum of={one.used} /> : <span class="muted">—</span>}</td>
                            <td>{one.winner ? <State shape="ok" tone="ok">{t("source.wins")}</State> : <span class="muted">{t("source.loses")}</span>}</td>
                        </tr>
                    ))}
                </tbody>
            </table>
        </Panel>
    );
}

function Visits({ of }: { of: Account }) {
    if (of.visits.length === 0) return null;
    return (
        <Panel title={t("visits.title")}>
            <ul class="plain">
                {of.visits.map((one) => (
                    <li key={one.id}><span class="nowrap">{dayTime(one.starts_at)}</span> {one.changes ? <State shape="notice" tone="notice">{t("visit.changes", { who: whoPays(one.payer) })}</State> : <State shape="ok" tone="ok">{t("visit.covered")}</State>}</li>
                ))}
            </ul>
        </Panel>
    );
}

function Terms({ of }: { of: Account }) {
    return (
        <Panel title={t("terms.title")}>
            <dl class="facts">
                <dt>{t("limit.kind")}</dt><dd>{kindName(of.kind)}</dd>
                <dt>{t("terms.valid")}</dt><dd>{validity(of)}</dd>
                <dt>{t("terms.overrun")}</dt><dd>{whoPays(of.overrun_payer)}</dd>
                {of.order && <><dt>{t("terms.order")}</dt><dd class="code">{of.order}</dd></>}
                {of.people && of.people.length > 1 && <><dt>{t("terms.people")}</dt><dd>{of.people.map((one, index) => <span key={one.id}>{index > 0 && "; "}<Patient of={one} /></span>)}</dd></>}
                <dt>{t("terms.id")}</dt><dd class="code small">{of.id}</dd>
            </dl>
        </Panel>
    );
}

export function AccountScreen() {
    const { params } = useRoute();
    const id = params.id ?? "";
    const account = useResource<Account>(`/limits/${encodeURIComponent(id)}`, true);
    const of = account.value;
    const title = of ? payerName(of) : t("account.title");
    return (
        <Screen
            title={title}
            back={<p class="back no-print"><a href="/console/limits">← {t("nav.limits")}</a></p>}
            lead={of && <>{kindName(of.kind)} · {of.shared && <>{t("limit.shared")} · </>}{of.patient ? <a href={`/console/patients/${of.patient.id}`}><Patient of={of.patient} /></a> : <Patient of={of.patient} />} · {validity(of)}</>}
            actions={of && <><a class="button" href={`/console/api/v1/limits/${of.id}?format=csv`} download>{t("csv")}</a><button type="button" onClick={() => window.print()}>{t("print")}</button></>}
        >
            <Loaded of={account} rows={14}>{(found) => (
                <>
                    <p class="only-print small">{t("print.header", { clinic: session.value?.clinic.id ?? "", at: dayTime(new Date(account.at || now.value).toISOString()) })}</p>
                    {found.settling && <p class="newer"><Icon shape="waiting" /><span>{t("account.settling")}</span></p>}
                    <Figures of={found} />
                    <Mismatches of={found} />
                    <Panel title={t("lines.title")} note={t("lines.note")}><Lines of={found} /></Panel>
                    <div class="columns even">
                        <div><Sources of={found} /></div>
                        <div><Visits of={found} /><Terms of={found} /></div>
                    </div>
                </>
            )}</Loaded>
        </Screen>
    );
}
