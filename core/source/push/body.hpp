// What callers send, read: which route a request means, whether a snapshot is whole, what a change
// says. Pure; texts of errors never show content.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/timestamp.hpp"
#include "source/http/cells.hpp"
#include "source/push/declaration.hpp"

namespace mis::source::push {

// path: as sent, with its first "/". A "/" at its end is as good as none.
struct RouteFound {
    const Route* route = nullptr;  // null: there is no such path, or it has other methods
    bool path_is_known = false;
};
RouteFound find_route(const PushDeclaration& push, std::string_view method, std::string_view path);

// Of a query or a form: names in small letters, the first of a name counts; at most 64.
std::map<std::string, std::string> query_values(std::string_view query);

// How many rows each stream of the snapshot has. malformed: cut off, no JSON or XML, or one of the
// lists is not there (an empty one is).
Result<std::map<std::string, std::size_t>> count_rows(
    const std::vector<StreamDeclaration>& streams, const Route& route, std::string_view body
);

// The rows of one stream in a body. take: the cells as they stand there.
Result<std::size_t> read_rows(
    const PushedRows& pushed, std::string_view body, const http::TakeCells& take
);

// A row as the journal keeps it: what was said of each column, null where nothing is meant. Times
// are local and in one form, so that they compare as texts.
using Said = std::map<std::string, std::optional<std::string>>;

struct Change {
    std::string id;  // empty: it is to be made
    Said said;       // the columns that the body names
};
// malformed: no JSON or XML, no object, no id where one is given, a time that is none in the
// window's column.
Result<Change> read_change(
    const Route& route, const StreamDeclaration& stream, std::string_view body,
    const std::optional<Zone>& zone
);
// The id that a question or a change without content asks for.
Result<std::string> read_id(const Route& route, http::Format format, std::string_view body);

// The same change has the same id.
std::string made_id(const std::string& stream, const Said& said);

Json to_json(const Said& said);
Said said_of(const Json& json);

bool conflicts(const Conflict& conflict, const Said& mine, const Said& theirs);

using Named = std::map<std::string, std::string, std::less<>>;
// {name}s of small letters, digits and _ filled in; one that nobody knows becomes nothing.
std::string filled(std::string_view text, const Named& values);
Json filled_json(const Json& json, const Named& values);

}  // namespace mis::source::push
