// What a payer approved beyond the plan, and refused again (P10). Of all that was said about an
// item, its work, a wider code of it or the whole plan, the latest message stands.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "domain/plan_tracker/plan.hpp"

namespace mis::domain {

class Approvals {
  public:
    explicit Approvals(const std::vector<InboxFact>& messages);
    // item: that the work settles or starts; null: none.
    bool covers(const Plan& plan, const Work& work, const PlanItem* item) const;

  private:
    struct Said {
        bool approved = false;
        std::uint64_t position = 0;
    };
    // "PLAN OR ORDER/ITEM OR CODE"; "/" alone: the whole plan
    using ByName = std::map<std::string, Said>;
    ByName items_, works_;

    static void look_up(const ByName& all, const Plan& plan, const std::string& what, Said& latest);
};

}  // namespace mis::domain
