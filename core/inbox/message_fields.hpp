// What may stand in each message of the exchange (schemas/README.md section 4): its fields, how
// each is read, which are required. The tables are the whole of it; schemas/inbox says the same to
// the world, and a test compares the two.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace mis::inbox {

enum class Form {  // how message_reader.hpp reads it
    id,            // text of at most kIdBytesMax
    text,          // of at most kTextBytesMax
    time,          // RFC 3339
    day,           // a date, or a time: its local day
    birth_date,
    phone,  // at least ten digits
    money,  // not negative
    grant,  // money, also to be taken back
    flag,
    count,     // 1 to 1000
    quantity,  // a decimal above 0
    teeth,
    codes,
    ids,
    kind,           // of an account
    overrun_payer,  // who pays what exceeds an account
    rating,         // 0 to 10
    identity,       // objects and lists with fields of their own: fields_within
    consent,
    account,
    items,      // the complete new list, which may be empty
    new_items,  // at least one
};
enum class Need { required, optional };

struct Field {
    std::string_view name;
    Form form;
    Need need = Need::optional;
};

struct MessageType {
    std::string_view name;
    std::span<const Field> fields;
    std::vector<std::string_view> one_of;  // exactly one of these
};

const std::vector<MessageType>& all_message_types();
const MessageType* message_type(std::string_view name);  // null: there is none

// Of the object (of each in the list) that a field of this form is; empty: it is none.
std::span<const Field> fields_within(Form form);

}  // namespace mis::inbox
