// What the shipped aggregators are sent, byte for byte, and what a declaration may not say.
#include "sink/slots/slot_bodies.hpp"

#include <doctest/doctest.h>

#include "disclosure/slot_table.hpp"

namespace slot_bodies_test {
using namespace mis;

// Two doctors in one branch and one of them in another; two days, of which one has times.
disclosure::FreeSlots slots(bool with_busy) {
    const auto table = disclosure::parse_slot_table(
        "source,branch,doctor,their_branch,their_doctor,branch_name,doctor_name,specialty,"
        "cell_minutes,confirmed\n"
        "mis,1,d,17,42,\"Клиника \"\"Пример\"\"\",Тестова Анна,терапевт,30,yes\n"
        "mis,1,e,17,43,Клиника,Пробный Пётр,,60,yes\n"
        "mis,2,d,18,42,Филиал,Тестова Анна,терапевт,30,yes\n",
        "table.csv"
    );
    REQUIRE(table);
    const auto at = [](const char* text) { return *Timestamp::parse_rfc3339(text); };
    const std::vector<domain::DaySlots> days = {
        {"mis",
         "1",
         "d",
         *Date::parse_iso("2026-03-02"),
         {{at("2026-03-02T09:00:00+03:00"), at("2026-03-02T10:00:00+03:00"),
           domain::IntervalState::free},
          {at("2026-03-02T10:00:00+03:00"), at("2026-03-02T10:30:00+03:00"),
           domain::IntervalState::busy}}}};
    disclosure::SlotTerms terms;
    terms.now_us = at("2026-03-02T08:00:00+03:00").unix_us;
    terms.days = 2;
    terms.with_busy = with_busy;
    terms.zone_of_branch = [](std::string_view, std::string_view) {
        return *Zone::find("Europe/Moscow");
    };
    return disclosure::disclose_slots(days, *table, terms).leaving;
}

sink::Aggregator shipped(const std::string& name) {
    auto aggregator = sink::load_aggregator(
        std::string(MIS_SOURCE_DIR) + "/config/aggregators/" + name + ".yaml"
    );
    REQUIRE_MESSAGE(aggregator, (aggregator ? "" : aggregator.error().text));
    return std::move(*aggregator);
}

TEST_CASE(
    "prodoctorov: everybody in one snapshot, busy times too, an empty list where there are none"
) {
    const auto aggregator = shipped("prodoctorov");
    CHECK(aggregator.names == std::set<std::string>{"branch_name", "doctor_name"});
    const auto requests = sink::slot_requests(aggregator, slots(true), {});
    REQUIRE(requests.size() == 1);
    CHECK(
        requests[0].body ==
        R"({"schedule":{"data":{"17":{"42":{"cells":[)"
        R"({"dt":"2026-03-02","free":true,"time_end":"09:30","time_start":"09:00"},)"
        R"({"dt":"2026-03-02","free":true,"time_end":"10:00","time_start":"09:30"},)"
        R"({"dt":"2026-03-02","free":false,"time_end":"10:30","time_start":"10:00"}],)"
        R"("efio":"Тестова Анна","espec":"терапевт"},)"
        R"("43":{"cells":[],"efio":"Пробный Пётр"}},)"
        R"("18":{"42":{"cells":[],"efio":"Тестова Анна","espec":"терапевт"}}},)"
        R"("17":"Клиника \"Пример\"","18":"Филиал"}})"
    );
}

TEST_CASE("napopravku: every day of every doctor, free times alone") {
    const auto requests = sink::slot_requests(shipped("napopravku"), slots(false), {});
    REQUIRE(requests.size() == 1);
    CHECK(
        requests[0].body ==
        R"({"clinics":[{"doctors":[{"dates":[{"date":"2026-03-02","slots":[)"
        R"({"duration":null,"from":"09:00","to":"09:30"},{"duration":null,"from":"09:30","to":"10:00"}]},)"
        R"({"date":"2026-03-03","slots":[]}],"mis_doctor_id":"42"},)"
        R"({"dates":[{"date":"2026-03-02","slots":[]},{"date":"2026-03-03","slots":[]}],)"
        R"("mis_doctor_id":"43"}],"mis_clinic_id":"17"},)"
        R"({"doctors":[{"dates":[{"date":"2026-03-02","slots":[]},{"date":"2026-03-03","slots":[]}],)"
        R"("mis_doctor_id":"42"}],"mis_clinic_id":"18"}]})"
    );
}

TEST_CASE("sberhealth: a call for each doctor of each branch, an empty list clears a day") {
    const auto aggregator = shipped("sberhealth");
    CHECK(aggregator.values == std::set<std::string>{"prefix"});
    const auto requests = sink::slot_requests(aggregator, slots(false), {{"prefix", "clinic7"}});
    REQUIRE(requests.size() == 3);
    CHECK(
        requests[0].body ==
        R"({"id":1,"jsonrpc":"2.0","method":"updateSchedule","params":{)"
        R"("resourceExternal":{"clinic_id":"17","id":"42","prefix":"clinic7"},)"
        R"("schedule":{"days":{"2026-03-02":[)"
        R"({"from":"2026-03-02 09:00","interval":"30","to":"2026-03-02 09:30"},)"
        R"({"from":"2026-03-02 09:30","interval":"30","to":"2026-03-02 10:00"}],)"
        R"("2026-03-03":[]}}}})"
    );
    CHECK(requests[1].body.find(R"("id":2)") != std::string::npos);
    CHECK(requests[1].of == "doctor 43 of branch 17");
    CHECK(requests[2].of == "doctor 42 of branch 18");
}

TEST_CASE("nobody confirmed: no request, for an empty snapshot would take everything back") {
    CHECK(sink::slot_requests(shipped("prodoctorov"), {}, {}).empty());
    CHECK(sink::slot_requests(shipped("sberhealth"), {}, {}).empty());
}

TEST_CASE("a header holds token and values") {
    CHECK(sink::slot_header("Token {token}", "abc", {}) == "Token abc");
    CHECK(sink::slot_header("{value:key}-{token}", "abc", {{"key", "k"}}) == "k-abc");
}

TEST_CASE("what a declaration gets wrong is said with its line") {
    const std::string top = "title: invented\nurl: https://example.test\n";
    const std::string body =
        "body: {each: branch, as: {each: doctor, as: {each: interval, as: x}}}\n";
    const auto refusal = [&](const std::string& text) {
        const auto read = sink::parse_aggregator(text, "own.yaml");
        REQUIRE_FALSE_MESSAGE(read, text);
        CHECK(read.error().kind == ErrorKind::misconfigured);
        CHECK(read.error().text.starts_with("own.yaml:"));
        return read.error().text;
    };
    const auto says = [&](const std::string& text, const char* what) {
        const std::string said = refusal(text);
        CHECK_MESSAGE(said.find(what) != std::string::npos, said);
    };
    CHECK(sink::parse_aggregator(top + body, "own.yaml"));
    says("title: x\n" + body, "has no url");
    says(top, "has no body");
    says(top + body + "colour: red\n", "own.yaml:4: colour is no key here");
    says(top + body + "days: 0\n", "from 1 to 366");
    says(top + body + "requests: some\n", "one, each_doctor");
    says(top + body + "expects: result\n", "has to be json");
    says(top + "body: {a: \"{doctor}\"}\n", "{doctor} where no doctor is meant");
    says(top + "body: {a: \"{dokter}\"}\n", "{dokter}, which there is none of");
    says(top + "body: {a: \"{token}\"}\n", "belongs into headers");
    says(top + "body: {each: doctor, as: x}\n", "repeats doctor inside the snapshot");
    says(top + "body: {each: week, as: x}\n", "one of branch, doctor, day, interval");
    says(top + "body: {each: branch, as: x, at: y}\n", "nothing else");
    says(top + "body: {\"a{branch}\": x}\n", "key of placeholders");
    says(top + "body: {each: branch, as: {each: branch, as: x}}\n", "repeats branch inside branch");
    says(top + "body: {each: branch, as: \"{branch}\"}\n", "sends no interval");
    says(top + "headers: {A: \"{doctor}\"}\n" + body, "{doctor} where no doctor is meant");
    CHECK_FALSE(sink::load_aggregator("/nowhere/own.yaml"));
}

}  // namespace slot_bodies_test
