// Maps of a connector.yaml, read key by key with errors that name file, line, key and remedy.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "config/yaml.hpp"

namespace mis::source {

// One map of the document with its place; the first problem found is kept, the rest of the reading
// goes on with empty values.
class MapReader {
  public:
    MapReader(
        const config::YamlDocument& document, std::string pointer, std::optional<Error>& problem
    )
        : document_(document),
          pointer_(std::move(pointer)),
          problem_(problem),
          map_(document.value().at(Json::json_pointer(pointer_))) {
        if (!map_.is_object()) refuse("", "has to be a map: write `key: value` lines under it");
    }

    void only(std::initializer_list<std::string_view> known) {
        for (const std::string& key : document_.keys_of(pointer_))
            if (std::find(known.begin(), known.end(), key) == known.end())
                refuse(
                    key,
                    fmt::format("is no key here: one of {}, or take it out", fmt::join(known, ", "))
                );
    }
    bool has(std::string_view key) const {
        return map_.is_object() && map_.contains(key) && !map_.at(std::string(key)).is_null();
    }

    std::string text(std::string_view key, std::string otherwise) {
        if (!has(key)) return otherwise;
        const Json& value = map_.at(std::string(key));
        if (value.is_string()) return value.get<std::string>();
        if (value.is_number_integer()) return value.dump();
        refuse(key, "has to be text");
        return otherwise;
    }
    std::string required_text(std::string_view key) {
        std::string value = text(key, "");
        if (value.empty()) refuse(key, "is missing: say it");
        return value;
    }
    std::string one_of(
        std::string_view key, std::string otherwise, std::initializer_list<std::string_view> values
    ) {
        std::string value = text(key, std::move(otherwise));
        if (std::find(values.begin(), values.end(), value) == values.end())
            refuse(key, fmt::format("is `{}`: one of {}", value, fmt::join(values, ", ")));
        return value;
    }
    int number(std::string_view key, int otherwise, int least, int most) {
        if (!has(key)) return otherwise;
        const Json& value = map_.at(std::string(key));
        if (const auto given = whole_number(value); given && *given >= least && *given <= most)
            return static_cast<int>(*given);
        refuse(key, fmt::format("has to be a whole number from {} to {}", least, most));
        return otherwise;
    }
    bool flag(std::string_view key) {
        if (!has(key)) return false;
        const Json& value = map_.at(std::string(key));
        if (value.is_boolean()) return value.get<bool>();
        refuse(key, "has to be true or false");
        return false;
    }
    std::vector<std::string> texts(std::string_view key) {
        std::vector<std::string> found;
        if (!has(key)) return found;
        const Json& value = map_.at(std::string(key));
        if (!value.is_array())
            refuse(key, "has to be a list: [A, B]");
        else
            for (const Json& item : value) {
                if (item.is_string())
                    found.push_back(item.get<std::string>());
                else
                    refuse(key, "has to be a list of texts");
            }
        return found;
    }
    // null: not there.
    Json value(std::string_view key) const { return has(key) ? map_.at(std::string(key)) : Json(); }
    std::vector<std::string> keys() const { return document_.keys_of(pointer_); }
    MapReader map(std::string_view key) const {
        return {document_, config::pointer_to(pointer_, key), problem_};
    }

    MapReader item(std::string_view list, std::size_t index) const {
        return {document_, config::pointer_to(config::pointer_to(pointer_, list), index), problem_};
    }

    void refuse(std::string_view key, std::string_view what) {
        if (problem_) return;
        const std::string place = key.empty() ? pointer_ : config::pointer_to(pointer_, key);
        std::string name = place.empty() ? "the file" : place.substr(1);
        std::replace(name.begin(), name.end(), '/', '.');
        problem_ = Error{
            ErrorKind::misconfigured, fmt::format("{}: {} {}", document_.where(place), name, what)};
    }

  private:
    const config::YamlDocument& document_;
    std::string pointer_;
    std::optional<Error>& problem_;
    const Json& map_;
};

}  // namespace mis::source
