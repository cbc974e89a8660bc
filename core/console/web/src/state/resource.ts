// Something read from the daemon for one screen. It is never replaced under the reader's eyes: a newer state is announced, and shown when asked for.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ask, type Problem } from "../api/client";

export interface Resource<T> {
    value: T | null;
    problem: Problem | null;
    etag: string;
    at: number;
    newer: boolean; // the daemon has another state by now
    reload: () => void;
    put: (value: T) => void; // what a further page added
}

const watch_ms = 30_000;

export function useResource<T>(path: string | null, watched = false): Resource<T> {
    const [state, setState] = useState<{ path: string | null; value: T | null; problem: Problem | null; etag: string; at: number; newer: boolean }>({
        path: null, value: null, problem: null, etag: "", at: 0, newer: false,
    });
    const [turn, setTurn] = useState(0);
    const current = useRef(path);
    current.current = path;

    useEffect(() => {
        if (path === null) return;
        let left = false;
        void ask<T>(path).then((answer) => {
            if (left) return;
            if (answer.ok) setState({ path, value: answer.value, problem: null, etag: answer.etag, at: answer.at, newer: false });
            else setState((before) => ({ path, value: before.path === path ? before.value : null, problem: answer.problem, etag: "", at: 0, newer: false }));
        });
        return () => { left = true; };
    }, [path, turn]);

    useEffect(() => {
        if (!watched || path === null || state.etag === "" || state.newer) return;
        const timer = setInterval(() => {
            if (document.hidden) return;
            void ask<T | undefined>(path, { etag: state.etag, polling: true }).then((answer) => {
                if (current.current === path && answer.ok && answer.value !== undefined && answer.etag !== state.etag) setState((before) => ({ ...before, newer: true }));
            });
        }, watch_ms);
        return () => clearInterval(timer);
    }, [path, watched, state.etag, state.newer]);

    const reload = useCallback(() => setTurn((count) => count + 1), []);
    const put = useCallback((value: T) => setState((before) => ({ ...before, value })), []);
    const own = state.path === path;
    return { value: own ? state.value : null, problem: own ? state.problem : null, etag: state.etag, at: state.at, newer: own && state.newer, reload, put };
}
