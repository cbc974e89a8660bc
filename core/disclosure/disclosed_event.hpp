// DisclosedEvent: an event that may leave the clinic. Its own type, built only by disclosure::Gate,
// so that no code after this station can even name a private field.
//
// What holds: `data` is JSON text that contains nothing but the allow-list of its type
// (schemas/event), public ids and pseudonyms.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/timestamp.hpp"

namespace mis::disclosure {

struct DisclosedView {  // X3: what one party's sinks get in the place of data()
    std::string party;
    std::string data;  // as data()
};

class DisclosedEvent {
  public:
    const std::string& type() const { return fields_.type; }            // "procedure.performed"
    const std::string& entity_id() const { return fields_.entity_id; }  // I2
    const std::string& identity() const {
        return fields_.identity;
    }  // I2, canonical JSON; never leaves, only its hash
    const std::string& subject() const { return fields_.subject; }
    const std::string& partition_key() const { return fields_.partition_key; }
    const std::string& source() const { return fields_.source; }  // empty: caused by the exchange
    const std::string& record_id() const { return fields_.record_id; }  // empty: none
    const Timestamp& time() const { return fields_.time; }
    const std::string& data() const { return fields_.data; }  // JSON object, at most kDataBytesMax
    const std::string& ground() const { return fields_.ground; }  // X2: why it may leave
    const std::string& party() const { return fields_.party; }    // X3; empty: none
    const std::vector<DisclosedView>& views() const { return fields_.views; }
    const std::string& asked_id() const { return fields_.asked_id; }  // the domain's; empty: none

  private:
    friend class Gate;
    struct Fields {
        std::string type, entity_id, identity, subject, partition_key, source, record_id;
        Timestamp time;
        std::string data, ground, party, asked_id;
        std::vector<DisclosedView> views;
    };
    explicit DisclosedEvent(Fields fields) : fields_(std::move(fields)) {}
    Fields fields_;
};

// An event stays under 20 kB (schemas/README.md section 2); the rest is the envelope's.
inline constexpr std::size_t kDataBytesMax = 18'000;

}  // namespace mis::disclosure
