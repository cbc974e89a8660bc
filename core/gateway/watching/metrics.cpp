#include "gateway/watching/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/result.hpp"

namespace mis::gateway {
namespace {

using Kind = MetricsText::Kind;

void append_escaped(std::string& out, std::string_view text, bool quotes) {
    for (const char letter : text) {
        if (letter == '\\')
            out += "\\\\";
        else if (letter == '\n')
            out += "\\n";
        else if (letter == '"' && quotes)
            out += "\\\"";
        else
            out += letter;
    }
}

std::string seconds(std::int64_t microseconds) {
    const bool negative = microseconds < 0;
    const auto magnitude = static_cast<std::uint64_t>(negative ? -microseconds : microseconds);
    return fmt::format(
        "{}{}.{:06}", negative ? "-" : "", magnitude / 1'000'000, magnitude % 1'000'000
    );
}

void streams(MetricsText& out, const Figures& figures) {
    const auto each = [&](const auto& take) {
        for (const StreamFigures& stream : figures.streams)
            if (stream.off.empty()) take(stream);
    };
    out.family(
        "source_lag_seconds", Kind::gauge, "Seconds since the stream was last read to its end."
    );
    each([&](const StreamFigures& s) {
        const std::int64_t since = s.last_success_us != 0 ? s.last_success_us : figures.started_us;
        out.sample_seconds(
            {{"source", s.source}, {"stream", s.stream}},
            std::max<std::int64_t>(0, figures.now_us - since)
        );
    });
    out.family("poll_duration_seconds", Kind::gauge, "Duration of the stream's last pass.");
    each([&](const StreamFigures& s) {
        out.sample_seconds({{"source", s.source}, {"stream", s.stream}}, s.poll_us);
    });
    out.family(
        "poll_last_success_timestamp_seconds", Kind::gauge,
        "When the stream was last read to its end; 0 if never."
    );
    each([&](const StreamFigures& s) {
        out.sample_seconds({{"source", s.source}, {"stream", s.stream}}, s.last_success_us);
    });
    out.family("stream_degraded", Kind::gauge, "1 while the stream cannot be read.");
    each([&](const StreamFigures& s) {
        out.sample({{"source", s.source}, {"stream", s.stream}}, s.error.empty() ? 0 : 1);
    });
    out.family("rows_total", Kind::counter, "Rows by what became of them.");
    each([&](const StreamFigures& s) {
        out.sample(
            {{"source", s.source}, {"stream", s.stream}, {"outcome", "scanned"}}, s.rows_scanned
        );
        out.sample(
            {{"source", s.source}, {"stream", s.stream}, {"outcome", "unchanged"}}, s.rows_unchanged
        );
        out.sample(
            {{"source", s.source}, {"stream", s.stream}, {"outcome", "mapped"}}, s.rows_mapped
        );
        out.sample(
            {{"source", s.source}, {"stream", s.stream}, {"outcome", "quarantined"}},
            s.rows_quarantined
        );
        out.sample(
            {{"source", s.source}, {"stream", s.stream}, {"outcome", "skipped"}}, s.rows_skipped
        );
        out.sample(
            {{"source", s.source}, {"stream", s.stream}, {"outcome", "repeated"}}, s.rows_repeated
        );
    });
    out.family(
        "reconcile_drift", Kind::gauge,
        "Records that the last nightly comparison found missing, different or superfluous."
    );
    each([&](const StreamFigures& s) {
        if (s.drift) out.sample({{"source", s.source}, {"stream", s.stream}}, *s.drift);
    });
    out.family(
        "stream_quarantined_rows", Kind::gauge, "Rows of the stream in quarantine, each once."
    );
    for (const QuarantineFigures& one : figures.quarantine)
        out.sample({{"source", one.source}, {"stream", one.stream}}, one.rows);
    out.family(
        "dangling_references", Kind::gauge,
        "Records that name another which no stream of their source has."
    );
    for (const ReferenceFigures& one : figures.references)
        out.sample(
            {{"source", one.source}, {"stream", one.stream}, {"names", one.named_kind}}, one.records
        );
    out.family("clock_skew_seconds", Kind::gauge, "The source's clock minus ours.");
    for (const auto& [source, skew] : figures.clock_skew_seconds)
        out.sample_decimal({{"source", source}}, skew);
}

void intakes(MetricsText& out, const Figures& figures) {
    if (figures.intakes.empty()) return;
    out.family(
        "intake_messages_total", Kind::counter, "Messages that a source was sent, by outcome."
    );
    for (const IntakeMeasures& one : figures.intakes)
        for (const auto& [outcome, count] : one.figures.messages)
            out.sample({{"source", one.source}, {"outcome", outcome}}, count);
    out.family(
        "intake_last_message_timestamp_seconds", Kind::gauge,
        "When the last message came that was kept; 0 if none."
    );
    for (const IntakeMeasures& one : figures.intakes)
        out.sample_seconds({{"source", one.source}}, one.figures.last_received_us);
    out.family("intake_bytes", Kind::gauge, "Bytes of what is kept of messages.");
    for (const IntakeMeasures& one : figures.intakes)
        out.sample({{"source", one.source}}, one.figures.bytes);
    out.family("intake_working", Kind::gauge, "0 while messages cannot be taken.");
    for (const IntakeMeasures& one : figures.intakes)
        out.sample({{"source", one.source}}, one.figures.error.empty() ? 1 : 0);
}

void inbox_transport(MetricsText& out, const Figures& figures) {
    if (!figures.inbox) return;
    const inbox::TransportStatus& inbox = *figures.inbox;
    out.family("inbox_working", Kind::gauge, "0 while no messages can be fetched.");
    out.sample({}, inbox.failing ? 0 : 1);
    out.family(
        "inbox_last_success_timestamp_seconds", Kind::gauge,
        "When the exchange was last asked for messages and answered; 0 if never."
    );
    out.sample_seconds({}, inbox.last_success_us);
    out.family("inbox_requests_total", Kind::counter, "Questions and answers, by outcome.");
    for (const auto& [outcome, count] : inbox.requests)
        out.sample({{"outcome", outcome}}, static_cast<std::int64_t>(count));
    out.family("inbox_messages_total", Kind::counter, "Messages that were fetched, by our answer.");
    for (const auto& [answer, count] : inbox.messages)
        out.sample({{"answer", answer}}, static_cast<std::int64_t>(count));
    out.family(
        "inbox_answers_given_up_total", Kind::counter, "Answers that the exchange does not take."
    );
    out.sample({}, static_cast<std::int64_t>(inbox.answers_given_up));
    if (inbox.clock_skew_seconds) {
        out.family("inbox_clock_skew_seconds", Kind::gauge, "The exchange's clock minus ours.");
        out.sample_decimal({}, *inbox.clock_skew_seconds);
    }
}

void sinks(MetricsText& out, const Figures& figures) {
    out.family("outbox_events", Kind::gauge, "Events waiting for the sink.");
    for (const SinkMeasures& sink : figures.sinks) out.sample({{"sink", sink.sink}}, sink.pending);
    out.family(
        "outbox_oldest_age_seconds", Kind::gauge, "Age of the oldest event waiting for the sink."
    );
    for (const SinkMeasures& sink : figures.sinks)
        out.sample_seconds(
            {{"sink", sink.sink}},
            sink.oldest_us == 0 ? 0 : std::max<std::int64_t>(0, figures.now_us - sink.oldest_us)
        );
    out.family("dead_letters", Kind::gauge, "Events that the sink refused for good.");
    for (const SinkMeasures& sink : figures.sinks)
        out.sample({{"sink", sink.sink}}, sink.dead_letters);
    out.family("sink_stopped", Kind::gauge, "1 while the sink waits for a human.");
    for (const SinkMeasures& sink : figures.sinks)
        out.sample({{"sink", sink.sink}}, sink.condition == SinkCondition::stopped ? 1 : 0);
    out.family(
        "stream_tails_lost_total", Kind::counter,
        "How often the receiver's stream had lost what it had acknowledged."
    );
    for (const SinkMeasures& sink : figures.sinks)
        out.sample({{"sink", sink.sink}}, static_cast<std::int64_t>(sink.tails_lost));
    out.family(
        "delivery_attempts_total", Kind::counter, "Requests, or fsynced writes, by outcome."
    );
    for (const SinkMeasures& sink : figures.sinks)
        for (const auto& [outcome, count] : sink.attempts)
            out.sample(
                {{"sink", sink.sink}, {"outcome", outcome}}, static_cast<std::int64_t>(count)
            );
    for (const SlotSinkMeasures& sink : figures.slot_sinks)
        for (const auto& [outcome, count] : sink.attempts)
            out.sample(
                {{"sink", sink.sink}, {"outcome", outcome}}, static_cast<std::int64_t>(count)
            );
    out.family("end_to_end_seconds", Kind::histogram, "From the row seen to the receiver's 2xx.");
    for (const SinkMeasures& sink : figures.sinks)
        if (!sink.latency_buckets.empty())
            out.histogram(
                {{"sink", sink.sink}}, figures.latency_bounds_s, sink.latency_buckets,
                sink.latency_sum_ms
            );
}

void slot_sinks(MetricsText& out, const Figures& figures) {
    if (figures.slot_sinks.empty()) return;
    out.family(
        "slots_sent_timestamp_seconds", Kind::gauge,
        "When the last whole snapshot of free times was taken by the aggregator; 0 if none."
    );
    for (const SlotSinkMeasures& sink : figures.slot_sinks)
        out.sample_seconds({{"sink", sink.sink}}, sink.sent_us);
    out.family("slots_failing", Kind::gauge, "1 while free times cannot be sent, or are refused.");
    for (const SlotSinkMeasures& sink : figures.slot_sinks)
        out.sample({{"sink", sink.sink}}, sink.failing ? 1 : 0);
    out.family("slots_free", Kind::gauge, "Free times of the last snapshot.");
    for (const SlotSinkMeasures& sink : figures.slot_sinks)
        out.sample({{"sink", sink.sink}}, sink.free_cells);
    out.family("slots_refused", Kind::gauge, "Requests of the last snapshot that were refused.");
    for (const SlotSinkMeasures& sink : figures.slot_sinks)
        out.sample({{"sink", sink.sink}}, sink.refused);
    out.family(
        "slots_unmapped", Kind::gauge, "Doctors with free times who are not in the sink's table."
    );
    for (const SlotSinkMeasures& sink : figures.slot_sinks)
        out.sample({{"sink", sink.sink}}, sink.unmapped);
}

void readers(MetricsText& out, const Figures& figures) {
    if (figures.readers.empty()) return;
    out.family("feed_events", Kind::gauge, "Events that wait for the feed's reader.");
    for (const ReaderMeasures& one : figures.readers)
        out.sample({{"reader", one.reader}}, one.pending);
    out.family(
        "feed_oldest_age_seconds", Kind::gauge, "Age of the oldest event waiting for the reader."
    );
    for (const ReaderMeasures& one : figures.readers)
        out.sample_seconds(
            {{"reader", one.reader}},
            one.oldest_us == 0 ? 0 : std::max<std::int64_t>(0, figures.now_us - one.oldest_us)
        );
    out.family("feed_handed_out_total", Kind::counter, "Events handed out, repeats included.");
    for (const ReaderMeasures& one : figures.readers)
        out.sample({{"reader", one.reader}}, one.handed_out);
    out.family("feed_lost_events", Kind::gauge, "Events no longer kept for the reader.");
    for (const ReaderMeasures& one : figures.readers)
        out.sample({{"reader", one.reader}}, one.let_go);
    out.family("feed_streams", Kind::gauge, "Streams that the reader has open.");
    for (const ReaderMeasures& one : figures.readers)
        out.sample({{"reader", one.reader}}, one.streams);
    out.family("feed_answers_total", Kind::counter, "Questions of the reader, by outcome.");
    for (const ReaderMeasures& one : figures.readers)
        for (const auto& [outcome, count] : one.answers)
            out.sample(
                {{"reader", one.reader}, {"outcome", outcome}}, static_cast<std::int64_t>(count)
            );
    out.family("feed_strangers_total", Kind::counter, "Questions without a known token.");
    out.sample({}, static_cast<std::int64_t>(figures.feed_strangers));
}

}  // namespace

void MetricsText::family(std::string_view name, Kind kind, std::string_view help) {
    name_ = fmt::format("mis_gateway_{}", name);
    text_ += fmt::format("# HELP {} ", name_);
    append_escaped(text_, help, false);
    text_ += fmt::format(
        "\n# TYPE {} {}\n", name_,
        kind == Kind::gauge     ? "gauge"
        : kind == Kind::counter ? "counter"
                                : "histogram"
    );
}

void MetricsText::line(
    std::string_view suffix, Labels labels, std::string_view extra_label, std::string_view value
) {
    text_ += name_;
    text_ += suffix;
    if (labels.size() > 0 || !extra_label.empty()) {
        char separator = '{';
        for (const auto& [label, content] : labels) {
            text_ += separator;
            text_ += label;
            text_ += "=\"";
            append_escaped(text_, content, true);
            text_ += '"';
            separator = ',';
        }
        if (!extra_label.empty()) {
            text_ += separator;
            text_ += extra_label;
        }
        text_ += '}';
    }
    text_ += ' ';
    text_ += value;
    text_ += '\n';
}

void MetricsText::sample(Labels labels, std::int64_t value) {
    line("", labels, "", std::to_string(value));
}
void MetricsText::sample_seconds(Labels labels, std::int64_t microseconds) {
    line("", labels, "", seconds(microseconds));
}
void MetricsText::sample_decimal(Labels labels, double value) {
    line("", labels, "", fmt::format("{:.6f}", value));
}

void MetricsText::histogram(
    Labels labels, std::span<const int> bounds, std::span<const std::uint64_t> buckets,
    std::uint64_t sum_ms
) {
    MIS_ASSERT(buckets.size() == bounds.size() + 1);
    std::uint64_t count = 0;
    for (std::size_t index = 0; index < bounds.size(); ++index) {
        count += buckets[index];
        line("_bucket", labels, fmt::format("le=\"{}\"", bounds[index]), std::to_string(count));
    }
    count += buckets.back();
    line("_bucket", labels, "le=\"+Inf\"", std::to_string(count));
    line("_sum", labels, "", fmt::format("{}.{:03}", sum_ms / 1000, sum_ms % 1000));
    line("_count", labels, "", std::to_string(count));
}

std::string render_metrics(const Figures& figures) {
    MetricsText out;
    out.family("build_info", Kind::gauge, "Always 1; the label says which version runs.");
    out.sample({{"version", figures.version}}, 1);
    out.family("start_timestamp_seconds", Kind::gauge, "When this process began.");
    out.sample_seconds({}, figures.started_us);
    out.family("store_working", Kind::gauge, "0 while the local store fails.");
    out.sample({}, figures.store_error.empty() ? 1 : 0);
    out.family(
        "reading_paused", Kind::gauge,
        "1 while nothing is read because the outbox or the disk is full."
    );
    out.sample({}, figures.reading_paused.empty() ? 0 : 1);
    streams(out, figures);
    intakes(out, figures);
    sinks(out, figures);
    inbox_transport(out, figures);
    slot_sinks(out, figures);
    readers(out, figures);
    out.family(
        "private_fields_withheld_total", Kind::counter,
        "Fields and texts that disclosure kept back."
    );
    out.sample({}, static_cast<std::int64_t>(figures.private_fields_withheld));
    out.family(
        "ledger_imbalance", Kind::gauge,
        "Minor units by which the event log and the rows as they stand differ; 0 is right."
    );
    out.sample({}, figures.ledger_imbalance_minor);
    out.family("groups_pending", Kind::gauge, "Patients whose meaning is still to be worked out.");
    out.sample({}, figures.groups_pending);
    out.family("quarantined_rows", Kind::gauge, "Rows in quarantine.");
    out.sample({}, figures.quarantined);
    out.family("held_streams", Kind::gauge, "Streams that wait for the operator's decision.");
    out.sample({}, figures.held_streams);
    out.family("unmapped_codes", Kind::gauge, "Price-list codes without a national code.");
    out.sample({}, figures.unmapped_codes);
    out.family("orders_waiting", Kind::gauge, "Orders without a patient.");
    out.sample({}, figures.orders_waiting);
    out.family(
        "inbox_accepted_total", Kind::counter, "Messages of the exchange accepted, by type."
    );
    for (const auto& [type, count] : figures.inbox_accepted) out.sample({{"type", type}}, count);
    out.family(
        "inbox_refused_total", Kind::counter, "Messages of the exchange refused, by reason."
    );
    for (const auto& [code, count] : figures.inbox_refused) out.sample({{"code", code}}, count);
    if (figures.backup_watched) {
        out.family(
            "backup_timestamp_seconds", Kind::gauge,
            "When the newest backup was made; 0 if there is none."
        );
        out.sample_seconds({}, figures.backup_us);
    }
    return out.text();
}

}  // namespace mis::gateway
