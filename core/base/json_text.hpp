// Canonical JSON (base/json.hpp) as the text it is: read and edited in place, no tree in between.
//
// For the hot path from a stored body to an event: most of its time was once the building, copying
// and freeing of trees (core/decisions/0005). The texts are our own, canonical already; from a text
// that is not JSON nothing is read, and well_formed() of its members says so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/money.hpp"

namespace mis {

// One value inside a text, which must outlive it. Default: absent.
class JsonView {
  public:
    JsonView() = default;
    explicit JsonView(std::string_view raw) : raw_(raw) {}

    std::string_view raw() const { return raw_; }  // canonical: equal texts are equal values
    bool absent() const { return raw_.empty(); }
    bool is_null() const { return raw_ == "null"; }
    bool is_object() const { return starts_with('{'); }
    bool is_array() const { return starts_with('['); }
    bool is_string() const { return starts_with('"'); }
    bool is_integer() const {
        return !raw_.empty() && (raw_[0] == '-' || (raw_[0] >= '0' && raw_[0] <= '9'));
    }

    std::optional<bool> boolean() const;
    std::optional<std::int64_t> integer() const;
    std::optional<Money> money() const;  // {"currency":"RUB","minor":450000}
    std::string string() const;          // unescaped; empty when it is none
    // An unescaped string as it stands in the text; nullopt: no string, or one with escapes.
    std::optional<std::string_view> plain_string() const;
    std::vector<JsonView> elements() const;      // of an array; empty when it is none
    JsonView find(std::string_view name) const;  // a member of an object; absent when it has none
    Json tree() const;                           // null when it is absent or not JSON

  private:
    std::string_view raw_;

    bool starts_with(char first) const { return !raw_.empty() && raw_[0] == first; }
};

struct JsonMember {
    std::string_view name;  // as it stands in the text; our names have no escapes
    JsonView value;
};

// The members of an object, found in one pass and then by name. Not an object: none.
class JsonMembers {
  public:
    explicit JsonMembers(JsonView object);

    JsonView find(std::string_view name) const;  // absent when there is none
    bool well_formed() const { return well_formed_; }
    std::size_t size() const { return size_; }
    const JsonMember* begin() const { return more_.empty() ? few() : more_.data(); }
    const JsonMember* end() const { return begin() + size_; }

  private:
    static constexpr std::size_t kSigns = 64;
    static constexpr std::size_t kFew = 32;  // what nearly every object of ours has room in

    // Not written before they are filled: most objects are small, and every event has several.
    alignas(JsonMember) std::array<std::byte, kFew * sizeof(JsonMember)> few_;
    std::vector<JsonMember> more_;  // all of them, when they are more
    std::array<std::uint8_t, kSigns>
        first_of_sign_{};  // of a few: its number from 1; 0: none has it
    std::size_t size_ = 0;
    bool well_formed_ = false;

    const JsonMember* few() const {
        return std::launder(reinterpret_cast<const JsonMember*>(few_.data()));
    }
};

// A canonical object of its own. Setting and erasing edit the text and keep it canonical.
class JsonText {
  public:
    JsonText() : text_("{}") {}
    JsonText(const Json& tree) : text_(canonical_json(tree)) {}  // NOLINT: a tree is a text, slower
    static JsonText of(std::string canonical) { return JsonText(std::move(canonical)); }
    static JsonText of(JsonView object) { return JsonText(std::string(object.raw())); }

    const std::string& text() const { return text_; }
    std::string take() && { return std::move(text_); }
    JsonView view() const { return JsonView(text_); }
    JsonView find(std::string_view name) const { return view().find(name); }
    bool contains(std::string_view name) const { return !find(name).absent(); }
    bool empty() const { return text_ == "{}"; }
    Json tree() const { return view().tree(); }

    // `raw`: canonical JSON of any kind, no view of this text. Replaces what was there.
    void set(std::string_view name, std::string_view raw);
    void set_string(std::string_view name, std::string_view value);
    void erase(std::string_view name);

    friend bool operator==(const JsonText&, const JsonText&) = default;

  private:
    std::string text_;

    explicit JsonText(std::string canonical) : text_(std::move(canonical)) {}
};

// Gathers the members of an object. In the canonical order they are their text already; in any
// other text() puts them into it.
class JsonFields {
  public:
    explicit JsonFields(std::size_t bytes = 200) {
        text_.reserve(bytes);
        text_ += '{';
    }

    // Names: of static duration. Each name once, and kFieldsMax in all.
    JsonFields& raw(std::string_view name, std::string_view value) {
        begin(name);
        text_ += value;
        return *this;
    }
    JsonFields& string(std::string_view name, std::string_view value);
    JsonFields& integer(std::string_view name, std::int64_t value);
    JsonFields& boolean(std::string_view name, bool value) {
        return raw(name, value ? "true" : "false");
    }
    JsonFields& money(std::string_view name, const Money& value);
    JsonFields& null(std::string_view name) { return raw(name, "null"); }

    JsonText text() const&;
    JsonText text() &&;

    static constexpr std::size_t kFieldsMax = 40;

  private:
    struct Field {
        const char* name;
        std::uint32_t name_bytes;
        std::uint32_t from;  // of its opening quote in text_
        std::string_view named() const { return {name, name_bytes}; }
    };

    std::string text_;  // without the closing brace
    std::array<Field, kFieldsMax> fields_;
    std::size_t count_ = 0;
    bool in_order_ = true;

    void begin(std::string_view name);
    std::string sorted() const;
};

std::string json_string(std::string_view text);  // quoted
std::string json_money(const Money& money);
void append_json_money(std::string& out, const Money& money);
void append_json_integer(std::string& out, std::int64_t value);

}  // namespace mis
