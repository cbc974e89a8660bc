// Settings of sinks that only count together: folders, proxies, addresses of this machine; and the
// files that a configuration names.
#include <doctest/doctest.h>

#include "config/file_contents.hpp"
#include "config/gateway_config.hpp"
#include "platform/file.hpp"
#include "support/temporary_folder.hpp"

using namespace mis;
using namespace mis::config;
namespace fs = std::filesystem;

namespace sink_settings_test {
namespace {

std::string with_sinks(const std::string& sinks) {
    return "clinic: {id: demo, timezone: Europe/Moscow}\n"
           "sources: [{name: mis, connector: demo-mis, firebird: {host: db, database: clinic, "
           "password_file: mis.password}}]\n"
           "sinks:\n" +
           sinks;
}

std::string problems(const std::string& sinks, const fs::path& file = "/etc/demo/gateway.yaml") {
    const auto config = parse_config(with_sinks(sinks), file);
    return config ? "accepted" : config.error().text;
}

std::string webhook(const std::string& url, const std::string& more = "") {
    return "  - {name: exchange, webhook: {url: \"" + url + "\", secret_files: [a.secret]" + more +
           "}}\n";
}

}  // namespace

TEST_CASE("two sinks never share a folder, whatever names lead to it") {
    const test::TemporaryFolder folder;
    fs::create_directories(folder.path / "events");
    fs::create_directory_symlink(folder.path / "events", folder.path / "link");
    const auto both = [&](const std::string& other) {
        return problems(
            "  - {name: a, file: {folder: events}}\n  - {name: b, file: {folder: \"" + other +
                "\"}}\n",
            folder.path / "gateway.yaml"
        );
    };
    for (const char* same :
         {"events", "events/", "./x/../events", "link", "link/inside", "events/a/b", ".", ".."})
        CHECK_MESSAGE(both(same).find("is that of sink a") != std::string::npos, same);
    for (const char* other : {"events-b", "event", "../events"}) CHECK(both(other) == "accepted");
}

TEST_CASE("http is for this machine only, and no name that looks like it") {
    for (const char* url :
         {"http://127.0.0.1/x", "http://127.0.0.1:80", "http://localhost:8080/x", "http://[::1]/"})
        CHECK_MESSAGE(problems(webhook(url)) == "accepted", url);
    for (const char* url :
         {"http://127.0.0.1.example/x", "http://localhost.example", "http://127.0.0.10/",
          "http://exchange.example/"})
        CHECK_MESSAGE(problems(webhook(url)).find("must begin with https://") < 200, url);
}

TEST_CASE("a proxy is named by its address, its login stands in a file") {
    const std::string url = "https://exchange.example/x";
    CHECK(problems(webhook(url, ", proxy: \"http://proxy:3128\"")) == "accepted");
    CHECK(problems(webhook(url, ", proxy: \"socks5h://proxy:1080\"")) == "accepted");
    for (const char* wrong : {"proxy:3128", "ftp://proxy", "http://"})
        CHECK(
            problems(webhook(url, ", proxy: \"" + std::string(wrong) + "\""))
                .find("must be http") != std::string::npos
        );
    CHECK(
        problems(webhook(url, ", proxy: \"http://user:word@proxy:3128\""))
            .find("proxy_login_file") != std::string::npos
    );
    CHECK(
        problems(webhook(url, ", proxy_login_file: login")).find("there is no proxy") !=
        std::string::npos
    );
}

TEST_CASE("NATS servers: TLS, or this machine, or said so; one login") {
    const auto nats = [](const std::string& settings) {
        return problems("  - {name: stream, nats: {" + settings + "}}\n");
    };
    CHECK(nats("servers: [\"tls://a:4222\", \"tls://b\"]") == "accepted");
    CHECK(nats("servers: [\"nats://127.0.0.1:4222\", \"nats://localhost\"]") == "accepted");
    CHECK(nats("servers: [\"nats://leaf:4222\"], plain_nats: true") == "accepted");
    const std::pair<const char*, const char*> wrong[] = {
        {"servers: []", "names no server"},
        {"servers: [\"nats://leaf:4222\"]", "in the clear"},
        {"servers: [\"http://a\"]", "must begin with tls://"},
        {"servers: [\"tls://user:word@a\"]", "a login stands in user and password_file"},
        {"servers: [\"tls://a\", \"nats://127.0.0.1\"]", "are all reached by tls:// or none is"},
        {"servers: [\"tls://a\"], user: u", "user and password_file go together"},
        {"servers: [\"tls://a\"], key_file: k", "certificate_file and key_file go together"},
        {"servers: [\"tls://a\"], token_file: t, credentials_file: c", "several logins"},
        {"servers: [\"tls://a\"], backoff_first_ms: 5000, backoff_longest_ms: 10", "is shorter"},
    };
    for (const auto& [settings, told] : wrong)
        CHECK_MESSAGE(nats(settings).find(told) != std::string::npos, settings);
    CHECK(
        problems("  - {name: a, nats: {servers: [\"tls://a\"]}, file: {folder: x}}\n")
            .find("exactly one of webhook, nats, file") != std::string::npos
    );
}

TEST_CASE("a changed content of a named file is noticed, whatever it holds") {
    const test::TemporaryFolder folder;
    const auto config = parse_config(
        with_sinks(webhook(
            "https://exchange.example/x",
            ", bearer_token_file: token, authority_file: ca.pem, proxy: \"http://p:1\", "
            "proxy_login_file: login"
        )),
        folder.path / "gateway.yaml"
    );
    REQUIRE(config);
    const auto before = file_contents(*config);
    CHECK(before.size() == 5);
    CHECK(changed_files(before, file_contents(*config)).empty());
    for (const char* name : {"a.secret", "token", "ca.pem", "login", "mis.password"}) {
        platform::write_file_atomically(folder.path / name, "first");
        const auto first = file_contents(*config);
        platform::write_file_atomically(folder.path / name, "second");
        const auto changed = changed_files(first, file_contents(*config));
        CHECK(changed == std::vector<fs::path>{folder.path / name});
    }
    CHECK(changed_files(before, file_contents(*config)).size() == 5);
}

}  // namespace sink_settings_test
