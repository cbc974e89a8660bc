// The row being mapped, as the SQL functions see it: its cells, and what they found wrong or
// remarkable.
//
// A failing function records an issue and returns NULL that carries the issue (an SQLite pointer
// value): an output column that receives it gives the issue its name, try() can forgive it, other
// functions pass it on. An issue that nobody forgave sends the whole row to quarantine.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "record/mapper.hpp"

namespace mis::record {

struct MapIssue {
    std::string text;    // "money: not a sum"
    std::string column;  // canonical column that received it; empty: unknown
    bool forgiven = false;
    std::string value = {};  // what the function was given; private, never stored as it is
};

struct MapNote {
    std::string text;  // "rounded to two decimals"
    std::string column;
    bool dropped = false;
};

inline constexpr const char* kIssuePointer = "mis-issue";
inline constexpr std::size_t kNotesMax = 100;  // a note travels as an SQLite subtype, one byte

struct MapRow {
    const source::CodeTable* codes = nullptr;
    const MapContext* context = nullptr;
    const std::map<std::string, std::string>* site_defaults = nullptr;

    const source::RowBatch* batch = nullptr;
    std::size_t row = 0;
    std::deque<MapIssue> issues;  // stable addresses: SQLite values point at them
    std::vector<MapNote> notes;
    std::string scratch;    // where a function writes its result before SQLite copies it
    bool remarked = false;  // an issue or a note was added since begin()
    // I6; nothing of these needs to know which column it concerns.
    bool day_only = false;  // a time was written without a clock
    bool no_day = false;    // an empty date, or a year outside 1900–2100, was read as absent

    void begin(const source::RowBatch& rows, std::size_t index) {
        batch = &rows;
        row = index;
        issues.clear();
        notes.clear();
        remarked = day_only = no_day = false;
    }
    MapIssue* add_issue(std::string text, std::string_view value = {}) {
        remarked = true;
        return &issues.emplace_back(MapIssue{std::move(text), {}, false, std::string(value)});
    }
    // Number of the note, from 1; 0: no room for more.
    unsigned add_note(std::string text) {
        remarked = true;
        if (notes.size() >= kNotesMax) return 0;
        notes.push_back({std::move(text), {}, false});
        return static_cast<unsigned>(notes.size());
    }
};

}  // namespace mis::record
