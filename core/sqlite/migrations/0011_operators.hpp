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
)sql";

}  // namespace mis::sqlite::steps
