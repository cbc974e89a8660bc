// The API's addresses: what each asks, who may ask it, what it answers. Called on the two hands'
// threads, with the connection of the one that calls; keeps nothing but the sessions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/clock.hpp"
#include "console/desk.hpp"
#include "console/people.hpp"
#include "console/problem.hpp"
#include "console/sessions.hpp"
#include "net/http_server.hpp"

namespace mis::console {

inline constexpr std::string_view kApi = "/console/api/v1";
inline constexpr std::string_view kCookie = "mis_console";

struct Reply {
    int status = 200;
    Json body = {};         // null: none
    std::string text = {};  // in its place: a file to save
    std::string text_type = {};
    std::string etag = {};  // without quotes; empty: made of the body where `cached`
    bool cached = false;    // 304 to whoever has it already
    net::Headers headers = {};
};
using Outcome = tl::expected<Reply, Problem>;

struct Call {
    explicit Call(const net::ServerRequest& asked) : request(asked) {}
    const net::ServerRequest& request;
    std::vector<std::string> path;             // below kApi, decoded
    std::map<std::string, std::string> query;  // decoded; the first of a name counts
    Json body;                                 // null: none was sent
    Language language = Language::ru;
    std::int64_t now_us = 0;
    std::string login;  // of whom asks; empty: nobody signed in
    Roles roles = 0;
    std::string session;  // hash of his token
    std::string token;
    std::int64_t session_begun_us = 0;
};

class Api {
  public:
    Api(Desk& desk, Sessions& sessions, bool tls) : desk_(desk), sessions_(sessions), tls_(tls) {}

    Outcome answer(sqlite::Database& database, Call& call);

    // Whether the address is one of searching, which has a rate of its own.
    static bool is_search(std::string_view path);

  private:
    std::optional<Problem> identify(sqlite::Database& database, Call& call);
    void audit(
        sqlite::Transaction& transaction, const Call& call, const std::string& action,
        const std::string& subject, const std::string& ground = {}
    );
    // session and people
    Outcome sign_in(sqlite::Database& database, Call& call);
    Outcome first_user(sqlite::Database& database, Call& call);
    Outcome session(sqlite::Database& database, Call& call);
    Outcome begin_session(
        sqlite::Transaction& transaction, Call& call, const Person& person, int status
    );
    Json session_json(const Call& call) const;
    Outcome users(sqlite::Database& database, Call& call);
    Outcome user(sqlite::Database& database, Call& call);
    Outcome add_user(Call& call);
    Outcome change_user(Call& call, Person person);
    Outcome remove_user(Call& call, const std::string& login);
    Json user_json(const Person& person) const;
    // the clinic
    Outcome overview(sqlite::Database& database, Call& call);
    Outcome limits(sqlite::Database& database, Call& call);
    Outcome limit(sqlite::Database& database, Call& call);
    Outcome search(sqlite::Database& database, Call& call);
    Outcome patient(sqlite::Database& database, Call& call);
    Outcome timeline(sqlite::Database& database, Call& call);
    Outcome unmask(sqlite::Database& database, Call& call);
    Outcome tasks(sqlite::Database& database, Call& call);
    Outcome task(sqlite::Database& database, Call& call);
    Outcome answer_task(sqlite::Database& database, Call& call);

    Desk& desk_;
    Sessions& sessions_;
    const bool tls_;
};

// What every part of it needs.
Problem no_right(sqlite::Database& database, Roles needed);
Problem invalid(std::string pointer, std::string detail);
tl::expected<PageAsked, Problem> page_of(const Call& call);
// nullopt: not of that form.
std::optional<std::string> percent_decoded(std::string_view text);
std::map<std::string, std::string> query_of(std::string_view query);

}  // namespace mis::console
