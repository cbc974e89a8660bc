#include "base/timestamp.hpp"

#include <doctest/doctest.h>

using namespace mis;

namespace {
std::string local(const char* zone, const char* text) {
    const auto resolved = Zone::find(zone)->resolve(*LocalTime::parse(text));
    const auto note = resolved.note == LocalTimeNote::exact       ? ""
                      : resolved.note == LocalTimeNote::ambiguous ? " ambiguous"
                                                                  : " impossible";
    return resolved.time.to_string() + note;
}
}  // namespace

TEST_CASE("I6: local times become RFC 3339 by the zone's history") {
    CHECK(local("Europe/Moscow", "2026-03-02 10:00") == "2026-03-02T10:00:00+03:00");
    CHECK(local("Europe/Moscow", "2010-07-01 10:00") == "2010-07-01T10:00:00+04:00");
    CHECK(local("Asia/Yekaterinburg", "02.03.2026 09:30:15") == "2026-03-02T09:30:15+05:00");
    CHECK(local("Europe/Kaliningrad", "20260302093015") == "2026-03-02T09:30:15+02:00");
    CHECK(local("Asia/Kamchatka", "2026-12-31 24:00") == "2027-01-01T00:00:00+12:00");
}

TEST_CASE("I6: an ambiguous or impossible local time takes the earlier offset and is marked") {
    CHECK(local("Europe/Moscow", "2014-10-26 01:30") == "2014-10-26T01:30:00+04:00 ambiguous");
    CHECK(local("Europe/Moscow", "2010-03-28 02:30") == "2010-03-28T02:30:00+03:00 impossible");
}

TEST_CASE("RFC 3339 is read strictly and written back the same") {
    for (const auto* text :
         {"2026-03-02T10:00:00+03:00", "2026-03-02T10:00:00.123+03:00",
          "1969-12-31T23:59:59.000001-05:30", "2000-02-29T00:00:00+00:00"})
        CHECK(Timestamp::parse_rfc3339(text)->to_string() == text);
    CHECK(
        Timestamp::parse_rfc3339("2026-03-02T07:00:00Z") ==
        Timestamp::parse_rfc3339("2026-03-02T10:00:00+03:00")
    );
    for (const auto* text :
         {"2026-03-02T10:00:00", "2026-02-30T10:00:00Z", "2026-03-02T24:00:00Z", "2026-03-02",
          "2026-03-02T10:00:60Z", "2026-03-02T10:00:00+3:00", "x"})
        CHECK_MESSAGE(!Timestamp::parse_rfc3339(text), text);
    CHECK(
        Timestamp::parse_rfc3339("2026-03-02T01:00:00+03:00")->local_date().to_string() ==
        "2026-03-02"
    );
    CHECK_FALSE(LocalTime::parse("31.02.2026"));
    CHECK_FALSE(LocalTime::parse("2026-03-02 25:00"));
    CHECK_FALSE(Zone::find("Europe/Nowhere"));
}

TEST_CASE("I6: zones go on after 2037 by their last rule") {
    CHECK(local("Europe/Berlin", "2037-07-01 10:00") == "2037-07-01T10:00:00+02:00");
    CHECK(local("Europe/Berlin", "2038-07-01 10:00") == "2038-07-01T10:00:00+02:00");
    CHECK(local("Europe/Berlin", "2099-12-01 10:00") == "2099-12-01T10:00:00+01:00");
    CHECK(local("America/New_York", "2040-03-11 02:30") == "2040-03-11T02:30:00-05:00 impossible");
    CHECK(local("Europe/Moscow", "2060-07-01 10:00") == "2060-07-01T10:00:00+03:00");
    const auto berlin = *Zone::find("Europe/Berlin");
    for (const auto* text : {"2038-07-01T10:00:00+02:00", "2050-01-01T10:00:00+01:00"})
        CHECK(berlin.at(Timestamp::parse_rfc3339(text)->unix_us).to_string() == text);
}

TEST_CASE("I6: a clock ahead by seconds moves nothing to another day") {
    CHECK(local("Europe/Moscow", "1899-12-30") == "1899-12-30T00:00:00+02:30");
    CHECK(local("Europe/Moscow", "1910-01-01") == "1910-01-01T00:00:00+02:30");
    CHECK(local("America/Sao_Paulo", "1901-05-05 23:59:59") == "1901-05-05T23:59:59-03:07");
    for (const auto* name : {"Europe/Moscow", "Asia/Vladivostok", "America/Sao_Paulo"}) {
        const auto zone = *Zone::find(name);
        for (Date day = *Date::from_ymd(1900, 1, 1); day.year() < 1925; day = day.plus_days(1)) {
            const Timestamp start = zone.start_of_day(day);
            CHECK(start.local_date() == day);
            CHECK(zone.date_of(start.plus_us(kUsPerSecond * 3600)) == day);
        }
    }
}

TEST_CASE("I6: a change of the clock at midnight leaves the day its name") {
    CHECK(local("America/Sao_Paulo", "2018-11-04") == "2018-11-04T00:00:00-03:00 impossible");
    CHECK(local("Asia/Beirut", "2022-03-27") == "2022-03-27T00:00:00+02:00 impossible");
    CHECK(local("America/Havana", "2022-11-06 00:30") == "2022-11-06T00:30:00-04:00 ambiguous");
}

TEST_CASE("I6: whatever offset a time was written with, it leaves with the clinic's") {
    const auto here = [](const char* zone, const char* text) {
        return Zone::find(zone)->of(*Timestamp::parse_rfc3339(text)).to_string();
    };
    CHECK(here("Asia/Vladivostok", "2026-03-31T14:00:00Z") == "2026-04-01T00:00:00+10:00");
    CHECK(here("Europe/Berlin", "2026-07-01T10:00:00+01:00") == "2026-07-01T11:00:00+02:00");
    CHECK(here("Europe/Moscow", "2026-03-02T10:00:00+03:00") == "2026-03-02T10:00:00+03:00");
    // without a clock: that day
    CHECK(here("Asia/Vladivostok", "2026-03-31T00:00:00Z") == "2026-03-31T00:00:00+10:00");
    CHECK(here("America/New_York", "2026-03-31T00:00:00+03:00") == "2026-03-31T00:00:00-04:00");
    // left out by a change of the clock, and marked when it was read
    CHECK(here("America/Sao_Paulo", "2018-11-04T00:00:00-03:00") == "2018-11-04T00:00:00-03:00");
    CHECK(here("Europe/Moscow", "2010-03-28T02:30:00+03:00") == "2010-03-28T02:30:00+03:00");
}

TEST_CASE("only names of the zone database name a zone") {
    for (const auto* name :
         {"", "/usr/share/zoneinfo/Europe/Moscow", "../zoneinfo/Europe/Moscow", "localtime",
          "Europe", "zone.tab", "Fixed/UTC+05:00:00", "right/Europe/Moscow", "Europe/Moscow ",
          "file:x"})
        CHECK_MESSAGE(!Zone::find(name), name);
    CHECK(Zone::find("UTC")->name() == "UTC");
    CHECK(Zone::find("Etc/GMT-3").has_value());
}
