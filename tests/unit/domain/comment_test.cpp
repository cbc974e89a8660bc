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
    });
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
