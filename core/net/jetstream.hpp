// What sink and inbox say to JetStream, and how its answers are read.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "net/nats_connection.hpp"

namespace mis::net::jetstream {

// "$JS.API.STREAM.INFO.EVENTS", or of a domain.
std::string api_subject(const std::string& domain, const std::string& what);
// An object, also where numbers have a point; anything else is an empty one.
Json read_object(const std::string& text);
std::uint64_t number_in(const Json& object, const char* name);  // 0: none, or below zero
std::int64_t error_code(const Json& error);                     // JetStream's own; 0: none
std::string error_text(const Json& error);                      // "stream not found (10059)"

// unavailable: no answer in time. An answer may hold an "error".
Result<Json> ask(
    NatsConnection& connection, const std::string& domain, const std::string& what,
    const Json& question
);
// The stream that has this subject. misconfigured: none has; unavailable: no JetStream, no right.
Result<std::string> stream_of(
    NatsConnection& connection, const std::string& domain, const std::string& subject
);

inline constexpr std::int64_t kMessageTooLong = 10'054, kHeaderTooLong = 10'097,
                              kNoMessage = 10'037, kNoConsumer = 10'014;

}  // namespace mis::net::jetstream
