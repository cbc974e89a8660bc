#include "inbox/message_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/decimal.hpp"
#include "base/phones.hpp"
#include "base/teeth.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "inbox/message.hpp"

namespace mis::inbox {
namespace {

constexpr std::size_t kFaultsMax = 20;  // told at once; a message with more is wrong altogether

std::string below(const std::string& where, std::string_view name) {
    return where.empty() ? std::string(name) : fmt::format("{}/{}", where, name);
}

// I6: an empty date, or a year outside 1900–2100, is none.
bool is_no_day(const Date& date) { return date.year() < 1900 || date.year() > 2100; }

Json time(const Json& value, const std::string& where) {
    const auto read =
        value.is_string() ? Timestamp::parse_rfc3339(value.get<std::string>()) : std::nullopt;
    if (!read) refuse(where, "must be a time like 2026-03-02T10:00:00+03:00");
    return is_no_day(read->local_date()) ? Json() : Json(read->to_string());
}

// A time names the clinic's day; one without a clock, the day that was written (I6).
Json day(const Json& value, const std::string& where, const Zone* zone) {
    const std::string written = value.is_string() ? value.get<std::string>() : "";
    auto date = Date::parse_iso(written);
    if (!date) {
        const auto instant = Timestamp::parse_rfc3339(written);
        if (!instant) refuse(where, "must be a date like 2026-03-02");
        date = zone == nullptr || instant->is_midnight() ? instant->local_date()
                                                         : zone->date_of(*instant);
    }
    return is_no_day(*date) ? Json() : Json(date->to_string());
}

Json birth_date(const Json& value, const std::string& where) {
    const auto date = value.is_string() ? Date::parse_iso(value.get<std::string>()) : std::nullopt;
    if (!date) refuse(where, "must be a date like 1990-01-01");
    return is_no_day(*date) ? Json() : Json(date->to_string());
}

Json id(const Json& value, const std::string& where) {
    std::string read = read_text(value, where, kIdBytesMax);
    if (has_invisible(read)) refuse(where, "has a character that nobody sees");
    return read;
}

Json phone(const Json& value, const std::string& where) {
    std::string written = read_text(value, where, kIdBytesMax);
    const std::size_t numbers = phones_last_ten(written).size();
    if (numbers == 0) refuse(where, "is no phone number (ten digits and more, nothing among them)");
    if (numbers > 1) refuse(where, "holds several phone numbers");
    return written;
}

bool is_too_large(const Json& minor) {  // YAML gives what is beyond 64 bits as text
    const std::string digits = minor.is_string() ? minor.get<std::string>() : minor.dump();
    return (minor.is_string() || minor.is_number_integer()) && digits.size() > 15 &&
           digits.find_first_not_of("-0123456789") == std::string::npos;
}

Json money(const Json& value, const std::string& where, int least) {
    const auto sum = money_from_json(value);
    if (!sum || !sum->within_bound()) {
        const auto minor = value.is_object() ? value.find("minor") : value.end();
        if (minor != value.end() && is_too_large(*minor))
            refuse(where, fmt::format("is too large: {} minor units at most", kMinorMax));
        refuse(where, R"(must be money like {"minor": 450000, "currency": "RUB"})");
    }
    if (least == 0 && sum->minor < 0) refuse(where, "is negative");
    return to_json_value(*sum);
}

Json flag(const Json& value, const std::string& where) {
    if (!value.is_boolean()) refuse(where, "must be true or false");
    return value;
}

Json count(const Json& value, const std::string& where) {
    std::int64_t number = 0;
    if (value.is_number_integer())
        number = whole_number(value).value_or(0);
    else if (value.is_string() && value.get<std::string>().size() <= 4 && Decimal::parse(value.get<std::string>()))
        number = Decimal::parse(value.get<std::string>())->scale() == 0
                     ? Decimal::parse(value.get<std::string>())->unscaled()
                     : 0;
    if (number < 1 || number > 1000) refuse(where, "must be a whole number from 1 to 1000");
    return number;
}

Json quantity(const Json& value, const std::string& where) {
    const auto number = Decimal::parse(read_text(value, where, kIdBytesMax));
    if (!number || number->is_negative() || number->is_zero() || *number > kQuantityMax)
        refuse(where, R"(must be a decimal above 0 and up to 1000000, as text: "1")");
    return number->to_string();
}

Json teeth(const Json& value, const std::string& where) {
    if (!value.is_array()) refuse(where, R"(must be a list of teeth like ["16"], [] for none)");
    std::string joined;
    for (const Json& tooth : value) {
        if (!joined.empty()) joined += ',';
        joined += read_text(tooth, where, kIdBytesMax);
    }
    const auto read = parse_teeth(joined);
    if (!read) refuse(where, fmt::format("names a tooth or area that is none: {}", teeth_forms()));
    return *read;
}

Json texts(const Json& value, const std::string& where) {
    if (!value.is_array() || value.empty()) refuse(where, "must be a list with at least one entry");
    if (value.size() > kItemsMax) refuse(where, fmt::format("has more than {} entries", kItemsMax));
    Json list = Json::array();
    for (const Json& entry : value) list.push_back(id(entry, where));
    return list;
}

Json one_of(
    const Json& value, const std::string& where, std::initializer_list<std::string_view> allowed
) {
    if (value.is_string())
        for (const std::string_view word : allowed)
            if (value.get_ref<const std::string&>() == word) return value;
    refuse(where, fmt::format("must be one of {}", fmt::join(allowed, ", ")));
}

Json rating(const Json& value, const std::string& where) {
    const auto number = whole_number(value);
    if (!number || *number < 0 || *number > 10)
        refuse(where, "must be a whole number from 0 to 10");
    return value;
}

}  // namespace

void refuse(const std::string& where, std::string_view why) {
    throw Refused{fmt::format("{}: {}", where, why)};
}

Json MessageReader::object(
    const Json& value, std::span<const Field> fields, const std::string& where,
    std::span<const std::string_view> also
) {
    if (!value.is_object()) refuse(where, "must be an object");
    Json read = Json::object();
    for (const auto& [name, content] : value.items()) {
        const auto field =
            std::find_if(fields.begin(), fields.end(), [&wanted = name](const Field& one) {
                return one.name == wanted;
            });
        const bool elsewhere = std::find(also.begin(), also.end(), name) != also.end();
        if (field == fields.end() && !elsewhere)
            ignored.push_back("/" + escape_invisible(below(where, name)));
        if (field != fields.end() && !content.is_null())
            check([&, wanted = *field, &at = name, &given = content] {
                Json known = form(given, wanted.form, below(where, at));
                if (!known.is_null())
                    read[at] = std::move(known);
                else if (wanted.need == Need::required)
                    refuse(below(where, at), "is no date from 1900 to 2100");
            });
    }
    for (const Field& field : fields) {
        const auto given = value.find(field.name);
        if (field.need == Need::required && (given == value.end() || given->is_null()))
            check([&] { refuse(below(where, field.name), "missing"); });
    }
    return read;
}

bool MessageReader::check(const std::function<void()>& of) {
    try {
        of();
        return true;
    } catch (const Refused& refused) {
        if (faults.size() < kFaultsMax) faults.push_back(refused.text);
        return false;
    }
}

Json MessageReader::form(const Json& value, Form wanted, const std::string& where) {
    switch (wanted) {
        case Form::id:
            return id(value, where);
        case Form::text:
            return text(value, where);
        case Form::time:
            return time(value, where);
        case Form::day:
            return day(value, where, zone_);
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
            return object(value, fields_within(Form::consent), where);
        case Form::account:
            return account(value, where);
        case Form::items:
            return items(value, where, 0);
        case Form::new_items:
            return items(value, where, 1);
    }
    MIS_ASSERT(false);
}

// Characters that nobody sees are left out, and named to the sender (I3).
Json MessageReader::text(const Json& value, const std::string& where) {
    std::string read = read_text(value, where, kTextBytesMax);
    const auto breaks = where == "text" ? LineBreaks::kept : LineBreaks::spaces;
    auto clean = without_invisible(read, breaks);
    if (!clean) return read;
    if (clean->dropped) ignored.push_back("/" + where + " (characters that nobody sees)");
    read = std::string(trim(clean->text));
    if (read.empty()) refuse(where, "is empty");
    return read;
}

Json MessageReader::identity(const Json& value, const std::string& where) {
    const std::size_t faults_before = faults.size();
    Json read = object(value, fields_within(Form::identity), where);
    if (read.size() < 2 && faults.size() == faults_before)
        refuse(where, "needs at least two of phone, last_name, birth_date");
    return read;
}

Json MessageReader::account(const Json& value, const std::string& where) {
    Json read = object(value, fields_within(Form::account), where);
    check_validity(read, where);
    return read;
}

Json MessageReader::items(const Json& value, const std::string& where, std::size_t least) {
    if (!value.is_array()) refuse(where, "must be a list");
    if (value.size() < least) refuse(where, "is empty");
    if (value.size() > kItemsMax) refuse(where, fmt::format("has more than {} entries", kItemsMax));
    Json list = Json::array();
    std::set<std::string> ids;
    std::string currency;
    for (std::size_t index = 0; index < value.size(); ++index) {
        const std::string here = fmt::format("{}/{}", where, index);
        check([&] {
            Json item = object(value[index], fields_within(Form::items), here);
            const auto given = [&](const char* name) {
                return value[index].contains(name) && !value[index][name].is_null();
            };
            if (!given("nomenclature") && !given("service_code"))
                refuse(here, "needs nomenclature or service_code");
            if (item.contains("id") && !ids.insert(item["id"].get<std::string>()).second)
                refuse(below(here, "id"), "is there twice in the list");
            if (!item.contains("teeth")) item["teeth"] = Json::array();
            if (!item.contains("quantity")) item["quantity"] = "1";
            if (item.contains("total")) {
                const std::string its_currency = item["total"]["currency"].get<std::string>();
                if (!currency.empty() && its_currency != currency)
                    refuse(below(here, "total"), "is in another currency than the items before");
                currency = its_currency;
            }
            list.push_back(std::move(item));
        });
    }
    return list;
}

std::string read_text(const Json& value, const std::string& where, std::size_t bytes_max) {
    std::string read;
    if (value.is_string())
        read = std::string(trim(value.get_ref<const std::string&>()));
    else if (value.is_number_integer())
        read = value.dump();
    else
        refuse(where, "must be text");
    if (read.empty()) refuse(where, "is empty");
    if (read.size() > bytes_max) refuse(where, fmt::format("longer than {} bytes", bytes_max));
    return read;
}

void check_validity(const Json& account, const std::string& where) {
    if (account.contains("valid_from") && account.contains("valid_to") &&
        account["valid_to"] < account["valid_from"])
        refuse(below(where, "valid_to"), "lies before valid_from");
}

}  // namespace mis::inbox
