#include "console/gate.hpp"

#include <doctest/doctest.h>

#include "console/api.hpp"
#include "console/assets.hpp"
#include "console/spreadsheet.hpp"

using namespace mis;
using namespace mis::console;

namespace {

net::ServerRequest asked(const std::string& method, net::Headers headers) {
    net::ServerRequest request;
    request.method = method;
    request.path = "/console/api/v1/overview";
    request.headers = std::move(headers);
    return request;
}

}  // namespace

TEST_CASE("only by our own names: a page elsewhere can give its name our address") {
    const Gate loopback({"127.0.0.1", 9465, false, {}});
    for (const auto* ours : {"127.0.0.1:9465", "localhost:9465", "LOCALHOST:9465", "[::1]:9465"})
        CHECK(loopback.is_our_name(ours));
    for (const auto* others :
         {"", "evil.example:9465", "127.0.0.1", "127.0.0.1:80", "localhost.evil.example:9465",
          "evil.example#localhost:9465", "[::2]:9465"})
        CHECK_FALSE(loopback.is_our_name(others));
    const Gate clinic({"10.0.0.5", 443, true, {"Console.Clinic.local"}});
    for (const auto* ours : {"10.0.0.5", "10.0.0.5:443", "console.clinic.local"})
        CHECK(clinic.is_our_name(ours));
    CHECK_FALSE(clinic.is_our_name("localhost"));
    CHECK_FALSE(clinic.is_our_name("console.clinic.local:80"));
    const Gate any({"0.0.0.0", 9465, true, {"console"}});
    CHECK(any.is_our_name("console:9465"));
    CHECK_FALSE(any.is_our_name("0.0.0.0:9465"));
}

TEST_CASE("what changes something comes from our page, or not at all") {
    const Gate gate({"127.0.0.1", 9465, false, {}});
    const net::Headers host{{"Host", "localhost:9465"}};
    const auto with = [&](const char* name, const char* value) {
        auto headers = host;
        headers.emplace_back(name, value);
        return headers;
    };
    CHECK_FALSE(gate.refuse(asked("GET", host)));
    CHECK_FALSE(gate.refuse(asked("POST", with("Origin", "http://localhost:9465"))));
    CHECK(gate.refuse(asked("POST", host)) == ProblemName::forged);
    for (const auto* origin :
         {"null", "https://localhost:9465", "http://localhost:9466", "http://evil.example",
          "http://localhost:9465.evil.example"}) {
        CHECK(gate.refuse(asked("POST", with("Origin", origin))) == ProblemName::forged);
        CHECK(gate.refuse(asked("GET", with("Origin", origin))) == ProblemName::forged);
    }
    for (const auto* site : {"cross-site", "same-site"})
        CHECK(gate.refuse(asked("GET", with("Sec-Fetch-Site", site))) == ProblemName::forged);
    CHECK_FALSE(gate.refuse(asked("GET", with("Sec-Fetch-Site", "same-origin"))));
    auto form = asked("POST", with("Origin", "http://localhost:9465"));
    form.body = "login=anna";
    form.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    CHECK(gate.refuse(form) == ProblemName::malformed);
}

TEST_CASE("who asks too often waits; the others do not") {
    Rates rates(20, 40);
    std::chrono::nanoseconds now{1'000'000'000};
    int taken = 0;
    for (int i = 0; i < 100; ++i) taken += rates.take("10.0.0.5", now) ? 1 : 0;
    CHECK(taken == 40);
    CHECK(rates.take("10.0.0.6", now));
    now += std::chrono::milliseconds(500);
    taken = 0;
    for (int i = 0; i < 100; ++i) taken += rates.take("10.0.0.5", now) ? 1 : 0;
    CHECK(taken == 10);
}

TEST_CASE("a cookie by its name; two of one name are none") {
    CHECK(cookie_of({{"Cookie", "a=1; mis_console=abc; b=2"}}, "mis_console") == "abc");
    CHECK(cookie_of({{"cookie", "mis_console=abc"}}, "mis_console") == "abc");
    CHECK(cookie_of({{"Cookie", "xmis_console=abc"}}, "mis_console").empty());
    CHECK(cookie_of({{"Cookie", "mis_console=abc; mis_console=def"}}, "mis_console").empty());
    CHECK(cookie_of({}, "mis_console").empty());
}

TEST_CASE("paths and queries are decoded, and what cannot be is refused") {
    CHECK(percent_decoded("a%20b%D1%91") == "a bё");
    for (const auto* wrong : {"%", "%4", "%zz", "%00", "%ff"}) CHECK_FALSE(percent_decoded(wrong));
    const auto query = query_of("payer=%D0%9E%D0%9E%D0%9E+1&limit=5&limit=6&&=x&bad=%ff");
    CHECK(query.at("payer") == "ООО 1");
    CHECK(query.at("limit") == "5");
    CHECK(query.size() == 2);
}

TEST_CASE("errors are told in the reader's language, Russian first") {
    CHECK(language_of("") == Language::ru);
    CHECK(language_of("de-DE, fr") == Language::ru);
    CHECK(language_of("en-US,en;q=0.9,ru;q=0.8") == Language::en);
    CHECK(language_of("ru,en;q=0.5") == Language::ru);
    Problem problem{ProblemName::paused};
    problem.retry_seconds = 900;
    const auto russian = answer_of(problem, Language::ru, "n-1");
    CHECK(russian.status == 429);
    CHECK(net::find_header(russian.headers, "Retry-After") == "900");
    const auto body = parse_json(russian.body);
    REQUIRE(body);
    CHECK((*body)["type"] == "urn:mis-gateway:problem:paused");
    CHECK((*body)["title"] == "Вход временно закрыт");
    CHECK((*body)["instance"] == "n-1");
    CHECK(answer_of(problem, Language::en, "n-1").body.find("paused\"") != std::string::npos);
}

TEST_CASE("a spreadsheet's cell is no formula") {
    CHECK(csv_cell("=cmd()|x") == "'=cmd()|x");
    for (const auto* formula : {"+1+cmd", "@sum(a)", "-2+3", "\tx"})
        CHECK(csv_cell(formula).front() == '\'');
    CHECK(csv_cell("-12,50") == "-12,50");
    CHECK(csv_cell("a;\"b\"") == "\"a;\"\"b\"\"\"");
    const Json account = Json::parse(
        R"json({"lines":[{"number":1,"day":"2026-03-02","code":"T-16","name":"=cmd()","teeth":["16","17"],
        "quantity":"0.5","total":{"currency":"RUB","minor":450005},"before":{"currency":"RUB","minor":400000},
        "to_limit":{"currency":"RUB","minor":400000},"beyond":{"currency":"RUB","minor":50005},
        "beyond_payers":[{"payer":"patient"}],"after":{"currency":"RUB","minor":0},"remarks":["warranty"]}]})json"
    );
    const std::string csv = account_as_csv(account, Language::ru);
    CHECK(csv.starts_with("\xef\xbb\xbf№;Дата;"));
    CHECK(
        csv.find("1;2026-03-02;T-16;'=cmd();16, 17;0,5;4500,05;4000,00;4000,00;500,05;пациент;0,00;"
                 "warranty\r\n") != std::string::npos
    );
}

TEST_CASE("assets: nothing leads out of their folder, and a page's own paths get the page") {
    const Assets built_in;
    CHECK(built_in.answer("", {}).status == 200);
    CHECK(built_in.answer("limits/abc", {}).status == 200);
    for (const auto* path :
         {"../x.js", "a/../../x.js", ".git.x", "missing.js", "a//b.js", "%2e.js"})
        CHECK(built_in.answer(path, {}).status == 404);
    const Assets from_folder(MIS_SOURCE_DIR "/schemas");
    CHECK(from_folder.answer("README.md", {}).status == 200);
    CHECK(from_folder.answer("../CMakeLists.txt", {}).status == 404);
}
