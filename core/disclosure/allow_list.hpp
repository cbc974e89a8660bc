// The allow-list: per event type, which fields may leave and what shape they have. What is not here
// does not pass, whatever the domain says.
//
// The tables are generated from the same lines as schemas/event; a unit test holds them against the
// schema files.
#pragma once

#include <span>
#include <string_view>

namespace mis::disclosure {

enum class Kind {
    word,  // a public id, code, time, date or number as text
    text,  // typed by people: meets the canary
    integer,
    boolean,
    object,
    reference,  // a public id or the object
};
enum class Many { one, list };
enum class Null { refused, allowed };

struct Shape;

struct Field {
    std::string_view name;
    Kind kind;
    Many many;
    Null null;
    const Shape* shape;  // of object and reference
};

struct Shape {
    std::string_view name;
    std::span<const Field> fields;  // by name
};

const Shape* event_shape(std::string_view type);  // of an event's data; nullptr: no such type
std::span<const Shape> event_shapes();            // by name

}  // namespace mis::disclosure
