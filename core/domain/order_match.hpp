// Which patient an order is of (domain.md P9): every identifier that was sent must equal, and an empty field in the MIS is no match.
//
// Private on both sides: only the ground leaves this file ("birth_date+phone"), never a value. Partner registers' rows are matched by the same rule.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "base/json.hpp"

namespace mis::domain {

struct Candidate {  // a patient's standing record
    RecordKey key;
    const Json* body = nullptr;
};

struct OrderMatch {
    std::optional<RecordKey> patient;  // set: exactly one
    std::uint32_t candidates = 0;
    std::string ground;                // the identifiers that agreed, by name, sorted, joined with "+"
};

// `identifiers` is order.placed's `patient`. Fewer than two identifiers, or one that cannot be read, match nobody. Patients merged into another count
// as the one they went into.
OrderMatch match_order(const Json& identifiers, std::span<const Candidate> patients);

// What a store may index to find candidates: the last ten digits of each phone, the folded last name, the birth date; each prefixed with its name.
std::vector<std::string> match_keys_of_patient(const Json& body);
std::vector<std::string> match_keys_of_order(const Json& identifiers);

}  // namespace mis::domain
