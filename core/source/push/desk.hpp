// Desk: what becomes of one request: let in or not by its head alone, then taken, kept and
// answered. Everything of an intake but its sockets and threads.
//
// admit() is called by the listener's thread before a body is read, take() by the one thread that
// keeps; figures() by any.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "net/http_server.hpp"
#include "source/intake.hpp"
#include "source/push/journal.hpp"

namespace mis::source::push {

struct DeskSettings {
    std::string secret;
    int requests_per_minute = 120;  // of one address
    std::size_t body_bytes_max = 16'000'000;
    std::int64_t journal_bytes_max = 256'000'000;
    std::int64_t free_disk_bytes_min = 0;
    std::filesystem::path folder;              // of the journal, for the above
    std::map<std::string, std::string> hints;  // route → SOURCE or SOURCE.STREAM
    bool orders = false;                       // questions about orders are answered with them
};

class Desk {
  public:
    // misconfigured: the secret does not fit into a header, a hint names no route.
    static Result<std::unique_ptr<Desk>> make(
        const Connector& connector, DeskSettings settings, Journal journal,
        std::optional<Zone> zone, const Clock& clock, IntakeHooks hooks
    );

    // An answer: it is turned away with that.
    std::optional<net::ServerAnswer> admit(const net::ServerRequest& head);
    net::ServerAnswer take(const net::ServerRequest& request);
    // Of what the listener does with an admitted request that it has no place for.
    net::ServerAnswer busy();

    IntakeFigures figures();

  private:
    Desk(
        const Connector& connector, DeskSettings settings, Journal journal, std::string expected,
        std::optional<Zone> zone, const Clock& clock, IntakeHooks hooks
    );
    struct Bucket {
        double tokens = 0;
        std::chrono::nanoseconds at{0};
    };
    std::optional<int> seconds_to_wait(const std::string& peer);
    net::ServerAnswer refuse(Refusal refusal, const std::string& reason = {});
    net::ServerAnswer told(const Route& route, const AnswerText& text, const Named& values = {});
    net::ServerAnswer take_snapshot(const Route& route, const std::string& body);
    net::ServerAnswer take_change(const Route& route, const std::string& body);
    net::ServerAnswer answer_question(const Route& route, const net::ServerRequest& request);
    net::ServerAnswer answer_orders(const Route& route, const net::ServerRequest& request);
    std::optional<std::string> why_no_room(std::size_t bytes);
    // Puts it into the journal, counts it and tells the pipeline. False: there is no room, which
    // health tells.
    bool keep(std::size_t bytes, const std::function<Journal::Put(std::int64_t now_us)>& put);
    void forget_old(const StreamDeclaration& stream);
    void hint(const Route& route);
    void count(std::string_view outcome);
    const StreamDeclaration& stream_of(const Route& route) const;

    const Connector connector_;
    const PushDeclaration& push_;
    const DeskSettings settings_;
    const std::string expected_;  // digest of the header's value
    const std::optional<Zone> zone_;
    const Clock& clock_;
    const IntakeHooks hooks_;
    Journal journal_;                        // of the thread that keeps
    std::map<std::string, Bucket> buckets_;  // of the listener's thread
    std::mutex mutex_;
    IntakeFigures figures_;  // guarded by mutex_
};

}  // namespace mis::source::push
