#include "sink/webhook_sink.hpp"

#include <algorithm>
#include <deque>

#include "base/log.hpp"
#include "net/gzip.hpp"
#include "sink/webhook_body.hpp"

namespace mis::sink {

using std::chrono::nanoseconds;

namespace {

constexpr std::uint32_t kFailuresThatMeanOutage = 3;
constexpr std::uint32_t kBatchAttemptsBeforeSplitting = 4;
constexpr nanoseconds kShortestPause = std::chrono::milliseconds(1);
constexpr std::size_t kGzipBytesMin = 512;  // below it the packed form is hardly smaller

std::string status_text(int status) { return "HTTP " + std::to_string(status); }

}  // namespace

// What one claim gave, on its way. Segments are sent one after the other, which keeps the order of
// keys that occur in several.
struct WebhookSink::Parcel {
    std::deque<std::vector<QueuedEvent>> segments;
    std::uint32_t attempts = 0;          // of the front segment
    std::uint64_t successes_before = 0;  // of the sink, when the front segment first failed
    nanoseconds not_before{0};
    std::uint32_t failures_at_send = 0;  // of the sink, in a row
    bool in_flight = false;

    std::vector<QueuedEvent>& front() { return segments.front(); }
    void next_segment() {
        segments.pop_front();
        attempts = 0;
        not_before = nanoseconds(0);
    }
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
      arrivals_(std::make_shared<Arrivals>()),
      gzip_level_(options_.gzip_level) {
    MIS_ASSERT(!options_.secrets.empty() && options_.parallel > 0 && options_.batch_events_max > 0);
}

WebhookSink::~WebhookSink() = default;

std::optional<nanoseconds> WebhookSink::turn() {
    take_arrivals();
    if (stopped_) {
        give_back_waiting();
        note_in_flight();
        if (queue_.stopped()) return std::nullopt;
        stopped_ = false;
        failures_in_row_ = 0;
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
    if (due) due = std::max(*due, paused_until_);
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
    const Arrivals outcomes = std::exchange(*arrivals_, {});
    for (const auto& [parcel, outcome] : outcomes) {
        parcel->in_flight = false;
        --in_flight_;
        take(*parcel, outcome);
    }
    if (!outcomes.empty())
        std::erase_if(parcels_, [](const auto& parcel) { return parcel->segments.empty(); });
}

void WebhookSink::take(Parcel& parcel, const net::HttpOutcome& outcome) {
    using std::chrono::seconds;
    if (!outcome) {
        const bool unsent = outcome.error().fate == net::Fate::not_sent;
        return retry(
            parcel, unsent ? Retry::unavailable : Retry::unknown, outcome.error().error.text,
            seconds(0)
        );
    }
    const int status = outcome->status;
    const auto asked = retry_after(
        net::find_header(outcome->headers, "Retry-After"), clock_.unix_us() / 1'000'000
    );
    if (status >= 200 && status < 300) return accepted(parcel, *outcome);
    if (status == 429 || (status == 503 && asked))
        return retry(parcel, Retry::throttled, status_text(status), asked.value_or(seconds(0)));
    if (status == 410) return stop("410");
    if (status == 415 && gzip_level_ > 0) {
        log::warn("sink {} goes on without gzip: the receiver does not take it", name_);
        gzip_level_ = 0;
        return;  // sent again at once, it is still in front
    }
    if (status >= 400 && status < 500 && status != 408 && status != 425)
        return refused(parcel, *outcome);
    retry(parcel, Retry::failed, status_text(status), seconds(0));
}

void WebhookSink::accepted(Parcel& parcel, const net::HttpResponse& response) {
    const auto rejected = rejected_ids(response.body);
    std::uint64_t taken = 0;
    const auto now_us = clock_.unix_us();
    const std::vector<QueuedEvent> events = std::move(parcel.front());
    parcel.next_segment();
    for (const auto& event : events) {
        if (const auto found = rejected.find(event.id); found != rejected.end()) {
            queue_.settle(event.token, Outcome::rejected, found->second, 0);
            give_back(parcel, event.partition_key);
            continue;
        }
        queue_.settle(event.token, Outcome::delivered, {}, 0);
        count_latency(event.appended_us, now_us);
        ++taken;
    }
    {
        const std::lock_guard lock(status_mutex_);
        ++status_.attempts_delivered;
        status_.events_delivered += taken;
        status_.events_rejected += events.size() - taken;
    }
    ++successes_;
    refusals_in_row_ = 0;
    if (in_outage()) {  // it is back: whoever waited for that goes now
        queue_.retry_now();
        for (const auto& waiting : parcels_) waiting->not_before = nanoseconds(0);
    }
    failures_in_row_ = 0;
    if (!stopped_) set_health(Health::working, {});
}

void WebhookSink::refused(Parcel& parcel, const net::HttpResponse& response) {
    const std::string reason = status_text(response.status) + ": " + short_reason(response.body);
    if (refusals_in_row_ < options_.refusals_in_row_max)
        failures_in_row_ = 0;  // it is there, and answers
    if (parcel.front().size() > 1) {
        auto second = std::move(parcel.front());
        const auto middle = second.begin() + static_cast<std::ptrdiff_t>(second.size() / 2);
        std::vector<QueuedEvent> first(
            std::make_move_iterator(second.begin()), std::make_move_iterator(middle)
        );
        second.erase(second.begin(), middle);
        parcel.next_segment();
        parcel.segments.push_front(std::move(second));
        parcel.segments.push_front(std::move(first));
        const std::lock_guard lock(status_mutex_);
        ++status_.attempts_rejected;
        return;
    }
    if (++refusals_in_row_ > options_.refusals_in_row_max && parcel.attempts == 0)
        return retry(
            parcel, Retry::failed, "refuses every event: " + reason, std::chrono::seconds(0)
        );
    {
        const std::lock_guard lock(status_mutex_);
        ++status_.attempts_rejected;
        ++status_.events_rejected;
    }
    log::warn(
        "sink {}: event {} is refused and set aside: {}", name_, parcel.front().front().id,
        status_text(response.status)
    );
    const std::string key = parcel.front().front().partition_key;
    settle_front(parcel, Outcome::rejected, reason);
    give_back(parcel, key);
}

void WebhookSink::retry(
    Parcel& parcel, Retry why, const std::string& reason, std::chrono::seconds asked
) {
    {
        const std::lock_guard lock(status_mutex_);
        switch (why) {
            case Retry::unavailable:
                ++status_.attempts_unavailable;
                break;
            case Retry::unknown:
                ++status_.attempts_unknown;
                break;
            case Retry::failed:
                ++status_.attempts_failed;
                break;
            case Retry::throttled:
                ++status_.attempts_throttled;
                break;
        }
    }
    const auto now = clock_.steady();
    if (++parcel.attempts == 1) parcel.successes_before = successes_;
    if (why == Retry::throttled && asked.count() > 0) {
        paused_until_ = std::max(paused_until_, now + asked);
        parcel.not_before = paused_until_;
        if (!stopped_)
            set_health(
                Health::failing, reason + ", asks to wait " + std::to_string(asked.count()) + " s"
            );
        return;
    }
    if (parcel.failures_at_send == failures_in_row_)
        ++failures_in_row_;  // requests that fail together are one failure
    if (in_outage() && !stopped_) set_health(Health::failing, reason);
    const bool others_succeed = successes_ > parcel.successes_before;
    const bool alone = parcel.front().size() == 1;
    if (others_succeed && why != Retry::throttled &&
        parcel.attempts >= (alone ? 2 : kBatchAttemptsBeforeSplitting)) {
        std::vector<std::string> keys;
        for (const auto& event : parcel.front()) keys.push_back(event.partition_key);
        settle_front(parcel, why == Retry::unknown ? Outcome::unknown : Outcome::failed, reason);
        for (const auto& key : keys) give_back(parcel, key);
        return;
    }
    parcel.not_before = now + backoff_.delay(std::max(parcel.attempts, failures_in_row_));
}

void WebhookSink::settle_front(Parcel& parcel, Outcome outcome, std::string_view reason) {
    for (const auto& event : parcel.front()) queue_.settle(event.token, outcome, reason, 0);
    parcel.next_segment();
}

// The later events of a key whose earlier one was set aside go back: its stub, or its retry, comes
// first.
void WebhookSink::give_back(Parcel& parcel, std::string_view partition_key) {
    for (auto& segment : parcel.segments)
        std::erase_if(segment, [&](const QueuedEvent& event) {
            if (event.partition_key != partition_key) return false;
            queue_.settle(event.token, Outcome::returned, {}, 0);
            return true;
        });
    std::erase_if(parcel.segments, [](const auto& segment) { return segment.empty(); });
}

void WebhookSink::give_back_waiting() {
    for (const auto& parcel : parcels_)
        if (!parcel->in_flight)
            while (!parcel->segments.empty()) settle_front(*parcel, Outcome::returned, {});
    std::erase_if(parcels_, [](const auto& parcel) { return parcel->segments.empty(); });
}

void WebhookSink::stop(const std::string& reason) {
    stopped_ = true;
    queue_.stop(reason);
    for (const auto& parcel : parcels_)
        if (!parcel->in_flight)
            while (!parcel->segments.empty()) settle_front(*parcel, Outcome::returned, {});
    set_health(Health::stopped, reason == "410" ? "the receiver answered 410 Gone" : reason);
}

bool WebhookSink::in_outage() const { return failures_in_row_ >= kFailuresThatMeanOutage; }

std::size_t WebhookSink::allowed_in_flight() const {
    return in_outage() ? 1 : static_cast<std::size_t>(options_.parallel);
}

void WebhookSink::send_due() {
    const auto now = clock_.steady();
    if (stopped_ || winding_down_ || now < paused_until_) return;
    for (const auto& parcel : parcels_) {
        if (in_flight_ >= allowed_in_flight()) return;
        if (!parcel->in_flight && parcel->not_before <= now) send(*parcel);
    }
}

void WebhookSink::claim_parcels() {
    if (stopped_ || winding_down_ || clock_.steady() < paused_until_) return;
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
            auto parcel = std::make_unique<Parcel>();
            for (auto& event : given) {  // what failed before travels alone
                const bool joins = !parcel->segments.empty() && event.attempts == 0 &&
                                   parcel->segments.back().back().attempts == 0;
                if (!joins) parcel->segments.emplace_back();
                parcel->segments.back().push_back(std::move(event));
            }
            parcels_.push_back(std::move(parcel));
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

void WebhookSink::send(Parcel& parcel) {
    const auto& events = parcel.front();
    const bool single = options_.batch_events_max == 1;
    std::string body = single ? events.front().body : batch_body(events);
    std::string packed;
    if (gzip_level_ > 0 && body.size() >= kGzipBytesMin) packed = net::gzip(body, gzip_level_);
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
    request.body = packed.empty() ? std::move(body) : std::move(packed);
    request.tls = options_.tls;
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
