// Trace: what left about a patient and what was withheld, with its ground, long after the events
// themselves are gone from the outbox (X2).
//
// Written in the transaction of the meaning, kept until its retention says otherwise
// (core/decisions/0026). A row holds what one change set said of one patient, packed: some 35 bytes
// an event. Whoever shares an account with him has rows of his own, in which nothing names the
// others.
// Whether it arrived is the audit's to tell: delivered ids, by sink.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "disclosure/disclosed_event.hpp"
#include "outbox/outbox.hpp"
#include "sqlite/database.hpp"

namespace mis::outbox {

// Whom the events of one change set concern, in the order of D3. An event that concerns nobody
// (free times, an order that waits) has no mark, one that concerns several has several.
struct TraceNotes {
    struct Withheld {
        std::string type, record_id, id;  // id: what it would be; empty: none
        std::string ground;               // "no_consent", "before_consent", "withdrawn", …
    };
    struct Mark {
        std::uint32_t patient = 0;  // place in `patients`
        std::int32_t event = 0;     // place among those that leave; of those withheld -1 - place
    };
    std::vector<std::string> patients;  // pseudonyms
    std::vector<Withheld> withheld;
    std::vector<Mark> marks;

    // The pseudonym's place, found or made.
    std::uint32_t place_of(std::string_view patient);
};

// `appended`: what the outbox said of `leaving`. Before Appender::finish().
void write_trace(
    sqlite::Transaction& transaction, Outbox::Appender& appender, const TraceNotes& notes,
    std::span<const disclosure::DisclosedEvent> leaving, const AppendReport& appended,
    std::int64_t at_us
);

// Of what a log of sent events told a restored store: one row a patient, for which change sets they
// were is gone. The position of the first event is given, the others follow it.
void trace_sent(
    sqlite::Transaction& transaction, std::span<const OutboxEvent> events,
    const std::function<std::vector<std::string>(const OutboxEvent&)>& concerned,
    std::int64_t first_position, std::int64_t at_us
);

enum class Fate { left, withheld };

struct TraceEntry {
    std::int64_t number = 0;    // of the row: entries of one change set share it
    std::int64_t at_us = 0;     // when its change set was given meaning
    std::int64_t position = 0;  // in the outbox; 0: it was withheld
    Fate fate = Fate::left;
    std::string type;       // "procedure.performed"
    std::string record_id;  // empty: none
    std::string id;         // 32 hex digits; of what was withheld mostly empty
    std::string ground;     // why it left, or why not
};

struct TracePage {
    std::vector<TraceEntry> entries;  // oldest first
    std::int64_t next = 0;            // after which the next page begins; 0: that was all
};

// At most so many rows, which may be many more entries. By index. Throws StoreError.
TracePage trace_of(
    sqlite::Database& database, std::string_view pseudonym, std::int64_t after_number = 0,
    int rows_max = 200
);

// Before that nothing is known by patient: when the store got its trace.
std::optional<std::int64_t> trace_since(sqlite::Database& database);

// Rows older than that, the oldest first; how many were deleted.
std::int64_t prune_trace(
    sqlite::Transaction& transaction, std::int64_t before_us, int rows_max = 2'000
);

// All of a patient's rows; how many there were.
std::int64_t erase_trace(sqlite::Transaction& transaction, std::string_view pseudonym);

}  // namespace mis::outbox
