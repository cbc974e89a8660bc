#include "base/teeth.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace mis {
namespace {

// The jaw as the dentist reads it, from the patient's right to his left; ranges run along one of
// these rows.
constexpr std::array<std::array<int, 16>, 2> kPermanentRows{{
    {18, 17, 16, 15, 14, 13, 12, 11, 21, 22, 23, 24, 25, 26, 27, 28},
    {48, 47, 46, 45, 44, 43, 42, 41, 31, 32, 33, 34, 35, 36, 37, 38},
}};
constexpr std::array<std::array<int, 10>, 2> kDeciduousRows{{
    {55, 54, 53, 52, 51, 61, 62, 63, 64, 65},
    {85, 84, 83, 82, 81, 71, 72, 73, 74, 75},
}};

bool is_tooth_number(int number) {
    const int quadrant = number / 10;
    const int place = number % 10;
    return (quadrant >= 1 && quadrant <= 4 && place >= 1 && place <= 8) ||
           (quadrant >= 5 && quadrant <= 8 && place >= 1 && place <= 5);
}

template <typename Row>
bool append_range_of(const Row& row, int from, int to, std::vector<int>& teeth) {
    auto a = std::find(row.begin(), row.end(), from);
    auto b = std::find(row.begin(), row.end(), to);
    if (a == row.end() || b == row.end()) return false;
    if (b < a) std::swap(a, b);
    teeth.insert(teeth.end(), a, b + 1);
    return true;
}

bool append_range(int from, int to, std::vector<int>& teeth) {
    for (const auto& row : kPermanentRows)
        if (append_range_of(row, from, to, teeth)) return true;
    for (const auto& row : kDeciduousRows)
        if (append_range_of(row, from, to, teeth)) return true;
    return false;
}

std::optional<std::string> area_of(const std::string& text) {
    if (is_area(text)) return text;
    for (const std::string_view name :
         {"в/ч", "вч", "в.ч.", "в. ч.", "верхняя челюсть", "верх", "верхняя"})
        if (text == name) return "upper";
    for (const std::string_view name :
         {"н/ч", "нч", "н.ч.", "н. ч.", "нижняя челюсть", "низ", "нижняя"})
        if (text == name) return "lower";
    for (const std::string_view name :
         {"вся полость", "вся полость рта", "полость рта", "обе челюсти", "весь рот", "рот",
          "whole mouth"})
        if (text == name) return "mouth";
    std::string_view rest = text;
    bool named = false;
    for (const std::string_view word : {"квадрант", "quadrant", "кв.", "кв", "q"}) {
        if (rest.ends_with(word)) {
            rest = trim(rest.substr(0, rest.size() - word.size()));
            named = true;
        } else if (rest.starts_with(word)) {
            rest = trim(rest.substr(word.size()));
            named = true;
        }
        if (named) break;
    }
    if (!named) return std::nullopt;
    if (rest.ends_with("-й") || rest.ends_with("-ый") || rest.ends_with("-ой"))
        rest = rest.substr(0, rest.find('-'));
    constexpr std::array<std::string_view, 4> kRoman{"i", "ii", "iii", "iv"};
    for (std::size_t i = 0; i < kRoman.size(); ++i)
        if (rest == kRoman[i]) return "quadrant-" + std::to_string(i + 1);
    if (rest.size() == 1 && rest[0] >= '1' && rest[0] <= '8')
        return "quadrant-" + std::string(rest);
    return std::nullopt;
}

// "16", "1.6", "1,6" is no tooth but a list "1" and "6": refused. Takes the tooth off the front; 0:
// there is none.
int take_tooth(std::string_view& text) {
    const auto digit = [&](std::size_t i) {
        return i < text.size() && text[i] >= '0' && text[i] <= '9';
    };
    if (text.starts_with("#"))
        text.remove_prefix(1);
    else if (text.starts_with("№"))
        text = trim(text.substr(std::string_view("№").size()));
    int number = 0;
    std::size_t length = 0;
    if (digit(0) && digit(1)) {
        number = (text[0] - '0') * 10 + (text[1] - '0');
        length = 2;
    } else if (digit(0) && text.size() > 2 && text[1] == '.' && digit(2)) {
        number = (text[0] - '0') * 10 + (text[2] - '0');
        length = 3;
    }
    if (length == 0 || digit(length) || !is_tooth_number(number)) return 0;
    text.remove_prefix(length);
    return number;
}

// The American number 1 to 32 (from the patient's upper right to his lower right), or a deciduous
// tooth's letter a to t; lower case, Cyrillic look-alikes too. Takes it off the front; 0: there is
// none.
int take_universal(std::string_view& text) {
    if (text.starts_with("#")) text.remove_prefix(1);
    int place = 0;  // from 1
    bool deciduous = false;
    std::size_t length = 0;
    while (length < text.size() && length < 2 && is_digit(text[length]))
        place = place * 10 + (text[length++] - '0');
    if (length == 0 && !text.empty()) {
        constexpr std::array<std::pair<std::string_view, char>, 10> kCyrillic{
            {{"а", 'a'},
             {"в", 'b'},
             {"с", 'c'},
             {"е", 'e'},
             {"н", 'h'},
             {"к", 'k'},
             {"м", 'm'},
             {"о", 'o'},
             {"р", 'p'},
             {"т", 't'}}};
        char letter = text[0];
        length = 1;
        for (const auto& [look, latin] : kCyrillic)
            if (text.starts_with(look)) {
                letter = latin;
                length = look.size();
            }
        if (letter < 'a' || letter > 't') return 0;
        deciduous = true;
        place = letter - 'a' + 1;
    }
    const int half = deciduous ? 10 : 16;  // teeth of one jaw
    if (place < 1 || place > 2 * half) return 0;
    if (length < text.size() && (is_digit(text[length]) || (text[length] & 0x80) != 0 ||
                                 (text[length] >= 'a' && text[length] <= 'z')))
        return 0;
    text.remove_prefix(length);
    // the lower jaw is counted back from the patient's left
    const auto index = static_cast<std::size_t>(place <= half ? place - 1 : 2 * half - place);
    const std::size_t jaw = place <= half ? 0 : 1;
    return deciduous ? kDeciduousRows[jaw][index] : kPermanentRows[jaw][index];
}

// Teeth with or without separators, ranges along the jaw; `take` reads one off the front.
std::optional<std::vector<std::string>> parse_list(
    std::string_view text, int (*take)(std::string_view&)
) {
    const std::string folded = to_lower(trim(text));
    if (folded.empty()) return std::vector<std::string>{};
    if (auto area = area_of(folded)) return std::vector<std::string>{*area};
    std::vector<int> teeth;
    std::string_view rest = folded;
    while (!rest.empty()) {
        const int first = take(rest);
        if (first == 0) return std::nullopt;
        rest = trim(rest);
        bool range = false;
        for (const std::string_view dash : {"-", "–", "—"})
            if (!range && rest.starts_with(dash)) {
                rest = trim(rest.substr(dash.size()));
                range = true;
            }
        if (range) {
            const int last = take(rest);
            if (last == 0 || !append_range(first, last, teeth)) return std::nullopt;
            rest = trim(rest);
        } else {
            teeth.push_back(first);
        }
        bool separated = false;
        while (!rest.empty() && (rest[0] == ',' || rest[0] == ';' || rest[0] == '+')) {
            if (separated) return std::nullopt;
            separated = true;
            rest = trim(rest.substr(1));
            if (rest.empty()) return std::nullopt;
        }
    }
    std::sort(teeth.begin(), teeth.end());
    teeth.erase(std::unique(teeth.begin(), teeth.end()), teeth.end());
    std::vector<std::string> names;
    names.reserve(teeth.size());
    for (const int tooth : teeth) names.push_back(std::to_string(tooth));
    return names;
}

}  // namespace

bool is_tooth(std::string_view fdi) {
    return fdi.size() == 2 && fdi[0] >= '0' && fdi[0] <= '9' && fdi[1] >= '0' && fdi[1] <= '9' &&
           is_tooth_number((fdi[0] - '0') * 10 + (fdi[1] - '0'));
}

bool is_area(std::string_view area) {
    if (area == "upper" || area == "lower" || area == "mouth") return true;
    return area.size() == 10 && area.starts_with("quadrant-") && area[9] >= '1' && area[9] <= '8';
}

bool area_contains(std::string_view area, std::string_view tooth) {
    if (!is_tooth(tooth) || !is_area(area)) return false;
    if (area == "mouth") return true;
    const char quadrant = tooth[0];
    const bool upper = quadrant == '1' || quadrant == '2' || quadrant == '5' || quadrant == '6';
    if (area == "upper") return upper;
    if (area == "lower") return !upper;
    return area[9] == quadrant;
}

std::optional<std::vector<std::string>> parse_teeth(std::string_view text) {
    return parse_list(text, take_tooth);
}

std::optional<std::vector<std::string>> parse_teeth_universal(std::string_view text) {
    return parse_list(text, take_universal);
}

std::string_view teeth_forms() {
    return "teeth are FDI: 16, 1.6, 16,17, 11-13 (11 to 48, 51 to 85); areas are mouth, upper, "
           "lower, quadrant-1 to quadrant-8, в/ч, н/ч";
}

std::optional<std::string> parse_surfaces(std::string_view text) {
    constexpr std::string_view kOrder = "MOIDBVLP";
    // What Russian charts write: М О И Д Б В Л П, by sound (В is vestibular) and by look.
    constexpr std::array<std::pair<std::string_view, char>, 8> kCyrillic{
        {{"м", 'M'},
         {"о", 'O'},
         {"и", 'I'},
         {"д", 'D'},
         {"б", 'B'},
         {"в", 'V'},
         {"л", 'L'},
         {"п", 'P'}}};
    std::array<bool, 8> found{};
    const std::string folded = to_lower(trim(text));
    std::string_view rest = folded;
    while (!rest.empty()) {
        if (rest[0] == ',' || rest[0] == ' ' || rest[0] == '/' || rest[0] == '-' ||
            rest[0] == '.') {
            rest.remove_prefix(1);
            continue;
        }
        char letter = 0;
        if (rest[0] == 'f') {  // facial: vestibular, wherever the tooth stands
            letter = 'V';
            rest.remove_prefix(1);
        } else if (rest[0] >= 'a' && rest[0] <= 'z') {
            letter = static_cast<char>(rest[0] - 32);
            rest.remove_prefix(1);
        } else {
            for (const auto& [name, latin] : kCyrillic)
                if (letter == 0 && rest.starts_with(name)) {
                    letter = latin;
                    rest.remove_prefix(name.size());
                }
        }
        const auto place = letter == 0 ? std::string_view::npos : kOrder.find(letter);
        if (place == std::string_view::npos) return std::nullopt;
        found[place] = true;
    }
    std::string out;
    for (std::size_t i = 0; i < found.size(); ++i)
        if (found[i]) out += kOrder[i];
    return out;
}

}  // namespace mis
