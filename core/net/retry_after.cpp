#include "net/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/text.hpp"
#include "net/http_date.hpp"

namespace mis::net {
namespace {

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::int64_t number(std::string_view digits) {  // too long for 64 bits: very long to wait
    std::int64_t value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return read.ec == std::errc() ? value : INT64_MAX;
}

}  // namespace

std::optional<AskedWait> retry_after(const Headers& headers, std::int64_t now_s) {
    const auto text = trim(find_header(headers, "Retry-After"));
    std::int64_t wait = 0;
    if (is_digits(text)) {
        wait = number(text);
    } else {
        const auto until = http_date(text);
        if (!until) return std::nullopt;
        const auto theirs = http_date(trim(find_header(headers, "Date")));
        wait = std::max<std::int64_t>(0, *until - theirs.value_or(now_s));
    }
    AskedWait asked;
    asked.is_cut = wait > kLongestWait.count();
    asked.wait = std::chrono::seconds(std::min<std::int64_t>(wait, kLongestWait.count()));
    return asked;
}

std::string wait_text(const AskedWait& asked) {
    std::string text = "asks to wait " + std::to_string(asked.wait.count()) + " s";
    if (asked.is_cut) text += " or more: tried again after a day, or after a restart of ours";
    return text;
}

}  // namespace mis::net
