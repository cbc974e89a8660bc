#include "record/field_text.hpp"

#include <charconv>

#include "base/json.hpp"
#include "base/teeth.hpp"
#include "base/text.hpp"
#include "record/schema.hpp"

namespace mis::record {

namespace {

std::size_t characters(std::string_view utf8) {
    std::size_t count = 0;
    for (const char c : utf8)
        if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
    return count;
}

bool is_payer(std::string_view text) {
    for (const std::string_view payer : {"patient", "limit", "organization", "insurer", "clinic"})
        if (text == payer) return true;
    return false;
}

// Of money's JSON text: its number has no leading zero and no minus before one, so that the text is
// canonical.
bool is_plain_number(std::string_view json) {
    const std::size_t at = json.rfind(':') + 1;
    const char first = json[at], second = json[at + 1];
    return first == '0' ? second == '}' : first != '-' || second != '0';
}

bool take(std::string_view& text, std::string_view expected) {
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(expected.size());
    return true;
}

// A text of visible ASCII up to the next quote, which goes too; empty: there is none.
std::string_view take_plain_text(std::string_view& json) {
    std::size_t end = 0;
    while (end < json.size() && json[end] >= ' ' && json[end] < '\x7f' && json[end] != '"' &&
           json[end] != '\\')
        ++end;
    if (end == json.size() || json[end] != '"') return {};
    const std::string_view text = json.substr(0, end);
    json.remove_prefix(end + 1);
    return text;
}

// The totals of shares as shares() writes them, which is their canonical form; nullopt: of another
// form, perhaps none at all.
std::optional<std::vector<Money>> plain_shares(std::string_view json) {
    std::vector<Money> totals;
    if (json == "[]") return totals;
    if (!take(json, "[")) return std::nullopt;
    do {
        if (!take(json, "{")) return std::nullopt;
        if (take(json, R"("limit_source_id":")") &&
            (take_plain_text(json).empty() || !take(json, ",")))
            return std::nullopt;
        if (!take(json, R"("payer":")") || !is_payer(take_plain_text(json)) ||
            !take(json, R"(,"total":)"))
            return std::nullopt;
        const std::string_view sum = json.substr(0, json.find('}') + 1);
        const auto total = parse_money_json(sum);
        if (!total || !is_plain_number(sum)) return std::nullopt;
        totals.push_back(*total);
        json.remove_prefix(sum.size());
        if (!take(json, "}")) return std::nullopt;
    } while (take(json, ","));
    if (json != "]") return std::nullopt;
    return totals;
}

}  // namespace

std::optional<std::vector<std::string>> string_list(std::string_view json) {
    if (json.size() < 2 || json.front() != '[' || json.back() != ']') return std::nullopt;
    std::vector<std::string> items;
    if (json == "[]") return items;
    if (json.find('\\') == std::string_view::npos) {  // the usual case, without a parser
        std::size_t at = 1;
        while (at < json.size() && json[at] == '"') {
            const std::size_t end = json.find('"', at + 1);
            if (end == std::string_view::npos) return std::nullopt;
            items.emplace_back(json.substr(at + 1, end - at - 1));
            if (end + 2 == json.size()) return items;
            if (json[end + 1] != ',') break;
            at = end + 2;
        }
        items.clear();
    }
    const auto parsed = parse_json(json);
    if (!parsed || !parsed->is_array()) return std::nullopt;
    for (const Json& item : *parsed) {
        if (!item.is_string()) return std::nullopt;
        items.push_back(item.get<std::string>());
    }
    return items;
}

std::string string_list_json(const std::vector<std::string>& items) {
    std::string out = "[";
    for (const std::string& item : items) {
        if (out.size() > 1) out += ',';
        append_json_string(out, item);
    }
    return out + "]";
}

void append_money_json(std::string& out, std::int64_t minor, std::string_view currency) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, minor).ptr;
    out.append(R"({"currency":")").append(currency).append(R"(","minor":)");
    out.append(digits, end).append("}");
}

std::optional<Money> parse_money_json(std::string_view json) {
    constexpr std::string_view head = R"({"currency":")", middle = R"(","minor":)";
    if (!json.starts_with(head) || json.size() < head.size() + 3 + middle.size() + 2)
        return std::nullopt;
    const auto currency = Currency::parse(json.substr(head.size(), 3));
    json.remove_prefix(head.size() + 3);
    if (!currency || !json.starts_with(middle) || json.back() != '}') return std::nullopt;
    json.remove_prefix(middle.size());
    Money money{0, *currency};
    const char* end = json.data() + json.size() - 1;
    const auto [stopped, error] = std::from_chars(json.data(), end, money.minor);
    if (error != std::errc() || stopped != end || !money.within_bound()) return std::nullopt;
    return money;
}

std::optional<std::string> too_long(std::string_view text, std::size_t max_length) {
    if (text.size() <= max_length || characters(text) <= max_length) return std::nullopt;
    return "longer than " + std::to_string(max_length) + " characters";
}

std::optional<std::string> append_list(
    std::string& out, std::string_view value, std::size_t max_length
) {
    auto items = string_list(value);
    if (!items) return "not a list of texts";
    if (items->size() > kListItemsMax)
        return "more than " + std::to_string(kListItemsMax) + " items";
    for (std::string& item : *items) {
        if (auto clean = without_invisible(item, LineBreaks::spaces)) item = std::move(clean->text);
        item = std::string(trim(item));
        if (auto problem = too_long(item, max_length)) return "an item is " + *problem;
    }
    std::erase(*items, std::string());
    out += string_list_json(*items);
    return std::nullopt;
}

std::optional<std::string> append_teeth(std::string& out, std::string_view value) {
    // the usual cases
    const bool one = value.size() == 6 && value.starts_with("[\"") && value.ends_with("\"]");
    if (value == "[]" || (one && is_tooth(value.substr(2, 2)))) {
        out += value;
        return std::nullopt;
    }
    const auto items = string_list(value);
    if (!items) return "not a list of teeth; teeth() makes one";
    std::string joined;
    for (const std::string& item : *items) {
        if (!is_tooth(item) && !is_area(item)) return "not a tooth in FDI notation nor an area";
        if (is_area(item) && items->size() > 1) return "an area stands alone";
        joined += (joined.empty() ? "" : ",") + item;
    }
    const auto sorted = parse_teeth(joined);
    if (!sorted) return "not teeth in FDI notation";
    out += string_list_json(*sorted);
    return std::nullopt;
}

std::optional<std::string> append_money(std::string& out, std::string_view value) {
    const auto money = parse_money_json(value);
    if (!money) return "not a sum with currency; money() makes one";
    if (is_plain_number(value))
        out += value;
    else
        append_money_json(out, money->minor, money->currency.code());
    return std::nullopt;
}

std::optional<std::string> append_shares(std::string& out, std::string_view value) {
    if (plain_shares(value)) {
        out += value;
        return std::nullopt;
    }
    const auto parsed = parse_json(value);
    if (!parsed || !parsed->is_array()) return "not a list of shares";
    Json canonical = Json::array();
    for (const Json& item : *parsed) {
        if (!item.is_object()) return "a share is no object";
        Json share = Json::object();
        for (const auto& [name, member] : item.items()) {
            if (name == "payer" && member.is_string() &&
                is_payer(member.get_ref<const std::string&>())) {
                share[name] = member;
            } else if (name == "limit_source_id" && member.is_string() && !member.get_ref<const std::string&>().empty()) {
                share[name] = member;
            } else if (name == "limit_source_id" && member.is_number_integer()) {
                share[name] = member.dump();
            } else if (name == "limit_source_id" && member.is_null()) {
                continue;
            } else if (const auto sum = name == "total" ? money_from_json(member) : std::nullopt;
                       sum && sum->within_bound()) {
                share[name] = to_json_value(*sum);
            } else {
                return "a share has payer (patient limit organization insurer clinic), "
                       "limit_source_id and total";
            }
        }
        if (!share.contains("payer") || !share.contains("total"))
            return "a share lacks payer or total";
        canonical.push_back(std::move(share));
    }
    out += canonical_json(canonical);
    return std::nullopt;
}

std::optional<std::vector<Money>> totals_of_shares(std::string_view json) {
    if (auto totals = plain_shares(json)) return totals;
    const auto parsed = parse_json(json);
    if (!parsed) return std::nullopt;
    std::vector<Money> totals;
    for (const Json& share : *parsed) totals.push_back(money_from_json(share.at("total")).value());
    return totals;
}

}  // namespace mis::record
