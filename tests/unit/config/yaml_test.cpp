#include "config/yaml.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace mis;
using namespace mis::config;

namespace yaml_test {
namespace {

YamlDocument parsed(std::string_view text) {
    auto document = parse_yaml(text, "demo.yaml");
    if (!document) FAIL(document.error().text);
    return *document;
}

std::string refusal(std::string_view text) {
    const auto document = parse_yaml(text, "demo.yaml");
    if (document) return "accepted: " + document->value().dump();
    CHECK(document.error().kind == ErrorKind::misconfigured);
    return document.error().text;
}

}  // namespace

TEST_CASE("yaml: plain integers and booleans are typed, everything else is text") {
    const Json value = parsed(R"(
count: 42
negative: -7
zero: 0
yes_is_text: yes
flag: true
nothing:
tilde: ~
date: 1990-01-01
time: 2026-03-02T10:00:00+03:00
clock: 10:30
decimal: 12.50
code: 007
long: 12345678901234567890
quoted: "42"
single: 'true'
phone: +7 900 000-00-01
hex: 0x1F
)")
                           .value();
    CHECK(
        value ==
        Json::parse(
            R"({"count":42,"negative":-7,"zero":0,"yes_is_text":"yes","flag":true,"nothing":null,"tilde":null,
        "date":"1990-01-01","time":"2026-03-02T10:00:00+03:00","clock":"10:30","decimal":"12.50","code":"007",
        "long":"12345678901234567890","quoted":"42","single":"true","phone":"+7 900 000-00-01","hex":"0x1F"})"
        )
    );
}

TEST_CASE("yaml: every value has its line, a missing one its ancestor's") {
    const YamlDocument document =
        parsed("a:\n  b:\n    - 1\n    - {c: 2,\n       d: 3}\n\"x/y\": 5\n");
    CHECK(document.line_of("") == 1);
    CHECK(document.line_of("/a") == 1);
    CHECK(document.line_of("/a/b") == 2);
    CHECK(document.line_of("/a/b/0") == 3);
    CHECK(document.line_of("/a/b/1") == 4);
    CHECK(document.line_of("/a/b/1/d") == 5);
    CHECK(document.line_of("/a/b/7/z") == 2);
    CHECK(document.line_of("/x~1y") == 6);
    CHECK(document.where("/a/b/1/d") == "demo.yaml:5");
}

TEST_CASE("yaml: the file's order of keys is kept beside the sorted tree") {
    const YamlDocument document = parsed("streams:\n  zebra: {b: 1, a: 2}\n  ant: {}\n");
    CHECK(document.keys_of("/streams") == std::vector<std::string>{"zebra", "ant"});
    CHECK(document.keys_of("/streams/zebra") == std::vector<std::string>{"b", "a"});
    CHECK(document.keys_of("/nowhere").empty());
}

TEST_CASE("yaml: JSON is read by the same door") {
    const YamlDocument document =
        parsed("{\"a\":[1,\"1\",null,true],\n\t\"b\":{\"c\":\"\\u0422\\/x\"}}");
    CHECK(document.value() == Json::parse(R"({"a":[1,"1",null,true],"b":{"c":"Т/x"}})"));
    CHECK(document.line_of("/b") == 2);
    CHECK(parsed(R"({"smile":"\ud83d\ude00"})").value()["smile"] == "😀");
}

TEST_CASE("yaml: what could be misread is refused with its line") {
    CHECK(
        refusal("a: 1\nb: 2\na: 3\n") ==
        "demo.yaml:3: key \"a\" is there twice, first in line 1: keep one"
    );
    CHECK(
        refusal("x: {k: 1, k: 2}") ==
        "demo.yaml:1: key \"k\" is there twice, first in line 1: keep one"
    );
    CHECK(
        refusal("base: &b {k: 1}\nuse:\n  <<: *b\n") ==
        "demo.yaml:3: merge keys (<<) are not supported: write the keys out"
    );
    CHECK(refusal("? [a, b]\n: 1\n") == "demo.yaml:1: a key must be plain text: give it a name");
    CHECK(refusal("a: 1\n---\nb: 2\n").find("several documents") != std::string::npos);
    CHECK(refusal("a: [1, 2\nb: 3\n").starts_with("demo.yaml:"));
    CHECK(refusal("a: 1\nb: \xef\xf0\n")
              .starts_with("demo.yaml:2: not UTF-8 but, as it seems, Windows-1251"));
    CHECK(
        refusal(std::string(
                    "\xff\xfe"
                    "a\0",
                    4
                ))
            .find("UTF-16") != std::string::npos
    );
    CHECK(
        refusal(std::string(100, '[') + std::string(100, ']')).find("nested deeper than 64") !=
        std::string::npos
    );
}

TEST_CASE("yaml: what is meant as JSON is told off as JSON") {
    CHECK(refusal("{\"a\": 1,\n \"b\": [1, 2}").starts_with("demo.yaml:2: not valid JSON: "));
    CHECK(refusal("[{\"a\": 1}\n{\"b\": 2}]").find("not valid JSON") != std::string::npos);
    CHECK(refusal("{a: 1, b: [1, 2}").find("not valid YAML") != std::string::npos);
    const auto file = parse_yaml("{a: 1}\n}", "m.json");
    REQUIRE(!file);
    CHECK(file.error().text.starts_with("m.json:1: not valid JSON"));
}

TEST_CASE("yaml: anchors are copied, and cannot blow up") {
    CHECK(parsed("a: &x [1, 2]\nb: *x\n").value() == Json::parse(R"({"a":[1,2],"b":[1,2]})"));
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int level = 1; level < 9; ++level) {
        const std::string name = "a" + std::to_string(level),
                          below = "*a" + std::to_string(level - 1);
        bomb += name + ": &" + name + " [" + below;
        for (int count = 0; count < 9; ++count) bomb += ", " + below;
        bomb += "]\n";
    }
    CHECK(refusal(bomb).find("too many values") != std::string::npos);
}

TEST_CASE("yaml: an empty file is null, a missing one an error that names it") {
    CHECK(parsed("# nothing but a comment\n").value().is_null());
    const auto missing = load_yaml("/nonexistent/gateway.yaml");
    REQUIRE(!missing);
    CHECK(missing.error().kind == ErrorKind::misconfigured);
    CHECK(missing.error().text.find("/nonexistent/gateway.yaml") != std::string::npos);
}

}  // namespace yaml_test
