#include "inbox/message.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "platform/file.hpp"

using namespace mis;
using namespace mis::inbox;

namespace message_test {
namespace {

Json placed() {
    return Json::parse(R"({"type":"order.placed","id":"m1","order":"O1",
        "patient":{"phone":"+7 900 000-00-01","last_name":"Тестова"},
        "items":[{"id":"i1","nomenclature":"A16.07.002","teeth":["16"],"quantity":"1","total":{"minor":400000,"currency":"RUB"}}]})"
    );
}

Json with(Json message, const char* pointer, Json value) {
    message[Json::json_pointer(pointer)] = std::move(value);
    return message;
}
Json without(Json message, const char* parent, const char* key) {
    message[Json::json_pointer(parent)].erase(key);
    return message;
}
std::string refusal(const Json& message, ConsentRule consent = ConsentRule::optional) {
    const auto parsed = parse_message(message, consent);
    if (parsed) return "accepted";
    CHECK(parsed.error().kind == ErrorKind::malformed);
    const std::string& told = parsed.error().text;  // "faults (what it may hold: SCHEMA)"
    return told.substr(0, told.find(" (what it may hold: schemas/inbox/"));
}

}  // namespace

TEST_CASE("inbox: order.placed is read, stored in one form") {
    const auto message = parse_message(placed(), ConsentRule::optional);
    REQUIRE(message);
    CHECK(message->id == "m1");
    CHECK(message->type == "order.placed");
    CHECK(message->order == "O1");
    CHECK(message->body == placed());
    CHECK(message->ignored_fields.empty());
}

TEST_CASE("inbox: numbers of a YAML file are their text, defaults are filled in") {
    Json loose = Json::parse(
        R"({"type":"order.placed","id":17,"order":18,"patient":{"phone":89000000001,"birth_date":"1990-01-01"},
        "items":[{"id":1,"service_code":501,"teeth":[17,"1.6"],"quantity":2,"total":{"minor":1,"currency":"RUB"}},
                 {"id":2,"nomenclature":"B01.065.001","total":{"minor":1,"currency":"RUB"},"stage":"2"}],
        "limit":{"amount":{"minor":1000000,"currency":"RUB"},"payer":"ООО Ромашка","kind":"barter","valid_to":"2026-12-31T23:00:00+03:00"}})"
    );
    const auto message = parse_message(loose, ConsentRule::optional);
    REQUIRE(message);
    CHECK(message->id == "17");
    CHECK(message->order == "18");
    CHECK(message->body["patient"]["phone"] == "89000000001");
    CHECK(
        message->body["items"][0] ==
        Json::parse(
            R"({"id":"1","service_code":"501","teeth":["16","17"],"quantity":"2","total":{"minor":1,"currency":"RUB"}})"
        )
    );
    CHECK(message->body["items"][1]["teeth"] == Json::array());
    CHECK(message->body["items"][1]["quantity"] == "1");
    CHECK(message->body["items"][1]["stage"] == 2);
    CHECK(message->body["limit"]["valid_to"] == "2026-12-31");
}

TEST_CASE("inbox: a refusal names field and reason, never the content") {
    CHECK(refusal(Json::array()) == "message: must be an object");
    CHECK(refusal(without(placed(), "", "type"))
              .starts_with("type: missing: there are order.placed, "));
    CHECK(refusal(with(placed(), "/type", "order.lost"))
              .starts_with("type: unknown: there are order.placed, "));
    CHECK(refusal(without(placed(), "", "id")) == "id: missing");
    CHECK(refusal(with(placed(), "/id", "")) == "id: is empty");
    CHECK(refusal(without(placed(), "", "items")) == "items: missing");
    CHECK(refusal(with(placed(), "/items", Json::array())) == "items: is empty");
    CHECK(refusal(without(placed(), "/items/0", "total")) == "items/0/total: missing");
    CHECK(
        refusal(with(placed(), "/items/0/total", 4000)).starts_with("items/0/total: must be money")
    );
    CHECK(refusal(with(placed(), "/items/0/total/minor", -1)) == "items/0/total: is negative");
    CHECK(refusal(with(placed(), "/items/0/teeth", Json::array({"99"})))
              .starts_with("items/0/teeth: names a tooth or area"));
    CHECK(
        refusal(with(placed(), "/items/0/teeth", "16")).starts_with("items/0/teeth: must be a list")
    );
    CHECK(refusal(with(placed(), "/items/0/quantity", "0")).starts_with("items/0/quantity"));
    CHECK(
        refusal(without(placed(), "/items/0", "nomenclature")) ==
        "items/0: needs nomenclature or service_code"
    );
    CHECK(
        refusal(with(placed(), "/items/1", placed()["items"][0])) ==
        "items/1/id: is there twice in the list"
    );
    CHECK(
        refusal(without(placed(), "/patient", "phone")) ==
        "patient: needs at least two of phone, last_name, birth_date"
    );
    CHECK(
        refusal(with(placed(), "/patient/phone", "123-45")) ==
        "patient/phone: is no phone number (ten digits and more, nothing among them)"
    );
    CHECK(
        refusal(with(placed(), "/patient/birth_date", "1990-02-30")) ==
        "patient/birth_date: must be a date like 1990-01-01"
    );
    CHECK(
        refusal(with(placed(), "/placed_at", "2026-03-02")).starts_with("placed_at: must be a time")
    );
    CHECK(
        refusal(with(placed(), "/limit", Json{{"kind", "loan"}})) ==
        "limit/kind: must be one of barter, insurance, corporate, gift; limit/amount: missing; "
        "limit/payer: missing"
    );
}

TEST_CASE("inbox: a refusal tells every fault at once, and where the schema stands") {
    const Json wrong = Json::parse(
        R"({"type":"order.placed","id":"m1","placed_at":"yesterday","patient":{"phone":"1"},
        "items":[{"nomenclature":"B01.065.001","teeth":["99"]},{"id":"b","total":{"minor":1,"currency":"RUB"}}]})"
    );
    const auto parsed = parse_message(wrong, ConsentRule::required);
    REQUIRE(!parsed);
    const std::string& told = parsed.error().text;
    for (const char* fault :
         {"order: missing", "placed_at: must be a time",
          "patient/phone: is no phone number (ten digits and more, nothing among them)",
          "items/0/teeth: names a tooth or area", "items/0/id: missing", "items/0/total: missing",
          "items/1: needs nomenclature or service_code", "consent: missing",
          "(what it may hold: schemas/inbox/order.placed.json)"}) {
        CAPTURE(told);
        CHECK(told.find(fault) != std::string::npos);
    }
    CHECK(told.find("needs at least two") == std::string::npos);  // his phone is the fault
}

TEST_CASE("X1: under export: ordered an order needs its consent") {
    CHECK(
        refusal(placed(), ConsentRule::required) ==
        "consent: missing: it is required under export: ordered"
    );
    const Json consent{{"given_at", "2026-03-01T10:00:00+03:00"}, {"ground", "offer accepted"}};
    CHECK(refusal(with(placed(), "/consent", consent), ConsentRule::required) == "accepted");
    CHECK(
        refusal(with(placed(), "/consent", Json{{"ground", "x"}})) == "consent/given_at: missing"
    );
}

TEST_CASE("inbox: unknown fields are left out and named") {
    const auto message = parse_message(
        with(with(placed(), "/items/0/colour", "A2"), "/limt", 1), ConsentRule::optional
    );
    REQUIRE(message);
    CHECK(message->body == placed());
    CHECK(
        std::set(message->ignored_fields.begin(), message->ignored_fields.end()) ==
        std::set<std::string>{"/items/0/colour", "/limt"}
    );
}

TEST_CASE("inbox: the other types") {
    const auto read = [](const char* text) { return refusal(Json::parse(text)); };
    CHECK(read(R"({"type":"order.amended","id":"m","order":"O1","items":[]})") == "accepted");
    CHECK(read(R"({"type":"order.cancelled","id":"m","order":"O1"})") == "accepted");
    CHECK(
        read(
            R"({"type":"limit.granted","id":"m","order":"O1","amount":{"minor":500000,"currency":"RUB"}})"
        ) == "accepted"
    );
    CHECK(
        read(
            R"({"type":"limit.granted","id":"m","order":"O1","limit":"L","amount":{"minor":1,"currency":"RUB"}})"
        ) == "order: exactly one of order, limit, patient must be given"
    );
    CHECK(
        read(
            R"({"type":"limit.granted","id":"m","patient":"ab","amount":{"minor":1,"currency":"RUB"}})"
        )
            .starts_with("kind: missing")
    );
    CHECK(
        read(
            R"({"type":"limit.granted","id":"m","limit":"ab","amount":{"minor":0,"currency":"RUB"}})"
        ) == "amount: is zero"
    );
    CHECK(
        read(R"({"type":"limit.closed","id":"m"})") ==
        "order: exactly one of order, limit must be given"
    );
    CHECK(
        read(R"({"type":"plan.approved","id":"m","order":"O1","items":["i1"],"by":"insurer"})") ==
        "accepted"
    );
    CHECK(
        read(R"({"type":"plan.refused","id":"m","order":"O1","by":"insurer"})") ==
        "items: missing: name items or works"
    );
    CHECK(read(R"({"type":"consent.withdrawn","id":"m","patient":"ab"})") == "accepted");
    CHECK(
        read(
            R"({"type":"feedback.received","id":"m","feedback":"F1","order":"O1","text":"больно","rating":2})"
        ) == "accepted"
    );
    CHECK(
        read(R"({"type":"feedback.resolved","id":"m","feedback":"F1","satisfied":true})") ==
        "accepted"
    );
    CHECK(
        read(
            R"({"type":"statement.requested","id":"m","order":"O1","from":"2026-03-01","to":"2026-02-01"})"
        ) == "to: lies before from"
    );
}

TEST_CASE("inbox: a file may be one message, a list, JSON Lines or YAML") {
    CHECK(read_messages(R"({"id":"a"})", "f")->size() == 1);
    CHECK(read_messages(R"([{"id":"a"},{"id":"b"}])", "f")->size() == 2);
    CHECK(read_messages("{\"id\":\"a\"}\n\n{\"id\":\"b\"}\n", "f")->size() == 2);
    CHECK(read_messages("- {id: a}\n- {id: b}\n", "f")->size() == 2);
    CHECK(!read_messages("", "f"));
    CHECK(!read_messages("{\"id\":", "f"));
}

TEST_CASE("inbox: schemas/inbox says the same as the code") {
    for (const std::string& type : message_types()) {
        CAPTURE(type);
        const auto schema =
            parse_json(platform::read_file(MIS_SOURCE_DIR "/schemas/inbox/" + type + ".json"));
        REQUIRE(schema);
        std::set<std::string> known, required, in_schema, required_in_schema;
        for (const FieldRule& field : fields_of(type)) {
            known.insert(field.name);
            if (field.required) required.insert(field.name);
        }
        for (const auto& [name, form] : (*schema)["properties"].items()) in_schema.insert(name);
        for (const Json& name : (*schema)["required"])
            required_in_schema.insert(name.get<std::string>());
        CHECK(known == in_schema);
        CHECK(required == required_in_schema);
        std::vector<std::string> alternatives;
        const Json one_of = schema->value("oneOf", Json::array());
        for (const Json& one : one_of)
            alternatives.push_back(one["required"][0].get<std::string>());
        CHECK(alternatives == alternatives_of(type));
        CHECK((*schema)["properties"]["type"]["const"] == type);
    }
}

TEST_CASE("I5: numbers beyond what a sum may be are too large, and never negative") {
    const auto total = [](const char* minor) {
        return refusal(with(placed(), "/items/0/total/minor", Json::parse(minor)));
    };
    CHECK(total("999999999999999") == "accepted");
    const std::string too_large =
        "items/0/total: is too large: 999999999999999 minor units at most";
    for (const char* minor :
         {"1000000000000000", "9223372036854775807", "9223372036854775808", "18446744073709551615",
          "\"18446744073709551616\""})
        CHECK_MESSAGE(total(minor) == too_large, minor);
    CHECK(total("-1") == "items/0/total: is negative");
    const auto order = parse_message(
        with(placed(), "/order", Json::parse("18446744073709551615")), ConsentRule::optional
    );
    CHECK(order->order == "18446744073709551615");
    CHECK(refusal(with(placed(), "/items/0/quantity", "1000001"))
              .starts_with("items/0/quantity: must"));
    CHECK(refusal(with(placed(), "/items/0/stage", Json::parse("18446744073709551615")))
              .starts_with("items/0/stage: must"));
}

TEST_CASE("I3: characters that nobody sees are refused in ids, and dropped from texts") {
    for (const char* id :
         {"N\x01"
          "A",
          "E\x1b[31mRED", "n3\nforged: accepted", "a\u200b",
          "\u202e"
          "b"}) {
        CHECK(refusal(with(placed(), "/id", id)) == "id: has a character that nobody sees");
        CHECK(refusal(with(placed(), "/order", id)) == "order: has a character that nobody sees");
        CHECK(
            refusal(with(placed(), "/items/0/id", id)) ==
            "items/0/id: has a character that nobody sees"
        );
    }
    const auto limit = Json::parse(
        R"({"amount":{"minor":1,"currency":"RUB"},"payer":"ООО \u001b[1mРомашка\n","kind":"barter"})"
    );
    const auto message = parse_message(with(placed(), "/limit", limit), ConsentRule::optional);
    REQUIRE(message);
    CHECK(message->body["limit"]["payer"] == "ООО [1mРомашка");
    CHECK(
        message->ignored_fields ==
        std::vector<std::string>{"/limit/payer (characters that nobody sees)"}
    );
}

TEST_CASE("I6: a time names the clinic's day; empty dates are none") {
    const Zone zone = *Zone::find("Asia/Vladivostok");
    const auto valid_to = [&](const char* day) {
        Json limit = Json::parse(
            R"({"amount":{"minor":1,"currency":"RUB"},"payer":"ООО Ромашка","kind":"barter"})"
        );
        limit["valid_to"] = day;
        const auto message =
            parse_message(with(placed(), "/limit", limit), ConsentRule::optional, &zone);
        REQUIRE(message);
        return message->body["limit"].value("valid_to", "none");
    };
    CHECK(valid_to("2026-03-31T14:00:00Z") == "2026-04-01");
    CHECK(valid_to("2026-03-31T00:00:00Z") == "2026-03-31");
    CHECK(valid_to("9999-12-31") == "none");
    CHECK(valid_to("0001-01-01") == "none");
    CHECK(
        refusal(with(placed(), "/consent", {{"given_at", "0001-01-01T00:00:00Z"}, {"ground", "x"}})
        ) == "consent/given_at: is no date from 1900 to 2100"
    );
}

TEST_CASE("P9: an order's phone is one number") {
    CHECK(refusal(with(placed(), "/patient/phone", "8 (495) 000-00-01 доб. 12")) == "accepted");
    CHECK(
        refusal(with(placed(), "/patient/phone", "89000000001, 89000000002")) ==
        "patient/phone: holds several phone numbers"
    );
    CHECK(refusal(with(placed(), "/patient/phone", "8 900 000 00 0I"))
              .starts_with("patient/phone: is no phone number"));
}

}  // namespace message_test
