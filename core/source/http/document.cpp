#include "source/http/document.hpp"

#include <algorithm>
#include <charconv>

#include "base/json.hpp"

namespace mis::source::http {
namespace {

// An XML element has its repeated children side by side, so it may stand for an object or a text.
void append_json(std::string& out, const Node& node) {
    switch (node.kind) {
        case Node::Kind::null:
            out += "null";
            return;
        case Node::Kind::boolean:
        case Node::Kind::number:
            out += node.text;
            return;
        case Node::Kind::text:
            append_json_string(out, node.text);
            return;
        case Node::Kind::list:
            out += '[';
            for (const auto& [name, item] : node.members) {
                if (out.back() != '[') out += ',';
                append_json(out, item);
            }
            out += ']';
            return;
        case Node::Kind::object:
            out += '{';
            for (const auto& [name, member] : node.members) {
                if (out.back() != '{') out += ',';
                append_json_string(out, name);
                out += ':';
                append_json(out, member);
            }
            out += '}';
            return;
    }
}

std::optional<std::size_t> number_of(std::string_view digits) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return number;
}

const Node* step_into(const Node& node, const PathStep& step) {
    if (!step.name.empty()) {
        if (node.kind == Node::Kind::object) return node.member(step.name, step.index);
        return nullptr;
    }
    if (node.kind != Node::Kind::list || step.index >= node.members.size()) return nullptr;
    return &node.members[step.index].value;
}

}  // namespace

const Node* Node::member(std::string_view name, std::size_t index) const {
    for (const auto& [key, value] : members)
        if (key == name && index-- == 0) return &value;
    return nullptr;
}

std::optional<NodePath> parse_node_path(std::string_view text, Format format) {
    NodePath path;
    const char between = format == Format::json ? '.' : '/';
    while (text.starts_with('^')) {
        ++path.up;
        text.remove_prefix(1);
    }
    if (path.up == 0 && text.starts_with('$') && format == Format::json) text.remove_prefix(1);
    if (text.starts_with(between) && text.size() > 1) text.remove_prefix(1);
    while (!text.empty()) {
        const std::size_t end =
            std::min(text.find_first_of(std::string{between, '['}), text.size());
        if (end > 0) path.steps.push_back({std::string(text.substr(0, end)), 0});
        const bool named = end > 0;
        text.remove_prefix(end);
        bool indexed = false;
        while (text.starts_with('[')) {
            const std::size_t close = text.find(']');
            if (close == std::string_view::npos) return std::nullopt;
            const auto index = number_of(text.substr(1, close - 1));
            if (!index) return std::nullopt;
            if (format == Format::json)
                path.steps.push_back({"", *index});
            else if (named && !indexed)
                path.steps.back().index = *index;
            else
                return std::nullopt;
            indexed = true;
            text.remove_prefix(close + 1);
        }
        if (!named && !indexed) return std::nullopt;
        if (text.empty()) break;
        if (text.front() != between || text.size() == 1) return std::nullopt;
        text.remove_prefix(1);
    }
    return path;
}

const Node* find(const std::vector<const Node*>& rows, const NodePath& path) {
    if (path.up >= rows.size()) return nullptr;
    const Node* node = rows[rows.size() - 1 - path.up];
    for (const PathStep& step : path.steps) {
        node = step_into(*node, step);
        if (node == nullptr) return nullptr;
    }
    return node;
}

std::optional<std::string> text_of(const Node& node) {
    switch (node.kind) {
        case Node::Kind::null:
            return std::nullopt;
        case Node::Kind::boolean:
        case Node::Kind::number:
        case Node::Kind::text:
            return node.text;
        case Node::Kind::object:
            if (!node.text.empty()) return node.text;  // of an XML element with attributes
            break;
        case Node::Kind::list:
            break;
    }
    std::string json;
    append_json(json, node);
    return json;
}

}  // namespace mis::source::http
