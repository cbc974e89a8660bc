#include "source/http/request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "source/map_reader.hpp"

namespace mis::source::http {
namespace {

constexpr std::string_view kOfRequests[] = {"from",   "to", "page", "offset", "limit", "after",
                                            "cursor", "id", "ids",  "each",   "secret"};
constexpr std::string_view kOfAuth[] = {"user", "secret", "token", "refresh"};

template <std::size_t N>
void check_names(
    MapReader& map, std::string_view key, const Template& text, const std::string_view (&known)[N]
) {
    for (const auto& piece : text.pieces)
        if (piece.is_placeholder && !piece.text.starts_with("site:") &&
            std::find(std::begin(known), std::end(known), piece.text) == std::end(known))
            map.refuse(
                key, fmt::format(
                         "holds {{{}}}, which is none of {{{}}} and {{site:NAME}}", piece.text,
                         fmt::join(known, "}, {")
                     )
            );
}

template <std::size_t N>
Template read_template(
    MapReader& map, std::string_view key, const std::string_view (&known)[N],
    const std::string& otherwise = {}
) {
    const Json value = map.value(key);
    const std::string written = value.is_boolean() ? value.dump() : map.text(key, otherwise);
    Template text = Template::parse(written);
    check_names(map, key, text, known);
    return text;
}

template <std::size_t N>
Fields read_fields(MapReader& map, std::string_view key, const std::string_view (&known)[N]) {
    Fields fields;
    if (!map.has(key)) return fields;
    MapReader part = map.map(key);
    for (const std::string& name : part.keys())
        fields.emplace_back(name, read_template(part, name, known));
    return fields;
}

template <std::size_t N>
RequestText read_text(MapReader& map, const std::string_view (&known)[N], std::string method) {
    RequestText text;
    const int bodies = int{map.has("json")} + int{map.has("form")} + int{map.has("xml")};
    if (bodies > 1) map.refuse("", "has one body: keep one of json, form, xml");
    if (bodies == 1) method = "POST";
    text.method = map.one_of("method", method, {"GET", "POST", "PUT", "SEARCH"});
    text.path = read_template(map, "path", known);
    text.query = read_fields(map, "query", known);
    text.headers = read_fields(map, "headers", known);
    if (map.has("json")) {
        text.body = RequestText::Body::json;
        text.json = map.value("json");
        const std::string written = text.json.dump();
        check_names(map, "json", Template::parse(written), known);
    } else if (map.has("form")) {
        text.body = RequestText::Body::form;
        text.form = read_fields(map, "form", known);
    } else if (map.has("xml")) {
        text.body = RequestText::Body::xml;
        text.text = read_template(map, "xml", known);
    }
    return text;
}

std::vector<int> read_statuses(MapReader& map, std::string_view key) {
    std::vector<int> statuses;
    const Json value = map.value(key);
    if (value.is_null()) return statuses;
    for (const Json& item : value.is_array() ? value : Json::array({value})) {
        const auto status = whole_number(item);
        if (!status || *status < 100 || *status > 599)
            map.refuse(key, "has to be a list of HTTP statuses: [404]");
        else
            statuses.push_back(static_cast<int>(*status));
    }
    return statuses;
}

RowsPlace read_place(MapReader& map, Format format) {
    auto place = parse_rows_place(map.text("rows", ""), format);
    if (!place)
        map.refuse(
            "rows", format == Format::json
                        ? "has to say where the list of rows is: data, result.items, or "
                          "doctors[].cells for lists inside its elements"
                        : "has to name the element that repeats: Visits/Visit"
        );
    return place.value_or(RowsPlace{});
}

Request::ColumnPath read_column(
    MapReader& paths, const std::string& column, Format format, bool has_each
) {
    Request::ColumnPath made;
    const Json given = paths.value(column);
    const auto add = [&](const std::string& text) {
        const bool each = text == "{each}";
        auto path = each ? NodePath{} : parse_node_path(text, format);
        if (each && !has_each)
            paths.refuse(column, "means {each}, and there is no for_each: name the parent there");
        if (!path)
            paths.refuse(
                column, format == Format::json
                            ? "has to be a path: a.b[0].c, or ^.a of the row around"
                            : "has to be a path: A/B/@c, or ^/A of the row around"
            );
        made.parts.push_back(path.value_or(NodePath{}));
        made.is_each.push_back(each);
    };
    if (given.is_null())
        add(column);
    else if (given.is_string())
        add(given.get<std::string>());
    else if (given.is_array() && !given.empty())
        for (const Json& part : given) add(part.is_string() ? part.get<std::string>() : "[");
    else
        paths.refuse(column, "has to be a path, or a list of paths whose values are joined by -");
    return made;
}

void read_paths(MapReader& map, const std::vector<std::string>& columns, Request& request) {
    if (map.has("paths")) {
        MapReader paths = map.map("paths");
        for (const std::string& name : paths.keys())
            if (std::find(columns.begin(), columns.end(), name) == columns.end())
                paths.refuse(name, "is no column of `columns:`: declare it, or take it out");
        for (const std::string& column : columns)
            request.columns.push_back(
                read_column(paths, column, request.format, request.for_each.has_value())
            );
    } else {
        for (const std::string& column : columns)
            request.columns.push_back(
                {{parse_node_path(column, request.format).value_or(NodePath{})}, {false}}
            );
    }
}

Paging read_paging(MapReader& map, const RequestText& text) {
    Paging paging;
    if (!map.has("paging")) {
        for (const char* name : {"page", "offset", "after", "cursor"})
            if (text.names(name))
                map.refuse("", fmt::format("holds {{{}}}: say what it is with paging:", name));
        return paging;
    }
    MapReader part = map.map("paging");
    part.only({"by", "first", "size", "total", "next"});
    const std::string by = part.one_of("by", "", {"page", "offset", "cursor", "link", "keyset"});
    paging.first = part.number("first", 1, 0, 1);
    paging.size = part.number("size", 0, 1, 100'000);
    paging.total = part.text("total", "");
    paging.next = part.text("next", "");
    const char* wanted = nullptr;
    if (by == "page") paging.by = Paging::By::page, wanted = "page";
    if (by == "offset") paging.by = Paging::By::offset, wanted = "offset";
    if (by == "keyset") paging.by = Paging::By::keyset, wanted = "after";
    if (by == "cursor") paging.by = Paging::By::cursor, wanted = "cursor";
    if (by == "link") paging.by = Paging::By::link;
    if (wanted != nullptr && !text.names(wanted))
        part.refuse("by", fmt::format("needs {{{}}} in the request's query or body", wanted));
    if (text.names("limit") && paging.size == 0)
        part.refuse("size", "is missing: the request asks for {limit} rows");
    if (paging.by == Paging::By::offset && paging.size < 2)
        part.refuse("size", "is missing: how many rows a page has at most, two at least");
    const bool follows = paging.by == Paging::By::cursor || paging.by == Paging::By::link;
    if (follows && paging.next.empty())
        part.refuse("next", "is missing: the field of the answer that leads to the next page");
    return paging;
}

Request::ById read_by_id(MapReader& map, Format format) {
    map.only(
        {"method", "path", "query", "headers", "json", "form", "xml", "rows", "gone", "ids_max"}
    );
    Request::ById by_id;
    by_id.text = read_text(map, kOfRequests, "GET");
    by_id.rows = read_place(map, format);
    by_id.gone = read_statuses(map, "gone");
    by_id.ids_max = map.number("ids_max", 1, 1, 200);
    if (by_id.ids_max == 1 ? !by_id.text.names("id") : !by_id.text.names("ids"))
        map.refuse("", "needs {id} in its request, or {ids} and ids_max for several at once");
    return by_id;
}

Request::Dates read_dates(MapReader& map) {
    const std::string form = map.one_of(
        "dates", "yyyy-mm-dd",
        {"yyyy-mm-dd", "yyyy-mm-ddThh:mm:ss", "dd.mm.yyyy", "dd.mm.yyyy hh:mm:ss", "unix"}
    );
    if (form == "yyyy-mm-ddThh:mm:ss") return Request::Dates::iso_time;
    if (form == "dd.mm.yyyy") return Request::Dates::dotted;
    if (form == "dd.mm.yyyy hh:mm:ss") return Request::Dates::dotted_time;
    if (form == "unix") return Request::Dates::unix_seconds;
    return Request::Dates::iso;
}

std::set<std::string> site_names(const Json& value) {
    std::set<std::string> names;
    const std::string text = value.dump();
    for (const auto& piece : Template::parse(text).pieces)
        if (piece.is_placeholder && piece.text.starts_with("site:"))
            names.insert(piece.text.substr(5));
    return names;
}

std::vector<FailureSign> read_failures(MapReader& map) {
    std::vector<FailureSign> signs;
    const Json list = map.value("failures");
    if (list.is_null()) return signs;
    if (!list.is_array()) {
        map.refuse("failures", "has to be a list: - {field: error}");
        return signs;
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
        MapReader one = map.item("failures", i);
        one.only({"status", "field", "is", "code", "means"});
        FailureSign sign;
        sign.statuses = read_statuses(one, "status");
        sign.field = one.text("field", "");
        sign.code = one.text("code", "");
        const Json is = one.value("is");
        for (const Json& value : is.is_array() ? is : Json::array({is}))
            if (!value.is_null())
                sign.is.push_back(value.is_string() ? value.get<std::string>() : value.dump());
        const std::string means = one.one_of(
            "means", "unavailable", {"unavailable", "misconfigured", "malformed", "no_rows"}
        );
        if (means == "misconfigured") sign.means = FailureSign::Means::misconfigured;
        if (means == "malformed") sign.means = FailureSign::Means::malformed;
        if (means == "no_rows") sign.means = FailureSign::Means::no_rows;
        if (sign.statuses.empty() && sign.field.empty())
            one.refuse("", "needs a status or a field by which the failure is known");
        signs.push_back(std::move(sign));
    }
    return signs;
}

ServiceLimits read_limits(MapReader& map) {
    map.only({"per_second", "per_minute"});
    return {map.number("per_second", 0, 1, 1000), map.number("per_minute", 0, 1, 60'000)};
}

}  // namespace

void read_rows(MapReader& map, const std::vector<std::string>& columns, Request& request) {
    request.rows = read_place(map, request.format);
    read_paths(map, columns, request);
}

Request read_request(
    MapReader& stream, const ServiceDeclaration& service, const std::vector<std::string>& columns
) {
    const Format format = service.format;
    if (!stream.has("request")) {
        stream.refuse("request", "is missing: {path: …, rows: …} says how its rows are asked for");
        return {};
    }
    MapReader map = stream.map("request");
    map.only({"method",   "path",  "query",      "headers",  "json",        "form",    "xml",
              "rows",     "paths", "dates",      "last_day", "days_max",    "paging",  "by_id",
              "for_each", "needs", "only_today", "missing",  "conditional", "failures"});
    Request request;
    request.format = format;
    request.text = read_text(map, kOfRequests, "GET");
    request.rows = read_place(map, format);
    request.dates = read_dates(map);
    request.last_day_included =
        map.one_of("last_day", "included", {"included", "excluded"}) == "included";
    request.days_max = map.number("days_max", 0, 1, 3660);
    request.paging = read_paging(map, request.text);
    if (map.has("by_id")) {
        MapReader part = map.map("by_id");
        request.by_id = read_by_id(part, format);
    }
    if (map.has("for_each")) {
        MapReader part = map.map("for_each");
        part.only({"stream", "column", "site"});
        if (part.has("site") && part.has("stream"))
            part.refuse("site", "is given beside stream: keep one of them");
        if (part.has("site"))
            request.for_each = Request::ForEach{{}, {}, part.required_text("site")};
        else
            request.for_each =
                Request::ForEach{part.required_text("stream"), part.required_text("column"), {}};
    }
    if (request.text.names("each") != request.for_each.has_value())
        map.refuse("for_each", "and {each} in the request belong together: write both or none");
    request.failures = read_failures(map);
    request.failures.insert(
        request.failures.end(), service.failures.begin(), service.failures.end()
    );
    request.site = site_names(stream.value("request"));
    request.needs = map.texts("needs");
    request.only_today = map.flag("only_today");
    request.conditional = map.flag("conditional");
    request.missing_is_gone = map.one_of("missing", "asked", {"asked", "gone"}) == "gone";
    request.site.insert(request.needs.begin(), request.needs.end());
    if (request.for_each && !request.for_each->site.empty())
        request.site.insert(request.for_each->site);
    if (request.conditional &&
        (request.paging.by != Paging::By::none || request.for_each || request.by_period()))
        map.refuse("conditional", "is of a list that comes whole in one answer: take it out");
    read_paths(map, columns, request);
    return request;
}

AuthDeclaration read_auth(MapReader& map) {
    AuthDeclaration auth;
    using Kind = AuthDeclaration::Kind;
    const std::string kind = map.one_of(
        "kind", "none",
        {"none", "header", "query", "body", "path", "basic", "login", "jwt_hs256", "oauth2_refresh"}
    );
    const bool with_token = kind == "login" || kind == "jwt_hs256" || kind == "oauth2_refresh";
    map.only(
        {"kind", "name", "value", "request", "token", "expires", "refresh", "seconds", "claims"}
    );
    auth.name = map.text("name", "Authorization");
    auth.value = read_template(map, "value", kOfAuth, with_token ? "Bearer {token}" : "{secret}");
    auth.seconds = map.number("seconds", with_token ? 3600 : 0, 0, 86'400 * 31);
    if (kind == "header") auth.kind = Kind::header;
    if (kind == "query") auth.kind = Kind::query;
    if (kind == "body") auth.kind = Kind::body;
    if (kind == "path") auth.kind = Kind::path;
    if (kind == "basic") auth.kind = Kind::basic;
    if (kind == "login") auth.kind = Kind::login;
    if (kind == "jwt_hs256") auth.kind = Kind::jwt_hs256;
    if (kind == "oauth2_refresh") auth.kind = Kind::oauth2_refresh;
    const bool named = auth.kind == Kind::query || auth.kind == Kind::body;
    if (named && !map.has("name")) map.refuse("name", "is missing: the field that takes the key");
    if (auth.kind == Kind::jwt_hs256) {
        if (!map.has("claims")) map.refuse("claims", "is missing: {iss: \"{user}\"}");
        MapReader claims = map.has("claims") ? map.map("claims") : map;
        if (map.has("claims"))
            for (const std::string& name : claims.keys())
                auth.claims[name] = read_template(claims, name, kOfAuth);
    }
    const bool asks = auth.kind == Kind::login || auth.kind == Kind::oauth2_refresh;
    if (asks) {
        if (!map.has("request")) {
            map.refuse("request", "is missing: {path: login, json: {…}} asks for the token");
            return auth;
        }
        MapReader request = map.map("request");
        request.only({"method", "path", "query", "headers", "json", "form", "xml"});
        auth.login = read_text(request, kOfAuth, "POST");
        auth.token = map.text("token", auth.kind == Kind::login ? "token" : "access_token");
        auth.expires = map.text("expires", auth.kind == Kind::login ? "" : "expires_in");
        auth.refresh = map.text("refresh", auth.kind == Kind::login ? "" : "refresh_token");
    }
    return auth;
}

ServiceDeclaration read_service(MapReader& top) {
    ServiceDeclaration service;
    if (top.one_of("format", "json", {"json", "xml"}) == "xml") service.format = Format::xml;
    if (top.has("auth")) {
        MapReader auth = top.map("auth");
        service.auth = read_auth(auth);
        service.site = site_names(top.value("auth"));
    }
    if (top.has("limits")) {
        MapReader limits = top.map("limits");
        service.limits = read_limits(limits);
    }
    service.failures = read_failures(top);
    return service;
}

}  // namespace mis::source::http
