#include <doctest/doctest.h>
#include <shapefil.h>
#include <zip.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/clock.hpp"
#include "base/code_points.hpp"
#include "source/connector.hpp"
#include "source/files/declaration.hpp"
#include "source/files/files_reader.hpp"
#include "support/temporary_folder.hpp"
#include "unit/source/reading.hpp"

namespace mis::source {
namespace {

using namespace testing;
namespace fs = std::filesystem;

constexpr std::string_view kDeclaration = R"(
title: An invented register
kind: files
streams:
  limit:
    key: id
    columns: {id: text, person: text, amount: decimal, valid_to: date, used: decimal}
    file:
      pattern: "Реестр*"
      headings:
        id: [Номер договора, № договора]
        person: [ФИО пациента]
        amount: [Лимит, Сумма лимита]
        valid_to: [Действует до]
        used: [Израсходовано]
      may_lack: [used]
      footers: [Итого]
)";

struct Folder {
    test::TemporaryFolder connector_folder, exports;
    FakeClock clock;  // set to now: files are as old as they are
    config::FilesConfig settings;
    std::string declaration{kDeclaration};
    std::unique_ptr<Source> source;
    SourceOptions options;

    Folder() {
        clock.set_wall(SystemClock().unix_us());
        settings.folder = exports.path;
        settings.settle_seconds = 0;
        options.stage_folder = exports.path;
    }
    Source& open() {
        std::ofstream(connector_folder.path / "connector.yaml") << declaration;
        std::ofstream(connector_folder.path / "limit.sql") << "select id as source_id from rows";
        auto connector = load_connector(connector_folder.path);
        REQUIRE_MESSAGE(connector.has_value(), (connector ? "" : connector.error().text));
        auto made = files::opener(settings)(*connector, options, clock);
        REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().text));
        source = *std::move(made);
        return *source;
    }
    fs::path write(const std::string& name, std::string_view text) {
        std::ofstream(exports.path / name, std::ios::binary) << text;
        return exports.path / name;
    }
    Lines rows() {
        if (!source) open();
        source->begin_pass();
        auto found = must_read(*source, "limit", key_walk("", 0));
        source->end_pass();
        return found;
    }
    Error error() {
        if (!source) open();
        source->begin_pass();
        const auto found = lines(*source, "limit", key_walk("", 0));
        source->end_pass();
        REQUIRE(!found);
        return found.error();
    }
};

bool has(const Error& error, std::string_view text) {
    INFO(error.text);
    return error.text.find(text) != std::string::npos;
}

void zip_parts(
    const fs::path& file, const std::vector<std::pair<std::string, std::string>>& parts
) {
    int code = 0;
    zip_t* archive = zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    REQUIRE(archive != nullptr);
    for (const auto& [name, text] : parts)
        REQUIRE(
            zip_file_add(
                archive, name.c_str(), zip_source_buffer(archive, text.data(), text.size(), 0), 0
            ) >= 0
        );
    REQUIRE(zip_close(archive) == 0);
}

void write_xlsx(const fs::path& file, const std::string& rows, const std::string& shared) {
    zip_parts(
        file,
        {{"xl/workbook.xml",
          "<workbook xmlns:r=\"r\"><workbookPr/><sheets><sheet name=\"Лист1\" sheetId=\"1\" "
          "r:id=\"rId1\"/></sheets></workbook>"},
         {"xl/_rels/workbook.xml.rels",
          "<Relationships><Relationship Id=\"rId1\" Target=\"worksheets/sheet1.xml\"/>"
          "</Relationships>"},
         {"xl/sharedStrings.xml", "<sst>" + shared + "</sst>"},
         {"xl/worksheets/sheet1.xml", "<worksheet><sheetData>" + rows + "</sheetData></worksheet>"}}
    );
}

// Of letters that the set has.
std::string in_cp1251(std::string_view text) {
    std::string bytes;
    while (!text.empty()) {
        std::uint32_t code = 0;
        text.remove_prefix(decode(text, code));
        if (code >= 0x410 && code <= 0x44f) code = code - 0x410 + 0xc0;
        if (code == 0x451) code = 0xb8;
        bytes += static_cast<char>(code);
    }
    return bytes;
}

bool has_issue(const Lines& found, std::string_view issue) {
    return std::any_of(found.begin(), found.end(), [&](const std::string& line) {
        return line.find(issue) != std::string::npos;
    });
}

const Lines kTwo{
    "А-1|Тестова Анна|15000.50|2026-12-31|<null>", "А-2|Примеров Пётр|20000|<null>|<null>"};

}  // namespace

TEST_CASE("a CSV in Russian: title above, semicolons, CP1251, headings in other letters") {
    Folder folder;
    folder.settings.encoding = "WIN1251";
    // "Реестр на март\nНОМЕР ДОГОВОРА;ФИО пациента;Сумма  лимита;Действует до;Примечание"
    folder.write(
        "Реестр.csv",
        "\xd0\xe5\xe5\xf1\xf2\xf0 \xed\xe0 \xec\xe0\xf0\xf2\r\n\r\n"
        "\xcd\xce\xcc\xc5\xd0 \xc4\xce\xc3\xce\xc2\xce\xd0\xc0;\xd4.\xc8.\xce. "
        "\xef\xe0\xf6\xe8\xe5\xed\xf2\xe0;\xd1\xf3\xec\xec\xe0  \xeb\xe8\xec\xe8\xf2\xe0;"
        "\xc4\xe5\xe9\xf1\xf2\xe2\xf3\xe5\xf2 \xe4\xee;\xcf\xf0\xe8\xec\r\n"
        "\xc0-1;\xd2\xe5\xf1\xf2\xee\xe2\xe0 \xc0\xed\xed\xe0;15 000,50;31.12.2026;\r\n"
        "\xc0-2;\"\xcf\xf0\xe8\xec\xe5\xf0\xee\xe2 \xcf\xb8\xf2\xf0\";20000;;\"a;\"\"b\"\"\"\r\n"
        "\xc8\xf2\xee\xe3\xee;;35000,50;;\r\n"
    );
    // the footer stands in the key's own column, so it is a row with a key that no map knows
    const Lines rows = folder.rows();
    REQUIRE(rows.size() == 3);
    CHECK(rows[0] == kTwo[0]);
    CHECK(rows[1] == kTwo[1]);
}

TEST_CASE("commas, tabs and bars are found out; a byte order mark is no letter") {
    for (const char separator : {',', '\t', '|', ';'}) {
        Folder folder;
        std::string text =
            "\xef\xbb\xbf№ договора;ФИО пациента;Лимит;действует до\n"
            "А-1;Тестова Анна;\"15000,50\";2026-12-31\nА-2;Примеров Пётр;20000;\n";
        std::replace(text.begin(), text.end(), ';', separator);
        folder.write("реестр март.txt", text);
        CHECK(folder.rows() == kTwo);
    }
}

TEST_CASE("one bad line is quarantined under its key where that can be trusted, never the file") {
    Folder folder;
    folder.write(
        "Реестр.csv",
        "Номер договора;ФИО пациента;Лимит;Действует до\n"
        "А-1;Тестова;100\n"
        "А-2;Примеров;200;;лишнее\n"
        "А-3;Образцова;сто;31.02.2026\n"
        ";Без номера;5;\n"
        "А-5;Пятый;500;2026-01-01;;\n"
    );
    CHECK(
        folder.rows() ==
        Lines{
            "<null>|Без номера|5|<null>|<null> !row 5 of the file has no id",
            "А-1|<null>|<null>|<null>|<null> !row 2 of the file has 3 fields, its heading 4",
            "А-2|<null>|<null>|<null>|<null> !row 3 of the file has 5 fields, its heading 4",
            "А-3|Образцова|<null>|<null>|<null> !column amount: is no number !column valid_to: is "
            "no date",
            "А-5|Пятый|500|2026-01-01|<null>",
        }
    );
}

TEST_CASE("a quotation mark too few swallows rows: they count as unreadable, not as gone") {
    Folder folder;
    folder.write(
        "Реестр.csv",
        "Номер договора;ФИО пациента;Лимит;Действует до\n"
        "А-1;\"Тестова;100;\nА-2;Примеров\";200;\n"
        "А-3;\"Образцова;300;\nА-4;\"Пятый\";400;\n"
        "А-6;\"в два\nряда\";600;\n"
    );
    CHECK(
        folder.rows() ==
        Lines{
            "<null>|<null>|<null>|<null>|<null> !row 2 of the file has other rows in one of its "
            "fields: is a quotation mark missing?",
            "<null>|<null>|<null>|<null>|<null> !row 3 of the file has other rows in one of its "
            "fields: is a quotation mark missing?",
            "А-6|в два\nряда|600|<null>|<null>"}
    );
}

TEST_CASE("a line with too many or too few fields has no key where that is not its first field") {
    Folder folder;
    folder.write("Реестр.csv", "ФИО пациента;Номер договора;Лимит;Действует до\nА;Б;А-1;100;1\n");
    CHECK(
        folder.rows() ==
        Lines{"<null>|<null>|<null>|<null>|<null> !row 2 of the file has 5 fields, its heading 4"}
    );
}

TEST_CASE("what is cut short, empty or of another kind stores nothing and says so") {
    const std::string heading = "Номер договора;ФИО пациента;Лимит;Действует до\n";
    const auto error_of = [](const std::string& name, const std::string& text) {
        Folder folder;
        folder.write(name, text);
        return folder.error();
    };
    CHECK(
        has(error_of("Реестр.csv", heading + "А-1;Тестова;1"),
            "Реестр.csv: is cut short: its last row has 3 fields of 4")
    );
    CHECK(has(error_of("Реестр.csv", heading + "А-1;\"Тестова;1;\n"), "ends within quotation marks")
    );
    CHECK(has(error_of("Реестр.csv", ""), "is empty"));
    CHECK(has(error_of("Реестр.csv", std::string("\xff\xfe\x1d\x04", 4)), "UTF-16"));
    CHECK(has(error_of("Реестр.csv", std::string("PK\0\3", 4)), "is no CSV"));
    CHECK(has(error_of("Реестр.doc", heading), "its name does not end"));
    CHECK(has(error_of("Реестр.xlsx", "PK"), "is no whole XLSX file"));
    CHECK(has(error_of("Реестр.dbf", std::string("\3\0\0\0", 4)), "is no DBF: shorter"));
    CHECK(has(error_of("Реестр.jsonl", "{\"id\": \"1\", \"person"), "its last line, 1, has no end")
    );
    CHECK(has(error_of("другое.csv", heading), "no file in"));
    CHECK(error_of("Реестр.csv", heading + "А-1;Тестова;1").kind == ErrorKind::malformed);
}

TEST_CASE("a missing column says which names were looked for and which are there, never a row's") {
    Folder folder;
    folder.write("Реестр.csv", "Номер договора;ФИО пациента;Сумма;Действует до\nА-1;Тестова;1;\n");
    const Error missing = folder.error();
    CHECK(missing.kind == ErrorKind::misconfigured);
    CHECK(has(missing, "no column for amount (looked for: Лимит, Сумма лимита, amount)"));
    CHECK(has(missing, "it has: Номер договора, ФИО пациента, Сумма, Действует до"));
    CHECK(!has(missing, "Тестова"));
    folder.settings.columns = {{"limit.amount", "сумма"}};
    folder.open();
    CHECK(folder.rows() == Lines{"А-1|Тестова|1|<null>|<null>"});
    folder.settings.columns.clear();
    folder.open();
    folder.write("Реестр.csv", "А-1;Тестова Анна;1;\nА-2;Примеров;2;\n");
    const Error none = folder.error();
    CHECK(has(none, "none of its first 20 rows is a heading"));
    CHECK(!has(none, "Тестова"));
    folder.write("Реестр.csv", "Номер договора;ФИО пациента;Лимит;Сумма лимита;Действует до\n");
    CHECK(has(folder.error(), "its columns `Лимит` and `Сумма лимита` are both amount"));
}

TEST_CASE("JSON Lines: numbers as their text, a bad line alone, names by heading") {
    Folder folder;
    folder.write(
        "Реестр.jsonl",
        "{\"Номер договора\": \"А-1\", \"ФИО пациента\": \"Тестова Анна\", \"Лимит\": 15000.50, "
        "\"Действует до\": \"2026-12-31\", \"прочее\": {\"x\": [1]}}\n"
        "не JSON\n\n"
        "{\"Номер договора\": \"А-2\", \"ФИО пациента\": \"Примеров Пётр\", \"Лимит\": 20000}\n"
        "{\"Номер договора\": \"А-3\", \"ФИО пациента\": [\"a\"], \"Лимит\": 1e3}\n"
    );
    CHECK(
        folder.rows() ==
        Lines{
            "<null>|<null>|<null>|<null>|<null> !row 2 of the file is no JSON object", kTwo[0],
            kTwo[1],
            "А-3|<null>|<null>|<null>|<null> !column person: is no single value !column amount: is "
            "no number"}
    );
}

TEST_CASE("XML: attributes, nested values, Russian sets of one byte, what is broken is refused") {
    Folder folder;
    folder.declaration.replace(
        folder.declaration.find("      footers"), 0, "      rows: Реестр/Строка\n"
    );
    const auto place = folder.declaration.find("[ФИО пациента]");
    folder.declaration.replace(place, std::string_view("[ФИО пациента]").size(), "[Лицо/ФИО]");
    const std::string rows =
        "<Итог>2</Итог><р:Строка НомерДоговора=\"А-1\" Лимит=\"15000.50\">"
        "<Лицо><ФИО>Тестова &amp; Анна</ФИО></Лицо><Действует_до>2026-12-31</Действует_до>"
        "</р:Строка><Строка НомерДоговора=\"А-2\"><Лицо><ФИО>Примеров Пётр</ФИО></Лицо>"
        "<Лимит>1</Лимит><Лимит>2</Лимит></Строка>";
    const std::string text = "<Реестр xmlns:р=\"u\">" + rows + "</Реестр>";
    const Lines expected{
        "А-1|Тестова & Анна|15000.50|2026-12-31|<null>",
        "А-2|<null>|<null>|<null>|<null> !row 2 of the file says amount twice"};
    const auto first_of = [](const Lines& found) { return found.empty() ? "" : found.front(); };

    folder.write("Реестр.xml", "\xef\xbb\xbf<?xml version=\"1.0\"?>\n" + text);
    CHECK(first_of(folder.rows()) == expected[0]);
    CHECK(has_issue(folder.rows(), "row 2 of the file says amount twice"));
    std::string cp1251 = "<?xml version=\"1.0\" encoding=\"windows-1251\"?>";
    for (const char letter : in_cp1251(text)) cp1251 += letter;
    folder.write("Реестр.xml", cp1251);
    CHECK(first_of(folder.rows()) == expected[0]);

    for (const auto& [wrong, why] : std::vector<std::pair<std::string, std::string>>{
             {text.substr(0, text.size() - 12), "ends in the middle: it was cut off"},
             {text.substr(0, text.size() / 2), "it was cut off"},
             {"<Реестр><Строка></Реестр>", "is no XML"},
             {"<!DOCTYPE Реестр [<!ENTITY a \"b\">]>" + text, "document type"},
             {"<Список><Строка/></Список>", "has no list of rows at Реестр/Строка"},
             {cp1251.substr(cp1251.find("?>") + 2), "is no XML"},
             {"", "is empty"}}) {
        folder.write("Реестр.xml", wrong);
        const Error error = folder.error();
        CHECK_MESSAGE(has(error, why), why);
        CHECK(has(error, "Реестр.xml"));
        CHECK(!has(error, "Тестова"));
    }
    folder.settings.encoding = "WIN1251";  // it does not say so itself
    folder.source = nullptr;
    folder.write("Реестр.xml", cp1251.substr(cp1251.find("?>") + 2));
    CHECK(first_of(folder.rows()) == expected[0]);
    folder.write("Реестр.xml", "<\xd0\xe5\xe5\xf1\xf2\xf0/>");
    CHECK(folder.rows().empty());
}

TEST_CASE("JSON as one document: a list at a place, nested values by their path") {
    Folder folder;
    folder.declaration.replace(
        folder.declaration.find("      footers"), 0, "      format: json\n      rows: data.items\n"
    );
    const auto place = folder.declaration.find("[ФИО пациента]");
    folder.declaration.replace(place, std::string_view("[ФИО пациента]").size(), "[person.name]");
    folder.write(
        "Реестр.json",
        "\xef\xbb\xbf{\"data\": {\"items\": [{\"id\": \"А-1\", \"person\": {\"name\": \"Тестова "
        "Анна\"}, "
        "\"Лимит\": 15000.50, \"valid_to\": \"2026-12-31\"}]}, \"total\": 1}"
    );
    CHECK(folder.rows() == Lines{kTwo[0]});
    folder.write("Реестр.json", "{\"data\": {\"items\": [{\"id\": \"А-1\"");
    CHECK(has(folder.error(), "it was cut off"));
}

TEST_CASE("XLSX: shared and inline texts, days as numbers, binary sums, a footer") {
    Folder folder;
    const std::string heading =
        "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>Реестр</t></is></c></row>"
        "<row r=\"3\"><c r=\"A3\" t=\"s\"><v>0</v></c><c r=\"B3\" t=\"s\"><v>1</v></c>"
        "<c r=\"C3\" t=\"inlineStr\"><is><r><t>Ли</t></r><r><t>мит</t></r></is></c>"
        "<c r=\"D3\" t=\"s\"><v>2</v></c></row>";
    const std::string shared =
        "<si><t>ФИО пациента</t></si><si><t>Номер договора</t></si><si><t>Действует "
        "до</t></si><si><r><t>Тестова </t></r><r><t>Анна</t></r><rPh><t>x</t></rPh></si>";
    write_xlsx(
        folder.exports.path / "Реестр.xlsx",
        heading +
            "<row r=\"4\"><c r=\"A4\" t=\"s\"><v>3</v></c><c r=\"B4\" t=\"str\"><v>А-1</v></c>"
            "<c r=\"C4\"><v>15000.499999999998</v></c><c r=\"D4\"><v>46387</v></c></row>"
            "<row r=\"5\"><c r=\"B5\"><v>79000000001</v></c><c r=\"C5\"><v>2E4</v></c></row>"
            "<row r=\"6\"><c r=\"A6\" t=\"s\"><v>99</v></c><c r=\"B6\" t=\"str\"><v>А-3</v></c>"
            "<c r=\"C6\" t=\"e\"><v>#N/A</v></c></row>"
            "<row r=\"7\"/><row r=\"8\"><c r=\"A8\" t=\"str\"><v>ИТОГО:</v></c>"
            "<c r=\"C8\"><v>35000</v></c></row>",
        shared
    );
    CHECK(
        folder.rows() ==
        Lines{
            "79000000001|<null>|20000.00|<null>|<null>",
            "А-1|Тестова Анна|15000.50|2026-12-31|<null> ~column amount: rounded to 2 decimals",
            "А-3|<null>|<null>|<null>|<null> !column person: names a text that the file lacks "
            "!column amount: holds an error of the spreadsheet"}
    );
    const auto whole = fs::file_size(folder.exports.path / "Реестр.xlsx");
    fs::resize_file(folder.exports.path / "Реестр.xlsx", whole - 30);
    CHECK(has(folder.error(), "is no whole XLSX file"));
    write_xlsx(folder.exports.path / "Реестр.xlsx", "<row>", "");
    CHECK(has(folder.error(), "xl/worksheets/sheet1.xml cannot be read"));
}

TEST_CASE("DBF: CP866 by its language byte or by declaration, deleted rows, a file cut short") {
    Folder folder;
    folder.declaration.replace(
        folder.declaration.find("Номер договора"), std::string("Номер договора").size(), "NOMER"
    );
    folder.settings.columns = {
        {"limit.person", "FIO"}, {"limit.amount", "LIM"}, {"limit.valid_to", "PO"}};
    const fs::path file = folder.exports.path / "Реестр.dbf";
    const auto write = [&](const char* code_page) {
        DBFHandle table = DBFCreateEx(file.c_str(), code_page);
        DBFAddField(table, "NOMER", FTString, 10, 0);
        DBFAddField(table, "FIO", FTString, 20, 0);
        DBFAddField(table, "LIM", FTDouble, 12, 2);
        DBFAddNativeFieldType(table, "PO", 'D', 8, 0);
        DBFWriteStringAttribute(table, 0, 0, "\x80-1");                        // А-1
        DBFWriteStringAttribute(table, 0, 1, "\x92\xa5\xe1\xe2\xae\xa2\xa0");  // Тестова
        DBFWriteDoubleAttribute(table, 0, 2, 15000.5);
        char day[] = "20261231";  // the library writes no days as texts
        DBFWriteAttributeDirectly(table, 0, 3, day);
        DBFWriteStringAttribute(table, 1, 0, "gone");
        DBFMarkRecordDeleted(table, 1, 1);
        DBFClose(table);
    };
    write("LDID/101");
    CHECK(folder.rows() == Lines{"А-1|Тестова|15000.50|2026-12-31|<null>"});
    write("LDID/0");
    CHECK(has(folder.error(), "does not say how its letters are written"));
    folder.settings.encoding = "CP866";
    folder.open();
    CHECK(folder.rows() == Lines{"А-1|Тестова|15000.50|2026-12-31|<null>"});
    fs::resize_file(file, fs::file_size(file) - 60);
    CHECK(has(folder.error(), "is cut short: its header says 2 rows"));
}

TEST_CASE("the newest file counts, once it has settled, and is read again only if it differs") {
    Folder folder;
    const std::string heading = "id;person;amount;valid_to\n";
    folder.settings.settle_seconds = 30;
    Source& source = folder.open();
    const fs::path march = folder.write("Реестр март.csv", heading + "А-1;Тестова;1;\n");
    CHECK(has(folder.error(), "Реестр март.csv may still be written"));
    CHECK(!source.stands_as_read("limit"));
    folder.clock.advance(std::chrono::seconds(31));
    CHECK(folder.rows().size() == 1);
    CHECK(source.stands_as_read("limit"));

    // touched, and written anew with the same content
    fs::last_write_time(march, fs::last_write_time(march) + std::chrono::seconds(20));
    CHECK(source.stands_as_read("limit"));
    folder.clock.advance(std::chrono::seconds(60));
    CHECK(source.stands_as_read("limit"));

    // a newer one that is being written: the stream waits, it does not go back
    const fs::path april = folder.write("Реестр апрель.csv", heading + "А-1;Тестова;2;\nА-2;");
    fs::last_write_time(april, fs::last_write_time(march) + std::chrono::seconds(100));
    CHECK(source.stands_as_read("limit"));
    CHECK(folder.error().kind == ErrorKind::unavailable);
    folder.clock.advance(std::chrono::seconds(200));
    CHECK(!source.stands_as_read("limit"));
    CHECK(has(folder.error(), "is cut short"));
    folder.write("Реестр апрель.csv", heading + "А-1;Тестова;2;\nА-2;Примеров;3;\n");
    fs::last_write_time(april, fs::last_write_time(march) + std::chrono::seconds(150));
    folder.clock.advance(std::chrono::seconds(200));
    CHECK(folder.rows().size() == 2);

    // locks and downloads under way are no exports
    folder.write("~$Реестр апрель.csv", "x");
    folder.write("Реестр май.csv.part", "x");
    CHECK(source.stands_as_read("limit"));
    fs::remove(april);
    fs::remove(march);
    CHECK(!source.stands_as_read("limit"));
    CHECK(has(folder.error(), "no file in"));
}

TEST_CASE("a site calls its exports as it likes") {
    Folder folder;
    folder.settings.patterns = {{"limit", "бартер ?.csv"}};
    folder.write("Бартер 1.csv", "id;person;amount;valid_to\nА-1;Тестова;1;\n");
    folder.write("Реестр.csv", "");
    CHECK(folder.rows() == Lines{"А-1|Тестова|1|<null>|<null>"});
    const auto described = folder.source->discover();
    REQUIRE(described);
    REQUIRE(described->size() == 2);
    CHECK(described->front().name == "Бартер 1.csv");
}

TEST_CASE("a marker says that a file is whole") {
    Folder folder;
    folder.declaration.replace(
        folder.declaration.find("may_lack"), std::string("may_lack").size(),
        "marker: .ready\n      may_lack"
    );
    const fs::path file = folder.write("Реестр.csv", "id;person;amount;valid_to\nА-1;Т;1;\n");
    CHECK(has(folder.error(), "Реестр.csv waits for its marker .ready"));
    const fs::path marker = folder.write("Реестр.csv.ready", "");
    fs::last_write_time(marker, fs::last_write_time(file) - std::chrono::seconds(5));
    CHECK(has(folder.error(), "is newer than its marker"));
    fs::last_write_time(marker, fs::last_write_time(file));
    CHECK(folder.rows().size() == 1);
}

TEST_CASE("names in the folder are matched without regard to case") {
    CHECK(files::matches("Реестр*.xlsx", "РЕЕСТР 2026.XLSX"));
    CHECK(files::matches("*", "x"));
    CHECK(files::matches("р??стр.csv", "реестр.csv"));
    CHECK(!files::matches("р?стр.csv", "реестр.csv"));
    CHECK(!files::matches("*.csv", "a.csv.part"));
    CHECK(files::matches("*а*б*", "xаyбz"));
    CHECK(!files::matches("", "x"));
}

TEST_CASE("a declaration of files says what is wrong with it, and a configuration what it names") {
    const auto problem = [](std::string_view from, std::string_view to) {
        Folder folder;
        const std::size_t at = folder.declaration.find(from);
        REQUIRE(at != std::string::npos);
        folder.declaration.replace(at, from.size(), to);
        std::ofstream(folder.connector_folder.path / "connector.yaml") << folder.declaration;
        std::ofstream(folder.connector_folder.path / "limit.sql") << "select 1";
        const auto connector = load_connector(folder.connector_folder.path);
        REQUIRE(!connector);
        return connector.error();
    };
    CHECK(
        has(problem("pattern: \"Реестр*\"", "format: csv"), "streams.limit.file.pattern is missing")
    );
    CHECK(has(problem("\"Реестр*\"", "\"a/*\""), "leave the / out"));
    CHECK(has(problem("[Лимит, Сумма лимита]", "[Лимит, person]"), "calls both"));
    CHECK(has(problem("may_lack: [used]", "may_lack: [id]"), "names the key"));
    CHECK(has(problem("may_lack: [used]", "encoding: KLINGON"), "streams.limit.file.encoding"));
    CHECK(has(problem("kind: files", "kind: sql"), "belongs to kind: files"));
    Folder folder;
    folder.open();
    auto connector = load_connector(folder.connector_folder.path);
    REQUIRE(connector);
    folder.settings.columns = {{"limit.summ", "x"}};
    const auto made = files::opener(folder.settings)(*connector, {}, folder.clock);
    REQUIRE(!made);
    CHECK(has(made.error(), "files.columns: connector"));
    connector->source_kind = "sql";
    CHECK(
        has(files::opener(folder.settings)(*connector, {}, folder.clock).error(), "reads no files")
    );
}

}  // namespace mis::source
