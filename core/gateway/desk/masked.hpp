// What of a patient is shown to whoever need not see him: the card's number in the MIS and the
// first letter of the surname, and the pseudonym by which the pages name him.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/identity.hpp"
#include "base/json.hpp"
#include "change/record_store.hpp"
#include "disclosure/canary.hpp"
#include "domain_store/group_store.hpp"

namespace mis::gateway {

// {"id":PSEUDONYM,"source":…,"card":…,"initial":"Т."}; no initial where the card is not read.
Json masked_patient(
    const change::RecordStore& records, const Identity& identity, const std::string& source,
    const std::string& source_id
);

// The group's patients by their pseudonyms, found when they are asked for.
class MaskedPatients {
  public:
    MaskedPatients(
        sqlite::Database& database, const Identity& identity,
        const std::vector<domain_store::Party>& parties
    );
    // A pseudonym that is nobody's of the group: {"id":…} alone.
    const Json& of(const std::string& pseudonym);

  private:
    const change::RecordStore records_;
    const Identity& identity_;
    std::map<std::string, domain_store::Party> parties_;
    std::map<std::string, Json> shown_;
};

// The text, unless it names somebody (I3): then nothing.
std::optional<std::string> harmless(const disclosure::Canary& canary, std::string text);

}  // namespace mis::gateway
