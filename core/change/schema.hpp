// The secondary indexes of station 3, made after the first backfill; its tables are in
// sqlite/migrations. Not for other stations: they ask RecordStore and stream_state.hpp. An index
// that changes gets a new name, and a migration drops the old one.
#pragma once

namespace mis::change {

inline constexpr const char* kIndexesV1 = R"sql(
-- they cover what a group's load asks, so that it reads index and bodies only
create index if not exists record_owner on record (owner, pos, version, since_us) where owner is not null and pos is not null;
create index if not exists record_doctor on record (doctor, pos, version, since_us) where doctor is not null and pos is not null;
create index if not exists record_window on record (stream, window_at) where window_at is not null and pos is not null;
)sql";

}  // namespace mis::change
