#include "domain/limit_ledger/account_sheet.hpp"

#include <map>

#include "domain/export_gate.hpp"

namespace mis::domain {

Books::Books(
    const GroupFacts& facts, const Announced& before, const Rules& rules, const Identity& identity
)
    : rules_(rules),
      after_(before),
      settled_(settle_facts(facts, before, rules, identity)),
      state_(derive(settled_.typed, facts, before, after_, rules, identity)) {}

AccountSheet Books::sheet(const Account& account) const {
    AccountSheet sheet;
    sheet.account = &account;
    const Currency currency = account.granted.currency;
    std::map<const Line*, std::size_t> place;
    for (const Line* line : account.lines) {
        if (!place.emplace(line, sheet.lines.size()).second) continue;
        SheetLine& row = sheet.lines.emplace_back();
        row.line = line;
        row.total = row.to_limit = row.beyond = Money{0, currency};
    }
    for (const LineCharge& charge : state_.ledger.charges) {
        const auto found = place.find(charge.line);
        if (found == place.end()) continue;
        SheetLine& row = sheet.lines[found->second];
        if (charge.limit == account.id) row.to_limit += charge.total;
        const auto over = charge.overruns.find(account.id);
        if (over == charge.overruns.end()) continue;
        row.beyond += over->second;
        row.beyond_parts.push_back({charge.payer, charge.party, over->second});
    }
    for (const Violation& violation : state_.ledger.violations) {
        const auto found = place.find(violation.line);
        if (found != place.end() && violation.limit == account.id)
            sheet.lines[found->second].violations.push_back(violation.rule);
    }
    const ExportGate gate(state_.orders, rules_);
    Money left = account.granted;
    for (SheetLine& row : sheet.lines) {
        row.total = row.to_limit + row.beyond;
        row.before = left;
        left = left - row.to_limit;
        row.after = left;
        row.splits = row.to_limit.minor > 0 && row.beyond.minor > 0;
        row.ends = row.before.minor > 0 && row.after.minor == 0;
        row.leaves = gate.record(row.line->patient, row.line->performed_at).allowed();
        row.order = state_.tracked.settled_order(row.line->id);
    }
    sheet.disagreements = disagreements_of(account, rules_);
    for (const std::string& patient : account.patients) {
        const auto stop = state_.stops.find(patient);
        if (stop != state_.stops.end() && judges(stop->second, account, rules_) &&
            stop->second.has_come && !account.exhausted())
            sheet.stopped_early = true;
    }
    sheet.waiting = state_.ledger.waiting.size();
    return sheet;
}

}  // namespace mis::domain
