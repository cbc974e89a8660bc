#include "domain/export_gate.hpp"

namespace mis::domain {
namespace {

Permission stays(const char* why) { return Permission{Export::withheld, why}; }

}  // namespace

Permission ExportGate::by_consent(const std::string& patient, const Timestamp* at) const {
    const char* why_not = "no_consent";
    for (const Order& order : orders_.all) {  // earliest first
        if (patient.empty() || order.patient != patient || !order.consented) continue;
        if (at != nullptr && at->local_date() < order.exports_from) {
            why_not = "before_consent";
            continue;
        }
        return Permission{
            Export::leaves,
            "order " + order.id + (order.ground.empty() ? "" : ": " + order.ground)};
    }
    return stays(withdrawn(patient) ? "withdrawn" : why_not);
}

bool ExportGate::needs_consent(const std::string& patient) const {
    return rules_.export_mode == ExportMode::ordered || orders_.resumed.contains(patient);
}

Permission ExportGate::record(const std::string& patient, const Timestamp& at) const {
    if (needs_consent(patient)) return by_consent(patient, &at);
    return this->patient(patient);
}

Permission ExportGate::patient(const std::string& patient) const {
    if (needs_consent(patient)) return by_consent(patient, nullptr);
    if (withdrawn(patient)) return stays("withdrawn");
    return Permission{Export::leaves, ground_of_all_};
}

Permission ExportGate::order(const Order& order) const {
    if (!order.patient.empty() && withdrawn(order.patient)) return stays("withdrawn");
    if (!needs_consent(order.patient)) return Permission{Export::leaves, ground_of_all_};
    if (order.consented) {
        return Permission{
            Export::leaves,
            "order " + order.id + (order.ground.empty() ? "" : ": " + order.ground)};
    }
    if (order.patient.empty())
        return Permission{Export::leaves, "order " + order.id};  // tells nothing of any patient
    return stays("no_consent");
}

Permission ExportGate::fallen(Export announced, const std::string& patient) const {
    if (withdrawn(patient)) return stays("withdrawn");
    if (announced == Export::withheld) return stays("never_left");
    return Permission{Export::leaves, "correction of what left"};
}

Permission ExportGate::fallen(
    Export announced, const std::string& patient, const std::optional<Timestamp>& at
) const {
    const std::string& now = orders_.standing_for(patient);
    const bool covered =
        !needs_consent(now) || by_consent(now, at ? &*at : nullptr).allowed() || patient.empty();
    return covered ? fallen(announced, patient) : stays("no_consent");
}

Permission ExportGate::reversed(
    Export announced, const std::string& patient, const std::optional<Timestamp>& at
) const {
    Permission permission = fallen(announced, patient, at);
    if (!permission.allowed() && announced == Export::leaves)
        permission = Permission{Export::leaves, "reversal of a charge or payment that left"};
    return permission;
}

}  // namespace mis::domain
