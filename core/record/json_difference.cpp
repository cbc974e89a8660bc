#include "record/json_difference.hpp"

namespace mis::record {

namespace {

struct Comparison {
    ExtraFields extra;
    std::vector<std::string> differences;

    void add(const std::string& path, const std::string& expected, const std::string& got) {
        differences.push_back(
            (path.empty() ? "" : path + ": ") + "expected " + expected + ", got " + got
        );
    }

    void compare(const Json& expected, const Json& actual, const std::string& path) {
        const auto inner = [&](const std::string& name) {
            return path.empty() ? name : path + "." + name;
        };
        if (expected.is_object() && actual.is_object()) {
            for (const auto& [name, value] : expected.items()) {
                const auto found = actual.find(name);
                if (found == actual.end())
                    add(inner(name), short_json(value), "nothing");
                else
                    compare(value, *found, inner(name));
            }
            for (const auto& [name, value] : actual.items())
                if (extra == ExtraFields::reported && !expected.contains(name))
                    add(inner(name), "nothing", short_json(value));
        } else if (expected.is_array() && actual.is_array() && expected.size() == actual.size()) {
            for (std::size_t i = 0; i < expected.size(); ++i)
                compare(expected[i], actual[i], path + "[" + std::to_string(i) + "]");
        } else if (expected != actual) {
            add(path, short_json(expected), short_json(actual));
        }
    }
};

}  // namespace

std::vector<std::string> json_differences(
    const Json& expected, const Json& actual, ExtraFields extra
) {
    Comparison comparison{extra, {}};
    comparison.compare(expected, actual, "");
    return std::move(comparison.differences);
}

std::string short_json(const Json& value) {
    constexpr std::size_t kBytesMax = 400;
    std::string text = canonical_json(value);
    if (text.size() <= kBytesMax) return text;
    std::size_t cut = kBytesMax;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
    return text.substr(0, cut) + "…";
}

}  // namespace mis::record
