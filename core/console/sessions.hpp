// Sessions of the console, and the pause after failed sign-ins.
//
// A browser holds a token of 256 random bits in a cookie; the store holds its SHA-256 (so that a
// copied store signs nobody in), the process what was last seen of it. A session ends after 30
// minutes without activity (polling is none) and after 12 hours. The token for forms is an HMAC of
// the session's. Failures are counted per login and address, and per address; the counts are the
// process's, and few.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sqlite/database.hpp"

namespace mis::console {

inline constexpr std::int64_t kIdleSeconds = 30 * 60, kSessionSeconds = 12 * 3'600,
                              kPauseSeconds = 15 * 60;
inline constexpr int kFailuresMax = 5, kFailuresOfAddressMax = 30;

struct SessionFound {
    std::string login;
    std::string hash;  // of the token, bytes
    std::int64_t begun_us = 0;
    bool to_be_kept = false;  // its last activity is to be written: keep_seen()
};

class Sessions {
  public:
    // A new one; the token is the browser's alone.
    static std::string begin(
        sqlite::Transaction& transaction, const std::string& login, std::int64_t now_us
    );
    static void end(sqlite::Transaction& transaction, const std::string& hash);
    static void keep_seen(
        sqlite::Transaction& transaction, const std::string& hash, std::int64_t now_us
    );
    static std::string form_token(std::string_view token);
    static std::int64_t ends_us(std::int64_t begun_us);

    enum class Activity { person, polling };
    // nullopt: there is none, or it has ended. Any thread.
    std::optional<SessionFound> find(
        sqlite::Database& database, std::string_view token, Activity activity, std::int64_t now_us
    );

    // How long signing in pauses for them; 0: it does not.
    std::int64_t paused_seconds(
        const std::string& login, const std::string& address, std::int64_t now_us
    );
    enum class Failure { counted, pause_begins };
    Failure failed(const std::string& login, const std::string& address, std::int64_t now_us);
    void succeeded(const std::string& login, const std::string& address);

  private:
    struct Failures {
        int count = 0;
        std::int64_t last_us = 0;
    };
    static constexpr std::size_t kRemembered = 2'000;
    std::mutex mutex_;
    std::map<std::string, std::int64_t> seen_us_;                       // by hash
    std::map<std::pair<std::string, std::string>, Failures> failures_;  // login, address
    std::map<std::string, Failures> of_address_;
};

}  // namespace mis::console
