// What may leave the clinic and on what ground (X1, X2): the first gate; disclosure is
// the second.
//
// `ordered`: a linked order with consent lets the patient's records from its Order::exports_from on
// leave, whole days of the clinic; earlier ones stay. `all`: everything, until the patient
// withdraws; from then on his orders' consents alone. What stays is tracked all the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/orders.hpp"

namespace mis::domain {

struct Permission {
    Export leaves = Export::withheld;
    // Of what stays "no_consent", "before_consent" (of a record that is older), "withdrawn",
    // "never_left" (the end of what had stayed too).
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
    bool withdrawn(const std::string& patient) const {
        return orders_.withdrawn.contains(orders_.standing_for(patient));
    }
    // X2: that something falls away of an announcement that left; stays after a withdrawal.
    Permission fallen(Export announced, const std::string& patient) const;
    // The same of one of the patient's records, of that business time (where it is known): only
    // what a consent that stands now covers.
    Permission fallen(
        Export announced, const std::string& patient, const std::optional<Timestamp>& at
    ) const;
    // The same of a charge or payment, whose reversal names no work and always follows it.
    Permission reversed(
        Export announced, const std::string& patient, const std::optional<Timestamp>& at
    ) const;

  private:
    const Orders& orders_;
    const Rules& rules_;
    std::string ground_of_all_;

    bool needs_consent(const std::string& patient) const;
    Permission by_consent(const std::string& patient, const Timestamp* at) const;
};

}  // namespace mis::domain
