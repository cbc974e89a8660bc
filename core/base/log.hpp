// The log: state changes, once each, to standard error. Never personal data (I3): callers pass
// counts, ids and codes, not contents.
//
// One line: 2026-03-02T10:00:00+00:00 warn  source demo stopped: connecting: refused
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace mis::log {

enum class Level { debug, info, warn, error, off };
void set_level(Level level);
void write(Level level, std::string_view text);

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::warn, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace mis::log
