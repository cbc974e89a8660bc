// A clinic for the tests of restore: a MIS of random records, the exchange's messages, a store that
// reads them, in-process, with the real stations 3–6, and a receiver who believes what he is sent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "domain/announced.hpp"
#include "gateway/keeping/clinic_store.hpp"
#include "gateway/pipeline/meaning.hpp"
#include "outbox/outbox.hpp"

namespace mis::test {

struct SentMessage {
    Json body;
    bool accepted = false;  // by the store that was never lost; what was refused is not sent again
};

// What stands in the MIS, and what the exchange has said so far. The same seed gives the same life.
class ClinicLife {
  public:
    ClinicLife(std::uint32_t seed, domain::ExportMode mode);

    void step();  // a few random changes: work, moves between patients, merges, corrections, sums
    void upsert(const std::string& kind, Json record);
    void remove(const std::string& kind, const std::string& id);
    void say(Json message) { messages_.push_back({std::move(message)}); }
    void pass(std::int64_t us) { now_us_ += us; }
    void fall_silent(bool silent) { exchange_is_silent_ = silent; }  // the exchange, in steps

    std::int64_t now_us() const { return now_us_; }
    domain::ExportMode mode() const { return mode_; }
    const std::map<std::pair<std::string, std::string>, Json>& records() const { return records_; }
    std::vector<SentMessage>& messages() { return messages_; }
    const std::vector<SentMessage>& messages() const { return messages_; }

  private:
    std::mt19937 dice_;
    domain::ExportMode mode_;
    std::int64_t now_us_;
    std::map<std::pair<std::string, std::string>, Json> records_;  // (kind, source_id)
    std::vector<SentMessage> messages_;
    int made_ = 0;
    bool exchange_is_silent_ = false;

    int below(int n) { return static_cast<int>(dice_() % static_cast<std::uint32_t>(n)); }
    std::string patient() { return std::to_string(1 + below(5)); }
    std::string next_id() { return std::to_string(100 + ++made_); }
    std::string today(int days_ago = 0) const;
    Json* any(const std::string& kind);
    const Json* any_order();
    Json order_items();
    void line(Json* corrected);
    void account();
    void visit();
    void plan();
    void order();
    void message();
    void erase_patient();
    void one_change();
};

// A store in a folder, opened.
struct ClinicCopy {
    std::unique_ptr<gateway::ClinicStore> store;
    std::unique_ptr<gateway::Meaning> meaning;
    std::size_t messages_taken = 0;      // of the life's, in their order
    std::int64_t messages_accepted = 0;  // that it did not have

    // `create` takes a key that is the same in every run.
    ClinicCopy(
        const std::filesystem::path& folder, gateway::ClinicStore::Opening opening,
        domain::ExportMode mode = domain::ExportMode::all
    );

    // The exchange's messages that it has not had, then every record as a whole comparison with the
    // MIS finds it, then their meaning. The verdicts of messages are written into the life.
    void read(ClinicLife& life);
    // The same, but the exchange sends again only what was accepted once.
    void read_again(const ClinicLife& life);
    // What the exchange said is still on its way.
    void read_mis(const ClinicLife& life);
    enum class Pass { complete, goes_on };
    void capture(
        const ClinicLife& life, std::size_t records_max = SIZE_MAX, Pass pass = Pass::complete
    );

    std::vector<outbox::OutboxEvent> log() const;
    gateway::MeaningSettings settings() const;
    void begin(std::uint32_t epoch);  // goes on in it
    static std::string pseudonym(const std::string& patient);

  private:
    domain::ExportMode mode_;
};

// What a consumer believes who has had everything, each id once; he fails the test where what he is
// sent contradicts what he was sent: an id or sequence that says something else, a hole, a reversal
// of what does not stand.
class Receiver {
  public:
    void take(const std::vector<outbox::OutboxEvent>& events);
    // What stands, without what belongs to the moment it was said at.
    std::map<std::string, std::string> believes() const;

  private:
    domain::Announced fold_;
    std::map<std::string, std::string> told_;                                       // by id
    std::map<std::pair<std::string, std::uint32_t>, std::uint64_t> last_sequence_;  // key, epoch
    std::map<std::string, std::string> charges_, payments_, lines_;  // standing, by event id
    std::map<std::string, std::string> free_times_;
    std::uint32_t epoch_ = 0;

    void apply(const outbox::OutboxEvent& sent);
};

// Lines of a file sink's log.
void write_log(
    const std::filesystem::path& file, const std::vector<outbox::OutboxEvent>& events,
    std::size_t from, std::size_t to
);

}  // namespace mis::test
