// Layout 3: what a nightly reconciliation has missed so far, so that it goes on where a restart
// stopped it (change/reconciliation.hpp).
#pragma once

namespace mis::sqlite::steps {

inline constexpr const char* kReconciliation = R"sql(
create table reconcile_missing (
  stream integer not null, key not null, row_key not null, primary key (stream, key)) without rowid;
)sql";

}  // namespace mis::sqlite::steps
