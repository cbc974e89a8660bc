#include "record/body_writer.hpp"

#include <algorithm>
#include <charconv>

#include "base/json.hpp"
#include "base/teeth.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"

namespace mis::record {
namespace {

constexpr const char* kNoDay = "an empty date, or a year outside 1900 to 2100";

// Whether a text that begins with a date names one of a year that nobody means (I6). A text that
// is no date at all is not this one's to judge.
bool is_no_day(std::string_view iso) {
    const std::string_view year = iso.substr(0, 4);
    return year.size() == 4 && (year < "1900" || year > "2100") &&
           Date::parse_iso(iso.substr(0, 10)).has_value();
}

// What programs write for "no date".
bool is_empty_day(std::string_view iso) {
    const std::string_view day = iso.substr(0, 10);
    return day == "1899-12-30" || day == "0001-01-01" || day == "9999-12-31";
}

}  // namespace

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
        {"valid_from", Role::valid_from},
        {"valid_to", Role::valid_to},
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
    notes_.clear();
    starts_at_.clear();
    ends_at_.clear();
    valid_from_.clear();
    valid_to_.clear();
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
    std::string visible;
    if (trimmed) {
        if (field.type == FieldType::text) value = visible_part(field, value, visible);
        value = trim(value);
        if (value.empty()) return std::nullopt;
    }
    const bool is_day = field.type == FieldType::date || field.type == FieldType::time;
    if (is_day && is_no_day(value) && field.presence == Presence::optional) {
        if (!is_empty_day(value)) note(field.name + ": a year outside 1900 to 2100 was left out");
        return std::nullopt;
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
            if (has_invisible(value)) return "an id with a character that nobody sees";
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
                if (field.name == "status") {  // A1: with the code, unless it is a text and no code
                    const bool shown = value.size() <= 40 && is_valid_utf8(value);
                    problem.append(": '").append(shown ? value : "(a long text)").append("'");
                }
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
            if (*number > kQuantityMax || *number < -kQuantityMax) return "beyond 1000000";
            quote(number->to_string());
            return std::nullopt;
        }
        case FieldType::money:
            return append_money(out, value);
        case FieldType::date: {
            const auto day = Date::parse_iso(value);
            if (!day) return "not a date (YYYY-MM-DD); iso_date() makes one";
            if (is_no_day(value)) return kNoDay;
            quote(day->to_string());
            return std::nullopt;
        }
        case FieldType::time: {
            const auto time = Timestamp::parse_rfc3339(value);
            if (!time) return "not a time with offset (RFC 3339); local_ts() makes one";
            if (is_no_day(value)) return kNoDay;
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
            if (const auto ids = string_list(value))
                for (const std::string& id : *ids)
                    if (has_invisible(trim(id))) return "an id with a character that nobody sees";
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

std::string_view BodyWriter::visible_part(
    const Field& field, std::string_view value, std::string& room
) {
    // a comment is read by its lines, and stays in the clinic
    const auto breaks = field.name == "comment" ? LineBreaks::kept : LineBreaks::spaces;
    auto clean = without_invisible(value, breaks);
    if (!clean) return value;
    if (clean->dropped) note(field.name + ": characters that nobody sees were dropped");
    room = std::move(clean->text);
    return room;
}

void BodyWriter::note(std::string text) { notes_.push_back(std::move(text)); }

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
        case Role::valid_from:
            valid_from_ = unquoted();
            return;
        case Role::valid_to:
            valid_to_ = unquoted();
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
    if (!valid_from_.empty() && !valid_to_.empty() && valid_to_ < valid_from_)
        return "valid_to: before valid_from";
    if (shares_.empty()) return std::nullopt;
    const auto total = parse_money_json(total_);
    const auto parts = totals_of_shares(shares_);
    if (!total || !parts) return std::nullopt;  // reported by their own fields
    Money sum{0, total->currency};
    for (const Money& part : *parts) {
        if (part.currency != sum.currency) return "shares: in another currency than total";
        if ((part.minor < 0 && total->minor >= 0) || (part.minor > 0 && total->minor <= 0))
            return "shares: one of another sign than total";
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
    if (!notes_.empty()) {
        add_notes_to(record);
    } else if (stamp_end_ == 0) {
        record.content_hash = sha256(record.body);
    } else {
        hashed_.assign(record.body, 0, stamp_begin_).append(record.body, stamp_end_);
        record.content_hash = sha256(hashed_);
    }
    return record;
}

// Rare, so the body is taken apart again.
void BodyWriter::add_notes_to(Record& record) const {
    Json body = *parse_json(record.body);
    Json& notes = body["notes"];
    if (!notes.is_array()) notes = Json::array();
    for (const std::string& text : notes_)
        if (notes.size() < kListItemsMax &&
            std::find(notes.begin(), notes.end(), text) == notes.end())
            notes.push_back(text);
    record.body = canonical_json(body);
    body.erase("source_modified_at");
    record.content_hash = sha256(canonical_json(body));
}

}  // namespace mis::record
