#include "record/expected_events.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "record/json_difference.hpp"

namespace mis::record {

namespace {

std::string name_of(const Json& event) {
    const auto field = [&](const char* name) {
        const auto found = event.find(name);
        return found != event.end() && found->is_string() ? found->get<std::string>() : "?";
    };
    std::string name = field("type") + " of " + field("subject");
    if (event.contains("step")) name = "step " + event["step"].dump() + ", " + name;
    return name;
}

std::string form_problem(const Json& event) {
    if (!event.is_object()) return "no JSON object";
    for (const char* name : {"type", "subject"})
        if (!event.contains(name) || !event[name].is_string())
            return std::string(name) + " is missing, a text";
    for (const auto& [name, value] : event.items())
        if (name != "type" && name != "subject" && name != "data" && name != "step")
            return "unknown key '" + name + "'; an event has step, type, subject, data";
    return {};
}

}  // namespace

std::vector<EventDifference> compare_events(
    std::string_view expected_text, const std::vector<std::string>& actual
) {
    int number = 0;
    std::size_t at = 0;
    for (const std::string_view line : split(expected_text, '\n')) {
        ++number;
        if (trim(line).empty()) continue;
        const auto expected = parse_json(line);
        if (!expected) return {{number, expected.error().text}};
        if (const auto problem = form_problem(*expected); !problem.empty())
            return {{number, problem}};
        if (at == actual.size())
            return {{number, "expected " + name_of(*expected) + ", got no further event"}};
        const Json got = parse_json(actual[at++]).value();
        if (name_of(*expected) != name_of(got))
            return {
                {number, "expected " + name_of(*expected) + ", got " + name_of(got) +
                             " with data " + short_json(got["data"])}};
        if (!expected->contains("data")) continue;
        std::vector<EventDifference> differences;
        for (const auto& difference :
             json_differences((*expected)["data"], got["data"], ExtraFields::allowed))
            differences.push_back({number, name_of(got) + ": data." + difference});
        if (!differences.empty()) return differences;
    }
    if (at == actual.size()) return {};
    const Json got = parse_json(actual[at]).value();
    return {
        {number + 1, "expected no further event, got " + name_of(got) + " with data " +
                         short_json(got["data"])}};
}

}  // namespace mis::record
