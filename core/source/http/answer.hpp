// The rows of one answer, read incrementally: of a gigabyte only one element is in memory at a
// time.
//
// Refused as malformed, whatever was handed over before: what is cut off or no JSON / XML, nesting
// deeper than kDepthMax, an element above kElementBytesMax, a value above kTextBytesMax, in XML a
// document type (and so every entity of its own), a tag or names above XmlBounds, an object that
// names a member twice, invalid UTF-8, and an answer that has no list where the rows should be.
// Texts never show content.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "source/http/document.hpp"

namespace mis::source::http {

inline constexpr int kDepthMax = 64;
inline constexpr std::size_t kTextBytesMax = 8u << 20;
inline constexpr std::size_t kElementBytesMax = 16u << 20;
inline constexpr std::size_t kMembersMax = 2000;  // of one object
inline constexpr std::size_t kPartBytes = 96;     // that each part of an element takes by itself
inline constexpr std::size_t kNameBytesMax = 64 * 1024;  // JSON: of a member

// Where the rows are: the list's path from the document's root, then, where rows are lists inside
// its elements, the path from each to the next list. JSON: "data", "doctors[].schedules[].cells",
// "" (the document is the list, or the one row). XML: the element that repeats, "Visits/Visit",
// "Doctors/Doctor[]/Slots/Slot".
struct RowsPlace {
    std::vector<std::string> list;                // names from the root; XML: the last one repeats
    std::vector<std::vector<std::string>> inner;  // of each next list
};
std::optional<RowsPlace> parse_rows_place(std::string_view text, Format format);

// What an answer says beside its rows: values by path from the root ("meta.total"), as asked for.
// A list has the text "1" where it has items, an object none.
using Envelope = std::map<std::string, Node, std::less<>>;

struct AnswerPlan {
    Format format = Format::json;
    std::string encoding;  // XML: whatever the document says of itself; empty: as it says
    RowsPlace rows;
    bool single = false;  // the place may be an object: one row (an answer of one record)
    std::vector<std::string> watched;  // paths of the envelope, names joined as the format does
};

struct Answer {
    Envelope envelope;
    bool has_rows = false;  // the list (or the single row) was there
};

// bytes: the next piece of the body; empty: its end. row: from the outermost element to the row;
// its error ends the reading and is passed on.
using NextBytes = std::function<Result<std::string_view>()>;
using TakeRow = std::function<Result<void>(const std::vector<const Node*>& row)>;
Result<Answer> read_answer(const AnswerPlan& plan, const NextBytes& bytes, const TakeRow& row);

// For the readers of each format: an element, complete, with the rows in it.
Result<void> take_element(const AnswerPlan& plan, const Node& element, const TakeRow& row);

Result<Answer> read_json_answer(const AnswerPlan&, const NextBytes&, const TakeRow&);
Result<Answer> read_xml_answer(const AnswerPlan&, const NextBytes&, const TakeRow&);

}  // namespace mis::source::http
