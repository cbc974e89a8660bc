// Aggregator: what one aggregator of free times wants to be sent, declared in YAML
// (config/aggregators/NAME.yaml; config/aggregators/README.md is for those who write one).
//
// The body is a tree of JSON with {placeholders}; nothing is computed in it. An object's key that
// is {branch}, {doctor} or {day} and nothing else is repeated for each; so is the `as` of a list
// `{each: branch | doctor | day | interval, as: …}`. A key or list entry that is only a placeholder
// without a value is left out.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace mis::sink {

// What a placeholder or a repetition stands in. Each has a value inside those before it.
enum class SlotLevel { snapshot, branch, doctor, day, interval };

struct Aggregator {
    std::string name;   // of the file
    std::string title;  // for people
    std::string url;    // in front of the path
    int every_minutes = 15;
    int days = 30;
    bool with_busy = false;  // it wants busy intervals too
    // one: the whole snapshot in one request; each_doctor: a request for each doctor of each branch
    enum class Requests { one, each_doctor } requests = Requests::one;
    std::string method = "POST", path;
    std::vector<std::pair<std::string, std::string>> headers;  // their values are templates
    Json body;
    std::set<std::string> names;   // of branch_name, doctor_name: those that every row must have
    std::set<std::string> values;  // what the site has to say: {value:NAME}
    // Of a 2xx answer: it is JSON, has this field (empty: none has to be there), and none of those,
    // unless they are null, false, "" or empty. Dots lead inside.
    bool json_answer = false;
    std::string expects;
    std::vector<std::string> failures;
};

// misconfigured: "FILE:LINE: what: remedy".
Result<Aggregator> load_aggregator(const std::filesystem::path& file);
Result<Aggregator> parse_aggregator(std::string_view text, const std::filesystem::path& file);

// The level at which a placeholder has a value; nullopt: there is none of that name.
std::optional<SlotLevel> level_of_placeholder(std::string_view name);
std::optional<SlotLevel> level_of_each(std::string_view name);  // branch, doctor, day, interval

// Text and the names of placeholders in turn: the first, third … piece is text.
std::vector<std::string> template_pieces(std::string_view text);

}  // namespace mis::sink
