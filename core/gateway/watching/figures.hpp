// Figures: one look at the running gateway, from which /metrics and /healthz are made. Plain
// values, taken by the daemon under its locks.
//
// Personal data has no place here (I3): names are those of the configuration, reasons are
// error texts without content.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "inbox/transport.hpp"
#include "source/intake.hpp"

namespace mis::gateway {

struct StreamFigures {
    std::string source, stream;
    std::string off;    // why the stream is off on this base; empty: it is on
    std::string error;  // why it is degraded; empty: it is not
    int poll_seconds = 60;
    std::int64_t last_success_us = 0;  // 0: never yet
    std::int64_t poll_us = 0;          // duration of the last pass
    std::int64_t rows_scanned = 0, rows_unchanged = 0, rows_mapped = 0, rows_quarantined = 0,
                 rows_skipped = 0, rows_repeated = 0;  // since start
    std::optional<std::int64_t> drift;                 // of the last reconciliation; none: not yet
};

enum class SinkCondition { working, failing, stopped };

struct SinkMeasures {
    std::string sink;
    SinkCondition condition = SinkCondition::working;
    std::string reason;            // of failing and stopped
    std::string notice;            // though it works
    std::uint64_t tails_lost = 0;  // how often the receiver had lost what it had acknowledged
    std::int64_t pending = 0;      // events
    std::int64_t oldest_us = 0;    // when the oldest pending one was appended; 0: none
    std::int64_t dead_letters = 0;
    std::map<std::string, std::uint64_t> attempts;  // outcome → requests
    std::vector<std::uint64_t>
        latency_buckets;  // one per bound of latency_bounds_s, and one above; not cumulated
    std::uint64_t latency_sum_ms = 0;
};

struct SlotSinkMeasures {  // of an aggregator of free times
    std::string sink;
    bool failing = false;
    std::string reason;  // of failing
    int every_minutes = 15;
    std::int64_t sent_us = 0;  // when the last whole snapshot was taken; 0: none since start
    std::int64_t free_cells = 0, refused = 0, unmapped = 0;
    std::map<std::string, std::uint64_t> attempts;  // outcome → requests
};

struct ReaderMeasures {  // of the feed
    std::string reader;
    std::map<std::string, std::uint64_t> answers;  // what became of its questions → how many
    int streams = 0;                               // open now
    bool is_ahead = false;                         // it showed a cursor that this store never gave
    std::int64_t pending = 0;                      // events
    std::int64_t oldest_us = 0;   // when the oldest pending one was appended; 0: none
    std::int64_t handed_out = 0;  // events, ever
    std::int64_t let_go = 0;      // events no longer kept for it, which it has not gone past
};

struct ReferenceFigures {  // D4: records that name another which no stream has
    std::string source, stream, named_kind;
    std::int64_t records = 0;
    std::string text;    // for people: how many, and examples by key
    bool grown = false;  // since the comparison before
};

struct IntakeMeasures {  // of a source that is sent its rows
    std::string source;
    source::IntakeFigures figures;
};

struct QuarantineFigures {  // rows that wait now, each once
    std::string source, stream;
    std::int64_t rows = 0;
};

struct Figures {
    std::string version;
    std::int64_t now_us = 0;
    std::int64_t started_us = 0;
    std::int64_t last_turn_us = 0;  // of the main loop
    std::string store_error;        // empty: the local store works
    std::string reading_paused;     // why nothing is read; empty: it is
    std::vector<StreamFigures> streams;
    std::vector<SinkMeasures> sinks;
    std::vector<SlotSinkMeasures> slot_sinks;
    std::vector<IntakeMeasures> intakes;
    std::optional<inbox::TransportStatus> inbox;  // none: messages are handed in alone
    std::vector<ReaderMeasures> readers;
    std::uint64_t feed_strangers = 0;  // questions to the feed without a known token
    std::vector<int> latency_bounds_s;
    std::map<std::string, double> clock_skew_seconds;  // source → its clock minus ours
    std::uint64_t private_fields_withheld = 0;
    std::int64_t ledger_imbalance_minor = 0;  // B5: sum of what the log and the rows differ by
    std::int64_t ledger_differences = 0;      // in how many places, also where the sums agree
    std::int64_t groups_pending = 0;
    std::vector<QuarantineFigures> quarantine;
    std::vector<ReferenceFigures> references;
    std::int64_t messages_lost = 0;     // of the exchange, told of by events, since a restore
    bool exchange_awaited = false;      // since a restore: nothing is given a meaning until it sent
    std::int64_t subjects_awaited = 0;  // messages that name what nobody has since a restore
    std::int64_t quarantined = 0, held_streams = 0, unmapped_codes = 0, orders_waiting = 0;
    std::map<std::string, std::int64_t> inbox_accepted, inbox_refused;  // by type, by code
    bool backup_watched = false;
    std::int64_t backup_us = 0;  // of the newest one; 0: none
    int backup_age_hours_max = 48;
};

}  // namespace mis::gateway
