// An organization's statement over all its accounts (B4): what was booked in a period of every
// patient, by booking day, unallocated. One for what its accounts took (payer `limit`), one for
// what it owes beyond them, per currency; at 0 where nothing was booked.
//
// Only what left the clinic is told. The groups come one after another, so memory grows with what
// was booked in the period.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "domain/billing/statement.hpp"

namespace mis::domain {

struct PayerRequest {
    std::string id, party;  // party: the organization, as `payer_party` names it
    std::string from, to;   // clinic days, both included
};

class PayerStatement {
  public:
    explicit PayerStatement(PayerRequest request);

    void add(const Announced& group);
    const std::string& party() const { return request_.party; }
    // Whose the charges are, by their ids, as far as what stands tells it: for the trace.
    const std::map<std::string, std::string, std::less<>>& patient_of_charge() const {
        return patient_of_charge_;
    }
    // Whether an account or charge of the party ever left the clinic.
    bool knows_party() const { return known_; }
    std::vector<Event> events(const Identity& identity, const Timestamp& now) const;

  private:
    PayerRequest request_;
    Json period_;
    bool known_ = false;
    std::map<std::string, std::string, std::less<>> patient_of_charge_;
    std::map<Payer, Statement> statements_;

    Statement& statement_of(const Payer& payer);
    void note_patients(const Announced& group);
};

}  // namespace mis::domain
