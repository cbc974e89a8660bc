// What a payer approved beyond the plan, and refused again (P10). The latest message
// about an item or work stands.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "domain/plan_tracker/plan.hpp"

namespace mis::domain {

class Approvals {
  public:
    explicit Approvals(const std::vector<InboxFact>& messages);
    bool covers_item(const Plan& plan, const PlanItem& item) const;
    bool covers_work(const Plan& plan, const Work& work) const;

  private:
    std::map<std::string, bool> items_,
        works_;  // "PLAN OR ORDER/ITEM OR CODE" → approved; "/" alone: the whole plan

    static bool stands(
        const std::map<std::string, bool>& all, const Plan& plan, const std::string& what
    );
};

}  // namespace mis::domain
