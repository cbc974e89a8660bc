// Records that come as documents (scenario files, push sources): each member becomes the text that
// BodyWriter validates.
//
// Forgiving where YAML loses a type and nothing is ambiguous: whole numbers and texts stand for
// each other, a single text for a list.
#include "base/json.hpp"
#include "base/teeth.hpp"
#include "base/timestamp.hpp"
#include "record/body_writer.hpp"
#include "record/mapper.hpp"

namespace mis::record {

namespace {

std::optional<std::string> scalar(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_integer()) return value.dump();
    return std::nullopt;
}

std::optional<std::string> list(const Json& value) {
    if (const auto single = scalar(value)) return string_list_json({*single});
    if (!value.is_array()) return std::nullopt;
    std::vector<std::string> items;
    for (const Json& item : value) {
        const auto text = scalar(item);
        if (!text) return std::nullopt;
        items.push_back(*text);
    }
    return string_list_json(items);
}

// A text is read as MISs write teeth; a list's items likewise ("1.6"), so that nobody is told that
// "1.6" is no tooth.
std::optional<std::string> teeth(const Json& value) {
    std::string joined;
    if (const auto single = scalar(value)) {
        joined = *single;
    } else if (value.is_array()) {
        for (const Json& item : value) {
            const auto text = scalar(item);
            if (!text) return std::nullopt;
            joined += (joined.empty() ? "" : ",") + *text;
        }
    } else {
        return std::nullopt;
    }
    const auto parsed = parse_teeth(joined);
    if (!parsed) return std::nullopt;
    return string_list_json(*parsed);
}

// nullopt: the JSON type does not fit the field.
std::optional<std::string> text_of(const Field& field, const Json& value) {
    switch (field.type) {
        case FieldType::boolean:
            if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
            return scalar(value);
        case FieldType::money: {
            const auto money = money_from_json(value);
            if (!money) return std::nullopt;
            std::string json;
            append_money_json(json, money->minor, money->currency.code());
            return json;
        }
        case FieldType::id_list:
        case FieldType::text_list:
            return list(value);
        case FieldType::teeth:
            return teeth(value);
        case FieldType::shares:
            if (!value.is_array()) return std::nullopt;
            return canonical_json(value);
        case FieldType::date:
            // a time stands for its local day
            if (value.is_string())
                if (const auto time = Timestamp::parse_rfc3339(value.get_ref<const std::string&>()))
                    return time->local_date().to_string();
            return scalar(value);
        default:
            return scalar(value);
    }
}

std::string expected(FieldType type) {
    switch (type) {
        case FieldType::money:
            return R"(not a sum like {"minor": 450000, "currency": "RUB"})";
        case FieldType::id_list:
        case FieldType::text_list:
            return "not a list of texts";
        case FieldType::teeth:
            return "not teeth nor an area: " + std::string(teeth_forms());
        case FieldType::shares:
            return "not a list of shares";
        case FieldType::boolean:
            return "not a boolean";
        default:
            return "not a text or whole number";
    }
}

}  // namespace

Result<Record> record_from_json(const std::string& kind_name, std::string_view json) {
    const Kind* kind = find_kind(kind_name);
    if (!kind)
        return fail(
            ErrorKind::malformed, "no kind \"" + kind_name + "\"; there are " + kind_names()
        );
    const auto malformed = [&](const std::string& text) {
        return fail(ErrorKind::malformed, kind_name + ": " + text);
    };
    auto parsed = parse_json(json);
    if (!parsed) return fail(parsed.error().within(kind_name));
    if (!parsed->is_object()) return malformed("not an object");
    for (const auto& [name, value] : parsed->items())
        if (!kind->find(name)) return malformed("field " + name + ": no field of this kind");

    BodyWriter writer(*kind);
    for (std::size_t index = 0; index < kind->fields.size(); ++index) {
        const Field& field = kind->fields[index];
        const auto member = parsed->find(field.name);
        if (member != parsed->end() && !member->is_null()) {
            const auto text = text_of(field, *member);
            if (!text) return malformed("field " + field.name + ": " + expected(field.type));
            if (const auto problem = writer.add(index, *text))
                return malformed("field " + field.name + ": " + *problem);
            if (field.type == FieldType::time && has_business_time(*kind)) {
                const auto time = Timestamp::parse_rfc3339(*text);
                if (time && time->is_midnight() && writer.has(index))
                    writer.note("day_only");  // I6
            }
        }
        if (field.presence == Presence::required && !writer.has(index))
            return malformed("field " + field.name + ": required");
    }
    if (const auto problem = writer.inconsistency()) return malformed("field " + *problem);
    return writer.finish();
}

}  // namespace mis::record
