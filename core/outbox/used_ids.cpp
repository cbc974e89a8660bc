#include "outbox/used_ids.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <string>

#include "base/result.hpp"

namespace mis::outbox {
namespace {

constexpr std::size_t kRecentMax = 100'000;
constexpr std::size_t kRecentSlots = std::size_t{1} << 18;
constexpr std::size_t kFilterWordsMin = std::size_t{1} << 14;  // 128 kB
constexpr std::size_t kFilterWordsMax = std::size_t{1} << 19;  // 4 MB
constexpr int kFilterProbes = 4;

std::uint64_t stored_form(std::uint64_t prefix) { return prefix == 0 ? 1 : prefix; }

// The log is read on the machine that wrote it or from its backup; both are little-endian here, and
// the bytes are fixed as such.
void append_word(std::string& out, std::uint64_t word) {
    for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(word >> (8 * i)));
}
std::uint64_t word_at(std::string_view bytes, std::size_t offset) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < 8; ++i)
        word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[offset + i]))
                << (8 * i);
    return word;
}

}  // namespace

std::uint64_t id_prefix(std::string_view id_hex) {
    std::uint64_t prefix = 0;
    MIS_ASSERT(id_hex.size() == 32);
    const auto read = std::from_chars(id_hex.data(), id_hex.data() + 16, prefix, 16);
    MIS_ASSERT(read.ec == std::errc{} && read.ptr == id_hex.data() + 16);
    return prefix;
}

void UsedIds::load(sqlite::Database& database) {
    recent_.clear();
    recent_count_ = 0;
    unwritten_.clear();
    auto query = database.prepare("select prefixes from outbox_id_log");
    while (query.step()) {
        const auto bytes = query.text(0);
        for (std::size_t offset = 0; offset + 8 <= bytes.size(); offset += 8)
            insert_recent(word_at(bytes, offset));
    }
    load_filter(database);
}

void UsedIds::load_filter(sqlite::Database& database) {
    auto count = database.prepare("select count(*) from outbox_id");
    count.step();
    merged_count_ = static_cast<std::size_t>(count.integer(0));
    filter_.clear();
    if (merged_count_ == 0) return;
    // room for twice as many before it is built again; 16 bits per id now, 8 then
    filter_.assign(
        std::clamp(std::bit_ceil(merged_count_ / 4), kFilterWordsMin, kFilterWordsMax), 0
    );
    auto query = database.prepare("select prefix from outbox_id");
    while (query.step()) filter_add(static_cast<std::uint64_t>(query.integer(0)));
}

bool UsedIds::contains(sqlite::Database& database, std::uint64_t prefix) const {
    prefix = stored_form(prefix);
    if (in_recent(prefix)) return true;
    if (!filter_maybe(prefix)) return false;
    auto query = database.prepare("select 1 from outbox_id where prefix = ?");
    return query.with(prefix).step();
}

void UsedIds::add(std::uint64_t prefix) {
    prefix = stored_form(prefix);
    insert_recent(prefix);
    unwritten_.push_back(prefix);
}

void UsedIds::write(sqlite::Transaction& transaction) {
    if (unwritten_.empty()) return;
    if (recent_count_ > kRecentMax) {
        merge(transaction);
        return;
    }
    std::string bytes;
    bytes.reserve(unwritten_.size() * 8);
    for (const std::uint64_t prefix : unwritten_) append_word(bytes, prefix);
    transaction.prepare("insert into outbox_id_log(prefixes) values (?)").bind_blob(1, bytes).run();
    unwritten_.clear();
}

// Sorted, so that neighbours share a page.
void UsedIds::merge(sqlite::Transaction& transaction) {
    std::vector<std::int64_t> sorted;
    sorted.reserve(recent_count_);
    for (const std::uint64_t prefix : recent_)
        if (prefix != 0) sorted.push_back(static_cast<std::int64_t>(prefix));
    std::sort(sorted.begin(), sorted.end());
    {
        auto insert = transaction.prepare("insert or ignore into outbox_id(prefix) values (?)");
        for (const std::int64_t prefix : sorted) insert.with(prefix).run();
    }
    transaction.prepare("delete from outbox_id_log").run();
    merged_count_ += sorted.size();
    if (filter_.empty() || merged_count_ * 8 > filter_.size() * 64)
        load_filter(transaction.database());
    else
        for (const std::int64_t prefix : sorted) filter_add(static_cast<std::uint64_t>(prefix));
    recent_.clear();
    recent_count_ = 0;
    unwritten_.clear();
}

bool UsedIds::in_recent(std::uint64_t prefix) const {
    if (recent_.empty()) return false;
    for (std::size_t slot = prefix & (kRecentSlots - 1); recent_[slot] != 0;
         slot = (slot + 1) & (kRecentSlots - 1))
        if (recent_[slot] == prefix) return true;
    return false;
}

void UsedIds::insert_recent(std::uint64_t prefix) {
    if (recent_.empty()) recent_.assign(kRecentSlots, 0);
    MIS_ASSERT(recent_count_ < kRecentSlots - 1);  // one transaction stays far below 150 000 events
    std::size_t slot = prefix & (kRecentSlots - 1);
    for (; recent_[slot] != 0; slot = (slot + 1) & (kRecentSlots - 1))
        if (recent_[slot] == prefix) return;
    recent_[slot] = prefix;
    ++recent_count_;
}

void UsedIds::filter_add(std::uint64_t prefix) {
    const std::uint64_t bits = filter_.size() * 64;
    for (std::uint64_t i = 0; i < kFilterProbes; ++i) {
        const std::uint64_t bit = (prefix + i * ((prefix >> 32) | 1)) & (bits - 1);
        filter_[bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
}

bool UsedIds::filter_maybe(std::uint64_t prefix) const {
    if (filter_.empty()) return false;
    const std::uint64_t bits = filter_.size() * 64;
    for (std::uint64_t i = 0; i < kFilterProbes; ++i) {
        const std::uint64_t bit = (prefix + i * ((prefix >> 32) | 1)) & (bits - 1);
        if ((filter_[bit / 64] & (std::uint64_t{1} << (bit % 64))) == 0) return false;
    }
    return true;
}

}  // namespace mis::outbox
