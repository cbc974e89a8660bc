// What every screen is made of.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Money, PatientLabel, Problem } from "../api/client";
import type { Resource } from "../state/resource";
import { money, t, told } from "../text";
import { Icon } from "./icon";

export function Screen({ title, lead, actions, children, back }: { title: string; lead?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren; back?: ComponentChildren }) {
    useEffect(() => { document.title = `${title} · MIS Gateway`; }, [title]);
    return (
        <>
            {back}
            <div class="title">
                <div>
                    <h1 tabIndex={-1}>{title}</h1>
                    {lead && <div class="lead">{lead}</div>}
                </div>
                {actions && <div class="actions no-print">{actions}</div>}
            </div>
            {children}
        </>
    );
}

export function Panel({ title, note, children, wide }: { title: string; note?: ComponentChildren; children: ComponentChildren; wide?: boolean }) {
    return (
        <section class={wide ? "panel wide" : "panel"}>
            <header><h2>{title}</h2>{note && <div class="note">{note}</div>}</header>
            {children}
        </section>
    );
}

// Of the height of what will stand there, and only when it takes long enough to be seen.
export function Skeleton({ rows }: { rows: number }) {
    const [shown, show] = useState(false);
    useEffect(() => {
        const timer = setTimeout(() => show(true), 150);
        return () => clearTimeout(timer);
    }, []);
    return (
        <div class={shown ? "skeleton shown" : "skeleton"} role="status">
            <span class="hidden">{shown ? t("loading") : ""}</span>
            {Array.from({ length: rows }, (_, row) => <div key={row} class="bone" />)}
        </div>
    );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
    return <div class="empty"><p class="strong">{title}</p>{children && <p>{children}</p>}</div>;
}

export function ProblemBox({ problem, retry, inline }: { problem: Problem; retry?: (() => void) | undefined; inline?: boolean }) {
    const title = told("problem.", problem.name, {}, problem.title || t("problem.internal"));
    const remedy = told("remedy.", problem.name, {}, "");
    const detail = problem.name === "no_right" || problem.status === 0 ? "" : problem.detail;
    const who = problem.name === "no_right" ? (problem.who ?? []).join(", ") : "";
    const roles = problem.name === "no_right" ? (problem.roles ?? []).map((role) => told("role.", role, {}, role)).join(", ") : "";
    return (
        <div class={inline ? "problem inline" : "problem"} role="alert">
            <Icon shape={problem.status === 404 ? "off" : "alarm"} />
            <div>
                <p class="strong">{title}</p>
                {detail && <p>{detail}</p>}
                {roles && <p>{t("no_right.roles", { roles })}</p>}
                {who && <p>{t("no_right.who", { who })}</p>}
                {remedy && <p>{remedy}</p>}
                {problem.errors && problem.errors.length > 0 && <ul>{problem.errors.map((one) => <li key={one.pointer}>{one.detail}</li>)}</ul>}
                <p class="small">
                    {problem.instance && <span class="muted">{t("problem.number", { number: problem.instance })} </span>}
                    {retry && <button type="button" class="link" onClick={retry}>{t("again")}</button>}
                </p>
            </div>
        </div>
    );
}

// Value, skeleton or problem: one of them always stands there.
export function Loaded<T>({ of, rows, children }: { of: Resource<T>; rows: number; children: (value: T) => ComponentChildren }) {
    if (of.value === null) return of.problem ? <ProblemBox problem={of.problem} retry={of.problem.status === 404 || of.problem.status === 403 ? undefined : of.reload} /> : <Skeleton rows={rows} />;
    return (
        <>
            {of.problem && <ProblemBox problem={of.problem} retry={of.reload} inline />}
            {of.newer && (
                <div class="newer no-print" role="status"><Icon shape="waiting" /><span>{t("newer")}</span><button type="button" onClick={of.reload}>{t("newer.show")}</button></div>
            )}
            {children(of.value)}
        </>
    );
}

export function Sum({ of, tone }: { of: Money; tone?: "over" | "quiet" | undefined }) {
    return <span class={tone ? `sum ${tone}` : "sum"}>{money(of)}</span>;
}

export function Patient({ of }: { of: PatientLabel | undefined }) {
    if (!of) return <span class="muted">{t("patient.unknown")}</span>;
    if (!of.card) return <span class="code" title={of.id}>{of.id.slice(0, 8)}…</span>;
    return <span class="nowrap">{t("patient.card", { card: of.card })}{of.initial ? <span class="muted">, {of.initial}</span> : null}</span>;
}

export function Field({ id, label, hint, error, children }: { id: string; label: string; hint?: ComponentChildren; error?: string | undefined; children: ComponentChildren }) {
    return (
        <div class={error ? "field wrong" : "field"}>
            <label for={id}>{label}</label>
            {children}
            {hint && <div class="hint" id={`${id}-hint`}>{hint}</div>}
            {error && <div class="error" id={`${id}-error`} role="alert"><Icon shape="alarm" />{error}</div>}
        </div>
    );
}

export function More({ shown, onMore, busy }: { shown: number; onMore: () => void; busy: boolean }) {
    return <p class="more no-print"><button type="button" onClick={onMore} disabled={busy}>{busy ? t("loading") : t("more")}</button> <span class="muted">{t("more.shown", { count: shown })}</span></p>;
}
