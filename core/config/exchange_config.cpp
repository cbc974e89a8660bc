#include "config/exchange_config.hpp"

#include "config/section.hpp"
#include "config/setting_check.hpp"

namespace mis::config {

std::string text_at(const Json& value, const char* key) { return value.value(key, std::string()); }

void check_proxy(SettingCheck& check, const Json& part, const std::string& pointer) {
    const std::string proxy = text_at(part, "proxy");
    if (proxy.empty()) {
        if (!text_at(part, "proxy_login_file").empty())
            check.problem(pointer + "/proxy_login_file", "there is no proxy: name it with proxy");
        return;
    }
    const std::size_t host = proxy.find("://") + 3;
    const bool known = proxy.starts_with("http://") || proxy.starts_with("https://") ||
                       proxy.starts_with("socks5h://");
    if (!known || host == proxy.size())
        check.problem(pointer + "/proxy", "must be http://, https:// or socks5h:// and host:port");
    else if (proxy.find('@') != std::string::npos)
        check.problem(
            pointer + "/proxy", "holds a login: put it into a file, see proxy_login_file"
        );
}

InboxConfig read_inbox(const Section& from) {
    InboxConfig inbox;
    if (from.has("http")) {
        const Section part = from.at("http");
        InboxHttpConfig& http = inbox.http.emplace();
        http.url = part.text("url");
        http.bearer_token = part.secret("bearer_token_file", "bearer_token_env");
        http.authority_file = part.path("authority_file");
        http.certificate_file = part.path("certificate_file");
        http.key_file = part.path("key_file");
        http.proxy = part.text("proxy");
        http.proxy_login = part.secret("proxy_login_file", nullptr);
        http.wait_seconds = part.number("wait_seconds");
        http.messages_max = part.number("messages_max");
        http.connect_timeout_ms = part.number("connect_timeout_ms");
        http.answer_timeout_ms = part.number("answer_timeout_ms");
        http.backoff_first_ms = part.number("backoff_first_ms");
        http.backoff_longest_ms = part.number("backoff_longest_ms");
    }
    return inbox;
}

void check_inbox(SettingCheck& check, const Json& inbox, const std::string& pointer) {
    if (!inbox.contains("http")) return;
    const Json& part = inbox["http"];
    const std::string here = pointer + "/http";
    if (text_at(part, "url").find_first_of("?# ") != std::string::npos)
        check.problem(here + "/url", "has to end before any ?, # or blank");
    if (!text_at(part, "bearer_token_file").empty() && !text_at(part, "bearer_token_env").empty())
        check.problem(here + "/bearer_token_env", "bearer_token_file is given too: keep one");
    if (text_at(part, "certificate_file").empty() != text_at(part, "key_file").empty())
        check.problem(here, "certificate_file and key_file go together: give both or none");
    check_proxy(check, part, here);
    if (part.value("backoff_longest_ms", 0) < part.value("backoff_first_ms", 0))
        check.problem(here + "/backoff_longest_ms", "is shorter than backoff_first_ms");
}

}  // namespace mis::config
