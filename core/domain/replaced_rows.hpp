// D2: a row deleted and inserted under another id within one pass announces nothing twice. The new
// row goes on under the public id of the old one for as long as its content is the same.
#pragma once

#include "domain/typed_facts.hpp"

namespace mis::domain {

void keep_ids_of_replaced_rows(
    TypedFacts& typed, const Announced& before, const Identity& identity
);

// How a procedure differs from the one announced (P6).
enum class Difference { none, other_fields, correction };
Difference difference(JsonView announced, const Line& line);

// Whether two exported records say the same, the named fields aside.
bool same_but(JsonView a, JsonView b, std::initializer_list<std::string_view> aside);

}  // namespace mis::domain
