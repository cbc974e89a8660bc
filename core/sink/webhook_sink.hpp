// Webhook sink: signed POSTs of CloudEvents to the exchange (schemas/README.md section 3).
//
// A batch is `application/cloudevents-batch+json`; with batch_events_max 1 every event is its own
// `application/cloudevents+json`. Never binary mode: its headers are outside the signature. A batch
// keeps its events, and so its webhook-id, through its retries, until its size is doubted.
//   2xx                      all taken, or all but those named in {"rejected":[{"id","reason"}]};
//   an
//                            answer that cannot be understood (webhook_answer.hpp): unknown, and
//                            after ten equal ones in a row the sink stops
//   429, 503 + Retry-After   everything waits that long
//   5xx, 3xx, silence        again for ever, exponential backoff with full jitter, in order per
//   key;
//                            from the fifth time on (time-outs, 504: the second) in halves
//   413                      in halves
//   410                      the sink stops, durably, until a human acts
//   401, 403, 404, 405 …     an outage, probed with single events (poison_judge.hpp)
//   other 4xx                the batch is halved until the poison event stands alone: rejected
//                            (dead letter); the rest flows
// A refusal of a packed body counts once the same was refused unpacked (gzip_use.hpp). A stub is
// never given up. After three failures in a row one request at a time probes; the first success
// opens everything again. An event that fails while others succeed is settled as failed and comes
// back alone, so nothing is held by one event for ever. Memory: at most `parallel` batches of
// batch_bytes_max, twice (plain and packed).
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/backoff.hpp"
#include "net/http_client.hpp"
#include "net/retry_after.hpp"
#include "net/webhook_signature.hpp"
#include "sink/batch_size.hpp"
#include "sink/delivery_queue.hpp"
#include "sink/gzip_use.hpp"
#include "sink/poison_judge.hpp"
#include "sink/sink.hpp"

namespace mis::sink {

struct WebhookOptions {
    std::string url;
    std::vector<net::WebhookSecret> secrets;  // one; two while rotating. Never empty
    net::Headers headers;                     // further ones, such as Authorization
    net::ClientTls tls;
    net::ClientProxy proxy;
    std::size_t batch_events_max = 100;     // 1: single-event mode
    std::size_t batch_bytes_max = 500'000;  // of the events' JSON
    int parallel = 4;                       // requests at once
    int gzip_level = 1;                     // 0: never; else 1…9
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds answer_timeout{30'000};
    std::chrono::milliseconds backoff_first{1'000};
    std::chrono::milliseconds backoff_longest{300'000};
};

class WebhookSink final : public Sink {
  public:
    // Queue, client and clock outlive the sink; it may be destroyed with requests under way (their
    // events come again). The client is this sink's alone: the sink's thread drives it.
    WebhookSink(
        std::string name, WebhookOptions options, DeliveryQueue& queue, net::HttpClient& client,
        const Clock& clock
    );
    ~WebhookSink() override;

    std::optional<std::chrono::nanoseconds> turn() override;
    bool wind_down() override;
    void wait(std::chrono::nanoseconds at_most) override { client_.work(at_most); }
    void wake() override { client_.interrupt(); }

  private:
    struct Parcel;
    struct Trouble;
    using Arrivals = std::vector<std::pair<Parcel*, net::HttpOutcome>>;

    void note_in_flight();
    void take_arrivals();
    void take(Parcel& parcel, net::HttpOutcome outcome);
    void take_answer(Parcel& parcel, const net::HttpResponse& response);
    void take_success(Parcel& parcel, const net::HttpResponse& response);
    void settle_taken(Parcel& parcel, const std::map<std::string, std::string>& rejected);
    void unreadable(Parcel& parcel, const std::string& why, int status);
    void refused(Parcel& parcel, const net::HttpResponse& response);
    void refused_alone(Parcel& parcel, int status, const std::string& reason);
    void retry(Parcel& parcel, const Trouble& trouble);
    bool unpack_next(Parcel& parcel, GzipUse::Cause cause);
    bool shrunk(Parcel& parcel, const Trouble& trouble);
    void learn_from_success(Parcel& parcel);
    void settle_front(Parcel& parcel, Outcome outcome, std::string_view reason);
    void give_back(Parcel& parcel, std::string_view partition_key);
    void give_back_waiting();
    void stop(const std::string& reason);
    void claim_parcels();
    void send_due();
    void cut(Parcel& parcel) const;
    void send(Parcel& parcel);
    bool in_outage() const;
    std::size_t allowed_in_flight() const;
    std::chrono::nanoseconds not_before() const;  // of every request

    const WebhookOptions options_;
    DeliveryQueue& queue_;
    net::HttpClient& client_;
    const Clock& clock_;
    Backoff backoff_;
    BatchSize size_;
    GzipUse gzip_;
    PoisonJudge judge_;
    std::shared_ptr<Arrivals> arrivals_;  // shared with completions, which may outlive the sink
    std::list<std::unique_ptr<Parcel>> parcels_;  // oldest first
    std::size_t in_flight_ = 0;
    std::uint32_t failures_in_row_ = 0;
    bool refuses_everybody_ = false;  // the outage is one of refusals: single events probe
    std::string unreadable_why_;
    std::uint32_t unreadable_in_row_ = 0;
    std::uint64_t successes_ = 0;
    std::chrono::nanoseconds paused_until_{0};  // asked for
    std::chrono::nanoseconds probe_at_{0};      // in an outage
    bool stopped_ = false;
    bool winding_down_ = false;
};

}  // namespace mis::sink
