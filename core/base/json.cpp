#include "base/json.hpp"

#include "base/byte_words.hpp"
#include "base/text.hpp"

namespace mis {
namespace {

constexpr int kDepthMax = 64;

// Builds the document and refuses what we never want in one: floats, repeated keys, deep nesting.
class StrictReader : public nlohmann::json_sax<Json> {
  public:
    Json root;
    std::string problem;

    bool null() override { return place(nullptr); }
    bool boolean(bool value) override { return place(value); }
    bool number_integer(number_integer_t value) override { return place(value); }
    bool number_unsigned(number_unsigned_t value) override { return place(value); }
    bool number_float(number_float_t, const string_t& text) override {
        return refuse(
            "a number that is not an integer (" + text.substr(0, 40) +
            "): write decimals as strings"
        );
    }
    bool string(string_t& value) override { return place(std::move(value)); }
    bool binary(binary_t&) override { return refuse("binary value"); }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool key(string_t& name) override {
        Json& object = *open_.back();
        if (object.contains(name)) return refuse("key '" + name.substr(0, 80) + "' occurs twice");
        slot_ = &object[name];
        return true;
    }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&)
        override {
        return refuse("not JSON at byte " + std::to_string(position));
    }

  private:
    std::vector<Json*> open_;
    Json* slot_ = nullptr;

    Json* put(Json&& value) {
        if (open_.empty()) {
            root = std::move(value);
            return &root;
        }
        Json& parent = *open_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        *slot_ = std::move(value);
        return slot_;
    }
    template <typename T>
    bool place(T&& value) {
        put(Json(std::forward<T>(value)));
        return true;
    }
    bool open(Json&& value) {
        if (open_.size() >= kDepthMax) return refuse("nested deeper than 64");
        open_.push_back(put(std::move(value)));
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }
    bool refuse(std::string text) {
        if (problem.empty()) problem = std::move(text);
        return false;
    }
};

}  // namespace

Result<Json> parse_json(std::string_view text) {
    if (!is_valid_utf8(text)) return fail(ErrorKind::malformed, "not UTF-8");
    StrictReader reader;
    if (!Json::sax_parse(text.begin(), text.end(), &reader))
        return fail(ErrorKind::malformed, reader.problem);
    return std::move(reader.root);
}

std::string canonical_json(const Json& document) { return document.dump(); }

Json to_json_value(const Money& money) {
    return Json{{"currency", money.currency.code()}, {"minor", money.minor}};
}

std::optional<Money> money_from_json(const Json& value) {
    if (!value.is_object() || value.size() != 2) return std::nullopt;
    const auto minor = value.find("minor");
    const auto code = value.find("currency");
    if (minor == value.end() || code == value.end() || !minor->is_number_integer() ||
        !code->is_string())
        return std::nullopt;
    const auto currency = Currency::parse(code->get_ref<const std::string&>());
    if (!currency) return std::nullopt;
    return Money{minor->get<std::int64_t>(), *currency};
}

void append_json_string(std::string& out, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    constexpr std::size_t kLongestEscape = 8;  // and no less than a word
    const std::size_t start = out.size();
    // Room for a text full of quotes, which an identity within an identity is; more only when
    // control characters ask for it.
    std::size_t room = 2 * text.size() + 2 + kLongestEscape;
    out.resize(start + room);
    char* at = out.data() + start;
    *at++ = '"';
    for (std::size_t i = 0; i < text.size(); ++i) {
        while (i + byte_words::kBytes <= text.size()) {  // what stands as it is, with a look ahead
            const std::uint64_t word = byte_words::load(text.data() + i);
            const std::uint64_t marks = byte_words::marked_equal(word, '"') |
                                        byte_words::marked_equal(word, '\\') |
                                        byte_words::marked_below(word, 0x20);
            std::memcpy(at, text.data() + i, byte_words::kBytes);
            const std::size_t clean =
                marks == 0 ? byte_words::kBytes : byte_words::first_marked(marks);
            at += clean;
            i += clean;
            if (marks != 0) break;
        }
        if (i == text.size()) break;
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') {
            *at++ = static_cast<char>(c);
            continue;
        }
        *at++ = '\\';
        switch (c) {
            case '"':
                *at++ = '"';
                continue;
            case '\\':
                *at++ = '\\';
                continue;
            case '\b':
                *at++ = 'b';
                continue;
            case '\f':
                *at++ = 'f';
                continue;
            case '\n':
                *at++ = 'n';
                continue;
            case '\r':
                *at++ = 'r';
                continue;
            case '\t':
                *at++ = 't';
                continue;
            default:
                break;
        }
        for (const char escape : {'u', '0', '0', kHex[c >> 4], kHex[c & 15]}) *at++ = escape;
        const auto used = static_cast<std::size_t>(at - out.data()) - start;
        room = used + 2 * (text.size() - i) + 2 + kLongestEscape;
        if (start + room > out.size()) out.resize(start + room);
        at = out.data() + start + used;
    }
    *at++ = '"';
    out.resize(static_cast<std::size_t>(at - out.data()));
}

}  // namespace mis
