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
