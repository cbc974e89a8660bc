// The people of the console, as the privacy officer manages them; everybody changes his own
// password.
#include "base/crypto.hpp"
#include "base/json_fields.hpp"
#include "console/api.hpp"

namespace mis::console {
namespace {

Problem refused(const Error& error) {
    Problem problem{ProblemName::refused};
    problem.detail = error.text;
    return problem;
}

std::string roles_text(Roles roles) { return names_of_roles(roles).dump(); }

}  // namespace

Outcome Api::users(sqlite::Database& database, Call& call) {
    if (call.request.method == "POST") return add_user(call);
    Json items = Json::array();
    for (const Person& person : people(database)) items.push_back(user_json(person));
    Reply reply;
    reply.body = {{"items", std::move(items)}};
    return reply;
}

Json Api::user_json(const Person& person) const {
    return {
        {"login", person.login},
        {"roles", names_of_roles(person.roles)},
        {"created_at", desk_.time_text(person.created_us)}};
}

Outcome Api::add_user(Call& call) {
    const auto login = login_of(text_in(call.body, "login"));
    const std::string password = text_in(call.body, "password");
    const auto roles = roles_of_names(call.body.value("roles", Json()));
    if (!login) return tl::unexpected(invalid("/login", "1 to 64 letters, digits and . - _ @"));
    if (!is_good_password(password, *login))
        return tl::unexpected(invalid("/password", "at least 12 characters, not the login"));
    if (!roles)
        return tl::unexpected(invalid("/roles", "a list of viewer, operator, privacy_officer"));
    const Person person{*login, *roles, hash_password(password), call.now_us};
    Outcome outcome = tl::unexpected(Problem{});
    desk_.write([&](sqlite::Transaction& transaction) {
        if (const auto added = add_person(transaction, person); !added) {
            outcome = tl::unexpected(refused(added.error()));
            return false;
        }
        audit(
            transaction, call, "decided", "console user " + person.login,
            "added: " + roles_text(person.roles)
        );
        Reply reply;
        reply.status = 201;
        reply.body = user_json(person);
        outcome = std::move(reply);
        return true;
    });
    return outcome;
}

Outcome Api::user(sqlite::Database& database, Call& call) {
    const bool officer = (call.roles & kPrivacyOfficer) != 0;
    const std::string& login = call.path.back();
    if (call.request.method == "DELETE") {
        if (!officer) return tl::unexpected(no_right(database, kPrivacyOfficer));
        return remove_user(call, login);
    }
    const bool other_roles = call.body.is_object() && call.body.contains("roles");
    if (!officer && (login != call.login || other_roles))
        return tl::unexpected(no_right(database, kPrivacyOfficer));
    auto person = find_person(database, login);
    if (!person) return tl::unexpected(Problem{ProblemName::not_found});
    return change_user(call, std::move(*person));
}

Outcome Api::change_user(Call& call, Person person) {
    const Roles had = person.roles;
    const bool new_password = call.body.is_object() && call.body.contains("password");
    if (new_password) {
        const std::string password = text_in(call.body, "password");
        if (!is_good_password(password, person.login))
            return tl::unexpected(invalid("/password", "at least 12 characters, not the login"));
        // Who finds a browser open must not be able to lock its owner out.
        if (person.login == call.login &&
            !password_matches(text_in(call.body, "current_password"), person.password))
            return tl::unexpected(invalid("/current_password", "is not the password so far"));
        person.password = hash_password(password);
    }
    if (call.body.is_object() && call.body.contains("roles")) {
        const auto roles = roles_of_names(call.body["roles"]);
        if (!roles)
            return tl::unexpected(invalid("/roles", "a list of viewer, operator, privacy_officer"));
        person.roles = *roles;
    }
    Outcome outcome = tl::unexpected(Problem{});
    desk_.write([&](sqlite::Transaction& transaction) {
        if (const auto changed = change_person(transaction, person); !changed) {
            outcome = tl::unexpected(refused(changed.error()));
            return false;
        }
        std::string what = new_password ? "another password" : "";
        if (had != person.roles)
            what +=
                (what.empty() ? "" : "; ") + roles_text(had) + " -> " + roles_text(person.roles);
        audit(transaction, call, "decided", "console user " + person.login, what);
        Reply reply;
        reply.body = user_json(person);
        outcome = std::move(reply);
        return true;
    });
    return outcome;
}

Outcome Api::remove_user(Call& call, const std::string& login) {
    Outcome outcome = tl::unexpected(Problem{});
    desk_.write([&](sqlite::Transaction& transaction) {
        if (!find_person(transaction.database(), login)) {
            outcome = tl::unexpected(Problem{ProblemName::not_found});
            return false;
        }
        if (const auto removed = remove_person(transaction, login); !removed) {
            outcome = tl::unexpected(refused(removed.error()));
            return false;
        }
        audit(transaction, call, "decided", "console user " + login, "removed");
        Reply reply;
        reply.status = 204;
        outcome = std::move(reply);
        return true;
    });
    return outcome;
}

}  // namespace mis::console
