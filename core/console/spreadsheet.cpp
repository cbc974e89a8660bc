#include "console/spreadsheet.hpp"

#include <algorithm>
#include <array>

#include "base/json_fields.hpp"

namespace mis::console {
namespace {

struct Column {
    std::string_view name, ru, en;
};
constexpr std::array kColumns{
    Column{"number", "№", "No"},
    Column{"day", "Дата", "Date"},
    Column{"code", "Код", "Code"},
    Column{"name", "Услуга", "Service"},
    Column{"teeth", "Зубы", "Teeth"},
    Column{"quantity", "Кол-во", "Quantity"},
    Column{"total", "Сумма", "Sum"},
    Column{"before", "Лимит до", "Limit before"},
    Column{"to_limit", "В лимит", "To the limit"},
    Column{"beyond", "Сверх", "Beyond"},
    Column{"beyond_payers", "Сверх платит", "Beyond is paid by"},
    Column{"after", "Лимит после", "Limit after"},
    Column{"remarks", "Примечания", "Remarks"},
};

// 12345,60: digits and comma only, so that a spreadsheet reads a number.
std::string sum_text(const Json& value) {
    const auto money = money_from_json(value);
    if (!money) return "";
    const bool below = money->minor < 0;
    const std::uint64_t minor = below ? 0 - static_cast<std::uint64_t>(money->minor)
                                      : static_cast<std::uint64_t>(money->minor);
    std::string cents = std::to_string(minor % 100);
    if (cents.size() < 2) cents.insert(0, "0");
    return (below ? "-" : "") + std::to_string(minor / 100) + "," + cents;
}

std::string payer_text(const Json& part, Language language) {
    const std::string payer = text_in(part, "payer"), party = text_in(part, "party");
    if (!party.empty()) return party;
    const bool russian = language == Language::ru;
    if (payer == "patient") return russian ? "пациент" : "patient";
    if (payer == "clinic") return russian ? "клиника" : "clinic";
    if (payer == "organization") return russian ? "организация" : "organization";
    return payer;
}

std::string cell_of(const Json& line, const Column& column, Language language) {
    const auto found = line.find(column.name);
    if (found == line.end()) return "";
    if (found->is_object()) return sum_text(*found);
    if (found->is_number_integer()) return std::to_string(found->get<std::int64_t>());
    if (found->is_string()) {
        std::string text = found->get<std::string>();
        if (column.name == "quantity") std::replace(text.begin(), text.end(), '.', ',');
        return text;
    }
    std::string joined;
    for (const Json& one : *found) {
        const std::string text = one.is_object()   ? payer_text(one, language)
                                 : one.is_string() ? one.get<std::string>()
                                                   : "";
        joined += (joined.empty() ? "" : ", ") + text;
    }
    return joined;
}

}  // namespace

std::string csv_cell(std::string_view text) {
    std::string out(text);
    const bool number = !out.empty() && out.find_first_not_of("-0123456789,") == std::string::npos;
    if (!number && !out.empty() &&
        std::string_view("=+-@\t\r").find(out.front()) != std::string_view::npos)
        out.insert(0, "'");
    if (out.find_first_of(";\"\n\r") == std::string::npos) return out;
    std::string quoted = "\"";
    for (const char c : out) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

std::string account_as_csv(const Json& account, Language language) {
    std::string out = "\xef\xbb\xbf";
    const auto add_row = [&](const auto& cell) {
        bool first = true;
        for (const Column& column : kColumns) {
            if (!first) out += ';';
            first = false;
            out += csv_cell(cell(column));
        }
        out += "\r\n";
    };
    add_row([&](const Column& column) {
        return std::string(language == Language::ru ? column.ru : column.en);
    });
    for (const Json& line : account.value("lines", Json::array()))
        add_row([&](const Column& column) { return cell_of(line, column, language); });
    return out;
}

}  // namespace mis::console
