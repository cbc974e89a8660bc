// What schemas/console.openapi.yaml says of an answer, as checks: of the stand-in, and of the real daemon.
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";
import yaml from "js-yaml";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export const description = join(dirname(new URL(import.meta.url).pathname), "../../schemas/console.openapi.yaml");
const document = yaml.load(readFileSync(description, "utf8"));
const ajv = new Ajv({ strict: false, allErrors: true });
formats.default ? formats.default(ajv) : formats(ajv);
ajv.addSchema({ $id: "console", components: document.components });
const compiled = new Map();

function matching(path) {
    const parts = path.split("?")[0].split("/");
    return Object.keys(document.paths).filter((known) => known.split("/").length === parts.length && known.split("/").every((part, index) => part.startsWith("{") || part === parts[index])).sort((a, b) => a.split("{").length - b.split("{").length)[0];
}

const rebased = (value) => JSON.parse(JSON.stringify(value).replaceAll('"#/components', '"console#/components'));

// What is wrong with this answer; an empty list: nothing.
export function answer_findings(method, path, status, body) {
    const known = matching(path);
    const operation = known && document.paths[known][method.toLowerCase()];
    if (!operation) return [`${method} ${path}: not described`];
    let response = operation.responses[String(status)];
    if (response?.$ref) response = document.components.responses[response.$ref.split("/").pop()];
    if (!response) return [`${method} ${path}: ${status} is not described`];
    const content = response.content && Object.values(response.content)[0];
    if (!content) return body === undefined || body === "" ? [] : [`${method} ${path}: ${status} has a body that is not described`];
    const key = `${method} ${known} ${status}`;
    if (!compiled.has(key)) compiled.set(key, ajv.compile(rebased(content.schema)));
    const valid = compiled.get(key);
    return valid(body) ? [] : valid.errors.map((error) => `${method} ${path}: ${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}
