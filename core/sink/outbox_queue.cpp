#include "sink/outbox_queue.hpp"

namespace mis::sink {
namespace {

constexpr std::size_t kEnvelopeBytes = 900;  // with room to spare

}  // namespace

std::vector<QueuedEvent> OutboxQueue::claim(
    std::size_t limit, PerKey per_key, std::size_t bytes_max
) {
    const auto claims = delivery_.claim(limit, per_key, bytes_max);
    std::vector<QueuedEvent> events;
    events.reserve(claims.size());
    for (const auto& claim : claims) {
        QueuedEvent& queued = events.emplace_back();
        queued.token = claim.token;
        queued.body.reserve(claim.event->data.size() + kEnvelopeBytes);
        outbox::render_cloudevent(queued.body, *claim.event, clinic_id_);
        queued.id = claim.event->id;
        queued.partition_key = claim.event->partition_key;
        queued.appended_us = claim.event->appended_us;
        queued.attempts = claim.attempts;
        queued.is_stub = claim.is_stub;
        queued.type = claim.event->type;
    }
    return events;
}

void OutboxQueue::settle(
    std::int64_t token, Outcome outcome, std::string_view reason, std::int64_t retry_after_us
) {
    delivery_.settle(token, outcome, reason, retry_after_us);
}

}  // namespace mis::sink
