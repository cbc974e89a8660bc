// libFuzzer over what callers send: routes, queries, snapshots and changes, JSON and XML.
//
// Beside "does not crash": no route is met that was not declared; whatever is no message is
// malformed and nothing else; a change that was read is written and read again as the same, has the
// same id each time, and meets another as that one meets it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "source/push/body.hpp"

using namespace mis;
using namespace mis::source;
using namespace mis::source::push;

namespace {

struct Declared {
    PushDeclaration push;
    std::vector<StreamDeclaration> streams;
};

StreamDeclaration stream_of(http::Format format, const char* name, const char* place) {
    StreamDeclaration stream;
    stream.name = name;
    stream.key_column = "id";
    stream.columns = {
        {"id", ColumnType::text, 2},
        {"at", ColumnType::timestamp, 2},
        {"until", ColumnType::timestamp, 2},
        {"sum", ColumnType::decimal, 2}};
    stream.window = WindowDeclaration{"at", 1, 1, 1};
    auto pushed = std::make_shared<PushedRows>();
    pushed->rows.format = format;
    pushed->rows.rows = *http::parse_rows_place(place, format);
    for (const auto& column : stream.columns)
        pushed->rows.columns.push_back({{*http::parse_node_path(column.name, format)}, {false}});
    if (std::string_view(name) == "many")
        pushed->route = "all";
    else
        pushed->from = name;
    stream.pushed = std::move(pushed);
    return stream;
}

Declared declared_of(http::Format format) {
    Declared made;
    made.push.format = format;
    Route all;
    all.name = all.path = "all";
    all.method = "POST";
    all.means = Route::Means::snapshot;
    Route one;
    one.name = "one";
    one.path = "hooks/one";
    one.method = "POST";
    one.means = Route::Means::change;
    one.stream = "one";
    one.id = Route::Id::given;
    one.id_path = *http::parse_node_path("id", format);
    made.push.routes = {all, one};
    const bool json = format == http::Format::json;
    made.streams = {
        stream_of(format, "many", json ? "d.rows" : "d/row"),
        stream_of(format, "one", json ? "" : "one")};
    return made;
}

void fuzz_change(const Declared& declared, std::string_view body) {
    static const auto zone = Zone::find("Europe/Moscow");
    const auto change = read_change(declared.push.routes[1], declared.streams[1], body, zone);
    const auto again = read_change(declared.push.routes[1], declared.streams[1], body, zone);
    MIS_ASSERT(change.has_value() == again.has_value());
    if (!change) {
        MIS_ASSERT(change.error().kind == ErrorKind::malformed);
        return;
    }
    MIS_ASSERT(!change->id.empty() && change->id == again->id);
    MIS_ASSERT(said_of(to_json(change->said)) == change->said);
    MIS_ASSERT(made_id("one", change->said) == made_id("one", again->said));
    Conflict conflict;
    conflict.same = {"id"};
    conflict.overlap = {"at", "until"};
    Said mine = change->said, theirs = change->said;
    mine["id"] = theirs["id"] = "1";
    theirs["at"] = "2026-03-02 10:00:00";
    MIS_ASSERT(conflicts(conflict, mine, theirs) == conflicts(conflict, theirs, mine));
    filled("{at} {until} {nothing} {", {{"at", mine["at"].value_or("")}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const Declared json = declared_of(http::Format::json),
                          xml = declared_of(http::Format::xml);
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const Declared& declared = bytes[0] % 2 == 0 ? json : xml;
    switch (bytes[0] / 2 % 4) {
        case 0: {
            const auto counted = count_rows(declared.streams, declared.push.routes[0], text);
            MIS_ASSERT(counted || counted.error().kind == ErrorKind::malformed);
            break;
        }
        case 1:
            fuzz_change(declared, text);
            break;
        case 2: {
            const auto blank = std::min(text.find(' '), text.size());
            const auto found = find_route(
                declared.push, text.substr(0, blank), text.substr(std::min(blank + 1, text.size()))
            );
            MIS_ASSERT(found.route == nullptr || found.route->method == text.substr(0, blank));
            MIS_ASSERT(found.route == nullptr || found.path_is_known);
            break;
        }
        default:
            MIS_ASSERT(query_values(text).size() <= 64);
            const auto id = read_id(declared.push.routes[1], declared.push.format, text);
            MIS_ASSERT(id ? !id->empty() : id.error().kind == ErrorKind::malformed);
    }
    return 0;
}
