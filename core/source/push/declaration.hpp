// What a connector of kind push declares: the routes by which a system calls us, what each message
// means, where its rows are, what is answered. connector.yaml, top level:
//
// format: json | xml, of every body · auth: {name: HEADER, value: "Token {secret}"}, asked for on
// every route · refusals: {unauthorized | unknown_route | wrong_method | too_large | throttled |
// malformed | unavailable: answer} · routes: {NAME: {method, path (default: the name), means:
// snapshot | change | hint | question, stream, id, only_known, set, conflicts, orders, answer,
// unknown}}.
//
// An answer is {status, text} or {status, json}, or {status} without a body; {reason} in a refusal
// is what is wrong, {id} the key of a change, {value of a column} of a question. Streams:
// push: {route: NAME, rows, paths} of a snapshot, push: {paths} of a stream that changes make,
// push: {from: STREAM} of another look at the rows of such a one, by columns of its.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/connector.hpp"
#include "source/http/request.hpp"
#include "source/map_reader.hpp"

namespace mis::source::push {

inline constexpr std::size_t kRoutesMax = 50;

struct AnswerText {
    int status = 200;
    enum class Body { none, text, json } body = Body::none;
    std::string text;  // with {name}s
    Json json;         // whose texts have {name}s
    std::string content_type;
};

// A change that would stand against one that another caller was told yes to.
struct Conflict {
    std::vector<std::string> same;     // columns that are equal in both
    std::vector<std::string> other;    // columns that differ
    std::vector<std::string> overlap;  // {begin, end} of both: times that meet; empty: not asked
    std::map<std::string, std::string> of;  // only with those that have these values
    AnswerText answer;
};

struct Route {
    std::string name, method, path;  // path without the first "/"
    enum class Means {
        snapshot,  // all there is of its streams: what it leaves out is gone
        change,    // one row of `stream`, new or changed
        hint,      // that something changed elsewhere: nothing of it is kept
        question,  // asks for something that we know
    } means = Means::hint;
    std::string stream;  // change; question about one of its rows
    enum class Id { none, given, made } id = Id::none;
    http::NodePath id_path;                  // given: where in the body
    bool only_known = false;                 // given: no row is made of an id that nobody knows
    std::map<std::string, std::string> set;  // change: column → value, whatever the body says
    std::vector<Conflict> conflicts;
    AnswerText answer, unknown;  // unknown: there is no such id
    std::optional<Json> orders;  // question: each of the exchange's orders that wait, as this
};

enum class Refusal {
    unauthorized,
    unknown_route,
    wrong_method,
    too_large,
    throttled,
    malformed,
    unavailable
};
std::string_view to_string(Refusal refusal);

struct PushDeclaration {
    http::Format format = http::Format::json;
    std::string auth_header;
    http::Template auth_value;
    std::vector<Route> routes;
    std::map<Refusal, AnswerText> refusals;  // all of them

    const Route* find(std::string_view name) const;
};

struct PushedRows {      // of a stream
    std::string route;   // of its snapshots; empty: changes make it
    std::string from;    // the stream whose changes it is made of; of one with paths: itself
    http::Request rows;  // format, rows, columns
    bool is_snapshot() const { return !route.empty(); }
};

PushDeclaration read_push(MapReader& top);
// The stream's `push:`.
void declare_push(MapReader& map, const Connector& connector, StreamDeclaration& stream);
// Routes and streams, once all are read: each names what is there.
void check_routes(MapReader& top, const Connector& connector);

}  // namespace mis::source::push
