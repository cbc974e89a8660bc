// A clinic for the tests of restore: a MIS of random records, the exchange's messages, and a store
// that reads them, in-process, with the real stations 3–6.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gateway/keeping/clinic_store.hpp"
#include "gateway/pipeline/meaning.hpp"
#include "outbox/outbox.hpp"

namespace mis::test {

// What stands in the MIS, and what the exchange has said so far. The same seed gives the same life.
class ClinicLife {
  public:
    explicit ClinicLife(std::uint32_t seed);

    void step();  // a few random changes: work, moves between patients, merges, corrections, sums
    std::int64_t now_us() const { return now_us_; }

    const std::map<std::pair<std::string, std::string>, Json>& records() const { return records_; }
    const std::vector<Json>& messages() const { return messages_; }

  private:
    std::mt19937 dice_;
    std::int64_t now_us_;
    std::map<std::pair<std::string, std::string>, Json> records_;  // (kind, source_id)
    std::vector<Json> messages_;
    int made_ = 0;

    int below(int n) { return static_cast<int>(dice_() % static_cast<std::uint32_t>(n)); }
    std::string patient() { return std::to_string(1 + below(5)); }
    std::string next_id() { return std::to_string(100 + ++made_); }
    Json* any(const std::string& kind);
    void upsert(const std::string& kind, Json record);
    void line(Json* corrected);
    void one_change();
};

// A store in a folder, opened.
struct ClinicCopy {
    std::unique_ptr<gateway::ClinicStore> store;
    std::unique_ptr<gateway::Meaning> meaning;
    std::size_t messages_taken = 0;

    ClinicCopy(const std::filesystem::path& folder, gateway::ClinicStore::Opening opening);

    // The exchange's messages that it has not had, then every record as a whole comparison with the
    // MIS finds it, then their meaning.
    void read(const ClinicLife& life);

    std::vector<outbox::OutboxEvent> log() const;
    // Store and key as they are, in another folder.
    void copy_to(const std::filesystem::path& folder) const;
};

// Lines of a file sink's log.
void write_log(
    const std::filesystem::path& file, const std::vector<outbox::OutboxEvent>& events,
    std::size_t from, std::size_t to
);

}  // namespace mis::test
