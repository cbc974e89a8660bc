#include "disclosure/free_slots.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace mis::disclosure {
namespace {

constexpr std::int64_t kUsPerMinute = 60 * kUsPerSecond;

using Key = std::tuple<std::string, std::string, std::string>;  // source, branch, doctor

std::int64_t floor_minute(std::int64_t us) {
    const std::int64_t rest = us % kUsPerMinute;
    return us - (rest < 0 ? rest + kUsPerMinute : rest);
}
std::int64_t ceil_minute(std::int64_t us) { return floor_minute(us + kUsPerMinute - 1); }

std::int64_t us_of_day(const Timestamp& time) {
    const std::int64_t local = time.unix_us + time.offset_min * kUsPerMinute;
    return local - local / kUsPerDay * kUsPerDay;
}

class DayCutter {  // one row's days
  public:
    DayCutter(const Zone& zone, const SlotTerms& terms, int cell_minutes)
        : zone_(zone), terms_(terms), cell_us_(cell_minutes * kUsPerMinute) {}

    void add(const domain::Interval& interval, FreeSlots::Day& day) const {
        if (interval.state == domain::IntervalState::free)
            add_free(interval, day);
        else if (terms_.with_busy)
            add_busy(interval, day);
    }

  private:
    void add_free(const domain::Interval& interval, FreeSlots::Day& day) const {
        std::int64_t start = ceil_minute(interval.starts_at.unix_us);
        if (start < terms_.now_us)
            start += (terms_.now_us - start + cell_us_ - 1) / cell_us_ * cell_us_;
        for (; start + cell_us_ <= interval.ends_at.unix_us; start += cell_us_)
            append(start, start + cell_us_, true, day);
    }
    void add_busy(const domain::Interval& interval, FreeSlots::Day& day) const {
        const std::int64_t start = floor_minute(interval.starts_at.unix_us);
        std::int64_t end = ceil_minute(interval.ends_at.unix_us);
        if (zone_.at(end).local_date() != day.day) end -= kUsPerMinute;  // midnight: the day's last
        append(start, end, false, day);
    }
    // Neither over midnight nor where the clocks are set back: the clock's time has to grow.
    void append(std::int64_t start, std::int64_t end, bool free, FreeSlots::Day& day) const {
        const Timestamp from = zone_.at(start), to = zone_.at(end);
        if (from.local_date() != day.day || to.local_date() != day.day) return;
        if (us_of_day(to) <= us_of_day(from)) return;
        const auto last = std::find_if(day.cells.rbegin(), day.cells.rend(), [&](const auto& cell) {
            return cell.free == free;
        });
        if (last != day.cells.rend() && us_of_day(from) < us_of_day(last->ends_at)) return;
        day.cells.push_back({from, to, free});
    }

    const Zone& zone_;
    const SlotTerms& terms_;
    const std::int64_t cell_us_;
};

}  // namespace

std::size_t FreeSlots::free_cells() const {
    std::size_t count = 0;
    for (const auto& doctor : doctors_)
        for (const auto& day : doctor.days)
            count += static_cast<std::size_t>(std::count_if(
                day.cells.begin(), day.cells.end(), [](const Cell& cell) { return cell.free; }
            ));
    return count;
}

SlotDisclosure disclose_slots(
    std::span<const domain::DaySlots> days, const SlotTable& table, const SlotTerms& terms
) {
    std::map<Key, std::vector<const domain::DaySlots*>> known;
    for (const auto& day : days)
        known[{day.source, day.branch_source_id, day.practitioner_source_id}].push_back(&day);

    SlotDisclosure disclosed;
    std::set<Key> mapped;
    std::map<std::string, std::vector<FreeSlots::Doctor>> by_branch;
    std::vector<std::string> branches;
    for (const SlotRow& row : table.rows) {
        const Zone zone = terms.zone_of_branch(row.source, row.branch);
        const Date today = zone.at(terms.now_us).local_date();
        FreeSlots::Doctor doctor{
            row.their_doctor,
            row.their_branch,
            row.doctor_name,
            row.specialty,
            row.branch_name,
            row.cell_minutes > 0 ? row.cell_minutes : terms.cell_minutes,
            {}};
        for (int i = 0; i < terms.days; ++i) doctor.days.push_back({today.plus_days(i), {}});
        const DayCutter cutter(zone, terms, doctor.cell_minutes);
        const Key key{row.source, row.branch, row.doctor};
        mapped.insert(key);
        const auto found = known.find(key);
        if (found == known.end())
            disclosed.without_times.push_back(row);
        else
            for (const auto* day : found->second) {
                const int at = day->day.days - today.days;
                if (at < 0 || at >= terms.days) continue;
                for (const auto& interval : day->intervals)
                    cutter.add(interval, doctor.days[static_cast<std::size_t>(at)]);
            }
        auto& doctors = by_branch[doctor.branch];
        if (doctors.empty()) branches.push_back(doctor.branch);
        doctors.push_back(std::move(doctor));
    }
    for (const auto& branch : branches)
        for (auto& doctor : by_branch[branch])
            disclosed.leaving.doctors_.push_back(std::move(doctor));

    for (const SlotRow& row : table.declined) mapped.insert({row.source, row.branch, row.doctor});
    std::set<Key> proposed;
    for (const SlotRow& row : table.proposals)
        proposed.insert({row.source, row.branch, row.doctor});
    for (const auto& [key, of] : known) {
        const bool has_free = std::any_of(of.begin(), of.end(), [](const domain::DaySlots* day) {
            return std::any_of(day->intervals.begin(), day->intervals.end(), [](const auto& one) {
                return one.state == domain::IntervalState::free;
            });
        });
        if (!has_free || mapped.contains(key)) continue;
        const auto& [source, branch, doctor] = key;
        disclosed.unmapped.push_back({source, branch, doctor, proposed.contains(key)});
    }
    return disclosed;
}

}  // namespace mis::disclosure
