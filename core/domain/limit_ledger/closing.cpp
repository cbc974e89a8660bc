#include "domain/limit_ledger/closing.hpp"

#include <algorithm>

#include "domain/body_fields.hpp"

namespace mis::domain {
namespace {

std::optional<std::string> cancelled_reason(const Account& account, const Timestamp& now) {
    if (!account.cancelled_at || *account.cancelled_at > now) return std::nullopt;
    return "cancelled:" + account.cancelled_at->to_string();
}

std::optional<std::string> expiry_reason(
    const Account& account, const Rules& rules, const Timestamp& now
) {
    if (!account.valid_to || now < rules.clinic_zone.start_of_day(account.valid_to->plus_days(1)))
        return std::nullopt;
    return "valid_to:" + account.valid_to->to_string();
}

}  // namespace

Permission permission_of(const Change& change, const Account& account) {
    Permission permission = change.gate.patient(account.patient);
    for (const std::string& patient : account.patients) {
        if (!permission.allowed()) permission = change.gate.patient(patient);
    }
    return permission;
}

std::vector<std::string> closing_reasons(
    const Account& account, const Tracked& tracked, Change& change
) {
    std::vector<std::string> reasons;
    for (const std::string& message : account.close_messages) reasons.push_back("inbox:" + message);
    if (const auto reason = cancelled_reason(account, change.now())) reasons.push_back(*reason);
    if (const auto reason = expiry_reason(account, change.rules, change.now()))
        reasons.push_back(*reason);
    for (const std::string& order : account.orders) {
        const Plan* plan = tracked.plan_of_order(order);
        const bool opened_it = account.id == limit_id_of_order(change.identity, order);
        if (plan != nullptr && opened_it && plan->closed()) reasons.push_back("order:" + order);
    }
    if (account.cancelled_at) change.tick_at(*account.cancelled_at);
    if (account.valid_to)
        change.tick_at(change.rules.clinic_zone.start_of_day(account.valid_to->plus_days(1)));
    return reasons;
}

bool is_reopened(const Account& account, const Standing* told, const Change& change) {
    if (told == nullptr) return false;
    const BodyFields fields(told->data);
    if (!fields.flag("closed").value_or(false)) return false;
    const auto was = fields.money("granted");
    if (was && was->currency == account.granted.currency && account.granted > *was) return true;
    const auto cancelled = cancelled_reason(account, change.now());
    const auto expired = expiry_reason(account, change.rules, change.now());
    for (const std::string& text : fields.texts("reasons")) {
        if (text.rfind("inbox:", 0) == 0 || text.rfind("order:", 0) == 0)
            return false;  // remembered for good
        if (cancelled == text || expired == text) return false;
    }
    return !cancelled && !expired;
}

bool closes_now(
    const std::vector<std::string>& reasons, const std::vector<std::string>& known,
    const Change& change
) {
    return std::any_of(reasons.begin(), reasons.end(), [&](const std::string& reason) {
        if (std::find(known.begin(), known.end(), reason) == known.end()) return true;
        constexpr std::string_view kOrder = "order:";
        if (!reason.starts_with(kOrder)) return false;
        const std::string order = reason.substr(kOrder.size());
        const Standing* plan =
            change.before.find("plan/" + plan_id_of_order(change.identity, order));
        return plan != nullptr && !BodyFields(plan->data).flag("closed").value_or(false);
    });
}

Timestamp closed_since(
    const Account& account, const std::vector<std::string>& reasons,
    const std::vector<std::string>& known, const Change& change
) {
    Timestamp since = change.now();
    const auto earlier = [&](const std::optional<std::string>& reason, const Timestamp& at) {
        const bool fresh = reason &&
                           std::find(reasons.begin(), reasons.end(), *reason) != reasons.end() &&
                           std::find(known.begin(), known.end(), *reason) == known.end();
        if (fresh && at < since) since = at;
    };
    if (account.cancelled_at)
        earlier(cancelled_reason(account, change.now()), *account.cancelled_at);
    if (account.valid_to)
        earlier(
            expiry_reason(account, change.rules, change.now()),
            change.rules.clinic_zone.start_of_day(account.valid_to->plus_days(1))
        );
    return since;
}

bool is_open(const Account& account, const Tracked& tracked, Change& change) {
    const Standing* told = change.told("limit/" + account.id, permission_of(change, account));
    const auto reasons = closing_reasons(account, tracked, change);
    if (told == nullptr) return reasons.empty();
    const BodyFields was(told->data);
    if (was.flag("closed").value_or(false) && !is_reopened(account, told, change)) return false;
    return !closes_now(reasons, was.texts("reasons"), change);
}

}  // namespace mis::domain
