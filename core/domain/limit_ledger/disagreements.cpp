#include "domain/limit_ledger/disagreements.hpp"

namespace mis::domain {

std::vector<Disagreement> disagreements_of(const Account& account, const Rules& rules) {
    std::vector<Disagreement> found;
    const LimitStatement& strongest = account.statements.front();
    for (const LimitStatement& said : account.statements) {
        // D5: what it counts of before its source did is not ours.
        const bool counts_more =
            rules.is_history(said.key.source, said.valid_from.value_or(Date{}));
        if (said.used && said.used->currency == account.granted.currency && !counts_more) {
            const bool agrees = *said.used == account.consumed ||
                                *said.used == account.consumed - account.overrun();
            if (!agrees) found.push_back({"used", account.consumed, *said.used, &said});
        }
        if (&said != &strongest && said.granted != account.granted)
            found.push_back({"granted", account.granted, said.granted, &said});
    }
    return found;
}

bool judges(const Stop& stop, const Account& account, const Rules& rules) {
    return account.in_force_on(rules.clinic_zone.date_of(stop.from));
}

}  // namespace mis::domain
