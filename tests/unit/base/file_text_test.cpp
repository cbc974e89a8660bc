#include "base/file_text.hpp"

#include <doctest/doctest.h>

using namespace mis;

namespace {

std::string fault(std::string_view bytes) {
    const auto found = encoding_fault(bytes);
    return found ? std::to_string(found->line) + " " + found->text : "";
}
bool says(const std::string& text, std::string_view part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}
std::string refusal(std::string_view text, const std::string& file = "m.json") {
    const auto document = parse_json_file(text, file);
    return document ? "accepted" : document.error().text;
}

}  // namespace

TEST_CASE("a file in another encoding is told at its first line that is not UTF-8") {
    CHECK(fault("clinic: Улыбка\n").empty());
    CHECK(fault("").empty());
    CHECK(says(
        fault("a: 1\nb: \xcf\xf0\xee\xe2\xe5\xf0\xea\xe0\n"),
        "2 not UTF-8 but, as it seems, Windows-1251"
    ));
    CHECK(says(fault("\n\n\xaf\xe0\xae\xa2\xa5\xe0\xaa\xa0"), "3 not UTF-8 but, as it seems, CP866")
    );
    CHECK(says(fault("\xd0\xd2\xcf\xd7\xc5\xd2\xcb\xc1"), "KOI8-R"));
    CHECK(says(
        fault(std::string(
            "\xff\xfe"
            "a\0b\0",
            6
        )),
        "1 not UTF-8 but, as it seems, UTF-16"
    ));
    CHECK(says(fault(std::string("a\0b\0c\0", 6)), "iconv -f utf-16le -t utf-8"));
    CHECK(says(fault(std::string("\0a\0b\0c", 6)), "iconv -f utf-16be -t utf-8"));
    CHECK(says(fault(std::string("long text\nwith one \0 in it\n", 27)), "2 a NUL byte"));
}

TEST_CASE("a JSON file is told off as JSON, at its line, without its content") {
    CHECK(refusal("{\"a\": [1, 2]}\n") == "accepted");
    CHECK(
        says(refusal("{\n \"a\": 1,\n \"b\": tru\n}"), "m.json:3: not valid JSON: invalid literal")
    );
    CHECK(says(refusal("{\"a\": 1}\ngarbage"), "m.json:2: not valid JSON"));
    CHECK(says(refusal("{\"a\": \"x\n"), "m.json:1: not valid JSON"));
    CHECK(says(
        refusal("{\"order\":\"S\\ud800\"}"), "m.json:1: not valid JSON: invalid string: surrogate"
    ));
    CHECK(says(refusal("{\n\"a\": 1,\n\"a\": 2}"), "m.json:3: not valid JSON: key 'a' occurs twice")
    );
    CHECK(says(
        refusal("{\n\"sum\": 4.50}"), "m.json:2: not valid JSON: a number that is not an integer"
    ));
    CHECK(says(refusal(std::string(1000, '[')), "m.json:1: not valid JSON: nested deeper"));
    CHECK(says(refusal(std::string("{\"a\":\0 1}", 9)), "NUL byte"));
    CHECK_FALSE(says(refusal("{\"last_name\": \"Тестова\" \"phone\"}"), "Тестова"));
    CHECK(says(refusal("{\"a\": \"\xcf\xf0\"}"), "m.json:1: not UTF-8"));
}

TEST_CASE("control characters are shown, not obeyed") {
    CHECK(escape_controls("C:\new\base.fdb") == "C:\\new\\base.fdb");
    CHECK(escape_controls("a\x1b[31mb\x7f") == "a\\x1b[31mb\\x7f");
    CHECK(escape_controls("Врачи\xff") == "Врачи\\xff");
    CHECK(escape_controls("two\nlines\r\n", "\n") == "two\nlines\\r\n");
    CHECK(escape_controls("\xc2\x85") == "\\u0085");
    CHECK(escape_controls(std::string_view("\0", 1)) == "\\x00");
}
