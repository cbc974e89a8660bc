// The gate's table and the published schemas say the same: a field that one has and the other has
// not fails here.
#include "disclosure/allow_list.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <set>

#include "base/json.hpp"
#include "platform/file.hpp"

using namespace mis;
using namespace mis::disclosure;

namespace {

const std::filesystem::path kSchemas = std::filesystem::path(MIS_SOURCE_DIR) / "schemas/event";

struct Described {
    Kind kind = Kind::word;
    Many many = Many::one;
    Null null = Null::refused;
    Json object;  // of object and reference
};

// #/definitions/text is what people typed; every other string is a word.
Described describe(const Json& schema, const Json& file) {
    if (schema.contains("$ref")) {
        const auto name =
            schema["$ref"].get<std::string>().substr(std::string("#/definitions/").size());
        Described found = describe(file["definitions"].at(name), file);
        if (name == "text") found.kind = Kind::text;
        return found;
    }
    if (schema.contains("anyOf")) {
        const auto& second = schema["anyOf"][1];
        Described found = describe(schema["anyOf"][0], file);
        if (second.contains("type") && second["type"] == "null") {
            found.null = Null::allowed;
            return found;
        }
        CHECK(found.kind == Kind::word);
        found = describe(second, file);
        CHECK(found.kind == Kind::object);
        found.kind = Kind::reference;
        return found;
    }
    Described found;
    if (schema.contains("enum")) return found;
    const auto type = schema.at("type").get<std::string>();
    if (type == "array") {
        found = describe(schema["items"], file);
        found.many = Many::list;
    } else if (type == "object") {
        found.kind = Kind::object;
        found.object = schema;
    } else if (type == "integer") {
        found.kind = Kind::integer;
    } else if (type == "boolean") {
        found.kind = Kind::boolean;
    } else {
        CHECK(type == "string");
    }
    return found;
}

void compare(const Shape& shape, const Json& object, const Json& file) {
    CAPTURE(shape.name);
    CHECK(object.at("additionalProperties") == false);
    CHECK(object["properties"].size() == shape.fields.size());
    std::string previous;
    for (const Field& field : shape.fields) {
        CAPTURE(field.name);
        CHECK(previous < field.name);
        previous = field.name;
        REQUIRE(object["properties"].contains(field.name));
        const auto said = describe(object["properties"][std::string(field.name)], file);
        CHECK(said.kind == field.kind);
        CHECK(said.many == field.many);
        CHECK(said.null == field.null);
        REQUIRE(
            (field.shape != nullptr) ==
            (field.kind == Kind::object || field.kind == Kind::reference)
        );
        if (field.shape != nullptr) compare(*field.shape, said.object, file);
    }
}

}  // namespace

TEST_CASE("the allow-list equals schemas/event") {
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(kSchemas))
        files.insert(entry.path().filename().string());
    for (const Shape& shape : event_shapes()) {
        const std::string name = std::string(shape.name) + ".v1.json";
        CAPTURE(name);
        REQUIRE(files.erase(name) == 1);
        const auto file = parse_json(platform::read_file(kSchemas / name));
        REQUIRE(file);
        CHECK((*file)["properties"]["type"]["const"] == "mis." + std::string(shape.name) + ".v1");
        compare(shape, (*file)["properties"]["data"], *file);
        CHECK(event_shape(shape.name) == &shape);
    }
    CHECK(files.empty());
    CHECK(event_shape("patient.renamed") == nullptr);
}

TEST_CASE(
    "I3: no field of an event names a source id, and no private field of a record is among them"
) {
    static const std::set<std::string> kPrivate = {
        "last_name", "first_name", "middle_name",   "birth_date", "phones", "phone",  "email",
        "marks",     "comment",    "policy_number", "title",      "text",   "raw_row"};
    for (const auto& entry : std::filesystem::directory_iterator(kSchemas)) {
        const auto file = *parse_json(platform::read_file(entry.path()));
        const auto check = [&](const Json& properties) {
            for (const auto& [name, schema] : properties.items()) {
                CAPTURE(name);
                CHECK(name.find("source_id") == std::string::npos);
                CHECK_FALSE(kPrivate.contains(name));
            }
        };
        check(file["properties"]["data"]["properties"]);
        for (const auto& [name, definition] : file["definitions"].items())
            if (definition.contains("properties")) check(definition["properties"]);
    }
}
