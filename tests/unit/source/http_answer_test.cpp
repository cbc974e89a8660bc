// Rows of services' answers: paths, exactness, what is refused; texts with placeholders; tokens.
#include <doctest/doctest.h>

#include "base/clock.hpp"
#include "source/http/answer.hpp"
#include "source/http/authentication.hpp"
#include "source/http/template.hpp"

using namespace mis;
using namespace mis::source::http;

namespace {

struct Told {
    std::vector<std::string> cells;
    std::string error;
    Answer answer;
};

Told rows_of(
    Format format, std::string_view place, std::string_view path, std::string_view text,
    bool single = false
) {
    AnswerPlan plan;
    plan.format = format;
    plan.rows = *parse_rows_place(place, format);
    plan.single = single;
    plan.watched = {"total", "error", "list", "a/total"};
    const NodePath column = *parse_node_path(path, format);
    Told told;
    auto answer = read_answer(
        plan,
        [&]() -> Result<std::string_view> {
            const auto piece = text.substr(0, text.size() > 100'000 ? 50'000 : 5);
            text.remove_prefix(piece.size());
            return piece;
        },
        [&](const std::vector<const Node*>& row) -> Result<void> {
            const Node* found = find(row, column);
            told.cells.push_back(found == nullptr ? "-" : text_of(*found).value_or("null"));
            return {};
        }
    );
    if (answer)
        told.answer = *std::move(answer);
    else
        told.error = answer.error().text;
    return told;
}

using Cells = std::vector<std::string>;

}  // namespace

TEST_CASE("rows of JSON: numbers keep the digits of their token, nested values their form") {
    const auto told = rows_of(
        Format::json, "data", "v",
        R"({"data": [{"v": 4500.50}, {"v": 12345678901234567890.10}, {"v": null}, {},
            {"v": true}, {"v": "Тест\u043e"}, {"v": [1.10, {"a": "б"}]}], "total": 7})"
    );
    CHECK(told.error == "");
    CHECK(
        told.cells ==
        Cells{
            "4500.50", "12345678901234567890.10", "null", "-", "true", "Тесто",
            R"([1.10,{"a":"б"}])"}
    );
    CHECK(told.answer.envelope.at("total").text == "7");
}

TEST_CASE("rows inside rows know those around them; a missing list is no empty one") {
    const char* doctors =
        R"({"doctors": [{"s": [{"cells": [{"at": "9"}, {"at": "10"}], "day": "1"}], "id": 5},
            {"id": 6, "s": []}, {"id": 7, "s": null}]})";
    CHECK(rows_of(Format::json, "doctors[].s[].cells", "^^.id", doctors).cells == Cells{"5", "5"});
    CHECK(rows_of(Format::json, "doctors[].s[].cells", "at", doctors).cells == Cells{"9", "10"});
    CHECK(
        rows_of(Format::json, "doctors[].shifts", "at", doctors).error ==
        "a row has no list `shifts`"
    );
    CHECK_FALSE(rows_of(Format::json, "data", "id", doctors).answer.has_rows);
    CHECK_FALSE(rows_of(Format::json, "doctors.s", "id", doctors).answer.has_rows);
    CHECK(rows_of(Format::json, "", "id", "[]").answer.has_rows);
    CHECK(rows_of(Format::json, "", "id", R"({"id": 3})", true).cells == Cells{"3"});
    CHECK_FALSE(rows_of(Format::json, "", "id", R"({"id": 3})").answer.has_rows);
}

TEST_CASE("whether a list beside the rows has items is told") {
    const auto of = [](const char* text) {
        return rows_of(Format::json, "data", "id", text).answer.envelope.at("list").text;
    };
    CHECK(of(R"({"list": [], "data": []})") == "");
    CHECK(of(R"({"list": [{"a": []}], "data": []})") == "1");
    CHECK(of(R"({"list": ["x"], "data": []})") == "1");
}

TEST_CASE("hostile and broken answers are refused, each with its reason") {
    const auto refusal = [](Format format, std::string_view text) {
        return rows_of(format, format == Format::json ? "data" : "a/b", "id", text).error;
    };
    CHECK(
        refusal(Format::json, R"({"data": [{"id": 1)") ==
        "the answer ends in the middle: it was cut off"
    );
    CHECK(refusal(Format::json, R"({"data": [}]})") == "the answer is no JSON: it breaks off");
    CHECK(
        refusal(Format::json, "{\"data\": [\"\xff\"]}") == "the answer is no JSON: it breaks off"
    );
    CHECK(
        refusal(Format::json, R"({"data": [{"id": 1, "id": 2}]})") ==
        "the answer names a member of an object twice"
    );
    CHECK(
        refusal(Format::json, R"({"data": [], "data": []})") ==
        "the answer has two lists where the rows should be"
    );
    CHECK(
        refusal(Format::json, R"({"data": [1e999]})") ==
        "the answer holds a number too large to be one"
    );
    CHECK(
        refusal(Format::json, std::string(100'000, '[')) == "the answer is nested deeper than 64"
    );
    CHECK(refusal(Format::json, R"({"data": [")" + std::string(kTextBytesMax + 10, 'x'))
              .starts_with("the answer holds a value longer than"));
    CHECK(
        refusal(Format::xml, R"(<!DOCTYPE a [<!ENTITY x "y">]><a><b>&x;</b></a>)")
            .find("document type") != std::string::npos
    );
    CHECK(refusal(Format::xml, "<a><b>") == "the answer ends in the middle: it was cut off");
    CHECK(refusal(Format::xml, "<a></b>").starts_with("the answer is no XML"));
    CHECK(refusal(Format::xml, "<a " + std::string(3u << 20, 'x'))
              .starts_with("the answer holds a tag or comment longer than"));
    CHECK(refusal(Format::xml, "<a><b>" + std::string(kTextBytesMax + 10, 'x'))
              .starts_with("the answer holds a value longer than"));
    std::string names = "<a>";
    for (int i = 0; i < 40'000; ++i) names += "<n" + std::to_string(i) + "/>";
    CHECK(refusal(Format::xml, names) == "the answer names its elements in too many ways");
    std::string parts = "<a><b>";
    for (int i = 0; i < 200'000; ++i) parts += i % 1000 == 0 ? "</c><c>" : "<i/>";
    parts.replace(parts.find("</c>"), 4, "");
    CHECK(refusal(Format::xml, parts).starts_with("the answer has an element of more than"));
    CHECK(refusal(Format::json, "{\"" + std::string(kNameBytesMax + 1, 'x') + "\": 1}")
              .starts_with("the answer has a name longer than"));
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += "<a>";
    CHECK(refusal(Format::xml, deep) == "the answer is nested deeper than 64");
}

TEST_CASE("rows of XML: names without prefix, attributes, Russian sets of one byte") {
    const char* text =
        "<?xml version=\"1.0\" encoding=\"windows-1251\"?><a xmlns:x=\"u\"><total>2</total>"
        "<x:b c=\"1\"><x:d>\xd2\xe5\xf1\xf2</x:d></x:b><b c=\"2\"/></a>";
    CHECK(rows_of(Format::xml, "a/b", "d", text).cells == Cells{"Тест", "-"});
    CHECK(rows_of(Format::xml, "a/b", "@c", text).cells == Cells{"1", "2"});
    CHECK(rows_of(Format::xml, "a/b", "@c", text).answer.envelope.at("a/total").text == "2");
    CHECK(rows_of(Format::xml, "a/b", "@c", "<a/>").answer.has_rows);
    CHECK_FALSE(rows_of(Format::xml, "a/b/c", "@c", "<a/>").answer.has_rows);
    CHECK(
        rows_of(
            Format::xml, "a/b[]/c/d", "^/@n", "<a><b n='1'><c><d/><d/></c></b><b n='2'><c/></b></a>"
        )
            .cells == Cells{"1", "1"}
    );
}

TEST_CASE("placeholders are escaped as their place wants it") {
    const Values values{{"id", "../a b&<"}, {"page", "3"}, {"site:branch", "2"}};
    CHECK(*in_path(Template::parse("talons/{id}"), values) == "talons/..%2Fa%20b%26%3C");
    CHECK(*in_path(Template::parse("{id}"), {{"id", ".."}}) == "%2E%2E");
    CHECK(*as_form({{"a[0]", Template::parse("{id}")}}, values) == "a%5B0%5D=..%2Fa%20b%26%3C");
    CHECK(
        *as_xml(Template::parse("<a>{id}</a>{not one}"), values) ==
        "<a>../a b&amp;&lt;</a>{not one}"
    );
    CHECK(
        *as_json(Json{{"p", "{page}"}, {"q", "x{page}"}, {"b", {"{site:branch}"}}}, values) ==
        Json{{"p", 3}, {"q", "x3"}, {"b", {"2"}}}
    );
    CHECK(
        in_header(Template::parse("{id}"), {{"id", "a\r\nB: c"}}).error().kind ==
        ErrorKind::misconfigured
    );
    CHECK(
        plain(Template::parse("{unknown}"), values).error().text ==
        "nothing is known for {unknown} in this request"
    );
}

TEST_CASE("a token of our own making, as RFC 7519 has it; kept until shortly before its end") {
    CHECK(
        jwt_hs256(Json{{"iss", "api"}, {"exp", 1772443600}}, "secret") ==
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE3NzI0NDM2MDAsImlzcyI6ImFwaSJ9."
        "4Kt9pCbfVPvYU0uZfYtcKDZphSsiWCyxzY9J6P3emZ4"
    );
    AuthDeclaration declaration;
    declaration.kind = AuthDeclaration::Kind::jwt_hs256;
    declaration.name = "Authorization";
    declaration.value = Template::parse("Bearer {token}");
    declaration.claims = {{"iss", Template::parse("{user}")}};
    declaration.seconds = 3600;
    FakeClock clock;
    Authentication authentication(
        declaration, {"api", "secret"}, {}, clock, TokenKeeper({}, "", ""), {}
    );
    const auto first = authentication.proof();
    REQUIRE(first);
    CHECK(first->headers[0].second.starts_with("Bearer eyJ"));
    clock.advance(std::chrono::minutes(58));
    CHECK(authentication.proof()->headers == first->headers);
    clock.advance(std::chrono::minutes(2));
    CHECK(authentication.proof()->headers != first->headers);
    CHECK(authentication.masked().headers[0].second == "Bearer HIDDEN");
}
