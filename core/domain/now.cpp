#include "domain/now.hpp"

#include <algorithm>

#include "domain/body_fields.hpp"
#include "domain/change.hpp"

namespace mis::domain {
namespace {

constexpr const char* kLimit = "limit/";
constexpr const char* kPlan = "plan/";
constexpr const char* kMismatch = "mismatch/";
constexpr const char* kDeviation = "deviation/";
constexpr const char* kViolation = "violation/";

bool has(const Announced& announced, std::string_view prefix) {
    const auto at = announced.standing.lower_bound(prefix);
    return at != announced.standing.end() && at->first.starts_with(prefix);
}

std::string id_in(const Standing& told, const char* name) {
    const JsonView value = told.data.find(name);
    return value.is_object() ? value.find("id").string() : value.string();
}

AccountNow account_of(const Announced& announced, std::string_view id, const Standing& told) {
    const BodyFields fields(told.data);
    AccountNow account;
    account.id = id;
    account.patient = fields.text("patient");
    account.payer = fields.text("payer_party");
    account.kind = fields.text("kind");
    account.overrun_payer = fields.text("overrun_payer");
    account.order = fields.text("order");
    account.valid_from = fields.text("valid_from");
    account.valid_to = fields.text("valid_to");
    account.granted = fields.money("granted").value_or(Money{});
    account.consumed = announced.consumed(id);
    account.consumed.currency = account.granted.currency;
    account.shared = fields.flag("shared").value_or(false);
    account.closed = fields.flag("closed").value_or(false);
    account.leaves = told.leaves == Export::leaves;
    return account;
}

void add_item(PlanNow& plan, const Announced& announced, JsonView item) {
    const Standing* told = announced.find("item/" + plan.id + "/" + item.find("id").string());
    const std::string state = told == nullptr ? "" : told->data.find("after").string();
    ++plan.items;
    if (state == "performed") ++plan.performed;
    if (state == "void") ++plan.voided;
    const auto total = item.find("total").money();
    if (!total || state == "void") return;
    if (plan.total.is_zero()) plan.total.currency = plan.performed_total.currency = total->currency;
    if (plan.total.currency != total->currency) return;
    plan.total += *total;
    if (state == "performed") plan.performed_total += *total;
}

PlanNow plan_of(const Announced& announced, std::string_view id, const Standing& told) {
    PlanNow plan;
    plan.id = id;
    plan.patient = told.data.find("patient").string();
    const JsonView said = told.data.find("plan");
    plan.order = said.find("order").string();
    plan.closed = told.data.find("closed").boolean().value_or(false);
    plan.leaves = told.leaves == Export::leaves;
    for (const JsonView item : said.find("items").elements()) add_item(plan, announced, item);
    return plan;
}

// A mismatch stands for ever; it is open where its own figure is what we count now.
bool is_open(const Standing& told, const std::vector<AccountNow>& accounts) {
    const std::string id = id_in(told, "limit"), field = told.data.find("field").string();
    const auto ours = told.data.find("ours").money();
    const auto account = std::find_if(accounts.begin(), accounts.end(), [&](const AccountNow& one) {
        return one.id == id;
    });
    if (account == accounts.end() || account->closed || !ours) return false;
    if (field == "granted") return *ours == account->granted;
    const Money left{
        std::max<std::int64_t>(account->granted.minor - account->consumed.minor, 0),
        account->granted.currency};
    return *ours == (field == "remaining" ? left : account->consumed);
}

ProblemNow problem_of(
    ProblemNow::Kind kind, std::string key, const char* entity, const Standing& told
) {
    return {
        kind, std::move(key), id_in(told, entity), told.data.find("patient").string(),
        told.data.text()};
}

}  // namespace

std::int64_t AccountNow::share_permille() const {
    constexpr std::int64_t kMost = 1'000'000'000;
    if (granted.minor <= 0) return consumed.minor > 0 ? kMost : 0;
    const auto share = static_cast<__int128_t>(consumed.minor) * 1000 / granted.minor;
    return static_cast<std::int64_t>(std::clamp<__int128_t>(share, 0, kMost));
}

bool has_now(const Announced& announced) {
    return has(announced, kLimit) || has(announced, kPlan) || has(announced, kViolation) ||
           has(announced, kDeviation);
}

Now now_of(const Announced& announced) {
    Now now;
    using Kind = ProblemNow::Kind;
    for_each_standing(announced, kLimit, [&](std::string_view id, const Standing& told) {
        now.accounts.push_back(account_of(announced, id, told));
    });
    for_each_standing(announced, kPlan, [&](std::string_view id, const Standing& told) {
        now.plans.push_back(plan_of(announced, id, told));
    });
    for_each_standing(announced, kMismatch, [&](std::string_view key, const Standing& told) {
        if (is_open(told, now.accounts))
            now.problems.push_back(
                problem_of(Kind::mismatch, kMismatch + std::string(key), "limit", told)
            );
    });
    for_each_standing(announced, kDeviation, [&](std::string_view key, const Standing& told) {
        now.problems.push_back(
            problem_of(Kind::deviation, kDeviation + std::string(key), "plan", told)
        );
    });
    for_each_standing(announced, kViolation, [&](std::string_view key, const Standing& told) {
        now.problems.push_back(
            problem_of(Kind::violation, kViolation + std::string(key), "limit", told)
        );
    });
    return now;
}

}  // namespace mis::domain
