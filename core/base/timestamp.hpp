// Points in time, calendar dates and the zones of clinics (I6).
//
// A Timestamp is an instant with the offset it was observed at: the wire form is RFC 3339 with
// offset. Order and equality are those of the instant. A Zone is an IANA zone with its whole
// history; MIS clocks are local and zoneless.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mis {

struct Date {               // proleptic Gregorian
    std::int32_t days = 0;  // since 1970-01-01

    static std::optional<Date> from_ymd(int year, int month, int day);  // nullopt: no such day
    static std::optional<Date> parse_iso(std::string_view yyyy_mm_dd);
    std::string to_string() const;  // 2026-03-02
    int year() const;
    int month() const;
    int day() const;
    Date plus_days(int count) const { return Date{days + count}; }
    friend auto operator<=>(const Date&, const Date&) = default;
};

struct Timestamp {
    std::int64_t unix_us = 0;     // microseconds since 1970-01-01T00:00:00Z
    std::int32_t offset_min = 0;  // east of UTC

    static std::optional<Timestamp> parse_rfc3339(std::string_view text
    );  // offset required; 24:00 and leap seconds refused
    // 2026-03-02T10:00:00+03:00; a fraction only where there is one (shortest of 3 or 6 digits);
    // UTC as +00:00
    std::string to_string() const;
    Date local_date() const;
    bool is_midnight() const;  // 00:00:00 by its own offset
    Timestamp plus_us(std::int64_t count) const { return Timestamp{unix_us + count, offset_min}; }
    friend bool operator==(const Timestamp& a, const Timestamp& b) {
        return a.unix_us == b.unix_us;
    }
    friend auto operator<=>(const Timestamp& a, const Timestamp& b) {
        return a.unix_us <=> b.unix_us;
    }
};

struct LocalTime {  // a zoneless wall-clock time as MISs write it
    Date date;
    std::int64_t us_of_day = 0;  // 0 .. 24h, 24:00 allowed (next midnight)

    // "2026-03-02 10:00[:00[.1234]]", "2026-03-02T10:00", "02.03.2026 10:00[:00]",
    // "20260302100000", each also without time (midnight)
    static std::optional<LocalTime> parse(std::string_view text);
};

enum class LocalTimeNote { exact, ambiguous, impossible };

class Zone {  // cheap to copy; the zone database's entries live for ever
  public:
    static std::optional<Zone> find(std::string_view iana_name);
    std::string_view name() const;
    struct Resolved {
        Timestamp time;
        LocalTimeNote note;
    };
    // A local time that a clock change made ambiguous or impossible takes the earlier offset (the
    // one in force before the change) and is marked.
    Resolved resolve(const LocalTime& local) const;
    Timestamp at(std::int64_t unix_us) const;  // that instant with this zone's offset
    // The same by this zone's clock, whatever offset it was written with. Exactly midnight has no
    // clock: it is that whole day here (I6).
    Timestamp of(const Timestamp& time) const;
    Date date_of(const Timestamp& time) const { return at(time.unix_us).local_date(); }
    Timestamp start_of_day(Date day) const { return resolve(LocalTime{day, 0}).time; }

  private:
    const void* entry_ = nullptr;
    explicit Zone(const void* entry) : entry_(entry) {}
};

inline constexpr std::int64_t kUsPerSecond = 1'000'000;
inline constexpr std::int64_t kUsPerDay = 86'400 * kUsPerSecond;

}  // namespace mis
