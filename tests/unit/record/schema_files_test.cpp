// The compiled table (core/record/schema) and schemas/record/*.json say the same, in both
// directions.
//
// MIS_UPDATE_SCHEMAS=1 writes the files anew from the table; the diff is read by a human.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/json.hpp"
#include "platform/file.hpp"
#include "record/schema.hpp"

using namespace mis;
using namespace mis::record;

namespace {

const std::filesystem::path kFolder = std::filesystem::path(MIS_SOURCE_DIR) / "schemas" / "record";

Json money_schema() {
    return Json{
        {"type", "object"},
        {"properties",
         {{"minor", {{"type", "integer"}}},
          {"currency", {{"type", "string"}, {"pattern", "^[A-Z]{3}$"}}}}},
        {"required", {"minor", "currency"}},
        {"additionalProperties", false}};
}

Json id_schema() { return Json{{"type", "string"}, {"minLength", 1}, {"maxLength", kIdLengthMax}}; }

Json list_schema(Json items) {
    return Json{{"type", "array"}, {"items", std::move(items)}, {"maxItems", kListItemsMax}};
}

Json field_schema(const Field& field) {
    switch (field.type) {
        case FieldType::id:
            return id_schema();
        case FieldType::text:
            return Json{{"type", "string"}, {"minLength", 1}, {"maxLength", field.max_length}};
        case FieldType::id_list:
            return list_schema(id_schema());
        case FieldType::text_list:
            return list_schema(Json{
                {"type", "string"}, {"minLength", 1}, {"maxLength", field.max_length}});
        case FieldType::choice:
            return Json{{"type", "string"}, {"enum", field.values}};
        case FieldType::boolean:
            return Json{{"type", "boolean"}};
        case FieldType::integer:
            return Json{{"type", "integer"}, {"minimum", 0}, {"maximum", 1'000'000}};
        case FieldType::decimal:
            return Json{{"type", "string"}, {"pattern", "^-?[0-9]{1,18}(\\.[0-9]{1,9})?$"}};
        case FieldType::money:
            return Json{{"$ref", "#/definitions/money"}};
        case FieldType::date:
            return Json{{"type", "string"}, {"format", "date"}};
        case FieldType::time:
            return Json{{"type", "string"}, {"format", "date-time"}};
        case FieldType::zone:
            return Json{{"type", "string"}, {"minLength", 1}, {"maxLength", 64}};
        case FieldType::teeth:
            return Json{
                {"type", "array"},
                {"items",
                 {{"type", "string"},
                  {"pattern", "^([1-4][1-8]|[5-8][1-5]|quadrant-[1-8]|upper|lower|mouth)$"}}},
                {"maxItems", 52}};
        case FieldType::surfaces:
            return Json{{"type", "string"}, {"pattern", "^M?O?I?D?B?V?L?P?$"}, {"minLength", 1}};
        case FieldType::shares:
            return list_schema(Json{
                {"type", "object"},
                {"properties",
                 {{"payer",
                   {{"type", "string"},
                    {"enum", {"patient", "limit", "organization", "insurer", "clinic"}}}},
                  {"limit_source_id", id_schema()},
                  {"total", {{"$ref", "#/definitions/money"}}}}},
                {"required", {"payer", "total"}},
                {"additionalProperties", false}});
    }
    return Json();
}

Json document_of(const Kind& kind) {
    Json properties = Json::object(), required = Json::array();
    bool uses_money = false;
    for (const Field& field : kind.fields) {
        Json schema = field_schema(field);
        uses_money =
            uses_money || field.type == FieldType::money || field.type == FieldType::shares;
        if (field.privacy == Privacy::personal) schema["x-private"] = true;
        if (field.privacy == Privacy::conditional) schema["x-private"] = "conditional";
        properties[field.name] = std::move(schema);
        if (field.presence == Presence::required) required.push_back(field.name);
    }
    Json document{
        {"$schema", "http://json-schema.org/draft-07/schema#"},
        {"$id", "https://mis-gateway/schemas/record/" + kind.name + ".v1.json"},
        {"title", "canonical record: " + kind.name},
        {"type", "object"},
        {"properties", std::move(properties)},
        {"required", std::move(required)},
        {"additionalProperties", false}};
    if (uses_money) document["definitions"] = Json{{"money", money_schema()}};
    return document;
}

}  // namespace

TEST_CASE("schemas/record/*.json and the compiled table agree, field by field") {
    const bool update = std::getenv("MIS_UPDATE_SCHEMAS") != nullptr;
    for (const Kind& kind : kinds()) {
        CAPTURE(kind.name);
        const auto path = kFolder / (kind.name + ".json");
        if (update) std::ofstream(path) << document_of(kind).dump(2) << "\n";
        REQUIRE(std::filesystem::exists(path));
        const Json written = Json::parse(platform::read_file(path));
        const Json expected = document_of(kind);
        for (const auto& [name, schema] : written.at("properties").items()) {
            CAPTURE(name);
            CHECK(kind.find(name) != nullptr);
        }
        for (const Field& field : kind.fields) {
            CAPTURE(field.name);
            REQUIRE(written.at("properties").contains(field.name));
            CHECK(
                written.at("properties").at(field.name) == expected.at("properties").at(field.name)
            );
        }
        CHECK(written == expected);
    }
}

TEST_CASE("schemas/record holds no file of a kind that the table does not know") {
    for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
        if (entry.path().extension() != ".json") continue;
        CAPTURE(entry.path().filename().string());
        CHECK(find_kind(entry.path().stem().string()) != nullptr);
    }
}

TEST_CASE("fields of each kind are sorted, the order of canonical JSON, and found by name") {
    for (const Kind& kind : kinds())
        for (std::size_t index = 0; index < kind.fields.size(); ++index) {
            if (index > 0) CHECK(kind.fields[index - 1].name < kind.fields[index].name);
            CHECK(kind.index_of(kind.fields[index].name) == index);
        }
}

TEST_CASE("X: the private fields are exactly those that the contract marks P") {
    std::set<std::string> found;
    for (const Kind& kind : kinds())
        for (const Field& field : kind.fields)
            if (field.privacy == Privacy::personal) found.insert(kind.name + "." + field.name);
    CHECK(
        found ==
        std::set<std::string>{
            "patient.last_name", "patient.first_name", "patient.middle_name", "patient.birth_date",
            "patient.phones", "patient.email", "patient.marks", "appointment.comment",
            "limit.policy_number", "plan.title"}
    );
}
