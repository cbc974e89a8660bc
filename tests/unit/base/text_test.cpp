#include "base/text.hpp"

#include <doctest/doctest.h>

using namespace mis;
using namespace std::string_view_literals;

TEST_CASE("P9: names that people would call the same are folded to the same") {
    CHECK(fold("  ТЁСТОВА-Петрова ") == "тестова петрова");
    const auto same = [](std::string_view a, std::string_view b) {
        return fold(a) == fold(b) && !fold(a).empty();
    };
    CHECK(same("Ёлкина", "Е\u0308ЛКИНА"));  // decomposed
    CHECK(same("Йодов", "И\u0306одов"));
    CHECK_FALSE(same("Йодов", "Иодов"));
    for (const char* mark : {"'", "`", "\u00b4", "\u2018", "\u2019", "\u02bc", "\u2032", "\uff07"})
        CHECK_MESSAGE(same("О'Пробова", std::string("О") + mark + "Пробова"), mark);
    for (const char* dash : {"-", " - ", "\u2010", "\u2011", "\u2013", " \u2014 ", "\u2212", "  "})
        CHECK_MESSAGE(same("Тестова-Петрова", std::string("Тестова") + dash + "Петрова"), dash);
    for (const char* unseen : {"\u00ad", "\u200b", "\u200d", "\u2060", "\ufeff", "\u202e", "\x01"})
        CHECK_MESSAGE(same("Тестова", std::string("Тест") + unseen + "ова"), unseen);
    CHECK(same("Тестова Анна", "Тестова\u00a0\u2003 Анна"));
}

TEST_CASE("P9: Latin look-alikes are Cyrillic where the word has both") {
    CHECK(fold("Tecтова") == fold("Тестова"));      // T, e, c are Latin
    CHECK(fold("TECTOBA Аннa") == "tectoba анна");  // the first word is all Latin
    CHECK(fold("O'Пробова") == fold("О'Пробова"));
    CHECK(fold("T\u00ebстова") == fold("Тёстова"));
    CHECK(fold("O'Connor") == "o'connor");
    CHECK(fold("Müller") == "müller");
    CHECK(fold("MU\u0308LLER") == "müller");
}

TEST_CASE("folding twice changes nothing") {
    for (const auto* text :
         {"k\u0301ы", "I\u0308ы", "ŸЫ", "ﬁ", "a\u0345\u0301", "\u1e9e", "ы\u0300-\u0301"})
        CHECK_MESSAGE(fold(fold(text)) == fold(text), text);
}

TEST_CASE("I3: what nobody sees is found, dropped or escaped") {
    using enum LineBreaks;
    for (const char* unseen :
         {"\x1b", "\x7f", "\u0085", "\u009b", "\u00ad", "\u061c", "\u200b", "\u200f", "\u202e",
          "\u2066", "\ufeff", "\U000e0041", "\n"})
        CHECK_MESSAGE(has_invisible(std::string("а") + unseen + "б"), unseen);
    for (const char* seen : {"", "Тест", "a b", "№ 5 «x» — 20 €", "naïve", "漢字", "👍"})
        CHECK_MESSAGE(!has_invisible(seen), seen);
    const auto clean = without_invisible("П\0 \x1b[31m\u202Eсв\u00adет"sv, spaces);
    REQUIRE(clean);
    CHECK(clean->text == "П [31mсвет");
    CHECK(clean->dropped);
    CHECK(without_invisible("a\r\nb", spaces)->text == "a  b");
    CHECK_FALSE(without_invisible("a\r\nb", spaces)->dropped);
    CHECK_FALSE(without_invisible("a\r\nb", kept));
    CHECK(
        without_invisible(
            "a\n\x07"
            "b",
            kept
        )
            ->text == "a\nb"
    );
    CHECK_FALSE(without_invisible("№ 5 — «x»", spaces));
    CHECK(
        without_invisible("a\xe2\x81\x01\xaa", spaces)->text == "a\ufffd\ufffd\ufffd"
    );  // no U+206A
    CHECK(escape_invisible("n\nx\x1b[31m\u202e") == "n\\u000ax\\u001b[31m\\u202e");
    CHECK(escape_invisible("n\nx\x1b", kept) == "n\nx\\u001b");
    CHECK(escape_invisible("\U000e0041") == "\\udb40\\udc41");
}
