#include "disclosure/private_index.hpp"

#include <algorithm>

#include "base/private_values.hpp"

namespace mis::disclosure {
namespace {

constexpr std::size_t kAnswersMax = 50'000;

}  // namespace

void PrivateIndex::look_again() {
    auto row = database_.prepare("select value from change_counter where name = 'private'");
    const std::int64_t version = row.step() ? row.integer(0) : 0;
    if (version == version_) return;
    version_ = version;
    answers_.clear();
}

bool PrivateIndex::names_somebody(std::string_view text) {
    std::string key(text);
    if (const auto known = answers_.find(key); known != answers_.end()) return known->second;
    const auto hashes = hashes_in(text);
    const bool found = std::any_of(hashes.begin(), hashes.end(), [&](std::int64_t hash) {
        return is_private(hash);
    });
    if (answers_.size() >= kAnswersMax) answers_.clear();
    answers_.emplace(std::move(key), found);
    return found;
}

// Where a practitioner bears the same name, it tells of no patient.
bool PrivateIndex::is_private(std::int64_t hash) {
    auto row = database_.prepare("select min(owner) from private_value where hash = ?1");
    return row.with(hash).step() && !row.is_null(0) && row.integer(0) >= 0;
}

}  // namespace mis::disclosure
