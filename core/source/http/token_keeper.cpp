#include "source/http/token_keeper.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <system_error>
#include <thread>

#include "base/crypto.hpp"
#include "platform/file.hpp"
#include "platform/instance_lock.hpp"

namespace mis::source::http {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 70s;  // a request for a token takes no longer
constexpr std::size_t kMarkHex = 16;

std::string mark_of_text(std::string_view text) {
    Sha256 hash;
    hash.update(text);
    return to_hex(hash.finish()).substr(0, kMarkHex);
}

std::filesystem::path file_in(const std::filesystem::path& folder, std::string_view service) {
    std::error_code none;
    if (folder.empty() || !std::filesystem::is_directory(folder, none)) return {};
    return folder / fmt::format("refresh-{}.token", mark_of_text(service));
}

Error not_kept(const std::filesystem::path& file, std::string_view cause) {
    return {
        ErrorKind::unavailable,
        fmt::format(
            "the refresh token cannot be kept in {}: {}: see that the folder can be written and "
            "its disk is not full",
            file.string(), cause
        )};
}

}  // namespace

TokenKeeper::TokenKeeper(
    std::filesystem::path folder, std::string_view service, std::string configured
)
    : file_(file_in(folder, service)),
      configured_(std::move(configured)),
      origin_(mark_of_text(configured_)),
      token_(configured_) {}

Result<void> TokenKeeper::read() {
    std::error_code none;
    if (!std::filesystem::is_regular_file(file_, none)) return {};
    std::string text;
    try {
        text = platform::read_file(file_);
    } catch (const std::system_error& error) {
        return fail(not_kept(file_, error.code().message()));
    }
    const auto line = text.find('\n');
    if (line == std::string::npos || !text.ends_with('\n')) return {};
    if (text.substr(0, line) != origin_) return {};  // the operator gave another one since
    token_ = text.substr(line + 1, text.size() - line - 2);
    return {};
}

Result<void> TokenKeeper::write() {
    try {
        platform::write_file_atomically(file_, origin_ + "\n" + token_ + "\n");
    } catch (const std::system_error& error) {
        is_unsaved_ = true;
        return fail(not_kept(file_, error.code().message()));
    }
    is_unsaved_ = false;
    return {};
}

Result<void> TokenKeeper::use(const Ask& ask) {
    std::optional<platform::InstanceLock> lock;
    if (!file_.empty()) {
        const auto begun = std::chrono::steady_clock::now();
        auto lock_file = file_;
        lock_file += ".lock";
        while (!lock) {
            try {
                lock = platform::InstanceLock::try_take(lock_file);
            } catch (const std::system_error& error) {
                return fail(not_kept(file_, error.code().message()));
            }
            if (lock) break;
            if (std::chrono::steady_clock::now() - begun > kPatience)
                return fail(
                    ErrorKind::unavailable, "another process of this store is renewing the token"
                );
            std::this_thread::sleep_for(100ms);
        }
        if (is_unsaved_) {
            if (auto saved = write(); !saved) return saved;
        } else if (auto known = read(); !known) {
            return known;
        }
    }
    auto next = ask(token_);
    if (!next) return fail(next.error());
    if (next->empty() || *next == token_) return {};
    token_ = *std::move(next);
    return file_.empty() ? Result<void>{} : write();
}

}  // namespace mis::source::http
