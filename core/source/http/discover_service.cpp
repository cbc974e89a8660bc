#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "source/http/http_reader.hpp"
#include "source/table_sample.hpp"
#include "source/value_shape.hpp"

namespace mis::source::http {
namespace {

constexpr std::size_t kPlacesMax = 500;  // of one stream

struct Place {
    std::string path;
    std::string type;
    ShapeCounts shapes;
};

const char* type_of(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::null:
            return "null";
        case Node::Kind::boolean:
            return "boolean";
        case Node::Kind::number:
            return "number";
        case Node::Kind::text:
            return "text";
        case Node::Kind::object:
            return "object";
        case Node::Kind::list:
            return "list";
    }
    return "";
}

void look_at(std::vector<Place>& places, const Node& node, const std::string& path, char between) {
    const bool is_object = node.kind == Node::Kind::object;
    if (!path.empty() && (!is_object || !node.text.empty())) {
        auto known = std::find_if(places.begin(), places.end(), [&](const Place& place) {
            return place.path == path;
        });
        if (known == places.end()) {
            if (places.size() >= kPlacesMax) return;
            places.push_back({path, type_of(node.kind), {}});
            known = std::prev(places.end());
        }
        if (known->type == "null") known->type = type_of(node.kind);
        if (node.kind != Node::Kind::list && !trim(node.text).empty()) known->shapes.add(node.text);
    }
    if (!is_object) return;
    for (const auto& [name, member] : node.members)
        look_at(places, member, path.empty() ? name : path + between + name, between);
}

}  // namespace

// What one answer of each stream has in its rows, whether the connector reads it or not.
TableDescription HttpReader::described(const StreamDeclaration& stream) {
    TableDescription table;
    table.name = stream.name;
    table.key = {stream.key_column};
    const Request& request = *stream.request;
    std::vector<Place> places;
    Wanted wanted;
    if (by_period(stream)) {
        const std::int64_t now_us = clock_.unix_us();
        const Timestamp now = options_.zone ? options_.zone->at(now_us) : Timestamp{now_us, 0};
        wanted.rows = Wanted::Rows::of_period;
        const Date today = now.local_date(), tomorrow{today.days + 1};
        wanted.from = today.to_string() + " 00:00:00";
        wanted.to = tomorrow.to_string() + " 00:00:00";
    }
    see_rows_ = [&](const std::vector<const Node*>& row) {
        ++table.rows_looked_at;
        look_at(places, *row.back(), "", request.format == Format::xml ? '/' : '.');
        return table.rows_looked_at < kSampleRowsMax;
    };
    caller_.begin();
    const auto read = read_rows(stream, wanted, [](Cells&&) -> Result<void> { return {}; });
    see_rows_ = nullptr;
    if (!read && read.error().kind != ErrorKind::cancelled)
        table.remark = read.error().text;
    else if (table.rows_looked_at == 0)
        table.remark = "no rows in what it answers now";
    for (const Place& place : places)
        table.columns.push_back({place.path, place.type, false, place.shapes.most(kSampleShapesMax)}
        );
    return table;
}

Result<std::vector<TableDescription>> HttpReader::discover() {
    std::vector<TableDescription> streams;
    auto off = streams_off();
    if (!off) return fail(off.error());
    for (const StreamDeclaration& stream : connector_.streams) {
        if (off->contains(stream.name)) continue;
        streams.push_back(described(stream));
    }
    return streams;
}

Result<std::optional<std::string>> HttpReader::known_by() {
    const std::string host =
        caller_.host().substr(0, std::min(caller_.host().find(':'), caller_.host().size()));
    for (const std::string& end : connector_.recognition.address)
        if (host == end || host.ends_with("." + end))
            return std::optional<std::string>("its address, " + host);
    caller_.begin();
    for (const auto& page : connector_.recognition.pages) {
        const auto text = caller_.page(page.path);
        const bool is_it =
            text && std::all_of(page.holds.begin(), page.holds.end(), [&](const auto& word) {
                return text->find(word) != std::string::npos;
            });
        if (is_it)
            return std::optional<std::string>(
                fmt::format("what it answers at {}: {}", page.path, fmt::join(page.holds, ", "))
            );
    }
    return std::optional<std::string>();
}

}  // namespace mis::source::http
