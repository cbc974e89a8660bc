// What stands around every screen: where one is, how fresh it is, who one is.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import lazy from "preact-iso/lazy";
import { LocationProvider, Route, Router, useLocation } from "preact-iso/router";
import { gate, has, session } from "./api/client";
import { Empty, ProblemBox, Screen, Skeleton } from "./parts/common";
import { Icon } from "./parts/icon";
import { Preferences } from "./parts/preferences";
import { FirstUserScreen, SignInScreen } from "./screens/sign_in";
import { OverviewScreen } from "./screens/overview";
import { TasksScreen } from "./screens/tasks";
import { leave, look, lost, open_tasks, overview, overview_problem, seen_at } from "./state/connection";
import { language, t, time, timeToTheSecond } from "./text";

// What few need at once comes when it is asked for.
const AccountScreen = lazy(() => import("./screens/account").then((part) => part.AccountScreen));
const LimitsScreen = lazy(() => import("./screens/limits").then((part) => part.LimitsScreen));
const SearchScreen = lazy(() => import("./screens/search").then((part) => part.SearchScreen));
const PatientScreen = lazy(() => import("./screens/patient").then((part) => part.PatientScreen));
const TaskScreen = lazy(() => import("./screens/task").then((part) => part.TaskScreen));
const UsersScreen = lazy(() => import("./screens/users").then((part) => part.UsersScreen));

function Link({ to, exact, children }: { to: string; exact?: boolean; children: ComponentChildren }) {
    const { path } = useLocation();
    const here = exact ? path === to : path === to || path.startsWith(`${to}/`);
    return <a href={to} aria-current={here ? "page" : undefined}>{children}</a>;
}

function Freshness() {
    if (seen_at.value === 0) return <div class="freshness" role="status">{t("fresh.opening")}</div>;
    if (lost.value)
        return (
            <div class="freshness lost" role="alert">
                <Icon shape="alarm" /><span>{t("fresh.lost", { at: time(seen_at.value) })}</span>
                <button type="button" onClick={() => void look()}>{t("again")}</button>
            </div>
        );
    const state = overview.value?.state ?? "ok";
    return (
        <div class="freshness">
            <Icon shape={state === "ok" ? "ok" : state === "notice" ? "notice" : "alarm"} />
            <span>{t(`fresh.${state}`)}</span> <span class="muted nowrap">{t("fresh.at", { at: timeToTheSecond(seen_at.value) })}</span>
        </div>
    );
}

// The screen's title takes the keyboard after a change of place, so that a reader hears where he is.
function FollowFocus() {
    const { path } = useLocation();
    const first = useRef(true);
    useEffect(() => {
        if (first.current) {
            first.current = false;
            return;
        }
        window.scrollTo(0, 0);
        setTimeout(() => document.querySelector<HTMLElement>("main h1")?.focus(), 60);
    }, [path]);
    return null;
}

function NotFound() {
    return <Screen title={t("no_page.title")}><Empty title={t("no_page.text")}><a href="/console">{t("nav.overview")}</a></Empty></Screen>;
}

function Page() {
    const tasks = open_tasks.value;
    return (
        <>
            <a class="skip" href="#main">{t("skip")}</a>
            <header class="top no-print">
                <a class="brand" href="/console"><span class="hidden">{t("nav.home")}: </span><span class="mark" aria-hidden="true" /><span class="name">{session.value?.clinic.id}</span></a>
                <Freshness />
                <div class="person">
                    <Preferences />
                    <a class="who" href="/console/users">{session.value?.user.login}</a>
                    <button type="button" class="quiet" onClick={() => void leave()}>{t("sign_out")}</button>
                </div>
            </header>
            <nav class="side no-print" aria-label={t("nav.label")}>
                <Link to="/console" exact>{t("nav.overview")}</Link>
                <Link to="/console/search">{t("nav.search")}</Link>
                <Link to="/console/limits">{t("nav.limits")}</Link>
                <Link to="/console/tasks">{t("nav.tasks")}{tasks > 0 && <span class="count" aria-label={t("nav.tasks.count", { count: tasks })}>{tasks}</span>}</Link>
                <Link to="/console/users">{has("privacy_officer") ? t("nav.users") : t("nav.me")}</Link>
            </nav>
            <main id="main" tabIndex={-1} class={lost.value ? "stale" : ""}>
                <FollowFocus />
                {overview_problem.value && !lost.value && overview.value === null && <ProblemBox problem={overview_problem.value} retry={() => void look()} />}
                <Router>
                    <Route path="/console" component={OverviewScreen} />
                    <Route path="/console/search" component={SearchScreen} />
                    <Route path="/console/limits" component={LimitsScreen} />
                    <Route path="/console/limits/:id" component={AccountScreen} />
                    <Route path="/console/patients/:id" component={PatientScreen} />
                    <Route path="/console/tasks" component={TasksScreen} />
                    <Route path="/console/tasks/:id" component={TaskScreen} />
                    <Route path="/console/users" component={UsersScreen} />
                    <Route default component={NotFound} />
                </Router>
            </main>
        </>
    );
}

export function App() {
    void language.value; // a change of language draws everything anew
    switch (gate.value) {
        case "opening":
            return <main class="door"><Skeleton rows={4} /></main>;
        case "sign_in":
            return <SignInScreen />;
        case "first_user":
            return <FirstUserScreen />;
        case "open":
            return <LocationProvider scope="/console"><div class="frame"><Page /></div></LocationProvider>;
    }
}
