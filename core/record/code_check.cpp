#include "record/code_check.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "config/setting_check.hpp"
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
    std::set<std::string> compared;  // texts that the map compares with: it sees to them itself
    friend bool operator<(const Use& a, const Use& b) {
        return std::tie(a.list, a.field, a.compared) < std::tie(b.list, b.field, b.compared);
    }
};

bool is_one_of(const SqlToken& token, std::initializer_list<std::string_view> words) {
    const std::string word = to_lower(token.text);
    return token.kind == SqlToken::Kind::word &&
           std::find(words.begin(), words.end(), word) != words.end();
}

using Tokens = std::span<const SqlToken>;

// Cut at the commas of its own depth.
std::vector<Tokens> arguments_of(Tokens inside) {
    std::vector<Tokens> parts;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= inside.size(); ++i) {
        const bool ends =
            i == inside.size() || (is_sign(inside[i], ",") && inside[i].depth == inside[0].depth);
        if (!ends) continue;
        parts.push_back(inside.subspan(begin, i - begin));
        begin = i + 1;
    }
    return parts;
}

// The lists from which a column takes its value: through every branch of case, iif, coalesce,
// ifnull, nullif, try and brackets, however deep, and through columns that an inner select makes.
class ListSearch {
  public:
    explicit ListSearch(const std::vector<SqlToken>& tokens) {
        for (std::size_t i = 0; i < tokens.size(); ++i)
            if (tokens[i].depth > 0 && is_one_of(tokens[i], {"select"})) {
                std::size_t end = i + 1;
                while (end < tokens.size() && tokens[end].depth >= tokens[i].depth) ++end;
                std::vector<SqlToken> inner(
                    tokens.begin() + static_cast<std::ptrdiff_t>(i),
                    tokens.begin() + static_cast<std::ptrdiff_t>(end)
                );
                for (auto& token : inner) token.depth -= tokens[i].depth;
                if (auto items = select_list(inner))
                    for (auto& item : *items) inner_[item.name].push_back(std::move(item));
            }
    }

    std::set<std::string> lists_of(const SelectItem& item) {
        lists_.clear();
        looked_at_.clear();
        value(item.tokens);
        return std::move(lists_);
    }

  private:
    void value(Tokens tokens) {
        if (tokens.empty()) return;
        const int depth = tokens[0].depth;
        if (is_one_of(tokens[0], {"case"}) && is_one_of(tokens.back(), {"end"}))
            return branches(tokens.subspan(1, tokens.size() - 2));
        if (is_sign(tokens[0], "(") && closes(tokens, 0))
            return value(tokens.subspan(1, tokens.size() - 2));
        if (tokens.size() > 3 && tokens[0].kind == SqlToken::Kind::word &&
            is_sign(tokens[1], "(") && closes(tokens, 1))
            return call(tokens[0], tokens.subspan(2, tokens.size() - 3));
        const bool column = tokens.size() == 1 || (tokens.size() == 3 && is_sign(tokens[1], ".") &&
                                                   tokens[2].depth == depth);
        if (column && tokens.back().kind != SqlToken::Kind::sign) {
            const std::string name = to_lower(tokens.back().text);
            const auto made = inner_.find(name);
            if (made == inner_.end() || !looked_at_.insert(name).second) return;
            for (const SelectItem& item : made->second) value(item.tokens);
        }
    }

    // Whether the bracket that opens at `open` is closed by the last token.
    static bool closes(Tokens tokens, std::size_t open) {
        if (!is_sign(tokens.back(), ")")) return false;
        for (std::size_t i = open + 1; i + 1 < tokens.size(); ++i)
            if (tokens[i].depth <= tokens[open].depth) return false;
        return true;
    }

    void branches(Tokens inside) {  // of a case, without the words around it
        int nested = 0;
        std::optional<std::size_t> begin;
        for (std::size_t i = 0; i <= inside.size(); ++i) {
            const bool here = i < inside.size() && nested == 0;
            const bool next =
                i == inside.size() || (here && is_one_of(inside[i], {"when", "else"}));
            if (begin && next) {
                value(inside.subspan(*begin, i - *begin));
                begin.reset();
            }
            if (i == inside.size()) break;
            if (here && is_one_of(inside[i], {"then", "else"})) begin = i + 1;
            if (is_one_of(inside[i], {"case"})) ++nested;
            if (is_one_of(inside[i], {"end"})) --nested;
        }
    }

    void call(const SqlToken& name, Tokens inside) {
        const auto arguments = arguments_of(inside);
        if (is_one_of(name, {"code"})) {
            if (!arguments[0].empty() && arguments[0][0].kind == SqlToken::Kind::text)
                lists_.emplace(arguments[0][0].text);
        } else if (is_one_of(name, {"coalesce", "ifnull", "try", "max", "min"})) {
            for (const Tokens argument : arguments) value(argument);
        } else if (is_one_of(name, {"iif", "if"})) {
            for (std::size_t i = 1; i < arguments.size(); ++i) value(arguments[i]);
        } else if (is_one_of(name, {"nullif", "trim", "cast"})) {
            value(arguments[0]);
        }
    }

    std::map<std::string, std::vector<SelectItem>> inner_;
    std::set<std::string> lists_, looked_at_;
};

// 'skip' of `operation = 'skip'`.
std::set<std::string> compared_texts(const std::vector<SqlToken>& tokens) {
    std::set<std::string> texts;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i].kind != SqlToken::Kind::text) continue;
        const bool after = i > 0 && (is_sign(tokens[i - 1], "=") || is_sign(tokens[i - 1], ">"));
        const bool before =
            i + 1 < tokens.size() && (is_sign(tokens[i + 1], "=") || is_sign(tokens[i + 1], "<"));
        if (after || before) texts.emplace(tokens[i].text);
    }
    return texts;
}

std::set<Use> uses_of(const source::Connector& connector) {
    std::set<Use> uses;
    for (const auto& stream : connector.streams) {
        const Kind* kind = find_kind(stream.kind);
        const auto tokens = sql_tokens(stream.map_sql);
        const auto items = select_list(tokens);
        if (kind == nullptr || !items) continue;
        ListSearch search(tokens);
        for (const auto& item : *items)
            if (const Field* field = kind->find(item.name))
                for (const auto& list : search.lists_of(item))
                    uses.insert({list, kind, field, compared_texts(tokens)});
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

namespace {

std::vector<std::string> lists_asked_for(const source::Connector& connector) {
    std::set<std::string> lists;
    for (const auto& stream : connector.streams)
        for (const auto& call : literal_calls(stream.map_sql, {"code"}))
            lists.insert(std::string(call.literal));
    return {lists.begin(), lists.end()};
}

// What is wrong with the codes of one file, whose text is given for the lines.
void check_table(
    const source::Connector& connector, const source::CodeTable& codes, const std::string& file,
    std::string_view text, Findings& findings
) {
    const auto asked = lists_asked_for(connector);
    for (const auto& [list, values] : codes.lists) {
        if (std::find(asked.begin(), asked.end(), list) != asked.end()) continue;
        const std::string near = config::nearest(list, asked);
        findings.add(
            file, line_of_code(text, list, values.begin()->first),
            "list '" + list + "' is asked for by no map",
            (near.empty() ? "" : "did you mean '" + near + "'? else ") + "use it with code('" +
                list + "', …), or remove it"
        );
    }
    std::set<std::string> said;
    for (const Use& use : uses_of(connector)) {
        const auto list = codes.lists.find(use.list);
        if (list == codes.lists.end()) continue;  // the map's own error says so
        for (const auto& [code, canonical] : list->second) {
            const auto wanted = canonical == "-" ? std::string() : why_not(*use.field, canonical);
            if (wanted.empty() || canonical.find(kFillMeIn) != std::string::npos ||
                use.compared.contains(canonical) ||
                !said.insert(use.kind->name + "." + use.field->name + "." + use.list + "." + code)
                     .second)
                continue;
            findings.add(
                file, line_of_code(text, use.list, code),
                "'" + canonical + "' (code '" + code + "' of list '" + use.list + "') is no " +
                    use.field->name + " of " + use.kind->name,
                "write " + wanted + "; or `-` where the code means nothing here"
            );
        }
    }
}

}  // namespace

void check_codes(const source::Connector& connector, Findings& findings) {
    const auto file = connector.folder / "codes.csv";
    if (const auto& overlay = connector.overlay.folder; !overlay.empty()) {
        // the connector's own lists are not to blame for maps that a site replaced
        for (auto& found : code_findings(connector, overlay / "codes.csv"))
            findings.add(
                std::move(found.file), found.line, std::move(found.what), std::move(found.remedy)
            );
        return;
    }
    if (!std::filesystem::exists(file)) return;
    check_table(connector, connector.codes, "codes.csv", platform::read_file(file), findings);
}

std::vector<Finding> code_findings(
    const source::Connector& connector, const std::filesystem::path& file
) {
    Findings findings(connector.folder);
    const auto codes = source::load_codes(file);
    if (codes && std::filesystem::exists(file))
        check_table(connector, *codes, file.string(), platform::read_file(file), findings);
    return findings.take();
}

}  // namespace mis::record
