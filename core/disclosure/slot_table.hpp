// SlotTable: which doctor of which branch an aggregator may be told the free times of, and what it
// calls them. The clinic writes it, a CSV file for each aggregator, and confirms each line; what no
// confirmed line names does not leave.
//
// Columns, in any order: source, branch, doctor (the MIS's own ids; branch empty where it names
// none), their_branch, their_doctor (the aggregator's), confirmed (yes; no: on purpose not sent;
// empty: a proposal, not sent); and, where the aggregator asks for them, branch_name, doctor_name,
// specialty, and cell_minutes (how long a visit is offered; empty: as the sink says). Separated by
// , or ;.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace mis::disclosure {

struct SlotRow {
    int line = 0;  // of the file
    std::string source, branch, doctor;
    std::string their_branch, their_doctor;
    std::string branch_name, doctor_name, specialty;
    int cell_minutes = 0;  // 0: as the sink says
};

struct SlotTable {
    std::vector<SlotRow> rows;       // confirmed, in the file's order
    std::vector<SlotRow> proposals;  // not confirmed
    std::vector<SlotRow> declined;   // the clinic does not want them sent
};

// The columns' line, as a new table begins.
inline constexpr std::string_view kSlotTableColumns =
    "source,branch,doctor,their_branch,their_doctor,branch_name,doctor_name,specialty,"
    "cell_minutes,confirmed";

// misconfigured: "FILE:LINE: what: remedy". Among what is refused: two confirmed lines for one
// doctor in one branch, whichever side names him; a phone or an address in a name.
Result<SlotTable> parse_slot_table(std::string_view text, const std::string& file);

}  // namespace mis::disclosure
