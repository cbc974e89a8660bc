#include "change/capture_batch.hpp"

#include <span>

#include "change/reconciliation.hpp"

namespace mis::change {

bool CaptureBatch::empty() const {
    return arrivals.empty() && gone.empty() && issues.empty() && settled.empty() && !keyless &&
           skipped.empty() && missing.empty() && forget == Forget::nothing &&
           hold_change == HoldChange::none;
}

CaptureCounts apply(
    sqlite::Transaction& transaction, RecordStore& records, CaptureBatch& batch, std::int64_t now_us
) {
    batch.options.now_us = now_us;
    CaptureCounts counts = records.capture(
        transaction, batch.stream, std::span<const Arrival>(batch.arrivals), batch.options
    );
    if (!batch.gone.empty())
        counts += records.remove(transaction, batch.stream, batch.gone, now_us);
    if (batch.forget == CaptureBatch::Forget::missing) forget_missing(transaction, batch.stream);
    if (!batch.missing.empty()) add_missing(transaction, batch.stream, batch.missing);
    if (batch.hold_change == CaptureBatch::HoldChange::begin)
        save_removal_hold(transaction, batch.stream, batch.hold);
    if (batch.hold_change == CaptureBatch::HoldChange::end)
        clear_removal_hold(transaction, batch.stream, batch.hold.comparison);
    if (counts.wrote() || batch.save == CaptureBatch::Save::always ||
        batch.forget == CaptureBatch::Forget::missing)
        save_state(transaction, batch.stream, batch.state);
    return counts;
}

}  // namespace mis::change
