#include "inbox/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>

#include "base/decimal.hpp"
#include "base/teeth.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "config/yaml.hpp"

namespace mis::inbox {
namespace {

enum class Form {
    id,
    text,
    time,
    day,
    money,
    grant,
    flag,
    count,
    quantity,
    teeth,
    codes,
    ids,
    birth_date,
    phone,
    kind,
    overrun_payer,
    rating,
    identity,
    consent,
    account,
    items,
    new_items,
};
enum class Need { required, optional };

struct Field {
    std::string_view name;
    Form form;
    Need need = Need::optional;
};

constexpr Need kRequired = Need::required;

constexpr Field kIdentity[] = {
    {"phone", Form::phone}, {"last_name", Form::text}, {"birth_date", Form::birth_date}};
constexpr Field kConsent[] = {
    {"given_at", Form::time, kRequired}, {"ground", Form::text, kRequired}};
constexpr Field kItem[] = {
    {"id", Form::id, kRequired}, {"nomenclature", Form::id},   {"service_code", Form::id},
    {"teeth", Form::teeth},      {"quantity", Form::quantity}, {"total", Form::money, kRequired},
    {"stage", Form::count},      {"title", Form::text},
};
constexpr Field kAccount[] = {
    {"amount", Form::money, kRequired}, {"payer", Form::text, kRequired},
    {"kind", Form::kind, kRequired},    {"overrun_payer", Form::overrun_payer},
    {"discounts_allowed", Form::flag},  {"approval_required", Form::flag},
    {"valid_from", Form::day},          {"valid_to", Form::day},
};

constexpr Field kOrderPlaced[] = {
    {"order", Form::id, kRequired},
    {"patient", Form::identity, kRequired},
    {"items", Form::new_items, kRequired},
    {"placed_at", Form::time},
    {"consent", Form::consent},
    {"limit", Form::account},
};
constexpr Field kOrderAmended[] = {
    {"order", Form::id, kRequired}, {"items", Form::items, kRequired}};
constexpr Field kOrderCancelled[] = {{"order", Form::id, kRequired}, {"reason", Form::text}};
constexpr Field kLimitGranted[] = {
    {"order", Form::id},
    {"limit", Form::id},
    {"patient", Form::id},
    {"amount", Form::grant, kRequired},
    {"payer", Form::text},
    {"kind", Form::kind},
    {"overrun_payer", Form::overrun_payer},
    {"discounts_allowed", Form::flag},
    {"approval_required", Form::flag},
    {"valid_from", Form::day},
    {"valid_to", Form::day},
};
constexpr Field kLimitClosed[] = {{"order", Form::id}, {"limit", Form::id}};
constexpr Field kPlanAnswer[] = {
    {"plan", Form::id},     {"order", Form::id},           {"items", Form::ids},
    {"works", Form::codes}, {"by", Form::text, kRequired},
};
constexpr Field kConsentWithdrawn[] = {{"order", Form::id}, {"patient", Form::id}};
constexpr Field kFeedbackReceived[] = {
    {"feedback", Form::id, kRequired},
    {"order", Form::id, kRequired},
    {"text", Form::text},
    {"rating", Form::rating},
};
constexpr Field kFeedbackResolved[] = {
    {"feedback", Form::id, kRequired},
    {"order", Form::id},
    {"satisfied", Form::flag, kRequired},
};
constexpr Field kStatementRequested[] = {
    {"order", Form::id},
    {"limit", Form::id},
    {"from", Form::day, kRequired},
    {"to", Form::day, kRequired},
};

struct Type {
    std::string_view name;
    std::span<const Field> fields;
    std::vector<std::string_view> one_of;  // exactly one of these
};

const std::vector<Type>& types() {
    static const std::vector<Type> all{
        {"order.placed", kOrderPlaced, {}},
        {"order.amended", kOrderAmended, {}},
        {"order.cancelled", kOrderCancelled, {}},
        {"limit.granted", kLimitGranted, {"order", "limit", "patient"}},
        {"limit.closed", kLimitClosed, {"order", "limit"}},
        {"plan.approved", kPlanAnswer, {"plan", "order"}},
        {"plan.refused", kPlanAnswer, {"plan", "order"}},
        {"consent.withdrawn", kConsentWithdrawn, {"order", "patient"}},
        {"feedback.received", kFeedbackReceived, {}},
        {"feedback.resolved", kFeedbackResolved, {}},
        {"statement.requested", kStatementRequested, {"order", "limit"}},
    };
    return all;
}

const Type* type_named(std::string_view name) {
    for (const Type& type : types())
        if (type.name == name) return &type;
    return nullptr;
}

struct Refused {  // unwinds to parse_message
    std::string text;
};
[[noreturn]] void refuse(const std::string& where, std::string_view why) {
    throw Refused{fmt::format("{}: {}", where, why)};
}

std::string below(const std::string& where, std::string_view name) {
    return where.empty() ? std::string(name) : fmt::format("{}/{}", where, name);
}

class Reader {
  public:
    std::vector<std::string> ignored;

    Json object(
        const Json& value, std::span<const Field> fields, const std::string& where,
        std::span<const std::string_view> also = {}
    ) {
        if (!value.is_object()) refuse(where, "must be an object");
        Json read = Json::object();
        for (const auto& [name, content] : value.items()) {
            const auto field =
                std::find_if(fields.begin(), fields.end(), [&wanted = name](const Field& one) {
                    return one.name == wanted;
                });
            const bool elsewhere = std::find(also.begin(), also.end(), name) != also.end();
            if (field == fields.end() && !elsewhere) ignored.push_back("/" + below(where, name));
            if (field != fields.end() && !content.is_null())
                read[name] = form(content, field->form, below(where, name));
        }
        for (const Field& field : fields)
            if (field.need == Need::required && !read.contains(field.name))
                refuse(below(where, field.name), "missing");
        return read;
    }

    static std::string text(const Json& value, const std::string& where, std::size_t bytes_max) {
        std::string read;
        if (value.is_string())
            read = std::string(trim(value.get_ref<const std::string&>()));
        else if (value.is_number_integer())
            read = std::to_string(value.get<std::int64_t>());
        else
            refuse(where, "must be text");
        if (read.empty()) refuse(where, "is empty");
        if (read.size() > bytes_max) refuse(where, fmt::format("longer than {} bytes", bytes_max));
        return read;
    }

  private:
    Json form(const Json& value, Form wanted, const std::string& where) {
        switch (wanted) {
            case Form::id:
                return text(value, where, kIdBytesMax);
            case Form::text:
                return text(value, where, kTextBytesMax);
            case Form::time:
                return time(value, where);
            case Form::day:
                return day(value, where);
            case Form::birth_date:
                return birth_date(value, where);
            case Form::phone:
                return phone(value, where);
            case Form::money:
                return money(value, where, 0);
            case Form::grant:
                return money(value, where, -1);
            case Form::flag:
                return flag(value, where);
            case Form::count:
                return count(value, where);
            case Form::quantity:
                return quantity(value, where);
            case Form::teeth:
                return teeth(value, where);
            case Form::codes:
            case Form::ids:
                return texts(value, where);
            case Form::kind:
                return one_of(value, where, {"barter", "insurance", "corporate", "gift"});
            case Form::overrun_payer:
                return one_of(value, where, {"organization", "patient", "clinic"});
            case Form::rating:
                return rating(value, where);
            case Form::identity:
                return identity(value, where);
            case Form::consent:
                return object(value, kConsent, where);
            case Form::account:
                return account(value, where);
            case Form::items:
                return items(value, where, 0);
            case Form::new_items:
                return items(value, where, 1);
        }
        MIS_ASSERT(false);
    }

    static Json time(const Json& value, const std::string& where) {
        const auto read =
            value.is_string() ? Timestamp::parse_rfc3339(value.get<std::string>()) : std::nullopt;
        if (!read) refuse(where, "must be a time like 2026-03-02T10:00:00+03:00");
        return read->to_string();
    }
    static Json day(const Json& value, const std::string& where) {
        if (value.is_string()) {
            const std::string written = value.get<std::string>();
            if (const auto date = Date::parse_iso(written)) return date->to_string();
            if (const auto instant = Timestamp::parse_rfc3339(written))
                return instant->local_date().to_string();
        }
        refuse(where, "must be a date like 2026-03-02");
    }
    static Json birth_date(const Json& value, const std::string& where) {
        const auto date =
            value.is_string() ? Date::parse_iso(value.get<std::string>()) : std::nullopt;
        if (!date) refuse(where, "must be a date like 1990-01-01");
        return date->to_string();
    }
    static Json phone(const Json& value, const std::string& where) {
        std::string written = text(value, where, kIdBytesMax);
        if (!phone_last_ten(written)) refuse(where, "has fewer than ten digits");
        return written;
    }
    static Json money(const Json& value, const std::string& where, int least) {
        const auto sum = money_from_json(value);
        if (!sum) refuse(where, R"(must be money like {"minor": 450000, "currency": "RUB"})");
        if (least == 0 && sum->minor < 0) refuse(where, "is negative");
        return to_json_value(*sum);
    }
    static Json flag(const Json& value, const std::string& where) {
        if (!value.is_boolean()) refuse(where, "must be true or false");
        return value;
    }
    static Json count(const Json& value, const std::string& where) {
        std::int64_t number = 0;
        if (value.is_number_integer())
            number = value.get<std::int64_t>();
        else if (value.is_string() && value.get<std::string>().size() <= 4 && Decimal::parse(value.get<std::string>()))
            number = Decimal::parse(value.get<std::string>())->scale() == 0
                         ? Decimal::parse(value.get<std::string>())->unscaled()
                         : 0;
        if (number < 1 || number > 1000) refuse(where, "must be a whole number from 1 to 1000");
        return number;
    }
    static Json quantity(const Json& value, const std::string& where) {
        const auto number = Decimal::parse(text(value, where, kIdBytesMax));
        if (!number || number->is_negative() || number->is_zero())
            refuse(where, R"(must be a decimal above 0, as text: "1")");
        return number->to_string();
    }
    static Json teeth(const Json& value, const std::string& where) {
        if (!value.is_array()) refuse(where, R"(must be a list of teeth like ["16"], [] for none)");
        std::string joined;
        for (const Json& tooth : value) {
            if (!joined.empty()) joined += ',';
            joined += text(tooth, where, kIdBytesMax);
        }
        const auto read = parse_teeth(joined);
        if (!read) refuse(where, "names a tooth that is none (FDI: 11 to 48, 51 to 85)");
        return *read;
    }
    static Json texts(const Json& value, const std::string& where) {
        if (!value.is_array() || value.empty())
            refuse(where, "must be a list with at least one entry");
        if (value.size() > kItemsMax)
            refuse(where, fmt::format("has more than {} entries", kItemsMax));
        Json list = Json::array();
        for (const Json& entry : value) list.push_back(text(entry, where, kIdBytesMax));
        return list;
    }
    static Json one_of(
        const Json& value, const std::string& where, std::initializer_list<std::string_view> allowed
    ) {
        if (value.is_string())
            for (const std::string_view word : allowed)
                if (value.get_ref<const std::string&>() == word) return value;
        refuse(where, fmt::format("must be one of {}", fmt::join(allowed, ", ")));
    }
    static Json rating(const Json& value, const std::string& where) {
        if (!value.is_number_integer() || value.get<std::int64_t>() < 0 ||
            value.get<std::int64_t>() > 10)
            refuse(where, "must be a whole number from 0 to 10");
        return value;
    }
    Json identity(const Json& value, const std::string& where) {
        Json read = object(value, kIdentity, where);
        if (read.size() < 2) refuse(where, "needs at least two of phone, last_name, birth_date");
        return read;
    }
    Json account(const Json& value, const std::string& where) {
        Json read = object(value, kAccount, where);
        check_validity(read, where);
        return read;
    }
    Json items(const Json& value, const std::string& where, std::size_t least) {
        if (!value.is_array()) refuse(where, "must be a list");
        if (value.size() < least) refuse(where, "is empty");
        if (value.size() > kItemsMax)
            refuse(where, fmt::format("has more than {} entries", kItemsMax));
        Json list = Json::array();
        std::set<std::string> ids;
        std::string currency;
        for (std::size_t index = 0; index < value.size(); ++index) {
            const std::string here = fmt::format("{}/{}", where, index);
            Json item = object(value[index], kItem, here);
            if (!item.contains("nomenclature") && !item.contains("service_code"))
                refuse(here, "needs nomenclature or service_code");
            if (!ids.insert(item["id"].get<std::string>()).second)
                refuse(below(here, "id"), "is there twice in the list");
            if (!item.contains("teeth")) item["teeth"] = Json::array();
            if (!item.contains("quantity")) item["quantity"] = "1";
            const std::string its_currency = item["total"]["currency"].get<std::string>();
            if (!currency.empty() && its_currency != currency)
                refuse(below(here, "total"), "is in another currency than the items before");
            currency = its_currency;
            list.push_back(std::move(item));
        }
        return list;
    }

  public:
    static void check_validity(const Json& account, const std::string& where) {
        if (account.contains("valid_from") && account.contains("valid_to") &&
            account["valid_to"] < account["valid_from"])
            refuse(below(where, "valid_to"), "lies before valid_from");
    }
};

void check_together(const std::string& type, const Json& body, ConsentRule consent) {
    if (type == "order.placed" && consent == ConsentRule::required && !body.contains("consent"))
        refuse("consent", "missing: it is required under export: ordered");
    if (type == "limit.granted") {
        Reader::check_validity(body, "");
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
        const Type* type = type_named(named->get_ref<const std::string&>());
        if (type == nullptr) refuse("type", "unknown");
        InboxMessage read;
        if (!message.contains("id")) refuse("id", "missing");
        read.id = Reader::text(message["id"], "id", kIdBytesMax);
        read.type = std::string(type->name);

        Reader reader;
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
    for (const Type& type : types()) names.emplace_back(type.name);
    return names;
}

std::vector<FieldRule> fields_of(std::string_view type) {
    std::vector<FieldRule> rules{{"id", true}, {"type", true}};
    if (const Type* found = type_named(type))
        for (const Field& field : found->fields)
            rules.push_back({std::string(field.name), field.need == Need::required});
    return rules;
}

std::vector<std::string> alternatives_of(std::string_view type) {
    const Type* found = type_named(type);
    return found == nullptr ? std::vector<std::string>{}
                            : std::vector<std::string>(found->one_of.begin(), found->one_of.end());
}

}  // namespace mis::inbox
