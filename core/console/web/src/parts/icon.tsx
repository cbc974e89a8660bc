// Shapes that carry a state: each is told by its outline, in any colour or none. Never alone: a word stands beside it.
import type { ComponentChildren } from "preact";

export type Shape = "ok" | "notice" | "alarm" | "off" | "waiting" | "part" | "full" | "closed";

const shapes: Record<Shape, ComponentChildren> = {
    ok: <><circle cx="8" cy="8" r="6.500" class="fill" /><path d="M5 8.200l2.100 2.100L11 6.200" class="sign" /></>,
    notice: <><path d="M8 1.800L15 14H1z" class="fill" /><path d="M8 6v3.600M8 11.600v.4" class="sign" /></>,
    alarm: <><path d="M5.300 1.500h5.400l3.800 3.800v5.400l-3.800 3.800H5.300l-3.800-3.800V5.300z" class="fill" /><path d="M5.600 5.600l4.800 4.800M10.400 5.600l-4.800 4.800" class="sign" /></>,
    off: <><circle cx="8" cy="8" r="6.500" class="hollow" /><path d="M5 8h6" class="line" /></>,
    waiting: <><circle cx="8" cy="8" r="6.500" class="hollow" /><path d="M8 4.500V8l2.400 1.600" class="line" /></>,
    part: <><circle cx="8" cy="8" r="6.500" class="hollow" /><path d="M8 3.500A4.500 4.500 0 1 1 3.500 8H8z" class="solid" /></>,
    full: <><circle cx="8" cy="8" r="6.500" class="hollow" /><circle cx="8" cy="8" r="4.200" class="solid" /></>,
    closed: <><rect x="2.500" y="7" width="11" height="7.500" rx="1.500" class="hollow" /><path d="M5 7V5a3 3 0 0 1 6 0v2" class="line" /></>,
};

export function Icon({ shape }: { shape: Shape }) {
    return <svg class={`icon ${shape}`} viewBox="0 0 16 16" aria-hidden="true">{shapes[shape]}</svg>;
}

export type Tone = "ok" | "notice" | "alarm" | "quiet";

export function State({ shape, tone, children }: { shape: Shape; tone: Tone; children: ComponentChildren }) {
    return <span class={`state ${tone}`}><Icon shape={shape} /><span>{children}</span></span>;
}
