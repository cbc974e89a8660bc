#include "base/json_text.hpp"

#include <algorithm>
#include <charconv>

namespace mis {
namespace {

constexpr std::string_view::size_type kNone = std::string_view::npos;

// The places after the value that begins at `at`; kNone: the text ends inside it.
std::size_t after_string(std::string_view text, std::size_t at) {
    for (std::size_t quote = at + 1;; ++quote) {
        quote = text.find('"', quote);
        if (quote == kNone) return kNone;
        std::size_t slashes = 0;
        while (text[quote - 1 - slashes] == '\\') ++slashes;
        if (slashes % 2 == 0) return quote + 1;
    }
}

std::size_t after_value(std::string_view text, std::size_t at) {
    if (at >= text.size()) return kNone;
    if (text[at] == '"') return after_string(text, at);
    if (text[at] != '{' && text[at] != '[') {
        const std::size_t end = text.find_first_of(",}]", at);
        return end == at ? kNone : std::min(end, text.size());
    }
    std::size_t depth = 0;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '"') {
            at = after_string(text, at);
            if (at == kNone) return kNone;
            continue;
        }
        ++at;
        if (c == '{' || c == '[') ++depth;
        if ((c == '}' || c == ']') && --depth == 0) return at;
    }
    return kNone;
}

// Calls visit(name, value) for each member until it says false; false: not a whole object.
template <typename Visit>
bool for_each_member(std::string_view text, const Visit& visit) {
    if (text.size() < 2 || text.front() != '{' || text.back() != '}') return false;
    std::size_t at = 1;
    if (text[at] == '}') return text.size() == 2;
    for (;;) {
        if (at >= text.size() || text[at] != '"') return false;
        const std::size_t name_end = after_string(text, at);
        if (name_end == kNone || name_end >= text.size() || text[name_end] != ':') return false;
        const std::size_t value_end = after_value(text, name_end + 1);
        if (value_end == kNone || value_end >= text.size()) return false;
        const std::string_view name = text.substr(at + 1, name_end - at - 2);
        if (!visit(name, text.substr(name_end + 1, value_end - name_end - 1))) return true;
        if (text[value_end] == '}') return value_end + 1 == text.size();
        if (text[value_end] != ',') return false;
        at = value_end + 1;
    }
}

void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
        out += static_cast<char>(0xe0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    }
}

// Canonical text escapes what JSON requires and nothing else, so \u is a control character.
std::string unescaped(std::string_view inner) {
    std::string out;
    out.reserve(inner.size());
    for (std::size_t i = 0; i < inner.size(); ++i) {
        if (inner[i] != '\\' || i + 1 >= inner.size()) {
            out += inner[i];
            continue;
        }
        const char c = inner[++i];
        switch (c) {
            case 'b':
                out += '\b';
                break;
            case 'f':
                out += '\f';
                break;
            case 'n':
                out += '\n';
                break;
            case 'r':
                out += '\r';
                break;
            case 't':
                out += '\t';
                break;
            case 'u': {
                unsigned code = 0;
                const std::string_view digits = inner.substr(i + 1, 4);
                std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
                append_utf8(out, code);
                i += digits.size();
                break;
            }
            default:
                out += c;
        }
    }
    return out;
}

}  // namespace

std::optional<bool> JsonView::boolean() const {
    if (raw_ == "true") return true;
    if (raw_ == "false") return false;
    return std::nullopt;
}

std::optional<std::int64_t> JsonView::integer() const {
    std::int64_t value = 0;
    const char* end = raw_.data() + raw_.size();
    const auto [at, error] = std::from_chars(raw_.data(), end, value);
    if (raw_.empty() || error != std::errc() || at != end) return std::nullopt;
    return value;
}

std::optional<Money> JsonView::money() const {
    constexpr std::string_view kBefore = R"({"currency":")";
    constexpr std::string_view kBetween = R"(","minor":)";
    if (!raw_.starts_with(kBefore) || !raw_.ends_with('}')) return std::nullopt;
    const std::size_t between = raw_.find(kBetween, kBefore.size());
    if (between == kNone) return std::nullopt;
    const auto currency = Currency::parse(raw_.substr(kBefore.size(), between - kBefore.size()));
    const std::size_t digits = between + kBetween.size();
    const auto minor = JsonView(raw_.substr(digits, raw_.size() - 1 - digits)).integer();
    if (!currency || !minor) return std::nullopt;
    return Money{*minor, *currency};
}

std::optional<std::string_view> JsonView::plain_string() const {
    if (!is_string() || raw_.size() < 2) return std::nullopt;
    const std::string_view inner = raw_.substr(1, raw_.size() - 2);
    if (inner.find('\\') != kNone) return std::nullopt;
    return inner;
}

std::string JsonView::string() const {
    if (!is_string() || raw_.size() < 2) return {};
    const std::string_view inner = raw_.substr(1, raw_.size() - 2);
    return inner.find('\\') == kNone ? std::string(inner) : unescaped(inner);
}

std::vector<JsonView> JsonView::elements() const {
    std::vector<JsonView> found;
    if (!is_array()) return found;
    for (std::size_t at = 1; at < raw_.size() && raw_[at] != ']';) {
        const std::size_t end = after_value(raw_, at);
        if (end == kNone) break;
        found.push_back(JsonView(raw_.substr(at, end - at)));
        at = end < raw_.size() && raw_[end] == ',' ? end + 1 : end;
    }
    return found;
}

JsonView JsonView::find(std::string_view name) const {
    JsonView found;
    for_each_member(raw_, [&](std::string_view member, std::string_view value) {
        if (member == name) found = JsonView(value);
        return member < name;
    });
    return found;
}

Json JsonView::tree() const {
    auto parsed = parse_json(raw_);
    return parsed ? std::move(*parsed) : Json();
}

JsonMembers::JsonMembers(JsonView object) {
    well_formed_ =
        for_each_member(object.raw(), [&](std::string_view name, std::string_view value) {
            const JsonMember member{name, JsonView(value)};
            if (size_ == few_.size()) more_.assign(few_.begin(), few_.end());
            if (size_ < few_.size())
                few_[size_] = member;
            else
                more_.push_back(member);
            ++size_;
            return true;
        });
    if (!well_formed_) size_ = 0;
}

JsonView JsonMembers::find(std::string_view name) const {
    const JsonMember* found =
        std::lower_bound(begin(), end(), name, [](const JsonMember& member, std::string_view n) {
            return member.name < n;
        });
    return found == end() || found->name != name ? JsonView() : found->value;
}

void JsonText::set(std::string_view name, std::string_view raw) {
    const char* start = text_.data();
    std::size_t from = text_.size() - 1, bytes = 0;  // what is replaced
    bool replaces = false, before_another = false;
    for_each_member(text_, [&](std::string_view member, std::string_view value) {
        if (member < name) return true;
        replaces = member == name;
        before_another = !replaces;
        const char* at = replaces ? value.data() : member.data() - 1;
        from = static_cast<std::size_t>(at - start);
        bytes = replaces ? value.size() : 0;
        return false;
    });
    if (replaces) {
        text_.replace(from, bytes, raw);
        return;
    }
    std::string added;
    added.reserve(name.size() + raw.size() + 4);
    if (!before_another && text_.size() > 2) added += ',';
    added += '"';
    added += name;
    added += "\":";
    added += raw;
    if (before_another) added += ',';
    text_.insert(from, added);
}

void JsonText::set_string(std::string_view name, std::string_view value) {
    set(name, json_string(value));
}

void JsonText::erase(std::string_view name) {
    const char* start = text_.data();
    std::size_t from = 0, to = 0;
    for_each_member(text_, [&](std::string_view member, std::string_view value) {
        if (member == name) {
            from = static_cast<std::size_t>(member.data() - 1 - start);
            to = static_cast<std::size_t>(value.data() + value.size() - start);
        }
        return member < name;
    });
    if (to == 0) return;
    if (text_[to] == ',')
        ++to;
    else if (text_[from - 1] == ',')
        --from;
    text_.erase(from, to - from);
}

JsonFields& JsonFields::string(std::string_view name, std::string_view value) {
    return raw(name, json_string(value));
}

JsonFields& JsonFields::integer(std::string_view name, std::int64_t value) {
    return raw(name, std::to_string(value));
}

JsonFields& JsonFields::money(std::string_view name, const Money& value) {
    return raw(name, json_money(value));
}

JsonText JsonFields::text() const {
    std::vector<const Field*> sorted;
    sorted.reserve(fields_.size());
    std::size_t bytes = 2;
    for (const Field& field : fields_) {
        sorted.push_back(&field);
        bytes += field.first.size() + field.second.size() + 4;
    }
    std::sort(sorted.begin(), sorted.end(), [](const Field* a, const Field* b) {
        return a->first < b->first;
    });
    std::string out;
    out.reserve(bytes + 120);  // a patient and a day are set soon
    out += '{';
    for (const Field* field : sorted) {
        if (out.size() > 1) out += ',';
        out += '"';
        out += field->first;
        out += "\":";
        out += field->second;
    }
    out += '}';
    return JsonText::of(std::move(out));
}

std::string json_string(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 2);
    append_json_string(out, text);
    return out;
}

std::string json_money(const Money& money) {
    std::string out = R"({"currency":")";
    out += money.currency.code();
    out += R"(","minor":)";
    out += std::to_string(money.minor);
    out += '}';
    return out;
}

}  // namespace mis
