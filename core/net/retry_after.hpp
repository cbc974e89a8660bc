// What the Retry-After of a receiver or a service asks for.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "net/http_message.hpp"

namespace mis::net {

inline constexpr std::chrono::seconds kLongestWait{86'400};  // more is not granted

struct AskedWait {
    std::chrono::seconds wait{0};  // from now, at most kLongestWait; 0: the time is over
    bool is_cut = false;           // more was asked for
};

// Retry-After of an answer, in every form of RFC 9110: seconds (however many digits) or a date in
// its three notations, which counts by the answer's own Date where it has one: two clocks differ.
// nullopt: absent or unreadable. now_s: our clock.
std::optional<AskedWait> retry_after(const Headers& headers, std::int64_t now_s);

// "asks to wait 37 s", and what it means that it was cut.
std::string wait_text(const AskedWait& asked);

}  // namespace mis::net
