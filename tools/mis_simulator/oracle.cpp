#include "oracle.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>

namespace mis::simulator {

Oracle::Oracle(const std::filesystem::path& path) {
    if (path.empty()) return;
    file_ = std::fopen(path.c_str(), "a");
    if (!file_)
        throw std::runtime_error(
            fmt::format("opening the oracle log {}: {}", path.string(), std::strerror(errno))
        );
}

Oracle::~Oracle() {
    if (file_) std::fclose(file_);
}

void Oracle::committed(
    std::string_view action, const std::vector<Touched>& rows,
    const std::vector<std::string_view>& expect
) {
    ++commits_;
    for (const auto& row : rows) ++rows_[fmt::format("{} {}", row.table, row.op)];
    for (const auto type : expect) ++expected_[std::string(type)];
    if (!file_) return;
    const auto now = std::chrono::system_clock::now();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(now - seconds).count();
    std::string line = fmt::format(
        "{{\"time\":\"{:%Y-%m-%dT%H:%M:%S}.{:03}Z\",\"action\":\"{}\",\"rows\":[",
        fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), millis, action
    );
    for (std::size_t index = 0; index < rows.size(); ++index)
        line += fmt::format(
            "{}{{\"table\":\"{}\",\"op\":\"{}\",\"key\":\"{}\"}}", index ? "," : "",
            rows[index].table, rows[index].op, rows[index].key
        );
    line += "],\"expect\":[";
    for (std::size_t index = 0; index < expect.size(); ++index)
        line += fmt::format("{}\"{}\"", index ? "," : "", expect[index]);
    line += "]}\n";
    if (std::fwrite(line.data(), 1, line.size(), file_) != line.size() || std::fflush(file_) != 0)
        throw std::runtime_error("writing the oracle log failed");
}

}  // namespace mis::simulator
