#include "domain/state.hpp"

#include "domain/appointments.hpp"
#include "domain/replaced_rows.hpp"

namespace mis::domain {

SettledFacts settle_facts(
    const GroupFacts& facts, const Announced& before, const Rules& rules, const Identity& identity
) {
    SettledFacts settled;
    settled.typed = read_facts(facts, rules, identity);
    keep_ids_of_replaced_rows(settled.typed, before, identity);
    settled.next_no_show = turn_into_no_shows(settled.typed, rules, facts.now);
    return settled;
}

State derive(
    const TypedFacts& typed, const GroupFacts& facts, const Announced& before, Announced& after,
    const Rules& rules, const Identity& identity
) {
    State state;
    state.orders = read_orders(facts, typed, rules, identity);
    state.stops = read_stops(typed, facts, after);
    state.accounts = read_accounts(typed, state.orders, facts, before, after, rules, identity);
    const Assigner assigner(state.accounts, state.stops, facts, identity);
    state.tracked = track_plans(
        typed, state.orders, facts, rules,
        [&](const Line& line, const std::string& order) {
            return assigner.requires_approval(line, order);
        }
    );
    state.ledger = keep_ledger(typed, state.accounts, state.tracked, assigner);
    return state;
}

}  // namespace mis::domain
