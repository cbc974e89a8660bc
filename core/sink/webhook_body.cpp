#include "sink/webhook_body.hpp"

#include <string_view>
#include <vector>

#include "net/webhook_signature.hpp"

namespace mis::sink {

std::string batch_body(std::span<const QueuedEvent> events) {
    std::size_t bytes = 2;
    for (const auto& event : events) bytes += event.body.size() + 1;
    std::string body;
    body.reserve(bytes);
    body += '[';
    for (const auto& event : events) {
        if (body.size() > 1) body += ',';
        body += event.body;
    }
    body += ']';
    return body;
}

std::string webhook_id_of(std::span<const QueuedEvent> events) {
    std::vector<std::string_view> ids;
    ids.reserve(events.size());
    for (const auto& event : events) ids.push_back(event.id);
    return net::webhook_id(ids);
}

}  // namespace mis::sink
