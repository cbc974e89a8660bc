#include "source/exact_text.hpp"

#include <charconv>
#include <cmath>

namespace mis::source {
namespace {

// text: fixed notation of any length. Half up away from zero, on the digits.
Rounded append_rounded(std::string& out, std::string text, int decimals) {
    const std::size_t wanted = static_cast<std::size_t>(decimals);
    if (text.find('.') == std::string::npos) text += '.';
    const std::size_t whole = text.find('.');
    const std::size_t have = text.size() - whole - 1;
    Rounded rounded = Rounded::no;
    if (have <= wanted) {
        text.append(wanted - have, '0');
    } else {
        rounded = Rounded::yes;
        bool carry = text[whole + 1 + wanted] >= '5';
        text.resize(whole + 1 + wanted);
        const std::size_t first = text[0] == '-' ? 1 : 0;
        for (std::size_t i = text.size(); carry && i-- > first;) {
            if (text[i] == '.') continue;
            carry = text[i] == '9';
            text[i] = carry ? '0' : static_cast<char>(text[i] + 1);
        }
        if (carry) text.insert(first, "1");
    }
    if (wanted == 0) text.pop_back();
    if (text[0] == '-' && text.find_first_not_of("-0.") == std::string::npos) text.erase(0, 1);
    out += text;
    return rounded;
}

template <typename Float>
Rounded append_binary(std::string& out, Float value, std::optional<int> decimals) {
    char digits[400];  // the largest double has 309 digits
    const auto end =
        std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed).ptr;
    if (decimals && std::isfinite(value))
        return append_rounded(out, std::string(digits, end), *decimals);
    out.append(digits, end);
    return Rounded::no;
}

}  // namespace

Rounded append_double(std::string& out, double value, std::optional<int> decimals) {
    return append_binary(out, value, decimals);
}
Rounded append_float(std::string& out, float value, std::optional<int> decimals) {
    return append_binary(out, value, decimals);
}

}  // namespace mis::source
