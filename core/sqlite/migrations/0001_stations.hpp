// Layout 1: the first released one. Every station's tables, by station.
//
// `if not exists`, because the first programs made them one by one: a crash could leave a few.
// Written once; what changes is a step of its own.
#pragma once

namespace mis::sqlite::steps {

inline constexpr const char* kStations = R"sql(
-- record: rows set aside
create table if not exists quarantine (
  number integer primary key, source text not null, stream text not null, identity text not null, row_key text not null,
  reason text not null, raw_row text, first_seen_us integer not null, last_seen_us integer not null,
  attempts integer not null, resolved_us integer, unique (source, stream, identity)) strict;
create index if not exists quarantine_open on quarantine (source, stream) where resolved_us is null;

-- change: records, streams, what waits for meaning. No column type where a key stands (change/key.hpp): SQLite keeps integers as integers and
-- text as text then. The indexes of change/schema.hpp come after the first backfill.
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
-- their change set is one (D2, P6)
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

-- domain_store: what was announced, per group
create table if not exists meaning_group (
  id integer primary key autoincrement, announced text not null default '', next_tick_us integer) strict;  -- a joined group's id never returns
create index if not exists meaning_group_tick on meaning_group (next_tick_us) where next_tick_us is not null;
create table if not exists group_party (
  kind integer not null, source text not null, key text not null, group_id integer not null,
  primary key (kind, source, key)) strict, without rowid;
create index if not exists group_party_group on group_party (group_id);
create table if not exists group_entity (
  public_id text primary key, group_id integer not null) strict, without rowid;
create index if not exists group_entity_group on group_entity (group_id);
create table if not exists group_message (
  group_id integer not null, position integer not null, primary key (group_id, position)) strict, without rowid;

create table if not exists code_map (code text primary key, nomenclature text not null) strict, without rowid;
create table if not exists unmapped_code (
  code text primary key, first_seen_us integer not null, times integer not null) strict, without rowid;

-- disclosure: the audit
create table if not exists audit(number integer primary key, at_us integer not null, action text not null, who text not null,
  ground text not null, subject text not null, ids blob not null, hash text not null);

-- outbox: segments, sinks, dead letters, and who this store is
create table if not exists outbox_state(id integer primary key check (id = 1), version integer not null, last_position integer not null);
insert or ignore into outbox_state values (1, 0, 0);
create table if not exists outbox_segment(last_position integer primary key, count integer not null, at_us integer not null, events blob not null);
create table if not exists outbox_name(id integer primary key, name text not null unique);
create table if not exists outbox_key(key text primary key, epoch integer not null, sequence integer not null) without rowid;
create table if not exists outbox_id(prefix integer primary key);
create table if not exists outbox_id_log(id integer primary key, prefixes blob not null);
create table if not exists outbox_sink(
    sink text primary key, low integer not null, settled blob not null, state text not null, reason text not null,
    delivered integer not null, failed integer not null, unknown integer not null, rejected integer not null) without rowid;
create table if not exists outbox_parked(
    sink text not null, key text not null, position integer not null, attempts integer not null, primary key (sink, key, position)) without rowid;
create table if not exists outbox_dead(
    sink text not null, position integer not null, state text not null, stub_settled integer not null, reason text not null, at_us integer not null,
    appended_us integer not null, event blob not null, primary key (sink, position)) without rowid;
create table if not exists store_meta(key text primary key, value text not null) without rowid;

-- inbox: what the exchange sent
create table if not exists inbox_message (
  position integer primary key autoincrement, id text not null unique, type text not null, content_hash text not null,
  body text not null, received_us integer not null,
  order_id text, limit_id text, plan_id text, patient text, feedback text) strict;
create index if not exists inbox_message_order on inbox_message (order_id) where order_id is not null;
create index if not exists inbox_message_limit on inbox_message (limit_id) where limit_id is not null;
create index if not exists inbox_message_plan on inbox_message (plan_id) where plan_id is not null;
create index if not exists inbox_message_patient on inbox_message (patient) where patient is not null;
create index if not exists inbox_message_feedback on inbox_message (feedback) where feedback is not null;
create index if not exists inbox_message_type on inbox_message (type);

-- one row per order.placed; position: of that message
create table if not exists inbox_order (
  order_id text primary key, position integer not null, candidates integer not null default 0) strict, without rowid;
create table if not exists order_link (
  order_id text primary key, source text not null, patient_source_id text not null, linked_us integer not null,
  ground text not null) strict, without rowid;
create index if not exists order_link_patient on order_link (source, patient_source_id);

create table if not exists inbox_refusal (
  code text primary key, count integer not null, last_us integer not null) strict, without rowid;
)sql";

}  // namespace mis::sqlite::steps
