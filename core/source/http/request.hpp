// What connector.yaml says of a stream that a service answers over HTTP: the request, how a period,
// a page and a key stand in it, where its rows are and how an answer says that it failed. Plain
// declarations; connectors/README.md is for those who write them.
//
// Texts hold {placeholders} (Template): from to page offset limit after cursor id ids each,
// site:NAME; in authentication user secret token. Nothing is computed in them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "source/http/answer.hpp"

namespace mis::source {
class MapReader;
}  // namespace mis::source

namespace mis::source::http {

// A text with placeholders: `{name}`, of small letters and a site's name behind "site:". Other
// braces are text.
struct Template {
    struct Piece {
        std::string text;  // or the name
        bool is_placeholder = false;
        bool operator==(const Piece&) const = default;
    };
    std::vector<Piece> pieces;

    static Template parse(std::string_view text);
    bool names(std::string_view placeholder) const;
    bool operator==(const Template&) const = default;
};
using Fields = std::vector<std::pair<std::string, Template>>;

struct RequestText {
    std::string method = "GET";
    Template path;  // below the connection's url; "" is the url itself
    Fields query, headers;
    enum class Body { none, json, form, xml } body = Body::none;
    Json json;  // strings are templates; one that is nothing but {page}, {offset} or {limit} is
                // a number
    Fields form;
    Template text;  // xml

    bool names(std::string_view placeholder) const;
};

struct FailureSign {  // that an answer's status or body failed
    std::vector<int> statuses;
    std::string field;            // of the answer, from its root
    std::vector<std::string> is;  // empty: there, and neither null, false, 0, "" nor an empty list
    std::string code;             // field with the service's own code, for the error's text
    enum class Means { unavailable, misconfigured, malformed, no_rows } means = Means::unavailable;
};

struct Paging {
    enum class By { none, page, offset, cursor, link, keyset } by = By::none;
    int first = 1;      // page: the number of the first
    int size = 0;       // {limit}; 0: the service's own
    std::string total;  // page, offset: field with the number of all rows
    std::string next;   // cursor, link: field with the next one; absent, null or "": the last page
};

struct Request {
    RequestText text;
    Format format = Format::json;
    RowsPlace rows;
    // Of each declared column, in their order: where it is. Several parts (of a key) are joined by
    // "-"; "{each}" is the parent's value of for_each.
    struct ColumnPath {
        std::vector<NodePath> parts;
        std::vector<bool> is_each;  // beside parts
    };
    std::vector<ColumnPath> columns;
    enum class Dates { iso, iso_time, dotted, dotted_time, unix_seconds } dates = Dates::iso;
    bool last_day_included = true;  // {to} is the last day asked for, not the one behind it
    int days_max = 0;               // of one request; 0: as many as wanted
    Paging paging;
    struct ById {
        RequestText text;
        RowsPlace rows;
        std::vector<int> gone;  // statuses that say that there is no such row
        int ids_max = 1;        // of one request: {ids}
    };
    std::optional<ById> by_id;
    struct ForEach {
        std::string stream, column;
        std::string site;  // or the site's value of that name: a list, divided by commas
    };
    std::optional<ForEach> for_each;
    std::vector<std::string> needs;  // the site's values without which nothing is asked; an
                                     // optional stream is off then
    bool conditional = false;        // an unchanged answer may be told by its ETag or date
    bool missing_is_gone = false;    // Capabilities::window_tells_gone
    bool only_today = false;         // the list is of the day that it is asked on
    std::vector<FailureSign> failures;
    std::set<std::string> site;  // names of the site's values that it asks for

    bool by_period() const { return only_today || text.names("from") || text.names("to"); }
};

struct AuthDeclaration {
    enum class Kind { none, header, query, body, path, basic, login, jwt_hs256, oauth2_refresh };
    Kind kind = Kind::none;
    std::string name;                        // of the header, the query's or the body's field
    Template value;                          // what is put there
    RequestText login;                       // login, oauth2_refresh: the request for a token
    std::string token, expires;              // fields of its answer; expires: seconds from then on
    std::string refresh;                     // field of its answer: the refresh token of next time
    int seconds = 0;                         // how long a token holds where nobody says so
    std::map<std::string, Template> claims;  // jwt_hs256
};

struct ServiceLimits {
    int per_second = 0, per_minute = 0;  // 0: none
};

struct ServiceDeclaration {  // of a connector of kind http
    AuthDeclaration auth;
    ServiceLimits limits;
    Format format = Format::json;
    std::vector<FailureSign> failures;  // of every stream
    std::set<std::string> site;
};

// Of a connector.yaml's top (format, auth, limits, failures) and of a stream (request:); what is
// wrong is kept by the reader.
ServiceDeclaration read_service(MapReader& top);
AuthDeclaration read_auth(MapReader& auth);
// `rows` and `paths` alone, in the format that the request has.
void read_rows(MapReader& map, const std::vector<std::string>& columns, Request& request);
Request read_request(
    MapReader& stream, const ServiceDeclaration& service, const std::vector<std::string>& columns
);

}  // namespace mis::source::http
