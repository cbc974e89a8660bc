#include "model.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "clinic.hpp"

namespace mis::simulator {
namespace {

std::int64_t half_up(std::int64_t value, std::int64_t numerator, std::int64_t denominator) {
    return (value * numerator * 2 + denominator) / (denominator * 2);
}

// A barter's partner pays all, an insurer half.
Sums divided(std::int64_t gross, int discount_percent, std::int64_t agreement) {
    const std::int64_t owed = half_up(gross, 100 - discount_percent, 100);
    const std::int64_t organization = agreement == kBarterAgreement      ? owed
                                      : agreement == kInsuranceAgreement ? owed / 2
                                                                         : 0;
    return {gross, owed - organization, organization};
}

}  // namespace

Sums sums_of(const Line& line, int discount_percent, std::int64_t agreement) {
    return divided(line.quantity * line.price_kopecks, discount_percent, agreement);
}

Sums sums_of(const Bill& bill, std::int64_t agreement, Rounding rounding) {
    Sums all{0, 0, 0};
    for (const auto& line : bill.lines) {
        const Sums one = sums_of(line, bill.discount_percent, agreement);
        all.gross += one.gross;
        all.patient_owes += one.patient_owes;
        all.organization_owes += one.organization_owes;
    }
    return rounding == Rounding::of_line ? all
                                         : divided(all.gross, bill.discount_percent, agreement);
}

std::string roubles(std::int64_t kopecks) {
    return fmt::format(
        "{}{}.{:02}", kopecks < 0 ? "-" : "", std::llabs(kopecks) / 100, std::llabs(kopecks) % 100
    );
}

}  // namespace mis::simulator
