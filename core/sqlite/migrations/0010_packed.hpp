// Layout 10: what was announced and the outbox's segments are LZ4 frames. What an older program
// wrote stays as it is, and is read: a state as text in `announced`, a segment with `packing` 0.
#pragma once

namespace mis::sqlite::steps {

inline constexpr const char* kPacked = R"sql(
alter table meaning_group add column packed blob;
alter table outbox_segment add column packing integer not null default 0;
)sql";

}  // namespace mis::sqlite::steps
