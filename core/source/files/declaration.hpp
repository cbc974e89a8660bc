// A stream of a connector of kind files: which files, how they are written, how their columns are
// called. connector.yaml, under the stream:
//
// file: {pattern: "*.csv", format: csv | json_lines | json | xml | xlsx | dbf (default: by the
// name's end), encoding: UTF8 | WIN1251 | CP866 …, separator: ";" | "," | "|" | tab (default: found
// out), sheet: NAME, rows: Register/Row (xml) or data.items (json), marker: .ready, headings:
// {column: [name, other name]}, may_lack: [column], footers: [Итого]}
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "source/connector.hpp"
#include "source/map_reader.hpp"

namespace mis::source::files {

enum class Format { by_name, csv, json_lines, json, xml, xlsx, dbf };

struct FileDeclaration {
    std::string pattern;
    Format format = Format::by_name;
    std::string encoding;  // empty: UTF-8; of DBF and XML: what they say themselves
    char separator = 0;    // csv; 0: found out
    std::string sheet;     // xlsx; empty: the first
    std::string rows;      // json, xml: where they are, as in `request:` of a service
    std::string marker;    // the file counts once FILE + marker stands beside it
    std::map<std::string, std::vector<std::string>> headings;  // column → beside its own name
    std::set<std::string> may_lack;                            // columns that need not be there
    std::vector<std::string> footers;  // how rows begin that hold sums and have no key
};

void declare_file(MapReader& map, StreamDeclaration& stream);

// "*.csv": also where the name has other case.
bool matches(std::string_view pattern, std::string_view name);

}  // namespace mis::source::files
