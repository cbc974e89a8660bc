#include "domain/history.hpp"

#include "base/json_text.hpp"

namespace mis::domain {

bool is_history(const RecordKey& key, std::string_view body, const Rules& rules) {
    if (!rules.counts_from.contains(key.source)) return false;
    const char* const field = key.kind == "procedure"     ? "performed_at"
                              : key.kind == "payment"     ? "paid_at"
                              : key.kind == "appointment" ? "starts_at"
                                                          : nullptr;
    if (field == nullptr) return false;
    const JsonView fields(body);
    const auto at = Timestamp::parse_rfc3339(fields.find(field).string());
    const Zone zone = rules.zone_of_branch(key.source, fields.find("branch_source_id").string());
    return at && rules.is_history(key.source, zone.date_of(*at));
}

}  // namespace mis::domain
