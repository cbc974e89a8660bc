// Layout 8: a record that its meaning sets aside says of which patient it is (P6). Announced states
// know write-offs among their receipts and the party in a charge's key (domain/announced.cpp),
// which an older program would misread.
#pragma once

namespace mis::sqlite::steps {

inline constexpr const char* kSetAside = R"sql(
alter table quarantine add column owner text;
create index quarantine_owner on quarantine (owner) where owner is not null and resolved_us is null;
)sql";

}  // namespace mis::sqlite::steps
