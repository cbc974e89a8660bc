#include "inbox_desk.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/crypto.hpp"
#include "base/json_fields.hpp"
#include "base/text.hpp"

namespace mis::receiver {
namespace {

constexpr std::uint64_t kMessagesMax = 1000;
constexpr std::uint64_t kWaitSecondsMax = 300;

std::optional<std::uint64_t> whole(std::string_view text) {
    std::uint64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (text.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return number;
}

// The value of a query's parameter; ours are digits and need no unescaping.
std::string_view parameter(std::string_view query, std::string_view name) {
    for (const auto part : split(query, '&'))
        if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=')
            return part.substr(name.size() + 1);
    return {};
}

net::ServerAnswer json_answer(int status, const Json& body) {
    net::ServerAnswer answer;
    answer.status = status;
    answer.body = body.dump() + "\n";
    return answer;
}

net::ServerAnswer refusal(int status, const std::string& why) {
    return json_answer(status, {{"error", why}});
}

}  // namespace

InboxDesk::InboxDesk(Exchange& exchange, std::mutex& mutex, std::string token)
    : exchange_(exchange),
      mutex_(mutex),
      token_(std::move(token)),
      ending_waits_([this] { end_waits(); }) {}

InboxDesk::~InboxDesk() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    ending_waits_.join();
}

bool InboxDesk::is_mine(const net::ServerRequest& request) {
    return request.path == "/inbox" || request.path == "/messages";
}

void InboxDesk::take(const net::ServerRequest& request, const net::Responder& respond) {
    const std::string wanted = "Bearer " + token_;
    if (!equal_in_constant_time(net::find_header(request.headers, "authorization"), wanted)) {
        ++counts_.unauthorized;
        return respond(refusal(401, "no or another bearer token"));
    }
    const bool asks = request.method == "GET";
    if (!asks && request.method != "POST") return respond(refusal(405, "GET or POST"));
    if (request.path == "/messages")
        return respond(
            asks ? json_answer(200, {{"messages", exchange_.messages()}}) : place(request.body)
        );
    if (asks) return poll(request, respond);
    respond(take_answers(request.body));
}

void InboxDesk::poll(const net::ServerRequest& request, const net::Responder& respond) {
    ++counts_.polls;
    const auto cursor = parameter(request.query, "cursor");
    const auto after = cursor.empty() ? std::optional<std::uint64_t>(0) : whole(cursor);
    if (!after || *after > exchange_.last_message()) {
        ++counts_.unknown_cursors;
        return respond(refusal(410, "this cursor is not known here: ask without one"));
    }
    const auto count = whole(parameter(request.query, "limit")).value_or(kMessagesMax);
    const auto wait = whole(parameter(request.query, "wait")).value_or(0);
    const Poll asked{
        respond, *after, std::clamp<std::uint64_t>(count, 1, kMessagesMax),
        std::chrono::steady_clock::now() + std::chrono::seconds(std::min(wait, kWaitSecondsMax))};
    if (answer_if_any(asked)) return;
    waiting_.push_back(asked);
    changed_.notify_all();
}

bool InboxDesk::answer_if_any(const Poll& poll) {
    const auto page = exchange_.messages_after(poll.after, poll.count_max);
    if (page.messages.empty()) return false;
    const std::string next = std::to_string(page.next);
    auto answer = json_answer(200, {{"messages", page.messages}, {"next", next}});
    answer.headers.emplace_back("Next-Cursor", next);
    poll.respond(std::move(answer));
    return true;
}

void InboxDesk::end_waits() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const auto now = std::chrono::steady_clock::now();
        auto earliest = now + std::chrono::seconds(kWaitSecondsMax);
        for (auto poll = waiting_.begin(); poll != waiting_.end();) {
            const bool over = poll->until <= now;
            if (!answer_if_any(*poll) && !over) {
                earliest = std::min(earliest, poll->until);
                ++poll;
                continue;
            }
            net::ServerAnswer nothing;  // of what was answered already the first answer counts
            nothing.status = 204;
            poll->respond(std::move(nothing));
            poll = waiting_.erase(poll);
        }
        changed_.wait_until(lock, earliest);
    }
}

net::ServerAnswer InboxDesk::take_answers(const std::string& body) {
    const auto told = parse_json(body);
    if (!told || !told->is_object() || !told->contains("answers") ||
        !told->at("answers").is_array())
        return refusal(400, "no answers");
    const auto cursor = text_in(*told, "cursor");
    const auto after = cursor.empty() ? std::optional<std::uint64_t>(0) : whole(cursor);
    if (!after) return refusal(400, "the cursor is none of ours");
    if (const auto taken = exchange_.answered(*after, told->at("answers")); !taken)
        return refusal(422, taken.error().text);
    counts_.answers += told->at("answers").size();
    net::ServerAnswer answer;
    answer.status = 204;
    return answer;
}

net::ServerAnswer InboxDesk::place(const std::string& body) {
    const auto messages = parse_json(body);
    if (!messages || (!messages->is_object() && !messages->is_array()))
        return refusal(400, "neither a message nor a list of messages");
    const auto positions = exchange_.place(*messages);
    counts_.placed += positions.size();
    changed_.notify_all();
    return json_answer(201, {{"positions", positions}});
}

}  // namespace mis::receiver
