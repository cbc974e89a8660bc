// mis-receiver: a small exchange. Verifies and keeps what the gateway delivers, shows it, adds it
// up, sends messages by the inbox, and misbehaves when asked to.
//
// POST anywhere else: a CloudEvent or a batch. GET /stats: counts. With --database also GET /books,
// with --inbox-token-file /inbox and /messages (inbox_desk.hpp). SIGINT, SIGTERM: summary.
#include <pthread.h>
#include <signal.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <ctime>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/json_fields.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "exchange.hpp"
#include "inbox_desk.hpp"
#include "ledger.hpp"
#include "line.hpp"
#include "misbehaviour.hpp"
#include "net/http_server.hpp"
#include "net/webhook_signature.hpp"
#include "platform/file.hpp"

namespace {

using namespace mis;
using namespace mis::receiver;

enum class Show { lines, json, nothing };

struct Settings {
    net::HttpServer::Options server;
    std::vector<net::WebhookSecret> secrets;
    std::string events_file;
    std::string database;     // empty: only counts are kept
    std::string inbox_token;  // empty: no inbox
    Sync sync = Sync::never;
    Show show = Show::lines;
    Misbehaviour misbehaviour;
};

Json json_of(const Ledger& ledger) {
    const Counts counts = ledger.counts();
    return {
        {"requests", counts.requests},
        {"received", counts.received},
        {"distinct", counts.distinct},
        {"duplicates", counts.duplicates},
        {"invalid_signatures", counts.invalid_signatures},
        {"malformed", counts.malformed},
        {"out_of_order", counts.out_of_order},
        {"gaps", counts.gaps},
        {"refused", counts.refused},
        {"by_type", ledger.by_type},
        {"standing", ledger.standing()},
    };
}

class Receiver {  // take() runs on the server's thread, summary() on main's
  public:
    explicit Receiver(const Settings& settings)
        : settings_(settings),
          ledger_(settings.events_file, settings.sync),
          random_(std::random_device()()) {
        if (!settings.database.empty()) exchange_.emplace(settings.database);
        if (!settings.inbox_token.empty())
            desk_ = std::make_unique<InboxDesk>(*exchange_, mutex_, settings.inbox_token);
    }

    // A base that fails (a full disk) is told to whoever asks; nothing of the request was taken.
    void take(const net::ServerRequest& request, const net::Responder& respond) {
        try {
            take_or_fail(request, respond);
        } catch (const sqlite::StoreError& error) {
            respond(refusal(503, error.what()));
        }
    }

    std::string summary() {
        const std::lock_guard lock(mutex_);
        return json_of(ledger_).dump();
    }
    Counts counts() {
        const std::lock_guard lock(mutex_);
        return ledger_.counts();
    }

  private:
    void take_or_fail(const net::ServerRequest& request, const net::Responder& respond) {
        const std::lock_guard lock(mutex_);
        if (!desk_ || !InboxDesk::is_mine(request)) return respond(handle(request));
        if (request.path == "/inbox" && request.method == "POST") {
            // answers to our messages meet the same misbehaviour as events
            Plan plan = plan_for(settings_.misbehaviour, Json::array(), random_);
            if (plan.keep == Keep::nothing) return respond(std::move(plan.answer));
            if (plan.answer.status >= 300 || plan.answer.cut_after_bytes)
                respond(std::move(plan.answer));  // a lie: the first answer counts
        }
        desk_->take(request, respond);
    }

    net::ServerAnswer handle(const net::ServerRequest& request) {
        if (request.method == "GET") return look_up(request);
        if (request.method != "POST") return refusal(405, "POST events, or GET /stats");
        ++ledger_.tally.requests;
        if (!settings_.secrets.empty()) {
            const auto verified = net::verify_webhook(
                settings_.secrets, request.headers, request.body,
                SystemClock().unix_us() / 1'000'000
            );
            if (!verified) {
                ++ledger_.tally.invalid_signatures;
                return refusal(401, verified.error().text);
            }
        }
        auto events = parse_json(request.body);
        if (events && events->is_object()) events = Json::array({*events});
        if (!events || !events->is_array()) {
            ++ledger_.tally.malformed;
            return refusal(400, "neither a CloudEvent nor a batch");
        }
        Plan plan = plan_for(settings_.misbehaviour, *events, random_);
        if (plan.keep == Keep::nothing) {
            ++ledger_.tally.refused;
            return plan.answer;
        }
        if (plan.keep == Keep::all_but_rejected) leave_out_rejected(*events);
        if (exchange_) store(*events, plan.answer);
        for (const auto& event : *events) keep(event);
        ledger_.flush();
        if (settings_.show != Show::nothing) std::cout.flush();
        return plan.answer;
    }

    void leave_out_rejected(Json& events) const {
        Json kept = Json::array();
        for (auto& event : events)
            if (!event.is_object() || !settings_.misbehaviour.reject.contains(text_in(event, "id")))
                kept.push_back(std::move(event));
        events = std::move(kept);
    }

    // What the exchange cannot take is named in the answer and left out of `events`.
    void store(Json& events, net::ServerAnswer& answer) {
        const auto refused = exchange_->take(events);
        if (refused.empty()) return;
        auto told = parse_json(answer.body);
        Json body = told && told->is_object() ? std::move(*told) : Json::object();
        for (const auto& one : refused)
            body["rejected"].push_back({{"id", one.id}, {"reason", one.reason}});
        if (!answer.cut_after_bytes) answer.body = body.dump();
        const auto is_refused = [&](const Json& event) {
            const std::string id = event.is_object() ? text_in(event, "id") : std::string();
            return std::any_of(refused.begin(), refused.end(), [&](const auto& one) {
                return one.id == id;
            });
        };
        Json kept = Json::array();
        for (auto& event : events)
            if (!is_refused(event)) kept.push_back(std::move(event));
        events = std::move(kept);
    }

    void keep(const Json& event) {
        const bool fresh = ledger_.keep(event);
        if (settings_.show == Show::lines)
            std::cout << line_of(event) << (fresh ? "\n" : "  (again)\n");
        if (settings_.show == Show::json) std::cout << event.dump() << '\n';
    }

    net::ServerAnswer look_up(const net::ServerRequest& request) {
        net::ServerAnswer answer;
        if (request.path == "/books" && exchange_) {
            answer.body = exchange_->books().summary().dump() + "\n";
            return answer;
        }
        if (request.path != "/stats") return refusal(404, "only /stats, and /books of a database");
        Json stats = json_of(ledger_);
        if (desk_) {
            const auto counts = desk_->counts();
            stats["inbox"] = {
                {"polls", counts.polls},
                {"unauthorized", counts.unauthorized},
                {"placed", counts.placed},
                {"answers", counts.answers},
                {"unknown_cursors", counts.unknown_cursors},
            };
        }
        answer.body = stats.dump() + "\n";
        return answer;
    }

    static net::ServerAnswer refusal(int status, const std::string& why) {
        net::ServerAnswer answer;
        answer.status = status;
        answer.body = Json{{"error", why}}.dump() + "\n";
        return answer;
    }

    const Settings& settings_;
    std::mutex mutex_;
    Ledger ledger_;
    std::mt19937 random_;
    std::optional<Exchange> exchange_;
    std::unique_ptr<InboxDesk> desk_;
};

// Files of events, one a line, as if they had been delivered.
int take_files(const std::string& database, const std::vector<std::string>& files) {
    Exchange exchange(database.empty() ? ":memory:" : database);
    for (const auto& name : files) {
        std::ifstream file(name);
        if (!file) throw std::runtime_error("opening " + name + ": it cannot be read");
        Json events = Json::array();
        for (std::string line; std::getline(file, line);) {
            if (trim(line).empty()) continue;
            auto event = parse_json(line);
            if (!event) throw std::runtime_error(event.error().text + " (" + name + ")");
            events.push_back(std::move(*event));
        }
        for (const auto& one : exchange.take(events)) {
            std::cerr << name << ": " << one.id << ": " << one.reason << '\n';
            return 1;
        }
    }
    std::cout << exchange.books().summary().dump() << '\n';
    return 0;
}

int run(Settings settings) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread: they all inherit it
    Receiver receiver(settings);
    settings.server.body_bytes_max = 16 << 20;
    settings.server.answer_timeout = std::chrono::seconds(330);  // a long poll's wait, and more
    {
        net::HttpServer server(
            settings.server, [&](net::ServerRequest request,
                                 net::Responder respond) { receiver.take(request, respond); }
        );
        const char* scheme = settings.server.certificate_file.empty() ? "http" : "https";
        std::cout << "listening on " << scheme << "://" << settings.server.address << ':'
                  << server.port() << std::endl;
        int signal = 0;
        sigwait(&signals, &signal);
    }
    const Counts counts = receiver.counts();
    if (settings.show == Show::lines) {
        std::cout << "\nreceived " << counts.received << " events, " << counts.distinct
                  << " distinct, " << counts.duplicates << " repeated; " << counts.out_of_order
                  << " out of order, " << counts.gaps << " missing; " << counts.invalid_signatures
                  << " invalid signatures\n";
    } else {
        std::cout << receiver.summary() << '\n';
    }
    return counts.invalid_signatures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("mis-receiver: receives, verifies and shows the gateway's events");
    Settings settings;
    std::vector<std::string> secret_files;
    std::vector<std::string> poison;
    std::vector<std::string> reject;
    std::vector<std::string> files;
    std::string token_file;
    int status = 0;
    app.add_option("--address", settings.server.address, "IP address to listen on")
        ->capture_default_str();
    app.add_option(
           "--port", settings.server.port, "0: the system chooses; the first line says which"
    )
        ->capture_default_str();
    app.add_option("--certificate", settings.server.certificate_file, "PEM chain: listen with TLS");
    app.add_option("--key", settings.server.key_file, "PEM key of the certificate");
    app.add_option(
        "--secret-file", secret_files,
        "file with whsec_…; repeat while rotating; none: nothing is verified"
    );
    app.add_option(
        "--events", settings.events_file,
        "JSON Lines file that keeps what was received; continued if it exists"
    );
    auto* database = app.add_option(
        "--database", settings.database,
        "SQLite file that keeps each event exactly once; made if it does not exist. GET /books "
        "tells what they add up to"
    );
    app.add_option(
           "--inbox-token-file", token_file,
           "bearer token: serve the inbox at /inbox, and place messages by POST /messages"
    )
        ->needs(database);
    app.add_option(
        "--take", files, "take files of events, one a line, print the books, and end; repeatable"
    );
    app.add_flag_callback(
        "--fsync", [&] { settings.sync = Sync::every_request; }, "fsync before each answer"
    );
    app.add_flag_callback(
        "--quiet", [&] { settings.show = Show::nothing; }, "no line per event"
    );
    app.add_flag_callback(
        "--json", [&] { settings.show = Show::json; }, "events as JSON Lines instead of short lines"
    );
    auto& wrong = settings.misbehaviour;
    app.add_option("--fail-rate", wrong.fail_rate, "share of requests answered 500, nothing kept")
        ->check(CLI::Range(0.0, 1.0));
    app.add_option("--lie-rate", wrong.lie_rate, "share kept, then answered 500")
        ->check(CLI::Range(0.0, 1.0));
    app.add_option("--reset-rate", wrong.reset_rate, "share kept, then reset in mid-answer")
        ->check(CLI::Range(0.0, 1.0));
    app.add_flag_callback(
        "--lie", [&] { wrong.lie_rate = 1; }, "the same as --lie-rate 1"
    );
    app.add_flag_callback(
        "--reset", [&] { wrong.reset_rate = 1; }, "the same as --reset-rate 1"
    );
    app.add_option("--slow-ms", wrong.slow_ms, "before each answer");
    const auto* fixed = app.add_option("--status", status, "answer this to everything")
                            ->check(CLI::Range(200, 599));
    app.add_option("--retry-after", wrong.retry_after_s, "seconds, sent with --status");
    app.add_flag_callback(
        "--gone", [&] { wrong.status = 410; }, "the same as --status 410"
    );
    app.add_option("--poison", poison, "event id: a request with it is answered 422; repeatable");
    app.add_option(
        "--reject-id", reject, "event id: named as rejected, the rest is taken; repeatable"
    );
    CLI11_PARSE(app, argc, argv);
    try {
        if (fixed->count() > 0) wrong.status = status;
        wrong.poison = {poison.begin(), poison.end()};
        wrong.reject = {reject.begin(), reject.end()};
        for (const auto& file : secret_files) {
            auto secret = net::WebhookSecret::parse(platform::read_file(file));
            if (!secret) throw std::runtime_error(secret.error().text + " (" + file + ")");
            settings.secrets.push_back(std::move(*secret));
        }
        if (!token_file.empty()) {
            settings.inbox_token = std::string(trim(platform::read_file(token_file)));
            if (settings.inbox_token.empty())
                throw std::runtime_error("reading a bearer token: " + token_file + " is empty");
        }
        if (!files.empty()) return take_files(settings.database, files);
        return run(std::move(settings));
    } catch (const std::exception& error) {
        std::cerr << "mis-receiver: " << error.what() << '\n';
        return 2;
    }
}
