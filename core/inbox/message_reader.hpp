// MessageReader: the values of one message, each read in the form that message_fields.hpp gives its
// field: generously, and stored strictly (message.hpp says how).
//
// What is wrong with a value is told as Refused, caught where the next value of the same object or
// list begins, so that a message's faults are all found at once; parse_message tells them together.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/timestamp.hpp"
#include "inbox/message_fields.hpp"

namespace mis::inbox {

struct Refused {
    std::string text;  // "items/0/total: missing"; never the content
};
[[noreturn]] void refuse(const std::string& where, std::string_view why);

class MessageReader {
  public:
    // `zone`: by which a time names a day; null: the time's own offset. Outlives the reader.
    explicit MessageReader(const Zone* zone = nullptr) : zone_(zone) {}

    std::vector<std::string> ignored;  // fields that nobody knows: "/items/0/colour"
    std::vector<std::string> faults;   // "items/0/total: missing", in the order of their finding

    // The known fields of an object in stored form; null counts as left out, likewise an empty date
    // and one of a year outside 1900–2100 (I6). `also`: names that are
    // known and read elsewhere.
    Json object(
        const Json& value, std::span<const Field> fields, const std::string& where,
        std::span<const std::string_view> also = {}
    );

    // Runs one check; what it refuses is kept in `faults`. False: it refused.
    bool check(const std::function<void()>& of);

  private:
    const Zone* zone_;

    Json text(const Json& value, const std::string& where);
    Json form(const Json& value, Form wanted, const std::string& where);
    Json identity(const Json& value, const std::string& where);
    Json account(const Json& value, const std::string& where);
    Json items(const Json& value, const std::string& where, std::size_t least);
};

// Trimmed; an integer is taken as its text. Refused: empty, or longer.
std::string read_text(const Json& value, const std::string& where, std::size_t bytes_max);
// Refused: valid_to before valid_from.
void check_validity(const Json& account, const std::string& where);

}  // namespace mis::inbox
