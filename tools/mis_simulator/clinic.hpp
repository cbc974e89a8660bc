// The simulated clinic: who works there, what it sells, and how its ids are made. Everything in it
// is invented, visibly so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "infoclinica/schema.hpp"

namespace mis::simulator {

struct Service {
    std::string_view code;  // KODOPER: the national nomenclature's code (order 804н) where the
                            // clinic uses it, else its own
    std::string_view name;
    std::int64_t price_kopecks;
    int speciality;
    bool on_a_tooth;
};
const std::vector<Service>& services();

struct Doctor {
    std::string_view name;
    int department;
    int branch;
};
const std::vector<Doctor>& doctors();

inline constexpr int kBranchCount =
    2;  // 1: Moscow, 2: Yekaterinburg; the base itself knows no zones
inline constexpr int kChairsPerBranch = 3;
inline constexpr int kBarterAgreement = 11, kInsuranceAgreement = 12;
inline constexpr int kTillCash = 1, kTillCard = 2;
const std::vector<std::string_view>& teeth();

// Ids: every table counts from here; live rows come from GEN_SIMULATOR, which starts far above.
// Real bases draw 15-digit ids such as 990010000000001; dialect 1 has 32 bits only.
std::int64_t id_base(Dialect dialect);
std::int64_t live_id_base(Dialect dialect);
inline std::int64_t doctor_id(Dialect dialect, std::size_t index) {
    return id_base(dialect) + 101 + static_cast<std::int64_t>(index);
}
inline std::int64_t service_id(Dialect dialect, std::size_t index) {
    return id_base(dialect) + 1 + static_cast<std::int64_t>(index);
}
inline std::int64_t chair_id(int branch, int number) {
    return branch * 10 + number;
}  // number: 1 … kChairsPerBranch

}  // namespace mis::simulator
