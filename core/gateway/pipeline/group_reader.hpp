// GroupReader: whose meaning hangs together, and the facts that a group's meaning is made of. Reads
// one connection of the store and writes nothing; the pipeline has one on its own connection, its
// foresight another on a reader's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/timestamp.hpp"
#include "change/record_store.hpp"
#include "domain/facts.hpp"
#include "domain_store/group_store.hpp"
#include "domain_store/patient_links.hpp"
#include "inbox/inbox.hpp"

namespace mis::gateway {

class GroupReader {
  public:
    GroupReader(
        const change::RecordStore& records, const domain_store::GroupStore& groups,
        const inbox::Inbox& inbox, const domain_store::PatientLinks& links
    )
        : records_(records), groups_(groups), inbox_(inbox), links_(links) {}

    // The patients whose next change set is one with his: those of his group, and whom the records
    // join to any of them, for good or for this once (RecordStore::Ties).
    std::vector<domain_store::Party> hanging_together(
        const std::string& source, const std::string& patient
    ) const;

    // Of a group's parties those that still hang together, as the records and links stand; a single
    // part: all of them.
    using Parties = std::vector<domain_store::Party>;
    std::vector<Parties> parts_of(const Parties& parties) const;

    domain::GroupFacts facts_of(std::int64_t group, const Timestamp& now) const;

    // Whose facts a group's are: as long as nobody writes records, messages and links, the same
    // members have the same facts.
    struct Members {
        std::vector<domain_store::Party> parties;
        std::vector<std::int64_t> messages;  // inbox positions
        friend bool operator==(const Members&, const Members&) = default;
    };
    Members members_of(std::int64_t group) const;
    domain::GroupFacts facts_of(const Members& members, const Timestamp& now) const;

    // What the group of these patients (hanging_together) would be if it were joined now: its facts
    // and what it announced. nullopt: that cannot be told without joining several.
    struct Preview {
        domain::GroupFacts facts;
        std::vector<std::string> announced;
        Members members;
    };
    std::optional<Preview> preview(
        const std::vector<domain_store::Party>& patients, const Timestamp& now
    ) const;

  private:
    const change::RecordStore& records_;
    const domain_store::GroupStore& groups_;
    const inbox::Inbox& inbox_;
    const domain_store::PatientLinks& links_;

    // P11: cards of other sources that the clinic says are his.
    Parties linked_with(const domain_store::Party& patient) const;
    // L0: limits of others that these records name.
    std::vector<RecordKey> foreign_limits(const std::vector<domain::RecordFact>& records) const;
};

}  // namespace mis::gateway
