// Metrics in Prometheus' text format (schemas/README.md section 6).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/watching/figures.hpp"

namespace mis::gateway {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

class MetricsText {  // writes one exposition; families one after the other, their samples below
                     // them
  public:
    enum class Kind { gauge, counter, histogram };
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    // Name without the prefix "mis_gateway_". Each family once.
    void family(std::string_view name, Kind kind, std::string_view help);
    void sample(Labels labels, std::int64_t value);
    void sample_seconds(Labels labels, std::int64_t microseconds);  // exact, no floating point
    void sample_decimal(Labels labels, double value);
    // buckets: per bound, and one above all bounds; not cumulated.
    void histogram(
        Labels labels, std::span<const int> bounds, std::span<const std::uint64_t> buckets,
        std::uint64_t sum_ms
    );

    const std::string& text() const { return text_; }

  private:
    void line(
        std::string_view suffix, Labels labels, std::string_view extra_label, std::string_view value
    );
    std::string text_;
    std::string name_;
};

std::string render_metrics(const Figures& figures);

}  // namespace mis::gateway
