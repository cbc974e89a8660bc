#include "misbehaviour.hpp"

namespace mis::receiver {
namespace {

std::string id_of(const Json& event) {
    const auto id = event.find("id");
    return id != event.end() && id->is_string() ? id->get<std::string>() : std::string();
}

bool happens(double rate, std::mt19937& random) {
    return rate > 0 && std::uniform_real_distribution<double>(0, 1)(random) < rate;
}

}  // namespace

Plan plan_for(const Misbehaviour& misbehaviour, const Json& events, std::mt19937& random) {
    Plan plan;
    plan.answer.status = 200;
    plan.answer.body = "{}";
    plan.answer.delay = std::chrono::milliseconds(misbehaviour.slow_ms);
    const auto refuse = [&](int status) {
        plan.keep = Keep::nothing;
        plan.answer.status = status;
        plan.answer.body = R"({"error":"on purpose"})";
        return plan;
    };
    if (misbehaviour.status) {
        if (misbehaviour.retry_after_s > 0)
            plan.answer.headers.emplace_back(
                "Retry-After", std::to_string(misbehaviour.retry_after_s)
            );
        if (*misbehaviour.status >= 200 && *misbehaviour.status < 300) {
            plan.answer.status = *misbehaviour.status;
            return plan;
        }
        return refuse(*misbehaviour.status);
    }
    for (const auto& event : events)
        if (misbehaviour.poison.contains(id_of(event))) return refuse(422);
    if (happens(misbehaviour.fail_rate, random)) return refuse(500);
    Json rejected = Json::array();
    for (const auto& event : events)
        if (misbehaviour.reject.contains(id_of(event)))
            rejected.push_back({{"id", id_of(event)}, {"reason", "rejected on purpose"}});
    if (!rejected.empty()) {
        plan.keep = Keep::all_but_rejected;
        plan.answer.body = Json{{"rejected", rejected}}.dump();
    }
    if (happens(misbehaviour.lie_rate, random)) {
        plan.answer.status = 500;
        plan.answer.body = R"({"error":"accepted, but says otherwise"})";
    }
    if (happens(misbehaviour.reset_rate, random)) {
        plan.answer.body = std::string(1000, ' ');
        plan.answer.cut_after_bytes = 200;
    }
    return plan;
}

}  // namespace mis::receiver
