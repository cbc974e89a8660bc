#include "console/people.hpp"

#include <algorithm>
#include <array>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"

namespace mis::console {
namespace {

struct NamedRole {
    Roles role;
    std::string_view name;
};
constexpr std::array kNamedRoles{
    NamedRole{kViewer, "viewer"}, NamedRole{kOperator, "operator"},
    NamedRole{kPrivacyOfficer, "privacy_officer"}};

// None that is taken for another when it is read aloud or copied by hand.
constexpr std::string_view kCodeLetters = "ABCDEFGHJKMNPQRSTVWXYZ23456789";
constexpr std::size_t kCodeCharacters = 10;
constexpr std::size_t kLoginBytesMax = 64;

Person person_of(const sqlite::Statement& row) {
    return {
        row.string(0), static_cast<Roles>(row.integer(1)) & kAllRoles, row.string(2),
        row.integer(3)};
}

bool other_officer(sqlite::Database& database, const std::string& login) {
    for (const Person& person : people(database))
        if (person.login != login && (person.roles & kPrivacyOfficer) != 0) return true;
    return false;
}

Result<void> unknown_person(const std::string& login) {
    return fail(ErrorKind::rejected, "user " + login + ": there is no such user");
}

Result<void> last_officer(const std::string& login) {
    return fail(
        ErrorKind::rejected, "user " + login +
                                 ": is the only privacy officer: give the role to somebody else "
                                 "first"
    );
}

std::size_t characters_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

}  // namespace

Json names_of_roles(Roles roles) {
    Json names = Json::array();
    for (const auto& [role, name] : kNamedRoles)
        if ((roles & role) != 0) names.push_back(name);
    return names;
}

std::optional<Roles> roles_of_names(const Json& names) {
    if (!names.is_array()) return std::nullopt;
    Roles roles = 0;
    for (const Json& one : names) {
        const auto known =
            std::find_if(kNamedRoles.begin(), kNamedRoles.end(), [&](const NamedRole& named) {
                return one.is_string() && one == named.name;
            });
        if (known == kNamedRoles.end()) return std::nullopt;
        roles |= known->role;
    }
    if (roles == 0) return std::nullopt;
    return roles;
}

std::optional<std::string> login_of(std::string_view text) {
    std::string login = to_lower(trim(text));
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_' || c == '@';
    };
    if (login.empty() || login.size() > kLoginBytesMax ||
        !std::all_of(login.begin(), login.end(), fits))
        return std::nullopt;
    return login;
}

bool is_good_password(std::string_view text, std::string_view login) {
    if (!is_valid_utf8(text) || text.size() > kPasswordBytesMax ||
        characters_of(text) < kPasswordCharactersMin)
        return false;
    const bool one_letter = text.find_first_not_of(text.front()) == std::string_view::npos;
    return !one_letter && to_lower(text) != login;
}

bool any_person(sqlite::Database& database) {
    return database.prepare("select 1 from console_user limit 1").step();
}

std::optional<Person> find_person(sqlite::Database& database, const std::string& login) {
    auto row = database.prepare(
        "select login, roles, password, created_us from console_user where login = ?"
    );
    row.with(login);
    if (!row.step()) return std::nullopt;
    return person_of(row);
}

std::vector<Person> people(sqlite::Database& database) {
    std::vector<Person> all;
    auto row = database.prepare(
        "select login, roles, password, created_us from console_user order by login"
    );
    while (row.step()) all.push_back(person_of(row));
    return all;
}

Result<void> add_person(sqlite::Transaction& transaction, const Person& person) {
    if (find_person(transaction.database(), person.login))
        return fail(
            ErrorKind::rejected, "user " + person.login + ": is there already: take another login"
        );
    transaction
        .prepare("insert into console_user (login, roles, password, created_us) values (?, ?, ?, ?)"
        )
        .with(person.login, person.roles, person.password, person.created_us)
        .run();
    return {};
}

Result<void> change_person(sqlite::Transaction& transaction, const Person& person) {
    const auto was = find_person(transaction.database(), person.login);
    if (!was) return unknown_person(person.login);
    if ((person.roles & kPrivacyOfficer) == 0 &&
        !other_officer(transaction.database(), person.login))
        return last_officer(person.login);
    transaction.prepare("update console_user set roles = ?, password = ? where login = ?")
        .with(person.roles, person.password, person.login)
        .run();
    if (was->password != person.password)
        transaction.prepare("delete from console_session where login = ?").with(person.login).run();
    return {};
}

Result<void> remove_person(sqlite::Transaction& transaction, const std::string& login) {
    if (!find_person(transaction.database(), login)) return unknown_person(login);
    if (!other_officer(transaction.database(), login)) return last_officer(login);
    transaction.prepare("delete from console_user where login = ?").with(login).run();
    transaction.prepare("delete from console_session where login = ?").with(login).run();
    return {};
}

std::string make_first_code(sqlite::Transaction& transaction, std::int64_t now_us) {
    std::string code;
    while (code.size() < kCodeCharacters) {
        const auto byte = static_cast<unsigned char>(random_bytes(1).front());
        constexpr std::size_t kFair = 256 / kCodeLetters.size() * kCodeLetters.size();
        if (byte < kFair) code += kCodeLetters[byte % kCodeLetters.size()];
    }
    transaction.prepare("delete from console_code").run();
    transaction.prepare("insert into console_code (code_hash, until_us) values (?, ?)")
        .with(hash_password(code), now_us + kCodeSeconds * kUsPerSecond)
        .run();
    return code;
}

bool take_first_code(sqlite::Transaction& transaction, std::string_view code, std::int64_t now_us) {
    std::string hash;
    std::int64_t until_us = 0;
    {
        auto row = transaction.prepare("select code_hash, until_us from console_code");
        if (!row.step()) return false;
        hash = row.string(0);
        until_us = row.integer(1);
    }
    // A clock that was set back makes no code last longer.
    const bool in_time = now_us < until_us && until_us - now_us <= kCodeSeconds * kUsPerSecond;
    std::string typed;  // as people write it down: in small letters, in groups
    for (const char c : code) {
        if (c == ' ' || c == '-') continue;
        typed += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    if (!in_time || !password_matches(typed, hash)) return false;
    transaction.prepare("delete from console_code").run();
    return true;
}

}  // namespace mis::console
