// A clinic in a scenario file (schemas/README.md section 7), run in-process through core/domain: no
// store, no network.
//
// It stands for the pipeline where only the domain is under test: keeps the facts, links orders by
// P9, calls evaluate() once per step with everything as one group, and keeps count n of I2.
// `rows()` shows events as aligned columns that a bookkeeper and a dentist can read.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "domain/evaluate.hpp"

namespace mis::test {

class ScenarioWorld {
  public:
    // The national codes and groups as shipped.
    explicit ScenarioWorld(domain::ExportMode mode = domain::ExportMode::all);

    domain::Rules rules;
    Identity identity{"clinic-1", "a fixed key of thirty-two bytes!"};

    bool payers_unknown = false;  // L0
    // D5: what each counts from; the rules are told of all of them.
    void sources(const std::map<std::string, std::optional<Date>>& counts_from);

    // The first step is what the clinic had when it was first read (L0).
    void at(const Timestamp& now);
    void at(const std::string& rfc3339);
    void upsert(
        const std::string& kind, const Json& record, const std::string& source = "scenario"
    );
    void remove(
        const std::string& kind, const std::string& source_id,
        const std::string& source = "scenario"
    );
    void inbox(const Json& message);
    void unlink(const std::string& order);
    void link_patients(const RecordKey& joins, const RecordKey& stays);  // P11
    void unlink_patient(const RecordKey& joins);

    // One change set: what the facts now mean. The events are kept in log() too. Throws where the
    // log does not fold to what is announced.
    std::vector<domain::Event> evaluate();

    const domain::Announced& announced() const { return announced_; }
    const std::vector<domain::Event>& log() const { return log_; }
    const domain::Outcome& last() const { return last_; }
    domain::GroupFacts facts() const;
    // What an empty announced state would become with the facts that stand: the reference of D1.
    domain::Outcome from_nothing() const;

  private:
    domain::NomenclatureGroups groups_;
    Timestamp now_;
    std::map<RecordKey, domain::RecordFact> records_;
    std::vector<domain::InboxFact> messages_;
    std::vector<domain::OrderLink> links_;
    std::vector<domain::OrderWait> waits_;
    std::vector<domain::PatientLink> patient_links_;
    std::map<std::string, std::uint64_t> counts_;
    domain::Announced announced_;
    std::vector<domain::Event> log_;
    domain::Outcome last_;

    void link_orders();
    RecordKey person_of(RecordKey card) const;
    // Throws unless the fold of the log is what is announced, its JSON form loses nothing, and a
    // second evaluation says nothing.
    void require_consistent() const;
};

// Runs a file; returns the rows of all steps, each headed by its time. Throws std::runtime_error
// naming the file and what is wrong.
std::string run_scenario(const std::filesystem::path& file);

}  // namespace mis::test
