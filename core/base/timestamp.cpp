#include "base/timestamp.hpp"

#include <absl/time/time.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>

#include "base/result.hpp"

namespace mis {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

class Scanner {  // fixed-width numbers and literal characters; remembers the first failure
  public:
    explicit Scanner(std::string_view text) : rest_(text) {}
    int number(std::size_t width) {
        if (rest_.size() < width) return failed();
        int value = 0;
        for (std::size_t i = 0; i < width; ++i) {
            const char c = rest_[i];
            if (c < '0' || c > '9') return failed();
            value = value * 10 + (c - '0');
        }
        rest_.remove_prefix(width);
        return value;
    }
    bool take(char c) {
        if (rest_.empty() || rest_[0] != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void need(char c) {
        if (!take(c)) failed();
    }
    std::int64_t fraction_us() {  // after the point: 1 to 9 digits, cut to microseconds
        std::int64_t us = 0;
        int digits = 0;
        while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9' && digits < 9) {
            if (digits < 6) us = us * 10 + (rest_[0] - '0');
            ++digits;
            rest_.remove_prefix(1);
        }
        if (digits == 0) failed();
        for (; digits < 6; ++digits) us *= 10;
        return us;
    }
    std::string_view rest() const { return rest_; }
    bool good() const { return good_; }
    int failed() {
        good_ = false;
        return 0;
    }

  private:
    std::string_view rest_;
    bool good_ = true;
};

// yyyy-mm-dd; nullopt: not of that form, or no such day.
std::optional<Date> iso_date(Scanner& scan) {
    const int year = scan.number(4);
    scan.need('-');
    const int month = scan.number(2);
    scan.need('-');
    const int day = scan.number(2);
    if (!scan.good()) return std::nullopt;
    return Date::from_ymd(year, month, day);
}

std::optional<std::int64_t> time_of_day_us(Scanner& scan) {
    const int hour = scan.number(2);
    scan.need(':');
    const int minute = scan.number(2);
    int second = 0;
    std::int64_t fraction = 0;
    if (scan.take(':')) {
        second = scan.number(2);
        if (scan.take('.')) fraction = scan.fraction_us();
    }
    if (!scan.good() || minute > 59 || second > 59 || hour > 24) return std::nullopt;
    const std::int64_t us = ((hour * 60 + minute) * 60 + second) * kUsPerSecond + fraction;
    if (us > kUsPerDay) return std::nullopt;
    return us;
}

void append_two(std::string& out, int value) {
    out += static_cast<char>('0' + value / 10);
    out += static_cast<char>('0' + value % 10);
}

void append_date(std::string& out, std::int32_t days) {
    const year_month_day ymd{sys_days{std::chrono::days{days}}};
    const int year = static_cast<int>(ymd.year());
    append_two(out, year / 100);
    append_two(out, year % 100);
    out += '-';
    append_two(out, static_cast<int>(static_cast<unsigned>(ymd.month())));
    out += '-';
    append_two(out, static_cast<int>(static_cast<unsigned>(ymd.day())));
}

std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
    return value >= 0 ? value / by : -((-value + by - 1) / by);
}

}  // namespace

std::optional<Date> Date::from_ymd(int year, int month, int day) {
    if (year < 1 || year > 9999 || month < 1 || day < 1) return std::nullopt;
    const year_month_day ymd{
        std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
        std::chrono::day{static_cast<unsigned>(day)}};
    if (!ymd.ok()) return std::nullopt;
    return Date{static_cast<std::int32_t>(sys_days{ymd}.time_since_epoch().count())};
}

std::optional<Date> Date::parse_iso(std::string_view text) {
    Scanner scan(text);
    const auto date = iso_date(scan);
    if (!scan.rest().empty()) return std::nullopt;
    return date;
}

std::string Date::to_string() const {
    std::string out;
    append_date(out, days);
    return out;
}

static year_month_day civil(const Date& date) {
    return year_month_day{sys_days{std::chrono::days{date.days}}};
}
int Date::year() const { return static_cast<int>(civil(*this).year()); }
int Date::month() const { return static_cast<int>(static_cast<unsigned>(civil(*this).month())); }
int Date::day() const { return static_cast<int>(static_cast<unsigned>(civil(*this).day())); }

std::optional<Timestamp> Timestamp::parse_rfc3339(std::string_view text) {
    Scanner scan(text);
    const auto date = iso_date(scan);
    if (!scan.take('T') && !scan.take('t') && !scan.take(' ')) return std::nullopt;
    const auto us = time_of_day_us(scan);
    if (!scan.good() || !us || *us >= kUsPerDay) return std::nullopt;
    int offset = 0;
    if (!scan.take('Z') && !scan.take('z')) {
        const bool west = scan.take('-');
        if (!west && !scan.take('+')) return std::nullopt;
        const int hours = scan.number(2);
        scan.need(':');
        const int minutes = scan.number(2);
        if (hours > 18 || minutes > 59) return std::nullopt;
        offset = (hours * 60 + minutes) * (west ? -1 : 1);
    }
    if (!scan.good() || !scan.rest().empty()) return std::nullopt;
    if (!date) return std::nullopt;
    return Timestamp{date->days * kUsPerDay + *us - offset * 60 * kUsPerSecond, offset};
}

std::string Timestamp::to_string() const {
    const std::int64_t local = unix_us + offset_min * 60 * kUsPerSecond;
    const std::int64_t day = floor_divide(local, kUsPerDay);
    std::int64_t us = local - day * kUsPerDay;
    std::string out;
    out.reserve(32);
    append_date(out, static_cast<std::int32_t>(day));
    out += 'T';
    const auto seconds = static_cast<int>(us / kUsPerSecond);
    us %= kUsPerSecond;
    append_two(out, seconds / 3600);
    out += ':';
    append_two(out, seconds / 60 % 60);
    out += ':';
    append_two(out, seconds % 60);
    if (us != 0) {
        std::string fraction = std::to_string(us);
        fraction.insert(0, 6 - fraction.size(), '0');
        if (us % 1000 == 0) fraction.resize(3);
        out += '.';
        out += fraction;
    }
    const int magnitude = offset_min < 0 ? -offset_min : offset_min;
    out += offset_min < 0 ? '-' : '+';
    append_two(out, magnitude / 60);
    out += ':';
    append_two(out, magnitude % 60);
    return out;
}

Date Timestamp::local_date() const {
    return Date{
        static_cast<std::int32_t>(floor_divide(unix_us + offset_min * 60 * kUsPerSecond, kUsPerDay)
        )};
}

bool Timestamp::is_midnight() const {
    return (unix_us + offset_min * 60 * kUsPerSecond) % kUsPerDay == 0;
}

std::optional<LocalTime> LocalTime::parse(std::string_view text) {
    std::optional<Date> date;
    Scanner scan(text);
    if (text.size() >= 10 && text[2] == '.' && text[5] == '.') {  // dd.mm.yyyy
        const int day = scan.number(2);
        scan.need('.');
        const int month = scan.number(2);
        scan.need('.');
        const int year = scan.number(4);
        if (scan.good()) date = Date::from_ymd(year, month, day);
    } else if (text.size() >= 10 && text[4] == '-') {
        date = iso_date(scan);
    } else if (text.size() == 8 || text.size() == 14) {  // yyyymmdd[hhmmss]
        const int year = scan.number(4);
        const int month = scan.number(2);
        const int day = scan.number(2);
        if (scan.good()) date = Date::from_ymd(year, month, day);
        if (!date) return std::nullopt;
        if (scan.rest().empty()) return LocalTime{*date, 0};
        const int hour = scan.number(2);
        const int minute = scan.number(2);
        const int second = scan.number(2);
        if (!scan.good() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
        return LocalTime{*date, ((hour * 60 + minute) * 60 + second) * kUsPerSecond};
    }
    if (!date) return std::nullopt;
    if (scan.rest().empty()) return LocalTime{*date, 0};
    if (!scan.take(' ') && !scan.take('T')) return std::nullopt;
    const auto us = time_of_day_us(scan);
    if (!us || !scan.rest().empty()) return std::nullopt;
    return LocalTime{*date, *us};
}

namespace {

constexpr std::int64_t kUsPerMinute = 60 * kUsPerSecond;

// Zones before 1920 or so were ahead by seconds too, which RFC 3339 cannot say: their clocks are
// read as ahead by whole minutes, so that a day stays that day.
std::int32_t whole_minutes(std::int64_t seconds) {
    return static_cast<std::int32_t>(floor_divide(seconds, 60));
}

struct Entry {
    std::string name;
    absl::TimeZone zone;
};

// A name of the zone database, and no other way to say a file.
bool is_zone_name(std::string_view name) {
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '/' || c == '_' || c == '-' || c == '+';
    });
    return plain && !name.empty() && name.size() <= 64 && name.front() != '/' &&
           name != "localtime" && !name.starts_with("Fixed/") && !name.starts_with("right/") &&
           !name.starts_with("posix/");
}

}  // namespace

std::optional<Zone> Zone::find(std::string_view iana_name) {
    static std::mutex mutex;
    static std::map<std::string, Entry, std::less<>> known;  // entries are never removed
    if (!is_zone_name(iana_name)) return std::nullopt;
    const std::lock_guard lock(mutex);
    auto found = known.find(iana_name);
    if (found == known.end()) {
        Entry entry{std::string(iana_name), {}};
        if (!absl::LoadTimeZone(entry.name, &entry.zone)) return std::nullopt;
        found = known.emplace(entry.name, entry).first;
    }
    return Zone(&found->second);
}

static const Entry& entry_of(const void* entry) {
    MIS_ASSERT(entry != nullptr);
    return *static_cast<const Entry*>(entry);
}

std::string_view Zone::name() const { return entry_of(entry_).name; }

Zone::Resolved Zone::resolve(const LocalTime& local) const {
    const std::int64_t local_us = local.date.days * kUsPerDay + local.us_of_day;
    const absl::CivilSecond civil =
        absl::CivilSecond() + floor_divide(local_us, kUsPerSecond);  // from 1970 on
    const auto found = entry_of(entry_).zone.At(civil);
    // the offset in force before a change, also of a time that the change left out
    const std::int64_t offset = (civil - absl::CivilSecond()) - absl::ToUnixSeconds(found.pre);
    const auto note = found.kind == absl::TimeZone::TimeInfo::UNIQUE ? LocalTimeNote::exact
                      : found.kind == absl::TimeZone::TimeInfo::REPEATED
                          ? LocalTimeNote::ambiguous
                          : LocalTimeNote::impossible;
    const std::int32_t minutes = whole_minutes(offset);
    return {Timestamp{local_us - minutes * kUsPerMinute, minutes}, note};
}

Timestamp Zone::of(const Timestamp& time) const {
    const Timestamp here = at(time.unix_us);
    if (here.offset_min == time.offset_min) return time;
    const std::int64_t local_us = time.unix_us + time.offset_min * kUsPerMinute;
    const Date day = time.local_date();
    const Timestamp by_clock = resolve(LocalTime{day, local_us - day.days * kUsPerDay}).time;
    // a day, or a time that a change left out and that was written with the offset before it
    if (time.is_midnight() || by_clock == time) return by_clock;
    return here;
}

Timestamp Zone::at(std::int64_t unix_us) const {
    struct Period {  // between two changes of a zone's clock: the last one asked for
        const void* zone = nullptr;
        std::int64_t from_s = 0, to_s = 0;
        std::int32_t offset_min = 0;
    };
    thread_local Period last;
    const std::int64_t second = floor_divide(unix_us, kUsPerSecond);
    if (last.zone != entry_ || second < last.from_s || second >= last.to_s) {
        const absl::TimeZone& zone = entry_of(entry_).zone;
        const absl::Time time = absl::FromUnixSeconds(second);
        const auto changed_at = [&](const absl::TimeZone::CivilTransition& change) {
            return absl::ToUnixSeconds(zone.At(change.to).trans);
        };
        absl::TimeZone::CivilTransition change;
        last = Period{entry_, INT64_MIN, INT64_MAX, whole_minutes(zone.At(time).offset)};
        if (zone.NextTransition(time, &change)) last.to_s = changed_at(change);
        if (zone.PrevTransition(time + absl::Seconds(1), &change)) last.from_s = changed_at(change);
    }
    return Timestamp{unix_us, last.offset_min};
}

}  // namespace mis
