#include "console/people.hpp"

#include <doctest/doctest.h>

#include "base/crypto.hpp"
#include "base/timestamp.hpp"
#include "console/sessions.hpp"
#include "sqlite/migration.hpp"

using namespace mis;
using namespace mis::console;

namespace {

constexpr std::int64_t kNow = 1'772'440'000 * kUsPerSecond;

sqlite::Database new_store() {
    auto database = sqlite::Database::open(":memory:");
    sqlite::create_tables(database);
    return database;
}

Person named(const std::string& login, Roles roles) { return {login, roles, "no hash", kNow}; }

}  // namespace

TEST_CASE("a login is a few Latin letters, whatever their case; a password is long and no login") {
    CHECK(login_of(" Olga.T@clinic ") == "olga.t@clinic");
    for (const auto* wrong : {"", " ", "a b", "ольга", "a/b", "a\nb"}) CHECK_FALSE(login_of(wrong));
    CHECK_FALSE(login_of(std::string(65, 'a')));
    CHECK(is_good_password("двенадцать ё", "olga"));
    CHECK_FALSE(is_good_password("одиннадцать", "olga"));
    CHECK_FALSE(is_good_password("aaaaaaaaaaaaaaa", "olga"));
    CHECK_FALSE(is_good_password("Administrator", "administrator"));
    CHECK_FALSE(is_good_password(std::string(600, 'a') + "b", "olga"));
    CHECK_FALSE(is_good_password("twelve bytes\xff", "olga"));
}

TEST_CASE("passwords are kept as scrypt hashes with a salt of their own") {
    const std::string one = hash_password("a long password"),
                      other = hash_password("a long password");
    CHECK(one != other);
    CHECK(one.find("long") == std::string::npos);
    CHECK(password_matches("a long password", one));
    CHECK_FALSE(password_matches("a long passwore", one));
    CHECK_FALSE(password_matches("a long password", ""));
    CHECK_FALSE(password_matches("a long password", "scrypt$15$8$3$x"));
    CHECK_FALSE(password_matches("", "scrypt$15$8$3$$"));
}

TEST_CASE("roles by name, and none that does not exist") {
    CHECK(names_of_roles(kViewer | kPrivacyOfficer) == Json{"viewer", "privacy_officer"});
    CHECK(roles_of_names(Json{"operator", "viewer"}) == (kViewer | kOperator));
    CHECK_FALSE(roles_of_names(Json::array()));
    CHECK_FALSE(roles_of_names(Json{"root"}));
    CHECK_FALSE(roles_of_names(Json("viewer")));
    CHECK_FALSE(roles_of_names(Json{1}));
}

TEST_CASE("a privacy officer is always left") {
    auto database = new_store();
    sqlite::Transaction transaction(database);
    CHECK_FALSE(any_person(database));
    REQUIRE(add_person(transaction, named("anna", kAllRoles)));
    REQUIRE(add_person(transaction, named("boris", kOperator)));
    CHECK_FALSE(add_person(transaction, named("boris", kViewer)));
    CHECK_FALSE(remove_person(transaction, "anna"));
    CHECK_FALSE(change_person(transaction, named("anna", kOperator)));
    REQUIRE(change_person(transaction, named("boris", kPrivacyOfficer)));
    REQUIRE(change_person(transaction, named("anna", kViewer)));
    REQUIRE(remove_person(transaction, "anna"));
    CHECK_FALSE(remove_person(transaction, "anna"));
    CHECK_FALSE(change_person(transaction, named("anna", kAllRoles)));
    CHECK(people(database).size() == 1);
}

TEST_CASE("the first user's code: once, within 15 minutes, the newest only") {
    auto database = new_store();
    sqlite::Transaction transaction(database);
    const std::string replaced = make_first_code(transaction, kNow);
    const std::string code = make_first_code(transaction, kNow);
    CHECK(code.size() == 10);
    CHECK_FALSE(take_first_code(transaction, replaced, kNow));
    CHECK_FALSE(take_first_code(transaction, "", kNow));
    CHECK_FALSE(take_first_code(transaction, code, kNow + kCodeSeconds * kUsPerSecond));
    // a clock set back does not bring an old one to life
    CHECK_FALSE(take_first_code(transaction, code, kNow - 3'600 * kUsPerSecond));
    std::string written = code.substr(0, 5) + "-" + code.substr(5);
    for (char& c : written)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    CHECK(take_first_code(transaction, written, kNow + kUsPerSecond));
    CHECK_FALSE(take_first_code(transaction, code, kNow + kUsPerSecond));
}

TEST_CASE("a session ends by itself: 30 minutes without a person, 12 hours in all") {
    auto database = new_store();
    Sessions sessions;
    std::string token;
    {
        sqlite::Transaction transaction(database);
        token = Sessions::begin(transaction, "anna", kNow);
        transaction.commit();
    }
    using Activity = Sessions::Activity;
    const auto at = [](std::int64_t minutes) { return kNow + minutes * 60 * kUsPerSecond; };
    const auto found = sessions.find(database, token, Activity::person, kNow);
    REQUIRE(found);
    CHECK(found->login == "anna");
    CHECK_FALSE(found->to_be_kept);
    CHECK_FALSE(sessions.find(database, std::string(64, '0'), Activity::person, kNow));
    CHECK_FALSE(sessions.find(database, "", Activity::person, kNow));
    SUBCASE("what the store has of it signs nobody in") {
        auto row = database.prepare("select hex(token_hash) from console_session");
        REQUIRE(row.step());
        const std::string kept = row.string(0);
        CHECK(kept != token);
        CHECK_FALSE(sessions.find(database, kept, Activity::person, kNow));
        CHECK(Sessions::form_token(token) != token);
    }
    SUBCASE("polling is no activity") {
        for (int minute = 1; minute < 30; ++minute)
            CHECK(sessions.find(database, token, Activity::polling, at(minute)));
        CHECK_FALSE(sessions.find(database, token, Activity::polling, at(30)));
        CHECK_FALSE(sessions.find(database, token, Activity::person, at(31)));
    }
    SUBCASE("a person's is, but not for ever") {
        for (int minute = 20; minute < 12 * 60; minute += 20) {
            const auto again = sessions.find(database, token, Activity::person, at(minute));
            REQUIRE(again);
            CHECK(again->to_be_kept);
        }
        CHECK_FALSE(sessions.find(database, token, Activity::person, at(12 * 60)));
    }
    SUBCASE("another process knows what was written") {
        REQUIRE(sessions.find(database, token, Activity::person, at(20)));
        {
            sqlite::Transaction transaction(database);
            Sessions::keep_seen(transaction, found->hash, at(20));
            transaction.commit();
        }
        Sessions restarted;
        CHECK(restarted.find(database, token, Activity::person, at(45)));
    }
    SUBCASE("a new password ends it") {
        sqlite::Transaction transaction(database);
        REQUIRE(add_person(transaction, {"anna", kAllRoles, "old", kNow}));
        REQUIRE(change_person(transaction, {"anna", kAllRoles, "new", kNow}));
        CHECK_FALSE(sessions.find(database, token, Activity::person, kNow));
    }
}

TEST_CASE("five failures of one login from one address pause it, thirty pause the address") {
    Sessions sessions;
    using Failure = Sessions::Failure;
    for (int i = 0; i < 4; ++i)
        CHECK(sessions.failed("anna", "10.0.0.5", kNow) == Failure::counted);
    CHECK(sessions.paused_seconds("anna", "10.0.0.5", kNow) == 0);
    CHECK(sessions.failed("anna", "10.0.0.5", kNow) == Failure::pause_begins);
    CHECK(sessions.paused_seconds("anna", "10.0.0.5", kNow) == kPauseSeconds);
    CHECK(sessions.paused_seconds("anna", "10.0.0.6", kNow) == 0);
    CHECK(sessions.paused_seconds("boris", "10.0.0.5", kNow) == 0);
    CHECK(sessions.paused_seconds("anna", "10.0.0.5", kNow + kPauseSeconds * kUsPerSecond) == 0);
    for (int i = 0; i < 25; ++i) sessions.failed("login" + std::to_string(i), "10.0.0.5", kNow);
    CHECK(sessions.paused_seconds("boris", "10.0.0.5", kNow) > 0);
    sessions.failed("carl", "10.0.0.7", kNow);
    sessions.succeeded("carl", "10.0.0.7");
    for (int i = 0; i < 4; ++i) sessions.failed("carl", "10.0.0.7", kNow);
    CHECK(sessions.paused_seconds("carl", "10.0.0.7", kNow) == 0);
    for (int i = 0; i < 10'000; ++i)
        sessions.failed(
            "anna", "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250), kNow
        );
    CHECK(sessions.paused_seconds("anna", "10.9.9.9", kNow) == 0);
}
