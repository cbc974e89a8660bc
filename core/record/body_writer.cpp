#include "record/body_writer.hpp"

#include <algorithm>
#include <charconv>

#include "base/json.hpp"
#include "base/teeth.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"

namespace mis::record {

namespace {

std::size_t characters(std::string_view utf8) {
    std::size_t count = 0;
    for (const char c : utf8)
        if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
    return count;
}

std::optional<std::string> too_long(std::string_view text, std::size_t max_length) {
    if (text.size() <= max_length || characters(text) <= max_length) return std::nullopt;
    return "longer than " + std::to_string(max_length) + " characters";
}

bool is_payer(std::string_view text) {
    for (const std::string_view payer : {"patient", "limit", "organization", "insurer", "clinic"})
        if (text == payer) return true;
    return false;
}

std::optional<std::string> append_list(
    std::string& out, std::string_view value, std::size_t max_length
) {
    auto items = string_list(value);
    if (!items) return "not a list of texts";
    if (items->size() > kListItemsMax)
        return "more than " + std::to_string(kListItemsMax) + " items";
    for (std::string& item : *items) {
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
            } else if (const auto sum = name == "total" ? money_from_json(member) : std::nullopt) {
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

// Of shares as append_shares() left them.
std::optional<std::vector<Money>> totals_of_shares(std::string_view json) {
    if (auto totals = plain_shares(json)) return totals;
    const auto parsed = parse_json(json);
    if (!parsed) return std::nullopt;
    std::vector<Money> totals;
    for (const Json& share : *parsed) totals.push_back(money_from_json(share.at("total")).value());
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
    constexpr std::int64_t limit = 10'000'000'000'000'000;
    if (error != std::errc() || stopped != end || money.minor >= limit || money.minor <= -limit)
        return std::nullopt;
    return money;
}

BodyWriter::BodyWriter(const Kind& kind) : kind_(&kind), is_patient_(kind.name == "patient") {
    const bool touches_free_times = kind.name == "shift" || kind.name == "busy" ||
                                    kind.name == "slot" || kind.name == "appointment";
    const std::pair<std::string_view, Role> named[] = {
        {"source_id", Role::source_id},
        {"source_modified_at", Role::modified_at},
        {"patient_source_id", Role::patient},
        {"plan_source_id", Role::plan},
        {"practitioner_source_id", touches_free_times ? Role::practitioner : Role::none},
        {"merged_into", Role::merged_into},
        {"members", Role::members},
        {"starts_at", Role::starts_at},
        {"ends_at", Role::ends_at},
        {"total", Role::total},
        {"shares", Role::shares},
        {"nomenclature", Role::nomenclature},
        {"amount", Role::amount},
        {"kind", kind.name == "payment" ? Role::payment_kind : Role::none}};
    for (const Field& field : kind.fields) {
        names_.push_back("\"" + field.name + "\":");
        roles_.push_back(Role::none);
        for (const auto& [name, role] : named)
            if (field.name == name) roles_.back() = role;
    }
    clear();
}

void BodyWriter::clear() {
    record_ = Record{};
    record_.kind = kind_->name;
    record_.body.reserve(body_bytes_ + 64);
    record_.body = "{";
    written_.assign(kind_->fields.size(), false);
    starts_at_.clear();
    ends_at_.clear();
    total_.clear();
    shares_.clear();
    minus_at_ = 0;
    contradicts_kind_ = false;
    stamp_begin_ = stamp_end_ = 0;
}

std::optional<std::string> BodyWriter::add(std::size_t field_index, std::string_view value) {
    const Field& field = kind_->fields[field_index];
    std::string& body = record_.body;
    const bool trimmed = field.type == FieldType::id || field.type == FieldType::text;
    if (trimmed) {
        value = trim(value);
        if (value.empty()) return std::nullopt;
    }
    const std::size_t begin = body.size();
    if (begin > 1) body += ',';
    body += names_[field_index];
    const std::size_t value_begin = body.size();
    const Role role = roles_[field_index];
    if (auto problem = append_value(field, role, value)) {
        body.resize(begin);
        return problem;
    }
    written_[field_index] = true;
    if (role == Role::modified_at) {
        stamp_begin_ = begin;
        stamp_end_ = body.size();
    }
    if (role != Role::none)
        remember(role, trimmed ? value : std::string_view(body).substr(value_begin));
    return std::nullopt;
}

std::optional<std::string> BodyWriter::append_value(
    const Field& field, Role role, std::string_view value
) {
    std::string& out = record_.body;
    const auto quote = [&](std::string_view text) { append_json_string(out, text); };
    switch (field.type) {
        case FieldType::id:
            if (auto problem = too_long(value, kIdLengthMax)) return problem;
            quote(value);
            return std::nullopt;
        case FieldType::text:
            if (auto problem = too_long(value, field.max_length)) return problem;
            if (role == Role::nomenclature)
                quote(fold_code(value));  // I8
            else
                quote(value);
            return std::nullopt;
        case FieldType::choice:
            if (std::find(field.values.begin(), field.values.end(), value) == field.values.end()) {
                std::string problem = "not one of";
                for (const std::string_view allowed : field.values)
                    problem.append(" ").append(allowed);
                return problem;
            }
            quote(value);
            return std::nullopt;
        case FieldType::boolean:
            if (value == "1" || value == "true")
                out += "true";
            else if (value == "0" || value == "false")
                out += "false";
            else
                return "not a boolean (true, false, 1, 0)";
            return std::nullopt;
        case FieldType::integer: {
            std::int64_t number = -1;
            const char* end = value.data() + value.size();
            const auto [stopped, error] = std::from_chars(value.data(), end, number);
            if (error != std::errc() || stopped != end) return "not a whole number";
            if (number < 0 || number > 1'000'000) return "not between 0 and 1000000";
            out += std::to_string(number);
            return std::nullopt;
        }
        case FieldType::decimal: {
            const auto number = Decimal::parse(value);
            if (!number) return "not a decimal number of at most 18 digits, 9 of them decimals";
            quote(number->to_string());
            return std::nullopt;
        }
        case FieldType::money: {
            const auto money = parse_money_json(value);
            if (!money) return "not a sum with currency; money() makes one";
            if (is_plain_number(value))
                out += value;
            else
                append_money_json(out, money->minor, money->currency.code());
            return std::nullopt;
        }
        case FieldType::date: {
            const auto day = Date::parse_iso(value);
            if (!day) return "not a date (YYYY-MM-DD); iso_date() makes one";
            quote(day->to_string());
            return std::nullopt;
        }
        case FieldType::time: {
            const auto time = Timestamp::parse_rfc3339(value);
            if (!time) return "not a time with offset (RFC 3339); local_ts() makes one";
            // what local_ts() writes is canonical already
            if (value.size() == 25 && value[10] == 'T' && value[19] == '+')
                quote(value);
            else
                quote(time->to_string());
            return std::nullopt;
        }
        case FieldType::zone:
            if (value.size() > 64 || !Zone::find(value))
                return "not an IANA time zone (Europe/Moscow)";
            quote(value);
            return std::nullopt;
        case FieldType::surfaces: {
            const auto surfaces = parse_surfaces(value);
            if (!surfaces || surfaces->empty()) return "not tooth surfaces (M O I D B V L P)";
            quote(*surfaces);
            return std::nullopt;
        }
        case FieldType::id_list:
            return append_list(out, value, kIdLengthMax);
        case FieldType::text_list:
            return append_list(out, value, field.max_length);
        case FieldType::teeth:
            return append_teeth(out, value);
        case FieldType::shares:
            return append_shares(out, value);
    }
    return "of no known type";
}

void BodyWriter::remember(Role role, std::string_view value) {
    const auto unquoted = [&] { return std::string(value.substr(1, value.size() - 2)); };
    switch (role) {
        case Role::source_id:
            record_.source_id = value;
            return;
        case Role::patient:
            record_.patient_source_id = value;
            return;
        case Role::plan:
            record_.plan_source_id = value;
            return;
        case Role::practitioner:
            record_.practitioner_source_id = value;
            return;
        case Role::merged_into:
            record_.related_patients.emplace_back(value);
            return;
        case Role::members:
            record_.related_patients = string_list(value).value_or(std::vector<std::string>{});
            return;
        case Role::starts_at:
            starts_at_ = unquoted();
            return;
        case Role::ends_at:
            ends_at_ = unquoted();
            return;
        case Role::total:
            total_ = value;
            return;
        case Role::shares:
            shares_ = value;
            return;
        case Role::amount: {
            const std::size_t digits = value.rfind(':') + 1;
            if (value[digits] == '-')
                minus_at_ = static_cast<std::size_t>(value.data() - record_.body.data()) + digits;
            return;
        }
        case Role::payment_kind:
            if (minus_at_ != 0) settle_sign(unquoted());
            return;
        case Role::none:
        case Role::modified_at:
        case Role::nomenclature:
            return;
    }
}

// A refund written as −500 means one of 500. Money that came in below zero is neither; of transfers
// and write-offs nobody says which way they go.
void BodyWriter::settle_sign(std::string_view payment_kind) {
    if (payment_kind == "refund")
        record_.body.erase(minus_at_, 1);  // places remembered of later fields come later
    contradicts_kind_ = payment_kind == "payment" || payment_kind == "prepayment";
}

std::optional<std::string> BodyWriter::inconsistency() const {
    if (contradicts_kind_)
        return "amount: below zero, and kind says that money came in: map what went back as kind "
               "refund";
    if (!starts_at_.empty() && !ends_at_.empty()) {
        const auto starts = Timestamp::parse_rfc3339(starts_at_),
                   ends = Timestamp::parse_rfc3339(ends_at_);
        if (starts && ends && *ends < *starts) return "ends_at: before starts_at";
    }
    if (shares_.empty()) return std::nullopt;
    const auto total = parse_money_json(total_);
    const auto parts = totals_of_shares(shares_);
    if (!total || !parts) return std::nullopt;  // reported by their own fields
    Money sum{0, total->currency};
    for (const Money& part : *parts) {
        if (part.currency != sum.currency) return "shares: in another currency than total";
        sum += part;
    }
    if (!parts->empty() && sum != *total) return "shares: do not add up to total";
    return std::nullopt;
}

Record BodyWriter::finish() {
    Record record = std::move(record_);
    record.body += '}';
    body_bytes_ = record.body.size();
    if (is_patient_) record.patient_source_id = record.source_id;
    if (stamp_end_ == 0) {
        record.content_hash = sha256(record.body);
    } else {
        hashed_.assign(record.body, 0, stamp_begin_).append(record.body, stamp_end_);
        record.content_hash = sha256(hashed_);
    }
    return record;
}

}  // namespace mis::record
