#include "source/fetch_text.hpp"

#include <doctest/doctest.h>

#include "source/fetch_variants.hpp"
#include "source/sql_words.hpp"

using namespace mis;
using namespace mis::source;

namespace {

StreamDeclaration treat() {
    StreamDeclaration stream;
    stream.name = "treat";
    stream.key = "T.ID";
    stream.stamps = {"T.MODIFYDATE", "{column:T:TREAT.CREATEDATE|}"};
    stream.window = WindowDeclaration{"T.TREATDATE", 1, 1};
    stream.fetch_file = "treat.fetch.sql";
    stream.fetch_sql =
        "select T.ID, {column:T:TREAT.TOOTH|null} as TOOTH, {site:note_column:T:TREAT|null} as "
        "NOTE\n"
        "from TREAT T left join {table:MARKS|RDB$DATABASE} M on {column:M:MARKS.ID|null} = T.MARK "
        "-- {not a placeholder?}\n"
        "where T.KIND = '{x}' and {slice};\n";
    return stream;
}

Catalog full() {
    Catalog catalog;
    catalog.tables = {{"TREAT", {"ID", "TOOTH", "ZUB", "CREATEDATE"}}, {"MARKS", {"ID"}}};
    return catalog;
}

std::string rendered(
    SliceForm form, const Catalog& catalog, std::map<std::string, std::string> site = {}
) {
    auto text = render_fetch(treat(), form, catalog, site);
    REQUIRE_MESSAGE(text.has_value(), (text ? "" : text.error().text));
    return *text;
}

}  // namespace

TEST_CASE(
    "a fetch has the columns, tables and site columns that the catalog has, and literals for the "
    "rest"
) {
    const SliceForm window{SliceForm::Kind::window, 0, 0};
    CHECK(
        rendered(window, full(), {{"note_column", "zub"}}) ==
        "select T.ID, T.TOOTH as TOOTH, T.ZUB as NOTE\n"
        "from TREAT T left join MARKS M on M.ID = T.MARK -- {not a placeholder?}\n"
        "where T.KIND = '{x}' and (T.TREATDATE >= ? and T.TREATDATE < ?)"
    );
    CHECK(
        rendered(window, Catalog{}) ==
        "select T.ID, null as TOOTH, null as NOTE\n"
        "from TREAT T left join RDB$DATABASE M on null = T.MARK -- {not a placeholder?}\n"
        "where T.KIND = '{x}' and (T.TREATDATE >= ? and T.TREATDATE < ?)"
    );
}

TEST_CASE("a site's column that the base has not is the operator's to mend") {
    auto text = render_fetch(treat(), {}, full(), {{"note_column", "NOTEXT"}});
    REQUIRE_FALSE(text.has_value());
    CHECK(text.error().kind == ErrorKind::misconfigured);
    CHECK(
        text.error().text.find("note_column: table TREAT has no column NOTEXT") != std::string::npos
    );
    CHECK_FALSE(render_fetch(treat(), {}, full(), {{"note_column", "ID; drop table T"}}).has_value()
    );
}

TEST_CASE("each form of slice has its condition, order, limit and parameters") {
    const Catalog catalog = full();
    const auto tail = [&](SliceForm form) {
        const std::string text = rendered(form, catalog);
        return text.substr(text.find("and (") + 4);
    };
    Slice slice;
    slice.from = "a", slice.to = "b", slice.after_id = "7", slice.limit = 5, slice.ids = {"1", "2"};
    CHECK(tail({SliceForm::Kind::stamp, 0, 0}) == "(T.MODIFYDATE >= ? and T.MODIFYDATE < ?)");
    CHECK(
        parameters_of({SliceForm::Kind::stamp, 0, 0}, slice) == std::vector<std::string>{"a", "b"}
    );
    CHECK(tail({SliceForm::Kind::key_walk_start, 0, 0}) == "(1 = 1)\norder by T.ID rows ?");
    CHECK(
        parameters_of({SliceForm::Kind::key_walk_start, 0, 0}, slice) ==
        std::vector<std::string>{"5"}
    );
    CHECK(tail({SliceForm::Kind::key_walk, 0, 0}) == "(T.ID > ?)\norder by T.ID rows ?");
    CHECK(
        parameters_of({SliceForm::Kind::key_walk, 0, 0}, slice) ==
        std::vector<std::string>{"7", "5"}
    );
    CHECK(tail({SliceForm::Kind::ids, 0, 1}) == "(T.ID in (?))");
    CHECK(tail({SliceForm::Kind::ids, 0, 8}) == "(T.ID in (?, ?, ?, ?, ?, ?, ?, ?))");
    CHECK(
        parameters_of({SliceForm::Kind::ids, 0, 8}, slice) ==
        std::vector<std::string>{"1", "2", "2", "2", "2", "2", "2", "2"}
    );
}

TEST_CASE("a stamp that the base lacks renders to nothing") {
    const SliceForm second{SliceForm::Kind::stamp, 1, 0};
    CHECK(rendered(second, full()).find("T.CREATEDATE >= ?") != std::string::npos);
    CHECK(rendered(second, Catalog{}).empty());
}

TEST_CASE("a malformed placeholder is refused with file, line and the forms there are") {
    const auto problem = [](std::string_view sql) {
        auto pieces = parse_fetch(sql, "x.fetch.sql");
        return pieces ? std::string() : pieces.error().text;
    };
    CHECK(problem("select 1\nfrom {colum:T:A.B|null}")
              .starts_with("x.fetch.sql:2: placeholder {colum:T:A.B|null} is unknown"));
    CHECK(problem("{column:T:A.B}").starts_with("x.fetch.sql:1: placeholder"));
    CHECK(problem("{column:T:A|null}").starts_with("x.fetch.sql:1: placeholder"));
    CHECK(problem("{column:A B:T.C|null}").starts_with("x.fetch.sql:1: placeholder"));
    CHECK(problem("{site:x|null}").starts_with("x.fetch.sql:1: placeholder"));
    CHECK(problem("\n\n{slice").starts_with("x.fetch.sql:3: a { without }"));
    CHECK(problem("slice}").starts_with("x.fetch.sql:1: a } without {"));
    CHECK(problem("/* ?\n */ where A = ?").starts_with("x.fetch.sql:2: a `?` of its own"));
    CHECK(problem("select '?{' from T where {slice}").empty());
}

TEST_CASE("slices that a stream does not declare are refused") {
    StreamDeclaration stream = treat();
    Slice slice;
    slice.by = Slice::By::stamp;
    slice.stamp_index = 2;
    CHECK(form_of(stream, slice).error().kind == ErrorKind::misconfigured);
    stream.window.reset();
    slice.by = Slice::By::window;
    CHECK_FALSE(form_of(stream, slice).has_value());
    slice.by = Slice::By::ids;
    CHECK_FALSE(form_of(stream, slice).has_value());
    slice.ids.assign(kIdsPerReadMax, "1");
    CHECK(form_of(stream, slice)->id_count == kIdsPerReadMax);
    slice.ids.push_back("1");
    CHECK_FALSE(form_of(stream, slice).has_value());
    slice.by = Slice::By::key_walk;
    CHECK_FALSE(form_of(stream, slice).has_value());
}

TEST_CASE("the harness is given every combination to prepare") {
    auto variants = all_fetch_variants(treat(), {{"note_column", "ZUB"}});
    REQUIRE(variants.has_value());
    const auto has = [&](std::string_view choices, std::string_view part) {
        for (const FetchVariant& variant : *variants)
            if (variant.choices == choices && variant.sql.find(part) != std::string::npos)
                return true;
        return false;
    };
    CHECK(
        has("everything present",
            "T.TOOTH as TOOTH, T.ZUB as NOTE\nfrom TREAT T left join MARKS M on M.ID")
    );
    CHECK(
        has("everything optional absent",
            "null as TOOTH, T.ZUB as NOTE\nfrom TREAT T left join RDB$DATABASE M on null")
    );
    CHECK(has(
        "TREAT.TOOTH absent", "null as TOOTH, T.ZUB as NOTE\nfrom TREAT T left join MARKS M on M.ID"
    ));
    CHECK(
        has("only MARKS.ID present",
            "null as TOOTH, T.ZUB as NOTE\nfrom TREAT T left join MARKS M on M.ID")
    );
    CHECK(has("everything present", "(T.CREATEDATE >= ?"));
    CHECK_FALSE(has("everything optional absent", "(T.CREATEDATE >= ?"));
    for (const FetchVariant& variant : *variants)
        CHECK(variant.sql.find("RDB$DATABASE M on M.ID") == std::string::npos);
}

TEST_CASE("names in a fetch are found outside literals and comments") {
    CHECK(
        identifiers_in("select T.ID, 'FROM X' from \"Odd Table\" T -- Z\nwhere A1$=1") ==
        std::vector<std::string>{"SELECT", "T", "ID", "FROM", "Odd Table", "WHERE", "A1$"}
    );
}

TEST_CASE("the outermost select list is replaced, inner ones stay") {
    CHECK(
        with_select_list("select (select max(X) from B) as M, Y from A where 1=1", "max(Z)") ==
        "select max(Z) from A where 1=1"
    );
    CHECK_FALSE(with_select_list("with Q as (select 1 from B) select 1 from Q", "max(Z)"));
    CHECK_FALSE(with_select_list("select A from B group by A", "max(Z)"));
}
