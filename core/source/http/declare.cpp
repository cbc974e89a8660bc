#include "source/http/declare.hpp"

#include <algorithm>

#include "source/http/request.hpp"

namespace mis::source::http {

void declare_request(MapReader& map, const Connector& connector, StreamDeclaration& stream) {
    std::vector<std::string> columns;
    for (const ColumnDeclaration& column : stream.columns) columns.push_back(column.name);
    auto request = std::make_shared<Request>(read_request(map, *connector.service, columns));
    stream.request = request;
    for (const char* key : {"stamps", "requires_table"})
        if (map.has(key))
            map.refuse(key, "is for bases: a service is compared with what is known of it");
    bool by_period = request->by_period();
    if (request->for_each && request->for_each->site.empty()) {
        const auto& each = *request->for_each;
        const auto parent = std::find_if(
            connector.streams.begin(), connector.streams.end(),
            [&](const auto& earlier) { return earlier.name == each.stream; }
        );
        MapReader request_map = map.map("request");
        if (parent == connector.streams.end())
            return request_map.refuse("for_each", "means no stream before this one");
        if (parent->request->for_each)
            return request_map.refuse("for_each", "means a stream that hangs on another itself");
        const auto has_column = [&](const auto& column) { return column.name == each.column; };
        if (std::none_of(parent->columns.begin(), parent->columns.end(), has_column))
            request_map.refuse("for_each", "means a column that the parent's stream has not");
        by_period = by_period || parent->request->by_period();
    }
    if (by_period && !stream.window)
        map.refuse(
            "window",
            "is missing: what is asked for by periods needs the column of its date and "
            "how far they reach"
        );
    if (request->only_today && stream.window &&
        (stream.window->past_days > 0 || stream.window->future_days > 0))
        map.refuse(
            "window", "reaches beyond today, and the list is only_today: leave its days out"
        );
}

}  // namespace mis::source::http
