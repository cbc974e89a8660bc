// Health: what /livez, /readyz and /healthz answer, with the reasons.
//
//   /livez    200 while the main loop turns; a supervisor restarts us otherwise
//   /readyz   200 while the local store works, so that what is read or handed in is kept
//   /healthz  200 while nothing needs a human, 503 otherwise; the body lists every reason, also
//   those that only deserve a look
//
// A source or receiver that is down makes us neither dead nor unready: restarting us would not mend
// it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "gateway/watching/figures.hpp"

namespace mis::gateway {

enum class Severity {
    notice,  // to be looked at; /healthz stays 200
    alarm,   // needs a human; /healthz is 503
};

struct HealthReason {
    Severity severity;
    std::string part;    // "source mis, stream appointment", "sink exchange", "store"
    std::string reason;  // what is wrong, and the command or remedy
    // The same for whoever words it in another language: "sink_overdue" and an object of numbers,
    // names and texts of others.
    std::string code = {};
    Json params = Json::object();
};

struct HealthReport {
    bool live = true;
    bool ready = true;
    std::vector<HealthReason> reasons;
    bool healthy() const;  // no alarm
};

HealthReport judge_health(const Figures& figures);

struct HealthAnswer {
    int status = 200;
    std::string content_type;
    std::string body;
};

// path: "/livez", "/readyz", "/healthz"; any other: status 404.
HealthAnswer answer_health(const HealthReport& report, std::string_view path);

inline constexpr int kTurnSecondsMax =
    120;  // the main loop is dead when it has not turned for so long
inline constexpr int kBacklogSecondsMax = 3'600;  // an older waiting event is an alarm
inline constexpr int kClockSkewSecondsMax = 60;
// Beyond this it is no clock that goes wrong but a zone: every time of that source is another one.
inline constexpr int kZoneSkewSecondsMin = 1'500;

}  // namespace mis::gateway
