// One element of an answer (a row, or what rows are found in), JSON or XML alike, its numbers kept
// as the text of their token; and paths into it.
//
// Paths of JSON: "patient.id", "docs[0].name"; of XML: "Patient/Id", "Doc[0]/@code", names without
// their prefix. "" is the element itself. "^" climbs from an inner row to the one around it:
// "^.id", "^^/Id".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace mis::source::http {

enum class Format { json, xml };

struct Member;

struct Node {
    enum class Kind { null, boolean, number, text, object, list } kind = Kind::null;
    std::string text;  // of a scalar: "true", the number's token, the text itself; of an XML
                       // element with attributes or children: its own text
    std::vector<Member> members;  // of a list: without names

    const Node* member(std::string_view name, std::size_t index = 0)
        const;  // index-th of that name
};

struct Member {
    std::string name;
    Node value;
};

struct PathStep {
    std::string name;  // empty: the item of a list
    std::size_t index = 0;
    bool operator==(const PathStep&) const = default;
};

struct NodePath {
    std::size_t up = 0;  // how many "^"
    std::vector<PathStep> steps;
};

// nullopt: no path.
std::optional<NodePath> parse_node_path(std::string_view text, Format format);

// rows: from the outermost element to the row. nullptr: not there, or above the outermost.
const Node* find(const std::vector<const Node*>& rows, const NodePath& path);

// As a map's column holds it: text, a number's token, "true"/"false", a list or object as JSON
// text. nullopt: null.
std::optional<std::string> text_of(const Node& node);

}  // namespace mis::source::http
