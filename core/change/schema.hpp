// The tables of station 3, in one place. Not for other stations: they ask RecordStore and
// stream_state.hpp.
#pragma once

namespace mis::change {

// No column type where a key stands (change/key.hpp): SQLite keeps integers as integers and text as
// text then.
inline constexpr const char* kSchemaV1 = R"sql(
create table if not exists change_stream (
  id integer primary key, source text not null, name text not null, kind text not null, unique (source, name)) strict;
create table if not exists change_mapping (id integer primary key, version text not null unique) strict;
create table if not exists change_counter (name text primary key, value integer not null) strict, without rowid;
insert or ignore into change_counter values ('mark', 0);

-- whose records they are: patients (1), practitioners (2), plans (3)
create table if not exists party (
  id integer primary key, kind integer not null, source text not null, key not null, unique (kind, source, key));

create table if not exists journal (pos integer primary key, body text not null);

create table if not exists record (
  stream integer not null, key not null, version integer not null, hash blob not null, row_hash integer not null, mapping integer not null,
  owner integer, doctor integer, pos integer, row_key, parent, window_at integer, since_us integer not null,
  primary key (stream, key)) without rowid;
create index if not exists record_row on record (stream, row_key) where row_key is not null;
create index if not exists record_parent on record (stream, parent) where parent is not null;

-- further patients of a record: members of a shared limit, the patient that a merged one went into, whom a corrected record named before:
-- their change set is one (domain.md D2, P6)
create table if not exists record_link (
  stream integer not null, key not null, party integer not null, owner integer, primary key (stream, key, party)) without rowid;
create index if not exists record_link_party on record_link (party, owner);
create index if not exists record_link_owner on record_link (owner, party) where owner is not null;

create table if not exists pending (party integer primary key, mark integer not null) strict;

-- contents that differ by the mapping alone and wait for the operator: send or baseline
create table if not exists mapping_hold (
  stream integer not null, key not null, hash blob not null, mapping integer not null, body text not null, owners text not null,
  primary key (stream, key)) without rowid;

-- P9: private, for linking orders only
create table if not exists patient_name (
  party integer primary key, folded_last_name text not null, birth_date text not null) strict;
create index if not exists patient_name_last on patient_name (folded_last_name);
create table if not exists patient_phone (phone10 text not null, party integer not null, primary key (phone10, party)) strict, without rowid;
create index if not exists patient_phone_party on patient_phone (party);

create table if not exists stream_state (
  stream integer not null, name text not null, value not null, primary key (stream, name)) without rowid;
create table if not exists source_state (source text not null, name text not null, value not null, primary key (source, name)) without rowid;
create table if not exists removal_hold (
  stream integer not null, comparison text not null, since_us integer not null, reason text not null, missing integer not null,
  known integer not null, released integer not null, primary key (stream, comparison)) strict;
)sql";

inline constexpr const char* kIndexesV1 = R"sql(
-- they cover what a group's load asks, so that it reads index and bodies only
create index if not exists record_owner on record (owner, pos, version, since_us) where owner is not null and pos is not null;
create index if not exists record_doctor on record (doctor, pos, version, since_us) where doctor is not null and pos is not null;
create index if not exists record_window on record (stream, window_at) where window_at is not null and pos is not null;
)sql";

}  // namespace mis::change
