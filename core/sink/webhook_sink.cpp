#include "sink/webhook_sink.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "net/gzip.hpp"
#include "sink/webhook_answer.hpp"
#include "sink/webhook_body.hpp"

namespace mis::sink {

using std::chrono::nanoseconds;

namespace {

constexpr std::uint32_t kFailuresThatMeanOutage = 3;
constexpr std::uint32_t kUnreadableThatStop = 10;
constexpr std::uint32_t kAttemptsBeforeHalving = 5;
constexpr std::uint32_t kSlowAttemptsBeforeHalving = 2;  // of time-outs: most likely the size
constexpr nanoseconds kShortestPause = std::chrono::milliseconds(1);
constexpr std::size_t kGzipBytesMin = 512;  // below it the packed form is hardly smaller
constexpr std::size_t kAnswerBytesMin = 1 << 20;

bool is_time_out(int status) { return status == 504 || status == 408; }

}  // namespace

// What one claim gave, on its way: events[at..at+front) travel together, the rest after them, which
// keeps the order of keys that occur in both.
struct WebhookSink::Parcel {
    std::vector<QueuedEvent> events;
    std::size_t at = 0;
    std::size_t front = 0;               // 0: not cut yet
    std::uint32_t attempts = 0;          // of the front
    std::uint64_t successes_before = 0;  // of the sink, when the front first failed
    std::size_t suspects_end = 0;        // events[at..suspects_end) were refused together,
    PoisonJudge::Begin refused_since;    // first then, and travel at most
    std::size_t step = 0;                // so many at once
    bool unpacked = false;               // from now on
    std::optional<GzipUse::Cause> packed_trouble;  // of this very front
    bool is_packed = false;                        // the request under way
    std::size_t maybe_end = 0;  // events[at..maybe_end) may be taken: an attempt ended unknown
    nanoseconds not_before{0};
    std::uint32_t failures_at_send = 0;  // of the sink, in a row
    bool in_flight = false;

    bool is_empty() const { return at == events.size(); }
    std::span<const QueuedEvent> front_events() const { return {events.data() + at, front}; }
    BatchSize::Size size() const {
        BatchSize::Size size{front, 0};
        for (const auto& event : front_events()) size.bytes += event.body.size();
        return size;
    }
    void recut(std::size_t count) {
        front = count;
        attempts = 0;
        packed_trouble.reset();
    }
    // One of the front is the trouble, or its size: the rest of it goes on in such pieces too.
    void halve(PoisonJudge::Begin now) {
        suspect(now);
        step = std::max<std::size_t>(1, front / 2);
        recut(step);
    }
    void suspect(PoisonJudge::Begin now) {
        if (at + front <= suspects_end) return;
        suspects_end = at + front;
        refused_since = now;
        step = front;
    }
    void next_front() {
        at += front;
        step = std::min(step * 2, events.size());
        if (packed_trouble == GzipUse::Cause::failure) unpacked = false;
        recut(0);
        not_before = nanoseconds(0);
    }
};

// Why a front was not taken and goes again.
struct WebhookSink::Trouble {
    enum class Kind {
        unavailable,  // certainly not sent
        unknown,      // it may have been taken
        failed,       // answered, not taken
        throttled,    // asked to wait, or to be gentler
        refused,      // by a status that speaks to everybody, or as if
    };
    Kind kind;
    std::string reason;
    bool is_slow = false;
    std::optional<net::AskedWait> asked = {};
};

WebhookSink::WebhookSink(
    std::string name, WebhookOptions options, DeliveryQueue& queue, net::HttpClient& client,
    const Clock& clock
)
    : Sink(std::move(name)),
      options_(std::move(options)),
      queue_(queue),
      client_(client),
      clock_(clock),
      backoff_(options_.backoff_first, options_.backoff_longest),
      size_({options_.batch_events_max, options_.batch_bytes_max}),
      gzip_(options_.gzip_level),
      arrivals_(std::make_shared<Arrivals>()) {
    MIS_ASSERT(!options_.secrets.empty() && options_.parallel > 0 && options_.batch_events_max > 0);
}

WebhookSink::~WebhookSink() = default;

std::optional<nanoseconds> WebhookSink::turn() {
    take_arrivals();
    if (!stopped_ && queue_.stopped()) {  // since an earlier run
        stopped_ = true;
        set_health(Health::stopped, queue_.stopped_reason());
    }
    if (stopped_) {
        give_back_waiting();
        note_in_flight();
        if (queue_.stopped()) return std::nullopt;
        stopped_ = false;
        failures_in_row_ = unreadable_in_row_ = 0;
        set_health(Health::working, {});
    }
    send_due();
    claim_parcels();
    note_in_flight();
    if (stopped_ || in_flight_ >= allowed_in_flight()) return std::nullopt;  // an answer wakes us
    std::optional<nanoseconds> due;
    const bool claims =
        parcels_.empty() ||
        (!in_outage() && parcels_.size() < static_cast<std::size_t>(options_.parallel));
    if (claims) due = queue_.next_retry();
    if (due)
        due =
            std::max(*due, clock_.steady() + kShortestPause);  // it was just asked and had nothing
    for (const auto& parcel : parcels_)
        if (!parcel->in_flight && (!due || parcel->not_before < *due)) due = parcel->not_before;
    // where something waits for the end of a pause, also if it was not claimed for it
    if (const auto pause = not_before(); pause > clock_.steady())
        due = std::max(due.value_or(pause), pause);
    return due;
}

bool WebhookSink::wind_down() {
    winding_down_ = true;
    take_arrivals();
    give_back_waiting();
    note_in_flight();
    return in_flight_ == 0;
}

void WebhookSink::note_in_flight() {
    const std::lock_guard lock(status_mutex_);
    status_.in_flight = in_flight_;
}

void WebhookSink::take_arrivals() {
    Arrivals outcomes = std::exchange(*arrivals_, {});
    for (auto& [parcel, outcome] : outcomes) {
        parcel->in_flight = false;
        --in_flight_;
        take(*parcel, std::move(outcome));
    }
    if (!outcomes.empty())
        std::erase_if(parcels_, [](const auto& parcel) { return parcel->is_empty(); });
}

void WebhookSink::take(Parcel& parcel, net::HttpOutcome outcome) {
    if (outcome) return take_answer(parcel, *outcome);
    net::HttpFailure& failure = outcome.error();
    // The status alone says enough, except of a 2xx, whose body may name what was not taken.
    if (failure.begun && (failure.begun->status >= 300 || is_whole_document(failure.begun->body)))
        return take_answer(parcel, *failure.begun);
    if (failure.begun)
        failure.error.text += " (it answered HTTP " + std::to_string(failure.begun->status) +
                              ", but the answer's body did not end)";
    const bool unsent = failure.fate == net::Fate::not_sent;
    if (!unsent) unpack_next(parcel, GzipUse::Cause::failure);
    if (failure.proxy_status == 407)
        failure.error.text += ": see proxy_login_file";
    else if (failure.error.kind == ErrorKind::misconfigured)
        failure.error.text +=
            ": see url; whom we trust is in authority_file, who we are in certificate_file";
    retry(
        parcel, {.kind = unsent ? Trouble::Kind::unavailable : Trouble::Kind::unknown,
                 .reason = std::move(failure.error.text),
                 .is_slow = failure.timed_out}
    );
}

void WebhookSink::take_answer(Parcel& parcel, const net::HttpResponse& response) {
    const int status = response.status;
    if (status >= 200 && status < 300) return take_success(parcel, response);
    if (status == 410) return stop("410 Gone: the receiver wants no more events at this address");
    const auto asked = net::retry_after(response.headers, clock_.unix_us() / 1'000'000);
    const bool throttled = status == 429 || (status == 503 && asked);
    const bool refusal = status >= 400 && status < 500 && status != 408 && status != 425;
    if (refusal && !throttled) return refused(parcel, response);
    if (!throttled && status >= 400) unpack_next(parcel, GzipUse::Cause::failure);
    retry(
        parcel, {.kind = throttled ? Trouble::Kind::throttled : Trouble::Kind::failed,
                 .reason = refusal_text(status, response.headers, response.body),
                 .is_slow = is_time_out(status),
                 .asked = asked}
    );
}

void WebhookSink::take_success(Parcel& parcel, const net::HttpResponse& response) {
    const auto verdict = read_answer(response, parcel.front_events());
    if (!verdict.unreadable.empty()) return unreadable(parcel, verdict.unreadable, response.status);
    unreadable_in_row_ = 0;
    learn_from_success(parcel);
    settle_taken(parcel, verdict.rejected);
    ++successes_;
    if (in_outage()) {  // it is back: whoever waited for that goes now
        queue_.retry_now();
        for (const auto& waiting : parcels_) waiting->not_before = nanoseconds(0);
    }
    failures_in_row_ = 0;
    refuses_everybody_ = false;
    if (!stopped_) set_health(Health::working, {});
}

void WebhookSink::learn_from_success(Parcel& parcel) {
    const auto now = clock_.steady();
    size_.passed(parcel.size(), now);
    if (parcel.is_packed) return gzip_.packed_was_taken(now);
    if (parcel.packed_trouble && gzip_.unpacked_was_taken_instead(*parcel.packed_trouble, now))
        log::warn(
            "sink {} goes on without gzip: what the receiver did not take packed it took unpacked; "
            "tried again in a day (gzip_level: 0 ends that)",
            name_
        );
}

void WebhookSink::settle_taken(Parcel& parcel, const std::map<std::string, std::string>& rejected) {
    std::uint64_t taken = 0;
    std::uint64_t set_aside = 0;
    const auto now_us = clock_.unix_us();
    const std::size_t begin = parcel.at;
    const std::size_t end = begin + parcel.front;
    parcel.next_front();
    for (std::size_t i = begin; i < end; ++i) {
        const QueuedEvent& event = parcel.events[i];
        judge_.settled(event.id);
        const auto found = rejected.empty() ? rejected.end() : rejected.find(event.id);
        if (found == rejected.end()) {
            queue_.settle(event.token, Outcome::delivered, {}, 0);
            count_latency(event.appended_us, now_us);
            ++taken;
            continue;
        }
        queue_.settle(
            event.token, event.is_stub ? Outcome::failed : Outcome::rejected, found->second, 0
        );
        set_aside += event.is_stub ? 0 : 1;
    }
    for (std::size_t i = begin; i < end && !rejected.empty(); ++i)
        if (rejected.contains(parcel.events[i].id))
            give_back(parcel, std::string(parcel.events[i].partition_key));
    if (taken > 0) judge_.taken(clock_.steady());
    const std::lock_guard lock(status_mutex_);
    ++status_.attempts_delivered;
    status_.events_delivered += taken;
    status_.events_rejected += set_aside;
}

void WebhookSink::unreadable(Parcel& parcel, const std::string& why, int status) {
    std::string reason = "HTTP " + std::to_string(status) + ", but the answer " + why +
                         ": it cannot be told which events were taken";
    unreadable_in_row_ = why == unreadable_why_ ? unreadable_in_row_ + 1 : 1;
    unreadable_why_ = why;
    parcel.maybe_end = std::max(parcel.maybe_end, parcel.at + parcel.front);
    if (unreadable_in_row_ >= kUnreadableThatStop) {
        {
            const std::lock_guard lock(status_mutex_);
            ++status_.attempts_unknown;
        }
        return stop(
            reason + ", " + std::to_string(unreadable_in_row_) +
            " times in a row; the receiver must answer as schemas/README.md section 3 says"
        );
    }
    retry(parcel, {.kind = Trouble::Kind::unknown, .reason = std::move(reason)});
}

// A packed body that was not taken goes once more unpacked, unless packed ones are known to be
// taken and there is something to halve. Failures alternate. True: the next attempt is unpacked
// instead.
bool WebhookSink::unpack_next(Parcel& parcel, GzipUse::Cause cause) {
    if (!parcel.is_packed) {
        if (parcel.packed_trouble == GzipUse::Cause::failure) parcel.unpacked = false;
        return false;
    }
    const bool counts =
        cause == GzipUse::Cause::packing || (cause == GzipUse::Cause::refusal && parcel.front == 1);
    if (gzip_.is_proven(clock_.steady()) && !counts) return false;
    parcel.packed_trouble = cause;
    parcel.unpacked = true;
    return true;
}

void WebhookSink::refused(Parcel& parcel, const net::HttpResponse& response) {
    const int status = response.status;
    const auto now = clock_.steady();
    parcel.suspect(judge_.begin(now));
    if (unpack_next(parcel, status == 415 ? GzipUse::Cause::packing : GzipUse::Cause::refusal)) {
        const std::lock_guard lock(status_mutex_);
        ++status_.attempts_rejected;
        return;  // sent again at once, it is still in front
    }
    const std::string reason = refusal_text(status, response.headers, response.body);
    if (parcel.front == 1) return refused_alone(parcel, status, reason);
    if (status == 413) size_.failed(parcel.size(), now);
    if (speaks_to_everybody(status)) {
        refuses_everybody_ = true;
        retry(
            parcel, {.kind = Trouble::Kind::refused,
                     .reason = reason,
                     .asked = net::retry_after(response.headers, clock_.unix_us() / 1'000'000)}
        );
        parcel.halve(judge_.begin(now));
        return;
    }
    parcel.halve(judge_.begin(now));
    const std::lock_guard lock(status_mutex_);
    ++status_.attempts_rejected;
}

void WebhookSink::refused_alone(Parcel& parcel, int status, const std::string& reason) {
    const QueuedEvent event = parcel.front_events().front();
    const auto kind = speaks_to_everybody(status) ? PoisonJudge::Refusal::of_everybody
                                                  : PoisonJudge::Refusal::of_content;
    const bool is_poison =
        !event.is_stub && judge_.is_poison(event.id, kind, parcel.refused_since, clock_.steady());
    if (is_poison) {
        {
            const std::lock_guard lock(status_mutex_);
            ++status_.attempts_rejected;
            ++status_.events_rejected;
        }
        log::warn("sink {}: event {} is refused and set aside: {}", name_, event.id, reason);
        judge_.settled(event.id);
        parcel.suspects_end = 0;  // explained: who is refused next needs proof of his own
        settle_front(parcel, Outcome::rejected, reason);
        give_back(parcel, event.partition_key);
        return;
    }
    // Others go first: what they meet tells whether it is the event or the receiver.
    refuses_everybody_ = true;
    retry(
        parcel,
        {.kind = Trouble::Kind::refused,
         .reason = event.is_stub ? reason + " (to a mis.event.withheld.v1, which stands for an "
                                            "event set aside and must be taken)"
                                 : reason}
    );
    settle_front(parcel, Outcome::failed, reason);
    give_back(parcel, event.partition_key);
}

void WebhookSink::retry(Parcel& parcel, const Trouble& trouble) {
    using Kind = Trouble::Kind;
    {
        const std::lock_guard lock(status_mutex_);
        switch (trouble.kind) {
            case Kind::unavailable:
                ++status_.attempts_unavailable;
                break;
            case Kind::unknown:
                ++status_.attempts_unknown;
                break;
            case Kind::failed:
                ++status_.attempts_failed;
                break;
            case Kind::throttled:
                ++status_.attempts_throttled;
                break;
            case Kind::refused:
                ++status_.attempts_rejected;
                break;
        }
    }
    const auto now = clock_.steady();
    if (trouble.kind == Kind::unknown)
        parcel.maybe_end = std::max(parcel.maybe_end, parcel.at + parcel.front);
    if (++parcel.attempts == 1) parcel.successes_before = successes_;
    if (trouble.asked && trouble.asked->wait.count() > 0) {
        paused_until_ = std::max(paused_until_, now + trouble.asked->wait);
        parcel.not_before = paused_until_;
        if (!stopped_)
            set_health(Health::failing, trouble.reason + ", " + net::wait_text(*trouble.asked));
        return;
    }
    if (parcel.failures_at_send == failures_in_row_)
        ++failures_in_row_;  // requests that fail together are one failure
    if (in_outage() && !stopped_) set_health(Health::failing, trouble.reason);
    const auto pause = backoff_.delay(std::max(parcel.attempts, failures_in_row_));
    parcel.not_before = now + pause;
    if (in_outage()) probe_at_ = now + pause;
    if (trouble.kind == Kind::refused || trouble.kind == Kind::throttled) return;
    if (shrunk(parcel, trouble)) return;
    // the one that fails is set apart, so that those behind it are tried too
    const bool others_succeed = successes_ > parcel.successes_before;
    const bool others_wait =
        trouble.kind != Kind::unavailable && parcel.at + parcel.front < parcel.events.size();
    if (parcel.front > 1 || parcel.attempts < 2 || !(others_succeed || others_wait)) return;
    const std::string key = parcel.front_events().front().partition_key;
    settle_front(
        parcel, trouble.kind == Kind::unknown ? Outcome::unknown : Outcome::failed, trouble.reason
    );
    give_back(parcel, key);
}

// A batch that keeps failing goes on in halves: because it is too large, or to find the one event
// that fails while others succeed.
bool WebhookSink::shrunk(Parcel& parcel, const Trouble& trouble) {
    if (parcel.front == 1 || trouble.kind == Trouble::Kind::unavailable) return false;
    const auto size = parcel.size();
    const bool others_succeed = successes_ > parcel.successes_before;
    const std::uint32_t enough = size_.is_doubted(size)              ? 1
                                 : trouble.is_slow || others_succeed ? kSlowAttemptsBeforeHalving
                                                                     : kAttemptsBeforeHalving;
    if (parcel.attempts < enough) return false;
    if (!others_succeed || size_.is_trial(size)) size_.failed(size, clock_.steady());
    parcel.halve(judge_.begin(clock_.steady()));
    return true;
}

void WebhookSink::settle_front(Parcel& parcel, Outcome outcome, std::string_view reason) {
    for (const auto& event : parcel.front_events()) queue_.settle(event.token, outcome, reason, 0);
    parcel.next_front();
}

// The later events of a key whose earlier one was set aside go back: its stub, or its retry, comes
// first.
void WebhookSink::give_back(Parcel& parcel, std::string_view partition_key) {
    const auto rest = parcel.events.begin() + static_cast<std::ptrdiff_t>(parcel.at);
    const auto gone = std::stable_partition(rest, parcel.events.end(), [&](const auto& event) {
        return event.partition_key != partition_key;
    });
    for (auto event = gone; event != parcel.events.end(); ++event)
        queue_.settle(event->token, Outcome::returned, {}, 0);
    if (gone != parcel.events.end()) parcel.suspects_end = 0;  // not the same events any more
    parcel.events.erase(gone, parcel.events.end());
}

void WebhookSink::give_back_waiting() {
    for (const auto& parcel : parcels_) {
        if (parcel->in_flight) continue;
        for (; parcel->at < parcel->events.size(); ++parcel->at)
            queue_.settle(
                parcel->events[parcel->at].token,
                parcel->at < parcel->maybe_end ? Outcome::unknown : Outcome::returned,
                "not known when the sink stopped", 0
            );
    }
    std::erase_if(parcels_, [](const auto& parcel) { return parcel->is_empty(); });
}

void WebhookSink::stop(const std::string& reason) {
    stopped_ = true;
    queue_.stop(reason);
    set_health(Health::stopped, reason);
}

bool WebhookSink::in_outage() const { return failures_in_row_ >= kFailuresThatMeanOutage; }

std::size_t WebhookSink::allowed_in_flight() const {
    return in_outage() ? 1 : static_cast<std::size_t>(options_.parallel);
}

nanoseconds WebhookSink::not_before() const {
    return in_outage() ? std::max(paused_until_, probe_at_) : paused_until_;
}

void WebhookSink::send_due() {
    const auto now = clock_.steady();
    if (stopped_ || winding_down_ || now < not_before()) return;
    for (const auto& parcel : parcels_) {
        if (in_flight_ >= allowed_in_flight()) return;
        if (!parcel->in_flight && parcel->not_before <= now) send(*parcel);
    }
}

void WebhookSink::claim_parcels() {
    if (stopped_ || winding_down_ || clock_.steady() < not_before()) return;
    if (in_outage() && !parcels_.empty()) return;  // what is here already does the probing
    const bool single = options_.batch_events_max == 1;
    while (in_flight_ < allowed_in_flight() &&
           parcels_.size() < static_cast<std::size_t>(options_.parallel)) {
        const std::size_t slots = static_cast<std::size_t>(options_.parallel) - parcels_.size();
        const std::size_t free_slots = std::min(slots, allowed_in_flight() - in_flight_);
        auto events =
            single ? queue_.claim(free_slots, PerKey::one, options_.batch_bytes_max)
                   : queue_.claim(options_.batch_events_max, PerKey::run, options_.batch_bytes_max);
        if (events.empty()) return;
        const auto start = [this](std::vector<QueuedEvent> given) {
            parcels_.push_back(std::make_unique<Parcel>());
            parcels_.back()->events = std::move(given);
            send(*parcels_.back());
        };
        if (!single) {
            start(std::move(events));
            continue;
        }
        for (auto& event : events) {
            std::vector<QueuedEvent> one;
            one.push_back(std::move(event));
            start(std::move(one));
        }
    }
}

// How many go together now: as many as the size allows, and what failed before alone.
void WebhookSink::cut(Parcel& parcel) const {
    const BatchSize::Size limit = size_.limit();
    const bool probes_alone = in_outage() && refuses_everybody_;
    std::size_t most = probes_alone ? 1 : limit.events;
    if (parcel.at < parcel.suspects_end)
        most = std::min(most, std::max<std::size_t>(1, parcel.step));
    if (parcel.front > 0 && parcel.front <= most) return;
    std::size_t count = 1;
    std::size_t bytes = parcel.events[parcel.at].body.size();
    const bool failed_before = parcel.events[parcel.at].attempts > 0;
    while (!failed_before && count < most && parcel.at + count < parcel.events.size()) {
        const QueuedEvent& next = parcel.events[parcel.at + count];
        bytes += next.body.size();
        if (next.attempts > 0 || bytes > limit.bytes) break;
        ++count;
    }
    parcel.recut(count);
}

void WebhookSink::send(Parcel& parcel) {
    cut(parcel);
    const auto events = parcel.front_events();
    const bool single = options_.batch_events_max == 1;
    std::string body = single ? events.front().body : batch_body(events);
    std::string packed;
    const int gzip_level = parcel.unpacked ? 0 : gzip_.level(clock_.steady());
    if (gzip_level > 0 && body.size() >= kGzipBytesMin) packed = net::gzip(body, gzip_level);
    net::HttpRequest request;
    request.method = "POST";
    request.url = options_.url;
    request.headers = net::webhook_headers(
        options_.secrets, webhook_id_of(events), clock_.unix_us() / 1'000'000, body, packed
    );
    request.headers.emplace_back(
        "Content-Type",
        single ? "application/cloudevents+json" : "application/cloudevents-batch+json"
    );
    if (!packed.empty()) request.headers.emplace_back("Content-Encoding", "gzip");
    request.headers.insert(request.headers.end(), options_.headers.begin(), options_.headers.end());
    // an echo of what was sent, and what is said about it, can be read whole
    request.response_bytes_max = kAnswerBytesMin + 2 * body.size();
    parcel.is_packed = !packed.empty();
    request.body = packed.empty() ? std::move(body) : std::move(packed);
    request.tls = options_.tls;
    request.proxy = options_.proxy;
    request.connect_timeout = options_.connect_timeout;
    request.total_timeout = options_.answer_timeout;
    parcel.in_flight = true;
    parcel.failures_at_send = failures_in_row_;
    ++in_flight_;
    client_.send(
        std::move(request), [arrivals = arrivals_, address = &parcel](net::HttpOutcome outcome
                            ) { arrivals->emplace_back(address, std::move(outcome)); }
    );
}

}  // namespace mis::sink
