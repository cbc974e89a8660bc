#include "source/connector.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

using namespace mis;
using namespace mis::source;
namespace fs = std::filesystem;

namespace connector_test {
namespace {

const char* const kYaml = R"(title: A made-up MIS
kind: sql
dialect: firebird
no_show: end_of_day
site: {note_column: "", days: 14}
streams:
  visit:
    kind: appointment
    key: V.ID
    stamps: [V.STAMP]
    window: {column: V.DAY_AT, past_days: 1, future_days: 30}
    poll_seconds: 5
    columns:
      id: integer
      quantity: decimal(3)
      total: decimal
      came: boolean
      day_at: timestamp
  bill:
    key: "{column:B:BILL.KEY|B.ID}"
    key_column: bill_id
    optional: true
    requires_table: BILL
    parent: head_id
    columns: {bill_id: integer, head_id: integer}
    absent: {tooth: the base holds none}
)";

struct Folder {
    fs::path path;
    Folder() {
        std::string pattern = (fs::temp_directory_path() / "mis-connector-XXXXXX").string();
        path = mkdtemp(pattern.data());
        path /= "madeup";
        fs::create_directory(path);
        write("connector.yaml", kYaml);
        write("visit.fetch.sql", "select V.ID, V.DAY_AT from VISIT V\nwhere {slice}\n");
        write("visit.sql", "select code('status', id) as status from rows");
        write("bill.fetch.sql", "select B.ID as BILL_ID from BILL B where {slice}");
        write("bill.sql", "select bill_id as source_id from rows");
        write(
            "codes.csv",
            "list,mis_code,canonical,comment\nstatus,1,arrived,\"came, at "
            "last\"\nstatus,,booked,\npayer,7,limit,\n"
        );
    }
    ~Folder() { fs::remove_all(path.parent_path()); }
    void write(const std::string& name, std::string_view text) const {
        std::ofstream(path / name) << text;
    }
    std::string problem() const {
        auto connector = load_connector(path);
        if (connector) return "";
        CHECK(connector.error().kind == ErrorKind::misconfigured);
        return connector.error().text;
    }
    void replace(const std::string& from, const std::string& to, std::string text = kYaml) const {
        REQUIRE(text.find(from) != std::string::npos);
        text.replace(text.find(from), from.size(), to);
        write("connector.yaml", text);
    }
};

bool contains(const std::string& text, std::string_view part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("codes.csv as Excel saves it is named, with what to do") {
    const auto file = std::filesystem::temp_directory_path() / "mis-gateway-codes-test.csv";
    const auto problem = [&](const std::string& bytes) {
        std::ofstream(file, std::ios::binary) << bytes;
        const auto codes = load_codes(file);
        std::filesystem::remove(file);
        return codes ? std::string("accepted") : codes.error().text.substr(file.string().size());
    };
    const std::string head = "list,mis_code,canonical,comment";
    CHECK(problem("\xef\xbb\xbf" + head + "\r\nstatus,1,arrived,came\r\n,,,\r\n") == "accepted");
    CHECK(problem("list;mis_code;canonical;comment\nstatus;1;arrived;came\n")
              .starts_with(":1: its columns are separated by semicolons, not by commas, as Excel"));
    CHECK(problem("list\tmis_code\tcanonical\tcomment\n")
              .starts_with(":1: its columns are separated by tabs"));
    CHECK(problem(head + "\nstatus;1;arrived;came\n")
              .starts_with(":2: its columns are not separated by commas"));
    CHECK(problem(head + "\nstatus,1,arrived,\xef\xf0\xe8\xf8\xb8\xeb\n")
              .starts_with(":2: not UTF-8 but, as it seems, Windows-1251"));
    CHECK(problem(head + "\nstatus,1,arrived,\nstatus,1,booked,\n")
              .starts_with(":3: code `1` of list"));
}

TEST_CASE("a connector's folder is read whole, streams in the file's order") {
    const Folder folder;
    auto connector = load_connector(folder.path);
    REQUIRE_MESSAGE(connector.has_value(), (connector ? "" : connector.error().text));
    CHECK(connector->name == "madeup");
    CHECK(connector->no_show == "end_of_day");
    CHECK(connector->payers == Connector::Payers::told);
    CHECK(
        connector->site_defaults ==
        std::map<std::string, std::string>{{"note_column", ""}, {"days", "14"}}
    );
    REQUIRE(connector->streams.size() == 2);
    const StreamDeclaration& visit = connector->streams[0];
    CHECK(visit.name == "visit");
    CHECK(visit.kind == "appointment");
    CHECK(visit.key_column == "id");
    CHECK(visit.window->future_days == 30);
    CHECK(visit.poll_seconds == 5);
    REQUIRE(visit.columns.size() == 5);
    CHECK(visit.columns[0].name == "id");
    CHECK(visit.columns[1].decimals == 3);
    CHECK(visit.columns[2].decimals == 2);
    CHECK(visit.columns[3].type == ColumnType::boolean);
    CHECK(visit.mapping_version.size() == 12);
    const StreamDeclaration& bill = connector->streams[1];
    CHECK(bill.optional);
    CHECK(bill.requires_table == "BILL");
    CHECK(bill.parent == "head_id");
    CHECK(bill.key_column == "bill_id");
    CHECK(bill.absent.at("tooth") == "the base holds none");
    CHECK(
        connector->codes.lists.at("status") ==
        std::map<std::string, std::string>{{"1", "arrived"}, {"", "booked"}}
    );
}

TEST_CASE("a stamp may be a token, and a window may reach further back than it is compared") {
    const Folder folder;
    CHECK(load_connector(folder.path)->streams[0].tokens.empty());
    CHECK(load_connector(folder.path)->streams[0].window->history_days == 1);
    const std::string plain = "stamps: [V.STAMP]\n    window: {column: V.DAY_AT, past_days: 1,";
    const std::string made =
        "stamps: [V.STAMP, {column: V.RV, token: true}, {column: V.OLD}]\n    window: {column: "
        "V.DAY_AT, past_days: 1, history_days: 900,";
    folder.replace(plain, made);
    CHECK(contains(
        folder.problem(),
        ":10: streams.visit.stamps names a token, which only SQL Server's row versions are"
    ));
    std::string on_sql_server = kYaml;
    on_sql_server.replace(on_sql_server.find("firebird"), 8, "sql_server");
    folder.replace(plain, made, on_sql_server);
    CHECK(folder.problem() == "");
    const auto connector = load_connector(folder.path);
    const StreamDeclaration& visit = connector->streams[0];
    CHECK(visit.stamps == std::vector<std::string>{"V.STAMP", "V.RV", "V.OLD"});
    CHECK(visit.tokens == std::set<std::size_t>{1});
    CHECK(visit.window->past_days == 1);
    CHECK(visit.window->history_days == 900);

    for (const char* stamp :
         {"7", "{token: true}", "{column: V.RV, token: 1}", "{column: V.RV, tokens: true}",
          "\"\""}) {
        CAPTURE(stamp);
        folder.replace("[V.STAMP]", std::string("[") + stamp + "]");
        CHECK(contains(folder.problem(), ":10: streams.visit.stamps has to be a list of columns"));
    }
    folder.replace("past_days: 1,", "past_days: 9, history_days: 8,");
    CHECK(contains(
        folder.problem(), ":11: streams.visit.window.history_days has to be a whole number from 9"
    ));
}

TEST_CASE("what a base itself tells is declared by its tables and by a fetch of deletions") {
    const Folder folder;
    const std::string plain = "stamps: [V.STAMP]";
    const std::string deletes = plain + "\n    deletes: {key: X.REC, column: X.AT}";
    folder.replace(plain, deletes);
    CHECK(contains(
        folder.problem(),
        "stream visit declares `deletes` and has no file visit.deletes.sql: write it"
    ));
    folder.write("visit.deletes.sql", "select X.REC as ID from TRACE X");
    CHECK(contains(folder.problem(), "visit.deletes.sql:1: {slice} stands 0 times"));
    folder.write("visit.deletes.sql", "select X.REC as ID from TRACE X where {slice}");
    CHECK(folder.problem() == "");
    const auto connector = load_connector(folder.path);
    const auto noted = connector->streams[0].deletes;
    REQUIRE(noted != nullptr);
    CHECK(noted->key == "X.REC");
    CHECK(noted->stamps == std::vector<std::string>{"X.AT"});
    REQUIRE(noted->columns.size() == 1);
    CHECK(noted->columns[0].name == "id");
    CHECK(asked_of(*connector).size() == connector->streams.size() + 1);
    folder.replace(plain, plain + "\n    deletes: {key: X.REC}");
    CHECK(contains(folder.problem(), "streams.visit.deletes.column is missing"));

    const std::string tracked = plain + "\n    tracked: [VISIT, Bills.Visit_Id]";
    folder.replace(plain, tracked);
    CHECK(contains(folder.problem(), "streams.visit.tracked is only of SQL Server"));
    std::string on_sql_server = kYaml;
    on_sql_server.replace(on_sql_server.find("firebird"), 8, "sql_server");
    folder.replace(plain, tracked, on_sql_server);
    CHECK(folder.problem() == "");
    const auto tables = load_connector(folder.path)->streams[0].tracked;
    REQUIRE(tables.size() == 2);
    CHECK(tables[0].column.empty());
    CHECK(tables[1].table == "BILLS");
    CHECK(tables[1].column == "VISIT_ID");
    folder.replace(plain, plain + "\n    tracked: [A.B.C]", on_sql_server);
    CHECK(contains(folder.problem(), "streams.visit.tracked has to be a list of tables"));
}

TEST_CASE("a mapping's version follows its text and the code lists it asks for, nothing else") {
    const Folder folder;
    const auto version = [&](std::size_t stream) {
        return load_connector(folder.path)->streams.at(stream).mapping_version;
    };
    const std::string visit = version(0), bill = version(1);
    folder.write(
        "codes.csv",
        "list,mis_code,canonical,comment\nstatus,1,arrived,other "
        "words\nstatus,,booked,\npayer,7,patient,\n"
    );
    CHECK(version(0) == visit);
    folder.write(
        "codes.csv", "list,mis_code,canonical,comment\nstatus,1,completed,\nstatus,,booked,\n"
    );
    CHECK(version(0) != visit);
    CHECK(version(1) == bill);
}

TEST_CASE("a window whose column the fetch does not select is refused when the folder is read") {
    const Folder folder;
    folder.write("visit.fetch.sql", "select V.ID\nfrom VISIT V where {slice}\n");
    CHECK(contains(
        folder.problem(),
        "connector.yaml:11: streams.visit.window.column: visit.fetch.sql selects no column day_at: "
        "add `V.DAY_AT` to its select list, without another name"
    ));
    folder.write("visit.fetch.sql", "select V.ID, V.DAY_AT\nfrom VISIT V where {slice}\n");
    CHECK(folder.problem() == "");
}

TEST_CASE("an error in a connector names file, line, key and remedy") {
    const Folder folder;
    const auto after = [&](const std::string& from, const std::string& to) {
        folder.replace(from, to);
        return folder.problem();
    };
    CHECK(contains(
        after("no_show:", "noshow:"), "connector.yaml:4: noshow is no key here: one of title"
    ));
    CHECK(contains(
        after("no_show: end_of_day", "no_show: maybe"),
        ":4: no_show is `maybe`: one of end_of_day, mis"
    ));
    CHECK(contains(
        after("    poll_seconds: 5", "    poll_second: 5"),
        ":12: streams.visit.poll_second is no key here"
    ));
    CHECK(contains(
        after("poll_seconds: 5", "poll_seconds: 0"),
        ":12: streams.visit.poll_seconds has to be a whole number from 1"
    ));
    CHECK(contains(
        after("past_days: 1", "past_day: 1"), ":11: streams.visit.window.past_day is no key here"
    ));
    CHECK(
        contains(after("id: integer", "id: int"), ":14: streams.visit.columns.id has no known type")
    );
    CHECK(contains(after("id: integer", "ID: integer"), "columns.ID has to be a name in lower case")
    );
    CHECK(contains(
        after("key: V.ID", "key: V.NR"),
        ":9: streams.visit.key means column `nr`, which `columns:` lacks"
    ));
    CHECK(contains(after("parent: head_id", "parent: head"), "streams.bill.parent is no column"));
    CHECK(contains(
        after("column: V.DAY_AT", "column: V.BEGUN"),
        ":11: streams.visit.window.column means column `begun`, which `columns:` lacks: declare it"
    ));
    CHECK(contains(
        after("column: V.DAY_AT", "column: \"{column:V:VISIT.DAY|}\""),
        ":11: streams.visit.window.column means column `day`"
    ));
    CHECK(contains(
        after("stamps: [V.STAMP]", "stamps: V.STAMP"), ":10: streams.visit.stamps has to be a list"
    ));
    CHECK(contains(after("    optional: true\n", ""), "requires_table needs `optional: true`"));
    CHECK(contains(after("title: A made-up MIS\n", ""), "title is missing"));
    CHECK(contains(
        after("  visit:", "  visits:"), "stream visits has no file visits.fetch.sql: write it"
    ));
}

TEST_CASE("files of a connector are checked, with their lines") {
    const Folder folder;
    folder.write("visit.fetch.sql", "select V.ID from VISIT V");
    CHECK(contains(folder.problem(), "visit.fetch.sql:1: {slice} stands 0 times"));
    folder.write("visit.fetch.sql", "select V.ID\nfrom {tabel:X|Y} where {slice}");
    CHECK(contains(folder.problem(), "visit.fetch.sql:2: placeholder {tabel:X|Y} is unknown"));
    folder.write("visit.fetch.sql", "select V.ID from VISIT V where {slice}");
    folder.write("codes.csv", "code,list\n");
    CHECK(contains(folder.problem(), "codes.csv:1: the first line has to be"));
    folder.write(
        "codes.csv", "list,mis_code,canonical,comment\r\nstatus,1,arrived,\r\nstatus,1,booked,\r\n"
    );
    CHECK(contains(folder.problem(), "codes.csv:3: code `1` of list `status` stands there twice"));
    folder.write("codes.csv", "list,mis_code,canonical,comment\nstatus,1,arrived,came, late\n");
    CHECK(contains(folder.problem(), "codes.csv:2: a row has the four fields"));
    fs::remove(folder.path / "connector.yaml");
    CHECK(contains(folder.problem(), "no such file: a connector is a folder with connector.yaml"));
}

}  // namespace connector_test
