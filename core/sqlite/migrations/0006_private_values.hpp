// Layout 6: hashes of what must not leave of anybody (base/private_values.hpp). Filled from the
// records that stand, and the names and phones by which orders find their patients are folded anew
// (P9: one rule for what was read before and after).
//
// owner: the patient's party; kNobody for what stays private for good; kPractitioner for names that
// are no secret.
#pragma once

#include "sqlite/database.hpp"

namespace mis::sqlite::steps {

inline constexpr const char* kPrivateValues = R"sql(
create table private_value (hash integer not null, owner integer not null, primary key (hash, owner)) strict, without rowid;
create index private_value_owner on private_value (owner) where owner > 0;
insert or ignore into change_counter values ('private', 0);
)sql";

// Throws StoreError.
void fill_private_values(Database& database);

}  // namespace mis::sqlite::steps
