// Light or dark: as the system says, unless the person chose.
import { signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";
export const theme = signal<Theme>("auto");

export function setTheme(next: Theme): void {
    theme.value = next;
    if (next === "auto") {
        localStorage.removeItem("theme");
        delete document.documentElement.dataset.theme;
    } else {
        localStorage.setItem("theme", next);
        document.documentElement.dataset.theme = next;
    }
}

export function startTheme(): void {
    const kept = localStorage.getItem("theme");
    if (kept === "light" || kept === "dark") setTheme(kept);
}
