#include "sink/nats_sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/crypto.hpp"
#include "base/json.hpp"
#include "base/json_fields.hpp"
#include "base/log.hpp"
#include "net/jetstream.hpp"

namespace mis::sink {

using std::chrono::nanoseconds;

namespace jetstream = net::jetstream;
using net::jetstream::number_in;

namespace {

constexpr std::size_t kClaimBytesMax = 4'000'000;
constexpr std::int64_t kPayloadMin = 65'536;  // an event and its header have room in it
constexpr nanoseconds kMarkEvery = std::chrono::seconds(5);
constexpr std::uint32_t kAloneAttempts = 3;  // before an event that fails alone is put aside
constexpr std::uint64_t kBehindSuspicious = 1'000'000;  // an acknowledgement so far back: look

// "POSITION_ATTEMPT", negative positions for dead letters that are sent once more.
struct ReplyTail {
    std::int64_t token = 0;
    std::uint32_t attempt = 0;
};
std::optional<ReplyTail> reply_tail(std::string_view tail) {
    ReplyTail out;
    const char* end = tail.data() + tail.size();
    const auto token = std::from_chars(tail.data(), end, out.token);
    if (token.ec != std::errc() || token.ptr == end || *token.ptr != '_') return std::nullopt;
    const auto attempt = std::from_chars(token.ptr + 1, end, out.attempt);
    if (attempt.ec != std::errc() || attempt.ptr != end) return std::nullopt;
    return out;
}

}  // namespace

NatsSink::NatsSink(
    std::string name, NatsSinkOptions options, DeliveryQueue& queue, const Clock& clock
)
    : Sink(std::move(name)),
      options_(std::move(options)),
      queue_(queue),
      clock_(clock),
      backoff_(options_.backoff_first, options_.backoff_longest),
      mailbox_(std::make_shared<net::NatsMailbox>()),
      marks_(StreamMarks::from_text(options_.marks)) {
    if (!marks_.all().empty()) latest_ = marks_.all().back();
}

NatsSink::~NatsSink() = default;

std::string NatsSink::subject_of(const std::string& type) const {
    return "mis." + options_.clinic_id + "." + type;
}

std::string NatsSink::marks_text() const {
    const std::lock_guard lock(marks_mutex_);
    return marks_.to_text();
}

std::optional<nanoseconds> NatsSink::turn() {
    if (queue_.stopped()) {
        if (!pending_.empty()) return_everything();
        set_health(Health::stopped, queue_.stopped_reason());
        return std::nullopt;
    }
    take_arrivals();
    take_time_outs();
    if (!connection_ && clock_.steady() >= connect_at_) connect();
    if (connection_) {
        if (look_now_ || clock_.steady() - looked_ >= options_.look_every) look();
        send_due();
        claim_more();
        mark();
    }
    {
        const std::lock_guard lock(status_mutex_);
        status_.in_flight = sent_;
    }
    // the next moment at which something is due by itself
    if (!connection_) return connect_at_;
    nanoseconds next = looked_ + options_.look_every;
    if (!deadlines_.empty()) next = std::min(next, deadlines_.front().at);
    if (in_outage() && sent_ == 0 && !pending_.empty()) return std::min(next, probe_at_);
    if (failing_ > 0)
        for (const auto& [token, pending] : pending_)
            if (!pending.is_sent) next = std::min(next, pending.due);
    if (const auto retry = queue_.next_retry()) next = std::min(next, *retry);
    return next;
}

bool NatsSink::wind_down() {
    winding_down_ = true;
    take_arrivals();
    take_time_outs();
    if (sent_ > 0 && connection_) return false;
    return_everything();
    mark();
    return true;
}

bool NatsSink::connect() {
    mailbox_->begin();
    auto made = net::NatsConnection::connect(options_.connection, mailbox_);
    std::string why;
    if (!made)
        why = made.error().text;
    else if ((*made)->max_payload() < kPayloadMin)
        why = fmt::format(
            "the server takes {} bytes at most, and an event may be longer: raise its max_payload "
            "to {} or more",
            (*made)->max_payload(), kPayloadMin
        );
    if (!why.empty()) {
        const std::lock_guard lock(status_mutex_);
        ++status_.attempts_unavailable;
    }
    if (!why.empty()) {
        set_health(Health::failing, why);
        connect_at_ = clock_.steady() + backoff_.delay(++connects_failed_);
        return false;
    }
    connects_failed_ = 0;
    connection_ = std::move(*made);
    looked_ = nanoseconds(0);
    look_now_ = true;
    for (auto& [token, pending] : pending_) pending.due = nanoseconds(0);
    probe_at_ = nanoseconds(0);
    if (pending_.empty() && failing_ == 0) set_health(Health::working, "");
    return true;
}

// Whether what was sent was taken is not known: it goes again on the next connection.
void NatsSink::disconnect(const std::string& reason) {
    const std::string complaint = connection_ ? connection_->take_complaint() : "";
    connection_.reset();
    mailbox_->begin();  // its loss is known
    deadlines_.clear();
    std::uint64_t unknown = 0;
    for (auto& [token, pending] : pending_) {
        if (!pending.is_sent) continue;
        pending.is_sent = false;
        pending.due = nanoseconds(0);
        ++unknown;
    }
    sent_ = 0;
    {
        const std::lock_guard lock(status_mutex_);
        status_.attempts_unknown += unknown;
    }
    connect_at_ = clock_.steady() + backoff_.delay(++connects_failed_);
    set_health(Health::failing, complaint.empty() ? reason : reason + ": " + complaint);
}

void NatsSink::take_arrivals() {
    const auto taken = mailbox_->take();
    for (const auto& answer : taken.answers) take(answer);
    if (taken.is_closed && connection_) disconnect("the connection to NATS was lost");
}

void NatsSink::take(const net::NatsAnswer& answer) {
    const auto tail = reply_tail(answer.tail);
    if (!tail) return;
    const auto found = pending_.find(tail->token);
    if (found == pending_.end() || !found->second.is_sent) return;  // an earlier attempt's
    Pending& pending = found->second;
    if (!answer.status.empty()) {
        if (tail->attempt != pending.attempts) return;
        --sent_;
        pending.is_sent = false;
        failed(
            pending, Outcome::failed,
            answer.status == "503"
                ? fmt::format(
                      "no stream takes {} now: the exchange's stream has to have the subject "
                      "mis.{}.>, and JetStream a leader",
                      pending.subject, options_.clinic_id
                  )
                : fmt::format("the server answers {} {}", answer.status, answer.status_text)
        );
        return;
    }
    const Json ack = jetstream::read_object(answer.body);
    if (const auto error = ack.find("error"); error != ack.end()) {
        if (tail->attempt != pending.attempts) return;
        --sent_;
        pending.is_sent = false;
        return refused(pending, *error);
    }
    if (number_in(ack, "seq") == 0) return;  // no acknowledgement: the time-out tells
    acknowledged(pending, ack);
}

void NatsSink::acknowledged(Pending& pending, const Json& ack) {
    const std::uint64_t sequence = number_in(ack, "seq");
    const std::string stream = text_in(ack, "stream");
    {
        const std::lock_guard lock(marks_mutex_);
        if (stream != marks_.stream()) {
            if (!marks_.stream().empty())
                moved_ = fmt::format(
                    "events go into stream {} now, and what {} had is not published again: where "
                    "it is needed there, `mis-gateway replay --sink {}`",
                    stream, marks_.stream(), name_
                );
            marks_.name_stream(stream);
            latest_ = {};
        }
    }
    if (sequence > latest_.sequence)
        latest_ = {sequence, pending.event.id, 0};
    else if (!ack.value("duplicate", false) && latest_.sequence - sequence > options_.window_events && (sequence == 1 || latest_.sequence - sequence > kBehindSuspicious))
        look_now_ = true;
    --sent_;
    if (pending.has_failed) --failing_;
    ++taken_;
    const bool was_out = in_outage();
    failures_in_row_ = 0;
    {
        const std::lock_guard lock(status_mutex_);
        ++status_.attempts_delivered;
        ++status_.events_delivered;
    }
    count_latency(pending.event.appended_us, clock_.unix_us());
    const std::int64_t token = pending.event.token;
    queue_.settle(token, Outcome::delivered, "", 0);
    pending_.erase(token);
    if (was_out)
        for (auto& [other, waiting] : pending_) waiting.due = nanoseconds(0);
    if (failing_ == 0) set_health(Health::working, "");
}

void NatsSink::refused(Pending& pending, const Json& error) {
    const std::int64_t code = jetstream::error_code(error);
    const std::string text = "the stream refuses it: " + jetstream::error_text(error);
    if (code == jetstream::kMessageTooLong || code == jetstream::kHeaderTooLong) {
        {
            const std::lock_guard lock(status_mutex_);
            ++status_.attempts_rejected;
        }
        // A stub is never given up; an event only once others were taken since.
        if (!pending.event.is_stub && taken_ > 0)
            return finish(pending.event.token, Outcome::rejected, text);
    }
    failed(pending, Outcome::failed, text);
}

void NatsSink::take_time_outs() {
    const auto now = clock_.steady();
    while (!deadlines_.empty() && deadlines_.front().at <= now) {
        const Deadline late = deadlines_.front();
        deadlines_.pop_front();
        const auto found = pending_.find(late.token);
        if (found == pending_.end() || !found->second.is_sent ||
            found->second.attempts != late.attempt)
            continue;
        Pending& pending = found->second;
        const std::string complaint = connection_ ? connection_->take_complaint() : "";
        pending.is_sent = false;
        --sent_;
        failed(
            pending, Outcome::unknown,
            complaint.empty()
                ? fmt::format(
                      "no acknowledgement within {} ms: the stream has no leader, or does not keep "
                      "up, or our login may not publish there (a server that says so is quoted)",
                      options_.ack_timeout.count()
                  )
                : fmt::format(
                      "no acknowledgement, and the server says: {}: give our login the right to "
                      "publish mis.{}.> and to subscribe _INBOX.>",
                      complaint, options_.clinic_id
                  )
        );
    }
}

// It is not in flight any more.
void NatsSink::failed(Pending& pending, Outcome outcome, const std::string& reason) {
    {
        const std::lock_guard lock(status_mutex_);
        ++(outcome == Outcome::unknown ? status_.attempts_unknown : status_.attempts_failed);
    }
    if (!pending.has_failed) {
        pending.has_failed = true;
        pending.taken_before_first = taken_;
        ++failing_;
    }
    ++failures_in_row_;
    set_health(Health::failing, reason);
    if (pending.attempts >= kAloneAttempts && taken_ > pending.taken_before_first)
        return finish(pending.event.token, outcome, reason);
    const auto pause = backoff_.delay(in_outage() ? failures_in_row_ : pending.attempts);
    pending.due = clock_.steady() + pause;
    if (in_outage()) probe_at_ = std::max(probe_at_, pending.due);
}

void NatsSink::finish(std::int64_t token, Outcome outcome, const std::string& reason) {
    const auto found = pending_.find(token);
    if (found->second.has_failed) --failing_;
    if (outcome == Outcome::rejected) {
        const std::lock_guard lock(status_mutex_);
        ++status_.events_rejected;
    }
    pending_.erase(found);
    queue_.settle(token, outcome, reason, 0);
    if (failing_ == 0 && !in_outage()) set_health(Health::working, "");
}

void NatsSink::return_everything() {
    for (const auto& [token, pending] : pending_) queue_.settle(token, Outcome::returned, "", 0);
    pending_.clear();
    deadlines_.clear();
    sent_ = failing_ = 0;
}

void NatsSink::send_due() {
    if (pending_.size() == sent_) return;
    const auto now = clock_.steady();
    if (in_outage() && (sent_ > 0 || now < probe_at_)) return;
    std::vector<Pending*> due;
    for (auto& [token, pending] : pending_)
        if (!pending.is_sent && (pending.due <= now || in_outage())) due.push_back(&pending);
    std::sort(due.begin(), due.end(), [](const Pending* a, const Pending* b) {
        return a->position() < b->position();
    });
    if (in_outage() && due.size() > 1) {
        // another one each time: an event that fails alone does not keep the others out
        std::swap(due.front(), due[failures_in_row_ % due.size()]);
        due.resize(1);
    }
    std::vector<std::int64_t> tokens;  // sending may end some of them
    for (const Pending* one : due) tokens.push_back(one->event.token);
    for (const auto token : tokens) {
        if (!connection_) return;
        if (const auto found = pending_.find(token); found != pending_.end()) send(found->second);
    }
}

void NatsSink::send(Pending& pending) {
    ++pending.attempts;
    const std::string tail = fmt::format("{}_{}", pending.event.token, pending.attempts);
    const auto sent = connection_->publish(
        {pending.subject, tail, pending.event.id, "application/cloudevents+json",
         pending.event.body}
    );
    if (sent) {
        pending.is_sent = true;
        ++sent_;
        deadlines_.push_back(
            {clock_.steady() + options_.ack_timeout, pending.event.token, pending.attempts}
        );
        return;
    }
    if (sent.error().kind == ErrorKind::rejected && !pending.event.is_stub) {
        {
            const std::lock_guard lock(status_mutex_);
            ++status_.attempts_rejected;
        }
        return finish(pending.event.token, Outcome::rejected, sent.error().text);
    }
    if (connection_->is_closed()) return disconnect("the connection to NATS was lost");
    failed(pending, Outcome::failed, sent.error().text);
}

void NatsSink::claim_more() {
    if (winding_down_ || in_outage() || !connection_) return;
    const std::size_t room =
        options_.window_events - std::min(options_.window_events, pending_.size());
    // a claim costs a look into the outbox: a quarter of the window at once
    if (room == 0 || (room < options_.window_events / 4 && !pending_.empty())) return;
    for (auto& event : queue_.claim(room, PerKey::one, kClaimBytesMax)) {
        if (!connection_) {
            queue_.settle(event.token, Outcome::returned, "", 0);
            continue;
        }
        const std::int64_t token = event.token;
        Pending pending;
        pending.subject = subject_of(event.type);
        pending.event = std::move(event);
        const auto [place, is_new] = pending_.emplace(token, std::move(pending));
        send(place->second);
    }
}

void NatsSink::mark() {
    if (latest_.sequence == 0 || clock_.steady() - marked_ < kMarkEvery) return;
    marked_ = clock_.steady();
    StreamMark now = latest_;
    now.low = queue_.low_water();
    const std::lock_guard lock(marks_mutex_);
    marks_.add(std::move(now));
}

std::string NatsSink::api(const std::string& what) const {
    return jetstream::api_subject(options_.domain, what);
}

Result<Json> NatsSink::ask(const std::string& what, const Json& question) const {
    return jetstream::ask(*connection_, options_.domain, what, question);
}

void NatsSink::note(const std::string& notice) {
    const std::string all = moved_ + (moved_.empty() || notice.empty() ? "" : "; ") + notice;
    const std::lock_guard lock(status_mutex_);
    if (status_.notice != all && !all.empty()) log::warn("sink {}: {}", name_, all);
    status_.notice = all;
}

// Is what was acknowledged still there?
void NatsSink::look() {
    look_now_ = false;
    looked_ = clock_.steady();
    std::string stream;
    {
        const std::lock_guard lock(marks_mutex_);
        stream = marks_.stream();
    }
    if (stream.empty() || latest_.sequence == 0) return;
    const auto answer = ask("STREAM.INFO." + stream, {});
    if (!answer)
        return note(fmt::format(
            "whether stream {} keeps what it acknowledged cannot be seen: {}: a tail that it lost "
            "would go unnoticed; give our login the right to publish {} and {}",
            stream, answer.error().text, api("STREAM.INFO." + stream),
            api("STREAM.MSG.GET." + stream)
        ));
    std::uint64_t first = 1, last = 0;
    if (const auto error = answer->find("error"); error != answer->end()) {
        // gone, or a server that has not read its disk yet: judged when it is there again
        return note(fmt::format("asking for stream {}: {}", stream, jetstream::error_text(*error)));
    }
    const Json state = answer->value("state", Json::object());
    first = number_in(state, "first_seq");
    last = number_in(state, "last_seq");
    std::string trouble;
    const bool stands = is_there(latest_, first, last, trouble);
    note(trouble);
    if (stands || !trouble.empty()) return;
    std::size_t kept = 0;
    std::vector<StreamMark> marks;
    {
        const std::lock_guard lock(marks_mutex_);
        marks = marks_.all();
    }
    for (kept = marks.size(); kept > 0; --kept) {
        if (is_there(marks[kept - 1], first, last, trouble)) break;
        if (!trouble.empty()) return note(trouble);
    }
    const std::int64_t from = kept == 0 ? 0 : marks[kept - 1].low;
    return_everything();
    const std::int64_t low = queue_.rewind(from);
    log::warn(
        "sink {}: stream {} ends at {} and has lost what it had acknowledged up to {}: events from "
        "position {} on are published again, same ids",
        name_, stream, last, latest_.sequence, low
    );
    {
        const std::lock_guard lock(status_mutex_);
        ++status_.tails_lost;
    }
    if (kept == 0 && low > 1)
        note(fmt::format(
            "stream {} lost more than is kept here: events before position {} are not published "
            "again; restore the stream, or let its consumers take them from another sink",
            stream, low
        ));
    const std::lock_guard lock(marks_mutex_);
    marks_.forget_behind(kept);
    latest_ = kept == 0 ? StreamMark{} : marks[kept - 1];
}

bool NatsSink::is_there(
    const StreamMark& mark, std::uint64_t first, std::uint64_t last, std::string& trouble
) const {
    if (mark.sequence > last) return false;
    if (mark.sequence < first) return true;  // it was there, and its time was over
    std::string stream;
    {
        const std::lock_guard lock(marks_mutex_);
        stream = marks_.stream();
    }
    const auto answer = ask("STREAM.MSG.GET." + stream, Json{{"seq", mark.sequence}});
    if (!answer) {
        trouble = fmt::format(
            "whether stream {} keeps what it acknowledged cannot be seen: {}: give our login the "
            "right to publish {}",
            stream, answer.error().text, api("STREAM.MSG.GET." + stream)
        );
        return false;
    }
    if (const auto error = answer->find("error"); error != answer->end()) {
        if (jetstream::error_code(*error) == jetstream::kNoMessage)
            return true;  // deleted or consumed, not lost
        trouble = fmt::format(
            "asking for message {} of {}: {}", mark.sequence, stream, jetstream::error_text(*error)
        );
        return false;
    }
    const auto headers = from_base64(text_in(answer->value("message", Json::object()), "hdrs"));
    return headers && headers->find("Nats-Msg-Id: " + mark.id) != std::string::npos;
}

Result<std::string> NatsSink::probe(const NatsSinkOptions& options) {
    auto connection =
        net::NatsConnection::connect(options.connection, std::make_shared<net::NatsMailbox>());
    if (!connection) return fail(connection.error());
    return jetstream::stream_of(**connection, options.domain, "mis." + options.clinic_id + ".>");
}

}  // namespace mis::sink
