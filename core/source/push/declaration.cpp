#include "source/push/declaration.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace mis::source::push {
namespace {

struct DefaultRefusal {
    Refusal refusal;
    std::string_view name;
    int status;
    std::string_view text;
};
constexpr DefaultRefusal kRefusals[] = {
    {Refusal::unauthorized, "unauthorized", 401, "the key is missing or wrong"},
    {Refusal::unknown_route, "unknown_route", 404, "nothing is taken here"},
    {Refusal::wrong_method, "wrong_method", 405, "not by this method"},
    {Refusal::too_large, "too_large", 413, "{reason}"},
    {Refusal::throttled, "throttled", 429, "too many requests: come again in {reason} s"},
    {Refusal::malformed, "malformed", 400, "{reason}"},
    {Refusal::unavailable, "unavailable", 503, "{reason}"},
};

AnswerText plain_refusal(const DefaultRefusal& of) {
    AnswerText answer;
    answer.status = of.status;
    answer.body = AnswerText::Body::text;
    answer.text = of.text;
    return answer;
}

AnswerText read_answer_text(MapReader map, int status) {
    map.only({"status", "text", "json", "content_type"});
    AnswerText answer;
    answer.status = map.number("status", status, 200, 599);
    answer.content_type = map.text("content_type", "");
    if (map.has("text") && map.has("json")) map.refuse("", "has one body: keep one of text, json");
    if (map.has("text")) {
        answer.body = AnswerText::Body::text;
        answer.text = map.text("text", "");
    } else if (map.has("json")) {
        answer.body = AnswerText::Body::json;
        answer.json = map.value("json");
    }
    const bool bodiless = answer.status == 204 || answer.status == 304;
    if (bodiless && answer.body != AnswerText::Body::none)
        map.refuse("status", "has no body in HTTP: leave text and json out, or say 200");
    return answer;
}

std::map<std::string, std::string> texts_of(MapReader& map, std::string_view key) {
    std::map<std::string, std::string> found;
    if (!map.has(key)) return found;
    MapReader part = map.map(key);
    for (const std::string& name : part.keys()) found[name] = part.text(name, "");
    return found;
}

void read_conflicts(MapReader& map, Route& route) {
    const Json list = map.value("conflicts");
    if (list.is_null()) return;
    if (!list.is_array())
        return map.refuse("conflicts", "has to be a list: - {same: […], answer: …}");
    for (std::size_t index = 0; index < list.size(); ++index) {
        MapReader one = map.item("conflicts", index);
        one.only({"same", "other", "overlap", "of", "answer"});
        Conflict conflict;
        conflict.same = one.texts("same");
        conflict.other = one.texts("other");
        conflict.overlap = one.texts("overlap");
        conflict.of = texts_of(one, "of");
        if (conflict.same.empty()) one.refuse("same", "is missing: the columns that are equal");
        if (!conflict.overlap.empty() && conflict.overlap.size() != 2)
            one.refuse("overlap", "has to be two columns: [begin, end]");
        if (!one.has("answer"))
            one.refuse("answer", "is missing: what the caller is told");
        else
            conflict.answer = read_answer_text(one.map("answer"), 409);
        route.conflicts.push_back(std::move(conflict));
    }
}

Route::Means means_of(const std::string& name) {
    if (name == "snapshot") return Route::Means::snapshot;
    if (name == "change") return Route::Means::change;
    if (name == "question") return Route::Means::question;
    return Route::Means::hint;
}

Route read_route(MapReader map, const std::string& name, http::Format format) {
    map.only(
        {"method", "path", "means", "stream", "id", "only_known", "set", "conflicts", "answer",
         "unknown", "orders"}
    );
    Route route;
    route.name = name;
    route.method = map.one_of("method", "POST", {"GET", "POST", "PUT", "PATCH", "DELETE"});
    route.path = map.text("path", name);
    while (route.path.starts_with('/')) route.path.erase(0, 1);
    const bool good = !route.path.empty() && !route.path.ends_with('/') &&
                      std::all_of(route.path.begin(), route.path.end(), [](char c) {
                          return c > ' ' && c < 0x7f && c != '?' && c != '#' && c != '%';
                      });
    if (!good) map.refuse("path", "has to be letters of a URL without ?, # and %: hooks/book");
    const std::string means = map.one_of("means", "", {"snapshot", "change", "hint", "question"});
    route.means = means_of(means);
    const bool is_change = route.means == Route::Means::change;
    route.stream = map.text("stream", "");
    const std::string id = map.text("id", "");
    if (id == "made" && is_change)
        route.id = Route::Id::made;
    else if (!id.empty()) {
        route.id = Route::Id::given;
        const auto path = http::parse_node_path(id, format);
        if (!path || path->up > 0)
            map.refuse("id", "has to be `made`, or a path of the body: claim.id");
        else
            route.id_path = *path;
    }
    if (is_change && (route.stream.empty() || route.id == Route::Id::none))
        map.refuse("", "is a change: it needs `stream:`, and `id:` (a path of the body, or made)");
    if (!is_change && route.means != Route::Means::question && (map.has("stream") || map.has("id")))
        map.refuse("means", "of this kind has neither `stream:` nor `id:`");
    if (route.means == Route::Means::question &&
        route.stream.empty() == (route.id != Route::Id::none))
        map.refuse("id", "and `stream:` of a question belong together: write both or none");
    route.only_known = map.flag("only_known");
    if (route.only_known && route.id != Route::Id::given)
        map.refuse("only_known", "is of a change whose `id:` stands in the body");
    route.set = texts_of(map, "set");
    read_conflicts(map, route);
    if (!is_change && (map.has("set") || map.has("conflicts")))
        map.refuse("means", "of this kind has neither `set:` nor `conflicts:`");
    if (map.has("answer")) route.answer = read_answer_text(map.map("answer"), 200);
    route.unknown.status = 404;
    route.unknown.body = AnswerText::Body::text;
    route.unknown.text = "there is none of this id";
    if (map.has("unknown")) route.unknown = read_answer_text(map.map("unknown"), 404);
    if (map.has("orders")) {
        if (route.means != Route::Means::question || !map.value("orders").is_object())
            map.refuse("orders", "is of a question, and a map: what each order is told as");
        route.orders = map.value("orders");
    }
    return route;
}

bool has_column(const StreamDeclaration& stream, const std::string& name) {
    return std::any_of(stream.columns.begin(), stream.columns.end(), [&](const auto& column) {
        return column.name == name;
    });
}

void check_route(MapReader& routes, const Route& route, const Connector& connector) {
    MapReader map = routes.map(route.name);
    const auto is_fed = [&](const StreamDeclaration& stream) {
        return stream.pushed && stream.pushed->route == route.name;
    };
    if (route.means == Route::Means::snapshot &&
        std::none_of(connector.streams.begin(), connector.streams.end(), is_fed))
        map.refuse("", "is a snapshot of nothing: no stream says `push: {route: …}` of it");
    if (route.stream.empty()) return;
    const auto stream =
        std::find_if(connector.streams.begin(), connector.streams.end(), [&](const auto& one) {
            return one.name == route.stream;
        });
    if (stream == connector.streams.end() || !stream->pushed ||
        stream->pushed->from != stream->name)
        return map.refuse("stream", "has to be one whose `push:` has neither route nor from");
    std::vector<std::string> named;
    for (const auto& [column, value] : route.set) named.push_back(column);
    for (const Conflict& conflict : route.conflicts) {
        for (const auto* list : {&conflict.same, &conflict.other, &conflict.overlap})
            named.insert(named.end(), list->begin(), list->end());
        for (const auto& [column, value] : conflict.of) named.push_back(column);
    }
    for (const std::string& column : named)
        if (!has_column(*stream, column))
            map.refuse(
                "",
                fmt::format("names {}, which is no column of {}: declare it", column, stream->name)
            );
}

}  // namespace

std::string_view to_string(Refusal refusal) {
    for (const DefaultRefusal& one : kRefusals)
        if (one.refusal == refusal) return one.name;
    return "refused";
}

const Route* PushDeclaration::find(std::string_view name) const {
    for (const Route& route : routes)
        if (route.name == name) return &route;
    return nullptr;
}

PushDeclaration read_push(MapReader& top) {
    PushDeclaration push;
    if (top.one_of("format", "json", {"json", "xml"}) == "xml") push.format = http::Format::xml;
    if (!top.has("auth")) {
        top.refuse(
            "auth",
            "is missing: {name: HEADER, value: \"{secret}\"} says how they prove who they are"
        );
        return push;
    }
    MapReader auth = top.map("auth");
    auth.only({"name", "value"});
    push.auth_header = auth.required_text("name");
    push.auth_value = http::Template::parse(auth.text("value", "{secret}"));
    if (!push.auth_value.names("secret")) auth.refuse("value", "has to hold {secret}");
    for (const auto& piece : push.auth_value.pieces)
        if (piece.is_placeholder && piece.text != "secret")
            auth.refuse("value", fmt::format("holds {{{}}}: only {{secret}} is known", piece.text));
    for (const DefaultRefusal& one : kRefusals) push.refusals[one.refusal] = plain_refusal(one);
    if (top.has("refusals")) {
        MapReader refusals = top.map("refusals");
        refusals.only(
            {"unauthorized", "unknown_route", "wrong_method", "too_large", "throttled", "malformed",
             "unavailable"}
        );
        for (const DefaultRefusal& one : kRefusals)
            if (refusals.has(one.name))
                push.refusals[one.refusal] = read_answer_text(refusals.map(one.name), one.status);
    }
    if (!top.has("routes")) {
        top.refuse("routes", "is missing: {NAME: {means: snapshot}} says what is taken");
        return push;
    }
    MapReader routes = top.map("routes");
    for (const std::string& name : routes.keys())
        push.routes.push_back(read_route(routes.map(name), name, push.format));
    if (push.routes.size() > kRoutesMax)
        top.refuse("routes", fmt::format("are more than {}", kRoutesMax));
    for (std::size_t i = 0; i < push.routes.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (push.routes[i].path == push.routes[j].path &&
                push.routes[i].method == push.routes[j].method)
                routes.refuse(push.routes[i].name, "has the method and path of another");
    return push;
}

void declare_push(MapReader& map, const Connector& connector, StreamDeclaration& stream) {
    if (!map.has("push"))
        return map.refuse(
            "push", "is missing: push: {route: NAME, rows: …} says which message brings its rows"
        );
    MapReader part = map.map("push");
    part.only({"route", "rows", "paths", "from"});
    for (const char* key : {"stamps", "requires_table"})
        if (map.has(key))
            map.refuse(key, "is for bases: what comes is compared with what is known");
    auto pushed = std::make_shared<PushedRows>();
    pushed->route = part.text("route", "");
    pushed->from = part.text("from", pushed->route.empty() ? stream.name : "");
    pushed->rows.format = connector.push->format;
    std::vector<std::string> columns;
    for (const ColumnDeclaration& column : stream.columns) columns.push_back(column.name);
    if (pushed->from.empty() || pushed->from == stream.name)
        http::read_rows(part, columns, pushed->rows);
    if (pushed->is_snapshot()) {
        const Route* route = connector.push->find(pushed->route);
        if (route == nullptr || route->means != Route::Means::snapshot)
            part.refuse("route", "is none of `routes:` that means a snapshot");
        if (!pushed->from.empty()) part.refuse("from", "and route are two origins: keep one");
    } else if (!stream.window) {
        map.refuse(
            "window",
            "is missing: a stream that changes make is kept by the day of its rows, and "
            "history_days says how long"
        );
    }
    if (!pushed->from.empty() && pushed->from != stream.name) {
        const auto other = std::find_if(
            connector.streams.begin(), connector.streams.end(),
            [&](const auto& earlier) { return earlier.name == pushed->from; }
        );
        if (other == connector.streams.end() || other->pushed->from != other->name)
            part.refuse("from", "has to be a stream before this one that changes make");
        else
            for (const ColumnDeclaration& column : stream.columns)
                if (!has_column(*other, column.name))
                    map.refuse(
                        "columns", fmt::format("has {}, which {} lacks", column.name, other->name)
                    );
    }
    stream.pushed = std::move(pushed);
}

void check_routes(MapReader& top, const Connector& connector) {
    MapReader routes = top.map("routes");
    for (const Route& route : connector.push->routes) check_route(routes, route, connector);
    for (const StreamDeclaration& stream : connector.streams) {
        const auto feeds = [&](const Route& route) {
            return route.means == Route::Means::change && route.stream == stream.name;
        };
        if (stream.pushed->from != stream.name ||
            std::any_of(connector.push->routes.begin(), connector.push->routes.end(), feeds))
            continue;
        top.map("streams").refuse(
            stream.name,
            "gets its rows from nowhere: name it as `stream:` of a route, or say "
            "`push: {route: NAME}`"
        );
    }
}

}  // namespace mis::source::push
