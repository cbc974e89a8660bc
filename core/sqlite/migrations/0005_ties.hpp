// Layout 5: who hangs together for one change set only (change/parties.hpp).
//
// Until now whom a corrected record had named before stayed a link of that record for good: such
// links become ties that end with the next change set of their patients.
#pragma once

namespace mis::sqlite::steps {

inline constexpr const char* kTies = R"sql(
create table passing_tie (party integer not null, other integer not null, primary key (party, other)) strict, without rowid;
insert or ignore into passing_tie (party, other)
  select l.party, l.owner from record_link l join change_stream s on s.id = l.stream
  where s.kind not in ('limit', 'patient') and l.owner is not null and l.owner <> l.party;
insert or ignore into passing_tie (party, other) select other, party from passing_tie;
delete from record_link where stream in (select id from change_stream where kind not in ('limit', 'patient'));
)sql";

}  // namespace mis::sqlite::steps
