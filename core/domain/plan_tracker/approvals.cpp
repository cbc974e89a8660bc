#include "domain/plan_tracker/approvals.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "domain/body_fields.hpp"

namespace mis::domain {

Approvals::Approvals(const std::vector<InboxFact>& messages) {
    std::vector<const InboxFact*> sorted;
    for (const InboxFact& message : messages) {
        if (message.type == "plan.approved" || message.type == "plan.refused")
            sorted.push_back(&message);
    }
    std::sort(sorted.begin(), sorted.end(), [](const InboxFact* a, const InboxFact* b) {
        return a->position < b->position;
    });
    for (const InboxFact* message : sorted) {
        const BodyFields fields(message->body);
        const bool approved = message->type == "plan.approved";
        const std::string plan =
            fields.text("plan").empty() ? fields.text("order") : fields.text("plan");
        const auto items = fields.texts("items");
        const auto works = fields.texts("works");
        for (const std::string& item : items) items_[plan + "/" + item] = approved;
        for (const std::string& work : works) works_[plan + "/" + fold_code(work)] = approved;
        if (items.empty() && works.empty()) works_[plan + "/"] = approved;
    }
}

bool Approvals::stands(
    const std::map<std::string, bool>& all, const Plan& plan, const std::string& what
) {
    for (const std::string& of : {plan.id, plan.order}) {
        const auto found = of.empty() ? all.end() : all.find(of + "/" + what);
        if (found != all.end()) return found->second;
    }
    return false;
}

bool Approvals::covers_item(const Plan& plan, const PlanItem& item) const {
    return stands(items_, plan, item.id);
}

bool Approvals::covers_work(const Plan& plan, const Work& work) const {
    if (stands(works_, plan, "") ||
        (!work.folded_code.empty() && stands(works_, plan, work.folded_code)))
        return true;
    for (std::string code = work.nomenclature;
         !code.empty();) {  // A16.07.002 approves A16.07.002.010
        if (stands(works_, plan, code)) return true;
        const auto dot = code.rfind('.');
        code = dot == std::string::npos ? std::string() : code.substr(0, dot);
    }
    return false;
}

}  // namespace mis::domain
