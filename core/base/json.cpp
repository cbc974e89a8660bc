#include "base/json.hpp"

#include <algorithm>

#include "base/byte_block.hpp"
#include "base/file_text.hpp"
#include "base/text.hpp"

template class nlohmann::basic_json<>;

namespace mis {
namespace {

constexpr int kDepthMax = 64;

// "… parse error at line 1, column 9: syntax error while parsing value - invalid literal; last
// read: 'x'" → "invalid literal"; what stands behind "last read" is content.
std::string cause_of(std::string text) {
    if (const auto read = text.find("; last read"); read != std::string::npos) {
        const auto expected = text.find("; expected", read);
        text = text.substr(0, read) + (expected == std::string::npos ? "" : text.substr(expected));
    }
    const auto cause = text.find(" - ");
    return cause == std::string::npos ? text : text.substr(cause + 3);
}

// Remembers how far the reader has come, which otherwise tells no place of what it refuses.
class Following {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;
    Following(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
    reference operator*() const { return *at_; }
    Following& operator++() {
        *furthest_ = ++at_;
        return *this;
    }
    Following operator++(int) {
        auto before = *this;
        ++*this;
        return before;
    }
    bool operator==(const Following& other) const { return at_ == other.at_; }
    bool operator!=(const Following& other) const { return at_ != other.at_; }

  private:
    const char* at_;
    const char** furthest_;
};

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
        const bool whole = text.find_first_not_of("-0123456789") == std::string::npos;
        if (whole) return refuse("a number beyond 64 bits (" + text.substr(0, 40) + ")");
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
    bool parse_error(
        std::size_t position, const std::string&, const nlohmann::detail::exception& error
    ) override {
        syntax = cause_of(error.what());
        return refuse("not JSON at byte " + std::to_string(position));
    }
    std::string syntax;  // what the grammar misses, without any content

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

Result<Json> parse_json_file(std::string_view text, const std::string& file) {
    const auto wrong = [&](int line, std::string_view what) {
        return fail(
            ErrorKind::malformed, file + ":" + std::to_string(line) + ": " + std::string(what)
        );
    };
    if (const auto fault = encoding_fault(text)) return wrong(fault->line, fault->text);
    if (auto document = parse_json(text)) return document;
    const char* furthest = text.data();
    StrictReader reader;
    Json::sax_parse(
        Following(text.data(), &furthest), Following(text.data() + text.size(), &furthest), &reader
    );
    std::string_view read = text.substr(0, static_cast<std::size_t>(furthest - text.data()));
    read = read.substr(0, read.find_last_not_of(" \t\r\n") + 1);  // a word is read to its end
    const int line = 1 + static_cast<int>(std::count(read.begin(), read.end(), '\n'));
    if (reader.syntax.empty()) return wrong(line, "not valid JSON: " + reader.problem);
    return wrong(
        line, "not valid JSON: " + reader.syntax + ": look at commas, quotes and brackets there"
    );
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
    const auto number = whole_number(*minor);
    if (!currency || !number) return std::nullopt;
    return Money{*number, *currency};
}

std::optional<std::int64_t> whole_number(const Json& value) {
    if (!value.is_number_integer()) return std::nullopt;
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
    return value.get<std::int64_t>();
}

namespace {

// How many bytes stand as they are before one that has to be escaped.
std::size_t clean_bytes(std::string_view text) {
    using Block = ByteBlock<16>;
    for (std::size_t at = 0; at < text.size(); at += Block::kBytes) {
        const Block block(text, at);
        const auto marks = block.equal('"') | block.equal('\\') | block.below(0x20);
        if (marks != 0) return at + Block::first(marks);
    }
    return text.size();
}

void append_escape(std::string& out, unsigned char c) {
    static constexpr char kHex[] = "0123456789abcdef";
    static constexpr std::string_view kNamed = "\"\\\b\f\n\r\t", kNames = "\"\\bfnrt";
    out += '\\';
    if (const auto named = kNamed.find(static_cast<char>(c)); named != kNamed.npos) {
        out += kNames[named];
        return;
    }
    out += "u00";
    out += kHex[c >> 4];
    out += kHex[c & 15];
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    std::size_t clean = clean_bytes(text);
    const std::size_t from = out.size() + 1;
    out.append(clean + 2, '"');  // with both quotes
    std::copy_n(text.begin(), clean, out.begin() + static_cast<std::ptrdiff_t>(from));
    if (clean == text.size()) return;
    out.pop_back();
    while (clean < text.size()) {
        append_escape(out, static_cast<unsigned char>(text[clean]));
        text.remove_prefix(clean + 1);
        clean = clean_bytes(text);
        out += text.substr(0, clean);
    }
    out += '"';
}

}  // namespace mis
