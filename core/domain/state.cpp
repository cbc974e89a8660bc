#include "domain/state.hpp"

namespace mis::domain {

State derive(
    const TypedFacts& typed, const GroupFacts& facts, const Announced& before, Announced& after,
    const Rules& rules, const Identity& identity
) {
    State state;
    state.orders = read_orders(facts, typed, rules, identity);
    state.stops = read_stops(typed, facts, after);
    state.accounts = read_accounts(typed, state.orders, facts, before, rules, identity);
    const Assigner assigner(state.accounts, state.stops);
    state.tracked = track_plans(typed, state.orders, facts, rules, [&](const Line& line) {
        return assigner.requires_approval(line);
    });
    state.ledger = keep_ledger(typed, state.accounts, assigner);
    return state;
}

}  // namespace mis::domain
