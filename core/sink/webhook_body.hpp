// What a webhook delivery posts.
#pragma once

#include <span>
#include <string>

#include "sink/delivery_queue.hpp"

namespace mis::sink {

// "[{…},{…}]", the events' own bytes.
std::string batch_body(std::span<const QueuedEvent> events);

std::string webhook_id_of(std::span<const QueuedEvent> events);

}  // namespace mis::sink
