// The page's words: one file per language, chosen once, changed without a reload. Sums, days and times are written here and nowhere else: in the language's
// form, and in the clinic's zone.
import { signal } from "@preact/signals";
import type { Money } from "../api/client";

type Russian = typeof import("./ru.json");
type English = typeof import("./en.json");
type Plural = { one: string; few?: string; many?: string; other?: string };
export type Key = keyof Russian;
export type Language = "ru" | "en";
export type Words = Record<string, string | number | boolean | Money | undefined>;

// tsc stops where one language has a text that the other lacks.
type Same = [keyof Russian, keyof English] extends [keyof English, keyof Russian] ? true : never;
const complete: Same = true;

export const language = signal<Language>("ru");
export const zone = signal("Europe/Moscow");
const texts = signal<Record<string, string | Plural>>({});
let plural = new Intl.PluralRules("ru");

function stored(): Language | null {
    const kept = localStorage.getItem("language");
    return kept === "ru" || kept === "en" ? kept : null;
}

export async function speak(next: Language): Promise<void> {
    const answer = await fetch(document.body.dataset[next] ?? "");
    const loaded = (await answer.json()) as Record<string, string | Plural>;
    plural = new Intl.PluralRules(next);
    texts.value = complete ? loaded : {};
    language.value = next;
    document.documentElement.lang = next;
}

export function chooseLanguage(next: Language): Promise<void> {
    localStorage.setItem("language", next);
    return speak(next);
}

// Russian unless the browser asks for something else, or the person did.
export function startLanguage(): Promise<void> {
    const wished = navigator.language.toLowerCase();
    return speak(stored() ?? (/^(ru|be|uk|kk)/.test(wished) ? "ru" : "en"));
}

const isMoney = (word: unknown): word is Money => typeof word === "object" && word !== null && "minor" in word;

function say(found: string | Plural, words: Words): string {
    let text: string;
    if (typeof found === "string") text = found;
    else {
        const form = plural.select(Number(words.count ?? 0));
        text = found[form as keyof Plural] ?? found.other ?? found.many ?? found.one;
    }
    return text
        .replace(/\{(\w+)\}( ?)/g, (_, name: string, space: string) => {
            const word = words[name];
            if (word === undefined) return ""; // the daemon did not tell it: the sentence does without
            return (isMoney(word) ? money(word) : typeof word === "number" ? number(word) : String(word)) + space;
        })
        .trim();
}

export function t(key: Key, words: Words = {}): string {
    return say(texts.value[key] ?? key, words);
}

// A text whose key comes from the daemon; one that this page does not know: what stands beside it.
export function told(beginning: string, code: string, words: Words, otherwise: string): string {
    const found = texts.value[beginning + code];
    return found === undefined ? otherwise : say(found, words);
}

export function number(value: number): string {
    return new Intl.NumberFormat(language.value).format(value);
}

// Exact: the sum is written out as decimal text, never as a binary fraction.
export function money(sum: Money): string {
    const form = new Intl.NumberFormat(language.value, { style: "currency", currency: sum.currency, currencyDisplay: "narrowSymbol" });
    const places = form.resolvedOptions().maximumFractionDigits ?? 2;
    const digits = String(Math.abs(sum.minor)).padStart(places + 1, "0");
    const text = (sum.minor < 0 ? "-" : "") + digits.slice(0, digits.length - places) + (places > 0 ? "." + digits.slice(-places) : "");
    return form.format(text as Intl.StringNumericLiteral);
}

const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language.value === "ru" ? "ru-RU" : "en-GB", { timeZone: zone.value, ...options });

export function time(at: string | number): string {
    return format({ hour: "2-digit", minute: "2-digit" }).format(new Date(at));
}
export function timeToTheSecond(at: string | number): string {
    return format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(new Date(at));
}
export function dayTime(at: string): string {
    return format({ day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit" }).format(new Date(at));
}
// A moment of which only the clinic's day is told.
export function dayOf(at: string): string {
    return format({ day: "2-digit", month: "2-digit", year: "numeric" }).format(new Date(at));
}
// YYYY-MM-DD: a day of the calendar, which no zone moves.
export function day(date: string): string {
    const [year, month, of_month] = date.split("-");
    return language.value === "ru" ? `${of_month}.${month}.${year}` : `${of_month}/${month}/${year}`;
}
// Short where it was today.
export function moment(at: string, now: number): string {
    return dayOf(at) === dayOf(new Date(now).toISOString()) ? time(at) : dayTime(at);
}

export function duration(seconds: number): string {
    const whole = Math.max(0, Math.round(seconds));
    if (whole < 120) return t("duration.seconds", { count: whole });
    if (whole < 7_200) return t("duration.minutes", { count: Math.round(whole / 60) });
    if (whole < 172_800) return t("duration.hours", { count: Math.round(whole / 3_600) });
    return t("duration.days", { count: Math.round(whole / 86_400) });
}
