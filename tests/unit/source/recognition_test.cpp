// What is told of a base from its catalog, and that no value of it gets out with a shape.
#include "source/recognition.hpp"

#include <doctest/doctest.h>

#include <random>

#include "source/fetch_text.hpp"
#include "source/table_sample.hpp"
#include "source/value_shape.hpp"

using namespace mis;
using namespace mis::source;

namespace {

TableDescription table(const std::string& name, const std::vector<std::string>& columns) {
    TableDescription made;
    made.name = name;
    for (const auto& column : columns) made.columns.push_back({column, "integer", false});
    return made;
}

std::vector<TableDescription> base() {
    auto lines = table("lines", {"id", "zub_no", "note"});
    lines.key = {"id"};
    lines.indexes.push_back({"lines_zub", {"zub_no"}, false, false, true});
    return {
        table("visits", {"id", "made", "room"}), lines, table("old_payments", {"id", "pat"}),
        table("paylog", {"at"})};
}

}  // namespace

TEST_CASE("a base is known by all of the tables that tell, and one of the alternatives") {
    Connector connector;
    connector.recognition.all = {"VISITS", "Lines"};
    connector.recognition.versions = {{"since 2024", "VISITS.MADE"}, {"since 2025", "VISITS.NEW"}};
    auto known = recognise(connector, base());
    CHECK(known.is_it);
    CHECK(known.versions == std::vector<std::string>{"since 2024"});
    connector.recognition.any = {"PAYMENTS", "OLD_PAYMENTS"};
    CHECK(recognise(connector, base()).is_it);
    connector.recognition.any = {"PAYMENTS"};
    CHECK_FALSE(recognise(connector, base()).is_it);
    connector.recognition = {};
    CHECK_FALSE(recognise(connector, base()).is_it);  // that says nothing knows no base
}

TEST_CASE("candidates: columns by parts of their names in the tables asked, tables beside columns"
) {
    const auto tables = base();
    Question tooth{"tooth", "", Question::Of::columns, {"zub"}, {"LINES"}, {}, {}, {}};
    auto found = candidates(tooth, tables);
    REQUIRE(found.size() == 1);
    CHECK(found[0].column->name == "zub_no");
    CHECK(found[0].indexed);
    CHECK_FALSE(found[0].in_key);
    tooth.in = {"VISITS"};
    CHECK(candidates(tooth, tables).empty());
    Question paid{"paid", "", Question::Of::tables, {"pay"}, {}, {}, {}, {}};
    CHECK(candidates(paid, tables).size() == 2);
    paid.beside = {"PAT"};
    REQUIRE(candidates(paid, tables).size() == 1);
    CHECK(candidates(paid, tables)[0].table->name == "old_payments");
    std::vector<TableDescription> many;
    for (int i = 0; i < 100; ++i) many.push_back(table("pay" + std::to_string(i), {"id"}));
    paid.beside.clear();
    CHECK(candidates(paid, many).size() == kCandidatesMax);
}

TEST_CASE("what fetch, key and stamps take where the base has it") {
    StreamDeclaration stream;
    stream.key = "V.ID";
    stream.stamps = {"{column:V:VISITS.CHANGED|}"};
    stream.fetch_sql =
        "select V.ID, {column:V:VISITS.ROOM|null} as ROOM from VISITS V left join {table:MARKS|X} "
        "M "
        "on 1 = 1 where V.DAY >= {day:-1} and {slice}";
    std::string text;
    for (const auto& thing : optional_things(stream, base()))
        text += thing.table + "." + thing.column + (thing.present ? " +" : " -") + ";";
    CHECK(text == "visits.CHANGED -;visits.room +;MARKS. -;");
}

TEST_CASE("shapes") {
    CHECK(value_shape("48.15") == "99.99");
    CHECK(value_shape("Каб-3") == "Аа-9");
    CHECK(value_shape("Тестова Анна") == "Аа Аа");
    CHECK(value_shape("TEST@example.com") == "A?a.a");
    CHECK(value_shape("+7 (900) 000-00-01") == "+9 (999) 999-99-99");
    CHECK(value_shape("") == "");
    CHECK(value_shape("\xff\xfe") == "?");
    CHECK(value_shape("№ 5 «ромашка»") == "? 9 ?а?");
    CHECK(value_shape(std::string(100, '7')) == std::string(kShapeSignsMax, '9') + "…");
}

TEST_CASE("no letter and no digit of a value gets out, whatever it is") {
    std::mt19937 random(20261130);  // NOLINT(bugprone-random-generator-seed): the same every time
    for (int round = 0; round < 20'000; ++round) {
        std::string value;
        for (auto i = random() % 30; i > 0; --i) {
            switch (random() % 3) {
                case 0:
                    value += static_cast<char>(random() % 256);  // broken UTF-8 among them
                    break;
                case 1:
                    value += static_cast<char>(0xd0 + random() % 2);
                    value += static_cast<char>(0x80 + random() % 64);
                    break;
                default:
                    value += static_cast<char>(0x20 + random() % 95);
            }
        }
        std::string shape = value_shape(value);
        for (const std::string part : {"А", "а", "…"})
            for (std::size_t at = shape.find(part); at != std::string::npos; at = shape.find(part))
                shape.erase(at, part.size());
        REQUIRE(shape.find_first_not_of("9Aa ?.,:;-+/()#%_=") == std::string::npos);
    }
}

TEST_CASE("a sample is two bounded questions, and tells nothing that the server said") {
    std::vector<std::string> asked;
    const AskRows answers = [&](const std::string& sql, std::size_t rows_max
                            ) -> Result<std::vector<std::vector<std::optional<std::string>>>> {
        asked.push_back(sql + " ≤ " + std::to_string(rows_max));
        if (sql.find("count") != std::string::npos) return {{{"3"}}};
        return {{{"Тестова ", std::nullopt}, {"Анна", "1"}, {"Каб-3", "2"}}};
    };
    const auto written = [](const std::string& name) { return "[" + name + "]"; };
    const auto sample = sample_table(answers, kSqlServer, "T", {"A", "B"}, written);
    REQUIRE(sample.has_value());
    CHECK(sample->rows == 3);
    CHECK(sample->shapes.at("A") == std::vector<std::string>{"Аа", "Аа-9"});
    CHECK(sample->shapes.at("B") == std::vector<std::string>{"9"});
    CHECK(
        asked ==
        std::vector<std::string>{
            "select count(*) from (select top 10000 1 as one_row from [T]) counted ≤ 1",
            "select top 200 [A], [B] from [T] ≤ 200"}
    );
    const AskRows refuses = [](const std::string&, std::size_t
                            ) -> Result<std::vector<std::vector<std::optional<std::string>>>> {
        return fail(ErrorKind::malformed, "conversion failed for 'Тестова'");
    };
    const auto refused = sample_table(refuses, kFirebird, "T", {"A"}, written);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().text.find("Тестова") == std::string::npos);
    CHECK(refused.error().text.find("rows of T cannot be read") != std::string::npos);
}

TEST_CASE("{day:N} in every dialect, and nothing else in its place") {
    CHECK(day_text(kFirebird, -7) == "(cast('today' as timestamp) - 7)");
    CHECK(day_text(kSqlServer, -7) == "dateadd(day, -7, cast(getdate() as date))");
    CHECK(day_text(kPostgresql, 31) == "(current_date + 31)");
    CHECK(day_text(kMariadb, -1) == "(current_date + interval -1 day)");
    for (const char* bad : {"{day:}", "{day:x}", "{day:1;drop}", "{day:99999}", "{day:1|2}"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_fetch(std::string("select 1 where ") + bad, "x.sql").has_value());
    }
}
