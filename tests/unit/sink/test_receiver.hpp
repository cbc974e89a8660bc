// A receiver on the real server: verifies every signature, remembers what came, and answers as the
// test says.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/crypto.hpp"
#include "base/json.hpp"
#include "net/http_server.hpp"
#include "net/webhook_signature.hpp"

namespace mis::test {

inline net::WebhookSecret test_secret() {
    return net::WebhookSecret::parse("whsec_" + to_base64("invented-secret-0123456789-abcdef"))
        .value();
}

struct Delivery {  // one request
    std::vector<std::string> ids;
    std::vector<std::string> keys;
    std::vector<std::string> sequences;  // empty where the test's events have none
    std::vector<std::string> previous;   // previoussequence: of filtered views only
    std::string webhook_id;
    std::string content_type;
    bool verified = false;
    bool packed = false;
};

class TestReceiver {
  public:
    using Answer = std::function<net::ServerAnswer(const Delivery&)>;

    // The fake clock's time is not this thread's to read: timestamps are verified against the one
    // given.
    TestReceiver(std::int64_t now_s, Answer answer, std::uint16_t port = 0)
        : now_s_(now_s),
          answer_(std::move(answer)),
          server_(options(port), [this](auto request, auto respond) {
              receive(request, respond);
          }) {}

    std::string url() const {
        return "http://127.0.0.1:" + std::to_string(server_.port()) + "/events";
    }
    std::uint16_t port() const { return server_.port(); }

    std::vector<Delivery> deliveries() const {
        const std::lock_guard lock(mutex_);
        return deliveries_;
    }
    std::map<std::string, int> taken() const {  // id → how often in a request that was answered 2xx
        const std::lock_guard lock(mutex_);
        return taken_;
    }
    std::vector<std::string> order_of(const std::string& key) const {  // ids of a key as taken
        const std::lock_guard lock(mutex_);
        const auto found = order_.find(key);
        return found == order_.end() ? std::vector<std::string>() : found->second;
    }

  private:
    static net::HttpServer::Options options(std::uint16_t port) {
        net::HttpServer::Options given;
        given.port = port;
        return given;
    }

    void receive(const net::ServerRequest& request, const net::Responder& respond) {
        Delivery delivery;
        Json body = parse_json(request.body).value();
        if (!body.is_array()) body = Json::array({body});
        for (const auto& event : body) {
            delivery.ids.push_back(event.at("id"));
            delivery.keys.push_back(event.at("partitionkey"));
            delivery.sequences.push_back(event.value("sequence", ""));
            delivery.previous.push_back(event.value("previoussequence", ""));
        }
        delivery.webhook_id = net::find_header(request.headers, "webhook-id");
        delivery.content_type = net::find_header(request.headers, "content-type");
        delivery.packed = net::find_header(request.headers, "content-encoding") == "gzip";
        const std::vector secrets{test_secret()};
        delivery.verified =
            net::verify_webhook(
                secrets, request.headers, request.body, now_s_, std::chrono::hours(100'000)
            )
                .has_value();
        const net::ServerAnswer answer = answer_(delivery);
        {
            const std::lock_guard lock(mutex_);
            deliveries_.push_back(delivery);
            if (answer.status < 300)
                for (std::size_t i = 0; i < delivery.ids.size(); ++i) {
                    ++taken_[delivery.ids[i]];
                    order_[delivery.keys[i]].push_back(delivery.ids[i]);
                }
        }
        respond(answer);
    }

    const std::int64_t now_s_;
    const Answer answer_;
    mutable std::mutex mutex_;
    std::vector<Delivery> deliveries_;
    std::map<std::string, int> taken_;
    std::map<std::string, std::vector<std::string>> order_;
    net::HttpServer server_;  // last: its thread uses all of the above
};

inline net::ServerAnswer status(int code) {
    net::ServerAnswer answer;
    answer.status = code;
    return answer;
}

}  // namespace mis::test
