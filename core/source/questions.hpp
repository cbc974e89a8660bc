// What a connector knows of the bases of its MIS before it has seen one, and what it asks of them
// (`discover`, `calibrate`).
//
// connector.yaml: recognise: {all: [TABLE …], any: [TABLE …], versions: {TEXT: TABLE.COLUMN},
// version: "select …", address: [HOST …], pages: [{path, holds: [TEXT …]}]} · unknown: {NAME:
// {about, words: [part of a name …], in: [TABLE …], of: columns | tables, beside: [COLUMN …], site:
// [KEY …], streams: [STREAM …]}} · calibrate: {NAME: {about, stream, raw, field, beside: [COLUMN
// …], bits: KEY}}.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace mis::source {

struct Recognition {
    // Tables: all of the first, and one of the second where there are such. Both empty: the
    // connector does not say how its bases are known.
    std::vector<std::string> all, any;
    std::map<std::string, std::string> versions;  // "since 2024" → "VISITS.CREATED": it has that
    std::vector<std::string> address;             // of services: how the host of its address ends
    struct Page {                                 // what it answers at a place below its address
        std::string path;                         // "?wsdl", "$metadata"
        std::vector<std::string> holds;           // texts that are all in it
    };
    std::vector<Page> pages;
    std::string version_sql;  // gives one text; empty: no place is known where the base says it

    bool has_tables() const { return !all.empty() || !any.empty(); }
    bool is_empty() const { return !has_tables() && address.empty() && pages.empty(); }
};

struct Question {       // to a base: where does it keep …
    std::string name;   // "tooth"
    std::string about;  // for people
    enum class Of { columns, tables } of = Of::columns;
    std::vector<std::string> words;   // parts of names, in lower case: "zub", "tooth"
    std::vector<std::string> in;      // only these tables; empty: all
    std::vector<std::string> beside;  // only tables that have one of these columns; empty: all
    std::vector<std::string> site;    // the site's keys that take the answer
    std::string setting = {};         // or the source's setting, as files.columns, by `name`
    std::vector<std::string> streams = {};  // that are off, or poorer, until it is answered
};

struct Calibration {    // a decoded field beside the raw column that it comes from
    std::string name;   // "teeth"
    std::string about;  // for people
    std::string stream;
    std::string raw;                  // column of its rows
    std::string field;                // of its records
    std::vector<std::string> beside;  // columns that tell a human which row it is
    std::string bits;  // the site's key with one value per bit; empty: raw is no mask
};

}  // namespace mis::source
