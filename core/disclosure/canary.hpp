// Canary: the words of the change set's patients that must not be in any text that leaves (names,
// birth dates, phones, policy numbers, e-mail).
//
// Clerks write names into rooms and service names; the allow-list cannot know that, so texts are
// held against these words. Err on the side of dropping: a room lost is a nuisance, a name sent is
// not repairable. One per change set; plain value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "disclosure/private_index.hpp"

namespace mis::disclosure {

class Canary {
  public:
    // The record's body, canonical JSON of schemas/README.md section 1; kinds without private
    // fields add nothing.
    void add_record(std::string_view kind, std::string_view body);

    void add_name(std::string_view name);  // any part: last, first, middle; also several words
    void add_phone(std::string_view phone);
    void add_birth_date(std::string_view iso);
    void add_number(std::string_view number);  // policy or document
    void add_email(std::string_view email);

    // A word that begins with a name's stem («Тестовой» for «Тестова»), a phone's last seven
    // digits, a birth date, a number, an address.
    bool found_in(std::string_view text) const;

    // Whosever they are: what the store knows of all patients. It outlives the canary; null: none.
    void watch(PrivateIndex* everybody) { everybody_ = everybody; }
    // The same, or something of anybody; a code of the national nomenclature is neither.
    bool is_private(std::string_view text) const;
    bool empty() const {
        return stems_.empty() && digits_.empty() && numbers_.empty() && emails_.empty();
    }

  private:
    std::vector<std::string>
        stems_;  // folded, a space before; one behind asks for the whole word (short names)
    std::vector<std::string> digits_;   // last seven of a phone; birth dates, both ways
    std::vector<std::string> numbers_;  // letters and digits only, folded
    std::vector<std::string> emails_;   // lower case
    PrivateIndex* everybody_ = nullptr;
};

}  // namespace mis::disclosure
