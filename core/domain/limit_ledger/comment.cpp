#include "domain/limit_ledger/comment.hpp"

#include <array>
#include <cstdint>

#include "base/text.hpp"

namespace mis::domain {
namespace {

constexpr std::size_t kDigitsMax = 12;  // of the roubles; more is no sum that a clinic grants

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
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
    for (const std::string_view quote : {"«", "»", "“", "”", "„", "№"})
        replace_all(text, quote, "\"");
    for (const std::string_view line : {"\r", "\n"}) replace_all(text, line, "; ");
    replace_all(text, "ё", "е");
    replace_all(text, "₽", " руб");
    return text;
}

class Reader {  // over normalized text
  public:
    explicit Reader(std::string_view text, std::size_t at) : text_(text), at_(at) {}

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
    std::string_view word_ahead() const {
        std::size_t end = at_;
        while (end < text_.size() && is_letter(text_[end])) ++end;
        return text_.substr(at_, end - at_);
    }

  private:
    std::string_view text_;
    std::size_t at_;
};

// The number in hundredths, without its unit; nullopt: unreadable, or rather a date.
std::optional<std::int64_t> read_hundredths(Reader& reader) {
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
    if (reader.peek() == '.' || reader.peek() == ',') {
        const std::size_t decimals = reader.digits_ahead(1);
        if (decimals > 2) return std::nullopt;
        if (decimals > 0) {
            reader.skip(".,");
            const std::string_view digits = reader.digits();
            value += (digits[0] - '0') * 10 + (digits.size() > 1 ? digits[1] - '0' : 0);
            if ((reader.peek() == '.' || reader.peek() == ',') && is_digit(reader.peek(1)))
                return std::nullopt;  // 31.12.2026
        }
    }
    if (reader.peek() == '/' || reader.peek() == ':' || reader.peek() == '%') return std::nullopt;
    return value;
}

// What follows the number: a thousand, a currency, nothing; nullopt: something else is counted ("30
// мин").
std::optional<std::int64_t> read_unit(Reader reader) {
    const bool attached = is_letter(reader.peek());
    reader.skip(" ");
    if (reader.peek() == '%') return std::nullopt;
    const std::string_view word = reader.word_ahead();
    if (word.empty()) return 1;
    for (const std::string_view thousand : {"тыс", "тысяч", "тысячи", "тысяча", "тр", "тыщ"})
        if (word == thousand) return 1000;
    if (word == "млн") return 1'000'000;
    if (word == "к" || word == "k" || word == "т") {
        // "20 к оплате": a preposition, unless nothing but the currency or the end of the clause
        // comes
        reader.take(word);
        const bool dotted = reader.take(".");
        reader.skip(" ");
        const std::string_view next = reader.word_ahead();
        return attached || dotted || next.empty() || next == "р" || next.starts_with("руб") ? 1000
                                                                                            : 1;
    }
    for (const std::string_view currency :
         {"р", "руб", "рублей", "рубля", "рубль", "rub", "rur", "p"})
        if (word == currency) return 1;
    if (attached) return std::nullopt;
    static constexpr std::array kCounted = {
        "мин", "час",   "сек",   "дн",     "ден",     "сут",      "недел", "мес", "лет",
        "год", "раз",   "посещ", "визит",  "прием",   "процедур", "зуб",   "шт",  "пациент",
        "чел", "услуг", "снимк", "снимок", "процент", "доллар",   "евро",  "usd", "eur",
    };
    for (const std::string_view counted : kCounted)
        if (word.starts_with(counted)) return std::nullopt;
    return 1;
}

std::optional<std::int64_t> read_sum(Reader reader) {
    static constexpr std::string_view kBetween = " :=-\"";
    reader.skip(kBetween);
    static constexpr std::array kFillers = {
        "по",       "на",          "в",          "бартеру", "бартера", "бартер",     "лечение",
        "лечения",  "размере",     "сумма",      "суммы",   "сумму",   "составляет", "пациента",
        "пациенту", "увеличен до", "повышен до", "общий",   "всего",   "дмс",        "сертификату",
    };
    for (bool taken = true; taken;) {
        taken = false;
        for (const std::string_view filler : kFillers) {
            if (!reader.take_word(filler)) continue;
            reader.skip(kBetween);
            taken = true;
            break;
        }
    }
    const auto hundredths = read_hundredths(reader);
    if (!hundredths) return std::nullopt;
    const auto factor = read_unit(reader);
    if (!factor || *hundredths > 100'000'000'000'000 / *factor) return std::nullopt;
    return *hundredths * *factor;
}

bool starts_word(std::string_view text, std::size_t at) {
    return at == 0 || !is_letter(text[at - 1]);
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
    for (std::size_t at = text.find(kLimit); at != std::string::npos;
         at = text.find(kLimit, at + 1)) {
        if (!starts_word(text, at)) continue;
        std::size_t end = at + kLimit.size();
        while (end < text.size() && is_letter(text[end])) ++end;  // лимита, лимиту, лимитом
        if (end - at > kLimit.size() + 4) continue;               // лимитированный
        if (const auto minor = read_sum(Reader(text, end))) found.limit = Money{*minor, Currency{}};
    }
    found.closes = says_closed(text);
    found.kind = kind_named(text);
    return found;
}

}  // namespace mis::domain
