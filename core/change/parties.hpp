// Parties: whose the records of a batch are, and whose meaning must be worked out again because of
// them. Lives with its CaptureWriter, for one batch inside one transaction.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "change/record_store.hpp"

namespace mis::change {

class Parties {
  public:
    Parties(sqlite::Transaction& transaction, const StreamRef& stream, std::int64_t stream_id);

    // The party whose record it is (a patient; of a plan item its plan), made where it is new.
    std::optional<std::int64_t> owner_of(const record::Record& record);
    // The practitioner whose free times it touches.
    std::optional<std::int64_t> doctor_of(const record::Record& record);

    void mark(std::int64_t party) { marked_.insert(party); }
    void mark_owner(std::optional<std::int64_t> owner);
    void mark_links(const std::string& key);

    // Further patients of a record: they hang together with its owner as long as it names them.
    void store_links(const record::Record& record, std::optional<std::int64_t> owner);
    void end_links(const std::string& key);
    // The two belong to one change set, the next of either: a record went from one to the other, or
    // what joined them is gone (P6).
    void tie_once(std::int64_t party, std::int64_t other);

    // I3: what must not leave in anybody's texts; for every arriving record. Of patients until they
    // change; a policy's number stays private for good.
    void index_private_values(const record::Record& record, std::optional<std::int64_t> owner);
    // P9: name and phones by which an order finds its patient.
    void index_patient(const record::Record& record, std::int64_t patient);
    void forget_patient(std::int64_t patient);
    void forget_private_values(std::int64_t patient);

    std::vector<GroupKey> marked();  // in order
    void forget_marks() { marked_.clear(); }
    void write_marks();  // pending, once per group and batch

  private:
    std::int64_t party(GroupKind kind, const std::string& key);
    std::vector<std::pair<std::int64_t, std::optional<std::int64_t>>> links_of(
        const std::string& key
    );

    sqlite::Transaction& transaction_;
    std::string source_, kind_;  // of the stream
    std::int64_t stream_id_;
    bool touches_slots_;
    sqlite::Statement find_party_;  // used for every record, so it is looked up once
    std::array<std::unordered_map<std::string, std::int64_t>, 4> parties_;
    std::unordered_map<std::int64_t, std::int64_t>
        patient_of_plan_;  // 0: the plan is not there yet
    std::unordered_set<std::int64_t> marked_;
    bool private_values_added_ = false;
};

}  // namespace mis::change
