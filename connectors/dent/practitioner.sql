-- A doctor is known by what the other exports call him: a code, or the name itself.
select doctor as source_id, coalesce(name, doctor) as name, specialty, case when dismissed = 1 then 0 else 1 end as active from rows
