// Who may do what; and one's own password.
import type { TargetedEvent } from "preact";
import { useState } from "preact/hooks";
import { ask, has, session, type Problem, type Role, type User } from "../api/client";
import { Field, Loaded, Panel, ProblemBox, Screen } from "../parts/common";
import { Icon, State } from "../parts/icon";
import { Preferences } from "../parts/preferences";
import { now } from "../state/connection";
import { useResource } from "../state/resource";
import { dayTime, moment, t } from "../text";

const roles: Role[] = ["viewer", "operator", "privacy_officer"];

function Roles({ id, chosen, choose }: { id: string; chosen: Role[]; choose: (next: Role[]) => void }) {
    return (
        <fieldset>
            <legend>{t("users.roles")}</legend>
            {roles.map((role) => (
                <label key={role} class="option">
                    <input type="checkbox" id={`${id}-${role}`} checked={chosen.includes(role)} onChange={(event) => choose(event.currentTarget.checked ? [...chosen, role] : chosen.filter((one) => one !== role))} />
                    <span>{t(`role.${role}`)} <span class="muted small">{t(`role.${role}.may`)}</span></span>
                </label>
            ))}
        </fieldset>
    );
}

function Own() {
    const [current, setCurrent] = useState("");
    const [next, setNext] = useState("");
    const [problem, setProblem] = useState<Problem | null>(null);
    const [done, setDone] = useState(false);
    const login = session.value?.user.login ?? "";
    const submit = async (event: TargetedEvent<HTMLFormElement>) => {
        event.preventDefault();
        const answer = await ask(`/users/${encodeURIComponent(login)}`, { method: "PATCH", body: { current_password: current, password: next } });
        setProblem(answer.ok ? null : answer.problem);
        setDone(answer.ok);
        if (answer.ok) { setCurrent(""); setNext(""); }
    };
    return (
        <Panel title={t("me.title")} note={<span class="code">{login}</span>}>
            <p>{session.value?.user.roles.map((role) => t(`role.${role}`)).join(", ")}</p>
            {problem && <ProblemBox problem={problem} inline />}
            {done && <p role="status"><State shape="ok" tone="ok">{t("me.changed")}</State></p>}
            <form onSubmit={submit}>
                <Field id="current" label={t("password.current")}><input id="current" type="password" autoComplete="current-password" required value={current} onInput={(event) => setCurrent(event.currentTarget.value)} /></Field>
                <Field id="next" label={t("password.new")} hint={t("password.hint")}><input id="next" type="password" autoComplete="new-password" minLength={12} maxLength={200} required aria-describedby="next-hint" value={next} onInput={(event) => setNext(event.currentTarget.value)} /></Field>
                <button type="submit">{t("me.change")}</button>
            </form>
            <p class="narrow-only"><Preferences id="own-" /></p>
        </Panel>
    );
}

function Add({ added }: { added: () => void }) {
    const [login, setLogin] = useState("");
    const [password, setPassword] = useState("");
    const [chosen, setChosen] = useState<Role[]>(["viewer"]);
    const [problem, setProblem] = useState<Problem | null>(null);
    const submit = async (event: TargetedEvent<HTMLFormElement>) => {
        event.preventDefault();
        const answer = await ask<User>("/users", { method: "POST", body: { login, password, roles: chosen } });
        if (!answer.ok) return setProblem(answer.problem);
        setProblem(null);
        setLogin("");
        setPassword("");
        setChosen(["viewer"]);
        added();
    };
    return (
        <Panel title={t("users.add")}>
            {problem && <ProblemBox problem={problem} inline />}
            <form onSubmit={submit}>
                <Field id="new-login" label={t("login")} hint={t("login.hint")}><input id="new-login" required maxLength={64} pattern="[A-Za-z0-9._@\-]+" autoComplete="off" autoCapitalize="none" spellcheck={false} aria-describedby="new-login-hint" value={login} onInput={(event) => setLogin(event.currentTarget.value)} /></Field>
                <Field id="new-password" label={t("users.password")} hint={t("password.hint")}><input id="new-password" type="password" required minLength={12} maxLength={200} autoComplete="new-password" aria-describedby="new-password-hint" value={password} onInput={(event) => setPassword(event.currentTarget.value)} /></Field>
                <Roles id="new" chosen={chosen} choose={setChosen} />
                <button type="submit" class="main" disabled={chosen.length === 0}>{t("users.add.button")}</button>
            </form>
        </Panel>
    );
}

function Row({ of, changed }: { of: User; changed: () => void }) {
    const [open, setOpen] = useState<"roles" | "remove" | null>(null);
    const [chosen, setChosen] = useState<Role[]>(of.roles);
    const [typed, setTyped] = useState("");
    const [problem, setProblem] = useState<Problem | null>(null);
    const act = async (asked: Promise<{ ok: boolean; problem?: Problem }>) => {
        const answer = await asked;
        setProblem(answer.ok ? null : (answer.problem ?? null));
        if (answer.ok) { setOpen(null); changed(); }
    };
    const path = `/users/${encodeURIComponent(of.login)}`;
    const self = of.login === session.value?.user.login;
    return (
        <tr>
            <th scope="row"><span class="code">{of.login}</span>{self && <span class="muted small"> {t("users.you")}</span>}{of.locked_until && Date.parse(of.locked_until) > now.value && <div><State shape="closed" tone="notice">{t("users.locked", { at: moment(of.locked_until, now.value) })}</State></div>}</th>
            <td>
                {of.roles.map((role) => t(`role.${role}`)).join(", ")}
                {problem && <ProblemBox problem={problem} inline />}
                {open === "roles" && <form class="inline" onSubmit={(event) => { event.preventDefault(); void act(ask(path, { method: "PATCH", body: { roles: chosen } })); }}><Roles id={of.login} chosen={chosen} choose={setChosen} /><div class="buttons"><button type="submit" class="main" disabled={chosen.length === 0}>{t("save")}</button><button type="button" class="quiet" onClick={() => setOpen(null)}>{t("cancel")}</button></div></form>}
                {open === "remove" && <form class="inline" onSubmit={(event) => { event.preventDefault(); if (typed === of.login) void act(ask(path, { method: "DELETE" })); }}><p>{t("users.remove.effect")}</p><Field id={`remove-${of.login}`} label={t("users.remove.type", { login: of.login })}><input id={`remove-${of.login}`} class="short" autoComplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} /></Field><div class="buttons"><button type="submit" class="danger" disabled={typed !== of.login}>{t("users.remove")}</button><button type="button" class="quiet" onClick={() => setOpen(null)}>{t("cancel")}</button></div></form>}
            </td>
            <td class="wide-only small nowrap">{of.last_seen_at ? moment(of.last_seen_at, now.value) : <span class="muted">{t("never")}</span>}</td>
            <td class="wide-only small nowrap">{of.created_at && dayTime(of.created_at)}</td>
            <td class="right">{open === null && <div class="buttons tight"><button type="button" class="small" aria-label={`${t("users.change")}: ${of.login}`} onClick={() => setOpen("roles")}>{t("users.change")}</button>{!self && <button type="button" class="small" aria-label={`${t("users.remove")}: ${of.login}`} onClick={() => setOpen("remove")}>{t("users.remove")}</button>}</div>}</td>
        </tr>
    );
}

function Everybody() {
    const users = useResource<{ items: User[] }>("/users");
    return (
        <>
            <Panel title={t("users.title")} wide>
                <Loaded of={users} rows={4}>{(found) => (
                    <table><caption class="hidden">{t("users.title")}</caption>
                        <thead><tr><th scope="col">{t("login")}</th><th scope="col">{t("users.roles")}</th><th scope="col" class="wide-only">{t("users.seen")}</th><th scope="col" class="wide-only">{t("users.since")}</th><th scope="col"><span class="hidden">{t("answer")}</span></th></tr></thead>
                        <tbody>{found.items.map((one) => <Row key={one.login} of={one} changed={users.reload} />)}</tbody>
                    </table>
                )}</Loaded>
            </Panel>
            <div class="columns even"><div><Add added={users.reload} /></div><div><Own /></div></div>
        </>
    );
}

export function UsersScreen() {
    const officer = has("privacy_officer");
    return (
        <Screen title={officer ? t("nav.users") : t("nav.me")}>
            {officer ? <Everybody /> : <><div class="newer"><Icon shape="off" /><span>{t("users.no_right")}</span></div><Own /></>}
        </Screen>
    );
}
