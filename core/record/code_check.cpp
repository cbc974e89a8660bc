#include "record/code_check.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "platform/file.hpp"
#include "record/map_sql.hpp"
#include "record/schema.hpp"
#include "record/sql_tokens.hpp"

namespace mis::record {

namespace {

struct Use {  // code('list', …) fills this field
    std::string list;
    const Kind* kind;
    const Field* field;
    friend bool operator<(const Use& a, const Use& b) {
        return std::tie(a.list, a.field) < std::tie(b.list, b.field);
    }
};

bool is_one_of(const SqlToken& token, std::initializer_list<std::string_view> words) {
    const std::string word = to_lower(token.text);
    return token.kind == SqlToken::Kind::word &&
           std::find(words.begin(), words.end(), word) != words.end();
}

// The lists of an item that is nothing but code('list', …), or a choice between such: one call
// whose closing bracket ends the item.
std::vector<std::string> lists_of(const SelectItem& item) {
    const auto& tokens = item.tokens;
    std::vector<std::string> lists;
    if (tokens.size() < 4 || tokens[1].text != "(" || tokens.back().text != ")") return lists;
    const bool choice = is_one_of(tokens[0], {"coalesce", "ifnull", "try"});
    if (!choice && !is_one_of(tokens[0], {"code"})) return lists;
    for (std::size_t i = 2; i + 1 < tokens.size(); ++i)
        if (tokens[i].depth == tokens[0].depth) return lists;  // `code('a', x) = 1`, `… || …`
    for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
        const bool whole = tokens[i].depth == tokens[0].depth + (choice ? 1 : 0);
        if (whole && is_one_of(tokens[i], {"code"}) && tokens[i + 2].kind == SqlToken::Kind::text)
            lists.emplace_back(tokens[i + 2].text);
    }
    return lists;
}

std::set<Use> uses_of(const source::Connector& connector) {
    std::set<Use> uses;
    for (const auto& stream : connector.streams) {
        const Kind* kind = find_kind(stream.kind);
        const auto tokens = sql_tokens(stream.map_sql);
        const auto items = select_list(tokens);
        if (kind == nullptr || !items) continue;
        for (const auto& item : *items)
            if (const Field* field = kind->find(item.name))
                for (auto& list : lists_of(item)) uses.insert({std::move(list), kind, field});
    }
    return uses;
}

// Empty: the field takes the value.
std::string why_not(const Field& field, const std::string& value) {
    switch (field.type) {
        case FieldType::choice: {
            if (std::find(field.values.begin(), field.values.end(), value) != field.values.end())
                return {};
            std::string known;
            for (const auto one : field.values) known += " " + std::string(one);
            return "one of" + known;
        }
        case FieldType::zone:
            return Zone::find(value) ? "" : "an IANA zone, such as Europe/Moscow";
        case FieldType::boolean:
            return value == "1" || value == "0" ? "" : "1 or 0";
        default:
            return {};
    }
}

// The line of codes.csv that says it; 0: not found.
int line_of_code(std::string_view text, const std::string& list, const std::string& code) {
    int number = 0;
    for (const std::string_view line : split(text, '\n')) {
        ++number;
        if (line.starts_with(list + "," + code + ",") ||
            line.starts_with(list + ",\"" + code + "\","))
            return number;
    }
    return 0;
}

}  // namespace

void check_codes(const source::Connector& connector, Findings& findings) {
    const auto file = connector.folder / "codes.csv";
    if (!std::filesystem::exists(file)) return;
    const std::string text = platform::read_file(file);
    for (const auto& [list, values] : connector.codes.lists) {
        const auto asks = [&name = list](const source::StreamDeclaration& stream) {
            const auto calls = literal_calls(stream.map_sql, {"code"});
            return std::any_of(calls.begin(), calls.end(), [&](const auto& call) {
                return call.literal == name;
            });
        };
        if (std::none_of(connector.streams.begin(), connector.streams.end(), asks))
            findings.add(
                "codes.csv", line_of_code(text, list, values.begin()->first),
                "list '" + list + "' is asked for by no map",
                "use it with code('" + list + "', …), or remove it"
            );
    }
    for (const Use& use : uses_of(connector)) {
        const auto list = connector.codes.lists.find(use.list);
        if (list == connector.codes.lists.end()) continue;  // the map's own error says so
        for (const auto& [code, canonical] : list->second) {
            const auto wanted = canonical == "-" ? std::string() : why_not(*use.field, canonical);
            if (wanted.empty() || canonical.find(kFillMeIn) != std::string::npos) continue;
            findings.add(
                "codes.csv", line_of_code(text, use.list, code),
                "'" + canonical + "' (code '" + code + "' of list '" + use.list + "') is no " +
                    use.field->name + " of " + use.kind->name,
                "write " + wanted + "; or `-` where the code means nothing here"
            );
        }
    }
}

}  // namespace mis::record
