#include "domain/row_names.hpp"

#include <algorithm>

#include "base/result.hpp"

namespace mis::domain {

void RowNames::reserve(std::size_t count) {
    constexpr std::size_t kBytesOfBoth = 44;  // 32 digits and a row's number
    text_.reserve(count * kBytesOfBoth);
    names_.reserve(count);
}

void RowNames::add(std::string_view public_id, std::string_view source_id) {
    MIS_ASSERT(text_.size() + public_id.size() + source_id.size() <= UINT32_MAX);
    names_.push_back(Name{
        static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(public_id.size()),
        static_cast<std::uint32_t>(source_id.size())});
    text_ += public_id;
    text_ += source_id;
}

void RowNames::settle() {
    const auto before = [this](const Name& a, const Name& b) { return id_of(a) < id_of(b); };
    if (!std::is_sorted(names_.begin(), names_.end(), before))
        std::stable_sort(names_.begin(), names_.end(), before);
    std::size_t kept = 0;
    for (const Name& name : names_) {
        if (kept > 0 && id_of(names_[kept - 1]) == id_of(name)) --kept;
        names_[kept++] = name;
    }
    names_.resize(kept);
}

std::optional<std::string_view> RowNames::find(std::string_view public_id) const {
    const auto found = std::lower_bound(
        names_.begin(), names_.end(), public_id,
        [this](const Name& name, std::string_view id) { return id_of(name) < id; }
    );
    if (found == names_.end() || id_of(*found) != public_id) return std::nullopt;
    return row_of(*found);
}

}  // namespace mis::domain
