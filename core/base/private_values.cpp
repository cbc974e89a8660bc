#include "base/private_values.hpp"

#include <algorithm>
#include <cctype>

#include "base/ascii.hpp"
#include "base/code_points.hpp"
#include "base/crypto.hpp"
#include "base/phones.hpp"
#include "base/text.hpp"

namespace mis {
namespace {

constexpr std::size_t kPairStemMin = 3;  // letters; two names together are rarely a word
constexpr std::size_t kNumberMin = 5;    // letters and digits of a policy's number …
// … and its digits: shorter ones would be found everywhere
constexpr std::size_t kNumberDigitsMin = 4;
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

bool is_plain(std::string_view text) {  // ASCII and Russian letters
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) continue;
        if (lead != 0xD0 && lead != 0xD1) return false;
        ++i;
    }
    return true;
}

std::uint32_t plain(std::uint32_t code) {
    if (code == 0x3000 || code == 0x205f || (code >= 0x2000 && code <= 0x200a)) return ' ';
    if ((code >= 0x2010 && code <= 0x2015) || code == 0x2212 || code == 0x2043) return '-';
    if (code >= 0xff01 && code <= 0xff5e) return code - 0xff01 + '!';  // full width
    if (code >= 0x660 && code <= 0x669) return code - 0x660 + '0';     // Arabic digits
    if (code >= 0x6f0 && code <= 0x6f9) return code - 0x6f0 + '0';
    if (code == 0xb2 || code == 0xb3) return code - 0xb0 + '0';  // superscripts
    if (code == 0xb9) return '1';
    if (code == 0x2070 || (code >= 0x2074 && code <= 0x2079)) return code - 0x2070 + '0';
    if (code >= 0x2080 && code <= 0x2089) return code - 0x2080 + '0';
    if (code == 0xab || code == 0xbb || (code >= 0x201c && code <= 0x201f)) return '"';
    return is_space(code) ? ' ' : code;
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

// The words of a name or text, folded, without punctuation («Тестова, Анна» is as much a name as
// without the comma); empty where a list goes on to another.
std::vector<std::string> words_of(std::string_view text) {
    std::string folded = fold(text);
    std::string spaced;
    for (const char c : folded) {
        const bool ends = c == ';' || c == '|';
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

struct Piece {
    std::string text;
    bool after_dot = false;  // what stands before it is nearer to a decimal, a date, a code
};

// «ТТТ № 7000123» is known without its sign as well.
std::string without_number_sign(std::string text) {
    static constexpr std::string_view kSign = "№";
    for (auto at = text.find(kSign); at != std::string::npos; at = text.find(kSign, at + 1))
        text.replace(at, kSign.size(), " ");
    return text;
}

// Runs of letters and digits that only what joins a number stands between: spaces, hyphens,
// brackets, and as policies are written slashes and the like.
std::vector<std::vector<Piece>> number_runs(std::string_view text) {
    static constexpr std::string_view kJoins = " -()/\\_#:";
    std::vector<std::vector<Piece>> runs(1);
    bool in_group = false, dot = false;
    for (const char c : fold_code(text)) {
        if (!is_ascii(c) || is_ascii_word(c)) {
            if (!in_group) runs.back().push_back({{}, dot});
            runs.back().back().text += c;
            in_group = true;
            dot = false;
            continue;
        }
        dot = dot || c == '.';
        in_group = false;
        if (c != '.' && kJoins.find(c) == std::string_view::npos) runs.emplace_back();
    }
    return runs;
}

// Groups of digits with dots between them as dates («31.12.2026», «2026.12.31») and sums
// («1.234.567», «4500.00») have them.
bool is_date_or_sum(const Piece* first, const Piece* end) {
    const std::size_t groups = static_cast<std::size_t>(end - first);
    const auto size = [&](std::size_t i) { return first[i].text.size(); };
    if (size(groups - 1) <= 2 && groups == 2) return true;
    if (groups == 3 && size(0) <= 2 && size(1) <= 2 && (size(2) == 2 || size(2) == 4)) return true;
    if (groups == 3 && size(0) == 4 && size(1) <= 2 && size(2) <= 2) return true;
    return size(0) <= 3 && std::all_of(first + 1, end, [&](const Piece& piece) {
               return piece.text.size() == 3 || (&piece == end - 1 && piece.text.size() <= 2);
           });
}

// Digits alone are joined across a dot only where that is neither a date nor a sum: «4503.1234.56».
void add_numbers_in(Hashes& hashes, std::string_view text) {
    for (const auto& run : number_runs(text))
        for (std::size_t first = 0; first < run.size(); ++first) {
            std::string joined;
            bool dotted = false;
            for (std::size_t i = first; i < std::min(run.size(), first + kGroupsMax); ++i) {
                dotted = dotted || (i > first && run[i].after_dot);
                joined += run[i].text;
                if (!dotted || digits(joined) < joined.size() ||
                    !is_date_or_sum(run.data() + first, run.data() + i + 1))
                    add_number(hashes, joined);
            }
        }
}

// «anna @ host.ru» as «anna@host.ru»: spaces around an @ hide no address.
std::string without_spaces_at(std::string_view text) {
    std::string joined;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '@')
            while (!joined.empty() && joined.back() == ' ') joined.pop_back();
        joined += text[i];
        if (text[i] == '@')
            while (i + 1 < text.size() && text[i + 1] == ' ') ++i;
    }
    return joined;
}

// What stands around an @ up to the next space or bracket.
void add_addresses_in(Hashes& hashes, std::string_view written) {
    const std::string text = without_spaces_at(written);
    const auto ends = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '<' || c == '>' || c == '(' ||
               c == ')' || c == ',' || c == ';' || c == '"' || c == ':';
    };
    for (auto at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
        std::size_t from = at, to = at + 1;
        while (from > 0 && !ends(text[from - 1])) --from;
        while (to < text.size() && !ends(text[to])) ++to;
        while (to > at && text[to - 1] == '.') --to;
        hashes.add('e', to_lower(std::string_view(text).substr(from, to - from)));
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

std::string as_plainly_written(std::string_view text) {
    std::string plain_text;
    if (is_plain(text)) return plain_text.assign(text);
    while (!text.empty()) {
        std::uint32_t code = 0;
        const std::size_t length = decode(text, code);
        if (length == 0)
            plain_text += text.front();
        else if (!is_invisible(code) || is_space(code))
            encode(plain_text, plain(code));
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return plain_text;
}

std::vector<std::int64_t> private_hashes(std::string_view kind, JsonView body) {
    Hashes hashes;
    const JsonMembers record(body);
    const auto text = [&](std::string_view name) {
        return as_plainly_written(record.find(name).string());
    };
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
        const std::string number = text("policy_number");
        add_number(hashes, number);
        add_number(hashes, without_number_sign(number));
    } else if (kind == "practitioner") {
        add_adjacent(hashes, words_of(text("name")));
    }
    return hashes.take();
}

std::vector<std::int64_t> hashes_in(std::string_view written) {
    Hashes hashes;
    const std::string text = as_plainly_written(written);
    if (digits(text) >= kNumberDigitsMin) {
        for (const auto& phone : phones_last_ten(text)) hashes.add('p', phone);
        add_numbers_in(hashes, text);
        add_numbers_in(hashes, without_number_sign(text));
    }
    add_addresses_in(hashes, text);
    add_adjacent(hashes, words_of(text));
    return hashes.take();
}

namespace {

// A word, an @, and a word with a dot inside.
bool names_host(std::string_view text) {
    for (auto at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
        if (at == 0 || static_cast<unsigned char>(text[at - 1]) <= ' ') continue;
        const std::string_view host = text.substr(at + 1, text.find_first_of(" ,;)>", at) - at - 1);
        const auto dot = host.find('.');
        if (dot != std::string_view::npos && dot > 0 && dot + 1 < host.size()) return true;
    }
    return false;
}

}  // namespace

bool has_private_shape(std::string_view written) {
    const std::string text = as_plainly_written(written);
    const auto at = text.find('@');
    if (at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
        static_cast<unsigned char>(text[at - 1]) > ' ' &&
        static_cast<unsigned char>(text[at + 1]) > ' ')
        return true;
    if (at != std::string_view::npos && names_host(without_spaces_at(text))) return true;
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
