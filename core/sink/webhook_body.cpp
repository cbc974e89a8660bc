#include "sink/webhook_body.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
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

std::map<std::string, std::string> rejected_ids(std::string_view answer_body) {
    std::map<std::string, std::string> rejected;
    if (answer_body.find("\"rejected\"") == std::string_view::npos) return rejected;
    const auto answer = parse_json(answer_body);
    if (!answer || !answer->is_object()) return rejected;
    const auto list = answer->find("rejected");
    if (list == answer->end() || !list->is_array()) return rejected;
    for (const auto& entry : *list) {
        if (!entry.is_object()) continue;
        const auto id = entry.find("id");
        if (id == entry.end() || !id->is_string()) continue;
        const auto reason = entry.find("reason");
        const bool has_reason = reason != entry.end() && reason->is_string();
        rejected[id->get<std::string>()] =
            short_reason(has_reason ? reason->get<std::string>() : "rejected");
    }
    return rejected;
}

std::string short_reason(std::string_view text) {
    constexpr std::size_t kBytesMax = 200;
    std::string out;
    for (const char c : text.substr(0, kBytesMax))
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    while (!out.empty() && !is_valid_utf8(out))
        out.pop_back();  // the cut may have gone through a letter
    return out;
}

}  // namespace mis::sink
