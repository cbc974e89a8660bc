#include "domain/returns.hpp"

#include <algorithm>

namespace mis::domain {
namespace {

bool is_of(const Line& line, const Return& taken_back) {
    if (line.key.source != taken_back.line.key.source) return false;
    if (!taken_back.reverses_source_id.empty())
        return line.key.source_id == taken_back.reverses_source_id;
    return line.patient == taken_back.line.patient &&
           line.work.folded_code == taken_back.line.work.folded_code &&
           line.teeth == taken_back.line.teeth;
}

bool is_before(const Line& line, const Return& taken_back) {
    return line.performed_at <= taken_back.line.performed_at;
}

Decimal magnitude(const Decimal& value) { return value.is_negative() ? -value : value; }

void take_off(std::optional<Money>& sum, const std::optional<Money>& returned) {
    if (sum && returned && sum->currency == returned->currency)
        *sum -= returned->minor < 0 ? -*returned : *returned;
}

void keep_rest(Line& line, const Line& returned, Money rest) {
    const Money whole = line.total;
    line.total = rest;
    take_off(line.list_total, returned.list_total);
    take_off(line.discount, returned.discount);
    const Decimal quantity = line.quantity - magnitude(returned.quantity);
    if (quantity > Decimal(0, 0)) line.quantity = quantity;
    if (!line.shares.empty()) {  // what the MIS split itself shrinks in proportion
        std::vector<std::int64_t> weights;
        for (const Share& share : line.shares)
            weights.push_back(std::max<std::int64_t>(0, share.total.minor));
        if (whole.minor > 0) {
            const auto parts = share_by_largest_remainder(rest.minor, weights);
            for (std::size_t i = 0; i < parts.size(); ++i) line.shares[i].total.minor = parts[i];
        }
    }
    line.partly_returned = true;
    line.exported.set("total", json_money(line.total));
    line.exported.set_string("quantity", line.quantity.to_string());
    if (line.list_total) line.exported.set("list_total", json_money(*line.list_total));
    if (line.discount) line.exported.set("discount", json_money(*line.discount));
}

}  // namespace

void take_returns_off(TypedFacts& facts, const std::vector<Return>& returns) {
    for (const Return& taken_back : returns) {
        auto found = std::find_if(facts.lines.rbegin(), facts.lines.rend(), [&](const Line& line) {
            return is_of(line, taken_back) && is_before(line, taken_back);
        });
        if (found ==
            facts.lines.rend()) {  // clerks also date a return by its day alone, or before the work
            found = std::find_if(facts.lines.rbegin(), facts.lines.rend(), [&](const Line& line) {
                return is_of(line, taken_back);
            });
        }
        if (found == facts.lines.rend()) {
            facts.problems.push_back(Problem{
                taken_back.line.key, "a return, and no line stands that it takes back"});
            continue;
        }
        Line& line = *found;
        if (line.quantity < magnitude(taken_back.line.quantity)) {
            facts.problems.push_back(Problem{
                taken_back.line.key, "a return of a larger quantity than is left of its line"});
            continue;
        }
        if (line.total.currency != taken_back.line.total.currency) {
            facts.problems.push_back(Problem{
                taken_back.line.key, "a return in another currency than its line"});
            continue;
        }
        if (taken_back.line.total.is_zero() && !line.total.is_zero()) {
            facts.problems.push_back(Problem{
                taken_back.line.key, "a return without a sum of a line that has one"});
            continue;
        }
        const Money rest{
            line.total.minor - std::abs(taken_back.line.total.minor), line.total.currency};
        if (rest.minor < 0) {
            facts.problems.push_back(Problem{
                taken_back.line.key, "a return of more than is left of its line's total"});
            continue;
        }
        const bool all_money = rest.minor == 0 && line.total.minor > 0;
        const bool all_work =
            line.total.minor == 0 && line.quantity <= magnitude(taken_back.line.quantity);
        if (all_money || all_work) {
            facts.returned.insert(line.id);
            facts.lines.erase(std::next(found).base());
        } else {
            keep_rest(line, taken_back.line, rest);
        }
    }
}

}  // namespace mis::domain
