// Which patient an order means (P9): every identifier that was sent must equal; an empty
// field in the MIS is no match.
#pragma once

#include <optional>
#include <string>

#include "base/json.hpp"

namespace mis::inbox {

struct OrderIdentity {  // in the form that is compared; private
    std::optional<std::string> phone_last_ten;
    std::optional<std::string> folded_last_name;
    std::optional<std::string> birth_date;  // 1990-01-01

    bool is_empty() const { return !phone_last_ten && !folded_last_name && !birth_date; }
    // "phone+last_name": what a match rests on, never the identifiers themselves.
    std::string ground() const;
};

// `patient` of an order.placed as stored; empty where it was erased.
OrderIdentity order_identity(const Json& patient);

// `body`: a canonical patient record. A merged patient never matches: the one it was merged into
// does.
bool matches(const OrderIdentity& identity, const Json& body);

}  // namespace mis::inbox
