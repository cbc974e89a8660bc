// Slots sink: sends an aggregator of free times a whole snapshot every so often.
//
// It takes nothing from the outbox: a snapshot is worked out when it is sent, from what the store
// holds then, so an old one is never sent, and a failed one not again.
//   a snapshot that cannot be had   nothing is sent (SlotSnapshots says why); looked again soon
//   2xx, a good answer              the next request; after the last one a pause of `every`
//   2xx that says it failed, 4xx    refused: told, and the next doctor's; tried again with the next
//                                   snapshot, for the same one would be refused again
//   429, 503 + Retry-After          everything waits that long
//   5xx, 3xx, silence, no way there a new snapshot after a pause (exponential backoff), from the
//                                   request on that failed; a doctor's that fails three times in a
//                                   row is passed over
// A snapshot is at most kSnapshotFresh old when a request of it begins; then a new one is taken.
// It is written into the audit before its first byte leaves. Memory: one snapshot's bodies.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "disclosure/free_slots.hpp"
#include "net/http_client.hpp"
#include "net/retry_after.hpp"
#include "sink/sink.hpp"
#include "sink/slots/slot_bodies.hpp"

namespace mis::sink {

inline constexpr std::chrono::seconds kSnapshotFresh{60};

struct SlotSnapshot {
    disclosure::FreeSlots slots;
    std::size_t unmapped = 0;  // doctors in branches with free times that the table does not have
};

struct NoSnapshot {
    std::string why;       // for people
    bool is_brief = true;  // a pass is under way: no reason to complain yet
};

// What the sink needs of the clinic. Called from the sink's thread.
class SlotSnapshots {
  public:
    virtual ~SlotSnapshots() = default;
    virtual tl::expected<SlotSnapshot, NoSnapshot> take() = 0;
    // Writes one row of the audit; durable when it returns. subject: what leaves, in figures;
    // digest: sha256 of all bodies, 64 hex digits. Throws StoreError.
    virtual void record(const std::string& subject, const std::string& digest) = 0;
};

struct SlotsOptions {
    Aggregator aggregator;
    std::string url;  // aggregator's own, or the site's
    net::Headers headers;
    SlotValues values;
    net::ClientTls tls;
    net::ClientProxy proxy;
    std::chrono::minutes every{15};
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds answer_timeout{30'000};
    std::chrono::milliseconds backoff_first{1'000};
    std::chrono::milliseconds backoff_longest{300'000};
};

struct SlotsFigures {
    std::int64_t sent_us = 0;  // when the last snapshot was taken whole; 0: none since start
    std::size_t doctors = 0;   // of that one, in branches
    std::size_t free_cells = 0;
    std::size_t refused = 0;  // requests of it
    std::size_t unmapped = 0;
};

class SlotsSink final : public Sink {
  public:
    // Snapshots, client and clock outlive the sink; the client is this sink's alone.
    SlotsSink(
        std::string name, SlotsOptions options, SlotSnapshots& snapshots, net::HttpClient& client,
        const Clock& clock
    );
    ~SlotsSink() override;

    std::optional<std::chrono::nanoseconds> turn() override;
    bool wind_down() override;
    void wait(std::chrono::nanoseconds at_most) override { client_.work(at_most); }
    void wake() override { client_.interrupt(); }

    SlotsFigures figures() const;  // from any thread

  private:
    using Arrival = std::optional<net::HttpOutcome>;

    bool prepare();
    void send();
    void take(net::HttpOutcome outcome);
    void take_answer(const net::HttpResponse& response);
    void next_request();
    void refused(const std::string& reason);
    void retry(const std::string& reason, std::optional<net::AskedWait> asked);
    void finish();
    void count(std::uint64_t SinkStatus::*which);

    const SlotsOptions options_;
    SlotSnapshots& snapshots_;
    net::HttpClient& client_;
    const Clock& clock_;
    Backoff backoff_;
    std::shared_ptr<Arrival> arrival_;  // shared with the completion, which may outlive the sink
    bool in_flight_ = false, winding_down_ = false;
    std::chrono::nanoseconds next_{0};                     // nothing is done before
    std::optional<std::chrono::nanoseconds> began_;        // this snapshot's first request
    std::optional<std::chrono::nanoseconds> brief_since_;  // no snapshot was to be had
    std::chrono::nanoseconds taken_{0};
    std::vector<SlotRequest> requests_;  // empty: a snapshot is to be taken
    std::size_t at_ = 0;                 // the next one
    std::uint32_t failures_in_row_ = 0, failures_here_ = 0;
    std::vector<std::string> refused_;  // of this snapshot
    SlotsFigures taking_;               // of this snapshot
    SlotsFigures figures_;              // guarded by status_mutex_
};

// Why a 2xx answer says that the request failed; empty: it does not.
std::string slots_failure(
    const Aggregator& aggregator, const net::HttpResponse& response, const net::Headers& sent
);

}  // namespace mis::sink
