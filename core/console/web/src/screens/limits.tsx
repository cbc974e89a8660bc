// Accounts by payer, share and expiry: whose people are near the limit.
import { useEffect, useState } from "preact/hooks";
import { useLocation } from "preact-iso/router";
import { ask, type LimitRow, type Limits, type Problem } from "../api/client";
import { ShareBar } from "../parts/bars";
import { Empty, Loaded, More, Patient, ProblemBox, Screen, Sum } from "../parts/common";
import { Icon, State } from "../parts/icon";
import { kindName, LimitState, payerName } from "../parts/limit_words";
import { useResource } from "../state/resource";
import { day, number, t } from "../text";

const orders = ["share", "expiry", "payer"] as const;
const states = ["open", "low", "exhausted", "overrun", "closed"] as const;

function Row({ of }: { of: LimitRow }) {
    return (
        <tr class={of.state === "closed" ? "faint" : ""}>
            <th scope="row"><a href={`/console/limits/${of.id}`}>{of.shared ? t("limit.shared") : <Patient of={of.patient} />}</a>{of.shared && <div class="small"><Patient of={of.patient} /></div>}<div class="small muted narrow-only">{payerName(of)}</div></th>
            <td class="not-narrow">{payerName(of)}<div class="small muted">{kindName(of.kind)}</div></td>
            <td class="right"><Sum of={of.granted} /></td>
            <td class="right"><Sum of={of.consumed} /></td>
            <td class="right">{of.overrun.minor > 0 ? <span class="over">{t("limit.over.short")} <Sum of={of.overrun} tone="over" /></span> : <Sum of={of.remaining} />}</td>
            <td class="bar not-narrow"><ShareBar granted={of.granted} consumed={of.consumed} low={80} /><span class="small muted">{of.share_percent === undefined ? "" : `${number(of.share_percent)} %`}</span></td>
            <td><LimitState of={of.state} />{of.mismatch && <div><State shape="notice" tone="notice">{t("limit.mismatch.short")}</State></div>}</td>
            <td class="wide-only nowrap">{of.valid_to ? day(of.valid_to) : <span class="muted">{t("limit.no_end")}</span>}</td>
        </tr>
    );
}

function Payers({ of, chosen, choose }: { of: Limits["payers"]; chosen: string; choose: (payer: string) => void }) {
    if (of.length < 2) return null;
    return (
        <div class="payers" role="group" aria-label={t("limits.by_payer")}>
            <button type="button" aria-pressed={chosen === ""} onClick={() => choose("")}>{t("limits.all_payers")}</button>
            {of.map((one) => (
                <button key={one.name} type="button" aria-pressed={chosen === one.name} onClick={() => choose(one.name)}>
                    <span>{one.name}</span> <span class="muted">{number(one.accounts)}</span>
                    {one.over > 0 && <span class="state alarm"><Icon shape="alarm" /><span>{t("limits.over", { count: one.over })}</span></span>}
                    {one.near > 0 && <span class="state notice"><Icon shape="part" /><span>{t("limits.near", { count: one.near })}</span></span>}
                </button>
            ))}
        </div>
    );
}

export function LimitsScreen() {
    const { query, route } = useLocation();
    const payer = query.payer ?? "", state = query.state ?? "", order = query.order ?? "share";
    const asked = new URLSearchParams();
    if (payer) asked.set("payer", payer);
    if (state) asked.set("state", state);
    asked.set("order", order);
    const path = `/limits?${asked}`;
    const first = useResource<Limits>(path);
    const [further, setFurther] = useState<{ path: string; items: LimitRow[]; next: string | undefined }>({ path: "", items: [], next: undefined });
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState<Problem | null>(null);
    useEffect(() => setFurther({ path, items: [], next: undefined }), [path, first.at]);

    const choose = (change: Record<string, string>) => {
        const next = new URLSearchParams();
        for (const [name, value] of Object.entries({ payer, state, order, ...change })) if (value && !(name === "order" && value === "share")) next.set(name, value);
        const text = next.toString();
        route(`/console/limits${text ? `?${text}` : ""}`, true);
    };
    const more = async (after: string) => {
        setBusy(true);
        const answer = await ask<Limits>(`${path}&after=${encodeURIComponent(after)}`);
        setBusy(false);
        if (!answer.ok) return setProblem(answer.problem);
        setProblem(null);
        setFurther((before) => ({ path, items: [...before.items, ...answer.value.items], next: answer.value.next }));
    };

    return (
        <Screen title={t("nav.limits")} lead={t("limits.lead")} actions={<button type="button" onClick={() => window.print()}>{t("print")}</button>}>
            <Loaded of={first} rows={10}>{(page) => {
                const rows = further.path === path ? [...page.items, ...further.items] : page.items;
                const next = further.path === path && further.items.length > 0 ? further.next : page.next;
                return (
                    <>
                        <Payers of={page.payers} chosen={payer} choose={(chosen) => choose({ payer: chosen })} />
                        <div class="filters no-print">
                            <label for="state">{t("limits.state")}</label>
                            <select id="state" value={state} onChange={(event) => choose({ state: event.currentTarget.value })}>
                                <option value="">{t("limits.any_state")}</option>
                                {states.map((one) => <option key={one} value={one}>{t(`limit.state.${one}`)}</option>)}
                            </select>
                            <label for="order">{t("limits.order")}</label>
                            <select id="order" value={order} onChange={(event) => choose({ order: event.currentTarget.value })}>
                                {orders.map((one) => <option key={one} value={one}>{t(`limits.order.${one}`)}</option>)}
                            </select>
                        </div>
                        {rows.length === 0 ? (
                            payer || state ? <Empty title={t("limits.none_such")}><button type="button" class="link" onClick={() => choose({ payer: "", state: "" })}>{t("limits.all")}</button></Empty> : <Empty title={t("limits.empty")}>{t("limits.empty.more")}</Empty>
                        ) : (
                            <table class="limits">
                                <caption class="hidden">{t("nav.limits")}</caption>
                                <thead><tr>
                                    <th scope="col">{t("limit.whose")}</th><th scope="col" class="not-narrow">{t("limit.payer")}</th>
                                    <th scope="col" class="right">{t("limit.granted")}</th><th scope="col" class="right">{t("limit.consumed")}</th><th scope="col" class="right">{t("limit.remaining")}</th>
                                    <th scope="col" class="not-narrow">{t("limit.share")}</th><th scope="col">{t("state")}</th><th scope="col" class="wide-only">{t("limit.until")}</th>
                                </tr></thead>
                                <tbody>{rows.map((one) => <Row key={one.id} of={one} />)}</tbody>
                            </table>
                        )}
                        {problem && <ProblemBox problem={problem} inline />}
                        {next && <More shown={rows.length} busy={busy} onMore={() => void more(next)} />}
                    </>
                );
            }}</Loaded>
        </Screen>
    );
}
