// The door: sign in, or make the first user with the code that the machine's keeper printed.
import type { ComponentChildren, TargetedEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, session_ended, type Problem, type Session } from "../api/client";
import { Field, ProblemBox } from "../parts/common";
import { Icon } from "../parts/icon";
import { Preferences } from "../parts/preferences";
import { enter, overview_problem } from "../state/connection";
import { duration, t } from "../text";

function Door({ title, lead, children }: { title: string; lead: ComponentChildren; children: ComponentChildren }) {
    useEffect(() => { document.title = `${title} · MIS Gateway`; }, [title]);
    return (
        <main class="door">
            <div class="card">
                <div class="brand"><span class="mark" aria-hidden="true" /><span>MIS Gateway</span></div>
                <h1>{title}</h1>
                <p class="lead">{lead}</p>
                {children}
            </div>
            <Preferences />
        </main>
    );
}

function useDoor(path: string, body: () => unknown, first: () => HTMLInputElement | null) {
    const [problem, setProblem] = useState<Problem | null>(null);
    const [wait, setWait] = useState(0);
    const [busy, setBusy] = useState(false);
    const submit = async (event: TargetedEvent<HTMLFormElement>) => {
        event.preventDefault();
        setBusy(true);
        setProblem(null);
        const answer = await ask<Session>(path, { method: "POST", body: body() });
        setBusy(false);
        if (answer.ok) return enter(answer.value);
        setProblem(answer.problem);
        setWait(answer.retry_seconds ?? 0);
        first()?.focus();
    };
    return { problem, wait, busy, submit };
}

export function SignInScreen() {
    const [login, setLogin] = useState("");
    const [password, setPassword] = useState("");
    const field = useRef<HTMLInputElement>(null);
    const { problem, wait, busy, submit } = useDoor("/session", () => ({ login, password }), () => field.current);
    return (
        <Door title={t("sign_in.title")} lead={t("sign_in.lead")}>
            {session_ended.value && !problem && <p class="newer" role="status"><Icon shape="waiting" /><span>{t("sign_in.ended")}</span></p>}
            {problem ? <ProblemBox problem={problem} inline /> : overview_problem.value && <ProblemBox problem={overview_problem.value} inline />}
            {wait > 0 && <p>{t("sign_in.wait", { after: duration(wait) })}</p>}
            <form onSubmit={submit}>
                <Field id="login" label={t("login")}>
                    <input id="login" ref={field} autoComplete="username" autoCapitalize="none" spellcheck={false} required maxLength={64} value={login} onInput={(event) => setLogin(event.currentTarget.value)} />
                </Field>
                <Field id="password" label={t("password")}>
                    <input id="password" type="password" autoComplete="current-password" required maxLength={200} value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
                </Field>
                <button type="submit" class="main" disabled={busy}>{busy ? t("loading") : t("sign_in.button")}</button>
            </form>
            <p class="small muted">{t("sign_in.forgotten")}</p>
        </Door>
    );
}

export function FirstUserScreen() {
    const [code, setCode] = useState("");
    const [login, setLogin] = useState("");
    const [password, setPassword] = useState("");
    const [again, setAgain] = useState("");
    const field = useRef<HTMLInputElement>(null);
    const { problem, busy, submit } = useDoor("/first-user", () => ({ code: code.replace(/[\s-]/g, ""), login, password }), () => field.current);
    const differs = again !== "" && again !== password;
    return (
        <Door title={t("first.title")} lead={t("first.lead")}>
            <p>{t("first.how")}</p>
            <pre class="command">sudo mis-gateway console code</pre>
            {problem && <ProblemBox problem={problem} inline />}
            <form onSubmit={submit}>
                <Field id="code" label={t("first.code")} hint={t("first.code.hint")}>
                    <input id="code" ref={field} class="code" autoComplete="one-time-code" autoCapitalize="none" spellcheck={false} required maxLength={20} aria-describedby="code-hint" value={code} onInput={(event) => setCode(event.currentTarget.value)} />
                </Field>
                <Field id="login" label={t("login")} hint={t("login.hint")}>
                    <input id="login" autoComplete="username" autoCapitalize="none" spellcheck={false} required maxLength={64} pattern="[A-Za-z0-9._@\-]+" aria-describedby="login-hint" value={login} onInput={(event) => setLogin(event.currentTarget.value)} />
                </Field>
                <Field id="password" label={t("password.new")} hint={t("password.hint")}>
                    <input id="password" type="password" autoComplete="new-password" required minLength={12} maxLength={200} aria-describedby="password-hint" value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
                </Field>
                <Field id="again" label={t("password.again")} error={differs ? t("password.differs") : undefined}>
                    <input id="again" type="password" autoComplete="new-password" required value={again} aria-describedby={differs ? "again-error" : undefined} onInput={(event) => setAgain(event.currentTarget.value)} />
                </Field>
                <button type="submit" class="main" disabled={busy || again !== password}>{busy ? t("loading") : t("first.button")}</button>
            </form>
        </Door>
    );
}
