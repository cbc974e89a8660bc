#include "source/files/declaration.hpp"

#include <algorithm>
#include <memory>

#include "base/charset.hpp"
#include "base/text.hpp"
#include "source/files/headings.hpp"
#include "source/http/answer.hpp"

namespace mis::source::files {
namespace {

bool is_column(const StreamDeclaration& stream, const std::string& name) {
    return std::any_of(stream.columns.begin(), stream.columns.end(), [&](const auto& column) {
        return column.name == name;
    });
}

std::vector<std::string> texts(MapReader& map, const std::string& key) {
    std::vector<std::string> found;
    const Json list = map.value(key);
    if (list.is_null()) return found;
    if (list.is_string()) return {list.get<std::string>()};
    const bool good = list.is_array() && std::all_of(list.begin(), list.end(), [](const Json& one) {
                          return one.is_string() && !one.get<std::string>().empty();
                      });
    if (!good)
        map.refuse(key, "has to be a list of texts: [A, B]");
    else
        for (const Json& one : list) found.push_back(one.get<std::string>());
    return found;
}

Format format_of(const std::string& name) {
    if (name == "csv") return Format::csv;
    if (name == "json_lines") return Format::json_lines;
    if (name == "json") return Format::json;
    if (name == "xml") return Format::xml;
    if (name == "xlsx") return Format::xlsx;
    if (name == "dbf") return Format::dbf;
    return Format::by_name;
}

void read_headings(MapReader& map, const StreamDeclaration& stream, FileDeclaration& file) {
    if (map.has("headings")) {
        MapReader headings = map.map("headings");
        for (const std::string& column : headings.keys()) {
            if (!is_column(stream, column))
                headings.refuse(column, "is no column of `columns:`: declare it");
            file.headings[column] = texts(headings, column);
        }
    }
    std::map<std::string, std::string> whose;
    for (const ColumnDeclaration& column : stream.columns) {
        std::vector<std::string> names = file.headings[column.name];
        names.push_back(column.name);
        for (const std::string& name : names) {
            const auto [known, is_new] = whose.emplace(folded_heading(name), column.name);
            if (!is_new && known->second != column.name)
                map.refuse(
                    "headings", fmt::format(
                                    "calls both {} and {} `{}`: leave it to one of them",
                                    known->second, column.name, name
                                )
                );
        }
    }
    for (const std::string& column : texts(map, "may_lack")) {
        if (!is_column(stream, column))
            map.refuse("may_lack", fmt::format("{} is no column of `columns:`", column));
        if (column == stream.key_column) map.refuse("may_lack", "names the key: a row needs it");
        file.may_lack.insert(column);
    }
}

}  // namespace

void declare_file(MapReader& map, StreamDeclaration& stream) {
    if (!map.has("file"))
        return map.refuse("file", "is missing: file: {pattern: \"*.csv\"} says which files it is");
    MapReader part = map.map("file");
    part.only(
        {"pattern", "format", "encoding", "separator", "sheet", "rows", "marker", "headings",
         "may_lack", "footers"}
    );
    auto file = std::make_shared<FileDeclaration>();
    file->pattern = part.required_text("pattern");
    if (file->pattern.find('/') != std::string::npos)
        part.refuse("pattern", "is of names in the folder: leave the / out");
    const auto format = part.one_of(
        "format", "by_name", {"by_name", "csv", "json_lines", "json", "xml", "xlsx", "dbf"}
    );
    file->format = format_of(format);
    file->encoding = part.text("encoding", "");
    if (!file->encoding.empty())
        if (const auto known = CharsetConverter::to_utf8(file->encoding); !known)
            part.refuse("encoding", known.error().text);
    const std::string separator = part.text("separator", "");
    if (separator == "tab")
        file->separator = '\t';
    else if (separator == ";" || separator == "," || separator == "|")
        file->separator = separator[0];
    else if (!separator.empty())
        part.refuse("separator", "has to be \";\", \",\", \"|\" or tab");
    file->sheet = part.text("sheet", "");
    file->rows = part.text("rows", "");
    const bool is_json = file->format == Format::json;
    if (!http::parse_rows_place(file->rows, is_json ? http::Format::json : http::Format::xml) &&
        (file->format == Format::xml || !file->rows.empty()))
        part.refuse(
            "rows", is_json ? "has to say where the list of rows is: data.items"
                            : "has to name the element that repeats: Register/Row"
        );
    file->marker = part.text("marker", "");
    file->footers = texts(part, "footers");
    read_headings(part, stream, *file);
    stream.file = std::move(file);
}

bool matches(std::string_view pattern, std::string_view name) {
    const std::string wanted = to_lower(pattern), text = to_lower(name);
    const auto next = [&](std::size_t at) {  // behind the letter that begins at `at`
        for (++at; at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;) ++at;
        return at;
    };
    std::size_t p = 0, t = 0, star = std::string::npos, star_t = 0;
    while (t < text.size()) {
        if (p < wanted.size() && wanted[p] == '*') {
            star = p++;
            star_t = t;
        } else if (p < wanted.size() && wanted[p] == '?') {
            ++p;
            t = next(t);
        } else if (p < wanted.size() && wanted[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string::npos) {
            p = star + 1;
            t = star_t = next(star_t);
        } else {
            return false;
        }
    }
    while (p < wanted.size() && wanted[p] == '*') ++p;
    return p == wanted.size();
}

}  // namespace mis::source::files
