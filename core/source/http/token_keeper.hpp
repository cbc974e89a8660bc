// TokenKeeper: a refresh token that its service replaces at each use. What came last is kept in a
// private file of the store's folder (mode 0600, written whole and fsynced before it is used), so a
// restart goes on with it; a token that the operator put into http.refresh_token_file since then
// wins. One process at a time uses it. Lost is one that arrived when the process died before it was
// written: the service then wants a new one from a human.
//
// One thread. Tokens stand in no error.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mis::source::http {

class TokenKeeper {
  public:
    // folder: of the store; where there is none, tokens last as long as the object. service: what
    // tells one service and login from another.
    TokenKeeper(std::filesystem::path folder, std::string_view service, std::string configured);

    // ask: with the token to use; gives the next one, or nothing where it stays. unavailable:
    // another process takes too long with it, or it cannot be kept.
    using Ask = std::function<Result<std::string>(const std::string& token)>;
    Result<void> use(const Ask& ask);

    const std::string& token() const { return token_; }

  private:
    Result<void> read();
    Result<void> write();

    const std::filesystem::path file_;       // empty: none
    const std::string configured_, origin_;  // origin_: mark of the configured one
    std::string token_;
    bool is_unsaved_ = false;
};

}  // namespace mis::source::http
