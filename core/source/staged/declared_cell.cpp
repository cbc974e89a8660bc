#include "source/staged/declared_cell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "base/timestamp.hpp"

namespace mis::source {
namespace {

// Digits with a sign and at most one point; nullopt: something else.
std::optional<std::string> exact_number(std::string_view text) {
    std::string number;
    bool point = false, digit = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c >= '0' && c <= '9') {
            number += c;
            digit = true;
        } else if ((c == '-' || c == '+') && number.empty()) {
            if (c == '-') number += c;
            if (at + 1 < text.size() && (text[at + 1] < '0' || text[at + 1] > '9'))
                return std::nullopt;
        } else if ((c == '.' || c == ',') && !point && digit) {
            number += '.';
            point = true;
        } else if (c == ' ' && digit && !point) {
            continue;  // between thousands
        } else if (text.substr(at).starts_with("\xc2\xa0") && digit && !point) {
            ++at;
        } else if (text.substr(at).starts_with("\xe2\x80\xaf") && digit && !point) {
            at += 2;  // a narrow one
        } else {
            return std::nullopt;
        }
    }
    if (!digit || number.back() == '.') return std::nullopt;
    return number;
}

// "12", "12.0" and "012" are the same whole number.
std::optional<std::string> whole_number_text(std::string_view text) {
    auto number = exact_number(text);
    if (!number) return std::nullopt;
    if (const std::size_t point = number->find('.'); point != std::string::npos) {
        if (number->find_first_not_of('0', point + 1) != std::string::npos) return std::nullopt;
        number->resize(point);
    }
    const bool negative = number->front() == '-';
    std::string digits = number->substr(negative ? 1 : 0);
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    return (negative && digits != "0" ? "-" : "") + digits;
}

std::optional<std::string> time_text(std::string_view text, ColumnType type) {
    const auto time = LocalTime::parse(text);
    if (!time) return std::nullopt;
    std::string day = time->date.to_string();
    if (type == ColumnType::date) {
        if (time->us_of_day != 0) return std::nullopt;
        return day;
    }
    const std::int64_t seconds = time->us_of_day / kUsPerSecond;
    std::string made =
        fmt::format("{} {:02}:{:02}:{:02}", day, seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (const std::int64_t rest = time->us_of_day % kUsPerSecond; rest != 0)
        made += fmt::format(".{:04}", rest / 100);
    return made;
}

std::optional<std::string> boolean_text(std::string_view text) {
    constexpr std::array kTrue{"1", "true", "да", "yes", "истина", "+"};
    constexpr std::array kFalse{"0", "false", "нет", "no", "ложь", "-"};
    const std::string word = to_lower(text);
    if (std::find(kTrue.begin(), kTrue.end(), word) != kTrue.end()) return "1";
    if (std::find(kFalse.begin(), kFalse.end(), word) != kFalse.end()) return "0";
    return std::nullopt;
}

// "1.5e3" → "1500": exact, as the decimal point moves. Others as they are.
std::string without_exponent(std::string text) {
    const auto e = text.find_first_of("eE");
    if (e == std::string::npos || e == 0 || text.size() > 60) return text;
    if (text.find_first_not_of("0123456789.-") != e) return text;
    int exponent = 0;
    try {
        exponent = std::stoi(text.substr(e + 1));
    } catch (const std::exception&) {
        return text;
    }
    if (exponent < -30 || exponent > 30) return text;
    std::string digits = text.substr(0, e);
    const bool minus = digits.starts_with('-');
    if (minus) digits.erase(0, 1);
    auto point = digits.find('.');
    if (point == std::string::npos)
        point = digits.size();
    else
        digits.erase(point, 1);
    auto at = static_cast<int>(point) + exponent;
    while (at <= 0) digits.insert(digits.begin(), '0'), ++at;
    while (at > static_cast<int>(digits.size())) digits += '0';
    if (at < static_cast<int>(digits.size())) digits.insert(static_cast<std::size_t>(at), ".");
    return (minus ? "-" : "") + digits;
}

}  // namespace

std::optional<std::string> declared_text(const ColumnDeclaration& column, std::string_view text) {
    const std::string_view value = trim(text);
    switch (column.type) {
        case ColumnType::text:
            break;
        case ColumnType::integer:
            return whole_number_text(value);
        case ColumnType::decimal:
            return exact_number(value);
        case ColumnType::timestamp:
        case ColumnType::date:
            return time_text(value, column.type);
        case ColumnType::boolean:
            return boolean_text(value);
    }
    return std::string(value);
}

void add_declared(RowBatch& rows, const ColumnDeclaration& column, std::string_view text) {
    const std::string_view value = trim(text);
    if (value.empty()) return rows.add_null();
    if (column.type == ColumnType::text) return rows.add(value);
    if (const auto made = declared_text(column, value)) return rows.add(*made);
    std::string_view wanted;
    switch (column.type) {
        case ColumnType::text:
            break;
        case ColumnType::integer:
            wanted = "is no whole number";
            break;
        case ColumnType::decimal:
            wanted = "is no number";
            break;
        case ColumnType::timestamp:
            wanted = "is no local date and time";
            break;
        case ColumnType::date:
            wanted = "is no date";
            break;
        case ColumnType::boolean:
            wanted = "is neither yes nor no";
            break;
    }
    rows.add_issue(fmt::format("column {}: {}", column.name, wanted));
    rows.add_null();
}

std::string as_local(
    const ColumnDeclaration& column, std::string text, const std::optional<Zone>& zone
) {
    const ColumnType type = column.type;
    if (type == ColumnType::decimal || type == ColumnType::integer)
        return without_exponent(std::move(text));
    if (type != ColumnType::timestamp && type != ColumnType::date) return text;
    const auto instant = Timestamp::parse_rfc3339(text);
    if (!instant || !zone) return text;
    std::string local = zone->at(instant->unix_us).to_string();
    return local.substr(0, local.find_last_of("+-"));
}

}  // namespace mis::source
