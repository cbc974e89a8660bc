#include "disclosure/decision.hpp"

#include <algorithm>

#include "base/result.hpp"

namespace mis::disclosure {

std::int64_t record_decision(
    sqlite::Transaction& transaction, const Decision& decision, std::string_view who,
    std::string_view reason, std::int64_t now_us
) {
    MIS_ASSERT(std::find(kDecisions.begin(), kDecisions.end(), decision.what) != kDecisions.end());
    AuditEntry entry;
    entry.at_us = now_us;
    entry.action = kDecided;
    entry.who = who;
    entry.ground = reason;
    Json subject{{"what", decision.what}, {"subject", decision.subject}};
    if (!decision.before.is_null()) subject["before"] = decision.before;
    if (!decision.after.is_null()) subject["after"] = decision.after;
    entry.subject = canonical_json(subject);
    return Audit::append(transaction, entry);
}

std::optional<Decision> decision_of(const AuditEntry& entry) {
    if (entry.action != kDecided) return std::nullopt;
    auto subject = parse_json(entry.subject);
    if (!subject || !subject->is_object() || !subject->contains("what")) return std::nullopt;
    Decision decision;
    decision.what = subject->value("what", "");
    decision.subject = subject->value("subject", "");
    if (subject->contains("before")) decision.before = std::move((*subject)["before"]);
    if (subject->contains("after")) decision.after = std::move((*subject)["after"]);
    return decision;
}

}  // namespace mis::disclosure
