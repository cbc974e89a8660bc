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

namespace {

NatsConfig read_nats(const Section& part) {
    NatsConfig nats;
    nats.servers = part["servers"].get<std::vector<std::string>>();
    nats.authority_file = part.path("authority_file");
    nats.certificate_file = part.path("certificate_file");
    nats.key_file = part.path("key_file");
    nats.user = part.text("user");
    nats.password = part.secret("password_file", nullptr);
    nats.token = part.secret("token_file", nullptr);
    nats.credentials_file = part.path("credentials_file");
    nats.domain = part.text("domain");
    nats.connect_timeout_ms = part.number("connect_timeout_ms");
    nats.answer_timeout_ms = part.number("answer_timeout_ms");
    nats.backoff_first_ms = part.number("backoff_first_ms");
    nats.backoff_longest_ms = part.number("backoff_longest_ms");
    return nats;
}

// "nats://host:4222" → the host is this machine
bool is_nats_here(std::string_view server) {
    return is_http_to_this_machine("http" + std::string(server.substr(4)));
}

}  // namespace

NatsSinkConfig read_nats_sink(const Section& from) {
    NatsSinkConfig sink;
    sink.server = read_nats(from);
    sink.window_events = from.number("window_events");
    sink.look_seconds = from.number("look_seconds");
    return sink;
}

void check_nats(SettingCheck& check, const Json& part, const std::string& pointer) {
    const Json servers = part.value("servers", Json::array());
    if (servers.empty())
        check.problem(
            pointer + "/servers", "names no server: [\"tls://nats.exchange.example:4222\"]"
        );
    bool any_tls = false, all_tls = true;
    for (std::size_t index = 0; index < servers.size(); ++index) {
        const std::string server =
            servers[index].is_string() ? servers[index].get<std::string>() : "";
        const std::string here = pointer + "/servers/" + std::to_string(index);
        const bool tls = server.starts_with("tls://"), plain = server.starts_with("nats://");
        any_tls |= tls;
        all_tls &= tls;
        if (!tls && !plain)
            check.problem(here, "must begin with tls:// (nats:// inside the clinic)");
        else if (server.find_first_of("@/?# ", server.find("://") + 3) != std::string::npos)
            check.problem(
                here,
                "must be scheme, host and port alone: a login stands in user and password_file"
            );
        else if (plain && !part.value("plain_nats", false) && !is_nats_here(server))
            check.problem(
                here,
                "would send events and login in the clear: take tls://, or say plain_nats: true "
                "where the way there stays inside the clinic"
            );
    }
    if (any_tls && !all_tls)
        check.problem(pointer + "/servers", "are all reached by tls:// or none is");
    if (text_at(part, "certificate_file").empty() != text_at(part, "key_file").empty())
        check.problem(pointer, "certificate_file and key_file go together: give both or none");
    if (text_at(part, "user").empty() != text_at(part, "password_file").empty())
        check.problem(pointer, "user and password_file go together: give both or none");
    const int logins = !text_at(part, "user").empty() + !text_at(part, "token_file").empty() +
                       !text_at(part, "credentials_file").empty();
    if (logins > 1)
        check.problem(
            pointer, "has several logins: keep one of user, token_file, credentials_file"
        );
    if (part.value("backoff_longest_ms", 0) < part.value("backoff_first_ms", 0))
        check.problem(pointer + "/backoff_longest_ms", "is shorter than backoff_first_ms");
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
    if (from.has("nats")) {
        const Section part = from.at("nats");
        NatsInboxConfig& nats = inbox.nats.emplace();
        nats.server = read_nats(part);
        nats.wait_seconds = part.number("wait_seconds");
        nats.messages_max = part.number("messages_max");
    }
    return inbox;
}

void check_inbox(SettingCheck& check, const Json& inbox, const std::string& pointer) {
    if (inbox.contains("nats")) {
        if (inbox.contains("http")) check.problem(pointer, "has two ways: keep one of http, nats");
        check_nats(check, inbox["nats"], pointer + "/nats");
    }
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
