// Income per advertising channel and return on what it cost (A4), from the records as
// they stand.
//
// A patient counts for the channel that his card names, from his first visit on: the earliest visit
// that he came to (arrived, in_progress, completed), or the earliest done line where no visit is
// recorded. Patients who came by recommendation are left out of the channels and make one row of
// their own.
//   income  payments and prepayments minus refunds, whoever paid; transfers and write-offs move no
//   new money and are left out barter  totals of done lines put against barter accounts: work, not
//   money, so shown apart; payments booked on such an account are left out gift    the same for
//   gift accounts, and payments by certificate (its money came when it was sold)
// Calls and conversion are not here: no source gives calls. Merged patients count as the one they
// were merged into.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/money.hpp"
#include "base/timestamp.hpp"
#include "domain/facts.hpp"

namespace mis::domain {

struct ChannelCost {
    std::string channel;  // as the patients' cards name it; folded for comparison
    Money cost;
};

struct ChannelPeriod {  // from <= local day < to, by the zone; bounds the first visits counted, the
                        // payments and the lines
    Date from, to;
    Zone zone;
};

enum class ChannelRowKind { channel, unknown_channel, recommended };

struct ChannelRow {
    ChannelRowKind kind = ChannelRowKind::channel;
    std::string channel;            // as first seen; empty for the other two kinds
    std::int64_t first_visits = 0;  // patients whose first visit falls into the period
    Money income, barter, gift;     // one row per channel and currency
    std::optional<Money> cost;      // given, same currency
    std::optional<Decimal>
        roi_percent;  // (income − cost) / cost × 100, two decimals; none without a cost above 0
};

struct SeveralSources {
    std::span<const PatientLink> links = {};  // P11
    // D5: its money is another source's, and who came then came to that one first.
    std::function<bool(const RecordFact&)> is_history = {};
    // The kind of an account that is not among the facts: (source, source id) → "barter", …
    std::function<std::string(const std::string&, const std::string&)> account_kind = {};
};

// By kind, folded channel and currency.
using ChannelRows = std::map<std::tuple<ChannelRowKind, std::string, Currency>, ChannelRow>;

// The report piece by piece: of patients who hang together all facts at once, the pieces in any
// order. Keeps rows, no facts.
class ChannelReport {
  public:
    explicit ChannelReport(std::optional<ChannelPeriod> period) : period_(std::move(period)) {}

    void add(std::span<const RecordFact> facts, const SeveralSources& sources = {});
    // Ordered: channels by income descending then name, unknown, recommended. A channel with a cost
    // and no patient is a row of zeros.
    std::vector<ChannelRow> rows(std::span<const ChannelCost> costs) const;

  private:
    std::optional<ChannelPeriod> period_;
    ChannelRows rows_;
};

// Of all facts at once.
std::vector<ChannelRow> report_channels(
    std::span<const RecordFact> facts, std::span<const ChannelCost> costs,
    const std::optional<ChannelPeriod>& period, const SeveralSources& sources = {}
);

}  // namespace mis::domain
