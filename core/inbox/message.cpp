#include "inbox/message.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "config/yaml.hpp"
#include "inbox/message_fields.hpp"
#include "inbox/message_reader.hpp"

namespace mis::inbox {
namespace {

void check_together(const std::string& type, const Json& body, ConsentRule consent) {
    if (type == "order.placed" && consent == ConsentRule::required && !body.contains("consent"))
        refuse("consent", "missing: it is required under export: ordered");
    if (type == "limit.granted") {
        check_validity(body, "");
        if (body["amount"]["minor"] == 0) refuse("amount", "is zero");
        if (body.contains("patient") && !body.contains("kind"))
            refuse("kind", "missing: it says which of the patient's accounts is meant");
    }
    if ((type == "plan.approved" || type == "plan.refused") && !body.contains("items") &&
        !body.contains("works"))
        refuse("items", "missing: name items or works");
    if (type == "feedback.received" && !body.contains("text") && !body.contains("rating"))
        refuse("text", "missing: give text or rating");
    if (type == "statement.requested" && body["to"] < body["from"])
        refuse("to", "lies before from");
}

std::string text_in(const Json& body, const char* name) {
    const auto found = body.find(name);
    return found != body.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

Result<InboxMessage> parse_message(const Json& message, ConsentRule consent) {
    try {
        if (!message.is_object()) refuse("message", "must be an object");
        const auto named = message.find("type");
        if (named == message.end() || !named->is_string()) refuse("type", "missing");
        const MessageType* type = message_type(named->get_ref<const std::string&>());
        if (type == nullptr) refuse("type", "unknown");
        InboxMessage read;
        if (!message.contains("id")) refuse("id", "missing");
        read.id = read_text(message["id"], "id", kIdBytesMax);
        read.type = std::string(type->name);

        MessageReader reader;
        static constexpr std::string_view kEnvelope[] = {"id", "type"};
        read.body = reader.object(message, type->fields, "", kEnvelope);
        read.ignored_fields = std::move(reader.ignored);
        if (!type->one_of.empty()) {
            const auto there =
                std::count_if(type->one_of.begin(), type->one_of.end(), [&](auto name) {
                    return read.body.contains(name);
                });
            if (there != 1)
                refuse(
                    std::string(type->one_of.front()),
                    fmt::format("exactly one of {} must be given", fmt::join(type->one_of, ", "))
                );
        }
        check_together(read.type, read.body, consent);
        read.body["id"] = read.id;
        read.body["type"] = read.type;
        read.order = text_in(read.body, "order");
        read.limit = text_in(read.body, "limit");
        read.plan = text_in(read.body, "plan");
        read.patient = text_in(read.body, "patient");
        read.feedback = text_in(read.body, "feedback");
        return read;
    } catch (const Refused& refused) {
        return fail(ErrorKind::malformed, refused.text);
    }
}

Result<std::vector<Json>> read_messages(std::string_view text, const std::string& file) {
    const auto as_list = [](Json document) {
        if (!document.is_array()) return std::vector<Json>{std::move(document)};
        return std::vector<Json>(document.begin(), document.end());
    };
    if (auto document = parse_json(text)) return as_list(std::move(*document));
    std::vector<Json> lines;
    bool all_json = true;
    for (const std::string_view line : split(text, '\n')) {
        if (trim(line).empty()) continue;
        auto message = parse_json(trim(line));
        all_json = all_json && message.has_value();
        if (!all_json) break;
        lines.push_back(std::move(*message));
    }
    if (all_json && !lines.empty()) return lines;
    auto document = config::parse_yaml(text, file);
    if (!document) return fail(ErrorKind::malformed, document.error().text);
    if (document->value().is_null()) return fail(ErrorKind::malformed, file + ": no message in it");
    return as_list(document->value());
}

std::vector<std::string> message_types() {
    std::vector<std::string> names;
    for (const MessageType& type : all_message_types()) names.emplace_back(type.name);
    return names;
}

std::vector<FieldRule> fields_of(std::string_view type) {
    std::vector<FieldRule> rules{{"id", true}, {"type", true}};
    if (const MessageType* found = message_type(type))
        for (const Field& field : found->fields)
            rules.push_back({std::string(field.name), field.need == Need::required});
    return rules;
}

std::vector<std::string> alternatives_of(std::string_view type) {
    const MessageType* found = message_type(type);
    return found == nullptr ? std::vector<std::string>{}
                            : std::vector<std::string>(found->one_of.begin(), found->one_of.end());
}

}  // namespace mis::inbox
