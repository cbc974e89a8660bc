#include "source/push/listener.hpp"

#include <fmt/format.h>

#include <exception>

#include "base/log.hpp"
#include "source/push/push_reader.hpp"
#include "source/staged/staged_source.hpp"

namespace mis::source::push {
namespace {

constexpr std::size_t kWaitingMax = 16;

// Of a caller who was let in: his whole message, over a slow line.
constexpr std::chrono::seconds kMessageSecondsMax{60};
constexpr std::chrono::seconds kIdleSecondsMax{30};
constexpr std::size_t kConnectionsMax = 64;

Result<void> is_of_this_kind(const Connector& connector) {
    if (connector.push) return {};
    return fail(
        ErrorKind::misconfigured,
        fmt::format(
            "connector {} is of kind {} and is sent nothing: name a connector that is",
            connector.name, connector.source_kind
        )
    );
}

DeskSettings desk_settings(
    const config::PushConfig& config, const std::string& secret, const SourceOptions& options
) {
    DeskSettings settings;
    settings.secret = secret;
    settings.requests_per_minute = config.requests_per_minute;
    settings.body_bytes_max = static_cast<std::size_t>(config.body_bytes_max);
    settings.journal_bytes_max = config.journal_bytes_max;
    settings.free_disk_bytes_min = options.free_disk_bytes_min;
    settings.folder = options.intake_file.parent_path();
    settings.hints = config.hints;
    settings.orders = config.orders;
    return settings;
}

}  // namespace

net::HttpServer::Options server_options(const config::PushConfig& config) {
    net::HttpServer::Options options;
    options.address = config.address;
    options.port = static_cast<std::uint16_t>(config.port);
    options.certificate_file = config.certificate_file.string();
    options.key_file = config.key_file.string();
    options.body_bytes_max = static_cast<std::size_t>(config.body_bytes_max);
    options.connections_max = kConnectionsMax;
    options.idle_timeout = kIdleSecondsMax;
    options.body_timeout = kMessageSecondsMax;
    return options;
}

Listener::Listener(
    net::HttpServer::Options options, std::unique_ptr<Desk> desk, int silent_minutes_max
)
    : address_(fmt::format("{}:{}", options.address, options.port)),
      silent_minutes_max_(silent_minutes_max),
      desk_(std::move(desk)) {
    options.admit = [this](const net::ServerRequest& head) { return desk_->admit(head); };
    server_ = std::make_unique<net::HttpServer>(
        std::move(options),
        [this](net::ServerRequest request, net::Responder respond) {
            enqueue(std::move(request), std::move(respond));
        }
    );
    keeping_ = std::thread([this] { keep(); });
}

Listener::~Listener() {
    server_.reset();
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    more_.notify_one();
    keeping_.join();
}

void Listener::enqueue(net::ServerRequest request, net::Responder respond) {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() < kWaitingMax) {
            waiting_.push_back({std::move(request), std::move(respond)});
            more_.notify_one();
            return;
        }
    }
    respond(desk_->busy());
}

void Listener::keep() {
    std::unique_lock lock(mutex_);
    for (;;) {
        more_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (stopping_) return;
        Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        net::ServerAnswer answer;
        try {
            answer = desk_->take(next.request);
        } catch (const std::exception& error) {
            log::error("taking a message: {}", error.what());
            answer = desk_->busy();
        }
        next.respond(std::move(answer));
        lock.lock();
    }
}

IntakeFigures Listener::figures() {
    IntakeFigures figures = desk_->figures();
    figures.address = address_;
    figures.silent_minutes_max = silent_minutes_max_;
    return figures;
}

IntakeOpener intake_opener(config::PushConfig config, std::string secret) {
    return [config = std::move(config), secret = std::move(secret)](
               const Connector& connector, const SourceOptions& options, const Clock& clock,
               IntakeHooks hooks
           ) -> Result<std::unique_ptr<Intake>> {
        if (auto fits = is_of_this_kind(connector); !fits) return fail(fits.error());
        try {
            auto desk = Desk::make(
                connector, desk_settings(config, secret, options),
                Journal::open_for_writing(options.intake_file), options.zone, clock,
                std::move(hooks)
            );
            if (!desk) return fail(desk.error());
            auto listener = std::make_unique<Listener>(
                server_options(config), *std::move(desk), config.silent_minutes_max
            );
            log::info(
                "{} takes messages on {}://{}:{}", connector.name,
                config.certificate_file.empty() ? "http" : "https", config.address, listener->port()
            );
            return listener;
        } catch (const std::exception& error) {
            return fail(ErrorKind::misconfigured, error.what());
        }
    };
}

Opener opener(config::PushConfig config, std::string secret) {
    return [config = std::move(config), secret = std::move(secret)](
               const Connector& connector, const SourceOptions& options, const Clock& clock
           ) -> Result<std::unique_ptr<Source>> {
        if (auto fits = is_of_this_kind(connector); !fits) return fail(fits.error());
        auto reader = std::make_unique<PushReader>(connector, config, secret, clock, options);
        return std::make_unique<StagedSource>(connector, std::move(reader), clock, options);
    };
}

}  // namespace mis::source::push
