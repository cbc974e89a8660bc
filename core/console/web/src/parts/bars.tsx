// Drawn figures, each beside its words: SVG keeps its text, its sharpness at 200 % and its print.
import { money, t, time } from "../text";
import type { Money, Overview } from "../api/client";

// How much of a limit is used; what went beyond it stands hatched behind the mark of 100 %.
export function ShareBar({ granted, consumed, low }: { granted: Money; consumed: Money; low?: number }) {
    const whole = Math.max(granted.minor, consumed.minor, 1);
    const limit = (Math.max(0, granted.minor) / whole) * 100;
    const inside = (Math.max(0, Math.min(granted.minor, consumed.minor)) / whole) * 100;
    const beyond = (Math.max(0, consumed.minor - Math.max(0, granted.minor)) / whole) * 100;
    return (
        <svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label={t("limit.bar", { consumed, granted })}>
            <rect class="rail" x="0" y="0" width="100" height="10" />
            <rect class={low !== undefined && granted.minor > 0 && consumed.minor * 100 >= granted.minor * low ? "inside near" : "inside"} x="0" y="0" width={inside} height="10" />
            {beyond > 0 && <rect class="beyond" x={limit} y="0" width={beyond} height="10" />}
            {beyond > 0 && <rect class="edge" x={Math.max(0, limit - 0.4)} y="0" width="0.8" height="10" />}
        </svg>
    );
}

const width = 288, height = 48;

// Waiting events of the last day; a gap where nobody looked.
export function DayLine({ history }: { history: NonNullable<Overview["history"]> }) {
    const points = history.points;
    const last = points[points.length - 1];
    const first = points[0];
    if (!last || !first || points.length < 2) return <p class="muted small">{t("day.too_early")}</p>;
    const until = Date.parse(last.at);
    const step = history.step_seconds * 1000;
    const most = Math.max(1, ...points.map((one) => one.waiting));
    const x = (at: string) => width - 1 - (until - Date.parse(at)) / step;
    const y = (waiting: number) => height - 3 - (waiting / most) * (height - 8);
    let path = "";
    let before = 0;
    for (const one of points) {
        const at = Date.parse(one.at);
        path += `${before > 0 && at - before < step * 1.5 ? "L" : "M"}${x(one.at).toFixed(1)} ${y(one.waiting).toFixed(1)}`;
        before = at;
    }
    const peak = points.reduce((high, one) => (one.waiting > high.waiting ? one : high), first);
    const hourly = points.filter((_, index) => index % Math.max(1, Math.floor(points.length / 12)) === 0);
    return (
        <div class="day">
            <svg class="line" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={t("day.label", { most: peak.waiting, at: time(peak.at), now: last.waiting })}>
                <path class="base" d={`M0 ${height - 3}H${width}`} />
                <path class="curve" d={path} />
            </svg>
            <p class="small muted">{t("day.label", { most: peak.waiting, at: time(peak.at), now: last.waiting })}</p>
            <details class="no-print">
                <summary>{t("day.table")}</summary>
                <table class="plain">
                    <thead><tr><th scope="col">{t("day.at")}</th><th scope="col" class="right">{t("sink.waiting")}</th></tr></thead>
                    <tbody>{hourly.map((one) => <tr key={one.at}><td>{time(one.at)}</td><td class="right">{one.waiting}</td></tr>)}</tbody>
                </table>
            </details>
        </div>
    );
}

export function sumText(sum: Money): string {
    return money(sum);
}
