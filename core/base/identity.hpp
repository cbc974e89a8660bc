// Who is who: clinic, source, public ids, pseudonyms, event ids (I1–I3).
//
// The ids are pure functions, the same on any machine. They are 128 bits of SHA-256 (HMAC for
// patients) in 32 lower-case hex digits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace mis {

struct RecordKey {  // I1: a record is known by these four; the clinic is the store's own
    std::string source;
    std::string kind;       // "procedure", "limit", …: schemas/README.md section 1
    std::string source_id;  // as the MIS writes it
    friend auto operator<=>(const RecordKey&, const RecordKey&) = default;
};

class Identity {
  public:
    Identity(std::string clinic_id, std::string pseudonym_key)
        : clinic_id_(std::move(clinic_id)), pseudonym_key_(std::move(pseudonym_key)) {}

    const std::string& clinic_id() const { return clinic_id_; }

    // Hash of (clinic, source, kind, source_id); for kind "patient" it is the pseudonym (I1, I3).
    std::string public_id(
        std::string_view source, std::string_view kind, std::string_view source_id
    ) const;
    std::string public_id(const RecordKey& key) const {
        return public_id(key.source, key.kind, key.source_id);
    }
    std::string pseudonym(std::string_view source, std::string_view patient_source_id) const;

    // I2: hash of (clinic, epoch, entity id, event type, identity-giving content, n).
    std::string event_id(
        std::uint32_t epoch, std::string_view entity_id, std::string_view event_type,
        std::string_view content_canonical_json, std::uint64_t n
    ) const;

  private:
    std::string clinic_id_;
    std::string pseudonym_key_;
};

}  // namespace mis
