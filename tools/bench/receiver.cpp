// bench_receiver: takes any POST, counts the CloudEvents in it, answers 200. Cheaper than
// mis-receiver on purpose: what is compared are senders.
//
// Prints "listening PORT"; GET /stats answers {"events":N,"requests":N,"seconds":S}: from the first
// to the last POST.
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <mutex>

#include "net/http_server.hpp"

using namespace mis;

namespace {

std::uint64_t events_in(std::string_view body) {
    std::uint64_t count = 0;
    constexpr std::string_view kMark = "\"specversion\"";
    for (auto at = body.find(kMark); at != std::string_view::npos;
         at = body.find(kMark, at + kMark.size()))
        ++count;
    return count;
}

}  // namespace

int main(int argc, char** argv) {
    net::HttpServer::Options options;
    options.body_bytes_max = 16 << 20;
    CLI::App app{"Counts what it is sent."};
    app.add_option("--port", options.port);
    app.add_option("--certificate", options.certificate_file);
    app.add_option("--key", options.key_file);
    CLI11_PARSE(app, argc, argv);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    using Clock = std::chrono::steady_clock;
    std::mutex mutex;
    std::uint64_t events = 0, requests = 0;
    Clock::time_point first, last;
    net::HttpServer server(options, [&](net::ServerRequest request, net::Responder respond) {
        const std::lock_guard lock(mutex);
        net::ServerAnswer answer;
        if (request.method == "GET") {
            answer.body = fmt::format(
                "{{\"events\":{},\"requests\":{},\"seconds\":{:.3f}}}\n", events, requests,
                std::chrono::duration<double>(last - first).count()
            );
            return respond(std::move(answer));
        }
        last = Clock::now();
        if (requests++ == 0) first = last;
        events += events_in(request.body);
        respond(std::move(answer));
    });
    fmt::print("listening {}\n", server.port());
    std::fflush(stdout);
    int which = 0;
    sigwait(&signals, &which);
}
