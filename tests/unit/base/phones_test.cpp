#include "base/phones.hpp"

#include <doctest/doctest.h>

#include "base/text.hpp"

using namespace mis;

namespace {
std::string phones(std::string_view text) {
    const PhonesRead read = read_phones(text);
    std::string all;
    for (const auto& number : read.numbers) all += (all.empty() ? "" : " ") + number;
    return all + (read.left_out ? " …" : "");
}
}  // namespace

TEST_CASE("P9: one number, however it is written") {
    for (const auto* text :
         {"89000000001", "+79000000001", "79000000001", "9000000001", "8 (900) 000-00-01",
          "+7-900-000-00-01", "8.900.000.00.01", "8 900 000 0001", "(900) 000 00 01",
          "8\u00a0900\u00a0000\u201100\u201101", "8\u200b900 000 00 01", " +8 900 000 00 01 "})
        CHECK_MESSAGE(phones(text) == "+79000000001", text);
    CHECK(phones("8(812)000-00-01") == "+78120000001");
    CHECK(phones("8120000001") == "+78120000001");
    CHECK(phones("+375 29 000-00-01") == "+375290000001");
    CHECK(phones("375290000001") == "+375290000001");
    CHECK(phones("8-10-375-29-000-00-01") == "+375290000001");
    CHECK(phones("00 7 900 000-00-01") == "+79000000001");
    CHECK(phones("0079000000001") == "+79000000001");
    CHECK(phones("00375 29 000 00 01") == "+375290000001");
    CHECK(phones("+49 151 00000001") == "+4915100000001");
    CHECK(phones("998900000001") == "+998900000001");
}

TEST_CASE("P9: extensions, remarks and words are never glued to a number") {
    CHECK(phones("8 (495) 000-00-01 доб. 123") == "+74950000001 …");
    CHECK(phones("+7 (495) 000-00-01 вн.12") == "+74950000001 …");
    CHECK(phones("8(495)000-00-01(123)") == "+74950000001 …");
    CHECK(phones("8(495)000-00-01#123") == "+74950000001 …");
    CHECK(phones("8 495 000-00-01 ext 5, x6") == "+74950000001 …");
    CHECK(phones("89000000001 Иван 1985") == "+79000000001 …");
    CHECK(phones("8 (495) 900-00-00 доб. 001") == "+74959000000 …");
    CHECK(phones("8 495 900-00-00 001") == "+74959000000 …");
    CHECK(phones("тел.: 89000000001") == "+79000000001 …");
    CHECK(phones("тел89000000001мама") == "+79000000001 …");
    CHECK(phones("кв 12 89000000001") == "+79000000001 …");
    CHECK(phones("8 495 000-00-01/02") == "+74950000001 …");
}

TEST_CASE("P9: a letter among the digits, or too few of them: no number, and said so") {
    CHECK(phones("8 900 000 00 0I") == " …");
    CHECK(phones("8 9OO 000 00 01") == " …");
    CHECK(phones("8 900 000 00 0") == " …");
    CHECK(phones("+7 900 000 00 0") == " …");
    CHECK(phones("890000000I1") == " …");
    CHECK(phones("12-34-56") == " …");
    CHECK(phones("8900000000189000000002") == " …");  // where one ends and the next begins: a guess
    CHECK(phones("998 900 000-00-01") == " …");       // Uzbek, or Russian with an extension
    CHECK(phones("9959000000001") == " …");           // Georgian, and a digit too many
    CHECK(phones("+9959000000001") == " …");
    CHECK(phones("8-10-995-900-000-00-01") == " …");
    CHECK(phones("00 7 900 000 00 0") == " …");
    CHECK(phones("000 79000000001") == "+79000000001 …");
    CHECK(phones("нет") == " …");
    CHECK(phones("") == "");
    CHECK(phones(" - ") == "");
}

TEST_CASE("P9: several numbers in one field are several numbers") {
    const std::string both = "+79000000001 +79000000002";
    for (const auto* text :
         {"8 900 000 00 01 8 900 000 00 02", "89000000001 89000000002", "89000000001,89000000002",
          "89000000001\\89000000002", "89000000001/9000000002", "89000000001\n89000000002",
          "+79000000001+79000000002", "9000000001; 9000000002"})
        CHECK_MESSAGE(phones(text) == both, text);
    CHECK(phones("8 900 000 00 01 и 8 900 000 00 02") == both + " …");
    CHECK(phones("+7 (495) 123-45-67, доб. 12 / 8-900-000-00-02") == "+74951234567 +79000000002 …");
    CHECK(phones("89000000001, 8-900-000-00-01") == "+79000000001");  // the same once more
}

TEST_CASE("P9: one digit repeated fills a field and is no number") {
    for (const auto* text :
         {"00000000000", "80000000000", "+7 000 000 00 00", "9999999999", "+7 (999) 999-99-99",
          "11111111111"})
        CHECK_MESSAGE(phones(text) == " …", text);
}

TEST_CASE("P9: phones are compared by the last ten digits of each") {
    using List = std::vector<std::string>;
    CHECK(phones_last_ten("+7 (900) 000-00-01") == List{"9000000001"});
    CHECK(phones_last_ten("8 (495) 900-00-00 доб. 001") == List{"4959000000"});
    CHECK(phones_last_ten("89000000001 89000000002") == List{"9000000001", "9000000002"});
    CHECK(phones_last_ten("12-34-56").empty());
}
