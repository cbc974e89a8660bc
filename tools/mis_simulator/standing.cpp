#include "standing.hpp"

#include <fmt/format.h>

namespace mis::simulator {
namespace {

std::string object(const std::map<std::string, std::int64_t>& counts) {
    std::string text;
    for (const auto& [name, count] : counts)
        text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", name, count);
    return "{" + text + "}";
}

}  // namespace

std::string to_json(const Standing& standing) {
    return fmt::format(
        "{{\"tables\":{},\"streams\":{}}}", object(standing.tables), object(standing.streams)
    );
}

}  // namespace mis::simulator
