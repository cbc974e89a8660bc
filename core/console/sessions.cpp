#include "console/sessions.hpp"

#include <algorithm>

#include "base/crypto.hpp"
#include "base/timestamp.hpp"

namespace mis::console {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::int64_t kKeepEveryUs = 300 * kUsPerSecond;

std::string hash_of_token(std::string_view token) {
    const Digest digest = sha256(token);
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string hex_of(std::string_view bytes) {
    return to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

// Long past: a count that nobody goes on with is begun anew.
template <typename Key, typename Failures>
Failures& failures_of(
    std::map<Key, Failures>& all, const Key& key, std::size_t most, std::int64_t now_us
) {
    if (all.size() >= most)
        std::erase_if(all, [&](const auto& entry) {
            return now_us - entry.second.last_us > kPauseSeconds * kUsPerSecond;
        });
    if (all.size() >= most) {
        const auto oldest =
            std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
                return a.second.last_us < b.second.last_us;
            });
        if (!all.contains(key)) all.erase(oldest);
    }
    Failures& found = all[key];
    if (now_us - found.last_us > kPauseSeconds * kUsPerSecond) found = {};
    return found;
}

template <typename Failures>
std::int64_t pause_left(const Failures& failures, int most, std::int64_t now_us) {
    const std::int64_t passed = (now_us - failures.last_us) / kUsPerSecond;
    if (failures.count < most || passed >= kPauseSeconds) return 0;
    return kPauseSeconds - std::max<std::int64_t>(passed, 0);
}

}  // namespace

std::string Sessions::begin(
    sqlite::Transaction& transaction, const std::string& login, std::int64_t now_us
) {
    const std::string token = hex_of(random_bytes(kTokenBytes));
    transaction.prepare("delete from console_session where begun_us <= ? or begun_us > ?")
        .with(now_us - kSessionSeconds * kUsPerSecond, now_us)
        .run();
    transaction
        .prepare(
            "insert into console_session (token_hash, login, begun_us, seen_us) values (?, ?, ?, ?)"
        )
        .bind_blob(1, hash_of_token(token))
        .bind(2, std::string_view(login))
        .bind(3, now_us)
        .bind(4, now_us)
        .run();
    return token;
}

void Sessions::end(sqlite::Transaction& transaction, const std::string& hash) {
    transaction.prepare("delete from console_session where token_hash = ?")
        .bind_blob(1, hash)
        .run();
}

void Sessions::keep_seen(
    sqlite::Transaction& transaction, const std::string& hash, std::int64_t now_us
) {
    transaction.prepare("update console_session set seen_us = ? where token_hash = ?")
        .bind(1, now_us)
        .bind_blob(2, hash)
        .run();
}

std::string Sessions::form_token(std::string_view token) {
    return to_hex(hmac_sha256(token, "console form"));
}

std::int64_t Sessions::ends_us(std::int64_t begun_us) {
    return begun_us + kSessionSeconds * kUsPerSecond;
}

std::optional<SessionFound> Sessions::find(
    sqlite::Database& database, std::string_view token, Activity activity, std::int64_t now_us
) {
    if (token.size() != kTokenBytes * 2) return std::nullopt;
    SessionFound found;
    found.hash = hash_of_token(token);
    std::int64_t kept_us = 0;
    {
        auto row = database.prepare(
            "select login, begun_us, seen_us from console_session where token_hash = ?"
        );
        row.bind_blob(1, found.hash);
        if (!row.step()) return std::nullopt;
        found.login = row.string(0);
        found.begun_us = row.integer(1);
        kept_us = row.integer(2);
    }
    const std::lock_guard lock(mutex_);
    const auto known = seen_us_.find(found.hash);
    const std::int64_t seen_us = std::max(kept_us, known == seen_us_.end() ? 0 : known->second);
    const bool over = now_us - found.begun_us >= kSessionSeconds * kUsPerSecond ||
                      now_us - seen_us >= kIdleSeconds * kUsPerSecond;
    if (over) {
        if (known != seen_us_.end()) seen_us_.erase(known);
        return std::nullopt;
    }
    if (activity == Activity::polling) return found;
    if (seen_us_.size() >= kRemembered)
        std::erase_if(seen_us_, [&](const auto& entry) {
            return now_us - entry.second >= kIdleSeconds * kUsPerSecond;
        });
    seen_us_[found.hash] = now_us;
    found.to_be_kept = now_us - kept_us >= kKeepEveryUs;
    return found;
}

std::int64_t Sessions::paused_seconds(
    const std::string& login, const std::string& address, std::int64_t now_us
) {
    const std::lock_guard lock(mutex_);
    std::int64_t left = 0;
    if (const auto known = failures_.find({login, address}); known != failures_.end())
        left = pause_left(known->second, kFailuresMax, now_us);
    if (const auto known = of_address_.find(address); known != of_address_.end())
        left = std::max(left, pause_left(known->second, kFailuresOfAddressMax, now_us));
    return left;
}

Sessions::Failure Sessions::failed(
    const std::string& login, const std::string& address, std::int64_t now_us
) {
    const std::lock_guard lock(mutex_);
    Failures& of_both = failures_of(failures_, std::pair(login, address), kRemembered, now_us);
    Failures& of_one = failures_of(of_address_, address, kRemembered, now_us);
    of_both.last_us = of_one.last_us = now_us;
    ++of_both.count;
    ++of_one.count;
    const bool begins = of_both.count == kFailuresMax || of_one.count == kFailuresOfAddressMax;
    return begins ? Failure::pause_begins : Failure::counted;
}

void Sessions::succeeded(const std::string& login, const std::string& address) {
    const std::lock_guard lock(mutex_);
    failures_.erase({login, address});
}

}  // namespace mis::console
