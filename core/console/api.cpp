#include "console/api.hpp"

#include "base/crypto.hpp"
#include "base/json_fields.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "console/gate.hpp"
#include "disclosure/audit.hpp"

namespace mis::console {
namespace {

bool is_one_of(std::string_view method, std::string_view allowed) {
    for (const auto one : split(allowed, ' '))
        if (one == method || (method == "HEAD" && one == "GET")) return true;
    return false;
}

Problem wrong_method(std::string_view allowed) {
    Problem problem{ProblemName::wrong_method};
    problem.detail = "allowed here: " + std::string(allowed);
    return problem;
}

// A password that nobody has: who names a login that is none waits as long.
const std::string& nobodys_password() {
    static const std::string hash = hash_password(random_bytes(16));
    return hash;
}

std::optional<int> hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

}  // namespace

Problem no_right(sqlite::Database& database, Roles needed) {
    Problem problem{ProblemName::no_right};
    problem.more = {{"roles", names_of_roles(needed)}, {"who", Json::array()}};
    for (const Person& person : people(database))
        if ((person.roles & needed) != 0) problem.more["who"].push_back(person.login);
    return problem;
}

Problem invalid(std::string pointer, std::string detail) {
    Problem problem{ProblemName::invalid};
    problem.errors.push_back({std::move(pointer), std::move(detail)});
    return problem;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const auto high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
        if (!high || !low) return std::nullopt;
        out += static_cast<char>(*high * 16 + *low);
        i += 2;
    }
    if (!is_valid_utf8(out) || out.find('\0') != std::string::npos) return std::nullopt;
    return out;
}

std::map<std::string, std::string> query_of(std::string_view query) {
    std::map<std::string, std::string> found;
    for (const auto part : split(query, '&')) {
        const auto equals = std::min(part.find('='), part.size());
        std::string value(part.substr(std::min(equals + 1, part.size())));
        for (char& c : value)
            if (c == '+') c = ' ';
        auto name = percent_decoded(part.substr(0, equals)), decoded = percent_decoded(value);
        if (name && decoded && !name->empty()) found.emplace(std::move(*name), std::move(*decoded));
    }
    return found;
}

bool Api::is_search(std::string_view path) { return path.ends_with("/patients/search"); }

void Api::audit(
    sqlite::Transaction& transaction, const Call& call, const std::string& action,
    const std::string& subject, const std::string& ground
) {
    disclosure::AuditEntry entry;
    entry.at_us = call.now_us;
    entry.action = action;
    entry.who = call.login;
    entry.ground = ground;
    entry.subject = subject;
    disclosure::Audit::append(transaction, entry);
}

std::optional<Problem> Api::identify(sqlite::Database& database, Call& call) {
    Problem nobody{ProblemName::no_session};
    call.token = cookie_of(call.request.headers, kCookie);
    // Whether somebody is signed in is asked by the page, not by a person.
    const bool asks_who = call.path.front() == "session" && !changes_something(call.request.method);
    const bool polls = asks_who || !net::find_header(call.request.headers, "X-Polling").empty();
    const auto session = sessions_.find(
        database, call.token, polls ? Sessions::Activity::polling : Sessions::Activity::person,
        call.now_us
    );
    const auto person = session ? find_person(database, session->login) : std::nullopt;
    if (!person) {
        if (!any_person(database)) nobody.more = {{"first_user", true}};
        return nobody;
    }
    call.login = person->login;
    call.roles = person->roles;
    call.session = session->hash;
    call.session_begun_us = session->begun_us;
    if (changes_something(call.request.method) &&
        !equal_in_constant_time(
            net::find_header(call.request.headers, "X-CSRF-Token"), Sessions::form_token(call.token)
        ))
        return Problem{ProblemName::forged};
    if (session->to_be_kept)
        desk_.write([&](sqlite::Transaction& transaction) {
            Sessions::keep_seen(transaction, call.session, call.now_us);
            return true;
        });
    return std::nullopt;
}

Outcome Api::answer(sqlite::Database& database, Call& call) {
    const auto& method = call.request.method;
    const std::string place = call.path.empty() ? "" : call.path.front();
    const std::size_t depth = call.path.size();
    const auto bad = [](Problem problem) { return tl::unexpected(std::move(problem)); };

    if (place == "session" && depth == 1 && method == "POST") return sign_in(database, call);
    if (place == "first-user" && depth == 1) {
        if (any_person(database)) return bad({ProblemName::not_found});
        if (method != "POST") return bad(wrong_method("POST"));
        return first_user(database, call);
    }
    if (auto stranger = identify(database, call)) return bad(std::move(*stranger));

    struct Route {
        std::string_view place;
        std::size_t depth;
        std::string_view last;  // of the path; empty: anything
        std::string_view methods;
        Roles roles;  // any of them
        Outcome (Api::*ask)(sqlite::Database&, Call&);
    };
    static const std::vector<Route> routes{
        {"session", 1, "", "GET POST DELETE", kAllRoles, &Api::session},
        {"overview", 1, "", "GET", kAllRoles, &Api::overview},
        {"limits", 1, "", "GET", kAllRoles, &Api::limits},
        {"limits", 2, "", "GET", kAllRoles, &Api::limit},
        {"patients", 2, "search", "POST", kAllRoles, &Api::search},
        {"patients", 2, "", "GET", kAllRoles, &Api::patient},
        {"patients", 3, "timeline", "GET", kAllRoles, &Api::timeline},
        {"patients", 3, "unmask", "POST", kPrivacyOfficer, &Api::unmask},
        {"tasks", 1, "", "GET", kAllRoles, &Api::tasks},
        {"tasks", 2, "", "GET", kAllRoles, &Api::task},
        {"tasks", 3, "answer", "POST", kOperator, &Api::answer_task},
        {"users", 1, "", "GET POST", kPrivacyOfficer, &Api::users},
        {"users", 2, "", "PATCH DELETE", kAllRoles, &Api::user},
    };
    for (const Route& route : routes) {
        if (route.place != place || route.depth != depth) continue;
        if (!route.last.empty() && route.last != call.path.back()) continue;
        if (!is_one_of(method, route.methods)) return bad(wrong_method(route.methods));
        if ((call.roles & route.roles) == 0) return bad(no_right(database, route.roles));
        return (this->*route.ask)(database, call);
    }
    return bad({ProblemName::not_found});
}

Json Api::session_json(const Call& call) const {
    return {
        {"user", {{"login", call.login}, {"roles", names_of_roles(call.roles)}}},
        {"csrf", Sessions::form_token(call.token)},
        {"idle_seconds", kIdleSeconds},
        {"expires_at", desk_.time_text(Sessions::ends_us(call.session_begun_us))},
        {"clinic", {{"id", desk_.clinic_id()}, {"timezone", desk_.zone_name()}}},
        {"version", desk_.version()}};
}

Outcome Api::begin_session(
    sqlite::Transaction& transaction, Call& call, const Person& person, int status
) {
    call.login = person.login;
    call.roles = person.roles;
    call.token = Sessions::begin(transaction, person.login, call.now_us);
    call.session_begun_us = call.now_us;
    audit(transaction, call, "signed_in", "console");
    Reply reply;
    reply.status = status;
    reply.body = session_json(call);
    reply.headers.emplace_back(
        "Set-Cookie", std::string(kCookie) + "=" + call.token +
                          "; Path=/console; HttpOnly; SameSite=Strict" + (tls_ ? "; Secure" : "")
    );
    return reply;
}

Outcome Api::sign_in(sqlite::Database& database, Call& call) {
    const auto login = login_of(text_in(call.body, "login"));
    const std::string password = text_in(call.body, "password");
    const std::string& address = call.request.peer;
    const std::string named = login.value_or("");
    if (const auto seconds = sessions_.paused_seconds(named, address, call.now_us); seconds > 0) {
        Problem paused{ProblemName::paused};
        paused.retry_seconds = seconds;
        return tl::unexpected(std::move(paused));
    }
    const auto person = login ? find_person(database, *login) : std::nullopt;
    const bool fits = password.size() <= kPasswordBytesMax &&
                      password_matches(password, person ? person->password : nobodys_password());
    Outcome outcome = tl::unexpected(Problem{ProblemName::wrong_login});
    if (!person || !fits) {
        if (sessions_.failed(named, address, call.now_us) == Sessions::Failure::pause_begins) {
            log::warn("console: signing in pauses for {} s after repeated failures", kPauseSeconds);
            desk_.write([&](sqlite::Transaction& transaction) {
                call.login = person ? person->login : "";
                audit(transaction, call, "sign_in_paused", "console");
                return true;
            });
        }
        return outcome;
    }
    sessions_.succeeded(named, address);
    desk_.write([&](sqlite::Transaction& transaction) {
        outcome = begin_session(transaction, call, *person, 200);
        return true;
    });
    return outcome;
}

Outcome Api::first_user(sqlite::Database&, Call& call) {
    const std::string& address = call.request.peer;
    if (const auto seconds = sessions_.paused_seconds("", address, call.now_us); seconds > 0) {
        Problem paused{ProblemName::paused};
        paused.retry_seconds = seconds;
        return tl::unexpected(std::move(paused));
    }
    const auto login = login_of(text_in(call.body, "login"));
    const std::string password = text_in(call.body, "password");
    if (!login) return tl::unexpected(invalid("/login", "1 to 64 letters, digits and . - _ @"));
    if (!is_good_password(password, *login))
        return tl::unexpected(invalid("/password", "at least 12 characters, not the login"));
    const Person person{*login, kAllRoles, hash_password(password), call.now_us};
    Outcome outcome = tl::unexpected(Problem{ProblemName::not_found});
    desk_.write([&](sqlite::Transaction& transaction) {
        if (any_person(transaction.database())) return false;
        if (!take_first_code(transaction, text_in(call.body, "code"), call.now_us)) {
            sessions_.failed("", address, call.now_us);
            outcome = tl::unexpected(invalid(
                "/code",
                "is not the code, or it is older than 15 minutes: `sudo mis-gateway console code` "
                "prints a new one"
            ));
            return false;
        }
        if (const auto added = add_person(transaction, person); !added) return false;
        call.login = person.login;
        audit(transaction, call, "decided", "console user " + person.login, "first user, by code");
        outcome = begin_session(transaction, call, person, 201);
        return true;
    });
    return outcome;
}

Outcome Api::session(sqlite::Database&, Call& call) {
    Reply reply;
    if (call.request.method != "DELETE") {
        reply.body = session_json(call);
        return reply;
    }
    desk_.write([&](sqlite::Transaction& transaction) {
        Sessions::end(transaction, call.session);
        return true;
    });
    reply.status = 204;
    reply.headers.emplace_back(
        "Set-Cookie",
        std::string(kCookie) + "=; Path=/console; HttpOnly; SameSite=Strict; Max-Age=0"
    );
    return reply;
}

}  // namespace mis::console
