#include "net/webhook_signature.hpp"

#include <doctest/doctest.h>
#include <stdio.h>

#include <array>
#include <memory>

#include "base/crypto.hpp"

using namespace mis;
using namespace mis::net;

namespace {

const std::string kKey = "invented-test-key-0123456789-ab";

WebhookSecret secret_of(const std::string& key) {
    return WebhookSecret::parse("whsec_" + to_base64(key)).value();
}

std::string openssl_hmac(const std::string& key, const std::string& content) {
    const std::string command =
        "printf '%s' '" + content + "' | openssl dgst -sha256 -mac HMAC -macopt hexkey:" +
        to_hex({reinterpret_cast<const std::uint8_t*>(key.data()), key.size()}) +
        " -binary | openssl base64 -A";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::array<char, 200> text = {};
    const auto count = fread(text.data(), 1, text.size(), pipe.get());
    return {text.data(), count};
}

}  // namespace

TEST_CASE("a signature is what the openssl command computes") {
    const std::string body = R"([{"id":"e1"}])";
    CHECK(
        secret_of(kKey).signature("msg_1", 1'772'440'000, body) ==
        "v1," + openssl_hmac(kKey, "msg_1.1772440000." + body)
    );
}

TEST_CASE(
    "verification: while secrets rotate either fits; body, id, time and secret are all covered"
) {
    const std::string body = "body";
    const auto old_secret = secret_of(kKey);
    const auto new_secret = secret_of("another-invented-key-0123456789");
    const std::array both{old_secret, new_secret};
    const auto headers = webhook_headers(both, "msg_1", 1000, body);
    CHECK(verify_webhook(std::array{old_secret}, headers, body, 1000));
    CHECK(verify_webhook(std::array{new_secret}, headers, body, 1000 + 299));
    CHECK_FALSE(
        verify_webhook(std::array{secret_of("a-stranger's-key-0123456789")}, headers, body, 1000)
    );
    CHECK_FALSE(verify_webhook(both, headers, "bodx", 1000));
    CHECK_FALSE(verify_webhook(both, headers, body, 1000 + 301));
    CHECK_FALSE(verify_webhook(both, headers, body, 1000 - 301));
    auto changed = headers;
    changed[0].second = "msg_2";
    CHECK_FALSE(verify_webhook(both, changed, body, 1000));
    changed = headers;
    changed[1].second = "1001";
    CHECK_FALSE(verify_webhook(both, changed, body, 1000));
    CHECK_FALSE(verify_webhook(both, {}, body, 1000));
}

TEST_CASE("a packed body verifies in both of its forms") {
    const std::array secrets{secret_of(kKey)};
    const auto headers = webhook_headers(secrets, "msg_1", 1000, "plain", "packed");
    CHECK(verify_webhook(secrets, headers, "plain", 1000));
    CHECK(verify_webhook(secrets, headers, "packed", 1000));
    CHECK_FALSE(verify_webhook(secrets, headers, "other", 1000));
}

TEST_CASE("webhook-id depends on the events and their order only, and has no dot") {
    const std::array<std::string_view, 2> ids{"a", "b"};
    const std::array<std::string_view, 2> swapped{"b", "a"};
    const std::array<std::string_view, 1> joined{"ab"};
    CHECK(webhook_id(ids) == webhook_id(ids));
    CHECK(webhook_id(ids) != webhook_id(swapped));
    CHECK(webhook_id(ids) != webhook_id(joined));
    CHECK(webhook_id(ids).find('.') == std::string::npos);
}

TEST_CASE("secrets that are none are refused without being repeated") {
    for (const char* text :
         {"", "whsec_", "whsec_c2hvcnQ=", "whsec_###",
          "sec_aW52ZW50ZWQtdGVzdC1rZXktMDEyMzQ1Njc4OS1hYg=="}) {
        const auto secret = WebhookSecret::parse(text);
        REQUIRE_FALSE(secret);
        CHECK(secret.error().kind == ErrorKind::misconfigured);
        CHECK(secret.error().text.find("c2hvcnQ") == std::string::npos);
    }
}
