#include "inbox/message.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/file_text.hpp"
#include "base/json_fields.hpp"
#include "base/text.hpp"
#include "config/yaml.hpp"
#include "inbox/message_fields.hpp"
#include "inbox/message_reader.hpp"

namespace mis::inbox {
namespace {

// What fields must say together. A field that is wrong by itself is told elsewhere, and judged here
// as one that was given.
void check_together(
    MessageReader& reader, const std::string& type, const Json& message, const Json& body,
    ConsentRule consent
) {
    const auto given = [&](const char* name) {
        const auto found = message.find(name);
        return found != message.end() && !found->is_null();
    };
    const auto need = [&](bool holds, const char* field, std::string_view why) {
        if (!holds) reader.check([&] { refuse(field, why); });
    };
    if (type == "order.placed" && consent == ConsentRule::required)
        need(given("consent"), "consent", "missing: it is required under export: ordered");
    if (type == "limit.granted") {
        reader.check([&] { check_validity(body, ""); });
        need(!body.contains("amount") || body["amount"]["minor"] != 0, "amount", "is zero");
        need(
            !given("patient") || given("kind"), "kind",
            "missing: it says which of the patient's accounts is meant"
        );
    }
    if (type == "plan.approved" || type == "plan.refused")
        need(given("items") || given("works"), "items", "missing: name items or works");
    if (type == "feedback.received")
        need(given("text") || given("rating"), "text", "missing: give text or rating");
    if (type == "statement.requested" && body.contains("to") && body.contains("from"))
        need(body["to"] >= body["from"], "to", "lies before from");
}

std::string known_types() {
    std::vector<std::string_view> names;
    for (const MessageType& type : all_message_types()) names.push_back(type.name);
    return fmt::format("there are {} (schemas/inbox)", fmt::join(names, ", "));
}

}  // namespace

Result<InboxMessage> parse_message(const Json& message, ConsentRule consent, const Zone* zone) {
    MessageReader reader(zone);
    InboxMessage read;
    const MessageType* type = nullptr;
    reader.check([&] {
        if (!message.is_object()) refuse("message", "must be an object");
        const auto named = message.find("type");
        if (named == message.end() || !named->is_string())
            refuse("type", "missing: " + known_types());
        type = message_type(named->get_ref<const std::string&>());
        if (type == nullptr) refuse("type", "unknown: " + known_types());
    });
    if (type == nullptr) return fail(ErrorKind::malformed, reader.faults.front());
    read.type = std::string(type->name);
    reader.check([&] {
        if (!message.contains("id")) refuse("id", "missing");
        read.id = read_text(message["id"], "id", kIdBytesMax);
        if (has_invisible(read.id)) refuse("id", "has a character that nobody sees");
    });
    static constexpr std::string_view kEnvelope[] = {"id", "type"};
    reader.check([&] { read.body = reader.object(message, type->fields, "", kEnvelope); });
    if (!type->one_of.empty())
        reader.check([&] {
            const auto there =
                std::count_if(type->one_of.begin(), type->one_of.end(), [&](std::string_view name) {
                    const auto given = message.find(name);
                    return given != message.end() && !given->is_null();
                });
            if (there != 1)
                refuse(
                    std::string(type->one_of.front()),
                    fmt::format("exactly one of {} must be given", fmt::join(type->one_of, ", "))
                );
        });
    check_together(reader, read.type, message, read.body, consent);
    if (!reader.faults.empty())
        return fail(
            ErrorKind::malformed, fmt::format(
                                      "{} (what it may hold: schemas/inbox/{}.json)",
                                      fmt::join(reader.faults, "; "), read.type
                                  )
        );
    read.ignored_fields = std::move(reader.ignored);
    read.body["id"] = read.id;
    read.body["type"] = read.type;
    read.order = text_in(read.body, "order");
    read.limit = text_in(read.body, "limit");
    if (read.type == "statement.requested") read.payer = text_in(read.body, "payer");
    read.plan = text_in(read.body, "plan");
    read.patient = text_in(read.body, "patient");
    read.feedback = text_in(read.body, "feedback");
    return read;
}

Result<std::vector<Json>> read_messages(std::string_view text, const std::string& file) {
    const auto as_list = [](Json document) {
        if (!document.is_array()) return std::vector<Json>{std::move(document)};
        return std::vector<Json>(document.begin(), document.end());
    };
    if (auto document = parse_json(text)) return as_list(std::move(*document));
    // one message a line: where the first line is one, so are the others meant to be
    std::vector<Json> lines;
    int number = 0;
    for (const std::string_view line : split(text, '\n')) {
        ++number;
        if (trim(line).empty()) continue;
        auto message = parse_json_file(trim(line), file);
        if (lines.empty() && !(message && message->is_object())) break;
        if (!message) {
            const std::string& told = message.error().text;  // "FILE:1: what"
            return fail(
                ErrorKind::malformed,
                fmt::format("{}:{}{}", file, number, told.substr(file.size() + 2))
            );
        }
        lines.push_back(std::move(*message));
    }
    if (!lines.empty()) return lines;
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
