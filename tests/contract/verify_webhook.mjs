// Judges signatures with the standardwebhooks package. Each FILE is one request as a receiver kept it: {"headers": {…}, "body": "…"}, one per line.
// Usage: WEBHOOK_SECRET=whsec_… node verify_webhook.mjs FILE...
// The timestamp's age is not judged (the file may be old): the signature is.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const secret = process.env.WEBHOOK_SECRET;
const files = process.argv.slice(2);
if (!secret || files.length === 0) {
  console.error("usage: WEBHOOK_SECRET=whsec_… verify_webhook.mjs FILE...");
  process.exit(2);
}
const webhook = new Webhook(secret);
const realNow = Date.now;
let requests = 0;
let failures = 0;
for (const file of files) {
  readFileSync(file, "utf8").split("\n").forEach((line, index) => {
    if (line.trim() === "") return;
    const where = `${file}:${index + 1}`;
    ++requests;
    try {
      const { headers, body } = JSON.parse(line);
      const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      if (!/^[A-Za-z0-9_-]+$/.test(lower["webhook-id"] ?? "")) throw new Error(`webhook-id ${lower["webhook-id"]} has other characters than A-Z a-z 0-9 _ -`);
      Date.now = () => Number(lower["webhook-timestamp"]) * 1000;
      webhook.verify(body, lower);
      Date.now = realNow;
      let refused = false;
      try {
        Date.now = () => Number(lower["webhook-timestamp"]) * 1000;
        webhook.verify(body + " ", lower);
      } catch {
        refused = true;
      }
      Date.now = realNow;
      if (!refused) throw new Error("a changed body was accepted");
    } catch (error) {
      Date.now = realNow;
      ++failures;
      console.error(`${where}: ${error.message}`);
    }
  });
}
if (requests === 0) console.error("no requests");
if (failures > 0 || requests === 0) process.exit(1);
console.log(`${requests} signatures are valid`);
