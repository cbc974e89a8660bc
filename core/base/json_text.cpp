#include "base/json_text.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

#include "base/byte_block.hpp"
#include "base/result.hpp"

namespace mis {
namespace {

constexpr std::string_view::size_type kNone = std::string_view::npos;

// The places after the value that begins at `at`; kNone: the text ends inside it.
std::size_t after_string(std::string_view text, std::size_t at) {
    using Block = ByteBlock<16>;  // most end soon
    for (++at; at < text.size();) {
        const Block block(text, at);
        const auto quotes = block.equal('"'), slashes = block.equal('\\');
        if (quotes == 0 && slashes == 0) {
            at += Block::kBytes;
        } else if (slashes == 0 || (quotes != 0 && Block::first(quotes) < Block::first(slashes))) {
            return at + Block::first(quotes) + 1;
        } else {
            at += Block::first(slashes) + 2;
        }
    }
    return kNone;
}

struct Nesting {  // within a container, at some byte of it
    std::size_t depth = 0;
    bool in_string = false;
};

std::size_t after_container_with_escapes(std::string_view text, std::size_t at, Nesting nesting) {
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '"') {
            nesting.in_string = !nesting.in_string;
        } else if (nesting.in_string) {
            if (c == '\\') ++at;
        } else if (c == '{' || c == '[') {
            ++nesting.depth;
        } else if ((c == '}' || c == ']') && --nesting.depth == 0) {
            return at + 1;
        }
    }
    return kNone;
}

// Every bit from an odd quote, itself included, to the next.
std::uint64_t between_quotes(std::uint64_t quotes) {
#pragma GCC unroll 6
    for (unsigned reach = 1; reach < 64; reach *= 2) quotes ^= quotes << reach;
    return quotes;
}

std::size_t after_container(std::string_view text, std::size_t at) {
    using Block = ByteBlock<64>;
    Nesting nesting;
    for (; at < text.size(); at += Block::kBytes) {
        const Block block(text, at);
        if (block.equal('\\') != 0) return after_container_with_escapes(text, at, nesting);
        const auto quotes = block.equal('"');
        const auto in_strings =
            between_quotes(quotes) ^ (nesting.in_string ? ~std::uint64_t{0} : 0);
        const auto opening = block.equal_but_for_case('{'), closing = block.equal_but_for_case('}');
        for (auto brackets = (opening | closing) & ~in_strings; brackets != 0;
             brackets &= brackets - 1) {
            const std::size_t bracket = Block::first(brackets);
            if ((opening >> bracket & 1) != 0)
                ++nesting.depth;
            else if (--nesting.depth == 0)
                return at + bracket + 1;
        }
        if (std::popcount(quotes) % 2 != 0) nesting.in_string = !nesting.in_string;
    }
    return kNone;
}

std::size_t after_value(std::string_view text, std::size_t at) {
    if (at >= text.size()) return kNone;
    if (text[at] == '"') return after_string(text, at);
    if (text[at] == '{' || text[at] == '[') return after_container(text, at);
    std::size_t end = at;
    while (end < text.size() && text[end] != ',' && text[end] != '}' && text[end] != ']') ++end;
    return end == at ? kNone : end;
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

struct Place {              // of a member in an object's text
    std::size_t at = 0;     // its name's opening quote; not there: the next name's, or the end
    std::size_t value = 0;  // 0: it is not there
    std::size_t value_end = 0;
    bool before_another = false;
};

// Stops at the first name that comes after, before its value is read.
Place place_of(std::string_view text, std::string_view name) {
    Place place;
    if (text.size() < 2 || text.front() != '{' || text.back() != '}') return place;
    place.at = text.size() - 1;
    for (std::size_t at = 1; at < text.size() && text[at] == '"';) {
        const std::size_t name_end = after_string(text, at);
        if (name_end == kNone || name_end >= text.size() || text[name_end] != ':') break;
        const int order = text.substr(at + 1, name_end - at - 2).compare(name);
        if (order > 0) {
            place.at = at;
            place.before_another = true;
            break;
        }
        const std::size_t value_end = after_value(text, name_end + 1);
        if (value_end == kNone || value_end >= text.size()) break;
        if (order == 0) return Place{at, name_end + 1, value_end, false};
        if (text[value_end] != ',') break;
        at = value_end + 1;
    }
    return place;
}

// Quoted and with its colon; the place after it.
char* write_name(char* at, std::string_view name) {
    *at++ = '"';
    at = std::copy(name.begin(), name.end(), at);
    *at++ = '"';
    *at++ = ':';
    return at;
}

// What a name shares with few others; not empty.
std::size_t sign_of(std::string_view name, std::size_t signs) {
    const auto first = static_cast<unsigned char>(name.front());
    const auto last = static_cast<unsigned char>(name.back());
    return (name.size() * 5 + first * 3U + last) % signs;
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
    const Place place = place_of(raw_, name);
    if (place.value == 0) return {};
    return JsonView(raw_.substr(place.value, place.value_end - place.value));
}

Json JsonView::tree() const {
    auto parsed = parse_json(raw_);
    return parsed ? std::move(*parsed) : Json();
}

JsonMembers::JsonMembers(JsonView object) {
    auto* const few = reinterpret_cast<JsonMember*>(few_.data());
    well_formed_ =
        for_each_member(object.raw(), [&](std::string_view name, std::string_view value) {
            const JsonMember member{name, JsonView(value)};
            if (size_ == kFew) more_.assign(begin(), end());
            if (size_ < kFew)
                new (few + size_) JsonMember(member);
            else
                more_.push_back(member);
            ++size_;
            if (name.empty()) return true;
            std::uint8_t& first = first_of_sign_[sign_of(name, kSigns)];
            if (first == 0 && size_ <= kFew) first = static_cast<std::uint8_t>(size_);
            return true;
        });
    if (!well_formed_) size_ = 0;
}

JsonView JsonMembers::find(std::string_view name) const {
    if (size_ > kFew) {
        const JsonMember* found = std::lower_bound(
            begin(), end(), name,
            [](const JsonMember& member, std::string_view n) { return member.name < n; }
        );
        return found == end() || found->name != name ? JsonView() : found->value;
    }
    if (name.empty()) return {};
    const std::size_t first = first_of_sign_[sign_of(name, kSigns)];
    if (first == 0) return {};
    for (const JsonMember* member = begin() + first - 1; member != end(); ++member)
        if (member->name == name) return member->value;
    return {};
}

void JsonText::set(std::string_view name, std::string_view raw) {
    const Place place = place_of(text_, name);
    if (place.value != 0) {
        text_.replace(place.value, place.value_end - place.value, raw);
        return;
    }
    const bool after_another = !place.before_another && text_.size() > 2;
    const std::size_t bytes =
        name.size() + raw.size() + 3 + (after_another || place.before_another ? 1 : 0);
    if (text_.capacity() < text_.size() + bytes) text_.reserve(text_.size() + bytes + 64);
    text_.insert(place.at, bytes, ',');
    char* const at = text_.data() + place.at + (after_another ? 1 : 0);
    std::copy(raw.begin(), raw.end(), write_name(at, name));
}

void JsonText::set_string(std::string_view name, std::string_view value) {
    set(name, json_string(value));
}

void JsonText::erase(std::string_view name) {
    const Place place = place_of(text_, name);
    if (place.value == 0) return;
    std::size_t from = place.at, to = place.value_end;
    if (text_[to] == ',')
        ++to;
    else if (text_[from - 1] == ',')
        --from;
    text_.erase(from, to - from);
}

void JsonFields::begin(std::string_view name) {
    MIS_ASSERT(count_ < kFieldsMax);
    const std::size_t comma = count_ > 0 ? 1 : 0;
    if (count_ > 0 && in_order_) {
        const std::string_view before = fields_[count_ - 1].named();
        in_order_ =
            static_cast<unsigned char>(before.front()) < static_cast<unsigned char>(name.front()) ||
            before < name;
    }
    const std::size_t from = text_.size() + comma;
    fields_[count_++] = Field{
        name.data(), static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(from)};
    text_.append(comma + name.size() + 3, ',');
    write_name(text_.data() + from, name);
}

JsonFields& JsonFields::string(std::string_view name, std::string_view value) {
    begin(name);
    append_json_string(text_, value);
    return *this;
}

JsonFields& JsonFields::integer(std::string_view name, std::int64_t value) {
    begin(name);
    append_json_integer(text_, value);
    return *this;
}

JsonFields& JsonFields::money(std::string_view name, const Money& value) {
    begin(name);
    append_json_money(text_, value);
    return *this;
}

JsonText JsonFields::text() const& {
    if (!in_order_) return JsonText::of(sorted());
    std::string out;
    out.reserve(text_.size() + 1);
    out += text_;
    out += '}';
    return JsonText::of(std::move(out));
}

JsonText JsonFields::text() && {
    if (!in_order_) return JsonText::of(sorted());
    text_ += '}';
    return JsonText::of(std::move(text_));
}

std::string JsonFields::sorted() const {
    std::array<std::uint8_t, kFieldsMax> order;
    for (std::size_t i = 0; i < count_; ++i) {
        std::size_t at = i;
        for (; at > 0 && fields_[i].named() < fields_[order[at - 1]].named(); --at)
            order[at] = order[at - 1];
        order[at] = static_cast<std::uint8_t>(i);
    }
    std::string out;
    out.reserve(text_.size() + 1);
    out += '{';
    for (std::size_t i = 0; i < count_; ++i) {
        const std::size_t field = order[i];
        const std::size_t from = fields_[field].from;
        const std::size_t to = field + 1 < count_ ? fields_[field + 1].from - 1 : text_.size();
        if (i > 0) out += ',';
        out.append(text_, from, to - from);
    }
    out += '}';
    return out;
}

std::string json_string(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 2);
    append_json_string(out, text);
    return out;
}

std::string json_money(const Money& money) {
    std::string out;
    out.reserve(48);
    append_json_money(out, money);
    return out;
}

void append_json_money(std::string& out, const Money& money) {
    out += R"({"currency":")";
    out += money.currency.code();
    out += R"(","minor":)";
    append_json_integer(out, money.minor);
    out += '}';
}

void append_json_integer(std::string& out, std::int64_t value) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

}  // namespace mis
