// Orders of the exchange, handed in by a person's hand.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export const order_of = (order, patient) => ({
  type: "order.placed", id: `message-${order}`, order, patient, placed_at: "2026-03-02T10:00:00+03:00",
  items: [{ id: "i1", nomenclature: "A16.07.002", teeth: ["16"], quantity: "1", total: { minor: 400000, currency: "RUB" } }],
});

export const push = (clinic, ...messages) => {
  const file = join(clinic.folder, "messages.jsonl");
  writeFileSync(file, messages.map((message) => `${JSON.stringify(message)}\n`).join(""));
  const pushed = clinic.command("inbox", "push", file);
  assert.equal(pushed.code, 0, pushed.stdout + pushed.stderr);
};
