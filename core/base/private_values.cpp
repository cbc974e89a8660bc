#include "base/private_values.hpp"

#include <algorithm>
#include <cctype>

#include "base/ascii.hpp"
#include "base/crypto.hpp"
#include "base/phones.hpp"
#include "base/text.hpp"

namespace mis {
namespace {

constexpr std::size_t kPairStemMin = 3;  // letters; two names together are rarely a word
constexpr std::size_t kNumberMin = 5;    // letters and digits of a policy's number …
constexpr std::size_t kNumberDigitsMin =
    4;  // … and its digits: shorter ones would be found everywhere
constexpr std::size_t kGroupsMax = 6;
constexpr std::size_t kPhoneDigits = 10;

bool is_ascii_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::size_t letters(std::string_view utf8) {
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

std::size_t digits(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return is_digit(c);
    }));
}

class Hashes {
  public:
    void add(char kind, std::string_view value) {
        text_.assign(1, kind).append(1, '|').append(value);
        const Digest digest = sha256(text_);
        std::uint64_t hash = 0;
        for (std::size_t i = 0; i < sizeof hash; ++i) hash = hash << 8 | digest[i];
        all_.push_back(static_cast<std::int64_t>(hash));
    }
    void add_pair(const std::string& a, const std::string& b) {
        pair_.assign(std::min(a, b)).append(1, ' ').append(std::max(a, b));
        add('n', pair_);
    }
    std::vector<std::int64_t> take() {
        std::sort(all_.begin(), all_.end());
        all_.erase(std::unique(all_.begin(), all_.end()), all_.end());
        return std::move(all_);
    }

  private:
    std::vector<std::int64_t> all_;
    std::string text_, pair_;
};

// The words of a name or text, folded, without punctuation; empty where a sentence or list ends.
std::vector<std::string> words_of(std::string_view text) {
    std::string folded = fold(text);
    std::string spaced;
    for (const char c : folded) {
        const bool ends = c == ',' || c == ';' || c == '/' || c == '\\' || c == '|';
        if (!is_ascii(c) || is_ascii_word(c))
            spaced += c;
        else
            spaced += ends ? std::string(" , ") : std::string(c == '\'' ? "" : " ");
    }
    std::vector<std::string> words;
    for (const auto word : split(spaced, ' '))
        if (!word.empty()) words.emplace_back(word == "," ? "" : word);
    return words;
}

bool is_name_word(const std::string& word) { return letters(word) >= 2 && digits(word) == 0; }

std::string letters_and_digits(std::string_view text) {
    std::string kept;
    for (const char c : fold_code(text))
        if (!is_ascii(c) || is_ascii_word(c)) kept += c;
    return kept;
}

void add_number(Hashes& hashes, std::string_view number) {
    const std::string kept = letters_and_digits(number);
    if (kept.size() >= kNumberMin && digits(kept) >= kNumberDigitsMin) hashes.add('d', kept);
}

// Runs of letters and digits that only spaces, hyphens and brackets stand between.
std::vector<std::vector<std::string>> number_runs(std::string_view text) {
    std::vector<std::vector<std::string>> runs(1);
    bool in_group = false;
    for (const char c : fold_code(text)) {
        if (!is_ascii(c) || is_ascii_word(c)) {
            if (!in_group) runs.back().emplace_back();
            runs.back().back() += c;
            in_group = true;
            continue;
        }
        in_group = false;
        if (c != ' ' && c != '-' && c != '(' && c != ')') runs.emplace_back();
    }
    return runs;
}

void add_numbers_in(Hashes& hashes, std::string_view text) {
    for (const auto& run : number_runs(text))
        for (std::size_t first = 0; first < run.size(); ++first) {
            std::string joined;
            for (std::size_t i = first; i < std::min(run.size(), first + kGroupsMax); ++i) {
                joined += run[i];
                add_number(hashes, joined);
            }
        }
}

// What stands around an @ up to the next space or bracket.
void add_addresses_in(Hashes& hashes, std::string_view text) {
    const auto ends = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '<' || c == '>' || c == '(' ||
               c == ')' || c == ',' || c == ';' || c == '"' || c == ':';
    };
    for (auto at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
        std::size_t from = at, to = at + 1;
        while (from > 0 && !ends(text[from - 1])) --from;
        while (to < text.size() && !ends(text[to])) ++to;
        while (to > at && text[to - 1] == '.') --to;
        hashes.add('e', to_lower(text.substr(from, to - from)));
    }
}

void add_names(
    Hashes& hashes, const std::vector<std::string>& a, const std::vector<std::string>& b
) {
    for (const auto& x : a)
        for (const auto& y : b)
            if (is_name_word(x) && is_name_word(y))
                hashes.add_pair(name_stem(x, kPairStemMin), name_stem(y, kPairStemMin));
}

// «Тестова Анна Петровна»: all words of one text.
void add_adjacent(Hashes& hashes, const std::vector<std::string>& words) {
    for (std::size_t i = 1; i < words.size(); ++i) add_names(hashes, {words[i - 1]}, {words[i]});
}

}  // namespace

std::string name_stem(std::string word, std::size_t least) {
    static constexpr std::string_view kEndings[] = {"а", "е", "и", "й", "о", "у", "ы", "ь",
                                                    "ю", "я", "a", "e", "i", "o", "u", "y"};
    const auto drop = [&](std::string_view ending) {
        const bool ends = letters(word) > least && word.ends_with(ending);
        if (ends) word.resize(word.size() - ending.size());
        return ends;
    };
    for (const std::string_view case_of_names : {"ым", "им", "ом", "ем", "ам", "ых", "их"})
        if (letters(word) > least + 1 && drop(case_of_names)) break;
    while (std::any_of(std::begin(kEndings), std::end(kEndings), drop)) {
    }
    return word;
}

std::vector<std::int64_t> private_hashes(std::string_view kind, JsonView body) {
    Hashes hashes;
    const JsonMembers record(body);
    const auto text = [&](std::string_view name) { return record.find(name).string(); };
    if (kind == "patient") {
        for (const JsonView phone : record.find("phones").elements())
            if (phone.is_string())
                for (const auto& digits : phones_last_ten(phone.string())) hashes.add('p', digits);
        const std::string email = text("email");
        if (!trim(email).empty()) hashes.add('e', to_lower(trim(email)));
        const auto last = words_of(text("last_name")), first = words_of(text("first_name")),
                   middle = words_of(text("middle_name"));
        add_names(hashes, last, first);
        add_names(hashes, first, middle);
        if (first.empty()) add_adjacent(hashes, last);  // a MIS with one field for all of it
    } else if (kind == "limit") {
        add_number(hashes, text("policy_number"));
    } else if (kind == "practitioner") {
        add_adjacent(hashes, words_of(text("name")));
    }
    return hashes.take();
}

std::vector<std::int64_t> hashes_in(std::string_view text) {
    Hashes hashes;
    if (digits(text) >= kNumberDigitsMin) {
        for (const auto& phone : phones_last_ten(text)) hashes.add('p', phone);
        add_numbers_in(hashes, text);
    }
    add_addresses_in(hashes, text);
    add_adjacent(hashes, words_of(text));
    return hashes.take();
}

bool has_private_shape(std::string_view text) {
    const auto at = text.find('@');
    if (at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
        static_cast<unsigned char>(text[at - 1]) > ' ' &&
        static_cast<unsigned char>(text[at + 1]) > ' ')
        return true;
    std::size_t joined = 0;
    for (const char c : text) {
        if (is_digit(c)) {
            if (++joined >= kPhoneDigits) return true;
        } else if (c != ' ' && c != '-' && c != '(' && c != ')') {
            joined = 0;
        }
    }
    return false;
}

bool is_national_code(std::string_view code) {
    if (code.size() != 10 && code.size() != 14) return false;
    if (code[0] != 'A' && code[0] != 'B') return false;
    for (std::size_t i = 1; i < code.size(); ++i) {
        const bool dot = i == 3 || i == 6 || i == 10;
        if (dot ? code[i] != '.' : !is_digit(code[i])) return false;
    }
    return true;
}

}  // namespace mis
