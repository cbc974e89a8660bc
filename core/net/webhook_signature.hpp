// Signatures as the Standard Webhooks specification says: HMAC-SHA-256 over "id.timestamp.body",
// symmetric secrets.
//
// Headers: webhook-id, webhook-timestamp (seconds since 1970, of the attempt), webhook-signature
// ("v1,BASE64", several separated by a space while secrets rotate: one per secret; one that fits is
// enough).
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/http_message.hpp"

namespace mis::net {

class WebhookSecret {  // never printed, never in an error
  public:
    // "whsec_" and the base64 of 24..64 bytes. misconfigured otherwise.
    static Result<WebhookSecret> parse(std::string_view text);
    std::string signature(
        std::string_view webhook_id, std::int64_t timestamp_s, std::string_view body
    ) const;  // "v1,…"

  private:
    explicit WebhookSecret(std::string key) : key_(std::move(key)) {}
    std::string key_;
};

// The id of a delivery: a hash of the ids of what it carries, in their order. No dot (it separates
// the signed parts); the same for every attempt of the same batch, on any machine.
std::string webhook_id(std::span<const std::string_view> event_ids);

// The three headers of one attempt. webhook_id must have no dot. A body that travels as gzip is
// signed in both forms (packed_body is the one on the wire): receivers differ in whether their
// framework unpacks before they see it, and one fitting signature is enough.
Headers webhook_headers(
    std::span<const WebhookSecret> secrets, std::string_view webhook_id, std::int64_t timestamp_s,
    std::string_view body, std::string_view packed_body = {}
);

// rejected: a header is missing, the timestamp is further than tolerance from now, or no signature
// fits. Body: packed or unpacked.
Result<void> verify_webhook(
    std::span<const WebhookSecret> secrets, const Headers& headers, std::string_view body,
    std::int64_t now_s, std::chrono::seconds tolerance = std::chrono::minutes(5)
);

}  // namespace mis::net
