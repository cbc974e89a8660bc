// What the receiver received: every id with its count, the order per partition key, and a file that
// remembers it all.
//
// One thread. The file is JSON Lines, appended before the delivery is answered; read again at
// start, so that a receiver killed in between goes on counting. With Sync::every_request it is
// fsynced before the answer: then "received" holds after a power cut too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/json.hpp"

namespace mis::receiver {

enum class Sync { never, every_request };

struct Counts {
    std::uint64_t requests = 0;
    std::uint64_t received = 0;            // events in requests that were kept, repeats included
    std::uint64_t distinct = 0;            // ids
    std::uint64_t duplicates = 0;          // received - distinct
    std::uint64_t invalid_signatures = 0;  // requests
    std::uint64_t malformed = 0;           // requests
    std::uint64_t out_of_order = 0;  // first receipts whose sequence is not above the key's last
    std::uint64_t gaps =
        0;  // sequences that are still missing below the highest seen of their key and epoch
    std::uint64_t refused = 0;  // requests that were not kept (misbehaviour, poison)
};

class Ledger {
  public:
    // An empty path keeps nothing on disk. Throws std::runtime_error naming the file.
    Ledger(const std::filesystem::path& path, Sync sync);
    ~Ledger();
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    bool keep(const Json& event);  // false: its id was here before
    void flush();                  // end of a request

    Counts counts() const;  // gaps worked out
    Counts tally;           // the request counters are the caller's to raise
    std::map<std::string, std::uint64_t> by_type;
    // What stands by the events alone: appointments not removed, procedures not reversed, payments
    // and refunds not taken back.
    std::map<std::string, std::uint64_t> standing() const;

  private:
    struct Key {
        std::string epoch;  // first six digits of the last sequence
        std::uint64_t last = 0;
        std::uint64_t seen = 0;  // distinct sequences of this epoch
    };
    bool note(const Json& event);
    void fold(const Json& event);
    std::unordered_map<std::string, std::uint32_t> received_;  // id → count
    std::unordered_map<std::string, Key> keys_;
    std::unordered_set<std::string> appointments_, procedures_, payments_;
    std::string unwritten_;
    int file_ = -1;
    Sync sync_;
};

}  // namespace mis::receiver
