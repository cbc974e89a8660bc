// What must not leave of anybody (I3), as hashes: of the private values that a record states, and
// of what a text holds that could be one. Where one of a text's hashes is also a record's, the text
// names somebody.
//
// Compared as whole tokens: phones by their last ten digits, e-mail addresses, numbers of policies
// (letters and digits, joined by spaces, hyphens, brackets, slashes), and names where two parts of
// one person's stand side by side, in either order and case. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_text.hpp"

namespace mis {

// Of a canonical record of schemas/README.md section 1. Kinds patient and limit state private
// values; a practitioner's name is hashed likewise, and is none. Each once, sorted.
std::vector<std::int64_t> private_hashes(std::string_view kind, JsonView body);

// Of a text that may leave, as it was written.
std::vector<std::int64_t> hashes_in(std::string_view text);

// The text with all spaces, hyphens and quotation marks as on a keyboard, digits of every width as
// 0 to 9, and nothing that nobody sees.
std::string as_plainly_written(std::string_view text);

// What is private whosever it is: an e-mail address, or ten digits and more joined by spaces,
// hyphens or brackets only.
bool has_private_shape(std::string_view text);

// A word of a name without its last vowels, which change with the case: «тестов» of «тестова»,
// «тестовой». Folded.
// Words of `least` letters and fewer stay as they are.
std::string name_stem(std::string word, std::size_t least = 4);

// A code of the national nomenclature, [AB]dd.dd.ddd(.ddd): no number of anybody.
bool is_national_code(std::string_view code);

}  // namespace mis
