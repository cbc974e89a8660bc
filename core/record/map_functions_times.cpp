// Times and dates: of a branch by its wall clock, or of an instant.
#include <array>

#include "base/timestamp.hpp"
#include "record/map_call.hpp"

namespace mis::record {

namespace {

void give(Call& call, const Zone::Resolved& resolved) {  // I6
    const std::string time = resolved.time.to_string();
    if (resolved.note == LocalTimeNote::ambiguous)
        call.good_noted(time, "ambiguous local time (clock change), earlier offset taken");
    else if (resolved.note == LocalTimeNote::impossible)
        call.good_noted(time, "impossible local time (clock change), earlier offset taken");
    else
        call.good(time);
}

const Zone& zone_of(Call& call, int index) {
    const MapContext& context = *call.row().context;
    if (call.is_null(index)) return context.clinic_zone;
    const auto found = context.branch_zones.find(std::string(trim(call.text(index))));
    return found == context.branch_zones.end() ? context.clinic_zone : found->second;
}

// I6: an empty date, or a year outside 1900–2100, is absent.
bool is_no_day(const Date& date) { return date.year() < 1900 || date.year() > 2100; }
void no_day(Call& call, const Date& date) {
    call.row().no_day = true;
    const bool is_empty = date == *Date::from_ymd(1899, 12, 30) ||
                          date == *Date::from_ymd(1, 1, 1) || date == *Date::from_ymd(9999, 12, 31);
    if (!is_empty) call.row().add_note("a year outside 1900 to 2100 was left out");
    call.null();
}

// "2026-03-02", "02.03.2026 00:00:00": exactly midnight, as the source wrote it, is no clock (I6).
void whole_day(Call& call, const Zone& zone, const Date& date) {
    call.row().day_only = true;
    return give(call, zone.resolve(LocalTime{date, 0}));
}

void local_ts(Call& call) {  // branch, time | branch, day, minutes | branch, day, hour, minute
    if (call.issue_of(0)) return call.pass_on(0);
    for (int index = 1; index < call.count(); ++index)
        if (!call.usable_at(index)) return;
    const std::string_view text = trim(call.text(1));
    const Zone& zone = zone_of(call, 0);
    if (call.count() == 2) {
        if (const auto instant = Timestamp::parse_rfc3339(text)) {
            const Date date = instant->local_date();
            if (is_no_day(date)) return no_day(call, date);
            if (instant->is_midnight()) return whole_day(call, zone, date);
            return call.good(zone.at(instant->unix_us).to_string());
        }
    }
    auto local = LocalTime::parse(text);
    if (!local) return call.bad(call.count() == 2 ? "not a time" : "not a day", 1);
    if (is_no_day(local->date)) return no_day(call, local->date);
    if (call.count() == 2 && local->us_of_day == 0) return whole_day(call, zone, local->date);
    if (call.count() > 2) {
        if (local->us_of_day != 0) return call.bad("the day has a time of its own", 1);
        auto minutes = call.whole(2);
        if (!minutes) return;
        if (call.count() == 4) {
            const auto minute = call.whole(3);
            if (!minute) return;
            if (*minutes < 0 || *minutes > 24 || *minute < 0 || *minute > 59)
                return call.bad("no such hour and minute", 2);
            minutes = *minutes * 60 + *minute;
        }
        if (*minutes < 0 || *minutes > 24 * 60)
            return call.bad("minutes outside the day (0 to 1440)", 2);
        local->us_of_day = *minutes * 60 * kUsPerSecond;
    }
    give(call, zone.resolve(*local));
}

void unix_ts(Call& call) {  // branch, seconds since 1970
    if (call.issue_of(0)) return call.pass_on(0);
    if (!call.usable_at(1)) return;
    const auto seconds = call.whole(1);
    if (!seconds) return;
    if (*seconds < -2'000'000'000 || *seconds > 10'000'000'000)
        return call.bad("not seconds since 1970");
    const Timestamp time = zone_of(call, 0).at(*seconds * kUsPerSecond);
    if (is_no_day(time.local_date())) return no_day(call, time.local_date());
    call.good(time.to_string());
}

void plus_minutes(Call& call) {
    if (!call.usable(2)) return;
    const auto time = Timestamp::parse_rfc3339(call.text(0));
    if (!time) return call.bad("not a time with offset; local_ts() makes one");
    const auto minutes = call.whole(1);
    if (!minutes) return;
    if (is_no_day(time->local_date())) return no_day(call, time->local_date());
    if (*minutes < -1'000'000 || *minutes > 1'000'000) return call.bad("too many minutes");
    call.good(time->plus_us(*minutes * 60 * kUsPerSecond).to_string());
}

void iso_date(Call& call) {
    if (!call.usable(1)) return;
    const std::string_view text = trim(call.text(0));
    const auto instant = Timestamp::parse_rfc3339(text);
    const auto local = instant ? std::nullopt : LocalTime::parse(text);
    if (!instant && !local) return call.bad("not a date");
    const Date date = instant ? instant->local_date() : local->date;
    if (is_no_day(date)) return no_day(call, date);
    call.good(date.to_string());
}

constexpr std::array<MapFunction, 4> kTimeFunctions{{
    {"local_ts", 2, 4, local_ts},
    {"unix_ts", 2, 2, unix_ts},
    {"plus_minutes", 2, 2, plus_minutes},
    {"iso_date", 1, 1, iso_date},
}};

}  // namespace

std::span<const MapFunction> time_functions() { return kTimeFunctions; }

}  // namespace mis::record
