// Find a patient by what the person already knows. What was typed stands in no address and is kept nowhere; each search is in the audit.
import type { TargetedEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, type FoundPatient, type Problem } from "../api/client";
import { Empty, Field, Patient, ProblemBox, Screen, Skeleton } from "../parts/common";
import { LimitState } from "../parts/limit_words";
import { t } from "../text";

const ways = ["card", "phone", "name", "order", "pseudonym"] as const;
type Way = (typeof ways)[number];

// 14.03.1985, 14/3/1985, 1985-03-14
export function readDay(text: string): string | null {
    const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text);
    const local = /^(\d{1,2})[./](\d{1,2})[./](\d{4})$/.exec(text);
    const parts = iso ? [iso[1], iso[2], iso[3]] : local ? [local[3], local[2], local[1]] : null;
    if (!parts) return null;
    const [year, month, of_month] = parts.map(Number) as [number, number, number];
    const found = new Date(Date.UTC(year, month - 1, of_month));
    return found.getUTCMonth() === month - 1 && found.getUTCDate() === of_month ? `${year}-${String(month).padStart(2, "0")}-${String(of_month).padStart(2, "0")}` : null;
}

// What somebody who types this most likely means; the list beside it shows the guess, and changes it.
export function guessWay(text: string): Way {
    const trimmed = text.trim();
    const digits = trimmed.replace(/\D/g, "");
    if (/^[0-9a-f]{32}$/i.test(trimmed)) return "pseudonym";
    if (/^[+\d][\d\s()-]*$/.test(trimmed) && digits.length >= 10 && digits.length <= 12) return "phone";
    if (/^\p{L}[\p{L}\s'’-]+\s+\d{1,4}[./-]\d{1,2}[./-]\d{1,4}$/u.test(trimmed) || /^\p{L}[\p{L}\s'’-]+$/u.test(trimmed)) return "name";
    return "card";
}

function bodyOf(way: Way, text: string): unknown | null {
    const trimmed = text.trim();
    if (way !== "name") return { [way]: way === "pseudonym" ? trimmed.toLowerCase() : trimmed };
    const found = /^(.+?)\s+(\S+)$/.exec(trimmed);
    const birth = found ? readDay(found[2] ?? "") : null;
    return found && birth ? { last_name: found[1], birth_date: birth } : null;
}

export function SearchScreen() {
    const [text, setText] = useState("");
    const [chosen, setChosen] = useState<Way | null>(null);
    const [found, setFound] = useState<FoundPatient[] | null>(null);
    const [problem, setProblem] = useState<Problem | null>(null);
    const [wrong, setWrong] = useState(false);
    const [busy, setBusy] = useState(false);
    const field = useRef<HTMLInputElement>(null);
    useEffect(() => field.current?.focus(), []);
    const way = chosen ?? guessWay(text);

    const submit = async (event: TargetedEvent<HTMLFormElement>) => {
        event.preventDefault();
        const body = bodyOf(way, text);
        setWrong(body === null);
        setFound(null);
        setProblem(null);
        if (body === null) return field.current?.focus();
        setBusy(true);
        const answer = await ask<{ items: FoundPatient[] }>("/patients/search", { method: "POST", body });
        setBusy(false);
        if (answer.ok) setFound(answer.value.items);
        else setProblem(answer.problem);
    };

    return (
        <Screen title={t("nav.search")} lead={t("search.lead")}>
            <form class="search" role="search" onSubmit={submit}>
                <Field id="sought" label={t("search.what")} hint={t("search.hint")} error={wrong ? t("search.name.wrong") : undefined}>
                    <input id="sought" ref={field} type="text" autoComplete="off" spellcheck={false} required maxLength={100} aria-describedby={wrong ? "sought-error" : "sought-hint"} value={text} onInput={(event) => { setText(event.currentTarget.value); setWrong(false); }} />
                </Field>
                <Field id="way" label={t("search.by")}>
                    <select id="way" value={way} onChange={(event) => setChosen(event.currentTarget.value as Way)}>
                        {ways.map((one) => <option key={one} value={one}>{t(`search.by.${one}`)}</option>)}
                    </select>
                </Field>
                <button type="submit" class="main" disabled={busy}>{t("search.button")}</button>
            </form>
            <div aria-live="polite">
                {busy && <Skeleton rows={3} />}
                {problem && <ProblemBox problem={problem} inline />}
                {found && found.length === 0 && <Empty title={t("search.none")}>{t("search.none.more")}</Empty>}
                {found && found.length > 0 && (
                    <table>
                        <caption>{t("search.found", { count: found.length })}</caption>
                        <thead><tr><th scope="col">{t("patient")}</th><th scope="col">{t("nav.limits")}</th></tr></thead>
                        <tbody>
                            {found.map((one) => (
                                <tr key={one.id + (one.card ?? "")}>
                                    <th scope="row"><a href={`/console/patients/${one.id}`}><Patient of={one} /></a>{one.source && <div class="small muted">{one.source}</div>}</th>
                                    <td>{one.limits.length === 0 ? <span class="muted">{t("search.no_limits")}</span> : <ul class="plain">{one.limits.map((limit) => <li key={limit.id}><a href={`/console/limits/${limit.id}`}>{t("search.open_limit")}</a> <LimitState of={limit.state} /></li>)}</ul>}</td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                )}
            </div>
        </Screen>
    );
}
