// The teeth of a mouth by FDI, as a dentist looks at it: 18-28 above, 48-38 below, milk teeth between them where a plan names one, areas as bars. One tab stop;
// arrows walk, Enter filters, Escape clears. A state is a drawn symbol and a word, never a colour alone; a tooth with several items shows them side by side.
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import type { PlanItem } from "../api/client";
import { t, told, type Key } from "../text";

const range = (from: number, to: number) => Array.from({ length: Math.abs(to - from) + 1 }, (_, step) => String(from + (to > from ? step : -step)));
const upper = [...range(18, 11), ...range(21, 28)], lower = [...range(48, 41), ...range(31, 38)];
const milk_upper = [...range(55, 51), ...range(61, 65)], milk_lower = [...range(85, 81), ...range(71, 75)];

type Mark = PlanItem["state"];
const signs: Record<Mark, ComponentChildren> = {
    planned: <circle cx="8" cy="8" r="5" class="hollow" />,
    scheduled: <><rect x="3" y="4" width="10" height="9" rx="1" class="hollow" /><path d="M3 7h10M6 2.500v3M10 2.500v3" class="line" /></>,
    in_progress: <><circle cx="8" cy="8" r="5" class="hollow" /><path d="M8 3a5 5 0 0 1 0 10z" class="solid" /></>,
    performed: <><circle cx="8" cy="8" r="6" class="solid" /><path d="M5.200 8.200l2 2 3.600-4" class="sign" /></>,
    void: <path d="M4 4l8 8M12 4l-8 8" class="line" />,
};

export function ItemSign({ state }: { state: Mark }) {
    return <svg class={`icon item ${state}`} viewBox="0 0 16 16" aria-hidden="true">{signs[state]}</svg>;
}

export function stateName(state: Mark): string {
    return t(`item.${state}`);
}

// Incisor, canine, premolar, molar: which tooth it is, so what its name is.
function toothName(tooth: string): string {
    const at = Number(tooth[1]), milk = Number(tooth[0]) > 4;
    const kind = at <= 2 ? "incisor" : at === 3 ? "canine" : milk ? "milk_molar" : at <= 5 ? "premolar" : at === 8 ? "wisdom" : "molar";
    return t(`tooth.kind.${kind}` as Key);
}

export function areaName(area: string): string {
    return told("tooth.", area.replace("-", "_"), {}, area);
}

export function isRemoved(items: PlanItem[], extraction: (item: PlanItem) => boolean): boolean {
    return items.some((item) => item.state === "performed" && extraction(item));
}

export function ToothChart({ items, extraction, chosen, choose, workName }: { items: PlanItem[]; extraction: (item: PlanItem) => boolean; chosen: string | null; choose: (tooth: string | null) => void; workName: (item: PlanItem) => string }) {
    const chart = useRef<HTMLDivElement>(null);
    const of = (tooth: string) => items.filter((item) => item.teeth.includes(tooth));
    const has_milk = [...milk_upper, ...milk_lower].some((tooth) => of(tooth).length > 0);
    const rows = has_milk ? [upper, milk_upper, milk_lower, lower] : [upper, lower];
    const [at, setAt] = useState("18");
    const here = rows.some((row) => row.includes(at)) ? at : "18";
    const areas = ["mouth", "upper", "lower", ...range(1, 8).map((quadrant) => `quadrant-${quadrant}`)].filter((area) => of(area).length > 0);

    const move = (event: KeyboardEvent) => {
        const row = rows.findIndex((one) => one.includes(here));
        const column = rows[row]?.indexOf(here) ?? 0;
        const middle = (rows[row]?.length ?? 16) / 2;
        let next: string | undefined;
        if (event.key === "ArrowRight") next = rows[row]?.[column + 1];
        else if (event.key === "ArrowLeft") next = rows[row]?.[column - 1];
        else if (event.key === "Home") next = rows[row]?.[0];
        else if (event.key === "End") next = rows[row]?.[(rows[row]?.length ?? 1) - 1];
        else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            const other = rows[row + (event.key === "ArrowDown" ? 1 : -1)];
            if (other) next = other[Math.min(other.length - 1, Math.max(0, other.length / 2 + (column - middle)))];
        } else if (event.key === "Escape" && chosen !== null) choose(null);
        else return;
        event.preventDefault();
        if (next === undefined) return;
        setAt(next);
        chart.current?.querySelector<HTMLElement>(`[data-tooth="${next}"]`)?.focus();
    };

    return (
        <div class="chart" ref={chart} role="group" aria-label={t("chart.label")} onKeyDown={move}>
            {rows.map((row, index) => (
                <div key={index} class={row.length === 16 ? "jaw" : "jaw milk"}>
                    {row.map((tooth, column) => {
                        const own = of(tooth);
                        const removed = isRemoved(own, extraction);
                        const label = [tooth, toothName(tooth), ...(removed ? [t("tooth.removed")] : []), ...own.map((item) => `${workName(item)}: ${stateName(item.state)}`)].join(", ");
                        return (
                            <button key={tooth} type="button" data-tooth={tooth} tabIndex={tooth === here ? 0 : -1} aria-label={label} aria-pressed={chosen === tooth} class={`tooth${removed ? " removed" : ""}${column === row.length / 2 ? " middle" : ""}${own.length > 0 ? " named" : ""}`}
                                onFocus={() => setAt(tooth)} onClick={() => choose(chosen === tooth ? null : tooth)}>
                                <span class="number">{tooth}</span>
                                <span class="signs">{own.slice(0, 3).map((item) => <ItemSign key={item.id} state={item.state} />)}{own.length > 3 && <span class="small">+{own.length - 3}</span>}</span>
                                {removed && <svg class="cross" viewBox="0 0 20 20" preserveAspectRatio="none" aria-hidden="true"><path d="M2 2l16 16M18 2L2 18" /></svg>}
                            </button>
                        );
                    })}
                </div>
            ))}
            {areas.length > 0 && (
                <div class="areas">
                    {areas.map((area) => <button key={area} type="button" aria-pressed={chosen === area} onClick={() => choose(chosen === area ? null : area)}><span>{areaName(area)}</span><span class="signs">{of(area).map((item) => <ItemSign key={item.id} state={item.state} />)}</span><span class="hidden">{of(area).map((item) => `${workName(item)}: ${stateName(item.state)}`).join(", ")}</span></button>)}
                </div>
            )}
        </div>
    );
}
