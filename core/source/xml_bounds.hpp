// XmlBounds: what keeps a parser of XML small whatever it is fed. Expat holds a tag until its end
// is there, and every name that it ever met; so both are counted.
//
// One document each, one thread. Says why the document is refused, without its content.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace mis::source {

class XmlBounds {
  public:
    static constexpr std::size_t kTagBytesMax = 1u << 20;    // also of a comment
    static constexpr std::size_t kNamesBytesMax = 1u << 20;  // of all names, each counted once

    // Bytes that the parser gets now, at most kFedBytesMax; then what it tells of.
    static constexpr std::size_t kFedBytesMax = 64 * 1024;
    void fed(std::size_t bytes) { since_told_ += bytes; }
    void told() { since_told_ = 0; }
    bool is_in_long_tag() const { return since_told_ > kTagBytesMax + kFedBytesMax; }

    // Of an element or attribute; false: there are too many.
    bool may_name(std::string_view name) {
        if (!names_.insert(std::hash<std::string_view>{}(name)).second) return true;
        names_bytes_ += name.size() + kBytesOfName;
        return names_bytes_ <= kNamesBytesMax;
    }

    static std::string long_tag() {
        return fmt::format("holds a tag or comment longer than {} bytes", kTagBytesMax);
    }
    static std::string too_many_names() { return "names its elements in too many ways"; }

  private:
    static constexpr std::size_t kBytesOfName = 64;  // that a parser spends beside its letters
    std::size_t since_told_ = 0, names_bytes_ = 0;
    std::unordered_set<std::size_t> names_;
};

}  // namespace mis::source
