// Layout 7: the quarantine tells rows that cannot be read from records set aside by their meaning
// (P6), knows a row's content after its values are gone (X4), remembers whom an operator
// dismissed, and tells him in his own words.
#pragma once

namespace mis::sqlite::steps {

inline constexpr const char* kQuarantine = R"sql(
alter table quarantine add column part text not null default 'reading';
alter table quarantine add column content text not null default '';
alter table quarantine add column dismissed text;
alter table quarantine add column told text not null default '';
)sql";

}  // namespace mis::sqlite::steps
