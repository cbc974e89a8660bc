// When an account is closed, and when it is open again (L7). The closing itself is
// remembered: it stands in what was announced.
#pragma once

#include "domain/change.hpp"
#include "domain/limit_ledger/account.hpp"
#include "domain/plan_tracker/plan.hpp"

namespace mis::domain {

// What is said of an account may leave where any of its patients' may.
Permission permission_of(const Change& change, const Account& account);

// Everything that closes the account now: "inbox:ID", "cancelled:TIME", "valid_to:DATE",
// "order:ID". Asks for a tick where time alone will close it.
std::vector<std::string> closing_reasons(
    const Account& account, const Tracked& tracked, Change& change
);

// They close an account that is open. A reason closes once: only a new one closes what a grant
// opened again, or the order that opened it, when it completes anew.
bool closes_now(
    const std::vector<std::string>& reasons, const std::vector<std::string>& known,
    const Change& change
);

// When what closes the account now came to pass: its term has an end of its own, the rest is said
// now.
Timestamp closed_since(
    const Account& account, const std::vector<std::string>& reasons,
    const std::vector<std::string>& known, const Change& change
);

// Open once this change set is announced.
bool is_open(const Account& account, const Tracked& tracked, Change& change);

// It was announced closed, and a higher grant came, or what closed it in the MIS was taken back.
bool is_reopened(const Account& account, const Standing* told, const Change& change);

}  // namespace mis::domain
