// An order of the exchange as the operator sees it: linked to its patient, or waiting for one, and
// then why and what to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "gateway/cli/session.hpp"

namespace mis::gateway::cli {

struct OrderStanding {
    enum class State {
        waiting,    // none or several patients match: the search goes on at every pass
        unlinked,   // by the operator, who alone can link it again
        cancelled,  // before it found its patient
        linked,
    };
    std::string order;
    State state = State::waiting;
    std::int64_t received_us = 0;
    inbox::OrderIdentity identity;  // of one that is waiting; private
    std::uint32_t candidates = 0;   // of one that is waiting: what the last pass found
    std::string patient, ground;    // of one that is linked: pseudonym, what the match rests on
};

std::string to_string(OrderStanding::State state);

// nullopt: the exchange never placed it.
std::optional<OrderStanding> order_standing(Session& session, const std::string& order);

// What `plan` says of an order that has no plan yet: since when it waits, why (searched now) and
// the remedy. For people a few lines, for machines one object.
std::string order_text(Session& session, const OrderStanding& order);
Json order_json(Session& session, const OrderStanding& order);

}  // namespace mis::gateway::cli
