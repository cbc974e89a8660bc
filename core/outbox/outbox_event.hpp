// OutboxEvent: an event as the outbox holds it, and its CloudEvents form (schemas/README.md section
// 2), which is made only when it is sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.hpp"

namespace mis::outbox {

struct PartyView {  // X3: what the sinks of one party get in the place of the event's own data
    std::string party;
    std::uint64_t previous = 0;  // as previous_of_party
    std::string data;
};

struct OutboxEvent {
    std::int64_t position = 0;     // in the outbox, from 1, without gaps; local, never sent
    std::int64_t appended_us = 0;  // when its change set was given meaning
    std::string id;                // 32 hex digits
    std::string type;              // "procedure.performed"
    std::string subject;
    std::string partition_key;
    std::string source;     // empty: caused by the exchange
    std::string record_id;  // empty: none
    Timestamp time;
    std::uint32_t epoch = 1;             // at most 999 999
    std::uint64_t sequence = 0;          // within partition_key, from 1, without gaps
    std::string change_set;              // 32 hex digits
    std::uint32_t change_set_index = 0;  // from 0
    std::uint32_t change_set_size = 1;
    std::string data;    // JSON object
    std::string ground;  // for the audit, never sent
    std::string party;   // X3, never sent
    // The key's sequence before this one among the same party's events, 0: this is the first. None
    // without a party, and of events older than this count.
    std::optional<std::uint64_t> previous_of_party;
    std::vector<PartyView> views;   // of parties that it only partly concerns
    std::string previous_sequence;  // filtered views only: the 20 digits that this view had before;
                                    // empty: not rendered
};

std::string sequence_text(
    std::uint32_t epoch, std::uint64_t sequence
);  // 20 digits: six of the epoch, fourteen counted

// Turns the event into what the sinks of one party send, with the sequence that their view had
// before, so that its receiver notices a gap (14 zeros behind the epoch: nothing before). False: it
// doesn't concern the party.
bool narrow_to_party(OutboxEvent& event, std::string_view party);

// One line of JSON, no white space. clinic_id is the store's.
std::string render_cloudevent(const OutboxEvent& event, std::string_view clinic_id);
void render_cloudevent(std::string& out, const OutboxEvent& event, std::string_view clinic_id);

// mis.event.withheld.v1 in the place of a dead event: same partition key and sequence, its own
// deterministic id.
OutboxEvent withheld_stub(const OutboxEvent& event);

}  // namespace mis::outbox
