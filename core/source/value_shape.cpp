#include "source/value_shape.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/code_points.hpp"
#include "base/text.hpp"

namespace mis::source {
namespace {

constexpr std::string_view kKept = ".,:;-+/()#%_=";

std::string_view sign_of(std::uint32_t code) {
    if (code >= '0' && code <= '9') return "9";
    if (code >= 'A' && code <= 'Z') return "A";
    if (code >= 'a' && code <= 'z') return "a";
    // U+0400–U+042F and U+0430–U+045F are the capitals and small letters of Cyrillic alphabets
    if (code == 0x0490 || (code >= 0x0400 && code <= 0x042f)) return "А";
    if (code == 0x0491 || (code >= 0x0430 && code <= 0x045f)) return "а";
    if (is_space(code)) return " ";
    if (code < 0x80)
        if (const std::size_t at = kKept.find(static_cast<char>(code));
            at != std::string_view::npos)
            return kKept.substr(at, 1);
    return "?";
}

}  // namespace

std::string value_shape(std::string_view value) {
    std::string shape;
    std::string_view last;
    std::size_t signs = 0;
    while (!value.empty()) {
        std::uint32_t code = 0;
        std::size_t length = decode(value, code);
        const std::string_view sign = length == 0 ? "?" : sign_of(code);
        value.remove_prefix(length == 0 ? 1 : length);
        const bool runs_on =
            sign == last && sign != "9" && kKept.find(sign) == std::string_view::npos;
        if (runs_on) continue;
        if (signs++ == kShapeSignsMax) return shape + "…";
        shape += sign;
        last = sign;
    }
    return shape;
}

void ShapeCounts::add(std::string_view value) { ++counts_[value_shape(trim(value))]; }

std::vector<std::string> ShapeCounts::most(std::size_t count) const {
    std::vector<std::pair<std::string, int>> sorted(counts_.begin(), counts_.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return a.second > b.second;
    });
    std::vector<std::string> shapes;
    for (std::size_t at = 0; at < std::min(sorted.size(), count); ++at)
        shapes.push_back(sorted[at].first);
    return shapes;
}

}  // namespace mis::source
