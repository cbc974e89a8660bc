#include "base/json_text.hpp"

#include <doctest/doctest.h>

#include <random>

namespace mis {
namespace {

// Invented documents of every shape; the same seed gives the same ones.
class Documents {
  public:
    explicit Documents(unsigned seed) : random_(seed) {}

    Json object(int depth) {
        Json out = Json::object();
        for (int i = below(depth > 2 ? 50 : 6); i > 0; --i) out[name()] = value(depth - 1);
        return out;
    }
    std::string name() { return "f" + std::to_string(below(60)); }
    Json value(int depth) {
        switch (below(depth > 0 ? 8 : 6)) {
            case 0:
                return nullptr;
            case 1:
                return below(2) == 0;
            case 2:
                return std::int64_t{below(2'000'000)} - 1'000'000;
            case 3:
                return text();
            case 4:
                return Json::array();
            case 5:
                return to_json_value(Money{below(1'000'000), *Currency::parse("RUB")});
            case 6: {
                Json list = Json::array();
                for (int i = below(5); i > 0; --i) list.push_back(value(depth - 1));
                return list;
            }
            default:
                return object(depth - 1);
        }
    }
    int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

  private:
    std::mt19937 random_;

    std::string text() {
        static const std::vector<std::string> kParts{"зуб 16", "\"", "\\", "\n",      "\t",
                                                     "\x01",   "{",  "}",  "[",       "]",
                                                     ",",      ":",  "a",  "«₽»", "/"};
        std::string out;
        for (int i = below(6); i > 0; --i)
            out += kParts[static_cast<std::size_t>(below(static_cast<int>(kParts.size())))];
        return out;
    }
};

void require_same(JsonView text, const Json& tree) {
    REQUIRE(text.raw() == canonical_json(tree));
    CHECK(text.tree() == tree);
    CHECK(text.is_object() == tree.is_object());
    CHECK(text.is_array() == tree.is_array());
    CHECK(text.is_null() == tree.is_null());
    CHECK(text.string() == (tree.is_string() ? tree.get<std::string>() : ""));
    CHECK(text.integer().has_value() == tree.is_number_integer());
    CHECK(text.boolean().has_value() == tree.is_boolean());
    CHECK(text.money() == money_from_json(tree));
    if (tree.is_number_integer()) CHECK(*text.integer() == tree.get<std::int64_t>());
    if (tree.is_boolean()) CHECK(*text.boolean() == tree.get<bool>());
    if (tree.is_array()) {
        const auto elements = text.elements();
        REQUIRE(elements.size() == tree.size());
        for (std::size_t i = 0; i < tree.size(); ++i) require_same(elements[i], tree[i]);
    }
    const JsonMembers members(text);
    CHECK(members.well_formed() == tree.is_object());
    if (!tree.is_object()) return;
    CHECK(members.size() == tree.size());
    CHECK(text.find("f60").absent());
    CHECK(members.find("f60").absent());
    for (const auto& [name, value] : tree.items()) {
        CHECK(text.find(name).raw() == members.find(name).raw());
        require_same(text.find(name), value);
    }
}

}  // namespace

TEST_CASE("a canonical text is read as the tree it is the text of") {
    Documents documents(1);
    for (int i = 0; i < 300; ++i) {
        const Json tree = documents.object(4);
        const JsonText text(tree);
        require_same(text.view(), tree);
    }
}

TEST_CASE("setting and erasing keep a text canonical") {
    Documents documents(2);
    for (int i = 0; i < 100; ++i) {
        Json tree = documents.object(2);
        JsonText text(tree);
        for (int step = 0; step < 40; ++step) {
            const std::string name = documents.name();
            if (documents.below(3) == 0) {
                tree.erase(name);
                text.erase(name);
            } else {
                const Json value = documents.value(2);
                tree[name] = value;
                text.set(name, canonical_json(value));
            }
            REQUIRE(text.text() == canonical_json(tree));
        }
    }
}

TEST_CASE("gathered fields come out in the canonical order") {
    JsonFields fields;
    fields.string("payer", "a\"b\\\n").integer("count", -7).boolean("closed", false);
    fields.money("total", Money{450'000, *Currency::parse("RUB")}).null("limit").raw("lines", "[]");
    const Json tree{{"payer", "a\"b\\\n"}, {"count", -7},
                    {"closed", false},     {"total", {{"currency", "RUB"}, {"minor", 450'000}}},
                    {"limit", nullptr},    {"lines", Json::array()}};
    CHECK(fields.text().text() == canonical_json(tree));
}

TEST_CASE("what is not a canonical object has no members") {
    for (const char* text :
         {"", "{", "}", "[]", "{]", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":1,}", "{\"a\":\"x}",
          "{\"a\":{}", "{\"a\":1}}", "{\"a\":1}x", "{\"a\":[1,2}", "nul", "\"a\"", "{\"a\\\":1}"}) {
        CAPTURE(text);
        const JsonMembers members{JsonView(text)};
        CHECK_FALSE(members.well_formed());
        CHECK(members.size() == 0);
    }
    CHECK(JsonMembers(JsonView("{}")).well_formed());
}

TEST_CASE("a text that ends anywhere is read no further than it goes") {
    Documents documents(3);
    for (int i = 0; i < 30; ++i) {
        const std::string text = canonical_json(documents.object(3));
        for (std::size_t end = 0; end < text.size(); ++end) {
            const std::string part = text.substr(0, end);
            CHECK_FALSE(JsonMembers(JsonView(part)).well_formed());
            static_cast<void>(JsonView(part).elements());
            static_cast<void>(JsonView(part).find("f1"));
        }
    }
}

}  // namespace mis
