// The one state of the base that a pass reads (D2), and what is open beside it.
#include <algorithm>

#include "source/firebird/source.hpp"

namespace mis::source::firebird {
namespace {

// A statement has its whole allowance before the snapshot is too old, at least half a minute apart.
constexpr int kStatementSecondsSpared = kSnapshotSecondsMax / 2;

constexpr std::string_view kNow = "select cast('NOW' as timestamp) from rdb$database";

// Who sees all transactions: the owner of the base and its administrators. Anybody else sees those
// of his own connections, whose age tells nothing.
constexpr std::string_view kSeesAll =
    "select iif(current_user = 'SYSDBA' or current_role = 'RDB$ADMIN' or current_user = "
    "(select rdb$owner_name from rdb$relations where rdb$relation_name = 'RDB$DATABASE'), 1, 0) "
    "from rdb$database";

// Read-only ones can commit nothing.
constexpr std::string_view kOldestWriter =
    "select cast(coalesce(min(t.mon$timestamp), cast('NOW' as timestamp)) as timestamp) from "
    "mon$transactions t where t.mon$attachment_id <> current_connection and t.mon$read_only = 0";

}  // namespace

void FirebirdSource::begin_pass() {
    in_pass_ = true;
    snapshots_ = 0;
}

int FirebirdSource::end_pass() {
    release_snapshot();
    in_pass_ = false;
    if (std::exchange(learn_again_, false)) disconnect();
    return std::max(snapshots_, 1);
}

void FirebirdSource::release_snapshot() {
    if (!snapshot_) return;
    // a server that does not answer must not hold us
    const Watchdog::Guard guard(
        watchdog_, *connection_->attachment, SteadyClock::now() + Watchdog::kAbortAfter
    );
    snapshot_.reset();
}

Result<void> FirebirdSource::take_snapshot() {
    if (snapshot_ && SteadyClock::now() < snapshot_->renew_at) return {};
    release_snapshot();
    const std::int64_t before_us = clock_.unix_us();
    auto now = ask(kNow, {});
    if (!now) return fail(now.error().within("asking the source's clock"));
    if (now->empty() || !now->front()[0])
        return fail(ErrorKind::malformed, "asking the source's clock: no answer");
    note_clock(*now->front()[0], before_us);
    const auto began = SteadyClock::now();
    const int spared = std::min(settings_.statement_seconds_max, kStatementSecondsSpared);
    Error error{ErrorKind::unavailable, ""};
    Watchdog::Verdict verdict;
    {
        const Watchdog::Guard guard(watchdog_, *connection_->attachment, statement_deadline());
        auto begun = Transaction::begin(*connection_->attachment, Access::read_only_snapshot);
        verdict = guard.verdict();
        if (begun)
            snapshot_.emplace(Snapshot{
                *std::move(begun), *now->front()[0],
                began + std::chrono::seconds(kSnapshotSecondsMax - spared),
                began + std::chrono::seconds(kSnapshotSecondsMax)});
        else
            error = begun.error();
    }
    if (!snapshot_ || verdict != Watchdog::Verdict::untouched) {
        disconnect();
        return fail(explain(error, verdict).within("beginning a snapshot"));
    }
    ++snapshots_;
    return {};
}

Result<std::string> FirebirdSource::source_now() {
    if (in_pass_) {
        if (auto fresh = connect(); !fresh) return fail(fresh.error());
        if (auto taken = take_snapshot(); !taken) return fail(taken.error());
        return snapshot_->now;
    }
    const std::int64_t before_us = clock_.unix_us();
    auto rows = ask(kNow, {});  // CURRENT_TIMESTAMP has another type in each version
    if (!rows) return fail(rows.error().within("asking the source's clock"));
    if (rows->empty() || !rows->front()[0])
        return fail(ErrorKind::malformed, "asking the source's clock: no answer");
    note_clock(*rows->front()[0], before_us);
    return *rows->front()[0];
}

void FirebirdSource::note_clock(const std::string& now, std::int64_t before_us) {
    const std::int64_t ours_us = before_us + (clock_.unix_us() - before_us) / 2;
    if (options_.zone)
        if (const auto local = LocalTime::parse(now))
            clock_skew_seconds_ =
                static_cast<double>(options_.zone->resolve(*local).time.unix_us - ours_us) / 1e6;
}

std::optional<std::string> FirebirdSource::oldest_open_transaction() {
    const auto sees_all = ask(kSeesAll, {});
    if (!sees_all || sees_all->empty() || sees_all->front()[0] != "1") return std::nullopt;
    const auto oldest = ask(kOldestWriter, {});
    if (!oldest || oldest->empty()) return std::nullopt;
    return oldest->front()[0];
}

}  // namespace mis::source::firebird
