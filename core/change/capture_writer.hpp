// CaptureWriter: one batch of one stream into the store. Lives for one call inside one transaction;
// its caches never outlive a rollback.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>

#include "change/parties.hpp"
#include "change/record_store.hpp"

namespace mis::change {

class CaptureWriter {
  public:
    CaptureWriter(sqlite::Transaction& transaction, const StreamRef& stream);

    void capture(const Arrival& arrival, const CaptureOptions& options);
    void remove(const std::string& key, std::int64_t now_us);
    RecordStore::Answered answer_mapping_hold(
        RecordStore::Answer answer, std::int64_t now_us, int limit
    );
    // Writes the pending marks, once per group and batch.
    CaptureCounts finish();

  private:
    struct Standing {
        std::int64_t version = 0;
        std::string hash;
        std::uint64_t row_hash = 0;
        std::int64_t mapping = 0;
        std::optional<std::int64_t> owner, doctor, pos, window_us;
        std::string row_key, parent;
    };
    bool may_stand(std::string_view key) const;
    std::optional<Standing> load(const std::string& key);
    bool holds_back(
        const Arrival& arrival, const Standing& standing, const CaptureOptions& options
    );
    void hold_back(const Arrival& arrival, std::int64_t mapping);
    void forget_held(const std::string& key);
    void store_version(
        const Arrival& arrival, const std::optional<Standing>& old, std::int64_t mapping,
        std::int64_t now_us
    );
    void store_silently(const Arrival& arrival, const Standing& old, std::int64_t mapping);
    std::string journal_body(std::int64_t pos);
    std::int64_t append_body(const std::string& body);
    void replace_body(std::int64_t pos, const std::string& body);

    sqlite::Transaction& transaction_;
    StreamRef stream_;
    std::int64_t stream_id_;
    Parties parties_;
    bool any_held_;
    std::map<std::string, std::int64_t> mappings_;
    std::int64_t mapping_id(const std::string& version);
    std::map<std::int64_t, bool> says_payers_;
    bool says_payers(std::int64_t mapping);
    // Used for every record, so they are looked up once.
    sqlite::Statement load_, insert_body_, insert_record_;
    std::optional<std::int64_t> highest_key_;  // of the stream at the batch's start, where keys are
                                               // integers: above it nothing stands
    std::unordered_set<std::int64_t> above_;   // keys above it that this batch stored
    CaptureCounts counts_;
};

std::optional<std::int64_t> find_stream(
    sqlite::Database& database, std::string_view source, std::string_view stream
);
std::int64_t stream_id(sqlite::Transaction& transaction, const StreamRef& stream);  // adds it

}  // namespace mis::change
