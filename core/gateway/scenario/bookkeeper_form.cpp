#include "gateway/scenario/bookkeeper_form.hpp"

#include <optional>
#include <span>

#include "base/money.hpp"
#include "base/text.hpp"
#include "inbox/message_fields.hpp"

namespace mis::gateway {
namespace {

void read_fields(Json& object, std::span<const inbox::Field> fields, const Zone& zone) {
    if (!object.is_object()) return;
    for (const inbox::Field& field : fields) {
        const auto given = object.find(field.name);
        if (given == object.end()) continue;
        if (field.form == inbox::Form::money || field.form == inbox::Form::grant)
            *given = sum_of_bookkeeper(*given);
        else if (field.form == inbox::Form::time)
            *given = time_of_bookkeeper(*given, zone);
        const auto within = inbox::fields_within(field.form);
        if (within.empty()) continue;
        if (given->is_array())
            for (Json& one : *given) read_fields(one, within, zone);
        else
            read_fields(*given, within, zone);
    }
}

}  // namespace

Json sum_of_bookkeeper(const Json& written) {
    if (!written.is_string()) return written;
    const std::string_view text = trim(written.get_ref<const std::string&>());
    if (text.size() < 5 || text[text.size() - 4] != ' ') return written;
    const auto currency = Currency::parse(text.substr(text.size() - 3));
    const auto sum = parse_minor_units(text.substr(0, text.size() - 4));
    if (!currency || !sum || sum->rounded) return written;
    return Json{{"minor", sum->minor}, {"currency", std::string(currency->code())}};
}

Json time_of_bookkeeper(const Json& written, const Zone& zone, std::string* doubts) {
    if (!written.is_string()) return written;
    const std::string& text = written.get_ref<const std::string&>();
    if (Timestamp::parse_rfc3339(text)) return written;
    const auto local = LocalTime::parse(text);
    if (!local) return written;
    const auto resolved = zone.resolve(*local);
    if (doubts && resolved.note != LocalTimeNote::exact)
        *doubts =
            std::string(resolved.note == LocalTimeNote::ambiguous ? "ambiguous" : "impossible") +
            " local time (clock change), earlier offset taken";
    return resolved.time.to_string();
}

Json record_of_bookkeeper(const record::Kind& kind, Json record, const ZoneOfBranch& zone_of) {
    if (!record.is_object()) return record;
    const auto branch = record.find("branch_source_id");
    std::optional<Zone> zone;  // asked for where a time needs it
    Json doubts = Json::array();
    for (const record::Field& field : kind.fields) {
        const auto given = record.find(field.name);
        if (given == record.end()) continue;
        if (field.type == record::FieldType::money) {
            *given = sum_of_bookkeeper(*given);
        } else if (field.type == record::FieldType::shares && given->is_array()) {
            for (Json& share : *given)
                if (share.is_object() && share.contains("total"))
                    share["total"] = sum_of_bookkeeper(share["total"]);
        } else if (field.type == record::FieldType::time) {
            if (!zone)
                zone = zone_of(
                    branch == record.end() ? ""
                    : branch->is_string()  ? branch->get<std::string>()
                                           : branch->dump()
                );
            std::string doubt;
            *given = time_of_bookkeeper(*given, *zone, &doubt);
            if (!doubt.empty()) doubts.push_back(field.name + ": " + doubt);
        }
    }
    if (!doubts.empty()) {
        Json& notes = record["notes"];
        if (!notes.is_array()) notes = notes.is_null() ? Json::array() : Json::array({notes});
        for (const Json& doubt : doubts) notes.push_back(doubt);
    }
    return record;
}

Json message_of_bookkeeper(Json message, const Zone& zone) {
    if (!message.is_object()) return message;
    const auto type = message.find("type");
    if (type == message.end() || !type->is_string()) return message;
    if (const auto* known = inbox::message_type(type->get_ref<const std::string&>()))
        read_fields(message, known->fields, zone);
    return message;
}

}  // namespace mis::gateway
