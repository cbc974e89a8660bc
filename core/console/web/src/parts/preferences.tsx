// Language and light: two small lists, kept in this browser.
import { setTheme, theme, type Theme } from "../state/theme";
import { chooseLanguage, language, t, type Language } from "../text";

export function Preferences({ id = "" }: { id?: string }) {
    return (
        <span class="preferences">
            <label class="hidden" for={`${id}language`}>{t("language")}</label>
            <select id={`${id}language`} value={language.value} onChange={(event) => void chooseLanguage(event.currentTarget.value as Language)}>
                <option value="ru">Русский</option>
                <option value="en">English</option>
            </select>
            <label class="hidden" for={`${id}theme`}>{t("theme")}</label>
            <select id={`${id}theme`} value={theme.value} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
                <option value="auto">{t("theme.auto")}</option>
                <option value="light">{t("theme.light")}</option>
                <option value="dark">{t("theme.dark")}</option>
            </select>
        </span>
    );
}
