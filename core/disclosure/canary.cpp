#include "disclosure/canary.hpp"

#include <algorithm>

#include "base/json_text.hpp"
#include "base/private_values.hpp"
#include "base/text.hpp"

namespace mis::disclosure {
namespace {

constexpr std::size_t kPhoneDigits = 7;
constexpr std::size_t kNumberMin = 5;       // shorter policy numbers would be found everywhere
constexpr std::size_t kWholeWordBelow = 5;  // letters: «Ли» must not hide «Лидокаин»

std::size_t letters(std::string_view utf8) {
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

// Folded, punctuation as spaces, one space before each word.
std::string words_of(std::string_view text) {
    std::string spaced = fold(text);
    for (char& c : spaced)
        if (static_cast<unsigned char>(c) < 0x80 &&
            std::isalnum(static_cast<unsigned char>(c)) == 0)
            c = ' ';
    return ' ' + spaced + ' ';
}

std::string digits_of(std::string_view text) {
    std::string digits;
    std::copy_if(text.begin(), text.end(), std::back_inserter(digits), [](char c) {
        return c >= '0' && c <= '9';
    });
    return digits;
}

std::string alphanumerics_of(std::string_view text) {
    std::string kept;
    for (const char c : fold_code(text))
        if (static_cast<unsigned char>(c) >= 0x80 ||
            std::isalnum(static_cast<unsigned char>(c)) != 0)
            kept.push_back(c);
    return kept;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

void Canary::add_record(std::string_view kind, std::string_view body) {
    if (kind != "patient" && kind != "limit") return;
    const JsonMembers record{JsonView(body)};
    // Not a canonical body: its fields cannot have come into an event.
    const auto text = [&](std::string_view name) { return record.find(name).string(); };
    for (const char* name : {"last_name", "first_name", "middle_name"}) add_name(text(name));
    add_birth_date(text("birth_date"));
    add_email(text("email"));
    add_number(text("policy_number"));
    for (const JsonView phone : record.find("phones").elements())
        if (phone.is_string()) add_phone(phone.string());
}

void Canary::add_name(std::string_view name) {
    const std::string folded = words_of(name);
    for (const auto word : split(folded, ' ')) {
        if (letters(word) < 2) continue;
        if (letters(word) < kWholeWordBelow)
            stems_.push_back(' ' + std::string(word) + ' ');
        else
            stems_.push_back(' ' + name_stem(std::string(word)));
    }
}

void Canary::add_phone(std::string_view phone) {
    const std::string digits = digits_of(phone);
    if (digits.size() >= kPhoneDigits)
        digits_.push_back(digits.substr(digits.size() - kPhoneDigits));
}

// «1990-01-31», «31.01.1990», «род. 31/01/1990»: eight digits that nothing else bears by chance.
void Canary::add_birth_date(std::string_view iso) {
    const std::string digits = digits_of(iso);
    if (digits.size() != 8) return;
    digits_.push_back(digits);
    digits_.push_back(digits.substr(6) + digits.substr(4, 2) + digits.substr(0, 4));
}

void Canary::add_number(std::string_view number) {
    std::string kept = alphanumerics_of(number);
    if (kept.size() >= kNumberMin) numbers_.push_back(std::move(kept));
}

void Canary::add_email(std::string_view email) {
    if (!trim(email).empty()) emails_.push_back(to_lower(trim(email)));
}

bool Canary::is_private(std::string_view text) const {
    if (is_national_code(text)) return false;
    return (!empty() && found_in(as_plainly_written(text))) ||
           (everybody_ != nullptr && everybody_->names_somebody(text));
}

bool Canary::found_in(std::string_view text) const {
    const auto any_in = [](const std::vector<std::string>& parts, const std::string& where) {
        return std::any_of(parts.begin(), parts.end(), [&](const std::string& part) {
            return contains(where, part);
        });
    };
    return (!stems_.empty() && any_in(stems_, words_of(text))) ||
           (!digits_.empty() && any_in(digits_, digits_of(text))) ||
           (!numbers_.empty() && any_in(numbers_, alphanumerics_of(text))) ||
           (!emails_.empty() && any_in(emails_, to_lower(text)));
}

}  // namespace mis::disclosure
