#include "source/firebird/plan_judge.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "source/firebird/plan_text.hpp"
#include "source/sql_words.hpp"

namespace mis::source::firebird {
namespace {

// The alias by which the fetch names the slice's column, as a plan says it; empty: none.
std::string alias_of(std::string_view column) {
    if (column.starts_with('{')) return "";
    const auto names = split_names(column, '.');
    return names.size() < 2 ? std::string() : catalog_name(trim(names.front()));
}

class PlanJudge {
  public:
    PlanJudge(const PlanSubject& subject, PlanProbe& probe) : subject_(subject), probe_(probe) {}

    void judge() {
        const std::string alias = alias_of(subject_.column);
        const Plan plan = read_plan(probe_.plan, alias);
        const bool walks = subject_.form.kind == SliceForm::Kind::key_walk;
        const bool by_key = walks || subject_.form.kind == SliceForm::Kind::ids;
        const auto is_slice = [&](const PlanAccess& access) {
            return alias.empty() ? &access == &plan.statement.front() : access.first() == alias;
        };
        bool column_blamed = false;
        for (const PlanAccess& access : plan.statement) {
            if (access.how != PlanAccess::How::natural || is_system(access)) continue;
            if (!is_slice(access)) {
                say(PlanProbe::Reading::full_scan,
                    fmt::format(
                        "{} is read whole, for nothing that joins it has a usable index: join it "
                        "on an indexed column, or let the MIS's vendor make an index",
                        table(access)
                    ));
            } else if (const std::string name = table_name(access);
                       subject_.procedures.contains(name)) {
                column_blamed = true;
                say(PlanProbe::Reading::full_scan,
                    fmt::format(
                        "{} is a procedure, which has no index: each page and each re-read runs it "
                        "to its end; fine while that is quick",
                        written_name(name)
                    ));
            } else if (!column_blamed) {
                column_blamed = true;
                say(PlanProbe::Reading::full_scan,
                    by_key ? fmt::format(
                                 "{} has no usable index: backfill and re-reads scan the table; "
                                 "choose an indexed key",
                                 subject_.column
                             )
                           : fmt::format(
                                 "{} has no usable index: every poll scans the table; take it out "
                                 "of `{}`, or let the MIS's vendor make an index",
                                 subject_.column,
                                 subject_.form.kind == SliceForm::Kind::stamp ? "stamps" : "window"
                             ));
            }
        }
        if (walks && plan.sorts_result && probe_.remedy.empty())
            say(PlanProbe::Reading::sorts,
                fmt::format(
                    "{} has no index in ascending order: each page sorts the table; choose an "
                    "indexed key",
                    subject_.column
                ));
        else if (walks && plan.sorts_result && probe_.reading != PlanProbe::Reading::sorts)
            probe_.reading = PlanProbe::Reading::sorts;
        for (const PlanAccess& access : plan.subselects) {
            if (is_system(access)) continue;
            if (access.how == PlanAccess::How::natural)
                say(PlanProbe::Reading::full_scan,
                    fmt::format(
                        "{}, in a subselect, is read whole for every row: compare an indexed "
                        "column of it, or let the MIS's vendor make an index",
                        table(access)
                    ));
            else if (access.sorted)
                say(PlanProbe::Reading::sorts,
                    fmt::format(
                        "{}, in a subselect, is sorted for every row: fine while few of its rows "
                        "belong to one; else take max() or min() in the place of `order by`, or "
                        "let "
                        "the MIS's vendor make an index in that order",
                        table(access)
                    ));
        }
    }

  private:
    void say(PlanProbe::Reading reading, const std::string& remedy) {
        if (probe_.reading != PlanProbe::Reading::full_scan) probe_.reading = reading;
        if (probe_.remedy.find(remedy) != std::string::npos) return;
        probe_.remedy += (probe_.remedy.empty() ? "" : "; ") + remedy;
    }
    std::string table_name(const PlanAccess& access) const {
        return table_of_alias(access.last(), subject_.sql, subject_.tables);
    }
    bool is_system(const PlanAccess& access) const {
        return access.last().starts_with("RDB$") || table_name(access).starts_with("RDB$");
    }
    // "table VISIT (V)"
    std::string table(const PlanAccess& access) const {
        const std::string name = table_name(access);
        if (name.empty()) return "table " + access.path;
        const std::string kind = subject_.procedures.contains(name) ? "procedure " : "table ";
        return kind + written_name(name) + (name == access.path ? "" : " (" + access.path + ")");
    }

    const PlanSubject& subject_;
    PlanProbe& probe_;
};

}  // namespace

void judge_plan(const PlanSubject& subject, PlanProbe& probe) { PlanJudge(subject, probe).judge(); }

}  // namespace mis::source::firebird
