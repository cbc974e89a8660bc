#include "config/setting_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "base/file_text.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"

namespace mis::config {
namespace {

using K = SettingKind;

// Keys that somebody writes who wants to put a secret here.
bool names_a_secret(std::string_view key) {
    for (const std::string_view word :
         {"password", "passwd", "secret", "secrets", "token", "bearer_token", "passphrase",
          "authorization", "key"})
        if (key == word) return true;
    return false;
}

bool is_text_scalar(const Json& value) {
    return value.is_string() || value.is_number_integer() || value.is_boolean();
}

// Texts of every kind: a path, a name, a map's entry. Empty: nothing is wrong.
std::string wrong_characters(std::string_view text) {
    const std::string shown = escape_controls(text);
    if (shown == text) return "";
    return fmt::format(
        "holds control characters (it reads {}): in \"double quotes\" a \\ begins an escape, so "
        "take 'single quotes' for Windows paths",
        shown
    );
}

std::string as_text(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::size_t distance(std::string_view a, std::string_view b) {  // Levenshtein
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] =
                std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u)});
            diagonal = above;
        }
    }
    return row.back();
}

bool is_listen(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    int port = -1;
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return error == std::errc() && end == digits.data() + digits.size() && port >= 0 &&
           port <= 65535;
}

// A clinic's zone is most often one of these: good enough to name what a slip meant.
std::string no_zone(std::string_view text) {
    static const std::vector<std::string> kRussian = {
        "Europe/Kaliningrad", "Europe/Moscow",    "Europe/Samara",      "Europe/Saratov",
        "Europe/Volgograd",   "Europe/Ulyanovsk", "Asia/Yekaterinburg", "Asia/Omsk",
        "Asia/Novosibirsk",   "Asia/Tomsk",       "Asia/Barnaul",       "Asia/Novokuznetsk",
        "Asia/Krasnoyarsk",   "Asia/Irkutsk",     "Asia/Chita",         "Asia/Yakutsk",
        "Asia/Vladivostok",   "Asia/Sakhalin",    "Asia/Magadan",       "Asia/Kamchatka"};
    std::string near = nearest(text, kRussian);
    if (near.empty()) near = "Europe/Moscow";
    return fmt::format(
        "is no time zone of this machine: write an IANA name like {}, and see that tzdata is "
        "installed",
        near
    );
}

// What is wrong with a scalar; empty: nothing.
std::string wrong_scalar(const Json& value, const Setting& setting) {
    switch (setting.kind) {
        case K::integer:
            if (!value.is_number_integer())
                return fmt::format(
                    "must be a whole number from {} to {}", setting.least, setting.most
                );
            if (const auto number = whole_number(value);
                !number || *number < setting.least || *number > setting.most)
                return fmt::format(
                    "{} is out of range: from {} to {}", value.dump(), setting.least, setting.most
                );
            return "";
        case K::flag:
            return value.is_boolean() ? "" : "must be true or false";
        case K::choice: {
            const auto choices = split(setting.choices, '|');
            if (value.is_string() &&
                std::find(choices.begin(), choices.end(), value.get<std::string>()) !=
                    choices.end())
                return "";
            return fmt::format("must be one of {}", fmt::join(choices, ", "));
        }
        case K::name:
            if (value.is_string() && is_setting_name(value.get<std::string>())) return "";
            return "must be a name: small Latin letters, digits, - and _, a letter first, at most "
                   "64";
        case K::zone:
            if (value.is_string() && Zone::find(value.get<std::string>())) return "";
            return no_zone(as_text(value));
        case K::listen:
            if (value.is_string() &&
                (value.get<std::string>().empty() || is_listen(value.get<std::string>())))
                return "";
            return "must be address:port like 127.0.0.1:9464, or \"\" for none";
        case K::url: {
            const std::string url = value.is_string() ? value.get<std::string>() : "";
            const bool https = url.starts_with("https://") && url.size() > 8;
            if (!https && !is_http_to_this_machine(url))
                return "must begin with https:// (http:// only to this machine)";
            const std::size_t host = url.find("//") + 2;
            if (url.substr(host, url.find('/', host) - host).find('@') != std::string::npos)
                return "holds a login: take it out, secrets stand in files; see bearer_token_file";
            return "";
        }
        default:
            return is_text_scalar(value) ? "" : "must be text";
    }
}

}  // namespace

bool is_http_to_this_machine(std::string_view url) {
    for (const std::string_view host : {"127.0.0.1", "localhost", "[::1]"}) {
        const std::string begin = fmt::format("http://{}", host);
        // "http://127.0.0.1.example" is another machine
        if (url.starts_with(begin) && (url.size() == begin.size() || url[begin.size()] == ':' ||
                                       url[begin.size()] == '/' || url[begin.size()] == '?'))
            return true;
    }
    return false;
}

std::string key_for_people(std::string_view pointer) {
    std::string key;
    for (const std::string_view part : split(pointer, '/')) {
        if (part.empty()) continue;
        if (part.find_first_not_of("0123456789") == std::string_view::npos)
            key += fmt::format("[{}]", part);
        else
            key += key.empty() ? std::string(part) : fmt::format(".{}", part);
    }
    return key;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    std::string best;
    std::size_t least = word.size() / 3 + 2;  // further away is no slip
    for (const std::string& candidate : candidates) {
        const std::size_t far = distance(word, candidate);
        if (far < least) {
            least = far;
            best = candidate;
        }
    }
    return best;
}

void SettingCheck::problem(std::string_view pointer, std::string_view text) {
    const std::string key = key_for_people(pointer);
    problems_.push_back(
        fmt::format("{}: {}{}{}", document_.where(pointer), key, key.empty() ? "" : ": ", text)
    );
}

Json SettingCheck::fill() {
    if (!document_.value().is_object()) {
        problem("", "no settings in it: begin with config/gateway.yaml of the installation");
        return Json::object();
    }
    return fill_section(document_.value(), setting_tree(), "");
}

void SettingCheck::unknown_key(
    const std::string& key, const SettingNode& node, const std::string& pointer
) {
    if (names_a_secret(key)) {
        std::vector<std::string> instead;
        for (const SettingNode& child : node.children)
            if (child.name.ends_with("_file") || child.name.ends_with("_files") ||
                child.name.ends_with("_env")) {
                for (const std::string_view word : {"password", "secret", "token", "passphrase"})
                    if (child.name.find(word) != std::string::npos) instead.push_back(child.name);
            }
        return problem(
            pointer,
            fmt::format(
                "secrets never stand in this file: put it into a file of mode 0600 or an "
                "environment variable{}",
                instead.empty() ? ""
                                : fmt::format(" and name that with {}", fmt::join(instead, " or "))
            )
        );
    }
    std::vector<std::string> known;
    for (const SettingNode& child : node.children) known.push_back(child.name);
    const std::string near = nearest(key, known);
    problem(
        pointer, near.empty()
                     ? fmt::format("unknown key: known here are {}", fmt::join(known, ", "))
                     : fmt::format("unknown key: did you mean {}?", near)
    );
}

Json SettingCheck::fill_section(
    const Json& value, const SettingNode& node, const std::string& pointer
) {
    Json filled = Json::object();
    const bool is_object = value.is_object();
    if (!is_object && !value.is_null()) problem(pointer, "must be a section with keys of its own");
    for (const std::string& key : document_.keys_of(pointer))
        if (is_object && node.child(key) == nullptr)
            unknown_key(key, node, pointer_to(pointer, key));
    for (const SettingNode& child : node.children) {
        const std::string here = pointer_to(pointer, child.name);
        const bool given = is_object && value.contains(child.name) && !value[child.name].is_null();
        const Json content = given ? value[child.name] : Json();
        switch (child.kind()) {
            case K::section:
                filled[child.name] = fill_section(content, child, here);
                break;
            case K::optional_section:
                if (is_object && value.contains(child.name))
                    filled[child.name] = fill_section(content, child, here);
                break;
            case K::sections:
                filled[child.name] = given ? fill_list(content, child, here) : Json::array();
                break;
            default:
                if (given)
                    filled[child.name] = fill_value(content, child, here);
                else if (child.is_required())
                    problem(
                        here, fmt::format(
                                  "missing: add it, for example {}: {}", child.name,
                                  child.setting->example
                              )
                    );
                else
                    filled[child.name] = child.fallback();
        }
    }
    return filled;
}

Json SettingCheck::fill_list(
    const Json& value, const SettingNode& node, const std::string& pointer
) {
    Json list = Json::array();
    if (!value.is_array()) {
        problem(pointer, "must be a list: begin each entry with \"- \"");
        return list;
    }
    for (std::size_t index = 0; index < value.size(); ++index)
        list.push_back(fill_section(value[index], node, pointer_to(pointer, index)));
    return list;
}

Json SettingCheck::fill_value(
    const Json& value, const SettingNode& node, const std::string& pointer
) {
    const Setting& setting = *node.setting;
    const Json fallback = setting.fallback.empty() ? Json("") : node.fallback();
    if (setting.kind == K::texts || setting.kind == K::paths) {
        const bool good =
            value.is_array() && std::all_of(value.begin(), value.end(), is_text_scalar);
        if (!good) problem(pointer, "must be a list of texts");
        for (std::size_t index = 0; good && index < value.size(); ++index)
            if (const auto wrong = wrong_characters(as_text(value[index])); !wrong.empty())
                problem(pointer_to(pointer, index), wrong);
        return good ? value : fallback;
    }
    if (setting.kind == K::text_map || setting.kind == K::zone_map) {
        if (!value.is_object()) {
            problem(pointer, "must be a map of texts");
            return fallback;
        }
        Json map = Json::object();
        for (const auto& [key, entry] : value.items()) {
            const std::string here = pointer_to(pointer, key);
            if (!is_text_scalar(entry))
                problem(here, "must be text");
            else if (setting.kind == K::zone_map && !Zone::find(as_text(entry)))
                problem(here, no_zone(as_text(entry)));
            else if (const auto wrong = wrong_characters(key + as_text(entry)); !wrong.empty())
                problem(here, wrong);
            else
                map[key] = as_text(entry);
        }
        return map;
    }
    if (const std::string wrong = wrong_scalar(value, setting); !wrong.empty()) {
        problem(pointer, wrong);
        return fallback;
    }
    if (value.is_string())
        if (const auto wrong = wrong_characters(value.get<std::string>()); !wrong.empty()) {
            problem(pointer, wrong);
            return fallback;
        }
    return setting.kind == K::integer || setting.kind == K::flag ? value : Json(as_text(value));
}

}  // namespace mis::config
