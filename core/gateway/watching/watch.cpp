#include "gateway/watching/watch.hpp"

#include "base/log.hpp"
#include "gateway/watching/health.hpp"
#include "gateway/watching/metrics.hpp"

namespace mis::gateway {
namespace {

constexpr std::chrono::seconds kFresh{1};
constexpr std::size_t kQuestionsMax = 64;  // waiting for one look; more are told to come again

net::HttpServer::Options options_of(const WatchSettings& settings) {
    net::HttpServer::Options options;
    options.address = settings.address;
    options.port = static_cast<std::uint16_t>(settings.port);
    return options;
}

}  // namespace

Watch::Watch(Daemon& daemon, WatchSettings settings, const Clock& clock)
    : daemon_(daemon),
      settings_(std::move(settings)),
      clock_(clock),
      server_(std::make_unique<net::HttpServer>(
          options_of(settings_),
          [this](net::ServerRequest request, net::Responder respond) {
              take(std::move(request), std::move(respond));
          }
      )) {
    looking_ = std::thread([this] { answer_questions(); });
    log::info("health and metrics on http://{}:{}/healthz and /metrics", settings_.address, port());
}

Watch::~Watch() {
    server_.reset();  // no further questions
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    asked_.notify_one();
    looking_.join();
}

void Watch::take(net::ServerRequest request, net::Responder respond) {
    if (request.path == "/livez" && (request.method == "GET" || request.method == "HEAD")) {
        Figures turning;
        turning.now_us = clock_.unix_us();
        turning.last_turn_us = daemon_.last_turn_us();
        const auto health = answer_health(judge_health(turning), request.path);
        net::ServerAnswer answer;
        answer.status = health.status;
        answer.content_type = health.content_type;
        answer.body = health.body;
        return respond(std::move(answer));
    }
    std::unique_lock lock(mutex_);
    if (questions_.size() >= kQuestionsMax) {
        lock.unlock();
        net::ServerAnswer busy;
        busy.status = 503;
        busy.content_type = "text/plain; charset=utf-8";
        busy.body = "waiting for the store\n";
        return respond(std::move(busy));
    }
    questions_.push_back({std::move(request), std::move(respond)});
    asked_.notify_one();
}

void Watch::answer_questions() {
    std::unique_lock lock(mutex_);
    for (;;) {
        asked_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
        if (stopping_) return;
        const Question question = std::move(questions_.front());
        questions_.pop_front();
        lock.unlock();
        net::ServerAnswer given;
        try {
            given = answer(question.request);
        } catch (const sqlite::StoreError& error) {
            given.status = 503;
            given.content_type = "text/plain; charset=utf-8";
            given.body = std::string("the store cannot be asked: ") + error.what() + "\n";
        }
        question.respond(std::move(given));
        lock.lock();
    }
}

const Figures& Watch::figures() {
    if (clock_.steady() - taken_ < kFresh) return figures_;
    figures_ = daemon_.figures();
    figures_.backup_watched = !settings_.backup_folder.empty();
    figures_.backup_age_hours_max = settings_.backup_age_hours_max;
    taken_ = clock_.steady();
    return figures_;
}

net::ServerAnswer Watch::answer(const net::ServerRequest& request) {
    net::ServerAnswer answer;
    if (request.method != "GET" && request.method != "HEAD") {
        answer.status = 405;
        answer.body = R"({"error":"only GET is answered here"})";
        return answer;
    }
    if (request.path == "/metrics") {
        answer.content_type = kMetricsContentType;
        answer.body = render_metrics(figures());
        return answer;
    }
    auto health = answer_health(judge_health(figures()), request.path);
    answer.status = health.status;
    answer.content_type = std::move(health.content_type);
    answer.body = std::move(health.body);
    return answer;
}

}  // namespace mis::gateway
