// Layout 2: the store tells how it came to its layout: for `check`, and for whoever reads a store
// that was sent in. Besides, an event in a segment may name its party's previous sequence
// (outbox/packing), which programs of layout 1 cannot read.
#pragma once

namespace mis::sqlite::steps {

inline constexpr const char* kHistory = R"sql(
create table store_migration (
  layout integer primary key, name text not null,
  at text not null default (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))) strict;
insert into store_migration (layout, name, at) values (1, 'stations', '');
)sql";

}  // namespace mis::sqlite::steps
