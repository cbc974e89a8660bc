// The pure parts of a webhook delivery: what is posted, and what an answer's body says.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "sink/delivery_queue.hpp"

namespace mis::sink {

// "[{…},{…}]", the events' own bytes.
std::string batch_body(std::span<const QueuedEvent> events);

std::string webhook_id_of(std::span<const QueuedEvent> events);

// {"rejected":[{"id":…,"reason":…}]} as id → reason; anything else says that nothing was rejected.
std::map<std::string, std::string> rejected_ids(std::string_view answer_body);

// A receiver's text made fit for a reason: one line of at most 200 printable bytes.
std::string short_reason(std::string_view text);

}  // namespace mis::sink
