#include "sink/feed/feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "base/log.hpp"
#include "disclosure/audit.hpp"
#include "net/gzip.hpp"
#include "outbox/outbox.hpp"
#include "outbox/reader_place.hpp"

namespace mis::sink::feed {
namespace {

using net::ServerAnswer;

constexpr std::chrono::milliseconds kStrangerDelay{300};  // guessing tokens is slow
constexpr std::chrono::seconds kCursorsEvery{2}, kLookEvery{1};
constexpr std::size_t kViewsMax = 16;
constexpr std::size_t kStreamEventsAtOnce = 200;
constexpr std::size_t kStreamPartBytes = 64'000;
constexpr int kRoundsAtOnce = 4;
constexpr std::size_t kGzipBytesMin = 1'000;
constexpr int kGzipLevel = 1;

Cursor cursor_at(const outbox::OutboxEvent& event) {
    return {event.position, event.id.substr(0, kNoEvent.size())};
}

ServerAnswer later(std::string_view name, int status, std::string_view detail, int seconds) {
    auto answer = problem(status, name, detail);
    answer.headers.emplace_back("Retry-After", std::to_string(seconds));
    return answer;
}

ServerAnswer page_answer(
    const Question& question, const std::vector<outbox::OutboxEvent>& events,
    const std::string& next, const std::string& clinic_id
) {
    ServerAnswer answer;
    answer.headers.emplace_back("Cache-Control", "no-store");
    answer.headers.emplace_back("Vary", "Accept-Encoding");
    answer.body = R"({"events":[)";
    for (std::size_t index = 0; index < events.size(); ++index) {
        if (index > 0) answer.body += ',';
        outbox::render_cloudevent(answer.body, events[index], clinic_id);
    }
    answer.body += R"(],"next":")" + next + "\"}\n";
    if (question.takes_gzip && answer.body.size() >= kGzipBytesMin) {
        answer.body = net::gzip(answer.body, kGzipLevel);
        answer.headers.emplace_back("Content-Encoding", "gzip");
    }
    return answer;
}

}  // namespace

Feed::Feed(FeedOptions options, FeedHooks hooks, const Clock& clock)
    : options_(std::move(options)),
      hooks_(std::move(hooks)),
      clock_(clock),
      seal_(options_.clinic_id, options_.instance_id),
      at_once_(options_.readers.size(), 0) {
    for (std::size_t index = 0; index < options_.readers.size(); ++index) {
        const FeedReader& reader = options_.readers[index];
        for (const Digest& hash : reader.tokens)
            hashes_.emplace_back(hash, static_cast<int>(index));
        status_.push_back({reader.name, {}, 0, false});
    }
    server_ = std::make_unique<net::HttpServer>(
        options_.server,
        [this](net::ServerRequest request, net::Responder respond) {
            take(std::move(request), std::move(respond));
        }
    );
    thread_ = std::thread([this] { run(); });
}

Feed::~Feed() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    woken_.notify_one();
    thread_.join();
    server_.reset();
}

void Feed::wake() {
    {
        const std::lock_guard lock(mutex_);
        is_woken_ = true;
    }
    woken_.notify_one();
}

std::vector<FeedReaderStatus> Feed::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

std::uint64_t Feed::strangers() const {
    const std::lock_guard lock(mutex_);
    return strangers_;
}

void Feed::take(net::ServerRequest request, net::Responder respond) {
    ServerAnswer refusal;
    if (!is_route(request, refusal)) return respond(std::move(refusal));
    const int reader = owner_of_token(bearer_token(request), hashes_);
    if (reader < 0) {
        {
            const std::lock_guard lock(mutex_);
            ++strangers_;
        }
        refusal = problem(
            401, "no-token", "say Authorization: Bearer and the token that the clinic gave you"
        );
        refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
        refusal.delay = kStrangerDelay;
        return respond(std::move(refusal));
    }
    const auto whose = static_cast<std::size_t>(reader);
    const auto count = [&](const char* outcome) {
        const std::lock_guard lock(mutex_);
        ++status_[whose].answers[outcome];
    };
    auto read = read_question(request);
    if (auto* wrong = std::get_if<ServerAnswer>(&read)) {
        count("refused");
        return respond(std::move(*wrong));
    }
    auto& question = std::get<Question>(read);
    const auto& types = options_.readers[whose].types;
    if (!question.type.empty() && !types.empty() && !is_of_types(question.type, types)) {
        count("refused");
        return respond(
            problem(403, "outside-scope", "type: this token reads other types of events only")
        );
    }
    {
        const std::lock_guard lock(mutex_);
        if (at_once_[whose] < kAtOnceMax) {
            ++at_once_[whose];
            asked_.push_back({reader, std::move(question), std::move(respond)});
            woken_.notify_one();
            return;
        }
        ++status_[whose].answers["throttled"];
    }
    respond(
        later("too-many", 429, "this token has eight questions and streams open: end one first", 1)
    );
}

std::chrono::nanoseconds Feed::next_look() const {
    const auto now = clock_.steady();
    auto at = now + kHeartbeat;
    if (!waiting_.empty() || !streams_.empty()) at = now + kLookEvery;
    for (const Waiting& one : waiting_) at = std::min(at, one.until);
    if (!taken_.empty()) at = std::min(at, cursors_written_ + kCursorsEvery);
    return std::max(at, now) - now;
}

void Feed::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        woken_.wait_for(lock, next_look(), [this] {
            return stopping_ || is_woken_ || !asked_.empty();
        });
        auto asked = std::exchange(asked_, {});
        is_woken_ = false;
        lock.unlock();
        work(std::move(asked));
        lock.lock();
    }
    auto asked = std::exchange(asked_, {});
    lock.unlock();
    for (Asked& one : asked)
        answered(one, "unavailable", later("stopping", 503, "the gateway is being stopped", 5));
    for (Waiting& one : waiting_)
        answered(
            one.asked, "page",
            page_answer(one.asked.question, {}, seal_.text(one.after), options_.clinic_id)
        );
    waiting_.clear();
    for (auto& stream : streams_) {
        stream->body->end();
        done(stream->reader);
    }
    streams_.clear();
    try {
        write_cursors();
    } catch (const sqlite::StoreError&) {  // they are said again with the next questions
    }
}

void Feed::work(std::vector<Asked> asked) {
    for (Asked& one : asked) begin(std::move(one));
    for (std::size_t index = 0; index < waiting_.size();) {
        Waiting& one = waiting_[index];
        const bool may_wait = clock_.steady() < one.until;
        if (answer_page(one.asked, one.after, false, may_wait))
            waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(index));
        else
            ++index;
    }
    std::erase_if(streams_, [this](const std::unique_ptr<Stream>& stream) {
        if (pump(*stream)) return false;
        done(stream->reader);
        const std::lock_guard lock(mutex_);
        --status_[static_cast<std::size_t>(stream->reader)].streams;
        return true;
    });
    if (taken_.empty() || clock_.steady() - cursors_written_ < kCursorsEvery) return;
    try {
        write_cursors();
    } catch (const sqlite::StoreError& error) {
        log::debug("the feed's cursors are not written yet: {}", error.what());
    }
}

// What a reader has, where nothing was handed out that would have written it.
void Feed::write_cursors() {
    if (taken_.empty()) return;
    cursors_written_ = clock_.steady();
    hooks_.write([this](sqlite::Transaction& transaction) {
        for (const auto& [reader, position] : taken_)
            outbox::reader_took(
                transaction, options_.readers[static_cast<std::size_t>(reader)].name, position, 0
            );
    });
    taken_.clear();
}

View& Feed::view_of(int reader, const std::string& type) {
    const FeedReader& whose = options_.readers[static_cast<std::size_t>(reader)];
    const auto known = views_.find({reader, type});
    if (known != views_.end()) return known->second;
    if (views_.size() >= kViewsMax) views_.clear();
    return views_.try_emplace({reader, type}, View(ViewFilter{whose.party, whose.types, type}))
        .first->second;
}

Feed::Beginning Feed::beginning_of(const Asked& asked) {
    const std::int64_t first = outbox::first_position(*database_);
    const Cursor oldest{first - 1, std::string(kNoEvent)};
    if (asked.question.after.empty()) return {oldest, std::nullopt};
    const auto after = seal_.read(asked.question.after);
    if (!after)
        return {
            {},
            problem(
                400, "cursor-foreign",
                "this cursor is garbled, or another clinic's or store's: begin without one, "
                "and drop what you have by its id"
            )};
    const std::int64_t last = outbox::last_position(*database_);
    {
        const std::lock_guard lock(mutex_);
        status_[static_cast<std::size_t>(asked.reader)].is_ahead = after->position > last;
    }
    if (after->position > last)
        return {
            {},
            problem(
                409, "cursor-ahead",
                "the gateway's store is older than what you have taken: an older copy was put "
                "in its place; the clinic has been told"
            )};
    if (after->position < first - 1)
        return {
            {},
            problem(
                410, "cursor-pruned",
                fmt::format(
                    "{} events after this cursor are no longer kept: go on with `oldest`, and "
                    "take what you lack from the clinic's file of sent events, if it keeps one",
                    first - 1 - after->position
                ),
                {{"missed", first - 1 - after->position}, {"oldest", seal_.text(oldest)}}
            )};
    if (after->position >= first && after->event != kNoEvent) {
        const auto there = outbox::read_events(*database_, after->position - 1, 1);
        if (there.empty() || cursor_at(there.front()) != *after)
            return {
                {},
                problem(
                    400, "cursor-foreign",
                    "this cursor is of before the gateway's store was restored: begin without "
                    "one, and drop what you have by its id"
                )};
    }
    return {*after, std::nullopt};
}

void Feed::begin(Asked asked) {
    try {
        if (!database_) database_.emplace(hooks_.reader());
        auto beginning = beginning_of(asked);
        if (beginning.refusal) {
            const bool is_gap = beginning.refusal->status == 410;
            return answered(asked, is_gap ? "gap" : "refused", std::move(*beginning.refusal));
        }
        const bool has_cursor = !asked.question.after.empty();
        if (has_cursor) {
            auto& taken = taken_[asked.reader];
            taken = std::max(taken, beginning.after.position);
        }
        if (asked.question.kind == Question::Kind::stream)
            return begin_stream(std::move(asked), std::move(beginning.after));
        const auto until = clock_.steady() + std::chrono::seconds(asked.question.wait_seconds);
        const bool may_wait = asked.question.wait_seconds > 0;
        if (!answer_page(asked, beginning.after, has_cursor, may_wait))
            waiting_.push_back({std::move(asked), std::move(beginning.after), has_cursor, until});
    } catch (const sqlite::StoreError& error) {
        if (!store_failed_) log::warn("the feed cannot read the store: {}", error.what());
        store_failed_ = true;
        answered(
            asked, "unavailable",
            later("store", 503, "the gateway's own store does not work at the moment", 5)
        );
    }
}

// Before it leaves: who takes what, on what ground; and how far he says he is.
void Feed::audit(int reader, const Cursor* taken, const std::vector<outbox::OutboxEvent>& events) {
    const std::string& name = options_.readers[static_cast<std::size_t>(reader)].name;
    std::map<std::string_view, std::vector<std::string>> by_ground;
    for (const auto& event : events) by_ground[event.ground].push_back(event.id);
    hooks_.write([&](sqlite::Transaction& transaction) {
        for (auto& [ground, ids] : by_ground) {
            disclosure::AuditEntry entry;
            entry.at_us = clock_.unix_us();
            entry.action = "read";
            entry.who = "reader " + name;
            entry.ground = ground;
            entry.ids = std::move(ids);
            disclosure::Audit::append(transaction, entry);
        }
        outbox::reader_took(
            transaction, name, taken == nullptr ? 0 : taken->position, std::ssize(events)
        );
    });
    if (store_failed_) log::info("the feed reads the store again");
    store_failed_ = false;
}

// False: it waits for something to come.
bool Feed::answer_page(const Asked& asked, const Cursor& after, bool has_cursor, bool may_wait) {
    try {
        const Question& question = asked.question;
        Page page =
            view_of(asked.reader, question.type)
                .read(*database_, after, static_cast<std::size_t>(question.limit), kPageBytesMax);
        if (page.events.empty() && page.is_end && may_wait) return false;
        if (!page.events.empty()) {
            audit(asked.reader, has_cursor ? &after : nullptr, page.events);
            if (has_cursor) taken_.erase(asked.reader);
        }
        answered(
            asked, "page",
            page_answer(question, page.events, seal_.text(page.next), options_.clinic_id)
        );
    } catch (const sqlite::StoreError& error) {
        if (!store_failed_) log::warn("the feed cannot use the store: {}", error.what());
        store_failed_ = true;
        answered(
            asked, "unavailable",
            later("store", 503, "the gateway's own store does not work at the moment", 5)
        );
    }
    return true;
}

void Feed::begin_stream(Asked asked, Cursor after) {
    auto stream = std::make_unique<Stream>();
    stream->reader = asked.reader;
    stream->type = asked.question.type;
    stream->told = after;
    stream->at = std::move(after);
    stream->body = std::make_shared<net::BodyStream>(kStreamBytesMax, [this] { wake(); });
    stream->written = clock_.steady();
    stream->until = stream->written + options_.stream_time_max;
    stream->body->write("retry: 3000\n\n");
    ServerAnswer answer;
    answer.content_type = "text/event-stream";
    answer.headers.emplace_back("Cache-Control", "no-store");
    answer.stream = stream->body;
    {
        const std::lock_guard lock(mutex_);
        auto& status = status_[static_cast<std::size_t>(asked.reader)];
        ++status.answers["stream"];
        ++status.streams;
    }
    asked.respond(std::move(answer));  // it counts as one at once until it ends
    streams_.push_back(std::move(stream));
}

// Writes what there is and the taker has room for; false: the stream is over.
bool Feed::pump(Stream& stream) {
    if (stream.body->is_gone()) return false;
    if (clock_.steady() >= stream.until) {
        stream.body->end();
        return false;
    }
    try {
        for (int round = 0; stream.body->room() > kStreamPartBytes; ++round) {
            if (round >= kRoundsAtOnce) {  // the others' turn
                wake();
                break;
            }
            Page page = view_of(stream.reader, stream.type)
                            .read(*database_, stream.at, kStreamEventsAtOnce, kStreamPartBytes);
            stream.at = page.next;
            if (page.events.empty()) {
                if (page.is_end) break;
                continue;
            }
            audit(stream.reader, nullptr, page.events);
            std::string part;
            for (const auto& event : page.events) {
                part += "id: " + seal_.text(cursor_at(event)) + "\ndata: ";
                outbox::render_cloudevent(part, event, options_.clinic_id);
                part += "\n\n";
            }
            stream.told = cursor_at(page.events.back());
            stream.written = clock_.steady();
            if (!stream.body->write(std::move(part))) return false;
        }
    } catch (const sqlite::StoreError& error) {
        if (!store_failed_) log::warn("the feed cannot use the store: {}", error.what());
        store_failed_ = true;
        stream.body->end();  // what was not written yet comes when it asks again
        return false;
    }
    if (clock_.steady() - stream.written < kHeartbeat || stream.body->room() == 0) return true;
    stream.written = clock_.steady();
    const bool has_moved = stream.told != stream.at;
    stream.told = stream.at;
    return stream.body->write(has_moved ? "id: " + seal_.text(stream.at) + "\n\n" : ":\n\n");
}

void Feed::done(int reader) {
    const std::lock_guard lock(mutex_);
    --at_once_[static_cast<std::size_t>(reader)];
}

void Feed::answered(const Asked& asked, const char* outcome, ServerAnswer answer) {
    {
        const std::lock_guard lock(mutex_);
        ++status_[static_cast<std::size_t>(asked.reader)].answers[outcome];
    }
    done(asked.reader);
    asked.respond(std::move(answer));
}

}  // namespace mis::sink::feed
