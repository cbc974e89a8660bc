// An event's type in a person's words; one that this page does not know: its own name.
import { told } from "../text";

export function eventName(type: string): string {
    const short = type.replace(/^mis\./, "").replace(/\.v\d+$/, "");
    return told("event.", short.replace(/\./g, "_"), {}, short);
}
