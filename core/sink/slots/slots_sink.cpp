#include "sink/slots/slots_sink.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/private_values.hpp"
#include "base/text.hpp"
#include "sink/webhook_answer.hpp"

namespace mis::sink {

using std::chrono::nanoseconds;

namespace {

constexpr std::chrono::seconds kLookAgain{2};       // for a snapshot that was not to be had
constexpr std::chrono::minutes kBriefMax{10};       // longer is told
constexpr std::uint32_t kFailuresThatPassOver = 3;  // of one doctor's request
constexpr std::size_t kRefusedTold = 3;

bool is_empty_value(const Json& value) {
    return value.is_null() || value == Json(false) || value == Json("") ||
           (value.is_structured() && value.empty());
}

// nullptr: there is none.
const Json* field_of(const Json& answer, std::string_view path) {
    const Json* at = &answer;
    for (const auto name : split(path, '.')) {
        if (!at->is_object()) return nullptr;
        const auto found = at->find(std::string(name));
        if (found == at->end()) return nullptr;
        at = &*found;
    }
    return at;
}

std::string told_in(const Json& value) {
    if (value.is_object())
        for (const char* name : {"message", "detail", "title"})
            if (const Json* said = field_of(value, name); said != nullptr && said->is_string())
                return said->get<std::string>();
    return value.is_string() ? value.get<std::string>()
                             : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What an aggregator says is shown to people: not where it repeats our token, or holds a number or
// address.
std::string shown(std::string_view said, const net::Headers& sent) {
    std::string text = short_reason(said);
    const bool holds_secret = std::any_of(sent.begin(), sent.end(), [&](const auto& header) {
        const std::string& value = header.second;
        const std::string token = value.substr(value.find_last_of(' ') + 1);
        return token.size() >= 8 && text.find(token) != std::string::npos;
    });
    return holds_secret || has_private_shape(text) ? "(what it says is not shown)" : text;
}

std::string status_text(const net::HttpResponse& response, const net::Headers& sent) {
    std::string text = fmt::format("HTTP {}", response.status);
    switch (response.status) {
        case 401:
        case 403:
            text += ", it does not let us in: compare token_file with what the aggregator gave";
            break;
        case 404:
        case 405:
            text +=
                ", nothing takes free times at that address: compare url with what the "
                "aggregator gave";
            break;
        case 413:
            text += ", the snapshot is too large for it: ask the aggregator, or lower days";
            break;
        default:
            break;
    }
    if (response.status >= 300 && response.status < 400)
        return text +
               ", sends us to another address, where free times do not go by themselves: put "
               "the new address into url";
    const std::string said = shown(response.body, sent);
    return said.empty() ? text : text + ": " + said;
}

}  // namespace

std::string slots_failure(
    const Aggregator& aggregator, const net::HttpResponse& response, const net::Headers& sent
) {
    if (!aggregator.json_answer) return {};
    const Json answer = Json::parse(response.body, nullptr, false);
    if (answer.is_discarded())
        return "answered 2xx with what is no JSON: whether it took anything "
               "cannot be told";
    for (const auto& name : aggregator.failures)
        if (const Json* found = field_of(answer, name); found != nullptr && !is_empty_value(*found))
            return fmt::format("says {}: {}", name, shown(told_in(*found), sent));
    if (!aggregator.expects.empty() && field_of(answer, aggregator.expects) == nullptr)
        return fmt::format(
            "answered 2xx without `{}`: {}", aggregator.expects, shown(response.body, sent)
        );
    return {};
}

SlotsSink::SlotsSink(
    std::string name, SlotsOptions options, SlotSnapshots& snapshots, net::HttpClient& client,
    const Clock& clock
)
    : Sink(std::move(name)),
      options_(std::move(options)),
      snapshots_(snapshots),
      client_(client),
      clock_(clock),
      backoff_(options_.backoff_first, options_.backoff_longest),
      arrival_(std::make_shared<Arrival>()) {}

SlotsSink::~SlotsSink() = default;

SlotsFigures SlotsSink::figures() const {
    const std::lock_guard lock(status_mutex_);
    return figures_;
}

void SlotsSink::count(std::uint64_t SinkStatus::*which) {
    const std::lock_guard lock(status_mutex_);
    ++(status_.*which);
}

std::optional<nanoseconds> SlotsSink::turn() {
    if (*arrival_) {
        net::HttpOutcome outcome = std::move(**arrival_);
        arrival_->reset();
        in_flight_ = false;
        take(std::move(outcome));
    }
    if (!in_flight_ && !winding_down_ && clock_.steady() >= next_ && prepare()) send();
    {
        const std::lock_guard lock(status_mutex_);
        status_.in_flight = in_flight_ ? 1 : 0;
    }
    if (in_flight_) return std::nullopt;  // an answer wakes us
    return next_;
}

bool SlotsSink::wind_down() {
    winding_down_ = true;
    if (*arrival_) in_flight_ = false;
    return !in_flight_;
}

// True: there is a request to send.
bool SlotsSink::prepare() {
    const auto now = clock_.steady();
    if (!requests_.empty() && now - taken_ <= kSnapshotFresh) return true;
    requests_.clear();
    auto snapshot = snapshots_.take();
    if (!snapshot) {
        next_ = now + kLookAgain;
        if (!brief_since_) brief_since_ = now;
        if (!snapshot.error().is_brief || now - *brief_since_ > kBriefMax)
            set_health(Health::failing, "nothing is sent: " + snapshot.error().why);
        return false;
    }
    brief_since_.reset();
    requests_ = slot_requests(options_.aggregator, snapshot->slots, options_.values);
    taking_ = {
        0, snapshot->slots.doctors().size(), snapshot->slots.free_cells(), 0, snapshot->unmapped};
    if (requests_.empty()) {
        next_ = now + options_.every;
        began_.reset();
        set_health(
            Health::failing,
            "nothing is sent: no line of table_file is confirmed, see `mis-gateway "
            "slots table`"
        );
        return false;
    }
    std::string all;
    for (const auto& request : requests_) all += request.body;
    const std::string digest = to_hex(sha256(all));
    const auto& days = snapshot->slots.doctors().front().days;
    snapshots_.record(
        fmt::format(
            "free times {} to {}: {} of {} doctors (in branches), sha256 {}",
            days.front().day.to_string(), days.back().day.to_string(), taking_.free_cells,
            taking_.doctors, digest
        ),
        digest
    );
    taken_ = now;
    if (!began_) began_ = now;
    if (at_ >= requests_.size()) at_ = 0;
    return true;
}

void SlotsSink::send() {
    net::HttpRequest request;
    request.method = options_.aggregator.method;
    request.url = options_.url + options_.aggregator.path;
    request.headers = options_.headers;
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = requests_[at_].body;
    request.tls = options_.tls;
    request.proxy = options_.proxy;
    request.connect_timeout = options_.connect_timeout;
    request.total_timeout = options_.answer_timeout;
    in_flight_ = true;
    client_.send(std::move(request), [arrival = arrival_](net::HttpOutcome outcome) {
        arrival->emplace(std::move(outcome));
    });
}

void SlotsSink::take(net::HttpOutcome outcome) {
    if (outcome) return take_answer(*outcome);
    net::HttpFailure& failure = outcome.error();
    if (failure.begun && failure.begun->status >= 300) return take_answer(*failure.begun);
    count(
        failure.fate == net::Fate::not_sent ? &SinkStatus::attempts_unavailable
                                            : &SinkStatus::attempts_unknown
    );
    if (failure.proxy_status == 407)
        failure.error.text += ": see proxy_login_file";
    else if (failure.error.kind == ErrorKind::misconfigured)
        failure.error.text +=
            ": see url; whom we trust is in authority_file, who we are in certificate_file";
    retry(failure.error.text, {});
}

void SlotsSink::take_answer(const net::HttpResponse& response) {
    const int status = response.status;
    if (status >= 200 && status < 300) {
        if (const auto failure = slots_failure(options_.aggregator, response, options_.headers);
            !failure.empty()) {
            count(&SinkStatus::attempts_rejected);
            return refused(failure);
        }
        count(&SinkStatus::attempts_delivered);
        failures_in_row_ = 0;
        return next_request();
    }
    const auto asked = net::retry_after(response.headers, clock_.unix_us() / 1'000'000);
    if (status == 429 || (status == 503 && asked)) {
        count(&SinkStatus::attempts_throttled);
        return retry(status_text(response, options_.headers), asked);
    }
    if (status >= 400 && status < 500 && status != 408 && status != 425) {
        count(&SinkStatus::attempts_rejected);
        return refused(status_text(response, options_.headers));
    }
    count(&SinkStatus::attempts_failed);
    if (requests_.size() > 1 && ++failures_here_ >= kFailuresThatPassOver)
        return refused(status_text(response, options_.headers));
    retry(status_text(response, options_.headers), {});
}

void SlotsSink::next_request() {
    failures_here_ = 0;
    if (++at_ < requests_.size()) return;
    finish();
}

void SlotsSink::refused(const std::string& reason) {
    const std::string& of = requests_[at_].of;
    refused_.push_back(of.empty() ? reason : of + ": " + reason);
    log::debug("sink {}: refused: {}", name_, refused_.back());
    next_request();
}

void SlotsSink::retry(const std::string& reason, std::optional<net::AskedWait> asked) {
    ++failures_in_row_;
    nanoseconds pause = backoff_.delay(failures_in_row_);
    if (asked) pause = std::max<nanoseconds>(pause, asked->wait);
    next_ = clock_.steady() + pause;
    requests_.clear();  // the next attempt's are of that moment
    set_health(Health::failing, asked ? reason + ", " + net::wait_text(*asked) : reason);
}

void SlotsSink::finish() {
    const auto now = clock_.steady();
    next_ = std::max(began_.value_or(now) + options_.every, now + std::chrono::seconds(1));
    const bool all_refused = refused_.size() == requests_.size();
    taking_.refused = refused_.size();
    {
        const std::lock_guard lock(status_mutex_);
        taking_.sent_us = all_refused ? figures_.sent_us : clock_.unix_us();
        figures_ = taking_;
    }
    if (refused_.empty()) {
        log::debug(
            "sink {}: {} free times of {} doctors sent", name_, taking_.free_cells, taking_.doctors
        );
        set_health(Health::working, {});
    } else {
        std::string text =
            fmt::format("{} of {} requests refused", refused_.size(), requests_.size());
        for (std::size_t i = 0; i < std::min(refused_.size(), kRefusedTold); ++i)
            text += (i == 0 ? ": " : "; ") + refused_[i];
        set_health(Health::failing, text);
    }
    requests_.clear();
    refused_.clear();
    at_ = 0;
    began_.reset();
}

}  // namespace mis::sink
