#include "inbox/message_page.hpp"

#include <algorithm>
#include <optional>

#include "base/json.hpp"

namespace mis::inbox {
namespace {

// Walks over JSON without understanding it: strings, and brackets outside of them.
class PageText {
  public:
    explicit PageText(std::string_view text) : text_(text) {}

    bool take(char wanted) {
        blanks();
        if (at_ >= text_.size() || text_[at_] != wanted) return false;
        ++at_;
        return true;
    }
    bool at_end() {
        blanks();
        return at_ == text_.size();
    }
    // One value of any kind; empty: there is none, or it does not end.
    std::string_view value() {
        blanks();
        const std::size_t from = at_;
        std::size_t depth = 0;
        bool in_string = false;
        for (; at_ < text_.size(); ++at_) {
            const char letter = text_[at_];
            if (in_string) {
                if (letter == '\\')
                    ++at_;
                else if (letter == '"')
                    in_string = false;
                continue;
            }
            if (letter == '"') {
                in_string = true;
            } else if (letter == '{' || letter == '[') {
                ++depth;
            } else if (letter == '}' || letter == ']') {
                if (depth == 0) break;
                --depth;
            } else if (depth == 0 && (letter == ',' || letter == ':')) {
                break;
            }
        }
        if (in_string || depth > 0 || at_ > text_.size()) return {};
        std::size_t until = at_;
        while (until > from && is_blank(text_[until - 1])) --until;
        return text_.substr(from, until - from);
    }

  private:
    static bool is_blank(char letter) {
        return letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r';
    }
    void blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

tl::unexpected<Error> no_page(std::string_view why) {
    return fail(
        ErrorKind::malformed,
        "the page is not of the form {\"messages\": [...], \"next\": \"...\"}: " + std::string(why)
    );
}

// The elements of a list's text; nullopt: it is none.
std::optional<std::vector<std::string>> elements_of(std::string_view list) {
    PageText text(list);
    std::vector<std::string> elements;
    if (!text.take('[')) return std::nullopt;
    if (text.take(']')) return text.at_end() ? std::optional(elements) : std::nullopt;
    for (;;) {
        const std::string_view element = text.value();
        if (element.empty()) return std::nullopt;
        elements.emplace_back(element);
        if (text.take(',')) continue;
        return text.take(']') && text.at_end() ? std::optional(elements) : std::nullopt;
    }
}

}  // namespace

bool is_cursor(std::string_view text) {
    return !text.empty() && text.size() <= kCursorBytesMax &&
           std::all_of(text.begin(), text.end(), [](char letter) {
               return letter > ' ' && letter <= '~';
           });
}

Result<MessagePage> read_page(std::string_view body) {
    PageText text(body);
    std::optional<std::vector<std::string>> messages;
    std::optional<std::string> next;
    if (!text.take('{')) return no_page("it is no object");
    for (bool is_first = true; !text.take('}'); is_first = false) {
        if (!is_first && !text.take(','))
            return no_page("something stands where a comma or the end belongs");
        const std::string_view name = text.value();
        if (name.empty() || !text.take(':')) return no_page("a name is missing");
        const std::string_view value = text.value();
        if (value.empty()) return no_page("a value is missing or does not end");
        if (name == "\"messages\"") {
            if (messages) return no_page("messages stands there twice");
            messages = elements_of(value);
            if (!messages) return no_page("messages is no list");
        } else if (name == "\"next\"") {
            if (next) return no_page("next stands there twice");
            const auto cursor = parse_json(value);
            if (!cursor || !cursor->is_string() ||
                !is_cursor(cursor->get_ref<const std::string&>()))
                return no_page("next is no cursor");
            next = cursor->get<std::string>();
        }
    }
    if (!text.at_end()) return no_page("something follows it");
    if (!messages) return no_page("messages is missing");
    if (!next) return no_page("next is missing");
    return MessagePage{std::move(*messages), std::move(*next)};
}

}  // namespace mis::inbox
