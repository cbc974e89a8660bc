#include "live.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "clinic.hpp"
#include "live_sql.hpp"

namespace mis::simulator {
namespace {

constexpr std::size_t kPatientsMax = 2000, kVisitsMax = 300;  // what one run plays with

std::int64_t id_of(const std::string& text) {
    return text == "<null>" ? 0 : std::strtoll(text.c_str(), nullptr, 10);
}
std::size_t doctor_index(Dialect dialect, std::int64_t id) {
    const auto index = id - doctor_id(dialect, 0);
    return index >= 0 && index < static_cast<std::int64_t>(doctors().size())
               ? static_cast<std::size_t>(index)
               : 0;
}

}  // namespace

Clinic::Clinic(support::FirebirdWriter& base, Dialect dialect, std::uint64_t seed, Oracle& oracle)
    : base_(base), dialect_(dialect), random_(seed), oracle_(oracle) {
    load();
}

void Clinic::load() {
    for (const auto& row : base_.rows(fmt::format(
             "select C.PCODE, C.FULLNAME, N.HISTID, N.AGRID from CLIENTS C left join CLHISTNUM N "
             "on N.HISTID = C.PCODE "
             "where C.PCODE < {} or C.PCODE > {} order by C.PCODE rows {}",
             id_base(dialect_) + 80'000'000, live_id_base(dialect_), kPatientsMax
         )))
        patients_.push_back({id_of(row[0]), row[1], id_of(row[2]), id_of(row[3])});
    const auto patient_index = [&](std::int64_t id) {
        const auto found = std::lower_bound(
            patients_.begin(), patients_.end(), id,
            [](const Patient& p, std::int64_t wanted) { return p.id < wanted; }
        );
        return found != patients_.end() && found->id == id ? found - patients_.begin() : -1;
    };
    for (const auto& row : base_.rows(fmt::format(
             "select SCHEDID, PCODE, DCODE1, cast(WORKDATE - {0} as integer), BHOUR, BMIN, "
             "CLVISIT, STARTTREAT from SCHEDULE "
             "where WORKDATE >= {0} and PCODE > 0 and TREATCODE is null order by SCHEDID desc rows "
             "{1}",
             kToday, kVisitsMax
         ))) {
        const auto patient = patient_index(id_of(row[1]));
        if (patient < 0) continue;
        const auto state = row[7] != "<null>" ? Visit::State::started
                           : row[6] == "1"    ? Visit::State::arrived
                                              : Visit::State::booked;
        visits_.push_back(
            {id_of(row[0]), static_cast<std::size_t>(patient),
             doctor_index(dialect_, id_of(row[2])), static_cast<int>(id_of(row[3])),
             static_cast<int>(id_of(row[4])), static_cast<int>(id_of(row[5])), state}
        );
    }
    for (const auto& row : base_.rows(fmt::format(
             "select TREATCODE, PCODE, FILIAL from TREAT where TREATDATE >= {} - 3 order by "
             "TREATCODE desc rows {}",
             kToday, kBillsMax
         ))) {
        const auto patient = patient_index(id_of(row[1]));
        if (patient < 0) continue;
        Bill bill{id_of(row[0]),
                  static_cast<std::size_t>(patient),
                  static_cast<int>(id_of(row[2])),
                  {},
                  0,
                  0};
        for (const auto& line : base_.rows(fmt::format(
                 "select ODETID, SCHCODE, cast(SCHCOUNT as integer), cast(round(SCHPRICE * 100) as "
                 "integer), ZUB from ORDERDET where ORDERNO = {}",
                 bill.id
             )))
            bill.lines.push_back(
                {id_of(line[0]), static_cast<std::size_t>(id_of(line[1]) - service_id(dialect_, 0)),
                 id_of(line[2]), id_of(line[3]), line[4] == "<null>" ? "" : line[4]}
            );
        bills_.push_back(std::move(bill));
    }
}

std::int64_t Clinic::next_id() {
    return base_.number("select gen_id(GEN_SIMULATOR, 1) from RDB$DATABASE");
}

std::string Clinic::commit(
    std::string_view action, const std::vector<std::string_view>& expect, const std::string& what
) {
    base_.commit();
    oracle_.committed(action, touched_, expect);
    return fmt::format("{:<10} {}", action, what);
}

std::string Clinic::act(const std::atomic<bool>& stop) {
    struct Choice {
        std::size_t weight;
        std::string (Clinic::*run)();
    };
    static constexpr std::size_t kBookWeight = 20;
    static const std::vector<Choice> choices = {
        {3, &Clinic::register_patient},
        {8, &Clinic::move},
        {12, &Clinic::arrive},
        {8, &Clinic::start},
        {14, &Clinic::treat},
        {6, &Clinic::correct},
        {2, &Clinic::remove_line},
        {4, &Clinic::cancel},
        {11, &Clinic::pay},
        {2, &Clinic::deposit},
        {1, &Clinic::spend_advance},
        {1, &Clinic::refund},
        {1, &Clinic::write_off},
        {2, &Clinic::reserve},
        {1, &Clinic::raise_limit}};
    std::size_t all = kBookWeight;
    for (const auto& choice : choices) all += choice.weight;
    std::size_t drawn = pick(all);
    for (const auto& choice : choices) {
        if (drawn < choice.weight) {
            std::string line = (this->*choice.run)();
            if (!line.empty()) return line;
            break;  // nothing there to do it with: book instead
        }
        drawn -= choice.weight;
    }
    return book(stop);
}

}  // namespace mis::simulator
