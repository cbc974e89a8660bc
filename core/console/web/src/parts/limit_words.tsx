// What is said of an account wherever it stands: state, payer, validity.
import type { Account, LimitRow } from "../api/client";
import { day, t, told } from "../text";
import { State, type Shape, type Tone } from "./icon";

const states: Record<LimitRow["state"], [Shape, Tone]> = { open: ["ok", "ok"], low: ["part", "notice"], exhausted: ["full", "notice"], overrun: ["alarm", "alarm"], closed: ["closed", "quiet"] };

export function LimitState({ of }: { of: LimitRow["state"] }) {
    const [shape, tone] = states[of];
    return <State shape={shape} tone={tone}>{t(`limit.state.${of}`)}</State>;
}

export function kindName(kind: LimitRow["kind"]): string {
    return t(`limit.kind.${kind}`);
}

export function payerName(of: Pick<LimitRow, "payer" | "kind">): string {
    return of.payer || t(`limit.nameless.${of.kind}`);
}

// Who pays, in the sentence «… платит …».
export function whoPays(payer: string, party?: string): string {
    return told("pays.", payer, {}, payer) + (party ? ` (${party})` : "");
}

export function validity(of: Pick<LimitRow, "valid_from" | "valid_to"> & Pick<Partial<Account>, "since">): string {
    const from = of.valid_from ?? of.since;
    if (from && of.valid_to) return t("limit.valid.both", { from: day(from), to: day(of.valid_to) });
    if (of.valid_to) return t("limit.valid.to", { to: day(of.valid_to) });
    if (from) return t("limit.valid.from", { from: day(from) });
    return t("limit.valid.always");
}
