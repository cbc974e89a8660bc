// Phone numbers in what people type into a field: with extensions, remarks and second numbers.
//
// Digits are never joined across a word, a letter or another sign than space, dash, bracket, dot.
// Only numbers that are complete count; the rest is left out. Numbers of one digit repeated are
// fillers and none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mis {

struct PhonesRead {
    std::vector<std::string> numbers;  // +79000000001: ten to fifteen digits; each once, in order
    bool left_out = false;             // digits or words that are part of no number
};
PhonesRead read_phones(std::string_view text);

// For comparing phones (P9): the last ten digits of each number.
std::vector<std::string> phones_last_ten(std::string_view text);

}  // namespace mis
