#include "sink/webhook_answer.hpp"

#include <doctest/doctest.h>

#include "net/gzip.hpp"

using namespace mis;
using namespace mis::sink;

namespace {

std::vector<QueuedEvent> batch() {
    std::vector<QueuedEvent> events;
    for (const char* id : {"e1", "e2", "e3"}) events.emplace_back().id = id;
    return events;
}

Verdict read(std::string body, const std::string& coding = "") {
    net::HttpResponse response;
    response.status = 200;
    response.body = std::move(body);
    if (!coding.empty()) response.headers.emplace_back("Content-Encoding", coding);
    return read_answer(response, batch());
}

std::string set_aside(std::string body, const std::string& coding = "") {
    const Verdict verdict = read(std::move(body), coding);
    if (!verdict.unreadable.empty()) return "unknown";
    std::string ids;
    for (const auto& [id, reason] : verdict.rejected) ids += (ids.empty() ? "" : " ") + id;
    return ids;
}

const std::string kPlain = R"({"rejected":[{"id":"e2","reason":"schema"}]})";

}  // namespace

TEST_CASE("an answer that names no rejected event: all are taken, whatever it is") {
    for (const char* body :
         {"",
          " ",
          "OK",
          "<html>thanks</html>",
          "{}",
          "null",
          R"({"ok":true,"ms":1.5})",
          R"({"rejected":[]})",
          R"({"rejected":null})",
          R"({"rejected":{}})",
          R"({"rejected":0})",
          R"({"rejected":false,"accepted":3})",
          R"({"rejected_count":0})",
          R"([])",
          R"(["ok"])",
          R"(["e1","e2","e3"])",
          R"({"accepted":["e1","e2","e3"]})",
          R"({"last":"e3"})",
          R"({"duplicates":[{"id":"e1"},{"id":"e2"},{"id":"e3"}]})",
          R"({"a":1)",
          "\xff\xfe\x00",
          R"([{"specversion":"1.0","id":"e1","data":{"reason":"rejected","rejected":true}}])"})
        CHECK_MESSAGE(set_aside(body) == "", body);
}

TEST_CASE("a list of rejected events is read in whatever form it comes") {
    CHECK(set_aside(kPlain) == "e2");
    CHECK(read(kPlain).rejected.at("e2") == "schema");
    for (const std::string& body : std::vector<std::string>{
             R"({"rejected":[{"id":"e2","reason":"schema"}],"took_ms":1.5})",
             R"({"status":"a","status":"b","rejected":[{"id":"e2","reason":"schema"}]})",
             "\xef\xbb\xbf" + kPlain, "\r\n\t" + kPlain + "\n",
             "{\"rejected\":[{\"id\":\"e2\",\"reason\":\"\xef\xeb\xee\xf5\xee\"}]}",
             R"({"rejected":["e2"]})", R"({"rejected":"e2"})", R"({"rejected":["E2 "]})",
             R"({"rejected":{"e2":"schema"}})", R"({"rejected":{"id":"e2","reason":"schema"}})",
             R"({"Rejected":[{"Id":"e2","Reason":"schema"}]})",
             R"({"result":{"items":[{"rejected":[{"id":"e2"}]}]}})",
             R"({"rejected":[{"event":"e2","why":{"line":1e9}}],"rejected_count":1})",
             R"({"rejected_ids":["e2"]})", R"([{"id":"e2","reason":"rejected: schema"}])",
             R"([{"id":"e1","status":"ok"},{"id":"e2","status":"rejected","reason":"rejected"}])",
             R"({"results":[{"id":"e1","status":"accepted"},{"id":"e2","status":"Rejected"}]})",
             R"("{\"rejected\":[{\"id\":\"e2\"}]}")",
             R"({"rejected":[{"id":"e2"},{"id":"of another request"}]})"})
        CHECK_MESSAGE(set_aside(body) == "e2", body);
    CHECK(set_aside(R"({"rejected":["e3","e1"]})") == "e1 e3");
    CHECK(set_aside(R"({"a":{"rejected":["e3"]},"b":{"rejected":["e1"]}})") == "e1 e3");
}

TEST_CASE("what names `rejected`, or a part of our events, and cannot be understood is unknown") {
    for (const std::string& body : std::vector<std::string>{
             R"({"rejected":[{"id":"e2","reason":"schema"}])",
             kPlain + "x",
             kPlain + kPlain,
             R"({"rejected":["e1"],"rejected":["e2"]})",
             R"({"rejected":true})",
             R"({"rejected":2})",
             R"({"rejected":[{"index":1}]})",
             R"({"rejected":["stranger"]})",
             R"({"rejected":[{"id":"clinic/e2"}]})",
             R"({"rejected":["e2"],"rejected_count":2})",
             R"({"message":"1 event rejected"})",
             "rejected: e2",
             "<html>Request Rejected</html>",
             R"(["e2"])",
             R"([{"id":"e2"}])",
             R"({"accepted":["e1","e3"]})",
             R"({"errors":[{"id":"e2","message":"schema"}]})",
             R"({"data":{"failed":["e2"]}})",
             R"({"body":"{\"rejected\":[\"e2\"]}"})",
             std::string(100, '[') + "\"rejected\"" + std::string(100, ']')})
        CHECK_MESSAGE(set_aside(body) == "unknown", body);
}

TEST_CASE("packed answers are unpacked, with and without a header that says so") {
    const std::string packed = net::gzip(kPlain, 6);
    CHECK(set_aside(packed, "gzip") == "e2");
    CHECK(set_aside(packed, "x-gzip") == "e2");
    CHECK(set_aside(packed) == "e2");
    CHECK(set_aside(kPlain, "gzip") == "e2");  // says so, and is not
    CHECK(set_aside(kPlain, "utf-8") == "e2");
    CHECK(set_aside(net::gzip("fine", 1), "gzip") == "");
    // zlib's form and the bare one, made from gzip's: its header is 10 bytes, its trailer 8
    const std::string bare = packed.substr(10, packed.size() - 18);
    CHECK(set_aside(bare, "deflate") == "e2");
    CHECK(set_aside(packed.substr(0, packed.size() - 9), "gzip") == "unknown");
    CHECK(set_aside("\x8b\x02\x80\x00\x01\xff", "br") == "unknown");
    const std::string bomb = net::gzip(std::string(20'000'000, ' ') + kPlain, 9);
    CHECK(set_aside(bomb, "gzip") == "");  // what counts would stand at its beginning
}

TEST_CASE("UTF-16 is read, with its mark and as far as possible without") {
    std::string wide;
    for (const char c : kPlain) (wide += c) += '\0';
    CHECK(set_aside("\xff\xfe" + wide) == "e2");
    CHECK(set_aside(wide) == "e2");
}

TEST_CASE("a body that was not read to its end counts by what was read") {
    net::HttpResponse response;
    response.status = 200;
    response.is_cut = true;
    response.body = "<html>" + std::string(1000, 'x');
    CHECK(read_answer(response, batch()).unreadable.empty());
    response.body = R"({"received":[1,2],"rejected":[{"id":)";
    CHECK_FALSE(read_answer(response, batch()).unreadable.empty());
}

TEST_CASE("refusals say what to do, and name no path") {
    const net::Headers moved{{"Location", "https://new.example/secret-path?token=1"}};
    const auto text = refusal_text(308, moved, "");
    CHECK(text.find("https://new.example,") != std::string::npos);
    CHECK(text.find("secret-path") == std::string::npos);
    CHECK(refusal_text(401, {}, "no").find("bearer_token_file") != std::string::npos);
    CHECK(refusal_text(404, {}, "").find("url") != std::string::npos);
    CHECK(refusal_text(500, {}, "a\nb\x01") == "HTTP 500: a b ");
    CHECK(refusal_text(400, {}, "\xef\xeb") == "HTTP 400: ??");
    CHECK(short_reason(std::string(199, 'x') + "ж") == std::string(199, 'x'));
}
