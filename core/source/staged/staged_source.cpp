#include "source/staged/staged_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/timestamp.hpp"
#include "source/sql_words.hpp"

namespace mis::source {
namespace {

// What was staged before a pass began (keys are compared at its very start) serves in it, if it is
// no older.
constexpr std::chrono::seconds kStagedBeforeMax{10};

std::string local_text(const Timestamp& time) {
    const std::int64_t local_us = time.unix_us + std::int64_t{time.offset_min} * 60 * kUsPerSecond;
    const std::int64_t day = (local_us - (local_us < 0 ? kUsPerDay - 1 : 0)) / kUsPerDay;
    const std::int64_t of_day = local_us - day * kUsPerDay;
    const std::int64_t seconds = of_day / kUsPerSecond;
    return fmt::format(
        "{} {:02}:{:02}:{:02}.{:04}", Date{static_cast<std::int32_t>(day)}.to_string(),
        seconds / 3600, seconds / 60 % 60, seconds % 60, of_day % kUsPerSecond / 100
    );
}

// Of a stream that is had by periods.
WholeReader::Wanted wanted_by(const Slice& slice) {
    WholeReader::Wanted wanted;
    if (slice.by == Slice::By::ids) {
        wanted.rows = WholeReader::Wanted::Rows::of_keys;
        wanted.ids = slice.ids;
    } else {
        wanted.rows = WholeReader::Wanted::Rows::of_period;
        wanted.from = slice.from;
        wanted.to = slice.to;
    }
    return wanted;
}

}  // namespace

StagedSource::StagedSource(
    Connector connector, std::unique_ptr<WholeReader> reader, const Clock& clock,
    SourceOptions options
)
    : connector_(std::move(connector)),
      reader_(std::move(reader)),
      clock_(clock),
      options_(std::move(options)),
      stage_({options_.stage_folder, options_.stage_bytes_max, options_.free_disk_bytes_min}) {
    for (const StreamDeclaration& stream : connector_.streams)
        for (const ColumnDeclaration& column : stream.columns)
            column_names_[stream.name].push_back(column.name);
}

StagedSource::~StagedSource() = default;

const std::vector<std::string>& StagedSource::columns(const std::string& stream) const {
    const auto found = column_names_.find(stream);
    MIS_ASSERT(found != column_names_.end());
    return found->second;
}

const StreamDeclaration* StagedSource::find(const std::string& stream) const {
    for (const StreamDeclaration& declared : connector_.streams)
        if (declared.name == stream) return &declared;
    return nullptr;
}

bool StagedSource::is_had_by_period(const StreamDeclaration& stream) const {
    return reader_->capabilities(stream).rows == Capabilities::Rows::by_period;
}

Capabilities StagedSource::capabilities(const std::string& stream) const {
    const StreamDeclaration* declared = find(stream);
    return declared == nullptr ? Capabilities{} : reader_->capabilities(*declared);
}

Result<const StreamDeclaration*> StagedSource::require(const std::string& stream) const {
    if (const StreamDeclaration* declared = find(stream)) return declared;
    return fail(
        ErrorKind::misconfigured,
        fmt::format("connector {} has no stream {}", connector_.name, stream)
    );
}

void StagedSource::cancel() {
    cancel_asked_ = true;
    reader_->cancel();
}

Result<std::string> StagedSource::ask_now() {
    const std::int64_t before_us = clock_.unix_us();
    auto own = reader_->own_now();
    if (!own) return fail(own.error().within("asking the source's clock"));
    if (!*own)
        return local_text(options_.zone ? options_.zone->at(before_us) : Timestamp{before_us, 0});
    const std::int64_t ours_us = before_us + (clock_.unix_us() - before_us) / 2;
    if (options_.zone)
        if (const auto local = LocalTime::parse(**own))
            clock_skew_seconds_ =
                static_cast<double>(options_.zone->resolve(*local).time.unix_us - ours_us) / 1e6;
    return **own;
}

Result<std::string> StagedSource::source_now() {
    if (now_) return *now_;
    auto now = ask_now();
    if (!now || !in_pass_) return now;
    now_ = *now;
    now_taken_ = clock_.steady();
    return now;
}

void StagedSource::forget_pass() {
    stage_.erase();
    failed_.clear();
    now_.reset();
    now_taken_.reset();
}

void StagedSource::begin_pass() {
    if (in_pass_ || !now_taken_ || clock_.steady() - *now_taken_ > kStagedBeforeMax) forget_pass();
    failed_.clear();
    in_pass_ = true;
}

int StagedSource::end_pass() {
    forget_pass();
    in_pass_ = false;
    return 1;
}

Result<std::int64_t> StagedSource::stage(
    const StreamDeclaration& stream, const WholeReader::Wanted& wanted
) {
    if (!now_) {
        auto now = ask_now();
        if (!now) return fail(now.error());
        now_ = *std::move(now);
        now_taken_ = clock_.steady();
    }
    const auto began = clock_.steady();
    auto filling = stage_.fill(stream);
    if (!filling) return fail(filling.error());
    auto done = reader_->read(stream, wanted, [&](RowBatch&& rows) -> Result<void> {
        if (cancel_asked_) return fail(ErrorKind::cancelled, "cancelled");
        return (*filling)->put(std::move(rows));
    });
    if (done && cancel_asked_) done = fail(ErrorKind::cancelled, "cancelled");
    if (done) done = (*filling)->complete();
    if (!done) return fail(done.error());
    return std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady() - began).count();
}

Result<std::int64_t> StagedSource::have_staged(
    const StreamDeclaration& stream, const Slice& slice
) {
    if (is_had_by_period(stream)) {
        const bool has_ids = reader_->capabilities(stream).ids;
        if (slice.by != Slice::By::window && !(slice.by == Slice::By::ids && has_ids))
            return fail(
                ErrorKind::misconfigured,
                fmt::format("stream {} can only be asked for a period", stream.name)
            );
        return stage(stream, wanted_by(slice));
    }
    if (stage_.holds(stream.name)) return 0;
    if (const auto known = failed_.find(stream.name); known != failed_.end())
        return fail(known->second);
    auto staged = stage(stream, {});
    if (!staged && in_pass_ && staged.error().kind != ErrorKind::cancelled)
        failed_.emplace(stream.name, staged.error());
    return staged;
}

Result<ReadReport> StagedSource::read(
    const std::string& stream, const Slice& slice,
    const std::function<Result<void>(RowBatch&&)>& take
) {
    const auto declared = require(stream);
    if (!declared) return fail(declared.error());
    if (cancel_asked_.exchange(false))
        return fail(ErrorKind::cancelled, fmt::format("reading {}: cancelled", stream));
    ReadReport report;
    const auto staged = have_staged(**declared, slice);
    if (!staged) {
        if (staged.error().kind == ErrorKind::cancelled) cancel_asked_ = false;
        return fail(staged.error().within("reading " + stream));
    }
    report.source_us = *staged;
    auto rows = stage_.read(**declared, slice, [&](RowBatch&& batch) -> Result<void> {
        if (cancel_asked_.exchange(false)) return fail(ErrorKind::cancelled, "cancelled");
        return take(std::move(batch));
    });
    if (!rows) return fail(rows.error());
    report.rows = *rows;
    return report;
}

Result<std::vector<std::string>> StagedSource::keys(
    const std::string& stream, const Slice& slice, std::size_t most
) {
    const auto declared = require(stream);
    if (!declared) return fail(declared.error());
    if (const auto staged = have_staged(**declared, slice); !staged)
        return fail(staged.error().within("reading keys of " + stream));
    return stage_.keys(**declared, slice, most);
}

StreamProbe StagedSource::probe_stream(const StreamDeclaration& stream) {
    StreamProbe probe;
    probe.name = stream.name;
    Slice slice;
    slice.by = Slice::By::key_walk;
    if (is_had_by_period(stream)) {
        slice.by = Slice::By::window;  // the day that has begun
        slice.from = now_.value_or("").substr(0, 10) + " 00:00:00";
        slice.to = now_.value_or("").substr(0, 10) + " 23:59:59.9999";
    }
    if (const auto staged = have_staged(stream, slice); !staged) {
        probe.reason = staged.error().text;
        return probe;
    }
    probe.on = true;
    if (const auto rows = stage_.rows(stream); rows && slice.by == Slice::By::key_walk)
        probe.rows = std::min(*rows, kProbeRowsMax);
    for (std::size_t index = 0; index < stream.stamps.size(); ++index) {
        StampProbe stamp{stream.stamps[index], std::nullopt};
        if (auto newest = stage_.newest(stream, index)) stamp.newest = *std::move(newest);
        probe.stamps.push_back(std::move(stamp));
    }
    return probe;
}

Result<ProbeReport> StagedSource::probe() {
    forget_pass();
    ProbeReport report;
    report.tells_rights = false;
    auto now = ask_now();
    if (!now) return fail(now.error());
    now_ = report.source_now = *now;
    now_taken_ = clock_.steady();
    report.clock_skew_seconds = clock_skew_seconds_;
    if (auto asked = reader_->probe(report); !asked) return fail(asked.error());
    const auto off = reader_->streams_off();
    if (!off) return fail(off.error());
    for (const StreamDeclaration& stream : connector_.streams) {
        if (const auto why = off->find(stream.name); why != off->end()) {
            report.streams.push_back({});
            report.streams.back().name = stream.name;
            report.streams.back().reason = why->second;
            continue;
        }
        report.streams.push_back(probe_stream(stream));
    }
    return report;
}

Result<std::optional<std::vector<std::string>>> StagedSource::values_of(
    const std::string& stream, const std::string& column
) {
    const auto declared = require(stream);
    if (!declared) return fail(declared.error());
    const auto& names = columns(stream);
    const auto at = std::find(names.begin(), names.end(), column);
    if (at == names.end() || is_had_by_period(**declared))
        return std::optional<std::vector<std::string>>();
    Slice all;
    all.by = Slice::By::key_walk;
    if (const auto staged = have_staged(**declared, all); !staged) return fail(staged.error());
    return stage_.values_of(
        **declared, static_cast<std::size_t>(at - names.begin()), kProbeValuesMax
    );
}

Result<std::string> StagedSource::fetch_text(const std::string& stream, const Slice& slice) {
    const auto declared = require(stream);
    if (!declared) return fail(declared.error());
    return reader_->request_text(
        **declared, is_had_by_period(**declared) ? wanted_by(slice) : WholeReader::Wanted{}
    );
}

}  // namespace mis::source
