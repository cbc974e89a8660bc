#include "inbox/message_page.hpp"

#include <doctest/doctest.h>

using namespace mis::inbox;

TEST_CASE("a page is taken apart, whatever its messages are") {
    const auto page = read_page(
        "\n{ \"other\" : {\"a\":[1,\"]\"]} , \"messages\" : [ {\"id\": \"m,1]\\\"}\"} ,\n "
        "1.5,\"\xff\",[{}]] ,"
        "\"next\":\"c\\u0034\" }\n"
    );
    REQUIRE(page);
    CHECK(
        page->messages ==
        std::vector<std::string>{R"({"id": "m,1]\"}"})", "1.5", "\"\xff\"", "[{}]"}
    );
    CHECK(page->next == "c4");
    const auto empty = read_page(R"({"next":"c","messages":[]})");
    REQUIRE(empty);
    CHECK(empty->messages.empty());
}

TEST_CASE("what is no page is refused and says why") {
    const auto why = [](std::string_view text) {
        const auto page = read_page(text);
        return page ? std::string("a page") : page.error().text;
    };
    for (const char* text :
         {"",
          "null",
          "[]",
          "{",
          "{}",
          R"({"messages":[]})",
          R"({"next":"c"})",
          R"({"messages":[],"next":"c"} x)",
          R"({"messages":[1,],"next":"c"})",
          R"({"messages":[,],"next":"c"})",
          R"({"messages":[1 "next":"c"})",
          R"({"messages":[],"messages":[],"next":"c"})",
          R"({"messages":[],"next":"c","next":"d"})",
          R"({"messages":{},"next":"c"})",
          R"({"messages":[],"next":""})",
          R"({"messages":[],"next":"a b"})",
          R"({"messages":[],"next":4})",
          R"({"messages":[] "next":"c"})",
          R"({"messages":["a],"next":"c"})",
          R"({"messages")",
          "{\"messages\":[],\"next\":\"c\\"})
        CHECK_MESSAGE(why(text).starts_with("the page is not of the form"), text);
    CHECK_FALSE(is_cursor(std::string(kCursorBytesMax + 1, 'c')));
    CHECK(is_cursor(std::string(kCursorBytesMax, 'c')));
    CHECK_FALSE(is_cursor("\xd0\xb0"));
}
