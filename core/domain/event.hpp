// What the domain says: events before disclosure, already in the order of D3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json_text.hpp"
#include "base/timestamp.hpp"

namespace mis::domain {

enum class Export {
    leaves,
    withheld
};  // X1, X2: withheld events are tracked and counted, take no sequence number, and never leave

struct PartyView {  // X3: what one party's sinks get in the place of the event's data
    std::string party;
    JsonText data;
};

struct Event {
    std::string id;  // I2, by Rules::event_id_of; a withheld event has none, but for a charge: what
                     // it would be
    std::string type;           // "procedure.performed": without "mis." and ".v1"
    std::string entity_id;      // I2: public id (or order / feedback id) of what the event is about
    std::string identity;       // I2: the identity-giving content, canonical JSON
    std::string subject;        // schemas/README.md section 2: "plan/…"
    std::string partition_key;  // schemas/README.md section 2
    std::string source;         // the MIS source's name, or empty: what the exchange caused
    std::string record_id;      // public id of the record it comes from; empty: none
    Timestamp time;             // business time
    JsonText data;              // schemas/README.md section 2, public ids only
    Export leaves = Export::leaves;
    std::string ground;  // why it may leave: "order O1", "export all: …"; for the audit. Of what is
                         // withheld: why it stays
    std::string party;             // X3: the payer's party whose accounts it concerns; empty: none
    std::vector<PartyView> views;  // of parties that it only partly concerns
};

}  // namespace mis::domain
