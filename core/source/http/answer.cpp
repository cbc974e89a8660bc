#include "source/http/answer.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace mis::source::http {
namespace {

Result<void> take_inner(
    const AnswerPlan& plan, std::size_t level, std::vector<const Node*>& around, const TakeRow& row
) {
    if (level == plan.rows.inner.size()) return row(around);
    const auto& names = plan.rows.inner[level];
    const bool xml = plan.format == Format::xml;
    const Node* at = around.back();
    for (std::size_t i = 0; i + (xml ? 1 : 0) < names.size() && at != nullptr; ++i)
        at = at->kind == Node::Kind::object ? at->member(names[i]) : nullptr;
    // Lines that are null are none, and an XML element without children has none. A list that is
    // not there is another form of answer: read as none, it would say that all of them are gone.
    if (at != nullptr && at->kind == Node::Kind::null) return {};
    if (xml && at != nullptr && at->kind == Node::Kind::text && trim(at->text).empty()) return {};
    if (at == nullptr || at->kind != (xml ? Node::Kind::object : Node::Kind::list))
        return fail(
            ErrorKind::malformed,
            fmt::format("a row has no list `{}`", fmt::join(names, xml ? "/" : "."))
        );
    for (const auto& [name, item] : at->members) {
        if (xml && name != names.back()) continue;
        around.push_back(&item);
        auto taken = take_inner(plan, level + 1, around, row);
        around.pop_back();
        if (!taken) return taken;
    }
    return {};
}

std::vector<std::string> names_of(std::string_view path, char between) {
    std::vector<std::string> names;
    if (path.empty()) return names;
    for (const auto part : split(path, between)) names.emplace_back(part);
    return names;
}

}  // namespace

std::optional<RowsPlace> parse_rows_place(std::string_view text, Format format) {
    const char between = format == Format::json ? '.' : '/';
    if (text.starts_with('$') && format == Format::json) text.remove_prefix(1);
    if (text.starts_with(between)) text.remove_prefix(1);
    if (text.ends_with("[]")) text.remove_suffix(2);
    RowsPlace place;
    bool first = true;
    for (;;) {
        const std::size_t end = text.find("[]");
        std::string_view part = text.substr(0, end);
        if (!first) {
            if (!part.starts_with(between)) return std::nullopt;
            part.remove_prefix(1);
        }
        auto names = names_of(part, between);
        for (const auto& name : names)
            if (name.empty() || name.find_first_of("[]^") != std::string::npos) return std::nullopt;
        if (first)
            place.list = std::move(names);
        else if (names.empty())
            return std::nullopt;
        else
            place.inner.push_back(std::move(names));
        first = false;
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 2);
    }
    if (format == Format::xml && place.list.empty()) return std::nullopt;
    return place;
}

Result<void> take_element(const AnswerPlan& plan, const Node& element, const TakeRow& row) {
    std::vector<const Node*> around{&element};
    return take_inner(plan, 0, around, row);
}

Result<Answer> read_answer(const AnswerPlan& plan, const NextBytes& bytes, const TakeRow& row) {
    return plan.format == Format::json ? read_json_answer(plan, bytes, row)
                                       : read_xml_answer(plan, bytes, row);
}

}  // namespace mis::source::http
