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
        const Said said{approved, message->position};
        for (const std::string& item : items) items_[plan + "/" + item] = said;
        for (const std::string& work : works) works_[plan + "/" + fold_code(work)] = said;
        if (items.empty() && works.empty()) works_[plan + "/"] = said;
    }
}

void Approvals::look_up(
    const ByName& all, const Plan& plan, const std::string& what, Said& latest
) {
    for (const std::string* of : {&plan.id, &plan.order}) {
        const auto found = of->empty() ? all.end() : all.find(*of + "/" + what);
        if (found != all.end() && found->second.position >= latest.position) latest = found->second;
    }
}

bool Approvals::covers(const Plan& plan, const Work& work, const PlanItem* item) const {
    if (items_.empty() && works_.empty()) return false;
    Said latest;
    if (item != nullptr) look_up(items_, plan, item->id, latest);
    look_up(works_, plan, "", latest);
    // A price list's codes speak for its own source's lines (P11); an order's come from any list.
    const bool one_list = plan.source.empty() || work.list.empty() || plan.source == work.list;
    if (one_list && !work.folded_code.empty()) look_up(works_, plan, work.folded_code, latest);
    for (std::string code = work.nomenclature;
         !code.empty();) {  // A16.07.002 approves A16.07.002.010
        look_up(works_, plan, code, latest);
        const auto dot = code.rfind('.');
        code = dot == std::string::npos ? std::string() : code.substr(0, dot);
    }
    return latest.approved;
}

}  // namespace mis::domain
