#include "source/http/authentication.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/crypto.hpp"

namespace mis::source::http {
namespace {

constexpr std::int64_t kEarlySeconds = 60;  // before a token ends

std::string to_base64url(std::string_view bytes) {
    std::string text = to_base64(bytes);
    while (text.ends_with('=')) text.pop_back();
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

bool is_token(AuthDeclaration::Kind kind) {
    using Kind = AuthDeclaration::Kind;
    return kind == Kind::login || kind == Kind::jwt_hs256 || kind == Kind::oauth2_refresh;
}

}  // namespace

std::string jwt_hs256(const Json& claims, std::string_view secret) {
    const std::string head = to_base64url(R"({"alg":"HS256","typ":"JWT"})");
    const std::string text = head + "." + to_base64url(claims.dump());
    const Digest digest = hmac_sha256(secret, text);
    return text + "." + to_base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Authentication::Authentication(
    AuthDeclaration declaration, Credentials credentials, Values site, const Clock& clock,
    TokenKeeper refresh, AskToken ask
)
    : declaration_(std::move(declaration)),
      credentials_(std::move(credentials)),
      site_(std::move(site)),
      clock_(clock),
      refresh_(std::move(refresh)),
      ask_(std::move(ask)) {}

std::string Authentication::signed_token(std::int64_t now_s) {
    Values values = site_;
    values["user"] = credentials_.user;
    Json claims = Json::object();
    for (const auto& [name, text] : declaration_.claims) {
        auto value = plain(text, values);
        if (value && !value->empty()) claims[name] = *std::move(value);
    }
    claims["exp"] = now_s + declaration_.seconds;
    return jwt_hs256(claims, credentials_.secret);
}

Result<void> Authentication::have_token() {
    const std::int64_t now_s = clock_.unix_us() / 1'000'000;
    const std::int64_t early = std::min<std::int64_t>(kEarlySeconds, declaration_.seconds / 2);
    // a clock set back would keep a token for ever
    const bool holds = now_s < renew_at_s_ && renew_at_s_ - now_s <= 86'400 * 32;
    if (!token_.empty() && holds) return {};
    if (declaration_.kind == AuthDeclaration::Kind::jwt_hs256) {
        token_ = signed_token(now_s);
        renew_at_s_ = now_s + declaration_.seconds - early;
        return {};
    }
    Values values = site_;
    values["user"] = credentials_.user;
    values["secret"] = credentials_.secret;
    token_.clear();
    Issued issued;
    const auto ask = [&](const std::string& refresh) -> Result<std::string> {
        values["refresh"] = refresh;
        auto answer = ask_(declaration_, values);
        if (!answer) return fail(answer.error());
        issued = *std::move(answer);
        return issued.refresh;
    };
    Result<void> asked;
    if (declaration_.kind == AuthDeclaration::Kind::oauth2_refresh)
        asked = refresh_.use(ask);
    else if (auto told = ask(""); !told)
        asked = fail(told.error());
    if (!asked) return fail(asked.error().within("asking for a token"));
    if (issued.token.empty())
        return fail(
            ErrorKind::malformed,
            fmt::format("asking for a token: the answer has no `{}`", declaration_.token)
        );
    token_ = std::move(issued.token);
    std::int64_t seconds = declaration_.seconds;
    const std::string& told = issued.expires;
    std::int64_t number = 0;
    if (const auto [end, error] = std::from_chars(told.data(), told.data() + told.size(), number);
        error == std::errc() && number > 0 && number <= 86'400 * 31)
        seconds = number;
    renew_at_s_ = now_s + seconds - std::min<std::int64_t>(kEarlySeconds, seconds / 2);
    return {};
}

Result<Proof> Authentication::placed(const Values& values) const {
    using Kind = AuthDeclaration::Kind;
    Proof proof;
    if (declaration_.kind == Kind::none) return proof;
    if (declaration_.kind == Kind::basic) {
        proof.headers.emplace_back(
            "Authorization", "Basic " + to_base64(values.at("user") + ":" + values.at("secret"))
        );
        return proof;
    }
    if (declaration_.kind == Kind::path) {
        auto prefix = in_path(declaration_.value, values);
        if (!prefix) return fail(prefix.error());
        proof.path_prefix = *std::move(prefix) + "/";
        return proof;
    }
    auto value = in_header(declaration_.value, values);
    if (!value) return fail(value.error());
    if (declaration_.kind == Kind::query)
        proof.query.emplace_back(declaration_.name, *std::move(value));
    else if (declaration_.kind == Kind::body)
        proof.body.emplace_back(declaration_.name, *std::move(value));
    else
        proof.headers.emplace_back(declaration_.name, *std::move(value));
    return proof;
}

Result<Proof> Authentication::proof() {
    if (is_token(declaration_.kind))
        if (auto had = have_token(); !had) return fail(had.error());
    Values values = site_;
    values["user"] = credentials_.user;
    values["secret"] = credentials_.secret;
    values["refresh"] = refresh_.token();
    values["token"] = token_;
    return placed(values);
}

Proof Authentication::masked() const {
    Values values = site_;
    for (const char* name : {"user", "secret", "token", "refresh"}) values[name] = "HIDDEN";
    if (declaration_.kind == AuthDeclaration::Kind::basic) {
        Proof proof;
        proof.headers.emplace_back("Authorization", "Basic HIDDEN");
        return proof;
    }
    auto made = placed(values);
    return made ? *std::move(made) : Proof{};
}

bool Authentication::renew() {
    if (!is_token(declaration_.kind) || token_.empty()) return false;
    token_.clear();
    return true;
}

bool Authentication::holds_secret(std::string_view text) const {
    for (const std::string* secret : {&credentials_.secret, &refresh_.token(), &token_})
        if (secret->size() >= 4 && text.find(*secret) != std::string_view::npos) return true;
    return false;
}

}  // namespace mis::source::http
