#include "record/site_uses.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "record/sql_tokens.hpp"

namespace mis::record {
std::vector<SiteUse> site_uses(const source::StreamDeclaration& stream) {
    const auto tokens = sql_tokens(stream.map_sql);
    const auto column_at = [&](std::size_t index) -> std::optional<std::string> {
        if (index >= tokens.size() || tokens[index].kind == SqlToken::Kind::sign)
            return std::nullopt;
        std::string name = to_lower(tokens[index].text);
        const bool declared =
            tokens[index].kind == SqlToken::Kind::word &&
            std::any_of(stream.columns.begin(), stream.columns.end(), [&](const auto& column) {
                return column.name == name;
            });
        return declared ? std::optional(std::move(name)) : std::nullopt;
    };
    std::set<SiteUse> uses;
    for (std::size_t i = 0; i + 3 < tokens.size(); ++i) {
        const bool call = tokens[i].kind == SqlToken::Kind::word &&
                          to_lower(tokens[i].text) == "site" && is_sign(tokens[i + 1], "(") &&
                          tokens[i + 2].kind == SqlToken::Kind::text;
        if (!call) continue;
        const std::string key(tokens[i + 2].text);
        // site('x') = column, column = site('x')
        if (i + 5 < tokens.size() && is_sign(tokens[i + 4], "="))
            if (const auto column = column_at(i + 5)) uses.insert({key, *column});
        if (i >= 2 && is_sign(tokens[i - 1], "="))
            if (const auto column = column_at(i - 2)) uses.insert({key, *column});
        // inside the brackets of one instr(…): the only column there
        const int depth = tokens[i].depth;
        std::size_t begin = i, end = i;
        while (begin > 0 && tokens[begin - 1].depth >= depth) --begin;
        while (end < tokens.size() && tokens[end].depth >= depth) ++end;
        if (begin < 2 || to_lower(tokens[begin - 2].text) != "instr") continue;
        std::set<std::string> columns;
        for (std::size_t at = begin; at < end; ++at)
            if (const auto column = column_at(at)) columns.insert(*column);
        if (columns.size() == 1) uses.insert({key, *columns.begin()});
    }
    return {uses.begin(), uses.end()};
}

}  // namespace mis::record
