// HttpInbox: the exchange's messages by long poll of an address of its own (schemas/README.md
// section 4).
//
//   GET ?cursor&limit&wait   200: a page, stored whole, then answered; 204: nothing came
//   POST answers             2xx: taken, the cursor moves; else the page comes and is answered
//   again 410                      the cursor is not known: once more from the beginning 429, 503 +
//   Retry-After   everything waits that long else                     again for ever, exponential
//   backoff with full jitter
// A page that cannot be read, or is longer than kPageBytesMax, is asked for in halves; a single
// message that stays unreadable three times is set aside where Next-Cursor says what follows.
// Answers refused with 400, 413 or 422 go one by one; one refused alone is given up and counted.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "base/backoff.hpp"
#include "inbox/message_page.hpp"
#include "inbox/transport.hpp"
#include "net/http_client.hpp"

namespace mis::inbox {

struct HttpInboxOptions {
    std::string url;       // without query
    net::Headers headers;  // further ones: Authorization
    net::ClientTls tls;
    net::ClientProxy proxy;
    std::chrono::seconds wait{30};
    std::size_t messages_max = 100;
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds answer_timeout{30'000};  // beyond `wait`
    std::chrono::milliseconds backoff_first{1'000};
    std::chrono::milliseconds backoff_longest{300'000};
};

class HttpInbox final : public Transport {
  public:
    HttpInbox(HttpInboxOptions options, Keeper keeper, const Clock& clock);

    Round round(Waiting waiting) override;
    std::chrono::nanoseconds pause() const override { return pause_; }
    void interrupt() override;
    // Asks for the next message and takes nothing (`check`). The error says what round() would.
    Result<void> probe();

  private:
    net::HttpOutcome ask(net::HttpRequest request);
    net::HttpRequest question(
        const std::string& cursor, std::size_t limit, std::chrono::seconds wait
    ) const;
    Round take_page(const std::string& cursor, MessagePage page);
    Round unreadable(
        const std::string& cursor, const net::HttpResponse& response, const std::string& why
    );
    bool answer(
        const std::string& cursor, const std::string& next,
        const std::vector<MessageAnswer>& answers
    );
    bool post(
        const std::string& cursor, const std::string& next, std::span<const MessageAnswer> answers,
        int& refused_with
    );
    Round failed(const std::string& reason);
    std::string told(const net::HttpOutcome& outcome);  // why it is no answer; counts it
    std::string told_failure(const net::HttpFailure& failure) const;
    void note_clock(const net::HttpResponse& response);

    const HttpInboxOptions options_;
    const Keeper keeper_;
    net::HttpClient client_;
    Backoff backoff_;
    std::atomic<bool> stopping_{false};
    std::size_t limit_;  // of the next page
    std::uint32_t failures_in_row_ = 0, unreadable_in_row_ = 0;
    std::chrono::nanoseconds pause_{0};
    std::optional<std::chrono::seconds> asked_wait_;
    // When an answer came last, on both clocks: a wall clock that was set since shows.
    std::int64_t answered_us_ = 0;
    std::chrono::nanoseconds answered_steady_{0};
};

}  // namespace mis::inbox
