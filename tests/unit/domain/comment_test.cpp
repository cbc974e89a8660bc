#include "domain/limit_ledger/comment.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using mis::domain::parse_limit_comment;

namespace {

struct Case {
    const char* comment;
    std::int64_t limit;  // kopecks; kNone: no sum
    bool closes;
    const char* kind;
};
constexpr std::int64_t kNone = -1;

void check(const std::vector<Case>& cases) {
    for (const Case& row : cases) {
        CAPTURE(row.comment);
        const auto found = parse_limit_comment(row.comment);
        CHECK((found.limit ? found.limit->minor : kNone) == row.limit);
        CHECK(found.closes == row.closes);
        CHECK(found.kind == row.kind);
    }
}

}  // namespace

TEST_CASE("L8: a comment states a limit in all spellings of the sum") {
    check({
        // comment                                        kopecks     closes  kind
        {"Первичка+200. БАРТЕР. Лимит 20.000", 2'000'000, false, "barter"},
        {"Лимит 20 000", 2'000'000, false, ""},
        {"лимит 20\u00a0000", 2'000'000, false, ""},
        {"лимит: 20000р", 2'000'000, false, ""},
        {"ЛИМИТ 20000 Р.", 2'000'000, false, ""},
        {"Лимит:7500 руб.", 750'000, false, ""},
        {"лимит - 7500 рублей, к Тестовой", 750'000, false, ""},
        {"Лимит-7500₽", 750'000, false, ""},
        {"бартер, лимит 20 тыс.", 2'000'000, false, "barter"},
        {"лимит 20тыс", 2'000'000, false, ""},
        {"лимит 20 тысяч рублей", 2'000'000, false, ""},
        {"Лимит 20к", 2'000'000, false, ""},
        {"Лимит 20 К.", 2'000'000, false, ""},
        {"лимит 20k", 2'000'000, false, ""},
        {"лимит 7,5 тыс", 750'000, false, ""},
        {"лимит 20 т.р.", 2'000'000, false, ""},
        {"лимит 7500.50", 750'050, false, ""},
        {"лимит 7500,5 руб", 750'050, false, ""},
        {"лимит 1.234.567,89", 123'456'789, false, ""},
        {"лимит 1 234 567", 123'456'700, false, ""},
        {"Лимит 20,000", 2'000'000, false, ""},
        {"лимит по бартеру 15000", 1'500'000, false, "barter"},
        {"лимит на лечение в размере 15 000 руб", 1'500'000, false, ""},
        {"лимит 20.000. 2 зуба", 2'000'000, false, ""},
        {"лимит 20000 2 зуба", 2'000'000, false, ""},
        {"лимит 20000 к оплате", 2'000'000, false, ""},
        {"Бартерный лимит 5000; ДМС нет", 500'000, false, "barter"},
        {"лимит 10000, лимит увеличен до 15000", 1'500'000, false, ""},
        {"Подарочный сертификат, лимит 3000", 300'000, false, "gift"},
        {"лимит 0", 0, false, ""},
        {"Лимит (например) 20.000", 2'000'000, false, ""},
        {"Лимит бартера 20 000", 2'000'000, false, "barter"},
        {"ЛИМИТ БАРТЕРА: 20т.р.", 2'000'000, false, "barter"},
        {"лимит 20т", 2'000'000, false, ""},
        {"лимит увеличен до 30 тыс. руб.", 3'000'000, false, ""},
        {"Лимит 7500 50 руб.", 750'050, false, ""},
        {"лимит 7500 50", 750'050, false, ""},
        {"Первичка БАРТЕР лимит 20000", 2'000'000, false, "barter"},
        {"Использовано 5000. Лимит 20000", 2'000'000, false, ""},
        {"Лимит 20000 (остаток 5000)", 2'000'000, false, ""},
        {"лимит 20000 не исчерпан", 2'000'000, false, ""},
        {"Лимит 999 999 999", 99'999'999'900, false, ""},
        {"лимит 20000 на год", 2'000'000, false, ""},
        {"лимит 20 000 до 01.05.2026", 2'000'000, false, ""},
        {"лимит 50 р", 5'000, false, ""},
    });
}

TEST_CASE("L8: only a plain total is read; the clerk is told of the rest") {
    const std::vector<const char*> not_read{
        // another case, or a word that changes the sense
        "БАРТЕР. Остаток лимита 5000",
        "БАРТЕР. остаток лимит 5000",
        "ост. лимит 5000",
        "БАРТЕР. нет лимита, 3000 платно",
        "БАРТЕР. нет лимита 3000 платно",
        "превышение лимита 3000",
        "превышен лимит на 3000",
        "сверх лимита 3000",
        "Использовано лимита 3000",
        "использовано, по лимиту 3000",
        "списано с лимита 3000",
        "в счёт лимита 3000",
        "в счет лимит 3000",
        "увеличили лимит на 3000",
        "лимит увеличен на 3000",
        "лимит уменьшили на 3000",
        "в лимит 3000 не входит",
        "лимита 20000",
        "лимиты 20000",
        "лимитом 20000",
        "лимитный 20000",
        "прошлый лимит 20000",
        "был лимит 20000",
        "лимит 5000 осталось",
        "лимит 20000 отменён",
        "лимит 20000 из 30000",
        // another currency
        "БАРТЕР. Лимит 30000$",
        "БАРТЕР. Лимит 30000 $",
        "Лимит $30000",
        "Лимит 300€",
        "лимит 300 €",
        "лимит 300 евро",
        "лимит 300 USD",
        "лимит 300 долл.",
        "лимит 300 у.е.",
        "лимит 30000 тенге",
        "лимит 30000₸",
        // taken back, or a careless dash
        "лимит -5000",
        "лимит: -5000",
        "лимит = –5 000 руб",
        "лимит на лечение -5000",
        // a number of something else
        "лимит №20000",
        "лимит по договору № 12 20000",
        "лимит 89000000001",
        "лимит 8 900 000 00 01",
        "лимит 8-900-000-00-01",
        "лимит 1234567890",
        "лимит 10-20 тыс",
        "лимит 20000+5000",
        "лимит на 2026",
        "лимит на 2 имплантата",
        "безлимит 500",
        "лимит 2 пломбы",
        "лимит 3 снимка в год",
        "лимит 1,5",
        "лимит 2 x 10 000",
        "лимит 5000 х 2",
        // one of several, a part that comes again, somebody else's, asked
        "лимит 5000 или 7000",
        "лимит 20000 и ещё 5000",
        "лимит 20000 в месяц",
        "лимит 5000 ежемесячно",
        "лимит 3000 за визит",
        "лимит 2000 мужу",
        "лимит 20000 на двоих",
        "лимит 5000?",
        // nothing but the word
        "лимит времени",
        "Первичка+200. БАРТЕР",
        "лимит не исчерпан",
    };
    for (const char* text : not_read) {
        CAPTURE(text);
        const auto found = parse_limit_comment(text);
        CHECK_FALSE(found.limit.has_value());
        CHECK(found.unread);
    }
    for (const char* text :
         {"Лимит 20000", "сумма бартера исчерпана", "Пациент лечится за деньги", "Первичка+200", "",
          "лимит 20.000 исчерпан"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_limit_comment(text).unread);
    }
    // What was understood counts, and the clerk sees that there is more.
    const auto both = parse_limit_comment("Лимит 20000, остаток лимита 5000");
    CHECK(both.limit == mis::Money{2'000'000, mis::Currency()});
    CHECK(both.unread);
}

TEST_CASE("L8: what is no sum opens nothing") {
    check({
        {"Первичка+200", kNone, false, ""},
        {"БАРТЕР +200", kNone, false, "barter"},
        {"лимит +200", kNone, false, ""},
        {"лимит времени 30 мин", kNone, false, ""},
        {"лимит времени", kNone, false, ""},
        {"лимит 30 минут", kNone, false, ""},
        {"лимит 30мин", kNone, false, ""},
        {"лимит 2 визита", kNone, false, ""},
        {"лимит 50%", kNone, false, ""},
        {"лимит 50 % от суммы", kNone, false, ""},
        {"лимит 31.12.2026", kNone, false, ""},
        {"лимит до 31.12.2026", kNone, false, ""},
        {"лимит 01.02", kNone, false, ""},
        {"лимит 10:30", kNone, false, ""},
        {"лимит 20 0000", kNone, false, ""},
        {"лимит 20000.000", kNone, false, ""},
        {"лимит 12345678901234567890", kNone, false, ""},
        {"безлимит 500", kNone, false, ""},
        {"лимит", kNone, false, ""},
        {"", kNone, false, ""},
        {"лимит \xd0", kNone, false, ""},
    });
}

TEST_CASE("L8: the account is over") {
    check({
        {"Пациент лечится за деньги", kNone, true, ""},
        {"ПАЦИЕНТ ЛЕЧИТСЯ ЗА ДЕНЬГИ!", kNone, true, ""},
        {"сумма бартера исчерпана", kNone, true, "barter"},
        {"Сумма бартера исчерпана. Звонить после 12", kNone, true, "barter"},
        {"бартер исчерпан", kNone, true, "barter"},
        {"лимит 20.000 исчерпан", 2'000'000, true, ""},
        {"лимит не исчерпан", kNone, false, ""},
        {"не лечится за деньги", kNone, false, ""},
        {"терпение исчерпано, бартер 5", kNone, false, "barter"},
        {"вернуть за деньги", kNone, false, ""},
    });
}

TEST_CASE("L8: any bytes are survived") {
    std::string bytes = "лимит ";
    for (int value = 0; value < 256; ++value) {
        std::string comment =
            bytes + static_cast<char>(value) + "20.000" + static_cast<char>(value);
        parse_limit_comment(comment);
        for (std::size_t cut = 0; cut <= comment.size(); ++cut)
            parse_limit_comment(comment.substr(0, cut));
    }
}
