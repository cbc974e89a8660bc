// PrivateIndex: whether a text names anybody that the clinic knows, by the hashes that the store
// keeps of all patients' private values (base/private_values.hpp, I3).
//
// Reads the store it is given, and remembers its answers until a private value is added there: the
// same few thousand texts come again and again. One thread, that of its connection.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "sqlite/database.hpp"

namespace mis::disclosure {

class PrivateIndex {
  public:
    explicit PrivateIndex(sqlite::Database& database) : database_(database) {}

    // To be called before the texts of a change set: forgets what may hold no longer.
    void look_again();
    std::int64_t version() const { return version_; }  // of the values looked at last

    // Phone, e-mail, policy number, or name and surname of some patient. A practitioner's name is
    // none. Throws sqlite::StoreError.
    bool names_somebody(std::string_view text);

  private:
    bool is_private(std::int64_t hash);

    sqlite::Database& database_;
    std::int64_t version_ = -1;  // of the values stored
    std::unordered_map<std::string, bool> answers_;
};

}  // namespace mis::disclosure
