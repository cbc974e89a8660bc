#include "disclosure/gate.hpp"

#include <doctest/doctest.h>

using namespace mis;
using namespace mis::disclosure;

namespace {

const std::string kPseudonym = "0123456789abcdef0123456789abcdef";

domain::Event event_of(std::string type, Json data) {
    domain::Event event;
    event.type = std::move(type);
    event.entity_id = "e";
    event.identity = canonical_json(data);
    event.subject = event.partition_key = "patient/" + kPseudonym;
    event.data = std::move(data);
    event.ground = "order O1";
    return event;
}

Canary canary() {
    Canary found;
    found.add_record(
        "patient",
        R"({"source_id":"77","last_name":"Тестова","first_name":"Мария","middle_name":"Петровна","birth_date":"1990-01-31","phones":["+7 900 000-00-01"],"email":"testova@example.test"})"
    );
    found.add_record("limit", R"({"source_id":"5","policy_number":"77-АВ 000123"})");
    return found;
}

Json disclosed(Gate& gate, const domain::Event& event) {
    std::vector<DisclosedEvent> out;
    REQUIRE(gate.disclose(event, canary(), out).left());
    REQUIRE(out.size() == 1);
    return *parse_json(out[0].data());
}

}  // namespace

TEST_CASE(
    "I3: only the fields of the allow-list leave, at every depth, and what is dropped is counted"
) {
    Gate gate;
    const auto data = disclosed(
        gate,
        event_of(
            "procedure.performed", {{"patient", kPseudonym},
                                    {"comment", "боится уколов"},
                                    {"procedure",
                                     {{"id", kPseudonym},
                                      {"teeth", {"16", "17"}},
                                      {"total", {{"minor", 1}, {"currency", "RUB"}, {"note", "x"}}},
                                      {"patient_source_id", "77"}}}}
        )
    );
    CHECK(
        data ==
        Json{
            {"patient", kPseudonym},
            {"procedure",
             {{"id", kPseudonym},
              {"teeth", {"16", "17"}},
              {"total", {{"minor", 1}, {"currency", "RUB"}}}}}}
    );
    CHECK(gate.counts().private_fields_withheld == 3);
}

TEST_CASE("I3: an allowed name with another shape does not pass") {
    Gate gate;
    const auto data = disclosed(
        gate, event_of(
                  "procedure.performed", {{"patient", {{"last_name", "Тестова"}}},
                                          {"procedure",
                                           {{"id", kPseudonym},
                                            {"teeth", "16"},
                                            {"warranty", "yes"},
                                            {"total", 5},
                                            {"nomenclature", nullptr},
                                            {"service_code", nullptr}}}}
              )
    );
    CHECK(data == Json{{"procedure", {{"id", kPseudonym}, {"nomenclature", nullptr}}}});
    CHECK(
        gate.counts().private_fields_withheld == 4
    );  // an explicit null is absence, not a private field
}

TEST_CASE(
    "I3: the canary finds names, birth dates, phones, policy numbers and e-mail in what people "
    "typed"
) {
    const Canary words = canary();
    for (const char* found :
         {"Кабинет Тестовой", "ТЕСТОВА М.", "пломба (тестову)", "тел. 8(900)000-00-01",
          "000 00 01, 9000000001", "полис 77АВ000123", "77-AB-000123", "TESTOVA@example.test",
          "для Марии", "Петровне", "род. 31.01.1990", "1990-01-31"}) {
        CAPTURE(found);
        CHECK(words.found_in(found));
    }
    for (const char* clean :
         {"Кабинет 3", "Лечение кариеса A16.07.002.010", "Протезирование", "Аттестация",
          "1 000 000 руб", ""}) {
        CAPTURE(clean);
        CHECK_FALSE(words.found_in(clean));
    }
    Canary brief;
    brief.add_name("Ли");
    CHECK(brief.found_in("кабинет Ли"));
    CHECK_FALSE(brief.found_in("Лидокаин"));
}

TEST_CASE("I3: a room or service name with a patient's word is dropped, the event leaves without it"
) {
    Gate gate;
    const auto data = disclosed(
        gate, event_of(
                  "appointment.booked",
                  {{"patient", kPseudonym},
                   {"appointment",
                    {{"id", kPseudonym}, {"room", "Тестова, каб. 3"}, {"status", "booked"}}}}
              )
    );
    CHECK(data["appointment"] == Json{{"id", kPseudonym}, {"status", "booked"}});
    CHECK(gate.counts().private_fields_withheld == 1);
    // a code that somebody typed in words is a text too
    const auto coded = disclosed(
        gate, event_of(
                  "procedure.performed",
                  {{"patient", kPseudonym},
                   {"procedure", {{"id", kPseudonym}, {"service_code", "Тестова-16"}}}}
              )
    );
    CHECK(coded["procedure"] == Json{{"id", kPseudonym}});
    // what a mapping or a push source noted of a line is one as well
    const auto noted = disclosed(
        gate, event_of(
                  "billing.charge", {{"patient", kPseudonym},
                                     {"remarks", {"rounded", "asked 900 000-00-01"}},
                                     {"total", {{"minor", 1}, {"currency", "RUB"}}}}
              )
    );
    CHECK(noted["remarks"] == Json{"rounded"});
}

TEST_CASE("X1: without a ground nothing leaves, and it is counted") {
    Gate gate;
    auto event = event_of(
        "procedure.performed", {{"patient", kPseudonym}, {"procedure", {{"id", kPseudonym}}}}
    );
    event.leaves = domain::Export::withheld;
    std::vector<DisclosedEvent> out;
    CHECK(gate.disclose(event, {}, out).withheld == "no_ground");
    CHECK(
        gate.disclose(event_of("patient.renamed", Json::object()), {}, out).withheld ==
        "unknown_type"
    );
    CHECK(out.empty());
    CHECK(gate.counts().events_withheld.at("no_ground") == 1);
    CHECK(gate.counts().events == 0);
}

TEST_CASE("contract 2: a long statement comes in parts under 20 kB, totals in the last") {
    Json charges = Json::array();
    for (int i = 0; i < 700; ++i)
        charges.push_back(
            {{"charge_id", kPseudonym}, {"total", {{"minor", i}, {"currency", "RUB"}}}}
        );
    const auto event = event_of(
        "billing.statement", {{"patient", kPseudonym},
                              {"order", "O1"},
                              {"payer", "limit"},
                              {"charges", charges},
                              {"total", {{"minor", 7}, {"currency", "RUB"}}}}
    );
    Gate gate;
    std::vector<DisclosedEvent> out;
    REQUIRE(gate.disclose(event, {}, out).left());
    REQUIRE(out.size() > 1);
    CHECK(out[0].identity() == event.identity);
    Json joined = Json::array();
    for (std::size_t i = 0; i < out.size(); ++i) {
        CHECK(out[i].data().size() <= kDataBytesMax);
        if (i > 0) CHECK(out[i].identity() != out[i - 1].identity());
        const auto part = *parse_json(out[i].data());
        CHECK(part["part"] == i + 1);
        CHECK(part["parts"] == out.size());
        CHECK(part["order"] == "O1");
        CHECK(part.contains("total") == (i + 1 == out.size()));
        for (const auto& charge : part["charges"]) joined.push_back(charge);
    }
    CHECK(joined == charges);
}
