// Intake: what a kind of source has beside its Source when the system calls us: a listener that
// takes messages, makes them last, answers, and says that something came. The Source then reads
// what the intake has kept; nobody above knows how.
//
// Started and ended by the daemon; the hooks are called from its threads and must not block.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "source/source.hpp"

namespace mis::source {

struct IntakeHooks {
    std::function<void()> arrived;  // the source has something new to read
    // Another source (a name of the configuration), or one of its streams, is to be read now.
    std::function<void(const std::string& source, const std::string& stream)> hint;
    // The exchange's orders that wait for their patient, told between these times (RFC 3339, empty:
    // any): objects of texts order, placed_at, phone, last_name, birth_date.
    std::function<Json()> orders;
};

struct IntakeFigures {
    std::string address;                           // where it listens: "127.0.0.1:8480"
    std::map<std::string, std::int64_t> messages;  // outcome → since start
    std::int64_t last_received_us = 0;             // 0: nothing yet
    std::int64_t bytes = 0;                        // of what it keeps
    int silent_minutes_max = 0;                    // longer without a message is told; 0: never
    std::string error;                             // why messages cannot be kept; empty: they can
};

class Intake {
  public:
    virtual ~Intake() = default;
    virtual IntakeFigures figures() = 0;
};

// Listens from the call on. misconfigured: nothing can listen there; names the setting.
using IntakeOpener = std::function<Result<std::unique_ptr<Intake>>(
    const Connector& connector, const SourceOptions& options, const Clock& clock, IntakeHooks hooks
)>;

}  // namespace mis::source
