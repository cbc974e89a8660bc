// EventRows: events as a bookkeeper reads them, one row each: type, what it is about, figures in
// roubles, reason. For tests/scenarios and `scenario --table`; not a format that anybody parses.
//
// Hashes become "line 2", "plan 1" in the order in which they first appear, so rows do not depend
// on keys; one object per table.
#pragma once

#include <map>
#include <string>

#include "base/json.hpp"

namespace mis::domain {

class EventRows {
  public:
    // Ends with a newline. `type` without "mis." and ".v1". A withheld event's row begins with "-",
    // and what never left is numbered apart: "line h1".
    std::string row(const std::string& type, const Json& data, bool withheld);

  private:
    std::map<std::string, std::string> names_, hidden_names_;
    bool withheld_ = false;
    std::map<std::string, int> counts_;

    std::string name(const std::string& kind, const std::string& id);
};

}  // namespace mis::domain
