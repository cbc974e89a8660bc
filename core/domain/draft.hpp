// Drafts of events, put into D3's order, given their ids and applied to what is announced.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
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
    int turn = 0;     // … then this, for what has an order of its own (stages, items of one line)
    std::string key;  // key_of() the event, where its maker has it at hand; empty: work it out

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
    // The same, where the data names the patient already.
    Draft& of_named_patient(const std::string& patient);
    Draft& about(std::string subject) {
        event.subject = std::move(subject);
        return *this;
    }
    Draft& with(Permission permission) {
        event.leaves = permission.leaves;
        event.ground = std::move(permission.ground);
        return *this;
    }
    Draft& stands_as(std::string announcement) {
        key = std::move(announcement);
        return *this;
    }
};

class Drafts {
  public:
    Drafts(const Rules& rules, Announced& after) : rules_(rules), after_(after) {}

    // A draft of the given type and data; `identity` is what gives it its id (I2). The reference
    // lives until the next call.
    Draft& add(std::string type, Timestamp time, JsonText data, JsonText identity);

    std::span<Draft> pending() { return drafts_; }  // added since settle()

    // Orders what was added since the last call, gives ids, applies all of it and moves it to
    // events().
    void settle();

    const Announced& after() const { return after_; }
    // What no event tells and is remembered all the same.
    void remember_seen(std::string key, const Timestamp& at) {
        after_.first_seen_us.try_emplace(std::move(key), at.unix_us);
    }
    std::vector<Event> take() { return std::move(events_); }

  private:
    const Rules& rules_;
    Announced& after_;
    std::vector<Draft> drafts_;
    std::vector<Event> events_;
    std::unordered_multimap<std::size_t, std::size_t>
        said_;  // places in events_, by a hash of (entity, type, identity)

    // How often this was said before, in this evaluation.
    std::uint64_t occurrences(const Event& event);
};

// D3: the place of a type within a change set.
int rank_of_type(std::string_view type);

}  // namespace mis::domain
