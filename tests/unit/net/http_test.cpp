#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <thread>

#include "net/gzip.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"

using namespace mis;
using namespace mis::net;

namespace {

std::string url_of(const HttpServer& server, std::string_view path) {
    return "http://127.0.0.1:" + std::to_string(server.port()) + std::string(path);
}

HttpRequest post(std::string url, std::string body) {
    HttpRequest request;
    request.method = "POST";
    request.url = std::move(url);
    request.body = std::move(body);
    return request;
}

HttpOutcome ask(HttpClient& client, HttpRequest request) {
    std::optional<HttpOutcome> answer;
    client.send(std::move(request), [&](HttpOutcome outcome) { answer = std::move(outcome); });
    while (!answer) client.work(std::chrono::seconds(60));
    return std::move(*answer);
}

void echo(ServerRequest request, Responder respond) {
    ServerAnswer answer;
    answer.body = request.method + " " + request.path + "?" + request.query + " " + request.body;
    answer.headers.emplace_back("X-Echo", std::string(find_header(request.headers, "x-question")));
    respond(std::move(answer));
}

}  // namespace

TEST_CASE("client and server: method, path, query, headers and body arrive") {
    HttpServer server({}, echo);
    HttpClient client;
    auto request = post(url_of(server, "/a/b?c=1"), "hello");
    request.headers.emplace_back("X-Question", "42");
    const auto outcome = ask(client, request);
    REQUIRE(outcome);
    CHECK(outcome->status == 200);
    CHECK(outcome->body == "POST /a/b?c=1 hello");
    CHECK(find_header(outcome->headers, "x-echo") == "42");

    HttpRequest get;
    get.url = url_of(server, "/");
    CHECK(ask(client, get)->body == "GET /? ");
    auto removal = post(url_of(server, "/x"), "");
    removal.method = "DELETE";
    CHECK(ask(client, removal)->body == "DELETE /x? ");
    get.method = "HEAD";
    CHECK(ask(client, get)->body.empty());
}

TEST_CASE("many requests at once are all answered, each with its own answer") {
    HttpServer server({}, echo);
    HttpClient client;
    constexpr int kCount = 500;
    int right = 0;
    int done = 0;
    for (int i = 0; i < kCount; ++i) {
        const std::string body = std::to_string(i);
        client.send(post(url_of(server, "/"), body), [&, body](HttpOutcome outcome) {
            if (outcome && outcome->body == "POST /? " + body) ++right;
            ++done;
        });
    }
    while (done < kCount) client.work(std::chrono::seconds(60));
    CHECK(right == kCount);
}

TEST_CASE("a refused connection is known not to have been sent") {
    std::string dead;
    {
        HttpServer server({}, echo);
        dead = url_of(server, "/");
    }
    HttpClient client;
    const auto outcome = ask(client, post(dead, "x"));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().fate == Fate::not_sent);
    CHECK(outcome.error().error.kind == ErrorKind::unavailable);
}

TEST_CASE("silence and a reset after the request leave its outcome unknown") {
    std::vector<Responder> kept;
    HttpServer server({}, [&](ServerRequest request, Responder respond) {
        if (request.path == "/silent") return kept.push_back(std::move(respond));
        ServerAnswer answer;
        answer.body = std::string(1000, 'x');
        answer.cut_after_bytes = request.path == "/reset" ? 0 : 200;
        respond(std::move(answer));
    });
    HttpClient client;
    auto silent = post(url_of(server, "/silent"), "x");
    silent.total_timeout = std::chrono::milliseconds(150);
    for (const auto& request :
         {silent, post(url_of(server, "/reset"), "x"), post(url_of(server, "/half"), "x")}) {
        const auto outcome = ask(client, request);
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().fate == Fate::unknown);
        CHECK(outcome.error().error.kind == ErrorKind::unavailable);
    }
}

TEST_CASE("a wrong URL is misconfigured and does not show the path; of a long answer is read enough"
) {
    HttpServer server({}, [](ServerRequest, Responder respond) {
        ServerAnswer answer;
        answer.body = std::string(5000, 'x');
        respond(std::move(answer));
    });
    HttpClient client;
    CHECK(ask(client, post("ftp://127.0.0.1/", "")).error().error.kind == ErrorKind::misconfigured);
    CHECK(ask(client, post("http://[", "")).error().error.kind == ErrorKind::misconfigured);
    auto request = post(url_of(server, "/secret-token"), "x");
    request.response_bytes_max = 4000;
    const auto outcome = ask(client, request);
    REQUIRE(outcome);
    CHECK(outcome->status == 200);
    CHECK(outcome->is_cut);
    CHECK(outcome->body == std::string(4000, 'x'));
    const auto whole = ask(client, post(url_of(server, "/"), "x"));
    REQUIRE(whole);
    CHECK_FALSE(whole->is_cut);
    CHECK(whole->body.size() == 5000);
    request.url = "https://127.0.0.1:" + std::to_string(server.port()) + "/secret-token";
    const auto failure = ask(client, request);
    REQUIRE_FALSE(failure);
    CHECK(failure.error().error.text.find("secret-token") == std::string::npos);
}

TEST_CASE("destroying the client cancels what is under way, once each") {
    std::vector<Responder> kept;
    std::promise<void> arrived;
    auto client = std::make_unique<HttpClient>();
    HttpServer server({}, [&](ServerRequest, Responder respond) {
        kept.push_back(std::move(respond));
        client->interrupt();
        arrived.set_value();
    });
    int cancelled = 0;
    client->send(post(url_of(server, "/"), "x"), [&](HttpOutcome outcome) {
        if (!outcome && outcome.error().error.kind == ErrorKind::cancelled &&
            outcome.error().fate == Fate::unknown)
            ++cancelled;
    });
    client->work(std::chrono::seconds(60));
    arrived.get_future().wait();
    client.reset();
    CHECK(cancelled == 1);
}

TEST_CASE("a client moves inside work() only, and is interrupted from other threads") {
    HttpServer server({}, echo);
    HttpClient client;
    int done = 0;
    const std::string large(300'000, 'y');
    for (const auto* path : {"/a", "/b", "/c"})
        client.send(post(url_of(server, path), large), [&, path](HttpOutcome outcome) {
            REQUIRE(outcome);
            CHECK(outcome->body == "POST " + std::string(path) + "? " + large);
            ++done;
        });
    CHECK(done == 0);
    while (done < 3) client.work(std::chrono::seconds(60));
    CHECK(ask(client, post(url_of(server, "/d"), "x"))->body == "POST /d? x");

    std::thread other([&] { client.interrupt(); });
    client.work(std::chrono::hours(1));  // nothing to do: it returns because of the other thread
    other.join();
    client.work(std::chrono::milliseconds(1));
}

TEST_CASE("gzip bodies are unpacked before the handler sees them; bombs and garbage are refused") {
    HttpServer::Options options;
    options.body_bytes_max = 100'000;
    HttpServer server(options, [](ServerRequest request, Responder respond) {
        ServerAnswer answer;
        answer.body = std::to_string(request.body.size());
        respond(std::move(answer));
    });
    HttpClient client;
    const auto status_of = [&](std::string packed) {
        auto request = post(url_of(server, "/"), std::move(packed));
        request.headers.emplace_back("Content-Encoding", "gzip");
        return ask(client, request)->status;
    };
    CHECK(status_of(gzip(std::string(90'000, 'a'), 1)) == 200);
    CHECK(status_of(gzip(std::string(10'000'000, 'a'), 9)) == 400);
    CHECK(status_of("no gzip at all") == 400);
    CHECK(ask(client, post(url_of(server, "/"), std::string(200'000, 'a')))->status == 413);

    const std::string plain = "Тестова " + std::string(5000, 'z');
    CHECK(gunzip(gzip(plain, 1), plain.size()).value() == plain);
    CHECK(gunzip(gzip("", 6), 0).value().empty());
    CHECK_FALSE(gunzip(gzip(plain, 1), plain.size() - 1));
    const auto packed = gzip(plain, 6);
    for (std::size_t cut = 0; cut < packed.size(); ++cut)
        CHECK_FALSE(gunzip(packed.substr(0, cut), 10'000));
    CHECK_FALSE(gunzip(packed + "x", 10'000));
}

TEST_CASE(
    "answers may come later and from another thread; a forgotten one becomes 500, a late one 503"
) {
    HttpServer::Options options;
    options.answer_timeout = std::chrono::milliseconds(100);
    std::thread answering;
    std::vector<Responder> kept;
    {
        HttpServer server(options, [&](ServerRequest request, Responder respond) {
            if (request.path == "/later") {
                answering = std::thread([respond] {
                    ServerAnswer answer;
                    answer.status = 202;
                    respond(answer);
                    answer.status = 500;
                    respond(answer);  // the first counts
                });
            } else if (request.path == "/never") {
                kept.push_back(respond);
            }
        });
        HttpClient client;
        CHECK(ask(client, post(url_of(server, "/later"), ""))->status == 202);
        CHECK(ask(client, post(url_of(server, "/forgotten"), ""))->status == 500);
        CHECK(ask(client, post(url_of(server, "/never"), ""))->status == 503);
    }
    kept.front()(ServerAnswer());  // after the server: harmless
    answering.join();
}

TEST_CASE("TLS: verified against the given authority, refused without it and under another name") {
    char pattern[] = "/tmp/mis-net-test-XXXXXX";
    const std::filesystem::path folder = mkdtemp(pattern);
    const std::string make =
        "cd " + folder.string() +
        " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem "
        "2>/dev/null";
    REQUIRE(std::system(make.c_str()) == 0);
    HttpServer::Options options;
    options.certificate_file = folder / "cert.pem";
    options.key_file = folder / "key.pem";
    HttpServer server(options, echo);
    HttpClient client;
    const std::string port = std::to_string(server.port());
    auto request = post("https://localhost:" + port + "/t", "secret");
    request.tls.authority_file = options.certificate_file;
    const auto outcome = ask(client, request);
    REQUIRE(outcome);
    CHECK(outcome->body == "POST /t? secret");

    request.tls.authority_file.clear();
    const auto stranger = ask(client, request);
    REQUIRE_FALSE(stranger);
    CHECK(stranger.error().fate == Fate::not_sent);
    request.tls.authority_file = options.certificate_file;
    request.url = "https://127.0.0.1:" + port + "/t";
    CHECK_FALSE(ask(client, request));
    std::filesystem::remove_all(folder);
}

TEST_CASE("an address that cannot be listened on is a start-up error that names it") {
    HttpServer server({}, echo);
    HttpServer::Options options;
    options.port = server.port();
    CHECK_THROWS_WITH_AS(
        HttpServer(options, echo), doctest::Contains(std::to_string(server.port()).c_str()),
        std::runtime_error
    );
    options.address = "localhost";
    CHECK_THROWS_AS(HttpServer(options, echo), std::runtime_error);
}

TEST_CASE("query parameters are decoded") {}
