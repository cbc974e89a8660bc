// Concerned: which patients an event tells something of, by its content alone: for the trace
// (outbox/trace.hpp), where nobody is shown beside others who merely share an account with him.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_text.hpp"
#include "domain/event.hpp"

namespace mis::gateway {

class Concerned {
  public:
    using Accounts = std::map<std::string, std::vector<std::string>, std::less<>>;

    // `shared`: of accounts of several. `everybody`: of the group, for an account that nobody
    // states any more. The first outlives it.
    Concerned(const Accounts& shared, std::vector<std::string> everybody)
        : shared_(shared), everybody_(std::move(everybody)) {}

    // Pseudonyms, none twice; none at all: it concerns nobody (free times, an order that waits).
    std::vector<std::string> of(const domain::Event& event) const {
        return of(event.partition_key, event.data.view());
    }
    std::vector<std::string> of(std::string_view partition_key, JsonView data) const;

    // Whose a charge is, by its id: a statement over many patients names charges only.
    std::map<std::string, std::string, std::less<>> patient_of_charge;

  private:
    const Accounts& shared_;
    std::vector<std::string> everybody_;
};

}  // namespace mis::gateway
