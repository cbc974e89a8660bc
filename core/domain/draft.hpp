// Drafts of events, put into D3's order, given their ids and applied to what is announced.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "domain/announced.hpp"
#include "domain/export_gate.hpp"
#include "domain/rules.hpp"

namespace mis::domain {

struct Draft {
    Event event;
    std::int64_t at_us = 0;  // D3's ties: performed_at, source_id, payer …
    std::string source_id;
    std::string payer;
    int turn = 0;  // … then this, for what has an order of its own (stages, items of one line)

    Draft& entity(std::string id) {
        event.entity_id = std::move(id);
        return *this;
    }
    Draft& at(const Timestamp& when, std::string id) {
        at_us = when.unix_us;
        source_id = std::move(id);
        return *this;
    }
    // Subject and partition: the patient unless said otherwise.
    Draft& of_patient(const std::string& patient);
    Draft& about(std::string subject) {
        event.subject = std::move(subject);
        return *this;
    }
    Draft& with(const Permission& permission) {
        event.leaves = permission.leaves;
        event.ground = permission.ground;
        return *this;
    }
};

class Drafts {
  public:
    Drafts(const Rules& rules, Announced& after) : rules_(rules), after_(after) {}

    // A draft of the given type and data; `identity` is what gives it its id (I2). The reference
    // lives until the next call.
    Draft& add(std::string type, Timestamp time, JsonText data, JsonText identity);

    // Orders what was added since the last call, gives ids, applies all of it and moves it to
    // events().
    void settle();

    const Announced& after() const { return after_; }
    std::vector<Event> take() { return std::move(events_); }

  private:
    const Rules& rules_;
    Announced& after_;
    std::vector<Draft> drafts_;
    std::vector<Event> events_;
    std::map<std::string, std::uint64_t>
        occurrences_;  // in this evaluation, of (entity, type, identity)
};

// D3: the place of a type within a change set.
int rank_of_type(std::string_view type);

}  // namespace mis::domain
