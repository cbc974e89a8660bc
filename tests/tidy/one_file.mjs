// Names of one source only that another source of the same library has as well: a unity build, which compiles several sources as one, meets both.
// Read by their lines (clang-format holds the form): `namespace {` opens, `}  // namespace` closes, what begins in the first column declares.
import { readFileSync } from "node:fs";

const kNamespace = /^(?:inline )?namespace ([\w:]+) \{$/;
const kAlias = /^using (\w+) = (.*)$/;
const kType = /^(?:class|struct|enum class|enum) (\w+)/;
const kValue = /^(?:inline )?(?:static )?(?:constexpr|const|thread_local)\b[^=({]*?\b(\w+)(?:\[\w*\])?\s*(?:=|\{)/;
const kMade = /^(?:inline )?(?:static )?const\b[^=({]*?\b(k[A-Z]\w*)\(/;  // const std::string kName(32, 'a');
const kFunction = /\b(\w+)\((.*)$/;

// A function's parameters without their names, so that overloads are told apart; those of further lines are added.
const parameters = (lines, at) => {
    let text = "";
    for (let i = at; i < lines.length && i < at + 8; ++i) {
        text += ` ${lines[i].trim()}`;
        if (/\)\s*(\{|$)/.test(lines[i])) break;
    }
    const inner = /\b\w+\((.*?)\)\s*(?:\{|$|noexcept)/.exec(text)?.[1] ?? text;
    return inner.replace(/\s*\b\w+\s*(?==|,|$)/g, "").replace(/=[^,]*/g, "").replace(/\s+/g, "");
};

// {name with namespaces: {name, line}} of what the anonymous namespaces of `file` declare, with the named namespaces around it.
function own_names(file) {
    const lines = readFileSync(file, "utf8").split("\n");
    const names = new Map();
    const around = [];
    let anonymous = false;
    lines.forEach((line, index) => {
        if (line === "namespace {") anonymous = true;
        else if (/^\}\s+\/\/ namespace$/.test(line)) anonymous = false;
        else if (kNamespace.test(line)) around.push(kNamespace.exec(line)[1]);
        else if (/^\}\s+\/\/ namespace [\w:]+$/.test(line)) around.pop();
        else if (anonymous && /^[\w[:]/.test(line)) {
            const alias = kAlias.exec(line);
            const text = line.replace(/^\[\[\w+\]\] /, "");
            let name = alias ? `${alias[1]} = ${alias[2]}` : (kType.exec(text)?.[1] ?? kValue.exec(text)?.[1] ?? kMade.exec(text)?.[1]);
            if (!name) {
                const called = kFunction.exec(text);
                if (called && !/^TEST_CASE/.test(text)) name = `${called[1]}(${parameters(lines, index)})`;
            }
            if (name && !alias) names.set(`${around.join("::")}::${name}`, { name, line: index + 1 });
        }
    });
    return names;
}

// libraries: [[sources that are compiled into one library or program]]. Calls report(file, line, text).
export function names_of_two_files(libraries, report) {
    for (const sources of libraries) {
        const seen = new Map();
        for (const file of sources)
            for (const [full, { name, line }] of own_names(file)) {
                const other = seen.get(full);
                if (other) report(file, line, `${name} stands in ${other.split("/").pop()} too, of the same library: share it, or name it otherwise (unity builds compile both as one)`);
                else seen.set(full, file);
            }
    }
}
