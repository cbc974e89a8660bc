// Layout 9: which cards of several sources are one person's, as the clinic confirmed it (P11), and
// which it took back.
#pragma once

namespace mis::sqlite::steps {

inline constexpr const char* kPatientLinks = R"sql(
create table patient_link (
  id integer primary key, joins_source text not null, joins_id text not null, stays_source text not null,
  stays_id text not null, linked_us integer not null, linked_by text not null, unlinked_us integer,
  unlinked_by text) strict;
create unique index patient_link_joins on patient_link (joins_source, joins_id) where unlinked_us is null;
create index patient_link_stays on patient_link (stays_source, stays_id) where unlinked_us is null;
)sql";

}  // namespace mis::sqlite::steps
