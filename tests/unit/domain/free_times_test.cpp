#include "domain/slots/free_times.hpp"

#include <doctest/doctest.h>

using namespace mis;
using namespace mis::domain;

namespace free_times_test {
namespace {

const Identity kIdentity("clinic-1", std::string(32, 'k'));
const Timestamp kNow = *Timestamp::parse_rfc3339("2026-03-01T09:00:00+03:00");
const Date kFrom = *Date::parse_iso("2026-03-02");
const Date kTo = *Date::parse_iso("2026-03-30");

Zone moscow(std::string_view, std::string_view) { return *Zone::find("Europe/Moscow"); }

RecordFact fact(
    const std::string& kind, const std::string& id, const std::string& times,
    const std::string& more = ""
) {
    // times: "02 09:00-18:00", March 2026, Moscow
    const std::string day = "2026-03-" + times.substr(0, 2) + "T";
    RecordFact found;
    found.key = {"mis", kind, id};
    found.body = R"({"source_id":")" + id +
                 R"(","practitioner_source_id":"d1","branch_source_id":"b1","starts_at":")" + day +
                 times.substr(3, 5) + ":00+03:00\",\"ends_at\":\"" + day + times.substr(9, 5) +
                 ":00+03:00\"" + more + "}";
    return found;
}

RecordFact visit(const std::string& id, const std::string& times, const std::string& status) {
    return fact(
        "appointment", id, times,
        R"(,"patient_source_id":"77","comment":"Тестова","status":")" + status + "\""
    );
}

std::string text(const std::vector<DaySlots>& days) {
    std::string lines;
    for (const DaySlots& day : days) {
        lines += day.branch_source_id + " " + day.practitioner_source_id + " " +
                 day.day.to_string() + ":";
        for (const Interval& interval : day.intervals) {
            lines += " " + interval.starts_at.to_string().substr(11, 5) + "-" +
                     interval.ends_at.to_string().substr(11, 5) +
                     (interval.state == IntervalState::free ? " free" : " busy");
        }
        lines += "\n";
    }
    return lines;
}

std::string times(const std::vector<RecordFact>& facts) {
    return text(free_times(facts, moscow, kFrom, kTo));
}

}  // namespace

TEST_CASE("A3: free is working time without busy times and visits; neighbours are merged") {
    CHECK(times({fact("shift", "s", "02 09:00-18:00")}) == "b1 d1 2026-03-02: 09:00-18:00 free\n");
    CHECK(
        times({
            fact("shift", "s", "02 09:00-18:00"),
            visit("v1", "02 10:00-10:30", "booked"),
            visit("v2", "02 10:30-11:00", "confirmed"),
            fact("busy", "b", "02 10:45-12:00"),
        }) == "b1 d1 2026-03-02: 09:00-10:00 free 10:00-12:00 busy 12:00-18:00 free\n"
    );
    CHECK(
        times({fact("shift", "s1", "02 09:00-12:00"), fact("shift", "s2", "02 12:00-15:00")}) ==
        "b1 d1 2026-03-02: 09:00-15:00 free\n"
    );
}

TEST_CASE("A3: cancelled and missed visits occupy nothing") {
    CHECK(
        times({
            fact("shift", "s", "02 09:00-12:00"),
            visit("v1", "02 09:30-10:00", "cancelled"),
            visit("v2", "02 10:30-11:00", "no_show"),
            visit("v3", "02 11:00-11:30", "completed"),
        }) == "b1 d1 2026-03-02: 09:00-11:00 free 11:00-11:30 busy 11:30-12:00 free\n"
    );
}

TEST_CASE("A3: a visit outside working time is busy, and whole days are cut to the range") {
    CHECK(
        times({fact("shift", "s", "02 09:00-10:00"), visit("v", "02 18:00-19:00", "booked")}) ==
        "b1 d1 2026-03-02: 09:00-10:00 free 18:00-19:00 busy\n"
    );
    CHECK(times({fact("shift", "s", "01 09:00-18:00")}).empty());
    CHECK(times({fact("shift", "s", "30 09:00-18:00")}).empty());
}

TEST_CASE("A3: what occupies a practitioner in one branch makes him busy in the other") {
    RecordFact elsewhere = visit("v", "02 10:00-11:00", "booked");
    elsewhere.body.replace(elsewhere.body.find("\"b1\""), 4, "\"b2\"");
    CHECK(
        times({fact("shift", "s", "02 09:00-12:00"), elsewhere}) ==
        "b1 d1 2026-03-02: 09:00-10:00 free 10:00-11:00 busy 11:00-12:00 free\n"
        "b2 d1 2026-03-02: 10:00-11:00 busy\n"
    );
}

TEST_CASE("A3: a source that gives free times itself") {
    CHECK(
        times({
            fact("slot", "1", "02 09:00-09:30", R"(,"free":true)"),
            fact("slot", "2", "02 09:30-10:00", R"(,"free":true)"),
            fact("slot", "3", "02 10:00-10:30", R"(,"free":false)"),
        }) == "b1 d1 2026-03-02: 09:00-10:00 free 10:00-10:30 busy\n"
    );
}

TEST_CASE("I6: a night shift is cut at the branch's midnight") {
    RecordFact night;
    night.key = {"mis", "shift", "n"};
    night.body =
        R"({"practitioner_source_id":"d1","starts_at":"2026-03-02T20:00:00+03:00","ends_at":"2026-03-03T08:00:00+03:00"})";
    CHECK(times({night}) == " d1 2026-03-02: 20:00-00:00 free\n d1 2026-03-03: 00:00-08:00 free\n");
    const auto ekb = [](std::string_view, std::string_view) {
        return *Zone::find("Asia/Yekaterinburg");
    };
    CHECK(
        text(free_times(std::vector{night}, ekb, kFrom, kTo)) ==
        " d1 2026-03-02: 22:00-00:00 free\n d1 2026-03-03: 00:00-10:00 free\n"
    );
}

TEST_CASE("A3: changed days are announced once, without any patient") {
    std::vector facts{fact("shift", "s", "02 09:00-12:00"), fact("shift", "t", "03 09:00-12:00")};
    const auto first =
        diff_slots(Json::object(), free_times(facts, moscow, kFrom, kTo), kIdentity, kFrom, kNow);
    REQUIRE(first.events.size() == 2);
    CHECK(diff_slots(first.announced, free_times(facts, moscow, kFrom, kTo), kIdentity, kFrom, kNow)
              .events.empty());

    facts.push_back(visit("v", "02 10:00-11:00", "booked"));
    const auto second =
        diff_slots(first.announced, free_times(facts, moscow, kFrom, kTo), kIdentity, kFrom, kNow);
    REQUIRE(second.events.size() == 1);
    const Event& event = second.events[0];
    const std::string branch = kIdentity.public_id("mis", "branch", "b1");
    const std::string practitioner = kIdentity.public_id("mis", "practitioner", "d1");
    CHECK(event.type == "slots.changed");
    CHECK(event.subject == "slot/" + branch + "/" + practitioner);
    CHECK(event.partition_key == event.subject);
    CHECK(event.source == "mis");
    CHECK(
        event.data.tree() ==
        Json{
            {"branch", branch},
            {"practitioner", practitioner},
            {"day", "2026-03-02"},
            {"intervals", Json::array({
                              Json{
                                  {"starts_at", "2026-03-02T09:00:00+03:00"},
                                  {"ends_at", "2026-03-02T10:00:00+03:00"},
                                  {"free", true}},
                              Json{
                                  {"starts_at", "2026-03-02T10:00:00+03:00"},
                                  {"ends_at", "2026-03-02T11:00:00+03:00"},
                                  {"free", false}},
                              Json{
                                  {"starts_at", "2026-03-02T11:00:00+03:00"},
                                  {"ends_at", "2026-03-02T12:00:00+03:00"},
                                  {"free", true}},
                          })},
        }
    );
    CHECK(event.data.text().find("77") == event.data.text().npos);
    CHECK(event.data.text().find("Тестова") == std::string::npos);

    // back again: announced again, the same content (I2's n tells them apart)
    facts.pop_back();
    const auto third =
        diff_slots(second.announced, free_times(facts, moscow, kFrom, kTo), kIdentity, kFrom, kNow);
    REQUIRE(third.events.size() == 1);
    CHECK(third.events[0].identity == first.events[0].identity);
    CHECK(third.announced == first.announced);
}

TEST_CASE("A3: a day without intervals any more is announced empty, a past one forgotten silently"
) {
    const std::vector facts{
        fact("shift", "s", "02 09:00-12:00"), fact("shift", "t", "03 09:00-12:00")};
    const auto first =
        diff_slots(Json::object(), free_times(facts, moscow, kFrom, kTo), kIdentity, kFrom, kNow);
    const std::vector left{facts[1]};
    const auto gone =
        diff_slots(first.announced, free_times(left, moscow, kFrom, kTo), kIdentity, kFrom, kNow);
    REQUIRE(gone.events.size() == 1);
    CHECK(gone.events[0].data.tree()["day"] == "2026-03-02");
    CHECK(gone.events[0].data.tree()["intervals"] == Json::array());
    CHECK(diff_slots(gone.announced, free_times(left, moscow, kFrom, kTo), kIdentity, kFrom, kNow)
              .events.empty());

    const Date next_day = kFrom.plus_days(1);
    const auto later = diff_slots(
        first.announced, free_times(facts, moscow, next_day, kTo), kIdentity, next_day, kNow
    );
    CHECK(later.events.empty());
    CHECK(later.announced.dump().find("2026-03-02") == std::string::npos);
}

}  // namespace free_times_test
