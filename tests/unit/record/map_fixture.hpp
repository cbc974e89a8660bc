// A connector of one stream, made by hand, and a mapper over it: what the tests of maps start from.
#pragma once

#include <doctest/doctest.h>

#include <initializer_list>

#include "record/mapper.hpp"

namespace map_fixture {

using namespace mis;
using namespace mis::record;

struct Cell {
    Cell(const char* cell_text) : text(cell_text) {}
    Cell(std::nullopt_t) {}
    std::optional<std::string> text;
};

inline MapContext context() {
    return MapContext{
        Zone::find("Europe/Moscow").value(),
        {{"2", Zone::find("Asia/Vladivostok").value()}},
        {{"own", "changed"}},
        "RUB"};
}

struct Fixture {
    source::Connector connector;
    source::StreamDeclaration stream;

    // Columns: id integer, a b c d text, n integer, x decimal.
    explicit Fixture(std::string kind, std::string sql) {
        connector.name = "invented";
        connector.codes.lists["colour"] = {{"1", "red"}, {"2", "-"}, {"white", "white"}};
        connector.site_defaults = {{"own", "shipped"}, {"other", "default"}, {"empty", ""}};
        stream.name = stream.kind = std::move(kind);
        stream.key = "T.ID";
        stream.key_column = "id";
        using enum source::ColumnType;
        stream.columns = {{"id", integer}, {"a", text},    {"b", text},   {"c", text},
                          {"d", text},     {"n", integer}, {"x", decimal}};
        stream.map_sql = std::move(sql);
        stream.map_file = stream.name + ".sql";
    }
    Result<std::unique_ptr<Mapper>> create() const {
        return Mapper::create(connector, stream, context());
    }
    std::string why_not() const {
        const auto made = create();
        return made ? "prepared" : made.error().text;
    }
    MappedRow map(const std::vector<Cell>& cells) const {
        auto mapper = create();
        if (!mapper) FAIL(mapper.error().text);
        source::RowBatch batch(stream.columns.size());
        for (std::size_t i = 0; i < stream.columns.size(); ++i) {
            if (i < cells.size() && cells[i].text)
                batch.add(*cells[i].text);
            else
                batch.add_null();
        }
        return (*mapper)->map(batch, 0);
    }
};

// What one expression yields as a branch's name, over a row (id 1, a, b, c, d): the value, "NULL",
// or "issue: …" / with notes "value | note".
inline std::string value_of(
    const std::string& expression, const std::vector<Cell>& abcd = {}, const char* n = nullptr,
    const char* x = nullptr
) {
    const Fixture fixture(
        "practitioner",
        "select id as source_id, 'N' as name, " + expression + " as specialty from rows"
    );
    std::vector<Cell> cells{"1"};
    for (const Cell& cell : abcd) cells.push_back(cell);
    while (cells.size() < 5) cells.emplace_back(std::nullopt);
    cells.push_back(n ? Cell(n) : Cell(std::nullopt));
    cells.push_back(x ? Cell(x) : Cell(std::nullopt));
    const auto mapped = fixture.map(cells);
    if (!mapped.issues.empty()) return "issue: " + mapped.issues.front().reason;
    const auto document = mapped.records.at(0).body;
    const auto member = [&](const std::string& name) -> std::string {
        const auto begin = document.find("\"" + name + "\":");
        if (begin == std::string::npos) return "";
        const auto from = begin + name.size() + 4;  // a text: without its quotes
        std::string out;
        for (std::size_t i = from; i < document.size() && document[i] != '"'; ++i) {
            if (document[i] == '\\') ++i;
            out += document[i];
        }
        return out;
    };
    std::string value = member("specialty");
    if (value.empty()) value = "NULL";
    const auto notes = document.find("\"notes\":[\"");
    if (notes != std::string::npos)
        value += " | " + document.substr(notes + 10, document.find('"', notes + 10) - notes - 10);
    return value;
}

}  // namespace map_fixture
