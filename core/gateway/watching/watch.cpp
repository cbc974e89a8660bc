#include "gateway/watching/watch.hpp"

#include "base/log.hpp"
#include "gateway/watching/health.hpp"
#include "gateway/watching/metrics.hpp"

namespace mis::gateway {
namespace {

constexpr std::chrono::seconds kFresh{1};

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
      server_(options_of(settings_), [this](net::ServerRequest request, net::Responder respond) {
          respond(answer(request));
      }) {
    log::info(
        "health and metrics on http://{}:{}/healthz and /metrics", settings_.address, server_.port()
    );
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
    const std::lock_guard lock(mutex_);
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
