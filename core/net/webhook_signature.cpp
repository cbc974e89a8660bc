#include "net/webhook_signature.hpp"

#include <charconv>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace mis::net {

Result<WebhookSecret> WebhookSecret::parse(std::string_view text) {
    constexpr std::string_view kPrefix = "whsec_";
    text = trim(text);
    if (!text.starts_with(kPrefix))
        return fail(
            ErrorKind::misconfigured, "reading a webhook secret: it does not start with whsec_"
        );
    auto key = from_base64(text.substr(kPrefix.size()));
    if (!key)
        return fail(
            ErrorKind::misconfigured, "reading a webhook secret: what follows whsec_ is not base64"
        );
    if (key->size() < 24 || key->size() > 64)
        return fail(
            ErrorKind::misconfigured, "reading a webhook secret: it must be 24 to 64 bytes long"
        );
    return WebhookSecret(std::move(*key));
}

std::string WebhookSecret::signature(
    std::string_view id, std::int64_t timestamp_s, std::string_view body
) const {
    std::string content(id);
    content += '.';
    content += std::to_string(timestamp_s);
    content += '.';
    content += body;
    const auto digest = hmac_sha256(key_, content);
    return "v1," + to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string webhook_id(std::span<const std::string_view> event_ids) {
    std::string lines;
    for (const auto id : event_ids) lines.append(id) += '\n';
    return "msg_" + to_hex(sha256(lines)).substr(0, 32);
}

Headers webhook_headers(
    std::span<const WebhookSecret> secrets, std::string_view id, std::int64_t timestamp_s,
    std::string_view body, std::string_view packed_body
) {
    MIS_ASSERT(id.find('.') == std::string_view::npos);
    std::string signatures;
    for (const auto form : {body, packed_body}) {
        if (form.empty()) continue;
        for (const auto& secret : secrets) {
            if (!signatures.empty()) signatures += ' ';
            signatures += secret.signature(id, timestamp_s, form);
        }
    }
    return {
        {"webhook-id", std::string(id)},
        {"webhook-timestamp", std::to_string(timestamp_s)},
        {"webhook-signature", std::move(signatures)},
    };
}

Result<void> verify_webhook(
    std::span<const WebhookSecret> secrets, const Headers& headers, std::string_view body,
    std::int64_t now_s, std::chrono::seconds tolerance
) {
    const auto refuse = [](const char* why) {
        return fail(ErrorKind::rejected, std::string("verifying a webhook signature: ") + why);
    };
    const auto id = find_header(headers, "webhook-id");
    const auto timestamp_text = find_header(headers, "webhook-timestamp");
    const auto signatures = find_header(headers, "webhook-signature");
    if (id.empty() || timestamp_text.empty() || signatures.empty())
        return refuse("a header is missing");
    std::int64_t timestamp_s = 0;
    const auto* end = timestamp_text.data() + timestamp_text.size();
    if (const auto read = std::from_chars(timestamp_text.data(), end, timestamp_s);
        read.ec != std::errc() || read.ptr != end)
        return refuse("the timestamp is not a number");
    if (timestamp_s < now_s - tolerance.count() || timestamp_s > now_s + tolerance.count())
        return refuse("the timestamp is too far from now");
    for (const auto& secret : secrets) {
        const auto expected = secret.signature(id, timestamp_s, body);
        for (const auto given : split(signatures, ' '))
            if (equal_in_constant_time(given, expected)) return {};
    }
    return refuse("no signature fits");
}

}  // namespace mis::net
