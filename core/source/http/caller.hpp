// Caller: one service, asked one request at a time: pace, authentication, waiting when it says so,
// and what its answer's status and body mean. The rows of an answer reach `row` only once the whole
// body is here, but before its end is known to be well: whoever stages them drops them on an error.
//
// One thread; cancel() from any. Errors name the request as declared, never as sent: no key, id,
// date or secret is in them, nor what the service's text says.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "net/http_client.hpp"
#include "platform/spool.hpp"
#include "source/http/authentication.hpp"
#include "source/http/settings.hpp"
#include "source/source.hpp"

namespace mis::source::http {

inline constexpr int kPatienceSecondsMax = 60;  // of a wait that a service asks for, within a read
inline constexpr int kPatienceTimesMax = 5;     // one after the other

// By what a service tells one state of an answer from another; empty: it does not.
struct Validators {
    std::string etag, last_modified;
    bool is_empty() const { return etag.empty() && last_modified.empty(); }
};

// What to read out of the answer to one request.
struct Question {
    const RequestText* text = nullptr;
    AnswerPlan plan;
    const std::vector<FailureSign>* failures = nullptr;
    std::vector<int> gone;             // statuses that say: no such row
    std::string link;                  // asked for instead of path and query; of the same service
    Validators* validators = nullptr;  // gets those of an answer that was well
};

class Caller {
  public:
    Caller(
        HttpSettings settings, ServiceDeclaration declaration, Values site, const Clock& clock,
        SourceOptions options
    );

    // unavailable, with a wait where the service names one; misconfigured; malformed; cancelled.
    Result<Answer> ask(const Question& question, const Values& values, const TakeRow& row);

    // Whether the service says that its answer is still the one with these validators. false: it is
    // not, or nobody can say.
    bool stands(const RequestText& text, const Values& values, const Validators& known);

    // What stands at `path` below the address ("?wsdl", "$metadata"), up to a megabyte; asked with
    // our proof, for it is our service. nullopt: nothing that answers well.
    std::optional<std::string> page(const std::string& path);

    // The request as it would be sent, without secrets, in lines.
    Result<std::string> text(const RequestText& text, const Values& values) const;
    const std::string& host() const { return host_; }

    void begin() { cancelled_ = false; }
    void cancel();

  private:
    struct Reply {
        int status = 0;
        net::Headers headers;
        std::string refusal;  // of other than 2xx
    };
    Result<net::HttpRequest> request_of(
        const RequestText& text, const Values& values, const Proof& proof, const std::string& link
    ) const;
    Result<Reply> send(net::HttpRequest request);
    Result<Answer> judge(const Question& question, Reply& reply, const TakeRow& row);
    std::optional<Error> failure_of(
        const Question& question, int status, const Envelope& envelope, bool& no_rows
    ) const;
    Error refusal_of(const Reply& reply, const std::string& code) const;
    std::optional<std::chrono::seconds> wait_of(const net::Headers& headers) const;
    Result<void> keep_pace();
    Result<void> pause(std::chrono::microseconds time);
    Result<Authentication::Issued> ask_token(const AuthDeclaration& auth, const Values& values);

    const HttpSettings settings_;
    const ServiceLimits limits_;
    const Values site_;
    const Clock& clock_;
    const SourceOptions options_;
    std::string base_;  // ends with "/"
    std::string host_;
    Authentication authentication_;
    std::mutex client_mutex_;  // of the pointer: cancel() comes from any thread
    std::unique_ptr<net::HttpClient> client_;
    platform::Spool body_;
    std::deque<std::chrono::nanoseconds> asked_;  // of the last minute, steady
    std::atomic<bool> cancelled_{false};
    std::mutex pause_mutex_;
    std::condition_variable woken_;
};

}  // namespace mis::source::http
