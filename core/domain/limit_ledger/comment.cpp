#include "domain/limit_ledger/comment.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace mis::domain {
namespace {

constexpr std::size_t kDigitsMax = 9;  // of the roubles; more is no sum that a clinic grants
constexpr std::int64_t kUnmarkedMin = 10'000;  // hundredths; a hundred roubles

// In lower-case UTF-8 every letter that matters here is ASCII or starts with a byte above 0x7f;
// signs (₽, №, «») are replaced beforehand.
bool is_letter(char byte) {
    return (byte >= 'a' && byte <= 'z') || static_cast<unsigned char>(byte) >= 0x80;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

std::string normalized(std::string_view comment) {
    std::string text = to_lower(comment);
    for (const std::string_view space : {"\u00a0", "\u2007", "\u2009", "\u202f", "\t"})
        replace_all(text, space, " ");
    for (const std::string_view dash : {"–", "—", "−"}) replace_all(text, dash, "-");
    for (const std::string_view quote : {"«", "»", "“", "”", "„"}) replace_all(text, quote, "\"");
    replace_all(text, "№", " # ");
    for (const std::string_view line : {"\r", "\n"}) replace_all(text, line, "; ");
    replace_all(text, "ё", "е");
    replace_all(text, "₽", " руб");
    return text;
}

class CommentReader {  // over normalized text
  public:
    explicit CommentReader(std::string_view text, std::size_t at) : text_(text), at_(at) {}

    bool done() const { return at_ >= text_.size(); }
    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    std::size_t position() const { return at_; }
    void skip(std::string_view any) {
        while (!done() && any.find(peek()) != std::string_view::npos) ++at_;
    }
    bool take(std::string_view expected) {
        if (!text_.substr(at_).starts_with(expected)) return false;
        at_ += expected.size();
        return true;
    }
    bool take_word(std::string_view expected) {  // followed by no further letter
        if (!text_.substr(at_).starts_with(expected) || is_letter(peek(expected.size())))
            return false;
        at_ += expected.size();
        return true;
    }
    std::string_view digits() {
        const std::size_t start = at_;
        while (is_digit(peek())) ++at_;
        return text_.substr(start, at_ - start);
    }
    std::size_t digits_ahead(std::size_t from) const {
        std::size_t count = 0;
        while (is_digit(peek(from + count))) ++count;
        return count;
    }
    void advance() { ++at_; }
    // One or two digits behind a space, then nothing but the currency: kopecks.
    bool is_kopecks_ahead() const {
        const std::size_t digits = digits_ahead(1);
        if (digits < 1 || digits > 2) return false;
        CommentReader behind(text_, at_ + 1 + digits);
        behind.skip(" ");
        if (behind.done() ||
            std::string_view(".,;!?()").find(behind.peek()) != std::string_view::npos)
            return !is_digit(behind.peek(1));
        const std::string_view word = behind.word_ahead();
        return word == "р" || word.starts_with("руб") || word.starts_with("коп");
    }
    std::string_view word_ahead() const {
        std::size_t end = at_;
        while (end < text_.size() && is_letter(text_[end])) ++end;
        return text_.substr(at_, end - at_);
    }

  private:
    std::string_view text_;
    std::size_t at_;
};

bool starts_word(std::string_view text, std::size_t at) {
    return at == 0 || !is_letter(text[at - 1]);
}

// Where clauses end. A dot or comma between digits belongs to a number.
bool ends_clause(std::string_view text, std::size_t at) {
    const char c = text[at];
    if (c == ';' || c == '!' || c == '?' || c == '(' || c == ')') return true;
    const bool in_number =
        at > 0 && is_digit(text[at - 1]) && at + 1 < text.size() && is_digit(text[at + 1]);
    return (c == '.' || c == ',') && !in_number;
}

// The clause's text up to `at`, and from it on.
std::string_view clause_before(std::string_view text, std::size_t at) {
    std::size_t start = at;
    while (start > 0 && !ends_clause(text, start - 1)) --start;
    return text.substr(start, at - start);
}
std::string_view clause_from(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && !ends_clause(text, end)) ++end;
    return text.substr(at, end - at);
}

template <typename Visit>  // each word, until one is taken
bool any_word(std::string_view text, const Visit& takes) {
    for (std::size_t at = 0; at < text.size();) {
        if (!is_letter(text[at])) {
            ++at;
            continue;
        }
        const std::size_t start = at;
        while (at < text.size() && is_letter(text[at])) ++at;
        if (takes(text.substr(start, at - start))) return true;
    }
    return false;
}

bool is_one_of(
    std::string_view word, std::span<const char* const> stems, std::span<const char* const> words
) {
    return std::any_of(
               stems.begin(), stems.end(), [&](const char* stem) { return word.starts_with(stem); }
           ) ||
           std::find(words.begin(), words.end(), word) != words.end();
}

// Words beside «лимит» that make the sum something else than the total. Stems.
bool changes_sense(std::string_view word) {
    static constexpr std::array kStems = {
        "остат",    "остал",     "остае",   "использ", "израсход", "расход",  "потрач",  "потрат",
        "трат",     "списа",     "списы",   "вычт",    "вычет",    "вычес",   "сверх",   "превы",
        "перерасх", "перелимит", "увелич",  "повыс",   "повыш",    "подня",   "добав",   "прибав",
        "уменьш",   "сниж",      "сниз",    "сократ",  "законч",   "кончил",  "выбран",  "выбор",
        "прошл",    "предыд",    "прежн",   "старый",  "старог",   "бывш",    "закры",   "аннул",
        "отмен",    "обнул",     "снят",    "возврат", "верну",    "перенес", "перенос", "долг",
        "задолж",   "аванс",     "оплач",   "оплат",   "заплат",   "доплат",  "половин", "треть",
        "часть",    "части",     "процент", "больше",  "более",    "меньше",  "менее",   "выше",
        "ниже",     "кроме",     "минус",   "плюс",    "был",      "будет",   "ждем",    "ожида",
        "планир",   "запрос",    "просит",  "хочет",   "уточн",    "возможн", "вероятн", "нужен",
    };
    static constexpr std::array kWords = {
        "не", "ни", "нет", "нету", "без", "вне", "счет", "из", "до", "ост", "исп", "израсх", "спис",
    };
    return is_one_of(word, kStems, kWords);
}

// Behind the sum: it was another thing's or somebody else's, is one of several, a part that comes
// again and again, or is no more.
bool takes_back(std::string_view word) {
    static constexpr std::array kStems = {
        "остат",  "остал",    "остае", "использ", "израсх", "расход", "потрач", "списа",
        "сверх",  "больше",   "более", "меньш",   "менее",  "закры",  "аннул",  "отмен",
        "обнул",  "снят",     "минус", "плюс",    "прошл",  "был",    "ежемес", "помесяч",
        "еженед", "ежекварт", "кажд",  "двоих",   "троих",  "семь",   "мужа",   "мужу",
        "жене",   "жену",     "жены",  "сыну",    "сына",   "дочер",  "дочк",   "ребен",
        "маме",   "маму",     "папе",  "папу",    "брат",   "сестр",
    };
    static constexpr std::array kWords = {
        "не", "ни", "нет", "нету", "без", "из", "ост", "исп", "или", "либо", "еще", "x", "х",
    };
    return is_one_of(word, kStems, kWords);
}

// «в лимит», «на лимит»: what goes to it, not what it is.
bool ends_with_preposition(std::string_view before) {
    while (!before.empty() && !is_letter(before.back())) {
        if (before.back() != ' ' && before.back() != '"') return false;
        before.remove_suffix(1);
    }
    std::size_t start = before.size();
    while (start > 0 && is_letter(before[start - 1])) --start;
    const std::string_view word = before.substr(start);
    static constexpr std::array kPrepositions = {
        "в", "во", "на", "за", "под", "про", "через", "о", "об", "по", "к", "от", "с", "со", "при",
    };
    for (const std::string_view one : kPrepositions)
        if (word == one) return true;
    return false;
}

// «ост. лимит 5000»: an abbreviation's dot ends no clause.
bool follows_abbreviation(std::string_view text, std::size_t clause_start) {
    if (clause_start == 0 || text[clause_start - 1] != '.') return false;
    const std::size_t end = clause_start - 1;
    std::size_t start = end;
    while (start > 0 && is_letter(text[start - 1])) --start;
    static constexpr std::array kShort = {"ост",  "остат", "исп",    "использ", "израсх", "спис",
                                          "потр", "прев",  "превыш", "сч",      "пред",   "прошл"};
    for (const std::string_view one : kShort)
        if (text.substr(start, end - start) == one) return true;
    return false;
}

bool is_plain_before(std::string_view text, std::size_t at) {
    const std::string_view before = clause_before(text, at);
    return !any_word(before, changes_sense) && !ends_with_preposition(before) &&
           before.find('#') == std::string_view::npos &&
           !follows_abbreviation(text, at - before.size());
}

// The number in hundredths, without its unit; nullopt: unreadable, or rather a date.
std::optional<std::int64_t> read_hundredths(CommentReader& reader) {
    std::string whole(reader.digits());
    if (whole.empty() || (whole.size() > 1 && whole.front() == '0')) return std::nullopt;
    const char separator = reader.peek();
    if (separator == '.' || separator == ',' || separator == ' ' || separator == '\'') {
        const bool groupable = whole.size() <= 3;
        const std::size_t next = reader.digits_ahead(1);
        // "20000.000" is neither grouped nor decimal, "20 0000" a slip; "20000 500" is a number and
        // something else
        if (separator != ' ' && !groupable && next == 3) return std::nullopt;
        if (separator == ' ' && groupable && next > 3) return std::nullopt;
        while (groupable && reader.peek() == separator && reader.digits_ahead(1) == 3 &&
               whole.size() <= kDigitsMax) {
            reader.skip(std::string_view(&separator, 1));
            whole += reader.digits();
        }
    }
    if (whole.size() > kDigitsMax) return std::nullopt;
    std::int64_t value = 0;
    for (const char digit : whole) value = value * 10 + (digit - '0');
    value *= 100;
    const bool spaced = reader.peek() == ' ' && reader.is_kopecks_ahead();
    if (reader.peek() == '.' || reader.peek() == ',' || spaced) {
        const std::size_t decimals = reader.digits_ahead(1);
        if (decimals > 2) return std::nullopt;
        if (decimals > 0) {
            reader.skip("., ");
            const std::string_view digits = reader.digits();
            value += (digits[0] - '0') * 10 + (digits.size() > 1 ? digits[1] - '0' : 0);
            if ((reader.peek() == '.' || reader.peek() == ',') && is_digit(reader.peek(1)))
                return std::nullopt;  // 31.12.2026
        }
    }
    static constexpr std::string_view kOther = "/:%$#+*=";  // a time, a share, another currency
    if (!reader.done() && kOther.find(reader.peek()) != std::string_view::npos) return std::nullopt;
    if (reader.peek() == '-' && is_digit(reader.peek(1))) return std::nullopt;  // a range, a phone
    return value;
}

bool is_cyrillic(std::string_view word) {
    for (const char byte : word) {
        const auto lead = static_cast<unsigned char>(byte);
        if (lead >= 0xC0 && lead != 0xD0 && lead != 0xD1) return false;
    }
    return true;
}

// What a number of things is counted in, and money that is no roubles.
bool is_counted(std::string_view word) {
    static constexpr std::array kStems = {
        "минут",  "час",    "секунд",  "дней",   "дня",   "дни",   "день",   "суток",
        "недел",  "месяц",  "год",     "раз",    "посещ", "визит", "прием",  "процедур",
        "зуб",    "штук",   "пациент", "чел",    "услуг", "снимк", "снимок", "процент",
        "доллар", "долл",   "евро",    "тенге",  "гривн", "фунт",  "юан",    "балл",
        "бонус",  "единиц", "имплант", "коронк", "лет",   "сутк",
    };
    static constexpr std::array kWords = {
        "мин", "сек", "дн",  "мес", "шт",  "ед",   "usd",  "eur", "kzt", "byn", "uah", "cny",
        "gbp", "тг",  "грн", "сом", "сум", "лари", "драм", "уе",  "у",   "ye",  "бел",
    };
    return is_one_of(word, kStems, kWords) || !is_cyrillic(word);
}

// What follows the number: a thousand, a currency, nothing; nullopt: something else is counted ("30
// мин"). `behind` is left after it.
std::optional<std::int64_t> read_unit(CommentReader& behind) {
    CommentReader reader = behind;
    const bool attached = is_letter(reader.peek());
    reader.skip(" ");
    if (reader.peek() == '%' || reader.peek() == '$' || reader.peek() == '#') return std::nullopt;
    const std::string_view word = reader.word_ahead();
    if (word.empty()) return 1;
    const auto take_currency = [](CommentReader& at) {
        at.skip(" ");
        for (const std::string_view currency :
             {"рублей", "рубля", "рубль", "руб", "р", "rub", "rur", "p"})
            if (at.take_word(currency)) return;
    };
    for (const std::string_view thousand :
         {"тыс", "тысяч", "тысячи", "тысяча", "тысячам", "тр", "тыщ"}) {
        if (word != thousand) continue;
        reader.take(word);
        reader.take(".");
        take_currency(reader);
        behind = reader;
        return 1000;
    }
    if (word == "млн") {
        reader.take(word);
        take_currency(reader);
        behind = reader;
        return 1'000'000;
    }
    if (word == "к" || word == "k" || word == "т") {
        // "20 к оплате": a preposition, unless nothing but the currency or the end of the clause
        // comes
        reader.take(word);
        const bool dotted = reader.take(".");
        reader.skip(" ");
        const std::string_view next = reader.word_ahead();
        if (!attached && !dotted && !next.empty() && next != "р" && !next.starts_with("руб"))
            return 1;
        take_currency(reader);
        behind = reader;
        return 1000;
    }
    for (const std::string_view currency :
         {"р", "руб", "рублей", "рубля", "рубль", "rub", "rur", "p"}) {
        if (word != currency) continue;
        take_currency(reader);
        behind = reader;
        return 1;
    }
    if (attached || is_counted(word)) return std::nullopt;
    return 1;
}

// «20000 в месяц», «5000 за визит»: a sum that comes again. A year is the account's own time.
bool comes_again(std::string_view rest) {
    static constexpr std::array kOnce = {"месяц", "мес",   "квартал", "недел", "день",
                                         "визит", "прием", "посещ",   "зуб",   "чел"};
    std::string_view before;
    return any_word(rest, [&](std::string_view word) {
        const bool of_each = before == "в" || before == "за" || before == "на";
        before = word;
        return of_each && std::any_of(kOnce.begin(), kOnce.end(), [&](std::string_view one) {
                   return word.starts_with(one);
               });
    });
}

// Another number beside the sum that counts nothing: a phone, a year, a range.
bool another_number_follows(std::string_view rest) {
    std::size_t at = 0;
    while (at < rest.size() && rest[at] == ' ') ++at;
    if (at >= rest.size()) return false;
    if ((rest[at] == '+' || rest[at] == '-' || rest[at] == '*' || rest[at] == '/') &&
        rest.find_first_of("0123456789") != std::string_view::npos)
        return true;
    if (!is_digit(rest[at])) return false;
    while (at < rest.size() && is_digit(rest[at])) ++at;
    while (at < rest.size() && rest[at] == ' ') ++at;
    return at >= rest.size() || !is_letter(rest[at]);
}

// A remark in brackets between the word and the sum: «лимит (например) 20 000».
void skip_remark(CommentReader& reader) {
    CommentReader ahead = reader;
    if (!ahead.take("(")) return;
    while (!ahead.done() && ahead.peek() != ')') {
        if (is_digit(ahead.peek()) || ahead.peek() == '#') return;
        ahead.advance();
    }
    if (ahead.take(")")) reader = ahead;
}

// «лимит -5000», «лимит: -5000»: taken back, or a careless dash; the clerk knows. «лимит - 5000»
// and «лимит-5000» have a dash.
bool follows_minus(std::string_view text, std::size_t number) {
    if (number == 0 || text[number - 1] != '-') return false;
    return number == 1 || !is_letter(text[number - 2]);
}

std::optional<std::int64_t> read_sum(std::string_view text, CommentReader reader) {
    static constexpr std::string_view kBetween = " :=-\"";
    reader.skip(kBetween);
    skip_remark(reader);
    reader.skip(kBetween);
    static constexpr std::array kFillers = {
        "по",         "на",          "в",         "бартеру",    "бартера",     "бартер",
        "бартерный",  "лечение",     "лечения",   "размере",    "сумма",       "суммы",
        "сумму",      "составляет",  "пациента",  "пациенту",   "увеличен до", "увеличили до",
        "повышен до", "повысили до", "поднят до", "подняли до", "изменен до",  "уменьшен до",
        "снижен до",  "общий",       "всего",     "дмс",        "сертификату",
    };
    bool of_something = false;  // "на 2026": rather a year than a sum
    for (bool taken = true; taken;) {
        taken = false;
        for (const std::string_view filler : kFillers) {
            if (!reader.take_word(filler)) continue;
            of_something = filler == "на" || filler == "в" || filler == "по";
            reader.skip(kBetween);
            taken = true;
            break;
        }
    }
    if (follows_minus(text, reader.position())) return std::nullopt;
    const auto hundredths = read_hundredths(reader);
    if (!hundredths) return std::nullopt;
    const std::size_t number_ends = reader.position();
    const auto factor = read_unit(reader);
    if (!factor || *hundredths > 100'000'000'000'000 / *factor) return std::nullopt;
    // Without a unit so little is a count: «лимит 2 пломбы», «лимит 3 визита».
    if (reader.position() == number_ends && *hundredths > 0 && *hundredths < kUnmarkedMin)
        return std::nullopt;
    const bool like_a_year = *hundredths >= 199'000 && *hundredths <= 210'000;
    if (like_a_year && of_something && reader.position() == number_ends) return std::nullopt;
    const std::string_view rest = clause_from(text, reader.position());
    if (another_number_follows(rest) || rest.find('#') != std::string_view::npos)
        return std::nullopt;
    const std::size_t rest_ends = reader.position() + rest.size();
    const bool asked = rest_ends < text.size() && text[rest_ends] == '?';  // «лимит 5000?»
    if (asked || comes_again(rest)) return std::nullopt;
    // "20000 не исчерпан" states the total all the same.
    const bool judged = rest.find("исчерп") != std::string_view::npos ||
                        rest.find("превыш") != std::string_view::npos;
    if (!judged && any_word(rest, takes_back)) return std::nullopt;
    return *hundredths * *factor;
}

bool has_word(std::string_view text, std::string_view start) {
    for (std::size_t at = text.find(start); at != std::string_view::npos;
         at = text.find(start, at + 1))
        if (starts_word(text, at)) return true;
    return false;
}

// One clause says that the account is over: «лечится за деньги», «сумма бартера исчерпана»; a «не»
// before the verb takes it back.
bool clause_closes(std::string_view clause) {
    const bool for_money = clause.find("за деньги") != std::string_view::npos &&
                           has_word(clause, "леч") && !has_word(clause, "не леч");
    const bool used_up = has_word(clause, "исчерпан") && !has_word(clause, "не исчерпан") &&
                         !has_word(clause, "неисчерпан") &&
                         (has_word(clause, "бартер") || has_word(clause, "лимит"));
    return for_money || used_up;
}

bool says_closed(std::string_view text) {
    std::size_t start = 0;
    for (std::size_t at = 0; at <= text.size(); ++at) {
        const bool end = at == text.size();
        const bool stop = end || text[at] == ';' || text[at] == '!' || text[at] == '?' ||
                          ((text[at] == '.' || text[at] == ',') &&
                           (at + 1 == text.size() || !is_digit(text[at + 1])));
        if (!stop) continue;
        if (clause_closes(text.substr(start, at - start))) return true;
        start = at + 1;
    }
    return false;
}

std::string kind_named(std::string_view text) {
    if (has_word(text, "бартер")) return "barter";
    if (has_word(text, "дмс") || has_word(text, "страхов")) return "insurance";
    if (has_word(text, "корпоратив")) return "corporate";
    if (has_word(text, "подар") || has_word(text, "сертификат")) return "gift";
    return "";
}

}  // namespace

LimitComment parse_limit_comment(std::string_view comment) {
    LimitComment found;
    if (!is_valid_utf8(comment)) return found;
    const std::string text = normalized(comment);
    static constexpr std::string_view kLimit = "лимит";
    const bool mentioned =
        text.find(kLimit) != std::string::npos || text.find("бартер") != std::string::npos;
    if (!mentioned && text.find("деньги") == std::string::npos) return found;
    bool left_over = false;
    for (std::size_t at = text.find(kLimit); at != std::string::npos;
         at = text.find(kLimit, at + 1)) {
        std::size_t end = at + kLimit.size();
        while (end < text.size() && is_letter(text[end])) ++end;
        const bool nominative = starts_word(text, at) && end == at + kLimit.size();
        const auto minor = nominative && is_plain_before(text, at)
                               ? read_sum(text, CommentReader(text, end))
                               : std::nullopt;
        if (minor) found.limit = Money{*minor, Currency{}};
        const bool numbered =
            clause_from(text, end).find_first_of("0123456789") != std::string_view::npos;
        left_over = left_over || (!minor && numbered);
    }
    found.closes = says_closed(text);
    found.kind = kind_named(text);
    found.unread = left_over || (mentioned && !found.limit && !found.closes);
    return found;
}

}  // namespace mis::domain
