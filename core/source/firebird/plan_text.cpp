#include "source/firebird/plan_text.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "source/sql_words.hpp"

namespace mis::source::firebird {
namespace {

constexpr std::string_view kPlan = "PLAN ";

// "T INDEX (T1, T2)", "S ORDER RDB$PRIMARY1 INDEX (I)", "price list NATURAL"
std::optional<PlanAccess> access_of(std::string_view text) {
    PlanAccess access;
    std::size_t end = std::string_view::npos;
    for (const auto& [word, how] :
         {std::pair<std::string_view, PlanAccess::How>{" NATURAL", PlanAccess::How::natural},
          {" ORDER ", PlanAccess::How::order},
          {" INDEX ", PlanAccess::How::index}})
        if (const std::size_t at = text.find(word); at < end) {
            end = at;
            access.how = how;
        }
    if (end == std::string_view::npos) return std::nullopt;
    access.path = std::string(trim(text.substr(0, end)));
    return access;
}

// Everything that one plan reads. Nodes are SORT, SORT MERGE, MERGE, JOIN, HASH with brackets
// around what they join; an index list has brackets too.
void read_node(std::string_view text, bool sorted, std::vector<PlanAccess>& into) {
    int depth = 0;
    std::size_t begin = 0;
    const auto take = [&](std::size_t end) {
        std::string_view part = trim(text.substr(begin, end - begin));
        begin = end + 1;
        if (part.empty()) return;
        if (auto access = access_of(part.substr(0, part.find('(')))) {
            access->sorted = sorted;
            into.push_back(*std::move(access));
            return;
        }
        const std::size_t open = part.find('(');
        if (open == std::string_view::npos || part.back() != ')') return;
        const bool sorts = part.substr(0, open).find("SORT") != std::string_view::npos;
        read_node(part.substr(open + 1, part.size() - open - 2), sorted || sorts, into);
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '(') ++depth;
        if (text[i] == ')') --depth;
        if (text[i] == ',' && depth == 0) take(i);
    }
    take(text.size());
}

}  // namespace

// An alias of several words cannot be told from a path; its own first word does not match any
// alias then, and the access counts as one of another table.
std::string_view PlanAccess::first() const {
    return std::string_view(path).substr(0, path.find(' '));
}
std::string_view PlanAccess::last() const {
    const std::size_t space = path.rfind(' ');
    return space == std::string::npos ? std::string_view(path)
                                      : std::string_view(path).substr(space + 1);
}

Plan read_plan(std::string_view text, std::string_view slice_alias) {
    std::vector<std::string_view> parts;
    for (std::size_t at = text.find(kPlan); at != std::string_view::npos;) {
        const std::size_t begin = at + kPlan.size();
        at = text.find("\nPLAN ", begin);
        parts.push_back(trim(text.substr(begin, at - begin)));
        if (at != std::string_view::npos) ++at;
    }
    Plan plan;
    if (parts.empty()) return plan;
    // the statement's own comes last; a server that orders them otherwise is told by the alias
    std::size_t own = parts.size() - 1;
    const auto names_slice = [&](std::string_view part) {
        std::vector<PlanAccess> accesses;
        read_node(part, false, accesses);
        return std::any_of(accesses.begin(), accesses.end(), [&](const PlanAccess& access) {
            return access.first() == slice_alias;
        });
    };
    if (!slice_alias.empty() && !names_slice(parts[own]))
        for (std::size_t i = parts.size(); i-- > 0;)
            if (names_slice(parts[i])) {
                own = i;
                break;
            }
    for (std::size_t i = 0; i < parts.size(); ++i)
        read_node(parts[i], false, i == own ? plan.statement : plan.subselects);
    plan.sorts_result = parts[own].starts_with("SORT");
    return plan;
}

std::string table_of_alias(
    std::string_view alias, std::string_view sql, const std::set<std::string>& tables
) {
    if (tables.contains(std::string(alias))) return std::string(alias);
    std::string before;  // the name before the one looked at, `as` stepped over
    for (std::size_t i = 0; i < sql.size();) {
        std::size_t length = opaque_length(sql, i);
        if (length > 0 && sql[i] != '"') {
            i += length;
            continue;
        }
        if (length == 0)
            while (i + length < sql.size() && is_word_letter(sql[i + length])) ++length;
        if (length == 0) {
            if (trim(sql.substr(i, 1)) != "") before.clear();
            ++i;
            continue;
        }
        std::string name = catalog_name(sql.substr(i, length));
        if (name == alias && tables.contains(before)) return before;
        if (name != "AS") before = std::move(name);
        i += length;
    }
    return "";
}

}  // namespace mis::source::firebird
