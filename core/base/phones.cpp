#include "base/phones.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/code_points.hpp"

namespace mis {
namespace {

constexpr std::size_t kNational = 10;  // digits of a Russian number without its 7 or 8
constexpr std::size_t kPhoneDigitsMin = 10, kPhoneDigitsMax = 15;

struct Country {
    std::string_view code;
    std::size_t digits;  // with the code
    bool russian_too;    // a Russian mobile number may begin like this
};
// Neighbours whose numbers are written without a plus as often as with one.
constexpr std::array kCountries{
    Country{"370", 11, false}, Country{"371", 11, false}, Country{"372", 11, false},
    Country{"373", 11, false}, Country{"374", 11, false}, Country{"375", 12, false},
    Country{"380", 12, false}, Country{"992", 12, true},  Country{"993", 11, true},
    Country{"994", 12, true},  Country{"995", 12, true},  Country{"996", 12, true},
    Country{"998", 12, true}};

const Country* country_of(std::string_view digits) {
    const auto found = std::find_if(kCountries.begin(), kCountries.end(), [&](const Country& one) {
        return digits.starts_with(one.code);
    });
    return found == kCountries.end() ? nullptr : found;
}

bool is_filler(std::string_view digits) {
    return std::all_of(digits.begin(), digits.end(), [&](char c) { return c == digits[0]; });
}

// Digits with nothing but separators between them.
struct Run {
    std::vector<std::string> groups;
    bool plus = false;
    std::size_t letters_before = 0, letters_after = 0;  // that touch it
};

class PhoneReader {
  public:
    explicit PhoneReader(std::string_view text) : rest_(text) {}

    PhonesRead read() {
        while (!rest_.empty()) take();
        end_run();
        return std::move(read_);
    }

  private:
    std::string_view rest_;
    PhonesRead read_;
    Run run_;
    bool in_group_ = false;
    std::size_t letters_ = 0;  // just before this place, without anything between

    static bool is_digit(std::uint32_t code) { return code >= '0' && code <= '9'; }
    static bool is_separator(std::uint32_t code) {
        return code == ' ' || code == '\t' || code == 0xa0 || code == 0x202f || code == 0x2009 ||
               code == '-' || code == '.' || code == '(' || code == ')' || code == '_' ||
               (code >= 0x2010 && code <= 0x2015) || code == 0x2212;
    }
    static bool is_letter(std::uint32_t code) {
        return (code | 32U) - 'a' < 26 || (code >= 0xc0 && code < 0x2000);
    }

    void take() {
        std::uint32_t code = 0;
        const std::size_t length = std::max<std::size_t>(decode(rest_, code), 1);
        rest_.remove_prefix(length);
        if (is_invisible(code) && code != '\t' && code != '\n' && code != '\r' && code != 0)
            return;  // typed by nobody
        if (is_digit(code)) return take_digit(static_cast<char>(code));
        if (is_letter(code)) return take_letter();
        letters_ = 0;
        in_group_ = false;
        if (is_separator(code)) return;
        end_run();
        run_.plus = code == '+';
    }

    void take_digit(char digit) {
        if (!in_group_) {
            if (letters_ > 0) {
                end_run();
                run_.letters_before = letters_;
            }
            run_.groups.emplace_back();
            in_group_ = true;
            letters_ = 0;
        }
        run_.groups.back() += digit;
    }

    // A word of two letters and more may touch a number («тел89000000001»); a single one is a digit
    // mistyped.
    void take_letter() {
        read_.left_out = true;
        std::size_t letters = 1;
        std::uint32_t code = 0;
        while (!rest_.empty()) {
            const std::size_t length = decode(rest_, code);
            if (length == 0 || !is_letter(code)) break;
            ++letters;
            rest_.remove_prefix(length);
        }
        if (in_group_) run_.letters_after = letters;
        in_group_ = false;
        end_run();
        letters_ = letters;
    }

    void end_run() {
        const Run run = std::exchange(run_, Run{});
        in_group_ = false;
        if (run.groups.empty()) return;
        if (run.letters_before == 1 || run.letters_after == 1) {
            read_.left_out = true;
            return;
        }
        std::size_t first = 0;
        bool plus = run.plus;
        while (first < run.groups.size()) {
            const std::size_t taken = take_number(run.groups, first, plus);
            plus = false;
            if (taken > 0) {
                first += taken;
                continue;
            }
            read_.left_out = true;
            do ++first;  // a number in one piece can be told from what stands before it
            while (first < run.groups.size() && run.groups[first].size() < kNational);
        }
    }

    // The groups from `first` on that add up to exactly so many digits; 0: none do.
    static std::size_t groups_of(
        const std::vector<std::string>& groups, std::size_t first, std::size_t digits
    ) {
        std::size_t sum = 0;
        for (std::size_t i = first; i < groups.size() && sum < digits; ++i) {
            sum += groups[i].size();
            if (sum == digits) return i - first + 1;
        }
        return 0;
    }
    static std::string joined(
        const std::vector<std::string>& groups, std::size_t first, std::size_t count
    ) {
        std::string digits;
        for (std::size_t i = first; i < first + count; ++i) digits += groups[i];
        return digits;
    }

    std::size_t take_number(const std::vector<std::string>& groups, std::size_t first, bool plus) {
        const std::size_t left = groups.size() - first;
        const std::string all = joined(groups, first, left);
        const Country* const country = country_of(all);
        if (all.starts_with("810") && all.size() > 3 + kNational &&
            all.size() <= 3 + kPhoneDigitsMax)
            return take_number({all.substr(3)}, 0, true) > 0 ? left : 0;  // 8, 10, a number abroad
        if (!plus && all.starts_with("00") && all.size() > 2 + kNational &&
            all.size() <= 2 + kPhoneDigitsMax)  // 00, a number with its country
            return all[2] != '0' && take_number({all.substr(2)}, 0, true) > 0 ? left : 0;
        if (plus && all.starts_with("81")) return foreign(all, left);  // Japan, not a Russian 8
        if (all[0] == '7' || all[0] == '8') {
            if (const std::size_t count = groups_of(groups, first, kNational + 1))
                return add("7" + joined(groups, first, count).substr(1), count);
            if (plus && all[0] == '8') return foreign(all, left);
            if (plus || groups[first].size() == 1) return 0;  // the prefix, and too little after it
        } else if (country != nullptr && (plus || !country->russian_too || left == 1)) {
            if (const std::size_t count = groups_of(groups, first, country->digits))
                return add(joined(groups, first, count), count);
            if (plus || !country->russian_too) return 0;
        } else if (country != nullptr && all.size() == country->digits) {
            return 0;  // this country's number, or a Russian one and an extension
        }
        if (plus) return foreign(all, left);
        if (const std::size_t count = groups_of(groups, first, kNational))
            return add("7" + joined(groups, first, count), count);
        if (country == nullptr && groups[first].size() > kNational &&
            groups[first].size() <= kPhoneDigitsMax && all[0] != '7' && all[0] != '8')
            return add(groups[first], 1);
        return 0;
    }

    // Behind a plus the whole run is one number of a country whose lengths we do not know.
    std::size_t foreign(const std::string& all, std::size_t left) {
        return all.size() >= kPhoneDigitsMin && all.size() <= kPhoneDigitsMax ? add(all, left) : 0;
    }

    std::size_t add(const std::string& digits, std::size_t groups) {
        const std::string_view national =
            std::string_view(digits).substr(digits.size() - kNational);
        if (is_filler(national)) {
            read_.left_out = true;
            return groups;
        }
        std::string number = "+" + digits;
        if (std::find(read_.numbers.begin(), read_.numbers.end(), number) == read_.numbers.end())
            read_.numbers.push_back(std::move(number));
        return groups;
    }
};

}  // namespace

PhonesRead read_phones(std::string_view text) { return PhoneReader(text).read(); }

std::vector<std::string> phones_last_ten(std::string_view text) {
    std::vector<std::string> all;
    for (const std::string& number : read_phones(text).numbers)
        all.push_back(number.substr(number.size() - kNational));
    return all;
}

}  // namespace mis
