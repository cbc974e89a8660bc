// What a slice's plan means for whoever runs the MIS: which table is read whole or sorted, and what
// can be done about it.
#pragma once

#include <set>
#include <string>

#include "source/probe.hpp"
#include "source/slice_form.hpp"

namespace mis::source::firebird {

struct PlanSubject {
    SliceForm form;
    std::string column;            // of the slice, as connector.yaml names it
    std::string sql;               // the statement
    std::set<std::string> tables;  // that it may name, selectable procedures among them
    std::set<std::string> procedures;
};

// Reads probe.plan, fills `reading` and `remedy`: one line for the slice's own column, and one for
// each other table that is read whole or sorted for every row.
void judge_plan(const PlanSubject& subject, PlanProbe& probe);

}  // namespace mis::source::firebird
