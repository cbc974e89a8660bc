// YAML (or JSON, its subset) files as Json, with the line of every value, so that an error can name
// file, line and key.
//
// What a scalar means is kept small on purpose: a plain integer of at most 18 digits is an integer,
// plain true / false / null (and ~, and nothing) are what they say, everything else is text: dates,
// times, codes with leading zeros, "yes", and decimals, which never become floating point. Quoting
// makes text of anything. Refused, each with its line: two equal keys in one map, keys that are no
// scalars, merge keys "<<", several documents in one file, nesting deeper than 64, aliases that
// blow up beyond the limit on values, files above 64 MB.
//
// Json sorts its keys; where the order of a file matters (streams of a pass), ask keys_of().
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace mis::config {

inline constexpr std::size_t kYamlBytesMax = 64u << 20;
inline constexpr std::size_t kYamlValuesMax = 4'000'000;
inline constexpr std::size_t kYamlDepthMax = 64;

class YamlDocument {
  public:
    const Json& value() const { return value_; }
    const std::string& file() const { return file_; }

    // Pointers are RFC 6901: "" is the document, "/a/b/0" the first element of b in a; "~1" stands
    // for "/" in a key. A map's entry has the line of its key. What has no line of its own (inside
    // an alias, a missing key) has its nearest ancestor's.
    int line_of(std::string_view pointer) const;
    std::string where(std::string_view pointer) const;  // "config/gateway.yaml:12"

    // The keys of the map at pointer, in the file's order; empty where there is none.
    std::vector<std::string> keys_of(std::string_view pointer) const;

  private:
    friend Result<YamlDocument> parse_yaml(std::string_view text, std::string file);
    Json value_;
    std::string file_;
    std::map<std::string, int, std::less<>> lines_;
    std::map<std::string, std::vector<std::string>, std::less<>> keys_;
};

// Both: misconfigured with "FILE:LINE: what: remedy". `file` is only the name that errors and
// where() say.
Result<YamlDocument> parse_yaml(std::string_view text, std::string file);
Result<YamlDocument> load_yaml(const std::filesystem::path& path);

// pointer + "/" + key, with the key's "~" and "/" escaped.
std::string pointer_to(std::string_view parent, std::string_view key);
std::string pointer_to(std::string_view parent, std::size_t index);

}  // namespace mis::config
