#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/text.hpp"

namespace mis::log {
namespace {

spdlog::logger& logger() {
    static const auto instance = [] {
        auto made = spdlog::stderr_logger_mt("mis-gateway");
        made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %-5l %v");
        made->flush_on(spdlog::level::debug);
        return made;
    }();
    return *instance;
}

spdlog::level::level_enum level_of(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warn:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
        case Level::off:
            return spdlog::level::off;
    }
    return spdlog::level::info;
}

}  // namespace

void set_level(Level level) { logger().set_level(level_of(level)); }
void write(Level level, std::string_view text) {
    logger().log(level_of(level), escape_invisible(text));
}

}  // namespace mis::log
