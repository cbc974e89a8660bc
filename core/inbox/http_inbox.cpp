#include "inbox/http_inbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/log.hpp"
#include "base/timestamp.hpp"
#include "net/http_date.hpp"
#include "net/retry_after.hpp"

namespace mis::inbox {
namespace {

constexpr std::uint32_t kUnreadableMax = 3;         // equal failures before a message is set aside
constexpr std::int64_t kClockJumpSecondsMax = 300;  // more is no drift
constexpr double kSkewSecondsMax = 60;
const std::string kName = "the exchange";

bool is_about_the_content(int status) { return status == 400 || status == 413 || status == 422; }

// Only what a query may hold as it is; a cursor is anything printable.
std::string in_query(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' ||
                           letter == '.' || letter == '~';
        if (plain)
            out += letter;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
    }
    return out;
}

}  // namespace

HttpInbox::HttpInbox(HttpInboxOptions options, Keeper keeper, const Clock& clock)
    : Transport(clock),
      options_(std::move(options)),
      keeper_(std::move(keeper)),
      client_({.connections_max = 1, .idle_connections_max = 1}),
      backoff_(options_.backoff_first, options_.backoff_longest),
      limit_(options_.messages_max) {}

void HttpInbox::interrupt() {
    stopping_ = true;
    client_.interrupt();
}

// What is still under way when we are told to stop is cancelled with the client.
net::HttpOutcome HttpInbox::ask(net::HttpRequest request) {
    const auto outcome = std::make_shared<std::optional<net::HttpOutcome>>();
    client_.send(std::move(request), [outcome](net::HttpOutcome came) {
        outcome->emplace(std::move(came));
    });
    while (!*outcome && !stopping_) client_.work(std::chrono::seconds(1));
    if (*outcome) return std::move(**outcome);
    return tl::unexpected(net::HttpFailure{
        net::Fate::unknown, Error{ErrorKind::cancelled, "stopped by us"}});
}

net::HttpRequest HttpInbox::question(
    const std::string& cursor, std::size_t limit, std::chrono::seconds wait
) const {
    net::HttpRequest request;
    request.url = fmt::format(
        "{}?{}{}limit={}&wait={}", options_.url, cursor.empty() ? "" : "cursor=" + in_query(cursor),
        cursor.empty() ? "" : "&", limit, wait.count()
    );
    request.headers = options_.headers;
    request.headers.emplace_back("Accept", "application/json");
    request.tls = options_.tls;
    request.proxy = options_.proxy;
    request.connect_timeout = options_.connect_timeout;
    request.total_timeout = options_.answer_timeout + wait;
    request.response_bytes_max = kPageBytesMax;
    return request;
}

Transport::Round HttpInbox::round(Waiting waiting) {
    asked_wait_.reset();
    const auto wait = waiting == Waiting::patient ? options_.wait : std::chrono::seconds(0);
    const std::string cursor = keeper_.cursor();
    const auto begun = clock_.steady();
    const auto outcome = ask(question(cursor, limit_, wait));
    if (!outcome || outcome->status / 100 != 2) {
        const std::string why = told(outcome);
        if (outcome && outcome->status == 410 && !cursor.empty()) {
            log::warn(
                "inbox: the exchange does not know our cursor: its messages are taken again from "
                "the first"
            );
            keeper_.moved("");
            pause_ = backoff_.delay(1);
            return Round::empty;
        }
        return failed(why);
    }
    note_clock(*outcome);
    if (outcome->status != 204) {
        if (outcome->is_cut)
            return unreadable(
                cursor, *outcome, fmt::format("the page is longer than {} bytes", kPageBytesMax)
            );
        auto page = read_page(outcome->body);
        if (!page) return unreadable(cursor, *outcome, page.error().text);
        if (!page->messages.empty()) return take_page(cursor, std::move(*page));
        if (page->next != cursor) keeper_.moved(page->next);
    }
    if (keeper_.caught_up) keeper_.caught_up();
    count_request("empty");
    works(kName);
    failures_in_row_ = unreadable_in_row_ = 0;
    // An exchange that does not wait is not asked without a pause.
    const bool came_at_once = clock_.steady() - begun < wait / 2 || wait.count() == 0;
    pause_ = came_at_once ? std::chrono::nanoseconds(options_.backoff_first)
                          : std::chrono::nanoseconds(0);
    return Round::empty;
}

Transport::Round HttpInbox::take_page(const std::string& cursor, MessagePage page) {
    count_request("messages");
    if (page.next == cursor)
        return failed(
            "the page has messages, but `next` is the cursor that was asked with: nothing of it "
            "was taken; the exchange has to mend that"
        );
    const auto answers = keeper_.take(page.messages);
    count_messages(answers);
    if (!answer(cursor, page.next, answers)) return Round::failed;
    keeper_.moved(page.next);
    works(kName);
    failures_in_row_ = unreadable_in_row_ = 0;
    limit_ = std::min(options_.messages_max, limit_ * 2);
    pause_ = std::chrono::nanoseconds(0);
    return Round::took;
}

Transport::Round HttpInbox::unreadable(
    const std::string& cursor, const net::HttpResponse& response, const std::string& why
) {
    count_request("unreadable");
    if (limit_ > 1) {
        limit_ = std::max<std::size_t>(1, limit_ / 2);
        return failed(why + "; asking for a smaller one");
    }
    const std::string next(net::find_header(response.headers, "Next-Cursor"));
    if (++unreadable_in_row_ < kUnreadableMax || !is_cursor(next) || next == cursor)
        return failed(
            why + (is_cursor(next) ? ""
                                   : ", and no Next-Cursor says how to leave it out: the exchange "
                                     "has to mend that")
        );
    log::warn("inbox: a page of one message is set aside: {}", why);
    keeper_.count_refusal("malformed");
    const std::vector<MessageAnswer> answers{
        {.id = {},
         .index = {},
         .answer = "refused",
         .code = "malformed",
         .reason = why,
         .ignored_fields = {}}};
    count_messages(answers);
    if (!answer(cursor, next, answers)) return Round::failed;
    keeper_.moved(next);
    unreadable_in_row_ = failures_in_row_ = 0;
    pause_ = std::chrono::nanoseconds(0);
    return Round::took;
}

bool HttpInbox::answer(
    const std::string& cursor, const std::string& next, const std::vector<MessageAnswer>& answers
) {
    int refused_with = 0;
    if (post(cursor, next, answers, refused_with)) return true;
    if (refused_with == 0) return false;
    for (const auto& one : answers) {
        refused_with = 0;
        if (post(cursor, next, {&one, 1}, refused_with)) continue;
        if (refused_with == 0) return false;
        log::error(
            "inbox: the exchange does not take our answer to message {} (HTTP {}): given up",
            one.id.empty() ? "(no id)" : one.id, refused_with
        );
        const std::lock_guard lock(status_mutex_);
        ++status_.answers_given_up;
    }
    return true;
}

// False: not taken; refused_with: because of what is in it.
bool HttpInbox::post(
    const std::string& cursor, const std::string& next, std::span<const MessageAnswer> answers,
    int& refused_with
) {
    Json body{{"next", next}, {"answers", Json::array()}};
    if (!cursor.empty()) body["cursor"] = cursor;
    for (const auto& one : answers) body["answers"].push_back(one.to_json());
    net::HttpRequest request = question("", 1, std::chrono::seconds(0));
    request.method = "POST";
    request.url = options_.url;
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    const auto outcome = ask(std::move(request));
    if (outcome && outcome->status / 100 == 2) {
        count_request("answered");
        return true;
    }
    const std::string why = told(outcome);
    if (outcome && is_about_the_content(outcome->status))
        refused_with = outcome->status;
    else
        failed("sending our answers: " + why);
    return false;
}

Transport::Round HttpInbox::failed(const std::string& reason) {
    if (stopping_) return Round::failed;
    fails(kName, reason);
    pause_ =
        asked_wait_ ? std::chrono::nanoseconds(*asked_wait_) : backoff_.delay(++failures_in_row_);
    return Round::failed;
}

std::string HttpInbox::told(const net::HttpOutcome& outcome) {
    if (!outcome) {
        const bool sent = outcome.error().fate == net::Fate::unknown;
        count_request(
            outcome.error().certificate != net::CertificateFault::none ? "certificate"
            : sent                                                     ? "unknown"
                                                                       : "unavailable"
        );
        return told_failure(outcome.error());
    }
    note_clock(*outcome);
    const int status = outcome->status;
    const std::string answer = fmt::format("HTTP {}", status);
    if (const auto asked = net::retry_after(outcome->headers, clock_.unix_us() / kUsPerSecond);
        asked && (status == 429 || status == 503)) {
        count_request("throttled");
        asked_wait_ = asked->wait;
        return answer + ", " + net::wait_text(*asked);
    }
    count_request(status >= 500 ? "failed" : "refused");
    std::optional<double> skew;
    {
        const std::lock_guard lock(status_mutex_);
        skew = status_.clock_skew_seconds;
    }
    if (status == 401 || status == 403)
        return answer +
               ": it does not take us for this clinic: see that inbox.http.bearer_token_file holds "
               "the clinic's token" +
               (skew && std::abs(*skew) > kSkewSecondsMax
                    ? fmt::format(
                          ", and set this machine's clock, which differs from the exchange's by "
                          "{:.0f} s",
                          *skew
                      )
                    : "");
    if (status == 404 || status == 405)
        return answer +
               ": there is no inbox at inbox.http.url: see that it is the one you were given";
    if (status / 100 == 3)
        return answer +
               ": it sends us elsewhere, which is not followed: put the final address into "
               "inbox.http.url";
    return answer;
}

std::string HttpInbox::told_failure(const net::HttpFailure& failure) const {
    using net::CertificateFault;
    std::string text = failure.error.text;
    if (failure.certificate != CertificateFault::expired &&
        failure.certificate != CertificateFault::not_yet_valid)
        return text;
    if (answered_us_ == 0) return text;
    // The same exchange answered before: what has our clock done since?
    const auto passed = clock_.steady() - answered_steady_;
    const std::int64_t passed_s = std::chrono::duration_cast<std::chrono::seconds>(passed).count();
    const std::int64_t jump_s = (clock_.unix_us() - answered_us_) / kUsPerSecond - passed_s;
    if (std::abs(jump_s) > kClockJumpSecondsMax)
        return text + fmt::format(
                          "; this machine's clock was set by {} s since its last answer: it is the "
                          "clock that is wrong, not the certificate",
                          jump_s
                      );
    return text +
           "; this machine's clock was not set since its last answer: it is the certificate, "
           "which the exchange has to renew";
}

void HttpInbox::note_clock(const net::HttpResponse& response) {
    const std::int64_t now_us = clock_.unix_us();
    answered_us_ = now_us;
    answered_steady_ = clock_.steady();
    const auto date = net::http_date(net::find_header(response.headers, "Date"));
    if (!date) return;
    // whole seconds: half of one is not known
    const double skew = static_cast<double>(*date) + 0.5 -
                        static_cast<double>(now_us) / static_cast<double>(kUsPerSecond);
    const std::lock_guard lock(status_mutex_);
    status_.clock_skew_seconds = skew;
}

Result<void> HttpInbox::probe() {
    const auto outcome = ask(question(keeper_.cursor(), 1, std::chrono::seconds(0)));
    if (!outcome || (outcome->status / 100 != 2 && outcome->status != 410))
        return fail(outcome ? ErrorKind::unavailable : outcome.error().error.kind, told(outcome));
    note_clock(*outcome);
    if (outcome->status == 200 && !outcome->is_cut)
        if (const auto page = read_page(outcome->body); !page) return fail(page.error());
    return {};
}

}  // namespace mis::inbox
