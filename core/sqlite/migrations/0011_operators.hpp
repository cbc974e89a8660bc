// Layout 11: the people who use the console, their sessions (hashes of what their browsers hold),
// the one code that makes the first of them, and what was answered under an Idempotency-Key; and
// what left about whom (outbox/trace.hpp).
#pragma once

namespace mis::sqlite::steps {

inline constexpr const char* kOperators = R"sql(
create table console_user (
    login text primary key, roles integer not null, password text not null,
    created_us integer not null
) without rowid;
create table console_session (
    token_hash blob primary key, login text not null, begun_us integer not null,
    seen_us integer not null
) without rowid;
create table console_code (code_hash text primary key, until_us integer not null) without rowid;
create table console_answer (
    login text not null, idempotency_key text not null, request_hash blob not null,
    answer text not null, at_us integer not null, primary key (login, idempotency_key)
) without rowid;

create table trace (
    number integer primary key, patient blob not null, position integer not null,
    at_us integer not null, entries blob not null
) strict;
create index trace_patient on trace (patient);

-- what stands announced, as lists ask for it (domain_store/now_store.hpp)
create table account_now (
    id text primary key, group_id integer not null, patient text not null, payer text not null,
    kind text not null, overrun_payer text not null, order_id text not null,
    currency text not null, granted integer not null, consumed integer not null,
    share_permille integer not null, valid_from text not null, valid_to text not null,
    shared integer not null, closed integer not null, leaves integer not null
) strict, without rowid;
create index account_now_group on account_now (group_id);
create index account_now_share on account_now (share_permille desc, id);
create index account_now_expiry on account_now (valid_to, id) where valid_to <> '';
create index account_now_payer on account_now (payer, id);
create index account_now_patient on account_now (patient) where patient <> '';
create table plan_now (
    id text primary key, group_id integer not null, patient text not null, order_id text not null,
    items integer not null, performed integer not null, voided integer not null,
    currency text not null, total integer not null, performed_total integer not null,
    closed integer not null, leaves integer not null
) strict, without rowid;
create index plan_now_group on plan_now (group_id);
create index plan_now_patient on plan_now (patient);
create table problem_now (
    key text primary key, group_id integer not null, kind integer not null, entity text not null,
    patient text not null, since_us integer not null, body text not null
) strict, without rowid;
create index problem_now_group on problem_now (group_id);
create index problem_now_kind on problem_now (kind, since_us, key);
create index problem_now_entity on problem_now (entity);

-- the row that ordered the erasure of this one's content
alter table audit add column erased integer;
)sql";

}  // namespace mis::sqlite::steps
