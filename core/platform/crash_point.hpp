// Named places where tests/faults kill this process: around every commit.
// MIS_GATEWAY_CRASH_AT=name:n ends it with SIGKILL when the point is passed for the n-th time.
// Without the variable a point costs one comparison.
#pragma once

#include <string_view>

namespace mis::platform {

// Every point there is, so that a test notices one that it never hit.
inline constexpr std::string_view kCrashPoints[] = {
    "capture.before_commit", "capture.after_commit",   "meaning.before_commit",
    "meaning.after_commit",  "delivery.before_commit", "delivery.after_commit",
    "inbox.before_commit",   "inbox.after_commit",     "pass.before_commit",
    "pass.after_commit",     "upgrade.after_copy",     "upgrade.before_step",
    "upgrade.after_step",    "intake.before_commit",   "intake.after_commit",
};

void crash_point(std::string_view name);

}  // namespace mis::platform
