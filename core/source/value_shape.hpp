// What a value looks like, without what it says: for `discover`, which never shows a value.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mis::source {

inline constexpr std::size_t kShapeSignsMax = 24;

// Every digit is 9; a run of letters of one kind is one letter: A, a (Latin), А, а (Cyrillic); a
// run of white space is one blank; `.,:;-+/()#%_=` stay, anything else is ?. Cut with … after
// kShapeSignsMax signs. "" of an empty text. "48.15" → "99.99", "Каб-3" → "Аа-9".
std::string value_shape(std::string_view value);

// The shapes of a column's values, the most frequent ones first.
class ShapeCounts {
  public:
    void add(std::string_view value);
    std::vector<std::string> most(std::size_t count) const;

  private:
    std::map<std::string, int> counts_;
};

}  // namespace mis::source
