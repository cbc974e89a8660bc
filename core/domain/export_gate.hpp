// What may leave the clinic and on what ground (X1, X2): the first gate; disclosure is
// the second.
//
// `ordered`: a linked order with consent lets the patient's records from its placed_at on leave;
// earlier ones stay. `all`: everything, until the patient withdraws; from then on his orders'
// consents alone. What stays is tracked all the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/orders.hpp"

namespace mis::domain {

struct Permission {
    Export leaves = Export::withheld;
    std::string ground;

    bool allowed() const { return leaves == Export::leaves; }
};

class ExportGate {  // the arguments outlive it
  public:
    ExportGate(const Orders& orders, const Rules& rules)
        : orders_(orders), rules_(rules), ground_of_all_("export all: " + rules.export_ground) {}

    Permission record(const std::string& patient, const Timestamp& at)
        const;  // one of the patient's records, of that business time
    Permission patient(const std::string& patient) const;  // what has no time of its own: accounts
    Permission order(const Order& order
    ) const;  // the order itself, its plan and what follows from it
    bool withdrawn(const std::string& patient) const { return orders_.withdrawn.contains(patient); }
    // X2: what falls away of an announcement that left; after a withdrawal only charges' reversals
    // go.
    Permission fallen(Export announced, const std::string& patient) const;

  private:
    const Orders& orders_;
    const Rules& rules_;
    std::string ground_of_all_;

    bool needs_consent(const std::string& patient) const;
    Permission by_consent(const std::string& patient, const Timestamp* at) const;
};

}  // namespace mis::domain
