#include "record/bit_table.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace mis::record {
namespace {

void keep_only(std::set<std::string>& values, const std::set<std::string>& those) {
    std::erase_if(values, [&](const std::string& value) { return !those.contains(value); });
}

}  // namespace

std::vector<std::size_t> bits_of(std::uint64_t mask) {
    std::vector<std::size_t> bits;
    for (std::size_t bit = 0; bit < kMaskBits; ++bit)
        if ((mask >> bit & 1) != 0) bits.push_back(bit);
    return bits;
}

std::vector<std::string> bit_values(std::string_view text) {
    std::vector<std::string> values;
    if (trim(text).empty()) return values;
    for (const std::string_view part : split(text, ',')) values.emplace_back(trim(part));
    if (values.back().empty()) values.pop_back();
    return values;
}

BitTable learn_bits(const std::vector<KnownMask>& rows) {
    BitTable table;
    for (const KnownMask& row : rows)
        for (const std::size_t bit : bits_of(row.mask)) {
            const bool first = (table.seen >> bit & 1) == 0;
            if (first)
                table.may_mean[bit] = row.values;
            else
                keep_only(table.may_mean[bit], row.values);
            table.seen |= std::uint64_t{1} << bit;
        }
    for (const KnownMask& row : rows)
        for (std::size_t bit = 0; bit < kMaskBits; ++bit)
            if ((row.mask >> bit & 1) == 0)
                for (const std::string& value : row.values) table.may_mean[bit].erase(value);
    for (bool changed = true; changed;) {
        changed = false;
        for (std::size_t bit = 0; bit < kMaskBits; ++bit) {
            if (!table.is_settled(bit)) continue;
            const std::string value = *table.may_mean[bit].begin();
            for (std::size_t other = 0; other < kMaskBits; ++other)
                if (other != bit && table.may_mean[other].erase(value) > 0) changed = true;
        }
    }
    return table;
}

std::string BitTable::text() const {
    std::string text, waiting;
    for (std::size_t bit = 0; bit < kMaskBits; ++bit) {
        if (!is_settled(bit)) {
            waiting += std::string(kNoValue) + ",";
            continue;
        }
        text += waiting + *may_mean[bit].begin() + ",";
        waiting.clear();
    }
    if (!text.empty()) text.pop_back();
    return text;
}

}  // namespace mis::record
