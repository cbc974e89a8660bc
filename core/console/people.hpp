// Who may use the console: logins, roles, passwords (scrypt), and the code that makes the first.
//
// Reads a connection of the caller's; writes in the caller's transaction. A login is 1 to 64 Latin
// letters, digits and ".-_@", compared without case. Somebody with the role of a privacy officer is
// always left.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sqlite/database.hpp"

namespace mis::console {

using Roles = unsigned;
inline constexpr Roles kViewer = 1, kOperator = 2, kPrivacyOfficer = 4;
inline constexpr Roles kAllRoles = kViewer | kOperator | kPrivacyOfficer;

Json names_of_roles(Roles roles);  // ["viewer", …]
// nullopt: no list, an empty one, or a name that is none.
std::optional<Roles> roles_of_names(const Json& names);

struct Person {
    std::string login;
    Roles roles = 0;
    std::string password;  // its hash (base/crypto.hpp)
    std::int64_t created_us = 0;
};

inline constexpr std::size_t kPasswordCharactersMin = 12, kPasswordBytesMax = 512;
inline constexpr std::int64_t kCodeSeconds = 15 * 60;

std::optional<std::string> login_of(std::string_view text);  // nullopt: it is none
bool is_good_password(std::string_view text, std::string_view login);

bool any_person(sqlite::Database& database);
std::optional<Person> find_person(sqlite::Database& database, const std::string& login);
std::vector<Person> people(sqlite::Database& database);
// rejected: there is one of that login.
Result<void> add_person(sqlite::Transaction& transaction, const Person& person);
// Also ends his sessions where the password is another. rejected: nobody, or the last privacy
// officer would be none.
Result<void> change_person(sqlite::Transaction& transaction, const Person& person);
Result<void> remove_person(sqlite::Transaction& transaction, const std::string& login);

// A new code for the first person, ten characters; the one before it is worth nothing any more.
std::string make_first_code(sqlite::Transaction& transaction, std::int64_t now_us);
// Once: a code that was taken is gone.
bool take_first_code(sqlite::Transaction& transaction, std::string_view code, std::int64_t now_us);

}  // namespace mis::console
